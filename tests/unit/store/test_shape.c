/* SPDX-License-Identifier: Apache-2.0 */
/* test_shape.c - whatever a report is, it comes back as it was; and what an index report repeats takes no room. */
#include "support.h"

#include "store/store_ops.h"

#include <stdio.h>
#include <string.h>

#define LAYERS 3

static struct digest layers[LAYERS];
static struct store_text packages[] = {
	{ .package = { .type = SLICE_INIT("deb"),
		       .name = SLICE_INIT("adduser"),
		       .version = SLICE_INIT("3.134"),
		       .arch = SLICE_INIT("all") } },
	{ .package = { .type = SLICE_INIT("deb"),
		       .name = SLICE_INIT("libc6"),
		       .version = SLICE_INIT("2.36-9"),
		       .source_name = SLICE_INIT("glibc"),
		       .source_version = SLICE_INIT("2.36-9"),
		       .arch = SLICE_INIT("amd64") } },
	{ .package = { .type = SLICE_INIT("npm"), .name = SLICE_INIT("@a/lodash"), .version = SLICE_INIT("4.17.20") } },
	{ .package = { .type = SLICE_INIT("npm"), .name = SLICE_INIT("@a/lodash"), .version = SLICE_INIT("4.17.21") } },
	{ .package = { .type = SLICE_INIT("npm"), .name = SLICE_INIT("quo'te"), .version = SLICE_INIT("") } },
};

static struct store_report_texts texts_of(size_t n)
{
	struct store_report_texts t = { .packages = packages, .n = n, .layers = layers, .n_layers = LAYERS };

	for (uint32_t i = 0; i < LAYERS; i++)
		layers[i] = some_digest(i);
	t.manifest = some_digest(99);
	store_texts_sort(packages, n);
	return t;
}

/* Its shape gives it again; how long that is. */
static size_t round_trip(struct slice report, const struct store_report_texts *texts)
{
	struct buf shape = BUF_INIT((size_t)1 << 24), again = BUF_INIT((size_t)1 << 24);
	size_t n;

	check(store_shape(report, texts, &shape, &err));
	check(store_unshape(buf_slice(&shape), texts, &again, &err));
	if (!slice_eq(buf_slice(&again), report))
		fail_msg("%.*s\ncame back as\n%.*s", SLICE_ARG(report), (int)again.len, (const char *)again.ptr);
	n = shape.len;
	buf_fini(&shape);
	buf_fini(&again);
	return n;
}

/* As src/report/clair.c writes it, two packages of one name and a numbering with a gap. */
static void write_report(struct buf *b)
{
	static const unsigned order[] = { 0, 1, 4, 3, 2 };
	struct digest_text text;

	buf_printf(b, "{\"manifest_hash\":\"%s\",\"packages\":{", digest_print(&text, &(struct digest){ 0 }));
	for (unsigned i = 0; i < ARRAY_LEN(order); i++) {
		const struct store_package *p = &packages[order[i]].package;

		buf_printf(b,
			   "%s\"%u\":{\"id\":\"%u\",\"name\":\"%.*s\",\"version\":\"%.*s\",\"kind\":\"binary\","
			   "\"source\":{\"id\":"
			   "\"%u\",\"name\":\"%.*s\"},\"arch\":\"%.*s\"}",
			   i ? "," : "", 66 + i + i / 3, 66 + i + i / 3, SLICE_ARG(p->name), SLICE_ARG(p->version),
			   231 + i / 2, (int)p->source_name.len,
			   p->source_name.len ? (const char *)p->source_name.ptr : "", (int)p->arch.len,
			   p->arch.len ? (const char *)p->arch.ptr : "");
	}
	buf_add_cstr(b, "},\"environments\":{");
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		buf_printf(b, "%s\"%u\":[{\"package_db\":\"app/%.*s/package.json\",\"introduced_in\":\"%s\"}]",
			   i ? "," : "", 66 + i + i / 3, SLICE_ARG(packages[order[i]].package.name),
			   digest_print(&text, &layers[i / 2]));
	buf_add_cstr(b, "}}");
}

static void test_report(void **state)
{
	struct buf b = BUF_INIT((size_t)1 << 20), shape = BUF_INIT((size_t)1 << 20);
	struct store_report_texts t = texts_of(ARRAY_LEN(packages)), none = { .n = 0 };
	static const char *const gone[] = { "adduser",	  "glibc", "2.36-9", "lodash",
					    "sha256:000", "4.17",  "\"67\"", "amd64" };

	(void)state;
	write_report(&b);
	round_trip(buf_slice(&b), &t);
	/* Nothing of what the store has anyway is left. */
	check(store_shape(buf_slice(&b), &t, &shape, &err));
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		if (slice_find(buf_slice(&shape), slice_cstr(gone[i])) != SIZE_MAX && i != 4)
			fail_msg("\"%s\" is in the shape", gone[i]);
	/* Without texts numbers alone are marks. */
	assert_true(round_trip(buf_slice(&b), &none) + 40 > b.len);
	buf_fini(&b);
	buf_fini(&shape);
}

static void test_any_bytes(void **state)
{
	static const char *const given[] = {
		"",
		"\"",
		"\"\\",
		"{\"a\\\"b\":\"3.134\\\"\",\"x\":\"adduser",
		"{\"packages\":{\"1\":{\"name\":\"adduser\",\"version\":\"nothing\"},\"1\":{\"name\":\"adduser\"}}}",
		"{\"packages\":{\"9\":{\"name\":\"libc6\"},\"08\":\"8\",\"8\":\"9\",\"999999999999999\":"
		"\"1000000000000000\"}}",
		"{\"packages\":{\"18446744073709551615\":{\"name\":\"libc6\"},\"0\":{\"name\":\"quo'te\"}}}",
		"}}}}]]]]{{{{{{{{{{{{{{{{{{{{\"7\":\"8\"",
		"{\"packages\": {\n\t\"1\": {\n\t\t\"id\": \"1\",\n\t\t\"name\": \"@a/lodash\", \"version\": "
		"\"4.17.21\"}}}",
	};
	struct store_report_texts t = texts_of(ARRAY_LEN(packages));
	uint8_t all[513];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(given); i++)
		round_trip(slice_cstr(given[i]), &t);
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	round_trip(slice_make(all, sizeof(all)), &t);
	all[100] = '"';
	round_trip(slice_make(all, sizeof(all)), &t);
}

/* Pieces of reports in any order. */
static void test_pieces(void **state)
{
	static const char *const pieces[] = {
		"{",	 "}",		"[",	   "]",		"\"",	   "\\",     ":",
		",",	 "\"name\":\"", "adduser", "@a/lodash", "4.17.20", "2.36-9", "glibc",
		"libc6", "7",		"8",	   "99",	"\"8\"",   "\"7\":", "\x01",
		"\x1b",	 "\x19\"",	"\n",	   "\xc3\xa4",	"sha256:", "amd64",  "\"packages\":{\"7\":{"
	};
	struct store_report_texts t = texts_of(ARRAY_LEN(packages));
	struct buf b = BUF_INIT((size_t)1 << 20);
	struct digest_text text;

	(void)state;
	for (uint64_t seed = 0; seed < 20000; seed++) {
		uint8_t noise[64];

		fill_noise(noise, sizeof(noise), seed);
		buf_reset(&b);
		for (size_t i = 0; i < sizeof(noise); i++) {
			if (noise[i] % 64 == 63)
				buf_add_cstr(&b, digest_print(&text, i % 4 == 3 ? &t.manifest : &layers[i % 4]));
			else
				buf_add_cstr(&b, pieces[noise[i] % ARRAY_LEN(pieces)]);
		}
		round_trip(buf_slice(&b), &t);
	}
	buf_fini(&b);
}

/* What is damaged is refused, or is other bytes; nothing is read that is not there. */
static void test_damaged(void **state)
{
	struct store_report_texts t = texts_of(ARRAY_LEN(packages));
	struct buf out = BUF_INIT((size_t)1 << 20);
	uint8_t noise[64];

	(void)state;
	for (uint64_t seed = 0; seed < 20000; seed++) {
		fill_noise(noise, sizeof(noise), seed);
		for (size_t i = 0; i < sizeof(noise); i += 2)
			noise[i] &= 0x3f;
		buf_reset(&out);
		if (store_unshape(slice_make(noise, sizeof(noise)), &t, &out, &err) != STATUS_OK)
			assert_int_equal(err.code, STATUS_MALFORMED);
	}
	check_fails(store_unshape(SLICE("\x12"), &t, &out, &err), STATUS_MALFORMED, "damaged"); /* of no package */
	check_fails(store_unshape(SLICE("\x03\x7f\x7f\x7f"), &t, &out, &err), STATUS_MALFORMED, "damaged");
	check_fails(store_unshape(SLICE("\x0f\x04"), &t, &out, &err), STATUS_MALFORMED, "damaged");
	check_fails(store_unshape(SLICE("\x10\x28"), &t, &out, &err), STATUS_MALFORMED, "damaged");
	check_fails(store_unshape(SLICE("\x01"), &t, &out, &err), STATUS_MALFORMED, "damaged");
	buf_fini(&out);
}

/* Packed for a row: with texts, with others, and as versions before shapes did. */
static void test_packed(void **state)
{
	struct store_report_texts t = texts_of(ARRAY_LEN(packages)), fewer = t;
	struct buf b = BUF_INIT((size_t)1 << 20), packed = BUF_INIT((size_t)1 << 20), out = BUF_INIT((size_t)1 << 20);

	(void)state;
	write_report(&b);
	check(store_report_pack(buf_slice(&b), &t, &packed, &err));
	assert_true(store_report_has_shape(buf_slice(&packed)));
	check(store_report_unpack(buf_slice(&packed), &t, &out, &err));
	assert_true(slice_eq(buf_slice(&out), buf_slice(&b)));
	fewer.n = 1;
	check_fails(store_report_unpack(buf_slice(&packed), &fewer, &out, &err), STATUS_MALFORMED, "damaged");
	check_fails(store_report_unpack(buf_slice(&packed), NULL, &out, &err), STATUS_MALFORMED, "damaged");
	check_fails(store_report_unpack(slice_take(buf_slice(&packed), packed.len - 1), &t, &out, &err),
		    STATUS_MALFORMED, "damaged");
	buf_reset(&packed);
	buf_reset(&out);
	check(store_report_pack(buf_slice(&b), NULL, &packed, &err));
	assert_false(store_report_has_shape(buf_slice(&packed)));
	check(store_report_unpack(buf_slice(&packed), &t, &out, &err));
	assert_true(slice_eq(buf_slice(&out), buf_slice(&b)));
	buf_fini(&b);
	buf_fini(&packed);
	buf_fini(&out);
}

/* Every stored report is read by them: they are what they were when form 1 began. */
static void test_words(void **state)
{
	struct digest d;
	struct digest_text text;

	(void)state;
	check(digest_of(DIGEST_SHA256, slice_make(store_shape_words, store_shape_words_len), &d, &err));
	assert_string_equal(digest_print(&text, &d),
			    "sha256:d19aabaeb011dc1eeb0d97055084058561166adff064e262152e5b9a3aac8fd4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),	cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_damaged), cmocka_unit_test(test_packed),	  cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
