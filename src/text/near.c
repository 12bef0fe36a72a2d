/* SPDX-License-Identifier: Apache-2.0 */
/* near.c - edit distance of short words. */
#include "text/near.h"

#include "base/macros.h"

static uint8_t folded(struct slice s, size_t i)
{
	return s.ptr[i] == '_' ? '-' : to_lower(s.ptr[i]);
}

/* A swap of neighbours counts one. */
static size_t distance(struct slice a, struct slice b)
{
	size_t row[3][NEAR_BYTES + 1];

	for (size_t j = 0; j <= b.len; j++)
		row[1][j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *now = row[(i + 1) % 3], *before = row[i % 3], *two_before = row[(i + 2) % 3];

		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			bool same = folded(a, i - 1) == folded(b, j - 1);
			size_t best = MIN(before[j] + 1, now[j - 1] + 1);

			best = MIN(best, before[j - 1] + !same);
			if (i > 1 && j > 1 && folded(a, i - 1) == folded(b, j - 2) &&
			    folded(a, i - 2) == folded(b, j - 1))
				best = MIN(best, two_before[j - 2] + 1);
			now[j] = best;
		}
	}
	return row[(a.len + 1) % 3][b.len];
}

void near_begin(struct near_word *n, struct slice given)
{
	*n = (struct near_word){ .given = given, .least = given.len > NEAR_BYTES ? 0 : given.len / 3 + 1 };
}

void near_offer(struct near_word *n, struct slice known)
{
	size_t d;

	if (n->given.len == 0 || n->given.len > NEAR_BYTES || known.len > NEAR_BYTES || slice_eq(known, n->best))
		return;
	d = distance(n->given, known);
	if (d >= n->least)
		return;
	n->least = d;
	n->best = known;
}
