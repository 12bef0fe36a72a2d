/* SPDX-License-Identifier: Apache-2.0 */
/* diag.c - the diagnostic table and its emitters. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	const char *name, *text;
	enum diag_severity severity;
} diags[DIAG_COUNT] = {
#define DIAG(code, severity, text) { #code, text, DIAG_SEVERITY_##severity },
#include "base/diags.def"
#undef DIAG
};

const char *diag_name(enum diag_code code)
{
	return diags[code].name;
}

const char *diag_text(enum diag_code code)
{
	return diags[code].text;
}

enum diag_severity diag_severity(enum diag_code code)
{
	return diags[code].severity;
}

const char *diag_severity_name(enum diag_severity s)
{
	return s == DIAG_SEVERITY_NOTE ? "note" : s == DIAG_SEVERITY_WARNING ? "warning" : "error";
}

bool diag_from_name(struct slice name, enum diag_code *out)
{
	for (size_t i = 0; i < DIAG_COUNT; i++) {
		if (slice_eq_nocase(name, slice_cstr(diags[i].name))) {
			*out = (enum diag_code)i;
			return true;
		}
	}
	return false;
}

void diag_emit(const struct diag_sink *sink, enum diag_code code, struct slice where, uint64_t offset, const char *fmt,
	       ...)
{
	char text[512];
	va_list ap;
	struct diag d = { code, where, offset, SLICE_EMPTY };

	if (!sink || !sink->fn)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d.text = slice_cstr(text);
	sink->fn(sink->ctx, &d);
}

void diag_err(const struct diag_sink *sink, enum diag_code code, struct slice where, const struct err *err)
{
	struct diag d = { code, where, err->offset, slice_cstr(err->msg) };

	if (sink && sink->fn)
		sink->fn(sink->ctx, &d);
}
