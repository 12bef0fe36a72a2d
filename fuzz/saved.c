/* SPDX-License-Identifier: Apache-2.0 */
/* saved.c - fuzz target: a saved report that is accepted has only places that exist, and written again it is read as
 * the same. */
#include "report/comparison.h"
#include "report/saved.h"

#include <stdlib.h>

static void check(bool fine)
{
	if (!fine)
		abort();
}

static enum status take(void *ctx, struct slice bytes, struct err *err)
{
	buf_add(ctx, bytes);
	return buf_check(ctx, "report", err);
}

static void check_places(const struct saved *s)
{
	const struct index_report *r = &s->index;

	for (size_t i = 0; i < r->packages.len; i++) {
		check(r->packages.at[i].layer == SIZE_MAX || r->packages.at[i].layer < r->layers.len);
		check(r->packages.at[i].repository == SIZE_MAX ||
		      r->packages.at[i].repository + r->packages.at[i].n_repositories <= r->repositories.len);
		check(r->packages.at[i].distribution == INDEX_NO_DISTRIBUTION ||
		      r->packages.at[i].distribution < r->distributions.len);
	}
	check(r->base.layers <= r->layers.len);
	for (size_t i = 0; s->kind == SAVED_REPORT && i < s->report.findings.len; i++) {
		check(s->report.findings.at[i].package < r->packages.len);
		check(s->report.findings.at[i].flaw < s->report.flaws);
		check(s->report.findings.at[i].advisory.id.len > 0);
	}
}

/* Compared with itself, no package has changed and no finding is new, whatever it says. */
static void check_comparison(const struct saved *s)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct comparison_side side = { .report = &s->report, .created_s = s->created_s, .saved = true };
	struct comparison c;
	struct err err = ERR_INIT;

	if (s->kind == SAVED_REPORT && comparison_make(&side, &side, &arena, &c, &err) == STATUS_OK) {
		check(c.packages.len == 0);
		for (size_t i = 0; i < c.findings.len; i++)
			check(c.findings.at[i].kind == FINDING_CHANGED);
	}
	arena_fini(&arena);
}

/* In the format that the bytes of ctx are in, after those. */
static enum status visit(void *ctx, const struct saved *s, struct err *err)
{
	struct report_options options = { .now_s = s->created_s == DATE_NONE ? 0 : s->created_s,
					  .fail_on = SEVERITY_COUNT,
					  .program_version = s->program_version };
	struct report_out out = { .write = take, .ctx = ctx };

	check_places(s);
	check_comparison(s);
	if (s->kind == SAVED_INDEX)
		return report_format_json.index(&s->index, &options, &out, err);
	return s->kind == SAVED_REPORT ? report_format_json.vulnerabilities(&s->report, &options, &out, err)
				       : STATUS_OK;
}

static enum status ignore(void *ctx, const struct saved *s, struct err *err)
{
	struct buf bytes = BUF_INIT((size_t)64 << 20);
	enum status st;

	(void)ctx;
	/* The shorter ones of those that walk lists in another order. */
	st = visit(&bytes, s, err);
	buf_fini(&bytes);
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = BUF_INIT((size_t)64 << 20), second = BUF_INIT((size_t)64 << 20);
	struct err err = ERR_INIT;

	if (size <= (1 << 20) && saved_each(slice_make(data, size), &limits_default, ignore, NULL, &err) == STATUS_OK &&
	    size > 0 && data[0] == '{' &&
	    saved_each(slice_make(data, size), &limits_default, visit, &first, &err) == STATUS_OK && first.len > 0) {
		check(saved_each(buf_slice(&first), &limits_default, visit, &second, &err) == STATUS_OK);
		check(slice_eq(buf_slice(&first), buf_slice(&second)));
	}
	buf_fini(&first);
	buf_fini(&second);
	return 0;
}
