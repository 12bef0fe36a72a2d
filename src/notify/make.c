/* SPDX-License-Identifier: Apache-2.0 */
/* make.c - who is affected by an update, written down. */
#include "notify/make.h"

#include "notify/entry.h"

#include <stdatomic.h>
#include <stdlib.h>

#define ENTRIES 2000u

struct maker {
	struct store *store;
	const struct store_notification *n;
	const struct notify_upstream *upstream;
	const struct notify_make_options *options;
	const struct notify_change *changes; /* the batch at hand */
	uint64_t first;			     /* number of its first change */
	size_t change;			     /* of the batch, that entries come for */
	unsigned told;			     /* reasons for which it was put already: bits */
	struct store_change put[ENTRIES];
	size_t n_put;
	struct store_entry entries[ENTRIES];
	size_t n_entries;
	bool begun; /* something was put: what an earlier attempt left is gone */
};

static enum status flush(struct maker *m, struct err *err)
{
	TRY(store_notification_add(m->store, m->n, !m->begun, m->put, m->n_put, m->entries, m->n_entries,
				   m->options->lease_s, err));
	m->begun = true;
	m->n_put = m->n_entries = 0;
	return STATUS_OK;
}

static enum status stopped(const struct maker *m, struct err *err)
{
	return m->options->stop && atomic_load(m->options->stop) ? err_set(err, STATUS_CANCELLED, "stopped")
								 : STATUS_OK;
}

/* A change has a number for each reason: what is new for one manifest may be changed for another. */
static uint64_t number_of(const struct maker *m, size_t change, enum notify_reason reason)
{
	return (m->first + change) * 4 + (uint64_t)reason;
}

static void put_change(struct maker *m, size_t change, enum notify_reason reason)
{
	const struct notify_change *c = &m->changes[change];

	if (change != m->change)
		m->told = 0;
	m->change = change;
	if (m->told & 1u << reason)
		return;
	m->told |= 1u << reason;
	m->put[m->n_put++] =
		(struct store_change){ .number = number_of(m, change, reason),
				       .reason = reason,
				       .summary = reason == NOTIFY_REMOVED ? c->before.summary : c->after.summary };
}

static enum status on_affected(void *ctx, size_t change, const struct digest *manifest, bool before, bool after,
			       struct err *err)
{
	struct maker *m = ctx;
	const struct notify_change *c = &m->changes[change];
	enum notify_reason reason = !before ? NOTIFY_ADDED : after ? NOTIFY_CHANGED : NOTIFY_REMOVED;
	enum severity severity = reason == NOTIFY_REMOVED ? c->before.severity : c->after.severity;
	struct store_entry *e = &m->entries[m->n_entries];
	/* Of one severity what is new counts more than what has changed, and that more than what has gone. */
	static const unsigned weights[] = { [NOTIFY_ADDED] = 2, [NOTIFY_CHANGED] = 1, [NOTIFY_REMOVED] = 0 };

	if (reason == NOTIFY_CHANGED && !c->differs)
		return STATUS_OK;
	if (reason == NOTIFY_CHANGED)
		severity = MAX(severity, c->before.severity);
	if (severity < m->options->least)
		return STATUS_OK;
	put_change(m, change, reason);
	*e = (struct store_entry){ .manifest = *manifest,
				   .change = number_of(m, change, reason),
				   .rank = (unsigned)severity * 4 + weights[reason] };
	TRY(notify_entry_id(m->n->id, manifest, m->options->summary ? 0 : e->change, e->id, err));
	m->n_entries++;
	if (m->n_entries < ENTRIES)
		return STATUS_OK;
	TRY(stopped(m, err));
	return flush(m, err);
}

static enum status on_changes(void *ctx, const struct notify_change *changes, size_t n, struct err *err)
{
	struct maker *m = ctx;
	const struct notify_affected_sink sink = { on_affected, m };

	TRY(stopped(m, err));
	m->changes = changes;
	m->change = SIZE_MAX;
	TRY(m->upstream->affected(m->upstream->ctx, changes, n, &sink, err));
	m->first += n;
	/* Summaries are the batch's. */
	return m->n_put + m->n_entries > 0 ? flush(m, err) : STATUS_OK;
}

enum status notify_make(struct store *s, const struct store_notification *n, const struct notify_upstream *upstream,
			const struct notify_make_options *options, struct err *err)
{
	struct maker *m = calloc(1, sizeof(*m));
	struct notify_changes_sink sink = { on_changes, m };
	enum status st;

	if (!m)
		return err_nomem(err, "notification");
	*m = (struct maker){ .store = s, .n = n, .upstream = upstream, .options = options, .first = 1 };
	st = upstream->diff(upstream->ctx, n->source, n->previous, n->operation, options->least, &sink, err);
	if (st == STATUS_OK && !m->begun)
		st = flush(m, err);
	free(m);
	return st;
}
