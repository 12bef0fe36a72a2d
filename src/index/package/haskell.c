/* SPDX-License-Identifier: Apache-2.0 */
/*
 * haskell.c - Haskell packages in a database of GHC: package.conf.d/ID.conf.
 *
 * Source: docs/formats/haskell.md (GHC User's Guide, "Package databases").
 */
#include "index/package/installed.h"
#include "text/stanza.h"

#define CONF_BYTES ((uint64_t)8 << 20)

static bool is_registered(struct slice path)
{
	struct slice dir = installed_dir(path, 0);

	return slice_eq(dir, SLICE("package.conf.d")) || slice_eq(dir, SLICE("package.db")) ||
	       slice_eq(dir, SLICE("pkgdb"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = ".conf",
	  .need = DETECT_WHOLE,
	  .max_bytes = CONF_BYTES,
	  .accept = is_registered },
	{ .text = NULL },
};

/* Values may begin on the line after the name. */
static struct slice value_of(const struct stanza_field *f)
{
	struct slice rest = f->folded, line;

	return f->value.len > 0 || !slice_line(&rest, &line) ? f->value : slice_trim(line);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_HACKAGE, "haskell", TOLD_NONE };
	struct stanza_reader r = { .in = file->bytes };
	struct slice name = SLICE_EMPTY, version = SLICE_EMPTY;
	struct stanza_field f;
	bool part = false;
	size_t offset;

	/* An empty line inside a value ends a stanza. */
	while ((name.len == 0 || version.len == 0) && stanza_next(&r, &offset)) {
		while (stanza_field(&r, &f)) {
			if (name.len == 0 && slice_eq_nocase(f.name, SLICE("name")))
				name = value_of(&f);
			else if (version.len == 0 && slice_eq_nocase(f.name, SLICE("version")))
				version = value_of(&f);
			else if (slice_eq_nocase(f.name, SLICE("lib-name")))
				part = value_of(&f).len > 0;
		}
	}
	if (part) /* a library of a package that has its own file here; registered as z-PACKAGE-z-LIBRARY */
		return STATUS_OK;
	return installed_emit(&in, name, version, 0, err);
}

const struct detector detector_haskell = {
	.name = "haskell",
	.version = "3",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
