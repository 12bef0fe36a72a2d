/* SPDX-License-Identifier: Apache-2.0 */
/* spdx_tag.c - SPDX 2.3 as tag-value. */
#include "report/spdx_write.h"

static enum status spdx_tag_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					    const struct report_out *out, struct err *err)
{
	return spdx_write(true, r->index, r, options, out, err);
}

static enum status spdx_tag_index(const struct index_report *r, const struct report_options *options,
				  const struct report_out *out, struct err *err)
{
	return spdx_write(true, r, NULL, options, out, err);
}

const struct report_format report_format_spdx_tag = {
	.name = "spdx-tag",
	.media_type = "text/spdx",
	.versions = "2.3",
	.vulnerabilities = spdx_tag_vulnerabilities,
	.index = spdx_tag_index,
};
