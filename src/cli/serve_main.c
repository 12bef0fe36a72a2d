/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_main.c - the service: limpid-serve, a program of its own (docs/adr/0003-update-program.md).
 *
 * Start: what needs one thread only, log, listeners for introspection, services, API, ready. End: not ready, no new
 * connections, what is in flight goes on for a while, stop. A second signal ends it at once.
 */
#include "cli/cli.h"
#include "cli/systemd.h"

#include "base/date.h"
#include "server/http.h"
#include "server/introspection.h"
#include "server/log.h"
#include "server/metrics.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

const char cli_version[] = LIMPID_VERSION;

#define SECOND UINT64_C(1000000000)
/* In-flight requests get so long; then they are told that nobody waits, and get the shorter time. */
#define DRAIN_NS (10 * SECOND)
#define CANCEL_NS (2 * SECOND)

struct service {
	struct server_context ctx;
	struct http_server *introspection, *api;
};

/* Signals are taken by the main thread, with sigwait(); no other thread sees one. */
static void block_signals(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGINT);
	sigaddset(out, SIGTERM);
	sigaddset(out, SIGHUP);
	pthread_sigmask(SIG_BLOCK, out, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* The soft limit of descriptors is 1,024 on most machines: a connection needs one. */
static void raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static enum status start(struct service *s, struct http_options *introspection, struct http_options *api,
			 struct err *err)
{
	s->ctx.metrics = metrics_new();
	if (!s->ctx.metrics || !metrics_collector(s->ctx.metrics, introspection_collect, &s->ctx))
		return err_nomem(err, "metrics");
	metric_set(s->ctx.metrics, METRIC_version_info, (const char *const[]){ "", "", "", "", cli_version }, 1);
	/* As in Clair: without introspection the API serves all the same. */
	if (http_server_start(&s->ctx, introspection, &s->introspection, err) != STATUS_OK)
		log_printf(s->ctx.log, LOG_LEVEL_WARN, "no introspection: %s", err->msg);
	else
		log_printf(s->ctx.log, LOG_LEVEL_INFO, "introspection listens on %s",
			   http_server_address(s->introspection));
	TRY(http_server_start(&s->ctx, api, &s->api, err));
	log_printf(s->ctx.log, LOG_LEVEL_INFO, "API listens on %s", http_server_address(s->api));
	atomic_store(&s->ctx.ready, true);
	systemd_notify("READY=1");
	log_printf(s->ctx.log, LOG_LEVEL_INFO, "ready");
	return STATUS_OK;
}

/* True if all requests were answered. */
static bool drain(struct service *s)
{
	bool done;

	atomic_store(&s->ctx.draining, true);
	systemd_notify("STOPPING=1");
	log_printf(s->ctx.log, LOG_LEVEL_INFO, "stopping: requests in flight have %u seconds",
		   (unsigned)(DRAIN_NS / SECOND));
	http_server_quiesce(s->api);
	done = http_server_drain(s->api, date_monotonic_ns() + DRAIN_NS);
	if (!done) {
		log_printf(s->ctx.log, LOG_LEVEL_WARN, "requests are still in flight: they are cancelled");
		http_server_cancel(s->api);
		done = http_server_drain(s->api, date_monotonic_ns() + CANCEL_NS);
	}
	return done;
}

static void run(struct service *s, const sigset_t *signals)
{
	int sig;

	for (;;) {
		if (sigwait(signals, &sig) != 0)
			continue;
		if (sig != SIGHUP)
			return;
		log_printf(s->ctx.log, LOG_LEVEL_INFO, "reload");
	}
}

/* From here on a signal has its default action: the second one ends the process at once. */
static void unblock(const sigset_t *signals)
{
	signal(SIGHUP, SIG_IGN);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static int serve(struct service *s, struct http_options *introspection, struct http_options *api)
{
	struct err err = ERR_INIT;
	sigset_t signals;
	bool clean;

	block_signals(&signals);
	raise_files();
	s->ctx.started = date_now();
	s->ctx.version = cli_version;
	s->ctx.log = log_new(STDERR_FILENO, LOG_LEVEL_INFO, false);
	if (!s->ctx.log) {
		cli_error("the log could not be started");
		return EXIT_FAILURE;
	}
	if (start(s, introspection, api, &err) != STATUS_OK) {
		log_printf(s->ctx.log, LOG_LEVEL_ERROR, "cannot start: %s", err.msg);
		http_server_stop(s->introspection);
		log_free(s->ctx.log);
		return EXIT_FAILURE;
	}
	run(s, &signals);
	unblock(&signals);
	clean = drain(s);
	log_printf(s->ctx.log, clean ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
		   clean ? "stopped" : "ended with requests in flight");
	if (!clean) {
		/* Handlers run on: nothing they use may be taken down. What they write is safe against being killed. */
		log_free(s->ctx.log);
		_exit(EXIT_FAILURE);
	}
	http_server_stop(s->api);
	http_server_stop(s->introspection);
	log_free(s->ctx.log);
	metrics_free(s->ctx.metrics);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option names[] = { { "listen", required_argument, NULL, 'l' },
					       { "introspection", required_argument, NULL, 'i' },
					       { NULL, 0, NULL, 0 } };
	struct http_options introspection = { .listener = LISTENER_INTROSPECTION,
					      .address = "127.0.0.1:8089",
					      .max_body = 1 << 16,
					      .workers = 2,
					      .queue = 64,
					      .index_requests = 1,
					      .connections = 256,
					      .idle_s = 60,
					      .request_s = 30,
					      .compression = true };
	struct http_options api = { .listener = LISTENER_API,
				    .services = SERVICE_INDEXER | SERVICE_MATCHER,
				    .address = "127.0.0.1:6060",
				    .max_body = 8 << 20,
				    .workers = 8,
				    .queue = 1024,
				    .index_requests = 8,
				    .connections = 10000,
				    .idle_s = 60,
				    .request_s = 30,
				    .compression = true };
	struct service s = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'l')
			api.address = optarg;
		else if (c == 'i')
			introspection.address = optarg;
		else
			return 2;
	}
	introspection.fd = systemd_socket("introspection", 1);
	api.fd = systemd_socket("api", 0);
	return serve(&s, &introspection, &api);
}
