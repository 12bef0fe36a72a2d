/* SPDX-License-Identifier: Apache-2.0 */
/* test_source.c - plain sources: what they give, where they end, what they skip, whom they own. */
#include "streams.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static const char text[] = "0123456789abcdef";

static int file_of(struct slice bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
	return fd;
}

static void check_content(struct source *s, size_t step, const char *want)
{
	struct buf got = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	size_t n;

	assert_non_null(s);
	check_status(read_all(s, step, &got, &err), STATUS_OK, &err);
	assert_int_equal(got.len, strlen(want));
	assert_true(slice_eq(buf_slice(&got), slice_cstr(want)));
	/* The end stays the end. */
	n = 99;
	assert_int_equal(source_read(s, (uint8_t *)&(uint64_t){ 0 }, 8, &n, &err), STATUS_OK);
	assert_int_equal(n, 0);
	buf_fini(&got);
	source_free(s);
}

static void test_memory(void **state)
{
	(void)state;
	for (size_t step = 1; step < 20; step++)
		check_content(source_from_slice(slice_cstr(text)), step, text);
	check_content(source_from_slice(SLICE_EMPTY), 4, "");
}

static void test_file(void **state)
{
	int fd = file_of(slice_cstr(text));

	(void)state;
	for (size_t step = 1; step < 20; step++)
		check_content(source_from_fd(fd, 0, UINT64_MAX), step, text);
	check_content(source_from_fd(fd, 4, 6), 4, "456789");
	check_content(source_from_fd(fd, 10, UINT64_MAX), 4, "abcdef");
	check_content(source_from_fd(fd, 0, 0), 4, "");
	check_content(source_from_fd(fd, 16, UINT64_MAX), 4, "");
	check_content(source_from_fd(fd, 999, UINT64_MAX), 4, "");
	/* The place in the file is nobody's: neither used nor moved. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 16);
	close(fd);
}

static void test_file_that_ends_early(void **state)
{
	int fd = file_of(slice_cstr(text));
	struct source *s = source_from_fd(fd, 4, 20);
	struct buf got = BUF_INIT(100);
	struct err err = ERR_INIT;

	(void)state;
	check_status(read_all(s, 5, &got, &err), STATUS_MALFORMED, &err);
	assert_int_equal(err.offset, 12);
	assert_non_null(strstr(err.msg, "8 more bytes"));
	assert_true(slice_eq(buf_slice(&got), SLICE("456789abcdef")));
	source_free(s);
	/* It was long enough when it was opened, and shrank. */
	s = source_from_fd(fd, 0, 16);
	assert_int_equal(ftruncate(fd, 3), 0);
	buf_reset(&got);
	check_status(read_all(s, 2, &got, &err), STATUS_MALFORMED, &err);
	assert_int_equal(got.len, 3);
	source_free(s);
	buf_fini(&got);
	close(fd);
}

static void test_file_that_cannot_be_read(void **state)
{
	struct source *s = source_from_fd(-1, 0, 10);
	struct err err = ERR_INIT, again = ERR_INIT;
	uint8_t b[4];
	size_t n;

	(void)state;
	check_status(source_read(s, b, 4, &n, &err), STATUS_IO, &err);
	assert_int_equal(err.sys_errno, EBADF);
	/* A failure is sticky, whatever is asked. */
	check_status(source_read(s, b, 4, &n, &again), STATUS_IO, &again);
	assert_string_equal(again.msg, err.msg);
	check_status(source_skip(s, 4, &again), STATUS_IO, &again);
	assert_int_equal(source_advance(s, 4), 0);
	assert_int_equal(s->pos, 0);
	source_free(s);
	/* An offset that no file has. */
	s = source_from_fd(0, UINT64_C(1) << 63, 10);
	assert_int_equal(source_read(s, b, 4, &n, &err), STATUS_IO);
	source_free(s);
}

static void test_window(void **state)
{
	struct source *inner = source_from_slice(slice_cstr(text)), *w;
	struct buf got = BUF_INIT(100);
	struct err err = ERR_INIT;
	uint8_t b[4];

	(void)state;
	check_content(source_window(inner, 0), 4, "");
	check_content(source_window(inner, 5), 2, "01234");
	/* Inner is borrowed and stands behind the window. */
	assert_int_equal(inner->pos, 5);
	check_status(source_read_full(inner, b, 1, &err), STATUS_OK, &err);
	assert_int_equal(b[0], '5');
	/* A window in a window. */
	w = source_window(inner, 6);
	check_content(source_window(w, 2), 1, "67");
	check_content(w, 3, "89ab");
	w = source_window(inner, 5);
	check_status(read_all(w, 3, &got, &err), STATUS_MALFORMED, &err);
	assert_int_equal(got.len, 4);
	assert_int_equal(err.offset, 16);
	source_free(w);
	source_free(inner);
	buf_fini(&got);
}

static void test_skip(void **state)
{
	int fd = file_of(slice_cstr(text));
	struct err err = ERR_INIT;
	struct source *made[4], *base;
	_Atomic uint64_t count = 0;

	(void)state;
	base = source_from_slice(slice_cstr(text));
	made[0] = source_from_slice(slice_cstr(text));
	made[1] = source_from_fd(fd, 0, 16);
	made[2] = source_window(base, 16);
	made[3] = source_counted(&piece_source(slice_cstr(text), 3)->base, &count);
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		uint8_t b[2];

		check_status(source_skip(made[i], 0, &err), STATUS_OK, &err);
		assert_int_equal(made[i]->pos, 0);
		check_status(source_skip(made[i], 10, &err), STATUS_OK, &err);
		assert_int_equal(made[i]->pos, 10);
		check_status(source_read_full(made[i], b, 2, &err), STATUS_OK, &err);
		assert_memory_equal(b, "ab", 2);
		check_status(source_skip(made[i], 4, &err), STATUS_OK, &err);
		assert_int_equal(made[i]->pos, 16);
		check_status(source_skip(made[i], 1, &err), STATUS_MALFORMED, &err);
		assert_int_equal(err.offset, 16);
	}
	assert_int_equal(count, 16);
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		source_free(made[i]);
	source_free(base);
	close(fd);
}

static void test_advance(void **state)
{
	int fd = file_of(slice_cstr(text)), ends[2];
	struct source *s = source_from_fd(fd, 2, 30), *inner, *w;
	_Atomic uint64_t count = 0;
	struct err err = ERR_INIT;
	uint8_t b[4];

	(void)state;
	/* Never past the end that the file has, though 30 bytes were promised: the missing ones must be missed. */
	assert_int_equal(source_advance(s, 10), 10);
	assert_int_equal(source_advance(s, 10), 4);
	assert_int_equal(source_advance(s, 10), 0);
	assert_int_equal(s->pos, 14);
	check_status(source_skip(s, 1, &err), STATUS_MALFORMED, &err);
	source_free(s);
	s = source_from_fd(fd, 2, UINT64_MAX);
	assert_int_equal(source_advance(s, UINT64_MAX), 14);
	source_free(s);
	s = source_from_fd(fd, 999, 5);
	assert_int_equal(source_advance(s, 1), 0);
	source_free(s);
	/* A pipe has no places. */
	assert_int_equal(pipe(ends), 0);
	s = source_from_fd(ends[0], 0, 5);
	assert_int_equal(source_advance(s, 1), 0);
	source_free(s);
	close(ends[0]);
	close(ends[1]);
	/* Through a window, as far as it goes, and a counter that counts all the same. */
	inner = source_counted(source_from_slice(slice_cstr(text)), &count);
	w = source_window(inner, 7);
	assert_int_equal(source_advance(w, 5), 5);
	assert_int_equal(source_advance(w, 5), 2);
	assert_int_equal(source_advance(w, 5), 0);
	assert_int_equal(inner->pos, 7);
	assert_int_equal(count, 7);
	check_status(source_read_full(inner, b, 4, &err), STATUS_OK, &err);
	assert_memory_equal(b, "789a", 4);
	assert_int_equal(count, 11);
	source_free(w);
	source_free(inner);
	close(fd);
}

static void test_read_full_and_drain(void **state)
{
	struct source *s = &piece_source(slice_cstr(text), 3)->base;
	struct piece_source *p;
	struct err err = ERR_INIT;
	uint8_t b[16];

	(void)state;
	check_status(source_read_full(s, b, 0, &err), STATUS_OK, &err);
	check_status(source_read_full(s, b, 10, &err), STATUS_OK, &err);
	assert_memory_equal(b, text, 10);
	check_status(source_read_full(s, b, 7, &err), STATUS_MALFORMED, &err);
	assert_int_equal(err.offset, 16);
	source_free(s);
	s = &piece_source(slice_cstr(text), 5)->base;
	check_status(source_drain(s, &err), STATUS_OK, &err);
	assert_int_equal(s->pos, 16);
	source_free(s);
	p = piece_source(slice_cstr(text), 5);
	p->failure = STATUS_REMOTE;
	p->fail_at = 7;
	check_status(source_drain(&p->base, &err), STATUS_REMOTE, &err);
	assert_int_equal(p->base.pos, 7);
	source_free(&p->base);
	source_free(NULL);
}

/* The first read gives bytes, and the failure that belongs behind them. */
static enum status last_words(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	(void)err;
	assert_true(cap >= 2);
	memcpy(buf, "ok", 2);
	*out_n = 2;
	return err_set(&s->failed, STATUS_LIMIT, "no more") == STATUS_LIMIT ? STATUS_OK : STATUS_BUG;
}

static void keep(struct source *s)
{
	(void)s;
}

static void test_bytes_before_a_failure(void **state)
{
	static const struct source_ops ops = { last_words, keep };
	struct source s = { .ops = &ops };
	struct err err = ERR_INIT;
	uint8_t b[8];
	size_t n;

	(void)state;
	check_status(source_read(&s, b, 8, &n, &err), STATUS_OK, &err);
	assert_int_equal(n, 2);
	check_status(source_read(&s, b, 8, &n, &err), STATUS_LIMIT, &err);
	assert_string_equal(err.msg, "no more");
	assert_int_equal(s.pos, 2);
}

static void test_counter_owns_what_it_counts(void **state)
{
	_Atomic uint64_t count = 5;
	bool closed = false;
	struct piece_source *p = piece_source(slice_cstr(text), 3);

	(void)state;
	p->closed = &closed;
	check_content(source_counted(&p->base, &count), 4, text);
	assert_true(closed);
	assert_int_equal(count, 21);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_that_ends_early),
		cmocka_unit_test(test_file_that_cannot_be_read),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_advance),
		cmocka_unit_test(test_read_full_and_drain),
		cmocka_unit_test(test_bytes_before_a_failure),
		cmocka_unit_test(test_counter_owns_what_it_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
