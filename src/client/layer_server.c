/* SPDX-License-Identifier: Apache-2.0 */
/* layer_server.c - a small web server for the layers of one image, for Clairs that fetch what they index. */
#include "client/layer_server.h"

#include "io/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define SECRET_BYTES 16
#define CONNECTIONS 32u
#define BLOCK_BYTES ((size_t)256 << 10)
#define HOST_BYTES 256

struct layer_server {
	const struct served_layer *layers;
	size_t n_layers;
	struct MHD_Daemon *daemon;
	char host[HOST_BYTES], base[HOST_BYTES + 64], secret[2 * SECRET_BYTES + 2]; /* "/<hex>" */
	unsigned port;
	atomic_uint asked;
};

/* ---- answers ---- */

struct stream {
	struct source *source;
};

static ssize_t read_stream(void *ctx, uint64_t pos, char *to, size_t max)
{
	struct stream *s = ctx;
	struct err err = ERR_INIT;
	size_t n;

	(void)pos;
	/* The digest, or the missing end, tells the other side. */
	if (source_read(s->source, (uint8_t *)to, max, &n, &err) != STATUS_OK)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return n ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_stream(void *ctx)
{
	struct stream *s = ctx;

	source_free(s->source);
	free(s);
}

static struct MHD_Response *stream_response(const struct served_layer *layer)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct err err = ERR_INIT;
	struct MHD_Response *r;

	if (!s || layer->open(layer->ctx, &s->source, &err) != STATUS_OK) {
		free(s);
		return NULL;
	}
	r = MHD_create_response_from_callback(layer->length ? layer->length : MHD_SIZE_UNKNOWN, BLOCK_BYTES,
					      read_stream, s, free_stream);
	if (!r)
		free_stream(s);
	return r;
}

struct range {
	uint64_t first, last; /* inclusive */
	bool given, bad;
};

/* "bytes=5-9", "bytes=5-", "bytes=-5"; anything else, several ones among it, is as if none were asked for. */
static struct range parse_range(const char *text, uint64_t length)
{
	struct range r = { 0, length ? length - 1 : 0, false, false };
	struct slice s = slice_cstr(text), first, last;
	uint64_t n;

	if (!slice_starts(s, SLICE("bytes=")) || !slice_cut(slice_from(s, 6), '-', &first, &last))
		return r;
	if (first.len == 0 && slice_to_u64(last, &n)) {
		r.given = true;
		r.bad = n == 0 || length == 0;
		r.first = length - MIN(n, length);
	} else if (slice_to_u64(first, &n) && (last.len == 0 || slice_to_u64(last, &r.last))) {
		r.given = true;
		r.first = n;
		r.last = length ? MIN(r.last, length - 1) : 0;
		r.bad = n >= length || r.last < n;
	}
	return r;
}

static struct MHD_Response *file_response(const struct served_layer *layer, const char *asked, unsigned *code)
{
	struct range r = parse_range(asked, layer->length);
	struct MHD_Response *response;
	char text[96];
	int fd;

	if (r.given && r.bad) {
		*code = MHD_HTTP_RANGE_NOT_SATISFIABLE;
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	}
	fd = dup(layer->fd);
	if (fd < 0)
		return NULL;
	response = MHD_create_response_from_fd_at_offset64(layer->length ? r.last - r.first + 1 : 0, fd,
							   layer->offset + r.first);
	if (!response) {
		close(fd);
		return NULL;
	}
	MHD_add_response_header(response, "Accept-Ranges", "bytes");
	if (r.given) {
		*code = MHD_HTTP_PARTIAL_CONTENT;
		snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)r.first,
			 (unsigned long long)r.last, (unsigned long long)layer->length);
		MHD_add_response_header(response, "Content-Range", text);
	}
	return response;
}

static const struct served_layer *find(const struct layer_server *s, struct slice url)
{
	if (!slice_starts(url, slice_cstr(s->secret)))
		return NULL;
	url = slice_from(url, strlen(s->secret));
	for (size_t i = 0; i < s->n_layers; i++)
		if (slice_eq(url, s->layers[i].path))
			return &s->layers[i];
	return NULL;
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **state)
{
	static char begun;
	struct layer_server *s = ctx;
	const struct served_layer *layer = find(s, slice_cstr(url));
	bool get = strcmp(method, "GET") == 0, head = strcmp(method, "HEAD") == 0;
	struct MHD_Response *response = NULL;
	unsigned code = MHD_HTTP_OK;
	enum MHD_Result result;

	(void)version;
	(void)upload;
	/* An answer at the first call would end the connection with it. */
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	*upload_size = 0;
	if (layer && (get || head)) {
		const char *range = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range");

		atomic_fetch_add(&s->asked, 1);
		response = layer->fd >= 0 ? file_response(layer, get && range ? range : "", &code)
					  : stream_response(layer);
		code = response ? code : MHD_HTTP_INTERNAL_SERVER_ERROR;
		if (response)
			MHD_add_response_header(response, "Content-Type", "application/x-tar");
	} else {
		code = layer ? MHD_HTTP_METHOD_NOT_ALLOWED : MHD_HTTP_NOT_FOUND;
	}
	if (!response)
		response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

/* ---- addresses ---- */

struct addresses {
	struct addrinfo *first; /* owned */
};

static void addresses_fini(struct addresses *a)
{
	if (a->first)
		freeaddrinfo(a->first);
}

static enum status look_up(const char *host, const char *port, struct addresses *out, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct err_quote q;
	int rc = getaddrinfo(host, port, &hints, &out->first);

	if (rc == 0)
		return STATUS_OK;
	out->first = NULL;
	return err_set(err, STATUS_INVALID, "%s: %s", err_slice(&q, slice_cstr(host)), gai_strerror(rc));
}

static enum status peer_parts(struct slice url, char *host, size_t size, char *port, size_t port_size, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 17);
	struct http_url_text shown;
	char *text = arena_cstr(&arena, url), *h = NULL, *p = NULL;
	CURLU *u = curl_url();
	bool ok = u && text && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_HOST, &h, 0) == CURLUE_OK &&
		  curl_url_get(u, CURLUPART_PORT, &p, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (ok) {
		bool brackets = h[0] == '[';
		size_t n = strlen(h);

		snprintf(host, size, "%.*s", (int)(brackets ? n - 2 : n), h + (brackets ? 1 : 0));
		snprintf(port, port_size, "%s", p);
	}
	curl_free(h);
	curl_free(p);
	curl_url_cleanup(u);
	return ok ? STATUS_OK : err_set(err, STATUS_INVALID, "\"%s\" names no host", http_url_shown(&shown, url));
}

static bool is_link_local(const struct sockaddr *a)
{
	return http_address_kind(a) == HTTP_ADDRESS_LINK_LOCAL;
}

/* The address of this machine from which the peer is reached: no packet is sent to find out. */
static bool own_address(const struct addrinfo *peer, char *out, size_t size)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	int fd = socket(peer->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* A link-local one needs a zone, which means nothing to the other side. */
	bool ok = fd >= 0 && connect(fd, peer->ai_addr, peer->ai_addrlen) == 0 &&
		  getsockname(fd, (struct sockaddr *)&own, &len) == 0 && !is_link_local((struct sockaddr *)&own) &&
		  getnameinfo((struct sockaddr *)&own, len, out, (socklen_t)size, NULL, 0, NI_NUMERICHOST) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

static enum status choose_host(const struct layer_server_options *o, char *out, size_t size, struct err *err)
{
	struct addresses AUTO(addresses_fini) peer = { NULL };
	char host[HOST_BYTES], port[16];

	if (o->ip) {
		snprintf(out, size, "%s", o->ip);
		return STATUS_OK;
	}
	TRY(peer_parts(o->peer, host, sizeof(host), port, sizeof(port), err));
	TRY(look_up(host, port, &peer, err));
	for (const struct addrinfo *a = peer.first; a; a = a->ai_next)
		if (own_address(a, out, size))
			return STATUS_OK;
	return err_set(err, STATUS_INVALID,
		       "no address of this machine leads to %s: give one that it can reach with --ip", host);
}

static void set_port(struct sockaddr *a, unsigned port)
{
	if (a->sa_family == AF_INET6)
		((struct sockaddr_in6 *)a)->sin6_port = htons((uint16_t)port);
	else
		((struct sockaddr_in *)a)->sin_port = htons((uint16_t)port);
}

/* -1 with errno. */
static int listen_at(const struct sockaddr *address, socklen_t len, unsigned port)
{
	struct sockaddr_storage a = { 0 };
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, off = 0, saved;

	if (fd < 0)
		return -1;
	memcpy(&a, address, len);
	set_port((struct sockaddr *)&a, port);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 64) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* On the first port of the row that is free; on any, after them. */
static int listen_on(const struct sockaddr *address, socklen_t len)
{
	for (unsigned i = 0; i <= LAYER_SERVER_PORTS; i++) {
		unsigned port = i < LAYER_SERVER_PORTS ? LAYER_SERVER_PORT + i : 0;
		int fd = listen_at(address, len, port);

		if (fd >= 0 || errno != EADDRINUSE)
			return fd;
	}
	return -1;
}

/* All addresses: the one that was given may be that of something before this machine. */
static int listen_anywhere(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET };
	int fd = listen_on((struct sockaddr *)&six, sizeof(six));

	return fd >= 0 ? fd : listen_on((struct sockaddr *)&four, sizeof(four));
}

static int open_socket(const char *host)
{
	struct addresses AUTO(addresses_fini) found = { NULL };
	struct err ignored = ERR_INIT;
	int fd = -1;

	if (look_up(host, NULL, &found, &ignored) == STATUS_OK)
		for (const struct addrinfo *a = found.first; a && fd < 0; a = a->ai_next)
			fd = listen_on(a->ai_addr, a->ai_addrlen);
	return fd >= 0 ? fd : listen_anywhere();
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return 0;
	return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
					     : ((struct sockaddr_in *)&a)->sin_port);
}

/* ---- life ---- */

static enum status make_secret(char *out, size_t size, struct err *err)
{
	uint8_t bytes[SECRET_BYTES];
	size_t at = 1;

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "random bytes");
	out[0] = '/';
	for (size_t i = 0; i < sizeof(bytes); i++)
		at += (size_t)snprintf(out + at, size - at, "%02x", bytes[i]);
	return STATUS_OK;
}

static enum status start(struct layer_server *s, const struct layer_server_options *o, struct err *err)
{
	bool six;
	int fd;

	TRY(choose_host(o, s->host, sizeof(s->host), err));
	TRY(make_secret(s->secret, sizeof(s->secret), err));
	fd = open_socket(s->host);
	if (fd < 0)
		return err_errno(err, "no port for the layers");
	s->port = port_of(fd);
	six = strchr(s->host, ':') != NULL;
	snprintf(s->base, sizeof(s->base), six ? "http://[%s]:%u%s" : "http://%s:%u%s", s->host, s->port, s->secret);
	/* It closes the socket, but not if it does not start. */
	s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, 0,
				     NULL, NULL, answer, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				     CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_END);
	if (s->daemon)
		return STATUS_OK;
	close(fd);
	return err_set(err, STATUS_IO, "the server of the layers cannot be started");
}

enum status layer_server_start(const struct layer_server_options *options, struct layer_server **out, struct err *err)
{
	struct layer_server *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "a server of layers");
	s->layers = options->layers;
	s->n_layers = options->n_layers;
	st = start(s, options, err);
	if (st == STATUS_OK)
		*out = s;
	else
		layer_server_stop(s);
	return st;
}

void layer_server_stop(struct layer_server *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	free(s);
}

struct slice layer_server_base(const struct layer_server *s)
{
	return slice_cstr(s->base);
}

unsigned layer_server_port(const struct layer_server *s)
{
	return s->port;
}

const char *layer_server_host(const struct layer_server *s)
{
	return s->host;
}

unsigned layer_server_asked(const struct layer_server *s)
{
	return atomic_load(&((struct layer_server *)s)->asked);
}
