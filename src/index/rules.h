/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h - the path rules of all detectors, compiled into one matcher that is asked once per entry of a layer.
 *
 * Immutable after compilation and shared by all workers.
 */
#ifndef LIMPID_INDEX_RULES_H
#define LIMPID_INDEX_RULES_H

#include "index/detector.h"

struct rules;

struct rule_hit {
	const struct detector *detector;
	const struct path_rule *rule;
	bool companion; /* the path is the companion of a file the rule names, not the file itself */
};

/* More rules than this cannot want one path. */
#define RULE_HITS_MAX 16

/* The list and what it points to are borrowed and must outlive the rules. */
enum status rules_compile(const struct detector *const *list, size_t n, struct rules **out, struct err *err) NODISCARD;
void rules_free(struct rules *r);
/* Lists of packages' files are asked for: rules with .list count. Before the rules are shared. */
void rules_want_lists(struct rules *r);
bool rules_wants_lists(const struct rules *r);

/* Rules that want the regular file at path (normalised); accept() was asked. Returns how many hits were written. */
size_t rules_match(const struct rules *r, struct slice path, struct rule_hit hits[RULE_HITS_MAX]);
/* The rule of one detector that wants path, PATH_ANY_FILE left aside; NULL if none. */
const struct path_rule *rules_of(const struct rules *r, const struct detector *d, struct slice path);
/* Would the detector of a hit read path for the same end, as a file or as a companion? PATH_ANY_FILE is left aside. */
bool rules_want_too(const struct rules *r, const struct rule_hit *hit, struct slice path);
/* Could a detector of language packages want path? Decides which owned paths are kept. */
bool rules_may_be_owned(const struct rules *r, struct slice path);
/* The detector of that name; NULL if there is none. */
const struct detector *rules_detector(const struct rules *r, struct slice name);
/* All detectors that were compiled. */
const struct detector *const *rules_detectors(const struct rules *r, size_t *out_n);

#endif
