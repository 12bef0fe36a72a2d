/* SPDX-License-Identifier: Apache-2.0 */
/* repomd.c - reads lists of mirrors and indexes of RPM repositories. */
#include "feed/repomd.h"

#include "text/xml.h"

#define INDEX_BYTES ((size_t)4 << 20)
/* The first mirrors of a list are the ones to ask. */
#define MIRRORS_MAX 5

struct index {
	struct buf *out;
	bool in_updateinfo, found, is_repomd;
};

static struct slice attr(const struct xml_attr *attrs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, slice_cstr(name)))
			return attrs[i].value;
	return SLICE_EMPTY;
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct index *x = ctx;

	(void)err;
	x->is_repomd |= slice_eq(name, SLICE("repomd"));
	if (slice_eq(name, SLICE("data")))
		x->in_updateinfo = slice_eq(attr(attrs, n, "type"), SLICE("updateinfo"));
	if (x->in_updateinfo && !x->found && slice_eq(name, SLICE("location"))) {
		buf_add(x->out, attr(attrs, n, "href"));
		x->found = x->out->len > 0;
	}
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	(void)ctx;
	(void)name;
	(void)err;
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	(void)ctx;
	(void)text;
	(void)err;
	return STATUS_OK;
}

static enum status read_index(struct slice text, struct buf *href, struct err *err)
{
	struct index x = { .out = href };
	struct xml_sink sink = { on_start, on_end, on_text, &x };
	struct xml_parser *p = xml_parser_new(&sink, &limits_default);
	enum status st = p ? xml_parser_feed(p, text, err) : err_nomem(err, "repomd");

	if (st == STATUS_OK)
		st = xml_parser_end(p, err);
	xml_parser_free(p);
	if (st == STATUS_OK && !x.is_repomd)
		st = err_set(err, STATUS_MALFORMED, "repomd.xml: the root is no <repomd>");
	if (st == STATUS_OK && !x.found)
		st = err_set(err, STATUS_NOTFOUND, "the repository has no updateinfo");
	return st;
}

/* A path that leads out of the repository, or to another host, is none of its own. */
static bool is_inside(struct slice href)
{
	struct slice part;

	if (slice_starts(href, SLICE("/")) || slice_has(href, SLICE("://")))
		return false;
	while (slice_word(&href, '/', &part))
		if (slice_eq(part, SLICE("..")))
			return false;
	return true;
}

enum status repomd_locate(const struct feed_fetcher *fetcher, struct slice base, struct buf *out_url, struct err *err)
{
	struct buf AUTO(buf_fini) url = BUF_INIT(8192), text = BUF_INIT(INDEX_BYTES), href = BUF_INIT(4096);

	while (slice_ends(base, SLICE("/")))
		base.len--;
	buf_add(&url, base);
	buf_add_cstr(&url, "/repodata/repomd.xml");
	TRY(buf_check(&url, "the URL of a repository", err));
	TRY(fetcher->get(fetcher->ctx, buf_slice(&url), &text, err));
	TRY(read_index(buf_slice(&text), &href, err));
	TRY(buf_check(&href, "the place of an updateinfo", err));
	if (!is_inside(buf_slice(&href)))
		return err_set(err, STATUS_MALFORMED, "repomd.xml: the updateinfo lies outside of the repository");
	buf_reset(out_url);
	buf_add(out_url, base);
	buf_add_byte(out_url, '/');
	buf_add(out_url, buf_slice(&href));
	return buf_check(out_url, "the URL of an updateinfo", err);
}

static void put_base(struct buf *b, struct slice line)
{
	struct slice arch = SLICE("$basearch");
	size_t at = slice_find(line, arch);

	buf_reset(b);
	if (at == SIZE_MAX) {
		buf_add(b, line);
		return;
	}
	buf_add(b, slice_take(line, at));
	buf_add_cstr(b, "x86_64");
	buf_add(b, slice_from(line, at + arch.len));
}

enum status repomd_locate_mirrors(const struct feed_fetcher *fetcher, struct slice list_url, struct buf *out_url,
				  struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 20), base = BUF_INIT(8192);
	struct slice rest, line;
	enum status st;
	unsigned asked = 0;

	TRY(fetcher->get(fetcher->ctx, list_url, &text, err));
	st = err_set(err, STATUS_MALFORMED, "the list of mirrors names none");
	rest = buf_slice(&text);
	while (st != STATUS_OK && asked < MIRRORS_MAX && slice_line(&rest, &line)) {
		line = slice_trim(line);
		if (!slice_starts(line, SLICE("http://")) && !slice_starts(line, SLICE("https://")))
			continue;
		asked++;
		put_base(&base, line);
		st = buf_check(&base, "the URL of a mirror", err);
		if (st == STATUS_OK)
			st = repomd_locate(fetcher, buf_slice(&base), out_url, err);
	}
	return st;
}
