/* SPDX-License-Identifier: Apache-2.0 */
/* spool.c - a stream made seekable: memory first, an unlinked file beyond. */
#include "io/spool.h"

#include "base/buf.h"
#include "io/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct spool {
	struct buf memory;
	struct spool_area *area; /* borrowed; NULL: fd is a file of its own */
	int fd;                  /* -1 while all is in memory */
	uint64_t size, begin;    /* begin: place in the area, a multiple of a page */
	void *map;               /* of fd, or NULL */
};

#define PAGE ((uint64_t)65536) /* at least a page of any machine */

static void join_area(struct spool *s)
{
	if (s->area->live++ == 0)
		turn_take(s->area->fd, TURN_SPOOL);
	s->fd = s->area->fd;
	s->begin = s->area->used;
}

static void leave_area(struct spool *s)
{
	if (--s->area->live > 0)
		return;
	s->area->used = 0;
	/* The space goes back to others; if that fails, the next one writes over it. */
	(void)!ftruncate(s->area->fd, 0);
	turn_give(s->area->fd, TURN_SPOOL);
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	if (s->map)
		munmap(s->map, (size_t)s->size);
	if (s->area && s->fd >= 0)
		leave_area(s);
	else
		close_fd(&s->fd);
	buf_fini(&s->memory);
	free(s);
}

uint64_t spool_size(const struct spool *s)
{
	return s->size;
}

static enum status put(struct spool *s, struct slice bytes, struct err *err)
{
	uint64_t at = s->begin + s->size;

	while (bytes.len > 0) {
		ssize_t n = pwrite(s->fd, bytes.ptr, bytes.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, "cannot write a temporary file");
		bytes = slice_from(bytes, (size_t)n);
		at += (uint64_t)n;
	}
	return STATUS_OK;
}

/* What was read so far, to the file. */
static enum status spill(struct spool *s, struct err *err)
{
	struct slice so_far = buf_slice(&s->memory);

	if (s->area)
		join_area(s);
	else
		s->fd = memfd_create("limpid-spool", MFD_CLOEXEC);
	if (s->fd < 0)
		return err_errno(err, "cannot make a temporary file");
	s->size = 0;
	TRY(put(s, so_far, err));
	s->size = so_far.len;
	buf_fini(&s->memory);
	return STATUS_OK;
}

static enum status read_all(struct spool *s, struct source *src, uint64_t memory_max, uint64_t bytes_max,
			    struct err *err)
{
	uint8_t piece[65536];
	size_t n;

	do {
		TRY(source_read(src, piece, sizeof(piece), &n, err));
		if (s->fd < 0 && s->size + n > memory_max && s->size + n <= bytes_max)
			TRY(spill(s, err));
		if (s->begin + s->size + n > bytes_max)
			return err_set(err, STATUS_LIMIT, "larger than %llu bytes",
				       (unsigned long long)(bytes_max - MIN(bytes_max, s->begin)));
		if (s->fd >= 0)
			TRY(put(s, slice_make(piece, n), err));
		else
			buf_add(&s->memory, slice_make(piece, n));
		TRY(buf_check(&s->memory, "file", err));
		s->size += n;
	} while (n > 0);
	if (s->area && s->fd >= 0)
		s->area->used = (s->begin + s->size + PAGE - 1) / PAGE * PAGE;
	return STATUS_OK;
}

enum status spool_read_into(struct spool_area *area, struct source *src, uint64_t memory_max, uint64_t bytes_max,
			    struct spool **out, struct err *err)
{
	struct spool *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "file");
	s->memory = (struct buf)BUF_INIT(SIZE_MAX / 4);
	s->area = area && area->fd >= 0 ? area : NULL;
	s->fd = -1;
	st = read_all(s, src, memory_max, bytes_max, err);
	if (st != STATUS_OK) {
		spool_free(s);
		return st;
	}
	*out = s;
	return STATUS_OK;
}

void spool_forget(struct spool *s)
{
	if (s && s->map)
		(void)madvise(s->map, (size_t)s->size, MADV_DONTNEED);
}

enum status spool_slice(struct spool *s, struct slice *out, struct err *err)
{
	if (s->fd < 0) {
		*out = buf_slice(&s->memory);
		return STATUS_OK;
	}
	if (!s->map) {
		s->map = mmap(NULL, (size_t)s->size, PROT_READ, MAP_PRIVATE, s->fd, (off_t)s->begin);
		if (s->map == MAP_FAILED) {
			s->map = NULL;
			return err_errno(err, "cannot map a temporary file");
		}
	}
	*out = slice_make(s->map, (size_t)s->size);
	return STATUS_OK;
}
