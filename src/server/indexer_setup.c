/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_setup.c - what the settings say of layers and workers, put together. */
#include "server/indexer_setup.h"

#include "io/file.h"
#include "match/repositories.h"
#include "report/report.h"
#include "server/harbor.h"
#include "server/log.h"
#include "server/metrics.h"
#include "service/matcher.h"

#include <stdio.h>
#include <stdlib.h>

#define SECOND INT64_C(1000000000)

struct indexer_setup {
	const struct config *config;
	struct zygote *zygote;
	struct http_client *http;
	char push_dir[4096];
};

/* ---- the zygote ---- */

enum status indexer_setup_begin(const struct config *config, char *const *respawn, struct indexer_setup **out,
				struct err *err)
{
	struct indexer_setup *s = calloc(1, sizeof(*s));
	const char *const dirs[] = { config_cstr(config->limpid.data_dir), "/var/tmp", NULL };
	struct zygote_options options = { .limits = &config->limpid.limits,
					  .temp_dirs = dirs[0][0] ? dirs : dirs + 1,
					  .respawn = respawn };
	enum status st;

	if (!s)
		return err_nomem(err, "an indexer");
	s->config = config;
	st = zygote_start(&options, &s->zygote, err);
	if (st != STATUS_OK) {
		free(s);
		return st;
	}
	*out = s;
	return STATUS_OK;
}

/* ---- the HTTP client ---- */

static unsigned seconds_of(int64_t ns)
{
	return ns > 0 ? (unsigned)MAX(ns / SECOND, 1) : 0;
}

static enum status read_rules(const struct config_list *list, const char *key, struct http_address_rule *out,
			      struct err *err)
{
	struct err_quote q;

	for (size_t i = 0; i < list->n; i++)
		if (!http_address_rule_parse(list->at[i], &out[i]))
			return err_set(err, STATUS_INVALID, "limpid.fetch.%s: \"%s\" is no address, network or host",
				       key, err_slice(&q, list->at[i]));
	return STATUS_OK;
}

static enum status make_client(struct indexer_setup *s, struct err *err)
{
	const struct config_fetch *f = &s->config->limpid.fetch;
	struct http_address_rule *rules = calloc(f->allow.n + f->deny.n + 1, sizeof(*rules));
	const char *proxy = f->proxy.len > 0 ? config_cstr(f->proxy) : NULL;
	struct http_client_options o = {
		.policy = { .airgap = s->config->indexer.airgap,
			    .refuse_private = !f->private_addresses,
			    .refuse_loopback = !f->loopback,
			    .refuse_link_local = !f->link_local,
			    .allow = rules,
			    .n_allow = f->allow.n,
			    .deny = rules + f->allow.n,
			    .n_deny = f->deny.n },
		.per_host = (unsigned)f->per_host,
		.redirects = (unsigned)f->redirects,
		.no_redirects = f->redirects == 0,
		.connect_timeout_s = seconds_of(f->connect_timeout),
		.stall_timeout_s = seconds_of(f->idle_timeout),
		.retries = 2,
		.http_proxy = proxy,
		.https_proxy = proxy,
		.ca_file = s->config->tls.root_ca.len > 0 ? config_cstr(s->config->tls.root_ca) : NULL,
		.insecure = f->insecure_tls,
	};
	enum status st;

	if (!rules)
		return err_nomem(err, "rules of addresses");
	st = read_rules(&f->allow, "allow", rules, err);
	if (st == STATUS_OK)
		st = read_rules(&f->deny, "deny", rules + f->allow.n, err);
	if (st == STATUS_OK)
		st = http_client_new(&o, &s->http, err);
	free(rules);
	return st;
}

/* ---- reports ---- */

static enum status to_buf(void *ctx, struct slice bytes, struct err *err)
{
	buf_add(ctx, bytes);
	return buf_check(ctx, "an index report", err);
}

/* Repositories under the names that the advisories of the matcher beside it have for them today. */
static enum status name_repositories(struct matcher *m, const struct index_report *r, struct arena *arena,
				     struct index_report *out, struct err *err)
{
	const struct segment_set *set;
	struct held_set *held;
	enum status st;

	*out = *r;
	if (!m || !repositories_unknown(r))
		return STATUS_OK;
	/* What is kept for matching stays as the image says it. */
	out->packages.at = arena_array(arena, r->packages.len + 1, sizeof(*out->packages.at));
	if (!out->packages.at)
		return err_nomem(err, "an index report");
	if (r->packages.len > 0)
		memcpy(out->packages.at, r->packages.at, r->packages.len * sizeof(*out->packages.at));
	held = matcher_hold(m, &set);
	st = repositories_resolve(out, set, arena, err);
	matcher_let_go(held);
	return st;
}

static enum status write_report(void *ctx, const struct index_report *r, struct buf *out, struct err *err)
{
	struct server_context *server = ctx;
	struct report_out to = { .write = to_buf, .ctx = out };
	struct report_options options = { .fail_on = SEVERITY_COUNT };
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 30);
	struct index_report named;

	TRY(name_repositories(atomic_load(&server->namer), r, &arena, &named, err));
	TRY(report_format_clair.index(&named, &options, &to, err));
	/* The format ends its document with a newline, Clair does not. */
	while (out->len > 0 && out->ptr[out->len - 1] == '\n')
		out->len--;
	return STATUS_OK;
}

/* ---- events ---- */

static void on_log(void *ctx, enum service_level level, const char *message, const struct service_field *fields,
		   size_t n)
{
	static const enum log_level levels[] = { [SERVICE_DEBUG] = LOG_LEVEL_DEBUG,
						 [SERVICE_INFO] = LOG_LEVEL_INFO,
						 [SERVICE_WARN] = LOG_LEVEL_WARN,
						 [SERVICE_ERROR] = LOG_LEVEL_ERROR };
	const struct server_context *c = ctx;
	struct log_field out[8];

	n = MIN(n, ARRAY_LEN(out));
	for (size_t i = 0; i < n; i++)
		out[i] = LOG_FIELD_STR(fields[i].name, fields[i].value);
	log_line(c->log, levels[level], message, out, n);
}

static void collect(void *ctx, struct metrics *m)
{
	const struct server_context *c = ctx;
	struct indexer_load load;

	if (!c->indexer)
		return;
	indexer_load(c->indexer, &load);
	metric_set(m, METRIC_limpid_index_running, NULL, load.running);
	metric_set(m, METRIC_limpid_index_waiting, NULL, load.waiting);
	metric_set(m, METRIC_limpid_index_layers, NULL, load.layers);
	metric_set(m, METRIC_limpid_index_layers_read, NULL, (double)load.layers_read);
	metric_set(m, METRIC_limpid_index_layers_known, NULL, (double)load.layers_known);
	metric_set(m, METRIC_limpid_index_bytes, NULL, (double)load.bytes_read);
	metric_set(m, METRIC_limpid_index_runs, (const char *const[]){ "finished" }, (double)load.runs_finished);
	metric_set(m, METRIC_limpid_index_runs, (const char *const[]){ "failed" }, (double)load.runs_failed);
}

/* ---- all of it ---- */

static enum status make_push_dir(struct indexer_setup *s, struct err *err)
{
	const struct config_limpid *l = &s->config->limpid;
	int n = snprintf(s->push_dir, sizeof(s->push_dir), "%s/pushed", config_cstr(l->data_dir));

	if (!l->push.enabled || l->data_dir.len == 0) {
		s->push_dir[0] = '\0';
		return STATUS_OK;
	}
	if (n < 0 || (size_t)n >= sizeof(s->push_dir))
		return err_set(err, STATUS_INVALID, "limpid.data_dir is too long");
	return file_mkdirs(s->push_dir, err);
}

enum status indexer_setup_finish(struct indexer_setup *s, struct store_pool *pool, struct server_context *ctx,
				 struct err *err)
{
	const struct config *c = s->config;
	struct indexer_options o = {
		.store = pool,
		.zygote = s->zygote,
		.limits = &c->limpid.limits,
		.workers = (unsigned)c->limpid.index_workers,
		.layers_per_run = (unsigned)MAX(c->indexer.layer_scan_concurrency, 0),
		.runs = (unsigned)MIN(MAX(c->indexer.index_report_request_concurrency, 8), 64),
		.layer_timeout_s = seconds_of(c->limpid.fetch.layer_timeout),
		.push_bytes = c->limpid.push.space,
		.push_keep_s = seconds_of(c->limpid.push.keep_for),
		.keep_reports_s = seconds_of(c->limpid.report_retention),
		.write = write_report,
		.write_ctx = ctx,
		.events = { .log = on_log, .ctx = ctx },
	};

	TRY(make_client(s, err));
	TRY(make_push_dir(s, err));
	o.http = s->http;
	o.push_dir = s->push_dir[0] ? s->push_dir : NULL;
	TRY(indexer_new(&o, &ctx->indexer, err));
	if (c->limpid.harbor.enabled) {
		ctx->harbor = harbor_new(ctx->indexer, s->http);
		if (!ctx->harbor)
			return err_nomem(err, "scans of registries");
	}
	return metrics_collector(ctx->metrics, collect, ctx) ? STATUS_OK : err_nomem(err, "metrics");
}

void indexer_setup_end(struct indexer_setup *s, struct server_context *ctx)
{
	if (!s)
		return;
	if (ctx && ctx->indexer) {
		harbor_stop(ctx->harbor);
		indexer_stop(ctx->indexer);
		harbor_free(ctx->harbor);
		ctx->harbor = NULL;
		indexer_free(ctx->indexer);
		ctx->indexer = NULL;
	}
	http_client_free(s->http);
	zygote_free(s->zygote);
	free(s);
}
