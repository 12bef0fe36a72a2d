/* SPDX-License-Identifier: Apache-2.0 */
/* flaws.c - what the findings of a report add up to. */
#include "report/flaws.h"

struct flaw {
	enum severity severity;
	bool seen, unfixed, exploited;
};

enum status flaws_count(const struct vulnerability_report *r, struct arena *arena, struct flaws *out, struct err *err)
{
	struct flaw *flaws = arena_array(arena, r->flaws + 1, sizeof(*flaws));

	if (!flaws)
		return err_nomem(err, "report");
	memset(out, 0, sizeof(*out));
	out->n = r->flaws;
	for (size_t i = 0; i < r->findings.len; i++) {
		const struct finding *f = &r->findings.at[i];
		struct flaw *w = &flaws[MIN(f->flaw, r->flaws)];

		w->severity = w->seen ? MAX(w->severity, f->severity) : f->severity;
		w->unfixed |= flaws_fix(f).len == 0;
		w->exploited |= finding_kev(f) != NULL;
		w->seen = true;
	}
	for (size_t i = 0; i < r->flaws; i++) {
		out->by_severity[flaws[i].severity]++;
		out->fixable += !flaws[i].unfixed;
		out->exploited += flaws[i].exploited;
	}
	return STATUS_OK;
}

struct slice flaws_later_fix(const struct finding *a, struct slice fix, const struct finding *b)
{
	const struct version_scheme *scheme = scheme_get(a->row.scheme);
	struct slice other = flaws_fix(b);

	if (fix.len == 0 || !scheme || !scheme->valid(fix))
		return other.len > 0 ? other : fix;
	return other.len > 0 && scheme->valid(other) && scheme->compare(fix, other) < 0 ? other : fix;
}
