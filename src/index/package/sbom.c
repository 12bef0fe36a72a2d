/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sbom.c - bills of materials: the target itself (sbom:FILE), and those that lie in an image, whose packages are
 * declared and not seen. Sources: docs/formats/sbom.md.
 */
#include "index/package/sbom_impl.h"

#define SBOM_FILE_BYTES ((uint64_t)64 << 20) /* of one in an image; a distribution's have some 10 MB */
#define SBOM_SCRATCH ((size_t)32 << 20)
#define SBOM_ARENA ((size_t)64 << 20)

static const char *const endings[] = { ".spdx.json", ".spdx",	  ".cdx.json", ".cdx.xml",
				       ".cdx",	     "/bom.json", "/bom.xml",  "/sbom.json" };

/* What lies in the distributions' folder under a name that is wanted anywhere is read once. */
static bool has_other_name(struct slice path)
{
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends(path, slice_cstr(endings[i])))
			return false;
	return true;
}

/* Those of vcpkg say what they lie beside, in words of its own (docs/formats/vcpkg.md). */
static bool is_not_vcpkgs(struct slice path)
{
	return !slice_eq(path_base(path), SLICE("vcpkg.spdx.json"));
}

/* Bitnami's say what the folder they lie in is: a detector of their own reads them (docs/formats/bitnami.md). */
static bool is_not_bitnamis(struct slice path)
{
	return !slice_starts(path, SLICE("opt/bitnami/"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_DOCUMENT, .text = "", .need = DETECT_WHOLE },
	{ .match = PATH_SUFFIX,
	  .text = ".spdx.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = SBOM_FILE_BYTES,
	  .accept = is_not_vcpkgs },
	{ .match = PATH_SUFFIX,
	  .text = ".spdx",
	  .need = DETECT_WHOLE,
	  .max_bytes = SBOM_FILE_BYTES,
	  .accept = is_not_bitnamis },
	{ .match = PATH_SUFFIX, .text = ".cdx.json", .need = DETECT_WHOLE, .max_bytes = SBOM_FILE_BYTES },
	{ .match = PATH_SUFFIX, .text = ".cdx.xml", .need = DETECT_WHOLE, .max_bytes = SBOM_FILE_BYTES },
	{ .match = PATH_SUFFIX, .text = ".cdx", .need = DETECT_WHOLE, .max_bytes = SBOM_FILE_BYTES },
	{ .match = PATH_SUFFIX, .text = "/bom.json", .need = DETECT_WHOLE, .max_bytes = SBOM_FILE_BYTES },
	{ .match = PATH_SUFFIX, .text = "/bom.xml", .need = DETECT_WHOLE, .max_bytes = SBOM_FILE_BYTES },
	{ .match = PATH_SUFFIX, .text = "/sbom.json", .need = DETECT_WHOLE, .max_bytes = SBOM_FILE_BYTES },
	{ .match = PATH_CHILD,
	  .text = "usr/share/sbom/",
	  .need = DETECT_WHOLE,
	  .max_bytes = SBOM_FILE_BYTES,
	  .accept = has_other_name },
	{ .text = NULL },
};

static enum status walk(struct sbom *s, enum sbom_form form, struct slice text, struct err *err)
{
	switch (form) {
	case SBOM_CYCLONEDX:
		return sbom_cyclonedx(s, text, err);
	case SBOM_CYCLONEDX_XML:
		return sbom_cyclonedx_xml(s, text, err);
	case SBOM_SPDX:
		return sbom_spdx(s, text, err);
	case SBOM_SPDX_TAG:
		return sbom_spdx_tag(s, text, err);
	case SBOM_NONE:
		break;
	}
	return STATUS_OK;
}

static enum status walk_twice(struct sbom *s, enum sbom_form form, struct slice text, struct err *err)
{
	struct err first = ERR_INIT;
	enum status st;

	/* What breaks off tells so in the second walk, after the packages before that place. */
	s->choosing = true;
	st = walk(s, form, text, &first);
	if (st == STATUS_NOMEM || st == STATUS_BUG) {
		*err = first;
		return st;
	}
	s->choosing = false;
	s->components = 0;
	if (s->env->forget)
		s->env->forget(s->env->ctx);
	st = walk(s, form, text, err);
	if (st == STATUS_NOMEM || st == STATUS_BUG)
		return st;
	first = *err;
	TRY(sbom_end(s, err));
	if (st != STATUS_OK)
		*err = first;
	return st;
}

enum status sbom_read(const struct detect_file *file, struct slice bytes, const struct detect_env *env,
		      const struct detect_sink *out, bool document, enum sbom_form *form, struct err *err)
{
	struct sbom s = { .file = file,
			  .env = env,
			  .out = out,
			  .document = document,
			  .arena = ARENA_INIT(SBOM_ARENA),
			  .scratch = ARENA_INIT(SBOM_SCRATCH),
			  .told = { .diags = out->diags, .where = file->path },
			  .ids = MAP_INIT };
	struct slice text;
	enum status st = sbom_form(bytes, env, &text, form, err);

	if (st == STATUS_OK && *form != SBOM_NONE)
		st = walk_twice(&s, *form, text, err);
	map_fini(&s.ids);
	arena_fini(&s.arena);
	arena_fini(&s.scratch);
	return st;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	bool document = file->rule->match == PATH_DOCUMENT;
	enum sbom_form form = SBOM_NONE;

	TRY(sbom_read(file, file->bytes, env, out, document, &form, err));
	if (form == SBOM_NONE && document)
		return err_set(err, STATUS_MALFORMED,
			       "it is neither CycloneDX (JSON, XML) nor SPDX 2 (JSON, tag-value)");
	return STATUS_OK;
}

const struct detector detector_sbom = {
	.name = "sbom",
	.version = "6",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
