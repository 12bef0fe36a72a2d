/* SPDX-License-Identifier: Apache-2.0 */
/* photon.c - OVAL of VMware Photon OS 1.0 to 5.0. Objects are names of binary packages. */
#include "feed/feed.h"

#include <stdio.h>

#define ORIGIN "https://packages.vmware.com/photon/photon_oval_definitions/"

extern const struct feed_format feed_format_oval;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	(void)fetcher;
	for (unsigned n = 1; n <= 5; n++) {
		char name[64], url[128], param[32];
		struct feed_source s = { .optional = true };

		snprintf(name, sizeof(name), "photon-updater-%u.0", n);
		snprintf(url, sizeof(url), ORIGIN "com.vmware.phsa-photon%u.xml", n);
		snprintf(param, sizeof(param), "photon:%u.0 binary", n);
		s.name = slice_cstr(name);
		s.url = slice_cstr(url);
		s.param = slice_cstr(param);
		TRY(out->emit(out->ctx, &s, err));
	}
	return STATUS_OK;
}

const struct feed feed_photon = {
	.name = "photon",
	.title = "VMware Photon OS security advisories",
	.home = "https://github.com/vmware/photon/wiki/Security-Advisories",
	.origin = ORIGIN,
	.format = &feed_format_oval,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
