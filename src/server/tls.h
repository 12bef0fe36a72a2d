/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h - certificates of the API's listener, which may be loaded again while it serves.
 *
 * TLS 1.2 and 1.3, by GnuTLS below libmicrohttpd. Connections that stand keep what they began with.
 */
#ifndef LIMPID_SERVER_TLS_H
#define LIMPID_SERVER_TLS_H

#include "base/err.h"

struct http_tls;

/* Paths of PEM files: the chain, its key, and what client certificates must be signed by (empty: none is asked for). */
struct http_tls_files {
	const char *cert, *key, *client_ca;
};

enum status http_tls_open(const struct http_tls_files *files, struct http_tls **out, struct err *err) NODISCARD;
/* Read cert and key again; after a failure the old ones stay. The client CA is read once. */
enum status http_tls_reload(struct http_tls *t, struct err *err) NODISCARD;
void http_tls_close(struct http_tls *t); /* NULL is fine; after the server has ended */

/* For http.c: libmicrohttpd's options, borrowed; whether client certificates are asked for, and whether a session has
 * one. */
struct MHD_OptionItem;
struct MHD_OptionItem *http_tls_options(struct http_tls *t);
bool http_tls_wants_client(const struct http_tls *t);
bool http_tls_client_ok(void *gnutls_session);

#endif
