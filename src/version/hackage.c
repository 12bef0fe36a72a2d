/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hackage.c - versions of Haskell packages: numbers between dots, as Cabal's Version orders them (the Haskell Package
 * Versioning Policy). Cabal reads no zeros in front of a number and no number of ten digits.
 */
#include "version/number_list.h"
#include "version/scheme.h"

#define DIGITS_MAX 9

static bool hackage_valid(struct slice v)
{
	struct slice rest = v, part;

	if (!number_list_valid(v, "."))
		return false;
	while (slice_word(&rest, '.', &part))
		if (part.len > DIGITS_MAX || (part.len > 1 && part.ptr[0] == '0'))
			return false;
	return true;
}

static int hackage_compare(struct slice a, struct slice b)
{
	bool good_a = hackage_valid(a), good_b = hackage_valid(b);

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	return number_list_cmp(a, b);
}

const struct version_scheme version_scheme_hackage = { "hackage", hackage_compare, hackage_valid };
