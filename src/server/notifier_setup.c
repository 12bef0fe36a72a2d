/* SPDX-License-Identifier: Apache-2.0 */
/* notifier_setup.c - from settings to a notifier: its store, whom it asks, how it delivers, what is logged and counted.
 */
#include "server/notifier_setup.h"

#include "config/config.h"
#include "notify/notify.h"
#include "notify/upstream_remote.h"
#include "server/layers_notices.h"
#include "server/log.h"
#include "server/metrics.h"
#include "service/matcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BUSY_MS 30000u
#define SECOND_NS INT64_C(1000000000)
#define TAKE_MS 2000u

/* The settings know no model. */
_Static_assert((int)CONFIG_SEVERITY_CRITICAL == (int)SEVERITY_CRITICAL && (int)CONFIG_SEVERITY_LOW == (int)SEVERITY_LOW,
	       "one order of severities");

struct notifier_setup {
	struct server_context *ctx;
	struct store_pool *store;
	struct notify_local local;
	struct notify_remote *remote;
	/* Clair v4's notifications, and Clair v2's: either may not be asked for. */
	struct way {
		struct deliverer *deliverer;
		atomic_bool stop;
		int stop_fd; /* owned; 0: none */
	} notifications, notices;
	struct notice_maker notice_maker;
	atomic_bool stopping;
	struct notifier *notifier;
	char user_agent[64];
};

/* They are of posted layers, so of who serves these. */
static bool notices_wanted(const struct config *config)
{
	return config->mode == CONFIG_COMBO && config->limpid.v1.enabled && config->limpid.notifier.v1_endpoint.len > 0;
}

bool notifier_setup_wanted(const struct config *config)
{
	return config->mode == CONFIG_NOTIFIER ||
	       (config->mode == CONFIG_COMBO && (deliverer_wanted(config, 0) || notices_wanted(config)));
}

/* ---- what it says ---- */

static const struct {
	enum log_level level;
	const char *message;
} said[] = {
	[NOTIFY_SEEN] = { LOG_LEVEL_INFO, "update operation seen" },
	[NOTIFY_MADE] = { LOG_LEVEL_INFO, "notification made" },
	[NOTIFY_DELIVERED] = { LOG_LEVEL_INFO, "notification delivered" },
	[NOTIFY_AGAIN] = { LOG_LEVEL_WARN, "notification: another attempt is needed" },
	[NOTIFY_DEAD] = { LOG_LEVEL_ERROR, "notification given up" },
	[NOTIFY_COLLECTED] = { LOG_LEVEL_INFO, "old notifications dropped" },
	[NOTIFY_UNREAD] = { LOG_LEVEL_WARN, "notifications of Clair v2's API dropped that nobody has deleted" },
	[NOTIFY_TROUBLE] = { LOG_LEVEL_WARN, "notifier: cannot go on at the moment" },
};

static void count(struct notifier_setup *s, const struct notify_event *e)
{
	static const char *const results[] = {
		[NOTIFY_DELIVERED] = "delivered", [NOTIFY_AGAIN] = "again", [NOTIFY_DEAD] = "given up"
	};
	struct metrics *m = s->ctx->metrics;
	bool sending = e->notice || (e->notification && e->notification->state != STORE_NOTIFICATION_MAKING);

	if (e->kind == NOTIFY_MADE) {
		metric_add(m, METRIC_limpid_notify_made, NULL, 1);
		metric_add(m, METRIC_limpid_notify_entries, NULL, (double)e->n);
		metric_observe(m, METRIC_limpid_notify_make_seconds, NULL, (double)e->took_ns / 1e9);
	}
	if (sending && (e->kind == NOTIFY_DELIVERED || e->kind == NOTIFY_AGAIN || e->kind == NOTIFY_DEAD))
		metric_add(m, METRIC_limpid_notify_deliveries, (const char *const[]){ results[e->kind] }, 1);
	if (e->kind == NOTIFY_DELIVERED)
		metric_observe(m, METRIC_limpid_notify_delivery_seconds, NULL, (double)e->took_ns / 1e9);
}

static void on_event(void *ctx, const struct notify_event *e)
{
	struct notifier_setup *s = ctx;
	const struct store_notification *n = e->notification;
	struct log_field fields[8];
	size_t k = 0;

	if (e->notice)
		fields[k++] = LOG_FIELD_CSTR("notification", e->notice);
	if (n && n->id[0])
		fields[k++] = LOG_FIELD_CSTR("notification", n->id);
	if (n) {
		fields[k++] = LOG_FIELD_STR("source", n->source);
		fields[k++] = LOG_FIELD_CSTR("operation", n->operation);
	}
	if (e->n > 0)
		fields[k++] = LOG_FIELD_INT(e->kind == NOTIFY_DELIVERED ? "messages" : "count", e->n);
	if (e->peer.len > 0)
		fields[k++] = LOG_FIELD_STR("peer", e->peer);
	if (e->text.len > 0)
		fields[k++] = LOG_FIELD_STR(e->kind == NOTIFY_SEEN ? "note" : "reason", e->text);
	if (e->took_ns > 0)
		fields[k++] = LOG_FIELD_SECONDS("took", e->took_ns);
	log_line(s->ctx->log, said[e->kind].level, said[e->kind].message, fields, k);
	count(s, e);
}

/* Readings for metrics that are asked rather than kept. */
static void collect(void *ctx, struct metrics *m)
{
	static const char *const names[STORE_NOTIFICATION_STATES] = {
		[STORE_NOTIFICATION_MAKING] = "making",	      [STORE_NOTIFICATION_CREATED] = "created",
		[STORE_NOTIFICATION_FAILED] = "failed",	      [STORE_NOTIFICATION_DELIVERED] = "delivered",
		[STORE_NOTIFICATION_DELETED] = "deleted",     [STORE_NOTIFICATION_DEAD] = "dead",
		[STORE_NOTIFICATION_COLLECTED] = "collected",
	};
	struct notifier_setup *s = ctx;
	struct store_notification_stats stats;
	struct err ignored = ERR_INIT;
	struct store *store;
	enum status st;

	metric_set(m, METRIC_limpid_notify_well, NULL, notifier_is_well(s->notifier) ? 1 : 0);
	if (store_pool_take(s->store, TAKE_MS, &store, &ignored) != STATUS_OK)
		return;
	st = store_notification_stats(store, &stats, &ignored);
	store_pool_give(s->store, store);
	for (size_t i = 1; i < STORE_NOTIFICATION_STATES && st == STATUS_OK; i++)
		metric_set(m, METRIC_limpid_notify_notifications, (const char *const[]){ names[i] },
			   (double)stats.by_state[i]);
	if (st == STATUS_OK)
		metric_set(m, METRIC_limpid_notify_oldest, NULL,
			   stats.oldest_s == DATE_NONE ? 0 : (double)MAX(date_now() - stats.oldest_s, 0));
}

/* ---- opening ---- */

/* Who hears of an update and asks for a report must not get one from before it. */
static enum status open_segment(void *ctx, const struct digest *digest, struct segment **out, struct err *err)
{
	struct err ignored = ERR_INIT;

	/* A store that is away is noticed elsewhere. */
	(void)!matcher_reload(ctx, &ignored);
	return matcher_segment(ctx, digest, out, err);
}

static void *hold(void *ctx, struct judge_known *out)
{
	return matcher_hold_known(ctx, out);
}

static void let_go(void *held)
{
	matcher_let_go(held);
}

static enum status open_upstream(struct notifier_setup *s, struct notify_upstream *out, struct err *err)
{
	const struct config *c = s->ctx->config;
	const struct notify_remote_options options = { .indexer = c->notifier.indexer_addr,
						       .matcher = c->notifier.matcher_addr,
						       .key = c->auth.psk ? c->auth.psk_key : SLICE_EMPTY,
						       .ca_file =
							       c->tls.root_ca.len ? config_cstr(c->tls.root_ca) : NULL,
						       .limits = &c->limpid.limits,
						       .stop = &s->stopping };

	if (s->ctx->matcher && s->ctx->indexer_store) {
		s->local = (struct notify_local){ .matcher = s->ctx->matcher_store,
						  .indexer = s->ctx->indexer_store,
						  .open_segment = open_segment,
						  .segment_ctx = s->ctx->matcher,
						  .hold = hold,
						  .let_go = let_go };
		*out = notify_upstream_local(&s->local);
		return STATUS_OK;
	}
	TRY(notify_remote_new(&options, &s->remote, err));
	*out = notify_upstream_remote(s->remote);
	return STATUS_OK;
}

static enum delivery send(void *ctx, const struct delivery_message *m, struct delivery_result *out, struct err *err)
{
	return deliverer_send(ctx, m, out, err);
}

static void rest(void *ctx)
{
	deliverer_rest(ctx);
}

/* name NULL: the one that the settings ask for. */
static enum status open_way(struct notifier_setup *s, const char *name, struct way *way, struct err *err)
{
	struct deliverer_setup setup = { .config = s->ctx->config, .user_agent = s->user_agent, .stop = &way->stop };

	setup.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (setup.stop_fd < 0)
		return err_errno(err, "notifier");
	way->stop_fd = setup.stop_fd;
	snprintf(s->user_agent, sizeof(s->user_agent), "limpid/%s", s->ctx->version);
	return deliverer_open(&setup, name, &way->deliverer, err);
}

static void close_way(struct way *way)
{
	deliverer_close(way->deliverer);
	if (way->stop_fd > 0)
		close(way->stop_fd);
}

static struct notify_delivery delivery_of(struct way *way)
{
	if (!way->deliverer)
		return (struct notify_delivery){ .send = NULL };
	return (struct notify_delivery){ .send = send,
					 .rest = rest,
					 .contained = deliverer_is_direct(way->deliverer),
					 .ctx = way->deliverer,
					 .stop = &way->stop,
					 .stop_fd = way->stop_fd };
}

static enum status open_notifier(struct notifier_setup *s, struct err *err)
{
	const struct config *c = s->ctx->config;
	const struct config_delivery *d = &c->limpid.notifier;
	const char *where = config_store_where(c, CONFIG_NOTIFIER);
	struct notifier_options options = {
		.store = s->store,
		.where = where,
		/* In notifier mode the matcher's may be another database; then the interval counts. */
		.where_sources = s->ctx->matcher ? config_store_where(c, CONFIG_MATCHER) : where,
		.delivery = delivery_of(&s->notifications),
		.summary = !c->notifier.disable_summary,
		.least = (enum severity)d->severity,
		.first = d->first_run,
		.poll_ns = c->notifier.poll_interval,
		.delivery_ns = c->notifier.delivery_interval,
		.retry_ns = d->retry_interval,
		.attempts = (unsigned)MAX(d->attempts, 0),
		.max_age_s = d->max_age / SECOND_NS,
		.retention_s = d->retention / SECOND_NS,
		.event = on_event,
		.event_ctx = s,
	};

	TRY(open_upstream(s, &options.upstream, err));
	if (s->notices.deliverer) {
		s->notice_maker = (struct notice_maker){ &s->local, options.least };
		options.notices = (struct notify_notices){ .make = notices_make,
							   .ctx = &s->notice_maker,
							   .delivery = delivery_of(&s->notices),
							   .again_s = MAX(d->retry_interval / SECOND_NS, 1),
							   .attempts = options.attempts };
	}
	return notifier_new(&options, &s->notifier, err);
}

static enum status open_all(struct notifier_setup *s, struct err *err)
{
	const struct config *c = s->ctx->config;
	const struct store_pool_options pool = { .store = { .busy_ms = BUSY_MS,
							    .cache_bytes = c->limpid.limits.cache_bytes,
							    .application_name = "libnotify",
							    .no_migrate = c->notifier.engine == CONFIG_POSTGRES &&
									  !c->notifier.migrations },
						 .max = (unsigned)MAX(c->limpid.database_connections, 0) };

	TRY(store_pool_open(config_store_where(c, CONFIG_NOTIFIER), &pool, &s->store, err));
	if (!notices_wanted(c) || deliverer_wanted(c, 0))
		TRY(open_way(s, NULL, &s->notifications, err));
	if (notices_wanted(c))
		TRY(open_way(s, "hook_v1", &s->notices, err));
	TRY(open_notifier(s, err));
	return metrics_collector(s->ctx->metrics, collect, s) ? STATUS_OK : err_nomem(err, "metrics");
}

enum status notifier_setup_open(struct server_context *ctx, struct notifier_setup **out, struct err *err)
{
	struct notifier_setup *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "notifier");
	s->ctx = ctx;
	st = open_all(s, err);
	if (st != STATUS_OK) {
		notifier_setup_end(s);
		return st;
	}
	ctx->notifier_store = s->store;
	ctx->notifier = s->notifier;
	if (s->notifications.deliverer)
		log_printf(ctx->log, LOG_LEVEL_INFO, "notifications are delivered by %s",
			   deliverer_name(s->notifications.deliverer));
	if (s->notices.deliverer)
		log_printf(ctx->log, LOG_LEVEL_INFO, "notifications of posted layers are delivered by %s",
			   deliverer_name(s->notices.deliverer));
	*out = s;
	return STATUS_OK;
}

enum status notifier_setup_start(struct notifier_setup *s, struct err *err)
{
	return notifier_start(s->notifier, err);
}

void notifier_setup_stop(struct notifier_setup *s)
{
	if (!s)
		return;
	/* A question to a matcher or an indexer that does not answer ends, too. */
	atomic_store(&s->stopping, true);
	if (s->notifier)
		notifier_stop(s->notifier);
}

void notifier_setup_end(struct notifier_setup *s)
{
	if (!s)
		return;
	notifier_setup_stop(s);
	metrics_forget(s->ctx->metrics, s);
	s->ctx->notifier = NULL;
	s->ctx->notifier_store = NULL;
	notifier_free(s->notifier);
	close_way(&s->notifications);
	close_way(&s->notices);
	notify_remote_free(s->remote);
	store_pool_close(s->store);
	free(s);
}
