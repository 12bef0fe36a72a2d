/* SPDX-License-Identifier: Apache-2.0 */
/* layers_impl.h - what the handlers of the old layer API share. Private to server/. */
#ifndef LIMPID_SERVER_LAYERS_IMPL_H
#define LIMPID_SERVER_LAYERS_IMPL_H

#include "server/handler.h"
#include "server/layers_document.h"
#include "store/pool.h"

#define LAYERS_STORE_WAIT_MS 10000u
/* Clair v2's words, which clients look for. */
#define LAYERS_NOT_FOUND "the resource cannot be found"

/* How many advisories of users there may be: each layer that is asked for is compared with all of them. */
#define LAYERS_OWN_MAX 10000u
#define LAYERS_OWN_BYTES (16u << 20) /* of all of them, as they are kept */

enum status layers_take(struct server_context *ctx, struct store **out, struct err *err) NODISCARD;
void layers_give(struct server_context *ctx, struct store *s);

/* Run a handler as this API answers: its headers, its form of errors, Clair v2's metric under that name of a route. */
enum status layers_run(struct server_context *ctx, const struct request *req, struct response *resp, struct err *err,
		       const char *route, http_handler *handler);
/* {"Error":...}; detail may be NULL. Returns STATUS_OK. */
enum status layers_refuse(struct response *resp, int code, const char *message, const char *detail);
/* The path's part behind /v1/NAME/, as sent, without a slash at its end. */
struct slice layers_rest(const struct request *req);
bool layers_has_query(const struct request *req, const char *name);

/* ---- layers_token.c: pages ---- */

#define LAYERS_LIMIT_MAX 10000u /* of one page; Clair v2 has no cap */
#define LAYERS_TOKEN_MAX 4096	/* bytes of what a token says */
/* The query's limit as Go reads numbers, at most LAYERS_LIMIT_MAX. STATUS_INVALID with its words. */
enum status layers_limit(struct slice text, uint64_t *out, struct err *err) NODISCARD;
/* In the arena. */
enum status layers_token_make(struct server_context *ctx, struct slice text, struct arena *arena, struct slice *out,
			      struct err *err) NODISCARD;
/* STATUS_INVALID with Clair's words: made with another key, or too old. */
enum status layers_token_read(struct server_context *ctx, struct slice token, struct arena *arena, struct slice *out,
			      struct err *err) NODISCARD;

/* ---- layers_own.c: advisories of users ---- */

/* A VulnerabilityEnvelope's vulnerability, of that namespace unless it says one. STATUS_INVALID with Clair's words;
 * memory is the arena's. */
enum status layers_advisory_parse(struct slice json, const struct limits *limits, struct slice space,
				  struct arena *arena, struct layers_advisory *out, struct err *err) NODISCARD;
/* A FeatureEnvelope's feature, as the fix of an advisory. */
enum status layers_fix_parse(struct slice json, const struct limits *limits, struct arena *arena,
			     struct layers_fix *out, struct err *err) NODISCARD;
enum status layers_own_put(struct store *s, const struct layers_advisory *a, struct arena *arena,
			   struct err *err) NODISCARD;
/* STATUS_NOTFOUND if no user wrote one. */
enum status layers_own_get(struct store *s, struct slice space, struct slice name, struct arena *arena,
			   struct layers_advisory *out, struct err *err) NODISCARD;
enum status layers_own_delete(struct store *s, struct slice space, struct slice name, struct arena *arena,
			      bool *out_deleted, struct err *err) NODISCARD;
/* All, by namespace and name. *identity changes when any does. */
enum status layers_own_all(struct store *s, struct arena *arena, struct layers_advisory **out, size_t *out_n,
			   struct digest *identity, struct err *err) NODISCARD;

#endif
