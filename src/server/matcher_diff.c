/* SPDX-License-Identifier: Apache-2.0 */
/*
 * matcher_diff.c - update_diff: what an update operation added to the one before and removed from it.
 *
 * A diff may have every advisory of a source. It is written to a file without a name and sent from its mapping, so that
 * memory does not grow with it.
 */
#include "io/file.h"
#include "model/clair_vulnerability.h"
#include "segment/segment.h"
#include "server/handler.h"
#include "server/matcher_v1.h"
#include "service/matcher.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_WAIT_MS 10000u
#define FLUSH_BYTES ((size_t)256 << 10)
/* A diff of all of OSV's npm records has some 400 MB. */
#define DIFF_BYTES ((uint64_t)2 << 30)

/* One side: an operation and its segment; both NULL for the side that is not there. */
struct side {
	struct store_operation op;
	struct segment *segment; /* owned */
	bool given;
};

struct diff {
	struct server_context *ctx;
	const struct request *req;
	struct side prev, cur;
	int fd; /* owned */
	struct buf text;
	struct json_writer w;
	uint64_t written, next_id;
	enum segment_change wanted;
	bool any; /* a row of the wanted kind was written */
	struct segment_bodies bodies;
	struct arena row, scratch;
};

static void diff_fini(struct diff *d)
{
	segment_free(d->prev.segment);
	segment_free(d->cur.segment);
	if (d->fd >= 0)
		close(d->fd);
	buf_fini(&d->text);
	segment_bodies_fini(&d->bodies);
	arena_fini(&d->row);
	arena_fini(&d->scratch);
}

static enum status flush(struct diff *d, size_t at_least, struct err *err)
{
	TRY(buf_check(&d->text, "the difference", err));
	if (d->text.len < at_least)
		return STATUS_OK;
	d->written += d->text.len;
	if (d->written > DIFF_BYTES)
		return err_set(err, STATUS_LIMIT, "the difference has more than %llu bytes",
			       (unsigned long long)DIFF_BYTES);
	TRY(file_write_all(d->fd, buf_slice(&d->text), err));
	buf_reset(&d->text);
	return STATUS_OK;
}

/* ---- rows ---- */

/* "Not affected" and "not decided" are no vulnerabilities for Clair. */
static enum status put_row(void *ctx, enum segment_change change, const struct segment *s, uint32_t number,
			   struct err *err)
{
	struct diff *d = ctx;
	struct distribution distribution;
	struct advisory body;
	struct affected row;
	struct clair_vulnerability v;
	uint32_t advisory;
	char id[24];

	if (change != d->wanted)
		return STATUS_OK;
	if (request_gone(d->req))
		return err_set(err, STATUS_CANCELLED, "the client has gone");
	arena_reset(&d->row);
	TRY(segment_row(s, number, &d->row, &row, &advisory, err));
	if (row.status != AFFECTED_YES)
		return STATUS_OK;
	TRY(segment_bodies_get(&d->bodies, s, advisory, &body, err));
	snprintf(id, sizeof(id), "%llu", (unsigned long long)++d->next_id);
	v = (struct clair_vulnerability){ .id = id,
					  .updater = segment_get_meta(s)->source,
					  .advisory = &body,
					  .row = &row,
					  .severity = clair_row_severity(&body, &row),
					  .fix = affected_offered_fix(&row),
					  .type = clair_scope_language(row.scope),
					  .exact = true };
	if (v.type == PACKAGE_NONE && distribution_of_scope(row.scope, &distribution))
		v.distribution = &distribution;
	if (!d->any)
		json_array(&d->w);
	d->any = true;
	arena_reset(&d->scratch);
	TRY(clair_put_vulnerability(&d->w, &v, &d->scratch, err));
	return flush(d, FLUSH_BYTES, err);
}

/* Every row of a segment alone. */
static enum status put_all(struct diff *d, const struct segment *s, struct err *err)
{
	for (uint64_t i = 0; i < segment_get_stats(s)->rows; i++)
		TRY(put_row(d, d->wanted, s, (uint32_t)i, err));
	return STATUS_OK;
}

static enum status put_list(struct diff *d, const char *key, enum segment_change wanted, struct err *err)
{
	struct segment_diff_sink sink = { put_row, d };

	json_key(&d->w, key);
	d->wanted = wanted;
	d->any = false;
	if (d->prev.segment && d->cur.segment)
		TRY(segment_diff(d->prev.segment, d->cur.segment, &sink, err));
	else if (d->cur.segment && wanted == SEGMENT_ADDED)
		TRY(put_all(d, d->cur.segment, err));
	if (d->any)
		json_close(&d->w);
	else
		json_null(&d->w);
	return STATUS_OK;
}

static enum status put_document(struct diff *d, struct err *err)
{
	json_writer_init(&d->w, &d->text, 0);
	d->w.html_escape = true;
	json_object(&d->w);
	json_key(&d->w, "prev");
	matcher_put_operation(&d->w, &d->prev.op);
	json_key(&d->w, "cur");
	matcher_put_operation(&d->w, &d->cur.op);
	TRY(put_list(d, "added", SEGMENT_ADDED, err));
	TRY(put_list(d, "removed", SEGMENT_REMOVED, err));
	json_close(&d->w);
	TRY(json_writer_end(&d->w, err));
	return flush(d, 1, err);
}

/* ---- where it comes from and goes to ---- */

static enum status find(struct diff *d, struct side *side, const uint8_t uuid[16], struct err *err)
{
	static const uint8_t nil[16];
	struct uuid_text ref;
	struct store *s;
	enum status st;

	memcpy(side->op.ref, uuid_print(&ref, uuid), sizeof(side->op.ref));
	side->op.date_s = DATE_NONE;
	if (!side->given || (side == &d->prev && memcmp(uuid, nil, sizeof(nil)) == 0))
		return STATUS_OK;
	TRY(store_pool_take(d->ctx->matcher_store, STORE_WAIT_MS, &s, err));
	st = store_operation_get(s, slice_cstr(ref.text), d->req->arena, &side->op, err);
	store_pool_give(d->ctx->matcher_store, s);
	if (st == STATUS_NOTFOUND)
		return err_set(err, STATUS_NOTFOUND, "operation %s does not exist", ref.text);
	if (st == STATUS_OK && side->op.segment.algo != DIGEST_NONE)
		st = matcher_segment(d->ctx->matcher, &side->op.segment, &side->segment, err);
	return st;
}

static void unmap(void *mapping)
{
	struct slice *bytes = mapping;

	munmap((void *)(uintptr_t)bytes->ptr, bytes->len);
	free(bytes);
}

static enum status send(struct diff *d, struct response *resp, struct err *err)
{
	struct slice *bytes = malloc(sizeof(*bytes));
	void *mapping = bytes ? mmap(NULL, d->written, PROT_READ, MAP_PRIVATE, d->fd, 0) : MAP_FAILED;

	if (mapping == MAP_FAILED) {
		free(bytes);
		return err_nomem(err, "the difference");
	}
	*bytes = slice_make(mapping, d->written);
	response_content_type(resp, "application/json");
	response_shared(resp, *bytes, unmap, bytes);
	return STATUS_OK;
}

static enum status make(struct diff *d, const uint8_t prev[16], const uint8_t cur[16], struct response *resp,
			struct err *err)
{
	TRY(find(d, &d->prev, prev, err));
	TRY(find(d, &d->cur, cur, err));
	d->fd = matcher_temporary(d->ctx->matcher, err);
	if (d->fd < 0)
		return err->code;
	TRY(put_document(d, err));
	return send(d, resp, err);
}

static bool get_uuid(const struct request *req, const char *name, uint8_t out[16], bool *given)
{
	struct slice text = SLICE_EMPTY;

	memset(out, 0, 16);
	*given = request_query(req, name, &text) && text.len > 0;
	return !*given || uuid_parse(text, out);
}

enum status matcher_update_diff(struct server_context *ctx, const struct request *req, struct response *resp,
				struct err *err)
{
	struct diff AUTO(diff_fini) d = { .ctx = ctx,
					  .req = req,
					  .fd = -1,
					  .text = BUF_INIT((size_t)64 << 20),
					  .bodies = SEGMENT_BODIES_INIT,
					  .row = ARENA_INIT((size_t)64 << 20),
					  .scratch = ARENA_INIT((size_t)64 << 20) };
	uint8_t prev[16], cur[16];

	if (!get_uuid(req, "cur", cur, &d.cur.given))
		return response_error(resp, 400, "could not parse \"cur\" query param into uuid");
	if (!d.cur.given)
		return response_error(resp, 400, "\"cur\" query param is required");
	if (!get_uuid(req, "prev", prev, &d.prev.given))
		return response_error(resp, 400, "could not parse \"prev\" query param into uuid");
	if (make(&d, prev, cur, resp, err) == STATUS_OK)
		return STATUS_OK;
	if (err->code == STATUS_CANCELLED)
		return STATUS_CANCELLED;
	return response_error(resp, 500, "could not get update operations: %s", err->msg);
}
