/* SPDX-License-Identifier: Apache-2.0 */
/*
 * version_compare.c - a tool of the tests: reads "scheme<TAB>A<TAB>B" lines and prints <, = or >; with two columns it
 * prints valid or invalid.
 */
#include "version/scheme.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct slice rest = slice_make(line, (size_t)n), name, a, b;
		const struct version_scheme *scheme;

		if (line[n - 1] == '\n')
			rest.len--;
		slice_cut(rest, '\t', &name, &rest);
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
