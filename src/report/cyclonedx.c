/* SPDX-License-Identifier: Apache-2.0 */
/* cyclonedx.c - CycloneDX as JSON. */
#include "report/cyclonedx_write.h"

static enum status cyclonedx_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					     const struct report_out *out, struct err *err)
{
	return cyclonedx_write(&report_format_cyclonedx, false, r->index, r, options, out, err);
}

static enum status cyclonedx_index(const struct index_report *r, const struct report_options *options,
				   const struct report_out *out, struct err *err)
{
	return cyclonedx_write(&report_format_cyclonedx, false, r, NULL, options, out, err);
}

const struct report_format report_format_cyclonedx = {
	.name = "cyclonedx",
	.media_type = "application/vnd.cyclonedx+json",
	.versions = CYCLONEDX_VERSIONS,
	.vulnerabilities = cyclonedx_vulnerabilities,
	.index = cyclonedx_index,
};
