/* SPDX-License-Identifier: Apache-2.0 */
/* oracle.c - OVAL of Oracle Linux, a document per year. The criteria say which release, architecture and module. */
#include "feed/feed.h"

#include <stdio.h>

#define FIRST_YEAR 2007

extern const struct feed_format feed_format_oval;

static int this_year(void)
{
	struct date_text day;
	uint64_t year = 0;

	date_print(&day, date_now());
	return slice_to_u64(slice_take(slice_cstr(day.text), 4), &year) ? (int)year : FIRST_YEAR;
}

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	(void)fetcher;
	for (int year = FIRST_YEAR, last = this_year(); year <= last; year++) {
		char name[64], url[128];
		struct feed_source s = { .optional = true, .param = SLICE("criteria oracle") };

		snprintf(name, sizeof(name), "oracle-%d-updater", year);
		snprintf(url, sizeof(url), "https://linux.oracle.com/security/oval/com.oracle.elsa-%d.xml.bz2", year);
		s.name = slice_cstr(name);
		s.url = slice_cstr(url);
		TRY(out->emit(out->ctx, &s, err));
	}
	return STATUS_OK;
}

const struct feed feed_oracle = {
	.name = "oracle",
	.title = "Oracle Linux OVAL",
	.home = "https://linux.oracle.com/security/",
	.format = &feed_format_oval,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
