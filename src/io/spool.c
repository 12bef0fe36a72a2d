/* SPDX-License-Identifier: Apache-2.0 */
/* spool.c - a stream made seekable: memory first, an unlinked file beyond. */
#include "io/spool.h"

#include "base/buf.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct spool {
	struct buf memory;
	int fd; /* -1 while all is in memory */
	uint64_t size;
	void *map; /* of fd, or NULL */
};

void spool_free(struct spool *s)
{
	if (!s)
		return;
	if (s->map)
		munmap(s->map, (size_t)s->size);
	close_fd(&s->fd);
	buf_fini(&s->memory);
	free(s);
}

uint64_t spool_size(const struct spool *s)
{
	return s->size;
}

static enum status spill(struct spool *s, struct err *err)
{
	s->fd = memfd_create("limpid-spool", MFD_CLOEXEC);
	if (s->fd < 0)
		return err_errno(err, "cannot make a temporary file");
	TRY(file_write_all(s->fd, buf_slice(&s->memory), err));
	buf_fini(&s->memory);
	return STATUS_OK;
}

static enum status read_all(struct spool *s, struct source *src, uint64_t memory_max, uint64_t bytes_max, struct err *err)
{
	uint8_t piece[65536];
	size_t n;

	do {
		TRY(source_read(src, piece, sizeof(piece), &n, err));
		s->size += n;
		if (s->size > bytes_max)
			return err_set(err, STATUS_LIMIT, "larger than %llu bytes", (unsigned long long)bytes_max);
		if (s->fd < 0 && s->size > memory_max)
			TRY(spill(s, err));
		if (s->fd >= 0)
			TRY(file_write_all(s->fd, slice_make(piece, n), err));
		else
			buf_add(&s->memory, slice_make(piece, n));
		TRY(buf_check(&s->memory, "file", err));
	} while (n > 0);
	return STATUS_OK;
}

enum status spool_read(struct source *src, uint64_t memory_max, uint64_t bytes_max, struct spool **out, struct err *err)
{
	struct spool *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "file");
	s->memory = (struct buf)BUF_INIT(SIZE_MAX / 4);
	s->fd = -1;
	st = read_all(s, src, memory_max, bytes_max, err);
	if (st != STATUS_OK) {
		spool_free(s);
		return st;
	}
	*out = s;
	return STATUS_OK;
}

enum status spool_slice(struct spool *s, struct slice *out, struct err *err)
{
	if (s->fd < 0) {
		*out = buf_slice(&s->memory);
		return STATUS_OK;
	}
	if (!s->map) {
		s->map = mmap(NULL, (size_t)s->size, PROT_READ, MAP_PRIVATE, s->fd, 0);
		if (s->map == MAP_FAILED) {
			s->map = NULL;
			return err_errno(err, "cannot map a temporary file");
		}
	}
	*out = slice_make(s->map, (size_t)s->size);
	return STATUS_OK;
}
