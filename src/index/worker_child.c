/* SPDX-License-Identifier: Apache-2.0 */
/* worker_child.c - what a sandboxed child does: leaves the world, scans, answers; how the parent takes an answer. */
#include "index/worker_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool put(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

bool worker_put(int fd, enum worker_frame_type type, size_t job, struct slice payload)
{
	uint8_t head[WORKER_FRAME_HEAD];

	worker_frame_head(head, type, (uint32_t)job, payload.len);
	return put(fd, head, sizeof(head)) && put(fd, payload.ptr, payload.len);
}

bool worker_put_failed(int fd, size_t job, const struct err *err)
{
	uint8_t payload[WORKER_MESSAGE_BYTES];
	uint32_t code = (uint32_t)(int32_t)err->code;
	size_t n = strnlen(err->msg, sizeof(err->msg));

	for (unsigned i = 0; i < 4; i++)
		payload[i] = (uint8_t)(code >> (8 * i));
	memcpy(payload + 4, err->msg, n);
	return worker_put(fd, WORKER_FRAME_FAILED, job, slice_make(payload, n + 4));
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void worker_die_with(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(1);
}

/* Nothing stays open but what the work needs; nobody can be written to but the parent. */
void worker_leave_the_world(int null_fd, const int *fds, size_t n_fds, int out_fd, int dir_fd,
			    const struct limits *limits)
{
	struct sandbox_options options = { limits, dir_fd };
	struct sandbox_level level;
	int keep[4 + WORKER_FDS_MAX] = { 0, 1, 2, out_fd };
	unsigned n_keep = 4;
	uint8_t payload[4];

	for (size_t i = 0; i < n_fds && n_keep < ARRAY_LEN(keep); i++)
		if (fds[i] >= 0)
			keep[n_keep++] = fds[i];

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGINT, SIG_IGN); /* the parent decides */
	if (null_fd >= 0) {
		(void)dup2(null_fd, 0);
		(void)dup2(null_fd, 1);
#if !UNDER_SANITIZER
		(void)dup2(null_fd, 2);
#endif
	}
	qsort(keep, n_keep, sizeof(keep[0]), by_number);
	sandbox_close_others(keep, n_keep);
	sandbox_enter(&options, &level);
	payload[0] = level.no_new_privs;
	payload[1] = level.limits;
	payload[2] = (uint8_t)MIN(level.landlock, 255);
	payload[3] = level.filter;
	if (!worker_put(out_fd, WORKER_FRAME_LEVEL, 0, slice_make(payload, sizeof(payload))))
		_exit(1);
}

bool worker_answer(const struct scan_job *job, int out_fd, size_t index)
{
	struct arena arena = ARENA_INIT(scan_arena_bytes(job->limits));
	struct buf json = BUF_INIT(job->limits->report_bytes);
	struct layer_report report;
	struct err err = ERR_INIT;
	enum status st = scan_layer(job, &arena, &report, &err);
	bool ok;

	if (st == STATUS_OK)
		st = layer_report_print(&report, &json, &err);
	if (st == STATUS_NOMEM)
		err_wrap(&err, "a worker may take %llu bytes of memory (limits.worker_memory)",
			 (unsigned long long)job->limits->worker_memory);
	ok = st == STATUS_OK ? worker_put(out_fd, WORKER_FRAME_REPORT, index, buf_slice(&json))
			     : worker_put_failed(out_fd, index, &err);
	buf_fini(&json);
	arena_fini(&arena);
	return ok;
}

/* ---- the parent ---- */

void worker_job_fail(struct worker_job *job, const char *msg)
{
	struct layer_diag *d;

	arena_reset(&job->arena);
	job->report = (struct layer_report){ .digest = job->scan.layer->digest,
					     .detector_set = detector_set(),
					     .bytes_stored = job->scan.layer->len };
	d = VEC_PUSH(&job->report.diags, &job->arena);
	if (d) {
		*d = (struct layer_diag){ .code = DIAG_LAYER, .offset = ERR_NO_OFFSET };
		if (!arena_copy(&job->arena, slice_cstr(msg), &d->text))
			job->report.diags.len = 0;
	}
	job->done = true;
}

enum status worker_job_take(struct worker_job *job, struct slice json, const struct limits *limits, struct err *err)
{
	const struct digest *claimed = &job->scan.layer->digest;

	TRY(layer_report_parse(json, limits, &job->arena, &job->report, err));
	if (claimed->algo != DIGEST_NONE && !digest_eq(claimed, &job->report.digest))
		return err_set(err, STATUS_MALFORMED, "the worker's answer is about another layer");
	if (!slice_eq(job->report.detector_set, detector_set()))
		return err_set(err, STATUS_MALFORMED, "the worker's answer is of another detector set");
	job->done = true;
	return STATUS_OK;
}

/* A file without a name: it is gone when the last process that has it is. */
int worker_open_temporary(const char *const *dirs)
{
	int fd = -1;

	for (size_t i = 0; dirs && dirs[i] && fd < 0; i++)
		fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd >= 0 ? fd : memfd_create("limpid", MFD_CLOEXEC);
}
