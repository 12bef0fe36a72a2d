/* SPDX-License-Identifier: Apache-2.0 */
/* test_threaded.c - reading ahead gives the same bytes, the same end and the same failure as plain reading. */
#include "streams.h"

#include "io/digest.h"

#include <stdio.h>
#include <unistd.h>

/* More than the ring of four buffers of 256 KiB holds. */
#define BYTES ((size_t)3 << 20)
#define SLOT ((size_t)256 << 10)

static uint8_t *noise;

static int set_up(void **state)
{
	(void)state;
	noise = malloc(BYTES);
	assert_non_null(noise);
	fill_noise(noise, BYTES, 1);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(noise);
	return 0;
}

static void check_same(size_t len, size_t step, size_t read_step, enum status failure)
{
	struct piece_source *p = piece_source(slice_make(noise, len), step);
	struct buf got = BUF_INIT(2 * BYTES);
	struct err err = ERR_INIT;
	struct source *s;
	uint8_t b[1];
	size_t n = 1;

	p->failure = failure;
	p->fail_at = len;
	s = source_threaded(&p->base);
	check_status(read_all(s, read_step, &got, &err), failure, &err);
	assert_true(slice_eq(buf_slice(&got), slice_make(noise, len)));
	check_status(source_read(s, b, 1, &n, &err), failure, &err);
	if (failure == STATUS_OK)
		assert_int_equal(n, 0);
	else
		assert_string_equal(err.msg, "made to fail");
	source_free(s);
	buf_fini(&got);
}

static void test_same_bytes(void **state)
{
	static const size_t lengths[] = { 0, 1, SLOT - 1, SLOT, SLOT + 1, 4 * SLOT - 1, 4 * SLOT, 4 * SLOT + 1, BYTES };
	static const size_t steps[] = { 1000, SLOT, BYTES };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
		for (size_t j = 0; j < ARRAY_LEN(steps); j++)
			for (size_t k = 0; k < ARRAY_LEN(steps); k++)
				check_same(lengths[i], steps[j], steps[k], STATUS_OK);
	check_same(5000, 1, 1, STATUS_OK);
}

static void test_same_failure(void **state)
{
	static const size_t lengths[] = { 0, 1, SLOT, SLOT + 1, 4 * SLOT, BYTES };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		check_same(lengths[i], 70000, 50000, STATUS_MALFORMED);
		check_same(lengths[i], BYTES, BYTES, STATUS_LIMIT);
	}
}

static void test_closed_before_the_end(void **state)
{
	(void)state;
	for (size_t read = 0; read < 3 * SLOT; read += SLOT / 2) {
		bool closed = false;
		struct piece_source *p = piece_source(slice_make(noise, BYTES), 5000);
		struct err err = ERR_INIT;
		struct source *s;

		p->closed = &closed;
		s = source_threaded(&p->base);
		check_status(source_skip(s, read, &err), STATUS_OK, &err);
		source_free(s);
		assert_true(closed);
	}
}

/* As a layer is read: the stored bytes hashed by a job, the stream by a thread, its digest taken on top. */
static void test_with_digests(void **state)
{
	FILE *f = tmpfile();
	struct digest job_digest, stream_digest, want;
	struct err err = ERR_INIT;
	struct digest_job *job;
	struct source *s;

	(void)state;
	assert_non_null(f);
	assert_int_equal(write(fileno(f), noise, BYTES), (ssize_t)BYTES);
	job = digest_job_start(fileno(f), 0, BYTES, DIGEST_SHA256);
	s = digest_source(source_threaded(source_from_fd(fileno(f), 0, BYTES)), DIGEST_SHA256);
	assert_non_null(job);
	assert_non_null(s);
	check_status(source_drain(s, &err), STATUS_OK, &err);
	check_status(digest_source_result(s, &stream_digest, &err), STATUS_OK, &err);
	check_status(digest_job_wait(job, &job_digest, &err), STATUS_OK, &err);
	check_status(digest_of(DIGEST_SHA256, slice_make(noise, BYTES), &want, &err), STATUS_OK, &err);
	assert_true(digest_eq(&stream_digest, &want));
	assert_true(digest_eq(&job_digest, &want));
	source_free(s);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_same_failure),
		cmocka_unit_test(test_closed_before_the_end),
		cmocka_unit_test(test_with_digests),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
