/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_zip.c - members of zip archives that make-zips made by Python's zipfile and by hand.
 *
 * usage: test_zip FILE
 */
#include "io/file.h"
#include "io/zip.h"
#include "streams.h"

#include <lzma.h>

static const char *zips_file;

struct record {
	struct slice name, flags, stored, lines;
	enum status status;
	size_t members;
};

static uint64_t number(struct slice *line)
{
	struct slice word;
	uint64_t n = 0;

	assert_true(slice_word(line, ' ', &word) && slice_to_u64(word, &n));
	return n;
}

static enum status status_of(struct slice *line)
{
	struct slice word;

	assert_true(slice_word(line, ' ', &word));
	return slice_eq(word, SLICE("OK"))	      ? STATUS_OK
	       : slice_eq(word, SLICE("MALFORMED"))   ? STATUS_MALFORMED
	       : slice_eq(word, SLICE("UNSUPPORTED")) ? STATUS_UNSUPPORTED
						      : STATUS_BUG;
}

static bool next_record(struct slice *rest, struct record *r)
{
	struct slice line, at;
	size_t stored;

	if (!slice_line(rest, &line))
		return false;
	assert_true(slice_word(&line, ' ', &r->name));
	r->status = status_of(&line);
	assert_true(slice_word(&line, ' ', &r->flags));
	stored = (size_t)number(&line);
	r->members = (size_t)number(&line);
	r->stored = slice_take(*rest, stored);
	*rest = at = slice_from(*rest, stored);
	for (size_t i = 0; i < r->members; i++)
		assert_true(slice_line(rest, &line));
	r->lines = slice_take(at, at.len - rest->len);
	return true;
}

static void check_member(const struct record *r, struct zip_archive *z, uint64_t index, struct slice line,
			 struct buf *out)
{
	enum status want = status_of(&line), st;
	uint64_t size = number(&line), crc = number(&line), directory = number(&line);
	struct err err = ERR_INIT;
	struct zip_member m;

	check_status(zip_member_at(z, index, &m, &err), STATUS_OK, &err);
	if (m.index != index || m.size != size || m.directory != directory)
		fail_msg("%.*s, member %llu: size %llu", SLICE_ARG(r->name), (unsigned long long)index,
			 (unsigned long long)m.size);
	assert_int_equal(2 * m.name.len, line.len);
	for (size_t i = 0; i < m.name.len; i++)
		assert_int_equal(m.name.ptr[i], hex_value(line.ptr[2 * i]) << 4 | hex_value(line.ptr[2 * i + 1]));
	buf_reset(out);
	st = zip_read(z, index, out, &err);
	if (st != want || (st == STATUS_OK && (out->len != size || lzma_crc32(out->ptr, out->len, 0) != crc)))
		fail_msg("%.*s, member %llu: %s, %zu bytes: %s", SLICE_ARG(r->name), (unsigned long long)index,
			 status_text(st), out->len, err.msg);
	/* Never more than declared. */
	if (out->len > size)
		fail_msg("%.*s, member %llu: %zu bytes, %llu declared", SLICE_ARG(r->name), (unsigned long long)index,
			 out->len, (unsigned long long)size);
}

/* As many members as the archive has may be read, and not one less. */
static void check_members(const struct record *r)
{
	struct limits limits = limits_default;
	struct zip_archive *z = NULL;
	struct err err = ERR_INIT;

	limits.zip_members = r->members;
	check_status(zip_open_slice(r->stored, &limits, &z, &err), STATUS_OK, &err);
	zip_close_archive(z);
	if (r->members == 0)
		return;
	limits.zip_members--;
	check_status(zip_open_slice(r->stored, &limits, &z, &err), STATUS_LIMIT, &err);
	assert_non_null(strstr(err.msg, "(limits.zip_members)"));
}

static void check_record(const struct record *r, struct buf *out)
{
	struct zip_archive *z = NULL;
	struct err err = ERR_INIT;
	enum status st = zip_open_slice(r->stored, &limits_default, &z, &err);
	struct slice lines = r->lines, line;
	struct zip_member m;

	if (st != r->status)
		fail_msg("%.*s: %s, not %s: %s", SLICE_ARG(r->name), status_text(st), status_text(r->status), err.msg);
	if (st != STATUS_OK) {
		assert_null(z);
		assert_true(err.code == st && strlen(err.msg) > 5);
		return;
	}
	assert_int_equal(zip_count(z), r->members);
	for (uint64_t i = 0; slice_line(&lines, &line); i++)
		check_member(r, z, i, line, out);
	check_status(zip_member_at(z, r->members, &m, &err), STATUS_MALFORMED, &err);
	assert_int_not_equal(zip_read(z, r->members, out, &err), STATUS_OK);
	zip_close_archive(z);
	check_members(r);
}

/* Any beginning of it is no archive, or one that gives nothing. */
static void check_cuts(const struct record *r)
{
	for (size_t cut = 0; cut < r->stored.len; cut++) {
		struct zip_archive *z = NULL;
		struct err err = ERR_INIT;
		uint8_t *copy = malloc(cut);
		enum status st;

		assert_true(copy || cut == 0);
		memcpy(copy, r->stored.ptr, cut);
		st = zip_open_slice(slice_make(copy, cut), &limits_default, &z, &err);
		if (st != STATUS_MALFORMED)
			fail_msg("%.*s cut at %zu: %s", SLICE_ARG(r->name), cut, status_text(st));
		free(copy);
	}
}

static void test_archives(void **state)
{
	struct buf out = BUF_INIT(1 << 24);
	struct err err = ERR_INIT;
	struct record r = { 0 };
	struct file_map map;
	struct slice rest;
	size_t n = 0;

	(void)state;
	check_status(file_map_open(zips_file, &map, &err), STATUS_OK, &err);
	rest = map.bytes;
	while (next_record(&rest, &r)) {
		check_record(&r, &out);
		if (slice_eq(r.flags, SLICE("c")))
			check_cuts(&r);
		n++;
	}
	assert_true(n > 30);
	file_map_close(&map);
	buf_fini(&out);
}

static bool find_record(const struct file_map *map, const char *name, struct record *r)
{
	struct slice rest = map->bytes;

	while (next_record(&rest, r))
		if (slice_eq(r->name, slice_cstr(name)))
			return true;
	return false;
}

/* Whatever bit is flipped: an error, or members with the bytes that their check sums say. */
static void test_flipped(void **state)
{
	static const char text[] = "the quick brown fox; ";
	struct buf out = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	struct file_map map;
	struct record r;
	uint8_t *copy;
	size_t opened = 0;

	(void)state;
	check_status(file_map_open(zips_file, &map, &err), STATUS_OK, &err);
	assert_true(find_record(&map, "stored", &r));
	copy = malloc(r.stored.len);
	assert_non_null(copy);
	memcpy(copy, r.stored.ptr, r.stored.len);
	for (size_t bit = 0; bit < 8 * r.stored.len; bit++) {
		struct zip_archive *z = NULL;

		copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ 1U << bit % 8);
		if (zip_open_slice(slice_make(copy, r.stored.len), &limits_default, &z, &err) == STATUS_OK) {
			opened++;
			buf_reset(&out);
			if (zip_count(z) > 0 && zip_read(z, 0, &out, &err) == STATUS_OK)
				for (size_t i = 0; i < out.len; i++)
					if (out.ptr[i] != (uint8_t)text[i % (sizeof(text) - 1)])
						fail_msg("bit %zu: other bytes", bit);
			zip_close_archive(z);
		}
		copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ 1U << bit % 8);
	}
	assert_true(opened > 0);
	free(copy);
	file_map_close(&map);
	buf_fini(&out);
}

static void test_cap(void **state)
{
	struct buf out = BUF_INIT(2999999);
	struct zip_archive *z = NULL;
	struct err err = ERR_INIT;
	struct file_map map;
	struct record r;

	(void)state;
	check_status(file_map_open(zips_file, &map, &err), STATUS_OK, &err);
	assert_true(find_record(&map, "large", &r));
	check_status(zip_open_slice(r.stored, &limits_default, &z, &err), STATUS_OK, &err);
	check_status(zip_read(z, 0, &out, &err), STATUS_LIMIT, &err);
	buf_reset(&out);
	/* The other members are still there; what is appended counts. */
	check_status(zip_read(z, 1, &out, &err), STATUS_OK, &err);
	assert_int_equal(out.len, 76800);
	check_status(zip_read(z, 1, &out, &err), STATUS_OK, &err);
	assert_int_equal(out.len, 2 * 76800);
	zip_close_archive(z);
	zip_close_archive(NULL);
	file_map_close(&map);
	buf_fini(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_archives), cmocka_unit_test(test_flipped),
					    cmocka_unit_test(test_cap) };

	if (argc != 2)
		return 2;
	zips_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
