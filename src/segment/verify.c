/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c - reads a whole segment: every offset, every order that look-ups go by, every body against its check sum.
 */
#include "segment/reader.h"

static enum status text(const struct segment *s, enum layout_section table, size_t at, const char *what,
			struct slice *out, struct err *err)
{
	return segment_text(s, segment_u32(s, table, at), out) ? STATUS_OK : segment_damaged(err, what);
}

/* Scopes in order of their names; each has keys and rows, and they join without a gap. */
static enum status verify_scopes(const struct segment *s, struct err *err)
{
	static const char what[] = "the table of scopes";
	struct slice last = SLICE_EMPTY, name;
	uint32_t last_key = 0, last_row = 0;

	if ((s->h.scopes == 0) != (s->h.rows == 0) || (s->h.keys == 0) != (s->h.rows == 0))
		return segment_damaged(err, what);
	for (uint32_t i = 0; i < s->h.scopes; i++) {
		size_t at = (size_t)i * LAYOUT_SCOPE_BYTES;
		uint32_t key = segment_u32(s, LAYOUT_SCOPES, at + 4), row = segment_u32(s, LAYOUT_SCOPES, at + 8);

		TRY(text(s, LAYOUT_SCOPES, at, what, &name, err));
		if (key >= s->h.keys || row != segment_u32(s, LAYOUT_KEYS, (size_t)key * LAYOUT_KEY_BYTES + 4) ||
		    (i == 0 ? key != 0 || row != 0 : key <= last_key || row <= last_row || slice_cmp(last, name) >= 0))
			return segment_damaged(err, what);
		last = name;
		last_key = key;
		last_row = row;
	}
	return STATUS_OK;
}

/* Packages in order within their scope, each with rows. */
static enum status verify_keys(const struct segment *s, struct err *err)
{
	static const char what[] = "the table of packages";
	struct slice last = SLICE_EMPTY, name;
	uint32_t scope = 0, last_row = 0;

	for (uint32_t i = 0; i < s->h.keys; i++) {
		size_t at = (size_t)i * LAYOUT_KEY_BYTES;
		uint32_t row = segment_u32(s, LAYOUT_KEYS, at + 4);
		bool first = scope < s->h.scopes &&
			     segment_u32(s, LAYOUT_SCOPES, (size_t)scope * LAYOUT_SCOPE_BYTES + 4) == i;

		TRY(text(s, LAYOUT_KEYS, at, what, &name, err));
		if (row >= s->h.rows || (i > 0 && row <= last_row) || (!first && slice_cmp(last, name) >= 0))
			return segment_damaged(err, what);
		scope += first;
		last = name;
		last_row = row;
	}
	return STATUS_OK;
}

/* Rows in order of advisory and detail within their package. */
static enum status verify_rows(const struct segment *s, struct arena *arena, struct err *err)
{
	struct slice last = SLICE_EMPTY, detail;
	uint32_t key = 0, last_advisory = 0;

	for (uint32_t i = 0; i < s->h.rows; i++) {
		bool first = key < s->h.keys && segment_u32(s, LAYOUT_KEYS, (size_t)key * LAYOUT_KEY_BYTES + 4) == i;
		struct affected a;
		uint32_t advisory;

		arena_reset(arena);
		TRY(segment_row_raw(s, i, &detail, &advisory, err));
		TRY(layout_take_detail(detail, arena, &a, err));
		if (advisory >= s->h.advisories ||
		    (!first &&
		     (advisory < last_advisory || (advisory == last_advisory && slice_cmp(last, detail) >= 0))))
			return segment_damaged(err, "the order of the rows");
		key += first;
		last = detail;
		last_advisory = advisory;
	}
	return STATUS_OK;
}

/* The table is sorted by (id without case, advisory): verify_aliases() has said so. */
static enum status has_alias(const struct segment *s, struct slice id, uint32_t advisory, struct err *err)
{
	uint32_t low = 0, high = s->h.aliases;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2, number;
		struct slice other;
		int c;

		TRY(text(s, LAYOUT_ALIASES, (size_t)mid * LAYOUT_ALIAS_BYTES, "the index of ids", &other, err));
		number = segment_u32(s, LAYOUT_ALIASES, (size_t)mid * LAYOUT_ALIAS_BYTES + 4);
		c = layout_fold_cmp(other, id);
		if (c == 0 && number == advisory)
			return STATUS_OK;
		if (c < 0 || (c == 0 && number < advisory))
			low = mid + 1;
		else
			high = mid;
	}
	return segment_damaged(err, "the index of ids");
}

static enum status verify_body(const struct segment *s, const struct segment_advisory_entry *e,
			       struct segment_bodies *bodies, struct arena *arena, struct advisory *out,
			       struct err *err)
{
	struct slice block, body;

	TRY(segment_bodies_block(bodies, s, e->block, &block, err));
	TRY(segment_body(block, e, &body, err));
	if (layout_hash(body, 0) != e->hash)
		return err_set(err, STATUS_MISMATCH, "segment: an advisory is not what its check sum says");
	return layout_take_body(body, arena, out, err);
}

static enum status has_aliases(const struct segment *s, const struct slice *ids, size_t n, uint32_t advisory,
			       struct err *err)
{
	for (size_t i = 0; i < n; i++)
		TRY(has_alias(s, ids[i], advisory, err));
	return STATUS_OK;
}

/* Advisories in order of id, then content; each id, alias and related id leads to it. */
static enum status verify_advisories(const struct segment *s, struct arena *arena, struct err *err)
{
	struct segment_bodies AUTO(segment_bodies_fini) bodies = SEGMENT_BODIES_INIT;
	struct segment_advisory_entry last = { 0 }, e;
	struct slice last_id = SLICE_EMPTY, id;

	for (uint32_t i = 0; i < s->h.advisories; i++) {
		struct advisory a;
		int order;

		arena_reset(arena);
		TRY(segment_advisory_id(s, i, &id, err));
		segment_advisory_entry(s, i, &e);
		TRY(verify_body(s, &e, &bodies, arena, &a, err));
		order = i == 0 ? -1 : layout_id_cmp(last_id, id);
		if (order == 0 && last.hash != e.hash)
			order = last.hash < e.hash ? -1 : 1;
		if (order > 0 || (order == 0 && last.len >= e.len))
			return segment_damaged(err, "the order of the advisories");
		TRY(has_alias(s, id, i, err));
		TRY(has_aliases(s, a.aliases, a.n_aliases, i, err));
		TRY(has_aliases(s, a.related, a.n_related, i, err));
		last = e;
		last_id = id;
	}
	return STATUS_OK;
}

static enum status verify_aliases(const struct segment *s, struct err *err)
{
	static const char what[] = "the index of ids";
	struct slice last = SLICE_EMPTY, id;
	uint32_t last_advisory = 0;

	for (uint32_t i = 0; i < s->h.aliases; i++) {
		size_t at = (size_t)i * LAYOUT_ALIAS_BYTES;
		uint32_t advisory = segment_u32(s, LAYOUT_ALIASES, at + 4);
		int order;

		TRY(text(s, LAYOUT_ALIASES, at, what, &id, err));
		order = i == 0 ? -1 : layout_fold_cmp(last, id);
		if (advisory >= s->h.advisories || order > 0 || (order == 0 && advisory <= last_advisory))
			return segment_damaged(err, what);
		last = id;
		last_advisory = advisory;
	}
	return STATUS_OK;
}

enum status segment_verify_digest(const struct segment *s, struct err *err)
{
	struct digest found;

	if (s->digest.algo == DIGEST_NONE)
		return STATUS_OK;
	TRY(digest_of(s->digest.algo, s->bytes, &found, err));
	if (!digest_eq(&found, &s->digest))
		return err_set(err, STATUS_MISMATCH, "segment: its bytes are not what its digest says");
	return STATUS_OK;
}

enum status segment_verify(const struct segment *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)256 << 20);

	TRY(segment_verify_digest(s, err));
	TRY(verify_scopes(s, err));
	TRY(verify_keys(s, err));
	TRY(verify_rows(s, &arena, err));
	TRY(verify_aliases(s, err));
	return verify_advisories(s, &arena, err);
}
