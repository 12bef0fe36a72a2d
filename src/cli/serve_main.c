/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_main.c - the service: limpid-serve, a program of its own (docs/adr/0003-update-program.md).
 *
 * Start: what needs one thread only, log, listeners for introspection, services, API, ready. End: not ready, no new
 * connections, what is in flight goes on for a while, stop. A second signal ends it at once.
 */
#include "cli/cli.h"
#include "cli/serve_arguments.h"
#include "cli/serve_settings.h"
#include "cli/systemd.h"

#include "base/date.h"
#include "server/auth.h"
#include "server/http.h"
#include "server/introspection.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/tls.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const char cli_version[] = LIMPID_VERSION;

#define SECOND UINT64_C(1000000000)
/* Requests that are still in flight after limpid.http.drain_timeout are told that nobody waits, and get so long. */
#define CANCEL_NS (2 * SECOND)

struct service {
	struct server_context ctx;
	struct http_server *introspection, *api;
	struct config config;
	struct http_tls *tls;
	int argc; /* as main() got them: settings are read again on SIGHUP */
	char **argv;
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

static enum status secure(struct service *s, struct http_options *api, struct err *err)
{
	const struct config *c = &s->config;
	struct http_tls_files files = { config_cstr(c->tls.cert), config_cstr(c->tls.key),
					config_cstr(c->limpid.http.client_ca) };

	if (c->auth.psk) {
		s->ctx.auth = auth_new(c->auth.psk_key, c->auth.psk_iss.at, c->auth.psk_iss.n);
		if (!s->ctx.auth)
			return err_nomem(err, "tokens");
	}
	if (!c->tls.present)
		return STATUS_OK;
	TRY(http_tls_open(&files, &s->tls, err));
	api->tls = s->tls;
	return STATUS_OK;
}

static enum status start(struct service *s, struct http_options *introspection, struct http_options *api,
			 struct err *err)
{
	TRY(secure(s, api, err));
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
	const struct config_http *http = &s->config.limpid.http;
	struct timespec delay = { (time_t)(http->drain_delay / (int64_t)SECOND),
				  (long)(http->drain_delay % (int64_t)SECOND) };
	bool done;

	atomic_store(&s->ctx.draining, true);
	systemd_notify("STOPPING=1");
	log_printf(s->ctx.log, LOG_LEVEL_INFO, "stopping: requests in flight have %llu seconds",
		   (unsigned long long)http->drain_timeout / SECOND);
	/* Load balancers ask readiness before they send no more. */
	nanosleep(&delay, NULL);
	http_server_quiesce(s->api);
	done = http_server_drain(s->api, date_monotonic_ns() + (uint64_t)http->drain_timeout);
	if (!done) {
		log_printf(s->ctx.log, LOG_LEVEL_WARN, "requests are still in flight: they are cancelled");
		http_server_cancel(s->api);
		done = http_server_drain(s->api, date_monotonic_ns() + CANCEL_NS);
	}
	return done;
}

/* What can change while it serves: certificates, and the level of the log. */
static void reload(struct service *s)
{
	struct serve_arguments arguments;
	struct err err = ERR_INIT;
	struct config again;
	int status;

	if (config_from_arguments(s->argc, s->argv, &arguments, &again, &status))
		log_set_level(s->ctx.log, serve_log_level(&again));
	else
		log_printf(s->ctx.log, LOG_LEVEL_ERROR, "settings cannot be read again: the old ones stay");
	config_fini(&again);
	if (s->tls && http_tls_reload(s->tls, &err) != STATUS_OK)
		log_printf(s->ctx.log, LOG_LEVEL_ERROR, "certificates cannot be read again: the old ones stay: %s",
			   err.msg);
	else
		log_printf(s->ctx.log, LOG_LEVEL_INFO, "reloaded");
}

static void run(struct service *s, const sigset_t *signals)
{
	int sig;

	for (;;) {
		if (sigwait(signals, &sig) != 0)
			continue;
		if (sig != SIGHUP)
			return;
		reload(s);
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
	s->ctx.log = log_new(STDERR_FILENO, serve_log_level(&s->config), serve_log_is_text(&s->config));
	if (!s->ctx.log) {
		cli_error("the log could not be started");
		return EXIT_FAILURE;
	}
	serve_log_lints(&s->config, s->ctx.log);
	if (start(s, introspection, api, &err) != STATUS_OK) {
		log_printf(s->ctx.log, LOG_LEVEL_ERROR, "cannot start: %s", err.msg);
		http_server_stop(s->introspection);
		log_free(s->ctx.log);
		http_tls_close(s->tls);
		auth_free(s->ctx.auth);
		metrics_free(s->ctx.metrics);
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
	http_tls_close(s->tls);
	auth_free(s->ctx.auth);
	metrics_free(s->ctx.metrics);
	return EXIT_SUCCESS;
}

static int migrate(const struct config *c)
{
	struct err err = ERR_INIT;

	return serve_migrate(c, &err) == STATUS_OK ? EXIT_DONE : cli_failed(&err);
}

int main(int argc, char **argv)
{
	struct http_options introspection, api;
	struct service s = { .argc = argc, .argv = argv };
	struct serve_arguments arguments;
	int status;

	if (config_from_arguments(argc, argv, &arguments, &s.config, &status)) {
		s.ctx.config = &s.config;
		serve_http_options(&s.config, &introspection, &api);
		introspection.fd = systemd_socket("introspection", 1);
		api.fd = systemd_socket("api", 0);
		status = arguments.migrate ? migrate(&s.config) : serve(&s, &introspection, &api);
	}
	config_fini(&s.config);
	return status;
}
