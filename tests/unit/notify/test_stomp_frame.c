/* SPDX-License-Identifier: Apache-2.0 */
/* test_stomp_frame.c - the cases of tests/golden/stomp/, and what the writer says read by the parser. */
#include "messages.h"
#include "io/file.h"
#include "notify/stomp_frame.h"

#include <dirent.h>

static void add_text(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] >= 0x7f || s.ptr[i] == '\\')
			buf_printf(out, "\\x%02x", s.ptr[i]);
		else
			buf_add_byte(out, s.ptr[i]);
}

static void describe(struct slice bytes, enum stomp_version version, struct buf *out)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct stomp_frame f;
	struct err err = ERR_INIT;
	size_t used = 0;

	if (stomp_parse(bytes, version, &arena, &f, &used, &err) != STATUS_OK) {
		buf_printf(out, "%s at %llu: %s\n", status_text(err.code), (unsigned long long)err.offset, err.msg);
		return;
	}
	buf_printf(out, "command %.*s\n", SLICE_ARG(f.command));
	for (size_t i = 0; i < f.n_headers; i++) {
		buf_add_cstr(out, "header ");
		add_text(out, f.headers[i].name);
		buf_add_cstr(out, " = ");
		add_text(out, f.headers[i].value);
		buf_add_cstr(out, "\n");
	}
	if (f.command.len > 0) {
		buf_add_cstr(out, "body ");
		add_text(out, f.body);
		buf_add_cstr(out, "\n");
	}
	buf_printf(out, "used %zu\n", used);
}

static void check_case(const char *name)
{
	struct buf AUTO(buf_fini) frame = BUF_INIT(1 << 20), expect = BUF_INIT(1 << 20), got = BUF_INIT(1 << 20);
	struct slice rest, first;
	struct err err = ERR_INIT;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/frame", GOLDEN, name);
	assert_int_equal(file_read(path, &frame, &err), STATUS_OK);
	snprintf(path, sizeof(path), "%s/%s/expect", GOLDEN, name);
	assert_int_equal(file_read(path, &expect, &err), STATUS_OK);
	buf_add_byte(&expect, '\0');
	rest = buf_slice(&expect);
	assert_true(slice_line(&rest, &first));
	assert_true(slice_starts(first, SLICE("version 1.")));
	describe(buf_slice(&frame), (enum stomp_version)(first.ptr[first.len - 1] - '0'), &got);
	buf_add_byte(&got, '\0');
	if (strcmp((const char *)got.ptr, (const char *)rest.ptr) != 0)
		fail_msg("%s:\n%s", name, (const char *)got.ptr);
}

static void test_golden(void **state)
{
	DIR *d = opendir(GOLDEN);
	size_t n = 0;

	(void)state;
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (e->d_name[0] != '.') {
			check_case(e->d_name);
			n++;
		}
	closedir(d);
	assert_true(n >= 15);
}

static void test_written_is_read(void **state)
{
	static const struct {
		enum stomp_version version;
		const char *value;
		bool good;
	} rows[] = {
		{ STOMP_1_2, "a:b\\c\nd\re", true }, { STOMP_1_1, "a:b\\c\nd", true }, { STOMP_1_1, "a\rb", false },
		{ STOMP_1_0, "a:b\\c", true },	     { STOMP_1_0, "a\nb", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
		struct buf AUTO(buf_fini) out = BUF_INIT(1 << 20);
		struct stomp_writer w;
		struct stomp_frame f;
		struct err err = ERR_INIT;
		size_t used;

		stomp_begin(&w, &out, rows[i].version, "SEND");
		stomp_add(&w, "key", slice_cstr(rows[i].value));
		assert_int_equal(stomp_end(&w, slice_make("a\0b", 3), &err) == STATUS_OK, rows[i].good);
		if (!rows[i].good)
			continue;
		assert_int_equal(stomp_parse(buf_slice(&out), rows[i].version, &arena, &f, &used, &err), STATUS_OK);
		assert_int_equal(used, out.len);
		assert_true(slice_eq(stomp_header_get(&f, "key"), slice_cstr(rows[i].value)));
		assert_true(slice_eq(f.body, slice_make("a\0b", 3)));
	}
}

static void test_too_long(void **state)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	struct buf AUTO(buf_fini) out = BUF_INIT(4 << 20);
	struct stomp_frame f;
	struct err err = ERR_INIT;
	size_t used;

	(void)state;
	buf_add_cstr(&out, "MESSAGE\n\n");
	for (size_t i = 0; i < STOMP_FRAME_BYTES; i++)
		buf_add_byte(&out, 'x');
	assert_int_equal(stomp_parse(buf_slice(&out), STOMP_1_2, &arena, &f, &used, &err), STATUS_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_written_is_read),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
