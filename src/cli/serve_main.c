/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_main.c - the service: limpid-serve, a program of its own (docs/adr/0003-update-program.md).
 *
 * Start: settings, what needs one thread only, log, introspection, services, API, ready. End: not ready, no new
 * connections, what is in flight goes on for a while, stop. A second signal ends it at once.
 */
#include "cli/cli.h"
#include "cli/serve_arguments.h"
#include "cli/serve_services.h"
#include "cli/serve_settings.h"
#include "cli/systemd.h"

#include "base/date.h"
#include "index/zygote.h"
#include "notify/notify.h"
#include "server/auth.h"
#include "server/http.h"
#include "server/introspection.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/openapi.h"
#include "server/otlp.h"
#include "server/tls.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

const char cli_version[] = LIMPID_VERSION;

#define SECOND INT64_C(1000000000)
/* Requests that still run after limpid.http.drain_timeout are told that nobody waits, and get so long. */
#define CANCEL_NS (2 * SECOND)
#define METRICS_S 60

struct service {
	int argc;
	char **argv;
	const struct config *config;
	struct server_context ctx;
	struct services *services;
	struct openapi openapi;
	struct http_tls *tls;
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

static unsigned whole_seconds(int64_t ns, unsigned most)
{
	return ns < SECOND ? 1 : (unsigned)MIN(ns / SECOND, (int64_t)most);
}

/* ---- the collector ---- */

/* False: the URL is too long. */
static bool target_of(const struct config_otlp *from, const char *path, struct otlp_target *to, char *url, size_t size,
		      struct http_header *headers, size_t max)
{
	int n = snprintf(url, size, "http%s://%s%s", from->insecure ? "" : "s", config_cstr(from->endpoint),
			 from->url_path.len > 0 ? config_cstr(from->url_path) : path);

	for (size_t i = 0; i < from->headers.n && i < max; i++)
		headers[to->n_headers++] = (struct http_header){ from->headers.at[i].name, from->headers.at[i].value };
	to->url = url;
	to->headers = headers;
	to->timeout_s = whole_seconds(from->timeout, 600);
	to->gzip = from->compression == CONFIG_COMPRESSION_GZIP;
	to->ca = config_cstr(from->client_tls.root_ca);
	to->cert = config_cstr(from->client_tls.cert);
	to->key = config_cstr(from->client_tls.key);
	return n > 0 && (size_t)n < size && from->headers.n <= max;
}

static enum status start_otlp(struct service *s, struct err *err)
{
	const struct config *c = s->config;
	bool traces = slice_eq(c->trace.name, SLICE("otlp")), metrics = slice_eq(c->metrics.name, SLICE("otlp"));
	struct http_header trace_headers[32], metrics_headers[32];
	char trace_url[2048], metrics_url[2048], name[64];
	struct otlp_options o = { .probability = c->trace.probability_given ? c->trace.probability : 0,
				  .metrics_s = METRICS_S,
				  .service = name,
				  .version = cli_version,
				  .registry = s->ctx.metrics,
				  .log = s->ctx.log };
	bool ok = true;

	if (c->log_level == CONFIG_LOG_DEBUG || c->log_level == CONFIG_LOG_DEBUG_COLOR)
		o.probability = 1;
	snprintf(name, sizeof(name), "limpid/%s", config_mode_name(c->mode));
	if (traces && c->trace.http.present)
		ok = target_of(&c->trace.http, "/v1/traces", &o.traces, trace_url, sizeof(trace_url), trace_headers,
			       ARRAY_LEN(trace_headers));
	if (ok && metrics && c->metrics.http.present)
		ok = target_of(&c->metrics.http, "/v1/metrics", &o.metrics, metrics_url, sizeof(metrics_url),
			       metrics_headers, ARRAY_LEN(metrics_headers));
	if (!ok)
		return err_set(err, STATUS_INVALID, "the collector's address or its headers are too long");
	if (!o.traces.url && !o.metrics.url)
		return STATUS_OK;
	return otlp_new(&o, &s->ctx.otlp, err);
}

/* ---- start ---- */

static enum status start_auth(struct service *s, struct err *err)
{
	const struct config_auth *a = &s->config->auth;

	/* config_load() refuses a key server; a second look, since the API would be open to all. */
	if (a->keyserver && !a->psk)
		return err_set(err, STATUS_INVALID, "auth.keyserver was removed from Clair: use auth.psk");
	if (!a->psk)
		return STATUS_OK;
	s->ctx.auth = auth_new(a->psk_key, a->psk_iss.at, a->psk_iss.n);
	return s->ctx.auth ? STATUS_OK : err_set(err, STATUS_INVALID, "auth.psk.key is empty");
}

static enum status start_tls(struct service *s, struct err *err)
{
	const struct http_tls_files files = { config_cstr(s->config->tls.cert), config_cstr(s->config->tls.key),
					      config_cstr(s->config->limpid.http.client_ca) };

	/* root_ca alone is for outgoing connections. */
	if (!s->config->tls.present || !files.cert[0])
		return STATUS_OK;
	return http_tls_open(&files, &s->tls, err);
}

static void start_introspection(struct service *s, const struct http_options *o, struct err *err)
{
	/* As in Clair: without introspection the API serves all the same. */
	if (http_server_start(&s->ctx, o, &s->introspection, err) != STATUS_OK)
		log_printf(s->ctx.log, LOG_LEVEL_WARN, "no introspection: %s", err->msg);
	else
		log_printf(s->ctx.log, LOG_LEVEL_INFO, "introspection listens on %s",
			   http_server_address(s->introspection));
	*err = (struct err)ERR_INIT;
}

static enum status start(struct service *s, struct err *err)
{
	struct http_options introspection, api;
	const struct log_field fields[] = { LOG_FIELD_CSTR("version", cli_version),
					    LOG_FIELD_CSTR("mode", config_mode_name(s->config->mode)) };

	serve_http_options(s->config, &introspection, &api);
	introspection.fd = systemd_socket("introspection", 1);
	api.fd = systemd_socket("api", 0);
	log_line(s->ctx.log, LOG_LEVEL_INFO, "starting", fields, ARRAY_LEN(fields));
	serve_log_lints(s->config, s->ctx.log);
	s->ctx.metrics = metrics_new();
	if (!s->ctx.metrics || !metrics_collector(s->ctx.metrics, introspection_collect, &s->ctx))
		return err_nomem(err, "metrics");
	metric_set(s->ctx.metrics, METRIC_version_info, (const char *const[]){ "", "", "", "", cli_version }, 1);
	TRY(start_auth(s, err));
	TRY(start_tls(s, err));
	TRY(start_otlp(s, err));
	start_introspection(s, &introspection, err);
	TRY(services_start(s->services, &s->ctx, &api.services, err));
	TRY(openapi_init(&s->openapi, api.services, err));
	s->ctx.openapi = &s->openapi;
	api.tls = s->tls;
	TRY(http_server_start(&s->ctx, &api, &s->api, err));
	log_printf(s->ctx.log, LOG_LEVEL_INFO, "API listens on %s%s", http_server_address(s->api),
		   s->tls ? " (TLS)" : "");
	atomic_store(&s->ctx.ready, true);
	systemd_notify("READY=1");
	log_printf(s->ctx.log, LOG_LEVEL_INFO, "ready");
	return STATUS_OK;
}

/* ---- while it runs ---- */

/* Certificates and the log's level, and a look for update operations; everything else needs a new start. */
static void reload(struct service *s)
{
	struct serve_arguments arguments = { 0 };
	struct config config;
	struct err err = ERR_INIT;
	int status;

	systemd_notify("RELOADING=1");
	if (config_from_arguments(s->argc, s->argv, &arguments, &config, &status)) {
		log_set_level(s->ctx.log, serve_log_level(&config));
		log_printf(s->ctx.log, LOG_LEVEL_INFO, "log level: %s", config_log_level_name(config.log_level));
	} else {
		log_printf(s->ctx.log, LOG_LEVEL_ERROR, "the settings could not be read again; nothing was changed");
	}
	config_fini(&config);
	if (s->ctx.notifier)
		notifier_wake(s->ctx.notifier);
	if (s->tls && http_tls_reload(s->tls, &err) != STATUS_OK)
		log_printf(s->ctx.log, LOG_LEVEL_ERROR, "the old certificates stay: %s", err.msg);
	else if (s->tls)
		log_printf(s->ctx.log, LOG_LEVEL_INFO, "certificates loaded");
	systemd_notify("READY=1");
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

/* ---- end ---- */

/* From here on a signal has its default action: the second one ends the process at once. */
static void unblock(const sigset_t *signals)
{
	signal(SIGHUP, SIG_IGN);
	pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

static void pause_ns(int64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND) };

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		continue;
}

/* True if all requests were answered. */
static bool drain(struct service *s)
{
	const struct config_http *h = &s->config->limpid.http;
	bool done;

	atomic_store(&s->ctx.draining, true);
	systemd_notify("STOPPING=1");
	log_printf(s->ctx.log, LOG_LEVEL_INFO, "stopping: requests in flight have %lld seconds",
		   (long long)(h->drain_timeout / SECOND));
	if (h->drain_delay > 0)
		pause_ns(h->drain_delay);
	http_server_quiesce(s->api);
	done = http_server_drain(s->api, date_monotonic_ns() + (uint64_t)h->drain_timeout);
	if (!done) {
		log_printf(s->ctx.log, LOG_LEVEL_WARN, "requests are still in flight: they are cancelled");
		http_server_cancel(s->api);
		services_stop(s->services);
		done = http_server_drain(s->api, date_monotonic_ns() + (uint64_t)CANCEL_NS);
	} else {
		services_stop(s->services);
	}
	return done;
}

static void free_all(struct service *s)
{
	http_server_stop(s->api);
	http_server_stop(s->introspection);
	/* Its last report asks the services for their figures. */
	otlp_free(s->ctx.otlp);
	services_free(s->services);
	http_tls_close(s->tls);
	auth_free(s->ctx.auth);
	openapi_fini(&s->openapi);
	log_free(s->ctx.log);
	metrics_free(s->ctx.metrics);
}

static int serve(struct service *s)
{
	struct err err = ERR_INIT;
	sigset_t signals;
	bool clean;

	block_signals(&signals);
	raise_files();
	if (services_prepare(s->config, &s->services, &err) != STATUS_OK)
		return cli_failed(&err);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	s->ctx.started = date_now();
	s->ctx.version = cli_version;
	s->ctx.config = s->config;
	s->ctx.log = log_new(STDERR_FILENO, serve_log_level(s->config), serve_log_is_text(s->config));
	if (!s->ctx.log) {
		cli_error("the log could not be started");
		return EXIT_FAILURE;
	}
	if (start(s, &err) != STATUS_OK) {
		log_printf(s->ctx.log, LOG_LEVEL_ERROR, "cannot start: %s", err.msg);
		services_stop(s->services);
		free_all(s);
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
	free_all(s);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct serve_arguments arguments = { 0 };
	struct config config;
	struct err err = ERR_INIT;
	int status = EXIT_FAILURE;

	if (argc == 2 && strcmp(argv[1], SERVICES_ZYGOTE) == 0)
		return zygote_main(ZYGOTE_FD);
	if (config_from_arguments(argc, argv, &arguments, &config, &status)) {
		struct service s = { .argc = argc, .argv = argv, .config = &config };

		if (!arguments.migrate)
			status = serve(&s);
		else
			status = serve_migrate(&config, &err) == STATUS_OK ? EXIT_SUCCESS : cli_failed(&err);
	}
	config_fini(&config);
	return status;
}
