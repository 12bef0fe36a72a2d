/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - the table of output formats. */
#include "report/report.h"

static const struct report_format *const formats[] = {
#define REPORT_FORMAT(name, what) &report_format_##name,
#include "report/formats.def"
#undef REPORT_FORMAT
};

const struct report_format *report_format_by_name(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (slice_eq(name, slice_cstr(formats[i]->name)))
			return formats[i];
	return NULL;
}

/* The version among those of the format, as its constant text from there on; NULL: there is none. */
static const char *find_version(const struct report_format *f, struct slice version)
{
	struct slice rest = slice_cstr(f->versions), word;

	while (slice_word(&rest, ' ', &word))
		if (slice_eq(word, version))
			return (const char *)word.ptr;
	return NULL;
}

const struct report_format *report_format_find(struct slice name, const char **out_version)
{
	const struct report_format *f = report_format_by_name(name);
	struct slice before, after;

	*out_version = NULL;
	if (f || !slice_rcut(name, '-', &before, &after))
		return f;
	f = report_format_by_name(before);
	*out_version = f ? find_version(f, after) : NULL;
	return *out_version ? f : NULL;
}

bool report_version_is(const struct report_options *options, const struct report_format *f, const char *version)
{
	const char *asked = options->version ? options->version : f->versions;
	struct slice word = SLICE_EMPTY, rest = slice_cstr(asked);

	return slice_word(&rest, ' ', &word) && slice_eq(word, slice_cstr(version));
}

const struct report_format *const *report_formats(size_t *out_n)
{
	*out_n = ARRAY_LEN(formats);
	return formats;
}
