/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - whole files: mapping, reading, and replacing so that a reader sees the old or the new one. */
#include "io/file.h"

#include "base/ckd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum status file_map_open(const char *path, struct file_map *out, struct err *err)
{
	int AUTO(close_fd) fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* of a pipe it would wait for a writer */
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno(err, "cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, STATUS_INVALID, "%s is not a file", path);
	out->bytes = SLICE_EMPTY;
	if (st.st_size == 0)
		return STATUS_OK;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_errno(err, "cannot map %s", path);
	out->bytes = slice_make(p, (size_t)st.st_size);
	return STATUS_OK;
}

void file_map_close(struct file_map *m)
{
	if (m->bytes.len > 0)
		munmap((void *)(uintptr_t)m->bytes.ptr, m->bytes.len);
	m->bytes = SLICE_EMPTY;
}

enum status file_read(const char *path, struct buf *out, struct err *err)
{
	int AUTO(close_fd) fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_errno(err, "cannot open %s", path);
	do {
		uint8_t piece[16384];

		n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "cannot read %s", path);
		buf_add(out, slice_make(piece, (size_t)n));
	} while (n != 0 && out->failed == STATUS_OK);
	return buf_check(out, path, err);
}

enum status file_write_all(int fd, struct slice bytes, struct err *err)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return err_errno(err, "cannot write");
		bytes = slice_from(bytes, (size_t)n);
	}
	return STATUS_OK;
}

struct file_writer {
	int fd;
	char *path, *temporary; /* owned */
};

static void free_writer(struct file_writer *w)
{
	close_fd(&w->fd);
	free(w->path);
	free(w->temporary);
	free(w);
}

/* A new file beside path, with the mode that open() would give path itself (mkstemp's is 0600). */
static enum status make_temporary(struct file_writer *w, struct err *err)
{
	for (unsigned try = 0; try < 16; try++) {
		uint64_t random;

		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			continue;
		free(w->temporary);
		if (asprintf(&w->temporary, "%s.%016llx", w->path, (unsigned long long)random) < 0) {
			w->temporary = NULL;
			return err_nomem(err, "file");
		}
		w->fd = open(w->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (w->fd >= 0)
			return STATUS_OK;
		if (errno != EEXIST)
			break;
	}
	return err_errno(err, "cannot create %s", w->path);
}

enum status file_writer_open(const char *path, struct file_writer **out, struct err *err)
{
	struct file_writer *w = calloc(1, sizeof(*w));
	enum status st;

	if (!w)
		return err_nomem(err, "file");
	w->fd = -1;
	w->path = strdup(path);
	st = w->path ? make_temporary(w, err) : err_nomem(err, "file");
	if (st != STATUS_OK) {
		free_writer(w);
		return st;
	}
	*out = w;
	return STATUS_OK;
}

int file_writer_fd(const struct file_writer *w)
{
	return w->fd;
}

enum status file_writer_put(struct file_writer *w, struct slice bytes, struct err *err)
{
	enum status st = file_write_all(w->fd, bytes, err);

	return st == STATUS_OK ? st : err_wrap(err, "%s", w->path);
}

void file_writer_abort(struct file_writer *w)
{
	if (!w)
		return;
	unlink(w->temporary);
	free_writer(w);
}

static enum status sync_directory(const char *path, struct err *err)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(dir, sizeof(dir), "%.*s/", (int)(slash - path), path)
		      : snprintf(dir, sizeof(dir), ".");
	int AUTO(close_fd) fd = -1;

	if (n < 0 || (size_t)n >= sizeof(dir))
		return err_set(err, STATUS_INVALID, "the path is too long: %s", path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems refuse to sync a directory; the rename stands all the same. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != EROFS))
		return err_errno(err, "cannot sync %s", dir);
	return STATUS_OK;
}

enum status file_writer_commit(struct file_writer *w, const char *as, struct err *err)
{
	char target[PATH_MAX];
	const char *slash = strrchr(w->path, '/');
	enum status st = STATUS_OK;
	int n;

	if (!as)
		n = snprintf(target, sizeof(target), "%s", w->path);
	else
		n = snprintf(target, sizeof(target), "%.*s%s", slash ? (int)(slash - w->path + 1) : 0, w->path, as);
	if (n < 0 || (size_t)n >= sizeof(target))
		st = err_set(err, STATUS_INVALID, "the path is too long: %s", w->path);
	else if (fsync(w->fd) != 0 && errno != EINVAL)
		st = err_errno(err, "cannot sync %s", target);
	else if (rename(w->temporary, target) != 0)
		st = err_errno(err, "cannot rename to %s", target);
	if (st != STATUS_OK) {
		file_writer_abort(w);
		return st;
	}
	free_writer(w);
	return sync_directory(target, err);
}

enum status file_mkdirs(const char *path, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0 || len >= sizeof(part))
		return err_set(err, STATUS_INVALID, "not a usable path: %s", path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return err_errno(err, "cannot create the directory %s", part);
		if (i < len)
			part[i] = '/';
	}
	if (stat(part, &st) != 0 || !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return err_errno(err, "cannot create the directory %s", part);
	}
	return STATUS_OK;
}
