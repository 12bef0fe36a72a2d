/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c - OpenSSL contexts for connections to brokers. */
#include "notify/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

bool tls_trust(SSL_CTX *ctx, const char *root_ca)
{
	/* A system without authorities is no failure: root_ca may be all that is needed. */
	(void)SSL_CTX_set_default_verify_paths(ctx);
	ERR_clear_error();
	return !root_ca || SSL_CTX_load_verify_locations(ctx, root_ca, NULL) == 1;
}

static int on_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_told *told = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;

	if (!good && told)
		snprintf(told->text, sizeof(told->text), "%s",
			 X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
	return good;
}

/* Of the connections that are made of it. */
static bool expect_host(SSL_CTX *ctx, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

	return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1 || X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

enum status tls_prepare(SSL_CTX *ctx, const struct config_tls *tls, const char *host, struct tls_told *told,
			struct err *err)
{
	told->text[0] = '\0';
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!tls_trust(ctx, tls->root_ca.len ? config_cstr(tls->root_ca) : NULL))
		return err_set(err, STATUS_INVALID, "%s holds no certificate that can be read",
			       config_cstr(tls->root_ca));
	if (tls->cert.len > 0 && SSL_CTX_use_certificate_chain_file(ctx, config_cstr(tls->cert)) != 1)
		return err_set(err, STATUS_INVALID, "%s holds no certificate that can be read", config_cstr(tls->cert));
	if (tls->cert.len > 0 && SSL_CTX_use_PrivateKey_file(ctx, config_cstr(tls->key), SSL_FILETYPE_PEM) != 1)
		return err_set(err, STATUS_INVALID, "%s holds no key of %s", config_cstr(tls->key),
			       config_cstr(tls->cert));
	if (!expect_host(ctx, host))
		return err_nomem(err, "a name to expect");
	ERR_clear_error();
	SSL_CTX_set_app_data(ctx, told);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return STATUS_OK;
}

const char *tls_error(char *text, size_t size)
{
	unsigned long code = ERR_get_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	snprintf(text, size, "%s", reason ? reason : "the connection was closed");
	ERR_clear_error();
	return text;
}
