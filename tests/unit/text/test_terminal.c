/* SPDX-License-Identifier: Apache-2.0 */
/* test_terminal.c - what a crafted name cannot do to a terminal, and how wide text is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/terminal.h"

static void check(const char *in, const char *want)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(4096);

	terminal_put(&b, slice_cstr(in));
	if (!slice_eq(buf_slice(&b), slice_cstr(want)))
		fail_msg("%.*s, want %s", (int)b.len, (const char *)b.ptr, want);
}

static void test_put(void **state)
{
	(void)state;
	check("", "");
	check("plain-1.2_3", "plain-1.2_3");
	check("a\033[31mb\nc\x7f", "a?[31mb?c?");
	check("\xc2\x9b"
	      "31m",
	      "?31m");					       /* C1: CSI in one character */
	check("\xc3\xa9\xe4\xb8\xad", "\xc3\xa9\xe4\xb8\xad"); /* é 中 */
	check("a\xff\xfe"
	      "b\xc3",
	      "a??b?"); /* not UTF-8: byte by byte, the rest stays */
	check("a\xe2\x80\xae"
	      "b\xe2\x81\xa6"
	      "c\xe2\x80\xa8",
	      "a?b?c?");	      /* U+202E, U+2066, U+2028 */
	check("\xed\xa0\x80", "???"); /* a surrogate is no character */
}

static void test_columns(void **state)
{
	struct slice wide = SLICE("a\xe4\xb8\xad\xe4\xb8\xad"
				  "b");

	(void)state;
	assert_int_equal(terminal_columns(SLICE("abc")), 3);
	assert_int_equal(terminal_columns(SLICE("\xc3\xa9")), 1);
	assert_int_equal(terminal_columns(SLICE("e\xcc\x81")), 1); /* e and a combining acute */
	assert_int_equal(terminal_columns(wide), 6);
	assert_int_equal(terminal_columns(SLICE("\xf0\x9f\x98\x80")), 2);
	assert_int_equal(terminal_take(wide, 6).len, wide.len);
	assert_int_equal(terminal_take(wide, 5).len, 7);
	assert_int_equal(terminal_take(wide, 4).len, 4); /* half a character is none */
	assert_int_equal(terminal_take(wide, 0).len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_put), cmocka_unit_test(test_columns) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
