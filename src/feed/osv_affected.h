/* SPDX-License-Identifier: Apache-2.0 */
/* osv_affected.h - entries of an OSV record's "affected" as rows. Private to feed/. */
#ifndef LIMPID_FEED_OSV_AFFECTED_H
#define LIMPID_FEED_OSV_AFFECTED_H

#include "feed/osv_record.h"

typedef VEC(struct affected) osv_rows;

/*
 * Append the rows of one entry: none if it is of another ecosystem or has only GIT ranges, several for a package of
 * several module streams. Memory is r->arena's.
 */
enum status osv_read_entry(struct osv_reader *r, const struct advisory *a, yyjson_val *entry, osv_rows *rows,
			   struct err *err) NODISCARD;

/*
 * An erratum of an RPM distribution lists a package once per rebuild. A system that has reached one of them has the
 * fix, so that the oldest one decides; fixed_version names all.
 */
enum status osv_merge_rebuilds(struct osv_reader *r, osv_rows *rows, struct err *err) NODISCARD;

/*
 * Ubuntu names a package once for everybody and once for subscribers of Ubuntu Pro (fix_state). A fix for everybody
 * counts alone; without one the subscribers' does, so that who has it is not told of again.
 */
enum status osv_merge_pro(struct osv_reader *r, osv_rows *rows, struct err *err) NODISCARD;

/* Count an entry of an ecosystem that is not read (osv_record.c). */
void osv_reader_skip(struct osv_reader *r, struct slice ecosystem);

#endif
