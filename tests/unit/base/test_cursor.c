/* SPDX-License-Identifier: Apache-2.0 */
/* test_cursor.c - numbers of both byte orders; a call that fails does not move. */
#include "base/cursor.h"
#include "check.h"

static void test_numbers(void **state)
{
	struct cursor c = cursor_at(SLICE("\x01\x02\x03\x04\x05\x06\x07\x08\xff"), 0);
	uint8_t u8;
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	(void)state;
	assert_true(cursor_u64le(&c, &u64) && u64 == UINT64_C(0x0807060504030201));
	assert_true(cursor_seek(&c, 0) && cursor_u64be(&c, &u64) && u64 == UINT64_C(0x0102030405060708));
	assert_true(cursor_seek(&c, 0) && cursor_u32le(&c, &u32) && u32 == 0x04030201);
	assert_true(cursor_u32be(&c, &u32) && u32 == 0x05060708);
	assert_true(cursor_seek(&c, 1) && cursor_u16le(&c, &u16) && u16 == 0x0302);
	assert_true(cursor_u16be(&c, &u16) && u16 == 0x0405);
	assert_true(cursor_seek(&c, 8));
	assert_false(cursor_u16le(&c, &u16) || cursor_u32be(&c, &u32) || cursor_u64le(&c, &u64));
	assert_int_equal(c.pos, 8);
	assert_true(cursor_u8(&c, &u8) && u8 == 0xff);
	assert_false(cursor_u8(&c, &u8));
	assert_int_equal(cursor_left(&c), 0);
}

static void test_moves(void **state)
{
	struct cursor c = cursor_at(SLICE("abcd"), 99);
	struct slice s;

	(void)state;
	assert_int_equal(c.pos, 4);
	assert_false(cursor_seek(&c, 5));
	assert_true(cursor_seek(&c, 1));
	assert_false(cursor_skip(&c, SIZE_MAX));
	assert_false(cursor_take(&c, 4, &s));
	assert_int_equal(c.pos, 1);
	assert_true(cursor_take(&c, 3, &s));
	check_text(s, "bcd");
	assert_true(cursor_skip(&c, 0));
}

/* Examples of the DWARF standard (figure C.1), then the largest number and two that do not fit. */
static void test_uvarint(void **state)
{
	static const struct {
		struct slice in;
		bool ok;
		uint64_t want;
	} rows[] = {
		{ SLICE_INIT("\x02"), true, 2 },
		{ SLICE_INIT("\x7f"), true, 127 },
		{ SLICE_INIT("\x80\x01"), true, 128 },
		{ SLICE_INIT("\xb9\x64"), true, 12857 },
		{ SLICE_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), true, UINT64_MAX },
		{ SLICE_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), false, 0 },
		{ SLICE_INIT("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), false, 0 },
		{ SLICE_INIT("\x80"), false, 0 },
		{ SLICE_INIT(""), false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cursor c = cursor_at(rows[i].in, 0);
		uint64_t got = 0;

		if (cursor_uvarint(&c, &got) != rows[i].ok)
			fail_msg("row %zu", i);
		assert_true(got == rows[i].want);
		assert_int_equal(c.pos, rows[i].ok ? rows[i].in.len : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers), cmocka_unit_test(test_moves),
					    cmocka_unit_test(test_uvarint) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
