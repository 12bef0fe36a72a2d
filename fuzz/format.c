/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.c - a feed document of one format (-DFUZZ_FORMAT=name, one program per row of formats.def).
 *
 * Invariants: a parse is the same when it is repeated; every text of a record is readable; ranges do not claim a fix
 * and a last affected version at once; offsets of errors lie inside the document.
 */
#include "feed/feed.h"

#include <stdlib.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define FORMAT JOIN(feed_format_, FUZZ_FORMAT)

struct seen {
	uint64_t records, diags, sum;
	size_t len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct seen *s, struct slice text)
{
	s->sum = slice_hash(text, s->sum);
}

static void add_row(struct seen *s, const struct affected *a)
{
	bool enriches = slice_starts(a->scope, SLICE("enrichment:"));

	/* What enriches has no versions to compare. */
	if (a->scope.len == 0 || a->package.len == 0 || (a->scheme == SCHEME_NONE) != enriches ||
	    a->scheme >= SCHEME_COUNT)
		abort();
	add(s, a->scope);
	add(s, a->package);
	add(s, a->fixed_version);
	add(s, a->module);
	add(s, a->arch);
	add(s, a->platforms);
	add(s, a->severity);
	for (size_t i = 0; i < a->n_ranges; i++) {
		if (a->ranges[i].fixed.len > 0 && a->ranges[i].last_affected.len > 0)
			abort();
		add(s, a->ranges[i].introduced);
		add(s, a->ranges[i].fixed);
		add(s, a->ranges[i].last_affected);
	}
	for (size_t i = 0; i < a->n_versions; i++)
		add(s, a->versions[i]);
}

static enum status emit(void *ctx, const struct advisory *a, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	if (a->id.len == 0 || a->severity >= SEVERITY_COUNT)
		abort();
	s->records++;
	add(s, a->id);
	add(s, a->summary);
	add(s, a->description);
	add(s, a->severity_text);
	for (size_t i = 0; i < a->n_aliases; i++)
		add(s, a->aliases[i]);
	for (size_t i = 0; i < a->n_related; i++)
		add(s, a->related[i]);
	for (size_t i = 0; i < a->n_cvss; i++)
		add(s, a->cvss[i]);
	for (size_t i = 0; i < a->n_links; i++)
		add(s, a->links[i]);
	for (size_t i = 0; i < a->n_affected; i++)
		add_row(s, &a->affected[i]);
	return STATUS_OK;
}

static void tell(void *ctx, const struct diag *d)
{
	struct seen *s = ctx;

	s->diags++;
	add(s, d->where);
	add(s, d->text);
}

static enum status parse(struct slice bytes, struct seen *s)
{
	struct limits limits = limits_default;
	struct diag_sink diags = { tell, s };
	struct advisory_sink sink = { emit, &diags, s };
	struct feed_document doc = { .bytes = bytes, .url = SLICE("fuzz"), .param = SLICE_EMPTY };
	struct err err = ERR_INIT;
	enum status st;

	limits.feed_bytes = limits.record_bytes = 4 << 20;
	if (strcmp(FORMAT.name, "oval") == 0)
		doc.param = SLICE("photon:3.0 binary");
	if (strcmp(FORMAT.name, "updateinfo") == 0)
		doc.param = SLICE("amazon:2 extras kernel-5.15");
	st = FORMAT.parse(&doc, &limits, &sink, &err);
	if (st == STATUS_BUG || (st != STATUS_OK && err.msg[0] == '\0'))
		abort();
	if (st != STATUS_OK && err.offset != ERR_NO_OFFSET && err.offset > bytes.len)
		abort();
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen first = { .len = size }, second = { .len = size };
	enum status st = parse(slice_make(data, size), &first);

	if (parse(slice_make(data, size), &second) != st || first.records != second.records ||
	    first.diags != second.diags || first.sum != second.sum)
		abort();
	return 0;
}
