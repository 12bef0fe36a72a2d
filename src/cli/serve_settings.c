/* SPDX-License-Identifier: Apache-2.0 */
/* serve_settings.c - from settings to what the server, its log and its databases are told. */
#include "cli/serve_settings.h"

#include "store/pool.h"

#define SECOND INT64_C(1000000000)
/* Threads that index at once where the settings say any number: more would only wait for processors. */
#define INDEX_THREADS 256
/* Requests to introspection are small, and nobody waits long for one. */
#define INTROSPECTION_BODY (UINT64_C(1) << 16)
/* How long headers may take, and a body or an answer without making progress. */
#define PATIENCE_SECONDS 30u

static unsigned seconds(int64_t ns)
{
	return (unsigned)MAX(1, MIN(ns / SECOND, INT32_MAX));
}

static unsigned services(enum config_mode mode)
{
	static const unsigned of[CONFIG_MODES] = {
		[CONFIG_COMBO] = SERVICE_INDEXER | SERVICE_MATCHER | SERVICE_NOTIFIER,
		[CONFIG_INDEXER] = SERVICE_INDEXER,
		[CONFIG_MATCHER] = SERVICE_MATCHER,
		[CONFIG_NOTIFIER] = SERVICE_NOTIFIER,
	};

	return of[mode];
}

/* "": Prometheus is not asked for. */
static const char *metrics_path(const struct config *c)
{
	bool wanted = c->metrics.name.len == 0 || slice_eq(c->metrics.name, SLICE("prometheus"));

	return wanted ? config_cstr(c->metrics.prometheus_endpoint) : "";
}

void serve_http_options(const struct config *c, struct http_options *introspection, struct http_options *api)
{
	const struct config_http *http = &c->limpid.http;
	int64_t index = c->indexer.index_report_request_concurrency;

	*introspection = (struct http_options){ .listener = LISTENER_INTROSPECTION,
						.address = config_cstr(c->introspection_addr),
						.fd = -1,
						.max_body = INTROSPECTION_BODY,
						.workers = 2,
						.queue = 64,
						.index_requests = 1,
						.connections = 256,
						.idle_s = 60,
						.patience_s = PATIENCE_SECONDS,
						.metrics_path = metrics_path(c),
						.compression = http->compression };
	*api = (struct http_options){ .listener = LISTENER_API,
				      .services = services(c->mode),
				      .address = config_cstr(c->http_listen_addr),
				      .fd = -1,
				      .max_body = http->max_body,
				      .workers = (unsigned)http->workers,
				      .queue = (size_t)http->queue,
				      .index_requests = index < 0 ? INDEX_THREADS : (unsigned)MIN(index, INDEX_THREADS),
				      .connections = (unsigned)http->connections,
				      .per_address = (unsigned)http->connections_per_address,
				      .idle_s = seconds(http->idle_timeout),
				      .patience_s = MIN(seconds(http->request_timeout), PATIENCE_SECONDS),
				      .handler_ns = (uint64_t)http->request_timeout,
				      .compression = http->compression };
}

enum log_level serve_log_level(const struct config *c)
{
	static const enum log_level of[] = {
		[CONFIG_LOG_INFO] = LOG_LEVEL_INFO,   [CONFIG_LOG_DEBUG_COLOR] = LOG_LEVEL_DEBUG,
		[CONFIG_LOG_DEBUG] = LOG_LEVEL_DEBUG, [CONFIG_LOG_WARN] = LOG_LEVEL_WARN,
		[CONFIG_LOG_ERROR] = LOG_LEVEL_ERROR, [CONFIG_LOG_FATAL] = LOG_LEVEL_FATAL,
		[CONFIG_LOG_PANIC] = LOG_LEVEL_PANIC,
	};

	return of[c->log_level];
}

bool serve_log_is_text(const struct config *c)
{
	return c->limpid.log_format == CONFIG_LOG_TEXT || c->log_level == CONFIG_LOG_DEBUG_COLOR;
}

void serve_log_lints(const struct config *c, struct log *log)
{
	const char *path;

	log_printf(log, LOG_LEVEL_INFO, "settings: %s", c->file ? c->file : "no file, the embedded default");
	for (size_t i = 0; i < c->n_problems; i++) {
		const struct config_problem *p = &c->problems[i];
		struct log_field fields[] = { LOG_FIELD_STR("lint", p->text), LOG_FIELD_STR("setting", p->path),
					      LOG_FIELD_CSTR("file", p->file ? p->file : ""),
					      LOG_FIELD_INT("line", p->line) };

		log_line(log, LOG_LEVEL_WARN, "configuration lint", fields, ARRAY_LEN(fields));
	}
	for (size_t i = 0; (path = config_not_yet(c, i)) != NULL; i++)
		log_printf(log, LOG_LEVEL_WARN, "setting %s has no effect in this version", path);
}

enum status serve_migrate(const struct config *c, struct err *err)
{
	static const enum config_mode parts[] = { CONFIG_INDEXER, CONFIG_MATCHER, CONFIG_NOTIFIER };
	struct store_options options = { .busy_ms = 60000, .cache_bytes = c->limpid.limits.cache_bytes };
	const char *done[ARRAY_LEN(parts)];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *where = config_store_where(c, parts[i]);
		bool again = false;

		for (size_t k = 0; k < n; k++)
			again = again || strcmp(done[k], where) == 0;
		if (again || (c->mode != CONFIG_COMBO && c->mode != parts[i]))
			continue;
		TRY(store_migrate(where, &options, err));
		done[n++] = where;
	}
	return STATUS_OK;
}
