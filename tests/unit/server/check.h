/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what the tests of this folder share. Include it first. */
#ifndef LIMPID_TESTS_UNIT_SERVER_CHECK_H
#define LIMPID_TESTS_UNIT_SERVER_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/request.h"
#include "server/response.h"

static UNUSED void check_text(struct slice got, const char *want)
{
	if (!slice_eq(got, slice_cstr(want)))
		fail_msg("got \"%.*s\", want \"%s\"", SLICE_ARG(got), want);
}

/* A request with headers, and an answer to it; both end with the arena. */
struct asked {
	struct arena arena;
	struct http_header headers[8];
	struct request req;
	struct response resp;
};

static UNUSED void ask(struct asked *a)
{
	memset(a, 0, sizeof(*a));
	a->arena = (struct arena)ARENA_INIT(1 << 20);
	a->req.arena = &a->arena;
	a->req.headers = a->headers;
	a->resp.arena = &a->arena;
	a->resp.code = 200;
	a->resp.body = (struct buf)BUF_INIT(1 << 20);
}

static UNUSED void with_header(struct asked *a, const char *name, const char *value)
{
	assert_true(a->req.n_headers < ARRAY_LEN(a->headers));
	a->headers[a->req.n_headers++] = (struct http_header){ slice_cstr(name), slice_cstr(value) };
}

static UNUSED void asked_fini(struct asked *a)
{
	response_clear_body(&a->resp);
	arena_fini(&a->arena);
}

#endif
