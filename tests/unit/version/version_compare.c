/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version_compare.c - a tool of the tests: reads "scheme<TAB>A<TAB>B" lines and prints <, = or >; with two columns it
 * prints valid or invalid. "npm-range<TAB>RANGE<TAB>VERSION" prints two words: what npm_range_holds() says, and whether
 * the version lies in one of the range's intervals. With --time it compares every pair of stdin and prints only the
 * nanoseconds that a comparison took, without reading and printing.
 */
#include "version/npm_range.h"
#include "version/scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct row {
	const struct version_scheme *scheme;
	struct slice a, b;
};

/* Keeps the loop below from being thrown away. */
static volatile int sink;

static int time_all(void)
{
	char *text = NULL;
	size_t cap = 0, n_rows = 0, n = 0;
	ssize_t len = getdelim(&text, &cap, '\0', stdin);
	struct slice rest = slice_make(text, len > 0 ? (size_t)len : 0), line, name;
	struct row *rows = calloc(rest.len / 3 + 1, sizeof(*rows));
	struct timespec from, to;

	while (rows && slice_line(&rest, &line) && slice_cut(line, '\t', &name, &line)) {
		struct row *row = &rows[n_rows];

		row->scheme = scheme_by_name(name);
		if (row->scheme && slice_cut(line, '\t', &row->a, &row->b))
			n_rows++;
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (; n < n_rows; n++)
		sink = rows[n].scheme->compare(rows[n].a, rows[n].b);
	clock_gettime(CLOCK_MONOTONIC, &to);
	if (n > 0)
		printf("%.1f\n",
		       ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / (double)n);
	free(rows);
	free(text);
	return n > 0 ? 0 : 1;
}

static bool lies_in(struct slice range, struct slice version)
{
	struct arena arena = ARENA_INIT((size_t)1 << 26);
	struct err err = ERR_INIT;
	struct npm_interval *at;
	size_t n = 0;
	bool in = false;

	if (npm_range_intervals(range, NULL, &arena, &at, &n, &err) != STATUS_OK)
		n = 0;
	for (size_t i = 0; i < n; i++)
		in |= (at[i].from.len == 0 || version_scheme_semver.compare(version, at[i].from) >= 0) &&
		      (at[i].to.len == 0 || version_scheme_semver.compare(version, at[i].to) < 0);
	arena_fini(&arena);
	return in;
}

static void ask_range(struct slice rest)
{
	struct slice range, version;

	if (!slice_cut(rest, '\t', &range, &version))
		puts(npm_range_valid(range) ? "valid" : "invalid");
	else
		printf("%s %s\n", npm_range_holds(range, version) ? "holds" : "not",
		       lies_in(range, version) ? "in" : "out");
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (argc == 2 && strcmp(argv[1], "--time") == 0)
		return time_all();
	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct slice rest = slice_make(line, (size_t)n), name, a, b;
		const struct version_scheme *scheme;

		if (line[n - 1] == '\n')
			rest.len--;
		slice_cut(rest, '\t', &name, &rest);
		if (slice_eq(name, SLICE("npm-range"))) {
			ask_range(rest);
			continue;
		}
		scheme = scheme_by_name(name);
		if (!scheme) {
			fprintf(stderr, "version-compare: no scheme %.*s\n", SLICE_ARG(name));
			free(line);
			return 2;
		}
		if (slice_cut(rest, '\t', &a, &b)) {
			int c = scheme->compare(a, b);

			puts(c < 0 ? "<" : c > 0 ? ">" : "=");
		} else {
			puts(scheme->valid(a) ? "valid" : "invalid");
		}
	}
	free(line);
	return 0;
}
