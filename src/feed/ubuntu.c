/* SPDX-License-Identifier: Apache-2.0 */
/* ubuntu.c - Canonical's OVAL by CVE, a document per release. */
#include "feed/feed.h"

#include <stdio.h>

extern const struct feed_format feed_format_oval;

static const struct {
	const char *codename, *release;
} releases[] = {
#define UBUNTU_RELEASE(codename, release) { codename, release },
#include "model/ubuntu_releases.def"
#undef UBUNTU_RELEASE
};

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	(void)fetcher;
	for (size_t i = 0; i < ARRAY_LEN(releases); i++) {
		char name[64], url[192], plain[160], param[32];
		const char *fallback[] = { plain, NULL };
		struct feed_source s = { .optional = true, .fallback_urls = fallback };

		snprintf(name, sizeof(name), "ubuntu/updater/%s", releases[i].codename);
		snprintf(plain, sizeof(plain),
			 "https://security-metadata.canonical.com/oval/com.ubuntu.%s.cve.oval.xml",
			 releases[i].codename);
		snprintf(url, sizeof(url), "%s.bz2", plain);
		snprintf(param, sizeof(param), "ubuntu:%s dpkg", releases[i].release);
		s.name = slice_cstr(name);
		s.url = slice_cstr(url);
		s.param = slice_cstr(param);
		TRY(out->emit(out->ctx, &s, err));
	}
	return STATUS_OK;
}

const struct feed feed_ubuntu = {
	.name = "ubuntu",
	.title = "Ubuntu OVAL by CVE",
	.home = "https://security-metadata.canonical.com/oval/",
	.format = &feed_format_oval,
	.interval_s = 6 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
};
