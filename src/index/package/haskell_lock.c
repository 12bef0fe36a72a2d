/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haskell_lock.c - cabal.project.freeze of Cabal ("any.NAME ==VERSION") and stack.yaml.lock of Stack.
 *
 * Source: docs/formats/haskell-lock.md.
 */
#include "index/package/lock.h"
#include "text/yaml.h"

#define RULE(name)                                                                                                     \
	{                                                                                                              \
		.match = PATH_NAME, .text = name, .need = DETECT_WHOLE, .max_bytes = LOCK_BYTES,                       \
		.accept = lock_of_project                                                                              \
	}

static const struct path_rule rules[] = {
	RULE("cabal.project.freeze"),
	RULE("stack.yaml.lock"),
	{ .text = NULL },
};

/* Constraints: "any.NAME ==VERSION"; "NAME +flag" and others say how it is built. */
static enum status on_constraint(struct lock *l, struct slice s, uint32_t n, struct err *err)
{
	struct slice name, version;
	size_t at = slice_find(s, SLICE("=="));

	s = slice_trim(s);
	at = slice_find(s, SLICE("=="));
	if (at == SIZE_MAX)
		return STATUS_OK;
	name = slice_trim(slice_take(s, at));
	version = slice_trim(slice_from(s, at + 2));
	if (slice_starts(name, SLICE("any.")))
		name = slice_from(name, 4);
	return lock_add(l, name, version, 0, n, NULL, err);
}

static enum status read_cabal(struct lock *l, struct err *err)
{
	struct slice rest = l->in.file->bytes, line, one;
	bool any = false;
	uint32_t n = 0;

	while (slice_line(&rest, &line)) {
		size_t comment = slice_find(line, SLICE("--"));

		n++;
		line = slice_trim(comment == SIZE_MAX ? line : slice_take(line, comment));
		if (slice_starts(line, SLICE("constraints:"))) {
			any = true;
			line = slice_from(line, strlen("constraints:"));
		} else if (slice_starts(line, SLICE("index-state:")) ||
			   slice_starts(line, SLICE("active-repositories:"))) {
			any = true;
			continue;
		}
		while (slice_word(&line, ',', &one))
			TRY(on_constraint(l, one, n, err));
	}
	if (!any)
		return err_set(err, STATUS_MALFORMED, "it is no freeze file of Cabal: it has no constraints");
	return STATUS_OK;
}

/* "NAME-VERSION@sha256:digest,size" */
static enum status on_hackage(struct lock *l, const struct yaml_node *n, struct err *err)
{
	struct slice said = n->scalar, name, version;

	slice_cut(said, '@', &said, NULL);
	if (!slice_rcut(said, '-', &name, &version))
		return installed_refuse(&l->in, ERR_NO_OFFSET, "a package is not NAME-VERSION");
	return lock_add(l, name, version, 0, n->line, NULL, err);
}

static enum status read_stack(struct lock *l, struct err *err)
{
	struct yaml_node *root = NULL, *packages;

	TRY(yaml_parse(l->in.file->bytes, l->in.env->limits, l->in.env->arena, &root, err));
	packages = yaml_get(root, "packages");
	if (!packages)
		return err_set(err, STATUS_MALFORMED, "it is no lock file of Stack: it has no list of packages");
	for (const struct yaml_node *n = packages->child; n; n = n->next) {
		const struct yaml_node *completed = yaml_get(n, "completed"), *hackage = yaml_get(completed, "hackage");

		if (hackage)
			TRY(on_hackage(l, hackage, err));
		else if (yaml_get_str(completed, "version").len > 0) /* of git or of an archive */
			TRY(lock_add(l, yaml_get_str(completed, "name"), yaml_get_str(completed, "version"), 0, n->line,
				     NULL, err));
		else
			lock_vague(l, n->line);
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_HACKAGE, "haskell-lock");
	bool stack = slice_ends(file->path, SLICE(".lock"));

	return lock_end(&l, stack ? read_stack(&l, err) : read_cabal(&l, err), err);
}

const struct detector detector_haskell_lock = {
	.name = "haskell_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
