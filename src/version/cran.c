/* SPDX-License-Identifier: Apache-2.0 */
/* cran.c - versions of R packages: numbers between dots and hyphens, as R's compareVersion() orders them. */
#include "version/number_list.h"
#include "version/scheme.h"

static bool cran_valid(struct slice v)
{
	return number_list_valid(v, ".-");
}

static int cran_compare(struct slice a, struct slice b)
{
	bool good_a = cran_valid(a), good_b = cran_valid(b);

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	return number_list_cmp(a, b);
}

const struct version_scheme version_scheme_cran = { "cran", cran_compare, cran_valid };
