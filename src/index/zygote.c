/* SPDX-License-Identifier: Apache-2.0 */
/* zygote.c - the parent's side of the zygote: its start, its replacement, and orders over its socket. */
#include "index/worker_impl.h"
#include "index/zygote_job.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct zygote {
	struct zygote_options options;
	int temp_fd;
	pthread_mutex_t lock; /* guards all below */
	int sock;	      /* -1: it died and was not replaced */
	pid_t pid;
	unsigned replaced;
};

static enum status send_with(int sock, struct slice bytes, const int *fds, size_t n, struct err *err)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * ZYGOTE_FDS)];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)bytes.ptr, bytes.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t done;

	if (n > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * n);
	}
	do {
		done = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (done < 0 && errno == EINTR);
	return done == (ssize_t)bytes.len ? STATUS_OK
					  : err_errno(err, "the process that starts workers does not listen");
}

/* ---- start ---- */

static enum status start_by_fork(struct zygote *z, struct err *err)
{
	int pair[2], keep[5] = { 0, 1, 2 };
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, "a socket to the process that starts workers");
	pid = fork();
	if (pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return err_errno(err, "the process that starts workers");
	}
	if (pid == 0) {
		keep[3] = MIN(pair[1], z->temp_fd >= 0 ? z->temp_fd : pair[1]);
		keep[4] = MAX(pair[1], z->temp_fd);
		sandbox_close_others(keep, ARRAY_LEN(keep));
		_exit(zygote_serve(pair[1], z->options.limits, z->temp_fd));
	}
	close(pair[1]);
	z->sock = pair[0];
	z->pid = pid;
	return STATUS_OK;
}

/* In a program with threads only another program may follow a fork. */
static enum status start_by_spawn(struct zygote *z, struct err *err)
{
	struct zygote_hello hello = { *z->options.limits };
	posix_spawn_file_actions_t actions;
	int pair[2], rc;
	enum status st;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, "a socket to the process that starts workers");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair[1], ZYGOTE_FD);
	rc = posix_spawn(&pid, z->options.respawn[0], &actions, NULL, z->options.respawn, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pair[1]);
	errno = rc;
	st = rc == 0 ? send_with(pair[0], slice_make(&hello, sizeof(hello)), &z->temp_fd, z->temp_fd >= 0, err)
		     : err_errno(err, "cannot start %s", z->options.respawn[0]);
	if (st != STATUS_OK) {
		close(pair[0]);
		if (rc == 0)
			(void)waitpid(pid, NULL, 0);
		return st;
	}
	z->sock = pair[0];
	z->pid = pid;
	z->replaced++;
	return STATUS_OK;
}

static void bury(struct zygote *z)
{
	if (z->sock < 0)
		return;
	close(z->sock); /* upon which it ends, if it has not */
	z->sock = -1;
	while (waitpid(z->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}

enum status zygote_start(const struct zygote_options *options, struct zygote **out, struct err *err)
{
	struct zygote *z = calloc(1, sizeof(*z));
	enum status st;

	if (!z)
		return err_nomem(err, "workers");
	z->options = *options;
	z->sock = -1;
	pthread_mutex_init(&z->lock, NULL);
	z->temp_fd = worker_open_temporary(options->temp_dirs);
	st = start_by_fork(z, err);
	if (st != STATUS_OK) {
		zygote_free(z);
		return st;
	}
	*out = z;
	return STATUS_OK;
}

void zygote_free(struct zygote *z)
{
	if (!z)
		return;
	bury(z);
	close_fd(&z->temp_fd);
	pthread_mutex_destroy(&z->lock);
	free(z);
}

struct zygote_state zygote_state(struct zygote *z)
{
	struct zygote_state state;

	pthread_mutex_lock(&z->lock);
	state = (struct zygote_state){ .pid = z->sock >= 0 ? (int)z->pid : 0, .replaced = z->replaced };
	pthread_mutex_unlock(&z->lock);
	return state;
}

const struct limits *zygote_limits(const struct zygote *z)
{
	return z->options.limits;
}

static enum status order(struct zygote *z, const int fds[ZYGOTE_FDS], struct err *err)
{
	if (z->sock < 0)
		return err_set(err, STATUS_CRASHED, "the process that starts workers ended");
	return send_with(z->sock, SLICE("w"), fds, ZYGOTE_FDS, err);
}

enum status zygote_order(struct zygote *z, const int fds[ZYGOTE_FDS], struct err *err)
{
	enum status st;

	pthread_mutex_lock(&z->lock);
	st = order(z, fds, err);
	if (st != STATUS_OK) {
		bury(z);
		st = z->options.respawn ? start_by_spawn(z, err) : STATUS_CRASHED;
		st = st == STATUS_OK ? order(z, fds, err) : st;
	}
	pthread_mutex_unlock(&z->lock);
	return st == STATUS_OK ? st : err_set(err, STATUS_CRASHED, "the process that starts workers ended");
}

/* ---- the replacement ---- */

int zygote_main(int fd)
{
	static struct zygote_hello hello;
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { &hello, sizeof(hello) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;
	int temp_fd = -1, keep[5] = { 0, 1, 2 };

	if (recvmsg(fd, &msg, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(hello))
		return 1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&temp_fd, CMSG_DATA(c), sizeof(int));
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	keep[3] = MIN(fd, temp_fd >= 0 ? temp_fd : fd);
	keep[4] = MAX(fd, temp_fd);
	sandbox_close_others(keep, ARRAY_LEN(keep));
	return zygote_serve(fd, &hello.limits, temp_fd);
}
