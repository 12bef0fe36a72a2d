/* SPDX-License-Identifier: Apache-2.0 */
/* nvd.c - NVD's feeds of CVEs, one for each year of their ids, each with a check sum beside it. */
#include "feed/feed.h"

#include <stdio.h>

#define ORIGIN "https://nvd.nist.gov/feeds/json/cve/2.0/"
/* The first feed has the CVEs of the years before, too. */
#define YEAR_FIRST 2002u
#define YEAR_LAST 2100u
#define PACKED ".json.gz"

extern const struct feed_format feed_format_nvd;

static unsigned year_now(void)
{
	struct date_text day;
	uint64_t year;

	date_print(&day, date_now());
	return slice_to_u64(slice_take(slice_cstr(day.text), 4), &year) && year < YEAR_LAST ? (unsigned)year
											    : YEAR_LAST;
}

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	unsigned last = year_now();

	(void)fetcher;
	for (unsigned year = YEAR_FIRST; year <= last; year++) {
		char name[32], url[128];
		struct feed_source s = { .optional = true };

		snprintf(name, sizeof(name), "clair.cvss/%u", year);
		snprintf(url, sizeof(url), ORIGIN "nvdcve-2.0-%u" PACKED, year);
		s.name = slice_cstr(name);
		s.url = slice_cstr(url);
		TRY(out->emit(out->ctx, &s, err));
	}
	return STATUS_OK;
}

/* Of the JSON, not of what it is packed in: "sha256:0123...", among other lines of a file .meta. */
static enum status checksum(const struct feed_fetcher *fetcher, const struct feed_source *source, struct digest *out,
			    struct err *err)
{
	struct buf AUTO(buf_fini) url = BUF_INIT(8192), text = BUF_INIT(4096);
	struct slice rest, line, key, value;
	enum status st;

	if (!slice_ends(source->url, SLICE(PACKED)))
		return STATUS_OK;
	buf_add(&url, slice_take(source->url, source->url.len - strlen(PACKED)));
	buf_add_cstr(&url, ".meta");
	TRY(buf_check(&url, "the URL of a check sum", err));
	st = fetcher->get(fetcher->ctx, buf_slice(&url), &text, err);
	/* Not every mirror has it. */
	if (st != STATUS_OK)
		return st == STATUS_NOTFOUND ? STATUS_OK : st;
	for (rest = buf_slice(&text); slice_line(&rest, &line);) {
		char digest[80];

		if (!slice_cut(line, ':', &key, &value) || !slice_eq_nocase(key, SLICE("sha256")) || value.len != 64)
			continue;
		memcpy(digest, "sha256:", 7);
		for (size_t i = 0; i < value.len; i++)
			digest[7 + i] = (char)to_lower(value.ptr[i]);
		if (digest_parse(slice_make(digest, 7 + value.len), out))
			return STATUS_OK;
	}
	return err_set(err, STATUS_MALFORMED, "the file .meta beside it has no line sha256");
}

const struct feed feed_nvd = {
	.name = "clair.cvss",
	.title = "NVD: CVSS vectors of CVEs",
	.home = "https://nvd.nist.gov/vuln/data-feeds",
	.origin = ORIGIN,
	.enriches = true,
	.format = &feed_format_nvd,
	.interval_s = 24 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
	.checksum = checksum,
};
