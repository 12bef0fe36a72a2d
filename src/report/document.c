/* SPDX-License-Identifier: Apache-2.0 */
/* document.c - JSON documents in pieces. */
#include "report/document.h"

#define PIECE ((size_t)64 << 10)

void document_init(struct document *d, const struct report_out *out, unsigned indent)
{
	d->buf = (struct buf)BUF_INIT((size_t)1 << 30);
	d->out = out;
	json_writer_init(&d->w, &d->buf, indent);
}

void document_fini(struct document *d)
{
	buf_fini(&d->buf);
}

static enum status hand_on(struct document *d, struct err *err)
{
	TRY(buf_check(&d->buf, "report", err));
	TRY(d->out->write(d->out->ctx, buf_slice(&d->buf), err));
	buf_reset(&d->buf);
	return STATUS_OK;
}

enum status document_flush(struct document *d, struct err *err)
{
	return d->buf.len < PIECE ? STATUS_OK : hand_on(d, err);
}

enum status document_rest(struct document *d, struct err *err)
{
	return hand_on(d, err);
}

enum status document_end(struct document *d, struct err *err)
{
	TRY(json_writer_end(&d->w, err));
	buf_add_byte(&d->buf, '\n');
	return hand_on(d, err);
}

void document_digest(struct json_writer *w, const char *key, const struct digest *digest)
{
	struct digest_text text;

	json_member_cstr(w, key, digest_print(&text, digest));
}

void document_epss(struct json_writer *w, const struct enrichment *e)
{
	json_key(w, "epss");
	json_object(w);
	json_member_str(w, "cve", e->cve);
	json_key(w, "probability");
	json_double(w, MAX(enrichment_fraction(e->epss->probability), 0.0));
	if (e->epss->percentile.len > 0) {
		json_key(w, "percentile");
		json_double(w, MAX(enrichment_fraction(e->epss->percentile), 0.0));
	}
	json_member_str(w, "date", e->epss->date);
	json_member_str(w, "model", e->epss->model);
	json_close(w);
}

void document_kev(struct json_writer *w, const struct enrichment *e)
{
	json_key(w, "kev");
	json_object(w);
	json_member_str(w, "cve", e->cve);
	json_member_str(w, "date_added", e->kev->added);
	json_member_str(w, "due_date", e->kev->due);
	json_member_str(w, "ransomware", e->kev->ransomware);
	json_close(w);
}
