/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cvss4.c - the base score (CVSS-B) of CVSS 4.0: specification, section 8.
 *
 * A vector falls into a class (macro vector) that has a score of its own; within the class it goes down, by how far it
 * is from the worst vector of the class, towards the next lower ones. Threat and environmental metrics do not count: as
 * if they were not defined, which the specification reads as their worst values.
 */
#include "feed/cvss_impl.h"

enum metric { AV, PR, UI, AC, AT, VC, VI, VA, SC, SI, SA, METRICS };

/* Values from worst to mildest; SI and SA could be worse (S), but not in a base vector. */
static const struct {
	const char *name, *values;
} metrics[METRICS] = {
	[AV] = { "AV", "NALP" }, [PR] = { "PR", "NLH" }, [UI] = { "UI", "NPA" }, [AC] = { "AC", "LH" },
	[AT] = { "AT", "NP" },	 [VC] = { "VC", "HLN" }, [VI] = { "VI", "HLN" }, [VA] = { "VA", "HLN" },
	[SC] = { "SC", "HLN" },	 [SI] = { "SI", "HLN" }, [SA] = { "SA", "HLN" },
};

/*
 * Ten times the score of each class: [EQ1][EQ2][EQ3 and EQ6][EQ4], for EQ5 = 0. EQ3 and EQ6 together: 00, 01, 10, 11,
 * 21; EQ4: 1, 2. Source: the specification's table of macro vectors.
 */
enum eq36 { EQ36_00, EQ36_01, EQ36_10, EQ36_11, EQ36_21, EQ36_COUNT };
static const uint8_t scores[3][2][EQ36_COUNT][2] = {
	{ { { 100, 93 }, { 96, 90 }, { 93, 88 }, { 92, 80 }, { 79, 69 } },
	  { { 95, 92 }, { 91, 81 }, { 92, 84 }, { 82, 70 }, { 71, 63 } } },
	{ { { 94, 87 }, { 89, 75 }, { 86, 72 }, { 76, 57 }, { 65, 53 } },
	  { { 90, 77 }, { 77, 66 }, { 74, 61 }, { 59, 52 }, { 58, 23 } } },
	{ { { 86, 70 }, { 74, 54 }, { 72, 53 }, { 57, 36 }, { 47, 24 } },
	  { { 73, 54 }, { 55, 43 }, { 61, 46 }, { 51, 18 }, { 24, 10 } } },
};

/* The worst vectors of a class and its depth, both in steps; unused ones repeat the first. */
struct group {
	enum metric first;
	size_t n;
	uint8_t worst[3][3];
	unsigned depth;
};

static const struct group eq1s[3] = {
	{ AV, 3, { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } }, 1 },
	{ AV, 3, { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }, 4 },
	{ AV, 3, { { 3, 0, 0 }, { 1, 1, 1 }, { 3, 0, 0 } }, 5 },
};
static const struct group eq2s[2] = {
	{ AC, 2, { { 0, 0 }, { 0, 0 }, { 0, 0 } }, 1 },
	{ AC, 2, { { 1, 0 }, { 0, 1 }, { 1, 0 } }, 2 },
};
/* Requirements that are not defined count as high: a high impact is one on a high requirement (EQ6 = 0). */
static const struct group eq36s[EQ36_COUNT] = {
	[EQ36_00] = { VC, 3, { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } }, 7 },
	[EQ36_10] = { VC, 3, { { 1, 0, 0 }, { 0, 1, 0 }, { 1, 0, 0 } }, 8 },
	[EQ36_21] = { VC, 3, { { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 } }, 10 },
};
static const struct group eq4s[2] = {
	{ SC, 3, { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 } }, 5 },
	{ SC, 3, { { 1, 1, 1 }, { 1, 1, 1 }, { 1, 1, 1 } }, 4 },
};

static bool read_level(struct slice vector, enum metric m, uint8_t *out)
{
	struct slice value;
	const char *at;

	if (!cvss_metric(vector, slice_cstr(metrics[m].name), &value) || value.len != 1)
		return false;
	at = strchr(metrics[m].values, value.ptr[0]);
	if (!at || value.ptr[0] == '\0')
		return false;
	*out = (uint8_t)(at - metrics[m].values);
	return true;
}

static unsigned eq1_of(const uint8_t *v)
{
	if (v[AV] == 0 && v[PR] == 0 && v[UI] == 0)
		return 0;
	return (v[AV] == 0 || v[PR] == 0 || v[UI] == 0) && v[AV] != 3 ? 1 : 2;
}

static enum eq36 eq36_of(const uint8_t *v)
{
	if (v[VC] == 0 && v[VI] == 0)
		return EQ36_00;
	return v[VC] == 0 || v[VI] == 0 || v[VA] == 0 ? EQ36_10 : EQ36_21;
}

/* Steps from the first of the class's worst vectors that is nowhere milder. */
static unsigned distance(const struct group *g, const uint8_t *v)
{
	for (size_t w = 0; w < 3; w++) {
		unsigned steps = 0;
		bool above = true;

		for (size_t i = 0; i < g->n; i++) {
			above &= v[g->first + i] >= g->worst[w][i];
			steps += (unsigned)v[g->first + i] - g->worst[w][i];
		}
		if (above)
			return steps;
	}
	return 0;
}

struct descent {
	double score, sum;
	unsigned n;
};

/* A class below this one, whose score is lower / 10. */
static void descend(struct descent *d, uint8_t lower, const struct group *g, const uint8_t *v)
{
	d->sum += (d->score - lower / 10.0) * distance(g, v) / g->depth;
	d->n++;
}

bool cvss_score_v4(struct slice vector, double *out)
{
	uint8_t v[METRICS];
	unsigned eq1, eq2, eq4;
	enum eq36 eq36;
	struct descent d;

	for (enum metric m = 0; m < METRICS; m++)
		if (!read_level(vector, m, &v[m]))
			return false;
	*out = 0;
	if (v[VC] == 2 && v[VI] == 2 && v[VA] == 2 && v[SC] == 2 && v[SI] == 2 && v[SA] == 2)
		return true;
	eq1 = eq1_of(v);
	eq2 = v[AC] == 0 && v[AT] == 0 ? 0 : 1;
	eq36 = eq36_of(v);
	eq4 = v[SC] == 0 || v[SI] == 0 || v[SA] == 0 ? 0 : 1;
	/* EQ5 has a lower class, too, and no depth to go down: it only takes part in the mean. */
	d = (struct descent){ .score = scores[eq1][eq2][eq36][eq4] / 10.0, .n = 1 };
	if (eq1 < 2)
		descend(&d, scores[eq1 + 1][eq2][eq36][eq4], &eq1s[eq1], v);
	if (eq2 < 1)
		descend(&d, scores[eq1][eq2 + 1][eq36][eq4], &eq2s[eq2], v);
	if (eq36 == EQ36_00)
		descend(&d, MAX(scores[eq1][eq2][EQ36_01][eq4], scores[eq1][eq2][EQ36_10][eq4]), &eq36s[eq36], v);
	else if (eq36 == EQ36_10)
		descend(&d, scores[eq1][eq2][EQ36_11][eq4], &eq36s[eq36], v);
	if (eq4 < 1)
		descend(&d, scores[eq1][eq2][eq36][eq4 + 1], &eq4s[eq4], v);
	d.score -= d.sum / d.n;
	*out = (double)(int64_t)(MAX(d.score, 0.0) * 10 + 0.5 + 1e-9) / 10.0;
	return true;
}
