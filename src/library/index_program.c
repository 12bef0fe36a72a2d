/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_program.c - liblimpid-index: the program limpid reads the image in its sandbox, and this side its answer,
 * which is checked as that of a worker is.
 *
 * posix_spawn() is what a program with threads can do; a fork that went on parsing would hold the locks of threads that
 * are not there.
 */
#include "library/index_impl.h"

#include "base/limits.h"
#include "report/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_UNREADABLE 3 /* of limpid-index(1): a report came all the same, or a message */

extern char **environ;

struct child {
	pid_t pid;
	int out, said; /* owned: its report, and its messages; -1: closed */
};

static void close_both(struct child *c)
{
	if (c->out >= 0)
		close(c->out);
	if (c->said >= 0)
		close(c->said);
	c->out = c->said = -1;
}

/* Signals as a fresh program has them, whatever the caller's thread blocks. */
static bool plain_signals(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigemptyset(&all);
	sigaddset(&all, SIGPIPE);
	sigaddset(&all, SIGCHLD);
	sigaddset(&all, SIGINT);
	sigaddset(&all, SIGTERM);
	return posix_spawnattr_setsigmask(attr, &none) == 0 && posix_spawnattr_setsigdefault(attr, &all) == 0 &&
	       posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) == 0;
}

static int spawn(struct child *c, int out, char *const argv[])
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int why = posix_spawn_file_actions_init(&files);

	if (why != 0)
		return why;
	why = posix_spawnattr_init(&attr);
	if (why != 0) {
		posix_spawn_file_actions_destroy(&files);
		return why;
	}
	why = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (why == 0)
		why = posix_spawn_file_actions_adddup2(&files, out, 1);
	if (why == 0)
		why = posix_spawn_file_actions_adddup2(&files, c->said, 2);
	if (why == 0 && !plain_signals(&attr))
		why = EINVAL;
	if (why == 0)
		why = posix_spawn(&c->pid, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return why;
}

static enum status start(struct child *c, char *const argv[], struct err *err)
{
	int ends[2], why;

	c->said = memfd_create("limpid", MFD_CLOEXEC);
	if (c->said < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		close_both(c);
		return err_errno(err, "a helper program");
	}
	c->out = ends[0];
	why = spawn(c, ends[1], argv);
	close(ends[1]);
	if (why == 0)
		return STATUS_OK;
	close_both(c);
	errno = why;
	if (why == ENOENT || why == EACCES)
		return err_set(err, STATUS_NOTFOUND,
			       "%s: there is no such program; name it, or ask to read images in this process", argv[0]);
	return err_errno(err, "%s", argv[0]);
}

static enum status read_report(struct child *c, struct buf *out, struct err *err)
{
	for (;;) {
		uint8_t *room = buf_reserve(out, 65536);
		ssize_t n;

		if (!room)
			return buf_check(out, "an index report", err);
		n = read(c->out, room, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "a helper program");
		if (n == 0)
			return STATUS_OK;
		out->len += (size_t)n;
	}
}

/* Where the caller's program has taken the child's status away, what it has written must do. */
static int wait_for(struct child *c)
{
	int status;

	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The last thing it said, without "limpid: ". */
static enum status failed(struct child *c, int status, struct err *err)
{
	char text[400];
	ssize_t n = pread(c->said, text, sizeof(text) - 1, 0);
	struct slice said = slice_trim(slice_make(text, n > 0 ? (size_t)n : 0)), line = said, before;

	while (slice_line(&said, &before))
		line = before;
	if (slice_starts(line, SLICE("limpid: ")))
		line = slice_from(line, strlen("limpid: "));
	if (line.len == 0)
		return err_set(err, STATUS_CRASHED, "the helper program ended with status %d and without a report",
			       status);
	if (slice_has(line, SLICE("there is no such file")))
		return err_set(err, STATUS_NOTFOUND, "%.*s", SLICE_ARG(line));
	return err_set(err, status == EXIT_UNREADABLE ? STATUS_MALFORMED : STATUS_INVALID, "%.*s", SLICE_ARG(line));
}

static enum status take(struct slice json, struct arena *arena, struct index_report *out, struct err *err)
{
	struct slice kept;
	struct saved saved = { .created_s = 0 };
	enum status st;

	if (!arena_copy(arena, json, &kept))
		return err_nomem(err, "an index report");
	st = saved_read(kept, &limits_default, arena, &saved, err);
	if (st == STATUS_OK && saved.kind != SAVED_INDEX)
		st = err_set(err, STATUS_CRASHED, "the helper program gave another kind of report");
	*out = saved.index;
	return st;
}

enum status library_index_program(const char *target, const struct limpid_index_options *o, struct arena *arena,
				  struct index_report *out, struct err *err)
{
	const char *program = o->program ? o->program : LIMPID_BINDIR "/limpid";
	const char *argv[16] = { program, "index", "-q", "--no-progress", "-f", "json" };
	struct buf AUTO(buf_fini) json = BUF_INIT(limits_default.index_bytes);
	struct child c = { .out = -1, .said = -1 };
	size_t n = 6;
	enum status st;
	int status;

	argv[n++] = o->folder ? "--db" : "--no-cache";
	if (o->folder)
		argv[n++] = o->folder;
	if (o->platform) {
		argv[n++] = "--platform";
		argv[n++] = o->platform;
	}
	if (o->files)
		argv[n++] = "--files";
	argv[n++] = "--";
	argv[n++] = target;
	TRY(start(&c, (char *const *)(uintptr_t)argv, err));
	st = read_report(&c, &json, err);
	if (st != STATUS_OK)
		kill(c.pid, SIGKILL);
	status = wait_for(&c);
	if (st == STATUS_OK)
		st = json.len > 0 ? take(buf_slice(&json), arena, out, err) : failed(&c, status, err);
	close_both(&c);
	return st;
}
