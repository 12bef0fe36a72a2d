/* SPDX-License-Identifier: Apache-2.0 */
/* markup.c - XML documents in pieces. */
#include "report/markup.h"

#define PIECE ((size_t)64 << 10)

void markup_init(struct markup *m, const struct report_out *out)
{
	m->buf = (struct buf)BUF_INIT((size_t)1 << 30);
	m->out = out;
	xml_writer_init(&m->w, &m->buf);
}

void markup_fini(struct markup *m)
{
	buf_fini(&m->buf);
}

static enum status hand_on(struct markup *m, struct err *err)
{
	TRY(buf_check(&m->buf, "report", err));
	TRY(m->out->write(m->out->ctx, buf_slice(&m->buf), err));
	buf_reset(&m->buf);
	return STATUS_OK;
}

enum status markup_flush(struct markup *m, struct err *err)
{
	return m->buf.len < PIECE ? STATUS_OK : hand_on(m, err);
}

enum status markup_end(struct markup *m, struct err *err)
{
	TRY(xml_writer_end(&m->w, err));
	buf_add_byte(&m->buf, '\n');
	return hand_on(m, err);
}
