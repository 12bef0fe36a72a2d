/* SPDX-License-Identifier: Apache-2.0 */
/* credential_helper.c - running a program that keeps credentials: docker-credential-NAME get. */
#include "image/credentials.h"

#include "base/buf.h"
#include "base/date.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_BYTES 65536
#define TIMEOUT_S 30
#define NAME_MAX_BYTES 128

struct helper {
	pid_t pid;
	int in, out; /* of the helper: we write to in, and read from out */
};

/* No path: "docker-credential-" and a name beside others in PATH. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_' && s.ptr[i] != '.')
			return false;
	return s.len > 0 && s.len <= NAME_MAX_BYTES;
}

static struct slice path_of(char *const *environment)
{
	for (size_t i = 0; environment[i]; i++)
		if (strncmp(environment[i], "PATH=", 5) == 0)
			return slice_cstr(environment[i] + 5);
	return SLICE("/usr/local/bin:/usr/bin:/bin");
}

static char *find_program(char *const *environment, struct slice name, struct arena *arena)
{
	struct slice path = path_of(environment), dir, text;

	while (slice_word(&path, ':', &dir)) {
		if (!arena_printf(arena, &text, "%.*s/docker-credential-%.*s", SLICE_ARG(dir), SLICE_ARG(name)))
			return NULL;
		if (dir.ptr[0] == '/' && access((const char *)text.ptr, X_OK) == 0)
			return arena_cstr(arena, text);
	}
	return NULL;
}

static enum status start(char *program, char *const *environment, struct helper *h, struct err *err)
{
	char get[] = "get", *argv[] = { program, get, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int to[2], from[2], rc;
	sigset_t none;

	/* A socket: writing to one that nobody reads is no signal. */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, to) < 0)
		return err_errno(err, "a socket");
	if (pipe2(from, O_CLOEXEC) < 0) {
		close(to[0]);
		close(to[1]);
		return err_errno(err, "a pipe");
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], 0);
	posix_spawn_file_actions_adddup2(&actions, from[1], 1);
	/* What it says there may be a secret, and is no message of ours. */
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	rc = posix_spawn(&h->pid, program, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(to[0]);
	close(from[1]);
	h->in = to[1];
	h->out = from[0];
	if (rc == 0)
		return STATUS_OK;
	close_fd(&h->in);
	close_fd(&h->out);
	errno = rc;
	return err_errno(err, "it cannot be started");
}

/* Until its end is closed; false after the deadline. */
static enum status read_answer(const struct helper *h, uint64_t deadline_ns, struct buf *out, struct err *err)
{
	for (;;) {
		uint64_t now = date_monotonic_ns();
		struct pollfd p = { .fd = h->out, .events = POLLIN };
		uint8_t *room;
		ssize_t n;

		if (now >= deadline_ns)
			return err_set(err, STATUS_TIMEOUT, "it has not answered in time");
		if (poll(&p, 1, (int)MIN((deadline_ns - now) / 1000000 + 1, 1000)) <= 0)
			continue;
		room = buf_reserve(out, 4096);
		if (!room)
			return err_set(err, STATUS_LIMIT, "its answer has more than %d bytes", ANSWER_BYTES);
		n = read(h->out, room, 4096);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_errno(err, "its answer cannot be read");
		if (n == 0)
			return STATUS_OK;
		out->len += n > 0 ? (size_t)n : 0;
	}
}

/* It may have closed its output and stay: it ends at the deadline in any case, with what it has started. */
static int finish(struct helper *h, uint64_t deadline_ns)
{
	int status = 0;

	while (date_monotonic_ns() < deadline_ns) {
		pid_t ended = waitpid(h->pid, &status, WNOHANG);

		if (ended == h->pid || (ended < 0 && errno != EINTR)) {
			close_fd(&h->out);
			return status;
		}
		(void)poll(NULL, 0, 2);
	}
	(void)kill(-h->pid, SIGKILL);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	close_fd(&h->out);
	return status;
}

static enum status converse(struct helper *h, struct slice key, unsigned timeout_s, struct buf *out, struct err *err)
{
	uint64_t deadline = date_monotonic_ns() + (uint64_t)timeout_s * UINT64_C(1000000000);
	enum status st;
	int status;

	/* A key fits into the socket; who does not read it may answer all the same. */
	(void)send(h->in, key.ptr, key.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	close_fd(&h->in);
	st = read_answer(h, deadline, out, err);
	status = finish(h, st == STATUS_OK ? deadline : 0);
	if (st != STATUS_OK)
		return st;
	/* By the protocol it says so on its standard output, in words that differ, and fails. */
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return slice_has(buf_slice(out), SLICE("not found"))
			       ? err_set(err, STATUS_NOTFOUND, "it knows none for this registry")
			       : err_set(err, STATUS_IO, "it failed");
	return STATUS_OK;
}

enum status helper_run(const struct credential_sources *sources, struct slice name, struct slice key,
		       struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) answer = BUF_INIT(ANSWER_BYTES);
	struct helper h = { .in = -1, .out = -1 };
	char *program;

	if (!is_name(name))
		return err_set(err, STATUS_INVALID, "no name of a helper");
	if (!sources->environment)
		return err_set(err, STATUS_UNSUPPORTED, "helpers are not run here");
	program = find_program(sources->environment, name, arena);
	if (!program)
		return err_set(err, STATUS_IO, "there is no such program in PATH");
	TRY(start(program, sources->environment, &h, err));
	TRY(converse(&h, key, sources->helper_timeout_s ? sources->helper_timeout_s : TIMEOUT_S, &answer, err));
	return arena_copy(arena, buf_slice(&answer), out) ? STATUS_OK : err_nomem(err, "credentials");
}
