/* SPDX-License-Identifier: Apache-2.0 */
/*
 * r.c - installed R packages: PACKAGE/DESCRIPTION with the field Built, which R writes when it installs one.
 *
 * Source: docs/formats/r.md ("Writing R Extensions").
 */
#include "index/package/installed.h"
#include "text/stanza.h"

#define DESCRIPTION_BYTES ((uint64_t)1 << 20)

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/DESCRIPTION", .need = DETECT_WHOLE, .max_bytes = DESCRIPTION_BYTES },
	{ .text = NULL },
};

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_CRAN, "r", TOLD_NONE };
	struct stanza_reader r = { .in = file->bytes };
	struct slice name = SLICE_EMPTY, version = SLICE_EMPTY;
	bool built = false;
	struct stanza_field f;
	size_t offset;

	if (!stanza_next(&r, &offset))
		return STATUS_OK;
	while (stanza_field(&r, &f)) {
		if (slice_eq(f.name, SLICE("Package")))
			name = f.value;
		else if (slice_eq(f.name, SLICE("Version")))
			version = f.value;
		else if (slice_eq(f.name, SLICE("Built")))
			built = true;
	}
	/* Others have files of this name, too; and the source of a package is not installed. */
	if (!built || name.len == 0 || !slice_eq(name, installed_dir(file->path, 0)))
		return STATUS_OK;
	return installed_emit(&in, name, version, 0, err);
}

const struct detector detector_r = {
	.name = "r",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
