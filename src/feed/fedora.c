/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fedora.c - updateinfo of Fedora's updates. Releases that are no longer there are absent.
 *
 * The tree of one architecture names the packages of that one; versions are the same in all.
 */
#include "feed/feed.h"

#include "feed/repomd.h"

#include <stdio.h>

#define ORIGIN "https://dl.fedoraproject.org/pub/fedora/linux/updates/"
#define FIRST 40u
#define LAST 50u

extern const struct feed_format feed_format_updateinfo;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	(void)fetcher;
	for (unsigned n = FIRST; n <= LAST; n++) {
		char name[64], url[160], param[64];
		struct feed_source s = { .optional = true };

		snprintf(name, sizeof(name), "fedora-%u-updater", n);
		snprintf(url, sizeof(url), ORIGIN "%u/Everything/x86_64/", n);
		snprintf(param, sizeof(param), "fedora:%u all-architectures", n);
		s.name = slice_cstr(name);
		s.url = slice_cstr(url);
		s.param = slice_cstr(param);
		TRY(out->emit(out->ctx, &s, err));
	}
	return STATUS_OK;
}

static enum status locate(const struct feed_fetcher *fetcher, const struct feed_source *source, struct buf *out_url,
			  struct err *err)
{
	return repomd_locate(fetcher, source->url, out_url, err);
}

const struct feed feed_fedora = {
	.name = "fedora",
	.title = "Fedora security updates",
	.home = "https://bodhi.fedoraproject.org/",
	.origin = ORIGIN,
	.format = &feed_format_updateinfo,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
	.locate = locate,
};
