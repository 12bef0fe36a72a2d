/* SPDX-License-Identifier: Apache-2.0 */
/* since.c - what a change brought stays, what was there before and what only advisories brought is set apart. */
#include "report/since.h"

/* why: REASON_COUNT: it was there. */
static enum status set_apart(struct vulnerability_report *r, const struct finding *f, enum change_reason why,
			     struct arena *arena, struct err *err)
{
	struct suppressed *s = VEC_PUSH(&r->suppressed, arena);

	if (!s)
		return err_nomem(err, "report");
	*s = (struct suppressed){ .finding = *f, .by = SUPPRESSED_BY_BEFORE, .document = r->since.report };
	s->reason = SLICE("the earlier report has it, too");
	if (why == REASON_COUNT)
		return STATUS_OK;
	s->reason = SLICE("new in the advisories: the image did not bring it");
	s->justification = slice_cstr(change_reason_name(why));
	return STATUS_OK;
}

static enum status tell(struct vulnerability_report *r, struct arena *arena, struct err *err)
{
	const struct report_since *s = &r->since;
	struct coverage_item *item;
	struct date_text date;
	size_t out = s->before + (s->advisories_count ? 0 : s->advisories);

	item = VEC_PUSH(&r->coverage, arena);
	if (!item)
		return err_nomem(err, "report");
	item->code = COVERAGE_TOLD_BEFORE;
	item->scope = SLICE("new-since");
	date_print(&date, s->created_s);
	if (!arena_printf(arena, &item->detail,
			  "%zu finding%s left out: %zu %s in %.*s%s%.10s, too; %zu %s new in the advisories only, not "
			  "brought "
			  "by the image (%s)",
			  out, out == 1 ? " is" : "s are", s->before, s->before == 1 ? "is" : "are",
			  SLICE_ARG(s->report), s->created_s == DATE_NONE ? "" : " of ",
			  s->created_s == DATE_NONE ? "" : date.text, s->advisories, s->advisories == 1 ? "is" : "are",
			  s->advisories_count ? "they count: --new-advisories" : "--new-advisories counts them"))
		return err_nomem(err, "report");
	return STATUS_OK;
}

static enum status sort_out(struct vulnerability_report *r, const enum change_reason *why, struct arena *arena,
			    struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < r->findings.len; i++) {
		struct finding f = r->findings.at[i];
		bool before = why[i] == REASON_COUNT;
		bool advisory = !before && !change_reason_is_brought(why[i]);

		r->since.before += before;
		r->since.advisories += advisory;
		if (before || (advisory && !r->since.advisories_count))
			TRY(set_apart(r, &f, why[i], arena, err));
		else
			r->findings.at[n++] = f;
	}
	r->findings.len = n;
	return STATUS_OK;
}

enum status since_apply(struct vulnerability_report *r, const struct comparison_side *before, struct slice name,
			bool advisories, struct arena *arena, struct err *err)
{
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(SIZE_MAX);
	struct comparison_side side = { .report = r, .created_s = DATE_NONE };
	enum change_reason *why;

	TRY(comparison_reasons(before, &side, &scratch, &why, err));
	r->since = (struct report_since){ .created_s = before->created_s, .advisories_count = advisories };
	if (!arena_copy(arena, name, &r->since.report))
		return err_nomem(err, "report");
	TRY(sort_out(r, why, arena, err));
	TRY(tell(r, arena, err));
	return vulnerability_report_number_flaws(r, arena, err);
}
