/* SPDX-License-Identifier: Apache-2.0 */
/* zygote_serve.c - the zygote's own life: takes orders from a socket, forks a child for each, says how it ended. */
#include "index/worker_impl.h"
#include "index/zygote_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than a server asks for; beyond, an order is refused by closing its descriptors. */
#define CHILDREN_MAX 256

struct serve {
	const struct limits *limits;
	struct rules *rules;
	int sock, signals, null_fd, temp_fd;
	struct {
		pid_t pid;
		int control;
	} children[CHILDREN_MAX];
	size_t n;
};

/* ---- a child ---- */

struct reader {
	int bytes, again, answer;
};

static enum status open_bytes(void *ctx, bool again, struct source **out, struct err *err)
{
	const struct reader *r = ctx;

	if (again && !worker_put(r->answer, WORKER_FRAME_AGAIN, 0, SLICE_EMPTY))
		return err_set(err, STATUS_CANCELLED, "nobody listens");
	*out = source_from_pipe(again ? r->again : r->bytes);
	return *out ? STATUS_OK : err_nomem(err, "a layer");
}

static bool take(struct slice *rest, void *out, size_t n)
{
	if (rest->len < n)
		return false;
	memcpy(out, rest->ptr, n);
	*rest = slice_from(*rest, n);
	return true;
}

static bool read_order(int fd, struct arena *arena, struct zygote_order *order, struct scan_alias **out)
{
	off_t size = lseek(fd, 0, SEEK_END);
	uint8_t *bytes = size > 0 && (size_t)size <= ZYGOTE_ORDER_BYTES ? arena_alloc(arena, (size_t)size) : NULL;
	struct slice rest = slice_make(bytes, (size_t)MAX(size, 0));

	if (!bytes || pread(fd, bytes, rest.len, 0) != (ssize_t)size || !take(&rest, order, sizeof(*order)))
		return false;
	*out = arena_array(arena, order->n_aliases + 1, sizeof(**out));
	for (uint64_t i = 0; *out && i < order->n_aliases; i++) {
		struct zygote_alias a;

		if (!take(&rest, &a, sizeof(a)) || rest.len < (size_t)a.real_len + a.wanted_len)
			return false;
		(*out)[i] = (struct scan_alias){ .real = slice_take(rest, a.real_len),
						 .wanted = slice_take(slice_from(rest, a.real_len), a.wanted_len),
						 .dir = a.dir,
						 .hard = a.hard };
		rest = slice_from(rest, (size_t)a.real_len + a.wanted_len);
	}
	return *out != NULL;
}

/* Ends with the process: nothing is freed. */
static void child_main(struct serve *s, const int fds[ZYGOTE_FDS])
{
	struct reader reader = { fds[ZYGOTE_FD_BYTES], fds[ZYGOTE_FD_AGAIN], fds[ZYGOTE_FD_ANSWER] };
	const int keep[] = { reader.bytes, reader.again, s->temp_fd };
	struct arena arena = ARENA_INIT(2 * ZYGOTE_ORDER_BYTES);
	struct spool_area area = { .fd = s->temp_fd };
	struct image_layer layer = { .place = LAYER_STREAM };
	struct scan_job job = { .layer = &layer, .rules = s->rules, .limits = s->limits };
	struct zygote_order order;
	struct scan_alias *aliases;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!read_order(fds[ZYGOTE_FD_ORDER], &arena, &order, &aliases))
		_exit(1);
	layer.digest = job.known_digest = order.digest;
	layer.diff_id = order.diff_id;
	job.verify_diff_id = order.diff_id.algo != DIGEST_NONE;
	job.aliases = aliases;
	job.n_aliases = (size_t)order.n_aliases;
	job.threads = order.threads;
	if (order.lists) /* in this child only */
		rules_want_lists(s->rules);
	job.area = s->temp_fd >= 0 ? &area : NULL;
	job.open = open_bytes;
	job.open_ctx = &reader;
	worker_leave_the_world(s->null_fd, keep, ARRAY_LEN(keep), reader.answer, -1, s->limits);
	_exit(worker_answer(&job, reader.answer, 0) ? 0 : 1);
}

/* ---- the zygote ---- */

static void close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void start_child(struct serve *s, const int fds[ZYGOTE_FDS])
{
	pid_t pid = s->n < CHILDREN_MAX ? fork() : -1;

	if (pid == 0)
		child_main(s, fds);
	if (pid > 0) {
		close_all(fds, ZYGOTE_FD_CONTROL);
		s->children[s->n].pid = pid;
		s->children[s->n++].control = fds[ZYGOTE_FD_CONTROL];
	} else {
		close_all(fds, ZYGOTE_FDS); /* which the parent sees */
	}
}

/* False when the parent is gone. */
static bool take_order(struct serve *s)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * ZYGOTE_FDS)];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;
	int fds[ZYGOTE_FDS];
	ssize_t n = recvmsg(s->sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fds)))
		return true;
	memcpy(fds, CMSG_DATA(c), sizeof(fds));
	start_child(s, fds);
	return true;
}

static void reap(struct serve *s)
{
	struct signalfd_siginfo info[16];
	int status;
	pid_t pid;

	(void)!read(s->signals, info, sizeof(info)); /* how many is not told: all that ended are asked for */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < s->n; i++) {
			if (s->children[i].pid != pid)
				continue;
			(void)!send(s->children[i].control, &status, sizeof(status), MSG_NOSIGNAL | MSG_DONTWAIT);
			close(s->children[i].control);
			s->children[i] = s->children[--s->n];
			break;
		}
	}
}

static void serve(struct serve *s)
{
	struct pollfd fds[2 + CHILDREN_MAX];

	for (;;) {
		nfds_t n = 2;

		fds[0] = (struct pollfd){ .fd = s->sock, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
		for (size_t i = 0; i < s->n; i++)
			fds[n++] = (struct pollfd){ .fd = s->children[i].control };
		if (poll(fds, n, -1) < 0)
			continue;
		/* Whoever gave an order and closed its end does not want it any more. */
		for (size_t i = 0; i < s->n; i++)
			if (fds[2 + i].revents & (POLLHUP | POLLERR))
				kill(s->children[i].pid, SIGKILL);
		if (fds[1].revents)
			reap(s);
		if (fds[0].revents && !take_order(s))
			return;
		/* A child that was killed is reaped next, and its control closed: no loop without a wait. */
		if (fds[1].revents == 0 && fds[0].revents == 0)
			(void)poll(&fds[1], 1, 1000);
	}
}

int zygote_serve(int fd, const struct limits *limits, int temp_fd)
{
	static struct serve s;
	struct err err = ERR_INIT;
	size_t n;
	const struct detector *const *list = detectors_installed(&n);
	sigset_t chld;

	prctl(PR_SET_NAME, "limpid-zygote", 0, 0, 0);
	/* The server decides when it ends, also where a signal goes to all of a terminal or a unit. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGCHLD, SIG_DFL);
	s = (struct serve){ .limits = limits, .sock = fd, .temp_fd = temp_fd };
	s.signals = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	s.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (s.signals < 0 || s.null_fd < 0 || rules_compile(list, n, &s.rules, &err) != STATUS_OK)
		return 1;
	serve(&s);
	for (size_t i = 0; i < s.n; i++)
		kill(s.children[i].pid, SIGKILL);
	return 0;
}
