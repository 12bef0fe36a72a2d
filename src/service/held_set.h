/* SPDX-License-Identifier: Apache-2.0 */
/* held_set.h - the segments in force, opened, with what identifies them; by reference. Private to service/. */
#ifndef LIMPID_SERVICE_HELD_SET_H
#define LIMPID_SERVICE_HELD_SET_H

#include "segment/segment.h"

#include <stdatomic.h>

struct held_set {
	atomic_uint references;
	struct segment_set *set; /* owned */
	/*
	 * Two sets with one identity give the same reports: it covers the segments, which of their sources failed or
	 * are stale and since when, and which releases have come to their end.
	 */
	uint8_t identity[32];
	int64_t until_s; /* from then on the same segments have another identity, as time goes by */
	size_t sources;	 /* with a segment */
	uint64_t records;
	int64_t newest_s; /* last success of any source; DATE_NONE */
};

/* Age at which a source is stale, as match/ has it. */
#define HELD_SET_STALE_S (INT64_C(7) * 86400)

/* dir: the folder of segments. A segment that cannot be opened is kept as missing. */
enum status held_set_open(const char *dir, const struct segment_set_entry *entries, size_t n, int64_t now_s,
			  struct held_set **out, struct err *err) NODISCARD;
struct held_set *held_set_ref(struct held_set *h);
void held_set_unref(struct held_set *h); /* NULL is fine */

#endif
