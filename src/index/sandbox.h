/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - the sandbox of a worker: everything base/sandbox.h has, and a filter of system calls. */
#ifndef LIMPID_INDEX_SANDBOX_H
#define LIMPID_INDEX_SANDBOX_H

#include "base/limits.h"
#include "base/sandbox.h"
#include "base/slice.h"

struct sandbox_options {
	const struct limits *limits;
	int dir_fd; /* files beneath it may be read; -1: none at all */
};

/*
 * Give up every right this process does not need to parse what it has open. There is no way back. What could not be
 * had is missing in the level.
 */
void sandbox_enter(const struct sandbox_options *options, struct sandbox_level *out);

/*
 * What a worker's sandbox reaches on this machine, tried once in a child: "landlock 7, system calls filtered, limits"
 * and what is missing. buf holds the text. *out_full: nothing is; may be NULL.
 */
const char *sandbox_describe(char *buf, size_t size, bool *out_full);
/* True if nothing is missing. */
bool sandbox_is_full(const struct sandbox_level *level);

#endif
