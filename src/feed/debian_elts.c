/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debian_elts.c - the tracker of Debian's Extended LTS: releases after their long-term support.
 *
 * Freexian publishes it in the form of Debian's own tracker, which no longer names such releases. Releases that Debian
 * still maintains are left to Debian's.
 */
#include "feed/feed.h"

#define ORIGIN "https://deb.freexian.com/extended-lts/tracker/"

extern const struct feed_format feed_format_debian_tracker;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	static const struct feed_source source = { .name = SLICE_INIT("debian-elts/updater"),
						   .url = SLICE_INIT(ORIGIN "data/json"),
						   .param = SLICE_INIT("elts"),
						   .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &source, err);
}

const struct feed feed_debian_elts = {
	.name = "debian-elts",
	.title = "Debian Extended LTS security tracker",
	.home = ORIGIN,
	.origin = ORIGIN,
	.format = &feed_format_debian_tracker,
	.interval_s = 6 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
};
