/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_print.c - writes one of the made cases in one format to standard output: the golden tests compare it.
 *
 * usage: report-print [--index] CASE FORMAT [WIDTH] [colour]      report-print --cases      report-print many-N FORMAT
 */
#include "made.h"

#include <stdio.h>
#include <stdlib.h>

static enum status write_out(void *ctx, struct slice bytes, struct err *err)
{
	(void)ctx;
	if (bytes.len > 0 && fwrite(bytes.ptr, 1, bytes.len, stdout) != bytes.len)
		return err_errno(err, "cannot write");
	return STATUS_OK;
}

static bool make(const char *name, struct made *m)
{
	if (strncmp(name, "many-", 5) != 0)
		return made_case(name, m);
	made_many(m, (size_t)atoi(name + 5));
	return true;
}

int main(int argc, char **argv)
{
	struct report_out out = { .write = write_out };
	const struct report_format *format;
	struct err err = ERR_INIT;
	struct made m;
	bool index = argc > 1 && strcmp(argv[1], "--index") == 0;
	enum status st;

	if (argc == 2 && strcmp(argv[1], "--cases") == 0) {
		for (size_t i = 0; made_names[i]; i++)
			puts(made_names[i]);
		return 0;
	}
	argv += index;
	argc -= index;
	if (argc < 3 || !make(argv[1], &m) || !(format = report_format_find(slice_cstr(argv[2]), &m.options.version))) {
		fputs("usage: report-print [--index] CASE FORMAT [WIDTH] [colour]\n", stderr);
		return 2;
	}
	if (argc > 3)
		out.width = (unsigned)atoi(argv[3]);
	out.colour = out.terminal = argc > 4;
	st = index ? format->index(&m.index, &m.options, &out, &err)
		   : format->vulnerabilities(&m.report, &m.options, &out, &err);
	made_fini(&m);
	if (st != STATUS_OK)
		fprintf(stderr, "report-print: %s\n", err.msg);
	return st == STATUS_OK ? 0 : 1;
}
