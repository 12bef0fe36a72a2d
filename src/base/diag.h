/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diag.h - diagnostics: what went wrong while reading went on.
 *
 * A failure (base/err.h) stops the input. A diagnostic goes to a sink and parsing continues: one broken stanza never
 * hides the other 400. Diagnostics reach every report; a WARNING or worse makes coverage incomplete.
 */
#ifndef LIMPID_BASE_DIAG_H
#define LIMPID_BASE_DIAG_H

#include "base/err.h"

enum diag_severity { DIAG_SEVERITY_NOTE, DIAG_SEVERITY_WARNING, DIAG_SEVERITY_ERROR };

enum diag_code {
#define DIAG(code, severity, text) DIAG_##code,
#include "base/diags.def"
#undef DIAG
	DIAG_COUNT
};

struct diag {
	enum diag_code code;
	struct slice where; /* path in the layer, URL or member; empty if the sink knows it. Valid during the call */
	uint64_t offset;    /* byte in that file; ERR_NO_OFFSET if none */
	struct slice text;  /* UTF-8, escaped; what was expected and found. Valid during the call */
};

/* Receives diagnostics; cannot fail. A sink with fn == NULL drops them (only for tests and tools). */
struct diag_sink {
	void (*fn)(void *ctx, const struct diag *d);
	void *ctx; /* borrowed */
};

const char *diag_name(enum diag_code code);          /* "record" */
const char *diag_text(enum diag_code code);          /* the meaning, from diags.def */
enum diag_severity diag_severity(enum diag_code code);
const char *diag_severity_name(enum diag_severity s); /* "warning" */
bool diag_from_name(struct slice name, enum diag_code *out);

/* Format and send one diagnostic. */
void diag_emit(const struct diag_sink *sink, enum diag_code code, struct slice where, uint64_t offset, const char *fmt,
	       ...) PRINTF_LIKE(5, 6);
/* Send a failure as a diagnostic, with its offset and message. */
void diag_err(const struct diag_sink *sink, enum diag_code code, struct slice where, const struct err *err);

#endif
