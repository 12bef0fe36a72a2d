/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - sockets that do not block, and OpenSSL on them. */
#include "notify/stream.h"

#include "base/date.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* One address. STATUS_IO leaves errno in *err for the next one to be tried. */
static enum status connect_one(struct stream *s, const struct addrinfo *a, uint64_t until, struct err *err)
{
	int failed = 0, on = 1;
	socklen_t size = sizeof(failed);

	s->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	if (s->fd < 0)
		return err_errno(err, "cannot make a socket");
	if (connect(s->fd, a->ai_addr, a->ai_addrlen) != 0) {
		if (errno != EINPROGRESS)
			return err_errno(err, "cannot connect");
		TRY(deliverer_wait(s->d, s->fd, POLLOUT, until, err));
		if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed != 0) {
			errno = failed;
			return err_errno(err, "cannot connect");
		}
	}
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return STATUS_OK;
}

static enum status connect_any(struct stream *s, const char *host, const char *port, uint64_t until, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list = NULL;
	int code = getaddrinfo(host, port, &hints, &list);
	enum status st = STATUS_IO;

	if (code != 0)
		return err_set(err, STATUS_IO, "its name is not known: %s", gai_strerror(code));
	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		st = connect_one(s, a, until, err);
		if (st == STATUS_OK || st == STATUS_CANCELLED)
			break;
		close_fd(&s->fd);
		s->fd = -1;
	}
	freeaddrinfo(list);
	return st;
}

/* What a call of OpenSSL that did not succeed wants: to wait, or it has failed. */
static enum status after(struct stream *s, int result, uint64_t until, struct err *err)
{
	int saved = errno, code = SSL_get_error(s->ssl, result);
	char text[160];

	switch (code) {
	case SSL_ERROR_WANT_READ:
		return deliverer_wait(s->d, s->fd, POLLIN, until, err);
	case SSL_ERROR_WANT_WRITE:
		return deliverer_wait(s->d, s->fd, POLLOUT, until, err);
	case SSL_ERROR_ZERO_RETURN:
		return err_set(err, STATUS_IO, "the connection was closed");
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		errno = saved;
		return saved ? err_errno(err, "the connection has failed")
			     : err_set(err, STATUS_IO, "the connection was closed");
	default:
		if (s->told.text[0])
			return err_set(err, STATUS_AUTH, "its certificate is not accepted: %s", s->told.text);
		return err_set(err, STATUS_IO, "TLS failed: %s", tls_error(text, sizeof(text)));
	}
}

static enum status shake_hands(struct stream *s, const char *host, const struct config_tls *tls, uint64_t until,
			       struct err *err)
{
	s->ctx = SSL_CTX_new(TLS_client_method());
	if (!s->ctx)
		return err_nomem(err, "TLS");
	TRY(tls_prepare(s->ctx, tls, host, &s->told, err));
	s->ssl = SSL_new(s->ctx);
	if (!s->ssl || SSL_set_fd(s->ssl, s->fd) != 1 || SSL_set_tlsext_host_name(s->ssl, host) != 1)
		return err_nomem(err, "TLS");
	for (;;) {
		int result = SSL_connect(s->ssl);

		if (result == 1)
			return STATUS_OK;
		TRY(after(s, result, until, err));
	}
}

enum status stream_open(struct stream *s, const struct deliverer *d, const char *host, const char *port,
			const struct config_tls *tls, struct err *err)
{
	uint64_t until = deliverer_until(deliverer_own(d)->connect_timeout);
	enum status st;

	*s = (struct stream){ .d = d, .fd = -1 };
	st = connect_any(s, host, port, until, err);
	if (st == STATUS_OK && tls)
		st = shake_hands(s, host, tls, until, err);
	if (st != STATUS_OK)
		stream_close(s);
	return st;
}

enum status stream_write(struct stream *s, struct slice bytes, uint64_t until_ns, struct err *err)
{
	while (bytes.len > 0) {
		size_t done = 0;

		if (s->ssl) {
			int result = SSL_write_ex(s->ssl, bytes.ptr, bytes.len, &done);

			if (result != 1)
				TRY(after(s, result, until_ns, err));
		} else {
			ssize_t n = send(s->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

			if (n < 0 && errno == EAGAIN)
				TRY(deliverer_wait(s->d, s->fd, POLLOUT, until_ns, err));
			else if (n < 0 && errno != EINTR)
				return err_errno(err, "the connection has failed");
			done = n > 0 ? (size_t)n : 0;
		}
		bytes = slice_from(bytes, done);
	}
	return STATUS_OK;
}

enum status stream_read(struct stream *s, uint8_t *out, size_t size, size_t *out_n, uint64_t until_ns, struct err *err)
{
	for (;;) {
		if (s->ssl) {
			int result = SSL_read_ex(s->ssl, out, size, out_n);

			if (result == 1)
				return STATUS_OK;
			TRY(after(s, result, until_ns, err));
			continue;
		}
		ssize_t n = recv(s->fd, out, size, 0);

		if (n > 0) {
			*out_n = (size_t)n;
			return STATUS_OK;
		}
		if (n == 0)
			return err_set(err, STATUS_IO, "the connection was closed");
		if (errno == EAGAIN)
			TRY(deliverer_wait(s->d, s->fd, POLLIN, until_ns, err));
		else if (errno != EINTR)
			return err_errno(err, "the connection has failed");
	}
}

void stream_close(struct stream *s)
{
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	if (s->fd >= 0)
		close_fd(&s->fd);
	s->fd = -1;
	s->ssl = NULL;
	s->ctx = NULL;
}
