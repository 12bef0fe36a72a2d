/* SPDX-License-Identifier: Apache-2.0 */
/* nodejs.c - flaws of Node.js itself, as its security working group lists them: one document. */
#include "feed/feed.h"

#define ORIGIN "https://raw.githubusercontent.com/nodejs/security-wg/main/vuln/core/"

extern const struct feed_format feed_format_nodejs;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	static const struct feed_source source = { .name = SLICE_INIT("nodejs"),
						   .url = SLICE_INIT(ORIGIN "index.json"),
						   .param = SLICE_INIT("nodejs"),
						   .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &source, err);
}

const struct feed feed_nodejs = {
	.name = "nodejs",
	.title = "Node.js core vulnerabilities",
	.home = "https://github.com/nodejs/security-wg",
	.origin = ORIGIN,
	.format = &feed_format_nodejs,
	.interval_s = 6 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
