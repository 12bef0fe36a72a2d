/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - what deliverers that use libcurl have in common. */
#include "notify/transfer.h"

#include "base/date.h"
#include "notify/tls.h"

#include <errno.h>
#include <pthread.h>

#define REST_NS UINT64_C(1000000000) /* of an answer whose code is known: worth it to keep the connection */

#define WAIT_MS 500 /* a stop without a descriptor, and the end of REST_NS, are noticed so late */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum status transfer_init(struct transfer *t, const struct deliverer *d, struct err *err)
{
	pthread_once(&once, global_init);
	*t = (struct transfer){ .d = d, .curl = curl_easy_init(), .multi = curl_multi_init() };
	if (t->curl && t->multi)
		return STATUS_OK;
	transfer_fini(t);
	return err_nomem(err, "a transfer");
}

void transfer_fini(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	curl_multi_cleanup(t->multi);
	t->curl = NULL;
	t->multi = NULL;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up_done)
{
	struct transfer *t = ctx;

	(void)total;
	(void)done;
	(void)up_total;
	(void)up_done;
	return deliverer_stopped(t->d) || (t->answered_ns > 0 && date_monotonic_ns() - t->answered_ns > REST_NS);
}

static CURLcode on_ssl(CURL *curl, void *context, void *ctx)
{
	(void)curl;
	return tls_trust(context, ctx) ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

static long milliseconds(int64_t ns)
{
	return (long)MIN(MAX(ns / 1000000, 1), INT32_MAX);
}

void transfer_reset(struct transfer *t, const struct config_tls *tls)
{
	const struct config_delivery *own = deliverer_own(t->d);
	CURL *curl = t->curl;
	void *root_ca = tls->root_ca.len > 0 ? (void *)(uintptr_t)tls->root_ca.ptr : NULL;

	curl_easy_reset(curl); /* keeps connections */
	t->message[0] = '\0';
	t->answered_ns = 0;
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->message);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(own->connect_timeout));
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* The system's authorities by OpenSSL, so that SSL_CERT_FILE counts, and more beside them. */
	if (curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_ssl) == CURLE_OK) {
		curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, root_ca);
		curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	} else if (root_ca) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, (const char *)root_ca);
	}
	if (tls->cert.len > 0) {
		curl_easy_setopt(curl, CURLOPT_SSLCERT, config_cstr(tls->cert));
		curl_easy_setopt(curl, CURLOPT_SSLKEY, config_cstr(tls->key));
	}
}

/* As curl_easy_perform(), but it wakes when the deliverer is to stop. */
CURLcode transfer_run(struct transfer *t)
{
	struct curl_waitfd stop = { .fd = t->d->setup.stop_fd, .events = CURL_WAIT_POLLIN };
	CURLcode result = CURLE_OUT_OF_MEMORY;
	const CURLMsg *message;
	int running = 1, left;

	if (curl_multi_add_handle(t->multi, t->curl) != CURLM_OK)
		return result;
	while (curl_multi_perform(t->multi, &running) == CURLM_OK && running > 0) {
		if (deliverer_stopped(t->d)) {
			result = CURLE_ABORTED_BY_CALLBACK;
			break;
		}
		if (curl_multi_poll(t->multi, &stop, stop.fd > 0 ? 1 : 0, WAIT_MS, NULL) != CURLM_OK)
			break;
	}
	while ((message = curl_multi_info_read(t->multi, &left)))
		if (message->msg == CURLMSG_DONE)
			result = message->data.result;
	curl_multi_remove_handle(t->multi, t->curl);
	return result;
}

const char *transfer_words(struct transfer_words *w, struct slice text)
{
	size_t at = 0;

	text = slice_trim(text);
	for (size_t i = 0; i < text.len && at + 4 < sizeof(w->text); i++)
		w->text[at++] = (char)(text.ptr[i] < ' ' || text.ptr[i] >= 0x7f ? '?' : text.ptr[i]);
	if (at < text.len) {
		memcpy(w->text + at, "...", 3);
		at += 3;
	}
	w->text[at] = '\0';
	return w->text;
}

enum status transfer_explain(const struct transfer *t, CURLcode rc, struct slice peer, struct err *err)
{
	struct transfer_words words;
	const char *why = transfer_words(&words, slice_cstr(t->message[0] ? t->message : curl_easy_strerror(rc)));
	long number = 0;

	switch (rc) {
	case CURLE_ABORTED_BY_CALLBACK:
		return deliverer_cancelled(err);
	case CURLE_OUT_OF_MEMORY:
		return err_nomem(err, "a transfer");
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(err, STATUS_TIMEOUT, "%.*s: no answer in time", SLICE_ARG(peer));
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(err, STATUS_AUTH, "%.*s: its certificate is not accepted: %s", SLICE_ARG(peer), why);
	case CURLE_LOGIN_DENIED:
		return err_set(err, STATUS_AUTH, "%.*s: user or password is refused", SLICE_ARG(peer));
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(err, STATUS_INVALID, "root_ca holds no certificate that can be read");
	case CURLE_SSL_CERTPROBLEM:
		return err_set(err, STATUS_INVALID, "the client certificate or its key cannot be used: %s", why);
	case CURLE_URL_MALFORMAT:
		return err_set(err, STATUS_INVALID, "%.*s is no URL", SLICE_ARG(peer));
	case CURLE_COULDNT_CONNECT:
		curl_easy_getinfo(t->curl, CURLINFO_OS_ERRNO, &number);
		errno = (int)number;
		return number ? err_errno(err, "%.*s: %s", SLICE_ARG(peer), why)
			      : err_set(err, STATUS_IO, "%.*s: %s", SLICE_ARG(peer), why);
	default:
		return err_set(err, STATUS_IO, "%.*s: %s", SLICE_ARG(peer), why);
	}
}
