/* SPDX-License-Identifier: Apache-2.0 */
/* layer_tree.c - binary search in the sorted directories of a layer and in the names of each. */
#include "model/layer_tree.h"

#include <stdlib.h>

int layer_path_cmp(struct slice a, struct slice b)
{
	size_t n = MIN(a.len, b.len);

	for (size_t i = 0; i < n; i++) {
		if (a.ptr[i] == b.ptr[i])
			continue;
		if (a.ptr[i] == '/' || b.ptr[i] == '/')
			return a.ptr[i] == '/' ? -1 : 1;
		return a.ptr[i] < b.ptr[i] ? -1 : 1;
	}
	return a.len < b.len ? -1 : a.len > b.len;
}

static bool is_at_or_below(struct slice path, struct slice dir)
{
	return dir.len == 0 || (slice_starts(path, dir) && (path.len == dir.len || path.ptr[dir.len] == '/'));
}

bool layer_tree_narrow(const struct layer_report *r, struct slice dir, uint32_t *begin, uint32_t *end)
{
	uint32_t low = *begin, high = *end;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (layer_path_cmp(r->tree.at[mid].path, dir) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*begin = low;
	high = *end;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (is_at_or_below(r->tree.at[mid].path, dir))
			low = mid + 1;
		else
			high = mid;
	}
	*end = low;
	return *begin < *end;
}

bool layer_dir_has(const struct layer_dir *d, struct slice name)
{
	size_t low = 0, high = d->names.len;

	while (low < high) {
		size_t begin = low + (high - low) / 2, end;
		struct slice at;
		int c;

		while (begin > low && d->names.ptr[begin - 1] != '/')
			begin--;
		at = slice_from(slice_take(d->names, high), begin);
		end = slice_find_byte(at, '/');
		at = end == SIZE_MAX ? at : slice_take(at, end);
		c = slice_cmp(at, name);
		if (c == 0)
			return true;
		if (c < 0)
			low = MIN(begin + at.len + 1, high);
		else
			high = begin;
	}
	return false;
}

bool layer_names_next(struct slice *rest, struct slice *out_name)
{
	if (rest->len == 0)
		return false;
	(void)slice_cut(*rest, '/', out_name, rest);
	return true;
}

bool layer_names_valid(struct slice names)
{
	struct slice last = SLICE_EMPTY, name;

	if (slice_find_byte(names, 0) != SIZE_MAX || slice_ends(names, SLICE("/")))
		return false;
	while (layer_names_next(&names, &name)) {
		if (name.len == 0 || slice_eq(name, SLICE(".")) || slice_eq(name, SLICE("..")) ||
		    slice_cmp(last, name) >= 0)
			return false;
		last = name;
	}
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;

	return slice_cmp(*x, *y);
}

static bool join(struct arena *a, struct slice *names, size_t n, struct slice *out)
{
	size_t bytes = 0, at = 0;
	uint8_t *text;

	for (size_t i = 0; i < n; i++)
		bytes += names[i].len + 1;
	text = arena_alloc(a, bytes);
	if (!text)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && slice_eq(names[i - 1], names[i]))
			continue;
		if (at > 0)
			text[at++] = '/';
		memcpy(text + at, names[i].ptr, names[i].len);
		at += names[i].len;
	}
	*out = slice_make(text, at);
	return true;
}

bool layer_names_join(struct arena *a, struct slice *names, size_t n, struct slice *out)
{
	bool sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = slice_cmp(names[i - 1], names[i]) < 0;
	if (!sorted)
		qsort(names, n, sizeof(*names), by_bytes);
	return join(a, names, n, out);
}
