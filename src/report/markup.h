/* SPDX-License-Identifier: Apache-2.0 */
/* markup.h - an XML document that goes out in pieces. Private to report/. */
#ifndef LIMPID_REPORT_MARKUP_H
#define LIMPID_REPORT_MARKUP_H

#include "report/report.h"
#include "text/xml_writer.h"

struct markup {
	struct xml_writer w;
	struct buf buf;		      /* owned */
	const struct report_out *out; /* borrowed */
};

void markup_init(struct markup *m, const struct report_out *out);
void markup_fini(struct markup *m);
/* Hand on what was written when it is much; call it between elements. */
enum status markup_flush(struct markup *m, struct err *err) NODISCARD;
/* End the document with a new line and hand on the rest. */
enum status markup_end(struct markup *m, struct err *err) NODISCARD;

#endif
