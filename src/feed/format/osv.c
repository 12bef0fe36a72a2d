/* SPDX-License-Identifier: Apache-2.0 */
/*
 * osv.c - records of the Open Source Vulnerability schema (ossf.github.io/osv-schema, 1.x): one document, an array, or
 * a zip.
 *
 * What a record says is in osv_record.c. docs/formats/osv.md lists the traps.
 */
#include "feed/feed.h"

#include "feed/osv_record.h"
#include "io/zip_view.h"
#include "text/json.h"

struct parser {
	const struct feed_document *doc;
	const struct limits *limits;
	struct osv_reader reader;
	uint64_t unpacked; /* bytes of all members so far */
};

static enum status visit(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err)
{
	struct parser *p = ctx;

	(void)key;
	if (p->doc->passed)
		p->doc->passed(p->doc->passed_ctx, 0, offset);
	return osv_record(&p->reader, value, SLICE_EMPTY, offset, err);
}

static void bad(void *ctx, struct slice key, const struct err *err)
{
	const struct parser *p = ctx;

	(void)key;
	diag_err(p->reader.out->diags, DIAG_RECORD, SLICE_EMPTY, err);
}

/* A member that is no JSON is left out; only a lack of memory ends the run. */
static enum status parse_text(struct parser *p, struct slice name, struct slice text, struct err *err)
{
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse(text, p->limits, &doc, &why);

	if (st == STATUS_NOMEM) {
		*err = why;
		return st;
	}
	if (st != STATUS_OK) {
		diag_err(p->reader.out->diags, DIAG_RECORD, name, &why);
		return STATUS_OK;
	}
	st = osv_record(&p->reader, doc.root, name, ERR_NO_OFFSET, err);
	json_doc_free(&doc);
	return st;
}

/* Into text, which holds nothing else then. */
static enum status unpack(const struct parser *p, const struct zip_view *zip, const struct zip_entry *e,
			  struct buf *text, struct err *err)
{
	uint8_t *room;

	buf_reset(text);
	if (e->size > p->limits->record_bytes)
		return err_at(err, STATUS_LIMIT, e->offset,
			      "the record is larger than %llu bytes (limits.record_bytes)",
			      (unsigned long long)p->limits->record_bytes);
	room = buf_reserve(text, (size_t)e->size);
	if (!room)
		return buf_check(text, "a record", err);
	TRY(zip_view_unpack(zip, e, room, err));
	text->len += (size_t)e->size;
	return STATUS_OK;
}

static enum status parse_member(struct parser *p, const struct zip_view *zip, const struct zip_entry *e,
				struct buf *text, struct err *err)
{
	struct err why = ERR_INIT;
	enum status st;

	if (!slice_ends(e->name, SLICE(".json")))
		return STATUS_OK;
	st = unpack(p, zip, e, text, &why);
	if (st == STATUS_NOMEM) {
		*err = why;
		return st;
	}
	if (st != STATUS_OK) {
		diag_err(p->reader.out->diags, DIAG_RECORD, e->name, &why);
		return STATUS_OK;
	}
	p->unpacked += text->len;
	if (p->unpacked > p->limits->feed_bytes)
		return err_set(err, STATUS_LIMIT, "OSV: the archive unpacks to more than %llu bytes",
			       (unsigned long long)p->limits->feed_bytes);
	return parse_text(p, e->name, buf_slice(text), err);
}

/* Members lie in the order of the directory, as a rule: what is before one is not needed any more. */
static enum status parse_zip(struct parser *p, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)p->limits->record_bytes);
	struct zip_view zip;
	struct zip_entry e;
	uint64_t members = 0;
	enum status st;

	TRY(zip_view_open(p->doc->bytes, &zip, err));
	while ((st = zip_view_next(&zip, &e, err)) == STATUS_OK) {
		if (++members > p->limits->zip_members)
			return err_set(err, STATUS_LIMIT, "zip: more than %llu members (limits.zip_members)",
				       (unsigned long long)p->limits->zip_members);
		if (p->doc->passed) {
			p->doc->passed(p->doc->passed_ctx, 0, e.header);
			p->doc->passed(p->doc->passed_ctx, zip.begin, e.offset);
		}
		TRY(parse_member(p, &zip, &e, &text, err));
	}
	return st == STATUS_NOTFOUND ? STATUS_OK : st;
}

/* One record alone: here a broken one is a broken document. */
static enum status parse_one(struct parser *p, struct err *err)
{
	struct json_doc doc;
	enum status st;

	TRY(json_parse(p->doc->bytes, p->limits, &doc, err));
	if (json_get_str(doc.root, "id").len == 0)
		st = err_at(err, STATUS_MALFORMED, 0, "OSV: the record has no \"id\"");
	else
		st = osv_record(&p->reader, doc.root, SLICE_EMPTY, 0, err);
	json_doc_free(&doc);
	return st;
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .doc = doc, .limits = limits, .reader = osv_reader_make(out, doc->param, limits) };
	struct json_split split = { .visit = visit, .bad = bad, .ctx = &p };
	struct slice head = slice_trim(slice_take(doc->bytes, 64));
	enum status st;

	if (slice_starts(doc->bytes, SLICE("PK")))
		st = parse_zip(&p, err);
	else if (slice_starts(head, SLICE("[")))
		st = json_split(doc->bytes, limits, &split, err);
	else if (slice_starts(head, SLICE("{")))
		st = parse_one(&p, err);
	else
		st = err_at(err, STATUS_MALFORMED, 0, "OSV: a zip archive, a JSON array or a JSON object was expected");
	if (st == STATUS_OK)
		osv_reader_tell_skipped(&p.reader);
	osv_reader_fini(&p.reader);
	return st;
}

const struct feed_format feed_format_osv = { .name = "osv", .version = "17", .parse = parse };
