/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonl.c - entries as lines of a file or of a named pipe, for those who read with other programs.
 *
 * A line is written whole or not at all: a file is locked, room for the line is asked for first, and what was written
 * in part is taken back. The entries of one notification that were written before a failure are not written again by
 * the same process.
 */
#include "notify/deliverer_impl.h"

#include "base/date.h"
#include "text/json_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct jsonl {
	const struct deliverer *d;
	const char *path; /* of the config */
	int fd;		  /* -1: not open */
	bool pipe;	  /* or a terminal: nothing to lock, sync or take back */
	bool begun;	  /* a whole line ends the file */
	struct buf line;
	/* What a send that failed had written. */
	char done_id[64];
	uint64_t done_lines;
};

static bool is_wanted(const struct config *config)
{
	return config->limpid.notifier.jsonl_present && config->limpid.notifier.jsonl_path.len > 0;
}

static bool is_direct(const struct config *config)
{
	(void)config;
	return true;
}

static void close_file(struct jsonl *j)
{
	close_fd(&j->fd);
	j->fd = -1;
	j->done_lines = 0;
}

static enum status jsonl_open(const struct deliverer *d, void **out, struct err *err)
{
	struct jsonl *j = calloc(1, sizeof(*j));

	if (!j)
		return err_nomem(err, "a deliverer");
	j->d = d;
	j->path = config_cstr(deliverer_own(d)->jsonl_path);
	j->fd = -1;
	j->line = (struct buf)BUF_INIT(d->setup.config->limpid.limits.message_bytes);
	*out = j;
	return STATUS_OK;
}

static void jsonl_close(void *self)
{
	struct jsonl *j = self;

	close_file(j);
	buf_fini(&j->line);
	free(j);
}

/* A pipe stays open: its reader would take the end of the last writer for the end. */
static void jsonl_rest(void *self)
{
	struct jsonl *j = self;

	if (!j->pipe)
		close_file(j);
}

/* Of a file that was made just now: its name shall be there after a crash, too. */
static void sync_folder(const char *path)
{
	AUTO(free_ptr) char *copy = strdup(path);
	AUTO(close_fd) int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0)
		(void)fsync(fd);
}

static bool is_same_file(const struct jsonl *j)
{
	struct stat open_one, named;

	return fstat(j->fd, &open_one) == 0 && stat(j->path, &named) == 0 && open_one.st_dev == named.st_dev &&
	       open_one.st_ino == named.st_ino;
}

/* The file that has the name now: it may have been moved away since. */
static enum status ensure_open(struct jsonl *j, struct err *err)
{
	struct stat st;

	if (j->fd >= 0 && is_same_file(j))
		return STATUS_OK;
	close_file(j);
	j->begun = false;
	/* A pipe without a reader would block here. */
	j->fd = open(j->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (j->fd < 0 && errno == ENXIO)
		return err_set(err, STATUS_IO, "%s: nobody reads the pipe", j->path);
	if (j->fd < 0)
		return err_errno(err, "cannot open %s", j->path);
	if (fstat(j->fd, &st) != 0)
		return err_errno(err, "%s", j->path);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode)) {
		close_file(j);
		return err_set(err, STATUS_INVALID, "%s is neither a file nor a pipe", j->path);
	}
	j->pipe = !S_ISREG(st.st_mode);
	if (!j->pipe && st.st_size == 0 && deliverer_own(j->d)->jsonl_sync)
		sync_folder(j->path);
	return STATUS_OK;
}

/* Several services may write one file. */
static enum status lock_file(struct jsonl *j, uint64_t until, struct err *err)
{
	for (;;) {
		struct err ignored = ERR_INIT;

		TRY(ensure_open(j, err));
		if (j->pipe || flock(j->fd, LOCK_EX | LOCK_NB) == 0) {
			if (j->pipe || is_same_file(j))
				return STATUS_OK;
			continue;
		}
		if (errno != EWOULDBLOCK && errno != EINTR)
			return STATUS_OK; /* this file system has no locks */
		if (date_monotonic_ns() >= until)
			return err_set(err, STATUS_TIMEOUT, "%s: another process holds its lock", j->path);
		if (deliverer_wait(j->d, -1, 0, date_monotonic_ns() + 50000000, &ignored) == STATUS_CANCELLED)
			return deliverer_cancelled(err);
	}
}

static enum status write_piece(struct jsonl *j, struct slice bytes, uint64_t until, size_t *out_written,
			       struct err *err)
{
	*out_written = 0;
	while (*out_written < bytes.len) {
		ssize_t n = write(j->fd, bytes.ptr + *out_written, bytes.len - *out_written);

		if (n > 0) {
			*out_written += (size_t)n;
		} else if (n < 0 && errno == EAGAIN && j->pipe) {
			if (deliverer_wait(j->d, j->fd, POLLOUT, until, err) != STATUS_OK)
				return err->code == STATUS_TIMEOUT
					       ? err_set(err, STATUS_TIMEOUT, "%s: its reader does not read", j->path)
					       : err->code;
		} else if (n < 0 && errno == EPIPE) {
			return err_set(err, STATUS_IO, "%s: its reader has gone", j->path);
		} else if (n == 0 || errno != EINTR) {
			return err_errno(err, "cannot write %s", j->path);
		}
	}
	return STATUS_OK;
}

/* What a process that was killed left of a line gets an end. */
static enum status end_old_line(struct jsonl *j, uint64_t until, struct err *err)
{
	struct stat st;
	char last = '\n';
	size_t written;
	AUTO(close_fd) int fd = -1;

	if (j->begun || j->pipe || fstat(j->fd, &st) != 0 || st.st_size == 0)
		return STATUS_OK;
	/* Ours is for writing only; who may write need not be allowed to read. */
	fd = open(j->path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n')
		return write_piece(j, SLICE("\n"), until, &written, err);
	return STATUS_OK;
}

static enum status write_line(struct jsonl *j, uint64_t until, struct err *err)
{
	struct stat st = { .st_size = 0 };
	size_t written = 0;

	TRY(end_old_line(j, until, err));
	if (!j->pipe) {
		if (fstat(j->fd, &st) != 0)
			return err_errno(err, "%s", j->path);
		/* A disk that is full says so before a part of the line is there. */
		if (fallocate(j->fd, FALLOC_FL_KEEP_SIZE, st.st_size, (off_t)j->line.len) != 0 &&
		    (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
			return err_errno(err, "cannot write %s", j->path);
	}
	if (write_piece(j, buf_slice(&j->line), until, &written, err) != STATUS_OK) {
		if (!j->pipe && written > 0 && ftruncate(j->fd, st.st_size) != 0)
			j->begun = false; /* the next line has to end this one */
		if (j->pipe && written > 0)
			close_file(j); /* whoever reads next begins with a whole line */
		return err->code;
	}
	j->begun = true;
	return STATUS_OK;
}

static enum status make_line(struct jsonl *j, struct slice id, struct slice entry, struct err *err)
{
	struct json_writer w;

	buf_reset(&j->line);
	json_writer_init(&w, &j->line, 0);
	json_object(&w);
	json_member_str(&w, "notification_id", id);
	json_key(&w, "notification");
	json_raw(&w, entry);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&j->line, '\n');
	return buf_check(&j->line, "a notification", err);
}

static enum status write_entries(struct jsonl *j, const struct delivery_message *m, struct delivery_result *out,
				 bool *out_never, struct err *err)
{
	int64_t timeout = deliverer_own(j->d)->timeout;
	bool again = slice_eq(m->id, slice_cstr(j->done_id));

	TRY(lock_file(j, deliverer_until(timeout), err));
	if (!again || m->id.len >= sizeof(j->done_id))
		j->done_lines = 0;
	if (m->id.len < sizeof(j->done_id)) {
		memcpy(j->done_id, m->id.ptr, m->id.len);
		j->done_id[m->id.len] = '\0';
	}
	TRY(deliverer_rewind(m, err));
	for (uint64_t n = 0;; n++) {
		struct slice entry;

		TRY(m->next(m->ctx, &entry, err));
		if (entry.len == 0)
			break;
		if (n < j->done_lines)
			continue;
		if (deliverer_stopped(j->d))
			return deliverer_cancelled(err);
		if (make_line(j, m->id, entry, err) != STATUS_OK) {
			*out_never = err->code == STATUS_LIMIT; /* what is too large stays so */
			return err->code;
		}
		TRY(write_line(j, deliverer_until(timeout), err));
		j->done_lines = n + 1;
		out->messages++;
	}
	if (!j->pipe && deliverer_own(j->d)->jsonl_sync && fdatasync(j->fd) != 0) {
		enum status st = err_errno(err, "cannot sync %s", j->path);

		close_file(j); /* what was written before may not be there: all again */
		return st;
	}
	return STATUS_OK;
}

static enum delivery jsonl_send(void *self, const struct delivery_message *m, struct delivery_result *out,
				struct err *err)
{
	struct jsonl *j = self;
	bool never = false;
	enum status st;

	out->peer = slice_cstr(j->path);
	st = write_entries(j, m, out, &never, err);
	if (j->fd >= 0 && !j->pipe)
		(void)flock(j->fd, LOCK_UN);
	if (st == STATUS_OK) {
		j->done_id[0] = '\0';
		j->done_lines = 0;
		return DELIVERY_DONE;
	}
	return never ? DELIVERY_NEVER : DELIVERY_AGAIN;
}

const struct deliverer_class deliverer_jsonl = {
	.is_wanted = is_wanted,
	.is_direct = is_direct,
	.open = jsonl_open,
	.close = jsonl_close,
	.rest = jsonl_rest,
	.send = jsonl_send,
};
