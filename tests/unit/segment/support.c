/* SPDX-License-Identifier: Apache-2.0 */
/* support.c - a folder, made-up advisories, and a segment's records as lines. */
#include "support.h"

#include "io/file.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

struct err err = ERR_INIT;
const struct segment_meta meta = { S("test-updater"), S("test"), S("https://example.org/x"), 1700000000 };

void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("%s: %s", status_text(st), err.msg);
}

void check_fails(enum status st, enum status want, const char *text)
{
	if (st != want || !strstr(err.msg, text))
		fail_msg("got %s \"%s\", want %s \"%s\"", status_text(st), st == STATUS_OK ? "" : err.msg,
			 status_text(want), text);
}

int folder_make(void **state)
{
	char *dir = strdup("/tmp/limpid-segment-XXXXXX");

	*state = dir;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int folder_remove(void **state)
{
	nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

size_t folder_count(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

struct segment *build_with(const char *dir, const struct advisory *list, size_t n, const struct limits *limits,
			   struct digest *out)
{
	struct segment_writer *w;
	struct segment_stats stats;
	struct segment *s;

	check(segment_writer_open(dir, &meta, limits, &w, &err));
	for (size_t i = 0; i < n; i++)
		check(segment_writer_add(w, &list[i], &err));
	check(segment_writer_finish(w, out, &stats, &err));
	check(segment_open(dir, out, &s, &err));
	assert_memory_equal(&stats, segment_get_stats(s), sizeof(stats));
	return s;
}

struct segment *build(const char *dir, const struct advisory *list, size_t n)
{
	struct digest d;

	return build_with(dir, list, n, &limits_default, &d);
}

static void path_of(const char *dir, const struct digest *d, char *out, size_t size)
{
	struct digest_text t;

	snprintf(out, size, "%s/%s.seg", dir, digest_print(&t, d) + strlen("sha256:"));
}

void read_file(const char *dir, const struct digest *d, struct buf *out)
{
	char path[256];

	path_of(dir, d, path, sizeof(path));
	check(file_read(path, out, &err));
}

void write_file(const char *dir, const struct digest *d, struct slice bytes)
{
	char path[256];
	FILE *f;

	path_of(dir, d, path, sizeof(path));
	f = fopen(path, "wb");
	assert_non_null(f);
	if (bytes.len > 0)
		assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

/* ---- made-up advisories ---- */

uint32_t dice(uint64_t *state, uint32_t n)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*state >> 33) % n;
}

static struct slice pick(uint64_t *state, const struct slice *list, size_t n)
{
	return list[dice(state, (uint32_t)n)];
}

static struct slice text(uint64_t *state, struct arena *arena)
{
	static const struct slice some[] = { S(""),
					     S("x"),
					     S("naïve – größer ✓ 漏洞 уязвимость 🐍"),
					     S("a\0b"),
					     S("\xff\xfe not text"),
					     S("line\nline\r\n\ttab"),
					     S("\"quoted\" \\ back") };
	uint32_t kind = dice(state, 20);
	uint8_t *p;
	size_t n;

	if (kind < 12)
		return pick(state, some, ARRAY_LEN(some));
	n = kind < 18 ? 100 + dice(state, 60) : kind == 18 ? 5000 + dice(state, 2000) : 16000 + dice(state, 60000);
	p = arena_alloc(arena, n);
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)('a' + dice(state, 26));
	return slice_make(p, n);
}

static const struct slice *texts(uint64_t *state, struct arena *arena, size_t *out_n)
{
	size_t n = dice(state, 4);
	struct slice *list = n ? arena_array(arena, n, sizeof(*list)) : NULL;

	for (size_t i = 0; i < n; i++)
		list[i] = text(state, arena);
	*out_n = n;
	return list;
}

static struct slice format(struct arena *arena, const char *fmt, unsigned a, unsigned b)
{
	struct slice s;

	assert_true(arena_printf(arena, &s, fmt, a, b));
	return s;
}

static void make_row(uint64_t *state, struct arena *arena, struct affected *row)
{
	static const struct slice scopes[] = { S("debian:12"), S("debian:1"), S("debian:13"), S("go"),
					       S("pypi"),      S(""),	      S("größe") };
	static const struct slice names[] = { S("a"),	S("aa"),      S("aaa"),	 S("A"),
					      S("lib"), S("lib-c++"), S("libé"), S("github.com/x/y"),
					      S("") };
	struct version_range *ranges;

	*row = (struct affected){ .scope = pick(state, scopes, ARRAY_LEN(scopes)),
				  .package = pick(state, names, ARRAY_LEN(names)),
				  .name_kind = (enum affected_name)dice(state, 3),
				  .status = (enum affected_status)dice(state, 3),
				  .scheme = (enum scheme_id)dice(state, SCHEME_COUNT),
				  .n_ranges = dice(state, 4) };
	ranges = arena_array(arena, row->n_ranges + 1, sizeof(*ranges));
	for (size_t i = 0; i < row->n_ranges; i++) {
		if (dice(state, 2))
			ranges[i].introduced = format(arena, "1.%u-%u", dice(state, 9), dice(state, 5));
		if (dice(state, 3))
			ranges[i].fixed = format(arena, "2.%u-%u", dice(state, 9), dice(state, 5));
		else
			ranges[i].last_affected = text(state, arena);
	}
	row->ranges = ranges;
	row->versions = texts(state, arena, &row->n_versions);
	if (dice(state, 2) && row->n_ranges)
		row->fixed_version = ranges[0].fixed;
	else if (dice(state, 2))
		row->fixed_version = SLICE("2.0|2.1");
	if (dice(state, 4) == 0)
		row->module = SLICE("nodejs:18");
	if (dice(state, 4) == 0)
		row->arch = SLICE("x86_64|aarch64");
	if (dice(state, 4) == 0)
		row->platforms = SLICE("linux/amd64|windows/");
	if (dice(state, 4) == 0)
		row->severity = SLICE("High");
}

static int64_t some_date(uint64_t *state)
{
	return dice(state, 3) ? (int64_t)dice(state, 2000000000) - 100000000 : DATE_NONE;
}

struct advisory *make_advisories(uint64_t seed, size_t n, struct arena *arena)
{
	struct advisory *list = arena_array(arena, n + 1, sizeof(*list));
	uint64_t state = seed;

	assert_non_null(list);
	for (size_t i = 0; i < n; i++) {
		struct advisory *a = &list[i];
		struct affected *rows;

		a->id = format(arena, dice(&state, 5) ? "CVE-2024-%u%u" : "cve-2024-%u%u", (unsigned)i / 2, 0);
		a->aliases = texts(&state, arena, &a->n_aliases);
		if (dice(&state, 3) == 0) {
			struct slice *alias = arena_array(arena, 3, sizeof(*alias));

			alias[0] = format(arena, dice(&state, 2) ? "GHSA-%u-%u" : "ghsa-%u-%u", dice(&state, 9), 1);
			alias[1] = a->id;
			alias[2] = alias[0];
			a->aliases = alias;
			a->n_aliases = 3;
		}
		a->related = texts(&state, arena, &a->n_related);
		a->summary = text(&state, arena);
		a->description = text(&state, arena);
		a->severity_text = text(&state, arena);
		a->severity = (enum severity)dice(&state, SEVERITY_COUNT);
		a->cvss = texts(&state, arena, &a->n_cvss);
		a->links = texts(&state, arena, &a->n_links);
		a->issued_s = some_date(&state);
		a->modified_s = some_date(&state);
		a->withdrawn_s = dice(&state, 8) ? DATE_NONE : (int64_t)dice(&state, 1000);
		a->n_affected = dice(&state, 6);
		rows = arena_array(arena, a->n_affected + 1, sizeof(*rows));
		for (size_t k = 0; k < a->n_affected; k++)
			make_row(&state, arena, &rows[k]);
		a->affected = rows;
	}
	return list;
}

void shuffle(struct advisory *list, size_t n, uint64_t seed)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = dice(&seed, (uint32_t)i);
		struct advisory t = list[k];

		list[k] = list[i - 1];
		list[i - 1] = t;
	}
}

/* ---- lines ---- */

void lines_init(struct lines *l)
{
	memset(l, 0, sizeof(*l));
	l->arena = (struct arena)ARENA_INIT((size_t)1 << 30);
}

void lines_fini(struct lines *l)
{
	arena_fini(&l->arena);
}

static void add_line(struct lines *l, struct buf *b)
{
	struct slice *s = VEC_PUSH(&l->list, &l->arena);

	check(buf_check(b, "line", &err));
	assert_non_null(s);
	assert_true(arena_copy(&l->arena, buf_slice(b), s));
	buf_fini(b);
}

static void put(struct buf *b, const char *name, struct slice s)
{
	buf_printf(b, " %s=%zu:", name, s.len);
	buf_add(b, s);
}

static void put_texts(struct buf *b, const char *name, const struct slice *list, size_t n)
{
	buf_printf(b, " %s[%zu]", name, n);
	for (size_t i = 0; i < n; i++)
		put(b, "", list[i]);
}

static void put_advisory(struct buf *b, const struct advisory *a)
{
	put(b, "id", a->id);
	put_texts(b, "aliases", a->aliases, a->n_aliases);
	put_texts(b, "related", a->related, a->n_related);
	put(b, "summary", a->summary);
	put(b, "description", a->description);
	put(b, "word", a->severity_text);
	buf_printf(b, " severity=%d", (int)a->severity);
	put_texts(b, "cvss", a->cvss, a->n_cvss);
	put_texts(b, "links", a->links, a->n_links);
	buf_printf(b, " dates=%lld,%lld,%lld", (long long)a->issued_s, (long long)a->modified_s,
		   (long long)a->withdrawn_s);
}

void lines_add_row(struct lines *l, const char *head, const struct affected *row, const struct advisory *a)
{
	struct buf b = BUF_INIT((size_t)1 << 24);

	buf_add_cstr(&b, head);
	put(&b, "scope", row->scope);
	put(&b, "package", row->package);
	buf_printf(&b, " kind=%d status=%d scheme=%d ranges[%zu]", (int)row->name_kind, (int)row->status,
		   (int)row->scheme, row->n_ranges);
	for (size_t i = 0; i < row->n_ranges; i++) {
		put(&b, "from", row->ranges[i].introduced);
		put(&b, "fixed", row->ranges[i].fixed);
		put(&b, "last", row->ranges[i].last_affected);
	}
	put_texts(&b, "versions", row->versions, row->n_versions);
	put(&b, "fix", row->fixed_version);
	put(&b, "module", row->module);
	put(&b, "arch", row->arch);
	put(&b, "platforms", row->platforms);
	put(&b, "severity", row->severity);
	put_advisory(&b, a);
	add_line(l, &b);
}

static int by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

void lines_sort(struct lines *l)
{
	size_t n = 0;

	if (l->list.len == 0)
		return;
	qsort(l->list.at, l->list.len, sizeof(*l->list.at), by_text);
	for (size_t i = 0; i < l->list.len; i++)
		if (n == 0 || !slice_eq(l->list.at[n - 1], l->list.at[i]))
			l->list.at[n++] = l->list.at[i];
	l->list.len = n;
}

static void add_advisory(struct lines *l, const struct advisory *a)
{
	struct buf b = BUF_INIT((size_t)1 << 24);

	buf_add_cstr(&b, "advisory");
	put_advisory(&b, a);
	add_line(l, &b);
}

void lines_of_advisories(struct lines *l, const struct advisory *list, size_t n)
{
	lines_init(l);
	for (size_t i = 0; i < n; i++) {
		add_advisory(l, &list[i]);
		for (size_t k = 0; k < list[i].n_affected && list[i].withdrawn_s == DATE_NONE; k++)
			lines_add_row(l, "row", &list[i].affected[k], &list[i]);
	}
	lines_sort(l);
}

void lines_of_segment(struct lines *l, const struct segment *s)
{
	const struct segment_stats *stats = segment_get_stats(s);
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct advisory a;

	lines_init(l);
	for (uint32_t i = 0; i < stats->advisories; i++) {
		arena_reset(&arena);
		check(segment_advisory(s, i, &arena, &a, &err));
		add_advisory(l, &a);
	}
	for (uint32_t i = 0; i < stats->rows; i++) {
		struct affected row;
		uint32_t number;

		arena_reset(&arena);
		check(segment_row(s, i, &arena, &row, &number, &err));
		check(segment_advisory(s, number, &arena, &a, &err));
		lines_add_row(l, "row", &row, &a);
	}
	/* What was said twice is stored once: nothing is lost by lines_sort(). */
	assert_int_equal(l->list.len, stats->advisories + stats->rows);
	lines_sort(l);
	assert_int_equal(l->list.len, stats->advisories + stats->rows);
	arena_fini(&arena);
}

void check_same_lines(const struct lines *got, const struct lines *want)
{
	for (size_t i = 0; i < MIN(got->list.len, want->list.len); i++)
		if (!slice_eq(got->list.at[i], want->list.at[i]))
			fail_msg("line %zu: got\n%.*s\nwant\n%.*s", i, (int)MIN(got->list.at[i].len, 2000u),
				 (const char *)got->list.at[i].ptr, (int)MIN(want->list.at[i].len, 2000u),
				 (const char *)want->list.at[i].ptr);
	assert_int_equal(got->list.len, want->list.len);
}

/* ---- reading everything ---- */

static enum status read_scopes(const struct segment *s)
{
	for (size_t i = 0; i <= MIN(segment_get_stats(s)->scopes, 1000u); i++) {
		struct segment_rows rows;
		struct slice scope = segment_scope(s, i);

		TRY(segment_scope_rows(s, scope, &rows, &err));
		TRY(segment_find(s, scope, SLICE("a"), &rows, &err));
		TRY(segment_find(s, scope, SLICE("zzz"), &rows, &err));
	}
	return STATUS_OK;
}

static enum status read_rows(const struct segment *s, struct arena *arena)
{
	for (uint32_t i = 0; i < MIN(segment_get_stats(s)->rows, 1000u); i++) {
		struct affected row;
		struct segment_rows rows;
		uint32_t number;

		arena_reset(arena);
		TRY(segment_row(s, i, arena, &row, &number, &err));
		TRY(segment_find(s, row.scope, row.package, &rows, &err));
	}
	return STATUS_OK;
}

static enum status read_advisories(const struct segment *s, struct arena *arena)
{
	for (uint32_t i = 0; i < MIN(segment_get_stats(s)->advisories, 1000u); i++) {
		struct advisory a;
		uint32_t found[4];
		size_t n;

		arena_reset(arena);
		TRY(segment_advisory(s, i, arena, &a, &err));
		TRY(segment_by_alias(s, a.id, found, ARRAY_LEN(found), &n, &err));
	}
	return STATUS_OK;
}

static enum status count(void *ctx, enum segment_change change, const struct segment *s, uint32_t row, struct err *e)
{
	(void)change, (void)s, (void)row, (void)e;
	++*(size_t *)ctx;
	return STATUS_OK;
}

enum status read_all(const struct segment *s)
{
	struct arena arena = ARENA_INIT((size_t)128 << 20);
	size_t changes = 0;
	struct segment_diff_sink sink = { count, &changes };
	enum status results[] = { read_scopes(s), read_rows(s, &arena), read_advisories(s, &arena),
				  segment_diff(s, s, &sink, &err) };

	arena_fini(&arena);
	/* What is read twice is read the same. */
	assert_int_equal(changes, 0);
	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		if (results[i] != STATUS_OK)
			return results[i];
	return STATUS_OK;
}

void fix_header(uint8_t *file, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	if (len < 256)
		return;
	for (size_t i = 0; i < 248; i++)
		h = (h ^ file[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < 8; i++)
		file[248 + i] = (uint8_t)(h >> 8 * i);
}
