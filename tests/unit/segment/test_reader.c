/* SPDX-License-Identifier: Apache-2.0 */
/* test_reader.c - look-ups, and what a damaged or cut segment answers: a clear error, never a wild read. */
#include "support.h"

#include <stdio.h>
#include <unistd.h>

static void check_slice(struct slice got, struct slice want)
{
	if (!slice_eq(got, want))
		fail_msg("got \"%.*s\", want \"%.*s\"", SLICE_ARG(got), SLICE_ARG(want));
}

/* Every field, each with another value, so that no two can be exchanged. */
static const struct slice aliases[] = { S("CVE-1"), S("GHSA-1") }, related[] = { S("CVE-2") };
static const struct slice cvss[] = { S("CVSS:3.1/AV:N"), S("CVSS:2.0/x") };
static const struct slice links[] = { S("https://one"), S("https://two") };
static const struct slice versions[] = { S("1.0"), S("1.1"), S("") };
static const struct version_range ranges[] = { { S("a"), S("b"), S("") }, { S("c"), S(""), S("d") } };
static const struct affected full_row = { .scope = S("scope"),
					  .package = S("package"),
					  .name_kind = AFFECTED_NAME_ANY,
					  .status = AFFECTED_UNDECIDED,
					  .scheme = SCHEME_rpm,
					  .ranges = ranges,
					  .n_ranges = 2,
					  .versions = versions,
					  .n_versions = 3,
					  .fixed_version = S("b|e"),
					  .module = S("m:1"),
					  .arch = S("x86_64"),
					  .platforms = S("linux/"),
					  .severity = S("Important") };
static const struct advisory full = { .id = S("ID-1"),
				      .aliases = aliases,
				      .n_aliases = 2,
				      .related = related,
				      .n_related = 1,
				      .summary = S("summary"),
				      .description = S("description"),
				      .severity_text = S("word"),
				      .severity = SEVERITY_CRITICAL,
				      .cvss = cvss,
				      .n_cvss = 2,
				      .links = links,
				      .n_links = 2,
				      .issued_s = 1,
				      .modified_s = 2,
				      .withdrawn_s = DATE_NONE,
				      .affected = &full_row,
				      .n_affected = 1 };

static void test_row_fields(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct segment *s = build(*state, &full, 1);
	struct affected r;
	uint32_t number = 9;

	check(segment_row(s, 0, &arena, &r, &number, &err));
	assert_int_equal(number, 0);
	check_slice(r.scope, SLICE("scope"));
	check_slice(r.package, SLICE("package"));
	assert_int_equal(r.name_kind, AFFECTED_NAME_ANY);
	assert_int_equal(r.status, AFFECTED_UNDECIDED);
	assert_int_equal(r.scheme, SCHEME_rpm);
	assert_int_equal(r.n_ranges, 2);
	check_slice(r.ranges[0].introduced, SLICE("a"));
	check_slice(r.ranges[0].fixed, SLICE("b"));
	check_slice(r.ranges[0].last_affected, SLICE(""));
	check_slice(r.ranges[1].introduced, SLICE("c"));
	check_slice(r.ranges[1].fixed, SLICE(""));
	check_slice(r.ranges[1].last_affected, SLICE("d"));
	assert_int_equal(r.n_versions, 3);
	check_slice(r.versions[1], SLICE("1.1"));
	check_slice(r.fixed_version, SLICE("b|e"));
	check_slice(r.module, SLICE("m:1"));
	check_slice(r.arch, SLICE("x86_64"));
	check_slice(r.platforms, SLICE("linux/"));
	check_slice(r.severity, SLICE("Important"));
	segment_free(s);
	arena_fini(&arena);
}

static void check_full(const struct advisory *a)
{
	check_slice(a->id, SLICE("ID-1"));
	assert_int_equal(a->n_aliases, 2);
	check_slice(a->aliases[1], SLICE("GHSA-1"));
	assert_int_equal(a->n_related, 1);
	check_slice(a->related[0], SLICE("CVE-2"));
	check_slice(a->summary, SLICE("summary"));
	check_slice(a->description, SLICE("description"));
	check_slice(a->severity_text, SLICE("word"));
	assert_int_equal(a->severity, SEVERITY_CRITICAL);
	assert_int_equal(a->n_cvss, 2);
	check_slice(a->cvss[0], SLICE("CVSS:3.1/AV:N"));
	assert_int_equal(a->n_links, 2);
	check_slice(a->links[1], SLICE("https://two"));
	assert_int_equal(a->issued_s, 1);
	assert_int_equal(a->modified_s, 2);
	assert_int_equal(a->withdrawn_s, DATE_NONE);
	assert_int_equal(a->n_affected, 0);
}

static void test_advisory_fields(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct segment_bodies bodies = SEGMENT_BODIES_INIT;
	struct segment *s = build(*state, &full, 1);
	struct advisory a;
	struct slice id;

	check(segment_advisory(s, 0, &arena, &a, &err));
	check_full(&a);
	check(segment_bodies_get(&bodies, s, 0, &a, &err));
	check_full(&a);
	check(segment_bodies_get(&bodies, s, 0, &a, &err));
	check_full(&a);
	check(segment_advisory_id(s, 0, &id, &err));
	check_slice(id, SLICE("ID-1"));
	check_fails(segment_advisory_id(s, 1, &id, &err), STATUS_MALFORMED, "id");
	check_fails(segment_bodies_get(&bodies, s, 1, &a, &err), STATUS_MALFORMED, "id");
	check_fails(segment_advisory(s, UINT32_MAX, &arena, &a, &err), STATUS_MALFORMED, "id");
	segment_bodies_fini(&bodies);
	segment_free(s);
	arena_fini(&arena);
}

/* Bodies of two segments in turn, in any order. */
static void test_bodies(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct segment *two[] = { build(*state, make_advisories(1, 200, &arena), 200),
				  build(*state, make_advisories(2, 200, &arena), 200) };
	struct segment_bodies bodies = SEGMENT_BODIES_INIT;
	uint64_t rng = 1;

	for (size_t i = 0; i < 2000; i++) {
		const struct segment *s = two[dice(&rng, 2)];
		uint32_t number = dice(&rng, (uint32_t)segment_get_stats(s)->advisories);
		struct advisory got, want;

		arena_reset(&arena);
		check(segment_bodies_get(&bodies, s, number, &got, &err));
		check(segment_advisory(s, number, &arena, &want, &err));
		check_slice(got.id, want.id);
		check_slice(got.description, want.description);
		assert_int_equal(got.n_links, want.n_links);
		for (size_t k = 0; k < got.n_links; k++)
			check_slice(got.links[k], want.links[k]);
	}
	segment_bodies_fini(&bodies);
	segment_free(two[0]);
	segment_free(two[1]);
	arena_fini(&arena);
}

/* rows of (scope, package), and that each is of that scope and package */
static uint32_t rows_of(const struct segment *s, const char *scope, const char *package)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct segment_rows rows;

	check(segment_find(s, slice_cstr(scope), slice_cstr(package), &rows, &err));
	for (uint32_t i = 0; i < rows.n; i++) {
		struct affected row;
		uint32_t number;

		check(segment_row(s, rows.first + i, &arena, &row, &number, &err));
		check_slice(row.scope, slice_cstr(scope));
		check_slice(row.package, slice_cstr(package));
	}
	arena_fini(&arena);
	return rows.n;
}

static void test_look_ups(void **state)
{
	static const struct {
		const char *scope, *package;
		uint32_t n;
	} want[] = { { "debian:1", "a", 1 },   { "debian:1", "aa", 2 },	  { "debian:1", "aaa", 3 },
		     { "debian:12", "aa", 1 }, { "debian:12", "a b", 2 }, { "debian:12", "zz", 70 },
		     { "alpine", "A", 1 },     { "alpine", "a", 2 },	  { "alpine", "größe", 3 },
		     { "go", "", 1 },	       { "zeta", "漏洞", 2 },	  { "", "x", 1 } };
	static const char *const absent[][2] = { { "debian:1", "" },	{ "debian:1", "aaaa" },	 { "debian:1", "b" },
						 { "debian:12", "a" },	{ "debian:12", "zzz" },	 { "debian:", "a" },
						 { "debian:123", "a" }, { "debian:1\xff", "a" }, { "alpine", "AA" },
						 { "alpin", "a" },	{ "alpinf", "a" },	 { "zeta", "漏" },
						 { "zzzz", "a" },	{ "Debian:1", "a" },	 { "", "" },
						 { "go", "\x01" },	{ "aaa", "x" } };
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct advisory list[128] = { 0 };
	struct segment *s;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		for (uint32_t k = 0; k < want[i].n; k++) {
			struct affected *row = ARENA_NEW(&arena, struct affected);

			row->scope = slice_cstr(want[i].scope);
			row->package = slice_cstr(want[i].package);
			assert_true(arena_printf(&arena, &list[n].id, "X-%u", k));
			list[n].affected = row;
			list[n].n_affected = 1;
			list[n].issued_s = list[n].modified_s = list[n].withdrawn_s = DATE_NONE;
			n++;
		}
	}
	s = build(*state, list, n);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (rows_of(s, want[i].scope, want[i].package) != want[i].n)
			fail_msg("%s %s: %u rows, want %u", want[i].scope, want[i].package,
				 rows_of(s, want[i].scope, want[i].package), want[i].n);
	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		if (rows_of(s, absent[i][0], absent[i][1]) != 0)
			fail_msg("%s %s was found", absent[i][0], absent[i][1]);
	/* Scopes in byte order. */
	assert_int_equal(segment_get_stats(s)->scopes, 6);
	check_slice(segment_scope(s, 0), SLICE(""));
	check_slice(segment_scope(s, 1), SLICE("alpine"));
	check_slice(segment_scope(s, 2), SLICE("debian:1"));
	check_slice(segment_scope(s, 3), SLICE("debian:12"));
	check_slice(segment_scope(s, 4), SLICE("go"));
	check_slice(segment_scope(s, 5), SLICE("zeta"));
	check_slice(segment_scope(s, 6), SLICE(""));
	check_slice(segment_scope(s, SIZE_MAX), SLICE(""));
	check(segment_verify(s, &err));
	segment_free(s);
	arena_fini(&arena);
}

static void test_scope_rows(void **state)
{
	const struct affected rows[] = { { .scope = S("a"), .package = S("p") },
					 { .scope = S("a"), .package = S("q") },
					 { .scope = S("b"), .package = S("p") } };
	const struct advisory a = { .id = S("X"), .affected = rows, .n_affected = 3, NO_DATES };
	struct segment *s = build(*state, &a, 1);
	struct segment_rows r;
	struct arena arena = ARENA_INIT((size_t)1 << 16);
	struct affected row;
	uint32_t number;

	check(segment_scope_rows(s, SLICE("a"), &r, &err));
	assert_int_equal(r.first, 0);
	assert_int_equal(r.n, 2);
	check(segment_scope_rows(s, SLICE("b"), &r, &err));
	assert_int_equal(r.first, 2);
	assert_int_equal(r.n, 1);
	check(segment_scope_rows(s, SLICE("c"), &r, &err));
	assert_int_equal(r.n, 0);
	check_fails(segment_row(s, 3, &arena, &row, &number, &err), STATUS_MALFORMED, "a row number");
	check_fails(segment_row(s, UINT32_MAX, &arena, &row, &number, &err), STATUS_MALFORMED, "a row number");
	segment_free(s);
	arena_fini(&arena);
}

static void test_aliases(void **state)
{
	const struct slice one[] = { S("GHSA-abcd"), S("CVE-2024-1") },
			   two[] = { S("ghsa-ABCD"), S("GHSA-abcd"), S("X-2") };
	static const struct slice fixes[] = { S("CVE-2024-7"), S("cve-2024-1"), S("CVE-2024-7") };
	const struct advisory list[] = {
		{ .id = S("X-1"), .aliases = one, .n_aliases = 2, .related = fixes, .n_related = 3, NO_DATES },
		{ .id = S("X-2"), .aliases = two, .n_aliases = 3, NO_DATES },
		{ .id = S("X-10"), NO_DATES },
		{ .id = S("x-\xc3\x89"), NO_DATES }
	};
	struct segment *s = build(*state, list, ARRAY_LEN(list));
	static const struct {
		const char *id;
		size_t n;
	} want[] = { { "GHSA-ABCD", 2 },   { "ghsa-abcd", 2 },	{ "gHsA-aBcD", 2 },
		     { "cve-2024-1", 1 },  { "CVE-2024-1", 1 }, { "CVE-2024", 0 },
		     { "CVE-2024-11", 0 }, { "x-1", 1 },	{ "X-10", 1 },
		     { "X-2", 1 },	   { "", 0 },		{ "zzz", 0 },
		     { "A", 0 },	   { "X-\xc3\x89", 1 }, { "x-\xc3\xa9", 0 } };
	uint32_t found[4];
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		check(segment_by_alias(s, slice_cstr(want[i].id), found, 4, &n, &err));
		if (n != want[i].n)
			fail_msg("%s: %zu, want %zu", want[i].id, n, want[i].n);
	}
	/* More than there is room for: counted. */
	found[0] = found[1] = 77;
	check(segment_by_alias(s, SLICE("ghsa-abcd"), found, 1, &n, &err));
	assert_int_equal(n, 2);
	assert_int_equal(found[1], 77);
	check(segment_by_alias(s, SLICE("ghsa-abcd"), NULL, 0, &n, &err));
	assert_int_equal(n, 2);
	check(segment_verify(s, &err));
	segment_free(s);
}

/* ---- many ---- */

#define MANY 100000u

static void test_many_rows(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct segment_writer *w;
	struct segment_stats stats;
	struct digest d;
	struct segment *s;
	uint64_t rng = 3;

	/* Row i: scope i % 7, package i % 9973, so that (scope, package) is met MANY / (7 * 9973) times or once more.
	 */
	check(segment_writer_open(*state, &meta, &limits_default, &w, &err));
	for (uint32_t i = 0; i < MANY; i++) {
		struct affected row = { .scheme = SCHEME_dpkg };
		struct advisory a = { .affected = &row, .n_affected = 1, NO_DATES };

		arena_reset(&arena);
		assert_true(arena_printf(&arena, &a.id, "CVE-%u", i));
		assert_true(arena_printf(&arena, &row.scope, "scope:%u", i % 7));
		assert_true(arena_printf(&arena, &row.package, "package-%u", i % 9973));
		check(segment_writer_add(w, &a, &err));
	}
	check(segment_writer_finish(w, &d, &stats, &err));
	assert_int_equal(stats.rows, MANY);
	assert_int_equal(stats.advisories, MANY);
	assert_int_equal(stats.scopes, 7);
	check(segment_open(*state, &d, &s, &err));
	check(segment_verify(s, &err));
	for (uint32_t k = 0; k < 20000; k++) {
		uint32_t i = dice(&rng, MANY), at, seen = 0;
		char scope[32], package[32], id[32];
		struct segment_rows rows;
		size_t n;

		snprintf(scope, sizeof(scope), "scope:%u", i % 7);
		snprintf(package, sizeof(package), "package-%u", i % 9973);
		snprintf(id, sizeof(id), "cve-%u", i);
		check(segment_find(s, slice_cstr(scope), slice_cstr(package), &rows, &err));
		assert_int_equal(rows.n, (MANY - 1 - i % (7 * 9973)) / (7 * 9973) + 1);
		check(segment_by_alias(s, slice_cstr(id), &at, 1, &n, &err));
		assert_int_equal(n, 1);
		for (uint32_t r = 0; r < rows.n; r++) {
			struct affected row;
			uint32_t number;

			arena_reset(&arena);
			check(segment_row(s, rows.first + r, &arena, &row, &number, &err));
			seen += number == at;
		}
		assert_int_equal(seen, 1);
	}
	segment_free(s);
	arena_fini(&arena);
}

/* ---- damage ---- */

static struct advisory *small(struct arena *arena, size_t *out_n)
{
	static const struct slice ids[] = { S("CVE-2024-1"), S("GHSA-1") };
	static const struct version_range range = { S("1"), S("2"), S("") };
	static const struct affected rows[] = {
		{ .scope = S("debian:12"), .package = S("a"), .scheme = SCHEME_dpkg, .ranges = &range, .n_ranges = 1 },
		{ .scope = S("debian:12"), .package = S("b"), .scheme = SCHEME_dpkg },
		{ .scope = S("go"), .package = S("a"), .versions = ids, .n_versions = 2 }
	};
	struct advisory *list = arena_array(arena, 2, sizeof(*list));

	list[0] = (struct advisory){ .id = S("X-1"),
				     .aliases = ids,
				     .n_aliases = 2,
				     .summary = S("text"),
				     .affected = rows,
				     .n_affected = 3,
				     NO_DATES };
	list[1] = (struct advisory){ .id = S("X-2"), .affected = rows, .n_affected = 1, NO_DATES };
	*out_n = 2;
	return list;
}

/* A copy that lies in memory of exactly its size: AddressSanitizer sees the first byte past it. */
static uint8_t *copy_of(const struct buf *file, size_t len)
{
	uint8_t *p = malloc(len);

	assert_true(p || len == 0);
	if (len)
		memcpy(p, file->ptr, len);
	return p;
}

/* The bytes as a segment: an error, or everything can be read. True if they could be opened. */
static bool try_slice(uint8_t *p, size_t len)
{
	struct segment *s;

	if (segment_open_slice(slice_make(p, len), &s, &err) != STATUS_OK) {
		assert_true(err.msg[0] != '\0');
		return false;
	}
	err.msg[0] = '\0';
	if (segment_verify(s, &err) == STATUS_OK)
		check(read_all(s)); /* what was verified can be read */
	else if (read_all(s) != STATUS_OK)
		assert_true(err.msg[0] != '\0');
	segment_free(s);
	return true;
}

static void test_every_flipped_bit(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf file = BUF_INIT((size_t)1 << 20);
	size_t n, opened = 0;
	struct advisory *list = small(&arena, &n);
	struct digest d;
	struct segment *s;

	segment_free(build_with(*state, list, n, &limits_default, &d));
	read_file(*state, &d, &file);
	for (size_t at = 0; at < file.len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			uint8_t *p = copy_of(&file, file.len);

			p[at] = (uint8_t)(p[at] ^ 1u << bit);
			if (try_slice(p, file.len))
				assert_true(at >= 256); /* the header has a check sum */
			/* And if the header's check sum were right. */
			fix_header(p, file.len);
			opened += try_slice(p, file.len);
			free(p);
		}
		/* By name, nothing escapes. */
		file.ptr[at] ^= 0x10;
		write_file(*state, &d, buf_slice(&file));
		file.ptr[at] ^= 0x10;
		if (segment_open(*state, &d, &s, &err) == STATUS_OK) {
			assert_int_not_equal(segment_verify(s, &err), STATUS_OK);
			assert_int_not_equal(segment_verify_digest(s, &err), STATUS_OK);
			segment_free(s);
		}
	}
	assert_true(opened > file.len); /* most of them got past the header */
	buf_fini(&file);
	arena_fini(&arena);
}

/* Bytes of a larger segment, with the values that break things: 0, 255, and one more or less. */
static void test_many_bytes(void **state)
{
	static const unsigned steps[] = { 1, 255, 128, 0 };
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct buf file = BUF_INIT((size_t)1 << 20);
	struct advisory *list = make_advisories(12, 20, &arena);
	struct digest d;
	uint64_t rng = 5;

	segment_free(build_with(*state, list, 20, &limits_default, &d));
	read_file(*state, &d, &file);
	for (size_t i = 0; i < 1500; i++) {
		/* Half of them in the tables, which lie behind the bodies. */
		size_t at = i % 2 ? 16 + dice(&rng, (uint32_t)file.len - 16) : file.len - 1 - dice(&rng, 3000);
		unsigned step = steps[dice(&rng, ARRAY_LEN(steps))];
		uint8_t *p = copy_of(&file, file.len);

		p[at] = step ? (uint8_t)(p[at] + step) : (uint8_t)(at & 1 ? 255 : 0);
		fix_header(p, file.len);
		try_slice(p, file.len);
		free(p);
	}
	buf_fini(&file);
	arena_fini(&arena);
}

static void test_every_length(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf file = BUF_INIT((size_t)1 << 20);
	size_t n;
	struct advisory *list = small(&arena, &n);
	struct digest d;
	struct segment *s;

	segment_free(build_with(*state, list, n, &limits_default, &d));
	read_file(*state, &d, &file);
	for (size_t len = 0; len < file.len; len++) {
		uint8_t *p = copy_of(&file, len);

		assert_false(try_slice(p, len));
		if (len >= 256) {
			/* The header claims the shorter length: sections lie outside. */
			for (size_t i = 0; i < 8; i++)
				p[16 + i] = (uint8_t)((uint64_t)len >> 8 * i);
			fix_header(p, len);
			assert_false(try_slice(p, len));
		}
		free(p);
		write_file(*state, &d, slice_take(buf_slice(&file), len));
		assert_int_not_equal(segment_open(*state, &d, &s, &err), STATUS_OK);
	}
	/* One byte more. */
	buf_add_byte(&file, 0);
	assert_false(try_slice(file.ptr, file.len));
	buf_fini(&file);
	arena_fini(&arena);
}

static void test_not_a_segment(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf file = BUF_INIT((size_t)1 << 20);
	size_t n;
	struct advisory *list = small(&arena, &n);
	struct digest d, other;
	struct segment *s;

	segment_free(build_with(*state, list, n, &limits_default, &d));
	read_file(*state, &d, &file);
	assert_true(
		digest_parse(SLICE("sha256:0000000000000000000000000000000000000000000000000000000000000000"), &other));
	check_fails(segment_open(*state, &other, &s, &err), STATUS_NOTFOUND, "cannot open");
	write_file(*state, &other, buf_slice(&file));
	check(segment_open(*state, &other, &s, &err));
	check_fails(segment_verify(s, &err), STATUS_MISMATCH, "not what its digest says");
	segment_free(s);
	file.ptr[8] = 3;
	fix_header(file.ptr, file.len);
	check_fails(segment_open_slice(buf_slice(&file), &s, &err), STATUS_UNSUPPORTED,
		    "format version 3 is not known here");
	/* Files of version 1 have no states of fixes; everything else is the same. */
	file.ptr[8] = 1;
	fix_header(file.ptr, file.len);
	check(segment_open_slice(buf_slice(&file), &s, &err));
	segment_free(s);
	file.ptr[0] = 'X';
	check_fails(segment_open_slice(buf_slice(&file), &s, &err), STATUS_MALFORMED, "magic");
	check_fails(segment_open_slice(SLICE_EMPTY, &s, &err), STATUS_MALFORMED, "magic");
	buf_fini(&file);
	arena_fini(&arena);
}

/* Tables that are sound but in the wrong order would make look-ups miss: verify() says so. */
static void test_wrong_order(void **state)
{
	static const struct affected rows[] = { { .scope = S("a"), .package = S("p") },
						{ .scope = S("a"), .package = S("q") },
						{ .scope = S("b"), .package = S("p") } };
	const struct advisory list[] = {
		{ .id = S("X-1"), .summary = S("1"), .affected = rows, .n_affected = 3, NO_DATES },
		{ .id = S("X-2"), .summary = S("2"), .affected = rows, .n_affected = 3, NO_DATES }
	};
	static const struct {
		size_t section, bytes, field; /* exchange this field of the first two entries */
		const char *says;
	} cases[] = { { 2, 12, 0, "scopes" },	    { 3, 8, 0, "packages" },	 { 4, 8, 4, "rows" },
		      { 5, 24, 0, "index of ids" }, { 8, 8, 0, "index of ids" }, { 8, 8, 4, "index of ids" } };
	struct buf file = BUF_INIT((size_t)1 << 20);
	struct digest d;
	struct segment *s;

	segment_free(build_with(*state, list, 2, &limits_default, &d));
	read_file(*state, &d, &file);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t *p = copy_of(&file, file.len), four[4];
		size_t at = 0;

		for (size_t k = 0; k < 8; k++)
			at |= (size_t)p[24 + 16 * cases[i].section + k] << 8 * k;
		at += cases[i].field;
		memcpy(four, p + at, 4);
		memcpy(p + at, p + at + cases[i].bytes, 4);
		memcpy(p + at + cases[i].bytes, four, 4);
		check(segment_open_slice(slice_make(p, file.len), &s, &err));
		check_fails(segment_verify(s, &err), STATUS_MALFORMED, cases[i].says);
		segment_free(s);
		free(p);
	}
	buf_fini(&file);
}

static uint64_t number_at(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t k = 0; k < bytes; k++)
		v |= (uint64_t)p[k] << 8 * k;
	return v;
}

/* Things that no single look-up meets. */
static void test_what_verify_sees(void **state)
{
	static const struct {
		size_t section, at, bytes; /* section 9: the header itself */
		uint64_t value;
		enum status st;
		const char *says;
	} cases[] = {
		{ 5, 16, 8, 0, STATUS_MISMATCH, "not what its check sum says" },
		{ 6, 12, 4, UINT32_MAX, STATUS_MALFORMED, "table of blocks" },
		{ 6, 0, 8, UINT64_MAX, STATUS_MALFORMED, "table of blocks" },
		{ 9, 188, 4, 3, STATUS_MALFORMED, "index of ids" }, /* X-2 is not there */
		{ 9, 188, 4, 0, STATUS_MALFORMED, "index of ids" },
		{ 8, 4, 4, 1, STATUS_MALFORMED, "index of ids" }, /* CVE-2024-1 is said to be X-2's */
		{ 9, 168, 4, 0, STATUS_MALFORMED, "table of scopes" },
		{ 9, 172, 4, 1, STATUS_MALFORMED, "table of scopes" },
		{ 9, 176, 4, 0, STATUS_MALFORMED, "table of scopes" },
		{ 9, 180, 4, 1, STATUS_MALFORMED, "rows" },
	};
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf file = BUF_INIT((size_t)1 << 20);
	size_t n;
	struct advisory *list = small(&arena, &n);
	struct digest d;
	struct segment *s;

	segment_free(build_with(*state, list, n, &limits_default, &d));
	read_file(*state, &d, &file);
	assert_int_equal(number_at(file.ptr + 188, 4), 4); /* CVE-2024-1, GHSA-1, X-1, X-2 */
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t *p = copy_of(&file, file.len);
		size_t at = cases[i].section == 9 ? 0 : (size_t)number_at(p + 24 + 16 * cases[i].section, 8);

		for (size_t k = 0; k < cases[i].bytes; k++)
			p[at + cases[i].at + k] = (uint8_t)(cases[i].value >> 8 * k);
		fix_header(p, file.len);
		check(segment_open_slice(slice_make(p, file.len), &s, &err));
		check_fails(segment_verify(s, &err), cases[i].st, cases[i].says);
		segment_free(s);
		free(p);
	}
	buf_fini(&file);
	arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_row_fields),	 TEST(test_advisory_fields),   TEST(test_bodies),
		TEST(test_look_ups),	 TEST(test_scope_rows),	       TEST(test_aliases),
		TEST(test_many_rows),	 TEST(test_every_flipped_bit), TEST(test_many_bytes),
		TEST(test_every_length), TEST(test_not_a_segment),     TEST(test_what_verify_sees),
		TEST(test_wrong_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
