/* SPDX-License-Identifier: Apache-2.0 */
/* check_notifier.c - rules for the notifier's deliveries, for traces and metrics. */
#include "config/check_impl.h"

/* A callback is completed with the notification's id, so it ends in a slash. */
static void end_in_slash(struct loader *l, const char *path, struct slice *url)
{
	if (url->len == 0 || slice_ends(*url, SLICE("/")))
		return;
	CHECK_WARN(l, path, "URL should end in a \"/\"; one is added");
	if (!arena_printf(l->arena, url, "%.*s/", SLICE_ARG(*url)))
		load_nomem(l);
	check_derived(l, path);
}

static void check_webhook(struct loader *l, struct config_webhook *w)
{
	bool required = l->config->mode == CONFIG_NOTIFIER;

	/* In combo mode Clair starts all the same. */
	if (w->target.len == 0 && !required)
		CHECK_WARN(l, "notifier.webhook.target", "is missing: nothing is delivered");
	if (w->callback.len == 0 && !required)
		CHECK_WARN(l, "notifier.webhook.callback",
			   "is missing: who gets a notification cannot ask what is in it");
	check_url(l, "notifier.webhook.target", w->target, required);
	end_in_slash(l, "notifier.webhook.callback", &w->callback);
	check_url(l, "notifier.webhook.callback", w->callback, required);
}

static void check_direct(struct loader *l, const char *section, int64_t rollup, bool direct, bool callback)
{
	char path[64];

	snprintf(path, sizeof(path), "%s.rollup", section);
	if (rollup == 1)
		CHECK_WARN(l, path, "rollup set to 1: this means nothing");
	snprintf(path, sizeof(path), "%s.callback", section);
	if (direct && callback)
		CHECK_WARN(l, path, "callback and direct set: callback will be ignored");
}

static void check_amqp(struct loader *l, struct config_amqp *a)
{
	struct slice scheme, rest;

	check_tls(l, "notifier.amqp.tls", &a->tls);
	if (a->exchange_type.len == 0)
		CHECK_ERROR(l, "notifier.amqp.exchange.type", "is required");
	if (!check_in_mode(l, CONFIG_NOTIFIER))
		return;
	if (a->routing_key.len == 0)
		CHECK_ERROR(l, "notifier.amqp.routing_key", "is required");
	if (a->uris.n == 0)
		CHECK_ERROR(l, "notifier.amqp.uris", "is required: missing URIs for AMQP broker");
	for (size_t i = 0; i < a->uris.n; i++)
		if (!value_scheme(a->uris.at[i], &scheme, &rest) ||
		    (!slice_eq_nocase(scheme, SLICE("amqp")) && !slice_eq_nocase(scheme, SLICE("amqps"))))
			CHECK_ERROR(l, "notifier.amqp.uris", "expected amqp:// or amqps:// at the beginning of URI %zu",
				    i + 1);
	if (!a->direct) {
		end_in_slash(l, "notifier.amqp.callback", &a->callback);
		check_url(l, "notifier.amqp.callback", a->callback, false);
	}
	check_direct(l, "notifier.amqp", a->rollup, a->direct, a->callback.len > 0);
}

static void check_stomp(struct loader *l, struct config_stomp *s)
{
	struct slice host, port;
	struct err_quote q;

	check_tls(l, "notifier.stomp.tls", &s->tls);
	if (!check_in_mode(l, CONFIG_NOTIFIER))
		return;
	if (s->uris.n == 0)
		CHECK_ERROR(l, "notifier.stomp.uris", "is required: missing URIs for STOMP broker");
	for (size_t i = 0; i < s->uris.n; i++) {
		const char *wrong = value_host_port(s->uris.at[i], &host, &port);

		if (wrong)
			CHECK_ERROR(l, "notifier.stomp.uris", "\"%s\": %s", err_slice(&q, s->uris.at[i]), wrong);
	}
	if (!s->direct) {
		end_in_slash(l, "notifier.stomp.callback", &s->callback);
		check_url(l, "notifier.stomp.callback", s->callback, false);
	}
	check_direct(l, "notifier.stomp", s->rollup, s->direct, s->callback.len > 0);
}

/* A notifier was meant: something is there that has no other use. */
static bool is_wanted(const struct loader *l)
{
	return CHECK_GIVEN(l, "notifier.connstring") || CHECK_GIVEN(l, "notifier.indexer_addr") ||
	       CHECK_GIVEN(l, "notifier.matcher_addr");
}

static void check_smtp(struct loader *l, struct config_smtp *s)
{
	struct slice scheme, rest;

	if (!s->present)
		return;
	check_tls(l, "limpid.notifier.smtp.tls", &s->tls);
	if (!value_scheme(s->server, &scheme, &rest) ||
	    (!slice_eq_nocase(scheme, SLICE("smtp")) && !slice_eq_nocase(scheme, SLICE("smtps"))))
		CHECK_ERROR(l, "limpid.notifier.smtp.server", "expected smtp:// or smtps:// at the beginning");
	if (s->from.len == 0)
		CHECK_ERROR(l, "limpid.notifier.smtp.from", "is required");
	if (s->to.n == 0)
		CHECK_ERROR(l, "limpid.notifier.smtp.to", "is required: nobody would get the mail");
	if (s->user.len > 0 && s->starttls != CONFIG_STARTTLS_REQUIRED && !slice_eq_nocase(scheme, SLICE("smtps")))
		CHECK_WARN(l, "limpid.notifier.smtp.starttls", "the password may be sent without TLS");
	end_in_slash(l, "limpid.notifier.smtp.callback", &s->callback);
	check_url(l, "limpid.notifier.smtp.callback", s->callback, false);
}

static void check_jsonl(struct loader *l, const struct config_delivery *d)
{
	if (d->jsonl_present && d->jsonl_path.len == 0)
		CHECK_ERROR(l, "limpid.notifier.jsonl.path", "is required");
}

/* In the order of notify/deliverers.def: the first one is used. */
static const char *mechanism(const struct config *c, size_t index)
{
	const struct {
		bool present;
		const char *name;
	} all[] = {
		{ c->notifier.webhook.present, "webhook" },    { c->notifier.amqp.present, "amqp" },
		{ c->notifier.stomp.present, "stomp" },	       { c->limpid.notifier.smtp.present, "smtp" },
		{ c->limpid.notifier.jsonl_present, "jsonl" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].present && index-- == 0)
			return all[i].name;
	return NULL;
}

static void check_v1_hook(struct loader *l, const struct config_delivery *d)
{
	check_url(l, "limpid.notifier.v1.endpoint", d->v1_endpoint, false);
	check_tls(l, "limpid.notifier.v1.tls", &d->v1_tls);
	if (d->v1_endpoint.len > 0 && !l->config->limpid.v1.enabled)
		CHECK_WARN(l, "limpid.notifier.v1.endpoint", "limpid.v1.enabled is false: nothing is sent");
}

void check_notifier(struct loader *l)
{
	struct config_notifier *n = &l->config->notifier;
	const char *used = mechanism(l->config, 0);

	if (n->webhook.present && check_in_mode(l, CONFIG_NOTIFIER))
		check_webhook(l, &n->webhook);
	if (n->amqp.present)
		check_amqp(l, &n->amqp);
	if (n->stomp.present)
		check_stomp(l, &n->stomp);
	if (!check_in_mode(l, CONFIG_NOTIFIER))
		return;
	check_v1_hook(l, &l->config->limpid.notifier);
	check_tls(l, "limpid.notifier.webhook.tls", &l->config->limpid.notifier.webhook_tls);
	check_smtp(l, &l->config->limpid.notifier.smtp);
	check_jsonl(l, &l->config->limpid.notifier);
	if (l->config->mode == CONFIG_NOTIFIER) {
		check_url(l, "notifier.indexer_addr", n->indexer_addr, true);
		check_url(l, "notifier.matcher_addr", n->matcher_addr, true);
	}
	check_connstring(l, "notifier.connstring", n->connstring);
	if (!used && l->config->mode == CONFIG_NOTIFIER)
		CHECK_ERROR(l, "notifier", "no delivery mechanisms specified");
	else if (!used && l->config->limpid.notifier.v1_endpoint.len == 0 && is_wanted(l) && !l->config->v2)
		CHECK_WARN(l, "notifier.connstring", "no delivery mechanisms specified");
	if (mechanism(l->config, 1))
		CHECK_WARN(l, "notifier", "multiple delivery mechanisms specified: %s is used", used);
	if (n->poll_interval < 6 * VALUE_HOUR)
		CHECK_WARN(l, "notifier.poll_interval", "interval is very fast: may result in increased workload");
	if (n->delivery_interval < VALUE_HOUR)
		CHECK_WARN(l, "notifier.delivery_interval", "interval is very fast: may result in increased workload");
	if (n->disable_summary)
		CHECK_WARN(l, "notifier.disable_summary",
			   "disabling notification summary significantly increases memory consumption");
}

static void check_otlp(struct loader *l, const char *section, struct config_otlp *o)
{
	struct slice host, port;
	char path[64];
	const char *wrong = o->endpoint.len ? value_host_port(o->endpoint, &host, &port) : NULL;

	if (!o->present)
		return;
	snprintf(path, sizeof(path), "%s.endpoint", section);
	if (wrong)
		CHECK_WARN(l, path, "%s", wrong);
	snprintf(path, sizeof(path), "%s.timeout", section);
	if (o->timeout == 0)
		CHECK_WARN(l, path, "timeout of 0 is almost certainly wrong");
	snprintf(path, sizeof(path), "%s.client_tls", section);
	check_tls(l, path, &o->client_tls);
	snprintf(path, sizeof(path), "%s.url_path", section);
	if (o->url_path.len && o->url_path.ptr[0] != '/')
		CHECK_ERROR(l, path, "must be absolute");
	else if (o->url_path.len > 1 && slice_ends(o->url_path, SLICE("/")))
		CHECK_WARN(l, path, "has a trailing slash; this is probably incorrect");
}

static bool is_one(struct slice name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(name, slice_cstr(names[i])))
			return true;
	return false;
}

void check_telemetry(struct loader *l)
{
	static const char *const traces[] = { "", "otlp", "stdout", "sentry", "jaeger" };
	static const char *const metrics[] = { "", "prometheus", "otlp", "stdout" };
	struct config_trace *t = &l->config->trace;
	struct config_metrics *m = &l->config->metrics;
	struct err_quote q;

	if (!is_one(t->name, traces, ARRAY_LEN(traces)))
		CHECK_WARN(l, "trace.name", "unrecognized trace provider: \"%s\"", err_slice(&q, t->name));
	if (slice_eq(t->name, SLICE("jaeger")))
		CHECK_WARN(l, "trace.name",
			   "trace provider \"jaeger\" is deprecated; migrate to \"otlp\": nothing is sent");
	if (slice_eq(t->name, SLICE("sentry")))
		CHECK_WARN(l, "trace.name", "trace provider \"sentry\" does nothing");
	if (!is_one(m->name, metrics, ARRAY_LEN(metrics)))
		CHECK_WARN(l, "metrics.name", "unrecognized metrics provider: \"%s\"", err_slice(&q, m->name));
	if (slice_eq(t->name, SLICE("otlp")) && !t->http.present && !t->grpc.present)
		CHECK_WARN(l, "trace.name", "otlp needs trace.otlp.http: nothing is sent");
	if (slice_eq(m->name, SLICE("otlp")) && !m->http.present && !m->grpc.present)
		CHECK_WARN(l, "metrics.name", "otlp needs metrics.otlp.http: nothing is sent");
	if (slice_eq(t->name, SLICE("otlp")) && !t->http.present && t->grpc.present)
		CHECK_WARN(l, "trace.otlp.grpc", "gRPC is not spoken here: nothing is sent; trace.otlp.http is");
	if (slice_eq(m->name, SLICE("otlp")) && !m->http.present && m->grpc.present)
		CHECK_WARN(l, "metrics.otlp.grpc", "gRPC is not spoken here: nothing is sent; metrics.otlp.http is");
	if (t->http.present && t->grpc.present)
		CHECK_WARN(l, "trace.otlp.grpc", "both \"http\" and \"grpc\" are configured: http is used");
	if (m->http.present && m->grpc.present)
		CHECK_WARN(l, "metrics.otlp.grpc", "both \"http\" and \"grpc\" are configured: http is used");
	check_otlp(l, "trace.otlp.http", &t->http);
	check_otlp(l, "trace.otlp.grpc", &t->grpc);
	check_otlp(l, "metrics.otlp.http", &m->http);
	check_otlp(l, "metrics.otlp.grpc", &m->grpc);
}
