/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - defaults, what follows from other settings, and what is wrong or odd. The rules are Clair's (its config
 * module); where limpid's differ, docs/config.md says so.
 */
#include "config/check_impl.h"
#include "config/mask.h"
#include "text/json.h"

#include <sys/stat.h>

struct place check_place(const struct loader *l, const char *path)
{
	struct slice at = slice_cstr(path);

	/* Of what is missing, the mapping it is missing in. */
	for (;;) {
		size_t row = setting_find(at);

		if (row != SIZE_MAX && l->places[row].file)
			return l->places[row];
		if (slice_find_byte(at, '.') == SIZE_MAX)
			return (struct place){ NULL, 0, 0 };
		slice_rcut(at, '.', &at, NULL);
	}
}

void check_derived(struct loader *l, const char *path)
{
	size_t row = setting_find(slice_cstr(path));

	l->config->origins[row].kind = CONFIG_DERIVED;
	l->config->origins[row].mended = load_given(l, row);
	if (load_given(l, row)) {
		l->config->origins[row].file = l->places[row].file;
		l->config->origins[row].line = l->places[row].line;
	}
}

/* ---- defaults ---- */

static void engine(struct loader *l, enum config_engine *out, struct slice connstring)
{
	static const char *const names[] = { "PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE" };
	const struct config_request *r = l->request;

	*out = connstring.len ? CONFIG_POSTGRES : CONFIG_SQLITE;
	/* A file of Clair may leave all to libpq's variables. */
	for (size_t i = 0; i < ARRAY_LEN(names) && !l->config->embedded && !l->config->v2; i++)
		if (r->variable && r->variable(r->ctx, names[i]))
			*out = CONFIG_POSTGRES;
}

static void machine_defaults(struct loader *l)
{
	struct config *c = l->config;
	int64_t cpus = l->request->cpus ? l->request->cpus : load_cpus();

	if (c->indexer.index_report_request_concurrency == 0) {
		c->indexer.index_report_request_concurrency = 4 * cpus;
		check_derived(l, "indexer.index_report_request_concurrency");
	}
	if (c->limpid.index_workers == 0) {
		c->limpid.index_workers = cpus;
		check_derived(l, "limpid.index_workers");
	}
	if (c->limpid.http.workers == 0) {
		c->limpid.http.workers = MAX(8, 4 * cpus);
		check_derived(l, "limpid.http.workers");
	}
	if (c->limpid.data_dir.len == 0 && l->request->data_dir) {
		if (!arena_copy(l->arena, slice_cstr(l->request->data_dir), &c->limpid.data_dir))
			load_nomem(l);
		check_derived(l, "limpid.data_dir");
	}
}

/* Zero and what is not possible become Clair's defaults. */
static void clair_defaults(struct loader *l)
{
	struct config *c = l->config;

	if (c->indexer.scanlock_retry == 0)
		c->indexer.scanlock_retry = 1;
	if (c->indexer.layer_scan_concurrency == 0)
		c->indexer.layer_scan_concurrency = 10;
	if (c->matcher.period == 0) {
		c->matcher.period = 6 * VALUE_HOUR;
		check_derived(l, "matcher.period");
	} else if (c->matcher.period < VALUE_MINUTE) {
		CHECK_WARN(l, "matcher.period", "below 1m: 6h is used");
		c->matcher.period = 6 * VALUE_HOUR;
		check_derived(l, "matcher.period");
	}
	if (c->matcher.update_retention < 0) {
		c->matcher.update_retention = 0;
		check_derived(l, "matcher.update_retention");
	} else if (c->matcher.update_retention < 2) {
		c->matcher.update_retention = 10;
		check_derived(l, "matcher.update_retention");
	}
	if (c->matcher.cache_age == 0) {
		c->matcher.cache_age = c->matcher.period;
		check_derived(l, "matcher.cache_age");
	}
	if (c->notifier.poll_interval < VALUE_MINUTE) {
		c->notifier.poll_interval = 6 * VALUE_HOUR;
		check_derived(l, "notifier.poll_interval");
	}
	if (c->notifier.delivery_interval < VALUE_MINUTE) {
		c->notifier.delivery_interval = VALUE_HOUR;
		check_derived(l, "notifier.delivery_interval");
	}
	/* What is empty is Clair's default, too. */
	if (c->metrics.name.len == 0)
		c->metrics.name = SLICE("prometheus");
	if (c->metrics.prometheus_endpoint.len == 0)
		c->metrics.prometheus_endpoint = SLICE("/metrics");
	if (c->matcher.disable_updaters) {
		c->updaters_sets = (struct config_list){ NULL, 0, true };
		check_derived(l, "updaters.sets");
	}
}

void load_defaults(struct loader *l)
{
	struct config *c = l->config;
	static const char *const listen[][2] = { { "http_listen_addr", "127.0.0.1:6060" },
						 { "introspection_addr", "127.0.0.1:8089" } };

	for (size_t i = 0; i < l->n_settings; i++) {
		const struct setting *s = &l->settings[i];
		bool empty = s->type == SETTING_ADDRESS && ((const struct slice *)setting_at(s, c))->len == 0;

		if (s->standard[0] && (!load_given(l, i) || empty))
			(void)load_value(l, s, slice_cstr(s->standard));
		if (!load_given(l, i) && slice_starts(slice_cstr(s->path), SLICE("limpid.limits.")))
			*(uint64_t *)setting_at(s, c) =
				*(const uint64_t *)((const char *)&limits_default +
						    (s->offset - offsetof(struct config, limpid.limits)));
	}
	for (size_t i = 0; c->embedded && i < ARRAY_LEN(listen); i++) {
		(void)load_value(l, &l->settings[setting_find(slice_cstr(listen[i][0]))], slice_cstr(listen[i][1]));
		check_derived(l, listen[i][0]);
	}
	c->trace.probability_given = CHECK_GIVEN(l, "trace.probability");
	clair_defaults(l);
	machine_defaults(l);
	engine(l, &c->indexer.engine, c->indexer.connstring);
	engine(l, &c->matcher.engine, c->matcher.connstring);
	engine(l, &c->notifier.engine, c->notifier.connstring);
}

/* ---- checks ---- */

static void check_address(struct loader *l, enum config_problem_kind kind, const char *path, struct slice text)
{
	struct slice host, port;
	const char *wrong = text.len ? value_host_port(text, &host, &port) : NULL;
	struct err_quote q;

	if (wrong)
		CHECK_TELL(l, kind, path, "\"%s\": %s", err_slice(&q, text), wrong);
}

void check_connstring(struct loader *l, const char *path, struct slice text)
{
	struct slice scheme, rest;

	if (text.len == 0)
		return;
	if (value_scheme(text, &scheme, &rest)) {
		if (!slice_eq(scheme, SLICE("postgres")) && !slice_eq(scheme, SLICE("postgresql")))
			CHECK_ERROR(l, path, "looks like a URL, but its scheme is not postgresql://");
	} else if (slice_find_byte(text, '=') == SIZE_MAX) {
		CHECK_ERROR(l, path, "is neither a URL (postgresql://...) nor key=value");
	}
}

void check_url(struct loader *l, const char *path, struct slice text, bool required)
{
	const char *wrong = text.len ? value_http_url(text) : NULL;
	struct slice masked = SLICE_EMPTY;
	struct err_quote q;

	if (wrong && !mask_text(NULL, text, l->arena, &masked))
		load_nomem(l);
	else if (wrong)
		CHECK_ERROR(l, path, "\"%s\": %s", err_slice(&q, masked), wrong);
	else if (text.len == 0 && required)
		CHECK_ERROR(l, path, "is required in %s mode", config_mode_name(l->config->mode));
}

void check_tls(struct loader *l, const char *prefix, const struct config_tls *tls)
{
	char path[128];
	size_t row;

	snprintf(path, sizeof(path), "%s", prefix);
	if ((tls->cert.len == 0) != (tls->key.len == 0))
		CHECK_ERROR(l, path, "both cert and key are needed");
	snprintf(path, sizeof(path), "%s.root_ca", prefix);
	row = setting_find(slice_cstr(path));
	if (tls->root_ca.len && row < l->n_settings && (l->settings[row].flags & SETTING_DEPRECATED))
		CHECK_WARN(l, path,
			   "use SSL_CERT_FILE or SSL_CERT_DIR: this setting will be removed in a future release");
}

static void check_files(struct loader *l)
{
	for (size_t i = 0; i < l->n_settings && l->files; i++) {
		const struct setting *s = &l->settings[i];
		const struct slice *path = setting_at(s, l->config);
		struct stat st;

		if (s->type == SETTING_PATH && (s->flags & SETTING_EXISTS) && path->len &&
		    stat(config_cstr(*path), &st) != 0)
			CHECK_ERROR(l, s->path, "there is no %s", config_cstr(*path));
	}
}

static void check_server(struct loader *l)
{
	const struct config *c = l->config;
	struct slice host, port, other;
	bool open;

	check_address(l, CONFIG_ERROR, "http_listen_addr", c->http_listen_addr);
	/* Clair serves its API all the same. */
	check_address(l, CONFIG_WARNING, "introspection_addr", c->introspection_addr);
	check_tls(l, "tls", &c->tls);
	if (c->tls.present && c->tls.cert.len == 0)
		CHECK_ERROR(l, "tls", "cert and key are needed");
	if (c->limpid.http.client_ca.len && !c->tls.present)
		CHECK_ERROR(l, "limpid.http.client_ca",
			    "certificates of clients are asked with TLS only: there is no tls");
	if (value_host_port(c->http_listen_addr, &host, &port) || value_host_port(c->introspection_addr, &other, &port))
		return;
	if (slice_eq(c->http_listen_addr, c->introspection_addr) && !slice_eq(port, SLICE("0")))
		CHECK_WARN(l, "introspection_addr",
			   "is http_listen_addr, too: two servers cannot listen at one address");
	open = !slice_starts(host, SLICE("127.")) && !slice_eq(host, SLICE("::1")) &&
	       !slice_eq(host, SLICE("localhost"));
	if (open && !c->auth.psk && c->limpid.http.client_ca.len == 0)
		CHECK_WARN(l, "http_listen_addr",
			   "open to the network without authentication: it is not loopback, and there is no auth.psk");
}

static void check_auth(struct loader *l)
{
	const struct config *c = l->config;

	if (c->auth.psk && c->auth.psk_key.len == 0)
		CHECK_ERROR(l, "auth.psk.key", "is empty");
	if (c->auth.psk && c->auth.psk_iss.n == 0)
		CHECK_ERROR(l, "auth.psk.iss", "no issuers defined");
	if (c->auth.psk && c->auth.psk_key.len > 0 && c->auth.psk_key.len < 16)
		CHECK_WARN(l, "auth.psk.key", "%zu bytes are easily guessed; 32 are usual", c->auth.psk_key.len);
	if (c->auth.keyserver && !c->auth.psk)
		CHECK_ERROR(l, "auth.keyserver",
			    "was removed from Clair, which then serves without authentication: use auth.psk");
	else if (c->auth.keyserver)
		CHECK_WARN(l, "auth.keyserver", "was removed from Clair and has no effect");
}

static void check_indexer(struct loader *l)
{
	const struct config_indexer *i = &l->config->indexer;

	if (!check_in_mode(l, CONFIG_INDEXER))
		return;
	check_connstring(l, "indexer.connstring", i->connstring);
	if (i->scanlock_retry > 10)
		CHECK_WARN(l, "indexer.scanlock_retry", "large values will increase latency");
	if (i->layer_scan_concurrency < 4)
		CHECK_WARN(l, "indexer.layer_scan_concurrency",
			   "small values will limit resource utilization and increase latency");
	if (i->layer_scan_concurrency > 32)
		CHECK_WARN(l, "indexer.layer_scan_concurrency", "large values may exceed resource quotas");
}

static void check_matcher(struct loader *l)
{
	const struct config_matcher *m = &l->config->matcher;

	if (!check_in_mode(l, CONFIG_MATCHER))
		return;
	if (l->config->mode == CONFIG_MATCHER)
		check_url(l, "matcher.indexer_addr", m->indexer_addr, true);
	check_connstring(l, "matcher.connstring", m->connstring);
	if (m->period < 6 * VALUE_HOUR)
		CHECK_WARN(l, "matcher.period", "updater period is very aggressive: most sources are updated daily");
	if (m->cache_age < m->period / 2)
		CHECK_WARN(l, "matcher.cache_age", "expiry very low: may result in increased workload");
	if (m->update_retention == 0)
		CHECK_WARN(l, "matcher.update_retention", "update garbage collection is off");
}

static void check_rhel(struct loader *l, struct slice json)
{
	struct json_doc doc;
	struct err why = ERR_INIT;
	struct err_quote q;
	yyjson_val *key, *v;
	yyjson_obj_iter it;

	if (json_parse(json, &limits_default, &doc, &why) != STATUS_OK) {
		CHECK_ERROR(l, "matchers.config", "rhel: %s", why.msg);
		return;
	}
	yyjson_obj_iter_init(doc.root, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		v = yyjson_obj_iter_get_val(key);
		if (!slice_eq(json_str(key), SLICE("ignore_unpatched")))
			CHECK_WARN(l, "matchers.config", "rhel has no setting \"%s\"", err_slice(&q, json_str(key)));
		else if (!yyjson_is_bool(v))
			CHECK_ERROR(l, "matchers.config", "rhel.ignore_unpatched: expected true or false");
	}
	json_doc_free(&doc);
}

static void check_matchers(struct loader *l)
{
	const struct config_blocks *blocks = &l->config->matchers_config;
	struct err_quote q;

	for (size_t i = 0; i < blocks->n; i++)
		if (slice_eq(blocks->at[i].name, SLICE("rhel")))
			check_rhel(l, blocks->at[i].json);
		else
			CHECK_WARN(l, "matchers.config", "matcher \"%s\" has no settings: only rhel has",
				   err_slice(&q, blocks->at[i].name));
}

static bool known_name(const char *const *names, struct slice name)
{
	for (; *names; names++)
		if (slice_eq(slice_cstr(*names), name))
			return true;
	return false;
}

/* Clair passes over names it does not know, and so lets a typing error turn updates off. */
static void check_names(struct loader *l)
{
	const struct config_list *sets = &l->config->updaters_sets;
	struct err_quote q;

	for (size_t i = 0; l->request->updaters && i < sets->n; i++)
		if (!known_name(l->request->updaters, sets->at[i]))
			CHECK_WARN(l, "updaters.sets", "there is no updater \"%s\"", err_slice(&q, sets->at[i]));
}

void load_check(struct loader *l)
{
	if (l->files && l->config->limpid.data_dir.len == 0)
		CHECK_WARN(l, "limpid.data_dir", "is needed: neither LIMPID_HOME nor HOME says where");
	check_names(l);
	check_server(l);
	check_auth(l);
	check_indexer(l);
	check_matcher(l);
	check_matchers(l);
	check_notifier(l);
	check_telemetry(l);
	check_files(l);
	for (size_t i = 0; i < l->n_settings; i++) {
		const struct setting *s = &l->settings[i];

		/* Those of authorities and of the key server have words of their own. */
		if (load_given(l, i) && (s->flags & SETTING_DEPRECATED) && !(s->flags & SETTING_EXISTS) &&
		    !slice_starts(slice_cstr(s->path), SLICE("auth.")))
			CHECK_WARN(l, s->path, "setting will be removed in a future release: %s", s->help);
	}
}
