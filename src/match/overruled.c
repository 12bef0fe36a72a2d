/* SPDX-License-Identifier: Apache-2.0 */
/* overruled.c - looks a flaw up among a vendor's rows about its build of a package. */
#include "match/overruled.h"

#include "match/place.h"
#include "match/rules.h"

/* Advisories of one segment that have a flaw as one of their names. */
#define SAME_NAME 64u
#define MEMORY ((size_t)16 << 20)

static bool names_flaw(const struct segment *s, uint32_t advisory, const struct judge_question *q)
{
	struct err ignored = ERR_INIT;
	uint32_t found[SAME_NAME];
	size_t n;

	for (size_t i = 0; i < q->n_names; i++) {
		if (segment_by_alias(s, q->names[i], found, SAME_NAME, &n, &ignored) != STATUS_OK)
			continue;
		for (size_t k = 0; k < MIN(n, SAME_NAME); k++)
			if (found[k] == advisory)
				return true;
	}
	return false;
}

static bool speaks(const struct segment *s, const struct segment_rows *rows, const struct judge_question *q,
		   const struct package *built, struct slice name, struct arena *scratch)
{
	static const struct index_report anywhere;
	struct err ignored = ERR_INIT;

	for (uint32_t i = 0; i < rows->n; i++) {
		struct affected row;
		enum verdict v;
		uint32_t advisory;

		if (segment_found_row(s, rows, i, scratch, &row, &advisory, &ignored) != STATUS_OK)
			continue;
		v = rules_judge(&anywhere, built, &row, name, NULL).verdict;
		if (v != VERDICT_UNDECIDED && v != VERDICT_OTHER_BUILD && v != VERDICT_OTHER_NAME &&
		    names_flaw(s, advisory, q))
			return true;
	}
	return false;
}

bool overruled_by_vendor(const struct judge_question *q, enum vendor vendor, const struct package *built,
			 struct slice place, const struct judge_known *known)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(MEMORY);
	struct candidate candidates[2];
	struct slice scope;
	size_t n = rules_candidates(built, candidates);

	/* By minor release TuxCare's are not found here: an inverse index keeps none. */
	if (!known || !known->set || q->n_names == 0 ||
	    !vendor_scope(vendor, place_scope(place), NULL, &scratch, &scope) || scope.len == 0 ||
	    (known->scope_wanted && !known->scope_wanted(known->scope_wanted_ctx, scope)))
		return false;
	for (size_t i = 0; i < segment_set_count(known->set); i++) {
		const struct segment *s = segment_set_at(known->set, i, NULL);

		for (size_t c = 0; s && c < n; c++) {
			char buf[RULES_KEY_MAX];
			struct slice key = rules_key(built, candidates[c].name, buf);
			struct err ignored = ERR_INIT;
			struct segment_rows rows;

			if (segment_find(s, scope, key, &rows, &ignored) == STATUS_OK &&
			    speaks(s, &rows, q, built, candidates[c].name, &scratch))
				return true;
		}
	}
	return false;
}
