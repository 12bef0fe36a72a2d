/* SPDX-License-Identifier: Apache-2.0 */
/* identity.c - keys of packages and groups of packages, made of their content. */
#include "store/store_ops.h"

#include <stdlib.h>

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, STORE_KEY_BYTES);
}

static enum status key_of(struct slice content, struct store_key *out, struct err *err)
{
	struct digest d;

	TRY(digest_of(DIGEST_SHA256, content, &d, err));
	memcpy(out->bytes, d.bytes, sizeof(out->bytes));
	return STATUS_OK;
}

/* Every field with its length before it: no two packages are written the same. */
static void add_field(struct buf *b, struct slice field)
{
	const uint64_t len = field.len;
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(len >> 8 * i);
	buf_add(b, slice_make(bytes, sizeof(bytes)));
	buf_add(b, field);
}

static enum status package_key(const struct store_package *p, struct buf *scratch, struct store_key *out,
			       struct err *err)
{
	buf_reset(scratch);
	add_field(scratch, p->type);
	add_field(scratch, p->name);
	add_field(scratch, p->version);
	add_field(scratch, p->source_name);
	add_field(scratch, p->source_version);
	add_field(scratch, p->arch);
	add_field(scratch, p->module);
	add_field(scratch, p->scope);
	TRY(buf_check(scratch, "package", err));
	return key_of(buf_slice(scratch), out, err);
}

/* What comes twice in a sorted array goes; the new length. */
static size_t unique(void *at, size_t n, size_t size)
{
	char *a = at;
	size_t kept = n > 0;

	for (size_t i = 1; i < n; i++) {
		if (compare_keys(a + (kept - 1) * size, a + i * size) == 0)
			continue;
		memmove(a + kept * size, a + i * size, size);
		kept++;
	}
	return kept;
}

static enum status group_make(const struct store_group *from, struct buf *scratch, struct store_keyed_group *out,
			      struct err *err)
{
	out->at = calloc(from->n, sizeof(*out->at));
	if (!out->at)
		return err_nomem(err, "packages");
	for (size_t i = 0; i < from->n; i++) {
		out->at[i].package = &from->packages[i];
		TRY(package_key(&from->packages[i], scratch, &out->at[i].key, err));
	}
	qsort(out->at, from->n, sizeof(*out->at), compare_keys);
	out->n = unique(out->at, from->n, sizeof(*out->at));
	buf_reset(scratch);
	for (size_t i = 0; i < out->n; i++)
		buf_add(scratch, slice_make(out->at[i].key.bytes, STORE_KEY_BYTES));
	TRY(buf_check(scratch, "packages", err));
	return key_of(buf_slice(scratch), &out->key, err);
}

/* Groups that are the same one are neighbours; all but the first are let go. */
static void drop_repeated(struct store_keyed_groups *g)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (kept > 0 && compare_keys(&g->at[kept - 1].key, &g->at[i].key) == 0)
			free(g->at[i].at);
		else
			g->at[kept++] = g->at[i];
	}
	g->n = kept;
}

enum status store_keyed_groups_make(const struct store_group *groups, size_t n, struct store_keyed_groups *out,
				    struct err *err)
{
	struct buf AUTO(buf_fini) scratch = BUF_INIT((size_t)1 << 30);
	struct store_keyed_groups g = { calloc(n + 1, sizeof(*g.at)), 0 };
	enum status st = STATUS_OK;

	if (!g.at)
		return err_nomem(err, "packages");
	for (size_t i = 0; st == STATUS_OK && i < n; i++)
		if (groups[i].n > 0)
			st = group_make(&groups[i], &scratch, &g.at[g.n++], err);
	if (st != STATUS_OK) {
		store_keyed_groups_fini(&g);
		return st;
	}
	qsort(g.at, g.n, sizeof(*g.at), compare_keys);
	drop_repeated(&g);
	*out = g;
	return STATUS_OK;
}

void store_keyed_groups_fini(struct store_keyed_groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->at[i].at);
	free(g->at);
	*g = (struct store_keyed_groups){ NULL, 0 };
}

enum status store_document_check(struct slice name, struct slice owner, struct err *err)
{
	if (name.len == 0)
		return err_set(err, STATUS_INVALID, "a document needs a name");
	if (name.len > STORE_DOCUMENT_NAME || owner.len > STORE_DOCUMENT_NAME)
		return err_set(err, STATUS_INVALID, "a name is longer than %d bytes", STORE_DOCUMENT_NAME);
	return STATUS_OK;
}
