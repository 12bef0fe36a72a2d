/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_schemes.c - the verdicts in tests/golden/version/, a file for each scheme, and that the order is one.
 *
 * usage: test_schemes DIRECTORY
 */
#include "version/scheme.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char *directory;

/* A file's lines; every text in memory of exactly its size, so that a sanitizer sees the first byte read past it. */
struct verdicts {
	struct slice texts[1024];
	struct verdict {
		size_t a, b; /* into texts; b = a where validity is meant */
		char op;     /* '<' '=' '>', 'v' valid, 'i' invalid */
	} rows[512];
	size_t n_texts, n_rows;
	size_t count[128]; /* of each op */
};

static size_t add_text(struct verdicts *v, struct slice escaped)
{
	uint8_t *bytes = malloc(escaped.len + 1);
	size_t n = 0;

	assert_non_null(bytes);
	assert_true(v->n_texts < ARRAY_LEN(v->texts));
	for (size_t i = 0; i < escaped.len; i++) {
		bytes[n] = escaped.ptr[i];
		if (i + 3 < escaped.len && escaped.ptr[i] == '\\' && escaped.ptr[i + 1] == 'x') {
			bytes[n] = (uint8_t)(hex_value(escaped.ptr[i + 2]) * 16 + hex_value(escaped.ptr[i + 3]));
			i += 3;
		}
		n++;
	}
	/* A size of 0 may give NULL; such a text is never read. */
	v->texts[v->n_texts] = slice_make(n ? realloc(bytes, n) : NULL, n);
	if (n == 0)
		free(bytes);
	return v->n_texts++;
}

static void add_line(struct verdicts *v, struct slice line)
{
	static const char *const ops[] = { " < ", " = ", " > " };
	struct verdict *row = &v->rows[v->n_rows];

	if (line.len == 0 || line.ptr[0] == '#')
		return;
	assert_true(v->n_rows < ARRAY_LEN(v->rows));
	if (slice_starts(line, SLICE("valid ")) || slice_starts(line, SLICE("invalid "))) {
		row->op = (char)line.ptr[0];
		row->a = row->b = add_text(v, slice_from(line, slice_find_byte(line, ' ') + 1));
	} else {
		size_t at = SIZE_MAX;

		for (size_t i = 0; i < ARRAY_LEN(ops) && at == SIZE_MAX; i++)
			at = slice_find(line, slice_cstr(ops[i]));
		if (at == SIZE_MAX)
			fail_msg("no verdict: %.*s", SLICE_ARG(line));
		row->op = (char)line.ptr[at + 1];
		row->a = add_text(v, slice_take(line, at));
		row->b = add_text(v, slice_from(line, at + 3));
	}
	v->count[(unsigned char)row->op]++;
	v->n_rows++;
}

static struct verdicts *load(const char *scheme)
{
	struct verdicts *v = calloc(1, sizeof(*v));
	char path[4096], *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f;

	assert_non_null(v);
	snprintf(path, sizeof(path), "%s/%s.txt", directory, scheme);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s cannot be opened", path);
	while ((n = getline(&line, &cap, f)) > 0)
		add_line(v, slice_make(line, line[n - 1] == '\n' ? (size_t)n - 1 : (size_t)n));
	fclose(f);
	free(line);
	/* A file that lost its lines tests nothing. */
	assert_true(v->count['<'] + v->count['>'] >= 20 && v->count['='] >= 3);
	assert_true(v->count['v'] >= 3 && v->count['i'] >= 3);
	return v;
}

static void unload(struct verdicts *v)
{
	for (size_t i = 0; i < v->n_texts; i++)
		free((void *)(uintptr_t)v->texts[i].ptr);
	free(v);
}

static int sign(int c)
{
	return (c > 0) - (c < 0);
}

static void check_rows(const struct version_scheme *s, const struct verdicts *v)
{
	for (size_t i = 0; i < v->n_rows; i++) {
		const struct verdict *row = &v->rows[i];
		struct slice a = v->texts[row->a], b = v->texts[row->b];
		int c = sign(s->compare(a, b)), want = row->op == '<' ? -1 : row->op == '>' ? 1 : 0;

		if (c != want || sign(s->compare(b, a)) != -want)
			fail_msg("%s: \"%.*s\" %c \"%.*s\": compare says %d, and %d the other way", s->name,
				 SLICE_ARG(a), row->op, SLICE_ARG(b), c, sign(s->compare(b, a)));
		if (s->valid(a) != (row->op != 'i') || s->valid(b) != (row->op != 'i'))
			fail_msg("%s: \"%.*s\" %c \"%.*s\": valid says %d and %d", s->name, SLICE_ARG(a), row->op,
				 SLICE_ARG(b), s->valid(a), s->valid(b));
	}
}

/* For all texts of the file, the invalid ones too: x = x, and x <= y <= z means x <= z, with equality only if both are.
 */
static void check_order(const struct version_scheme *s, const struct verdicts *v)
{
	size_t n = v->n_texts;
	signed char *order = malloc(n * n);

	assert_non_null(order);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			order[i * n + j] = (signed char)sign(s->compare(v->texts[i], v->texts[j]));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(order[i * n + i], 0);
		for (size_t j = 0; j < n; j++) {
			int ij = order[i * n + j];

			assert_int_equal(ij, -order[j * n + i]);
			for (size_t k = 0; ij <= 0 && k < n; k++) {
				int jk = order[j * n + k];

				if (jk <= 0 && order[i * n + k] != (ij < 0 || jk < 0 ? -1 : 0))
					fail_msg("%s: no order: \"%.*s\", \"%.*s\", \"%.*s\"", s->name,
						 SLICE_ARG(v->texts[i]), SLICE_ARG(v->texts[j]),
						 SLICE_ARG(v->texts[k]));
			}
		}
	}
	free(order);
}

static void test_scheme(void **state)
{
	const struct version_scheme *s = scheme_by_name(slice_cstr(*state));
	struct verdicts *v = load(*state);

	assert_non_null(s);
	check_rows(s, v);
	check_order(s, v);
	unload(v);
}

static void test_table(void **state)
{
	(void)state;
	assert_null(scheme_get(SCHEME_NONE));
	assert_null(scheme_get(SCHEME_COUNT));
	assert_null(scheme_by_name(SLICE_EMPTY));
	assert_null(scheme_by_name(SLICE("dpkg ")));
	assert_int_equal(scheme_id_by_name(SLICE("DPKG")), SCHEME_NONE);
	for (int id = SCHEME_NONE + 1; id < SCHEME_COUNT; id++) {
		const struct version_scheme *s = scheme_get((enum scheme_id)id);

		assert_non_null(s);
		assert_int_equal(scheme_id_by_name(slice_cstr(s->name)), id);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
#define SCHEME(name, what) { "scheme " #name, test_scheme, NULL, NULL, (void *)(uintptr_t) #name },
#include "version/schemes.def"
#undef SCHEME
	};

	if (argc != 2)
		return 2;
	directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
