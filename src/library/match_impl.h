/* SPDX-License-Identifier: Apache-2.0 */
/* match_impl.h - what the files of liblimpid-match share. Private to library/. */
#ifndef LIMPID_LIBRARY_MATCH_IMPL_H
#define LIMPID_LIBRARY_MATCH_IMPL_H

#include "limpid/match.h"

#include "base/err.h"
#include "segment/segment.h"

/* The advisories in force at one moment; shared by the calls that began with it. */
struct library_snapshot;

/* Counts a use; never NULL. */
struct library_snapshot *library_snapshot_get(limpid_match *m);
void library_snapshot_put(limpid_match *m, struct library_snapshot *s);
const struct segment_set *library_snapshot_set(const struct library_snapshot *s);

/* Fill *error (may be NULL) from err, or clear it; gives the status. */
int library_match_done(struct limpid_match_error *error, enum status st, const struct err *err);

#endif
