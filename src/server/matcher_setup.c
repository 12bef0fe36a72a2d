/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_setup.c - from settings to a matcher: its store, where index reports come from, updaters, what is logged. */
#include "server/matcher_setup.h"

#include "config/config.h"
#include "report/report.h"
#include "server/log.h"
#include "server/metrics.h"
#include "service/matcher_remote.h"
#include "service/updates.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <stdio.h>
#include <stdlib.h>

#define BUSY_MS 30000u
/* Finished reports in memory: 200 images of 90 findings have 30 MB. */
#define CACHE_BYTES (UINT64_C(64) << 20)
#define FIELDS_MAX 8u

struct matcher_setup {
	struct server_context *ctx;
	struct store_pool *store;
	struct matcher *matcher;
	struct matcher_remote *remote;
	struct updates *updates;
};

/* ---- what services say ---- */

static void on_log(void *ctx, enum service_level level, const char *message, const struct service_field *fields,
		   size_t n)
{
	static const enum log_level levels[] = { [SERVICE_DEBUG] = LOG_LEVEL_DEBUG,
						 [SERVICE_INFO] = LOG_LEVEL_INFO,
						 [SERVICE_WARN] = LOG_LEVEL_WARN,
						 [SERVICE_ERROR] = LOG_LEVEL_ERROR };
	struct log_field out[FIELDS_MAX];
	const struct server_context *c = ctx;

	n = MIN(n, FIELDS_MAX);
	for (size_t i = 0; i < n; i++)
		out[i] = LOG_FIELD_STR(fields[i].name, fields[i].value);
	log_line(c->log, levels[level], message, out, n);
}

static void on_update_ended(void *ctx, struct slice set, bool good)
{
	const struct matcher_setup *s = ctx;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(set));
	metric_add(s->ctx->metrics, METRIC_limpid_updates, (const char *const[]){ name, good ? "good" : "failed" }, 1);
	if (!good)
		metric_add(s->ctx->metrics, METRIC_updater_errors, NULL, 1);
}

/* Readings for metrics that are asked rather than kept. */
static void collect(void *ctx, struct metrics *m)
{
	const struct matcher_setup *s = ctx;
	struct report_cache_stats cache;
	struct matcher_state state;

	matcher_state(s->matcher, &state);
	matcher_cache_stats(s->matcher, &cache);
	metric_set(m, METRIC_limpid_advisories, NULL, (double)state.records);
	metric_set(m, METRIC_limpid_sources, NULL, (double)state.sources);
	metric_set(m, METRIC_limpid_swaps, NULL, (double)state.swaps);
	metric_set(m, METRIC_limpid_newest, NULL, state.newest_s == DATE_NONE ? 0 : (double)state.newest_s);
	metric_set(m, METRIC_limpid_reports_bytes, NULL, (double)cache.bytes);
	metric_set(m, METRIC_limpid_reports_hits, NULL, (double)cache.hits);
	metric_set(m, METRIC_limpid_reports_made, NULL, (double)cache.misses);
}

/* ---- documents ---- */

static enum status append(void *ctx, struct slice bytes, struct err *err)
{
	buf_add(ctx, bytes);
	return buf_check(ctx, "vulnerability report", err);
}

static enum status write_report(const struct vulnerability_report *r, struct buf *out, struct err *err)
{
	struct report_out to = { .write = append, .ctx = out };
	struct report_options options = { .now_s = date_now(), .fail_on = SEVERITY_COUNT, .program_version = "" };

	return report_format_clair.vulnerabilities(r, &options, &to, err);
}

/* ---- opening ---- */

static enum status open_remote(struct matcher_setup *s, struct err *err)
{
	const struct config *c = s->ctx->config;
	struct matcher_remote_options options = { .address = c->matcher.indexer_addr,
						  .key = c->auth.psk ? c->auth.psk_key : SLICE_EMPTY,
						  .ca_file = c->tls.root_ca.len ? config_cstr(c->tls.root_ca) : NULL,
						  .limits = &c->limpid.limits };

	return matcher_remote_new(&options, &s->remote, err);
}

static enum status open_matcher(struct matcher_setup *s, const struct matcher_setup_options *o, struct err *err)
{
	const struct config *c = s->ctx->config;
	struct store_pool_options pool = { .store = { .busy_ms = BUSY_MS,
						      .cache_bytes = c->limpid.limits.cache_bytes,
						      .application_name = "libvuln",
						      .no_migrate = c->matcher.engine == CONFIG_POSTGRES &&
								    !c->matcher.migrations },
					   .max = (unsigned)MAX(c->limpid.database_connections, 0) };
	struct matcher_options options = { .data_dir = config_cstr(c->limpid.data_dir),
					   .write = write_report,
					   .scope_served = o->scope_served,
					   .judge = o->judge,
					   .matchers = c->matchers_names.at,
					   .n_matchers = c->matchers_names.n,
					   .choose = c->matchers_names.given,
					   .without_enrichment = c->matcher.disable_enrichment,
					   .cache_bytes = CACHE_BYTES,
					   .limits = &c->limpid.limits,
					   .events = { .log = on_log, .ctx = s->ctx } };
	enum status st;

	TRY(store_pool_open(config_store_where(c, CONFIG_MATCHER), &pool, &s->store, err));
	options.store = s->store;
	if (o->index_store) {
		options.reports = (struct matcher_reports){ matcher_reports_of_store, o->index_store };
	} else {
		TRY(open_remote(s, err));
		options.reports = (struct matcher_reports){ matcher_remote_get, s->remote };
	}
	TRY(store_open_url(config_store_where(c, CONFIG_MATCHER), &pool.store, &options.watch, err));
	st = matcher_new(&options, &s->matcher, err);
	if (st != STATUS_OK)
		store_close(options.watch);
	return st;
}

/* Clair's indexer has maps of Red Hat's, which are feeds here: a file counts before a place. */
struct indexer_map {
	const char *scanner, *file, *url, *set;
};

static const struct indexer_map repository_map = { "rhel-repository-scanner", "repo2cpe_mapping_file",
						   "repo2cpe_mapping_url", "rhel-repositories" };
static const struct indexer_map container_map = { "rhel_containerscanner", "name2repos_mapping_file",
						  "name2repos_mapping_url", "rhel-containers" };

static enum status put_map(struct json_writer *w, const struct indexer_map *map, const struct config_blocks *scanners,
			   struct err *err)
{
	struct json_doc doc;

	for (size_t i = 0; i < scanners->n; i++) {
		struct slice place;

		if (!slice_eq(scanners->at[i].name, slice_cstr(map->scanner)))
			continue;
		TRY(json_parse(scanners->at[i].json, &limits_default, &doc, err));
		place = json_get_str(doc.root, map->file);
		if (place.len == 0)
			place = json_get_str(doc.root, map->url);
		if (place.len > 0) {
			json_key(w, map->set);
			json_object(w);
			json_member_str(w, "url", place);
			json_close(w);
		}
		json_doc_free(&doc);
	}
	return STATUS_OK;
}

/* updaters.config as one JSON object, with a NUL; nothing without blocks. */
static enum status updater_settings(const struct config *c, struct buf *out, struct err *err)
{
	const struct config_blocks *blocks = &c->updaters_config;
	struct json_writer w;
	bool repositories = false, containers = false;

	if (blocks->n == 0 && c->indexer.scanner_repo.n == 0 && c->indexer.scanner_package.n == 0)
		return STATUS_OK;
	json_writer_init(&w, out, 0);
	json_object(&w);
	for (size_t i = 0; i < blocks->n; i++) {
		json_key_slice(&w, blocks->at[i].name);
		json_raw(&w, blocks->at[i].json);
		repositories |= slice_eq(blocks->at[i].name, slice_cstr(repository_map.set));
		containers |= slice_eq(blocks->at[i].name, slice_cstr(container_map.set));
	}
	if (!repositories)
		TRY(put_map(&w, &repository_map, &c->indexer.scanner_repo, err));
	if (!containers)
		TRY(put_map(&w, &container_map, &c->indexer.scanner_package, err));
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(out, '\0');
	return buf_check(out, "settings of updaters", err);
}

static enum status open_updates(struct matcher_setup *s, const struct matcher_setup_options *o, struct err *err)
{
	const struct config *c = s->ctx->config;
	bool elsewhere = c->matcher.engine == CONFIG_POSTGRES;
	struct buf AUTO(buf_fini) settings = BUF_INIT((size_t)16 << 20);
	struct updates_options options = {
		.store = s->store,
		.program = o->update_program,
		.data_dir = config_cstr(c->limpid.data_dir),
		.connstring = elsewhere ? config_store_where(c, CONFIG_MATCHER) : NULL,
		.environment = o->environment,
		.mirror = config_cstr(c->limpid.updates.mirror),
		.sets = c->updaters_sets.at,
		.n_sets = c->updaters_sets.n,
		.all = !c->updaters_sets.given,
		.period_ns = (uint64_t)c->matcher.period,
		.timeout_ns = (uint64_t)c->limpid.updates.timeout,
		.on_start = c->limpid.updates.on_start,
		.keep = (unsigned)MAX(c->matcher.update_retention, 0),
		.events = { .log = on_log, .ctx = s->ctx },
		.ended = on_update_ended,
		.ctx = s,
	};

	if (c->matcher.disable_updaters)
		return STATUS_OK;
	if (!o->update_program) {
		log_printf(s->ctx->log, LOG_LEVEL_WARN,
			   "limpid-update is not installed beside this program: no updates");
		return STATUS_OK;
	}
	for (size_t i = 0; i < c->updaters_config.n; i++)
		if (!updates_block_known(c->updaters_config.at[i].name))
			log_printf(s->ctx->log, LOG_LEVEL_WARN, "updaters.config.%.*s: there is no such updater here",
				   SLICE_ARG(c->updaters_config.at[i].name));
	TRY(updater_settings(c, &settings, err));
	options.settings = settings.len > 0 ? (const char *)settings.ptr : NULL;
	return updates_new(&options, &s->updates, err);
}

enum status matcher_setup_open(const struct matcher_setup_options *options, struct server_context *ctx,
			       struct matcher_setup **out, struct err *err)
{
	struct matcher_setup *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "matcher");
	s->ctx = ctx;
	st = open_matcher(s, options, err);
	if (st == STATUS_OK)
		st = open_updates(s, options, err);
	if (st == STATUS_OK && !metrics_collector(ctx->metrics, collect, s))
		st = err_nomem(err, "metrics");
	if (st != STATUS_OK) {
		matcher_setup_end(s);
		return st;
	}
	ctx->matcher = s->matcher;
	atomic_store(&ctx->namer, s->matcher);
	ctx->matcher_store = s->store;
	ctx->updates = s->updates;
	*out = s;
	return STATUS_OK;
}

enum status matcher_setup_start(struct matcher_setup *s, struct err *err)
{
	TRY(matcher_start(s->matcher, err));
	return s->updates ? updates_start(s->updates, err) : STATUS_OK;
}

void matcher_setup_end(struct matcher_setup *s)
{
	if (!s)
		return;
	s->ctx->matcher = NULL;
	atomic_store(&s->ctx->namer, NULL);
	s->ctx->matcher_store = NULL;
	s->ctx->updates = NULL;
	updates_free(s->updates);
	matcher_free(s->matcher);
	matcher_remote_free(s->remote);
	store_pool_close(s->store);
	free(s);
}
