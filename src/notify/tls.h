/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - private to notify/: whom connections trust, and in words why they did not. */
#ifndef LIMPID_NOTIFY_TLS_H
#define LIMPID_NOTIFY_TLS_H

#include "config/config.h"

#include <openssl/ssl.h>

/* The system's authorities and those of a file (NULL: none). False if the file holds none. */
bool tls_trust(SSL_CTX *ctx, const char *root_ca);

/* Why a certificate was refused; "" if none was. */
struct tls_told {
	char text[160];
};
/*
 * TLS 1.2 or later, authorities, client certificate; the peer must have a certificate for `host` (a name or an
 * address), and `told` (which must outlive ctx) hears why one was refused. STATUS_INVALID names the setting's file.
 */
enum status tls_prepare(SSL_CTX *ctx, const struct config_tls *tls, const char *host, struct tls_told *told,
			struct err *err) NODISCARD;
/* The oldest error of OpenSSL in this thread in words, and forget all. */
const char *tls_error(char *text, size_t size);

#endif
