/* SPDX-License-Identifier: Apache-2.0 */
/* jwt.c - HMAC over base64url, by OpenSSL. */
#include "base/base64.h"
#include "io/jwt.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

bool jwt_algorithm_from_name(struct slice name, enum jwt_algorithm *out)
{
	static const char *const names[JWT_ALGORITHMS] = { "HS256", "HS384", "HS512" };

	for (size_t i = 0; i < JWT_ALGORITHMS; i++) {
		if (slice_eq(name, slice_cstr(names[i]))) {
			*out = (enum jwt_algorithm)i;
			return true;
		}
	}
	return false;
}

bool jwt_mac(enum jwt_algorithm algorithm, struct slice key, struct slice signed_part, struct jwt_mac *out)
{
	const EVP_MD *md = algorithm == JWT_HS256 ? EVP_sha256() : algorithm == JWT_HS384 ? EVP_sha384() : EVP_sha512();
	unsigned len = 0;

	if (key.len == 0 || key.len > INT_MAX ||
	    !HMAC(md, key.ptr, (int)key.len, signed_part.ptr, signed_part.len, out->bytes, &len))
		return false;
	out->len = len;
	return true;
}

bool jwt_mac_is(const struct jwt_mac *mac, struct slice signature)
{
	return signature.len == mac->len && CRYPTO_memcmp(mac->bytes, signature.ptr, mac->len) == 0;
}

enum status jwt_sign(struct slice key, struct slice issuer, int64_t now, struct buf *out, struct err *err)
{
	char claims[512];
	size_t from = out->len;
	struct jwt_mac mac;
	int n;

	for (size_t i = 0; i < issuer.len; i++) {
		if (issuer.ptr[i] < 0x20 || issuer.ptr[i] == '"' || issuer.ptr[i] == '\\')
			return err_set(err, STATUS_INVALID, "the issuer of tokens has a byte that cannot be in one");
	}
	n = snprintf(claims, sizeof(claims), "{\"iss\":\"%.*s\",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld}",
		     SLICE_ARG(issuer), (long long)now, (long long)now - JWT_LIFE, (long long)now + JWT_LIFE);
	if (key.len == 0 || n < 0 || (size_t)n >= sizeof(claims))
		return err_set(err, STATUS_INVALID, "no token can be made without a key, or with so long an issuer");
	base64_encode(SLICE("{\"alg\":\"HS256\"}"), BASE64_URL, out);
	buf_add_byte(out, '.');
	base64_encode(slice_make(claims, (size_t)n), BASE64_URL, out);
	TRY(buf_check(out, "a token", err));
	if (!jwt_mac(JWT_HS256, key, slice_from(buf_slice(out), from), &mac))
		return err_set(err, STATUS_BUG, "a token could not be signed");
	buf_add_byte(out, '.');
	base64_encode(slice_make(mac.bytes, mac.len), BASE64_URL, out);
	return buf_check(out, "a token", err);
}
