/* SPDX-License-Identifier: Apache-2.0 */
/* zygote_job.c - one layer's bytes to a child of the zygote, and its answer back. */
#include "index/zygote_job.h"

#include "base/date.h"
#include "index/worker_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 100
#define LAST_WORDS_MS 2000
#define READ_BYTES 65536

struct zygote_job {
	const struct limits *limits;
	const _Atomic bool *stop;
	struct digest digest;
	int bytes, again, answer, control;
	struct buf in; /* of the child's answer, as far as it has come */
	bool was_again; /* the second pass was asked for */
	bool deaf;	/* the child reads no more of what is being fed */
	bool ended;	/* nothing more will be answered */
	uint64_t deadline_ns;
	struct sandbox_level level;
};

static void more_time(struct zygote_job *job)
{
	job->deadline_ns = date_monotonic_ns() + job->limits->worker_seconds * UINT64_C(1000000000);
}

/* ---- start ---- */

static enum status write_order(int fd, const struct zygote_request *req, struct err *err)
{
	struct zygote_order order = {
		.digest = req->digest, .diff_id = req->diff_id, .threads = req->threads,
		.lists = req->lists, .n_aliases = req->n_aliases
	};
	struct buf b = BUF_INIT(ZYGOTE_ORDER_BYTES);
	enum status st;

	buf_add(&b, slice_make(&order, sizeof(order)));
	for (size_t i = 0; i < req->n_aliases; i++) {
		const struct scan_alias *a = &req->aliases[i];
		struct zygote_alias head = { (uint32_t)a->real.len, (uint32_t)a->wanted.len, a->dir, a->hard };

		buf_add(&b, slice_make(&head, sizeof(head)));
		buf_add(&b, a->real);
		buf_add(&b, a->wanted);
	}
	st = buf_check(&b, "an order to a worker", err);
	if (st == STATUS_OK && write(fd, b.ptr, b.len) != (ssize_t)b.len)
		st = err_errno(err, "an order to a worker");
	buf_fini(&b);
	return st;
}

/* Four pairs: this side in the job, the other in theirs. */
static bool make_pairs(struct zygote_job *job, int theirs[ZYGOTE_FDS])
{
	int *const ours[ZYGOTE_FDS] = { [ZYGOTE_FD_BYTES] = &job->bytes,
					[ZYGOTE_FD_AGAIN] = &job->again,
					[ZYGOTE_FD_ANSWER] = &job->answer,
					[ZYGOTE_FD_CONTROL] = &job->control };

	for (size_t i = 0; i < ZYGOTE_FDS; i++) {
		int type = i == ZYGOTE_FD_CONTROL ? SOCK_SEQPACKET : SOCK_STREAM, pair[2];

		if (!ours[i])
			continue;
		if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
			return false;
		*ours[i] = pair[0];
		theirs[i] = pair[1];
	}
	theirs[ZYGOTE_FD_ORDER] = memfd_create("order", MFD_CLOEXEC);
	return theirs[ZYGOTE_FD_ORDER] >= 0;
}

enum status zygote_job_start(struct zygote *z, const struct zygote_request *req, struct zygote_job **out,
			     struct err *err)
{
	struct zygote_job *job = calloc(1, sizeof(*job));
	int theirs[ZYGOTE_FDS] = { -1, -1, -1, -1, -1 };
	enum status st;

	if (!job)
		return err_nomem(err, "a worker");
	*job = (struct zygote_job){ .limits = zygote_limits(z),
				    .stop = req->stop,
				    .digest = req->digest,
				    .bytes = -1,
				    .again = -1,
				    .answer = -1,
				    .control = -1 };
	job->in = (struct buf)BUF_INIT(job->limits->report_bytes + 2 * WORKER_FRAME_HEAD + 2 * READ_BYTES);
	st = make_pairs(job, theirs) ? write_order(theirs[ZYGOTE_FD_ORDER], req, err)
				     : err_errno(err, "descriptors of a worker");
	if (st == STATUS_OK)
		st = zygote_order(z, theirs, err);
	for (size_t i = 0; i < ZYGOTE_FDS; i++)
		close_fd(&theirs[i]);
	if (st != STATUS_OK) {
		zygote_job_free(job);
		return st;
	}
	more_time(job);
	*out = job;
	return STATUS_OK;
}

/* ---- while it runs ---- */

static enum status go_on(const struct zygote_job *job, struct err *err)
{
	if (job->stop && atomic_load(job->stop))
		return err_set(err, STATUS_CANCELLED, "cancelled");
	if (date_monotonic_ns() > job->deadline_ns)
		return err_set(err, STATUS_TIMEOUT, "reading the layer took more than %llu seconds and was stopped",
			       (unsigned long long)job->limits->worker_seconds);
	return STATUS_OK;
}

/* What the child says is kept while it is fed: it must not wait for a reader that waits for it. */
static enum status listen_to(struct zygote_job *job, struct err *err)
{
	uint8_t *room = buf_reserve(&job->in, READ_BYTES);
	ssize_t n;

	if (!room)
		return err_set(err, STATUS_LIMIT, "the worker's answer is too long");
	n = recv(job->answer, room, READ_BYTES, MSG_DONTWAIT);
	if (n > 0)
		job->in.len += (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		job->ended = true;
	return STATUS_OK;
}

static enum status wait_for_news(struct zygote_job *job, int feed_fd, struct err *err)
{
	struct pollfd fds[2] = { { .fd = job->ended ? -1 : job->answer, .events = POLLIN },
				 { .fd = feed_fd, .events = POLLOUT } };

	TRY(go_on(job, err));
	if (poll(fds, 2, TICK_MS) > 0 && fds[0].revents)
		return listen_to(job, err);
	return STATUS_OK;
}

enum status zygote_job_feed(struct zygote_job *job, struct slice bytes, struct err *err)
{
	int fd = job->was_again ? job->again : job->bytes;

	while (bytes.len > 0 && !job->deaf) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			bytes = slice_from(bytes, (size_t)n);
			more_time(job);
		} else if (n < 0 && errno != EINTR && errno != EAGAIN) {
			job->deaf = true;
		} else {
			TRY(wait_for_news(job, fd, err));
		}
	}
	return go_on(job, err);
}

/* ---- the answer ---- */

/* How the child ended is known a moment after its last word. */
static enum status last_words(struct zygote_job *job, struct err *err)
{
	struct pollfd p = { .fd = job->control, .events = POLLIN };
	int status = 0;

	if (poll(&p, 1, LAST_WORDS_MS) <= 0 ||
	    recv(job->control, &status, sizeof(status), MSG_DONTWAIT) != sizeof(status))
		return err_set(err, STATUS_CONFLICT,
			       "the worker that read the layer ended with the one that starts workers");
	if (WIFSIGNALED(status))
		return err_set(err, STATUS_CRASHED, "the worker that read the layer was killed by signal %d",
			       WTERMSIG(status));
	return err_set(err, STATUS_CRASHED, "the worker that read the layer ended without an answer");
}

static enum status take_report(struct zygote_job *job, struct slice json, struct arena *arena, struct layer_report *out,
			       struct err *err)
{
	TRY(layer_report_parse(json, job->limits, arena, out, err));
	if (!digest_eq(&job->digest, &out->digest))
		return err_set(err, STATUS_MALFORMED, "the worker's answer is about another layer");
	if (!slice_eq(out->detector_set, detector_set()))
		return err_set(err, STATUS_MALFORMED, "the worker's answer is of another detector set");
	return STATUS_OK;
}

static enum status take_frame(struct zygote_job *job, const struct worker_frame *f, struct arena *arena,
			      enum zygote_news *news, bool *done, struct layer_report *out, struct err *err)
{
	*done = true;
	switch (f->job == 0 ? f->type : WORKER_FRAME_RESULT) {
	case WORKER_FRAME_LEVEL:
		*done = false;
		return worker_level_parse(f->payload, &job->level, err);
	case WORKER_FRAME_REPORT:
		*news = ZYGOTE_REPORT;
		return take_report(job, f->payload, arena, out, err);
	case WORKER_FRAME_FAILED:
		worker_failed_parse(f->payload, err);
		return err->code;
	case WORKER_FRAME_AGAIN:
		*news = ZYGOTE_AGAIN;
		if (job->was_again)
			return err_set(err, STATUS_MALFORMED, "the worker asked for a third pass");
		job->was_again = true;
		job->deaf = false;
		return STATUS_OK;
	default:
		return err_set(err, STATUS_MALFORMED, "the worker answered what was not asked");
	}
}

static enum status next_frame(struct zygote_job *job, struct arena *arena, enum zygote_news *news, bool *done,
			      struct layer_report *out, struct err *err)
{
	struct worker_frame f;
	enum status st;
	size_t used;

	*done = false;
	TRY(worker_frame_next(buf_slice(&job->in), job->limits->report_bytes, &f, &used, err));
	if (used == 0)
		return job->ended ? last_words(job, err) : wait_for_news(job, -1, err);
	st = take_frame(job, &f, arena, news, done, out, err);
	memmove(job->in.ptr, job->in.ptr + used, job->in.len - used);
	job->in.len -= used;
	return st;
}

enum status zygote_job_wait(struct zygote_job *job, struct arena *arena, enum zygote_news *out_news,
			    struct layer_report *out, struct err *err)
{
	int *fd = job->was_again ? &job->again : &job->bytes;
	bool done = false;

	close_fd(fd); /* the end of the bytes */
	*fd = -1;
	more_time(job);
	while (!done)
		TRY(next_frame(job, arena, out_news, &done, out, err));
	more_time(job);
	return STATUS_OK;
}

void zygote_job_level(const struct zygote_job *job, struct sandbox_level *out)
{
	*out = job->level;
}

void zygote_job_free(struct zygote_job *job)
{
	if (!job)
		return;
	close_fd(&job->bytes);
	close_fd(&job->again);
	close_fd(&job->answer);
	close_fd(&job->control);
	buf_fini(&job->in);
	free(job);
}
