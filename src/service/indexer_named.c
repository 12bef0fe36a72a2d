/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indexer_named.c - layers of which only their place is known: fetched whole, since a report is kept by the digest of
 * what came, and then read as one that was pushed.
 */
#include "service/indexer_impl.h"

#include "base/date.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct named {
	struct indexer *indexer;
	int file;
	uint64_t bytes, deadline_ns;
	struct hasher *hasher;
};

static enum status on_body(void *ctx, struct slice bytes, struct err *err)
{
	struct named *n = ctx;

	if (date_monotonic_ns() > n->deadline_ns)
		return err_set(err, STATUS_TIMEOUT, "the layer did not come within %u s",
			       n->indexer->options.layer_timeout_s);
	hasher_add(n->hasher, bytes);
	n->bytes += bytes.len;
	return file_write_all(n->file, bytes, err);
}

static enum status fetch(struct named *n, const struct indexer_fetch *f, struct err *err)
{
	struct http_field *fields = calloc(f->n_headers + 1, sizeof(*fields));
	struct http_transfer t = { .url = f->uri,
				   .headers = fields,
				   .n_headers = f->n_headers,
				   .max_bytes = n->indexer->options.limits->layer_bytes,
				   .body = on_body,
				   .ctx = n,
				   .stop = &n->indexer->stop_all };
	struct http_transferred done;
	enum status st;

	if (!fields)
		return err_nomem(err, "headers");
	for (size_t i = 0; i < f->n_headers; i++)
		fields[i] = (struct http_field){ f->headers[i].name, f->headers[i].value };
	n->deadline_ns = date_monotonic_ns() + n->indexer->options.layer_timeout_s * UINT64_C(1000000000);
	st = http_client_get(n->indexer->options.http, &t, &done, err);
	free(fields);
	return st;
}

/* Without a name: it is gone with the process, whatever becomes of that. */
static int open_spool(const struct indexer *ix, const char *dir)
{
	return open(ix->push_dir ? ix->push_dir : dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static enum status fetch_and_read(struct named *n, const struct indexer_fetch *f, struct digest *out, bool *out_came,
				  struct err *err)
{
	n->hasher = hasher_new(DIGEST_SHA256);
	if (!n->hasher)
		return err_nomem(err, "a digest");
	TRY(fetch(n, f, err));
	*out_came = true;
	TRY(hasher_final(n->hasher, out, err));
	return pushed_file(n->indexer, out, n->file, n->bytes, err);
}

enum status indexer_fetch_layer(struct indexer *ix, const struct indexer_fetch *f, struct digest *out, bool *out_came,
				struct err *err)
{
	struct named n = { .indexer = ix, .file = open_spool(ix, f->dir) };
	enum status st;

	*out_came = false;
	if (n.file < 0) {
		/* That is not the client's fault. */
		*out_came = true;
		return err_errno(err, "a place for a layer in the data folder");
	}
	st = fetch_and_read(&n, f, out, out_came, err);
	hasher_free(n.hasher);
	close(n.file);
	return st;
}

enum status indexer_file_layer(struct indexer *ix, int fd, struct digest *out, struct err *err)
{
	struct source *s = source_from_fd(fd, 0, UINT64_MAX);
	struct source *digested = s ? digest_source(s, DIGEST_SHA256) : NULL;
	enum status st = digested ? source_drain(digested, err) : err_nomem(err, "a layer");

	if (st == STATUS_OK)
		st = digest_source_result(digested, out, err);
	source_free(digested);
	return st == STATUS_OK ? pushed_file(ix, out, fd, UINT64_MAX, err) : st;
}
