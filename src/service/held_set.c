/* SPDX-License-Identifier: Apache-2.0 */
/* held_set.c - opens the segments in force and works out what identifies them. */
#include "service/held_set.h"

#include "base/date.h"
#include "model/distribution.h"
#include "model/enrichment.h"

#include <stdlib.h>

#define DAY INT64_C(86400)

struct held_set *held_set_ref(struct held_set *h)
{
	atomic_fetch_add_explicit(&h->references, 1, memory_order_relaxed);
	return h;
}

void held_set_unref(struct held_set *h)
{
	if (!h || atomic_fetch_sub_explicit(&h->references, 1, memory_order_acq_rel) != 1)
		return;
	segment_set_free(h->set);
	free(h);
}

static void add_u64(struct hasher *h, uint64_t n)
{
	hasher_add(h, slice_make(&n, sizeof(n)));
}

static void add_text(struct hasher *h, struct slice s)
{
	add_u64(h, s.len);
	hasher_add(h, s);
}

/* Coverage tells the age of a stale source in whole days; *until is when it will tell another one. */
static uint64_t stale_days(int64_t updated_s, int64_t now_s, int64_t *until)
{
	int64_t age = now_s - updated_s, next;

	if (updated_s == DATE_NONE)
		return 0;
	next = age > HELD_SET_STALE_S ? updated_s + (age / DAY + 1) * DAY : updated_s + HELD_SET_STALE_S + 1;
	*until = MIN(*until, next);
	return age > HELD_SET_STALE_S ? (uint64_t)(age / DAY) : 0;
}

static enum status identify(struct held_set *held, int64_t now_s, struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct digest digest;
	enum status st;

	if (!h)
		return err_nomem(err, "segments");
	/* Releases come to their end at midnight. */
	held->until_s = (now_s / DAY + 1) * DAY;
	held->newest_s = DATE_NONE;
	add_u64(h, distribution_ends_passed(now_s));
	for (size_t i = 0; i < segment_set_count(held->set); i++) {
		const struct segment_set_entry *e;
		const struct segment *seg = segment_set_at(held->set, i, &e);
		enum enricher enricher;

		add_text(h, e->source);
		add_text(h, e->feed);
		add_u64(h, e->digest.algo);
		hasher_add(h, slice_make(e->digest.bytes, sizeof(e->digest.bytes)));
		add_u64(h, (uint64_t)e->failed | (uint64_t)(seg == NULL) << 1);
		add_text(h, segment_set_why(held->set, i));
		add_u64(h, stale_days(e->updated_s, now_s, &held->until_s));
		held->newest_s = MAX(held->newest_s, e->updated_s);
		/* Without advisories there are no reports, whatever is known of CVEs. */
		if (!seg || enricher_of_source(e->source, &enricher))
			continue;
		held->sources++;
		held->records += segment_get_stats(seg)->advisories;
	}
	st = hasher_final(h, &digest, err);
	hasher_free(h);
	memcpy(held->identity, digest.bytes, sizeof(held->identity));
	return st;
}

enum status held_set_open(const char *dir, const struct segment_set_entry *entries, size_t n, int64_t now_s,
			  struct held_set **out, struct err *err)
{
	struct diag_sink quiet = { NULL, NULL }; /* coverage tells of what is missing */
	struct held_set *held = calloc(1, sizeof(*held));
	enum status st;

	if (!held)
		return err_nomem(err, "segments");
	atomic_init(&held->references, 1);
	st = segment_set_open(dir, entries, n, &quiet, &held->set, err);
	if (st == STATUS_OK)
		st = identify(held, now_s, err);
	if (st != STATUS_OK) {
		held_set_unref(held);
		return st;
	}
	*out = held;
	return STATUS_OK;
}
