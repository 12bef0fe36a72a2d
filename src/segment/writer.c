/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.c - collects advisories in any order; what is written depends on their content alone.
 *
 * Texts are kept once and a row is 16 bytes while it waits; bodies wait in an unlinked file.
 */
#include "segment/writer_impl.h"

#include "base/ckd.h"
#include "io/file.h"
#include "segment/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SPILL_AT ((size_t)1 << 18)

static bool vector_reserve(struct vector *v)
{
	size_t cap = v->cap ? v->cap + v->cap / 2 : 256, bytes;
	void *at;

	if (v->len < v->cap)
		return true;
	if (CKD_MUL(&bytes, cap, v->size))
		return false;
	at = realloc(v->at, bytes);
	if (!at)
		return false;
	v->at = at;
	v->cap = cap;
	return true;
}

/* Room for one more entry, or why there is none. */
static enum status make_room(const struct segment_writer *w, struct vector *v, struct err *err)
{
	if (v->len >= MIN(w->limits->segment_entries, UINT32_MAX - 1))
		return err_set(err, STATUS_LIMIT, "more than %zu rows, advisories or ids in one segment", v->len);
	return vector_reserve(v) ? STATUS_OK : err_nomem(err, "segment");
}

void segment_writer_abort(struct segment_writer *w)
{
	if (!w)
		return;
	close_fd(&w->spill);
	close_fd(&w->row_file);
	buf_fini(&w->spill_buf);
	buf_fini(&w->scratch);
	strpool_fini(&w->pool);
	free(w->rows.at);
	free(w->advisories.at);
	free(w->numbers);
	free(w->aliases.at);
	free(w->by_hash.at);
	arena_fini(&w->arena);
	free(w->dir);
	free(w);
}

int writer_open_unlinked(const char *dir)
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

enum status writer_read(const struct segment_writer *w, int fd, uint64_t from, uint8_t *to, size_t n, struct err *err)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = pread(fd, to + at, n - at, (off_t)(from + at));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_errno(err, "temporary file in %s", w->dir);
		at += (size_t)got;
	}
	return STATUS_OK;
}

static enum status fill(struct segment_writer *w, const char *dir, const struct segment_meta *meta, struct err *err)
{
	uint32_t empty;

	w->meta = *meta;
	w->dir = strdup(dir);
	if (!w->dir || !arena_copy(&w->arena, meta->source, &w->meta.source) ||
	    !arena_copy(&w->arena, meta->feed, &w->meta.feed) || !arena_copy(&w->arena, meta->origin, &w->meta.origin))
		return err_nomem(err, "segment");
	TRY(strpool_put(&w->pool, SLICE_EMPTY, &empty, err));
	w->spill = writer_open_unlinked(dir);
	return w->spill < 0 ? err_errno(err, "cannot make a temporary file in %s", dir) : STATUS_OK;
}

enum status segment_writer_open(const char *dir, const struct segment_meta *meta, const struct limits *limits,
				struct segment_writer **out, struct err *err)
{
	struct segment_writer *w = calloc(1, sizeof(*w));
	enum status st;

	if (!w)
		return err_nomem(err, "segment");
	w->arena = (struct arena)ARENA_INIT((size_t)16 << 20);
	w->pool = (struct strpool)STRPOOL_INIT(limits->segment_text_bytes);
	w->spill_buf = (struct buf)BUF_INIT(SPILL_AT + LAYOUT_BODY_MAX);
	w->scratch = (struct buf)BUF_INIT(LAYOUT_BODY_MAX);
	w->rows.size = sizeof(struct pending_row);
	w->advisories.size = sizeof(struct pending_advisory);
	w->aliases.size = sizeof(struct pending_alias);
	w->by_hash.size = sizeof(struct hash_slot);
	w->limits = limits;
	w->spill = w->row_file = -1;
	st = fill(w, dir, meta, err);
	if (st == STATUS_OK)
		*out = w;
	else
		segment_writer_abort(w);
	return st;
}

static enum status spill_flush(struct segment_writer *w, struct err *err)
{
	enum status st = file_write_all(w->spill, buf_slice(&w->spill_buf), err);

	if (st != STATUS_OK)
		return err_wrap(err, "temporary file in %s", w->dir);
	w->spilled += w->spill_buf.len;
	buf_reset(&w->spill_buf);
	return STATUS_OK;
}

static struct hash_slot *hash_slot(const struct segment_writer *w, uint32_t id, uint64_t hash, uint32_t len)
{
	struct hash_slot *table = w->by_hash.at;
	size_t i = (size_t)(hash ^ id) & (w->by_hash.cap - 1);

	for (; table[i].advisory != 0; i = (i + 1) & (w->by_hash.cap - 1)) {
		const struct pending_advisory *a = writer_advisory(w, table[i].advisory - 1);

		if (table[i].hash == (uint32_t)(hash >> 32) && a->hash == hash && a->id == id && a->body_len == len)
			break;
	}
	return &table[i];
}

static void fill_slot(struct hash_slot *slot, uint64_t hash, uint32_t number)
{
	*slot = (struct hash_slot){ .hash = (uint32_t)(hash >> 32), .advisory = number + 1 };
}

static bool grow_hash(struct segment_writer *w)
{
	size_t cap = w->by_hash.cap ? w->by_hash.cap * 2 : 1024;
	struct hash_slot *table = calloc(cap, sizeof(*table));

	if (!table)
		return false;
	free(w->by_hash.at);
	w->by_hash.at = table;
	w->by_hash.cap = cap;
	for (uint32_t i = 0; i < w->advisories.len; i++) {
		const struct pending_advisory *a = writer_advisory(w, i);

		fill_slot(hash_slot(w, a->id, a->hash, a->body_len), a->hash, i);
	}
	return true;
}

static enum status add_id(struct segment_writer *w, uint32_t id, uint32_t advisory, struct err *err)
{
	TRY(make_room(w, &w->aliases, err));
	*writer_alias(w, (uint32_t)w->aliases.len++) = (struct pending_alias){ .id = id, .advisory = advisory };
	return STATUS_OK;
}

static enum status add_alias(struct segment_writer *w, struct slice alias, uint32_t advisory, struct err *err)
{
	uint32_t id;

	TRY(strpool_put(&w->pool, alias, &id, err));
	return add_id(w, id, advisory, err);
}

static enum status add_new(struct segment_writer *w, const struct advisory *a, uint32_t id, uint64_t hash,
			   struct err *err)
{
	uint32_t number = (uint32_t)w->advisories.len;

	TRY(make_room(w, &w->advisories, err));
	*writer_advisory(w, number) = (struct pending_advisory){
		.id = id, .body_len = (uint32_t)w->scratch.len, .body_at = w->spilled + w->spill_buf.len, .hash = hash
	};
	w->advisories.len++;
	buf_add(&w->spill_buf, buf_slice(&w->scratch));
	TRY(buf_check(&w->spill_buf, "an advisory", err));
	if (w->spill_buf.len > SPILL_AT)
		TRY(spill_flush(w, err));
	TRY(add_id(w, id, number, err));
	for (size_t i = 0; i < a->n_aliases; i++)
		TRY(add_alias(w, a->aliases[i], number, err));
	/* What an erratum fixes: CVE-2024-1 is asked for more often than ALSA-2024:1. */
	for (size_t i = 0; i < a->n_related; i++)
		TRY(add_alias(w, a->related[i], number, err));
	return STATUS_OK;
}

/* The number of the advisory: the one that has the same content, or a new one. */
static enum status add_advisory(struct segment_writer *w, const struct advisory *a, uint32_t *out, struct err *err)
{
	struct hash_slot *slot;
	uint64_t hash;
	uint32_t id;

	buf_reset(&w->scratch);
	layout_put_body(&w->scratch, a);
	TRY(buf_check(&w->scratch, "an advisory", err));
	TRY(strpool_put(&w->pool, a->id, &id, err));
	hash = layout_hash(buf_slice(&w->scratch), 0);
	if (w->advisories.len * 4 >= w->by_hash.cap * 3 && !grow_hash(w))
		return err_nomem(err, "segment");
	slot = hash_slot(w, id, hash, (uint32_t)w->scratch.len);
	if (slot->advisory == 0) {
		TRY(add_new(w, a, id, hash, err));
		fill_slot(slot, hash, (uint32_t)w->advisories.len - 1);
	}
	*out = slot->advisory - 1;
	return STATUS_OK;
}

static enum status file_rows(struct segment_writer *w, struct err *err)
{
	TRY(writer_rows_put(w, &w->row_file, w->rows.at, w->rows.len, err));
	w->rows_filed += w->rows.len;
	w->rows.len = 0;
	return STATUS_OK;
}

/* Rows of an advisory have much in common with the one before. *number: of what was put there last. */
static enum status put_again(struct strpool *pool, struct slice s, uint32_t *number, struct err *err)
{
	return slice_eq(strpool_at(pool, *number), s) ? STATUS_OK : strpool_put(pool, s, number, err);
}

static enum status add_row(struct segment_writer *w, const struct affected *a, uint32_t advisory, struct err *err)
{
	struct pending_row *row = &w->last_row;

	if (w->rows_filed + w->rows.len >= MIN(w->limits->segment_entries, UINT32_MAX - 1))
		return err_set(err, STATUS_LIMIT, "more than %llu rows in one segment",
			       (unsigned long long)(w->rows_filed + w->rows.len));
	if (w->rows.len >= w->limits->segment_rows_held)
		TRY(file_rows(w, err));
	TRY(make_room(w, &w->rows, err));
	row->advisory = advisory;
	buf_reset(&w->scratch);
	layout_put_detail(&w->scratch, a);
	TRY(buf_check(&w->scratch, "a row", err));
	TRY(put_again(&w->pool, a->scope, &row->scope, err));
	TRY(put_again(&w->pool, a->package, &row->package, err));
	TRY(put_again(&w->pool, buf_slice(&w->scratch), &row->detail, err));
	*writer_row(w, (uint32_t)w->rows.len++) = *row;
	return STATUS_OK;
}

enum status segment_writer_add(struct segment_writer *w, const struct advisory *a, struct err *err)
{
	uint32_t number = 0;

	TRY(add_advisory(w, a, &number, err));
	for (size_t i = 0; i < a->n_affected && a->withdrawn_s == DATE_NONE; i++)
		TRY(add_row(w, &a->affected[i], number, err));
	return STATUS_OK;
}

enum status segment_writer_finish(struct segment_writer *w, struct digest *out_digest, struct segment_stats *out_stats,
				  struct err *err)
{
	struct writer_order order = { 0 };
	enum status st = spill_flush(w, err);

	strpool_freeze(&w->pool);
	free(w->by_hash.at);
	w->by_hash.at = NULL;
	if (st == STATUS_OK)
		st = writer_sort(w, &order, err);
	if (st == STATUS_OK)
		st = writer_write(w, &order, out_digest, out_stats, err);
	writer_order_fini(&order);
	segment_writer_abort(w);
	return st;
}
