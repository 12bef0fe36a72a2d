/* SPDX-License-Identifier: Apache-2.0 */
/* scopes_cpe.c - compares formatted strings of CPEs, attribute by attribute. */
#include "match/scopes_cpe.h"

#include <stdio.h>

#define ATTRIBUTE_VERSION 5 /* after "cpe", "2.3", part, vendor and product */

static void add(struct scopes_cpes *c, const char *part, struct slice release, const char *edition)
{
	if (c->n < SCOPES_CPES_MAX)
		snprintf(c->text[c->n++], sizeof(c->text[0]), "cpe:2.3:%s:redhat:enterprise_linux:%.*s:*:%s:*:*:*:*:*",
			 part, SLICE_ARG(release), edition);
}

void scopes_cpes_of(struct slice scope, struct scopes_cpes *out)
{
	struct slice prefix, release;
	uint64_t number;

	*out = (struct scopes_cpes){ .n = 0 };
	if (!slice_cut(scope, ':', &prefix, &release) || !slice_to_u64(release, &number) || release.len > 4 ||
	    (!slice_eq(prefix, SLICE("rhel")) && !slice_eq(prefix, SLICE("centos"))))
		return;
	add(out, "o", release, "*");
	add(out, "a", release, "*");
	if (number >= 8) {
		add(out, "o", release, "baseos");
		add(out, "a", release, "appstream");
		add(out, "a", release, "crb");
	} else {
		add(out, "o", release, "server");
		add(out, "o", release, "computenode");
	}
}

/* The next attribute: a colon behind a backslash is part of it. */
static bool next(struct slice *rest, struct slice *out)
{
	size_t n = 0;

	if (rest->len == 0)
		return false;
	while (n < rest->len && rest->ptr[n] != ':')
		n += rest->ptr[n] == '\\' ? 2 : 1;
	n = MIN(n, rest->len);
	*out = slice_take(*rest, n);
	*rest = slice_from(*rest, MIN(n + 1, rest->len));
	return true;
}

/* "4" is the beginning of "4.13", or of what is written "4\\.13". */
static bool begins_version(struct slice version, struct slice of)
{
	struct slice rest;

	if (!slice_starts(of, version))
		return false;
	rest = slice_from(of, version.len);
	if (slice_starts(rest, SLICE("\\")))
		rest = slice_from(rest, 1);
	return rest.len == 0 || rest.ptr[0] == '.';
}

static bool holds(struct slice row, struct slice repository)
{
	struct slice a, b;

	for (size_t i = 0; next(&row, &a) && next(&repository, &b); i++) {
		if (slice_eq(a, SLICE("*")) || slice_eq_nocase(a, b))
			continue;
		if (i != ATTRIBUTE_VERSION || slice_eq(b, SLICE("*")) || !begins_version(a, b))
			return false;
	}
	return true;
}

bool scopes_cpe_matches(const struct scopes_cpes *c, struct slice cpe)
{
	for (size_t i = 0; i < c->n_said; i++)
		if (c->said[i].cpe.len > 0 && holds(cpe, c->said[i].cpe))
			return true;
	for (size_t i = 0; c->n_said == 0 && i < c->n; i++)
		if (holds(cpe, slice_cstr(c->text[i])))
			return true;
	return false;
}

bool scopes_holds(struct slice row, struct slice package)
{
	struct slice repository = SLICE("rhel:cpe:");
	struct scopes_cpes cpes;

	if (slice_starts(row, SLICE("rhcc:")))
		return slice_eq(package, SLICE("rhcc"));
	if (!slice_starts(row, repository))
		return slice_eq(row, package);
	scopes_cpes_of(package, &cpes);
	return scopes_cpe_matches(&cpes, slice_from(row, strlen("rhel:")));
}
