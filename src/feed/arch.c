/* SPDX-License-Identifier: Apache-2.0 */
/* arch.c - Arch Linux' security tracker: one document with all groups of vulnerabilities. */
#include "feed/feed.h"

#define ORIGIN "https://security.archlinux.org/"

extern const struct feed_format feed_format_arch;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	static const struct feed_source source = { .name = SLICE_INIT("arch-updater"),
						   .url = SLICE_INIT(ORIGIN "all.json"),
						   .param = SLICE_INIT("arch"),
						   .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &source, err);
}

const struct feed feed_arch = {
	.name = "arch",
	.title = "Arch Linux security tracker",
	.home = ORIGIN,
	.origin = ORIGIN,
	.format = &feed_format_arch,
	.interval_s = 6 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
