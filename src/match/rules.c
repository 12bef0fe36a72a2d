/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - the range test and the rules of each package family (matchers.def). */
#include "match/rules.h"

#include <stdarg.h>
#include <stdio.h>

/* A family's own test before the versions count: false = the row is about another build; why says which. */
typedef bool (*family_rule)(const struct index_report *index, const struct package *p, const struct affected *row,
			    struct verdict_text *why);

PRINTF_LIKE(2, 3)
static void say(struct verdict_text *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
}

static const char *quote(struct err_quote *q, struct slice s)
{
	return err_slice(q, s);
}

/* Is item one of the parts of list, which are joined by '|'? */
static bool in_list(struct slice list, struct slice item)
{
	struct slice part;

	while (slice_word(&list, '|', &part))
		if (slice_eq(part, item))
			return true;
	return false;
}

static bool rule_plain(const struct index_report *index, const struct package *p, const struct affected *row,
		       struct verdict_text *why)
{
	struct err_quote q;

	(void)index;
	if (row->arch.len > 0 && p->arch.len > 0 && !in_list(row->arch, p->arch)) {
		say(why, "the advisory is for another architecture: %s", quote(&q, row->arch));
		return false;
	}
	return true;
}

/*
 * A module stream is a line of versions of its own: fixes of another stream, or of the non-modular build, compare to
 * nothing. A modular fix whose stream the source does not name ("?") cannot be judged and is not reported.
 */
static bool rule_rpm(const struct index_report *index, const struct package *p, const struct affected *row,
		     struct verdict_text *why)
{
	struct err_quote a, b;
	bool noarch = slice_eq(p->arch, SLICE("noarch"));

	if (!noarch && !rule_plain(index, p, row, why))
		return false;
	if (slice_eq(row->module, p->module))
		return true;
	if (row->module.len == 0)
		say(why, "the fix is for the non-modular build, installed is module %s", quote(&a, p->module));
	else if (slice_eq(row->module, SLICE("?")))
		say(why, "the fix is for a module stream that the source does not name, installed is %s",
		    p->module.len ? quote(&a, p->module) : "the non-modular build");
	else
		say(why, "the fix is for module %s, installed is %s", quote(&a, row->module),
		    p->module.len ? quote(&b, p->module) : "the non-modular build");
	return false;
}

/* "linux/amd64", "windows/", "/arm64": an empty half means any. */
static bool platform_matches(struct slice platform, const struct index_report *index)
{
	struct slice os, arch;

	slice_cut(platform, '/', &os, &arch);
	return (os.len == 0 || index->os.len == 0 || slice_eq(os, index->os)) &&
	       (arch.len == 0 || index->arch.len == 0 || slice_eq(arch, index->arch));
}

static bool rule_go(const struct index_report *index, const struct package *p, const struct affected *row,
		    struct verdict_text *why)
{
	struct slice list = row->platforms, part;
	struct err_quote q;

	(void)p;
	if (list.len == 0)
		return true;
	while (slice_word(&list, '|', &part))
		if (platform_matches(part, index))
			return true;
	say(why, "only programs for %s are affected", quote(&q, row->platforms));
	return false;
}

static const family_rule rules[PACKAGE_TYPE_COUNT] = {
#define MATCHER(type, rule, what) [PACKAGE_##type] = rule_##rule,
#include "match/matchers.def"
#undef MATCHER
};

size_t rules_candidates(const struct package *p, struct candidate out[2])
{
	struct slice source = p->source_name.len ? p->source_name : p->name;
	struct slice version = p->source_name.len && p->source_version.len ? p->source_version : p->version;
	size_t n = 0;

	out[n++] = (struct candidate){ source, version, true };
	if (!slice_eq(source, p->name))
		out[n++] = (struct candidate){ p->name, p->version, false };
	return n;
}

/* rpm does not record the epoch of a source package; where source and binary agree on the rest, it is the binary's. */
static struct slice source_version(const struct package *p)
{
	struct slice rest;

	if (p->source_name.len == 0 || p->source_version.len == 0)
		return p->version;
	if (p->type == PACKAGE_RPM && slice_cut(p->version, ':', NULL, &rest) && slice_eq(rest, p->source_version))
		return p->version;
	return p->source_version;
}

static bool from_start(struct slice introduced)
{
	return introduced.len == 0 || slice_eq(introduced, SLICE("0"));
}

static bool bound_is_bad(const struct version_scheme *scheme, struct slice bound)
{
	return bound.len > 0 && !slice_eq(bound, SLICE("0")) && !scheme->valid(bound);
}

static enum verdict judge_range(const struct version_scheme *scheme, const struct version_range *r, struct slice v,
				struct verdict_text *why)
{
	struct err_quote a, b;

	if (bound_is_bad(scheme, r->introduced) || bound_is_bad(scheme, r->fixed) ||
	    bound_is_bad(scheme, r->last_affected)) {
		say(why, "the advisory's version %s does not follow the scheme %s",
		    quote(&a, r->fixed.len ? r->fixed : r->last_affected.len ? r->last_affected : r->introduced),
		    scheme->name);
		return VERDICT_BAD_VERSION;
	}
	if (!from_start(r->introduced) && scheme->compare(v, r->introduced) < 0) {
		say(why, "%s < %s, where it was introduced (%s)", quote(&a, v), quote(&b, r->introduced), scheme->name);
		return VERDICT_FIXED;
	}
	if (r->fixed.len > 0) {
		bool older = scheme->compare(v, r->fixed) < 0;

		say(why, "%s %s %s (%s)", quote(&a, v), older ? "<" : ">=", quote(&b, r->fixed), scheme->name);
		return older ? VERDICT_AFFECTED : VERDICT_FIXED;
	}
	if (r->last_affected.len > 0) {
		bool upto = scheme->compare(v, r->last_affected) <= 0;

		say(why, "%s %s %s, the last affected version (%s)", quote(&a, v), upto ? "<=" : ">",
		    quote(&b, r->last_affected), scheme->name);
		return upto ? VERDICT_AFFECTED : VERDICT_FIXED;
	}
	say(why, "%s: no fixed version is known", quote(&a, v));
	return VERDICT_AFFECTED;
}

static enum verdict judge_versions(const struct version_scheme *scheme, const struct affected *row, struct slice v,
				   struct verdict_text *why)
{
	struct verdict_text other;
	struct err_quote q;
	enum verdict verdict = VERDICT_FIXED;

	if (row->n_ranges == 0 && row->n_versions == 0) {
		say(why, "%s: every version is affected, no fix is known", quote(&q, v));
		return VERDICT_AFFECTED;
	}
	say(why, "%s is not among the affected versions", quote(&q, v));
	for (size_t i = 0; i < row->n_ranges; i++) {
		enum verdict one = judge_range(scheme, &row->ranges[i], v, &other);

		if (one == VERDICT_AFFECTED) {
			*why = other;
			return one;
		}
		/* Prefer to tell of the range that was read over one that could not be. */
		if (one == VERDICT_FIXED || verdict != VERDICT_BAD_VERSION) {
			verdict = one == VERDICT_BAD_VERSION ? one : verdict;
			*why = other;
		}
	}
	for (size_t i = 0; i < row->n_versions; i++) {
		if (slice_eq(row->versions[i], v) || scheme->compare(row->versions[i], v) == 0) {
			say(why, "%s is listed as affected", quote(&q, v));
			return VERDICT_AFFECTED;
		}
	}
	return verdict;
}

enum verdict rules_judge(const struct index_report *index, const struct package *p, const struct affected *row,
			 struct slice looked_up, struct slice *out_version, struct verdict_text *why)
{
	const struct version_scheme *scheme = scheme_get(row->scheme);
	struct slice source = p->source_name.len ? p->source_name : p->name;
	bool is_source = slice_eq(looked_up, source), is_binary = slice_eq(looked_up, p->name);
	struct err_quote q;

	*out_version = p->version;
	if (!scheme)
		scheme = package_type_scheme(p->type);
	if ((row->name_kind == AFFECTED_NAME_SOURCE && !is_source) ||
	    (row->name_kind == AFFECTED_NAME_BINARY && !is_binary)) {
		say(why, "the advisory speaks of the %s package %s",
		    row->name_kind == AFFECTED_NAME_SOURCE ? "source" : "binary", quote(&q, row->package));
		return VERDICT_OTHER_NAME;
	}
	if (is_source && row->name_kind != AFFECTED_NAME_BINARY)
		*out_version = source_version(p);
	if (!rules[p->type](index, p, row, why))
		return VERDICT_OTHER_BUILD;
	if (row->status == AFFECTED_NO) {
		say(why, "the vendor says: not affected");
		return VERDICT_NOT_AFFECTED;
	}
	if (row->status == AFFECTED_UNDECIDED) {
		say(why, "the vendor has not decided whether it is affected");
		return VERDICT_UNDECIDED;
	}
	if (!scheme || !scheme->valid(*out_version)) {
		say(why, "the installed version %s does not follow the scheme %s", quote(&q, *out_version),
		    scheme ? scheme->name : "of its kind");
		return VERDICT_BAD_VERSION;
	}
	return judge_versions(scheme, row, *out_version, why);
}
