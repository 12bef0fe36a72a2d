/* SPDX-License-Identifier: Apache-2.0 */
/* introspection.c - health, readiness, metrics; and the API's /robots.txt. */
#include "server/introspection.h"

#include "notify/notify.h"
#include "server/handler.h"

#include "server/log.h"
#include "server/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* The process is alive: it answers. Whether it can do its work is what /readyz tells. */
enum status introspection_healthz(struct server_context *ctx, const struct request *req, struct response *resp,
				  struct err *err)
{
	(void)ctx;
	(void)req;
	(void)err;
	response_text(resp, 200, SLICE("ok"));
	return STATUS_OK;
}

bool introspection_is_ready(const struct server_context *ctx)
{
	return atomic_load(&ctx->ready) && !atomic_load(&ctx->draining) &&
	       (!ctx->notifier || notifier_is_well(ctx->notifier));
}

enum status introspection_readyz(struct server_context *ctx, const struct request *req, struct response *resp,
				 struct err *err)
{
	(void)req;
	(void)err;
	response_text(resp, introspection_is_ready(ctx) ? 200 : 503, SLICE_EMPTY);
	response_header(resp, "Cache-Control", SLICE("no-store"));
	return STATUS_OK;
}

/* Fields of /proc/self/stat after the name: 24 is vsize in bytes, 25 rss in pages (from 3). */
static bool read_stat(uint64_t *vsize, uint64_t *rss)
{
	char text[1024];
	FILE *f = fopen("/proc/self/stat", "re");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;
	struct slice rest, word;

	if (f)
		fclose(f);
	if (!slice_rcut(slice_make(text, n), ')', NULL, &rest))
		return false;
	for (unsigned field = 3; slice_word(&rest, ' ', &word); field++) {
		if (field == 23 && !slice_to_u64(word, vsize))
			return false;
		if (field == 24)
			return slice_to_u64(word, rss);
	}
	return false;
}

static unsigned count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3; /* ., .. and the directory itself */
}

void introspection_collect(void *ctx, struct metrics *m)
{
	struct server_context *c = ctx;
	uint64_t vsize = 0, rss = 0;
	struct rlimit files;
	struct timespec cpu;

	if (read_stat(&vsize, &rss)) {
		metric_set(m, METRIC_process_virtual, NULL, (double)vsize);
		metric_set(m, METRIC_process_resident, NULL, (double)rss * (double)sysconf(_SC_PAGESIZE));
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	metric_set(m, METRIC_process_cpu, NULL, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	metric_set(m, METRIC_process_fds, NULL, count_fds());
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		metric_set(m, METRIC_process_max_fds, NULL, (double)files.rlim_cur);
	metric_set(m, METRIC_process_start, NULL, (double)c->started);
	metric_set(m, METRIC_limpid_log_lost, NULL, (double)log_lost(c->log));
}

enum status introspection_metrics(struct server_context *ctx, const struct request *req, struct response *resp,
				  struct err *err)
{
	(void)req;
	(void)err;
	metrics_print(ctx->metrics, &resp->body);
	response_content_type(resp, "text/plain; version=0.0.4; charset=utf-8");
	return STATUS_OK;
}

/* As Go's ServeContent: a part, or nothing if the client has it already. */
enum status discovery_robots(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	struct tm tm;
	time_t started = (time_t)ctx->started;
	char date[64];
	struct slice have;

	(void)err;
	gmtime_r(&started, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	response_text(resp, 200, SLICE("User-agent: *\nDisallow: /\n"));
	response_header(resp, "Cache-Control", SLICE("no-store"));
	response_header_printf(resp, "Last-Modified", "%s", date);
	resp->plain = true;
	if (request_header(req, "If-Modified-Since", 0, &have) && slice_eq(have, slice_cstr(date)))
		resp->code = 304;
	return STATUS_OK;
}
