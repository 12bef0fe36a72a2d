/* SPDX-License-Identifier: Apache-2.0 */
/* cpus.c - how many processors this process may use: its affinity, and the quota of its control group (version 2). */
#include "config/load_impl.h"

#include "io/file.h"

#include <sched.h>

static unsigned by_affinity(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* "quota period" in microseconds, or "max period". 0: none. */
static unsigned quota_of(struct slice text)
{
	uint64_t quota, period;
	struct slice a, b;

	if (!slice_cut(slice_trim(text), ' ', &a, &b) || !slice_to_u64(a, &quota) || !slice_to_u64(b, &period) ||
	    period == 0)
		return 0;
	return (unsigned)MIN(quota / period, 65536);
}

static unsigned by_control_group(void)
{
	struct buf AUTO(buf_fini) group = BUF_INIT(65536), quota = BUF_INIT(4096);
	struct slice rest, line;
	struct err err = ERR_INIT;
	char path[512];

	if (file_read("/proc/self/cgroup", &group, &err) != STATUS_OK)
		return 0;
	rest = buf_slice(&group);
	while (slice_line(&rest, &line)) {
		if (!slice_starts(line, SLICE("0::")))
			continue;
		snprintf(path, sizeof(path), "/sys/fs/cgroup%.*s/cpu.max", SLICE_ARG(slice_from(line, 3)));
		if (file_read(path, &quota, &err) == STATUS_OK)
			return quota_of(buf_slice(&quota));
	}
	return 0;
}

unsigned load_cpus(void)
{
	unsigned cpus = MAX(by_affinity(), 1), quota = by_control_group();

	return quota && quota < cpus ? quota : cpus;
}
