/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheme.c - fuzz target, a program for each row of schemes.def: three texts in every order.
 *
 * The texts are the first lines of the input, the third being all that is left. Each lies in memory of exactly its
 * size. Checked: x = x, compare(x,y) = -compare(y,x), x <= y <= z makes x <= z; and valid() of every beginning of a
 * text stays inside it.
 */
#include "version/scheme.h"

#include <stdlib.h>

#define NAME_OF(name) version_scheme_##name
#define SCHEME_OF(name) NAME_OF(name)

/* Beginnings are tried up to this length, since each is copied. */
#define BEGINNINGS 64

static struct slice exact_copy(struct slice s)
{
	uint8_t *copy = malloc(s.len);

	if (s.len && !copy)
		abort();
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return slice_make(copy, s.len);
}

static void release(struct slice s)
{
	free((void *)(uintptr_t)s.ptr);
}

static int order(struct slice a, struct slice b)
{
	int c = SCHEME_OF(FUZZ_SCHEME).compare(a, b), back = SCHEME_OF(FUZZ_SCHEME).compare(b, a);

	c = (c > 0) - (c < 0);
	if (c != (back < 0) - (back > 0))
		abort();
	return c;
}

static void check_triple(const struct slice t[3])
{
	for (size_t i = 0; i < 3; i++) {
		if (order(t[i], t[i]) != 0)
			abort();
		for (size_t j = 0; j < 3; j++) {
			size_t k = 3 - i - j;
			int ij, jk;

			if (i == j)
				continue;
			ij = order(t[i], t[j]);
			jk = order(t[j], t[k]);
			if (ij <= 0 && jk <= 0 && order(t[i], t[k]) != (ij < 0 || jk < 0 ? -1 : 0))
				abort();
		}
	}
}

static void check_beginnings(struct slice whole)
{
	for (size_t n = 0; n < whole.len && n < BEGINNINGS; n++) {
		struct slice begin = exact_copy(slice_take(whole, n));

		SCHEME_OF(FUZZ_SCHEME).valid(begin);
		order(begin, whole);
		release(begin);
	}
	SCHEME_OF(FUZZ_SCHEME).valid(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size), line, t[3];

	for (size_t i = 0; i < 3; i++) {
		line = rest;
		if (i < 2)
			slice_cut(rest, '\n', &line, &rest);
		t[i] = exact_copy(line);
	}
	check_triple(t);
	for (size_t i = 0; i < 3; i++) {
		check_beginnings(t[i]);
		release(t[i]);
	}
	return 0;
}
