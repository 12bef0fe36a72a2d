/* SPDX-License-Identifier: Apache-2.0 */
/* public.c - liblimpid-notify: an inventory in memory, and changes told of it. include/limpid/notify.h says what it
 * means. */
#include "limpid/notify.h"
#include "notify/public_impl.h"

#include "base/map.h"
#include "io/file.h"
#include "match/place.h"
#include "model/clair_index.h"
#include "model/vendor.h"
#include "notify/entry.h"
#include "notify/upstream_remote.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMORY SIZE_MAX

/* One package of one manifest; those of one name are a chain. */
struct place {
	struct package package;
	struct slice scope;
	size_t manifest;
	size_t next; /* number of the next one of its name + 1; 0: the last */
};

struct limpid_notify {
	struct arena arena;
	VEC(struct digest) manifests;
	VEC(struct place) places;
	struct map names; /* name, or name of a source, -> number of a place + 1 */
	struct map manifest_numbers;
};

/* ---- failures ---- */

int public_failed(struct limpid_notify_error *error, const struct err *err)
{
	static const struct {
		enum status from;
		int to;
	} map[] = {
		{ STATUS_INVALID, LIMPID_NOTIFY_INVALID },     { STATUS_NOTFOUND, LIMPID_NOTIFY_INVALID },
		{ STATUS_MALFORMED, LIMPID_NOTIFY_MALFORMED }, { STATUS_UNSUPPORTED, LIMPID_NOTIFY_MALFORMED },
		{ STATUS_LIMIT, LIMPID_NOTIFY_LIMIT },	       { STATUS_NOMEM, LIMPID_NOTIFY_NOMEM },
		{ STATUS_CANCELLED, LIMPID_NOTIFY_CALLBACK },
	};
	int status = LIMPID_NOTIFY_IO;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].from == err->code)
			status = map[i].to;
	if (error) {
		error->status = status;
		snprintf(error->message, sizeof(error->message), "%s", err->msg);
	}
	return status;
}

int public_done(struct limpid_notify_error *error, enum status st, const struct err *err)
{
	if (st != STATUS_OK)
		return public_failed(error, err);
	if (error)
		*error = (struct limpid_notify_error){ .status = LIMPID_NOTIFY_OK };
	return LIMPID_NOTIFY_OK;
}

const char *limpid_notify_version(void)
{
	return LIMPID_VERSION;
}

/* ---- the inventory ---- */

int limpid_notify_new(limpid_notify **out, struct limpid_notify_error *error)
{
	struct err err = ERR_INIT;

	*out = calloc(1, sizeof(**out));
	if (!*out)
		return public_failed(error, (err_nomem(&err, "inventory"), &err));
	(*out)->arena = (struct arena)ARENA_INIT(MEMORY);
	return public_done(error, STATUS_OK, &err);
}

void limpid_notify_free(limpid_notify *n)
{
	if (!n)
		return;
	map_fini(&n->names);
	map_fini(&n->manifest_numbers);
	arena_fini(&n->arena);
	free(n);
}

/* At the head of the chain of its name. */
static enum status chain(limpid_notify *n, struct slice name, struct place *place, struct err *err)
{
	bool is_new;
	uint64_t *head = map_slot(&n->names, name, &is_new);

	if (!head)
		return err_nomem(err, "inventory");
	place->next = (size_t)*head;
	*head = n->places.len;
	return STATUS_OK;
}

static enum status add_place(limpid_notify *n, const struct place *from, struct slice name, struct err *err)
{
	struct place *place = VEC_PUSH(&n->places, &n->arena);

	if (!place)
		return err_nomem(err, "inventory");
	*place = *from;
	return chain(n, name, place, err);
}

/* By its own name and by its source's: advisories speak of either. Texts are in the arena. */
static enum status add_package(limpid_notify *n, const struct place *place, struct err *err)
{
	struct slice name, source, source_version;

	if (!vendor_index_names(&place->package, &n->arena, &name, &source, &source_version))
		return err_nomem(err, "inventory");
	TRY(add_place(n, place, name, err));
	if (source.len > 0 && !slice_eq(source, name))
		return add_place(n, place, source, err);
	return STATUS_OK;
}

static bool keep(limpid_notify *n, const char *text, struct slice *out)
{
	return arena_copy(&n->arena, slice_cstr(text), out);
}

static enum status copy_package(limpid_notify *n, const struct limpid_notify_package *from, struct place *out,
				struct err *err)
{
	struct err_quote quote;
	struct slice name = slice_cstr(from->name);
	struct package *p = &out->package;
	bool ok;

	p->type = package_type_by_purl(slice_cstr(from->type));
	if (p->type == PACKAGE_NONE)
		return err_set(err, STATUS_INVALID, "there is no type of packages \"%s\"",
			       err_slice(&quote, slice_cstr(from->type)));
	ok = (p->type == PACKAGE_PYPI ? package_pypi_name(&n->arena, name, &p->name) : keep(n, from->name, &p->name)) &&
	     keep(n, from->version, &p->version) && keep(n, from->source_name, &p->source_name) &&
	     keep(n, from->source_version, &p->source_version) && keep(n, from->arch, &p->arch) &&
	     keep(n, from->module, &p->module) && keep(n, from->scope, &out->scope) &&
	     package_source(p, &n->arena, &p->source_name, &p->source_version);
	if (!ok)
		return err_nomem(err, "inventory");
	if (out->scope.len == 0)
		out->scope = slice_cstr(package_type_scope(p->type));
	if (p->name.len == 0 || out->scope.len == 0)
		return err_set(err, STATUS_INVALID,
			       p->name.len == 0 ? "a package has no name" : "a system's package has no scope");
	return STATUS_OK;
}

static enum status add_manifest(limpid_notify *n, const struct digest *manifest, size_t *out, struct err *err)
{
	struct digest_text text;
	struct digest *added;
	bool is_new;
	uint64_t *number = map_slot(&n->manifest_numbers, slice_cstr(digest_print(&text, manifest)), &is_new);

	if (!number)
		return err_nomem(err, "inventory");
	if (!is_new)
		return err_set(err, STATUS_INVALID, "%s is there already", text.text);
	added = VEC_PUSH(&n->manifests, &n->arena);
	if (!added)
		return err_nomem(err, "inventory");
	*added = *manifest;
	*out = n->manifests.len - 1;
	return STATUS_OK;
}

static enum status add_given(limpid_notify *n, const char *manifest, const struct limpid_notify_package *packages,
			     size_t n_packages, struct err *err)
{
	struct err_quote quote;
	struct digest digest;
	size_t number;

	if (!digest_parse(slice_cstr(manifest), &digest))
		return err_set(err, STATUS_INVALID, "\"%s\" is no digest", err_slice(&quote, slice_cstr(manifest)));
	/* All packages are looked at before any is kept: a mistake leaves the inventory as it was. */
	for (size_t i = 0; i < n_packages; i++) {
		struct place ignored = { .next = 0 };

		TRY(copy_package(n, &packages[i], &ignored, err));
	}
	TRY(add_manifest(n, &digest, &number, err));
	for (size_t i = 0; i < n_packages; i++) {
		struct place place = { .manifest = number };

		TRY(copy_package(n, &packages[i], &place, err));
		TRY(add_package(n, &place, err));
	}
	return STATUS_OK;
}

int limpid_notify_add_manifest(limpid_notify *n, const char *manifest, const struct limpid_notify_package *packages,
			       size_t n_packages, struct limpid_notify_error *error)
{
	struct err err = ERR_INIT;

	return public_done(error, add_given(n, manifest, packages, n_packages, &err), &err);
}

static enum status add_report(limpid_notify *n, struct slice json, struct err *err)
{
	struct index_report report;
	struct slice text;
	size_t number;

	/* Texts of the report lie in the arena; a copy of the document outlives the caller's. */
	if (!arena_copy(&n->arena, json, &text))
		return err_nomem(err, "inventory");
	TRY(clair_index_parse(text, &limits_default, &n->arena, &report, err));
	TRY(add_manifest(n, &report.manifest, &number, err));
	for (size_t i = 0; i < report.packages.len; i++) {
		const struct index_package *p = &report.packages.at[i];
		struct place place = { .package = p->package, .manifest = number };

		place.scope = slice_cstr(package_type_scope(p->package.type));
		if (place.scope.len == 0 && p->distribution != INDEX_NO_DISTRIBUTION &&
		    !distribution_scope(&report.distributions.at[p->distribution], &n->arena, &place.scope))
			return err_nomem(err, "inventory");
		if (!place_of(&report, p, place.scope, &n->arena, &place.scope))
			return err_nomem(err, "inventory");
		if (place.scope.len > 0)
			TRY(add_package(n, &place, err));
	}
	return STATUS_OK;
}

int limpid_notify_add_index_report(limpid_notify *n, const char *json, size_t length, struct limpid_notify_error *error)
{
	struct err err = ERR_INIT;

	return public_done(error, add_report(n, slice_make(json, length), &err), &err);
}

/* ---- changes ---- */

/* What is known of a manifest while changes come. */
struct teller {
	limpid_notify *n;
	const struct limpid_notify_diff *diff;
	enum severity least;
	limpid_notify_callback callback;
	void *ctx;
	uint64_t number; /* of the change */
	uint8_t *flags;	 /* per manifest, of the change at hand: 1 was affected, 2 is; owned */
	size_t *touched; /* manifests with flags; owned */
	size_t n_touched;
	/* With summaries: the best entry of each manifest; rank 0: none. */
	struct best {
		unsigned rank, reason;
		enum severity severity;
		struct slice summary; /* in the arena */
	} * best;		      /* owned */
	struct arena summaries;
};

static bool affects(const struct notify_side *side, const struct place *p)
{
	for (size_t i = 0; i < side->n; i++)
		if (judge_affects(&side->rows[i].q, &p->package, p->scope, NULL))
			return true;
	return false;
}

static void find(struct teller *t, const struct notify_change *c)
{
	uint64_t at = 0;

	t->n_touched = 0;
	if (!map_get(&t->n->names, c->package, &at))
		return;
	for (size_t i = (size_t)at; i != 0; i = t->n->places.at[i - 1].next) {
		const struct place *p = &t->n->places.at[i - 1];
		uint8_t flags = (uint8_t)(affects(&c->before, p) | affects(&c->after, p) << 1);

		if (flags != 0 && t->flags[p->manifest] == 0)
			t->touched[t->n_touched++] = p->manifest;
		t->flags[p->manifest] |= flags;
	}
}

/* Was the callback content? */
static enum status call(struct teller *t, size_t manifest, uint64_t change, const struct best *b, struct err *err)
{
	struct store_entry_row row = { .entry = { .manifest = t->n->manifests.at[manifest] },
				       .change = { .reason = b->reason, .summary = b->summary } };
	struct buf AUTO(buf_fini) json = BUF_INIT((size_t)64 << 20), summary = BUF_INIT((size_t)64 << 20);
	const char *name = t->diff->notification ? t->diff->notification : "";
	struct digest_text digest;
	struct notify_uuid id;
	struct json_writer w;

	TRY(notify_entry_id(name, &row.entry.manifest, change, row.entry.id, err));
	json_writer_init(&w, &json, 0);
	notify_put_entry(&w, &row);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&json, 0);
	buf_add(&summary, b->summary);
	buf_add_byte(&summary, 0);
	TRY(buf_check(&json, "an entry", err));
	TRY(buf_check(&summary, "an entry", err));
	const struct limpid_notify_entry entry = { .id = notify_uuid_print(&id, row.entry.id),
						   .manifest = digest_print(&digest, &row.entry.manifest),
						   .reason = (enum limpid_notify_reason)b->reason,
						   .severity = severity_name(b->severity),
						   .vulnerability = (const char *)summary.ptr,
						   .json = (const char *)json.ptr };
	if (t->callback(t->ctx, &entry) != 0)
		return err_set(err, STATUS_CANCELLED, "the callback asked to stop");
	return STATUS_OK;
}

static enum status tell(struct teller *t, const struct notify_change *c, size_t manifest, struct err *err)
{
	static const unsigned weights[] = { [NOTIFY_ADDED] = 3, [NOTIFY_CHANGED] = 2, [NOTIFY_REMOVED] = 1 };
	bool before = t->flags[manifest] & 1, after = t->flags[manifest] & 2;
	struct best b = { .reason = !before ? NOTIFY_ADDED : after ? NOTIFY_CHANGED : NOTIFY_REMOVED };

	b.severity = b.reason == NOTIFY_REMOVED ? c->before.severity : c->after.severity;
	b.summary = b.reason == NOTIFY_REMOVED ? c->before.summary : c->after.summary;
	if (b.reason == NOTIFY_CHANGED)
		b.severity = MAX(b.severity, c->before.severity);
	if ((b.reason == NOTIFY_CHANGED && !c->differs) || b.severity < t->least)
		return STATUS_OK;
	b.rank = (unsigned)b.severity * 4 + weights[b.reason];
	if (t->diff->every_change)
		return call(t, manifest, t->number * 4 + b.reason, &b, err);
	if (b.rank <= t->best[manifest].rank)
		return STATUS_OK;
	t->best[manifest] = b;
	return arena_copy(&t->summaries, b.summary, &t->best[manifest].summary) ? STATUS_OK
										: err_nomem(err, "an entry");
}

static enum status on_changes(void *ctx, const struct notify_change *changes, size_t n, struct err *err)
{
	struct teller *t = ctx;

	for (size_t i = 0; i < n; i++) {
		t->number++;
		find(t, &changes[i]);
		for (size_t k = 0; k < t->n_touched; k++) {
			TRY(tell(t, &changes[i], t->touched[k], err));
			t->flags[t->touched[k]] = 0;
		}
	}
	return STATUS_OK;
}

static enum status tell_best(struct teller *t, struct err *err)
{
	for (size_t i = 0; i < t->n->manifests.len && !t->diff->every_change; i++)
		if (t->best[i].rank > 0)
			TRY(call(t, i, 0, &t->best[i], err));
	return STATUS_OK;
}

static enum status teller_init(struct teller *t, struct err *err)
{
	size_t n = t->n->manifests.len + 1;
	const char *least = t->diff->severity ? t->diff->severity : "";
	struct err_quote quote;

	t->least = SEVERITY_UNKNOWN;
	if (least[0] && !severity_by_name(slice_cstr(least), &t->least))
		return err_set(err, STATUS_INVALID, "\"%s\" is no severity", err_slice(&quote, slice_cstr(least)));
	t->flags = calloc(n, 1);
	t->touched = calloc(n, sizeof(*t->touched));
	t->best = calloc(n, sizeof(*t->best));
	return t->flags && t->touched && t->best ? STATUS_OK : err_nomem(err, "a difference");
}

static void teller_fini(struct teller *t)
{
	free(t->flags);
	free(t->touched);
	free(t->best);
	arena_fini(&t->summaries);
}

struct pair {
	struct buf text[2];
	struct segment *segment[2];
};

static void pair_fini(struct pair *p)
{
	for (size_t i = 0; i < 2; i++) {
		segment_free(p->segment[i]);
		buf_fini(&p->text[i]);
	}
}

/* A segment may lie anywhere and under any name. */
static enum status open_segment(struct pair *p, size_t i, const char *path, struct err *err)
{
	if (!path || !path[0])
		return STATUS_OK;
	TRY(file_read(path, &p->text[i], err));
	return segment_open_slice(buf_slice(&p->text[i]), &p->segment[i], err);
}

static enum status diff_segments(struct teller *t, const char *before, const char *after, struct err *err)
{
	struct pair AUTO(pair_fini) p = { { BUF_INIT((size_t)4 << 30), BUF_INIT((size_t)4 << 30) }, { NULL, NULL } };
	struct notify_changes_sink sink = { on_changes, t };

	TRY(open_segment(&p, 0, before, err));
	TRY(open_segment(&p, 1, after, err));
	if (!p.segment[1])
		return err_set(err, STATUS_INVALID, "there is no segment to look at");
	TRY(notify_diff(p.segment[0], p.segment[1], t->least, &sink, err));
	return tell_best(t, err);
}

int limpid_notify_diff_segments(limpid_notify *n, const struct limpid_notify_diff *diff, const char *before,
				const char *after, limpid_notify_callback callback, void *ctx,
				struct limpid_notify_error *error)
{
	struct teller AUTO(teller_fini)
		t = { .n = n, .diff = diff, .callback = callback, .ctx = ctx, .summaries = ARENA_INIT(MEMORY) };
	struct err err = ERR_INIT;
	enum status st = teller_init(&t, &err);

	if (st == STATUS_OK)
		st = diff_segments(&t, before, after, &err);
	return public_done(error, st, &err);
}

int limpid_notify_diff_json(limpid_notify *n, const struct limpid_notify_diff *diff, const char *json, size_t length,
			    limpid_notify_callback callback, void *ctx, struct limpid_notify_error *error)
{
	struct teller AUTO(teller_fini)
		t = { .n = n, .diff = diff, .callback = callback, .ctx = ctx, .summaries = ARENA_INIT(MEMORY) };
	struct notify_changes_sink sink = { on_changes, &t };
	struct err err = ERR_INIT;
	enum status st = teller_init(&t, &err);

	if (st == STATUS_OK)
		st = notify_diff_parse(slice_make(json, length), t.least, &limits_default, &sink, &err);
	if (st == STATUS_OK)
		st = tell_best(&t, &err);
	return public_done(error, st, &err);
}
