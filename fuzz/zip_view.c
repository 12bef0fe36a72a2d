/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zip_view.c - fuzz target: the members of a zip that is walked in place. Names and data lie inside the input, the walk
 * goes forward and ends, a member is unpacked to its size or refused, and a second walk is the first.
 */
#include "io/zip_view.h"

#include <stdlib.h>

#define MEMBERS_MAX 200
#define UNPACKED_MAX ((uint64_t)1 << 20)

static void inside(struct slice part, struct slice all)
{
	if (part.len > 0 && (part.ptr < all.ptr || part.ptr + part.len > all.ptr + all.len))
		abort();
}

static void look(const struct zip_view *z, const struct zip_entry *e)
{
	struct err err = ERR_INIT;
	struct slice packed;
	uint8_t *out;

	inside(e->name, z->bytes);
	if (zip_view_packed(z, e, &packed, &err) == STATUS_OK)
		inside(packed, z->bytes);
	if (e->size > UNPACKED_MAX)
		return;
	out = malloc(e->size + 1);
	if (!out)
		exit(2);
	if (zip_view_unpack(z, e, out, &err) != STATUS_OK && (err.code == STATUS_OK || err.msg[0] == '\0'))
		abort();
	free(out);
}

static uint64_t walk(struct zip_view *z)
{
	struct zip_entry e;
	struct err err = ERR_INIT;
	uint64_t n = 0, last = 0;
	enum status st;

	while ((st = zip_view_next(z, &e, &err)) == STATUS_OK) {
		if (z->at <= last || e.offset >= z->at)
			abort();
		last = z->at;
		if (n++ < MEMBERS_MAX)
			look(z, &e);
	}
	if (st != STATUS_NOTFOUND && (st != STATUS_MALFORMED || err.offset > z->bytes.len))
		abort();
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zip_view z;
	struct err err = ERR_INIT;
	uint64_t n;

	if (size > (1 << 18))
		return 0;
	if (zip_view_open(slice_make(data, size), &z, &err) != STATUS_OK) {
		if (err.code != STATUS_MALFORMED)
			abort();
		return 0;
	}
	n = walk(&z);
	zip_view_rewind(&z);
	if (walk(&z) != n)
		abort();
	return 0;
}
