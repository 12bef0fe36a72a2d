/* SPDX-License-Identifier: Apache-2.0 */
/* layers_token.c - page tokens of the old layer API, which only its nodes can read or make. */
#include "server/layers_impl.h"

#include "base/date.h"
#include "config/config.h"
#include "io/fernet.h"

#include <openssl/rand.h>

#define TOKEN_LIFE_S 3600
#define PAGE_KEY SLICE("page key")

/* The setting's, or one that all nodes find in the store. */
static enum status page_key(struct server_context *ctx, struct arena *arena, uint8_t out[FERNET_KEY], struct err *err)
{
	struct slice key = ctx->config->limpid.v1.page_key;
	struct store_document d;
	struct store *s;
	enum status st;

	if (key.len == FERNET_KEY) {
		memcpy(out, key.ptr, FERNET_KEY);
		return STATUS_OK;
	}
	TRY(layers_take(ctx, &s, err));
	st = store_document_get(s, STORE_DOCUMENT_SECRET, PAGE_KEY, arena, &d, err);
	if (st == STATUS_NOTFOUND) {
		st = RAND_bytes(out, FERNET_KEY) == 1 ? STATUS_OK
						      : err_set(err, STATUS_IO, "no random bytes for a key");
		if (st == STATUS_OK)
			st = store_document_put(s, STORE_DOCUMENT_SECRET, PAGE_KEY, SLICE_EMPTY,
						slice_make(out, FERNET_KEY), err);
		/* Another node may have put its own meanwhile: the one that is there counts. */
		if (st == STATUS_OK)
			st = store_document_get(s, STORE_DOCUMENT_SECRET, PAGE_KEY, arena, &d, err);
	}
	layers_give(ctx, s);
	TRY(st);
	if (d.body.len != FERNET_KEY)
		return err_set(err, STATUS_MALFORMED, "the key of page tokens in the store is damaged");
	memcpy(out, d.body.ptr, FERNET_KEY);
	return STATUS_OK;
}

enum status layers_token_make(struct server_context *ctx, struct slice text, struct arena *arena, struct slice *out,
			      struct err *err)
{
	struct buf AUTO(buf_fini) token = BUF_INIT((size_t)2 * FERNET_MAX);
	uint8_t key[FERNET_KEY];

	TRY(page_key(ctx, arena, key, err));
	TRY(fernet_seal(key, text, date_now(), NULL, &token, err));
	return arena_copy(arena, buf_slice(&token), out) ? STATUS_OK : err_nomem(err, "a page token");
}

enum status layers_token_read(struct server_context *ctx, struct slice token, struct arena *arena, struct slice *out,
			      struct err *err)
{
	uint8_t key[FERNET_KEY];

	TRY(page_key(ctx, arena, key, err));
	if (fernet_open(key, token, date_now(), TOKEN_LIFE_S, arena, out, err) != STATUS_OK)
		return err_set(err, STATUS_INVALID, "invalid page format: invalid or expired pagination token");
	return STATUS_OK;
}

/* Go's strconv.Atoi, as far as its words go. */
enum status layers_limit(struct slice text, uint64_t *out, struct err *err)
{
	bool minus = slice_starts(text, SLICE("-"));
	struct err_quote q;

	if (!slice_to_u64(slice_from(text, minus || slice_starts(text, SLICE("+")) ? 1 : 0), out))
		return err_set(err, STATUS_INVALID,
			       "invalid limit format: strconv.Atoi: parsing \"%s\": invalid syntax",
			       err_slice(&q, text));
	if (minus && *out > 0)
		return err_set(err, STATUS_INVALID, "limit value should not be less than zero");
	*out = MIN(*out, LAYERS_LIMIT_MAX);
	return STATUS_OK;
}
