/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - forks sandboxed children, one per layer (or per compressed archive), and gathers their reports. */
#include "index/worker_impl.h"

#include "base/date.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define TICK_MS 100
#define THREADS_FROM ((uint64_t)2 << 20) /* stored bytes from which threads pay */

/* Jobs that one child does one after the other: one, or all layers of a compressed archive by offset. */
struct batch {
	size_t *jobs;	/* owned by the arena of the run */
	size_t n, next; /* next: first job without an answer */
	uint64_t bytes;
};

struct child {
	pid_t pid; /* 0 = free slot */
	int fd;
	struct buf in;
	size_t batch;
	uint64_t deadline_ns;
	bool timed_out;
	struct err broken; /* why its answers are not believed any more */
};

struct run {
	struct worker_job *jobs;
	size_t n;
	const struct worker_options *options;
	struct arena arena;
	VEC(struct batch) batches;
	size_t next_batch;
	struct child children[WORKERS_MAX];
	unsigned workers, running;
	size_t done;
	int null_fd;
	struct spool_area area; /* each child has its own copy, and the one file */
	_Atomic uint64_t *progress; /* shared with the children */
	struct sandbox_level level;
	bool have_level;
};

/* ---- batches ---- */

/* Bring the archive's stream to the layer; on failure there is no stream any more. */
static struct source *advance(struct source *stream, const struct image_layer *layer)
{
	struct err err = ERR_INIT;

	if (stream &&
	    (layer->offset < stream->pos || source_skip(stream, layer->offset - stream->pos, &err) != STATUS_OK)) {
		source_free(stream);
		return NULL;
	}
	return stream;
}

static struct source *open_stream(const struct image_layer *layer, const struct limits *limits, int turn_fd)
{
	struct source *src = source_from_fd(layer->fd, 0, UINT64_MAX), *tar = NULL;
	struct err err = ERR_INIT;
	enum codec_id codec;

	if (!src || codec_open_in_turn(src, limits, turn_fd, &codec, &tar, &err) != STATUS_OK)
		return NULL;
	return source_threaded(tar);
}

/* All layers of a batch, here. The scan opens for itself what the shared stream cannot give. */
static void each_job(struct run *run, const struct batch *b, bool (*one)(struct run *run, size_t job, int out_fd),
		     int out_fd)
{
	const struct image_layer *first = run->jobs[b->jobs[b->next]].scan.layer;
	struct source *stream = NULL;

	if (first->place == LAYER_IN_STREAM && b->n - b->next > 1)
		stream = open_stream(first, run->options->limits, run->area.fd);
	for (size_t i = b->next; i < b->n; i++) {
		struct worker_job *job = &run->jobs[b->jobs[i]];

		stream = advance(stream, job->scan.layer);
		job->scan.stream = stream;
		if (!one(run, b->jobs[i], out_fd))
			break;
	}
	source_free(stream);
}

static bool answer_one(struct run *run, size_t job, int out_fd)
{
	return worker_answer(&run->jobs[job].scan, out_fd, job);
}

static void child_main(struct run *run, const struct batch *b, int out_fd)
{
	const struct image_layer *first = run->jobs[b->jobs[b->next]].scan.layer;

	const int fds[] = { first->fd, run->area.fd };

	worker_leave_the_world(run->null_fd, fds, ARRAY_LEN(fds), out_fd,
			       first->place == LAYER_DIRECTORY ? first->fd : -1, run->options->limits);
	each_job(run, b, answer_one, out_fd);
	_exit(0);
}

/* ---- the parent ---- */

static enum status take_frame(struct run *run, struct child *c, const struct worker_frame *f, struct err *err)
{
	struct batch *b = &run->batches.at[c->batch];
	struct worker_job *job = b->next < b->n ? &run->jobs[b->jobs[b->next]] : NULL;
	struct sandbox_level level;
	struct err failed = ERR_INIT;

	if (f->type == WORKER_FRAME_LEVEL) {
		TRY(worker_level_parse(f->payload, &level, err));
		if (!run->have_level || !sandbox_is_full(&level))
			run->level = level;
		run->have_level = true;
		return STATUS_OK;
	}
	if (!job || f->job != b->jobs[b->next] || f->type >= WORKER_FRAME_RESULT)
		return err_set(err, STATUS_MALFORMED, "the worker answered what was not asked");
	if (f->type == WORKER_FRAME_REPORT) {
		TRY(worker_job_take(job, f->payload, run->options->limits, err));
	} else {
		worker_failed_parse(f->payload, &failed);
		worker_job_fail(job, failed.msg);
	}
	b->next++;
	run->done++;
	c->deadline_ns = date_monotonic_ns() + run->options->limits->worker_seconds * UINT64_C(1000000000);
	return STATUS_OK;
}

static enum status take_bytes(struct run *run, struct child *c, struct err *err)
{
	size_t used, at = 0;

	for (;;) {
		struct worker_frame f;

		TRY(worker_frame_next(slice_from(buf_slice(&c->in), at), run->options->limits->report_bytes, &f, &used,
				      err));
		if (used == 0)
			break;
		TRY(take_frame(run, c, &f, err));
		at += used;
	}
	if (at > 0) {
		memmove(c->in.ptr, c->in.ptr + at, c->in.len - at);
		c->in.len -= at;
	}
	return STATUS_OK;
}

static void describe_death(const struct run *run, const struct child *c, int wait_status, char *msg, size_t size)
{
	if (c->timed_out)
		snprintf(msg, size, "reading the layer took more than %llu seconds and was stopped",
			 (unsigned long long)run->options->limits->worker_seconds);
	else if (c->broken.code != STATUS_OK)
		snprintf(msg, size, "%s", c->broken.msg);
	else if (WIFSIGNALED(wait_status))
		snprintf(msg, size, "the worker that read the layer was killed by signal %d", WTERMSIG(wait_status));
	else
		snprintf(msg, size, "the worker that read the layer ended without an answer");
}

/* The child is gone: the job it was at is lost, the rest of its batch goes to another one. */
static void bury(struct run *run, struct child *c)
{
	struct batch *b = &run->batches.at[c->batch];
	char msg[WORKER_MESSAGE_BYTES];
	int wait_status = 0;

	close(c->fd);
	buf_fini(&c->in);
	while (waitpid(c->pid, &wait_status, 0) < 0 && errno == EINTR)
		continue;
	if (b->next < b->n) {
		describe_death(run, c, wait_status, msg, sizeof(msg));
		worker_job_fail(&run->jobs[b->jobs[b->next]], msg);
		b->next++;
		run->done++;
	}
	if (b->next < b->n && run->batches.len < SIZE_MAX) {
		struct batch rest = *b;
		struct batch *again = VEC_PUSH(&run->batches, &run->arena);

		if (again)
			*again = rest;
	}
	c->pid = 0;
	run->running--;
}

static enum status start(struct run *run, struct err *err)
{
	struct batch *b = &run->batches.at[run->next_batch];
	struct child *c = run->children;
	pid_t pid, parent;
	int fds[2];

	while (c->pid != 0)
		c++;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "a pipe to a worker cannot be made");
	parent = getpid();
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return err_errno(err, "a worker cannot be started");
	}
	if (pid == 0) {
		worker_die_with(parent);
		child_main(run, b, fds[1]);
	}
	close(fds[1]);
	*c = (struct child){ .pid = pid, .fd = fds[0], .batch = run->next_batch, .broken = ERR_INIT };
	c->in = (struct buf)BUF_INIT(run->options->limits->report_bytes + 2 * WORKER_FRAME_HEAD + 65536);
	c->deadline_ns = date_monotonic_ns() + run->options->limits->worker_seconds * UINT64_C(1000000000);
	run->next_batch++;
	run->running++;
	return STATUS_OK;
}

/* False: there is no more to come. */
static bool listen_to(struct run *run, struct child *c)
{
	uint8_t *room = buf_reserve(&c->in, 65536);
	ssize_t n;

	if (!room) {
		err_set(&c->broken, STATUS_LIMIT, "the worker's answer is too long");
		return false;
	}
	n = read(c->fd, room, 65536);
	if (n < 0)
		return errno == EINTR;
	if (n == 0)
		return false;
	c->in.len += (size_t)n;
	return take_bytes(run, c, &c->broken) == STATUS_OK;
}

static void tell(const struct run *run)
{
	if (run->options->progress)
		run->options->progress(run->options->progress_ctx, run->done,
				       run->progress ? atomic_load_explicit(run->progress, memory_order_relaxed) : 0);
}

static void wait_for_news(struct run *run)
{
	struct pollfd fds[WORKERS_MAX];
	struct child *who[WORKERS_MAX];
	nfds_t n = 0;
	uint64_t now;

	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (run->children[i].pid == 0)
			continue;
		who[n] = &run->children[i];
		fds[n++] = (struct pollfd){ .fd = run->children[i].fd, .events = POLLIN };
	}
	if (poll(fds, n, TICK_MS) < 0)
		return;
	now = date_monotonic_ns();
	for (nfds_t i = 0; i < n; i++) {
		bool late = now > who[i]->deadline_ns;
		bool open = fds[i].revents == 0 || listen_to(run, who[i]);

		if (open && !late)
			continue;
		who[i]->timed_out = open;
		if (open || who[i]->broken.code != STATUS_OK)
			kill(who[i]->pid, SIGKILL);
		bury(run, who[i]);
	}
	tell(run);
}

static void stop_all(struct run *run)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (run->children[i].pid == 0)
			continue;
		kill(run->children[i].pid, SIGKILL);
		bury(run, &run->children[i]);
	}
}

static enum status run_children(struct run *run, struct err *err)
{
	while (run->next_batch < run->batches.len || run->running > 0) {
		while (run->running < run->workers && run->next_batch < run->batches.len) {
			enum status st = start(run, err);

			/* Processes or descriptors are short: with fewer workers it takes longer. */
			if (st == STATUS_IO && run->running > 0) {
				run->workers = run->running;
				break;
			}
			if (st != STATUS_OK) {
				stop_all(run);
				return st;
			}
		}
		wait_for_news(run);
	}
	return STATUS_OK;
}

/* ---- in process ---- */

static bool scan_one(struct run *run, size_t index, int out_fd)
{
	struct worker_job *job = &run->jobs[index];
	struct err err = ERR_INIT;

	(void)out_fd;
	if (scan_layer(&job->scan, &job->arena, &job->report, &err) != STATUS_OK)
		worker_job_fail(job, err.msg);
	job->done = true;
	run->done++;
	tell(run);
	return true;
}

/* ---- both ---- */

static bool same_stream(const struct image_layer *a, const struct image_layer *b)
{
	return a->place == LAYER_IN_STREAM && b->place == LAYER_IN_STREAM && a->fd == b->fd;
}

static enum status add_batch(struct run *run, size_t job, struct err *err)
{
	const struct image_layer *layer = run->jobs[job].scan.layer;
	struct batch *b = NULL;
	size_t at;

	for (size_t i = 0; i < run->batches.len && !b; i++)
		if (same_stream(run->jobs[run->batches.at[i].jobs[0]].scan.layer, layer))
			b = &run->batches.at[i];
	if (!b) {
		b = VEC_PUSH(&run->batches, &run->arena);
		if (b)
			b->jobs =
				arena_array(&run->arena, layer->place == LAYER_IN_STREAM ? run->n : 1, sizeof(size_t));
		if (!b || !b->jobs)
			return err_nomem(err, "workers");
	}
	for (at = b->n; at > 0 && run->jobs[b->jobs[at - 1]].scan.layer->offset > layer->offset; at--)
		b->jobs[at] = b->jobs[at - 1];
	b->jobs[at] = job;
	b->n++;
	b->bytes += layer->len;
	return STATUS_OK;
}

static int largest_first(const void *a, const void *b)
{
	const struct batch *x = a, *y = b;

	return (x->bytes < y->bytes) - (x->bytes > y->bytes);
}

static enum status plan(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->n; i++) {
		struct worker_job *job = &run->jobs[i];

		job->arena = (struct arena)ARENA_INIT(scan_arena_bytes(run->options->limits));
		job->done = false;
		job->scan.threads = job->scan.layer->len >= THREADS_FROM;
		job->scan.progress = run->progress;
		job->scan.area = run->area.fd >= 0 ? &run->area : NULL;
		TRY(add_batch(run, i, err));
	}
	if (run->batches.len > 1)
		qsort(run->batches.at, run->batches.len, sizeof(*run->batches.at), largest_first);
	return STATUS_OK;
}

static enum status go(struct run *run, struct err *err)
{
	TRY(plan(run, err));
	if (!run->options->in_process)
		return run_children(run, err);
	for (size_t i = 0; i < run->batches.len; i++)
		each_job(run, &run->batches.at[i], scan_one, -1);
	return STATUS_OK;
}

static unsigned worker_count(unsigned asked)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (asked == 0)
		asked = cpus > 0 ? (unsigned)cpus : 1;
	return MIN(asked, WORKERS_MAX);
}

enum status worker_run(struct worker_job *jobs, size_t n, const struct worker_options *options,
		       struct sandbox_level *out_level, struct err *err)
{
	struct run *run;
	void *shared;
	enum status st;

	*out_level = (struct sandbox_level){ 0 };
	if (n == 0)
		return STATUS_OK;
	if (n > UINT16_MAX)
		return err_set(err, STATUS_LIMIT, "%zu layers at once", n);
	run = calloc(1, sizeof(*run));
	if (!run)
		return err_nomem(err, "workers");
	*run = (struct run){ .jobs = jobs, .n = n, .options = options, .arena = ARENA_INIT((size_t)64 << 20) };
	run->workers = worker_count(options->workers);
	run->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	run->area.fd = worker_open_temporary(options->temp_dirs);
	shared = mmap(NULL, sizeof(*run->progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	run->progress = shared == MAP_FAILED ? NULL : shared;
	st = go(run, err);
	*out_level = run->level;
	if (shared != MAP_FAILED)
		munmap(shared, sizeof(*run->progress));
	close_fd(&run->null_fd);
	close_fd(&run->area.fd);
	arena_fini(&run->arena);
	free(run);
	return st;
}

void worker_job_fini(struct worker_job *job)
{
	arena_fini(&job->arena);
}

/* ---- one piece of work ---- */

struct isolated {
	enum status (*work)(void *ctx, struct buf *out, struct err *err);
	void *ctx;
	struct buf *out; /* of the caller */
	const struct limits *limits;
	bool done;
};

static void isolated_main(const struct isolated *w, int null_fd, int fd_in, int out_fd)
{
	struct buf out = BUF_INIT(w->out->max);
	struct err err = ERR_INIT;

	worker_leave_the_world(null_fd, &fd_in, 1, out_fd, -1, w->limits);
	if (w->work(w->ctx, &out, &err) == STATUS_OK)
		_exit(worker_put(out_fd, WORKER_FRAME_RESULT, 0, buf_slice(&out)) ? 0 : 1);
	_exit(worker_put_failed(out_fd, 0, &err) ? 0 : 1);
}

static enum status take_isolated(struct isolated *w, struct buf *in, struct err *err)
{
	size_t used, at = 0;

	for (;;) {
		struct worker_frame f;

		TRY(worker_frame_next(slice_from(buf_slice(in), at), w->out->max, &f, &used, err));
		if (used == 0)
			return STATUS_OK;
		at += used;
		if (f.type == WORKER_FRAME_FAILED) {
			worker_failed_parse(f.payload, err);
			return err->code;
		}
		if (f.type == WORKER_FRAME_RESULT) {
			buf_add(w->out, f.payload);
			w->done = true;
			return buf_check(w->out, "the worker's answer", err);
		}
	}
}

static enum status hear_out(struct isolated *w, int fd, struct err *err)
{
	uint64_t deadline = date_monotonic_ns() + w->limits->worker_seconds * UINT64_C(1000000000);
	struct buf in = BUF_INIT(w->out->max + 65536 * 2);
	enum status st = STATUS_OK;

	while (st == STATUS_OK) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint8_t *room = buf_reserve(&in, 65536);
		ssize_t n = 0;

		if (date_monotonic_ns() > deadline)
			st = err_set(err, STATUS_TIMEOUT, "reading took more than %llu seconds",
				     (unsigned long long)w->limits->worker_seconds);
		else if (!room)
			st = err_set(err, STATUS_LIMIT, "the worker's answer is too long");
		else if (poll(&p, 1, TICK_MS) > 0 && (n = read(fd, room, 65536)) == 0)
			break;
		if (n > 0)
			in.len += (size_t)n;
	}
	if (st == STATUS_OK)
		st = take_isolated(w, &in, err);
	buf_fini(&in);
	return st;
}

enum status worker_isolate(void *isolate_ctx, int fd_in,
			   enum status (*work)(void *ctx, struct buf *out, struct err *err), void *ctx, struct buf *out,
			   struct err *err)
{
	struct isolated w = { work, ctx, out, isolate_ctx, false };
	AUTO(close_fd) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[2], wait_status = 0;
	pid_t pid, parent;
	enum status st;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "a pipe to a worker cannot be made");
	parent = getpid();
	pid = fork();
	if (pid == 0) {
		worker_die_with(parent);
		isolated_main(&w, null_fd, fd_in, fds[1]);
	}
	close(fds[1]);
	st = pid > 0 ? hear_out(&w, fds[0], err) : err_errno(err, "a worker cannot be started");
	close(fds[0]);
	if (pid < 0)
		return st;
	if (st != STATUS_OK)
		kill(pid, SIGKILL);
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		continue;
	if (st == STATUS_OK && !w.done)
		st = err_set(err, STATUS_CRASHED, "the worker that read it %s %d",
			     WIFSIGNALED(wait_status) ? "was killed by signal" : "ended with status",
			     WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
	return st;
}
