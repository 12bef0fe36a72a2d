/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - fuzz target: what servers and users give to the clients. First byte: which. */
#include "client/clairctl.h"
#include "client/scanner.h"
#include "text/terminal.h"

#include <stdlib.h>

/* A table is a rectangle, and nothing in it steers a terminal. */
static void check_table(struct slice table)
{
	struct slice line;
	size_t columns = SIZE_MAX;

	if (slice_find_byte(table, 033) != SIZE_MAX || slice_find_byte(table, '\r') != SIZE_MAX)
		abort();
	while (slice_line(&table, &line)) {
		size_t n = terminal_columns(line);

		if (columns != SIZE_MAX && n != columns)
			abort();
		columns = n;
	}
}

static void check_rows(struct scanner_rows *rows, struct arena *arena)
{
	struct scanner_whitelist none = { .general = NULL };
	struct buf table = BUF_INIT((size_t)64 << 20), report = BUF_INIT((size_t)64 << 20);
	struct err err = ERR_INIT;
	size_t *order, n;

	for (size_t i = 0; i < rows->n; i++)
		if (rows->at[i].rank != scanner_rank(rows->at[i].severity))
			abort();
	if (scanner_judge(rows, SLICE("image"), &none, 7, arena, &err) == STATUS_OK && rows->n_unapproved != rows->n)
		abort();
	if (scanner_order(rows, true, arena, &order, &n, &err) == STATUS_OK) {
		if (n != rows->n)
			abort();
		for (size_t i = 1; i < n; i++)
			if (rows->at[order[i - 1]].rank > rows->at[order[i]].rank)
				abort();
		if (scanner_table(rows, order, n, false, &table, &err) == STATUS_OK)
			check_table(buf_slice(&table));
		if (scanner_report(rows, SLICE("image"), order, &report, &err) == STATUS_BUG)
			abort();
	}
	buf_fini(&table);
	buf_fini(&report);
}

static void read_rows(struct slice text, bool old, struct arena *arena)
{
	struct scanner_rows rows;
	struct err err = ERR_INIT;

	if ((old ? scanner_rows_v1 : scanner_rows_v4)(text, &limits_default, arena, &rows, &err) != STATUS_OK)
		return;
	check_rows(&rows, arena);
	scanner_rows_free(&rows);
}

static void print_result(struct slice text)
{
	struct clairctl_result r = { .name = SLICE("a/image:1"), .digest = SLICE("sha256:00"), .report = text };
	struct buf lines = BUF_INIT((size_t)64 << 20), suite = BUF_INIT((size_t)64 << 20);
	struct err err = ERR_INIT;

	if (clairctl_text(&r, &lines, &err) == STATUS_OK &&
	    (!slice_ends(buf_slice(&lines), SLICE("\n")) || slice_find_byte(buf_slice(&lines), 033) != SIZE_MAX))
		abort();
	if (clairctl_testsuite(&r, &suite, &err) == STATUS_OK && !slice_ends(buf_slice(&suite), SLICE("</testsuite>")))
		abort();
	buf_fini(&lines);
	buf_fini(&suite);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct scanner_whitelist whitelist;
	struct err err = ERR_INIT;
	struct slice text;

	if (size == 0 || size > (1 << 16))
		return 0;
	text = slice_make(data + 1, size - 1);
	switch (data[0] % 4) {
	case 0:
		read_rows(text, false, &arena);
		break;
	case 1:
		read_rows(text, true, &arena);
		break;
	case 2:
		(void)!scanner_whitelist_parse(text, &limits_default, &arena, NULL, NULL, &whitelist, &err);
		if (scanner_image_name(text).len > text.len)
			abort();
		break;
	default:
		print_result(text);
	}
	arena_fini(&arena);
	return 0;
}
