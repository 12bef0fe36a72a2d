/* SPDX-License-Identifier: Apache-2.0 */
/* match_severity.c - liblimpid-match: severities, and what words and vectors stand for. */
#include "limpid/match.h"

#include "feed/cvss.h"

_Static_assert((int)LIMPID_MATCH_UNKNOWN == (int)SEVERITY_UNKNOWN, "the numbers are part of the library");
_Static_assert((int)LIMPID_MATCH_NEGLIGIBLE == (int)SEVERITY_NEGLIGIBLE, "the numbers are part of the library");
_Static_assert((int)LIMPID_MATCH_LOW == (int)SEVERITY_LOW, "the numbers are part of the library");
_Static_assert((int)LIMPID_MATCH_MEDIUM == (int)SEVERITY_MEDIUM, "the numbers are part of the library");
_Static_assert((int)LIMPID_MATCH_HIGH == (int)SEVERITY_HIGH, "the numbers are part of the library");
_Static_assert((int)LIMPID_MATCH_CRITICAL == (int)SEVERITY_CRITICAL && SEVERITY_COUNT == 6, "no more than these");

const char *limpid_match_severity_name(int severity)
{
	return severity >= 0 && severity < SEVERITY_COUNT ? severity_name((enum severity)severity) : NULL;
}

int limpid_match_severity_by_name(const char *name)
{
	enum severity s;

	return severity_by_name(slice_cstr(name), &s) ? (int)s : -1;
}

int limpid_match_severity_of_word(const char *set, const char *word)
{
	enum severity s;

	return severity_by_word(slice_cstr(set), slice_cstr(word), &s) ? (int)s : -1;
}

int limpid_match_severity_of_cvss(const char *vector, double *score)
{
	double base;

	if (!cvss_base_score(slice_cstr(vector), &base))
		return -1;
	if (score)
		*score = base;
	return (int)cvss_severity(base);
}
