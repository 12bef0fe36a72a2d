/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freebsd.c - what FreeBSD's pkg makes of pairs of versions: "A<TAB>B" lines in; "<op>--" lines out, as "<--": it has
 * no opinion about which texts are versions.
 *
 * cc -I FOLDER -o freebsd freebsd.c    FOLDER: a copy of libpkg/pkg_version.c, with empty headers beside it
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* All that the file asks of the rest of the library. */
#define NELEM(a) (sizeof(a) / sizeof((a)[0]))
#define pkg_emit_error(...) fprintf(stderr, __VA_ARGS__)
struct pkg {
	const char *version;
};
typedef enum { PKG_DOWNGRADE, PKG_REINSTALL, PKG_UPGRADE } pkg_change_t;

#include "pkg_version.c"

int main(void)
{
	static char line[1 << 16];

	while (fgets(line, sizeof(line), stdin)) {
		char *tab = strchr(line, '\t');
		int c;

		line[strcspn(line, "\n")] = '\0';
		if (!tab)
			return 1;
		*tab = '\0';
		c = pkg_version_cmp(line, tab + 1);
		printf("%c--\n", c < 0 ? '<' : c > 0 ? '>' : '=');
	}
	return 0;
}
