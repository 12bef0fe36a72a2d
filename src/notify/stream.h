/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - private to notify/: a TCP connection, with TLS or without, on which no call waits longer than it was told.
 */
#ifndef LIMPID_NOTIFY_STREAM_H
#define LIMPID_NOTIFY_STREAM_H

#include "notify/deliverer_impl.h"
#include "notify/tls.h"

struct stream {
	const struct deliverer *d;
	int fd; /* -1: not connected */
	SSL_CTX *ctx;
	SSL *ssl; /* NULL: without TLS */
	struct tls_told told;
};
#define STREAM_CLOSED                                                                                                  \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}

/*
 * Connect, and shake hands if tls is not NULL, within limpid.notifier.connect_timeout. The name is resolved by the
 * system, whose own timeouts hold. Times are date_monotonic_ns()'s. Messages are without the peer.
 */
enum status stream_open(struct stream *s, const struct deliverer *d, const char *host, const char *port,
			const struct config_tls *tls, struct err *err) NODISCARD;
enum status stream_write(struct stream *s, struct slice bytes, uint64_t until_ns, struct err *err) NODISCARD;
/* One byte or more, at *out_n; STATUS_TIMEOUT: none came until then; STATUS_IO: the peer has closed. until_ns 0: what
 * is there. */
enum status stream_read(struct stream *s, uint8_t *out, size_t size, size_t *out_n, uint64_t until_ns,
			struct err *err) NODISCARD;
void stream_close(struct stream *s);

#endif
