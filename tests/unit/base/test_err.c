/* SPDX-License-Identifier: Apache-2.0 */
/* test_err.c - messages: escapes, cuts, contexts. */
#include "base/err.h"
#include "check.h"

#include <errno.h>

static void test_slice(void **state)
{
	struct err_quote q;
	char long_text[200];

	(void)state;
	assert_string_equal(err_slice(&q, SLICE("")), "");
	assert_string_equal(err_slice(&q, SLICE("caf\xc3\xa9 \"x\"")), "caf\xc3\xa9 \"x\"");
	assert_string_equal(err_slice(&q, SLICE("a\n\0\x7f")), "a\\x0a\\x00\\x7f");
	assert_string_equal(err_slice(&q, SLICE("a\xff")), "a\\xff");
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(strlen(err_slice(&q, slice_make(long_text, 64))), 64);
	assert_int_equal(strlen(err_slice(&q, slice_make(long_text, 65))), 67);
	assert_string_equal(q.text + 60, "xxxx...");
	/* The worst case stays inside, and is said to be cut. */
	memset(long_text, 1, sizeof(long_text));
	assert_true(strlen(err_slice(&q, slice_make(long_text, 200))) < sizeof(q.text));
	assert_string_equal(q.text + strlen(q.text) - 3, "...");
	/* Full in the middle of a sequence, after escapes of four bytes each. */
	for (size_t plain = 0; plain < 4; plain++) {
		memset(long_text, 1, 64);
		memset(long_text, 'x', plain);
		for (size_t i = plain + 25; i + 4 <= 64; i += 4)
			memcpy(long_text + i, "\xf0\x9f\x98\x80", 4);
		assert_true(slice_is_utf8(slice_cstr(err_slice(&q, slice_make(long_text, 64)))));
		assert_true(strlen(q.text) < sizeof(q.text));
	}
	/* A sequence across the cut: the message is UTF-8 all the same. */
	for (size_t lead = 60; lead < 65; lead++) {
		memset(long_text, 'x', sizeof(long_text));
		memcpy(long_text + lead, "\xf0\x9f\x98\x80", 4);
		assert_true(slice_is_utf8(slice_cstr(err_slice(&q, slice_make(long_text, 100)))));
		assert_int_equal(strlen(q.text), MIN(lead == 60 ? 64 : lead, (size_t)64) + 3);
	}
}

static void test_fill(void **state)
{
	struct err err = ERR_INIT;
	char text[2000];

	(void)state;
	assert_int_equal(err_at(&err, STATUS_MALFORMED, 7, "no %s", "end"), STATUS_MALFORMED);
	assert_int_equal(err.offset, 7);
	assert_int_equal(err_wrap(&err, "file %d", 3), STATUS_MALFORMED);
	assert_string_equal(err.msg, "file 3: no end");
	assert_int_equal(err.offset, 7);
	/* The message may be its own argument. */
	assert_int_equal(err_set(&err, STATUS_LIMIT, "again: %s", err.msg), STATUS_LIMIT);
	assert_string_equal(err.msg, "again: file 3: no end");
	assert_true(err.offset == ERR_NO_OFFSET);
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	err_set(&err, STATUS_BUG, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	/* A cut leaves no half of a sequence, wherever it falls. */
	for (size_t lead = 0; lead < 4; lead++) {
		memset(text, 'y', sizeof(text));
		for (size_t i = lead; i + 4 < 1000; i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 4);
		text[1000] = '\0';
		err_set(&err, STATUS_BUG, "%s", text);
		assert_true(strlen(err.msg) > sizeof(err.msg) - 5 && slice_is_utf8(slice_cstr(err.msg)));
		err_wrap(&err, "%s", text);
		assert_true(strlen(err.msg) > 490 && slice_is_utf8(slice_cstr(err.msg)));
	}
	errno = ENOMEM;
	assert_int_equal(err_errno(&err, "x"), STATUS_NOMEM);
	errno = ENOENT;
	assert_int_equal(err_errno(&err, "x"), STATUS_NOTFOUND);
	errno = EIO;
	assert_int_equal(err_errno(&err, "read %s", "f"), STATUS_IO);
	assert_int_equal(err.sys_errno, EIO);
	assert_string_equal(err.msg, "read f: Input/output error");
	assert_string_equal(status_text(STATUS_LIMIT), "over a limit");
	assert_string_equal(status_text((enum status)99), "unknown status");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_slice), cmocka_unit_test(test_fill) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
