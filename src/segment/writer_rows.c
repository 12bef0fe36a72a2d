/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_rows.c - rows of a segment that are more than memory should hold: chunks of them wait in an unlinked file, are
 * sorted one by one, and merged while they are written.
 */
#include "segment/writer_impl.h"

#include "io/file.h"

#include <stdlib.h>
#include <unistd.h>

/* Rows of a run that are read at a time. */
#define READ_ROWS 2048u

struct run {
	uint64_t next, end; /* rows of the file that are not read yet */
	uint32_t at, n;	    /* of those that are */
	struct pending_row rows[READ_ROWS];
};

struct writer_merge {
	struct segment_writer *w; /* borrowed */
	const uint32_t *rank;	  /* of scopes and packages; borrowed */
	int fd;			  /* owned; sorted runs */
	struct run **runs;	  /* owned; a heap by their next rows */
	size_t n, room;
	struct pending_row last;
	bool any;
};

static enum status cannot(const struct segment_writer *w, struct err *err)
{
	return err_errno(err, "temporary file in %s", w->dir);
}

enum status writer_rows_put(struct segment_writer *w, int *fd, const struct pending_row *rows, size_t n,
			    struct err *err)
{
	if (*fd < 0)
		*fd = writer_open_unlinked(w->dir);
	if (*fd < 0)
		return cannot(w, err);
	return file_write_all(*fd, slice_make((const uint8_t *)rows, n * sizeof(*rows)), err);
}

enum status writer_rows_get(const struct segment_writer *w, int fd, uint64_t first, struct pending_row *out, size_t n,
			    struct err *err)
{
	return writer_read(w, fd, first * sizeof(*out), (uint8_t *)out, n * sizeof(*out), err);
}

/* ---- merging ---- */

static int by_number(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

static int by_row(const struct writer_merge *m, const struct pending_row *a, const struct pending_row *b)
{
	const struct segment_writer *w = m->w;

	if (a->scope != b->scope)
		return by_number(m->rank[a->scope], m->rank[b->scope]);
	if (a->package != b->package)
		return by_number(m->rank[a->package], m->rank[b->package]);
	if (a->advisory != b->advisory)
		return by_number(w->numbers[a->advisory], w->numbers[b->advisory]);
	return a->detail == b->detail ? 0 : slice_cmp(strpool_at(&w->pool, a->detail), strpool_at(&w->pool, b->detail));
}

static const struct pending_row *head(const struct run *r)
{
	return &r->rows[r->at];
}

static void sink(struct writer_merge *m, size_t i)
{
	for (;;) {
		size_t least = i;
		struct run *moved = m->runs[i];

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < m->n; child++)
			if (by_row(m, head(m->runs[child]), head(m->runs[least])) < 0)
				least = child;
		if (least == i)
			return;
		m->runs[i] = m->runs[least];
		m->runs[least] = moved;
		i = least;
	}
}

static enum status fill(struct writer_merge *m, struct run *r, struct err *err)
{
	r->at = 0;
	r->n = (uint32_t)MIN((uint64_t)READ_ROWS, r->end - r->next);
	TRY(writer_rows_get(m->w, m->fd, r->next, r->rows, r->n, err));
	r->next += r->n;
	return STATUS_OK;
}

enum status writer_merge_open(struct segment_writer *w, const uint32_t *rank, int fd, uint64_t n_rows,
			      uint64_t run_rows, struct writer_merge **out, struct err *err)
{
	struct writer_merge *m = calloc(1, sizeof(*m));

	*out = m;
	if (!m)
		return err_nomem(err, "segment");
	*m = (struct writer_merge){ .w = w, .rank = rank, .fd = fd };
	m->room = (size_t)((n_rows + run_rows - 1) / run_rows);
	m->runs = calloc(m->room + 1, sizeof(struct run *));
	if (!m->runs)
		return err_nomem(err, "segment");
	for (uint64_t first = 0; first < n_rows; first += run_rows) {
		struct run *r = malloc(sizeof(*r));

		if (!r)
			return err_nomem(err, "segment");
		m->runs[m->n++] = r;
		r->next = first;
		r->end = MIN(n_rows, first + run_rows);
		TRY(fill(m, r, err));
	}
	for (size_t i = m->n; i-- > 0;)
		sink(m, i);
	return STATUS_OK;
}

enum status writer_merge_next(struct writer_merge *m, struct pending_row *out, struct err *err)
{
	while (m->n > 0) {
		struct run *r = m->runs[0];
		bool repeats;

		*out = *head(r);
		repeats = m->any && by_row(m, &m->last, out) == 0;
		m->last = *out;
		m->any = true;
		if (++r->at == r->n && r->next < r->end) {
			TRY(fill(m, r, err));
		} else if (r->at == r->n) {
			m->runs[0] = m->runs[--m->n];
			free(r);
		}
		if (m->n > 0)
			sink(m, 0);
		if (!repeats)
			return STATUS_OK;
	}
	return STATUS_NOTFOUND;
}

void writer_merge_free(struct writer_merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		free(m->runs[i]);
	free(m->runs);
	close_fd(&m->fd);
	free(m);
}
