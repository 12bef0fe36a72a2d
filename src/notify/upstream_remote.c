/* SPDX-License-Identifier: Apache-2.0 */
/* upstream_remote.c - update operations, differences and affected manifests by HTTP, signed, bounded in size and time.
 */
#include "notify/upstream_remote.h"

#include "io/jwt.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Clair's issuer of requests between its services: always allowed. */
#define ISSUER "clair-intraservice"
#define CONNECT_S 10L
#define STALL_S 120L /* a diff or a question over many manifests takes its time before the first byte */
#define ANSWER_MAX ((size_t)256 << 20)
#define QUESTION_MAX ((size_t)64 << 20)
#define ETAG_BYTES 128u

struct notify_remote {
	struct arena arena;
	struct slice indexer, matcher, key; /* addresses end in a slash */
	char *ca_file;			    /* owned; NULL: the system's */
	const struct limits *limits;
	const _Atomic bool *stop;
	CURL *curl;
	struct buf answer;
	struct buf operations; /* the last answer about them */
	char etag[ETAG_BYTES]; /* of it */
	char new_etag[ETAG_BYTES];
};

/* ---- one request ---- */

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct buf *to = ctx;

	buf_add(to, slice_make(bytes, size * n));
	return to->failed == STATUS_OK ? size * n : 0;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *ctx)
{
	struct notify_remote *r = ctx;
	struct slice name, value;

	if (slice_cut(slice_make(bytes, size * n), ':', &name, &value) && slice_eq_nocase(name, SLICE("etag")))
		snprintf(r->new_etag, sizeof(r->new_etag), "%.*s", SLICE_ARG(slice_trim(value)));
	return size * n;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct notify_remote *r = ctx;

	(void)a, (void)b, (void)c, (void)d;
	return r->stop && atomic_load(r->stop);
}

static bool add_header(struct curl_slist **list, const char *text)
{
	struct curl_slist *more = curl_slist_append(*list, text);

	if (more)
		*list = more;
	return more != NULL;
}

static enum status make_headers(const struct notify_remote *r, const char *etag, bool body, struct curl_slist **out,
				struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(8192);
	bool ok = add_header(out, "Accept: application/json") && add_header(out, "Expect:");

	if (body)
		ok = ok && add_header(out, "Content-Type: application/json");
	if (etag[0]) {
		buf_printf(&text, "If-None-Match: %s", etag);
		buf_add_byte(&text, '\0');
		ok = ok && text.failed == STATUS_OK && add_header(out, (const char *)text.ptr);
		buf_reset(&text);
	}
	if (r->key.len > 0) {
		buf_add_cstr(&text, "Authorization: Bearer ");
		TRY(jwt_sign(r->key, SLICE(ISSUER), date_now(), &text, err));
		buf_add_byte(&text, '\0');
		ok = ok && text.failed == STATUS_OK && add_header(out, (const char *)text.ptr);
	}
	return ok ? STATUS_OK : err_nomem(err, "a request");
}

static void set_options(struct notify_remote *r, const char *url, struct slice body, struct curl_slist *headers)
{
	CURL *c = r->curl;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "limpid-notifier");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_S);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &r->answer);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, r);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	if (r->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, r->ca_file);
	if (body.len > 0) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.ptr);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	}
}

static enum status failed(const struct notify_remote *r, CURLcode code, const char *who, struct err *err)
{
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_set(err, STATUS_CANCELLED, "stopped");
	if (code == CURLE_WRITE_ERROR)
		return buf_check(&r->answer, who, err);
	return err_set(err, code == CURLE_OPERATION_TIMEDOUT ? STATUS_TIMEOUT : STATUS_IO, "%s: %s", who,
		       curl_easy_strerror(code));
}

/* 200, and 304 where an etag was given, are no failure. Clair's words about others are in the message. */
static enum status judge(const struct notify_remote *r, long code, const char *who, struct err *err)
{
	struct err_quote quote;

	if (code == 200 || code == 304)
		return STATUS_OK;
	err_set(err, code == 401 || code == 403 ? STATUS_AUTH : STATUS_REMOTE, "%s: HTTP status %ld: %s", who, code,
		err_slice(&quote, buf_slice(&r->answer)));
	err->sys_errno = (int)code;
	return err->code;
}

static enum status ask(struct notify_remote *r, const char *who, struct slice url, const char *etag, struct slice body,
		       long *out_code, struct err *err)
{
	struct curl_slist *headers = NULL;
	CURLcode code = CURLE_OK;
	enum status st;

	buf_reset(&r->answer);
	r->new_etag[0] = '\0';
	st = make_headers(r, etag, body.len > 0, &headers, err);
	if (st == STATUS_OK) {
		set_options(r, (const char *)url.ptr, body, headers);
		code = curl_easy_perform(r->curl);
	}
	curl_slist_free_all(headers);
	TRY(st);
	if (code != CURLE_OK)
		return failed(r, code, who, err);
	curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, out_code);
	return judge(r, *out_code, who, err);
}

/* ---- operations ---- */

static enum status list_latest(yyjson_val *root, struct arena *arena, struct notify_operation **out, size_t *out_n,
			       struct err *err)
{
	struct notify_operation *list = arena_array(arena, yyjson_obj_size(root) + 1, sizeof(*list));
	yyjson_val *key, *value;
	size_t i, n, k = 0;

	if (!list)
		return err_nomem(err, "update operations");
	yyjson_obj_foreach(root, i, n, key, value)
	{
		struct slice ref = json_get_str(yyjson_arr_get_first(value), "ref");

		if (ref.len != sizeof(list[k].ref) - 1)
			continue;
		memcpy(list[k].ref, ref.ptr, ref.len);
		if (!arena_copy(arena, json_str(key), &list[k].source))
			return err_nomem(err, "update operations");
		k++;
	}
	*out = list;
	*out_n = k;
	return STATUS_OK;
}

static enum status latest(void *ctx, struct arena *arena, struct notify_operation **out, size_t *out_n, struct err *err)
{
	struct notify_remote *r = ctx;
	struct json_doc doc;
	struct slice url;
	long code = 0;
	enum status st;

	if (!arena_printf(arena, &url, "%.*smatcher/api/v1/internal/update_operation?kind=vulnerability&latest=true",
			  SLICE_ARG(r->matcher)))
		return err_nomem(err, "update operations");
	TRY(ask(r, "the matcher", url, r->operations.len > 0 ? r->etag : "", SLICE_EMPTY, &code, err));
	if (code == 200) {
		buf_reset(&r->operations);
		buf_add(&r->operations, buf_slice(&r->answer));
		memcpy(r->etag, r->new_etag, sizeof(r->etag));
		TRY(buf_check(&r->operations, "update operations", err));
	}
	TRY(json_parse(buf_slice(&r->operations), r->limits, &doc, err));
	st = list_latest(doc.root, arena, out, out_n, err);
	json_doc_free(&doc);
	return st;
}

/* ---- differences ---- */

/* The previous operation may have gone: then the oldest one. *out_gone: current has. */
static enum status find_previous(struct notify_remote *r, struct slice source, const char *current, char out[37],
				 bool *out_gone, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct json_doc doc;
	yyjson_val *list, *v;
	struct slice url;
	size_t i, n;
	long code = 0;

	out[0] = '\0';
	*out_gone = true;
	if (!arena_printf(&arena, &url, "%.*smatcher/api/v1/internal/update_operation?kind=vulnerability",
			  SLICE_ARG(r->matcher)))
		return err_nomem(err, "update operations");
	TRY(ask(r, "the matcher", url, "", SLICE_EMPTY, &code, err));
	TRY(json_parse(buf_slice(&r->answer), r->limits, &doc, err));
	list = yyjson_obj_getn(doc.root, (const char *)source.ptr, source.len);
	yyjson_arr_foreach(list, i, n, v)
	{
		struct slice ref = json_get_str(v, "ref");

		if (slice_eq(ref, slice_cstr(current)))
			*out_gone = false;
		else if (ref.len == 36)
			snprintf(out, 37, "%.*s", SLICE_ARG(ref));
	}
	json_doc_free(&doc);
	return STATUS_OK;
}

static enum status ask_diff(struct notify_remote *r, const char *previous, const char *current, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct slice url;
	long code = 0;

	if (!arena_printf(&arena, &url, "%.*smatcher/api/v1/internal/update_diff?cur=%s%s%s", SLICE_ARG(r->matcher),
			  current, previous[0] ? "&prev=" : "", previous))
		return err_nomem(err, "a difference");
	return ask(r, "the matcher", url, "", SLICE_EMPTY, &code, err);
}

static enum status diff(void *ctx, struct slice source, const char *previous, const char *current, enum severity least,
			const struct notify_changes_sink *sink, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(ANSWER_MAX);
	struct notify_remote *r = ctx;
	enum status st = ask_diff(r, previous, current, err);

	if (st == STATUS_REMOTE && err->sys_errno == 500 && previous[0]) {
		char other[37];
		bool gone;

		TRY(find_previous(r, source, current, other, &gone, err));
		if (gone)
			return err_set(err, STATUS_NOTFOUND, "the matcher has no operation %s any more", current);
		/* Nothing is left to compare with: to tell everybody of everything would help nobody. */
		if (!other[0])
			return STATUS_OK;
		st = ask_diff(r, other, current, err);
	}
	TRY(st);
	/* The answer's memory is needed for the questions that follow. */
	text = r->answer;
	r->answer = (struct buf)BUF_INIT(ANSWER_MAX);
	return notify_diff_parse(buf_slice(&text), least, r->limits, sink, err);
}

/* ---- who is affected ---- */

/* The vulnerability under our own id: "b12" was said before by change 12, "a12" is said after it. */
static void put_question(struct buf *out, struct slice raw, char side, size_t change, bool *first)
{
	/* The later member of two of one name counts, in Go as here. */
	buf_add_cstr(out, *first ? "" : ",");
	*first = false;
	buf_add(out, slice_take(raw, raw.len - 1));
	buf_printf(out, "%s\"id\":\"%c%zu\"}", raw.len > 2 ? "," : "", side, change);
}

static void put_side(struct buf *out, const struct notify_side *s, char side, size_t change, bool *first)
{
	for (size_t i = 0; i < s->n; i++)
		put_question(out, s->rows[i].raw, side, change, first);
}

struct answer_of {
	uint8_t *flags; /* per change: 1 before, 2 after; owned */
	size_t n;
	const struct notify_affected_sink *sink;
};

static void set_flag(struct answer_of *a, struct slice id)
{
	uint64_t change;

	if (id.len > 1 && slice_to_u64(slice_from(id, 1), &change) && change < a->n)
		a->flags[change] |= id.ptr[0] == 'b' ? 1 : 2;
}

static enum status tell_manifest(struct answer_of *a, struct slice digest, yyjson_val *ids, struct err *err)
{
	struct digest manifest;
	yyjson_val *v;
	size_t i, n;

	if (!digest_parse(digest, &manifest))
		return err_set(err, STATUS_MALFORMED, "the indexer's answer names a manifest that is no digest");
	memset(a->flags, 0, a->n);
	yyjson_arr_foreach(ids, i, n, v) set_flag(a, json_str(v));
	for (size_t c = 0; c < a->n; c++)
		if (a->flags[c] != 0)
			TRY(a->sink->affected(a->sink->ctx, c, &manifest, a->flags[c] & 1, a->flags[c] & 2, err));
	return STATUS_OK;
}

static enum status tell(struct answer_of *a, yyjson_val *root, struct err *err)
{
	yyjson_val *manifests = json_get(root, "vulnerable_manifests"), *key, *value;
	size_t i, n;

	if (!yyjson_is_obj(manifests))
		return err_set(err, STATUS_MALFORMED, "the indexer's answer has no manifests");
	yyjson_obj_foreach(manifests, i, n, key, value) TRY(tell_manifest(a, json_str(key), value, err));
	return STATUS_OK;
}

static enum status ask_affected(struct notify_remote *r, const struct notify_change *changes, size_t n, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct buf AUTO(buf_fini) body = BUF_INIT(QUESTION_MAX);
	struct slice url;
	bool first = true;
	long code = 0;

	buf_add_cstr(&body, "{\"vulnerabilities\":[");
	for (size_t i = 0; i < n; i++) {
		put_side(&body, &changes[i].before, 'b', i, &first);
		put_side(&body, &changes[i].after, 'a', i, &first);
	}
	buf_add_cstr(&body, "]}");
	TRY(buf_check(&body, "a question to the indexer", err));
	if (!arena_printf(&arena, &url, "%.*sindexer/api/v1/internal/affected_manifest/", SLICE_ARG(r->indexer)))
		return err_nomem(err, "a question");
	return ask(r, "the indexer", url, "", buf_slice(&body), &code, err);
}

static enum status take_answer(struct notify_remote *r, size_t n, const struct notify_affected_sink *sink,
			       struct err *err)
{
	struct answer_of a = { .flags = calloc(n + 1, 1), .n = n, .sink = sink };
	struct json_doc doc;
	enum status st;

	if (!a.flags)
		return err_nomem(err, "affected manifests");
	st = json_parse(buf_slice(&r->answer), r->limits, &doc, err);
	if (st == STATUS_OK) {
		st = tell(&a, doc.root, err);
		json_doc_free(&doc);
	}
	free(a.flags);
	return st;
}

/* An answer may be too large for either side: half of the changes have half of it. */
static enum status affected_part(struct notify_remote *r, const struct notify_change *changes, size_t first, size_t n,
				 const struct notify_affected_sink *sink, struct err *err);

struct shifted {
	const struct notify_affected_sink *sink;
	size_t by;
};

static enum status on_shifted(void *ctx, size_t change, const struct digest *manifest, bool before, bool after,
			      struct err *err)
{
	const struct shifted *s = ctx;

	return s->sink->affected(s->sink->ctx, change + s->by, manifest, before, after, err);
}

static enum status affected_part(struct notify_remote *r, const struct notify_change *changes, size_t first, size_t n,
				 const struct notify_affected_sink *sink, struct err *err)
{
	struct shifted shift = { sink, first };
	struct notify_affected_sink to = { on_shifted, &shift };
	/* At most log2 of a batch deep. */
	enum status st = ask_affected(r, changes + first, n, err);

	if (st == STATUS_OK)
		return take_answer(r, n, &to, err);
	if ((st != STATUS_LIMIT && err->sys_errno != 413 && err->sys_errno != 422 && err->sys_errno != 500) || n == 1)
		return st;
	TRY(affected_part(r, changes, first, n / 2, sink, err));
	return affected_part(r, changes, first + n / 2, n - n / 2, sink, err);
}

static enum status affected(void *ctx, const struct notify_change *changes, size_t n,
			    const struct notify_affected_sink *sink, struct err *err)
{
	return affected_part(ctx, changes, 0, n, sink, err);
}

/* ---- life ---- */

static bool keep_address(struct notify_remote *r, struct slice address, struct slice *out)
{
	return arena_printf(&r->arena, out, "%.*s%s", SLICE_ARG(address), slice_ends(address, SLICE("/")) ? "" : "/");
}

enum status notify_remote_new(const struct notify_remote_options *options, struct notify_remote **out, struct err *err)
{
	struct notify_remote *r = calloc(1, sizeof(*r));
	bool ok;

	if (!r)
		return err_nomem(err, "notifier");
	r->arena = (struct arena)ARENA_INIT((size_t)1 << 20);
	r->answer = (struct buf)BUF_INIT(ANSWER_MAX);
	r->operations = (struct buf)BUF_INIT(ANSWER_MAX);
	r->limits = options->limits ? options->limits : &limits_default;
	r->stop = options->stop;
	r->curl = curl_easy_init();
	r->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
	ok = r->curl && keep_address(r, options->indexer, &r->indexer) &&
	     keep_address(r, options->matcher, &r->matcher) && arena_copy(&r->arena, options->key, &r->key) &&
	     (r->ca_file || !options->ca_file);
	if (!ok) {
		notify_remote_free(r);
		return err_nomem(err, "notifier");
	}
	*out = r;
	return STATUS_OK;
}

void notify_remote_free(struct notify_remote *r)
{
	if (!r)
		return;
	curl_easy_cleanup(r->curl);
	buf_fini(&r->answer);
	buf_fini(&r->operations);
	arena_fini(&r->arena);
	free(r->ca_file);
	free(r);
}

struct notify_upstream notify_upstream_remote(struct notify_remote *r)
{
	return (struct notify_upstream){ latest, diff, affected, r };
}
