/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suse.c - OVAL of SUSE Linux Enterprise and openSUSE. The criteria say which products and service packs.
 *
 * The documents that name what is affected and not fixed are read; where there is none, the one of fixes alone. Clair's
 * names of sources are kept.
 */
#include "feed/feed.h"

#include <stdio.h>

extern const struct feed_format feed_format_oval;

static const char *const products[] = {
	"suse.linux.enterprise.server.11",
	"suse.linux.enterprise.server.12",
	"suse.linux.enterprise.server.15",
	"suse.linux.enterprise.16",
	"suse.linux.enterprise.micro.5",
	"suse.linux.micro.6",
	"opensuse.leap.15.0",
	"opensuse.leap.15.1",
	"opensuse.leap.15.2",
	"opensuse.leap.15.3",
	"opensuse.leap.15.4",
	"opensuse.leap.15.5",
	"opensuse.leap.15.6",
	"opensuse.leap.16.0",
	"opensuse.leap.16.1",
	"opensuse.leap.micro.5.2",
	"opensuse.leap.micro.5.3",
	"opensuse.leap.micro.5.4",
	"opensuse.leap.micro.5.5",
	"opensuse.leap.micro.6.0",
	"opensuse.leap.micro.6.1",
	"opensuse.tumbleweed",
};

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	(void)fetcher;
	for (size_t i = 0; i < ARRAY_LEN(products); i++) {
		char name[96], url[160], plain[160];
		const char *fallback[] = { plain, NULL };
		struct feed_source s = { .optional = true, .param = SLICE("criteria suse"), .fallback_urls = fallback };

		snprintf(name, sizeof(name), "suse-updater-%s", products[i]);
		snprintf(url, sizeof(url), "https://ftp.suse.com/pub/projects/security/oval/%s-affected.xml.gz",
			 products[i]);
		snprintf(plain, sizeof(plain), "https://ftp.suse.com/pub/projects/security/oval/%s.xml.gz",
			 products[i]);
		s.name = slice_cstr(name);
		s.url = slice_cstr(url);
		TRY(out->emit(out->ctx, &s, err));
	}
	return STATUS_OK;
}

const struct feed feed_suse = {
	.name = "suse",
	.title = "SUSE Linux Enterprise and openSUSE OVAL",
	.home = "https://ftp.suse.com/pub/projects/security/oval/",
	.origin = "https://ftp.suse.com/pub/projects/security/oval/",
	.format = &feed_format_oval,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
