/* SPDX-License-Identifier: Apache-2.0 */
/* json_report.h - limpid's own report as a value within another document. Private to report/. */
#ifndef LIMPID_REPORT_JSON_REPORT_H
#define LIMPID_REPORT_JSON_REPORT_H

#include "report/document.h"

/* The value alone: the caller puts key or array. */
enum status json_report_put(struct document *d, const struct vulnerability_report *r,
			    const struct report_options *options, struct err *err) NODISCARD;

#endif
