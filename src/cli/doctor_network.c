/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_network.c - the part of limpid doctor that asks the hosts of the feeds; in limpid-update. */
#include "cli/doctor_network.h"

#include "cli/doctor_rows.h"

#include "feed/feed.h"
#include "io/http.h"
#include "io/http_client.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define HOSTS_MAX 64
#define URL_BYTES 1024
#define WAIT_S 10
/* Hosts send whole documents to those who ask: after so many bytes they have shown that they answer. */
#define ENOUGH_BYTES 1

/* The first document that a feed speaks of stands for its host. */
struct host {
	char url[URL_BYTES];
	struct slice name; /* in url */
	struct buf feeds;  /* owned: their names */
	pthread_t thread;
	bool started;
	enum status st;
	struct err err;
};

static bool keep_url(struct host *h, struct slice url)
{
	if (h->url[0] || url.len >= sizeof(h->url))
		return false;
	memcpy(h->url, url.ptr, url.len);
	h->url[url.len] = '\0';
	return true;
}

static enum status on_get(void *ctx, struct slice url, struct buf *out, struct err *err)
{
	(void)out;
	keep_url(ctx, url);
	return err_set(err, STATUS_NOTFOUND, "not asked");
}

static bool on_exists(void *ctx, struct slice url)
{
	keep_url(ctx, url);
	return false;
}

static enum feed_presence on_probe(void *ctx, struct slice url)
{
	keep_url(ctx, url);
	return FEED_ABSENT;
}

static enum status on_source(void *ctx, const struct feed_source *s, struct err *err)
{
	keep_url(ctx, s->url);
	return err_set(err, STATUS_CANCELLED, "one is enough");
}

static struct slice host_of(const char *url)
{
	struct slice rest = slice_cstr(url), host;
	size_t at = slice_find(rest, SLICE("://"));

	rest = slice_from(rest, at == SIZE_MAX ? 0 : at + 3);
	slice_cut(rest, '/', &host, NULL);
	return host;
}

/* Where the mirror, if there is one, has it. */
static void place(struct host *h, struct slice mirror)
{
	char moved[URL_BYTES];
	size_t at = slice_find(slice_cstr(h->url), SLICE("://"));

	while (mirror.len > 0 && mirror.ptr[mirror.len - 1] == '/')
		mirror.len--;
	if (mirror.len == 0 || at == SIZE_MAX)
		return;
	if (snprintf(moved, sizeof(moved), "%.*s/%s", SLICE_ARG(mirror), h->url + at + 3) < (int)sizeof(moved))
		memcpy(h->url, moved, sizeof(moved));
}

static void add_feed(struct host *hosts, size_t *n, const struct feed *feed, struct slice mirror)
{
	struct host found = { .feeds = BUF_INIT(1024) };
	struct feed_fetcher fetcher = { .get = on_get, .exists = on_exists, .probe = on_probe, .ctx = &found };
	struct feed_source_sink sink = { on_source, &found };
	struct err ignored = ERR_INIT;
	struct host *at = NULL;

	if (feed->list(&fetcher, &sink, &ignored) == STATUS_OK && !found.url[0])
		return;
	if (!found.url[0])
		return;
	place(&found, mirror);
	for (size_t i = 0; i < *n; i++)
		if (slice_eq(hosts[i].name, host_of(found.url)))
			at = &hosts[i];
	if (!at && *n == HOSTS_MAX)
		return;
	if (!at) {
		at = &hosts[(*n)++];
		*at = found;
		at->name = host_of(at->url);
	}
	buf_printf(&at->feeds, "%s%s", at->feeds.len ? " " : "", feed->name);
}

static void *ask(void *ctx)
{
	struct host *h = ctx;
	struct http_request request = {
		.url = h->url, .max_bytes = ENOUGH_BYTES, .timeout_s = WAIT_S, .connect_timeout_s = WAIT_S
	};
	struct http_answer answer = { 0 };
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	h->st = fd < 0 ? err_errno(&h->err, "/dev/null") : http_get(&request, fd, &answer, &h->err);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void tell(struct doctor_counts *counts, struct host *h)
{
	int feeds = (int)MIN(h->feeds.len, 200u);
	const char *names = (const char *)h->feeds.ptr;

	/* A larger document than what was asked for is an answer; so is "not here", of a path that moves with time. */
	if (h->st == STATUS_OK || h->st == STATUS_LIMIT)
		doctor_row(counts, DOCTOR_OK, "network", "%.*s answers (%.*s)", SLICE_ARG(h->name), feeds, names);
	else if (h->st == STATUS_NOTFOUND)
		doctor_row(counts, DOCTOR_WARN, "network", "%.*s answers, but has no such document (%.*s): %s",
			   SLICE_ARG(h->name), feeds, names, h->err.msg);
	else
		doctor_row(counts, DOCTOR_FAIL, "network", "%.*s cannot be used (%.*s): %s", SLICE_ARG(h->name), feeds,
			   names, h->err.msg);
}

static void tell_proxies(struct doctor_counts *counts)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		struct http_url_text shown;

		if (value && value[0])
			doctor_row(counts, DOCTOR_OK, "proxy", "%s=%s", names[i],
				   http_url_shown(&shown, slice_cstr(value)));
	}
}

int doctor_network(const struct feed *const *sets, size_t n_sets, struct slice mirror)
{
	static struct host hosts[HOSTS_MAX];
	struct doctor_counts counts = { 0 };
	size_t n = 0;

	if (mirror.len > 0 && !slice_starts(mirror, SLICE("http://")) && !slice_starts(mirror, SLICE("https://"))) {
		doctor_row(&counts, access((const char *)mirror.ptr, R_OK | X_OK) == 0 ? DOCTOR_OK : DOCTOR_FAIL,
			   "mirror", "%.*s is a directory; no network is needed", SLICE_ARG(mirror));
		return doctor_exit(&counts);
	}
	tell_proxies(&counts);
	for (size_t i = 0; i < n_sets; i++)
		add_feed(hosts, &n, sets[i], mirror);
	for (size_t i = 0; i < n; i++)
		hosts[i].started = pthread_create(&hosts[i].thread, NULL, ask, &hosts[i]) == 0;
	for (size_t i = 0; i < n; i++) {
		if (hosts[i].started)
			pthread_join(hosts[i].thread, NULL);
		else
			ask(&hosts[i]);
		tell(&counts, &hosts[i]);
		buf_fini(&hosts[i].feeds);
	}
	return doctor_exit(&counts);
}
