/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pacman.c - what libalpm makes of pairs of versions: "A<TAB>B" lines in; "<op>--" lines out, as "<--": it has no
 * opinion about which texts are versions.
 *
 * cc -o pacman pacman.c -lalpm      (libalpm-dev)
 */
#include <alpm.h>

#include <stdio.h>
#include <string.h>

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
		c = alpm_pkg_vercmp(line, tab + 1);
		printf("%c--\n", c < 0 ? '<' : c > 0 ? '>' : '=');
	}
	return 0;
}
