/* SPDX-License-Identifier: Apache-2.0 */
/* fernet.c - Fernet tokens, by OpenSSL. */
#include "base/base64.h"
#include "io/fernet.h"

#include "io/jwt.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#define VERSION 0x80
#define HEAD (1 + 8 + FERNET_IV)
#define MAC 32
#define BLOCK 16
#define BYTES_MAX (HEAD + FERNET_MAX + BLOCK + MAC)

/* AES-128-CBC with padding; -1 when it cannot be done. */
static int cipher(const uint8_t *key, const uint8_t *iv, bool encrypt, struct slice in, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, more = 0;
	bool good = ctx && EVP_CipherInit_ex(ctx, EVP_aes_128_cbc(), NULL, key, iv, encrypt) == 1 &&
		    EVP_CipherUpdate(ctx, out, &n, in.ptr, (int)in.len) == 1 &&
		    EVP_CipherFinal_ex(ctx, out + n, &more) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return good ? n + more : -1;
}

enum status fernet_seal(const uint8_t key[FERNET_KEY], struct slice message, int64_t now, const uint8_t *iv,
			struct buf *out, struct err *err)
{
	uint8_t bytes[BYTES_MAX] = { VERSION };
	struct jwt_mac mac;
	size_t from = out->len;
	int n;

	if (message.len > FERNET_MAX)
		return err_set(err, STATUS_LIMIT, "a token's message is longer than %d bytes", FERNET_MAX);
	for (unsigned i = 0; i < 8; i++)
		bytes[1 + i] = (uint8_t)((uint64_t)now >> (56 - 8 * i));
	if (iv)
		memcpy(bytes + 9, iv, FERNET_IV);
	else if (RAND_bytes(bytes + 9, FERNET_IV) != 1)
		return err_set(err, STATUS_IO, "no random bytes for a token");
	n = cipher(key + FERNET_KEY / 2, bytes + 9, true, message, bytes + HEAD);
	if (n < 0 || !jwt_mac(JWT_HS256, slice_make(key, FERNET_KEY / 2), slice_make(bytes, HEAD + (size_t)n), &mac))
		return err_set(err, STATUS_BUG, "a token could not be made");
	memcpy(bytes + HEAD + n, mac.bytes, MAC);
	base64_encode(slice_make(bytes, HEAD + (size_t)n + MAC), BASE64_URL, out);
	while ((out->len - from) % 4 != 0 && out->failed == STATUS_OK)
		buf_add_byte(out, '=');
	return buf_check(out, "a token", err);
}

static enum status refused(struct err *err)
{
	return err_set(err, STATUS_INVALID, "invalid or expired token");
}

static bool is_in_time(const uint8_t *bytes, int64_t now, int64_t ttl_s)
{
	uint64_t made = 0;

	for (unsigned i = 0; i < 8; i++)
		made = made << 8 | bytes[1 + i];
	if (made > INT64_MAX - FERNET_SKEW)
		return false;
	return ttl_s == 0 || ((int64_t)made <= now + FERNET_SKEW && now - (int64_t)made <= ttl_s);
}

enum status fernet_open(const uint8_t key[FERNET_KEY], struct slice token, int64_t now, int64_t ttl_s,
			struct arena *arena, struct slice *out, struct err *err)
{
	struct slice bytes, sealed;
	struct jwt_mac mac;
	uint8_t *message;
	int n;

	/* As many = as there may be: those who take them from a URL lose them. */
	for (int i = 0; i < 2 && slice_ends(token, SLICE("=")); i++)
		token.len--;
	if (token.len > BYTES_MAX * 4 / 3 + 4 || !base64_decode(token, BASE64_URL | BASE64_BARE, arena, &bytes))
		return refused(err);
	if (bytes.len < HEAD + BLOCK + MAC || (bytes.len - HEAD - MAC) % BLOCK != 0 || bytes.ptr[0] != VERSION)
		return refused(err);
	sealed = slice_take(bytes, bytes.len - MAC);
	if (!jwt_mac(JWT_HS256, slice_make(key, FERNET_KEY / 2), sealed, &mac) ||
	    !jwt_mac_is(&mac, slice_from(bytes, sealed.len)) || !is_in_time(bytes.ptr, now, ttl_s))
		return refused(err);
	message = arena_alloc(arena, sealed.len);
	if (!message)
		return err_nomem(err, "a token");
	n = cipher(key + FERNET_KEY / 2, bytes.ptr + 9, false, slice_from(sealed, HEAD), message);
	if (n < 0)
		return refused(err);
	*out = slice_make(message, (size_t)n);
	return STATUS_OK;
}
