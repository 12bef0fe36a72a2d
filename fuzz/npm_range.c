/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npm_range.c - fuzz target: a range of npm's (first line), a version (second line) and a range to take away (rest).
 *
 * Checked: reading stays inside memory of exactly the texts' sizes; intervals ascend, do not touch, and have of a
 * release what the range holds; what is left after taking away lies in none of what was taken away.
 */
#include "version/npm_range.h"
#include "version/scheme.h"

#include <stdlib.h>

static struct slice exact_copy(struct slice s)
{
	uint8_t *copy = malloc(s.len);

	if (s.len && !copy)
		abort();
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return slice_make(copy, s.len);
}

struct list {
	struct npm_interval *at;
	size_t n;
};

static bool read(struct slice range, const struct slice *except, struct arena *arena, struct list *out)
{
	struct err err = ERR_INIT;
	enum status st = npm_range_intervals(range, except, arena, &out->at, &out->n, &err);

	if (st != STATUS_OK)
		return false;
	for (size_t i = 0; i < out->n; i++) {
		const struct npm_interval *v = &out->at[i];

		if (v->from.len > 0 && v->to.len > 0 && version_scheme_semver.compare(v->from, v->to) >= 0)
			abort();
		if (i > 0 && (v->from.len == 0 || v[-1].to.len == 0 ||
			      version_scheme_semver.compare(v[-1].to, v->from) >= 0))
			abort();
	}
	return true;
}

static bool lies_in(const struct list *l, struct slice version)
{
	bool in = false;

	for (size_t i = 0; i < l->n; i++)
		in |= (l->at[i].from.len == 0 || version_scheme_semver.compare(version, l->at[i].from) >= 0) &&
		      (l->at[i].to.len == 0 || version_scheme_semver.compare(version, l->at[i].to) < 0);
	return in;
}

/* One that both readings judge alike: npm_range_holds(*, it), and no pre-release. */
static bool is_release(struct slice version)
{
	return npm_range_holds(SLICE("*"), version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)1 << 26);
	struct slice rest = slice_make(data, size), range, version = SLICE_EMPTY;
	struct list all, others, left;
	bool held, is_range;

	slice_cut(rest, '\n', &range, &rest);
	slice_cut(rest, '\n', &version, &rest);
	range = exact_copy(range);
	version = exact_copy(version);
	rest = exact_copy(rest);
	held = npm_range_holds(range, version);
	is_range = npm_range_valid(range);
	if (held && !is_range)
		abort();
	if (read(range, NULL, &arena, &all)) {
		if (!is_range || (is_release(version) && held != lies_in(&all, version)))
			abort();
		if (read(rest, NULL, &arena, &others) && read(range, &rest, &arena, &left) &&
		    version_scheme_semver.valid(version) &&
		    lies_in(&left, version) != (lies_in(&all, version) && !lies_in(&others, version)))
			abort();
	}
	free((void *)(uintptr_t)range.ptr);
	free((void *)(uintptr_t)version.ptr);
	free((void *)(uintptr_t)rest.ptr);
	arena_fini(&arena);
	return 0;
}
