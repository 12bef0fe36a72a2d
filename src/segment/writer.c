/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.c - collects advisories in any order and writes a segment whose bytes depend on their content alone.
 *
 * Texts are kept once and rows are 16 bytes while they are collected; bodies wait in an unlinked file. At the end rows
 * and advisories are sorted by content, and texts are numbered anew in that order.
 */
#include "segment/segment.h"

#include "base/ckd.h"
#include "io/file.h"
#include "segment/layout.h"
#include "segment/strpool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

struct pending_row {
	uint32_t scope, package, detail; /* in the pool */
	uint32_t advisory;               /* as added */
};

struct pending_advisory {
	uint32_t id; /* in the pool */
	uint32_t body_len;
	uint64_t body_at; /* in the spill file */
	uint64_t hash;
	uint32_t number; /* final, once sorted */
};

struct pending_alias {
	uint32_t id; /* in the pool */
	uint32_t advisory;
};

/* A row ready to be sorted: ranks compare as the texts do. */
struct sorted_row {
	uint64_t rank; /* scope above package */
	uint32_t advisory; /* final */
	uint32_t row;
};

/* A growing array on the heap: rows are too many for an arena that keeps its old copies. */
struct vector {
	void *at; /* owned */
	size_t len, cap, size;
};

struct segment_writer {
	char *dir; /* owned */
	struct arena arena;
	struct segment_meta meta; /* in the arena */
	const struct limits *limits;
	struct strpool pool;
	struct vector rows, advisories, aliases;
	struct vector by_hash; /* uint32_t table of advisories by content, 0 = free */
	int spill; /* unlinked file of bodies */
	struct buf spill_buf, scratch;
	uint64_t spilled; /* bytes written to it */
};

static void *push(struct vector *v)
{
	if (v->len == v->cap) {
		size_t cap = v->cap ? v->cap + v->cap / 2 : 256, bytes;
		void *at;

		if (CKD_MUL(&bytes, cap, v->size))
			return NULL;
		at = realloc(v->at, bytes);
		if (!at)
			return NULL;
		v->at = at;
		v->cap = cap;
	}
	return (unsigned char *)v->at + v->size * v->len++;
}

static struct pending_advisory *advisory_at(const struct segment_writer *w, size_t i)
{
	return (struct pending_advisory *)w->advisories.at + i;
}

void segment_writer_abort(struct segment_writer *w)
{
	if (!w)
		return;
	close_fd(&w->spill);
	buf_fini(&w->spill_buf);
	buf_fini(&w->scratch);
	strpool_fini(&w->pool);
	free(w->rows.at);
	free(w->advisories.at);
	free(w->aliases.at);
	free(w->by_hash.at);
	arena_fini(&w->arena);
	free(w->dir);
	free(w);
}

static int open_unlinked(const char *dir)
{
	char path[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	if ((size_t)snprintf(path, sizeof(path), "%s/bodies.XXXXXX", dir) >= sizeof(path))
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

enum status segment_writer_open(const char *dir, const struct segment_meta *meta, const struct limits *limits,
				struct segment_writer **out, struct err *err)
{
	struct segment_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_nomem(err, "segment");
	w->arena = (struct arena)ARENA_INIT((size_t)16 << 20);
	w->pool = (struct strpool)STRPOOL_INIT;
	w->spill_buf = (struct buf)BUF_INIT((size_t)64 << 20);
	w->scratch = (struct buf)BUF_INIT((size_t)64 << 20);
	w->rows.size = sizeof(struct pending_row);
	w->advisories.size = sizeof(struct pending_advisory);
	w->aliases.size = sizeof(struct pending_alias);
	w->by_hash.size = sizeof(uint32_t);
	w->limits = limits;
	w->dir = strdup(dir);
	w->meta = *meta;
	w->spill = open_unlinked(dir);
	if (w->spill < 0) {
		err_errno(err, "cannot make a temporary file in %s", dir);
		segment_writer_abort(w);
		return err->code;
	}
	if (!w->dir || !arena_copy(&w->arena, meta->source, &w->meta.source) ||
	    !arena_copy(&w->arena, meta->feed, &w->meta.feed) ||
	    !arena_copy(&w->arena, meta->origin, &w->meta.origin)) {
		segment_writer_abort(w);
		return err_nomem(err, "segment");
	}
	*out = w;
	return STATUS_OK;
}

/* ---- adding ---- */

static enum status spill_flush(struct segment_writer *w, struct err *err)
{
	enum status st = file_write_all(w->spill, buf_slice(&w->spill_buf), err);

	if (st != STATUS_OK)
		return err_wrap(err, "temporary file in %s", w->dir);
	w->spilled += w->spill_buf.len;
	buf_reset(&w->spill_buf);
	return STATUS_OK;
}

static uint32_t *hash_slot(const struct segment_writer *w, uint32_t id, uint64_t hash, uint32_t len)
{
	uint32_t *table = w->by_hash.at;
	size_t i = (size_t)(hash ^ id) & (w->by_hash.cap - 1);

	while (table[i] != 0) {
		const struct pending_advisory *a = advisory_at(w, table[i] - 1);

		if (a->hash == hash && a->id == id && a->body_len == len)
			break;
		i = (i + 1) & (w->by_hash.cap - 1);
	}
	return &table[i];
}

static bool grow_hash(struct segment_writer *w)
{
	size_t cap = w->by_hash.cap ? w->by_hash.cap * 2 : 1024;
	uint32_t *table = calloc(cap, sizeof(*table));

	if (!table)
		return false;
	free(w->by_hash.at);
	w->by_hash.at = table;
	w->by_hash.cap = cap;
	for (size_t i = 0; i < w->advisories.len; i++) {
		const struct pending_advisory *a = advisory_at(w, i);

		*hash_slot(w, a->id, a->hash, a->body_len) = (uint32_t)i + 1;
	}
	return true;
}

static enum status add_alias(struct segment_writer *w, struct slice id, uint32_t advisory, struct err *err)
{
	struct pending_alias *alias = push(&w->aliases);

	if (!alias)
		return err_nomem(err, "segment");
	alias->advisory = advisory;
	return strpool_put(&w->pool, id, &alias->id, err);
}

/* The number of the advisory: the one that has the same content, or a new one. */
static enum status add_advisory(struct segment_writer *w, const struct advisory *a, uint32_t *out, struct err *err)
{
	struct pending_advisory *p;
	uint32_t id, *slot;
	uint64_t hash;

	buf_reset(&w->scratch);
	layout_put_body(&w->scratch, a);
	TRY(buf_check(&w->scratch, "an advisory", err));
	TRY(strpool_put(&w->pool, a->id, &id, err));
	hash = layout_hash(buf_slice(&w->scratch), 0);
	if (w->advisories.len * 4 >= w->by_hash.cap * 3 && !grow_hash(w))
		return err_nomem(err, "segment");
	slot = hash_slot(w, id, hash, (uint32_t)w->scratch.len);
	if (*slot != 0) {
		*out = *slot - 1;
		return STATUS_OK;
	}
	p = push(&w->advisories);
	if (!p)
		return err_nomem(err, "segment");
	*out = (uint32_t)w->advisories.len - 1;
	*slot = *out + 1;
	*p = (struct pending_advisory){ .id = id,
					.body_len = (uint32_t)w->scratch.len,
					.body_at = w->spilled + w->spill_buf.len,
					.hash = hash };
	buf_add(&w->spill_buf, buf_slice(&w->scratch));
	TRY(buf_check(&w->spill_buf, "an advisory", err));
	if (w->spill_buf.len > (size_t)1 << 18)
		TRY(spill_flush(w, err));
	TRY(add_alias(w, a->id, *out, err));
	for (size_t i = 0; i < a->n_aliases; i++)
		if (!slice_eq(a->aliases[i], a->id))
			TRY(add_alias(w, a->aliases[i], *out, err));
	/* What an erratum fixes: CVE-2024-1 is asked for more often than ALSA-2024:1. */
	for (size_t i = 0; i < a->n_related; i++)
		TRY(add_alias(w, a->related[i], *out, err));
	return STATUS_OK;
}

enum status segment_writer_add(struct segment_writer *w, const struct advisory *a, struct err *err)
{
	uint32_t number = 0;

	TRY(add_advisory(w, a, &number, err));
	for (size_t i = 0; i < a->n_affected && a->withdrawn_s == DATE_NONE; i++) {
		struct pending_row *row = push(&w->rows);

		if (!row)
			return err_nomem(err, "segment");
		row->advisory = number;
		buf_reset(&w->scratch);
		layout_put_detail(&w->scratch, &a->affected[i]);
		TRY(buf_check(&w->scratch, "a row", err));
		TRY(strpool_put(&w->pool, a->affected[i].scope, &row->scope, err));
		TRY(strpool_put(&w->pool, a->affected[i].package, &row->package, err));
		TRY(strpool_put(&w->pool, buf_slice(&w->scratch), &row->detail, err));
	}
	return STATUS_OK;
}

/* ---- sorting ---- */

static int by_text(const void *pa, const void *pb, void *ctx)
{
	const struct strpool *pool = ctx;

	return slice_cmp(strpool_at(pool, *(const uint32_t *)pa), strpool_at(pool, *(const uint32_t *)pb));
}

static int by_advisory(const void *pa, const void *pb, void *ctx)
{
	const struct segment_writer *w = ctx;
	const struct pending_advisory *a = advisory_at(w, *(const uint32_t *)pa),
				      *b = advisory_at(w, *(const uint32_t *)pb);
	int c = a->id == b->id ? 0 : slice_cmp(strpool_at(&w->pool, a->id), strpool_at(&w->pool, b->id));

	if (c != 0)
		return c;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->body_len < b->body_len ? -1 : a->body_len > b->body_len;
}

static int by_row(const void *pa, const void *pb, void *ctx)
{
	const struct segment_writer *w = ctx;
	const struct sorted_row *a = pa, *b = pb;
	const struct pending_row *rows = w->rows.at;
	uint32_t da, db;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->advisory != b->advisory)
		return a->advisory < b->advisory ? -1 : 1;
	da = rows[a->row].detail;
	db = rows[b->row].detail;
	return da == db ? 0 : slice_cmp(strpool_at(&w->pool, da), strpool_at(&w->pool, db));
}

static int fold_cmp(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
			return to_lower(a.ptr[i]) < to_lower(b.ptr[i]) ? -1 : 1;
	return a.len < b.len ? -1 : a.len > b.len;
}

static int by_alias(const void *pa, const void *pb, void *ctx)
{
	const struct segment_writer *w = ctx;
	const struct pending_alias *a = pa, *b = pb;
	int c = a->id == b->id ? 0 : fold_cmp(strpool_at(&w->pool, a->id), strpool_at(&w->pool, b->id));

	if (c == 0 && a->id != b->id)
		c = slice_cmp(strpool_at(&w->pool, a->id), strpool_at(&w->pool, b->id));
	if (c != 0)
		return c;
	return advisory_at(w, a->advisory)->number < advisory_at(w, b->advisory)->number ? -1 : 1;
}

static int by_u32(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return a < b ? -1 : a > b;
}

/* Distinct pool offsets in their own order, and the rank of each by text. */
struct ranks {
	uint32_t *offsets, *rank; /* owned, parallel */
	size_t n;
};

static void ranks_fini(struct ranks *r)
{
	free(r->offsets);
	free(r->rank);
}

static uint32_t rank_of(const struct ranks *r, uint32_t offset)
{
	const uint32_t *p = bsearch(&offset, r->offsets, r->n, sizeof(offset), by_u32);

	return r->rank[p - r->offsets];
}

static bool ranks_make(struct ranks *r, const struct segment_writer *w, bool scopes)
{
	const struct pending_row *rows = w->rows.at;
	uint32_t *sorted;
	size_t n = 0;
	bool ok;

	r->offsets = malloc((w->rows.len + 1) * sizeof(*r->offsets));
	if (!r->offsets)
		return false;
	for (size_t i = 0; i < w->rows.len; i++)
		r->offsets[i] = scopes ? rows[i].scope : rows[i].package;
	qsort(r->offsets, w->rows.len, sizeof(*r->offsets), by_u32);
	for (size_t i = 0; i < w->rows.len; i++)
		if (i == 0 || r->offsets[i] != r->offsets[i - 1])
			r->offsets[n++] = r->offsets[i];
	r->n = n;
	r->rank = malloc((n + 1) * sizeof(*r->rank));
	sorted = malloc((n + 1) * sizeof(*sorted));
	ok = r->rank && sorted;
	if (ok) {
		memcpy(sorted, r->offsets, n * sizeof(*sorted));
		qsort_r(sorted, n, sizeof(*sorted), by_text, (void *)(uintptr_t)&w->pool);
		for (size_t i = 0; i < n; i++) {
			const uint32_t *p = bsearch(&sorted[i], r->offsets, n, sizeof(*sorted), by_u32);

			r->rank[p - r->offsets] = (uint32_t)i;
		}
	}
	free(sorted);
	return ok;
}

static enum status sort_rows(struct segment_writer *w, struct sorted_row **out, struct err *err)
{
	struct ranks AUTO(ranks_fini) scopes = { NULL, NULL, 0 }, packages = { NULL, NULL, 0 };
	const struct pending_row *rows = w->rows.at;
	struct sorted_row *sorted;

	if (!ranks_make(&scopes, w, true) || !ranks_make(&packages, w, false))
		return err_nomem(err, "segment");
	sorted = malloc((w->rows.len + 1) * sizeof(*sorted));
	if (!sorted)
		return err_nomem(err, "segment");
	for (size_t i = 0; i < w->rows.len; i++)
		sorted[i] = (struct sorted_row){ (uint64_t)rank_of(&scopes, rows[i].scope) << 32 |
							 rank_of(&packages, rows[i].package),
						 advisory_at(w, rows[i].advisory)->number, (uint32_t)i };
	qsort_r(sorted, w->rows.len, sizeof(*sorted), by_row, w);
	*out = sorted;
	return STATUS_OK;
}

/* ---- writing ---- */

struct output {
	struct segment_writer *w;
	struct file_writer *file; /* owned */
	struct layout_header header;
	struct strpool pool; /* texts in their final order */
	struct buf buf;
	uint64_t at; /* bytes written */
};

static enum status begin_section(struct output *o, enum layout_section s, struct err *err)
{
	(void)err;
	o->header.section[s].offset = o->at + o->buf.len;
	return STATUS_OK;
}

static enum status flush(struct output *o, bool all, struct err *err)
{
	if (!all && o->buf.len < (size_t)1 << 18)
		return STATUS_OK;
	TRY(buf_check(&o->buf, "segment", err));
	TRY(file_writer_put(o->file, buf_slice(&o->buf), err));
	o->at += o->buf.len;
	buf_reset(&o->buf);
	return STATUS_OK;
}

static enum status end_section(struct output *o, enum layout_section s, struct err *err)
{
	TRY(flush(o, true, err));
	o->header.section[s].len = o->at - o->header.section[s].offset;
	return STATUS_OK;
}

static enum status put_text(struct output *o, uint32_t pending, struct err *err)
{
	uint32_t final;

	TRY(strpool_put(&o->pool, strpool_at(&o->w->pool, pending), &final, err));
	layout_u32(&o->buf, final);
	return STATUS_OK;
}

struct blocks {
	struct buf body, packed, frames, index;
	uint32_t n;
};

static void blocks_fini(struct blocks *b)
{
	buf_fini(&b->body);
	buf_fini(&b->packed);
	buf_fini(&b->frames);
	buf_fini(&b->index);
}

static enum status end_block(struct blocks *b, struct err *err)
{
	size_t bound = ZSTD_compressBound(b->body.len), n;
	uint8_t *p;

	if (b->body.len == 0)
		return STATUS_OK;
	layout_u64(&b->index, b->frames.len);
	p = buf_reserve(&b->frames, bound);
	if (!p)
		return buf_check(&b->frames, "the advisories of a segment", err);
	n = ZSTD_compress(p, bound, b->body.ptr, b->body.len, 3);
	if (ZSTD_isError(n))
		return err_set(err, STATUS_BUG, "zstd: %s", ZSTD_getErrorName(n));
	b->frames.len += n;
	layout_u32(&b->index, (uint32_t)n);
	layout_u32(&b->index, (uint32_t)b->body.len);
	buf_reset(&b->body);
	b->n++;
	return buf_check(&b->index, "segment", err);
}

static enum status put_body(struct segment_writer *w, const struct pending_advisory *a, struct blocks *b,
			    struct err *err)
{
	uint8_t *p;
	ssize_t n;

	if (b->body.len > 0 && b->body.len + a->body_len > LAYOUT_BLOCK_BYTES)
		TRY(end_block(b, err));
	p = buf_reserve(&b->body, a->body_len);
	if (!p)
		return err_nomem(err, "segment");
	n = pread(w->spill, p, a->body_len, (off_t)a->body_at);
	if (n != (ssize_t)a->body_len)
		return err_errno(err, "temporary file in %s", w->dir);
	b->body.len += a->body_len;
	return STATUS_OK;
}

static enum status write_advisories(struct output *o, const uint32_t *order, struct blocks *b, struct err *err)
{
	struct segment_writer *w = o->w;

	TRY(begin_section(o, LAYOUT_ADVISORIES, err));
	for (size_t i = 0; i < w->advisories.len; i++) {
		const struct pending_advisory *a = advisory_at(w, order[i]);

		TRY(put_text(o, a->id, err));
		TRY(put_body(w, a, b, err));
		layout_u32(&o->buf, b->n);
		layout_u32(&o->buf, (uint32_t)(b->body.len - a->body_len));
		layout_u32(&o->buf, a->body_len);
		layout_u64(&o->buf, a->hash);
		TRY(flush(o, false, err));
	}
	TRY(end_block(b, err));
	TRY(end_section(o, LAYOUT_ADVISORIES, err));
	o->header.advisories = (uint32_t)w->advisories.len;
	o->header.blocks = b->n;
	TRY(begin_section(o, LAYOUT_BLOCKS, err));
	buf_add(&o->buf, buf_slice(&b->index));
	TRY(flush(o, true, err));
	buf_add(&o->buf, buf_slice(&b->frames));
	return end_section(o, LAYOUT_BLOCKS, err);
}

struct tables {
	struct buf scopes, keys;
};

static void tables_fini(struct tables *t)
{
	buf_fini(&t->scopes);
	buf_fini(&t->keys);
}

static enum status add_key(struct output *o, struct tables *t, const struct pending_row *row, bool new_scope,
			   struct err *err)
{
	uint32_t name;

	if (new_scope) {
		TRY(strpool_put(&o->pool, strpool_at(&o->w->pool, row->scope), &name, err));
		layout_u32(&t->scopes, name);
		layout_u32(&t->scopes, o->header.keys);
		layout_u32(&t->scopes, o->header.rows);
		o->header.scopes++;
	}
	TRY(strpool_put(&o->pool, strpool_at(&o->w->pool, row->package), &name, err));
	layout_u32(&t->keys, name);
	layout_u32(&t->keys, o->header.rows);
	o->header.keys++;
	return STATUS_OK;
}

static enum status write_rows(struct output *o, const struct sorted_row *sorted, struct tables *t, struct err *err)
{
	const struct pending_row *rows = o->w->rows.at;

	TRY(begin_section(o, LAYOUT_ROWS, err));
	for (size_t i = 0; i < o->w->rows.len; i++) {
		const struct sorted_row *s = &sorted[i], *last = i > 0 ? &sorted[i - 1] : NULL;

		if (last && by_row(last, s, o->w) == 0)
			continue; /* said twice */
		if (!last || last->rank != s->rank)
			TRY(add_key(o, t, &rows[s->row], !last || last->rank >> 32 != s->rank >> 32, err));
		TRY(put_text(o, rows[s->row].detail, err));
		layout_u32(&o->buf, s->advisory);
		o->header.rows++;
		TRY(flush(o, false, err));
	}
	TRY(end_section(o, LAYOUT_ROWS, err));
	TRY(begin_section(o, LAYOUT_SCOPES, err));
	buf_add(&o->buf, buf_slice(&t->scopes));
	TRY(end_section(o, LAYOUT_SCOPES, err));
	TRY(begin_section(o, LAYOUT_KEYS, err));
	buf_add(&o->buf, buf_slice(&t->keys));
	return end_section(o, LAYOUT_KEYS, err);
}

static enum status write_aliases(struct output *o, struct err *err)
{
	struct segment_writer *w = o->w;
	const struct pending_alias *aliases = w->aliases.at;

	if (w->aliases.len > 0)
		qsort_r(w->aliases.at, w->aliases.len, sizeof(struct pending_alias), by_alias, w);
	TRY(begin_section(o, LAYOUT_ALIASES, err));
	for (size_t i = 0; i < w->aliases.len; i++) {
		TRY(put_text(o, aliases[i].id, err));
		layout_u32(&o->buf, advisory_at(w, aliases[i].advisory)->number);
		TRY(flush(o, false, err));
	}
	o->header.aliases = (uint32_t)w->aliases.len;
	return end_section(o, LAYOUT_ALIASES, err);
}

static enum status write_rest(struct output *o, struct err *err)
{
	uint8_t header[LAYOUT_HEADER_BYTES];

	TRY(begin_section(o, LAYOUT_STRINGS, err));
	TRY(file_writer_put(o->file, buf_slice(&o->pool.heap), err));
	o->at += o->pool.heap.len;
	TRY(end_section(o, LAYOUT_STRINGS, err));
	TRY(begin_section(o, LAYOUT_META, err));
	layout_text(&o->buf, o->w->meta.source);
	layout_text(&o->buf, o->w->meta.feed);
	layout_text(&o->buf, o->w->meta.origin);
	layout_u64(&o->buf, (uint64_t)o->w->meta.upstream_s);
	TRY(end_section(o, LAYOUT_META, err));
	o->header.file_size = o->at;
	layout_header_print(&o->header, header);
	if (pwrite(file_writer_fd(o->file), header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return err_errno(err, "cannot write a segment in %s", o->w->dir);
	return STATUS_OK;
}

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

static enum status write_file(struct output *o, const uint32_t *order, const struct sorted_row *sorted, struct err *err)
{
	struct blocks AUTO(blocks_fini) blocks = { .body = BUF_INIT((size_t)64 << 20),
						   .packed = BUF_INIT((size_t)64 << 20),
						   .frames = BUF_INIT((size_t)1 << 30),
						   .index = BUF_INIT((size_t)256 << 20) };
	struct tables AUTO(tables_fini) tables = { BUF_INIT((size_t)1 << 28), BUF_INIT((size_t)1 << 30) };
	static const uint8_t zeros[LAYOUT_HEADER_BYTES];
	uint32_t first;

	buf_add(&o->buf, slice_make(zeros, sizeof(zeros)));
	/* Offset 0 is the empty text, so that damaged zeros name something harmless. */
	TRY(strpool_put(&o->pool, SLICE_EMPTY, &first, err));
	TRY(write_rows(o, sorted, &tables, err));
	TRY(write_advisories(o, order, &blocks, err));
	TRY(write_aliases(o, err));
	return write_rest(o, err);
}

static enum status sort_and_write(struct segment_writer *w, struct output *o, struct err *err)
{
	uint32_t *order = malloc((w->advisories.len + 1) * sizeof(*order));
	struct sorted_row *sorted = NULL;
	enum status st;

	if (!order)
		return err_nomem(err, "segment");
	for (size_t i = 0; i < w->advisories.len; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, w->advisories.len, sizeof(*order), by_advisory, w);
	for (size_t i = 0; i < w->advisories.len; i++)
		advisory_at(w, order[i])->number = (uint32_t)i;
	st = sort_rows(w, &sorted, err);
	if (st == STATUS_OK)
		st = write_file(o, order, sorted, err);
	free(sorted);
	free(order);
	return st;
}

static enum status publish(struct output *o, struct digest *out_digest, struct err *err)
{
	struct digest_text text;
	struct slice hex;
	struct file_writer *file = o->file;
	char name[160];

	TRY(digest_of_file(file_writer_fd(file), out_digest, err));
	slice_cut(slice_cstr(digest_print(&text, out_digest)), ':', NULL, &hex);
	snprintf(name, sizeof(name), "%.*s.seg", SLICE_ARG(hex));
	o->file = NULL;
	return file_writer_commit(file, name, err);
}

enum status segment_writer_finish(struct segment_writer *w, struct digest *out_digest, struct segment_stats *out_stats,
				  struct err *err)
{
	struct output o = { .w = w, .pool = STRPOOL_INIT, .buf = BUF_INIT((size_t)1 << 31) };
	char path[4096];
	enum status st = STATUS_OK;

	if ((size_t)snprintf(path, sizeof(path), "%s/building", w->dir) >= sizeof(path))
		st = err_set(err, STATUS_INVALID, "the path is too long: %s", w->dir);
	if (st == STATUS_OK)
		st = spill_flush(w, err);
	if (st == STATUS_OK)
		st = file_writer_open(path, &o.file, err);
	if (st == STATUS_OK)
		st = sort_and_write(w, &o, err);
	if (st == STATUS_OK)
		st = publish(&o, out_digest, err);
	if (st == STATUS_OK)
		*out_stats = (struct segment_stats){ o.header.advisories, o.header.rows, o.header.scopes,
						     o.header.file_size };
	file_writer_abort(o.file);
	strpool_fini(&o.pool);
	buf_fini(&o.buf);
	segment_writer_abort(w);
	return st;
}
