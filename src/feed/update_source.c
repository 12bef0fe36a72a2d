/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update_source.c - one source: fetch, compare with what is in force, build, publish.
 *
 * Nothing is in force before store_publish() commits, and that row names a segment that was written and fsynced before:
 * whenever the process ends, the old set or the new one serves.
 */
#include "feed/update_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct update_job {
	struct update_run own, *run; /* run is own */
	struct feed_source own_source, *source;
	struct arena arena;
	struct update_job *next;
	bool locked;
	int fd;	      /* of the document; -1: none */
	bool changed; /* of a mirror that is filled */
	struct http_answer answer;
	struct digest document;
	struct digest checksum; /* that upstream says of it; DIGEST_NONE: none */
	enum status status; /* of beginning and fetching */
	struct err err;
	struct store_source row; /* as the store has it, or empty */
	bool known;		 /* the store has a row */
	bool usable;		 /* its segment is there, with the bytes that were published */
	uint64_t old_rows;
	struct slice format_version; /* of the parser of today */
	bool changes_only; /* the document is what changed since the segment in force was made */
	struct changes {
		int64_t newest_s, whole_s; /* DATE_NONE: not known */
	} changes;
};

/* Documents whose URL only leads to them move within their folder; a failure is told with where they were. */
static bool is_same_place(const struct feed *feed, struct slice a, struct slice b)
{
	struct slice folder_a, folder_b;

	if (!feed->amend)
		return slice_eq(a, b);
	return slice_rcut(a, '/', &folder_a, NULL) && slice_rcut(b, '/', &folder_b, NULL) &&
	       slice_eq(folder_a, folder_b);
}

static enum status load(struct update_job *w, struct err *err)
{
	struct update_run *run = w->run;
	const struct feed_format *format = run->feed->format;
	struct segment *old;
	struct err why = ERR_INIT;
	enum status st = store_source_get(run->store, w->source->name, &w->arena, &w->row, err);

	if (st == STATUS_NOTFOUND)
		w->row = (struct store_source){ .last_attempt_s = DATE_NONE,
						.last_success_s = DATE_NONE,
						.last_change_s = DATE_NONE,
						.next_s = DATE_NONE };
	else if (st != STATUS_OK)
		return st;
	w->known = st == STATUS_OK;
	/* Validators say nothing of another place. */
	if (w->known && !is_same_place(run->feed, w->row.url, w->source->url))
		w->row.etag = w->row.last_modified = SLICE_EMPTY;
	w->row.name = w->source->name;
	w->row.feed = slice_cstr(run->feed->name);
	w->row.url = w->source->url;
	w->row.kind = run->feed->enriches ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	if (!arena_printf(&w->arena, &w->format_version, "%s %s%s", format->name, format->version,
			  feed_settings_variant(run->options->settings, run->feed)))
		return err_nomem(err, "source");
	if (w->row.segment.algo != DIGEST_NONE &&
	    segment_open_of(run->segments, &w->row.segment, w->row.name, &old, &why) == STATUS_OK) {
		w->usable = segment_verify_digest(old, &why) == STATUS_OK;
		w->old_rows = segment_get_stats(old)->rows;
		segment_free(old);
	}
	return STATUS_OK;
}

/* Would the same document give the segment that is in force? */
static bool may_skip(const struct update_job *w)
{
	return w->usable && !w->run->options->force && slice_eq(w->row.format_version, w->format_version) &&
	       !(w->run->options->accept_shrunk && w->row.held_back.len > 0);
}

static void put_validators(const struct update_job *w, struct http_validators *out)
{
	struct slice etag = slice_take(w->row.etag, sizeof(out->etag) - 1);
	struct slice modified = slice_take(w->row.last_modified, sizeof(out->last_modified) - 1);

	memset(out, 0, sizeof(*out));
	if (etag.len == w->row.etag.len && etag.len > 0)
		memcpy(out->etag, etag.ptr, etag.len);
	if (modified.len == w->row.last_modified.len && modified.len > 0)
		memcpy(out->last_modified, modified.ptr, modified.len);
}

/* ---- documents that grow by lists of changes ---- */

/* The whole is read once in a while: what upstream forgot to list would stay for ever. */
#define WHOLE_EVERY_S (INT64_C(30) * 86400)
/* Lists come a little later than what they list. */
#define CHANGES_OVERLAP_S INT64_C(86400)
#define CHANGES_FORM "changes %lld of %lld for %.16s"

/* Kept as the validator of the segment: which changes are in it, when the whole was read. */
static void put_changes(struct update_job *w, const struct digest *segment)
{
	struct digest_text text;

	memset(&w->answer.validators, 0, sizeof(w->answer.validators));
	if (w->changes.newest_s != DATE_NONE)
		snprintf(w->answer.validators.etag, sizeof(w->answer.validators.etag), CHANGES_FORM,
			 (long long)w->changes.newest_s, (long long)w->changes.whole_s,
			 strchr(digest_print(&text, segment), ':') + 1);
}

/* Does the segment in force say what it has? One that was put in its place by hand does not. */
static bool get_changes(const struct update_job *w, struct changes *out)
{
	struct slice rest = w->row.etag, word;
	struct digest_text text;
	int64_t *const numbers[] = { &out->newest_s, &out->whole_s };
	uint64_t n;

	if (!slice_word(&rest, ' ', &word) || !slice_eq(word, SLICE("changes")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (!slice_word(&rest, ' ', &word) || !slice_to_u64(word, &n) || n > INT64_MAX ||
		    !slice_word(&rest, ' ', &word))
			return false;
		*numbers[i] = (int64_t)n;
	}
	return rest.len == 16 && slice_starts(slice_cstr(strchr(digest_print(&text, &w->row.segment), ':') + 1), rest);
}

/* Only what changed, if that is enough. STATUS_NOTFOUND and STATUS_LIMIT: it is not. */
static enum status fetch_changes(struct update_job *w, struct err *err)
{
	struct feed_fetcher fetcher = update_fetcher(w->run);
	struct feed_amendment io = { .newest_s = DATE_NONE };
	struct changes had;

	if (!may_skip(w) || !get_changes(w, &had) || w->row.last_attempt_s - had.whole_s > WHOLE_EVERY_S)
		return err_set(err, STATUS_NOTFOUND, "the whole document is needed");
	io.since_s = had.newest_s - CHANGES_OVERLAP_S;
	TRY(w->run->feed->amend(&fetcher, w->source->url, w->fd, &io, err));
	w->changes_only = true;
	w->changes = (struct changes){ MAX(io.newest_s, had.newest_s), had.whole_s };
	if (io.documents == 0)
		w->answer.code = 304;
	return fetch_digest(w->fd, &w->document, &w->run->bytes, err);
}

/* ---- fetching ---- */

/* From the source's own place, or the first other one that has it. */
static enum status fetch_any(struct update_job *w, int fd, struct http_answer *answer, struct err *err)
{
	const char *const *others = w->source->fallback_urls;
	struct http_validators have;
	enum status st;

	put_validators(w, &have);
	st = fetch_document(&w->run->place, w->source->url, may_skip(w) && !w->run->feed->amend ? &have : NULL, fd,
			    answer, err);
	for (; st == STATUS_NOTFOUND && others && *others; others++) {
		if (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0)
			return err_errno(err, "cannot start again");
		st = fetch_document(&w->run->place, slice_cstr(*others), NULL, fd, answer, err);
	}
	return st;
}

/* The run was good: when to ask again. */
static void note_success(struct update_job *w)
{
	w->row.last_success_s = w->row.last_attempt_s;
	w->row.next_s = w->row.last_attempt_s + w->run->feed->interval_s;
}

static enum status unchanged(struct update_job *w, struct err *err)
{
	note_success(w);
	w->row.error = SLICE_EMPTY;
	TRY(store_source_put(w->run->store, &w->row, err));
	w->run->summary->unchanged++;
	w->run->summary->records += w->row.records;
	update_tell(w->run, (struct update_event){ .kind = UPDATE_EVENT_UNCHANGED, .records = w->row.records });
	return STATUS_OK;
}

/* More than a fifth of the rows gone, or all of them. */
static bool is_shrunk(const struct update_job *w, const struct update_built *built)
{
	return w->usable && built->stats.rows < w->old_rows - w->old_rows / 5;
}

/* What a document is said to have: advisories, or what is said of CVEs. */
static uint64_t update_records(const struct feed *feed, const struct segment_stats *stats)
{
	return feed->enriches ? stats->rows : stats->advisories;
}

static enum status hold_back(struct update_job *w, const struct update_built *built, struct err *err)
{
	struct digest_text t;
	struct slice hex = slice_cstr(digest_print(&t, &built->segment)), text;

	if (!arena_printf(&w->arena, &text, "%llu rows, %llu are in force", (unsigned long long)built->stats.rows,
			  (unsigned long long)w->old_rows))
		return err_nomem(err, "source");
	slice_cut(hex, ':', NULL, &w->row.held_back);
	if (!arena_printf(&w->arena, &w->row.error, "kept back: %.*s", SLICE_ARG(text)))
		return err_nomem(err, "source");
	TRY(store_source_put(w->run->store, &w->row, err));
	w->run->summary->held_back++;
	w->run->summary->records += w->row.records;
	w->run->summary->diags += built->diags;
	update_tell(w->run, (struct update_event){ .kind = UPDATE_EVENT_HELD_BACK,
						   .bytes = w->run->bytes,
						   .records = update_records(w->run->feed, &built->stats),
						   .previous_records = w->row.records,
						   .diags = built->diags,
						   .text = text });
	return STATUS_OK;
}

/* Where other nodes find it, before anything names it. */
static enum status hand_over(const struct update_job *w, const struct digest *segment, struct err *err)
{
	struct digest_text text;
	char path[4200];

	digest_print(&text, segment);
	snprintf(path, sizeof(path), "%s/%s.seg", w->run->segments, strchr(text.text, ':') + 1);
	return store_segment_put(w->run->store, segment, path, err);
}

static enum status publish(struct update_job *w, const struct update_built *built, struct err *err)
{
	uint64_t before = w->row.records;
	char ref[37];

	TRY(hand_over(w, &built->segment, err));

	if (!digest_eq(&w->row.segment, &built->segment))
		w->row.last_change_s = w->row.last_attempt_s;
	w->row.segment = built->segment;
	w->row.records = update_records(w->run->feed, &built->stats);
	w->row.format_version = w->format_version;
	note_success(w);
	w->row.error = w->row.held_back = SLICE_EMPTY;
	TRY(store_publish(w->run->store, &w->row, ref, err));
	w->run->summary->published++;
	w->run->summary->records += w->row.records;
	w->run->summary->diags += built->diags;
	update_tell(w->run, (struct update_event){ .kind = UPDATE_EVENT_PUBLISHED,
						   .bytes = w->run->bytes,
						   .records = w->row.records,
						   .previous_records = before,
						   .diags = built->diags });
	return STATUS_OK;
}

/* Nobody deletes the new segment before its row names it. */
static enum status build_and_publish(struct update_job *w, int fd, const struct digest *document, struct err *err)
{
	int AUTO(close_fd) folder = -1;
	struct update_built built = { 0 };

	TRY(segment_folder_lock(w->run->segments, SEGMENT_FOLDER_WRITE, &folder, err));
	TRY(update_build(w->run, w->source, fd, &w->checksum, w->changes_only ? &w->row.segment : NULL, &built, err));
	/* What is in force stays described by its own document and validators. */
	if (is_shrunk(w, &built) && !w->run->options->accept_shrunk)
		return hold_back(w, &built, err);
	if (w->run->feed->amend)
		put_changes(w, &built.segment);
	w->row.etag = slice_cstr(w->answer.validators.etag);
	w->row.last_modified = slice_cstr(w->answer.validators.last_modified);
	w->row.document = *document;
	return publish(w, &built, err);
}

static enum status take(struct update_job *w, struct err *err)
{
	if (w->answer.code == 304)
		return unchanged(w, err);
	if (may_skip(w) && digest_eq(&w->document, &w->row.document)) {
		if (w->run->feed->amend)
			put_changes(w, &w->row.segment);
		w->row.etag = slice_cstr(w->answer.validators.etag);
		w->row.last_modified = slice_cstr(w->answer.validators.last_modified);
		return unchanged(w, err);
	}
	return build_and_publish(w, w->fd, &w->document, err);
}

/* An optional source that never was there is not missed; one that was is. */
static bool is_absent(const struct update_job *w, enum status st)
{
	return st == STATUS_NOTFOUND && w->source->optional && w->row.segment.algo == DIGEST_NONE;
}

static void absent(struct update_run *run)
{
	run->summary->absent++;
	run->of->absent++;
	update_tell(run, (struct update_event){ .kind = UPDATE_EVENT_ABSENT });
}

void update_failed(struct update_run *run, const struct feed_source *source, const struct err *why)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct store_source row;
	struct err ignored = ERR_INIT;
	char text[UPDATE_WHY_BYTES];
	enum status st;

	update_why(why, text, sizeof(text));
	run->summary->failed++;
	if (run->store) {
		st = store_source_get(run->store, source->name, &arena, &row, &ignored);
		if (st == STATUS_NOTFOUND)
			row = (struct store_source){ .last_success_s = DATE_NONE,
						     .last_change_s = DATE_NONE,
						     .next_s = DATE_NONE };
		row.name = source->name;
		row.feed = slice_cstr(run->feed->name);
		row.url = source->url;
		row.kind = run->feed->enriches ? STORE_ENRICHMENT : STORE_VULNERABILITY;
		row.last_attempt_s = date_now();
		row.error = slice_cstr(text);
		if (st == STATUS_OK || (st == STATUS_NOTFOUND && !source->unsure))
			st = store_source_put(run->store, &row, &ignored);
	}
	update_tell(run, (struct update_event){ .kind = UPDATE_EVENT_FAILED, .text = slice_cstr(text) });
}

/* ---- a job ---- */

/* The list's own may lie on its stack. */
static bool copy_others(struct update_job *w, const char *const *others)
{
	const char **list;
	size_t n = 0;

	while (others && others[n])
		n++;
	list = arena_array(&w->arena, n + 1, sizeof(*list));
	if (!list)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!(list[i] = arena_cstr(&w->arena, slice_cstr(others[i]))))
			return false;
	list[n] = NULL;
	w->own_source.fallback_urls = list;
	return true;
}

static enum status copy_source(struct update_job *w, const struct feed_source *source, struct err *err)
{
	struct feed_source *s = &w->own_source;
	struct slice url;
	bool own;

	*s = *source;
	TRY(feed_settings_source(w->run->options->settings, w->run->feed, source, &w->arena, &url, &own, err));
	if (!arena_copy(&w->arena, source->name, &s->name) || !arena_copy(&w->arena, url, &s->url) ||
	    !arena_copy(&w->arena, source->param, &s->param) || !copy_others(w, source->fallback_urls))
		return err_nomem(err, "source");
	/* What the user named is no business of a mirror, and has no other places. */
	if (own) {
		w->own.place.mirror = SLICE_EMPTY;
		w->own.place.file = slice_starts(url, SLICE("/"));
		s->fallback_urls = NULL;
	}
	return STATUS_OK;
}

struct update_job *update_job_new(const struct update_run *run, const struct feed_source *source, struct err *err)
{
	struct update_job *w = calloc(1, sizeof(*w));

	if (!w) {
		err_nomem(err, "source");
		return NULL;
	}
	w->own = *run;
	w->run = &w->own;
	w->source = &w->own_source;
	w->arena = (struct arena)ARENA_INIT((size_t)4 << 20);
	w->fd = -1;
	w->err = (struct err)ERR_INIT;
	if (copy_source(w, source, err) != STATUS_OK) {
		update_job_free(w);
		return NULL;
	}
	w->own.source = w->own_source.name;
	w->own.bytes = 0;
	w->own.place.progress_ctx = w->run;
	w->own.place.stall_s = feed_settings_stall_s(run->options->settings, run->feed, run->place.stall_s);
	return w;
}

void update_job_free(struct update_job *w)
{
	if (w->fd >= 0)
		close(w->fd);
	arena_fini(&w->arena);
	free(w);
}

struct slice update_job_url(const struct update_job *w)
{
	/* A mirror is one host. */
	return w->own.place.mirror.len > 0 ? w->own.place.mirror : w->own_source.url;
}

struct update_job **update_job_next(struct update_job *w)
{
	return &w->next;
}

bool update_job_begin(struct update_job *w)
{
	struct update_run *run = w->run;

	run->summary->sources++;
	run->of->sources++;
	update_tell(run, (struct update_event){ .kind = UPDATE_EVENT_STARTED });
	if (run->options->download_to.len > 0)
		return true;
	w->status = store_lock(run->store, w->source->name, &w->err);
	if (w->status == STATUS_CONFLICT) {
		run->summary->unchanged++;
		update_tell(run, (struct update_event){ .kind = UPDATE_EVENT_UNCHANGED,
							.text = SLICE("another process is updating it") });
		return false;
	}
	w->locked = w->status == STATUS_OK;
	if (w->status == STATUS_OK)
		w->status = load(w, &w->err);
	w->row.last_attempt_s = date_now();
	if (w->status == STATUS_OK)
		return true;
	update_job_end(w);
	return false;
}

static enum status ask_checksum(struct update_job *w, struct err *err)
{
	struct feed_fetcher fetcher = update_fetcher(w->run);

	w->checksum = (struct digest){ .algo = DIGEST_NONE };
	return w->run->feed->checksum ? w->run->feed->checksum(&fetcher, w->source, &w->checksum, err) : STATUS_OK;
}

static enum status download(struct update_job *w, struct err *err)
{
	const char *const *others = w->source->fallback_urls;
	struct slice to = w->run->options->download_to;
	enum status st = fetch_download(&w->run->place, w->source->url, to, &w->changed, &w->run->bytes, err);

	for (; st == STATUS_NOTFOUND && others && *others; others++)
		st = fetch_download(&w->run->place, slice_cstr(*others), to, &w->changed, &w->run->bytes, err);
	if (st == STATUS_OK && w->run->feed->amend) {
		struct feed_fetcher fetcher = update_fetcher(w->run);
		struct feed_amendment io = { .since_s = DATE_NONE };

		st = w->run->feed->amend(&fetcher, w->source->url, -1, &io, err);
	}
	/* A mirror shall be able to say it, too. */
	return st == STATUS_OK ? ask_checksum(w, err) : st;
}

static enum status fetch_to_build(struct update_job *w, struct err *err)
{
	TRY(fetch_any(w, w->fd, &w->answer, err));
	if (w->run->feed->amend) {
		struct feed_fetcher fetcher = update_fetcher(w->run);
		struct feed_amendment io = { .since_s = DATE_NONE };

		TRY(w->run->feed->amend(&fetcher, w->source->url, w->fd, &io, err));
		w->changes = (struct changes){ io.newest_s, w->row.last_attempt_s };
	}
	if (w->answer.code == 304)
		return STATUS_OK;
	TRY(ask_checksum(w, err));
	if (w->run->feed->amend)
		return fetch_digest(w->fd, &w->document, &w->run->bytes, err);
	w->document = w->answer.digest;
	w->run->bytes = w->answer.bytes;
	return STATUS_OK;
}

/* Sources whose URL only leads to the document. */
static enum status locate(struct update_job *w, struct err *err)
{
	const struct feed *feed = w->run->feed;
	struct feed_fetcher fetcher = update_fetcher(w->run);
	struct buf AUTO(buf_fini) url = BUF_INIT(8192);

	if (!feed->locate)
		return STATUS_OK;
	TRY(feed->locate(&fetcher, w->source, &url, err));
	TRY(buf_check(&url, "the URL of a document", err));
	return arena_copy(&w->arena, buf_slice(&url), &w->own_source.url) ? STATUS_OK : err_nomem(err, "source");
}

void update_job_fetch(struct update_job *w)
{
	bool download_only = w->run->options->download_to.len > 0;

	if (!download_only) {
		w->fd = fetch_temporary(w->run->segments, &w->err);
		w->status = w->fd < 0 ? w->err.code : STATUS_OK;
		if (w->status == STATUS_OK && w->run->feed->amend) {
			w->status = fetch_changes(w, &w->err);
			if (w->status != STATUS_NOTFOUND && w->status != STATUS_LIMIT)
				return;
			if (ftruncate(w->fd, 0) != 0 || lseek(w->fd, 0, SEEK_SET) != 0) {
				w->status = err_errno(&w->err, "cannot start again");
				return;
			}
			w->status = STATUS_OK;
		}
		if (w->status != STATUS_OK)
			return;
	}
	w->status = locate(w, &w->err);
	if (w->status == STATUS_OK)
		w->status = download_only ? download(w, &w->err) : fetch_to_build(w, &w->err);
}

static void end_download(struct update_job *w)
{
	struct update_run *run = w->run;

	if (w->status == STATUS_NOTFOUND && w->source->optional) {
		absent(run);
	} else if (w->status != STATUS_OK) {
		update_failed(run, w->source, &w->err);
	} else {
		run->summary->published += w->changed;
		run->summary->unchanged += !w->changed;
		update_tell(run,
			    (struct update_event){ .kind = w->changed ? UPDATE_EVENT_PUBLISHED : UPDATE_EVENT_UNCHANGED,
						   .bytes = run->bytes });
	}
}

void update_job_end(struct update_job *w)
{
	if (w->run->options->download_to.len > 0) {
		end_download(w);
		return;
	}
	if (w->status == STATUS_OK)
		w->status = take(w, &w->err);
	if (is_absent(w, w->status))
		absent(w->run);
	else if (w->status != STATUS_OK)
		update_failed(w->run, w->source, &w->err);
	if (w->locked)
		store_unlock(w->run->store, w->source->name);
}
