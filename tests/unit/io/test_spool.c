/* SPDX-License-Identifier: Apache-2.0 */
/* test_spool.c - a stream made seekable: the same bytes in memory and spilled, both caps to the byte, nothing left. */
#include "io/spool.h"
#include "streams.h"

#include <dirent.h>

#define BYTES ((size_t)300000)

static size_t open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	if (!d)
		skip();
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void check_spool(const uint8_t *noise, size_t len, uint64_t memory_max, bool want_spilled)
{
	struct source *src = &piece_source(slice_make(noise, len), 10000)->base;
	size_t before = open_descriptors();
	struct err err = ERR_INIT;
	struct spool *s = NULL;
	struct slice all, again;

	check_status(spool_read(src, memory_max, len, &s, &err), STATUS_OK, &err);
	assert_int_equal(open_descriptors(), before + want_spilled);
	assert_int_equal(spool_size(s), len);
	check_status(spool_slice(s, &all, &err), STATUS_OK, &err);
	assert_true(slice_eq(all, slice_make(noise, len)));
	check_status(spool_slice(s, &again, &err), STATUS_OK, &err);
	assert_ptr_equal(all.ptr, again.ptr);
	spool_free(s);
	source_free(src);
	assert_int_equal(open_descriptors(), before);
}

static void test_memory_and_spilled(void **state)
{
	uint8_t *noise = malloc(BYTES);

	(void)state;
	assert_non_null(noise);
	fill_noise(noise, BYTES, 3);
	check_spool(noise, 0, 0, false);
	check_spool(noise, 1, 0, true);
	check_spool(noise, 1, 1, false);
	check_spool(noise, BYTES, BYTES, false);
	check_spool(noise, BYTES, BYTES - 1, true);
	check_spool(noise, BYTES, 0, true);
	check_spool(noise, BYTES, 65536, true);
	check_spool(noise, BYTES, UINT64_MAX, false);
	free(noise);
}

static void test_too_large(void **state)
{
	static const uint64_t memory_max[] = { 0, 20, UINT64_MAX };
	uint8_t noise[200] = { 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(memory_max); i++) {
		struct source *src = &piece_source(slice_make(noise, sizeof(noise)), 10)->base;
		size_t before = open_descriptors();
		struct spool *s = NULL;
		struct err err = ERR_INIT;

		check_status(spool_read(src, memory_max[i], 199, &s, &err), STATUS_LIMIT, &err);
		assert_non_null(strstr(err.msg, "199"));
		assert_null(s);
		assert_int_equal(open_descriptors(), before);
		source_free(src);
	}
}

static void test_source_that_fails(void **state)
{
	static const uint64_t memory_max[] = { 0, 1000 };
	uint8_t noise[200] = { 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(memory_max); i++) {
		struct piece_source *p = piece_source(slice_make(noise, sizeof(noise)), 10);
		size_t before = open_descriptors();
		struct spool *s = NULL;
		struct err err = ERR_INIT;

		p->failure = STATUS_MALFORMED;
		p->fail_at = 150;
		check_status(spool_read(&p->base, memory_max[i], 1000, &s, &err), STATUS_MALFORMED, &err);
		assert_string_equal(err.msg, "made to fail");
		assert_null(s);
		assert_int_equal(open_descriptors(), before);
		source_free(&p->base);
	}
	spool_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_memory_and_spilled), cmocka_unit_test(test_too_large),
					    cmocka_unit_test(test_source_that_fails) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
