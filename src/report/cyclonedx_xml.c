/* SPDX-License-Identifier: Apache-2.0 */
/* cyclonedx_xml.c - CycloneDX as XML. */
#include "report/cyclonedx_write.h"

static enum status cyclonedx_xml_vulnerabilities(const struct vulnerability_report *r,
						 const struct report_options *options, const struct report_out *out,
						 struct err *err)
{
	return cyclonedx_write(&report_format_cyclonedx_xml, true, r->index, r, options, out, err);
}

static enum status cyclonedx_xml_index(const struct index_report *r, const struct report_options *options,
				       const struct report_out *out, struct err *err)
{
	return cyclonedx_write(&report_format_cyclonedx_xml, true, r, NULL, options, out, err);
}

const struct report_format report_format_cyclonedx_xml = {
	.name = "cyclonedx-xml",
	.media_type = "application/vnd.cyclonedx+xml",
	.versions = CYCLONEDX_VERSIONS,
	.vulnerabilities = cyclonedx_xml_vulnerabilities,
	.index = cyclonedx_xml_index,
};
