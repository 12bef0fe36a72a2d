/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - a bounded number of threads with a bounded queue. */
#ifndef LIMPID_SERVER_POOL_H
#define LIMPID_SERVER_POOL_H

#include "base/err.h"

struct pool;

struct pool_job {
	void (*run)(struct pool_job *job); /* the job is the runner's from here on */
	struct pool_job *next;		   /* of the pool */
};

struct pool_load {
	unsigned threads, busy;
	size_t waiting;
};

/* At most threads at once; they are made when they are first needed. queue: jobs that may wait when all are busy. */
struct pool *pool_new(unsigned threads, size_t queue, size_t stack_bytes) NODISCARD;
/* False when there is no room: nobody will run the job. */
bool pool_submit(struct pool *p, struct pool_job *job) NODISCARD;
void pool_load(struct pool *p, struct pool_load *out);
/* Wait for all jobs, those that wait too, and free. Nobody may submit meanwhile. NULL is fine. */
void pool_free(struct pool *p);

#endif
