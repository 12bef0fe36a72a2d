/* SPDX-License-Identifier: Apache-2.0 */
/* zygote_job.h - private to index/: how a job reaches its zygote. */
#ifndef LIMPID_INDEX_ZYGOTE_JOB_H
#define LIMPID_INDEX_ZYGOTE_JOB_H

#include "index/zygote_impl.h"

const struct limits *zygote_limits(const struct zygote *z);
/* Send the descriptors, which stay the caller's, to a zygote that is alive; STATUS_CRASHED if there is none. */
enum status zygote_order(struct zygote *z, const int fds[ZYGOTE_FDS], struct err *err) NODISCARD;

#endif
