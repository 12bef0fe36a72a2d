/* SPDX-License-Identifier: Apache-2.0 */
/* cvss.c - CVSS base equations: v2 (guide of 2007, section 3.2.1), v3.0 and v3.1 (specifications, sections 7 and 8). */
#include "feed/cvss_impl.h"

/* A metric and its weight for one value. The lists end with metric "". */
struct weight {
	const char *metric, *value;
	double weight;
};

static const struct weight v3[] = {
	{ "AV", "N", 0.85 }, { "AV", "A", 0.62 }, { "AV", "L", 0.55 }, { "AV", "P", 0.2 }, { "AC", "L", 0.77 },
	{ "AC", "H", 0.44 }, { "UI", "N", 0.85 }, { "UI", "R", 0.62 }, { "C", "H", 0.56 }, { "C", "L", 0.22 },
	{ "C", "N", 0 },     { "I", "H", 0.56 },  { "I", "L", 0.22 },  { "I", "N", 0 },	   { "A", "H", 0.56 },
	{ "A", "L", 0.22 },  { "A", "N", 0 },	  { "S", "U", 0 },     { "S", "C", 1 },	   { "", "", 0 },
};

/* Privileges weigh more when the scope changes. */
static const struct weight v3_unchanged[] = {
	{ "PR", "N", 0.85 }, { "PR", "L", 0.62 }, { "PR", "H", 0.27 }, { "", "", 0 }
};
static const struct weight v3_changed[] = {
	{ "PR", "N", 0.85 }, { "PR", "L", 0.68 }, { "PR", "H", 0.5 }, { "", "", 0 }
};

static const struct weight v2[] = {
	{ "AV", "L", 0.395 }, { "AV", "A", 0.646 }, { "AV", "N", 1.0 },	 { "AC", "H", 0.35 },  { "AC", "M", 0.61 },
	{ "AC", "L", 0.71 },  { "Au", "M", 0.45 },  { "Au", "S", 0.56 }, { "Au", "N", 0.704 }, { "C", "N", 0 },
	{ "C", "P", 0.275 },  { "C", "C", 0.660 },  { "I", "N", 0 },	 { "I", "P", 0.275 },  { "I", "C", 0.660 },
	{ "A", "N", 0 },      { "A", "P", 0.275 },  { "A", "C", 0.660 }, { "", "", 0 },
};

bool cvss_metric(struct slice vector, struct slice metric, struct slice *out)
{
	struct slice part, name;

	while (slice_word(&vector, '/', &part))
		if (slice_cut(part, ':', &name, out) && slice_eq(name, metric))
			return true;
	return false;
}

static bool weigh(struct slice vector, const struct weight *table, const char *metric, double *out)
{
	struct slice value;

	if (!cvss_metric(vector, slice_cstr(metric), &value))
		return false;
	for (; table->metric[0]; table++) {
		if (strcmp(table->metric, metric) == 0 && slice_eq(value, slice_cstr(table->value))) {
			*out = table->weight;
			return true;
		}
	}
	return false;
}

/* Smallest number with one decimal that is not below: the rule of 3.1, free of binary rounding noise. */
static double round_up(double x)
{
	int64_t n = (int64_t)(x * 100000 + 0.5);

	if (n % 10000 == 0)
		return (double)n / 100000.0;
	return (double)(n / 10000 + 1) / 10.0;
}

static double power15(double x)
{
	double r = 1;

	for (int i = 0; i < 15; i++)
		r *= x;
	return r;
}

static bool score_v3(struct slice vector, double *out)
{
	double av, ac, pr, ui, s, c, i, a, iss, impact, exploitability;

	if (!weigh(vector, v3, "AV", &av) || !weigh(vector, v3, "AC", &ac) || !weigh(vector, v3, "UI", &ui) ||
	    !weigh(vector, v3, "S", &s) || !weigh(vector, v3, "C", &c) || !weigh(vector, v3, "I", &i) ||
	    !weigh(vector, v3, "A", &a) || !weigh(vector, s > 0 ? v3_changed : v3_unchanged, "PR", &pr))
		return false;
	iss = 1 - (1 - c) * (1 - i) * (1 - a);
	impact = s > 0 ? 7.52 * (iss - 0.029) - 3.25 * power15(iss - 0.02) : 6.42 * iss;
	exploitability = 8.22 * av * ac * pr * ui;
	if (impact <= 0)
		*out = 0;
	else
		*out = round_up(MIN((s > 0 ? 1.08 : 1.0) * (impact + exploitability), 10.0));
	return true;
}

static bool score_v2(struct slice vector, double *out)
{
	double av, ac, au, c, i, a, impact, exploitability, score;

	if (!weigh(vector, v2, "AV", &av) || !weigh(vector, v2, "AC", &ac) || !weigh(vector, v2, "Au", &au) ||
	    !weigh(vector, v2, "C", &c) || !weigh(vector, v2, "I", &i) || !weigh(vector, v2, "A", &a))
		return false;
	impact = 10.41 * (1 - (1 - c) * (1 - i) * (1 - a));
	exploitability = 20 * av * ac * au;
	score = (0.6 * impact + 0.4 * exploitability - 1.5) * (impact > 0 ? 1.176 : 0);
	*out = (double)(int64_t)(score * 10 + 0.5) / 10.0;
	return true;
}

bool cvss_base_score(struct slice vector, double *out)
{
	vector = slice_trim(vector);
	if (slice_starts(vector, SLICE("CVSS:3.0/")) || slice_starts(vector, SLICE("CVSS:3.1/")))
		return score_v3(slice_from(vector, 9), out);
	if (slice_starts(vector, SLICE("CVSS:4.0/")))
		return cvss_score_v4(slice_from(vector, 9), out);
	if (slice_starts(vector, SLICE("CVSS:")))
		return false;
	if (slice_starts(vector, SLICE("(")) && slice_ends(vector, SLICE(")")))
		vector = slice_take(slice_from(vector, 1), vector.len - 2);
	return score_v2(vector, out);
}

enum severity cvss_severity(double score)
{
	if (score <= 0)
		return SEVERITY_NEGLIGIBLE;
	if (score < 4)
		return SEVERITY_LOW;
	if (score < 7)
		return SEVERITY_MEDIUM;
	return score < 9 ? SEVERITY_HIGH : SEVERITY_CRITICAL;
}
