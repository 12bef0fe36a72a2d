/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repositories.h - from the names of repositories, which images know, to the CPE names that advisories go by.
 *
 * The map between them is a part of the database (src/feed/rhel_repositories.c), and so it is applied when a report is
 * used and not when the image is indexed: an index report that is kept does not age with the map.
 */
#ifndef LIMPID_MATCH_REPOSITORIES_H
#define LIMPID_MATCH_REPOSITORIES_H

#include "model/index_report.h"
#include "segment/segment.h"

/* Does the report name repositories whose CPE names it does not have, or images that may be shipped by other names? */
bool repositories_unknown(const struct index_report *index);

/*
 * Put CPE names in the place of content sets and of dnf's ids, as far as the map of the set knows them: each name once
 * for packages of the same repositories. What none of is known stays as it is. Lists and texts lie in the arena. Does
 * nothing when nothing is unknown. Images of Red Hat that a Dockerfile names have the names that they are shipped by.
 */
enum status repositories_resolve(struct index_report *index, const struct segment_set *set, struct arena *arena,
				 struct err *err) NODISCARD;

/*
 * Each CPE name that the map of the set has for a repository, until each() says false. Rows lie in the arena. A damaged
 * map knows less.
 */
void repositories_products(const struct segment_set *set, struct slice name, struct arena *arena,
			   bool (*each)(void *ctx, struct slice cpe), void *ctx);

#endif
