/* SPDX-License-Identifier: Apache-2.0 */
/*
 * osv.c - dumps of osv.dev, one zip per ecosystem. Distributions with a feed of their own are left to it.
 */
#include "feed/feed.h"

#include "feed/osv_ecosystem.h"

#define ORIGIN "https://osv-vulnerabilities.storage.googleapis.com/"

extern const struct feed_format feed_format_osv;

static bool is_wanted(struct slice name)
{
	const struct osv_ecosystem *e = osv_ecosystem_by_name(name);
	enum affected_name kind;
	enum vendor vendor;

	return (e && osv_ecosystem_is_listed(e)) || osv_vendor_by_name(name, &vendor, &kind);
}

/* "Rocky Linux" -> osv/rocky-linux, .../Rocky%20Linux/all.zip */
static void put_name(struct buf *b, struct slice ecosystem)
{
	buf_reset(b);
	buf_add_cstr(b, "osv/");
	for (size_t i = 0; i < ecosystem.len; i++)
		buf_add_byte(b, ecosystem.ptr[i] == ' ' ? '-' : to_lower(ecosystem.ptr[i]));
}

static void put_url(struct buf *b, struct slice ecosystem)
{
	buf_reset(b);
	buf_add_cstr(b, ORIGIN);
	for (size_t i = 0; i < ecosystem.len; i++) {
		if (ecosystem.ptr[i] == ' ')
			buf_add_cstr(b, "%20");
		else
			buf_add_byte(b, ecosystem.ptr[i]);
	}
	buf_add_cstr(b, "/all.zip");
}

static enum status emit_all(struct slice text, const struct feed_source_sink *out, struct err *err)
{
	struct buf AUTO(buf_fini) name = BUF_INIT(512), url = BUF_INIT(1024);
	struct slice line, last = SLICE_EMPTY;

	while (slice_line(&text, &line)) {
		struct slice ecosystem;
		struct feed_source s = { .optional = false };

		slice_cut(slice_trim(line), ':', &ecosystem, NULL);
		/* "Debian", "Debian:11", "Debian:12": one dump. The list is sorted. */
		if (slice_eq(ecosystem, last) || !is_wanted(ecosystem))
			continue;
		last = ecosystem;
		put_name(&name, ecosystem);
		put_url(&url, ecosystem);
		TRY(buf_check(&name, "the name of an ecosystem", err));
		TRY(buf_check(&url, "the URL of an ecosystem", err));
		s.name = buf_slice(&name);
		s.url = buf_slice(&url);
		s.param = ecosystem;
		TRY(out->emit(out->ctx, &s, err));
	}
	return STATUS_OK;
}

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 20);

	TRY(fetcher->get(fetcher->ctx, SLICE(ORIGIN "ecosystems.txt"), &text, err));
	return emit_all(buf_slice(&text), out, err);
}

const struct feed feed_osv = {
	.name = "osv",
	.title = "Open Source Vulnerabilities",
	.home = "https://osv.dev/",
	.origin = ORIGIN,
	.format = &feed_format_osv,
	.interval_s = 6 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
};
