/* SPDX-License-Identifier: Apache-2.0 */
/* signature.c - Ed25519 by libcrypto. */
#include "io/signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static enum status read_key(const char *path, bool private_key, EVP_PKEY **out, struct err *err)
{
	BIO *file = BIO_new_file(path, "r");
	EVP_PKEY *key = NULL;

	if (!file) {
		ERR_clear_error();
		return err_set(err, STATUS_NOTFOUND, "%s cannot be read", path);
	}
	key = private_key ? PEM_read_bio_PrivateKey(file, NULL, NULL, NULL)
			  : PEM_read_bio_PUBKEY(file, NULL, NULL, NULL);
	BIO_free(file);
	ERR_clear_error();
	if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(key);
		return err_set(err, STATUS_INVALID, "%s has no %s key of Ed25519 in PEM", path,
			       private_key ? "private" : "public");
	}
	*out = key;
	return STATUS_OK;
}

enum status signature_make(const char *path, struct slice bytes, uint8_t out[SIGNATURE_BYTES], struct err *err)
{
	EVP_PKEY *key = NULL;
	EVP_MD_CTX *ctx;
	size_t n = SIGNATURE_BYTES;
	bool made;

	TRY(read_key(path, true, &key, err));
	ctx = EVP_MD_CTX_new();
	made = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestSign(ctx, out, &n, bytes.ptr, bytes.len) == 1 && n == SIGNATURE_BYTES;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return made ? STATUS_OK : err_set(err, STATUS_BUG, "the signature cannot be made with %s", path);
}

enum status signature_check(const char *path, struct slice bytes, struct slice signature, struct err *err)
{
	EVP_PKEY *key = NULL;
	EVP_MD_CTX *ctx;
	bool good;

	TRY(read_key(path, false, &key, err));
	ctx = EVP_MD_CTX_new();
	good = ctx && signature.len == SIGNATURE_BYTES && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestVerify(ctx, signature.ptr, signature.len, bytes.ptr, bytes.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good ? STATUS_OK : err_set(err, STATUS_MISMATCH, "its signature is not that of %s", path);
}
