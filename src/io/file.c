/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - whole files: mapping and reading them, and the directories they lie in. */
#include "io/file.h"

#include "base/ckd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

int file_open_beneath(int dir_fd, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_BENEATH };
	long fd = syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
	struct stat sb;

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return (int)fd;
	for (const char *at = strchr(name, '/'); at; at = strchr(at + 1, '/')) {
		char part[512];
		size_t n = (size_t)(at - name);

		if (n >= sizeof(part)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, n);
		part[n] = '\0';
		if (fstatat(dir_fd, part, &sb, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
		if (!S_ISDIR(sb.st_mode)) {
			errno = ENOTDIR;
			return -1;
		}
	}
	return openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
}
