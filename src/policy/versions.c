/* SPDX-License-Identifier: Apache-2.0 */
/*
 * versions.c - versions and ranges in VEX documents: "1.2", "<1.2", and "vers:npm/>=1.0|<1.2|2.0" as the version range
 * specifier of package URLs has it (github.com/package-url/vers-spec), by the scheme of the installed package. Of npm
 * packages, "^1.2 || 2.x" as well.
 */
#include "policy/policy_impl.h"

#include "version/npm_range.h"

#define CONSTRAINTS_MAX 64

enum comparator { EQUAL, NOT_EQUAL, LESS, UP_TO, MORE, FROM };

struct constraint {
	enum comparator how;
	struct slice version;
};

static bool read_constraint(struct slice text, const struct version_scheme *scheme, struct constraint *out)
{
	static const struct {
		const char *text;
		enum comparator how;
	} marks[] = { { "!=", NOT_EQUAL }, { "<=", UP_TO }, { ">=", FROM },
		      { "<", LESS },	   { ">", MORE },   { "=", EQUAL } };

	text = slice_trim(text);
	out->how = EQUAL;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (!slice_starts(text, slice_cstr(marks[i].text)))
			continue;
		out->how = marks[i].how;
		text = slice_from(text, strlen(marks[i].text));
		break;
	}
	out->version = slice_trim(text);
	return scheme->valid(out->version);
}

/* Into an ascending list. */
static void insert(struct constraint *list, size_t n, struct constraint c, const struct version_scheme *scheme)
{
	size_t at = n;

	for (; at > 0 && scheme->compare(list[at - 1].version, c.version) > 0; at--)
		list[at] = list[at - 1];
	list[at] = c;
}

static bool ends_above(const struct constraint *c)
{
	return c->how == LESS || c->how == UP_TO;
}

/* The bounds, ascending: below the first upper one, above the last lower one, or between a lower and an upper one. */
static bool between(const struct constraint *list, size_t n, struct slice version, const struct version_scheme *scheme)
{
	for (size_t i = 0; i < n; i++) {
		int c = scheme->compare(version, list[i].version);

		if (ends_above(&list[i]) && c < 0 && (i == 0 || (!ends_above(&list[i - 1]) &&
								scheme->compare(version, list[i - 1].version) > 0)))
			return true;
		if (!ends_above(&list[i]) && c > 0 && i + 1 == n)
			return true;
	}
	return false;
}

bool policy_version_holds(enum package_type type, struct slice version, struct slice said)
{
	const struct version_scheme *scheme = package_type_scheme(type);
	struct constraint bounds[CONSTRAINTS_MAX], c;
	struct slice part;
	size_t n = 0;
	bool equal = false;

	if (!scheme || !scheme->valid(version))
		return false;
	if (slice_starts(said, SLICE("vers:")))
		slice_cut(said, '/', NULL, &said);
	else if (type == PACKAGE_NPM && !scheme->valid(said) && npm_range_valid(said))
		return npm_range_holds(said, version);
	if (slice_eq(slice_trim(said), SLICE("*")))
		return true;
	while (slice_word(&said, '|', &part)) {
		if (n == CONSTRAINTS_MAX || !read_constraint(part, scheme, &c))
			return false;
		if (scheme->compare(version, c.version) == 0) {
			if (c.how == NOT_EQUAL || c.how == LESS || c.how == MORE)
				return false;
			equal = true;
		}
		if (c.how != EQUAL && c.how != NOT_EQUAL)
			insert(bounds, n++, c, scheme);
	}
	return equal || between(bounds, n, version, scheme);
}

void policy_names_limit(policy_names *names, size_t n, const struct slice *versions, size_t n_versions)
{
	for (; n < names->len; n++) {
		names->at[n].versions = versions;
		names->at[n].n_versions = n_versions;
	}
}
