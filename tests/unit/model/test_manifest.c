/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifest.c - posted manifests: what Clair took and what it refused (recorded), caps, and what is printed. */
#include "model/manifest.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define D "\"sha256:" HEX64 "\""
#define HEAD "{\"hash\":" D ",\"layers\":["
#define LAYER "{\"hash\":" D ",\"uri\":\"http://h/x\",\"headers\":{}}"

static struct arena arena;
static struct posted_manifest m;
static struct err err;

static int setup(void **state)
{
	(void)state;
	arena = (struct arena)ARENA_INIT((size_t)64 << 20);
	err = (struct err)ERR_INIT;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static enum status parse(const char *json)
{
	return posted_manifest_parse(slice_cstr(json), &limits_default, &arena, &m, &err);
}

static void test_a_manifest(void **state)
{
	(void)state;
	assert_int_equal(parse(HEAD "{\"hash\":" D ",\"uri\":\"https://h/x?y=\\u0026\",\"headers\":"
			       "{\"Authorization\":[\"Bearer x\"],\"X\":[\"1\",\"2\"],\"None\":[],\"Null\":null}},"
			       LAYER "]}"),
			 STATUS_OK);
	assert_int_equal(m.n_layers, 2);
	assert_int_equal(m.digest.algo, DIGEST_SHA256);
	assert_true(slice_eq(m.layers[0].uri, SLICE("https://h/x?y=&")));
	assert_int_equal(m.layers[0].n_headers, 3);
	assert_true(slice_eq(m.layers[0].headers[0].value, SLICE("Bearer x")));
	assert_true(slice_eq(m.layers[0].headers[2].name, SLICE("X")));
	assert_true(slice_eq(m.layers[0].headers[2].value, SLICE("2")));
	assert_int_equal(m.layers[1].n_headers, 0);
}

/* conformance/clair/http 062-096: refused with 400, and with the words that tell which of its two kinds. */
static void test_what_clair_refused(void **state)
{
	static const struct {
		const char *json;
		enum status st;
		const char *words;
	} cases[] = {
		{ "", STATUS_MALFORMED, "EOF" },
		{ " \n", STATUS_MALFORMED, "EOF" },
		{ "hello", STATUS_MALFORMED, "JSON" },
		{ "null", STATUS_INVALID, "bogus manifest" },
		{ "{}", STATUS_INVALID, "bogus manifest" },
		{ "[]", STATUS_INVALID, "bogus manifest" },
		{ "\"x\"", STATUS_MALFORMED, "an object" },
		{ "{\"hash\":" D, STATUS_MALFORMED, "JSON" },
		{ "{\"hash\":" D "}", STATUS_INVALID, "bogus manifest" },
		{ "{\"hash\":" D ",\"layers\":[]}", STATUS_INVALID, "bogus manifest" },
		{ "{\"hash\":" D ",\"layers\":null}", STATUS_INVALID, "bogus manifest" },
		{ "{\"hash\":" D ",\"layers\":{}}", STATUS_INVALID, "bogus manifest" },
		{ "{\"layers\":[" LAYER "]}", STATUS_INVALID, "bogus manifest" },
		{ "{\"Hash\":" D ",\"Layers\":[" LAYER "]}", STATUS_INVALID, "bogus manifest" },
		{ "{\"hash\":\"\",\"layers\":[" LAYER "]}", STATUS_MALFORMED, "invalid digest format" },
		{ "{\"hash\":5,\"layers\":[" LAYER "]}", STATUS_MALFORMED, "invalid digest format" },
		{ "{\"hash\":\"" HEX64 "\"}", STATUS_MALFORMED, "invalid digest format" },
		{ "{\"hash\":\"md5:00\"}", STATUS_MALFORMED, "unknown algorthm \"md5\"" },
		{ "{\"hash\":\"SHA256:" HEX64 "\"}", STATUS_MALFORMED, "unknown algorthm \"SHA256\"" },
		{ "{\"hash\":\"sha256:00\"}", STATUS_MALFORMED, "bad checksum length: 1" },
		{ "{\"hash\":\"sha256:\"}", STATUS_MALFORMED, "bad checksum length: 0" },
		{ "{\"hash\":\"sha256:000\"}", STATUS_MALFORMED, "unable to decode digest as hex" },
		{ "{\"hash\":\"<a>&:x\"}", STATUS_MALFORMED, "unable to decode digest as hex" },
		{ "{\"hash\":" D ",\"layers\":\"x\"}", STATUS_MALFORMED, "layers: expected an array" },
		{ HEAD "{\"hash\":" D ",\"headers\":{\"a\":\"b\"}}]}", STATUS_MALFORMED, "headers" },
		{ HEAD "{\"hash\":" D ",\"headers\":[]}]}", STATUS_MALFORMED, "headers" },
		{ "{\"hash\":\"\xff\xfe\",\"layers\":[]}", STATUS_MALFORMED, "JSON" },
		{ "/* c */ {}", STATUS_MALFORMED, "JSON" },
		/* These ended in a 500 there: the second one in a panic. */
		{ HEAD "{}]}", STATUS_MALFORMED, "layer 1: a layer's hash: invalid digest format" },
		{ HEAD "null]}", STATUS_MALFORMED, "layer 1: a layer: expected an object, found null" },
		{ HEAD LAYER ",7]}", STATUS_MALFORMED, "layer 2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (parse(cases[i].json) != cases[i].st || !strstr(err.msg, cases[i].words))
			fail_msg("%s: %s, \"%s\"", cases[i].json, status_text(err.code), err.msg);
	}
}

/* conformance/clair/http 098-109: taken. */
static void test_what_clair_took(void **state)
{
	static const char *const cases[] = {
		"{\"hash\":\"sha256:00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\",\"layers\":"
		"[" LAYER "]}",
		"{\"hash\":\"sha512:" HEX64 HEX64 "\",\"layers\":[" LAYER "]}",
		"{\"x\":{\"y\":[1,2]},\"hash\":" D ",\"layers\":[" LAYER "],\"z\":null}",
		"{\"hash\":\"sha256:00\",\"hash\":" D ",\"layers\":[],\"layers\":[" LAYER "]}",
		HEAD LAYER "]} and more",
		"  \t\n{\"hash\":" D ",\"layers\":[{\"hash\":" D ",\"uri\":\"u\",\"headers\":null}]}",
		HEAD "{\"hash\":" D ",\"uri\":\"u\"}]}",
		HEAD "{\"hash\":" D "}]}",
		HEAD "{\"hash\":" D ",\"uri\":7}]}",
		HEAD "[" D ",\"u\",{\"a\":[\"b\"]}]]}",
		"[" D ",[" LAYER "]]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (parse(cases[i]) != STATUS_OK || m.n_layers != 1)
			fail_msg("%s: \"%s\"", cases[i], err.msg);
	assert_int_equal(parse(cases[8]), STATUS_OK);
	assert_true(slice_eq(m.layers[0].uri, SLICE("7")));
	assert_int_equal(parse(cases[9]), STATUS_OK);
	assert_true(slice_eq(m.layers[0].uri, SLICE("u")));
	assert_int_equal(m.layers[0].n_headers, 1);
}

static void test_caps(void **state)
{
	struct buf b = BUF_INIT(1 << 20);
	struct limits limits = limits_default;

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		buf_add_byte(&b, '[');
	assert_int_equal(posted_manifest_parse(buf_slice(&b), &limits, &arena, &m, &err), STATUS_LIMIT);
	buf_reset(&b);
	buf_add_cstr(&b, HEAD "{\"hash\":" D ",\"headers\":{\"a\":[");
	for (unsigned i = 0; i < 300; i++)
		buf_add_cstr(&b, "\"\",");
	buf_add_cstr(&b, "\"\"]}}]}");
	assert_int_equal(posted_manifest_parse(buf_slice(&b), &limits, &arena, &m, &err), STATUS_LIMIT);
	buf_fini(&b);
	limits.layers = 1;
	assert_int_equal(posted_manifest_parse(SLICE(HEAD LAYER "," LAYER "]}"), &limits, &arena, &m, &err),
			 STATUS_LIMIT);
}

static void test_print(void **state)
{
	static const char text[] = HEAD "{\"hash\":" D ",\"uri\":\"u\",\"headers\":"
				   "{\"b\":[\"1\",\"2\"],\"a\":[\"3\"]}}]}";
	struct buf b = BUF_INIT(1 << 20);

	(void)state;
	assert_int_equal(parse(text), STATUS_OK);
	assert_int_equal(posted_manifest_print(&m, &b, &err), STATUS_OK);
	assert_true(slice_eq(buf_slice(&b), slice_cstr(text)));
	buf_fini(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_manifest), TEST(test_what_clair_refused), TEST(test_what_clair_took), TEST(test_caps),
		TEST(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
