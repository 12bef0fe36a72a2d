/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - the plain sources: memory, a range of a file, a window on another source, a counter. */
#include "io/source.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum status source_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	size_t n = 0;
	enum status st = s->failed.code;

	if (st != STATUS_OK) {
		*err = s->failed;
		return st;
	}
	st = s->ops->read(s, buf, cap, &n, err);
	if (st != STATUS_OK) {
		s->failed = *err;
		return st;
	}
	if (n == 0 && s->failed.code != STATUS_OK) {
		*err = s->failed;
		return err->code;
	}
	s->pos += n;
	*out_n = n;
	return STATUS_OK;
}

uint64_t source_advance(struct source *s, uint64_t n)
{
	uint64_t done = 0;

	if (s->advance && s->failed.code == STATUS_OK)
		done = s->advance(s, n);
	s->pos += done;
	return done;
}

enum status source_read_full(struct source *s, uint8_t *buf, size_t n, struct err *err)
{
	size_t done = 0;

	while (done < n) {
		size_t got;

		TRY(source_read(s, buf + done, n - done, &got, err));
		if (got == 0)
			return err_at(err, STATUS_MALFORMED, s->pos,
				      "the data ends early: %zu more bytes were expected", n - done);
		done += got;
	}
	return STATUS_OK;
}

enum status source_skip(struct source *s, uint64_t n, struct err *err)
{
	uint8_t waste[65536];

	while ((n -= source_advance(s, n)) > 0) {
		size_t got;

		TRY(source_read(s, waste, (size_t)MIN(n, sizeof(waste)), &got, err));
		if (got == 0)
			return err_at(err, STATUS_MALFORMED, s->pos,
				      "the data ends early: %llu more bytes were expected", (unsigned long long)n);
		n -= got;
	}
	return STATUS_OK;
}

enum status source_drain(struct source *s, struct err *err)
{
	uint8_t waste[65536];
	size_t got;

	do {
		TRY(source_read(s, waste, sizeof(waste), &got, err));
	} while (got > 0);
	return STATUS_OK;
}

void source_free(struct source *s)
{
	if (s)
		s->ops->close(s);
}

void source_freep(struct source **s)
{
	source_free(*s);
}

struct slice_source {
	struct source base;
	struct slice left;
};

static enum status slice_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct slice_source *m = (struct slice_source *)s;
	size_t n = MIN(cap, m->left.len);

	(void)err;
	if (n > 0)
		memcpy(buf, m->left.ptr, n);
	m->left = slice_from(m->left, n);
	*out_n = n;
	return STATUS_OK;
}

static uint64_t slice_advance(struct source *s, uint64_t n)
{
	struct slice_source *m = (struct slice_source *)s;

	n = MIN(n, (uint64_t)m->left.len);
	m->left = slice_from(m->left, (size_t)n);
	return n;
}

static void plain_close(struct source *s)
{
	free(s);
}

struct source *source_from_slice(struct slice bytes)
{
	static const struct source_ops ops = { slice_read, plain_close };
	struct slice_source *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->base.ops = &ops;
	m->base.advance = slice_advance;
	m->left = bytes;
	return &m->base;
}

struct fd_source {
	struct source base;
	int fd; /* borrowed */
	uint64_t at, left;
	bool to_end; /* left is not known: read to the end of the file */
};

static enum status fd_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct fd_source *f = (struct fd_source *)s;
	size_t want = (size_t)MIN((uint64_t)cap, f->left);
	ssize_t n;

	*out_n = 0;
	if (want == 0)
		return STATUS_OK;
	do {
		n = pread(f->fd, buf, want, (off_t)f->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "cannot read at byte %llu", (unsigned long long)f->at);
	if (n == 0 && !f->to_end)
		return err_at(err, STATUS_MALFORMED, f->base.pos, "the file ends early: %llu more bytes were expected",
			      (unsigned long long)f->left);
	f->at += (uint64_t)n;
	if (!f->to_end)
		f->left -= (uint64_t)n;
	*out_n = (size_t)n;
	return STATUS_OK;
}

static uint64_t fd_advance(struct source *s, uint64_t n)
{
	struct fd_source *f = (struct fd_source *)s;
	struct stat st;
	uint64_t size;

	/* What is not there must be missed: only bytes that the file has now are passed over. */
	if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	size = (uint64_t)st.st_size;
	n = MIN(n, f->left);
	n = f->at < size ? MIN(n, size - f->at) : 0;
	f->at += n;
	if (!f->to_end)
		f->left -= n;
	return n;
}

struct source *source_from_fd(int fd, uint64_t offset, uint64_t len)
{
	static const struct source_ops ops = { fd_read, plain_close };
	struct fd_source *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->base.ops = &ops;
	f->base.advance = fd_advance;
	f->fd = fd;
	f->at = offset;
	f->left = len;
	f->to_end = len == UINT64_MAX;
	return &f->base;
}

struct pipe_source {
	struct source base;
	int fd; /* borrowed */
};

static enum status pipe_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct pipe_source *p = (struct pipe_source *)s;
	ssize_t n;

	do {
		n = read(p->fd, buf, cap);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "cannot read on at byte %llu", (unsigned long long)s->pos);
	*out_n = (size_t)n;
	return STATUS_OK;
}

struct source *source_from_pipe(int fd)
{
	static const struct source_ops ops = { pipe_read, plain_close };
	struct pipe_source *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->base.ops = &ops;
	p->fd = fd;
	return &p->base;
}

struct window_source {
	struct source base;
	struct source *inner; /* borrowed */
	uint64_t left;
};

static enum status window_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct window_source *w = (struct window_source *)s;
	size_t n;

	*out_n = 0;
	if (w->left == 0)
		return STATUS_OK;
	TRY(source_read(w->inner, buf, (size_t)MIN((uint64_t)cap, w->left), &n, err));
	if (n == 0)
		return err_at(err, STATUS_MALFORMED, w->inner->pos,
			      "the data ends early: %llu more bytes were expected", (unsigned long long)w->left);
	w->left -= n;
	*out_n = n;
	return STATUS_OK;
}

static uint64_t window_advance(struct source *s, uint64_t n)
{
	struct window_source *w = (struct window_source *)s;

	n = source_advance(w->inner, MIN(n, w->left));
	w->left -= n;
	return n;
}

struct source *source_window(struct source *inner, uint64_t len)
{
	static const struct source_ops ops = { window_read, plain_close };
	struct window_source *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->base.ops = &ops;
	w->base.advance = window_advance;
	w->inner = inner;
	w->left = len;
	return &w->base;
}

struct counted_source {
	struct source base;
	struct source *inner; /* owned */
	_Atomic uint64_t *counter;
};

static enum status counted_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct counted_source *c = (struct counted_source *)s;

	TRY(source_read(c->inner, buf, cap, out_n, err));
	*c->counter += *out_n;
	return STATUS_OK;
}

static uint64_t counted_advance(struct source *s, uint64_t n)
{
	struct counted_source *c = (struct counted_source *)s;

	n = source_advance(c->inner, n);
	*c->counter += n;
	return n;
}

static void counted_close(struct source *s)
{
	source_free(((struct counted_source *)s)->inner);
	free(s);
}

struct source *source_counted(struct source *inner, _Atomic uint64_t *counter)
{
	static const struct source_ops ops = { counted_read, counted_close };
	struct counted_source *c = calloc(1, sizeof(*c));

	if (!c) {
		source_free(inner);
		return NULL;
	}
	c->base.ops = &ops;
	c->base.advance = counted_advance;
	c->inner = inner;
	c->counter = counter;
	return &c->base;
}
