/* SPDX-License-Identifier: Apache-2.0 */
/* pairing.c - pairs packages of two images, from what is the same to what only has a name in common. */
#include "report/pairing.h"

#include <stdlib.h>

enum { SAME_VERSION = 1, SAME_PATH = 2, SAME_ARCH = 4 };

/* What moved to another place is still there; what has its place is the same one in another version. */
static const unsigned passes[] = { SAME_VERSION | SAME_PATH | SAME_ARCH,
				   SAME_VERSION | SAME_ARCH,
				   SAME_VERSION,
				   SAME_PATH | SAME_ARCH,
				   SAME_ARCH,
				   0 };

static int compare(const struct package *p, const struct package *q, unsigned same)
{
	int c = (int)p->type - (int)q->type;

	if (c == 0)
		c = slice_cmp(p->name, q->name);
	if (c == 0)
		c = slice_cmp(p->module, q->module);
	if (c == 0 && (same & SAME_ARCH))
		c = slice_cmp(p->arch, q->arch);
	if (c == 0 && (same & SAME_PATH))
		c = slice_cmp(p->path, q->path);
	if (c == 0 && (same & SAME_VERSION))
		c = slice_cmp(p->version, q->version);
	return c;
}

int pairing_package_cmp(const struct package *p, const struct package *q)
{
	int c = compare(p, q, 0);

	return c ? c : slice_cmp(p->version, q->version);
}

struct order {
	const struct index_report *index;
	unsigned same;
};

static int by_package(const void *pa, const void *pb, void *ctx)
{
	const struct order *o = ctx;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int c = compare(&o->index->packages.at[a].package, &o->index->packages.at[b].package, o->same);

	return c ? c : a < b ? -1 : a > b;
}

/* The packages without another, in order. */
static size_t list_single(const struct index_report *r, const size_t *other, unsigned same, size_t *out)
{
	struct order o = { r, same };
	size_t n = 0;

	for (size_t i = 0; i < r->packages.len; i++)
		if (other[i] == SIZE_MAX)
			out[n++] = i;
	qsort_r(out, n, sizeof(*out), by_package, &o);
	return n;
}

static size_t *new_list(size_t n, struct arena *arena)
{
	size_t *list = arena_array(arena, n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++)
		list[i] = SIZE_MAX;
	return list;
}

enum status pairing_make(const struct index_report *a, const struct index_report *b, struct arena *arena,
			 size_t **out_to_b, size_t **out_to_a, struct err *err)
{
	size_t *to_b = new_list(a->packages.len, arena), *to_a = new_list(b->packages.len, arena);
	size_t *left = new_list(a->packages.len, arena), *right = new_list(b->packages.len, arena);

	if (!to_b || !to_a || !left || !right)
		return err_nomem(err, "packages");
	for (size_t k = 0; k < ARRAY_LEN(passes); k++) {
		size_t n = list_single(a, to_b, passes[k], left), m = list_single(b, to_a, passes[k], right);

		for (size_t i = 0, j = 0; i < n && j < m;) {
			int c = compare(&a->packages.at[left[i]].package, &b->packages.at[right[j]].package, passes[k]);

			if (c == 0) {
				to_b[left[i]] = right[j];
				to_a[right[j]] = left[i];
			}
			i += c <= 0;
			j += c >= 0;
		}
	}
	*out_to_b = to_b;
	*out_to_a = to_a;
	return STATUS_OK;
}
