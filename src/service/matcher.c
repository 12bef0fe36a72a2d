/* SPDX-License-Identifier: Apache-2.0 */
/* matcher.c - the set in force, what follows the store for it, and reports made from it. */
#include "service/matcher.h"

#include "match/enrich.h"
#include "match/judge.h"
#include "match/repositories.h"
#include "model/clair_index.h"
#include "service/held_set.h"
#include "service/matcher_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Grows when the same index report and segments give another document. */
#define REPORT_VERSION 2u
/* How long somebody waits for a report that another one makes, before he makes his own. */
#define WAIT_MS 10000u
#define STORE_WAIT_MS 10000u
/* After a change: sources of one run are published in a row, and one new set for some of them is enough. */
#define SETTLE_MS 50u
/* The store is asked again after it could not be reached. */
#define RETRY_MS 2000u

enum status matcher_take(struct matcher *m, struct store **out, struct err *err)
{
	return store_pool_take(m->options.store, STORE_WAIT_MS, out, err);
}

struct held_set *matcher_set(struct matcher *m)
{
	struct held_set *set;

	pthread_mutex_lock(&m->lock);
	set = held_set_ref(m->set);
	pthread_mutex_unlock(&m->lock);
	return set;
}

int64_t matcher_now(const struct matcher *m)
{
	return m->options.now ? m->options.now() : date_now();
}

/* ---- the set in force ---- */

enum status matcher_segment_path(const struct matcher *m, const struct digest *digest, char *out, size_t size,
				 struct err *err)
{
	struct digest_text text;
	int n = snprintf(out, size, "%s/%s.seg", m->segments, strchr(digest_print(&text, digest), ':') + 1);

	return n > 0 && (size_t)n < size ? STATUS_OK
					 : err_set(err, STATUS_INVALID, "the data folder's path is too long");
}

/* A segment that another node made is brought here; one that is nowhere is missing, and reports say so. */
static enum status fetch(struct matcher *m, struct store *s, const struct store_source *source, struct err *err)
{
	struct err why = ERR_INIT;
	char path[4096];
	enum status st;

	if (source->segment.algo == DIGEST_NONE)
		return STATUS_OK;
	TRY(matcher_segment_path(m, &source->segment, path, sizeof(path), err));
	st = store_segment_fetch(s, &source->segment, path, &why);
	if (st == STATUS_REMOTE || st == STATUS_TIMEOUT || st == STATUS_NOMEM) {
		*err = why;
		return st;
	}
	if (st != STATUS_OK) {
		struct service_field fields[] = { { "updater", source->name }, { "error", slice_cstr(why.msg) } };

		service_log(&m->options.events, SERVICE_ERROR, "a segment is missing", fields, ARRAY_LEN(fields));
	}
	return STATUS_OK;
}

static enum status read_entries(struct matcher *m, struct store *s, struct arena *arena, struct segment_set_entry **out,
				size_t *out_n, struct err *err)
{
	struct store_source *sources;

	TRY(store_sources(s, arena, &sources, out_n, err));
	*out = arena_array(arena, *out_n + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "sources");
	for (size_t i = 0; i < *out_n; i++) {
		TRY(fetch(m, s, &sources[i], err));
		(*out)[i] = (struct segment_set_entry){ .source = sources[i].name,
							.feed = sources[i].feed,
							.digest = sources[i].segment,
							.updated_s = sources[i].last_success_s,
							.failed = sources[i].error.len > 0 };
	}
	return STATUS_OK;
}

/* The old set goes when the last one who reads it is done. */
static void put_in_force(struct matcher *m, struct held_set *set)
{
	struct held_set *old;
	bool same;

	pthread_mutex_lock(&m->lock);
	old = m->set;
	m->set = set;
	same = old && memcmp(old->identity, set->identity, sizeof(set->identity)) == 0;
	if (old && !same)
		m->swaps++;
	pthread_mutex_unlock(&m->lock);
	held_set_unref(old);
	if (!same)
		matcher_log_number(m, SERVICE_INFO, "advisories in force", "sources", set->sources);
}

static enum status open_set(struct matcher *m, struct store *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct segment_set_entry *entries;
	struct held_set *set;
	size_t n;

	TRY(read_entries(m, s, &arena, &entries, &n, err));
	TRY(held_set_open(m->segments, entries, n, matcher_now(m), &set, err));
	put_in_force(m, set);
	return STATUS_OK;
}

enum status matcher_reload(struct matcher *m, struct err *err)
{
	struct store *s;
	enum status st;

	TRY(matcher_take(m, &s, err));
	/* One at a time: an older set must not replace a newer one. */
	pthread_mutex_lock(&m->reloading);
	st = open_set(m, s, err);
	pthread_mutex_unlock(&m->reloading);
	store_pool_give(m->options.store, s);
	return st;
}

bool matcher_ready(struct matcher *m)
{
	bool ready;

	pthread_mutex_lock(&m->lock);
	ready = m->set->sources > 0;
	pthread_mutex_unlock(&m->lock);
	return ready;
}

void matcher_state(struct matcher *m, struct matcher_state *out)
{
	pthread_mutex_lock(&m->lock);
	memcpy(out->set, m->set->identity, sizeof(out->set));
	out->sources = m->set->sources;
	out->records = m->set->records;
	out->newest_s = m->set->newest_s;
	out->swaps = m->swaps;
	pthread_mutex_unlock(&m->lock);
}

void matcher_cache_stats(struct matcher *m, struct report_cache_stats *out)
{
	report_cache_stats(m->cache, out);
}

enum status matcher_segment(struct matcher *m, const struct digest *digest, struct segment **out, struct err *err)
{
	char path[4096];
	struct store *s;
	enum status st;

	TRY(matcher_segment_path(m, digest, path, sizeof(path), err));
	TRY(matcher_take(m, &s, err));
	st = store_segment_fetch(s, digest, path, err);
	store_pool_give(m->options.store, s);
	return st == STATUS_OK ? segment_open(m->segments, digest, out, err) : st;
}

int matcher_temporary(struct matcher *m, struct err *err)
{
	int fd = open(m->options.data_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[4096];

	/* Not every file system has files without a name. */
	if (fd < 0 && snprintf(path, sizeof(path), "%s/diff-XXXXXX", m->options.data_dir) < (int)sizeof(path)) {
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	if (fd < 0)
		err_errno(err, "a temporary file in the data folder");
	return fd;
}

struct held_set *matcher_hold(struct matcher *m, const struct segment_set **out)
{
	struct held_set *held = matcher_set(m);

	*out = held->set;
	return held;
}

void matcher_let_go(struct held_set *held)
{
	held_set_unref(held);
}

/* ---- what nobody names any more ---- */

static enum status read_named(struct store *s, struct arena *arena, struct digest **out, size_t *out_n, struct err *err)
{
	struct store_operation *operations;
	struct store_source *sources;
	size_t n_operations, n_sources;

	TRY(store_sources(s, arena, &sources, &n_sources, err));
	TRY(store_operations(s, SLICE_EMPTY, SIZE_MAX >> 1, arena, &operations, &n_operations, err));
	*out = arena_array(arena, n_sources + n_operations + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "segments");
	*out_n = n_sources + n_operations;
	for (size_t i = 0; i < n_sources; i++)
		(*out)[i] = sources[i].segment;
	for (size_t i = 0; i < n_operations; i++)
		(*out)[n_sources + i] = operations[i].segment;
	return STATUS_OK;
}

/* A node that runs no updater gets the segments of one that does, and has to drop them, too. While somebody writes:
 * later. */
static enum status collect(struct matcher *m, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)256 << 20);
	struct segment_collected gone;
	int AUTO(close_fd) fd = -1;
	struct digest *named = NULL;
	struct store *s;
	enum status st = segment_folder_lock(m->segments, SEGMENT_FOLDER_DELETE, &fd, err);
	size_t n = 0;

	if (st == STATUS_CONFLICT)
		return STATUS_OK;
	if (st == STATUS_OK)
		st = matcher_take(m, &s, err);
	if (st != STATUS_OK)
		return st;
	st = read_named(s, &arena, &named, &n, err);
	store_pool_give(m->options.store, s);
	return st == STATUS_OK ? segment_folder_collect(m->segments, named, n, &gone, err) : st;
}

static void collect_after_swaps(struct matcher *m, uint64_t *done)
{
	struct err err = ERR_INIT;
	uint64_t swaps;

	pthread_mutex_lock(&m->lock);
	swaps = m->swaps;
	pthread_mutex_unlock(&m->lock);
	if (swaps == *done)
		return;
	*done = swaps;
	/* No set is being opened meanwhile. */
	pthread_mutex_lock(&m->reloading);
	if (collect(m, &err) != STATUS_OK)
		matcher_log_error(m, "old segments were not deleted", &err);
	pthread_mutex_unlock(&m->reloading);
}

/* ---- following the store ---- */

/* Milliseconds until the set in force says other things by itself; at most a minute. */
static unsigned patience(struct matcher *m)
{
	int64_t left;

	pthread_mutex_lock(&m->lock);
	left = m->set->until_s - matcher_now(m);
	pthread_mutex_unlock(&m->lock);
	return left <= 0 ? 1 : (unsigned)MIN(left, 60) * 1000;
}

static bool is_due(struct matcher *m)
{
	bool due;

	pthread_mutex_lock(&m->lock);
	due = matcher_now(m) >= m->set->until_s;
	pthread_mutex_unlock(&m->lock);
	return due;
}

/* True if the matcher is to end within the time. */
static bool ends_within(struct matcher *m, unsigned ms)
{
	struct pollfd p = { .fd = m->stop_fd, .events = POLLIN };

	return poll(&p, 1, (int)ms) > 0;
}

static void follow_once(struct matcher *m, uint64_t *seen, bool *failed)
{
	uint64_t before = *seen;
	struct err err = ERR_INIT;
	enum status st = store_wait(m->options.watch, STORE_SOURCES, seen, patience(m), m->stop_fd, &err);

	if (st == STATUS_CANCELLED || (st == STATUS_TIMEOUT && !is_due(m)))
		return;
	if (st == STATUS_OK && !ends_within(m, SETTLE_MS)) {
		/* What came meanwhile is in it, too; what comes from now on is seen by the next look. */
		struct err ignored = ERR_INIT;

		(void)!store_wait(m->options.watch, STORE_SOURCES, seen, 0, -1, &ignored);
	}
	if (st == STATUS_OK || st == STATUS_TIMEOUT)
		st = matcher_reload(m, &err);
	if (st == STATUS_OK) {
		*failed = false;
		return;
	}
	if (!*failed)
		matcher_log_error(m, "the store cannot be followed, older advisories stay in force", &err);
	*failed = true;
	*seen = before;
	ends_within(m, RETRY_MS);
}

static void *follow(void *arg)
{
	struct matcher *m = arg;
	uint64_t seen = 0, collected = 0;
	bool failed = false;

	while (!ends_within(m, 0)) {
		follow_once(m, &seen, &failed);
		collect_after_swaps(m, &collected);
	}
	return NULL;
}

enum status matcher_start(struct matcher *m, struct err *err)
{
	errno = pthread_create(&m->follower, NULL, follow, m);
	if (errno != 0)
		return err_errno(err, "a thread that follows the store");
	m->following = true;
	return STATUS_OK;
}

/* ---- life ---- */

static enum status prepare(struct matcher *m, struct err *err)
{
	if (!m->data_dir || asprintf(&m->segments, "%s/segments", m->data_dir) < 0) {
		m->segments = NULL;
		return err_nomem(err, "matcher");
	}
	m->cache = report_cache_new(m->options.cache_bytes);
	if (!m->cache)
		return err_nomem(err, "matcher");
	m->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (m->stop_fd < 0)
		return err_errno(err, "matcher");
	TRY(file_mkdirs(m->segments, err));
	return matcher_reload(m, err);
}

enum status matcher_new(const struct matcher_options *options, struct matcher **out, struct err *err)
{
	struct matcher *m = calloc(1, sizeof(*m));
	enum status st;

	if (!m)
		return err_nomem(err, "matcher");
	m->options = *options;
	m->options.data_dir = m->data_dir = strdup(options->data_dir);
	if (!m->options.limits)
		m->options.limits = &limits_default;
	m->stop_fd = -1;
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->reloading, NULL);
	st = prepare(m, err);
	if (st != STATUS_OK) {
		matcher_free(m);
		return st;
	}
	m->owns_watch = true;
	*out = m;
	return STATUS_OK;
}

void matcher_free(struct matcher *m)
{
	uint64_t one = 1;

	if (!m)
		return;
	if (m->following) {
		(void)!write(m->stop_fd, &one, sizeof(one));
		pthread_join(m->follower, NULL);
	}
	if (m->owns_watch)
		store_close(m->options.watch);
	held_set_unref(m->set);
	report_cache_free(m->cache);
	if (m->stop_fd >= 0)
		close(m->stop_fd);
	free(m->segments);
	free(m->data_dir);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->reloading);
	free(m);
}

void matcher_log_error(const struct matcher *m, const char *message, const struct err *why)
{
	struct service_field fields[] = { { "error", slice_cstr(why->msg) } };

	service_log(&m->options.events, SERVICE_ERROR, message, fields, ARRAY_LEN(fields));
}

void matcher_log_number(const struct matcher *m, enum service_level level, const char *message, const char *name,
			uint64_t n)
{
	char text[24];
	struct service_field field = { name, SLICE_EMPTY };

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	field.value = slice_cstr(text);
	service_log(&m->options.events, level, message, &field, 1);
}

/* ---- what is looked up ---- */

static const struct {
	const char *clair, *scope;
} matcher_names[] = {
#define CLAIR_MATCHER(name, scope) { name, scope },
#include "service/clair_matchers.def"
#undef CLAIR_MATCHER
};

static bool names_scope(struct slice matcher, struct slice scope)
{
	struct slice family;

	for (size_t i = 0; i < ARRAY_LEN(matcher_names); i++)
		if (slice_eq(matcher, slice_cstr(matcher_names[i].clair)) &&
		    slice_starts(scope, slice_cstr(matcher_names[i].scope)))
			return true;
	slice_cut(scope, ':', &family, NULL);
	return slice_eq(matcher, family);
}

static bool is_wanted(void *ctx, struct slice scope)
{
	const struct matcher *m = ctx;

	for (size_t i = 0; i < m->options.n_matchers; i++)
		if (names_scope(m->options.matchers[i], scope))
			return true;
	return false;
}

struct held_set *matcher_hold_known(struct matcher *m, struct judge_known *out)
{
	struct held_set *held = matcher_set(m);

	*out = (struct judge_known){ held->set, m->options.choose ? is_wanted : NULL, m };
	return held;
}

/* Other choices, other reports, also for who has one by its tag. */
static void add_choice(struct hasher *h, const struct matcher_options *o)
{
	if (o->without_enrichment)
		hasher_add(h, SLICE("plain"));
	if (!o->choose)
		return;
	hasher_add(h, SLICE("only"));
	for (size_t i = 0; i < o->n_matchers; i++) {
		hasher_add(h, SLICE("\n"));
		hasher_add(h, o->matchers[i]);
	}
}

/* Entries of an ignore file expire at midnight. */
static void add_judge(struct hasher *h, const struct matcher *m)
{
	int64_t day = matcher_now(m) / 86400;

	if (!m->options.judge.judge)
		return;
	hasher_add(h, m->options.judge.identity);
	hasher_add(h, slice_make(&day, sizeof(day)));
}

/* ---- a report ---- */

static enum status make_key(struct matcher_request *r, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	struct hasher *h = hasher_new(DIGEST_SHA256);
	uint32_t version = REPORT_VERSION;
	struct digest digest;
	enum status st;

	if (!h)
		return err_nomem(err, "vulnerability report");
	hasher_add(h, slice_make(&version, sizeof(version)));
	hasher_add(h, slice_make(r->set->identity, sizeof(r->set->identity)));
	hasher_add(h, slice_make(&r->manifest, sizeof(r->manifest)));
	hasher_add(h, r->index.identity);
	add_choice(h, &r->matcher->options);
	add_judge(h, r->matcher);
	st = hasher_final(h, &digest, err);
	hasher_free(h);
	memcpy(r->key.bytes, digest.bytes, sizeof(r->key.bytes));
	for (size_t i = 0; i < 16; i++) {
		r->tag[2 * i] = digits[digest.bytes[i] >> 4];
		r->tag[2 * i + 1] = digits[digest.bytes[i] & 15];
	}
	return st;
}

enum status matcher_request(struct matcher *m, const struct digest *manifest, struct arena *arena,
			    struct matcher_request *out, struct err *err)
{
	enum status st;

	*out = (struct matcher_request){ .matcher = m, .manifest = *manifest };
	TRY(m->options.reports.get(m->options.reports.ctx, manifest, false, arena, &out->index, err));
	out->set = matcher_set(m);
	st = make_key(out, err);
	if (st != STATUS_OK)
		matcher_request_fini(out);
	return st;
}

void matcher_request_fini(struct matcher_request *r)
{
	held_set_unref(r->set);
	r->set = NULL;
}

static enum status read_index(const struct matcher_request *r, struct arena *arena, struct index_report *out,
			      struct err *err)
{
	const struct limits *limits = r->matcher->options.limits;
	struct slice bytes = r->index.bytes;

	if (bytes.len > 0 && bytes.ptr[0] == '{')
		return clair_index_parse(bytes, limits, arena, out, err);
	return index_report_unpack(bytes, limits, arena, out, err);
}

static enum status write_own(void *ctx, const struct vulnerability_report *report, struct buf *out, struct err *err)
{
	const struct matcher *m = ctx;

	return m->options.write(report, out, err);
}

static enum status make(struct matcher_request *r, const struct matcher_form *form, struct arena *arena,
			struct report_body **out, struct err *err)
{
	struct matcher *m = r->matcher;
	struct match_options options = { .now_s = matcher_now(m),
					 .stale_s = HELD_SET_STALE_S,
					 .limits = m->options.limits,
					 .scope_served = m->options.scope_served,
					 .scope_wanted = m->options.choose ? is_wanted : NULL,
					 .scope_wanted_ctx = m };
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 30);
	struct vulnerability_report report;
	struct index_report index;
	struct slice identity = r->index.identity;

	if (r->index.bytes.len == 0)
		TRY(m->options.reports.get(m->options.reports.ctx, &r->manifest, true, arena, &r->index, err));
	/* Written anew since the tag was made: what is made now belongs to the new one. */
	if (!slice_eq(identity, r->index.identity))
		return err_set(err, STATUS_CONFLICT, "the index report has just been replaced");
	TRY(read_index(r, arena, &index, err));
	/* Where the image's own document did not say it. */
	if (index.manifest.algo == DIGEST_NONE)
		index.manifest = r->manifest;
	TRY(repositories_resolve(&index, r->set->set, arena, err));
	TRY(match_report(&index, r->set->set, &options, arena, &report, err));
	if (!m->options.without_enrichment)
		TRY(match_enrich(r->set->set, arena, &report, err));
	if (m->options.judge.judge)
		TRY(m->options.judge.judge(m->options.judge.ctx, &report, options.now_s, arena, err));
	TRY(form->write(form->ctx, &report, &text, err));
	TRY(buf_check(&text, "vulnerability report", err));
	*out = report_body_new(&text, !report.complete);
	return *out ? STATUS_OK : err_nomem(err, "vulnerability report");
}

static enum status from_cache(struct matcher_request *r, const struct report_key *key, const struct matcher_form *form,
			      struct arena *arena, struct report_body **out, struct err *err)
{
	struct report_cache *cache = r->matcher->cache;
	enum status st;

	TRY(report_cache_get(cache, key, WAIT_MS, out, err));
	if (*out)
		return STATUS_OK;
	st = make(r, form, arena, out, err);
	if (st == STATUS_OK)
		report_cache_put(cache, key, *out);
	else
		report_cache_failed(cache, key);
	return st;
}

enum status matcher_report(struct matcher_request *r, struct arena *arena, struct report_body **out, struct err *err)
{
	const struct matcher_form own = { .write = write_own, .ctx = r->matcher };

	return from_cache(r, &r->key, &own, arena, out, err);
}

enum status matcher_report_as(struct matcher_request *r, const struct matcher_form *form, struct arena *arena,
			      struct report_body **out, struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct report_key key;
	struct digest digest;
	enum status st;

	if (!h)
		return err_nomem(err, "vulnerability report");
	hasher_add(h, slice_make(r->key.bytes, sizeof(r->key.bytes)));
	hasher_add(h, form->name);
	st = hasher_final(h, &digest, err);
	hasher_free(h);
	TRY(st);
	memcpy(key.bytes, digest.bytes, sizeof(key.bytes));
	return from_cache(r, &key, form, arena, out, err);
}
