/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epss.c - the probabilities of EPSS: one file a day.
 *
 * epss_scores-current.csv.gz is always the newest. Where it is missing the files of the last days are asked for, whose
 * names have their date; in a folder, where a look costs nothing, those of many years.
 */
#include "feed/feed.h"

#include <stdio.h>

#define ORIGIN "https://epss.cyentia.com/"
#define CURRENT "epss_scores-current.csv.gz"
#define DAYS_ASKED 4
/* EPSS began in April of 2021. */
#define DAYS_LOOKED 4000

extern const struct feed_format feed_format_epss;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	const struct feed_source s = { .name = SLICE("clair.epss"), .url = SLICE(ORIGIN CURRENT), .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &s, err);
}

static enum status locate(const struct feed_fetcher *fetcher, const struct feed_source *source, struct buf *out_url,
			  struct err *err)
{
	int days = fetcher->local ? DAYS_LOOKED : DAYS_ASKED;
	struct slice base = source->url;
	int64_t now = date_now();

	buf_add(out_url, source->url);
	/* What the user names is that. */
	if (!slice_ends(source->url, SLICE("/" CURRENT)) || fetcher->exists(fetcher->ctx, source->url))
		return STATUS_OK;
	base.len -= strlen(CURRENT);
	for (int i = 0; i < days; i++) {
		char url[4096];
		struct date_text day;

		date_print(&day, now - (int64_t)i * 86400);
		snprintf(url, sizeof(url), "%.*sepss_scores-%.10s.csv.gz", SLICE_ARG(base), day.text);
		if (!fetcher->exists(fetcher->ctx, slice_cstr(url)))
			continue;
		buf_reset(out_url);
		buf_add_cstr(out_url, url);
		break;
	}
	return buf_check(out_url, "the URL of a document", err);
}

const struct feed feed_epss = {
	.name = "clair.epss",
	.title = "Exploit Prediction Scoring System",
	.home = "https://www.first.org/epss/",
	.origin = ORIGIN,
	.enriches = true,
	.format = &feed_format_epss,
	.interval_s = 24 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
	.locate = locate,
};
