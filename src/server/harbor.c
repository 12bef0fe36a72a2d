/* SPDX-License-Identifier: Apache-2.0 */
/* harbor.c - scans that a registry asked for, from the request to the index run. */
#include "server/harbor.h"

#include "base/base64.h"
#include "base/date.h"
#include "io/http_client.h"
#include "server/pool.h"
#include "service/indexer.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

/* A registry that scans all it has asks for thousands at once. */
#define QUEUE 20000
#define THREADS 8
#define STACK_BYTES ((size_t)1 << 20)
#define MANIFEST_BYTES ((uint64_t)4 << 20)
#define LAYERS_MAX 1000
/* Why scans failed, for those who ask within that time. */
#define FAILURES 4096
/* Lists of scans and failures are short: there are as many as this, by image. */
#define BUCKETS 8192
#define FAILURE_S 3600
/* The indexer has its own queue, which may be full for a while. */
#define AGAIN_MS 500

static const char accepted_types[] = "application/vnd.oci.image.manifest.v1+json, "
				     "application/vnd.docker.distribution.manifest.v2+json";

struct job {
	struct pool_job job;
	struct harbor *harbor;
	struct arena arena;
	struct harbor_scan scan;
	struct job *next; /* of those at work, in its bucket */
};

struct failure {
	struct digest image;
	int64_t when_s;
	char why[300];
	size_t next; /* in its bucket, one more than its number; 0: the last */
};

struct bucket {
	struct job *at_work;
	size_t failures; /* the latest, one more than its number; 0: none */
};

struct harbor {
	struct indexer *indexer;
	struct http_client *http;
	struct pool *pool;
	pthread_mutex_t mutex; /* for what follows */
	struct bucket *buckets;
	struct failure *failures; /* a ring of FAILURES */
	size_t next_failure;
	_Atomic bool stopping;
};

/* ---- ids ---- */

enum status harbor_id_print(const struct harbor_artifact *a, struct buf *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(4096);
	struct digest_text digest;
	struct json_writer w;

	json_writer_init(&w, &text, 0);
	json_array(&w);
	json_cstr(&w, digest_print(&digest, &a->digest));
	json_string(&w, a->repository);
	json_string(&w, a->tag);
	json_string(&w, a->mime_type);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	base64_encode(buf_slice(&text), BASE64_URL, out);
	return buf_check(out, "the id of a scan", err);
}

bool harbor_id_parse(struct slice id, struct arena *arena, struct harbor_artifact *out)
{
	struct slice *const parts[] = { &out->repository, &out->tag, &out->mime_type };
	struct err ignored = ERR_INIT;
	struct json_doc AUTO(json_doc_free) doc = { NULL, NULL };
	struct slice text;

	if (!base64_decode(id, BASE64_URL | BASE64_BARE, arena, &text) ||
	    json_parse(text, &limits_default, &doc, &ignored) != STATUS_OK || yyjson_arr_size(doc.root) != 4 ||
	    digest_read(json_str(yyjson_arr_get(doc.root, 0)), &out->digest, &ignored) != STATUS_OK)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (!arena_copy(arena, json_str(yyjson_arr_get(doc.root, i + 1)), parts[i]))
			return false;
	return true;
}

/* ---- the manifest ---- */

enum status harbor_layers(struct slice manifest, struct arena *arena, struct digest **out, size_t *out_n,
			  struct err *err)
{
	struct json_doc AUTO(json_doc_free) doc = { NULL, NULL };
	yyjson_val *layers, *layer;
	struct slice config;
	size_t i, n;

	TRY(json_parse(manifest, &limits_default, &doc, err));
	layers = json_get(doc.root, "layers");
	config = json_get_str(json_get(doc.root, "config"), "mediaType");
	if (json_get(doc.root, "manifests"))
		return err_set(err, STATUS_UNSUPPORTED, "it is a list of images; ask for one of them");
	if (!slice_eq(config, SLICE("application/vnd.oci.image.config.v1+json")) &&
	    !slice_eq(config, SLICE("application/vnd.docker.container.image.v1+json")))
		return err_set(err, STATUS_UNSUPPORTED, "it is no image of a container");
	if (!yyjson_is_arr(layers) || yyjson_arr_size(layers) == 0 || yyjson_arr_size(layers) > LAYERS_MAX)
		return err_set(err, STATUS_MALFORMED, "the manifest has no list of 1 to %d layers", LAYERS_MAX);
	*out = arena_array(arena, yyjson_arr_size(layers), sizeof(**out));
	if (!*out)
		return err_nomem(err, "layers");
	yyjson_arr_foreach(layers, i, n, layer) TRY(digest_read(json_get_str(layer, "digest"), &(*out)[i], err));
	*out_n = yyjson_arr_size(layers);
	return STATUS_OK;
}

static enum status on_body(void *ctx, struct slice bytes, struct err *err)
{
	buf_add(ctx, bytes);
	return buf_check(ctx, "a manifest", err);
}

static enum status fetch_manifest(struct job *j, struct buf *out, struct err *err)
{
	const struct harbor_scan *s = &j->scan;
	struct http_field headers[] = { { SLICE("Accept"), slice_cstr(accepted_types) },
					{ SLICE("Authorization"), s->authorization } };
	struct http_transfer t = { .headers = headers,
				   .n_headers = s->authorization.len > 0 ? 2 : 1,
				   .max_bytes = MANIFEST_BYTES,
				   .body = on_body,
				   .ctx = out,
				   .stop = &j->harbor->stopping };
	struct http_transferred done;
	struct digest_text text;
	struct digest came;

	if (!arena_printf(&j->arena, &t.url, "%.*s/v2/%.*s/manifests/%s", SLICE_ARG(s->registry),
			  SLICE_ARG(s->artifact.repository), digest_print(&text, &s->artifact.digest)))
		return err_nomem(err, "a URL");
	TRY(http_client_get(j->harbor->http, &t, &done, err));
	TRY(digest_of(s->artifact.digest.algo, buf_slice(out), &came, err));
	if (!digest_eq(&came, &s->artifact.digest))
		return err_set(err, STATUS_MISMATCH, "the registry sent another manifest than it asked to scan");
	return STATUS_OK;
}

static enum status put_layers(struct job *j, struct slice text, struct posted_manifest *out, struct err *err)
{
	const struct harbor_scan *s = &j->scan;
	struct posted_header *header = arena_array(&j->arena, 1, sizeof(*header));
	struct posted_layer *layers;
	struct digest_text digest;
	struct digest *digests;
	size_t n;

	TRY(harbor_layers(text, &j->arena, &digests, &n, err));
	layers = arena_array(&j->arena, n, sizeof(*layers));
	if (!layers || !header)
		return err_nomem(err, "layers");
	*header = (struct posted_header){ SLICE("Authorization"), s->authorization };
	for (size_t i = 0; i < n; i++) {
		layers[i] = (struct posted_layer){ .digest = digests[i],
						   .headers = header,
						   .n_headers = s->authorization.len > 0 };
		if (!arena_printf(&j->arena, &layers[i].uri, "%.*s/v2/%.*s/blobs/%s", SLICE_ARG(s->registry),
				  SLICE_ARG(s->artifact.repository), digest_print(&digest, &digests[i])))
			return err_nomem(err, "a URL");
	}
	*out = (struct posted_manifest){ s->artifact.digest, layers, n };
	return STATUS_OK;
}

static bool is_stopping(void *ctx)
{
	return ((struct harbor *)ctx)->stopping;
}

static enum status index_it(struct job *j, const struct posted_manifest *m, struct err *err)
{
	struct indexer_answer answer;
	enum status st;

	while ((st = indexer_post(j->harbor->indexer, m, is_stopping, j->harbor, &j->arena, &answer, err)) ==
		       STATUS_LIMIT &&
	       !j->harbor->stopping)
		nanosleep(&(struct timespec){ .tv_nsec = AGAIN_MS * 1000000L }, NULL);
	if (st == STATUS_OK && answer.result != INDEXER_FINISHED)
		return err_set(err, STATUS_REMOTE, "%.*s", SLICE_ARG(answer.error));
	return st;
}

static enum status scan(struct job *j, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(MANIFEST_BYTES);
	struct posted_manifest manifest;

	TRY(fetch_manifest(j, &text, err));
	TRY(put_layers(j, buf_slice(&text), &manifest, err));
	return index_it(j, &manifest, err);
}

/* ---- jobs ---- */

static void job_free(struct job *j)
{
	arena_fini(&j->arena);
	free(j);
}

/* What follows is with the lock held. */

static struct bucket *bucket_of(const struct harbor *h, const struct digest *image)
{
	/* The first bytes, which every kind of digest has. */
	return &h->buckets[slice_hash(slice_make(image->bytes, 32), 0) % BUCKETS];
}

static void forget(struct harbor *h, struct job *j)
{
	struct job **at = &bucket_of(h, &j->scan.artifact.digest)->at_work;

	while (*at && *at != j)
		at = &(*at)->next;
	if (*at)
		*at = j->next;
}

static bool is_at_work(const struct harbor *h, const struct digest *image)
{
	for (const struct job *j = bucket_of(h, image)->at_work; j; j = j->next)
		if (digest_eq(&j->scan.artifact.digest, image))
			return true;
	return false;
}

/* The latest of an image; NULL: none is known. */
static struct failure *find_failure(const struct harbor *h, const struct digest *image)
{
	for (size_t i = bucket_of(h, image)->failures; i > 0; i = h->failures[i - 1].next)
		if (digest_eq(&h->failures[i - 1].image, image))
			return &h->failures[i - 1];
	return NULL;
}

/* Out of its bucket; one that was never filled is in none. */
static void drop_failure(struct harbor *h, size_t number)
{
	size_t *at = &bucket_of(h, &h->failures[number].image)->failures;

	while (*at > 0 && *at != number + 1)
		at = &h->failures[*at - 1].next;
	if (*at > 0)
		*at = h->failures[number].next;
}

static void put_failure(struct harbor *h, const struct digest *image, const struct err *err)
{
	size_t number = h->next_failure++ % FAILURES;
	struct failure *f = &h->failures[number];
	struct bucket *b = bucket_of(h, image);

	drop_failure(h, number);
	*f = (struct failure){ .image = *image, .when_s = date_now(), .next = b->failures };
	snprintf(f->why, sizeof(f->why), "%.*s", (int)sizeof(f->why) - 1, err->msg);
	b->failures = number + 1;
}

static void finish(struct harbor *h, struct job *j, enum status st, const struct err *err)
{
	pthread_mutex_lock(&h->mutex);
	forget(h, j);
	if (st != STATUS_OK && st != STATUS_CANCELLED && !h->stopping)
		put_failure(h, &j->scan.artifact.digest, err);
	pthread_mutex_unlock(&h->mutex);
	job_free(j);
}

static void run(struct pool_job *pool_job)
{
	struct job *j = (struct job *)pool_job;
	struct err err = ERR_INIT;
	enum status st = j->harbor->stopping ? STATUS_CANCELLED : scan(j, &err);

	finish(j->harbor, j, st, &err);
}

static struct job *job_new(struct harbor *h, const struct harbor_scan *scan)
{
	struct job *j = calloc(1, sizeof(*j));
	struct harbor_scan *s;

	if (!j)
		return NULL;
	*j = (struct job){ .job = { .run = run }, .harbor = h, .arena = ARENA_INIT((size_t)16 << 20) };
	s = &j->scan;
	s->artifact.digest = scan->artifact.digest;
	if (arena_copy(&j->arena, scan->artifact.repository, &s->artifact.repository) &&
	    arena_copy(&j->arena, scan->registry, &s->registry) &&
	    arena_copy(&j->arena, scan->authorization, &s->authorization))
		return j;
	job_free(j);
	return NULL;
}

enum status harbor_begin(struct harbor *h, const struct harbor_scan *scan, struct err *err)
{
	struct job *j = job_new(h, scan);
	struct failure *f;
	bool known, taken = false;

	if (!j)
		return err_nomem(err, "a scan");
	pthread_mutex_lock(&h->mutex);
	known = is_at_work(h, &scan->artifact.digest);
	while ((f = find_failure(h, &scan->artifact.digest)) != NULL) {
		drop_failure(h, (size_t)(f - h->failures));
		*f = (struct failure){ .when_s = 0 };
	}
	if (!known && !h->stopping) {
		struct bucket *b = bucket_of(h, &scan->artifact.digest);

		j->next = b->at_work;
		b->at_work = j;
		taken = pool_submit(h->pool, &j->job);
		if (!taken)
			forget(h, j);
	}
	pthread_mutex_unlock(&h->mutex);
	if (!taken)
		job_free(j);
	return taken || known ? STATUS_OK : err_set(err, STATUS_LIMIT, "%d scans wait already", QUEUE);
}

enum harbor_state harbor_look(struct harbor *h, const struct digest *image, struct arena *arena, struct slice *why)
{
	enum harbor_state state = HARBOR_UNKNOWN;
	const struct failure *f;

	pthread_mutex_lock(&h->mutex);
	f = find_failure(h, image);
	if (is_at_work(h, image))
		state = HARBOR_AT_WORK;
	else if (f && f->when_s > date_now() - FAILURE_S && arena_copy(arena, slice_cstr(f->why), why))
		state = HARBOR_FAILED;
	pthread_mutex_unlock(&h->mutex);
	return state;
}

/* ---- all of it ---- */

struct harbor *harbor_new(struct indexer *indexer, struct http_client *http)
{
	struct harbor *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->indexer = indexer;
	h->http = http;
	h->buckets = calloc(BUCKETS, sizeof(*h->buckets));
	h->failures = calloc(FAILURES, sizeof(*h->failures));
	h->pool = pool_new(THREADS, QUEUE, STACK_BYTES);
	if (h->buckets && h->failures && h->pool && pthread_mutex_init(&h->mutex, NULL) == 0)
		return h;
	pool_free(h->pool);
	free(h->failures);
	free(h->buckets);
	free(h);
	return NULL;
}

void harbor_stop(struct harbor *h)
{
	if (h)
		h->stopping = true;
}

void harbor_free(struct harbor *h)
{
	if (!h)
		return;
	pool_free(h->pool);
	pthread_mutex_destroy(&h->mutex);
	free(h->failures);
	free(h->buckets);
	free(h);
}
