/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_auth.c - tokens. Those of accepted[] were made by Python for Clair, which answered as written; numbers of
 * conformance/clair/http, whose config-psk.yaml has key and issuers.
 */
#include "base/base64.h"
#include "check.h"
#include "io/jwt.h"
#include "server/auth.h"

#define KEY SLICE("secret-for-the-lab-session")
/* When they were recorded. */
#define THEN INT64_C(1795478251)

static const struct {
	unsigned number;
	bool good;
	const char *lines[2];
} accepted[] = {
	{ 400, false, { NULL } },
	{ 402, false, { NULL } },
	{ 406,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImlhdCI6IDE3OTU0NzgyNTEsICJleHAiOiAxNz"
	    "k1NDc4NTUxfQ.GiRHsYJuKG8tYtqTLqllkIXZKTIz_bBWwjUwLZhpr3c" } },
	{ 407,
	  true,
	  { "Bearer eyJhbGciOiAiSFMzODQifQ.eyJpc3MiOiAibGFiIiwgImV4cCI6IDE3OTU0Nzg1NTF9.KsB5mftKV45oR"
	    "zwnxRNQq88jKfsDThp8Kl8fAC2jQeGBlZvwa8sEvSb9rMbAH_tn" } },
	{ 408,
	  true,
	  { "Bearer eyJhbGciOiAiSFM1MTIifQ.eyJpc3MiOiAibGFiIiwgImV4cCI6IDE3OTU0Nzg1NTF9.njRov7UF-aZkr"
	    "pOGA2o6hreLGm_6h0LxGfdu4C94Ow1-4m_GCx-ulIsgnyY_CNQuNhxcL5JbJKvTVrdYp48mFg" } },
	{ 409, false, { "Bearer eyJhbGciOiAibm9uZSJ9.eyJpc3MiOiAibGFiIn0." } },
	{ 410,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIn0.MOvJT4kndvR9E4wRK74oZ8lOQEC_AGmsEwtfsSxU7Ow" } },
	{ 411,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibm9ib2R5In0.GRdZzR59B0lB5h7iieu72ZFXhJErtxyGO--nZFLK3IE" } },
	{ 412,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJleHAiOiAxNzk1NDc4MzExfQ.7vy_fazxU2xVd92zI89MSCf2-FX0tZw"
	    "4MGpwTFQgUZo" } },
	{ 413,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAiY2xhaXItaW50cmFzZXJ2aWNlIn0.lgp5OwlJIs9ZORZb9r"
	    "hhIp0b1xuZByksZYeJ99b3i0s" } },
	{ 414,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAiY2xhaXItbm90aWZpZXIifQ.Tkao6JMRsctutwL3g7sWdzp"
	    "rodAFO-Kms2IINaFrl58" } },
	{ 416,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImV4cCI6IDE3OTU0NzgyNDF9.d0FqI1_jepfG0"
	    "4P2QfseltxDCM1xMgxAcBZcZlQlIfw" } },
	{ 417,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImV4cCI6IDE3OTU0NzgxOTF9.hTkxqdrKNeEOR"
	    "pw3D6hkkE6HVsOSD9PFw5ulvO3ihHk" } },
	{ 418,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImlhdCI6IDE3OTU0NzgzMTF9.BnXIfIYjgcS1M"
	    "Tga5NBthIn-wojRFCifTf2Bb3TYIxo" } },
	{ 419,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImlhdCI6IDE3OTU0NzgyNjF9.Q5favOSInc9Gz"
	    "PN7D0fPjg15wxbTgjpSeaWBOpGTmFw" } },
	{ 420,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgIm5iZiI6IDE3OTU0NzgzMTF9.2909uFYNYzq7_"
	    "7wnUaGla8zb_-O4-1xKb8pRekIb_nk" } },
	{ 421,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImV4cCI6ICJzb29uIn0.rdw7TqiKkX8GfsSkHZ"
	    "Re1ZInZjBcKUDlO-nmAuNxuNw" } },
	{ 422,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImV4cCI6IDE3OTU0NzgzMTEuNX0.Ztpzmx95yQ"
	    "Om3F6HS0AYAzJfH219TKcoJmg0uUS_iNk" } },
	{ 423,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImF1ZCI6ICJ4IiwgInN1YiI6ICJ5In0.bPCO6-"
	    "08fiX5Z5REwnfNhkI0A7wHc1z1cWWXvgkaGpA" } },
	{ 424,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImF1ZCI6IFsieCJdfQ.qaYGMlGQLDrJZtgVQU2"
	    "aFtAKZyMjwdsXfUhV1pEBI7I" } },
	{ 426,
	  true,
	  { "Bearer  eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImlhdCI6IDE3OTU0NzgyNTEsICJleHAiOiAxN"
	    "zk1NDc4NTUxfQ.GiRHsYJuKG8tYtqTLqllkIXZKTIz_bBWwjUwLZhpr3c" } },
	{ 427, false, { "Basic dTpw" } },
	{ 428, false, { "Bearer xyz" } },
	{ 429, false, { "Bearer " } },
	{ 430,
	  true,
	  { "Bearer eyJhbGciOiAiSFMyNTYiLCAidHlwIjogIkpXVCIsICJraWQiOiAiayJ9.eyJpc3MiOiAibGFiIn0.QpKF"
	    "dO8jMLdteRd1K2X8T3dCRQHm1x1VP_PavhsMlGc" } },
	{ 431,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYiLCAiY3JpdCI6IFsieCJdLCAieCI6IDF9.eyJpc3MiOiAibGFiIn0.gCicj1kP"
	    "XUDDZujiEsNBKJTIw5yUHeb0x0JlsSjsN4g" } },
	{ 432,
	  false,
	  { "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiBbImxhYiJdfQ.KFwiPKcMt0UR0gM4IWqvpRwItYmUsKVK3I3suMue5bE" } },
	{ 433,
	  true,
	  { "Bearer {\"protected\":\"eyJhbGciOiAiSFMyNTYifQ\",\"payload\":\"eyJpc3MiOiAibGFiIiwgImlhdCI6IDE3"
	    "OTU0NzgyNTEsICJleHAiOiAxNzk1NDc4NTUxfQ\",\"signature\":\"GiRHsYJuKG8tYtqTLqllkIXZKTIz_bBWwjU"
	    "wLZhpr3c\"}" } },
	{ 434,
	  false,
	  { "Bearer x", "Bearer eyJhbGciOiAiSFMyNTYifQ.eyJpc3MiOiAibGFiIiwgImlhdCI6IDE3OTU0NzgyNTEsICJleHAiOiAxNz"
			"k1NDc4NTUxfQ.GiRHsYJuKG8tYtqTLqllkIXZKTIz_bBWwjUwLZhpr3c" } },
	{ 436, false, { NULL } },
};

static struct auth *lab(void)
{
	const struct slice issuers[] = { SLICE("lab"), SLICE("clairctl") };
	struct auth *a = auth_new(KEY, issuers, ARRAY_LEN(issuers));

	assert_non_null(a);
	return a;
}

static void test_recorded(void **state)
{
	struct auth *auth = lab();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
		struct asked a;

		ask(&a);
		for (size_t k = 0; k < 2 && accepted[i].lines[k]; k++)
			with_header(&a, "authorization", accepted[i].lines[k]);
		if (auth_allows(auth, &a.req, THEN) != accepted[i].good)
			fail_msg("%u: want %d", accepted[i].number, accepted[i].good);
		asked_fini(&a);
	}
	auth_free(auth);
}

/* Our own tokens: what we sign is good for who has the key, for a minute and the leeway. */
static void test_signed(void **state)
{
	struct auth *auth = lab();
	struct buf token = BUF_INIT(4096);
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(jwt_sign(KEY, SLICE("clair-intraservice"), THEN, &token, &err), STATUS_OK);
	assert_true(auth_token_ok(auth, buf_slice(&token), THEN));
	assert_true(auth_token_ok(auth, buf_slice(&token), THEN + 75));
	assert_false(auth_token_ok(auth, buf_slice(&token), THEN + 76));
	assert_true(auth_token_ok(auth, buf_slice(&token), THEN - 15));
	assert_false(auth_token_ok(auth, buf_slice(&token), THEN - 16)); /* iat is in the future */
	/* Any byte of it counts; of the last one only the upper bits are of the signature. */
	for (size_t i = 0; i + 1 < token.len; i++) {
		token.ptr[i] ^= 1;
		assert_false(auth_token_ok(auth, buf_slice(&token), THEN));
		token.ptr[i] ^= 1;
	}
	buf_reset(&token);
	assert_int_equal(jwt_sign(KEY, SLICE("a\"b"), THEN, &token, &err), STATUS_INVALID);
	buf_reset(&token);
	assert_int_equal(jwt_sign(SLICE_EMPTY, SLICE("lab"), THEN, &token, &err), STATUS_INVALID);
	buf_fini(&token);
	auth_free(auth);
	assert_null(auth_new(SLICE_EMPTY, NULL, 0));
}

/* RFC 4648, section 10, in the URL alphabet and without padding. */
static void test_base64(void **state)
{
	static const char *const pairs[][2] = { { "", "" },	   { "f", "Zg" },	 { "fo", "Zm8" },
						{ "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "\xfb\xff", "-_8" } };
	struct arena arena = ARENA_INIT(1 << 16);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		struct buf out = BUF_INIT(64);
		struct slice back;

		base64_encode(slice_cstr(pairs[i][0]), BASE64_URL, &out);
		check_text(buf_slice(&out), pairs[i][1]);
		assert_true(base64_decode(buf_slice(&out), BASE64_URL | BASE64_BARE, &arena, &back));
		check_text(back, pairs[i][0]);
		buf_fini(&out);
	}
	struct slice none;

	assert_false(base64_decode(SLICE("Z"), BASE64_URL | BASE64_BARE, &arena, &none));
	assert_false(base64_decode(SLICE("Zg=="), BASE64_URL | BASE64_BARE, &arena, &none));
	assert_false(base64_decode(SLICE("+/8"), BASE64_URL | BASE64_BARE, &arena, &none));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
