/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - giving up rights, for a process that is about to read hostile bytes: the parts the kernel offers
 * directly.
 *
 * Each step reports whether it was reached; what the kernel lacks weakens the sandbox and is told, never fatal. The
 * system call filter is index/sandbox.c, since it needs a library.
 */
#ifndef LIMPID_BASE_SANDBOX_H
#define LIMPID_BASE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* How far a process got. */
struct sandbox_level {
	bool no_new_privs;
	bool limits;
	int landlock; /* ABI of the kernel; 0 if there is none */
	bool filter;  /* system calls are filtered */
};

struct sandbox_limits {
	uint64_t memory;  /* bytes of address space to be added; 0 = no limit */
	uint64_t seconds; /* of CPU time */
	uint64_t file;	  /* bytes of one file written */
	uint64_t files;	  /* descriptors */
};

/* The landlock ABI of the running kernel; 0 if it has none. */
int sandbox_landlock_abi(void);
/* setuid programs give nothing any more; needed by the next steps. */
bool sandbox_no_new_privs(void);
/* No file may be opened, but for reading beneath dir_fd if it is not -1; no TCP port bound or reached. */
bool sandbox_landlock(int dir_fd);
bool sandbox_set_limits(const struct sandbox_limits *limits);
/* Close every descriptor but those listed (sorted, at least one). */
void sandbox_close_others(const int *keep, unsigned n);

#endif
