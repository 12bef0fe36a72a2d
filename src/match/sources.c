/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources.c - packages with the source that advisories name, which for signed kernels is not the one they are built
 * from.
 */
#include "match/sources.h"

static enum status resolve(struct package *p, struct arena *arena, bool *out_changed, struct err *err)
{
	struct slice before = p->source_name;

	if (!package_source(p, arena, &p->source_name, &p->source_version))
		return err_nomem(err, "source packages");
	*out_changed |= !slice_eq(before, p->source_name);
	return STATUS_OK;
}

/* Are there any? Most images have no kernel, and are spared the copy. */
static enum status is_needed(const struct index_report *index, struct arena *arena, bool *out, struct err *err)
{
	*out = false;
	for (size_t i = 0; i < index->packages.len && !*out; i++) {
		struct package p = index->packages.at[i].package;

		TRY(resolve(&p, arena, out, err));
	}
	return STATUS_OK;
}

enum status sources_resolve(const struct index_report *index, struct arena *arena, struct index_report *copy,
			    const struct index_report **out, struct err *err)
{
	size_t n = index->packages.len;
	bool needed;

	*out = index;
	TRY(is_needed(index, arena, &needed, err));
	if (!needed)
		return STATUS_OK;
	*copy = *index;
	copy->packages.at = arena_array(arena, n, sizeof(*copy->packages.at));
	if (!copy->packages.at)
		return err_nomem(err, "source packages");
	memcpy(copy->packages.at, index->packages.at, n * sizeof(*copy->packages.at));
	for (size_t i = 0; i < n; i++)
		TRY(resolve(&copy->packages.at[i].package, arena, &needed, err));
	*out = copy;
	return STATUS_OK;
}
