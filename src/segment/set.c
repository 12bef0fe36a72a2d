/* SPDX-License-Identifier: Apache-2.0 */
/* set.c - the segments in force, opened together. */
#include "segment/segment.h"

#include <stdlib.h>

struct member {
	struct segment_set_entry entry; /* texts in the arena */
	struct segment *segment;	/* owned; NULL: broken */
	struct slice why;		/* in the arena */
};

struct segment_set {
	struct arena arena;
	struct member *members; /* in the arena */
	size_t n;
};

void segment_set_free(struct segment_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		segment_free(set->members[i].segment);
	arena_fini(&set->arena);
	free(set);
}

enum status segment_set_open(const char *dir, const struct segment_set_entry *entries, size_t n,
			     const struct diag_sink *diags, struct segment_set **out, struct err *err)
{
	struct segment_set *set = calloc(1, sizeof(*set));

	if (!set)
		return err_nomem(err, "segments");
	set->arena = (struct arena)ARENA_INIT((size_t)64 << 20);
	set->members = arena_array(&set->arena, n + 1, sizeof(*set->members));
	for (size_t i = 0; set->members && i < n; i++) {
		struct member *m = &set->members[i];
		struct err why = ERR_INIT;

		m->entry = entries[i];
		if (!arena_copy(&set->arena, entries[i].source, &m->entry.source) ||
		    !arena_copy(&set->arena, entries[i].feed, &m->entry.feed))
			break;
		if (entries[i].digest.algo != DIGEST_NONE &&
		    segment_open_of(dir, &entries[i].digest, entries[i].source, &m->segment, &why) != STATUS_OK) {
			m->segment = NULL;
			diag_err(diags, DIAG_FILE, m->entry.source, &why);
			if (!arena_copy(&set->arena, slice_cstr(why.msg), &m->why))
				break;
		}
		set->n++;
	}
	if (set->n != n || !set->members) {
		segment_set_free(set);
		return err_nomem(err, "segments");
	}
	*out = set;
	return STATUS_OK;
}

size_t segment_set_count(const struct segment_set *set)
{
	return set->n;
}

const struct segment *segment_set_at(const struct segment_set *set, size_t i, const struct segment_set_entry **entry)
{
	if (entry)
		*entry = &set->members[i].entry;
	return set->members[i].segment;
}

struct slice segment_set_why(const struct segment_set *set, size_t i)
{
	return set->members[i].why;
}

bool segment_set_has_scope(const struct segment_set *set, struct slice scope)
{
	struct segment_rows rows;
	struct err ignored = ERR_INIT; /* a damaged table has no scopes */

	for (size_t i = 0; i < set->n; i++)
		if (set->members[i].segment &&
		    segment_scope_rows(set->members[i].segment, scope, &rows, &ignored) == STATUS_OK && rows.n > 0)
			return true;
	return false;
}
