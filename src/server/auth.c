/* SPDX-License-Identifier: Apache-2.0 */
/* auth.c - checking bearer tokens. */
#include "base/base64.h"
#include "server/auth.h"

#include "io/jwt.h"
#include "text/json.h"

#include <math.h>
#include <stdlib.h>

/* Clocks of two machines differ by so many seconds. */
#define LEEWAY 15
/* A token of Clair's has 150 bytes. */
#define TOKEN_BYTES ((size_t)8 << 10)
#define TOKEN_MEMORY ((size_t)256 << 10)

struct auth {
	struct arena arena;
	struct slice key;
	struct slice *issuers;
	size_t n;
};

struct auth *auth_new(struct slice key, const struct slice *issuers, size_t n)
{
	struct auth *a = calloc(1, sizeof(*a));
	bool ok;

	if (!a || key.len == 0) {
		free(a);
		return NULL;
	}
	a->arena = (struct arena)ARENA_INIT((size_t)1 << 20);
	a->issuers = arena_array(&a->arena, n + 1, sizeof(a->issuers[0]));
	ok = a->issuers && arena_copy(&a->arena, key, &a->key);
	for (size_t i = 0; ok && i < n; i++)
		ok = arena_copy(&a->arena, issuers[i], &a->issuers[a->n++]);
	if (!ok) {
		auth_free(a);
		return NULL;
	}
	a->issuers[a->n++] = SLICE("clair-intraservice");
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	arena_fini(&a->arena);
	free(a);
}

/* header.claims.signature; or the same as an object, which go-jose takes too. */
static bool take_apart(struct slice token, struct json_doc *doc, struct slice parts[3])
{
	struct slice rest;
	struct err err = ERR_INIT;

	if (token.len > 0 && token.ptr[0] == '{') {
		if (json_parse(token, &limits_default, doc, &err) != STATUS_OK)
			return false;
		parts[0] = json_get_str(doc->root, "protected");
		parts[1] = json_get_str(doc->root, "payload");
		parts[2] = json_get_str(doc->root, "signature");
		return true;
	}
	return slice_cut(token, '.', &parts[0], &rest) && slice_cut(rest, '.', &parts[1], &parts[2]) &&
	       slice_find_byte(parts[2], '.') == SIZE_MAX;
}

static bool decode_object(struct slice part, struct arena *arena, struct json_doc *out)
{
	struct slice text;
	struct err err = ERR_INIT;

	return base64_decode(part, BASE64_URL | BASE64_BARE, arena, &text) &&
	       json_parse(text, &limits_default, out, &err) == STATUS_OK && yyjson_is_obj(out->root);
}

static bool is_signed(const struct auth *a, const struct slice parts[3], struct arena *arena)
{
	struct json_doc header = { 0 };
	enum jwt_algorithm algorithm;
	struct slice signature, all = SLICE_EMPTY;
	struct jwt_mac mac;
	bool ok = decode_object(parts[0], arena, &header) && !json_get(header.root, "crit") &&
		  jwt_algorithm_from_name(json_get_str(header.root, "alg"), &algorithm) &&
		  base64_decode(parts[2], BASE64_URL | BASE64_BARE, arena, &signature);

	json_doc_free(&header);
	if (!ok || parts[1].len == 0)
		return false;
	/* The parts stand side by side in a compact token, not in the other form. */
	uint8_t *both = arena_alloc(arena, parts[0].len + parts[1].len + 1);

	if (!both)
		return false;
	memcpy(both, parts[0].ptr, parts[0].len);
	both[parts[0].len] = '.';
	memcpy(both + parts[0].len + 1, parts[1].ptr, parts[1].len);
	all = slice_make(both, parts[0].len + parts[1].len + 1);
	return jwt_mac(algorithm, a->key, all, &mac) && jwt_mac_is(&mac, signature);
}

/* An instant; true if it is absent. *bad: it is there and no number. */
static bool claim_time(yyjson_val *claims, const char *name, double *out)
{
	yyjson_val *v = json_get(claims, name);

	*out = NAN;
	if (!v || yyjson_is_null(v))
		return true;
	if (!yyjson_is_num(v))
		return false;
	*out = yyjson_get_num(v);
	return true;
}

static bool claims_hold(const struct auth *a, yyjson_val *claims, int64_t now)
{
	struct slice issuer = json_get_str(claims, "iss");
	double exp, nbf, iat;
	bool known = false;

	for (size_t i = 0; i < a->n; i++)
		known |= slice_eq(issuer, a->issuers[i]);
	if (!known || !claim_time(claims, "exp", &exp) || !claim_time(claims, "nbf", &nbf) ||
	    !claim_time(claims, "iat", &iat))
		return false;
	/* Comparisons with NAN, which stands for absent, are false. */
	return !((double)(now - LEEWAY) > exp) && !((double)(now + LEEWAY) < nbf) && !((double)(now + LEEWAY) < iat);
}

bool auth_token_ok(const struct auth *a, struct slice token, int64_t now)
{
	struct arena arena = ARENA_INIT(TOKEN_MEMORY);
	struct json_doc whole = { 0 }, claims = { 0 };
	struct slice parts[3];
	bool ok;

	if (token.len > TOKEN_BYTES)
		return false;
	/* The claims of a token are looked at only when it is known to be signed. */
	ok = take_apart(token, &whole, parts) && is_signed(a, parts, &arena) &&
	     decode_object(parts[1], &arena, &claims) && claims_hold(a, claims.root, now);
	json_doc_free(&claims);
	json_doc_free(&whole);
	arena_fini(&arena);
	return ok;
}

bool auth_allows(const struct auth *a, const struct request *req, int64_t now)
{
	struct slice value;

	for (size_t i = 0; request_header(req, "Authorization", i, &value); i++) {
		if (slice_starts(value, SLICE("Bearer ")))
			return auth_token_ok(a, slice_trim(slice_from(value, 7)), now);
	}
	return false;
}

bool auth_same_secret(struct slice a, struct slice b)
{
	uint8_t differ = a.len != b.len;

	for (size_t i = 0; i < a.len && b.len > 0; i++)
		differ |= a.ptr[i] ^ b.ptr[i % b.len];
	return differ == 0;
}
