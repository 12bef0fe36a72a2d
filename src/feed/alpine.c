/* SPDX-License-Identifier: Apache-2.0 */
/* alpine.c - secdb of every release since 3.3, 4.0 and later if there are any, main and community, and of edge. */
#include "feed/feed.h"

#include <stdio.h>

#define ORIGIN "https://secdb.alpinelinux.org/"
/* Mirrors may begin late and lack a release in between; three in a row mean that there are no newer ones. */
#define MISSES_MAX 3
#define MISSES_BEFORE_FIRST 40
#define MAJOR_FIRST 3u
#define MAJOR_LAST 5u
#define MINOR_FIRST 3u
/* Of an origin that has an answer to everything. */
#define MINOR_LAST 300u

extern const struct feed_format feed_format_secdb;

static enum status emit(const struct feed_source_sink *out, const char *release, const char *repo, bool unsure,
			struct err *err)
{
	char name[64], url[128];
	const char *number = release[0] == 'v' ? release + 1 : release;
	struct feed_source s = { .optional = true, .unsure = unsure, .param = slice_cstr(number) };

	snprintf(name, sizeof(name), "alpine-%s-%s-updater", repo, release);
	snprintf(url, sizeof(url), ORIGIN "%s/%s.json", release, repo);
	s.name = slice_cstr(name);
	s.url = slice_cstr(url);
	return out->emit(out->ctx, &s, err);
}

/* The releases of a major version; *out_any: there are some. */
static enum status list_major(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, unsigned major,
			      unsigned minor, unsigned misses_before_first, bool *out_any, struct err *err)
{
	unsigned misses = 0;

	*out_any = false;
	for (; minor <= MINOR_LAST && misses < (*out_any ? MISSES_MAX : misses_before_first); minor++) {
		char release[16], url[128];
		enum feed_presence presence;

		snprintf(release, sizeof(release), "v%u.%u", major, minor);
		snprintf(url, sizeof(url), ORIGIN "%s/main.json", release);
		presence = fetcher->probe(fetcher->ctx, slice_cstr(url));
		misses = presence == FEED_PRESENT ? 0 : misses + 1;
		*out_any |= presence == FEED_PRESENT;
		if (presence == FEED_ABSENT)
			continue;
		/* A release that just does not answer is a failure of its own, not one that is gone. */
		TRY(emit(out, release, "main", presence == FEED_UNSURE, err));
		TRY(emit(out, release, "community", presence == FEED_UNSURE, err));
	}
	return STATUS_OK;
}

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	struct buf AUTO(buf_fini) stamp = BUF_INIT(4096);
	bool any = true;
	enum status st = fetcher->get(fetcher->ctx, SLICE(ORIGIN "last-update"), &stamp, err);

	/* The date itself is not needed: an origin that cannot be reached shall not be asked for every release. */
	if (st != STATUS_OK && st != STATUS_NOTFOUND)
		return st;
	TRY(list_major(fetcher, out, MAJOR_FIRST, MINOR_FIRST, MISSES_BEFORE_FIRST, &any, err));
	/* Of a version that is not there yet one release is asked for. */
	for (unsigned major = MAJOR_FIRST + 1; any && major <= MAJOR_LAST; major++)
		TRY(list_major(fetcher, out, major, 0, 1, &any, err));
	TRY(emit(out, "edge", "main", false, err));
	return emit(out, "edge", "community", false, err);
}

const struct feed feed_alpine = {
	.name = "alpine",
	.title = "Alpine Linux security database",
	.home = "https://security.alpinelinux.org/",
	.origin = ORIGIN,
	.format = &feed_format_secdb,
	.interval_s = 6 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
};
