/* SPDX-License-Identifier: Apache-2.0 */
/* osv_ranges.h - events and lists of versions of an OSV entry, as intervals. Private to feed/. */
#ifndef LIMPID_FEED_OSV_RANGES_H
#define LIMPID_FEED_OSV_RANGES_H

#include "base/diag.h"
#include "model/advisory.h"
#include "model/vendor.h"
#include "text/json.h"

/*
 * Fill row's ranges, versions and fixed_version from the entry ("affected[i]"); row->scheme is set, and vendor
 * says whose order of versions counts. Arrays are the
 * arena's, texts the document's. GIT ranges are no versions and do not count; a row without ranges and versions
 * afterwards says nothing. Versions that the ranges hold already are not listed
 * again, but for a row with a module: there they tell lines apart. Oddities go to diags under
 * where.
 */
enum status osv_read_ranges(yyjson_val *entry, enum vendor vendor, struct arena *arena, const struct diag_sink *diags,
			    struct slice where, struct affected *row, struct err *err) NODISCARD;

/* Add item to a list joined by '|', once; after a few dozen the rest is left out. False when memory is short. */
bool osv_join(struct arena *arena, struct slice *list, struct slice item) NODISCARD;

#endif
