/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - rules by the ids that they are about, and what they take back. */
#include "policy/policy_impl.h"

#include <stdlib.h>

static const struct {
	const char *name;
	bool takes_back;
} statuses[POLICY_STATUS_COUNT] = {
#define POLICY_STATUS(id, name, takes_back) [POLICY_##id] = { name, takes_back },
#include "policy/statuses.def"
#undef POLICY_STATUS
};

const char *policy_status_name(enum policy_status s)
{
	return statuses[s].name;
}

bool policy_status_by_name(struct slice name, enum policy_status *out)
{
	for (size_t i = 0; i < POLICY_STATUS_COUNT; i++) {
		if (slice_eq(name, slice_cstr(statuses[i].name))) {
			*out = (enum policy_status)i;
			return true;
		}
	}
	return false;
}

/* Texts of all ignore files and VEX documents of a run: Red Hat's largest has 20 MB. */
#define POLICY_BYTES ((size_t)1 << 30)

struct policy *policy_new(void)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->arena = (struct arena)ARENA_INIT(POLICY_BYTES);
	p->ids = (struct map)MAP_INIT;
	p->min_epss = -1;
	return p;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	map_fini(&p->ids);
	for (size_t i = 0; i < p->documents.len; i++)
		json_doc_free(&p->documents.at[i]);
	arena_fini(&p->arena);
	free(p);
}

void policy_only_fixed(struct policy *p, struct slice scopes)
{
	p->only_fixed = true;
	p->only_fixed_scopes = scopes;
}

void policy_exploited(struct policy *p, bool kev, double min_epss)
{
	p->kev = kev;
	p->min_epss = min_epss;
}

/* Ids are the same in both cases. NULL bytes when memory is short. */
static struct slice upper(struct slice id, struct arena *arena)
{
	char *text = arena_alloc(arena, id.len + 1);

	for (size_t i = 0; text && i < id.len; i++)
		text[i] = (char)(is_lower(id.ptr[i]) ? id.ptr[i] - 32 : id.ptr[i]);
	return text ? slice_make(text, id.len) : SLICE_EMPTY;
}

struct policy_rule *policy_rule_new(struct policy *p, const struct slice *ids, size_t n, struct err *err)
{
	struct policy_rule *rule = VEC_PUSH(&p->rules, &p->arena);

	for (size_t i = 0; rule && i < n; i++) {
		struct policy_link *link = VEC_PUSH(&p->links, &p->arena);
		struct slice id = upper(ids[i], &p->arena);
		bool is_new = false;
		uint64_t *slot = link && id.ptr ? map_slot(&p->ids, id, &is_new) : NULL;

		if (!slot) {
			rule = NULL;
			break;
		}
		*link = (struct policy_link){ p->rules.len - 1, is_new ? SIZE_MAX : (size_t)*slot };
		*slot = p->links.len - 1;
	}
	if (!rule)
		err_nomem(err, "ignore rules");
	else
		rule->said_s = rule->expires_s = DATE_NONE;
	return rule;
}

/* ---- what concerns a finding ---- */

/* Per report. */
struct run {
	struct policy *policy;
	struct vulnerability_report *report;
	struct policy_subject subject;
	struct arena *arena;
	int64_t now_s;
	size_t *first, *next; /* findings by flaw; SIZE_MAX ends a list */
};

/* The rule that decides so far. */
struct choice {
	struct policy_rule *ignore, *vex;
	enum policy_detail detail; /* of vex */
	const struct policy_rule *expired; /* that was told of last: a flaw has many ids */
};

static bool path_matches(struct slice pattern, struct slice path)
{
	while (pattern.len > 0 && pattern.ptr[0] == '/')
		pattern = slice_from(pattern, 1);
	while (path.len > 0 && path.ptr[0] == '/')
		path = slice_from(path, 1);
	return policy_glob(pattern, path);
}

static enum status ignore_matches(const struct policy_rule *rule, struct run *r, size_t package, bool *out,
				  struct err *err)
{
	const struct package *p = &r->report->index->packages.at[package].package;

	*out = rule->package.len == 0 || policy_glob(rule->package, p->name) ||
	       (p->source_name.len > 0 && policy_glob(rule->package, p->source_name));
	if (*out && rule->path.len > 0)
		*out = path_matches(rule->path, p->path);
	return *out && rule->purl ? policy_purl_matches(rule->purl, &r->subject, package, out, err) : STATUS_OK;
}

/* *detail is how closely the statement means the package, by the closest of its products. */
static enum status vex_matches(const struct policy_rule *rule, struct run *r, size_t package, bool *out,
			       enum policy_detail *detail, struct err *err)
{
	*out = false;
	*detail = POLICY_DETAIL_IMAGE;
	for (size_t i = 0; i < rule->products.len; i++) {
		bool one;

		TRY(policy_product_matches(&rule->products.at[i], &r->subject, package, &one, err));
		if (one)
			*detail = MAX(*detail, policy_product_detail(&rule->products.at[i]));
		*out |= one;
	}
	return STATUS_OK;
}

static bool expired(const struct policy_rule *rule, int64_t now_s)
{
	return rule->expires_s != DATE_NONE && rule->expires_s < now_s;
}

static enum status tell_expired(struct run *r, const struct policy_rule *rule, const struct finding *f, struct err *err)
{
	struct coverage_item *item;
	struct date_text date;
	struct slice detail;

	date_print(&date, rule->expires_s);
	if (!arena_printf(r->arena, &detail, "%.*s has expired on %.10s and ignores %.*s no longer",
			  SLICE_ARG(rule->where), date.text, SLICE_ARG(f->advisory.id)))
		return err_nomem(err, "report");
	for (size_t i = 0; i < r->report->coverage.len; i++)
		if (slice_eq(r->report->coverage.at[i].detail, detail)) {
			r->report->coverage.at[i].packages++;
			return STATUS_OK;
		}
	item = VEC_PUSH(&r->report->coverage, r->arena);
	if (!item)
		return err_nomem(err, "report");
	*item = (struct coverage_item){
		.code = COVERAGE_IGNORE_EXPIRED, .scope = SLICE("ignore"), .detail = detail, .packages = 1
	};
	return STATUS_OK;
}

/* What is said later holds; of the same moment what means the package more closely, then what is written later. */
static bool is_stronger(const struct policy *p, const struct policy_rule *rule, enum policy_detail detail,
			const struct choice *c)
{
	if (!c->vex || rule->said_s != c->vex->said_s)
		return !c->vex || rule->said_s > c->vex->said_s;
	if (detail != c->detail)
		return detail > c->detail;
	return rule - p->rules.at > c->vex - p->rules.at;
}

static enum status consider(struct run *r, const struct finding *f, struct policy_rule *rule, struct choice *c,
			    struct err *err)
{
	enum policy_detail detail;
	bool matches;

	if (rule->by == SUPPRESSED_BY_VEX) {
		TRY(vex_matches(rule, r, f->package, &matches, &detail, err));
		rule->used |= matches;
		if (matches && is_stronger(r->policy, rule, detail, c)) {
			c->vex = rule;
			c->detail = detail;
		}
		return STATUS_OK;
	}
	if (c->ignore == rule || c->expired == rule)
		return STATUS_OK;
	TRY(ignore_matches(rule, r, f->package, &matches, err));
	rule->used |= matches;
	if (!matches)
		return STATUS_OK;
	if (expired(rule, r->now_s)) {
		c->expired = rule;
		return tell_expired(r, rule, f, err);
	}
	c->ignore = c->ignore ? c->ignore : rule;
	return STATUS_OK;
}

static enum status consider_id(struct run *r, const struct finding *f, struct slice id, struct choice *c,
			       struct err *err)
{
	uint64_t at;

	id = upper(id, r->arena);
	if (!id.ptr)
		return err_nomem(err, "report");
	if (!map_get(&r->policy->ids, id, &at))
		return STATUS_OK;
	for (size_t i = (size_t)at; i != SIZE_MAX; i = r->policy->links.at[i].next)
		TRY(consider(r, f, &r->policy->rules.at[r->policy->links.at[i].rule], c, err));
	return STATUS_OK;
}

/* By every id of the flaw: what one source calls GHSA-..., a document may call CVE-... */
static enum status choose(struct run *r, const struct finding *f, struct choice *c, struct err *err)
{
	for (size_t i = r->first[f->flaw]; i != SIZE_MAX; i = r->next[i]) {
		const struct advisory *a = &r->report->findings.at[i].advisory;

		TRY(consider_id(r, f, a->id, c, err));
		for (size_t k = 0; k < a->n_aliases; k++)
			TRY(consider_id(r, f, a->aliases[k], c, err));
	}
	return consider_id(r, f, SLICE_EMPTY, c, err);
}

/* ---- the report ---- */

static enum status take_back(struct run *r, const struct finding *f, const struct policy_rule *rule, struct err *err)
{
	struct suppressed *s = VEC_PUSH(&r->report->suppressed, r->arena);
	struct slice reason = rule->reason;

	if (!s)
		return err_nomem(err, "report");
	*s = (struct suppressed){ .finding = *f, .by = rule->by };
	s->status = slice_cstr(policy_status_name(rule->status));
	if (reason.len == 0 &&
	    !arena_printf(r->arena, &reason, "%s, says %.*s", policy_status_name(rule->status), SLICE_ARG(rule->where)))
		return err_nomem(err, "report");
	if (!arena_copy(r->arena, reason, &s->reason) || !arena_copy(r->arena, rule->where, &s->document) ||
	    !arena_copy(r->arena, rule->justification, &s->justification))
		return err_nomem(err, "report");
	return STATUS_OK;
}

static enum status take_back_unfixed(struct run *r, const struct finding *f, struct err *err)
{
	struct suppressed *s = VEC_PUSH(&r->report->suppressed, r->arena);

	if (!s)
		return err_nomem(err, "report");
	*s = (struct suppressed){ .finding = *f,
				  .by = SUPPRESSED_BY_UNFIXED,
				  .reason = SLICE("no fixed version is known") };
	return STATUS_OK;
}

/* ---- is it exploited, or likely to be? ---- */

/* What the records of a finding's flaw say together: what one source calls GHSA-..., another one calls CVE-... */
struct exploitation {
	bool kev;
	const struct enrichment *epss; /* NULL: no score is known */
	double probability;
};

static struct exploitation exploitation_of(const struct run *r, const struct finding *f)
{
	struct exploitation x = { .probability = -1 };

	for (size_t i = r->first[f->flaw]; i != SIZE_MAX; i = r->next[i]) {
		const struct finding *one = &r->report->findings.at[i];
		const struct enrichment *e = finding_epss(one);
		double p = e ? enrichment_fraction(e->epss->probability) : -1;

		x.kev |= finding_kev(one) != NULL;
		if (p > x.probability) {
			x.probability = p;
			x.epss = e;
		}
	}
	return x;
}

/* Only what is known takes a finding back: one without a score is not unlikely. */
static bool is_unexploited(const struct policy *p, const struct vulnerability_report *v, const struct exploitation *x)
{
	bool by_kev = p->kev && v->enriched[ENRICHER_KEV], by_epss = p->min_epss >= 0 && v->enriched[ENRICHER_EPSS];

	if ((p->kev && !by_kev) || (p->min_epss >= 0 && !by_epss) || (!by_kev && !by_epss))
		return false;
	if (by_kev && x->kev)
		return false;
	return !by_epss || (x->epss && x->probability < p->min_epss);
}

static enum status take_back_unexploited(struct run *r, const struct finding *f, const struct exploitation *x,
					 struct err *err)
{
	struct suppressed *s = VEC_PUSH(&r->report->suppressed, r->arena);
	const struct policy *p = r->policy;
	struct slice epss = SLICE_EMPTY;

	if (!s)
		return err_nomem(err, "report");
	if (p->min_epss >= 0 &&
	    !arena_printf(r->arena, &epss, "%sthe probability that %.*s is exploited is %.*s (EPSS), below %g",
			  p->kev ? ", and " : "", SLICE_ARG(x->epss->cve), SLICE_ARG(x->epss->epss->probability),
			  p->min_epss))
		return err_nomem(err, "report");
	*s = (struct suppressed){ .finding = *f, .by = SUPPRESSED_BY_UNEXPLOITED };
	return arena_printf(r->arena, &s->reason, "%s%.*s",
			    p->kev ? "it is not in CISA's catalogue of known exploited vulnerabilities" : "",
			    SLICE_ARG(epss))
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

static enum status tell_missing(struct run *r, enum enricher e, const char *option, struct err *err)
{
	struct coverage_item *item = VEC_PUSH(&r->report->coverage, r->arena);

	if (!item)
		return err_nomem(err, "report");
	*item = (struct coverage_item){ .code = COVERAGE_NO_ENRICHMENT, .scope = enricher_name(e) };
	r->report->complete = false;
	return arena_printf(r->arena, &item->detail,
			    "%s took nothing back: nothing of this source is in force; run: limpid update --set %.*s",
			    option, SLICE_ARG(enricher_name(e)))
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

static enum status tell_all_missing(struct run *r, struct err *err)
{
	if (r->report->findings.len == 0)
		return STATUS_OK;
	if (r->policy->kev && !r->report->enriched[ENRICHER_KEV])
		TRY(tell_missing(r, ENRICHER_KEV, "--kev", err));
	if (r->policy->min_epss >= 0 && !r->report->enriched[ENRICHER_EPSS])
		TRY(tell_missing(r, ENRICHER_EPSS, "--min-epss", err));
	return STATUS_OK;
}

static enum status settle(struct run *r, const struct finding *f, bool *kept, struct err *err)
{
	struct choice c = { .ignore = NULL };
	struct exploitation x;

	*kept = false;
	TRY(choose(r, f, &c, err));
	if (c.ignore)
		return take_back(r, f, c.ignore, err);
	if (c.vex && statuses[c.vex->status].takes_back)
		return take_back(r, f, c.vex, err);
	if (r->policy->only_fixed && slice_starts(f->row.scope, r->policy->only_fixed_scopes) && f->fix.len == 0 &&
	    f->row.fixed_version.len == 0)
		return take_back_unfixed(r, f, err);
	x = exploitation_of(r, f);
	if (is_unexploited(r->policy, r->report, &x))
		return take_back_unexploited(r, f, &x, err);
	*kept = true;
	return STATUS_OK;
}

static enum status list_flaws(struct run *r, struct err *err)
{
	const struct vulnerability_report *v = r->report;

	r->first = arena_array(r->arena, v->flaws + 1, sizeof(*r->first));
	r->next = arena_array(r->arena, v->findings.len + 1, sizeof(*r->next));
	r->subject.purls = arena_array(r->arena, v->index->packages.len + 1, sizeof(*r->subject.purls));
	if (!r->first || !r->next || !r->subject.purls)
		return err_nomem(err, "report");
	for (size_t i = 0; i <= v->flaws; i++)
		r->first[i] = SIZE_MAX;
	for (size_t i = v->findings.len; i-- > 0;) {
		r->next[i] = r->first[v->findings.at[i].flaw];
		r->first[v->findings.at[i].flaw] = i;
	}
	return STATUS_OK;
}

enum status policy_apply(struct policy *p, struct vulnerability_report *v, int64_t now_s, struct arena *arena,
			 struct err *err)
{
	struct run r = { .policy = p, .report = v, .arena = arena, .now_s = now_s };
	bool *kept = arena_array(arena, v->findings.len + 1, sizeof(*kept));
	size_t n = 0;

	r.subject = (struct policy_subject){ .index = v->index, .arena = arena };
	if (!kept)
		return err_nomem(err, "report");
	TRY(list_flaws(&r, err));
	TRY(tell_all_missing(&r, err));
	for (size_t i = 0; i < v->findings.len; i++)
		TRY(settle(&r, &v->findings.at[i], &kept[i], err));
	for (size_t i = 0; i < v->findings.len; i++)
		if (kept[i])
			v->findings.at[n++] = v->findings.at[i];
	v->findings.len = n;
	return vulnerability_report_number_flaws(v, arena, err);
}

void policy_each_unused(const struct policy *p, void (*put)(void *ctx, struct slice where), void *ctx)
{
	for (size_t i = 0; i < p->rules.len; i++)
		if (!p->rules.at[i].used)
			put(ctx, p->rules.at[i].where);
}

void policy_each_expired(const struct policy *p, int64_t now_s, void (*put)(void *ctx, struct slice where), void *ctx)
{
	for (size_t i = 0; i < p->rules.len; i++)
		if (expired(&p->rules.at[i], now_s))
			put(ctx, p->rules.at[i].where);
}
