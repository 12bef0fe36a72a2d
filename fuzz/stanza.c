/* SPDX-License-Identifier: Apache-2.0 */
/* stanza.c - fuzz target: fields lie in the input, in order, one after the other. */
#include "text/stanza.h"

#include <stdlib.h>

static void check_inside(struct slice in, struct slice part)
{
	if (part.len && (part.ptr < in.ptr || part.ptr + part.len > in.ptr + in.len))
		abort();
}

static void on_bad(void *ctx, size_t offset, struct slice line)
{
	struct slice *in = ctx;

	check_inside(*in, line);
	if (offset >= in->len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size);
	struct stanza_reader r = { .in = in, .bad = on_bad, .ctx = &in };
	size_t offset, before = 0;

	while (stanza_next(&r, &offset)) {
		struct stanza_field f;

		if (offset < before || offset >= size)
			abort();
		before = offset + 1;
		while (stanza_field(&r, &f)) {
			check_inside(in, f.name);
			check_inside(in, f.value);
			check_inside(in, f.folded);
			if (f.name.len == 0 || f.offset + 1 < before || f.name.ptr != data + f.offset)
				abort();
			before = f.offset + 2;
		}
	}
	if (r.pos != size)
		abort();
	return 0;
}
