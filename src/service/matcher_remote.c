/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_remote.c - one GET per question, signed, bounded in size and time. */
#include "service/matcher_remote.h"

#include "io/http_client.h"
#include "io/jwt.h"
#include "text/json.h"

#include <stdlib.h>

/* Clair's issuer of requests between its services: always allowed. */
#define ISSUER "clair-intraservice"
#define CONNECT_S 10u
/* An indexer answers from its store: a pause this long is none. */
#define STALL_S 30u
#define CONNECTIONS 64u

struct matcher_remote {
	struct arena arena;
	struct slice address; /* with a slash at its end */
	struct slice key;
	struct http_client *client;
	const struct limits *limits;
};

static enum status prepare(struct matcher_remote *r, const struct matcher_remote_options *o, struct err *err)
{
	struct http_client_options client = { .per_host = CONNECTIONS,
					      .connect_timeout_s = CONNECT_S,
					      .stall_timeout_s = STALL_S,
					      .retries = 1,
					      .user_agent = "limpid-matcher",
					      .ca_file = o->ca_file };
	bool slash = slice_ends(o->address, SLICE("/"));

	if (!arena_printf(&r->arena, &r->address, "%.*s%s", SLICE_ARG(o->address), slash ? "" : "/") ||
	    !arena_copy(&r->arena, o->key, &r->key))
		return err_nomem(err, "indexer");
	return http_client_new(&client, &r->client, err);
}

enum status matcher_remote_new(const struct matcher_remote_options *options, struct matcher_remote **out,
			       struct err *err)
{
	struct matcher_remote *r = calloc(1, sizeof(*r));
	enum status st;

	if (!r)
		return err_nomem(err, "indexer");
	r->arena = (struct arena)ARENA_INIT((size_t)1 << 20);
	r->limits = options->limits ? options->limits : &limits_default;
	st = prepare(r, options, err);
	if (st != STATUS_OK) {
		matcher_remote_free(r);
		return st;
	}
	*out = r;
	return STATUS_OK;
}

void matcher_remote_free(struct matcher_remote *r)
{
	if (!r)
		return;
	http_client_free(r->client);
	arena_fini(&r->arena);
	free(r);
}

static enum status take(void *ctx, struct slice bytes, struct err *err)
{
	struct buf *body = ctx;

	buf_add(body, bytes);
	return buf_check(body, "an index report", err);
}

static enum status sign(const struct matcher_remote *r, struct buf *out, struct err *err)
{
	buf_add_cstr(out, "Bearer ");
	TRY(jwt_sign(r->key, SLICE(ISSUER), date_now(), out, err));
	return buf_check(out, "a token", err);
}

static enum status ask(struct matcher_remote *r, struct slice url, struct buf *body, struct err *err)
{
	struct buf AUTO(buf_fini) token = BUF_INIT(4096);
	struct http_field fields[2] = { { SLICE("Accept"), SLICE("application/json") } };
	struct http_transfer t = { .url = url,
				   .headers = fields,
				   .n_headers = 1,
				   .max_bytes = r->limits->index_bytes,
				   .body = take,
				   .ctx = body };
	struct http_transferred done;
	enum status st;

	if (r->key.len > 0) {
		TRY(sign(r, &token, err));
		fields[t.n_headers++] = (struct http_field){ SLICE("Authorization"), buf_slice(&token) };
	}
	st = http_client_get(r->client, &t, &done, err);
	return st == STATUS_OK || st == STATUS_NOTFOUND ? st : err_wrap(err, "the indexer");
}

/* Clair's indexer shows a report before it is finished. */
static enum status check_finished(const struct matcher_remote *r, struct slice body, struct err *err)
{
	struct json_doc doc;
	bool finished;

	if (json_parse(body, r->limits, &doc, err) != STATUS_OK)
		return err_wrap(err, "the indexer's answer");
	finished = slice_eq(json_get_str(doc.root, "state"), SLICE("IndexFinished"));
	json_doc_free(&doc);
	return finished ? STATUS_OK : err_set(err, STATUS_NOTFOUND, "the manifest is not indexed");
}

enum status matcher_remote_get(void *remote, const struct digest *manifest, bool want, struct arena *arena,
			       struct matcher_index *out, struct err *err)
{
	struct matcher_remote *r = remote;
	struct buf AUTO(buf_fini) body = BUF_INIT((size_t)r->limits->index_bytes);
	struct digest_text text;
	struct digest digest;
	struct slice url;

	(void)want;
	if (!arena_printf(arena, &url, "%.*sindexer/api/v1/index_report/%s", SLICE_ARG(r->address),
			  digest_print(&text, manifest)))
		return err_nomem(err, "index report");
	TRY(ask(r, url, &body, err));
	TRY(check_finished(r, buf_slice(&body), err));
	TRY(digest_of(DIGEST_SHA256, buf_slice(&body), &digest, err));
	if (!arena_copy(arena, buf_slice(&body), &out->bytes) ||
	    !arena_copy(arena, slice_cstr(digest_print(&text, &digest)), &out->identity))
		return err_nomem(err, "index report");
	return STATUS_OK;
}
