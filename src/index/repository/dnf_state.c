/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnf_state.c - the repositories that installed packages are from, as dnf 5 keeps them in its system state.
 *
 * Source: docs/formats/dnf-state.md.
 */
#include "index/repository/origin.h"
#include "index/told.h"
#include "text/toml.h"

#define STATE_BYTES ((uint64_t)16 << 20) /* real ones have some 100 bytes a package */

static const struct path_rule rules[] = {
	{ .match = PATH_EXACT,
	  .text = "usr/lib/sysimage/libdnf5/nevras.toml",
	  .need = DETECT_WHOLE,
	  .max_bytes = STATE_BYTES },
	{ .text = NULL },
};

/* "bind-libs-32:9.18.1-1.fc40.x86_64": the epoch, if there is one, is between the name and the version. */
static bool without_epoch(struct arena *arena, struct slice nevra, struct slice *out)
{
	struct slice name, rest, epoch, release;

	*out = nevra;
	/* The last two hyphens are before version and release, which have no colon. */
	if (!slice_rcut(nevra, '-', &rest, &release) || !slice_rcut(rest, '-', &name, &rest) ||
	    !slice_cut(rest, ':', &epoch, &rest))
		return true;
	return arena_printf(arena, out, "%.*s-%.*s-%.*s", SLICE_ARG(name), SLICE_ARG(rest), SLICE_ARG(release));
}

static enum status read_state(const struct detect_file *file, const struct detect_env *env,
			      const struct detect_sink *out, const struct toml_node *nevras, struct err *err)
{
	struct told told = { .diags = out->diags, .where = file->path };

	for (const struct toml_node *n = nevras->child; n; n = n->next) {
		struct slice repository = toml_get_str(n, "from_repo"), package;

		if (n->kind != TOML_KIND_TABLE || n->key.len == 0 || n->key.len > ORIGIN_TEXT_BYTES) {
			told_emit(&told, DIAG_RECORD, ERR_NO_OFFSET, "line %u says of no package where it is from",
				  (unsigned)n->line);
			continue;
		}
		if (!origin_is_known(repository)) /* dnf leaves it empty where it does not know */
			continue;
		if (!without_epoch(env->arena, n->key, &package))
			return err_nomem(err, "dnf's state");
		TRY(origin_emit(file, out, package, repository, err));
	}
	told_end(&told);
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct err why = ERR_INIT;
	struct toml_node *root = NULL, *nevras = NULL;
	enum status st = toml_parse(file->bytes, env->limits, env->arena, &root, &why);

	if (st == STATUS_NOMEM) {
		*err = why;
		return st;
	}
	if (st == STATUS_OK) {
		nevras = toml_get(root, "nevras");
		if (nevras && nevras->kind == TOML_KIND_TABLE)
			return read_state(file, env, out, nevras, err);
		if (!root->child)
			return STATUS_OK; /* empty */
		err_set(&why, STATUS_MALFORMED, "it has no table of packages");
	}
	/* The packages are there all the same. */
	diag_emit(out->diags, DIAG_RECORD, file->path, why.offset,
		  "dnf's state cannot be read, so which repositories packages are from is not known: %s", why.msg);
	return STATUS_OK;
}

const struct detector detector_dnf_state = {
	.name = "dnf_state",
	.version = "1",
	.kind = DETECTOR_REPOSITORY,
	.rules = rules,
	.parse = parse,
};
