/* SPDX-License-Identifier: Apache-2.0 */
/* worker_impl.h - private to index/: what forked workers and those of a zygote have in common. */
#ifndef LIMPID_INDEX_WORKER_IMPL_H
#define LIMPID_INDEX_WORKER_IMPL_H

#include "index/worker.h"

#include <sys/types.h>

#define WORKER_MESSAGE_BYTES 600
#define WORKER_FDS_MAX 4

/* ---- in the child ---- */

/* The process ends when its parent does, who may be gone before the kernel was asked to say so. */
void worker_die_with(pid_t parent);
/* False when the parent does not listen any more. */
bool worker_put(int fd, enum worker_frame_type type, size_t job, struct slice payload);
bool worker_put_failed(int fd, size_t job, const struct err *err);
/*
 * Give up everything but the descriptors named (-1: none) and say on out_fd how far that went. dir_fd: a tree that may
 * be read. Ends the process when nobody listens.
 */
void worker_leave_the_world(int null_fd, const int *fds, size_t n_fds, int out_fd, int dir_fd,
			    const struct limits *limits);
/* Scan, and answer for job number index. */
bool worker_answer(const struct scan_job *job, int out_fd, size_t index);

/* ---- in the parent ---- */

/* Believe a report, after looking at it closely. */
enum status worker_job_take(struct worker_job *job, struct slice json, const struct limits *limits,
			    struct err *err) NODISCARD;
/* A file without a name in the first of the directories that can have one, else in memory; -1 if there is none. */
int worker_open_temporary(const char *const *dirs);

#endif
