/* SPDX-License-Identifier: Apache-2.0 */
/* test_diff.c - a diff of two segments equals the difference of two sets of rows. */
#include "support.h"

/* What a diff says, as lines; "+" added, "-" removed. */
static enum status on_row(void *ctx, enum segment_change change, const struct segment *s, uint32_t row, struct err *e)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct affected r;
	struct advisory a;
	uint32_t number;

	(void)e;
	check(segment_row(s, row, &arena, &r, &number, &err));
	check(segment_advisory(s, number, &arena, &a, &err));
	lines_add_row(ctx, change == SEGMENT_ADDED ? "+" : "-", &r, &a);
	arena_fini(&arena);
	return STATUS_OK;
}

static size_t diff(const struct segment *a, const struct segment *b, struct lines *out)
{
	struct segment_diff_sink sink = { on_row, out };
	size_t said;

	lines_init(out);
	check(segment_diff(a, b, &sink, &err));
	said = out->list.len;
	lines_sort(out);
	assert_int_equal(said, out->list.len); /* nothing is said twice */
	return said;
}

/* The rows of the advisories, with head, that are not among those of the others. */
static void add_missing(struct lines *out, const char *head, const struct advisory *list, size_t n,
			const struct lines *others)
{
	struct lines mine;

	lines_init(&mine);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < list[i].n_affected && list[i].withdrawn_s == DATE_NONE; k++)
			lines_add_row(&mine, "row", &list[i].affected[k], &list[i]);
	lines_sort(&mine);
	for (size_t i = 0; i < mine.list.len; i++) {
		bool found = false;
		struct slice *s;

		for (size_t k = 0; k < others->list.len && !found; k++)
			found = slice_eq(mine.list.at[i], others->list.at[k]);
		if (found)
			continue;
		s = VEC_PUSH(&out->list, &out->arena);
		assert_true(arena_printf(&out->arena, s, "%s", head));
		s->ptr = memcpy(arena_alloc(&out->arena, mine.list.at[i].len), mine.list.at[i].ptr + 2,
				mine.list.at[i].len - 2);
		memcpy((void *)(uintptr_t)s->ptr, head, 1);
		s->len = mine.list.at[i].len - 2;
	}
	lines_fini(&mine);
}

static void test_against_sets(void **state)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct arena arena = ARENA_INIT((size_t)1 << 28);
		size_t n = 60, m = 50;
		struct advisory *old = make_advisories(seed, n, &arena), *new = make_advisories(seed, n, &arena);
		struct advisory *other = make_advisories(seed + 100, n, &arena);
		struct segment *a, *b;
		struct lines got, want, old_lines, new_lines;

		shuffle(new, n, seed);
		for (size_t i = 0; i < 10; i++)
			new[i] = other[i];
		for (size_t i = 10; i < 20; i++)
			new[i].severity = (enum severity)((new[i].severity + 1) % SEVERITY_COUNT);
		for (size_t i = 20; i < 25; i++)
			new[i].n_affected /= 2;
		a = build(*state, old, n);
		b = build(*state, new, m);
		lines_of_advisories(&old_lines, old, n);
		lines_of_advisories(&new_lines, new, m);
		lines_init(&want);
		add_missing(&want, "-", old, n, &new_lines);
		add_missing(&want, "+", new, m, &old_lines);
		lines_sort(&want);
		assert_true(diff(a, b, &got) > 20);
		check_same_lines(&got, &want);
		lines_fini(&got);
		lines_fini(&want);
		lines_fini(&old_lines);
		lines_fini(&new_lines);
		segment_free(a);
		segment_free(b);
		arena_fini(&arena);
	}
}

static void test_ends(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct segment *some = build(*state, make_advisories(3, 40, &arena), 40), *none = build(*state, NULL, 0);
	size_t rows = (size_t)segment_get_stats(some)->rows;
	struct lines l;

	assert_int_equal(diff(some, some, &l), 0);
	lines_fini(&l);
	assert_int_equal(diff(none, none, &l), 0);
	lines_fini(&l);
	assert_int_equal(diff(none, some, &l), rows);
	assert_true(slice_starts(l.list.at[0], SLICE("+")));
	lines_fini(&l);
	assert_int_equal(diff(some, none, &l), rows);
	assert_true(slice_starts(l.list.at[0], SLICE("-")));
	lines_fini(&l);
	segment_free(some);
	segment_free(none);
	arena_fini(&arena);
}

/* Text that changes takes the row out and puts it in; a withdrawal takes it out; ids that differ in case are two. */
static void test_kinds_of_change(void **state)
{
	const struct affected row = { .scope = S("s"), .package = S("p") };
	struct advisory one = { .id = S("X-1"), .summary = S("a"), .affected = &row, .n_affected = 1, NO_DATES },
			two = one;
	struct segment *a = build(*state, &one, 1), *b;
	struct lines l;

	two.summary = SLICE("b");
	b = build(*state, &two, 1);
	assert_int_equal(diff(a, b, &l), 2);
	lines_fini(&l);
	segment_free(b);
	two = one;
	two.withdrawn_s = 1;
	b = build(*state, &two, 1);
	assert_int_equal(diff(a, b, &l), 1);
	assert_true(slice_starts(l.list.at[0], SLICE("-")));
	lines_fini(&l);
	segment_free(b);
	two = one;
	two.id = SLICE("x-1");
	b = build(*state, &two, 1);
	assert_int_equal(diff(a, b, &l), 2);
	lines_fini(&l);
	segment_free(b);
	segment_free(a);
}

/* ---- by advisory ---- */

static enum status on_advisory(void *ctx, enum segment_advisory_change change, struct slice id, struct err *e)
{
	struct lines *l = ctx;
	struct slice *s = VEC_PUSH(&l->list, &l->arena);

	(void)e;
	assert_true(arena_printf(&l->arena, s, "%c%.*s", "+-~"[change], SLICE_ARG(id)));
	return STATUS_OK;
}

static size_t changes(const struct segment *a, const struct segment *b, struct lines *out)
{
	struct segment_changes_sink sink = { on_advisory, out };

	lines_init(out);
	check(segment_changes(a, b, &sink, &err));
	return out->list.len;
}

/* All that a list says under one id. */
static void lines_of_id(struct lines *out, const struct advisory *list, size_t n, struct slice id)
{
	const struct affected none = { .name_kind = AFFECTED_NAME_SOURCE };

	lines_init(out);
	for (size_t i = 0; i < n; i++) {
		if (!slice_eq(list[i].id, id))
			continue;
		lines_add_row(out, "body", &none, &list[i]);
		for (size_t k = 0; k < list[i].n_affected && list[i].withdrawn_s == DATE_NONE; k++)
			lines_add_row(out, "row", &list[i].affected[k], &list[i]);
	}
	lines_sort(out);
}

static bool same_lines(const struct lines *a, const struct lines *b)
{
	bool same = a->list.len == b->list.len;

	for (size_t i = 0; same && i < a->list.len; i++)
		same = slice_eq(a->list.at[i], b->list.at[i]);
	return same;
}

static void expect_change(struct lines *want, struct slice id, const struct advisory *old, size_t n,
			  const struct advisory *new, size_t m)
{
	struct lines before, after;
	struct slice *s;
	char sign;

	lines_of_id(&before, old, n, id);
	lines_of_id(&after, new, m, id);
	sign = before.list.len == 0 ? '+' : after.list.len == 0 ? '-' : same_lines(&before, &after) ? '=' : '~';
	if (sign != '=') {
		s = VEC_PUSH(&want->list, &want->arena);
		assert_true(arena_printf(&want->arena, s, "%c%.*s", sign, SLICE_ARG(id)));
	}
	lines_fini(&before);
	lines_fini(&after);
}

static void test_advisories_against_sets(void **state)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct arena arena = ARENA_INIT((size_t)1 << 28);
		size_t n = 60, m = 50;
		struct advisory *old = make_advisories(seed, n, &arena), *new = make_advisories(seed, n, &arena);
		struct advisory *other = make_advisories(seed + 100, n, &arena);
		struct segment *a, *b;
		struct lines got, want;

		shuffle(new, n, seed);
		for (size_t i = 0; i < 10; i++)
			new[i] = other[i];
		for (size_t i = 10; i < 20; i++)
			new[i].severity = (enum severity)((new[i].severity + 1) % SEVERITY_COUNT);
		for (size_t i = 20; i < 25; i++)
			new[i].n_affected /= 2;
		a = build(*state, old, n);
		b = build(*state, new, m);
		lines_init(&want);
		for (size_t i = 0; i < n; i++)
			expect_change(&want, old[i].id, old, n, new, m);
		for (size_t i = 0; i < m; i++)
			expect_change(&want, new[i].id, old, n, new, m);
		lines_sort(&want);
		assert_true(changes(a, b, &got) > 20);
		n = got.list.len;
		lines_sort(&got);
		assert_int_equal(n, got.list.len);
		check_same_lines(&got, &want);
		lines_fini(&got);
		/* Nothing, and all. */
		assert_int_equal(changes(a, a, &got), 0);
		lines_fini(&got);
		assert_int_equal(changes(NULL, NULL, &got), 0);
		lines_fini(&got);
		m = changes(NULL, b, &got);
		assert_true(m > 0 && slice_starts(got.list.at[0], SLICE("+")));
		lines_fini(&got);
		assert_int_equal(changes(b, NULL, &got), m);
		assert_true(slice_starts(got.list.at[0], SLICE("-")));
		lines_fini(&got);
		lines_fini(&want);
		segment_free(a);
		segment_free(b);
		arena_fini(&arena);
	}
}

static enum status refuse(void *ctx, enum segment_change change, const struct segment *s, uint32_t row, struct err *e)
{
	(void)change, (void)s, (void)row;
	++*(size_t *)ctx;
	return err_set(e, STATUS_CANCELLED, "enough");
}

static void test_sink_ends_it(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 28);
	struct segment *some = build(*state, make_advisories(3, 40, &arena), 40), *none = build(*state, NULL, 0);
	size_t calls = 0;
	struct segment_diff_sink sink = { refuse, &calls };

	check_fails(segment_diff(none, some, &sink, &err), STATUS_CANCELLED, "enough");
	assert_int_equal(calls, 1);
	segment_free(some);
	segment_free(none);
	arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_against_sets), TEST(test_ends), TEST(test_kinds_of_change),
					    TEST(test_sink_ends_it), TEST(test_advisories_against_sets) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
