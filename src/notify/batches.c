/* SPDX-License-Identifier: Apache-2.0 */
/* batches.c - what deliverers to brokers share: several entries in one message, and why several brokers failed. */
#include "notify/deliverer_impl.h"

#include <stdio.h>

static enum status flush(const struct delivery_batches *b, struct buf *body, struct err *err)
{
	buf_add_cstr(body, "]\n");
	TRY(buf_check(body, "a message", err));
	TRY(b->flush(b->ctx, buf_slice(body), err));
	buf_reset(body);
	return STATUS_OK;
}

enum status deliverer_batches(const struct delivery_batches *b, const struct delivery_message *m, struct buf *body,
			      bool *out_never, struct err *err)
{
	int64_t in_it = 0;

	buf_reset(body);
	TRY(deliverer_rewind(m, err));
	for (;;) {
		struct slice entry;

		TRY(m->next(m->ctx, &entry, err));
		if (entry.len == 0)
			break;
		if (entry.len + 3 > b->max_bytes) {
			*out_never = true;
			return err_set(err, STATUS_LIMIT, "an entry of %zu bytes: limpid.limits.message_bytes is %llu",
				       entry.len, (unsigned long long)b->max_bytes);
		}
		if (in_it > 0 && (in_it >= b->rollup || body->len + 3 + entry.len > b->max_bytes)) {
			TRY(flush(b, body, err));
			in_it = 0;
		}
		buf_add_byte(body, in_it++ ? ',' : '[');
		buf_add(body, entry);
	}
	return in_it > 0 ? flush(b, body, err) : STATUS_OK;
}

void delivery_reasons_add(struct delivery_reasons *r, const struct err *err)
{
	size_t at = strlen(r->text);

	snprintf(r->text + at, sizeof(r->text) - at, "%s%s", at ? "; " : "", err->msg);
	/* What the operator must do something about counts more than what passes. */
	if (r->first == STATUS_OK || (err->code == STATUS_AUTH && r->first != STATUS_AUTH)) {
		r->first = err->code;
		r->code = err->sys_errno;
	}
}

enum status delivery_reasons_end(const struct delivery_reasons *r, struct err *err)
{
	err_set(err, r->first, "%s", r->text);
	err->sys_errno = r->code;
	return err->code;
}
