/* SPDX-License-Identifier: Apache-2.0 */
/* gentoo.c - Gentoo's security advisories (GLSA): an archive of the repository that they are kept in. */
#include "feed/feed.h"

#define ORIGIN "https://gitweb.gentoo.org/data/glsa.git/"

extern const struct feed_format feed_format_glsa;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	static const struct feed_source source = { .name = SLICE_INIT("gentoo-updater"),
						   .url = SLICE_INIT(ORIGIN "snapshot/glsa-master.tar.gz"),
						   .param = SLICE_INIT("gentoo"),
						   .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &source, err);
}

const struct feed feed_gentoo = {
	.name = "gentoo",
	.title = "Gentoo Linux security advisories",
	.home = "https://security.gentoo.org/glsa",
	.origin = ORIGIN,
	.format = &feed_format_glsa,
	.interval_s = 24 * 3600,
	.stale_s = 30 * 86400,
	.list = list,
};
