/* SPDX-License-Identifier: Apache-2.0 */
/* test_compress.c - what is compressed comes back by another library, or by the decoder of io/. */
#include "check.h"
#include "io/codec.h"
#include "server/compress.h"

#include <isa-l/igzip_lib.h>

static struct slice sample(size_t n, bool noise)
{
	uint8_t *p = malloc(n + 1);
	uint64_t x = 88172645463325252u;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = noise ? (uint8_t)x : (uint8_t)("{\"id\":\"12\",\"name\":\"libssl\"},"[i % 28]);
	}
	return slice_make(p, n);
}

static void check_codec(enum content_coding coding, struct slice in)
{
	struct slice out;
	struct source *s = NULL;
	struct err err = ERR_INIT;
	enum codec_id id;
	uint8_t *back = malloc(in.len + 1);
	size_t n;

	assert_non_null(back);
	assert_true(compress_body(coding, in, &out));
	assert_int_equal(codec_open(source_from_slice(out), &limits_default, &id, &s, &err), STATUS_OK);
	assert_int_equal(id, coding == CODING_GZIP ? CODEC_gzip : CODEC_zstd);
	assert_int_equal(source_read_full(s, back, in.len, &err), STATUS_OK);
	assert_memory_equal(back, in.ptr, in.len);
	assert_int_equal(source_read(s, back, 1, &n, &err), STATUS_OK);
	assert_int_equal(n, 0);
	source_free(s);
	free(back);
	free((void *)(uintptr_t)out.ptr);
}

/* "deflate" is raw, as Clair's: no zlib header. */
static void check_raw(struct slice in)
{
	struct inflate_state z;
	struct slice out;
	uint8_t *back = malloc(in.len + 1);

	assert_non_null(back);
	assert_true(compress_body(CODING_DEFLATE, in, &out));
	isal_inflate_init(&z);
	z.crc_flag = ISAL_DEFLATE;
	z.next_in = (uint8_t *)(uintptr_t)out.ptr;
	z.avail_in = (uint32_t)out.len;
	z.next_out = back;
	z.avail_out = (uint32_t)in.len + 1;
	assert_int_equal(isal_inflate(&z), ISAL_DECOMP_OK);
	assert_int_equal(z.block_state, ISAL_BLOCK_FINISH);
	assert_int_equal(z.total_out, in.len);
	assert_memory_equal(back, in.ptr, in.len);
	free(back);
	free((void *)(uintptr_t)out.ptr);
}

static void test_sizes(void **state)
{
	static const size_t sizes[] = { 1, 2, 44, 4096, 100000, 3000001 };
	struct slice none;

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(sizes); i++) {
		struct slice in = sample(sizes[i / 2], i % 2);

		check_codec(CODING_GZIP, in);
		check_codec(CODING_ZSTD, in);
		check_raw(in);
		free((void *)(uintptr_t)in.ptr);
	}
	assert_false(compress_body(CODING_IDENTITY, SLICE("x"), &none));
	assert_false(compress_body(CODING_NONE, SLICE("x"), &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sizes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
