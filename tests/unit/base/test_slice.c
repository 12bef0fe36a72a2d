/* SPDX-License-Identifier: Apache-2.0 */
/* test_slice.c - cutting, searching, comparing, numbers and UTF-8. */
#include "check.h"

static void test_compare(void **state)
{
	(void)state;
	assert_true(slice_cmp(SLICE("a"), SLICE("ab")) < 0);
	assert_true(slice_cmp(SLICE("b"), SLICE("ab")) > 0);
	assert_true(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
	assert_true(slice_cmp(SLICE_EMPTY, SLICE("")) == 0);
	assert_true(slice_eq_nocase(SLICE("aBc1"), SLICE("AbC1")));
	assert_false(slice_eq_nocase(SLICE("[@"), SLICE("{`")));
	assert_false(slice_eq_nocase(SLICE("a"), SLICE("ab")));
	assert_true(slice_starts(SLICE("abc"), SLICE("ab")));
	assert_false(slice_starts(SLICE("a"), SLICE("ab")));
	assert_true(slice_ends(SLICE("abc"), SLICE("bc")));
	assert_true(slice_ends(SLICE("abc"), SLICE_EMPTY));
	assert_false(slice_ends(SLICE("c"), SLICE("bc")));
}

static void test_find(void **state)
{
	(void)state;
	assert_int_equal(slice_find(SLICE("aab\0ab"), SLICE("\0a")), 3);
	assert_true(slice_find(SLICE("aab"), SLICE("abc")) == SIZE_MAX);
	assert_int_equal(slice_find(SLICE("a"), SLICE_EMPTY), 0);
	assert_int_equal(slice_find_byte(SLICE("abab"), 'b'), 1);
	assert_int_equal(slice_rfind_byte(SLICE("abab"), 'b'), 3);
	assert_true(slice_rfind_byte(SLICE_EMPTY, 'b') == SIZE_MAX);
}

static void test_cut(void **state)
{
	struct slice a, b, rest = SLICE("one\r\ntwo\n\nlast"), line;

	(void)state;
	assert_true(slice_cut(SLICE("k=v=w"), '=', &a, &b));
	check_text(a, "k");
	check_text(b, "v=w");
	assert_true(slice_rcut(SLICE("k=v=w"), '=', &a, &b));
	check_text(a, "k=v");
	check_text(b, "w");
	assert_false(slice_cut(SLICE("kv"), '=', &a, &b));
	check_text(a, "kv");
	check_text(b, "");
	assert_true(slice_line(&rest, &line));
	check_text(line, "one");
	assert_true(slice_line(&rest, &line));
	check_text(line, "two");
	assert_true(slice_line(&rest, &line));
	check_text(line, "");
	assert_true(slice_line(&rest, &line));
	check_text(line, "last");
	assert_false(slice_line(&rest, &line));
	rest = SLICE("//a///b/");
	assert_true(slice_word(&rest, '/', &line));
	check_text(line, "a");
	assert_true(slice_word(&rest, '/', &line));
	check_text(line, "b");
	assert_false(slice_word(&rest, '/', &line));
	check_text(slice_trim(SLICE(" \t\r\n x y \v\f")), "x y");
	check_text(slice_trim(SLICE("  ")), "");
	check_text(slice_from(SLICE("abc"), 9), "");
	check_text(slice_take(SLICE("abc"), 9), "abc");
	check_text(path_base(SLICE("a/b/c")), "c");
	check_text(path_base(SLICE("c")), "c");
	check_text(path_dir(SLICE("a/b/c")), "a/b");
	check_text(path_dir(SLICE("c")), "");
}

static void test_numbers(void **state)
{
	uint64_t n = 5;

	(void)state;
	assert_true(slice_to_u64(SLICE("18446744073709551615"), &n));
	assert_true(n == UINT64_MAX);
	assert_false(slice_to_u64(SLICE("18446744073709551616"), &n));
	assert_false(slice_to_u64(SLICE("99999999999999999999"), &n));
	assert_false(slice_to_u64(SLICE(""), &n));
	assert_false(slice_to_u64(SLICE("-1"), &n));
	assert_false(slice_to_u64(SLICE("1 "), &n));
	assert_true(n == UINT64_MAX);
	assert_true(slice_to_u64(SLICE("007"), &n));
	assert_int_equal(n, 7);
	assert_int_equal(hex_value('f'), 15);
	assert_int_equal(hex_value('A'), 10);
	assert_int_equal(hex_value('g'), -1);
}

/* The borders of Unicode, table 3-7. */
static void test_utf8(void **state)
{
	static const char *const good[] = { "",
					    "a",
					    "\xc2\x80",
					    "\xdf\xbf",
					    "\xe0\xa0\x80",
					    "\xed\x9f\xbf",
					    "\xee\x80\x80",
					    "\xef\xbf\xbf",
					    "\xf0\x90\x80\x80",
					    "\xf4\x8f\xbf\xbf" };
	static const char *const bad[] = { "\x80",
					   "\xc0\x80",
					   "\xc1\xbf",
					   "\xc2",
					   "\xc2\x7f",
					   "\xe0\x9f\xbf",
					   "\xed\xa0\x80",
					   "\xe1\x80",
					   "\xe1\x80\xc0",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\xf1\x80\x80",
					   "\xff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(slice_is_utf8(slice_cstr(good[i])));
		assert_int_equal(utf8_sequence(slice_cstr(good[i])), strlen(good[i]));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(slice_is_utf8(slice_cstr(bad[i])));
		assert_int_equal(utf8_sequence(slice_cstr(bad[i])), 0);
	}
	assert_true(slice_is_utf8(SLICE("a\0b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_compare), cmocka_unit_test(test_find),
					    cmocka_unit_test(test_cut), cmocka_unit_test(test_numbers),
					    cmocka_unit_test(test_utf8) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
