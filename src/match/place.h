/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - where a package is looked up, as an inverse index keeps it in one text: its scope, and of Red Hat's what it
 * says of its repositories. "rhel:9", "rhel:9 cpe:2.3:a:redhat:openshift:4.13:*:...", "rhel:9 set:rhel-9-baseos-rpms".
 *
 * Names of repositories stay names: the map to products is the database's, and is asked when somebody asks.
 */
#ifndef LIMPID_MATCH_PLACE_H
#define LIMPID_MATCH_PLACE_H

#include "model/index_report.h"
#include "segment/segment.h"

/* The place of a package of the report whose scope is known. Borrowed, or the arena's. False when memory is short. */
bool place_of(const struct index_report *index, const struct index_package *p, struct slice scope, struct arena *arena,
	      struct slice *out) NODISCARD;
/* The scope alone. */
struct slice place_scope(struct slice place);

/*
 * Does a row of this scope concern a package of the place, as a report would have it? map has Red Hat's map of
 * repositories; with NULL, and where it knows none of those that the package names, those of the system are assumed.
 */
bool place_holds(struct slice place, struct slice row, const struct segment_set *map);

#endif
