/* SPDX-License-Identifier: Apache-2.0 */
/* archive.c - documents in a tar, one by one. */
#include "feed/archive.h"

#include "io/codec.h"
#include "io/tar.h"

struct walk {
	const struct archive_reader *reader;
	struct source *packed; /* borrowed */
	struct buf text;       /* of one document */
};

static enum status read_member(struct walk *w, const struct tar_entry *entry, struct source *body, struct err *err)
{
	uint8_t block[16384];
	size_t n = 1;

	buf_reset(&w->text);
	while (n > 0) {
		TRY(source_read(body, block, sizeof(block), &n, err));
		buf_add(&w->text, slice_make(block, n));
		TRY(buf_check(&w->text, "advisory", err));
	}
	return w->reader->document(w->reader->ctx, entry->path, buf_slice(&w->text), err);
}

static enum status on_member(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err)
{
	struct walk *w = ctx;
	const struct archive_reader *r = w->reader;

	if (r->passed)
		r->passed(r->passed_ctx, 0, w->packed->pos);
	if (entry->type != TAR_FILE || !body || !r->wants(entry->path))
		return STATUS_OK;
	if (entry->size > r->limits->record_bytes) {
		diag_emit(r->diags, DIAG_LIMIT, entry->path, ERR_NO_OFFSET,
			  "the document has %llu bytes, %llu are the most (limits.record_bytes)",
			  (unsigned long long)entry->size, (unsigned long long)r->limits->record_bytes);
		return STATUS_OK;
	}
	return read_member(w, entry, body, err);
}

enum status archive_each(const struct archive_reader *r, struct slice bytes, struct err *err)
{
	struct walk w = { .reader = r,
			  .packed = source_from_slice(bytes),
			  .text = BUF_INIT((size_t)r->limits->record_bytes + 1) };
	struct source *plain = NULL;
	enum codec_id codec;
	enum status st;

	if (!w.packed)
		return err_nomem(err, "advisory");
	TRY(codec_open(w.packed, r->limits, &codec, &plain, err));
	if (codec == CODEC_PLAIN && !tar_claims(slice_take(bytes, 512))) {
		source_free(plain);
		return err_at(err, STATUS_MALFORMED, 0, "%s", r->what);
	}
	st = tar_walk(plain, r->limits, on_member, &w, r->diags, err);
	source_free(plain);
	buf_fini(&w.text);
	/* Of what was unpacked, which nobody has. */
	if (st != STATUS_OK && codec != CODEC_PLAIN)
		err->offset = ERR_NO_OFFSET;
	return st;
}
