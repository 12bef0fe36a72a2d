/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_rows.c - lines of limpid doctor, whichever program prints them. */
#include "cli/doctor_rows.h"

#include <stdarg.h>

void doctor_row(struct doctor_counts *counts, enum doctor_state state, const char *area, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "warn", "FAIL" };
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("%-5s %-12s ", words[state], area);
	cli_put_escaped(slice_cstr(text), stdout);
	putchar('\n');
	/* Children that are forked later must not print it again. */
	fflush(stdout);
	counts->warned += state == DOCTOR_WARN;
	counts->failed += state == DOCTOR_FAIL;
}

int doctor_exit(const struct doctor_counts *counts)
{
	return counts->failed > 0 ? EXIT_UNREADABLE : counts->warned > 0 ? EXIT_INCOMPLETE : EXIT_DONE;
}
