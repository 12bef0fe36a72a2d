/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_scan.c - the scan in blocks against one that goes from byte to byte. */
#include "check.h"
#include "text/json_scan.h"

static uint64_t rng_state = 88172645463325252U;
static uint64_t rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return rng_state;
}

/* Of a value that begins with a bracket, or of the whole text. */
static struct json_extent scan_plainly(struct slice text, size_t pos, uint64_t max_depth, bool whole)
{
	struct json_extent e = { SIZE_MAX, 0, SIZE_MAX };
	size_t depth = 0;

	for (size_t i = pos; i < text.len; i++) {
		switch (text.ptr[i]) {
		case '"':
			for (i++; i < text.len && text.ptr[i] != '"'; i++)
				i += text.ptr[i] == '\\';
			if (i >= text.len)
				return e;
			break;
		case '{':
		case '[':
			depth++;
			e.deepest = MAX(e.deepest, depth);
			if (depth > max_depth && e.too_deep == SIZE_MAX)
				e.too_deep = i;
			break;
		case '}':
		case ']':
			if (depth == 0 || --depth > 0 || whole)
				break;
			e.end = i + 1;
			return e;
		default:
			break;
		}
	}
	if (whole)
		e.end = text.len;
	return e;
}

static void check_scan(struct slice text, size_t pos, uint64_t max_depth, bool whole)
{
	uint8_t *copy = exact_copy(text); /* so that a read past its end is seen */
	struct json_extent got = json_scan(slice_make(copy, text.len), pos, max_depth, whole);
	struct json_extent want = scan_plainly(text, pos, max_depth, whole);

	if (got.end != want.end || got.deepest != want.deepest || got.too_deep != want.too_deep)
		fail_msg("%zu bytes from %zu, whole %d: end %zd, deepest %zu, too deep %zd; want %zd, %zu, %zd: %.*s",
			 text.len, pos, whole, (ssize_t)got.end, got.deepest, (ssize_t)got.too_deep, (ssize_t)want.end,
			 want.deepest, (ssize_t)want.too_deep, SLICE_ARG(text));
	free(copy);
}

/* Few marks or many, with backslashes or without. */
static size_t random_text(uint8_t out[static 400])
{
	static const char marks[] = "\"\"\"{}[]{\\";
	size_t n = rng() % 400, one_in = 1 + rng() % 20, kinds = sizeof(marks) - 1 - rng() % 2;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(rng() % one_in == 0 ? marks[rng() % kinds] : "x \xfb\xdd"[rng() % 4]);
	return n;
}

static void test_random(void **state)
{
	uint8_t text[400];

	(void)state;
	for (unsigned round = 0; round < 100000; round++) {
		size_t n = random_text(text), pos = n > 0 ? rng() % n : 0;

		check_scan(slice_make(text, n), pos, rng() % 6, true);
		if (pos < n) {
			text[pos] = rng() % 2 ? '{' : '[';
			check_scan(slice_make(text, n), pos, rng() % 6, false);
		}
	}
}

/* A string that ends, and a backslash that stands, at each place of a block. */
static void test_every_place(void **state)
{
	(void)state;
	for (size_t at = 0; at < 200; at++) {
		struct buf b = new_buf();

		buf_add_cstr(&b, "[\"");
		for (size_t i = 0; i < at; i++)
			buf_add_byte(&b, ']');
		buf_add_cstr(&b, "\\\"]\\\\\"{}]]");
		check_scan(buf_slice(&b), 0, 9, false);
		assert_int_equal(json_scan(buf_slice(&b), 0, 9, false).end, b.len - 1);
		check_scan(slice_take(buf_slice(&b), at + 3), 0, 9, false);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_every_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
