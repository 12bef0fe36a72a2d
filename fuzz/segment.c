/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment.c - fuzz target: a segment of any bytes behind a header whose check sum fits.
 *
 * What verifies can be read whole, is found by its own names and does not differ from itself; what does not verify
 * gives an error or an answer inside the input.
 */
#include "segment/segment.h"

#include "base/buf.h"

#include <stdlib.h>

#define INPUT_MAX 65536
#define HEADER 256

/* Magic, version, size and check sum as a writer would have put them (docs/formats/segment.md). */
static void fix_header(uint8_t *p, size_t len)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	if (len < HEADER)
		return;
	memcpy(p, "LIMPSEG1\1\0\0\0\0\1\0\0", 16);
	for (size_t i = 0; i < 8; i++)
		p[16 + i] = (uint8_t)((uint64_t)len >> 8 * i);
	for (size_t i = 0; i < HEADER - 8; i++)
		sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < 8; i++)
		p[HEADER - 8 + i] = (uint8_t)(sum >> 8 * i);
}

static void must(bool good)
{
	if (!good)
		abort();
}

static void look_inside(struct slice in, struct slice s)
{
	must(s.len == 0 || (s.ptr >= in.ptr && s.ptr + s.len <= in.ptr + in.len));
}

static enum status read_rows(const struct segment *s, struct slice in, struct arena *arena, struct err *err)
{
	for (uint32_t i = 0; i < segment_get_stats(s)->rows; i++) {
		struct affected row;
		struct segment_rows found;
		uint32_t advisory;

		arena_reset(arena);
		TRY(segment_row(s, i, arena, &row, &advisory, err));
		look_inside(in, row.scope);
		look_inside(in, row.package);
		look_inside(in, row.fixed_version);
		look_inside(in, row.severity);
		TRY(segment_find(s, row.scope, row.package, &found, err));
		must(found.n <= segment_get_stats(s)->rows && found.first <= segment_get_stats(s)->rows - found.n);
		if (i < found.first || i - found.first >= found.n)
			return err_set(err, STATUS_MISMATCH, "row %u is not found by its names", i);
	}
	return STATUS_OK;
}

static enum status read_advisories(const struct segment *s, struct slice in, struct arena *arena, struct err *err)
{
	/* Each costs the unpacking of a block: some are enough. */
	for (uint32_t i = 0; i < MIN(segment_get_stats(s)->advisories, 64u); i++) {
		struct advisory a;
		struct slice id;
		uint32_t found[8];
		size_t n;

		arena_reset(arena);
		TRY(segment_advisory_id(s, i, &id, err));
		look_inside(in, id);
		TRY(segment_by_alias(s, id, found, ARRAY_LEN(found), &n, err));
		TRY(segment_advisory(s, i, arena, &a, err));
		must(slice_eq(a.id, id));
		if (n == 0)
			return err_set(err, STATUS_MISMATCH, "advisory %u is not found by its id", i);
	}
	return STATUS_OK;
}

static enum status read_scopes(const struct segment *s, struct err *err)
{
	uint64_t rows = 0;

	for (size_t i = 0; i < segment_get_stats(s)->scopes; i++) {
		struct segment_rows found;

		TRY(segment_scope_rows(s, segment_scope(s, i), &found, err));
		rows += found.n;
	}
	return rows == segment_get_stats(s)->rows ? STATUS_OK : err_set(err, STATUS_MISMATCH, "rows without a scope");
}

static enum status on_change(void *ctx, enum segment_change change, const struct segment *s, uint32_t row,
			     struct err *err)
{
	(void)ctx, (void)change, (void)s, (void)row, (void)err;
	abort();
}

static void run(struct slice in)
{
	struct arena arena = ARENA_INIT((size_t)8 << 20);
	struct segment_diff_sink sink = { on_change, NULL };
	struct err err = ERR_INIT;
	struct segment *s;

	if (segment_open_slice(in, &s, &err) == STATUS_OK) {
		bool sound = segment_verify(s, &err) == STATUS_OK;
		enum status all[] = { read_scopes(s, &err), read_rows(s, in, &arena, &err),
				      read_advisories(s, in, &arena, &err), segment_diff(s, s, &sink, &err) };

		look_inside(in, segment_get_meta(s)->source);
		look_inside(in, segment_get_meta(s)->origin);
		for (size_t i = 0; i < ARRAY_LEN(all); i++)
			must(!sound || all[i] == STATUS_OK || all[i] == STATUS_NOMEM);
		segment_free(s);
	}
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = size > 0 && size <= INPUT_MAX ? malloc(size) : NULL;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	run(slice_make(copy, size));
	fix_header(copy, size);
	run(slice_make(copy, size));
	free(copy);
	return 0;
}
