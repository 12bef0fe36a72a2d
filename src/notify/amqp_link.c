/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amqp_link.c - librabbitmq with timeouts on every wait, publisher confirms, and failures in words.
 *
 * librabbitmq blocks without end where it writes: TCP_USER_TIMEOUT ends that when the peer takes nothing.
 */
#include "notify/amqp_link.h"

#include "base/date.h"

#if __has_include(<rabbitmq-c/ssl_socket.h>)
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#define CHANNEL 1
#define HEARTBEAT_S 30
#define FRAME_BYTES 131072
#define STEP_NS UINT64_C(200000000)
#define NOT_THERE 404 /* AMQP's reply codes */
#define ACCESS_REFUSED 403
#define NOT_ALLOWED 530

static struct timeval to_timeval(int64_t ns)
{
	return (struct timeval){ .tv_sec = ns / 1000000000, .tv_usec = ns % 1000000000 / 1000 };
}

/* A broker's text, for a message: its bytes are somebody else's. */
static void keep_text(char *out, size_t size, unsigned code, amqp_bytes_t text)
{
	size_t at = (size_t)snprintf(out, size, "%u ", code);
	const uint8_t *p = text.bytes;

	for (size_t i = 0; i < text.len && at + 1 < size; i++)
		out[at++] = (char)(p[i] < ' ' || p[i] >= 0x7f ? '?' : p[i]);
	out[at] = '\0';
}

/* ---- failures ---- */

static enum status library_failed(struct amqp_link *l, int code, struct err *err)
{
	char text[160];

	l->broken = true;
	switch (code) {
	case AMQP_STATUS_NO_MEMORY:
		return err_nomem(err, "AMQP");
	case AMQP_STATUS_TIMEOUT:
		return err_set(err, STATUS_TIMEOUT, "%s: no answer in time%s%s", l->peer, l->blocked[0] ? ": " : "",
			       l->blocked);
	case AMQP_STATUS_HEARTBEAT_TIMEOUT:
		return err_set(err, STATUS_TIMEOUT, "%s: no sign of life", l->peer);
	case AMQP_STATUS_CONNECTION_CLOSED:
	case AMQP_STATUS_SOCKET_CLOSED:
		return err_set(err, STATUS_IO, "%s: the connection was closed", l->peer);
	case AMQP_STATUS_SSL_ERROR:
	case AMQP_STATUS_SSL_PEER_VERIFY_FAILED:
	case AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED:
	case AMQP_STATUS_SSL_CONNECTION_FAILED:
		if (l->told.text[0])
			return err_set(err, STATUS_AUTH, "%s: its certificate is not accepted: %s", l->peer,
				       l->told.text);
		return err_set(err, STATUS_IO, "%s: TLS failed: %s", l->peer, tls_error(text, sizeof(text)));
	default:
		return err_set(err, STATUS_IO, "%s: %s", l->peer, amqp_error_string2(code));
	}
}

/* The broker closed the connection or the channel and says why. */
static enum status closed(struct amqp_link *l, const amqp_method_t *method, struct err *err)
{
	char text[200] = "";
	unsigned code = 0;
	enum status st = STATUS_REMOTE;

	l->broken = true;
	if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
		amqp_connection_close_t *m = method->decoded;

		code = m->reply_code;
		keep_text(text, sizeof(text), code, m->reply_text);
	} else if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
		amqp_channel_close_t *m = method->decoded;

		code = m->reply_code;
		keep_text(text, sizeof(text), code, m->reply_text);
	} else {
		return err_set(err, STATUS_REMOTE, "%s: unexpected answer %08x", l->peer, (unsigned)method->id);
	}
	if (code == ACCESS_REFUSED || code == NOT_ALLOWED)
		st = STATUS_AUTH;
	else if (code == NOT_THERE)
		st = STATUS_NOTFOUND;
	err_set(err, st, "%s says: %s", l->peer, text);
	err->sys_errno = (int)code;
	return st;
}

static enum status reply_is(struct amqp_link *l, amqp_rpc_reply_t reply, struct err *err)
{
	switch (reply.reply_type) {
	case AMQP_RESPONSE_NORMAL:
		return STATUS_OK;
	case AMQP_RESPONSE_LIBRARY_EXCEPTION:
		return library_failed(l, reply.library_error, err);
	case AMQP_RESPONSE_SERVER_EXCEPTION:
		return closed(l, &reply.reply, err);
	default:
		return library_failed(l, AMQP_STATUS_CONNECTION_CLOSED, err);
	}
}

/* ---- what the broker says ---- */

static void settle(struct amqp_link *l, uint64_t tag, bool multiple)
{
	if (tag <= l->settled || tag > l->published)
		return;
	if (multiple) {
		uint64_t n = tag - l->settled;

		l->later = n >= 64 ? 0 : l->later >> n;
		l->settled = tag;
	} else {
		l->later |= UINT64_C(1) << (tag - l->settled - 1);
	}
	while (l->later & 1) {
		l->later >>= 1;
		l->settled++;
	}
}

static enum status take_method(struct amqp_link *l, const amqp_method_t *method, struct err *err)
{
	switch (method->id) {
	case AMQP_BASIC_ACK_METHOD: {
		amqp_basic_ack_t *m = method->decoded;

		settle(l, m->delivery_tag, m->multiple);
		return STATUS_OK;
	}
	case AMQP_BASIC_NACK_METHOD: {
		amqp_basic_nack_t *m = method->decoded;

		l->nacked = true;
		settle(l, m->delivery_tag, m->multiple);
		return STATUS_OK;
	}
	case AMQP_BASIC_RETURN_METHOD: {
		amqp_basic_return_t *m = method->decoded;

		keep_text(l->returned, sizeof(l->returned), m->reply_code, m->reply_text);
		return STATUS_OK;
	}
	case AMQP_CONNECTION_BLOCKED_METHOD: {
		amqp_connection_blocked_t *m = method->decoded;

		snprintf(l->blocked, sizeof(l->blocked), "the broker takes nothing: %.*s", (int)MIN(m->reason.len, 80),
			 (char *)m->reason.bytes);
		return STATUS_OK;
	}
	case AMQP_CONNECTION_UNBLOCKED_METHOD:
		l->blocked[0] = '\0';
		return STATUS_OK;
	case AMQP_CHANNEL_CLOSE_METHOD:
	case AMQP_CONNECTION_CLOSE_METHOD:
		return closed(l, method, err);
	default: /* nothing else was asked for */
		return STATUS_OK;
	}
}

/* One frame, or STATUS_TIMEOUT without a message when none came until then. */
static enum status take_frame(struct amqp_link *l, uint64_t ns, bool *out_none, struct err *err)
{
	struct timeval wait = to_timeval((int64_t)ns);
	amqp_frame_t frame;
	int code;

	amqp_maybe_release_buffers(l->state);
	code = amqp_simple_wait_frame_noblock(l->state, &frame, &wait);
	*out_none = code == AMQP_STATUS_TIMEOUT;
	if (*out_none)
		return STATUS_OK;
	if (code != AMQP_STATUS_OK)
		return library_failed(l, code, err);
	/* Headers and bodies are those of messages that came back. */
	return frame.frame_type == AMQP_FRAME_METHOD ? take_method(l, &frame.payload.method, err) : STATUS_OK;
}

/* Until no more than `open` messages wait for an answer. */
static enum status wait_until(struct amqp_link *l, uint64_t open, struct err *err)
{
	uint64_t until = deliverer_until(deliverer_own(l->d)->timeout), settled = l->settled;

	while (l->published - l->settled > open) {
		uint64_t now = date_monotonic_ns();
		bool none;

		if (deliverer_stopped(l->d))
			return deliverer_cancelled(err);
		if (now >= until)
			return library_failed(l, AMQP_STATUS_TIMEOUT, err);
		TRY(take_frame(l, MIN(until - now, STEP_NS), &none, err));
		if (l->settled != settled) { /* the next answer has its own time */
			settled = l->settled;
			until = deliverer_until(deliverer_own(l->d)->timeout);
		}
	}
	return STATUS_OK;
}

bool amqp_link_is_alive(struct amqp_link *l)
{
	struct err err = ERR_INIT;
	bool none = false;

	while (l->state && !l->broken && !none)
		if (take_frame(l, 0, &none, &err) != STATUS_OK)
			return false;
	return l->state && !l->broken;
}

void amqp_link_begin(struct amqp_link *l)
{
	l->nacked = false;
	l->returned[0] = '\0';
}

enum status amqp_link_settle(struct amqp_link *l, struct err *err)
{
	TRY(wait_until(l, 0, err));
	if (l->returned[0])
		return err_set(err, STATUS_REMOTE, "%s: no queue takes it: %s", l->peer, l->returned);
	if (l->nacked)
		return err_set(err, STATUS_REMOTE, "%s refuses it (nack): a queue is full or has failed", l->peer);
	return STATUS_OK;
}

enum status amqp_link_publish(struct amqp_link *l, const struct config_amqp *set, const char *message_id,
			      struct slice body, struct err *err)
{
	amqp_basic_properties_t properties = {
		._flags = AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_APP_ID_FLAG |
			  AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG,
		.content_type = amqp_cstring_bytes("application/json"),
		.delivery_mode = AMQP_DELIVERY_PERSISTENT,
		.app_id = amqp_cstring_bytes("clairV4-notifier"), /* consumers know it from Clair */
		.message_id = amqp_cstring_bytes(message_id),
		.timestamp = (uint64_t)MAX(deliverer_now(l->d), 0),
	};
	amqp_bytes_t bytes = { .len = body.len, .bytes = (void *)(uintptr_t)body.ptr };
	int code;

	TRY(wait_until(l, AMQP_WINDOW - 1, err));
	code = amqp_basic_publish(l->state, CHANNEL, amqp_cstring_bytes(config_cstr(set->exchange_name)),
				  amqp_cstring_bytes(config_cstr(set->routing_key)), 1, 0, &properties, bytes);
	if (code != AMQP_STATUS_OK)
		return library_failed(l, code, err);
	l->published++;
	return STATUS_OK;
}

/* ---- begin and end ---- */

static enum status open_tls(struct amqp_link *l, const struct config_amqp *set, const char *host, amqp_socket_t **out,
			    struct err *err)
{
	amqp_socket_t *socket = amqp_ssl_socket_new(l->state);

	if (!socket)
		return err_nomem(err, "TLS");
	/* librabbitmq's own check of the name knows no addresses. */
	amqp_ssl_socket_set_verify_hostname(socket, 0);
	amqp_ssl_socket_set_verify_peer(socket, 1);
	*out = socket;
	return tls_prepare(amqp_ssl_socket_get_context(socket), &set->tls, host, &l->told, err);
}

static void limit_writes(struct amqp_link *l)
{
	unsigned ms = (unsigned)MIN(MAX(deliverer_own(l->d)->timeout / 1000000, 1), INT32_MAX);
	int fd = amqp_get_sockfd(l->state), on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static enum status log_in(struct amqp_link *l, const struct amqp_connection_info *info, struct err *err)
{
	const struct config_delivery *own = deliverer_own(l->d);
	struct timeval handshake = to_timeval(own->connect_timeout), rpc = to_timeval(own->timeout);
	amqp_table_entry_t can = { .key = amqp_cstring_bytes("connection.blocked"),
				   .value = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 } };
	amqp_table_entry_t about[] = {
		{ .key = amqp_cstring_bytes("product"),
		  .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("limpid") } },
		{ .key = amqp_cstring_bytes("capabilities"),
		  .value = { .kind = AMQP_FIELD_KIND_TABLE, .value.table = { .num_entries = 1, .entries = &can } } },
	};
	amqp_table_t properties = { .num_entries = (int)ARRAY_LEN(about), .entries = about };

	amqp_set_handshake_timeout(l->state, &handshake);
	amqp_set_rpc_timeout(l->state, &rpc);
	return reply_is(l,
			amqp_login_with_properties(l->state, info->vhost[0] ? info->vhost : "/", 0, FRAME_BYTES,
						   HEARTBEAT_S, &properties, AMQP_SASL_METHOD_PLAIN, info->user,
						   info->password),
			err);
}

static enum status open_channel(struct amqp_link *l, struct err *err)
{
	amqp_channel_open(l->state, CHANNEL);
	TRY(reply_is(l, amqp_get_rpc_reply(l->state), err));
	amqp_confirm_select(l->state, CHANNEL);
	return reply_is(l, amqp_get_rpc_reply(l->state), err);
}

static enum status declare(struct amqp_link *l, const struct config_amqp *set, bool passive, struct err *err)
{
	amqp_exchange_declare(l->state, CHANNEL, amqp_cstring_bytes(config_cstr(set->exchange_name)),
			      amqp_cstring_bytes(config_cstr(set->exchange_type)), passive, set->exchange_durability,
			      set->exchange_auto_delete, 0, amqp_empty_table);
	return reply_is(l, amqp_get_rpc_reply(l->state), err);
}

/* The exchange is looked for, as Clair does; one that is not there is made as the settings say. */
static enum status have_exchange(struct amqp_link *l, const struct config_amqp *set, struct err *err)
{
	if (set->exchange_name.len == 0 || declare(l, set, true, err) == STATUS_OK)
		return STATUS_OK;
	if (err->code != STATUS_NOTFOUND)
		return err->code;
	/* That was the end of the channel. */
	l->broken = false;
	amqp_channel_close_ok_t ok = { 0 };

	if (amqp_send_method(l->state, CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok) != AMQP_STATUS_OK)
		return library_failed(l, AMQP_STATUS_CONNECTION_CLOSED, err);
	TRY(open_channel(l, err));
	return declare(l, set, false, err);
}

static enum status connect_to(struct amqp_link *l, const struct config_amqp *set,
			      const struct amqp_connection_info *info, struct err *err)
{
	struct timeval timeout = to_timeval(deliverer_own(l->d)->connect_timeout);
	amqp_socket_t *socket = NULL;
	int code;

	if (info->ssl)
		TRY(open_tls(l, set, info->host, &socket, err));
	else
		socket = amqp_tcp_socket_new(l->state);
	if (!socket)
		return err_nomem(err, "a connection");
	code = amqp_socket_open_noblock(socket, info->host, info->port, &timeout);
	if (code == AMQP_STATUS_SOCKET_ERROR)
		return err_set(err, STATUS_IO, "%s: nobody listens there", l->peer);
	if (code != AMQP_STATUS_OK)
		return library_failed(l, code, err);
	limit_writes(l);
	TRY(log_in(l, info, err));
	TRY(open_channel(l, err));
	return have_exchange(l, set, err);
}

enum status amqp_link_open(struct amqp_link *l, const struct deliverer *d, const struct config_amqp *set,
			   struct slice uri, struct err *err)
{
	AUTO(free_ptr) char *text = strndup((const char *)uri.ptr, uri.len);
	struct amqp_connection_info info;
	enum status st;

	*l = (struct amqp_link){ .d = d, .peer = "the broker" };
	if (!text)
		return err_nomem(err, "a URI");
	if (amqp_parse_url(text, &info) != AMQP_STATUS_OK)
		return err_set(err, STATUS_INVALID, "one of uris is no AMQP URI");
	snprintf(l->peer, sizeof(l->peer), "%s://%s:%d%s%s", info.ssl ? "amqps" : "amqp", info.host, info.port,
		 info.vhost[0] == '/' ? "" : "/", info.vhost);
	l->state = amqp_new_connection();
	if (!l->state)
		return err_nomem(err, "a connection");
	st = connect_to(l, set, &info, err);
	if (st != STATUS_OK) {
		l->broken = true;
		amqp_link_close(l);
	}
	return st;
}

void amqp_link_close(struct amqp_link *l)
{
	struct timeval soon = { .tv_sec = 1 };

	if (!l->state)
		return;
	if (!l->broken) {
		amqp_set_rpc_timeout(l->state, &soon);
		(void)amqp_connection_close(l->state, AMQP_REPLY_SUCCESS);
	}
	(void)amqp_destroy_connection(l->state);
	l->state = NULL;
}
