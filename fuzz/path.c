/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - fuzz target: names made canonical, and targets of links. A NUL parts the link's path from its target. */
#include "io/tar.h"

#include <stdlib.h>

/* The buffer is exactly as large as the header says. */
static uint8_t *room(size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	if (!p)
		abort();
	return p;
}

static void check(struct slice path, const uint8_t *buf, size_t len)
{
	struct slice part, rest = path;
	bool more = path.len > 0;

	if (path.len > 0 && (path.ptr != buf || path.len > len))
		abort();
	while (more) {
		more = slice_cut(rest, '/', &part, &rest);
		if (part.len == 0 || slice_eq(part, SLICE(".")) || slice_eq(part, SLICE("..")))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice raw_link, target, link, again, resolved, want;
	uint8_t *bufs[4], *joined;
	size_t n;

	slice_cut(slice_make(data, MIN(size, (size_t)20000)), 0, &raw_link, &target);
	bufs[0] = room(raw_link.len);
	link = path_normalise(raw_link, bufs[0]);
	check(link, bufs[0], raw_link.len);
	bufs[1] = room(link.len);
	again = path_normalise(link, bufs[1]);
	if (!slice_eq(again, link))
		abort();
	bufs[2] = room(link.len + target.len + 1);
	resolved = path_resolve(link, target, bufs[2]);
	check(resolved, bufs[2], link.len + target.len + 1);
	/* The same as a name in the link's directory, or from the root. */
	joined = room(link.len + target.len + 1);
	n = target.len > 0 && target.ptr[0] == '/' ? 0 : path_dir(link).len;
	if (n > 0)
		memcpy(joined, link.ptr, n);
	joined[n] = '/';
	if (target.len > 0)
		memcpy(joined + n + 1, target.ptr, target.len);
	bufs[3] = room(n + 1 + target.len);
	want = path_normalise(slice_make(joined, n + 1 + target.len), bufs[3]);
	if (!slice_eq(resolved, want))
		abort();
	for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
		free(bufs[i]);
	free(joined);
	return 0;
}
