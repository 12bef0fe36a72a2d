/* SPDX-License-Identifier: Apache-2.0 */
/* bottlerocket.c - Bottlerocket's advisories, one updateinfo document for all releases and variants. */
#include "feed/feed.h"

#define ORIGIN "https://advisories.bottlerocket.aws/"

extern const struct feed_format feed_format_updateinfo;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	static const struct feed_source source = { .name = SLICE_INIT("bottlerocket-updater"),
						   .url = SLICE_INIT(ORIGIN "updateinfo.xml.gz"),
						   .param = SLICE_INIT("bottlerocket"),
						   .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &source, err);
}

const struct feed feed_bottlerocket = {
	.name = "bottlerocket",
	.title = "Bottlerocket security advisories",
	.home = "https://github.com/bottlerocket-os/bottlerocket/security/advisories",
	.origin = ORIGIN,
	.format = &feed_format_updateinfo,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
