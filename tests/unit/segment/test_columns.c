/* SPDX-License-Identifier: Apache-2.0 */
/* test_columns.c - tables turned by columns come back as they were. */
#include "support.h"

static void test_there_and_back(void **state)
{
	for (size_t n = 0; n <= 80; n += 20) {
		struct arena arena = ARENA_INIT((size_t)1 << 28);
		struct buf file = BUF_INIT((size_t)1 << 26);
		struct segment *s = build(*state, make_advisories(n + 1, n, &arena), n);
		uint8_t *turned, *back;

		read_file(*state, segment_digest(s), &file);
		turned = malloc(file.len);
		back = malloc(file.len);
		check(segment_to_columns(buf_slice(&file), turned, &err));
		assert_true(n == 0 || memcmp(turned, file.ptr, file.len) != 0);
		/* The header, which says where the tables are, stays. */
		assert_memory_equal(turned, file.ptr, 256);
		check(segment_from_columns(slice_make(turned, file.len), back, &err));
		assert_memory_equal(back, file.ptr, file.len);
		check_fails(segment_to_columns(slice_take(buf_slice(&file), 255), turned, &err), STATUS_MALFORMED, "");
		check_fails(segment_to_columns(slice_take(buf_slice(&file), file.len - 1), turned, &err),
			    STATUS_MALFORMED, "");
		check_fails(segment_from_columns(SLICE_EMPTY, turned, &err), STATUS_MALFORMED, "");
		free(turned);
		free(back);
		buf_fini(&file);
		segment_free(s);
		arena_fini(&arena);
	}
}

/* By hand: what entries of a table become. */
static void test_by_hand(void **state)
{
	const struct affected rows[] = { { .scope = S("s"), .package = S("p") },
					 { .scope = S("s"), .package = S("q") } };
	const struct advisory one = { .id = S("X-1"), .affected = rows, .n_affected = 2, NO_DATES };
	struct segment *s = build(*state, &one, 1);
	struct buf file = BUF_INIT((size_t)1 << 20);
	uint8_t turned[4096];
	size_t keys;

	read_file(*state, segment_digest(s), &file);
	assert_true(file.len < sizeof(turned));
	check(segment_to_columns(buf_slice(&file), turned, &err));
	/* KEYS, section 3: name of p, row 0; name of q, row 1. Names first: that of p, how far that of q is from it. */
	keys = file.ptr[24 + 16 * 3] | (size_t)file.ptr[25 + 16 * 3] << 8;
	assert_int_equal(turned[keys], file.ptr[keys]);
	assert_int_equal(turned[keys + 4], file.ptr[keys + 8] - file.ptr[keys]);
	assert_int_equal(turned[keys + 8], 0);
	assert_int_equal(turned[keys + 12], 1);
	buf_fini(&file);
	segment_free(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_there_and_back), TEST(test_by_hand) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
