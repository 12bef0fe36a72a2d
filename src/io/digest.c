/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - SHA-256 and SHA-512 by OpenSSL, as values, on the way of a stream, and in a thread of their own. */
#include "io/digest.h"

/*
 * The functions themselves, not EVP, which finds them by name among providers: its start alone takes as long as
 * matching 300 packages (docs/adr/0018-sha-without-evp.md).
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>

static const struct {
	const char *prefix;
	size_t len;
} algos[] = {
	[DIGEST_NONE] = { "", 0 },
	[DIGEST_SHA256] = { "sha256:", 32 },
	[DIGEST_SHA512] = { "sha512:", 64 },
};

bool digest_parse(struct slice s, struct digest *out)
{
	for (size_t a = DIGEST_SHA256; a < ARRAY_LEN(algos); a++) {
		struct digest d = { .algo = (enum digest_algo)a };
		struct slice hex = slice_from(s, strlen(algos[a].prefix));

		if (!slice_starts(s, slice_cstr(algos[a].prefix)) || hex.len != 2 * algos[a].len)
			continue;
		for (size_t i = 0; i < hex.len; i++) {
			int v = hex_value(hex.ptr[i]);

			if (v < 0)
				return false;
			d.bytes[i / 2] = (uint8_t)(d.bytes[i / 2] << 4 | v);
		}
		*out = d;
		return true;
	}
	return false;
}

enum status digest_read(struct slice s, struct digest *out, struct err *err)
{
	struct slice algo, hex;
	struct err_quote q;
	bool known, good;

	if (digest_parse(s, out))
		return STATUS_OK;
	if (!slice_cut(s, ':', &algo, &hex))
		return err_set(err, STATUS_INVALID, "invalid digest format");
	good = hex.len % 2 == 0;
	for (size_t i = 0; i < hex.len && good; i++)
		good = hex_value(hex.ptr[i]) >= 0;
	if (!good)
		return err_set(err, STATUS_INVALID, "unable to decode digest as hex");
	known = slice_eq(algo, SLICE("sha256")) || slice_eq(algo, SLICE("sha512"));
	if (known)
		return err_set(err, STATUS_INVALID, "bad checksum length: %zu", hex.len / 2);
	/* The spelling is Clair's. */
	return err_set(err, STATUS_INVALID, "unknown algorthm \"%s\"", err_slice(&q, algo));
}

const char *digest_print(struct digest_text *t, const struct digest *d)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = strlen(algos[d->algo].prefix);

	memcpy(t->text, algos[d->algo].prefix, at);
	for (size_t i = 0; i < algos[d->algo].len; i++) {
		t->text[at++] = hex[d->bytes[i] >> 4];
		t->text[at++] = hex[d->bytes[i] & 15];
	}
	t->text[at] = '\0';
	return t->text;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return a->algo == b->algo && memcmp(a->bytes, b->bytes, algos[a->algo].len) == 0;
}

struct hasher {
	union {
		SHA256_CTX sha256;
		SHA512_CTX sha512;
	} state;
	enum digest_algo algo;
	bool failed;
};

void hasher_free(struct hasher *h)
{
	free(h);
}

struct hasher *hasher_new(enum digest_algo algo)
{
	struct hasher *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->algo = algo;
	if (algo == DIGEST_SHA256 ? SHA256_Init(&h->state.sha256) == 1
				  : algo == DIGEST_SHA512 && SHA512_Init(&h->state.sha512) == 1)
		return h;
	free(h);
	return NULL;
}

void hasher_add(struct hasher *h, struct slice bytes)
{
	if (bytes.len == 0)
		return;
	if ((h->algo == DIGEST_SHA256 ? SHA256_Update(&h->state.sha256, bytes.ptr, bytes.len)
				      : SHA512_Update(&h->state.sha512, bytes.ptr, bytes.len)) != 1)
		h->failed = true;
}

enum status hasher_final(struct hasher *h, struct digest *out, struct err *err)
{
	struct digest d = { .algo = h->algo };

	if (h->failed || (h->algo == DIGEST_SHA256 ? SHA256_Final(d.bytes, &h->state.sha256)
						   : SHA512_Final(d.bytes, &h->state.sha512)) != 1)
		return err_set(err, STATUS_BUG, "the digest library failed");
	*out = d;
	return STATUS_OK;
}

enum status digest_of(enum digest_algo algo, struct slice bytes, struct digest *out, struct err *err)
{
	struct hasher *h = hasher_new(algo);
	enum status st;

	if (!h)
		return err_nomem(err, "digest");
	hasher_add(h, bytes);
	st = hasher_final(h, out, err);
	hasher_free(h);
	return st;
}

struct digest_stream {
	struct source base;
	struct source *inner; /* owned */
	struct hasher *hasher; /* owned */
	bool ended;
};

static enum status stream_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct digest_stream *d = (struct digest_stream *)s;

	TRY(source_read(d->inner, buf, cap, out_n, err));
	hasher_add(d->hasher, slice_make(buf, *out_n));
	d->ended = *out_n == 0;
	return STATUS_OK;
}

static void stream_close(struct source *s)
{
	struct digest_stream *d = (struct digest_stream *)s;

	source_free(d->inner);
	hasher_free(d->hasher);
	free(d);
}

struct source *digest_source(struct source *inner, enum digest_algo algo)
{
	static const struct source_ops ops = { stream_read, stream_close };
	struct digest_stream *d = calloc(1, sizeof(*d));

	if (d) {
		d->base.ops = &ops;
		d->inner = inner;
		d->hasher = hasher_new(algo);
		if (d->hasher)
			return &d->base;
	}
	free(d);
	source_free(inner);
	return NULL;
}

enum status digest_source_result(struct source *s, struct digest *out, struct err *err)
{
	struct digest_stream *d = (struct digest_stream *)s;

	if (!d->ended)
		return err_set(err, STATUS_BUG, "a digest was asked for before the stream had ended");
	return hasher_final(d->hasher, out, err);
}

struct digest_job {
	pthread_t thread;
	bool started;
	struct source *source; /* owned */
	struct hasher *hasher; /* owned */
	enum status failed;
	struct err err;
};

static void *run_job(void *arg)
{
	struct digest_job *job = arg;
	uint8_t *buf = malloc((size_t)256 << 10);
	size_t n;

	if (!buf) {
		job->failed = err_nomem(&job->err, "digest");
		return NULL;
	}
	do {
		job->failed = source_read(job->source, buf, (size_t)256 << 10, &n, &job->err);
		if (job->failed == STATUS_OK)
			hasher_add(job->hasher, slice_make(buf, n));
	} while (job->failed == STATUS_OK && n > 0);
	free(buf);
	return NULL;
}

struct digest_job *digest_job_start(int fd, uint64_t offset, uint64_t len, enum digest_algo algo)
{
	struct digest_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->err = (struct err)ERR_INIT;
	job->source = source_from_fd(fd, offset, len);
	job->hasher = hasher_new(algo);
	if (!job->source || !job->hasher) {
		source_free(job->source);
		hasher_free(job->hasher);
		free(job);
		return NULL;
	}
	/* Without a thread the work is done here. */
	job->started = pthread_create(&job->thread, NULL, run_job, job) == 0;
	if (!job->started)
		run_job(job);
	return job;
}

enum status digest_job_wait(struct digest_job *job, struct digest *out, struct err *err)
{
	enum status st;

	if (job->started)
		pthread_join(job->thread, NULL);
	st = job->failed;
	if (st == STATUS_OK)
		st = hasher_final(job->hasher, out, err);
	else
		*err = job->err;
	source_free(job->source);
	hasher_free(job->hasher);
	free(job);
	return st;
}
