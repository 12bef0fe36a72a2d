/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layers_advisories.c - namespaces, vulnerabilities and fixes of Clair v2's API, and what else it had.
 *
 * What users write is kept in the store and stands for what a feed says under the same name; it counts in this API
 * alone, where Clair v2 had it.
 */
#include "server/introspection.h"
#include "server/layers_notices.h"
#include "server/layers_spaces.h"

#include "config/config.h"
#include "server/metrics.h"
#include "server/router.h"
#include "service/matcher.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the path ---- */

/* /v1/namespaces/NAMESPACE/vulnerabilities[/NAME[/fixes[/FEATURE]]] */
struct place {
	struct slice space, name, feature;
	bool fixes; /* of the fixes of a vulnerability */
	bool known; /* a path that there is */
};

static bool next_part(struct slice *rest, struct arena *arena, struct slice *out)
{
	struct slice part;

	slice_cut(*rest, '/', &part, rest);
	return percent_decode(part, false, arena, out);
}

static struct place place_of(const struct request *req)
{
	struct slice rest = layers_rest(req), word = SLICE_EMPTY;
	struct place p = { .known = false };

	if (!next_part(&rest, req->arena, &p.space) || !next_part(&rest, req->arena, &word) || p.space.len == 0 ||
	    !slice_eq(word, SLICE("vulnerabilities")))
		return p;
	p.known = rest.len == 0;
	if (p.known || !next_part(&rest, req->arena, &p.name))
		return p;
	p.known = p.name.len > 0 && rest.len == 0;
	if (p.known || !next_part(&rest, req->arena, &word) || !slice_eq(word, SLICE("fixes")))
		return p;
	p.fixes = true;
	p.known = rest.len == 0;
	if (p.known || !next_part(&rest, req->arena, &p.feature))
		return p;
	p.known = p.feature.len > 0 && rest.len == 0;
	return p;
}

static enum status not_found(struct response *resp)
{
	return layers_refuse(resp, 404, LAYERS_NOT_FOUND, NULL);
}

static enum status end_json(struct response *resp, struct json_writer *w, struct err *err)
{
	json_close(w);
	TRY(json_writer_end(w, err));
	buf_add_byte(&resp->body, '\n');
	return STATUS_OK;
}

static void begin_json(struct response *resp, struct json_writer *w)
{
	json_writer_init(w, &resp->body, 0);
	w->html_escape = true;
	json_object(w);
}

/* ---- namespaces ---- */

static int by_text(const void *pa, const void *pb)
{
	const struct slice *a = pa, *b = pb;

	return slice_cmp(*a, *b);
}

struct spaces {
	VEC(struct slice) names;
};

static enum status add_space(struct spaces *s, struct slice name, struct arena *arena, struct err *err)
{
	struct slice *slot = VEC_PUSH(&s->names, arena);

	if (!slot)
		return err_nomem(err, "namespaces");
	*slot = name;
	return STATUS_OK;
}

static enum status of_segments(struct server_context *ctx, struct spaces *out, struct arena *arena, struct err *err)
{
	const struct segment_set *set;
	struct held_set *held = matcher_hold(ctx->matcher, &set);
	enum status st = STATUS_OK;

	for (size_t i = 0; i < segment_set_count(set) && st == STATUS_OK; i++) {
		const struct segment_set_entry *entry;
		const struct segment *s = segment_set_at(set, i, &entry);

		for (size_t k = 0; s && k < segment_get_stats(s)->scopes && st == STATUS_OK; k++) {
			struct slice name, copy;

			if (!layers_namespace_of_scope(segment_scope(s, k), arena, &name) ||
			    !arena_copy(arena, name, &copy))
				st = err_nomem(err, "namespaces");
			else
				st = add_space(out, copy, arena, err);
		}
	}
	matcher_let_go(held);
	return st;
}

static enum status of_users(struct server_context *ctx, struct spaces *out, struct arena *arena, struct err *err)
{
	struct layers_advisory *own;
	struct digest identity;
	struct store *s;
	size_t n;
	enum status st;

	TRY(layers_take(ctx, &s, err));
	st = layers_own_all(s, arena, &own, &n, &identity, err);
	layers_give(ctx, s);
	for (size_t i = 0; i < n && st == STATUS_OK; i++)
		st = add_space(out, own[i].space, arena, err);
	return st;
}

/* As Clair v2 would call its versions: Alpine's are dpkg's there, and languages have their own here. */
static const char *format_of_space(struct slice space)
{
	static const struct {
		const char *begins, *format;
	} all[] = { { "alpine:", "dpkg" }, { "wolfi", "dpkg" },	 { "chainguard", "dpkg" }, { "debian:", "dpkg" },
		    { "ubuntu:", "dpkg" }, { "pypi", "pep440" }, { "npm", "semver" },	   { "go", "go" } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (slice_starts(space, slice_cstr(all[i].begins)))
			return all[i].format;
	return "rpm";
}

static enum status get_namespaces(struct server_context *ctx, const struct request *req, struct response *resp,
				  struct err *err)
{
	struct spaces all = { .names = { NULL, 0, 0 } };
	struct json_writer w;

	TRY(of_segments(ctx, &all, req->arena, err));
	TRY(of_users(ctx, &all, req->arena, err));
	if (all.names.len > 1)
		qsort(all.names.at, all.names.len, sizeof(*all.names.at), by_text);
	begin_json(resp, &w);
	json_key(&w, "Namespaces");
	json_array(&w);
	for (size_t i = 0; i < all.names.len; i++) {
		if (i > 0 && slice_eq(all.names.at[i], all.names.at[i - 1]))
			continue;
		json_object(&w);
		json_member_str(&w, "Name", all.names.at[i]);
		json_member_cstr(&w, "VersionFormat", format_of_space(all.names.at[i]));
		json_close(&w);
	}
	json_close(&w);
	return end_json(resp, &w, err);
}

enum status layers_namespaces(struct server_context *ctx, const struct request *req, struct response *resp,
			      struct err *err)
{
	return layers_run(ctx, req, resp, err, "v1/getNamespaces", get_namespaces);
}

/* ---- page tokens ---- */

/* A place in a namespace's list: behind this id of that source; source "" are the advisories of users. */
struct position {
	struct slice source, id;
};

static enum status put_token(struct server_context *ctx, const struct request *req, struct slice space,
			     const struct position *at, struct json_writer *w, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(LAYERS_TOKEN_MAX);
	struct json_writer inner;
	struct slice token;

	json_writer_init(&inner, &text, 0);
	json_array(&inner);
	json_string(&inner, space);
	json_string(&inner, at->source);
	json_string(&inner, at->id);
	json_close(&inner);
	TRY(json_writer_end(&inner, err));
	TRY(layers_token_make(ctx, buf_slice(&text), req->arena, &token, err));
	json_member_str(w, "NextPage", token);
	return STATUS_OK;
}

/* STATUS_INVALID: a token of another key, too old, or of another namespace. */
static enum status read_token(struct server_context *ctx, const struct request *req, struct slice space,
			      struct slice token, struct position *out, struct err *err)
{
	struct slice text;
	struct json_doc doc;
	bool good;

	TRY(layers_token_read(ctx, token, req->arena, &text, err));
	TRY(json_parse(text, &limits_default, &doc, err));
	good = slice_eq(json_str(yyjson_arr_get(doc.root, 0)), space) &&
	       arena_copy(req->arena, json_str(yyjson_arr_get(doc.root, 1)), &out->source) &&
	       arena_copy(req->arena, json_str(yyjson_arr_get(doc.root, 2)), &out->id);
	json_doc_free(&doc);
	return good ? STATUS_OK
		    : err_set(err, STATUS_INVALID, "invalid page format: the token is of another namespace");
}

/* ---- a list of vulnerabilities ---- */

struct listing {
	struct json_writer w;
	uint64_t left;
	struct position last; /* of what was put; in the arena */
	bool more;
};

/* True if there is room; else there is more than the page. */
static bool take_place(struct listing *l, struct slice source, struct slice id, struct arena *arena)
{
	l->more = l->left == 0;
	if (l->more)
		return false;
	l->left--;
	l->last.source = source;
	return arena_copy(arena, id, &l->last.id);
}

static enum status put_one(struct space_list *sl, struct slice source, const struct advisory *a, bool *full,
			   struct err *err)
{
	struct listing *l = sl->ctx;
	struct arena AUTO(arena_fini) scratch = ARENA_INIT((size_t)1 << 24);
	struct layers_advisory about;

	if (!take_place(l, source, a->id, sl->arena)) {
		*full = true;
		return STATUS_OK;
	}
	if (!layers_advisory_of(a, sl->space->name, &scratch, &about))
		return err_nomem(err, "a vulnerability");
	layers_advisory_put(&l->w, &about, false);
	return STATUS_OK;
}

static void list_own(struct listing *l, const struct space_list *sl, const struct position *from)
{
	/* They come before all sources. */
	for (size_t i = 0; i < sl->n_own && from->source.len == 0 && !l->more; i++) {
		const struct layers_advisory *a = &sl->own[i];

		if (!slice_eq(a->space, sl->space->name) || slice_cmp(a->name, from->id) <= 0)
			continue;
		if (take_place(l, SLICE_EMPTY, a->name, sl->arena))
			layers_advisory_put(&l->w, a, false);
	}
}

static bool has_own(const struct layers_advisory *own, size_t n, struct slice space)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(own[i].space, space))
			return true;
	return false;
}

static enum status list_space(struct server_context *ctx, const struct request *req, struct slice name, uint64_t limit,
			      const struct position *from, struct response *resp, struct err *err)
{
	struct listing l = { .left = limit };
	struct space_list sl = { .arena = req->arena, .put = put_one, .ctx = &l };
	struct layers_advisory *own = NULL;
	const struct segment_set *set;
	struct digest identity;
	struct space space;
	struct held_set *held;
	struct store *s;
	enum status st;

	TRY(layers_take(ctx, &s, err));
	st = layers_own_all(s, req->arena, &own, &sl.n_own, &identity, err);
	layers_give(ctx, s);
	TRY(st);
	sl.own = own;
	held = matcher_hold(ctx->matcher, &set);
	st = space_open(set, name, req->arena, &space, err);
	sl.space = &space;
	if (st == STATUS_OK && space.n == 0 && !has_own(own, sl.n_own, name))
		st = err_set(err, STATUS_NOTFOUND, LAYERS_NOT_FOUND);
	begin_json(resp, &l.w);
	json_key(&l.w, "Vulnerabilities");
	json_array(&l.w);
	if (st == STATUS_OK) {
		list_own(&l, &sl, from);
		st = l.more ? STATUS_OK : space_walk(&sl, from->source, from->source.len ? from->id : SLICE_EMPTY, err);
	}
	json_close(&l.w);
	if (st == STATUS_OK && l.more)
		st = put_token(ctx, req, name, &l.last, &l.w, err);
	matcher_let_go(held);
	return st == STATUS_OK ? end_json(resp, &l.w, err) : st;
}

static enum status get_vulnerabilities(struct server_context *ctx, const struct request *req, struct response *resp,
				       struct err *err)
{
	struct place p = place_of(req);
	struct position from = { SLICE_EMPTY, SLICE_EMPTY };
	struct slice text;
	uint64_t limit;
	enum status st;

	if (!request_query(req, "limit", &text))
		return layers_refuse(resp, 400, "must provide limit query parameter", NULL);
	if (layers_limit(text, &limit, err) != STATUS_OK)
		return layers_refuse(resp, 400, err->msg, NULL);
	if (request_query(req, "page", &text)) {
		st = read_token(ctx, req, p.space, text, &from, err);
		if (st == STATUS_INVALID || st == STATUS_MALFORMED)
			return layers_refuse(resp, 400, err->msg, NULL);
		TRY(st);
	}
	return list_space(ctx, req, p.space, limit, &from, resp, err);
}

/* ---- one vulnerability ---- */

/* A user's, else the feeds'. STATUS_NOTFOUND. */
static enum status find(struct server_context *ctx, struct store *s, const struct place *p, struct arena *arena,
			struct layers_advisory *out, struct err *err)
{
	enum status st = layers_own_get(s, p->space, p->name, arena, out, err);
	const struct segment_set *set;
	struct held_set *held;
	struct layers_advisory found;
	struct space space;

	if (st != STATUS_NOTFOUND)
		return st;
	held = matcher_hold(ctx->matcher, &set);
	st = space_open(set, p->space, arena, &space, err);
	if (st == STATUS_OK)
		st = space_get(&space, p->name, true, arena, &found, err);
	/* Texts that are the segment's would be gone with it. */
	if (st == STATUS_OK && !layers_advisory_copy(&found, arena, out))
		st = err_nomem(err, "a vulnerability");
	matcher_let_go(held);
	return st;
}

static enum status find_place(struct server_context *ctx, const struct place *p, struct arena *arena,
			      struct layers_advisory *out, struct err *err)
{
	struct store *s;
	enum status st;

	TRY(layers_take(ctx, &s, err));
	st = find(ctx, s, p, arena, out, err);
	layers_give(ctx, s);
	return st;
}

static enum status get_vulnerability(struct server_context *ctx, const struct request *req, struct response *resp,
				     struct err *err)
{
	struct place p = place_of(req);
	struct layers_advisory a;
	struct json_writer w;
	enum status st = find_place(ctx, &p, req->arena, &a, err);

	if (st == STATUS_NOTFOUND)
		return not_found(resp);
	TRY(st);
	begin_json(resp, &w);
	json_key(&w, "Vulnerability");
	layers_advisory_put(&w, &a, layers_has_query(req, "fixedIn"));
	return end_json(resp, &w, err);
}

static enum status get_fixes(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	struct place p = place_of(req);
	struct layers_advisory a;
	struct json_writer w;
	enum status st = find_place(ctx, &p, req->arena, &a, err);

	if (st == STATUS_NOTFOUND)
		return not_found(resp);
	TRY(st);
	begin_json(resp, &w);
	json_key(&w, "Features");
	json_array(&w);
	for (size_t i = 0; i < a.n_fixes; i++)
		layers_fix_put(&w, &a.fixes[i], a.space);
	json_close(&w);
	return end_json(resp, &w, err);
}

enum status layers_space_get(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	struct place p = place_of(req);

	if (!p.known || p.feature.len > 0) {
		response_not_found(resp);
		return STATUS_OK;
	}
	if (p.fixes)
		return layers_run(ctx, req, resp, err, "v1/getFixes", get_fixes);
	if (p.name.len > 0)
		return layers_run(ctx, req, resp, err, "v1/getVulnerability", get_vulnerability);
	return layers_run(ctx, req, resp, err, "v1/getVulnerabilities", get_vulnerabilities);
}

/* ---- what users write ---- */

/* The client's mistakes are 400; what else fails is ours. */
static enum status answer_write(struct response *resp, enum status st, struct err *err)
{
	if (st == STATUS_NOTFOUND)
		return not_found(resp);
	if (st == STATUS_INVALID || st == STATUS_MALFORMED || st == STATUS_LIMIT)
		return layers_refuse(resp, 400, err->msg, NULL);
	return st;
}

/* And who has a layer that this concerns hears of it; old may be NULL. */
static enum status put_own(struct server_context *ctx, const struct layers_advisory *old,
			   const struct layers_advisory *a, struct arena *arena, struct err *err)
{
	struct store *s;
	enum status st;

	TRY(layers_take(ctx, &s, err));
	st = layers_own_put(s, a, arena, err);
	layers_give(ctx, s);
	TRY(st);
	return notices_of_user(ctx, old, a, err);
}

static enum status echo(struct response *resp, int code, const struct layers_advisory *a, struct err *err)
{
	struct json_writer w;

	begin_json(resp, &w);
	json_key(&w, "Vulnerability");
	layers_advisory_put(&w, a, true);
	TRY(end_json(resp, &w, err));
	resp->code = code;
	return STATUS_OK;
}

/* Fixes that there were stay, but for the features that are named now; as Clair v2 inserts. */
static enum status insert(struct server_context *ctx, const struct layers_advisory *a, struct arena *arena,
			  struct err *err)
{
	const struct place p = { .space = a->space, .name = a->name };
	struct layers_advisory have, all = *a;
	struct layers_fix *fixes;
	size_t n = a->n_fixes;
	enum status st = find_place(ctx, &p, arena, &have, err);

	if (st == STATUS_NOTFOUND)
		return put_own(ctx, NULL, a, arena, err);
	TRY(st);
	fixes = arena_array(arena, a->n_fixes + have.n_fixes + 1, sizeof(*fixes));
	if (!fixes)
		return err_nomem(err, "fixes");
	if (n > 0)
		memcpy(fixes, a->fixes, n * sizeof(*fixes));
	for (size_t i = 0; i < have.n_fixes; i++) {
		bool named = false;

		for (size_t k = 0; k < a->n_fixes && !named; k++)
			named = slice_eq(a->fixes[k].feature, have.fixes[i].feature);
		if (!named)
			fixes[n++] = have.fixes[i];
	}
	all.fixes = fixes;
	all.n_fixes = n;
	return put_own(ctx, &have, &all, arena, err);
}

static enum status post_vulnerability(struct server_context *ctx, const struct request *req, struct response *resp,
				      struct err *err)
{
	struct place p = place_of(req);
	struct layers_advisory a;
	enum status st = layers_advisory_parse(req->body, &limits_default, p.space, req->arena, &a, err);

	if (st == STATUS_OK)
		st = insert(ctx, &a, req->arena, err);
	return st == STATUS_OK ? echo(resp, 201, &a, err) : answer_write(resp, st, err);
}

enum status layers_space_post(struct server_context *ctx, const struct request *req, struct response *resp,
			      struct err *err)
{
	struct place p = place_of(req);

	if (!p.known || p.name.len > 0) {
		response_not_found(resp);
		return STATUS_OK;
	}
	return layers_run(ctx, req, resp, err, "v1/postVulnerability", post_vulnerability);
}

/* Its fixes stay what they are: they have a path of their own. */
static enum status put_vulnerability(struct server_context *ctx, const struct request *req, struct response *resp,
				     struct err *err)
{
	struct place p = place_of(req);
	struct layers_advisory a, have;
	enum status st = layers_advisory_parse(req->body, &limits_default, p.space, req->arena, &a, err);

	if (st == STATUS_OK && a.n_fixes > 0)
		return layers_refuse(resp, 400, "Vulnerability.FixedIn must be empty", NULL);
	a.space = p.space;
	a.name = p.name;
	if (st == STATUS_OK)
		st = find_place(ctx, &p, req->arena, &have, err);
	if (st == STATUS_OK) {
		a.fixes = have.fixes;
		a.n_fixes = have.n_fixes;
	}
	if (st == STATUS_OK || (st == STATUS_NOTFOUND && a.severity != NULL))
		st = put_own(ctx, st == STATUS_OK ? &have : NULL, &a, req->arena, err);
	a.n_fixes = 0;
	return st == STATUS_OK ? echo(resp, 200, &a, err) : answer_write(resp, st, err);
}

/* The fixes of a vulnerability without those of a feature, and with another (NULL: none). */
static enum status change_fix(struct server_context *ctx, const struct place *p, const struct layers_fix *with,
			      struct arena *arena, struct err *err)
{
	struct layers_advisory a, have;
	struct layers_fix *fixes;
	size_t n = 0;

	TRY(find_place(ctx, p, arena, &a, err));
	have = a;
	fixes = arena_array(arena, a.n_fixes + 1, sizeof(*fixes));
	if (!fixes)
		return err_nomem(err, "fixes");
	for (size_t i = 0; i < a.n_fixes; i++)
		if (!slice_eq(a.fixes[i].feature, p->feature))
			fixes[n++] = a.fixes[i];
	if (!with && n == a.n_fixes)
		return err_set(err, STATUS_NOTFOUND, LAYERS_NOT_FOUND);
	if (with)
		fixes[n++] = *with;
	a.fixes = fixes;
	a.n_fixes = n;
	return put_own(ctx, &have, &a, arena, err);
}

static enum status put_fix(struct server_context *ctx, const struct request *req, struct response *resp,
			   struct err *err)
{
	struct place p = place_of(req);
	struct layers_fix fix;
	struct json_writer w;
	enum status st = layers_fix_parse(req->body, &limits_default, req->arena, &fix, err);

	if (st == STATUS_OK && !slice_eq(fix.feature, p.feature))
		return layers_refuse(resp, 400, "feature name in URL and JSON do not match", NULL);
	if (st == STATUS_OK)
		st = change_fix(ctx, &p, &fix, req->arena, err);
	if (st != STATUS_OK)
		return answer_write(resp, st, err);
	begin_json(resp, &w);
	json_key(&w, "Feature");
	layers_fix_put(&w, &fix, p.space);
	return end_json(resp, &w, err);
}

static enum status delete_fix(struct server_context *ctx, const struct request *req, struct response *resp,
			      struct err *err)
{
	struct place p = place_of(req);

	return answer_write(resp, change_fix(ctx, &p, NULL, req->arena, err), err);
}

/* What a feed says cannot be deleted: it would be back with the next update, as in Clair v2, or not at all. */
static enum status delete_vulnerability(struct server_context *ctx, const struct request *req, struct response *resp,
					struct err *err)
{
	struct place p = place_of(req);
	struct layers_advisory a, have;
	struct store *s;
	bool deleted, known;
	enum status st;

	TRY(layers_take(ctx, &s, err));
	known = layers_own_get(s, p.space, p.name, req->arena, &have, err) == STATUS_OK;
	st = layers_own_delete(s, p.space, p.name, req->arena, &deleted, err);
	layers_give(ctx, s);
	TRY(st);
	st = find_place(ctx, &p, req->arena, &a, err);
	/* A feed's of that name counts again. */
	if (deleted && known && (st == STATUS_OK || st == STATUS_NOTFOUND))
		return notices_of_user(ctx, &have, st == STATUS_OK ? &a : NULL, err);
	if (deleted)
		return STATUS_OK;
	if (st == STATUS_OK)
		return layers_refuse(
			resp, 501, "a feed's vulnerability cannot be deleted",
			"it would be back with the next update; delete its fixes, and it concerns nothing");
	return answer_write(resp, st, err);
}

/* What a method does to a vulnerability, and to one of its fixes. */
struct change {
	const char *fix_name, *name; /* for the metrics, as Clair v2 called them */
	http_handler *fix, *vulnerability;
};

/* By the path, which must lead to one of the two. */
static enum status change_place(struct server_context *ctx, const struct request *req, struct response *resp,
				const struct change *c, struct err *err)
{
	struct place p = place_of(req);

	if (p.known && p.feature.len > 0)
		return layers_run(ctx, req, resp, err, c->fix_name, c->fix);
	if (p.known && p.name.len > 0 && !p.fixes)
		return layers_run(ctx, req, resp, err, c->name, c->vulnerability);
	response_not_found(resp);
	return STATUS_OK;
}

enum status layers_space_put(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	static const struct change put = { "v1/putFix", "v1/putVulnerability", put_fix, put_vulnerability };

	return change_place(ctx, req, resp, &put, err);
}

enum status layers_space_delete(struct server_context *ctx, const struct request *req, struct response *resp,
				struct err *err)
{
	static const struct change delete = { "v1/deleteFix", "v1/deleteVulnerability", delete_fix,
					      delete_vulnerability };

	return change_place(ctx, req, resp, &delete, err);
}

/* ---- the rest ---- */

static enum status get_metrics(struct server_context *ctx, const struct request *req, struct response *resp,
			       struct err *err)
{
	(void)req;
	(void)err;
	metrics_print(ctx->metrics, &resp->body);
	response_content_type(resp, "text/plain; version=0.0.4; charset=utf-8");
	return STATUS_OK;
}

enum status layers_metrics(struct server_context *ctx, const struct request *req, struct response *resp,
			   struct err *err)
{
	return layers_run(ctx, req, resp, err, "v1/getMetrics", get_metrics);
}

enum status layers_health(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	(void)req;
	(void)err;
	response_text(resp, introspection_is_ready(ctx) ? 200 : 500, SLICE_EMPTY);
	response_set_header(resp, "Server", SLICE("clair"));
	return STATUS_OK;
}
