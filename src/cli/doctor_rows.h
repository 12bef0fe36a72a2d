/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_rows.h - the lines that limpid doctor prints: one for each thing that was looked at. */
#ifndef LIMPID_CLI_DOCTOR_ROWS_H
#define LIMPID_CLI_DOCTOR_ROWS_H

#include "cli/cli.h"

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_counts {
	size_t warned, failed;
};

/* A line on standard output; area: "sandbox". What is to be done follows in the text. */
void doctor_row(struct doctor_counts *counts, enum doctor_state state, const char *area, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* EXIT_UNREADABLE if something failed, EXIT_INCOMPLETE if something is to be seen to, EXIT_DONE. */
int doctor_exit(const struct doctor_counts *counts);

#endif
