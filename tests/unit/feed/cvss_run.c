/* SPDX-License-Identifier: Apache-2.0 */
/* cvss_run.c - cvss-run: of each line of standard input the base score of the vector, or "-". Not installed. */
#include "feed/cvss.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while ((n = getline(&line, &size, stdin)) > 0) {
		struct slice vector = slice_make(line, (size_t)n - (line[n - 1] == '\n'));
		double score;

		if (cvss_base_score(vector, &score))
			printf("%.1f\n", score);
		else
			puts("-");
	}
	free(line);
	return 0;
}
