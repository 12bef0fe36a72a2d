/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fernet.c - Fernet tokens.
 *
 * The vectors are those of the specification (generate.json, verify.json, invalid.json of github.com/fernet/spec).
 */
#include "base/base64.h"
#include "io/fernet.h"
#include "io/jwt.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KEY "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4"
#define TOKEN "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
#define MADE INT64_C(499162800) /* 1985-10-26T01:20:00-07:00 */

static const uint8_t iv[FERNET_IV] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

static const uint8_t *key(struct arena *arena)
{
	struct slice bytes;

	assert_true(base64_decode(SLICE(KEY), BASE64_URL | BASE64_BARE, arena, &bytes));
	assert_int_equal(bytes.len, FERNET_KEY);
	return bytes.ptr;
}

static void test_seal(void **state)
{
	struct arena arena = ARENA_INIT(100000);
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(fernet_seal(key(&arena), SLICE("hello"), MADE, iv, &out, &err), STATUS_OK);
	assert_true(slice_eq(buf_slice(&out), SLICE(TOKEN)));
	buf_fini(&out);
	arena_fini(&arena);
}

static void test_open(void **state)
{
	struct arena arena = ARENA_INIT(100000);
	struct err err = ERR_INIT;
	struct slice m;

	(void)state;
	/* 1985-10-26T01:20:01-07:00 and ttl_sec 60 */
	assert_int_equal(fernet_open(key(&arena), SLICE(TOKEN), MADE + 1, 60, &arena, &m, &err), STATUS_OK);
	assert_true(slice_eq(m, SLICE("hello")));
	/* As it comes out of a URL. */
	assert_int_equal(
		fernet_open(key(&arena), slice_take(SLICE(TOKEN), sizeof(TOKEN) - 3), MADE, 60, &arena, &m, &err),
		STATUS_OK);
	assert_int_equal(fernet_open(key(&arena), SLICE(TOKEN), MADE + 60, 60, &arena, &m, &err), STATUS_OK);
	assert_int_equal(fernet_open(key(&arena), SLICE(TOKEN), MADE + 61, 60, &arena, &m, &err), STATUS_INVALID);
	assert_int_equal(fernet_open(key(&arena), SLICE(TOKEN), MADE + 1000000, 0, &arena, &m, &err), STATUS_OK);
	assert_int_equal(fernet_open(key(&arena), SLICE(TOKEN), MADE - 60, 60, &arena, &m, &err), STATUS_OK);
	assert_int_equal(fernet_open(key(&arena), SLICE(TOKEN), MADE - 61, 60, &arena, &m, &err), STATUS_INVALID);
	arena_fini(&arena);
}

/* invalid.json, for the same key, now and ttl. */
static void test_refused(void **state)
{
	static const char *const tokens[] = {
		/* incorrect mac */
		"gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
		/* too short */
		"gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==",
		/* invalid base64 */
		"%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
		/* payload size not a multiple of the block's */
		"gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
		/* bad padding, behind a good MAC */
		"gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
		/* far in the future */
		"gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
		/* too old */
		"gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
		/* another vector: the padding is gone with a byte of the initialisation vector */
		"gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
		"",
		"=",
		"gA",
	};
	struct arena arena = ARENA_INIT(100000);
	struct err err = ERR_INIT;
	struct slice m;

	(void)state;
	/* The one that is too old was good. */
	assert_int_equal(fernet_open(key(&arena), slice_cstr(tokens[6]), MADE + 1, 60, &arena, &m, &err), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		int64_t now = i == 6 ? MADE + 1 + 90 : MADE + 1;

		assert_int_equal(fernet_open(key(&arena), slice_cstr(tokens[i]), now, 60, &arena, &m, &err),
				 STATUS_INVALID);
	}
	arena_fini(&arena);
}

static void test_round(void **state)
{
	struct arena arena = ARENA_INIT(10000000);
	struct buf out = BUF_INIT(10000), other = BUF_INIT(10000);
	struct err err = ERR_INIT;
	uint8_t text[FERNET_MAX + 1];
	struct slice m;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n < 70; n++) {
		buf_reset(&out);
		assert_int_equal(fernet_seal(key(&arena), slice_make(text, n), MADE, NULL, &out, &err), STATUS_OK);
		assert_int_equal(fernet_open(key(&arena), buf_slice(&out), MADE, 60, &arena, &m, &err), STATUS_OK);
		assert_true(slice_eq(m, slice_make(text, n)));
		/* Any byte that changes makes it no token. */
		out.ptr[n % (out.len - 4)] ^= 1;
		assert_int_equal(fernet_open(key(&arena), buf_slice(&out), MADE, 60, &arena, &m, &err), STATUS_INVALID);
	}
	buf_reset(&out);
	assert_int_equal(fernet_seal(key(&arena), slice_make(text, FERNET_MAX), MADE, NULL, &out, &err), STATUS_OK);
	assert_int_equal(fernet_open(key(&arena), buf_slice(&out), MADE, 60, &arena, &m, &err), STATUS_OK);
	assert_int_equal(m.len, FERNET_MAX);
	assert_int_equal(fernet_seal(key(&arena), slice_make(text, FERNET_MAX + 1), MADE, NULL, &other, &err),
			 STATUS_LIMIT);
	/* Two of the same message differ: nobody sees that it is the same. */
	assert_int_equal(fernet_seal(key(&arena), slice_make(text, FERNET_MAX), MADE, NULL, &other, &err), STATUS_OK);
	assert_false(slice_eq(buf_slice(&out), buf_slice(&other)));
	buf_fini(&out);
	buf_fini(&other);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_seal), cmocka_unit_test(test_open),
					    cmocka_unit_test(test_refused), cmocka_unit_test(test_round) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
