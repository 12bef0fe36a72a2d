/* SPDX-License-Identifier: Apache-2.0 */
/* file_writer.c - files that appear whole or not at all, and leave nothing behind when their writer is killed. */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 16
#define SUFFIX_DIGITS 16 /* of a temporary name, after a dot */

struct file_writer {
	int fd;
	char *path;	 /* owned */
	char *temporary; /* owned; NULL: the file has no name yet */
};

static void free_writer(struct file_writer *w)
{
	close_fd(&w->fd);
	free(w->path);
	free(w->temporary);
	free(w);
}

/* "a/" of "a/b", "." of "b". False: it is too long. */
static bool directory_of(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	int n = slash ? snprintf(out, PATH_MAX, "%.*s/", (int)(slash - path), path) : snprintf(out, PATH_MAX, ".");

	return n > 0 && n < PATH_MAX;
}

/* ---- names of unfinished files ---- */

static bool is_temporary_of(struct slice base, const char *name)
{
	struct slice s = slice_cstr(name);

	if (s.len != base.len + 1 + SUFFIX_DIGITS || !slice_starts(s, base) || s.ptr[base.len] != '.')
		return false;
	for (size_t i = base.len + 1; i < s.len; i++)
		if (hex_value(s.ptr[i]) < 0)
			return false;
	return true;
}

/* Whoever writes holds the lock: what can be locked was left behind. */
static void drop_if_left(int dir, const char *name)
{
	int AUTO(close_fd) fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dir, name, 0);
}

/* What earlier writers of the same file left behind. That it cannot be looked for is no reason not to write. */
static void drop_left(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct slice base = slice_cstr(slash ? slash + 1 : path);
	char name[PATH_MAX];
	DIR *d = directory_of(path, name) ? opendir(name) : NULL;

	for (struct dirent *e; d && (e = readdir(d)) != NULL;)
		if (is_temporary_of(base, e->d_name))
			drop_if_left(dirfd(d), e->d_name);
	if (d)
		closedir(d);
}

/* Another name beside target; owned by the caller, or NULL with an error. */
static char *temporary_name(const char *target, struct err *err)
{
	uint64_t random;
	char *name;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
		err_errno(err, "cannot get random bytes");
		return NULL;
	}
	if (asprintf(&name, "%s.%016llx", target, (unsigned long long)random) < 0) {
		err_nomem(err, "file");
		return NULL;
	}
	return name;
}

/* ---- opening ---- */

/*
 * A file without a name, with the mode that open() would give path itself. Only /proc can give it a name later. False:
 * there are none here, or another error that the attempt to make a named one tells.
 */
static bool make_unnamed(struct file_writer *w)
{
	char dir[PATH_MAX], link[40];

	if (!directory_of(w->path, dir))
		return false;
	w->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (w->fd < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", w->fd);
	if (access(link, F_OK) == 0)
		return true;
	close(w->fd);
	w->fd = -1;
	return false;
}

/* Some file systems have no locks: there nobody can tell that a file was left behind, and it stays. */
static void lock(int fd)
{
	while (flock(fd, LOCK_EX) != 0 && errno == EINTR)
		continue;
}

/* False: somebody who tidied up saw the file before it was locked, and it is gone. */
static bool hold(int fd)
{
	struct stat st;

	lock(fd);
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

static enum status make_named(struct file_writer *w, struct err *err)
{
	drop_left(w->path);
	for (unsigned try = 0; try < TRIES; try++) {
		free(w->temporary);
		w->temporary = temporary_name(w->path, err);
		if (!w->temporary)
			return err->code;
		w->fd = open(w->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (w->fd < 0 && errno != EEXIST)
			break;
		if (w->fd >= 0 && hold(w->fd))
			return STATUS_OK;
		close_fd(&w->fd);
		w->fd = -1;
	}
	return err_errno(err, "cannot create %s", w->path);
}

enum status file_writer_open(const char *path, struct file_writer **out, struct err *err)
{
	struct file_writer *w = calloc(1, sizeof(*w));
	enum status st = STATUS_OK;

	if (!w)
		return err_nomem(err, "file");
	w->fd = -1;
	w->path = strdup(path);
	if (!w->path)
		st = err_nomem(err, "file");
	else if (!make_unnamed(w))
		st = make_named(w, err);
	if (st != STATUS_OK) {
		free_writer(w);
		return st;
	}
	*out = w;
	return STATUS_OK;
}

const char *file_writer_temporary(const struct file_writer *w)
{
	return w->temporary;
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
	if (w->temporary)
		unlink(w->temporary);
	free_writer(w);
}

/* ---- committing ---- */

static enum status sync_directory(const char *path, struct err *err)
{
	int AUTO(close_fd) fd = -1;
	char dir[PATH_MAX];

	if (!directory_of(path, dir))
		return err_set(err, STATUS_INVALID, "the path is too long: %s", path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems refuse to sync a directory; the rename stands all the same. */
	if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != EROFS))
		return err_errno(err, "cannot sync %s", dir);
	return STATUS_OK;
}

static enum status move(const char *from, const char *to, struct err *err)
{
	return rename(from, to) == 0 ? STATUS_OK : err_errno(err, "cannot rename to %s", to);
}

/* A link replaces nothing: the new file gets a name beside the old one, and takes its place. */
static enum status replace(struct file_writer *w, const char *link, const char *target, struct err *err)
{
	drop_left(target);
	lock(w->fd);
	w->temporary = temporary_name(target, err);
	if (!w->temporary)
		return err->code;
	if (linkat(AT_FDCWD, link, AT_FDCWD, w->temporary, AT_SYMLINK_FOLLOW) != 0)
		return err_errno(err, "cannot create %s", w->temporary);
	return move(w->temporary, target, err);
}

static enum status give_name(struct file_writer *w, const char *target, struct err *err)
{
	char link[40];

	if (w->temporary)
		return move(w->temporary, target, err);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", w->fd);
	if (linkat(AT_FDCWD, link, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0)
		return STATUS_OK;
	return errno == EEXIST ? replace(w, link, target, err) : err_errno(err, "cannot create %s", target);
}

/* Nobody is to be stopped by a signal between the two steps of replace(). */
static enum status give_name_undisturbed(struct file_writer *w, const char *target, struct err *err)
{
	sigset_t all, before;
	enum status st;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	st = give_name(w, target, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return st;
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
	else
		st = give_name_undisturbed(w, target, err);
	if (st != STATUS_OK) {
		file_writer_abort(w);
		return st;
	}
	free_writer(w);
	return sync_directory(target, err);
}
