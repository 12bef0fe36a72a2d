/* SPDX-License-Identifier: Apache-2.0 */
/* cyclonedx_write.h - CycloneDX documents, 1.4 to 1.6, as JSON or XML: an inventory, and with a report what was found.
 * Private. */
#ifndef LIMPID_REPORT_CYCLONEDX_WRITE_H
#define LIMPID_REPORT_CYCLONEDX_WRITE_H

#include "report/report.h"

#define CYCLONEDX_VERSIONS "1.6 1.5 1.4"

/* r NULL: packages only. f: whose version is asked for; xml: its form. */
enum status cyclonedx_write(const struct report_format *f, bool xml, const struct index_report *index,
			    const struct vulnerability_report *r, const struct report_options *options,
			    const struct report_out *out, struct err *err) NODISCARD;

#endif
