/* SPDX-License-Identifier: Apache-2.0 */
/* spdx.c - SPDX 2.3 as JSON. */
#include "report/spdx_write.h"

static enum status spdx_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					const struct report_out *out, struct err *err)
{
	return spdx_write(false, r->index, r, options, out, err);
}

static enum status spdx_index(const struct index_report *r, const struct report_options *options,
			      const struct report_out *out, struct err *err)
{
	return spdx_write(false, r, NULL, options, out, err);
}

const struct report_format report_format_spdx = {
	.name = "spdx",
	.media_type = "application/spdx+json",
	.versions = "2.3",
	.vulnerabilities = spdx_vulnerabilities,
	.index = spdx_index,
};
