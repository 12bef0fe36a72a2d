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

const struct report_format *const *report_formats(size_t *out_n)
{
	*out_n = ARRAY_LEN(formats);
	return formats;
}
