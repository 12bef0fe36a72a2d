/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_tar.c - walking archives: what make-archives made by hand, by Python's tarfile and by tar and bsdtar.
 *
 * usage: test_tar FILE
 */
#include "io/file.h"
#include "io/tar.h"
#include "archives.h"

#include <lzma.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *archives_file;

/* How a walk reads. */
struct reading {
	const char *what;
	size_t inner_step;  /* 0: a file, which can be advanced over */
	size_t body_step;   /* 0: bodies are not read */
	uint64_t body_part; /* of each body, at most; the rest is left */
};

struct seen {
	const struct archive_record *record;
	const struct reading *how;
	struct buf lines;
	size_t diags, entries;
	size_t stop_after;
	struct buf body;
};

static char letter(enum tar_type t)
{
	static const char letters[] = { [TAR_FILE] = 'f', [TAR_DIR] = 'd',   [TAR_SYMLINK] = 'l', [TAR_HARDLINK] = 'h',
					[TAR_CHAR] = 'c', [TAR_BLOCK] = 'b', [TAR_FIFO] = 'p',	  [TAR_OTHER] = '?' };

	return letters[t];
}

static void check_path(struct slice path)
{
	struct slice part, rest = path;

	if (path.len == 0)
		return;
	do {
		bool more = slice_cut(rest, '/', &part, &rest);

		assert_true(part.len > 0 && !slice_eq(part, SLICE(".")) && !slice_eq(part, SLICE("..")));
		if (!more)
			return;
	} while (true);
}

static enum status read_body(struct seen *s, const struct tar_entry *e, struct source *body, struct err *err)
{
	uint64_t part = MIN(e->size, s->how->body_part);
	enum status st;
	size_t n = 1;

	buf_reset(&s->body);
	while (n > 0 && s->body.len < part) {
		uint8_t *room = buf_reserve(&s->body, s->how->body_step);

		assert_non_null(room);
		st = source_read(body, room, (size_t)MIN(s->how->body_step, part - s->body.len), &n, err);
		if (st != STATUS_OK)
			return st;
		s->body.len += n;
	}
	if (part == e->size) {
		uint8_t more;

		/* Exactly its size. */
		assert_int_equal(s->body.len, e->size);
		st = source_read(body, &more, 1, &n, err);
		if (st != STATUS_OK)
			return st;
		assert_int_equal(n, 0);
	}
	return STATUS_OK;
}

static enum status visit(void *ctx, const struct tar_entry *e, struct source *body, struct err *err)
{
	struct seen *s = ctx;
	enum status st = STATUS_OK;
	uint32_t crc = 0;

	if (s->entries == s->stop_after)
		return err_set(err, STATUS_CANCELLED, "enough");
	s->entries++;
	check_path(e->path);
	if (e->type == TAR_HARDLINK)
		check_path(e->link);
	assert_true((body != NULL) == (e->size > 0));
	assert_true(e->type == TAR_FILE || (e->size == 0 && !e->sparse));
	buf_reset(&s->body);
	if (body && s->how->body_step)
		st = read_body(s, e, body, err);
	crc = lzma_crc32(s->body.ptr, s->body.len, 0);
	archive_line(&s->lines, letter(e->type), e->mode, e->size, crc, e->sparse, e->path, e->link);
	if (st == STATUS_OK && !e->sparse && s->body.len > 0)
		assert_true(slice_starts(slice_from(s->record->stored, (size_t)e->offset), buf_slice(&s->body)));
	return st;
}

static void count_diag(void *ctx, const struct diag *d)
{
	assert_true(d->text.len > 0 && d->offset != ERR_NO_OFFSET);
	++*(size_t *)ctx;
}

static enum status walk(struct seen *s, struct slice stored, struct err *err)
{
	struct diag_sink sink = { count_diag, &s->diags };
	struct source *src;
	enum status st;
	int fd = -1;

	buf_reset(&s->lines);
	s->diags = s->entries = 0;
	*err = (struct err)ERR_INIT;
	if (s->how->inner_step) {
		src = &piece_source(stored, s->how->inner_step)->base;
	} else {
		fd = memfd_create("test", MFD_CLOEXEC);
		assert_int_equal(write(fd, stored.ptr, stored.len), (ssize_t)stored.len);
		src = source_from_fd(fd, 0, UINT64_MAX);
	}
	st = tar_walk(src, &limits_default, visit, s, &sink, err);
	if (st == STATUS_OK && s->stop_after == SIZE_MAX)
		assert_int_equal(src->pos, stored.len);
	source_free(src);
	if (fd >= 0)
		close(fd);
	return st;
}

static enum status status_of(struct slice name)
{
	return slice_eq(name, SLICE("OK"))	    ? STATUS_OK
	       : slice_eq(name, SLICE("MALFORMED")) ? STATUS_MALFORMED
	       : slice_eq(name, SLICE("LIMIT"))	    ? STATUS_LIMIT
						    : STATUS_BUG;
}

static const struct reading readings[] = {
	{ "in pieces", 7001, 65536, UINT64_MAX },
	{ "by bytes", 1, 3, UINT64_MAX },
	{ "by blocks", 512, 513, UINT64_MAX },
	{ "from a file", 0, 200000, UINT64_MAX },
	{ "only names", 4096, 0, 0 },
	{ "only names, from a file", 0, 0, 0 },
	{ "beginnings", 100000, 100, 10 },
	{ "beginnings, from a file", 0, 100, 10 },
};

static void check_record(const struct archive_record *r, const struct reading *how, struct seen *s)
{
	bool whole = how->body_part == UINT64_MAX;
	enum status want = status_of(r->status), st;
	struct err err;

	if (archive_flag(r, 's') && whole)
		return;
	s->record = r;
	s->how = how;
	s->stop_after = SIZE_MAX;
	st = walk(s, r->stored, &err);
	if (st != want || (want != STATUS_OK && r->offset != UINT64_MAX && err.offset != r->offset))
		fail_msg("%.*s, %s: %s at %lld, not %.*s at %lld: %s", SLICE_ARG(r->name), how->what, status_text(st),
			 (long long)err.offset, SLICE_ARG(r->status), (long long)r->offset, err.msg);
	if (st != STATUS_OK && err.offset > r->stored.len)
		fail_msg("%.*s: the failure is at %llu", SLICE_ARG(r->name), (unsigned long long)err.offset);
	if (s->diags != r->diags)
		fail_msg("%.*s, %s: %zu diagnostics, not %zu", SLICE_ARG(r->name), how->what, s->diags, r->diags);
	if (s->entries != r->entries)
		fail_msg("%.*s, %s: %zu entries, not %zu", SLICE_ARG(r->name), how->what, s->entries, r->entries);
	if (whole)
		archive_check_lines(r, &s->lines, how->what);
}

static void seen_init(struct seen *s)
{
	*s = (struct seen){ .lines = BUF_INIT(1 << 24), .body = BUF_INIT(1 << 24), .stop_after = SIZE_MAX };
}

static void seen_fini(struct seen *s)
{
	buf_fini(&s->lines);
	buf_fini(&s->body);
}

static void test_archives(void **state)
{
	struct archive_record r = { 0 };
	struct err err = ERR_INIT;
	struct file_map map;
	struct slice rest;
	struct seen s;
	size_t n = 0;

	(void)state;
	seen_init(&s);
	check_status(file_map_open(archives_file, &map, &err), STATUS_OK, &err);
	rest = map.bytes;
	while (archive_next(&rest, &r)) {
		for (size_t i = 0; i < ARRAY_LEN(readings); i++)
			check_record(&r, &readings[i], &s);
		n++;
	}
	assert_true(n > 290);
	file_map_close(&map);
	seen_fini(&s);
}

/* Where an archive may be cut and still be one: before a first header, after a zero block, anywhere after two. */
static void check_cuts(const struct archive_record *r, struct seen *s)
{
	struct err err;
	size_t good = 0;

	s->record = r;
	s->how = &readings[0];
	s->stop_after = SIZE_MAX;
	for (size_t cut = 0; cut < r->stored.len; cut++) {
		enum status st = walk(s, slice_take(r->stored, cut), &err);

		if (st != STATUS_OK && (st != STATUS_MALFORMED || err.offset > cut))
			fail_msg("%.*s cut at %zu: %s at %llu: %s", SLICE_ARG(r->name), cut, status_text(st),
				 (unsigned long long)err.offset, err.msg);
		if (st == STATUS_OK && cut % 512 != 0)
			fail_msg("%.*s cut at %zu is taken for whole", SLICE_ARG(r->name), cut);
		good += st == STATUS_OK;
		/* What came before stands: the lines are the first ones of the whole; a body may have been cut. */
		if (st == STATUS_OK && !slice_starts(r->lines, buf_slice(&s->lines)))
			fail_msg("%.*s cut at %zu: other entries", SLICE_ARG(r->name), cut);
	}
	/* Before each entry, at the end of the last one, and after one zero block. A global header is one more place.
	 */
	if (good < r->entries + 2 || good > r->entries + 3)
		fail_msg("%.*s: %zu cuts are good, of %zu entries", SLICE_ARG(r->name), good, r->entries);
}

/* A flipped bit of a header is found; one of a body is not the archive's business, and padding is nobody's. */
static void check_flips(const struct archive_record *r, struct seen *s)
{
	uint8_t *copy = malloc(r->stored.len);
	struct slice flipped;
	struct err err;

	assert_non_null(copy);
	memcpy(copy, r->stored.ptr, r->stored.len);
	flipped = slice_make(copy, r->stored.len);
	s->how = &readings[4];
	for (size_t bit = 0; bit < 8 * 512; bit++) {
		enum status st;
		bool in_sum = bit / 8 >= 148 && bit / 8 < 156;

		copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ 1U << bit % 8);
		st = walk(s, flipped, &err);
		if (st != STATUS_MALFORMED && !(in_sum && st == STATUS_OK && s->entries == r->entries))
			fail_msg("%.*s: bit %zu: %s, %zu entries", SLICE_ARG(r->name), bit, status_text(st),
				 s->entries);
		copy[bit / 8] = (uint8_t)(copy[bit / 8] ^ 1U << bit % 8);
	}
	free(copy);
}

static void test_cut_and_flipped(void **state)
{
	struct archive_record r = { 0 };
	struct err err = ERR_INIT;
	struct file_map map;
	struct slice rest;
	struct seen s;
	size_t n = 0;

	(void)state;
	seen_init(&s);
	check_status(file_map_open(archives_file, &map, &err), STATUS_OK, &err);
	rest = map.bytes;
	while (archive_next(&rest, &r)) {
		if (archive_flag(&r, 'c')) {
			check_cuts(&r, &s);
			check_flips(&r, &s);
			n++;
		}
	}
	assert_true(n >= 7);
	file_map_close(&map);
	seen_fini(&s);
}

static bool find_record(const struct file_map *map, const char *name, struct archive_record *r)
{
	struct slice rest = map->bytes;

	while (archive_next(&rest, r))
		if (slice_eq(r->name, slice_cstr(name)))
			return true;
	return false;
}

static void test_limits(void **state)
{
	struct archive_record r;
	struct diag_sink none = { 0 };
	struct limits limits = limits_default;
	struct err err = ERR_INIT;
	struct file_map map;
	struct seen s;

	(void)state;
	seen_init(&s);
	check_status(file_map_open(archives_file, &map, &err), STATUS_OK, &err);
	assert_true(find_record(&map, "many", &r));
	s.record = &r;
	for (limits.layer_entries = 2998; limits.layer_entries < 3002; limits.layer_entries++) {
		struct source *src = source_from_slice(r.stored);

		s.how = &readings[4];
		s.entries = 0;
		check_status(tar_walk(src, &limits, visit, &s, &none, &err),
			     limits.layer_entries < 3000 ? STATUS_LIMIT : STATUS_OK, &err);
		assert_int_equal(s.entries, MIN(limits.layer_entries, 3000));
		source_free(src);
	}
	/* Zeros of holes count as unpacked bytes when they are read, and only then. */
	assert_true(find_record(&map, "sparse-0.1-begin", &r));
	for (limits.layer_bytes = 9000 - 612 - 1; limits.layer_bytes <= 9000 - 612; limits.layer_bytes++) {
		for (size_t i = 0; i < 5; i += 4) {
			struct source *src = source_from_slice(r.stored);
			bool enough = limits.layer_bytes == 9000 - 612;

			s.how = &readings[i];
			s.record = &r;
			check_status(tar_walk(src, &limits, visit, &s, &none, &err),
				     enough || i == 4 ? STATUS_OK : STATUS_LIMIT, &err);
			source_free(src);
		}
	}
	file_map_close(&map);
	seen_fini(&s);
}

static enum status fail_visit(void *ctx, const struct tar_entry *e, struct source *body, struct err *err)
{
	(void)ctx, (void)e, (void)body;
	return err_at(err, STATUS_REMOTE, 77, "of the visitor");
}

static void test_who_stops(void **state)
{
	struct archive_record r;
	struct diag_sink none = { 0 };
	struct err err = ERR_INIT;
	struct source *src;
	struct file_map map;
	struct seen s;

	(void)state;
	seen_init(&s);
	check_status(file_map_open(archives_file, &map, &err), STATUS_OK, &err);
	assert_true(find_record(&map, "many", &r));
	s.record = &r;
	s.how = &readings[0];
	for (s.stop_after = 0; s.stop_after < 3; s.stop_after++) {
		check_status(walk(&s, r.stored, &err), STATUS_OK, &err);
		assert_int_equal(s.entries, s.stop_after);
	}
	src = source_from_slice(r.stored);
	check_status(tar_walk(src, &limits_default, fail_visit, NULL, &none, &err), STATUS_REMOTE, &err);
	assert_int_equal(err.offset, 77);
	source_free(src);
	/* A failure of the source comes out as it is: in a header, in a body that is read or skipped, after the end. */
	for (size_t at = 0; at < r.stored.len; at += 30011) {
		struct piece_source *p = piece_source(r.stored, 1000);

		p->failure = STATUS_TIMEOUT;
		p->fail_at = at;
		s.how = &readings[at % 2 ? 0 : 4];
		s.stop_after = SIZE_MAX;
		check_status(tar_walk(&p->base, &limits_default, visit, &s, &none, &err), STATUS_TIMEOUT, &err);
		source_free(&p->base);
	}
	file_map_close(&map);
	seen_fini(&s);
}

/* What follows the end is no reason to read for hours: a disk image that begins with zeros, a file that is a hole. */
static void test_hole(void **state)
{
	int fd = memfd_create("hole", MFD_CLOEXEC);
	struct seen s = { .how = &readings[0], .stop_after = SIZE_MAX };
	struct diag_sink none = { NULL, NULL };
	struct err err = ERR_INIT;
	struct source *src;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)1 << 60), 0);
	src = source_from_fd(fd, 0, UINT64_MAX);
	check_status(tar_walk(src, &limits_default, visit, &s, &none, &err), STATUS_OK, &err);
	assert_int_equal(s.entries, 0);
	assert_int_equal(src->pos, UINT64_C(1) << 60);
	source_free(src);
	close(fd);
	seen_fini(&s);
}

static void test_claims(void **state)
{
	struct archive_record r;
	struct err err = ERR_INIT;
	struct file_map map;
	uint8_t zeros[512] = { 0 };

	(void)state;
	check_status(file_map_open(archives_file, &map, &err), STATUS_OK, &err);
	assert_true(find_record(&map, "ustar", &r));
	assert_true(tar_claims(slice_take(r.stored, 512)));
	assert_true(tar_claims(r.stored));
	assert_false(tar_claims(slice_take(r.stored, 511)));
	assert_false(tar_claims(slice_from(r.stored, 1)));
	assert_true(find_record(&map, "checksum-signed", &r));
	assert_true(tar_claims(r.stored));
	assert_true(find_record(&map, "noise", &r));
	assert_false(tar_claims(r.stored));
	assert_true(tar_claims(slice_make(zeros, 512)));
	assert_false(tar_claims(slice_make(zeros, 511)));
	assert_false(tar_claims(SLICE_EMPTY));
	file_map_close(&map);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_archives),  cmocka_unit_test(test_cut_and_flipped), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_who_stops), cmocka_unit_test(test_claims),
		cmocka_unit_test(test_hole),
	};

	if (argc != 2)
		return 2;
	archives_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
