/* SPDX-License-Identifier: Apache-2.0 */
/* document.h - a JSON document that goes out in pieces: a writer whose buffer is emptied between members. Private. */
#ifndef LIMPID_REPORT_DOCUMENT_H
#define LIMPID_REPORT_DOCUMENT_H

#include "report/report.h"
#include "text/json_writer.h"

struct document {
	struct json_writer w;
	struct buf buf;		      /* owned */
	const struct report_out *out; /* borrowed */
};

void document_init(struct document *d, const struct report_out *out, unsigned indent);
void document_fini(struct document *d);
/* Hand on what was written when it is much; call it between members. */
enum status document_flush(struct document *d, struct err *err) NODISCARD;
/* Hand on the rest, of what is no JSON. */
enum status document_rest(struct document *d, struct err *err) NODISCARD;
/* Close the document with a newline and hand on the rest. */
enum status document_end(struct document *d, struct err *err) NODISCARD;

/* "sha256:..." or "". */
void document_digest(struct json_writer *w, const char *key, const struct digest *digest);

/* "epss": {...} and "kev": {...} of a CVE that has them, short: as limpid's JSON has them with a finding. */
void document_epss(struct json_writer *w, const struct enrichment *e);
void document_kev(struct json_writer *w, const struct enrichment *e);

#endif
