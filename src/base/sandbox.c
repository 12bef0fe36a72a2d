/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - landlock, resource limits and descriptors, by raw system calls where the C library has no wrapper. */
#include "base/sandbox.h"

#include "base/macros.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By number: headers of older systems know only the first versions. Source: linux/landlock.h. */
#define NR_LANDLOCK_CREATE_RULESET 444
#define NR_LANDLOCK_ADD_RULE 445
#define NR_LANDLOCK_RESTRICT_SELF 446
#define LANDLOCK_VERSION_QUERY 1u
#define LANDLOCK_PATH_BENEATH 1
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define NR_CLOSE_RANGE 436

struct landlock_ruleset {
	uint64_t fs;	 /* rights to be refused unless a rule gives them */
	uint64_t net;	 /* since ABI 4 */
	uint64_t scoped; /* since ABI 6 */
};

struct landlock_path_rule {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

int sandbox_landlock_abi(void)
{
	long abi = syscall(NR_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION_QUERY);

	return abi > 0 ? (int)abi : 0;
}

bool sandbox_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* All rights on files that an ABI knows: 13 in the first, then rename/link, truncate, (network), ioctl. */
static uint64_t fs_rights(int abi)
{
	unsigned n = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;

	return (UINT64_C(1) << n) - 1;
}

bool sandbox_landlock(int dir_fd)
{
	int abi = sandbox_landlock_abi();
	struct landlock_ruleset set = { 0 };
	struct landlock_path_rule rule = { FS_READ_FILE | FS_READ_DIR, dir_fd };
	size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	long fd;
	bool ok;

	if (abi <= 0)
		return false;
	set.fs = fs_rights(abi);
	set.net = abi >= 4 ? 3 : 0;    /* bind, connect */
	set.scoped = abi >= 6 ? 3 : 0; /* abstract sockets, signals */
	fd = syscall(NR_LANDLOCK_CREATE_RULESET, &set, size, 0);
	if (fd < 0)
		return false;
	ok = dir_fd < 0 || syscall(NR_LANDLOCK_ADD_RULE, fd, LANDLOCK_PATH_BENEATH, &rule, 0) == 0;
	ok = ok && syscall(NR_LANDLOCK_RESTRICT_SELF, fd, 0) == 0;
	close((int)fd);
	return ok;
}

/* Pages in use now, from the kernel's own count; 0 if it cannot be read. */
static uint64_t address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	uint64_t pages = 0;
	int c;

	if (!f)
		return 0;
	while ((c = getc(f)) >= '0' && c <= '9')
		pages = pages * 10 + (uint64_t)(c - '0');
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* glibc's type is unsigned. */
#ifdef __GLIBC__
typedef __rlimit_resource_t resource_t;
#else
typedef int resource_t;
#endif

static bool set_limit(resource_t which, uint64_t value)
{
	struct rlimit old, new;

	if (getrlimit(which, &old) < 0)
		return false;
	new.rlim_cur = new.rlim_max = MIN((rlim_t)value, old.rlim_max);
	return setrlimit(which, &new) == 0;
}

bool sandbox_set_limits(const struct sandbox_limits *limits)
{
	bool ok = set_limit(RLIMIT_CORE, 0);
	uint64_t used = address_space();

	if (limits->memory > 0)
		ok &= used > 0 && set_limit(RLIMIT_AS, used + limits->memory);
	ok &= set_limit(RLIMIT_CPU, limits->seconds);
	ok &= set_limit(RLIMIT_FSIZE, limits->file);
	ok &= set_limit(RLIMIT_NOFILE, limits->files);
	return ok;
}

static void close_range_of(unsigned first, unsigned last)
{
	if (first > last || syscall(NR_CLOSE_RANGE, first, last, 0) == 0)
		return;
	last = MIN(last, (unsigned)sysconf(_SC_OPEN_MAX));
	for (unsigned fd = first; fd <= last; fd++)
		close((int)fd);
}

void sandbox_close_others(const int *keep, unsigned n)
{
	unsigned next = 0;

	for (unsigned i = 0; i < n; i++) {
		if ((unsigned)keep[i] > next)
			close_range_of(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	close_range_of(next, ~0u);
}
