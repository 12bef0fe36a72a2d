/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client.h - bodies of any size by HTTP(S), handed on while they arrive, for programs with threads (libcurl).
 *
 * One client is shared by threads; each transfer runs in the thread that asked for it. Connections are kept and used
 * again. No message carries secrets of a URL (user information, query) or bytes that were fetched.
 */
#ifndef LIMPID_IO_HTTP_CLIENT_H
#define LIMPID_IO_HTTP_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* An address or network ("10.0.0.0/8", "::1"), or a name of a host and of those below it ("registry.example"). */
struct http_address_rule {
	uint8_t net[16]; /* IPv4 mapped into IPv6 */
	unsigned bits;
	char host[256]; /* "" for a network */
};
/* False if it is neither. */
bool http_address_rule_parse(struct slice text, struct http_address_rule *out);

/*
 * Which addresses may be connected to: asked of the address of each connection, after names were resolved. Through a
 * proxy that is the proxy's; then an address that stands in the URL itself is looked at. A rule of deny counts most,
 * then one of allow, then the rest. Addresses at which clouds hand out credentials need a rule of allow.
 */
struct http_address_policy {
	bool airgap;	      /* private, loopback and link-local addresses only (Clair's indexer.airgap) */
	bool refuse_private;  /* RFC 1918, RFC 4193, RFC 6598 */
	bool refuse_loopback; /* and unspecified addresses, which lead to the same */
	bool refuse_link_local;
	const struct http_address_rule *allow, *deny;
	size_t n_allow, n_deny;
};

enum http_address_kind {
	HTTP_ADDRESS_PUBLIC,
	HTTP_ADDRESS_PRIVATE,
	HTTP_ADDRESS_LOOPBACK,
	HTTP_ADDRESS_LINK_LOCAL,
	HTTP_ADDRESS_METADATA,
	HTTP_ADDRESS_OTHER, /* neither IPv4 nor IPv6, multicast, broadcast */
};
struct sockaddr;
/* IPv4 addresses inside IPv6 ones (mapped, NAT64) count as themselves. */
enum http_address_kind http_address_kind(const struct sockaddr *address);
/* Is the host of a URL (without a port; IPv6 in brackets) this machine: "localhost", or an address that leads here? A
 * name that only begins like one ("127.example.com") is not. */
bool http_host_is_loopback(struct slice host);
/* NULL if it may be connected to for a URL of this host, else why not: "a metadata address". */
const char *http_address_refused(const struct http_address_policy *policy, const char *host,
				 const struct sockaddr *address);

struct http_client;

struct http_client_options {
	struct http_address_policy policy;
	unsigned per_host;	    /* transfers at once to one host and port; 0: 8 */
	unsigned redirects;	    /* followed for one transfer; 0: 10 */
	bool no_redirects;
	unsigned connect_timeout_s; /* 0: 15 */
	unsigned stall_timeout_s;   /* no byte arrived although they were waited for; 0: 60 */
	unsigned retries;	    /* of one transfer, for failures that may pass */
	const char *user_agent;	    /* NULL: "limpid" */
	/* URLs of proxies; NULL: none but what libcurl takes from the environment. Loopback is never proxied. */
	const char *http_proxy, *https_proxy, *no_proxy;
	const char *ca_file;  /* PEM; NULL: the system's */
	bool insecure;	      /* certificates are not checked */
	struct slice ca_pem;  /* further authorities, besides the system's */
	/* PEM; shown to the URL's own host and to no other that it redirects to. NULL: none. */
	const char *cert_file, *key_file;
	const char *unix_socket;    /* all connections go to this path, whatever the URL's host; NULL: none */
	bool retry_500;		    /* 500 may pass, too */
	unsigned retry_after_max_s; /* a longer Retry-After is not waited for: the transfer fails at once. 0: it is
				     * cut to 20 s */
};

enum status http_client_new(const struct http_client_options *options, struct http_client **out,
			    struct err *err) NODISCARD;
/* No transfer may be under way. NULL is fine. */
void http_client_free(struct http_client *c);

struct http_field {
	struct slice name, value;
};

/* A header of the last answer, whatever its status; several of one name are joined by ", ", and cut if too long. */
struct http_caught {
	const char *name;
	char value[4096]; /* "" if there was none */
};

struct http_transfer {
	struct slice url; /* http:// or https:// */
	/* Posted as application/x-www-form-urlencoded, with no redirects; ptr NULL: GET. */
	struct slice form;
	struct http_caught *caught; /* filled in; may be NULL */
	size_t n_caught;
	struct buf *page; /* what an error's answer says, its first 16 KiB; reset at each answer. May be NULL */
	/* A try failed, and the next one begins in so many seconds; code is 0 for a connection that broke. May be NULL.
	 */
	void (*waits)(void *ctx, long code, unsigned seconds);
	/* Sent as they are to the URL's own host and port, and to no other that it redirects to, but for Accept. */
	const struct http_field *headers;
	size_t n_headers;
	uint64_t max_bytes; /* of the body; 0: any */
	/* Gets the body of a 200 in order, each byte once; a failure of it ends the transfer and is passed on. */
	enum status (*body)(void *ctx, struct slice bytes, struct err *err);
	/* Before the first byte; length is 0 where nobody says it. May be NULL. */
	void (*begin)(void *ctx, uint64_t length);
	void *ctx;
	const _Atomic bool *stop; /* the caller gave up: STATUS_CANCELLED. May be NULL */
};

struct http_transferred {
	long code; /* of the last answer; 0 if there was none */
	uint64_t bytes;
	unsigned tries, redirects;
	uint64_t retry_after_s; /* that the last answer asked for; 0: nothing */
	bool foreign; /* the last answer is of another origin than the URL's, to which a redirect led */
};

/*
 * GET. Other codes than 200 are STATUS_REMOTE (sys_errno: the code), 404 and 410 STATUS_NOTFOUND, 401 and 403
 * STATUS_AUTH. STATUS_INVALID: no URL of that kind, or a header that cannot be sent. STATUS_LIMIT over max_bytes,
 * STATUS_TIMEOUT, STATUS_IO, STATUS_CANCELLED. An address that policy refuses is STATUS_AUTH with sys_errno 0.
 * A transfer that broke off is resumed with a range where the server can do that and its ETag is still
 * the same; the caller must verify a digest of the whole. *out is filled in any case.
 */
enum status http_client_get(struct http_client *c, const struct http_transfer *t, struct http_transferred *out,
			    struct err *err) NODISCARD;

/* The URL without user information, query and fragment, control bytes escaped, cut where it is too long. */
struct http_url_text {
	char text[264];
};
const char *http_url_shown(struct http_url_text *t, struct slice url);

#endif
