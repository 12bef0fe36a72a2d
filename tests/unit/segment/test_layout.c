/* SPDX-License-Identifier: Apache-2.0 */
/* test_layout.c - the pieces of a segment file: numbers, texts, header, details and bodies, whole and damaged. */
#include "support.h"

#include "segment/layout.h"
#include "segment/strpool.h"

#include <stdio.h>

static void test_numbers(void **state)
{
	static const struct {
		uint64_t value;
		const char *bytes;
		size_t n;
	} varints[] = { { 0, "\x00", 1 },
			{ 127, "\x7f", 1 },
			{ 128, "\x80\x01", 2 },
			{ 300, "\xac\x02", 2 },
			{ UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 } };
	struct buf b = BUF_INIT(64);

	(void)state;
	layout_u32(&b, 0x04030201);
	layout_u64(&b, UINT64_C(0x0c0b0a0908070605));
	assert_memory_equal(b.ptr, "\1\2\3\4\5\6\7\10\11\12\13\14", 12);
	for (size_t i = 0; i < ARRAY_LEN(varints); i++) {
		buf_reset(&b);
		layout_uvarint(&b, varints[i].value);
		assert_int_equal(b.len, varints[i].n);
		assert_memory_equal(b.ptr, varints[i].bytes, varints[i].n);
	}
	buf_fini(&b);
}

/* Vectors of the FNV-1a reference (http://www.isthe.com/chongo/tech/comp/fnv/). */
static void test_hash(void **state)
{
	(void)state;
	assert_true(layout_hash(SLICE(""), 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(layout_hash(SLICE("a"), 0) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(layout_hash(SLICE("foobar"), 0) == UINT64_C(0x85944171f73967e8));
}

static void test_ids(void **state)
{
	(void)state;
	assert_int_equal(layout_fold_cmp(SLICE("ghsa-A"), SLICE("GHSA-a")), 0);
	assert_true(layout_id_cmp(SLICE("ghsa-A"), SLICE("GHSA-a")) > 0);
	assert_true(layout_id_cmp(SLICE("CVE-1"), SLICE("CVE-10")) < 0);
	assert_true(layout_id_cmp(SLICE("b"), SLICE("A")) > 0);
	assert_true(layout_id_cmp(SLICE("_"), SLICE("A")) < 0); /* a letter counts as its small one */
	assert_int_equal(layout_id_cmp(SLICE(""), SLICE("")), 0);
}

static struct layout_header some_header(uint64_t size)
{
	struct layout_header h = {
		.file_size = size, .scopes = 1, .keys = 2, .rows = 3, .advisories = 4, .blocks = 5, .aliases = 6
	};
	static const uint64_t len[] = { 0, 9, 12, 16, 24, 96, 80, 30, 48 };

	for (size_t i = 0, at = 256; i < LAYOUT_SECTIONS; at += len[i], i++) {
		h.section[i].offset = at;
		h.section[i].len = len[i];
	}
	return h;
}

static void test_header(void **state)
{
	struct layout_header h = some_header(1000), got;
	uint8_t file[1000] = { 0 };

	(void)state;
	check(layout_header_print(&h, file, &err));
	assert_memory_equal(file, "LIMPSEG1\2\0\0\0\0\1\0\0\xe8\3\0\0\0\0\0\0", 24);
	check(layout_header_parse(slice_make(file, sizeof(file)), &got, &err));
	assert_memory_equal(&h, &got, sizeof(h));
	check_fails(layout_header_parse(slice_make(file, 999), &got, &err), STATUS_MALFORMED,
		    "999 bytes instead of 1000");
	check_fails(layout_header_parse(slice_make(file, 255), &got, &err), STATUS_MALFORMED, "not a segment");
}

static enum status parse_changed(struct layout_header h)
{
	struct layout_header got;
	uint8_t file[1000] = { 0 };

	check(layout_header_print(&h, file, &err));
	return layout_header_parse(slice_make(file, sizeof(file)), &got, &err);
}

static void test_header_lies(void **state)
{
	static const char outside[] = "lies outside the file";
	uint32_t *counts[6];
	struct layout_header h = some_header(1000);

	(void)state;
	for (size_t i = 0; i < LAYOUT_SECTIONS; i++) {
		h = some_header(1000);
		h.section[i].offset = 1001;
		check_fails(parse_changed(h), STATUS_MALFORMED, outside);
		h = some_header(1000);
		h.section[i].offset = UINT64_MAX;
		check_fails(parse_changed(h), STATUS_MALFORMED, outside);
		h = some_header(1000);
		h.section[i].len = 1001 - h.section[i].offset;
		check_fails(parse_changed(h), STATUS_MALFORMED, outside);
		h = some_header(1000);
		h.section[i].len = UINT64_MAX;
		check_fails(parse_changed(h), STATUS_MALFORMED, outside);
	}
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		h = some_header(1000);
		counts[0] = &h.scopes, counts[1] = &h.keys, counts[2] = &h.rows;
		counts[3] = &h.advisories, counts[4] = &h.blocks, counts[5] = &h.aliases;
		++*counts[i];
		check_fails(parse_changed(h), STATUS_MALFORMED, "larger than its section");
		*counts[i] = UINT32_MAX;
		check_fails(parse_changed(h), STATUS_MALFORMED, "larger than its section");
	}
}

/* The bytes of a detail, by hand from docs/formats/segment.md. */
static void test_detail_bytes(void **state)
{
	static const struct version_range range = { S("1"), S("2"), S("") };
	static const struct slice version = S("v");
	const struct affected a = { .name_kind = AFFECTED_NAME_BINARY,
				    .status = AFFECTED_NO,
				    .scheme = SCHEME_dpkg,
				    .ranges = &range,
				    .n_ranges = 1,
				    .versions = &version,
				    .n_versions = 1,
				    .fixed_version = S("2"),
				    .module = S("m"),
				    .arch = S("a"),
				    .platforms = S("p"),
				    .severity = S("s") };
	static const char want[] = "\x15\4dpkg\1\1"
				   "1\1"
				   "2\0\1\1v\1m\1a\1p\1s";
	struct buf b = BUF_INIT(256);

	(void)state;
	layout_put_detail(&b, &a);
	assert_int_equal(b.len, sizeof(want) - 1);
	assert_memory_equal(b.ptr, want, b.len);
	buf_fini(&b);
}

static enum status take_detail(struct slice bytes)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct affected a;
	enum status st = layout_take_detail(bytes, &arena, &a, &err);

	arena_fini(&arena);
	return st;
}

static void test_detail_damage(void **state)
{
	static const char good[] = "\x15\4dpkg\1\1"
				   "1\1"
				   "2\0\1\1v\1m\1a\1p\1s";
	struct buf b = BUF_INIT(64);

	(void)state;
	check(take_detail(slice_make(good, sizeof(good) - 1)));
	for (size_t i = 0; i < sizeof(good) - 1; i++)
		check_fails(take_detail(slice_make(good, i)), STATUS_MALFORMED, "a row is damaged");
	check_fails(take_detail(slice_make(good, sizeof(good))), STATUS_MALFORMED,
		    "a row is damaged");						      /* one byte more */
	check_fails(take_detail(SLICE("\x03\0\0\0\0\0\0\0\0")), STATUS_MALFORMED, "damaged"); /* kind of name 3 */
	check_fails(take_detail(SLICE("\x0c\0\0\0\0\0\0\0\0")), STATUS_MALFORMED, "damaged"); /* status 3 */
	check(take_detail(SLICE("\x20\0\0\0\0\0\0\0\0")));				      /* ubuntu-pro */
	check(take_detail(SLICE("\xe0\0\0\0\0\0\0\0\0"))); /* debian-elts: the last one */
	check_fails(take_detail(SLICE("\x10\0\0\0\0\0\0\0")), STATUS_MALFORMED,
		    "damaged"); /* fixed as the first range, but there is none */
	check(take_detail(SLICE("\x00\0\0\0\0\0\0\0\0")));
	check_fails(take_detail(SLICE("\x00\3abc\0\0\0\0\0\0\0")), STATUS_UNSUPPORTED, "version scheme");
	/* Counts that the bytes cannot hold. */
	check_fails(take_detail(SLICE("\0\0\xff\xff\xff\xff\x0f")), STATUS_MALFORMED, "damaged");
	check_fails(take_detail(SLICE("\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")), STATUS_MALFORMED, "damaged");
	buf_fini(&b);
}

static void test_body_damage(void **state)
{
	static const struct slice list[] = { S("one"), S("two") };
	const struct advisory in = { .severity = SEVERITY_LOW,
				     .severity_text = S("w"),
				     .summary = S("s"),
				     .description = S("d"),
				     .aliases = list,
				     .n_aliases = 2,
				     .related = list,
				     .n_related = 1,
				     .cvss = list,
				     .n_cvss = 2,
				     .links = list,
				     .n_links = 2,
				     .issued_s = 1,
				     .modified_s = -1,
				     .withdrawn_s = DATE_NONE };
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf b = BUF_INIT(4096);
	struct advisory out;

	(void)state;
	layout_put_body(&b, &in);
	check(layout_take_body(buf_slice(&b), &arena, &out, &err));
	assert_int_equal(out.issued_s, 1);
	assert_int_equal(out.modified_s, -1);
	assert_int_equal(out.n_cvss, 2);
	for (size_t i = 0; i < b.len; i++)
		check_fails(layout_take_body(slice_take(buf_slice(&b), i), &arena, &out, &err), STATUS_MALFORMED,
			    "an advisory is damaged");
	b.ptr[24] = SEVERITY_COUNT;
	check_fails(layout_take_body(buf_slice(&b), &arena, &out, &err), STATUS_MALFORMED, "an advisory is damaged");
	b.ptr[24] = SEVERITY_CRITICAL;
	buf_add_byte(&b, 0);
	check_fails(layout_take_body(buf_slice(&b), &arena, &out, &err), STATUS_MALFORMED, "an advisory is damaged");
	buf_fini(&b);
	arena_fini(&arena);
}

static void test_pool(void **state)
{
	struct strpool p = STRPOOL_INIT(1 << 20);
	uint32_t first[2000], again;
	char text[32];

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 2000; i++) {
			snprintf(text, sizeof(text), "%0*u", (int)(i % 25), i);
			check(strpool_put(&p, slice_cstr(text), round ? &again : &first[i], &err));
			if (round)
				assert_int_equal(again, first[i]);
			assert_true(slice_eq(strpool_at(&p, first[i]), slice_cstr(text)));
		}
	}
	assert_int_equal(p.n, 2000);
	strpool_freeze(&p);
	assert_true(slice_eq(strpool_at(&p, first[7]), SLICE("0000007")));
	assert_true(slice_eq(strpool_coded(&p, first[7]), SLICE("\x07"
								"0000007")));
	strpool_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	      cmocka_unit_test(test_hash),
		cmocka_unit_test(test_ids),	      cmocka_unit_test(test_header),
		cmocka_unit_test(test_header_lies),   cmocka_unit_test(test_detail_bytes),
		cmocka_unit_test(test_detail_damage), cmocka_unit_test(test_body_damage),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
