/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - the server over libmicrohttpd.
 *
 * Its threads (epoll) call on_request() several times for a request: with the headers, with each piece of the body, at
 * its end, and after a suspended connection was resumed. An answer is given at the end of the request only, else the
 * library closes the connection after it. A handler runs on a pool while the connection is suspended; a streamed body's
 * handler runs while the connection still brings it.
 */
#include "server/http_impl.h"

#include "base/date.h"
#include "server/body.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/tls.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Handlers parse JSON and build reports; musl's 128 KiB would do, glibc's 8 MiB are only address space. */
#define HANDLER_STACK ((size_t)512 << 10)
/* Headers of a request, and what libmicrohttpd keeps of a connection: a token has a few hundred bytes. */
#define CONNECTION_MEMORY ((size_t)64 << 10)
/* Bytes of a body that are read and dropped, so that the client sees the answer rather than a reset. */
#define DROPPED_MOST ((uint64_t)64 << 20)
/* Descriptors that connections do not get. */
#define FILES_KEPT 256

bool request_gone(const struct request *req)
{
	struct exchange *ex = req->exchange;
	struct pollfd p = { .events = POLLRDHUP };
	bool gone;

	if (!ex || !ex->server)
		return false;
	if (atomic_load_explicit(&ex->server->cancelled, memory_order_relaxed) || exchange_is_late(ex))
		return true;
	pthread_mutex_lock(&ex->lock);
	p.fd = ex->fd;
	gone = ex->gone || (ex->fd >= 0 && poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
	ex->gone = gone;
	pthread_mutex_unlock(&ex->lock);
	return gone;
}

/* ---- the exchange's life ---- */

static void exchange_unref(struct exchange *ex)
{
	unsigned left;

	pthread_mutex_lock(&ex->lock);
	left = --ex->references;
	pthread_mutex_unlock(&ex->lock);
	if (left == 0) {
		body_stream_free(ex->stream);
		exchange_free(ex);
	}
}

/* With the lock held. */
static void resume(struct exchange *ex)
{
	if (ex->suspended && ex->connection) {
		ex->suspended = false;
		MHD_resume_connection(ex->connection);
		pthread_mutex_lock(&ex->server->lock);
		if (--ex->server->parked == 0)
			pthread_cond_broadcast(&ex->server->settled);
		pthread_mutex_unlock(&ex->server->lock);
	}
}

static void wake(void *ctx)
{
	resume(ctx);
}

/*
 * With the lock held, on the network's thread. False when the server stops: the library ends the process if a
 * connection is suspended then.
 */
static bool suspend(struct exchange *ex)
{
	struct http_server *s = ex->server;
	bool ok;

	pthread_mutex_lock(&s->lock);
	ok = !s->stopping;
	s->parked += ok;
	pthread_mutex_unlock(&s->lock);
	if (ok) {
		ex->suspended = true;
		MHD_suspend_connection(ex->connection);
	}
	return ok;
}

static void settle(struct http_server *s, int change)
{
	pthread_mutex_lock(&s->lock);
	s->in_flight = change > 0 ? s->in_flight + 1 : s->in_flight - 1;
	if (s->in_flight == 0)
		pthread_cond_broadcast(&s->settled);
	pthread_mutex_unlock(&s->lock);
}

/* On a pool's thread. */
static void run_job(struct pool_job *job)
{
	struct exchange *ex = (struct exchange *)job;

	exchange_run(ex);
	pthread_mutex_lock(&ex->lock);
	ex->done = true;
	if (ex->stream)
		body_stream_close(ex->stream);
	if (ex->phase == PHASE_HANDLER)
		ex->phase = PHASE_ANSWER;
	resume(ex);
	pthread_mutex_unlock(&ex->lock);
	exchange_unref(ex);
}

/* False: no room. */
static bool submit(struct exchange *ex)
{
	bool ok;

	ex->job.run = run_job;
	ex->references++;
	pthread_mutex_lock(&ex->server->lock);
	ok = !ex->server->stopping && pool_submit(ex->server->pools[ex->route->pool], &ex->job);
	pthread_mutex_unlock(&ex->server->lock);
	ex->references -= !ok;
	return ok;
}

/* ---- answers ---- */

struct stream_out {
	struct source *source;
	struct exchange *ex;
};

static ssize_t read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct stream_out *out = cls;
	struct err err = ERR_INIT;
	size_t n;

	(void)pos;
	if (source_read(out->source, (uint8_t *)buf, max, &n, &err) != STATUS_OK) {
		log_printf(out->ex->ctx->log, LOG_LEVEL_ERROR, "an answer was cut: %s", err.msg);
		return MHD_CONTENT_READER_END_WITH_ERROR;
	}
	out->ex->sent_bytes += n;
	return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)n;
}

static void free_stream(void *cls)
{
	free(cls);
}

static struct MHD_Response *make_response(struct exchange *ex)
{
	struct response *r = &ex->resp;
	struct slice body = ex->encoded.ptr ? ex->encoded : r->shared.ptr ? r->shared : buf_slice(&r->body);

	if (r->stream) {
		struct stream_out *out = malloc(sizeof(*out));

		if (!out)
			return NULL;
		*out = (struct stream_out){ r->stream, ex };
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32 << 10, read_stream, out, free_stream);
	}
	ex->sent_bytes = body.len;
	/* The body is the exchange's, which lives until the library has told of the request's end. */
	return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_PERSISTENT);
}

static void add_header(struct MHD_Response *out, struct slice name, struct slice value)
{
	char n[64], v[4096];

	snprintf(n, sizeof(n), "%.*s", SLICE_ARG(name));
	if (value.len < sizeof(v)) {
		snprintf(v, sizeof(v), "%.*s", SLICE_ARG(value));
		if (MHD_add_response_header(out, n, v) != MHD_YES)
			return;
	}
}

static enum MHD_Result answer(struct exchange *ex)
{
	struct MHD_Response *out;
	enum MHD_Result ok;

	/* 499: nobody is there. */
	if (ex->resp.code == 499)
		return MHD_NO;
	out = make_response(ex);
	if (!out)
		return MHD_NO;
	for (size_t i = 0; i < ex->resp.n_headers; i++)
		add_header(out, ex->resp.headers[i].name, ex->resp.headers[i].value);
	if (ex->close || atomic_load(&ex->server->quiet))
		add_header(out, SLICE("Connection"), SLICE("close"));
	ok = MHD_queue_response(ex->connection, (unsigned)ex->resp.code, out);
	MHD_destroy_response(out);
	ex->phase = PHASE_SENDING;
	peer_enter(ex->peer, PEER_SENDING, ex->sent_bytes);
	return ok;
}

/* ---- what libmicrohttpd calls ---- */

static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct http_server *s = cls;
	struct exchange *ex = exchange_new(s->ctx, &s->options, slice_cstr(target));
	const union MHD_ConnectionInfo *info;

	if (!ex)
		return NULL;
	ex->server = s;
	ex->held_by_all = &s->held;
	ex->connection = connection;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	ex->fd = info ? info->connect_fd : -1;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	ex->peer = info ? info->socket_context : NULL;
	return ex;
}

struct collect {
	struct exchange *ex;
	bool ok;
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size,
				 const char *value, size_t value_size)
{
	struct collect *c = cls;

	(void)kind;
	c->ok = exchange_header(c->ex, slice_make(key, key_size), slice_make(value, value_size));
	return c->ok ? MHD_YES : MHD_NO;
}

static void peer_name(struct MHD_Connection *connection, char *out, size_t size)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char host[64], port[16];
	socklen_t len;

	snprintf(out, size, "?");
	if (!info || !info->client_addr)
		return;
	len = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (getnameinfo(info->client_addr, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(out, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* A long body of a refused request is not read: the answer goes out at once and the connection is closed. */
static bool is_worth_reading(const struct exchange *ex)
{
	return !ex->close && (ex->req.content_length == UINT64_MAX || ex->req.content_length <= (1 << 20));
}

static enum MHD_Result refuse(struct exchange *ex)
{
	exchange_finish(ex);
	if (!is_worth_reading(ex)) {
		ex->close = true;
		return answer(ex);
	}
	ex->phase = PHASE_REFUSED;
	return MHD_YES;
}

static enum MHD_Result begin_stream(struct exchange *ex)
{
	ex->stream = body_stream_new(&ex->lock, ex->cap, wake, ex);
	if (!ex->stream)
		return MHD_NO;
	ex->req.stream = body_stream_source(ex->stream);
	ex->phase = PHASE_STREAM;
	if (submit(ex))
		return MHD_YES;
	exchange_turn_away(ex);
	return refuse(ex);
}

/* The library asks for a client's certificate, and leaves it to us to look at it. */
static bool is_known_client(struct exchange *ex)
{
	const union MHD_ConnectionInfo *info;

	if (!ex->options->tls || !http_tls_wants_client(ex->options->tls) || ex->peer->known)
		return true;
	info = MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	ex->peer->known = info && http_tls_client_ok(info->tls_session);
	return ex->peer->known;
}

static enum MHD_Result on_headers(struct exchange *ex, const char *method)
{
	static const enum metric_id flight[GROUPS] = { METRIC_http_discovery_flight, METRIC_http_indexerv1_flight,
						       METRIC_http_matcherv1_flight, METRIC_http_notificationv1_flight,
						       METRIC_http_limpidv1_flight, METRIC_http_layersv1_flight };
	struct collect c = { ex, true };
	char remote[96];

	/* Not before: who never ends his headers must not keep the server from its end. */
	settle(ex->server, 1);
	ex->in_flight = true;
	peer_enter(ex->peer, PEER_BODY, 0);
	peer_name(ex->connection, remote, sizeof(remote));
	MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, on_header, &c);
	if (!c.ok) {
		response_error(&ex->resp, 431, "request has more than %d headers", EXCHANGE_HEADERS);
		ex->close = true;
		return refuse(ex);
	}
	if (!is_known_client(ex)) {
		response_error(&ex->resp, 403, "a client certificate is required");
		ex->close = true;
		return refuse(ex);
	}
	if (!exchange_begin(ex, slice_cstr(method), slice_cstr(remote)))
		return refuse(ex);
	metric_add(ex->ctx->metrics, flight[ex->path->group], (const char *const[]){ ex->path->label }, 1);
	ex->counted = true;
	if (ex->route->body == BODY_STREAM)
		return begin_stream(ex);
	ex->phase = PHASE_BODY;
	return MHD_YES;
}

static enum MHD_Result on_piece(struct exchange *ex, const char *data, size_t *size)
{
	struct slice piece = slice_make(data, *size);

	atomic_fetch_add_explicit(&ex->peer->bytes, piece.len, memory_order_relaxed);
	if (ex->phase == PHASE_STREAM) {
		size_t took;
		bool ok = true;

		pthread_mutex_lock(&ex->lock);
		took = body_stream_put(ex->stream, piece);
		ex->body_bytes += took;
		ex->dropped += ex->done ? took : 0;
		*size -= took;
		if (*size > 0) {
			ok = suspend(ex);
			peer_enter(ex->peer, PEER_HANDLER, 0);
		} else {
			atomic_store_explicit(&ex->peer->phase, PEER_BODY, memory_order_relaxed);
		}
		pthread_mutex_unlock(&ex->lock);
		return ok && ex->dropped <= DROPPED_MOST ? MHD_YES : MHD_NO;
	}
	*size = 0;
	if (ex->phase == PHASE_BODY && !exchange_body(ex, piece)) {
		exchange_finish(ex);
		ex->phase = PHASE_REFUSED;
	} else if (ex->phase == PHASE_REFUSED || ex->route->body == BODY_NO_BODY) {
		ex->dropped += piece.len;
	}
	return ex->dropped > DROPPED_MOST ? MHD_NO : MHD_YES;
}

/* The request is there in full: run its handler. */
static enum MHD_Result on_complete(struct exchange *ex)
{
	if (ex->route->pool == POOL_INLINE) {
		exchange_run(ex);
		return answer(ex);
	}
	pthread_mutex_lock(&ex->lock);
	ex->phase = PHASE_HANDLER;
	peer_enter(ex->peer, PEER_HANDLER, 0);
	if (!suspend(ex)) {
		pthread_mutex_unlock(&ex->lock);
		return MHD_NO;
	}
	if (!submit(ex)) {
		exchange_turn_away(ex);
		ex->phase = PHASE_ANSWER;
		resume(ex);
	}
	pthread_mutex_unlock(&ex->lock);
	return MHD_YES;
}

static enum MHD_Result on_stream_end(struct exchange *ex)
{
	bool done, ok = true;

	pthread_mutex_lock(&ex->lock);
	body_stream_end(ex->stream);
	done = ex->done;
	ex->phase = done ? PHASE_ANSWER : PHASE_HANDLER;
	if (!done) {
		peer_enter(ex->peer, PEER_HANDLER, 0);
		ok = suspend(ex);
	}
	pthread_mutex_unlock(&ex->lock);
	return done ? answer(ex) : ok ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *data, size_t *size, void **request)
{
	struct exchange *ex = *request;
	enum exchange_phase phase;

	(void)cls;
	(void)connection;
	(void)url;
	(void)version;
	if (!ex || !ex->peer)
		return MHD_NO;
	pthread_mutex_lock(&ex->lock);
	phase = ex->phase;
	pthread_mutex_unlock(&ex->lock);
	if (phase == PHASE_HEADERS)
		return on_headers(ex, method);
	if (*size > 0)
		return on_piece(ex, data, size);
	switch (phase) {
	case PHASE_BODY:
		return on_complete(ex);
	case PHASE_STREAM:
		return on_stream_end(ex);
	case PHASE_REFUSED:
	case PHASE_ANSWER:
		return answer(ex);
	default:
		return MHD_YES;
	}
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
			 enum MHD_RequestTerminationCode why)
{
	struct http_server *s = cls;
	struct exchange *ex = *request;
	bool running;

	(void)connection;
	if (!ex)
		return;
	*request = NULL;
	pthread_mutex_lock(&ex->lock);
	ex->connection = NULL;
	ex->fd = -1;
	ex->gone = true;
	running = ex->references > 1;
	if (ex->stream)
		body_stream_abort(ex->stream);
	pthread_mutex_unlock(&ex->lock);
	if (ex->peer)
		peer_enter(ex->peer, PEER_WAITING, 0);
	if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK && (running || ex->phase != PHASE_SENDING))
		ex->resp.code = 499;
	exchange_account(ex);
	if (ex->in_flight)
		settle(s, -1);
	exchange_unref(ex);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = cls;
	const union MHD_ConnectionInfo *info;
	struct peer *p = *socket_context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (p)
			peer_removed(s, p);
		free(p);
		*socket_context = NULL;
		return;
	}
	p = calloc(1, sizeof(*p));
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!p || !info) {
		free(p);
		return;
	}
	p->fd = info->connect_fd;
	peer_enter(p, PEER_WAITING, 0);
	atomic_store(&p->got, 0);
	peer_added(s, p);
	*socket_context = p;
}

static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *s)
{
	(void)cls;
	(void)connection;
	return strlen(s);
}

static void on_message(void *cls, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
static void on_message(void *cls, const char *fmt, va_list ap)
{
	struct http_server *s = cls;
	char text[512];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	while (n > 0 && (size_t)n < sizeof(text) && text[n - 1] == '\n')
		text[--n] = '\0';
	if (!s->started)
		snprintf(s->trouble, sizeof(s->trouble), "%.200s", text);
	log_printf(s->ctx->log, LOG_LEVEL_DEBUG, "libmicrohttpd: %s", text);
}

/* ---- start and end ---- */

static void collect(void *ctx, struct metrics *m)
{
	struct http_server *s = ctx;
	const char *listener = s->options.listener == LISTENER_API ? "api" : "introspection";

	pthread_mutex_lock(&s->lock);
	metric_set(m, METRIC_limpid_http_connections, &listener, (double)s->n_peers);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = POOL_INLINE + 1; s->options.listener == LISTENER_API && i < POOLS; i++) {
		const char *name = exchange_pool_name((enum route_pool)i);
		struct pool_load load;

		pool_load(s->pools[i], &load);
		metric_set(m, METRIC_limpid_pool_threads, &name, load.threads);
		metric_set(m, METRIC_limpid_pool_busy, &name, load.busy);
		metric_set(m, METRIC_limpid_pool_waiting, &name, (double)load.waiting);
	}
}

static bool make_pools(struct http_server *s)
{
	const struct http_options *o = &s->options;
	bool ok = true;

#define POOL(name, threads, queue_, code)                                                                              \
	s->pools[POOL_##name] = pool_new((threads) > 0		     ? (threads)                                       \
					 : POOL_##name == POOL_INDEX ? o->index_requests                               \
								     : o->workers,                                     \
					 POOL_##name == POOL_QUICK ? o->queue : (queue_), HANDLER_STACK);              \
	ok = ok && s->pools[POOL_##name];
#include "server/pools.def"
#undef POOL
	return ok;
}

static struct MHD_Daemon *start_daemon(struct http_server *s, int fd)
{
	const struct http_options *o = &s->options;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = o->listener == LISTENER_INTROSPECTION || cpus < 2 ? 1 : (unsigned)MIN(cpus, 8);
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG;
	struct MHD_OptionItem more[8];
	size_t n = 0;

	if (threads > 1)
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL };
	if (o->per_address > 0)
		more[n++] =
			(struct MHD_OptionItem){ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)o->per_address, NULL };
	if (o->tls)
		flags |= MHD_USE_TLS;
	more[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_message, s,
				MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_URI_LOG_CALLBACK, on_target,
				s, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_CONNECTION_LIMIT,
				MAX(o->connections, threads), MHD_OPTION_CONNECTION_TIMEOUT,
				MAX(o->idle_s, o->patience_s) + 5, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, more,
				o->tls ? MHD_OPTION_ARRAY : MHD_OPTION_END, o->tls ? http_tls_options(o->tls) : NULL,
				MHD_OPTION_END);
}

/* A connection that finds no descriptor would be lost; what is left is for databases, layers and children. */
static void clamp_connections(struct http_server *s)
{
	struct rlimit files;
	unsigned most;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY)
		return;
	most = files.rlim_cur > 2 * FILES_KEPT ? (unsigned)MIN(files.rlim_cur - FILES_KEPT, UINT32_MAX) : FILES_KEPT;
	if (s->options.connections <= most)
		return;
	log_printf(s->ctx->log, LOG_LEVEL_WARN, "%u connections instead of %u: this process may open %llu files", most,
		   s->options.connections, (unsigned long long)files.rlim_cur);
	s->options.connections = most;
}

enum status http_server_start(struct server_context *ctx, const struct http_options *options, struct http_server **out,
			      struct err *err)
{
	struct http_server *s = calloc(1, sizeof(*s));
	int fd = options->fd;

	if (!s)
		return err_nomem(err, "a server");
	s->ctx = ctx;
	s->options = *options;
	clamp_connections(s);
	s->quiesced_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->tick, NULL);
	pthread_cond_init(&s->settled, NULL);
	if (fd >= 0)
		http_socket_name(fd, s->address, sizeof(s->address));
	else
		fd = http_listen(options->address, s->address, sizeof(s->address), err);
	if (fd >= 0 && make_pools(s) && peers_watch(s))
		s->daemon = start_daemon(s, fd);
	if (!s->daemon) {
		if (fd >= 0) {
			close(fd);
			err_set(err, STATUS_IO, "the HTTP server on %s could not be started: %s", s->address,
				s->trouble);
		}
		http_server_stop(s);
		return err->code;
	}
	s->started = true;
	if (ctx->metrics && !metrics_collector(ctx->metrics, collect, s))
		log_printf(ctx->log, LOG_LEVEL_WARN, "too many collectors of metrics");
	*out = s;
	return STATUS_OK;
}

const char *http_server_address(const struct http_server *s)
{
	return s->address;
}

void http_server_quiesce(struct http_server *s)
{
	MHD_socket fd = MHD_quiesce_daemon(s->daemon);

	/*
	 * Refuses connections from now on. It is closed when the daemon has ended: its threads may still be about to
	 * take the descriptor out of their epoll sets, and end the process if it is none.
	 */
	if (fd != MHD_INVALID_SOCKET) {
		shutdown(fd, SHUT_RDWR);
		s->quiesced_fd = fd;
	}
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->quiet, true);
	pthread_cond_broadcast(&s->tick);
	pthread_mutex_unlock(&s->lock);
}

bool http_server_drain(struct http_server *s, uint64_t until_ns)
{
	bool done;

	pthread_mutex_lock(&s->lock);
	while (s->in_flight > 0) {
		uint64_t now = date_monotonic_ns(), left = now < until_ns ? until_ns - now : 0;
		struct timespec until;

		if (left == 0)
			break;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += (time_t)(left / 1000000000);
		until.tv_nsec += (long)(left % 1000000000);
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&s->settled, &s->lock, &until);
	}
	done = s->in_flight == 0;
	pthread_mutex_unlock(&s->lock);
	return done;
}

void http_server_cancel(struct http_server *s)
{
	atomic_store(&s->cancelled, true);
}

void http_server_stop(struct http_server *s)
{
	if (!s)
		return;
	metrics_forget(s->ctx->metrics, s);
	/* From here on no request is given to a pool; those that are come back first. */
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	while (s->parked > 0)
		pthread_cond_wait(&s->settled, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	for (size_t i = 0; i < POOLS; i++)
		pool_free(s->pools[i]);
	if (s->quiesced_fd >= 0)
		close(s->quiesced_fd);
	peers_unwatch(s);
	pthread_cond_destroy(&s->settled);
	pthread_cond_destroy(&s->tick);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
