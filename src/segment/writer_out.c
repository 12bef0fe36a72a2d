/* SPDX-License-Identifier: Apache-2.0 */
/* writer_out.c - writes the sections of a segment; texts get their final places in the order of their first use. */
#include "segment/writer_impl.h"

#include "io/file.h"
#include "segment/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#define FLUSH_AT ((size_t)1 << 18)
#define ZSTD_LEVEL 3
/* Bodies that are read at a time: about a third of a large feed's, so that neighbours in their file are among them. */
#define BODIES_HELD ((uint64_t)8 << 20)

struct output {
	struct segment_writer *w;
	struct writer_order *order;
	struct file_writer *file; /* owned */
	struct layout_header header;
	struct buf buf;
	uint64_t at;	  /* bytes written */
	uint32_t *place;  /* owned; of each text in the final heap; 0 = has none yet, or the empty text */
	uint32_t *placed; /* owned; texts in the order of their places */
	uint32_t n_placed, heap_len;
	struct buf scopes, keys, blocks; /* tables that are known once another section is written */
	struct buf bodies;		 /* of the blocks at work */
	ZSTD_CCtx *zstd;		 /* owned */
};

/* The writer's caps on entries bound the tables. */
#define TABLE_MAX (SIZE_MAX / 4)

static void output_fini(struct output *o)
{
	file_writer_abort(o->file);
	buf_fini(&o->buf);
	free(o->place);
	free(o->placed);
	buf_fini(&o->scopes);
	buf_fini(&o->keys);
	buf_fini(&o->blocks);
	buf_fini(&o->bodies);
	ZSTD_freeCCtx(o->zstd);
}

static enum status flush(struct output *o, bool all, struct err *err)
{
	if (!all && o->buf.len < FLUSH_AT)
		return STATUS_OK;
	TRY(buf_check(&o->buf, "segment", err));
	TRY(file_writer_put(o->file, buf_slice(&o->buf), err));
	o->at += o->buf.len;
	buf_reset(&o->buf);
	return STATUS_OK;
}

static void begin_section(struct output *o, enum layout_section s)
{
	o->header.section[s].offset = o->at + o->buf.len;
}

static enum status end_section(struct output *o, enum layout_section s, struct err *err)
{
	TRY(flush(o, true, err));
	o->header.section[s].len = o->at - o->header.section[s].offset;
	return STATUS_OK;
}

static enum status write_table(struct output *o, enum layout_section s, const struct buf *table, struct err *err)
{
	TRY(buf_check(table, "segment", err));
	begin_section(o, s);
	buf_add(&o->buf, buf_slice(table));
	return end_section(o, s, err);
}

static void put_text(struct output *o, struct buf *to, uint32_t text)
{
	if (o->place[text] == 0 && text != 0) {
		o->place[text] = o->heap_len;
		o->heap_len += (uint32_t)strpool_coded(&o->w->pool, text).len;
		o->placed[o->n_placed++] = text;
	}
	layout_u32(to, o->place[text]);
}

/* ---- bodies ---- */

static enum status put_block(struct output *o, struct slice bodies, struct err *err)
{
	size_t bound = ZSTD_compressBound(bodies.len), n;
	uint8_t *p = buf_reserve(&o->buf, bound);

	if (!p)
		return buf_check(&o->buf, "the advisories of a segment", err);
	n = ZSTD_compressCCtx(o->zstd, p, bound, bodies.ptr, bodies.len, ZSTD_LEVEL);
	if (ZSTD_isError(n))
		return err_set(err, STATUS_BUG, "zstd: %s", ZSTD_getErrorName(n));
	layout_u64(&o->blocks, o->at + o->buf.len - o->header.section[LAYOUT_BODIES].offset);
	layout_u32(&o->blocks, (uint32_t)n);
	layout_u32(&o->blocks, (uint32_t)bodies.len);
	o->buf.len += n;
	o->header.blocks++;
	return flush(o, false, err);
}

/*
 * What is in a body decides whether a block begins with it, so that one that comes or goes moves the ends of its own
 * block and not those of all that follow: two states of a source share most of their blocks, byte for byte
 * (carry/delta.h). Between the shortest and the longest it is by chance, as often as makes them LAYOUT_BLOCK_BYTES on
 * average.
 */
static bool starts_block(uint64_t block_len, const struct pending_advisory *a)
{
	uint64_t chance = a->hash * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	if (block_len == 0 || block_len < LAYOUT_BLOCK_BYTES / 2)
		return block_len > 0 && block_len + a->body_len > LAYOUT_BLOCK_LONGEST;
	return block_len + a->body_len > LAYOUT_BLOCK_LONGEST ||
	       chance * (LAYOUT_BLOCK_BYTES / 2) < (uint64_t)a->body_len << 32;
}

/* From *at on, a place in the final order, to where the next block begins: the length of the block. */
static uint64_t pass_block(const struct output *o, uint32_t *at)
{
	uint64_t len = 0;

	for (; *at < o->order->n_advisories; ++*at) {
		const struct pending_advisory *a = writer_advisory(o->w, o->order->advisories[*at]);

		if (starts_block(len, a))
			break;
		len += a->body_len;
	}
	return len;
}

/* Some blocks at a time. */
static enum status write_blocks(struct output *o, uint32_t *at, struct err *err)
{
	uint32_t begin = *at, end = *at;
	struct slice rest;

	for (uint64_t len = 0; len < BODIES_HELD && end < o->order->n_advisories;)
		len += pass_block(o, &end);
	buf_reset(&o->bodies);
	TRY(writer_read_bodies(o->w, o->order->advisories + begin, end - begin, &o->bodies, err));
	for (rest = buf_slice(&o->bodies); *at < end;) {
		size_t len = (size_t)pass_block(o, at);

		TRY(put_block(o, slice_take(rest, len), err));
		rest = slice_from(rest, len);
	}
	return STATUS_OK;
}

static enum status write_bodies(struct output *o, struct err *err)
{
	begin_section(o, LAYOUT_BODIES);
	for (uint32_t at = 0; at < o->order->n_advisories;)
		TRY(write_blocks(o, &at, err));
	buf_fini(&o->bodies);
	TRY(end_section(o, LAYOUT_BODIES, err));
	return write_table(o, LAYOUT_BLOCKS, &o->blocks, err);
}

static enum status write_advisories(struct output *o, struct err *err)
{
	uint32_t block = 0;
	uint64_t at = 0;

	begin_section(o, LAYOUT_ADVISORIES);
	for (uint32_t i = 0; i < o->order->n_advisories; i++) {
		const struct pending_advisory *a = writer_advisory(o->w, o->order->advisories[i]);

		if (starts_block(at, a)) {
			block++;
			at = 0;
		}
		put_text(o, &o->buf, a->id);
		layout_u32(&o->buf, block);
		layout_u32(&o->buf, (uint32_t)at);
		layout_u32(&o->buf, a->body_len);
		layout_u64(&o->buf, a->hash);
		at += a->body_len;
		TRY(flush(o, false, err));
	}
	o->header.advisories = o->order->n_advisories;
	return end_section(o, LAYOUT_ADVISORIES, err);
}

/* ---- rows and ids ---- */

static enum status write_rows(struct output *o, struct err *err)
{
	struct pending_row row, last = { 0 };
	enum status st;
	uint32_t i = 0;

	begin_section(o, LAYOUT_ROWS);
	for (; (st = writer_next_row(o->w, o->order, &row, err)) == STATUS_OK; i++) {
		bool new_scope = i == 0 || last.scope != row.scope;

		if (new_scope) {
			put_text(o, &o->scopes, row.scope);
			layout_u32(&o->scopes, o->header.keys);
			layout_u32(&o->scopes, i);
			o->header.scopes++;
		}
		if (new_scope || last.package != row.package) {
			put_text(o, &o->keys, row.package);
			layout_u32(&o->keys, i);
			o->header.keys++;
		}
		put_text(o, &o->buf, row.detail);
		layout_u32(&o->buf, o->w->numbers[row.advisory]);
		TRY(flush(o, false, err));
		last = row;
	}
	if (st != STATUS_NOTFOUND)
		return st;
	o->header.rows = i;
	TRY(end_section(o, LAYOUT_ROWS, err));
	TRY(write_table(o, LAYOUT_SCOPES, &o->scopes, err));
	return write_table(o, LAYOUT_KEYS, &o->keys, err);
}

static enum status write_aliases(struct output *o, struct err *err)
{
	begin_section(o, LAYOUT_ALIASES);
	for (uint32_t i = 0; i < o->order->n_aliases; i++) {
		const struct pending_alias *a = writer_alias(o->w, o->order->aliases[i]);

		put_text(o, &o->buf, a->id);
		layout_u32(&o->buf, o->w->numbers[a->advisory]);
		TRY(flush(o, false, err));
	}
	o->header.aliases = o->order->n_aliases;
	return end_section(o, LAYOUT_ALIASES, err);
}

static enum status write_strings(struct output *o, struct err *err)
{
	begin_section(o, LAYOUT_STRINGS);
	buf_add(&o->buf, strpool_coded(&o->w->pool, 0));
	for (uint32_t i = 0; i < o->n_placed; i++) {
		buf_add(&o->buf, strpool_coded(&o->w->pool, o->placed[i]));
		TRY(flush(o, false, err));
	}
	return end_section(o, LAYOUT_STRINGS, err);
}

static enum status write_meta(struct output *o, struct err *err)
{
	begin_section(o, LAYOUT_META);
	layout_text(&o->buf, o->w->meta.source);
	layout_text(&o->buf, o->w->meta.feed);
	layout_text(&o->buf, o->w->meta.origin);
	layout_u64(&o->buf, (uint64_t)o->w->meta.upstream_s);
	return end_section(o, LAYOUT_META, err);
}

static enum status write_sections(struct output *o, struct err *err)
{
	static const uint8_t zeros[LAYOUT_HEADER_BYTES];
	uint8_t header[LAYOUT_HEADER_BYTES];

	buf_add(&o->buf, slice_make(zeros, sizeof(zeros)));
	TRY(write_bodies(o, err));
	TRY(write_rows(o, err));
	TRY(write_advisories(o, err));
	TRY(write_aliases(o, err));
	TRY(write_strings(o, err));
	TRY(write_meta(o, err));
	o->header.file_size = o->at;
	TRY(layout_header_print(&o->header, header, err));
	if (pwrite(file_writer_fd(o->file), header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return err_errno(err, "cannot write a segment in %s", o->w->dir);
	return STATUS_OK;
}

/* ---- the file ---- */

static enum status digest_of_file(int fd, struct digest *out, struct err *err)
{
	struct source *s = source_from_fd(fd, 0, UINT64_MAX);
	struct source *d = s ? digest_source(s, DIGEST_SHA256) : NULL;
	enum status st;

	if (!d)
		return err_nomem(err, "segment");
	st = source_drain(d, err);
	if (st == STATUS_OK)
		st = digest_source_result(d, out, err);
	source_free(d);
	return st;
}

static enum status publish(struct output *o, struct digest *out_digest, struct err *err)
{
	struct file_writer *file = o->file;
	struct layout_name name;

	TRY(digest_of_file(file_writer_fd(file), out_digest, err));
	o->file = NULL;
	return file_writer_commit(file, layout_file_name(&name, out_digest), err);
}

enum status writer_write(struct segment_writer *w, struct writer_order *order, struct digest *out_digest,
			 struct segment_stats *out_stats, struct err *err)
{
	struct output AUTO(output_fini) o = { .w = w,
					      .order = order,
					      .buf = BUF_INIT(TABLE_MAX),
					      .scopes = BUF_INIT(TABLE_MAX),
					      .keys = BUF_INIT(TABLE_MAX),
					      .blocks = BUF_INIT(TABLE_MAX),
					      .bodies = BUF_INIT(BODIES_HELD + LAYOUT_BLOCK_LONGEST + LAYOUT_BODY_MAX),
					      .heap_len = 1 };
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/" LAYOUT_BUILDING, w->dir) >= sizeof(path))
		return err_set(err, STATUS_INVALID, "the path is too long: %s", w->dir);
	o.place = calloc(w->pool.n, sizeof(*o.place));
	o.placed = malloc(w->pool.n * sizeof(*o.placed));
	o.zstd = ZSTD_createCCtx();
	if (!o.place || !o.placed || !o.zstd)
		return err_nomem(err, "segment");
	TRY(file_writer_open(path, &o.file, err));
	TRY(write_sections(&o, err));
	TRY(publish(&o, out_digest, err));
	*out_stats = (struct segment_stats){ o.header.advisories, o.header.rows, o.header.scopes, o.header.file_size };
	return STATUS_OK;
}
