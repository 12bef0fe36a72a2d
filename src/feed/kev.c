/* SPDX-License-Identifier: Apache-2.0 */
/* kev.c - CISA's catalogue of known exploited vulnerabilities: one document. */
#include "feed/feed.h"

extern const struct feed_format feed_format_kev;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	const struct feed_source s = {
		.name = SLICE("clair.kev"),
		.url = SLICE("https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
		.optional = true
	};

	(void)fetcher;
	return out->emit(out->ctx, &s, err);
}

const struct feed feed_kev = {
	.name = "clair.kev",
	.title = "CISA Known Exploited Vulnerabilities",
	.home = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog",
	.origin = "https://www.cisa.gov/sites/default/files/feeds/",
	.enriches = true,
	.format = &feed_format_kev,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
