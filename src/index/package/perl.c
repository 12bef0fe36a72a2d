/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perl.c - Perl distributions that were installed from CPAN: what cpanm wrote (.meta/DIST/install.json) and what
 * ExtUtils::MakeMaker appends to perllocal.pod.
 *
 * Source: docs/formats/perl.md.
 */
#include "base/map.h"
#include "index/package/installed.h"
#include "text/json.h"

#define POD_BYTES ((uint64_t)16 << 20)
#define JSON_BYTES ((uint64_t)1 << 20)

static bool is_meta(struct slice path)
{
	return slice_eq(installed_dir(path, 1), SLICE(".meta"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/perllocal.pod", .need = DETECT_WHOLE, .max_bytes = POD_BYTES },
	{ .match = PATH_SUFFIX,
	  .text = "/install.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = JSON_BYTES,
	  .accept = is_meta },
	{ .text = NULL },
};

/* Advisories and package URLs name distributions: Foo-Bar, of which Foo::Bar is the main module. */
static bool dist_name(struct arena *a, struct slice module, struct slice *out)
{
	uint8_t *name = arena_alloc(a, module.len + 1);
	size_t n = 0;

	if (!name)
		return false;
	for (size_t i = 0; i < module.len; i++) {
		if (module.ptr[i] == ':' && i + 1 < module.len && module.ptr[i + 1] == ':') {
			name[n++] = '-';
			i++;
		} else {
			name[n++] = module.ptr[i];
		}
	}
	*out = slice_make(name, n);
	return true;
}

struct installations {
	VEC(struct slice) names;
	VEC(struct slice) versions;
	struct map by_name; /* name -> place + 1 */
};

/* A later installation takes the place of an earlier one. */
static bool install(struct installations *all, struct arena *a, struct slice module, struct slice version)
{
	struct slice name, *new_name, *new_version;
	uint64_t *slot;
	bool is_new;

	if (!dist_name(a, module, &name) || !(slot = map_slot(&all->by_name, name, &is_new)))
		return false;
	if (!is_new) {
		all->versions.at[*slot - 1] = version;
		return true;
	}
	new_name = VEC_PUSH(&all->names, a);
	new_version = VEC_PUSH(&all->versions, a);
	if (!new_name || !new_version)
		return false;
	*new_name = name;
	*new_version = version;
	*slot = all->names.len;
	return true;
}

/* "=head2 Fri Nov 27 2026: C<Module> L<Foo::Bar|Foo::Bar>" ... "C<VERSION: 1.2>". */
static bool collect(struct installed *in, struct installations *all)
{
	struct slice rest = in->file->bytes, line, module = SLICE_EMPTY, version;

	while (slice_line(&rest, &line)) {
		size_t at = slice_find(line, SLICE("L<"));

		if (slice_starts(line, SLICE("=head2 ")) && at != SIZE_MAX) {
			slice_cut(slice_from(line, at + 2), '|', &module, NULL);
			slice_cut(module, '>', &module, NULL);
			continue;
		}
		at = slice_find(line, SLICE("C<VERSION: "));
		if (at == SIZE_MAX || module.len == 0)
			continue;
		slice_cut(slice_from(line, at + strlen("C<VERSION: ")), '>', &version, NULL);
		if (!install(all, in->env->arena, module, slice_trim(version)))
			return false;
		module = SLICE_EMPTY;
	}
	return true;
}

static enum status read_pod(struct installed *in, struct err *err)
{
	struct installations all = { .by_name = MAP_INIT };
	enum status st = collect(in, &all) ? STATUS_OK : err_nomem(err, "a Perl distribution");

	for (size_t i = 0; i < all.names.len && st == STATUS_OK; i++)
		st = installed_emit(in, all.names.at[i], all.versions.at[i], 0, err);
	map_fini(&all.by_name);
	installed_end(in);
	return st;
}

/* {"dist": "Foo-Bar-1.2", "version": "1.2", "name": "Foo::Bar", ...}. */
static enum status read_json(struct installed *in, struct err *err)
{
	struct slice dist, version, name;
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse_file(in->file->bytes, in->env->limits, &doc, &why);

	if (st != STATUS_OK)
		return installed_refuse(in, why.offset, why.msg);
	dist = json_get_str(doc.root, "dist");
	version = json_get_str(doc.root, "version");
	if (version.len > 0 && dist.len > version.len && slice_ends(dist, version)) {
		name = slice_take(dist, dist.len - version.len);
		while (name.len > 0 && (name.ptr[name.len - 1] == '-' || name.ptr[name.len - 1] == 'v'))
			name.len--;
		st = installed_emit(in, name, version, 0, err);
	} else if (dist_name(in->env->arena, json_get_str(doc.root, "name"), &name)) {
		st = installed_emit(in, name, version, 0, err);
	} else {
		st = err_nomem(err, "a Perl distribution");
	}
	json_doc_free(&doc);
	return st;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_CPAN, "perl", TOLD_NONE };

	return slice_ends(file->path, SLICE("/perllocal.pod")) ? read_pod(&in, err) : read_json(&in, err);
}

const struct detector detector_perl = {
	.name = "perl",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
