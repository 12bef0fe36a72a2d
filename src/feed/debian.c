/* SPDX-License-Identifier: Apache-2.0 */
/* debian.c - the security tracker's JSON: one document for all releases. */
#include "feed/feed.h"

extern const struct feed_format feed_format_debian_tracker;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	struct feed_source s = { .name = SLICE("debian/updater"),
				 .url = SLICE("https://security-tracker.debian.org/tracker/data/json"),
				 .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &s, err);
}

const struct feed feed_debian = {
	.name = "debian",
	.title = "Debian security tracker",
	.home = "https://security-tracker.debian.org/",
	.origin = "https://security-tracker.debian.org/",
	.format = &feed_format_debian_tracker,
	.interval_s = 6 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
};
