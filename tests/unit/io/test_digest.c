/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_digest.c - digests as text and as values, on the way of a stream, and by a thread.
 *
 * Vectors: FIPS 180-2, appendix B and C: "abc", the empty message (sha256sum and sha512sum of nothing), a million "a".
 */
#include "io/digest.h"
#include "streams.h"

#include <sys/mman.h>
#include <unistd.h>

#define ABC_256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_512                                                                                                        \
	"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                                             \
	"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
#define EMPTY_256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define EMPTY_512                                                                                                      \
	"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"                                             \
	"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
#define MILLION_256 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void check_digest(const struct digest *d, const char *want)
{
	struct digest_text text;

	assert_string_equal(digest_print(&text, d), want);
}

static void test_vectors(void **state)
{
	static const struct {
		enum digest_algo algo;
		struct slice in;
		const char *want;
	} rows[] = {
		{ DIGEST_SHA256, SLICE_INIT("abc"), "sha256:" ABC_256 },
		{ DIGEST_SHA512, SLICE_INIT("abc"), "sha512:" ABC_512 },
		{ DIGEST_SHA256, SLICE_INIT(""), "sha256:" EMPTY_256 },
		{ DIGEST_SHA512, SLICE_INIT(""), "sha512:" EMPTY_512 },
	};
	struct err err = ERR_INIT;
	struct digest d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check_status(digest_of(rows[i].algo, rows[i].in, &d, &err), STATUS_OK, &err);
		check_digest(&d, rows[i].want);
	}
	check_status(digest_of(DIGEST_SHA256, SLICE_EMPTY, &d, &err), STATUS_OK, &err);
	check_digest(&d, "sha256:" EMPTY_256);
	assert_null(hasher_new(DIGEST_NONE));
	hasher_free(NULL);
}

static void test_text(void **state)
{
	static const struct {
		const char *in;
		const char *want; /* NULL: not a digest */
	} rows[] = {
		{ "sha256:" ABC_256, "sha256:" ABC_256 },
		{ "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "sha256:" ABC_256 },
		{ "sha512:" ABC_512, "sha512:" ABC_512 },
		{ "", NULL },
		{ "sha256:", NULL },
		{ "sha256", NULL },
		{ ABC_256, NULL },
		{ "SHA256:" ABC_256, NULL },
		{ "sha256-" ABC_256, NULL },
		{ "sha256:" ABC_256 "0", NULL },
		{ "sha256:" ABC_256 "\n", NULL },
		{ " sha256:" ABC_256, NULL },
		{ "sha256:" ABC_512, NULL },
		{ "sha512:" ABC_256, NULL },
		{ "sha1:a9993e364706816aba3e25717850c26c9cd0d89d", NULL },
		{ "md5:900150983cd24fb0d6963f7d28e17f72", NULL },
		{ "sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", NULL },
		{ "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a", NULL },
		{ "sha256:../../../../../../../../../../../../../../../../../../etc/passwd1", NULL },
	};
	struct digest d, none = { 0 };
	struct digest_text text;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct digest before;

		memset(&d, 0x55, sizeof(d));
		before = d;
		if (digest_parse(slice_cstr(rows[i].in), &d) != (rows[i].want != NULL))
			fail_msg("%s", rows[i].in);
		if (rows[i].want)
			check_digest(&d, rows[i].want);
		else
			assert_memory_equal(&d, &before, sizeof(d));
	}
	/* A NUL inside is no end. */
	assert_false(digest_parse(SLICE("sha256:" ABC_256 "\0"), &d));
	assert_string_equal(digest_print(&text, &none), "");
}

static void test_equality(void **state)
{
	struct digest a, b, none = { 0 }, other_none = { 0 };

	(void)state;
	assert_true(digest_parse(SLICE("sha256:" ABC_256), &a));
	b = a;
	assert_true(digest_eq(&a, &b));
	b.bytes[31] ^= 1;
	assert_false(digest_eq(&a, &b));
	/* The first 32 bytes of a longer one do not make it equal. */
	b = a;
	b.algo = DIGEST_SHA512;
	assert_false(digest_eq(&a, &b));
	assert_true(digest_eq(&none, &other_none));
	assert_false(digest_eq(&a, &none));
}

static void test_stream(void **state)
{
	static const size_t steps[] = { 1, 7, 64, 4096, 1000000 };
	uint8_t *million = malloc(1000000);

	(void)state;
	assert_non_null(million);
	memset(million, 'a', 1000000);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		bool closed = false;
		struct piece_source *p = piece_source(slice_make(million, 1000000), steps[i]);
		struct source *s = digest_source(&p->base, DIGEST_SHA256);
		struct err err = ERR_INIT;
		struct digest d;

		p->closed = &closed;
		assert_non_null(s);
		/* Nothing may go past the hash. */
		assert_int_equal(source_advance(s, 10), 0);
		check_status(source_skip(s, 999999, &err), STATUS_OK, &err);
		check_status(digest_source_result(s, &d, &err), STATUS_BUG, &err);
		check_status(source_skip(s, 1, &err), STATUS_OK, &err);
		/* All bytes, but the end has not been seen. */
		check_status(digest_source_result(s, &d, &err), STATUS_BUG, &err);
		check_status(source_drain(s, &err), STATUS_OK, &err);
		check_status(digest_source_result(s, &d, &err), STATUS_OK, &err);
		check_digest(&d, "sha256:" MILLION_256);
		source_free(s);
		assert_true(closed);
	}
	free(million);
}

static void test_stream_that_fails(void **state)
{
	struct piece_source *p = piece_source(SLICE("abcdef"), 2);
	struct source *s;
	struct err err = ERR_INIT;
	struct digest d;

	(void)state;
	p->failure = STATUS_MALFORMED;
	p->fail_at = 3;
	s = digest_source(&p->base, DIGEST_SHA256);
	check_status(source_drain(s, &err), STATUS_MALFORMED, &err);
	check_status(digest_source_result(s, &d, &err), STATUS_BUG, &err);
	source_free(s);
	/* An unknown algorithm: what was handed over is freed. */
	assert_null(digest_source(&piece_source(SLICE("x"), 1)->base, DIGEST_NONE));
}

static void test_job(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct err err = ERR_INIT;
	struct digest_job *job;
	struct digest d;

	(void)state;
	assert_int_equal(write(fd, "..abc..", 7), 7);
	job = digest_job_start(fd, 2, 3, DIGEST_SHA256);
	check_status(digest_job_wait(job, &d, &err), STATUS_OK, &err);
	check_digest(&d, "sha256:" ABC_256);
	job = digest_job_start(fd, 2, 3, DIGEST_SHA512);
	check_status(digest_job_wait(job, &d, &err), STATUS_OK, &err);
	check_digest(&d, "sha512:" ABC_512);
	job = digest_job_start(fd, 7, 0, DIGEST_SHA256);
	check_status(digest_job_wait(job, &d, &err), STATUS_OK, &err);
	check_digest(&d, "sha256:" EMPTY_256);
	job = digest_job_start(fd, 2, 6, DIGEST_SHA256);
	check_status(digest_job_wait(job, &d, &err), STATUS_MALFORMED, &err);
	job = digest_job_start(-1, 0, 6, DIGEST_SHA256);
	check_status(digest_job_wait(job, &d, &err), STATUS_IO, &err);
	assert_null(digest_job_start(fd, 0, 1, DIGEST_NONE));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),		  cmocka_unit_test(test_text),
		cmocka_unit_test(test_equality),	  cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_that_fails), cmocka_unit_test(test_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
