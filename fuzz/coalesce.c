/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coalesce.c - fuzz target: layer reports, one a line, stacked as they come. Each is valid by itself; what they say of
 * each other need not be. Twice gives the same, and nothing is of a layer that is not there.
 */
#include "index/coalesce.h"

#include <stdlib.h>

#define LAYERS_MAX 16

static void coalesce_once(const struct layer_report *const *reports, size_t n, const struct rules *rules,
			  struct arena *arena, struct index_report *out)
{
	const struct scan_alias *asks;
	struct coalesce *c = NULL;
	struct err err = ERR_INIT;
	size_t n_asks;

	if (coalesce_new(reports, n, rules, &limits_default, &c, &err) != STATUS_OK)
		return;
	for (size_t i = 0; i < n; i++)
		if (coalesce_asks(c, i, &asks, &n_asks, &err) != STATUS_OK)
			break;
	if (coalesce_report(c, arena, out, &err) != STATUS_OK)
		*out = (struct index_report){ 0 };
	coalesce_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules *rules; /* compiled once */
	struct arena arena = ARENA_INIT((size_t)256 << 20);
	struct layer_report reports[LAYERS_MAX];
	const struct layer_report *stack[LAYERS_MAX];
	struct index_report first = { 0 }, second = { 0 };
	struct slice rest = slice_make(data, size), line;
	struct err err = ERR_INIT;
	size_t n_detectors, n = 0;
	const struct detector *const *list = detectors(&n_detectors);

	if (!rules && rules_compile(list, n_detectors, &rules, &err) != STATUS_OK)
		return 0;
	while (size <= (1 << 20) && n < LAYERS_MAX && slice_line(&rest, &line)) {
		if (layer_report_parse(line, &limits_default, &arena, &reports[n], &err) != STATUS_OK)
			continue;
		stack[n] = &reports[n];
		n++;
	}
	coalesce_once(stack, n, rules, &arena, &first);
	coalesce_once(stack, n, rules, &arena, &second);
	if (first.packages.len != second.packages.len || first.diags.len != second.diags.len)
		abort();
	for (size_t i = 0; i < first.packages.len; i++)
		if (first.packages.at[i].layer >= n || first.packages.at[i].package.path.len == 0)
			abort();
	arena_fini(&arena);
	return 0;
}
