/* SPDX-License-Identifier: Apache-2.0 */
/* format_print.c - advisories and diagnostics as lines of JSON. */
#include "format_print.h"

#include "text/json_writer.h"

const struct feed_format *format_by_name(struct slice name)
{
	static const struct feed_format *const formats[] = {
#define FEED_FORMAT(name, what) &feed_format_##name,
#include "feed/formats.def"
#undef FEED_FORMAT
	};

	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (slice_eq(name, slice_cstr(formats[i]->name)))
			return formats[i];
	return NULL;
}

static void put_text(struct json_writer *w, const char *key, struct slice s)
{
	if (s.len > 0)
		json_member_str(w, key, s);
}

static void put_list(struct json_writer *w, const char *key, const struct slice *list, size_t n)
{
	if (n == 0)
		return;
	json_key(w, key);
	json_array(w);
	for (size_t i = 0; i < n; i++)
		json_string(w, list[i]);
	json_close(w);
}

static void put_date(struct json_writer *w, const char *key, int64_t when)
{
	struct date_text t;

	if (when != DATE_NONE)
		json_member_cstr(w, key, date_print(&t, when));
}

static void put_affected(struct json_writer *w, const struct affected *a)
{
	static const char *const kinds[] = { "source", "binary", "any" };
	static const char *const statuses[] = { "yes", "no", "undecided" };
	const struct version_scheme *scheme = scheme_get(a->scheme);

	json_object(w);
	json_member_str(w, "scope", a->scope);
	json_member_str(w, "package", a->package);
	json_member_cstr(w, "name", kinds[a->name_kind]);
	if (a->status != AFFECTED_YES)
		json_member_cstr(w, "affected", statuses[a->status]);
	json_member_cstr(w, "scheme", scheme ? scheme->name : "");
	if (a->n_ranges > 0) {
		json_key(w, "ranges");
		json_array(w);
		for (size_t i = 0; i < a->n_ranges; i++) {
			json_object(w);
			put_text(w, "introduced", a->ranges[i].introduced);
			put_text(w, "fixed", a->ranges[i].fixed);
			put_text(w, "last_affected", a->ranges[i].last_affected);
			json_close(w);
		}
		json_close(w);
	}
	put_list(w, "versions", a->versions, a->n_versions);
	put_text(w, "fixed_version", a->fixed_version);
	put_text(w, "module", a->module);
	put_text(w, "arch", a->arch);
	put_text(w, "platforms", a->platforms);
	put_text(w, "severity", a->severity);
	put_text(w, "fix_state", slice_cstr(fix_state_name(a->fix_state)));
	json_close(w);
}

static enum status emit(void *ctx, const struct advisory *a, struct err *err)
{
	struct buf *out = ctx;
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_str(&w, "id", a->id);
	put_list(&w, "aliases", a->aliases, a->n_aliases);
	put_list(&w, "related", a->related, a->n_related);
	put_text(&w, "summary", a->summary);
	put_text(&w, "description", a->description);
	put_text(&w, "severity_text", a->severity_text);
	json_member_cstr(&w, "severity", severity_name(a->severity));
	put_list(&w, "cvss", a->cvss, a->n_cvss);
	put_list(&w, "links", a->links, a->n_links);
	put_date(&w, "issued", a->issued_s);
	put_date(&w, "modified", a->modified_s);
	put_date(&w, "withdrawn", a->withdrawn_s);
	json_key(&w, "affected");
	json_array(&w);
	for (size_t i = 0; i < a->n_affected; i++)
		put_affected(&w, &a->affected[i]);
	json_close(&w);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(out, '\n');
	return STATUS_OK;
}

static void tell(void *ctx, const struct diag *d)
{
	struct buf *out = ctx;
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_cstr(&w, "diag", diag_name(d->code));
	put_text(&w, "where", d->where);
	if (d->offset != ERR_NO_OFFSET)
		json_member_u64(&w, "offset", d->offset);
	json_member_str(&w, "text", d->text);
	json_close(&w);
	buf_add_byte(out, '\n');
}

bool format_print(const struct feed_format *format, struct slice param, struct slice bytes, const struct limits *limits,
		  struct buf *out)
{
	struct diag_sink diags = { tell, out };
	struct advisory_sink sink = { emit, &diags, out };
	struct feed_document doc = { .bytes = bytes, .url = SLICE("test:document"), .param = param };
	struct err err = ERR_INIT;
	enum status st = format->parse(&doc, limits, &sink, &err);
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_cstr(&w, "status", status_text(st));
	if (st != STATUS_OK) {
		if (err.offset != ERR_NO_OFFSET)
			json_member_u64(&w, "offset", err.offset);
		json_member_cstr(&w, "message", err.msg);
	}
	json_close(&w);
	buf_add_byte(out, '\n');
	return st == STATUS_OK;
}
