/* SPDX-License-Identifier: Apache-2.0 */
/* http_client_impl.h - private to io/: the state of a client and of one transfer. */
#ifndef LIMPID_IO_HTTP_CLIENT_IMPL_H
#define LIMPID_IO_HTTP_CLIENT_IMPL_H

#include "io/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_HOST_BYTES 272 /* "host:port" */
#define HTTP_IDLE_MAX 32
#define HTTP_HOSTS_MAX 256 /* that are being asked at once */

struct http_idle {
	CURL *curl;
	char host[HTTP_HOST_BYTES]; /* of its last request */
};

struct http_client {
	struct http_address_policy policy; /* its rules are owned */
	struct http_address_rule *rules;   /* owned: allow, then deny */
	unsigned per_host, connect_timeout_s, stall_timeout_s, retries, redirects;
	unsigned retry_after_max_s;
	bool insecure, retry_500;
	char *user_agent, *http_proxy, *https_proxy, *no_proxy, *ca_file; /* owned */
	char *cert_file, *key_file, *unix_socket, *ca_pem;		  /* owned */
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct {
		char host[HTTP_HOST_BYTES];
		unsigned busy;
	} hosts[HTTP_HOSTS_MAX];
	struct http_idle idle[HTTP_IDLE_MAX];
	size_t n_idle;
};

/* Where the next request goes. */
struct http_hop {
	CURLU *url; /* owned */
	char host[HTTP_HOST_BYTES]; /* with the port */
	char name[HTTP_HOST_BYTES]; /* without */
	struct slice shown; /* text of the URL, of arena */
	bool https, loopback;
	bool foreign; /* another origin than the URL that was asked for */
};

struct http_run {
	struct http_client *client;
	const struct http_transfer *t;
	struct http_transferred *out;
	struct arena arena;
	struct http_hop hop;
	char origin[HTTP_HOST_BYTES + 8];
	CURL *curl; /* while leased */
	char hop_leased[HTTP_HOST_BYTES]; /* the host it is leased for */
	/* of the transfer */
	uint64_t got, length, skip;
	bool began;
	char etag[256];
	struct err sink_err;
	/* of the request at hand */
	long code;
	bool wanted, changed, stalled;
	char answer_etag[256];
	uint64_t range_begin, page, last_ns;
	const char *refused;
};

enum http_next { HTTP_DONE, HTTP_REDIRECTED, HTTP_AGAIN, HTTP_FAILED };

/* http_hop.c */
enum status http_hop_init(struct http_run *r, struct err *err) NODISCARD;
/* To where the answer says; false if it says nothing of use. */
bool http_hop_redirect(struct http_run *r);
void http_hop_fini(struct http_run *r);
/* The header lines of the next request. */
enum status http_headers(struct http_run *r, struct curl_slist **out, struct err *err) NODISCARD;
/* A handle, and the right to one more connection to the host; waits for it. */
enum status http_lease(struct http_run *r, struct err *err) NODISCARD;
void http_release(struct http_run *r);

#endif
