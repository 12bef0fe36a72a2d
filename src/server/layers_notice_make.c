/* SPDX-License-Identifier: Apache-2.0 */
/* layers_notice_make.c - from an update operation, or from what a user wrote, to the notices of it. */
#include "server/layers_notices.h"

#include "base/map.h"
#include "config/config.h"
#include "model/clair_vulnerability.h"
#include "notify/entry.h"

#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define TAKE_MS 10000u
#define BATCH 2000u /* vulnerabilities whose rows are looked for at once */
#define MEMORY ((size_t)256 << 20)
#define BODY_BYTES ((size_t)32 << 20)
#define WAITING_BYTES ((size_t)4 << 20) /* of notices that wait to be put */
#define SAME_ID 64u /* advisories of one id in one segment */

enum { BEFORE, AFTER, SIDES };

/* A vulnerability of a namespace that concerns a layer. */
struct key {
	struct slice space, id;
	VEC(uint32_t) rows[SIDES]; /* numbers in the segment */
};

struct making {
	const struct notice_maker *setup;
	const struct store_notification *n;
	struct store *store, *indexer; /* of notices, of layers */
	struct judge_known in_force;
	const _Atomic bool *stop;
	struct notify_pair pair;
	struct map known; /* text of a key -> number in keys */
	VEC(struct key) keys;
	struct notice_packages
		asked; /* in the batch's arena: what was asked for last, and whether a layer brought it */
	bool brought;
	struct arena arena;   /* of the batch */
	struct arena scratch; /* of a call */
	struct segment_bodies bodies[SIDES];
	size_t side; /* that rows come of */
	struct store_notice put[STORE_NOTICES_PUT]; /* that wait; their bodies lie one after the other in `text` */
	size_t ends[STORE_NOTICES_PUT];
	size_t n_put;
	struct buf text;
};

static void making_fini(struct making *m)
{
	notify_pair_fini(&m->pair);
	map_fini(&m->known);
	arena_fini(&m->arena);
	arena_fini(&m->scratch);
	for (size_t i = 0; i < SIDES; i++)
		segment_bodies_fini(&m->bodies[i]);
	buf_fini(&m->text);
}

static const struct segment *segment_of(const struct making *m, size_t side)
{
	return side == BEFORE ? m->pair.before : m->pair.after;
}

/* ---- whom a change concerns ---- */

/* Packages that were affected and are not, that are and were not, or that still are while something else changed. */
static enum status concerned(struct making *m, const struct notify_change *c, struct notice_packages *out,
			     struct err *err)
{
	struct arena AUTO(arena_fini) page = ARENA_INIT((size_t)64 << 20);
	uint64_t after = 0;
	size_t n = 1000;

	while (n == 1000) {
		struct store_package_row *rows;

		arena_reset(&page);
		TRY(store_packages_named(m->indexer, c->package, after, 1000, &page, &rows, &n, err));
		for (size_t i = 0; i < n; i++) {
			bool was = notify_rows_affect(c->before.rows, c->before.n, &rows[i].package, &m->in_force);
			bool is = notify_rows_affect(c->after.rows, c->after.n, &rows[i].package, &m->in_force);

			after = rows[i].id;
			if (was != is || (is && c->differs))
				TRY(notice_packages_add(out, rows[i].id, &m->scratch, err));
		}
	}
	return STATUS_OK;
}

static bool key_text(struct slice space, struct slice id, struct arena *arena, struct slice *out)
{
	return arena_printf(arena, out, "%.*s|%.*s", SLICE_ARG(space), SLICE_ARG(id));
}

static enum status add_key(struct making *m, struct slice text, struct slice space, struct slice id, struct err *err)
{
	struct key *key = VEC_PUSH(&m->keys, &m->arena);

	/* The map borrows its keys. */
	if (!key || !arena_copy(&m->arena, text, &text) || !map_put(&m->known, text, m->keys.len - 1))
		return err_nomem(err, "notices");
	*key = (struct key){ .rows = { { NULL, 0, 0 }, { NULL, 0, 0 } } };
	return arena_copy(&m->arena, space, &key->space) && arena_copy(&m->arena, id, &key->id)
		       ? STATUS_OK
		       : err_nomem(err, "notices");
}

static enum status look_at(struct making *m, const struct notify_change *c, struct err *err)
{
	struct notice_packages packages = { .n = 0 };
	struct notice_layers layers;
	struct slice space, text;
	uint64_t number;

	arena_reset(&m->scratch);
	if (!layers_namespace_of_scope(c->scope, &m->scratch, &space) || !key_text(space, c->id, &m->scratch, &text))
		return err_nomem(err, "notices");
	if (map_get(&m->known, text, &number))
		return STATUS_OK;
	TRY(concerned(m, c, &packages, err));
	if (packages.n == 0)
		return STATUS_OK;
	/* Vulnerabilities of one package mostly concern the same versions of it. */
	if (packages.n != m->asked.n || memcmp(packages.at, m->asked.at, packages.n * sizeof(*packages.at)) != 0) {
		TRY(notice_layers_with(m->indexer, &packages, 0, 1, 0, m->stop, &m->scratch, &layers, err));
		m->brought = layers.n > 0;
		m->asked.n = 0;
		for (size_t i = 0; i < packages.n; i++)
			TRY(notice_packages_add(&m->asked, packages.at[i], &m->arena, err));
	}
	return m->brought ? add_key(m, text, space, c->id, err) : STATUS_OK;
}

/* ---- all rows of a vulnerability, those that stayed the same among them ---- */

static int by_number(const void *pa, const void *pb)
{
	const uint32_t *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

static enum status on_row(void *ctx, const struct segment *s, uint32_t number, struct err *err)
{
	struct making *m = ctx;
	struct slice id, space, text;
	struct affected row;
	uint32_t advisory, *slot;
	uint64_t key;

	arena_reset(&m->scratch);
	TRY(segment_row(s, number, &m->scratch, &row, &advisory, err));
	TRY(segment_advisory_id(s, advisory, &id, err));
	if (row.status != AFFECTED_YES)
		return STATUS_OK;
	if (!layers_namespace_of_scope(row.scope, &m->scratch, &space) || !key_text(space, id, &m->scratch, &text))
		return err_nomem(err, "notices");
	if (!map_get(&m->known, text, &key))
		return STATUS_OK;
	slot = VEC_PUSH(&m->keys.at[key].rows[m->side], &m->arena);
	if (!slot)
		return err_nomem(err, "notices");
	*slot = number;
	return STATUS_OK;
}

static enum status find_rows(struct making *m, size_t side, struct err *err)
{
	const struct segment *s = segment_of(m, side);
	struct segment_row_sink sink = { on_row, m };
	VEC(uint32_t) list = { NULL, 0, 0 };
	uint32_t found[SAME_ID];
	size_t n, kept = 0;

	if (!s)
		return STATUS_OK;
	for (size_t i = 0; i < m->keys.len; i++) {
		TRY(segment_by_alias(s, m->keys.at[i].id, found, SAME_ID, &n, err));
		for (size_t k = 0; k < MIN(n, SAME_ID); k++) {
			uint32_t *slot = VEC_PUSH(&list, &m->arena);

			if (!slot)
				return err_nomem(err, "notices");
			*slot = found[k];
		}
	}
	if (list.len == 0)
		return STATUS_OK;
	qsort(list.at, list.len, sizeof(*list.at), by_number);
	for (size_t i = 0; i < list.len; i++)
		if (kept == 0 || list.at[kept - 1] != list.at[i])
			list.at[kept++] = list.at[i];
	m->side = side;
	return segment_rows_of(s, list.at, kept, &sink, err);
}

/* ---- writing one ---- */

static enum status add_fix(struct layers_advisory *a, const struct affected *row, struct arena *arena, struct err *err)
{
	struct slice fix = affected_offered_fix(row);
	struct layers_fix one = { row->package, slice_cstr(layers_format_of_scheme(row->scheme)),
				  fix.len > 0 ? fix : SLICE("None") };
	struct layers_fix *fixes;

	for (size_t i = 0; i < a->n_fixes; i++)
		if (slice_eq(a->fixes[i].feature, one.feature) && slice_eq(a->fixes[i].version, one.version))
			return STATUS_OK;
	/* Room grows by doubling. */
	fixes = (struct layers_fix *)(uintptr_t)a->fixes;
	if ((a->n_fixes & (a->n_fixes - 1)) == 0) {
		fixes = arena_array(arena, 2 * a->n_fixes + 1, sizeof(*fixes));
		if (!fixes)
			return err_nomem(err, "fixes");
		if (a->n_fixes > 0)
			memcpy(fixes, a->fixes, a->n_fixes * sizeof(*fixes));
	}
	if (!arena_copy(arena, one.feature, &one.feature) || !arena_copy(arena, one.version, &one.version))
		return err_nomem(err, "fixes");
	fixes[a->n_fixes++] = one;
	a->fixes = fixes;
	return STATUS_OK;
}

/* The rows as judge.h reads them; texts that say nothing of versions are left out. */
static enum status put_row(struct json_writer *w, const struct segment *s, const struct advisory *body,
			   const struct affected *row, struct arena *arena, struct err *err)
{
	struct advisory bare = *body;
	struct clair_vulnerability v = { .id = "",
					 .updater = segment_get_meta(s)->source,
					 .advisory = &bare,
					 .row = row,
					 .severity = clair_row_severity(body, row),
					 .fix = affected_offered_fix(row),
					 .type = clair_scope_language(row->scope),
					 .exact = true };
	struct distribution distribution;

	bare.description = bare.summary = SLICE_EMPTY;
	bare.n_links = 0;
	if (v.type == PACKAGE_NONE && distribution_of_scope(row->scope, &distribution))
		v.distribution = &distribution;
	return clair_put_vulnerability(w, &v, arena, err);
}

static enum status put_rows(struct making *m, const struct key *key, size_t side, struct layers_advisory *about,
			    struct json_writer *w, struct err *err)
{
	const struct segment *s = segment_of(m, side);
	enum severity severity = SEVERITY_UNKNOWN;

	for (size_t i = 0; i < key->rows[side].len; i++) {
		struct layers_advisory more;
		struct advisory body;
		struct affected row;
		uint32_t advisory;

		TRY(segment_row(s, key->rows[side].at[i], &m->scratch, &row, &advisory, err));
		TRY(segment_bodies_get(&m->bodies[side], s, advisory, &body, err));
		if (i == 0) {
			if (!layers_advisory_of(&body, key->space, &m->scratch, &more) ||
			    !layers_advisory_copy(&more, &m->scratch, about))
				return err_nomem(err, "a notice");
		}
		severity = MAX(severity, clair_row_severity(&body, &row));
		TRY(add_fix(about, &row, &m->scratch, err));
		TRY(put_row(w, s, &body, &row, &m->scratch, err));
	}
	about->severity = severity_name(severity);
	return STATUS_OK;
}

static enum status put_side(struct making *m, const struct key *key, size_t side, struct json_writer *w,
			    struct err *err)
{
	struct layers_advisory about = { .n_fixes = 0 };

	if (key->rows[side].len == 0)
		return STATUS_OK;
	json_key(w, side == BEFORE ? "old" : "new");
	json_object(w);
	json_key(w, "rows");
	json_array(w);
	TRY(put_rows(m, key, side, &about, w, err));
	json_close(w);
	json_key(w, "vulnerability");
	layers_advisory_put(w, &about, true);
	json_close(w);
	return STATUS_OK;
}

/* It follows from what it is about, so that making it again makes the same one. */
static enum status name_of(struct making *m, const struct key *key, struct notify_uuid *out, struct err *err)
{
	uint8_t id[STORE_ENTRY_ID];
	struct digest hash;
	struct slice text;

	if (!arena_printf(&m->scratch, &text, "limpid notice %s %.*s %.*s", m->n->id, SLICE_ARG(key->space),
			  SLICE_ARG(key->id)))
		return err_nomem(err, "a notice");
	TRY(digest_of(DIGEST_SHA256, text, &hash, err));
	memcpy(id, hash.bytes, sizeof(id));
	id[6] = (uint8_t)(0x80 | (id[6] & 0x0f));
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
	notify_uuid_print(out, id);
	return STATUS_OK;
}

static void begin_body(struct json_writer *w, struct buf *body)
{
	json_writer_init(w, body, 0);
	w->html_escape = true;
	json_object(w);
	json_member_u64(w, "version", 1);
}

/* Some at a time: each transaction holds up those who send what was put before. */
static enum status put_all(struct making *m, struct err *err)
{
	size_t begin = 0;

	for (size_t i = 0; i < m->n_put; i++) {
		m->put[i].body = slice_make(m->text.ptr + begin, m->ends[i] - begin);
		begin = m->ends[i];
	}
	if (m->n_put > 0)
		TRY(store_notices_put(m->store, m->put, m->n_put, err));
	m->n_put = 0;
	buf_reset(&m->text);
	return STATUS_OK;
}

static enum status put_notice(struct making *m, const struct key *key, struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT(BODY_BYTES);
	struct notify_uuid name;
	struct json_writer w;

	arena_reset(&m->scratch);
	begin_body(&w, &body);
	for (size_t side = 0; side < SIDES; side++)
		TRY(put_side(m, key, side, &w, err));
	json_close(&w);
	TRY(json_writer_end(&w, err));
	TRY(buf_check(&body, "a notice", err));
	TRY(name_of(m, key, &name, err));
	memcpy(m->put[m->n_put].id, name.text, sizeof(name.text));
	buf_add(&m->text, buf_slice(&body));
	TRY(buf_check(&m->text, "notices", err));
	m->ends[m->n_put++] = m->text.len;
	return m->n_put == STORE_NOTICES_PUT || m->text.len > WAITING_BYTES ? put_all(m, err) : STATUS_OK;
}

static enum status flush(struct making *m, struct err *err)
{
	for (size_t side = 0; side < SIDES; side++)
		TRY(find_rows(m, side, err));
	for (size_t i = 0; i < m->keys.len; i++) {
		if (atomic_load(m->stop))
			return err_set(err, STATUS_CANCELLED, "stopped");
		TRY(put_notice(m, &m->keys.at[i], err));
	}
	TRY(put_all(m, err));
	m->asked = (struct notice_packages){ .n = 0 };
	m->keys.at = NULL;
	m->keys.len = m->keys.cap = 0;
	map_fini(&m->known);
	m->known = (struct map){ 0 };
	arena_reset(&m->arena);
	return STATUS_OK;
}

static enum status on_changes(void *ctx, const struct notify_change *changes, size_t n, struct err *err)
{
	struct making *m = ctx;

	for (size_t i = 0; i < n; i++) {
		if (atomic_load(m->stop))
			return err_set(err, STATUS_CANCELLED, "stopped");
		TRY(look_at(m, &changes[i], err));
	}
	return m->keys.len >= BATCH ? flush(m, err) : STATUS_OK;
}

static enum status make_all(struct making *m, struct err *err)
{
	struct notify_changes_sink sink = { on_changes, m };
	bool any;

	TRY(notify_local_pair(m->setup->local, m->n->source, m->n->previous, m->n->operation, &m->pair, &any, err));
	if (!any)
		return STATUS_OK;
	TRY(notify_diff(m->pair.before, m->pair.after, m->setup->least, &sink, err));
	return flush(m, err);
}

enum status notices_make(void *ctx, struct store *s, const struct store_notification *n, const _Atomic bool *stop,
			 struct err *err)
{
	const struct notice_maker *setup = ctx;
	struct making AUTO(making_fini) m = { .setup = setup,
					      .n = n,
					      .store = s,
					      .stop = stop,
					      .arena = ARENA_INIT(MEMORY),
					      .scratch = ARENA_INIT(MEMORY),
					      .bodies = { SEGMENT_BODIES_INIT, SEGMENT_BODIES_INIT },
					      .text = BUF_INIT(2 * BODY_BYTES) };
	const struct notify_local *local = setup->local;
	struct store_document *layers;
	void *held = NULL;
	size_t n_layers;
	enum status st;

	TRY(store_pool_take(local->indexer, TAKE_MS, &m.indexer, err));
	/* Where no layer was ever posted nobody has to be told. */
	st = store_documents(m.indexer, STORE_DOCUMENT_LAYER, SLICE_EMPTY, SLICE_EMPTY, 1, &m.scratch, &layers,
			     &n_layers, err);
	if (st == STATUS_OK && n_layers > 0)
		st = notice_layers_prepare(m.indexer, err);
	if (st == STATUS_OK && n_layers > 0) {
		held = local->hold ? local->hold(local->segment_ctx, &m.in_force) : NULL;
		st = make_all(&m, err);
	}
	if (held)
		local->let_go(held);
	store_pool_give(local->indexer, m.indexer);
	return st;
}

/* ---- what users write ---- */

static bool same(const struct layers_advisory *a, const struct layers_advisory *b)
{
	if (!a || !b || strcmp(a->severity, b->severity) != 0 || a->n_fixes != b->n_fixes)
		return false;
	for (size_t i = 0; i < a->n_fixes; i++)
		if (!slice_eq(a->fixes[i].feature, b->fixes[i].feature) ||
		    !slice_eq(a->fixes[i].version, b->fixes[i].version))
			return false;
	return true;
}

static enum status concerns_somebody(struct store *s, const struct layers_advisory *a, bool *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(MEMORY);
	struct notice_side side = { .there = a != NULL };
	struct notice_packages packages;
	struct notice_layers layers;

	*out = false;
	if (!a)
		return STATUS_OK;
	side.advisory = *a;
	TRY(notice_packages_of(s, &side, NULL, &arena, &packages, err));
	TRY(notice_layers_with(s, &packages, 0, 1, 0, NULL, &arena, &layers, err));
	*out = layers.n > 0;
	return STATUS_OK;
}

static enum status random_name(struct notify_uuid *out, struct err *err)
{
	uint8_t id[STORE_ENTRY_ID];

	if (RAND_bytes(id, sizeof(id)) != 1)
		return err_set(err, STATUS_IO, "no random bytes for a name");
	id[6] = (uint8_t)(0x40 | (id[6] & 0x0f));
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
	notify_uuid_print(out, id);
	return STATUS_OK;
}

static enum status put_of_user(struct server_context *ctx, const struct layers_advisory *const sides[SIDES],
			       struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT(BODY_BYTES);
	struct notify_uuid name;
	struct store_notice put = { .number = 0 };
	struct json_writer w;
	struct store *s;
	enum status st;

	begin_body(&w, &body);
	for (size_t i = 0; i < SIDES; i++) {
		if (!sides[i])
			continue;
		json_key(&w, i == BEFORE ? "old" : "new");
		json_object(&w);
		json_key(&w, "vulnerability");
		layers_advisory_put(&w, sides[i], true);
		json_close(&w);
	}
	json_close(&w);
	TRY(json_writer_end(&w, err));
	TRY(buf_check(&body, "a notice", err));
	TRY(random_name(&name, err));
	memcpy(put.id, name.text, sizeof(put.id));
	put.body = buf_slice(&body);
	TRY(store_pool_take(ctx->notifier_store, TAKE_MS, &s, err));
	st = store_notices_put(s, &put, 1, err);
	store_pool_give(ctx->notifier_store, s);
	return st;
}

enum status notices_of_user(struct server_context *ctx, const struct layers_advisory *old,
			    const struct layers_advisory *new, struct err *err)
{
	const struct layers_advisory *const sides[SIDES] = { old, new };
	bool any = false;
	struct store *s;
	enum status st = STATUS_OK;

	if (!ctx->notifier_store || ctx->config->limpid.notifier.v1_endpoint.len == 0 || same(old, new))
		return STATUS_OK;
	TRY(layers_take(ctx, &s, err));
	st = notice_layers_prepare(s, err);
	for (size_t i = 0; i < SIDES && !any && st == STATUS_OK; i++)
		st = concerns_somebody(s, sides[i], &any, err);
	layers_give(ctx, s);
	return st == STATUS_OK && any ? put_of_user(ctx, sides, err) : st;
}
