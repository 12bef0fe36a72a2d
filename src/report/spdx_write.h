/* SPDX-License-Identifier: Apache-2.0 */
/* spdx_write.h - SPDX 2.3 documents, as JSON or tag-value: an inventory, and with a report what was found. Private. */
#ifndef LIMPID_REPORT_SPDX_WRITE_H
#define LIMPID_REPORT_SPDX_WRITE_H

#include "report/report.h"

/* r NULL: packages only. tags: tag-value, else JSON. */
enum status spdx_write(bool tags, const struct index_report *index, const struct vulnerability_report *r,
		       const struct report_options *options, const struct report_out *out, struct err *err) NODISCARD;

#endif
