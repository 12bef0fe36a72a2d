/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c - index reports of whole images in the store: their keys, and what of them is kept. */
#include "index/kept.h"

#include "index/detector.h"

/* Of the code that coalesces and of the models: nobody can forget to count up a version (tools/source-digest). */
extern const char index_source_digest[];

static void add_digest(struct hasher *h, const struct digest *d)
{
	struct digest_text text;

	hasher_add(h, slice_cstr(digest_print(&text, d)));
	hasher_add(h, SLICE("\n"));
}

struct slice kept_key(const struct kept_layer *layers, size_t n, bool source, const struct limits *limits,
		      struct arena *arena)
{
	struct err ignored = ERR_INIT; /* without a key nothing is kept */
	struct digest_text text;
	struct digest digest;
	struct hasher *h;
	struct slice key = SLICE_EMPTY;

	for (size_t i = 0; i < n; i++)
		if (layers[i].digest.algo == DIGEST_NONE)
			return SLICE_EMPTY;
	h = n > 0 ? hasher_new(DIGEST_SHA256) : NULL;
	if (!h)
		return SLICE_EMPTY;
	hasher_add(h, slice_cstr(index_source_digest));
	hasher_add(h, slice_make(limits, sizeof(*limits)));
	hasher_add(h, source ? SLICE("source") : SLICE_EMPTY);
	for (size_t i = 0; i < n; i++) {
		add_digest(h, &layers[i].digest);
		add_digest(h, &layers[i].diff_id);
	}
	if (hasher_final(h, &digest, &ignored) != STATUS_OK ||
	    !arena_printf(arena, &key, "image %s|%.*s|", digest_print(&text, &digest), SLICE_ARG(detector_set())))
		key = SLICE_EMPTY;
	hasher_free(h);
	return key;
}

bool kept_is_complete(const struct index_report *r)
{
	for (size_t i = 0; i < r->layers.len; i++)
		if (!r->layers.at[i].read)
			return false;
	for (size_t i = 0; i < r->diags.len; i++)
		if (diag_severity(r->diags.at[i].diag.code) >= DIAG_SEVERITY_WARNING)
			return false;
	return true;
}

/* The report borrows its texts from the bytes: they must live as long as it does. */
static bool unpack(struct buf *bytes, size_t n_layers, const struct limits *limits, struct arena *arena,
		   struct index_report *out)
{
	struct err ignored = ERR_INIT; /* what cannot be believed is made anew */
	struct slice kept;

	if (!arena_copy(arena, buf_slice(bytes), &kept) ||
	    index_report_unpack(kept, limits, arena, out, &ignored) != STATUS_OK || out->layers.len != n_layers ||
	    !slice_eq(out->detector_set, detector_set()))
		return false;
	for (size_t i = 0; i < n_layers; i++)
		if (!out->layers.at[i].read)
			return false;
	return true;
}

bool kept_get(struct store *store, struct slice key, size_t n_layers, const struct limits *limits, struct arena *arena,
	      struct index_report *out, struct err *why)
{
	struct buf bytes = BUF_INIT(limits->report_bytes);
	enum status st = store_index_report_get(store, key, &bytes, why);
	bool found;

	if (st == STATUS_NOTFOUND)
		*why = (struct err)ERR_INIT;
	found = st == STATUS_OK && unpack(&bytes, n_layers, limits, arena, out);
	buf_fini(&bytes);
	return found;
}

enum status kept_put(struct store *store, struct slice key, const struct index_report *r, size_t from,
		     const struct limits *limits, struct err *err)
{
	struct buf bytes = BUF_INIT(limits->report_bytes);
	struct index_report kept = *r;
	enum status st;

	if (from > 0) {
		kept.diags.at += from;
		kept.diags.len -= from;
	}
	kept.complete = kept_is_complete(&kept);
	st = index_report_pack(&kept, &bytes, err);
	if (st == STATUS_OK)
		st = store_index_report_put(store, key, buf_slice(&bytes), err);
	buf_fini(&bytes);
	return st;
}
