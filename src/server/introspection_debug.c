/* SPDX-License-Identifier: Apache-2.0 */
/* introspection_debug.c - what the kernel tells of this process: threads and their CPU, memory by kind. */
#include "server/handler.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#define THREADS_MOST 8192
#define STAT_BYTES 4096

/* A file of /proc, whose size says nothing. */
static enum status read_proc(const char *path, struct buf *out, struct err *err)
{
	uint8_t text[STAT_BYTES];
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		return err_errno(err, "cannot read %s", path);
	while ((n = fread(text, 1, sizeof(text), f)) > 0)
		buf_add(out, slice_make(text, n));
	fclose(f);
	return buf_check(out, path, err);
}

/* "tid (name) S ..." with utime and stime as fields 14 and 15, in ticks. */
static void put_thread(struct buf *out, struct slice stat)
{
	struct slice head, rest, word, id, name, state = SLICE_EMPTY;
	uint64_t user = 0, kernel = 0;
	double tick = (double)sysconf(_SC_CLK_TCK);

	if (!slice_rcut(stat, ')', &head, &rest) || !slice_cut(head, '(', &id, &name))
		return;
	for (unsigned field = 3; slice_word(&rest, ' ', &word) && field <= 15; field++) {
		if (field == 3)
			state = word;
		if ((field == 14 && !slice_to_u64(word, &user)) || (field == 15 && !slice_to_u64(word, &kernel)))
			return;
	}
	buf_printf(out, "%-8.*s %-16.*s %.*s %10.2f %10.2f\n", SLICE_ARG(slice_trim(id)), SLICE_ARG(name),
		   SLICE_ARG(state), (double)user / tick, (double)kernel / tick);
}

enum status introspection_threads(struct server_context *ctx, const struct request *req, struct response *resp,
				  struct err *err)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	char path[300];

	(void)ctx;
	(void)req;
	if (!d)
		return err_errno(err, "cannot read /proc/self/task");
	response_text(resp, 200, SLICE("thread   name             S       user     kernel   (seconds)\n"));
	for (unsigned n = 0; (e = readdir(d)) && n < THREADS_MOST; n++) {
		struct buf stat = BUF_INIT(STAT_BYTES);
		struct err ended = ERR_INIT;

		if (!is_digit((uint8_t)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", e->d_name);
		/* One that has ended since is left out. */
		if (read_proc(path, &stat, &ended) == STATUS_OK)
			put_thread(&resp->body, buf_slice(&stat));
		buf_fini(&stat);
	}
	closedir(d);
	return STATUS_OK;
}

enum status introspection_memory(struct server_context *ctx, const struct request *req, struct response *resp,
				 struct err *err)
{
	(void)ctx;
	(void)req;
	response_text(resp, 200, SLICE_EMPTY);
	return read_proc("/proc/self/smaps_rollup", &resp->body, err);
}
