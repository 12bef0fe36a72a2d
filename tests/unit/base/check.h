/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - cmocka and the comparison that the tests of base/ share. */
#ifndef LIMPID_TESTS_UNIT_BASE_CHECK_H
#define LIMPID_TESTS_UNIT_BASE_CHECK_H

#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static inline void check_text(struct slice got, const char *want)
{
	if (!slice_eq(got, slice_cstr(want)))
		fail_msg("got \"%.*s\", want \"%s\"", SLICE_ARG(got), want);
}

#endif
