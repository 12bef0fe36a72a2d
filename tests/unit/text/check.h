/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka and the comparisons that the tests of text/ share. */
#ifndef LIMPID_TESTS_UNIT_TEXT_CHECK_H
#define LIMPID_TESTS_UNIT_TEXT_CHECK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define CHECK_OK(call)                                        \
	do {                                                  \
		enum status check_st_ = (call);               \
		if (check_st_ != STATUS_OK)                   \
			print_message("error: %s\n", err.msg); \
		assert_int_equal(check_st_, STATUS_OK);       \
	} while (0)

static inline void check_slice(struct slice got, struct slice want)
{
	if (!slice_eq(got, want))
		print_message("got \"%.*s\", want \"%.*s\"\n", SLICE_ARG(got), SLICE_ARG(want));
	assert_int_equal(got.len, want.len);
	if (want.len)
		assert_memory_equal(got.ptr, want.ptr, want.len);
}

static inline void check_text(struct slice got, const char *want)
{
	check_slice(got, slice_cstr(want));
}

static inline struct buf new_buf(void)
{
	return (struct buf)BUF_INIT((size_t)64 << 20);
}

/* A heap copy of exactly these bytes, so that a sanitizer sees the first byte read behind them. */
static inline uint8_t *exact_copy(struct slice s)
{
	uint8_t *p = malloc(s.len ? s.len : 1);

	assert_non_null(p);
	if (s.len)
		memcpy(p, s.ptr, s.len);
	return p;
}

#endif
