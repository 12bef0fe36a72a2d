/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg.c - what dpkg's own library makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines
 * out, as "<11"; "?" where it refuses one of them.
 *
 * cc -o dpkg dpkg.c -ldpkg -lmd      (libdpkg-dev)
 */
#define LIBDPKG_VOLATILE_API 1

#include <dpkg/dpkg.h>
#include <dpkg/dpkg-db.h>
#include <dpkg/program.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As dpkg --compare-versions: what is only a warning there is a version. */
static int parse(struct dpkg_version *v, const char *text)
{
	struct dpkg_error err = DPKG_ERROR_INIT;
	int good = parseversion(v, text, &err) >= 0 || err.type == DPKG_MSG_WARN;

	dpkg_error_destroy(&err);
	return good;
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	dpkg_program_init("dpkg-oracle");
	while ((n = getline(&line, &cap, stdin)) > 0) {
		struct dpkg_version a, b;
		char *tab = strchr(line, '\t');
		int good_a, good_b, c;

		if (!tab || line[n - 1] != '\n')
			return 2;
		line[n - 1] = '\0';
		*tab = '\0';
		good_a = parse(&a, line);
		good_b = parse(&b, tab + 1);
		c = good_a && good_b ? dpkg_version_compare(&a, &b) : 0;
		printf("%c%d%d\n", !good_a || !good_b ? '?' : c < 0 ? '<' : c > 0 ? '>' : '=', good_a, good_b);
		/* Parsed versions live in an obstack of the library. */
		nffreeall();
	}
	free(line);
	return 0;
}
