/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layers_v1.c - the layers of Clair v2's API: posted one by one, base first, and asked for by name.
 *
 * A layer with those below it is an image like any other: it is indexed under a digest made of its name and its chain,
 * by the same service, into the same store.
 */
#include "server/layers_notices.h"

#include "base/date.h"
#include "config/config.h"
#include "io/file.h"
#include "model/clair_index.h"
#include "server/metrics.h"
#include "server/router.h"
#include "service/indexer.h"
#include "service/matcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 3 /* an index report may be replaced between its identity and its bytes */
#define RETRY_AFTER_S "5"
#define COULD_NOT_FIND "could not find layer"
#define COULD_NOT_EXTRACT "tarutil: could not extract the archive"
#define PARENT_UNKNOWN "worker: parent layer is unknown, it must be processed first"
#define DOCUMENT_MEMORY ((size_t)1 << 29)

/* ---- what all handlers of this API have in common ---- */

enum status layers_take(struct server_context *ctx, struct store **out, struct err *err)
{
	return store_pool_take(ctx->indexer_store, LAYERS_STORE_WAIT_MS, out, err);
}

void layers_give(struct server_context *ctx, struct store *s)
{
	store_pool_give(ctx->indexer_store, s);
}

static void set_headers(struct response *resp)
{
	response_content_type(resp, "application/json;charset=utf-8");
	response_set_header(resp, "Server", SLICE("clair"));
}

enum status layers_refuse(struct response *resp, int code, const char *message, const char *detail)
{
	response_clear_body(resp);
	set_headers(resp);
	resp->code = code;
	layers_error_put(&resp->body, message, detail);
	return STATUS_OK;
}

static bool is_served(const struct server_context *ctx)
{
	return ctx->indexer && ctx->matcher && ctx->config->limpid.v1.enabled;
}

enum status layers_run(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err,
		       const char *route, http_handler *handler)
{
	uint64_t began = date_monotonic_ns();
	const char *labels[2] = { route };
	char code[16];
	enum status st;

	if (!is_served(ctx)) {
		response_not_found(resp);
		return STATUS_OK;
	}
	set_headers(resp);
	st = handler(ctx, req, resp, err);
	if (st == STATUS_CANCELLED && request_gone(req))
		return st;
	if (st != STATUS_OK) {
		layers_refuse(resp, response_code_of(st), err->msg, NULL);
		if (resp->code == 503)
			response_header(resp, "Retry-After", SLICE(RETRY_AFTER_S));
	}
	snprintf(code, sizeof(code), "%d", resp->code);
	labels[1] = code;
	metric_observe(ctx->metrics, METRIC_v1_duration, labels, (double)(date_monotonic_ns() - began) / 1e6);
	return STATUS_OK;
}

struct slice layers_rest(const struct request *req)
{
	struct slice rest = req->path;

	for (int i = 0; i < 3; i++)
		slice_cut(rest, '/', NULL, &rest);
	if (slice_ends(rest, SLICE("/")))
		rest.len--;
	return rest;
}

bool layers_has_query(const struct request *req, const char *name)
{
	struct slice value;

	return request_query(req, name, &value);
}

/* ---- the store ---- */

static enum status get_chain(struct server_context *ctx, struct slice name, struct arena *arena,
			     struct layers_chain *out, struct slice *parent, struct err *err)
{
	struct store_document d;
	struct store *s;
	enum status st;

	if (name.len == 0 || name.len > LAYERS_NAME_MAX)
		return err_set(err, STATUS_NOTFOUND, LAYERS_NOT_FOUND);
	TRY(layers_take(ctx, &s, err));
	st = store_document_get(s, STORE_DOCUMENT_LAYER, name, arena, &d, err);
	layers_give(ctx, s);
	TRY(st);
	*parent = d.owner;
	return layers_chain_parse(d.body, &limits_default, arena, out, err);
}

static enum status put_chain(struct server_context *ctx, const struct layers_chain *c, struct slice parent,
			     struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT((size_t)1 << 22);
	struct store *s;
	enum status st;

	TRY(layers_chain_print(c, &body, err));
	TRY(layers_take(ctx, &s, err));
	st = store_document_put(s, STORE_DOCUMENT_LAYER, c->at[c->n - 1].name, parent, buf_slice(&body), err);
	if (st == STATUS_OK)
		st = notice_layer_put(s, &c->manifest, c->at[c->n - 1].name, err);
	layers_give(ctx, s);
	return st;
}

/* Is there a whole report of it? *why: what is missing in one that is not whole. */
static enum status is_indexed(struct server_context *ctx, const struct digest *manifest, struct arena *arena, bool *out,
			      struct slice *why, struct err *err)
{
	struct store_manifest m = { .success = false };
	struct store *s;
	enum status st;

	TRY(layers_take(ctx, &s, err));
	st = store_manifest_get(s, manifest, arena, &m, NULL, err);
	layers_give(ctx, s);
	*out = st == STATUS_OK && m.success && slice_eq(m.indexer_state, indexer_state());
	*why = m.error;
	return st == STATUS_NOTFOUND ? STATUS_OK : st;
}

/* ---- POST: one layer ---- */

struct posting {
	struct server_context *ctx;
	const struct request *req;
	struct response *resp;
	struct posted_v1_layer layer;
	struct layers_chain chain; /* with the layer as its last, which has no digest until it was read */
	struct digest replaced;	   /* manifest of the layer of that name that was there; DIGEST_NONE */
	struct posted_header *headers;
};

static bool is_url(struct slice path)
{
	return slice_starts(path, SLICE("http://")) || slice_starts(path, SLICE("https://"));
}

/* Scheme, host and port: who may be told what the client sent for the layer's own place. */
static struct slice origin_of(struct slice url)
{
	size_t at = slice_find(url, SLICE("://"));

	if (at == SIZE_MAX)
		return SLICE_EMPTY;
	at += 3;
	while (at < url.len && url.ptr[at] != '/' && url.ptr[at] != '?' && url.ptr[at] != '#')
		at++;
	return slice_take(url, at);
}

/* Queries and user information are often credentials: they are not kept. */
static struct slice path_to_keep(struct slice path)
{
	bool plain = is_url(path) && slice_find_byte(path, '?') == SIZE_MAX && slice_find_byte(path, '@') == SIZE_MAX;

	return plain ? path : SLICE_EMPTY;
}

static enum status make_headers(struct posting *p, struct err *err)
{
	p->headers = arena_array(p->req->arena, p->layer.n_headers + 1, sizeof(*p->headers));
	if (!p->headers)
		return err_nomem(err, "headers");
	for (size_t i = 0; i < p->layer.n_headers; i++)
		p->headers[i] = (struct posted_header){ p->layer.headers[i].name, p->layer.headers[i].value };
	return STATUS_OK;
}

static enum status extend_chain(struct posting *p, const struct layers_chain *below, struct err *err)
{
	struct layers_link *at = arena_array(p->req->arena, below->n + 1, sizeof(*at));

	if (!at)
		return err_nomem(err, "a chain of layers");
	if (below->n > 0)
		memcpy(at, below->at, below->n * sizeof(*at));
	at[below->n] = (struct layers_link){ .name = p->layer.name, .path = path_to_keep(p->layer.path) };
	p->chain = (struct layers_chain){ .at = at, .n = below->n + 1 };
	return STATUS_OK;
}

/* The manifest of the chain. Its layers are known; where bytes are needed again, they are where they were. */
static enum status index_chain(struct posting *p, const struct layers_link *top_uri, struct indexer_answer *out,
			       struct err *err)
{
	struct posted_layer *layers = arena_array(p->req->arena, p->chain.n, sizeof(*layers));
	struct posted_manifest m = { .layers = layers, .n_layers = p->chain.n };
	struct slice origin = origin_of(p->layer.path);

	if (!layers)
		return err_nomem(err, "a manifest");
	TRY(layers_chain_identify(&p->chain, err));
	m.digest = p->chain.manifest;
	for (size_t i = 0; i < p->chain.n; i++) {
		bool top = i + 1 == p->chain.n;
		struct slice uri = top && top_uri ? top_uri->path : p->chain.at[i].path;

		layers[i] = (struct posted_layer){ .digest = p->chain.at[i].digest, .uri = uri };
		if (uri.len > 0 && slice_eq(origin_of(uri), origin)) {
			layers[i].headers = p->headers;
			layers[i].n_headers = p->layer.n_headers;
		}
	}
	return indexer_post(p->ctx->indexer, &m, NULL, NULL, p->req->arena, out, err);
}

static enum status echo(struct posting *p, struct err *err)
{
	const struct posted_v1_layer *l = &p->layer;
	struct json_writer w;

	json_writer_init(&w, &p->resp->body, 0);
	w.html_escape = true;
	json_object(&w);
	json_key(&w, "Layer");
	json_object(&w);
	json_member_str(&w, "Name", l->name);
	json_member_str(&w, "Path", l->path);
	if (l->n_headers > 0) {
		json_key(&w, "Headers");
		json_object(&w);
		for (size_t i = 0; i < l->n_headers; i++) {
			json_key_slice(&w, l->headers[i].name);
			json_string(&w, l->headers[i].value);
		}
		json_close(&w);
	}
	if (l->parent.len > 0)
		json_member_str(&w, "ParentName", l->parent);
	json_member_str(&w, "Format", l->format);
	json_member_u64(&w, "IndexedByVersion", LAYERS_ENGINE);
	json_close(&w);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&p->resp->body, '\n');
	p->resp->code = 201;
	return STATUS_OK;
}

static enum status busy(struct response *resp, const char *message)
{
	layers_refuse(resp, 503, message, NULL);
	response_header(resp, "Retry-After", SLICE(RETRY_AFTER_S));
	return STATUS_OK;
}

static enum status accepted(struct posting *p, struct err *err)
{
	bool deleted;

	TRY(put_chain(p->ctx, &p->chain, p->layer.parent, err));
	/* A layer of that name stood on another chain. */
	if (p->replaced.algo != DIGEST_NONE && !digest_eq(&p->replaced, &p->chain.manifest))
		TRY(indexer_delete(p->ctx->indexer, &p->replaced, 1, &deleted, err));
	return echo(p, err);
}

/* What the indexer made of the chain. */
static enum status answer_of(struct posting *p, const struct indexer_answer *a, struct err *err)
{
	struct slice why = SLICE_EMPTY;
	char text[1024];
	bool whole;

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(a->error));
	switch (a->result) {
	case INDEXER_FINISHED:
		TRY(is_indexed(p->ctx, &p->chain.manifest, p->req->arena, &whole, &why, err));
		if (whole)
			return accepted(p, err);
		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(why));
		return layers_refuse(p->resp, 422, text[0] ? text : "not all of the layer could be read", NULL);
	case INDEXER_BAD_LAYER:
		return layers_refuse(p->resp, 422, COULD_NOT_EXTRACT, text);
	case INDEXER_MISSING_LAYERS:
		/* Reports of lower layers were dropped since: who posts them again has them read again. */
		return layers_refuse(p->resp, 400, PARENT_UNKNOWN, text);
	case INDEXER_FAILED:
		break;
	}
	return layers_refuse(p->resp, 500, text, NULL);
}

/* A local file below limpid.v1.layer_dir; elsewhere none is read, whoever asks. */
static int open_local(const struct server_context *ctx, struct slice path)
{
	struct slice root = ctx->config->limpid.v1.layer_dir;
	struct stat sb;
	char *name;
	int dir, fd;

	if (root.len == 0 || path.len <= root.len || !slice_starts(path, root) || path.ptr[root.len] != '/')
		return -1;
	name = strndup((const char *)path.ptr + root.len + 1, path.len - root.len - 1);
	dir = open(config_cstr(root), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = name && dir >= 0 ? file_open_beneath(dir, name) : -1;
	if (dir >= 0)
		close(dir);
	free(name);
	if (fd >= 0 && (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static enum status read_local(struct posting *p, struct digest *out, bool *came, struct err *err)
{
	int fd = open_local(p->ctx, p->layer.path);
	enum status st;

	*came = fd >= 0;
	if (fd < 0)
		return err_set(err, STATUS_AUTH, "paths of the server are not read, but below limpid.v1.layer_dir");
	st = indexer_file_layer(p->ctx->indexer, fd, out, err);
	close(fd);
	return st;
}

/* Fetch and read the layer; it is named by what came. */
static enum status read_top(struct posting *p, bool *came, struct err *err)
{
	struct digest *digest = &p->chain.at[p->chain.n - 1].digest;
	struct indexer_fetch f = { .uri = p->layer.path, .headers = p->headers, .n_headers = p->layer.n_headers };

	if (!is_url(p->layer.path))
		return read_local(p, digest, came, err);
	f.dir = config_cstr(p->ctx->config->limpid.data_dir);
	return indexer_fetch_layer(p->ctx->indexer, &f, digest, came, err);
}

/*
 * A URL that says a digest, as a registry's does, is believed: the layer is known, or its bytes are checked against
 * it. *done: that was enough. What it was not is tried without.
 */
static enum status post_by_digest(struct posting *p, struct indexer_answer *a, bool *done, struct err *err)
{
	struct layers_link *top = &p->chain.at[p->chain.n - 1];
	struct layers_link at_client = { .path = p->layer.path };

	*done = is_url(p->layer.path) && layers_path_digest(p->layer.path, &top->digest);
	if (!*done)
		return STATUS_OK;
	TRY(index_chain(p, &at_client, a, err));
	*done = a->result == INDEXER_FINISHED || a->result == INDEXER_BAD_LAYER;
	return STATUS_OK;
}

static enum status post_new(struct posting *p, struct err *err)
{
	struct indexer_answer a;
	bool done, came = false;
	enum status st;

	TRY(post_by_digest(p, &a, &done, err));
	if (done)
		return answer_of(p, &a, err);
	st = read_top(p, &came, err);
	if (st == STATUS_NOMEM || (st == STATUS_CANCELLED && came))
		return st;
	if (st != STATUS_OK && !came)
		return layers_refuse(p->resp, 400, COULD_NOT_FIND, err->msg);
	if (st == STATUS_MALFORMED || st == STATUS_CRASHED)
		return layers_refuse(p->resp, 422, COULD_NOT_EXTRACT, err->msg);
	TRY(st);
	TRY(index_chain(p, NULL, &a, err));
	return answer_of(p, &a, err);
}

/* Is the layer there, of the same parent, and not of another digest? Then nothing has to be done. */
static enum status is_known(struct posting *p, bool *out, struct err *err)
{
	struct layers_chain have;
	struct slice parent, why;
	struct digest said;
	enum status st = get_chain(p->ctx, p->layer.name, p->req->arena, &have, &parent, err);

	*out = false;
	if (st == STATUS_NOTFOUND || st == STATUS_MALFORMED)
		return STATUS_OK;
	TRY(st);
	p->replaced = have.manifest;
	if (!slice_eq(parent, p->layer.parent) ||
	    (layers_path_digest(p->layer.path, &said) && !digest_eq(&said, &have.at[have.n - 1].digest)))
		return STATUS_OK;
	return is_indexed(p->ctx, &have.manifest, p->req->arena, out, &why, err);
}

/* *out: the chain that the layer stands on. */
static enum status find_parent(struct posting *p, struct layers_chain *out, struct err *err)
{
	struct slice parent;
	enum status st;

	*out = (struct layers_chain){ .n = 0 };
	if (p->layer.parent.len == 0)
		return STATUS_OK;
	st = get_chain(p->ctx, p->layer.parent, p->req->arena, out, &parent, err);
	if (st == STATUS_NOTFOUND || st == STATUS_MALFORMED)
		return err_set(err, STATUS_NOTFOUND, PARENT_UNKNOWN);
	TRY(st);
	for (size_t i = 0; i < out->n; i++)
		if (slice_eq(out->at[i].name, p->layer.name))
			return err_set(err, STATUS_INVALID, "a layer cannot stand on itself");
	if (out->n >= limits_default.layers)
		return err_set(err, STATUS_INVALID, "more than %llu layers", (unsigned long long)limits_default.layers);
	return STATUS_OK;
}

static enum status post_layer(struct server_context *ctx, const struct request *req, struct response *resp,
			      struct err *err)
{
	struct posting p = { .ctx = ctx, .req = req, .resp = resp };
	struct layers_chain below;
	struct err_quote q;
	char text[200];
	bool known;
	enum status st = layers_envelope_parse(req->body, &limits_default, req->arena, &p.layer, err);

	if (st == STATUS_NOMEM)
		return st;
	if (st != STATUS_OK)
		return layers_refuse(resp, 400, err->msg, NULL);
	TRY(is_known(&p, &known, err));
	if (known)
		return echo(&p, err);
	st = find_parent(&p, &below, err);
	if (st == STATUS_NOTFOUND || st == STATUS_INVALID)
		return layers_refuse(resp, 400, err->msg, NULL);
	TRY(st);
	if (!slice_eq_nocase(p.layer.format, SLICE("docker"))) {
		snprintf(text, sizeof(text), "unsupported image format '%s'", err_slice(&q, p.layer.format));
		return layers_refuse(resp, 400, text, NULL);
	}
	TRY(make_headers(&p, err));
	TRY(extend_chain(&p, &below, err));
	st = post_new(&p, err);
	return st == STATUS_LIMIT || st == STATUS_CANCELLED ? busy(resp, err->msg) : st;
}

enum status layers_post(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	return layers_run(ctx, req, resp, err, "v1/postLayer", post_layer);
}

/* ---- GET ---- */

static enum status write_form(void *ctx, const struct vulnerability_report *r, struct buf *out, struct err *err)
{
	return layers_document_write(ctx, r, out, err);
}

/* What is in it, without a look at advisories. */
static enum status answer_index(struct server_context *ctx, const struct layers_document *d, struct response *resp,
				struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(DOCUMENT_MEMORY);
	struct vulnerability_report report = { .index = NULL };
	struct index_report index;
	struct report_body *json;
	enum status st;

	TRY(indexer_get(ctx->indexer, &d->chain->manifest, &json, err));
	st = clair_index_parse(json->bytes, &limits_default, &arena, &index, err);
	report.index = &index;
	if (st == STATUS_OK)
		st = layers_document_write(d, &report, &resp->body, err);
	report_body_unref(json);
	return st;
}

static void release(void *body)
{
	report_body_unref(body);
}

static enum status answer_report(struct server_context *ctx, const struct request *req, const struct layers_document *d,
				 const struct digest *own, struct response *resp, struct err *err)
{
	struct matcher_form form = { .write = write_form, .ctx = (void *)(uintptr_t)d };
	struct digest_text text;
	struct matcher_request r;
	struct report_body *body;
	enum status st;

	if (!arena_printf(req->arena, &form.name, "layer %s", digest_print(&text, own)))
		return err_nomem(err, "a layer");
	TRY(matcher_request(ctx->matcher, &d->chain->manifest, req->arena, &r, err));
	st = matcher_report_as(&r, &form, req->arena, &body, err);
	matcher_request_fini(&r);
	TRY(st);
	if (body->incomplete)
		response_header(resp, "Limpid-Coverage", SLICE("incomplete"));
	response_shared(resp, body->bytes, release, body);
	return STATUS_OK;
}

static enum status own_advisories(struct server_context *ctx, struct arena *arena, struct layers_document *d,
				  struct digest *identity, struct err *err)
{
	struct layers_advisory *own;
	struct store *s;
	enum status st;

	TRY(layers_take(ctx, &s, err));
	st = layers_own_all(s, arena, &own, &d->n_own, identity, err);
	layers_give(ctx, s);
	d->own = own;
	return st;
}

static enum status answer_layer(struct server_context *ctx, const struct request *req, struct layers_document *d,
				struct response *resp, struct err *err)
{
	struct digest own;
	enum status st = STATUS_CONFLICT;

	if (!d->vulnerabilities)
		return answer_index(ctx, d, resp, err);
	/* A list without vulnerabilities would read as if there were none. */
	if (!matcher_ready(ctx->matcher))
		return busy(resp, "no advisories have been read yet");
	TRY(own_advisories(ctx, req->arena, d, &own, err));
	for (int i = 0; i < TRIES && st == STATUS_CONFLICT; i++)
		st = answer_report(ctx, req, d, &own, resp, err);
	return st;
}

static enum status get_layer(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	struct layers_document d = { .features = layers_has_query(req, "features"),
				     .vulnerabilities = layers_has_query(req, "vulnerabilities") };
	struct layers_chain chain;
	struct slice name;
	enum status st = STATUS_NOTFOUND;

	if (percent_decode(layers_rest(req), false, req->arena, &name))
		st = get_chain(ctx, name, req->arena, &chain, &d.parent, err);
	d.chain = &chain;
	if (st == STATUS_OK)
		st = answer_layer(ctx, req, &d, resp, err);
	return st == STATUS_NOTFOUND ? layers_refuse(resp, 404, LAYERS_NOT_FOUND, NULL) : st;
}

enum status layers_get(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	return layers_run(ctx, req, resp, err, "v1/getLayer", get_layer);
}

/* ---- DELETE: a layer and all that stand on it ---- */

#define CHILDREN_MAX 1000u

static enum status delete_one(struct server_context *ctx, struct store *s, const struct store_document *d,
			      struct arena *arena, struct err *err)
{
	struct layers_chain chain;
	bool deleted;
	enum status st = layers_chain_parse(d->body, &limits_default, arena, &chain, err);

	/* A damaged one goes, too. */
	if (st == STATUS_OK)
		st = indexer_delete(ctx->indexer, &chain.manifest, 1, &deleted, err);
	if (st == STATUS_OK)
		st = notice_layer_forget(s, &chain.manifest, err);
	if (st != STATUS_OK && st != STATUS_MALFORMED)
		return st;
	return store_document_delete(s, STORE_DOCUMENT_LAYER, d->name, &deleted, err);
}

/*
 * Each layer after all of its children, so that one that was cut short can be gone on with. There is no recursion: the
 * way down is a list of names.
 */
static enum status delete_tree(struct server_context *ctx, struct store *s, struct slice name, struct arena *arena,
			       struct err *err)
{
	VEC(struct slice) way = { NULL, 0, 0 };
	struct store_document d, *children;
	struct slice *slot = VEC_PUSH(&way, arena);
	size_t n, deleted = 0;
	enum status st;

	if (!slot)
		return err_nomem(err, "layers");
	*slot = name;
	while (way.len > 0) {
		struct slice at = way.at[way.len - 1];

		TRY(store_documents(s, STORE_DOCUMENT_LAYER, at, SLICE_EMPTY, 1, arena, &children, &n, err));
		if (n > 0 && way.len <= CHILDREN_MAX) {
			slot = VEC_PUSH(&way, arena);
			if (!slot)
				return err_nomem(err, "layers");
			*slot = children[0].name;
			continue;
		}
		st = store_document_get(s, STORE_DOCUMENT_LAYER, at, arena, &d, err);
		if (st == STATUS_OK)
			st = delete_one(ctx, s, &d, arena, err);
		/* One may have been deleted by somebody else. */
		if (st != STATUS_OK && st != STATUS_NOTFOUND)
			return st;
		deleted += st == STATUS_OK;
		way.len--;
	}
	return deleted > 0 ? STATUS_OK : err_set(err, STATUS_NOTFOUND, LAYERS_NOT_FOUND);
}

static enum status delete_layer(struct server_context *ctx, const struct request *req, struct response *resp,
				struct err *err)
{
	struct store *s;
	struct slice name;
	enum status st;

	if (!percent_decode(layers_rest(req), false, req->arena, &name) || name.len == 0 || name.len > LAYERS_NAME_MAX)
		return layers_refuse(resp, 404, LAYERS_NOT_FOUND, NULL);
	TRY(layers_take(ctx, &s, err));
	st = delete_tree(ctx, s, name, req->arena, err);
	layers_give(ctx, s);
	return st == STATUS_NOTFOUND ? layers_refuse(resp, 404, LAYERS_NOT_FOUND, NULL) : st;
}

enum status layers_delete(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err)
{
	return layers_run(ctx, req, resp, err, "v1/deleteLayer", delete_layer);
}
