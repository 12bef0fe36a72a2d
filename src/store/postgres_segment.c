/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_segment.c - files of segments on their way from the node that made them to the others. */
#include "store/postgres_impl.h"

#include "io/file.h"

#include <endian.h>
#include <errno.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)
/* A large segment over a slow line is one statement. */
#define COPY_TIMEOUT "SET LOCAL statement_timeout TO '10min'"
/* Put, and not named yet: its operation is about to be published. */
#define YOUNG_S 3600

/* ---- putting ---- */

static enum status check_digest(struct slice bytes, const struct digest *want, const char *path, struct err *err)
{
	struct digest got;

	TRY(digest_of(want->algo, bytes, &got, err));
	return digest_eq(&got, want) ? STATUS_OK : err_set(err, STATUS_MISMATCH, "%s is not what its name says", path);
}

/* It is there already: as good as new, so that it is not collected before it is named. */
static enum status is_there(struct store *s, const struct digest *digest, bool *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint8_t packed[STORE_DIGEST_BYTES];

	pg_digest(&args, digest, packed);
	pg_number(&args, s->now());
	TRY(pg_call(s, "UPDATE segment SET put = $2 WHERE digest = $1", &args, &r, err));
	*out = pg_changed(r) > 0;
	return STATUS_OK;
}

static void add_big32(struct buf *b, uint32_t v)
{
	uint32_t big = htobe32(v);

	buf_add(b, slice_make(&big, sizeof(big)));
}

/* A row of binary COPY: the number of fields, each with its length before it. */
static enum status put_piece(struct store *s, struct slice digest, uint64_t n, struct slice piece, struct err *err)
{
	struct buf AUTO(buf_fini) head = BUF_INIT(256);
	uint64_t big = htobe64(n);

	buf_add(&head, SLICE("\0\3"));
	add_big32(&head, (uint32_t)digest.len);
	buf_add(&head, digest);
	add_big32(&head, sizeof(big));
	buf_add(&head, slice_make(&big, sizeof(big)));
	add_big32(&head, (uint32_t)piece.len);
	TRY(buf_check(&head, "segment", err));
	TRY(pg_copy_put(s, buf_slice(&head), err));
	return pg_copy_put(s, piece, err);
}

static enum status copy_pieces(struct store *s, struct slice digest, struct slice bytes, struct err *err)
{
	/* The signature, flags, and the length of what may follow in later versions; two bytes of ones at the end. */
	static const struct slice head = SLICE_INIT("PGCOPY\n\377\r\n\0"
						    "\0\0\0\0"
						    "\0\0\0\0"),
				  tail = SLICE_INIT("\377\377");

	TRY(pg_copy_begin(s, "COPY segment_piece (digest, n, bytes) FROM STDIN (FORMAT binary)", err));
	TRY(pg_copy_put(s, head, err));
	for (uint64_t n = 0; bytes.len > 0; n++, bytes = slice_from(bytes, PIECE_BYTES))
		TRY(put_piece(s, digest, n, slice_take(bytes, PIECE_BYTES), err));
	TRY(pg_copy_put(s, tail, err));
	return pg_copy_end(s, err);
}

static enum status put(struct store *s, const struct digest *digest, struct slice bytes, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint8_t packed[STORE_DIGEST_BYTES];

	pg_digest(&args, digest, packed);
	pg_number(&args, (int64_t)bytes.len);
	pg_number(&args, (int64_t)((bytes.len + PIECE_BYTES - 1) / PIECE_BYTES));
	pg_number(&args, s->now());
	TRY(pg_begin(s, err));
	TRY(pg_script(s, COPY_TIMEOUT, s->statement_ms, err));
	/* Who puts the same one waits here for the other. */
	TRY(pg_call(s,
		    "INSERT INTO segment (digest, bytes, pieces, put) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		    &args, &r, err));
	if (pg_changed(r) > 0)
		TRY(copy_pieces(s, slice_make(packed, (size_t)args.lengths[0]), bytes, err));
	return pg_commit(s, err);
}

enum status postgres_segment_put(struct store *s, const struct digest *digest, const char *path, struct err *err)
{
	struct file_map map;
	bool there = false;
	enum status st;

	TRY(pg_ready_to_write(s, err));
	if (access(path, R_OK) != 0)
		return errno == ENOENT ? err_set(err, STATUS_NOTFOUND, "there is no segment %s", path)
				       : err_errno(err, "cannot read %s", path);
	TRY(is_there(s, digest, &there, err));
	if (there)
		return STATUS_OK;
	TRY(file_map_open(path, &map, err));
	st = check_digest(map.bytes, digest, path, err);
	if (st == STATUS_OK)
		st = put(s, digest, map.bytes, err);
	if (st != STATUS_OK) {
		/* A COPY that was begun cannot be left but by its end. */
		if (s->conn && PQtransactionStatus(s->conn) == PQTRANS_ACTIVE)
			pg_drop(s);
		pg_rollback(s);
	}
	file_map_close(&map);
	return st;
}

/* ---- fetching ---- */

static enum status fetch_piece(struct store *s, struct slice digest, int64_t n, struct hasher *hasher,
			       struct file_writer *w, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_bytes(&args, digest);
	pg_number(&args, n);
	TRY(pg_read(s, "SELECT bytes FROM segment_piece WHERE digest = $1 AND n = $2", &args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_MISMATCH, "a piece of a segment is missing in the store");
	hasher_add(hasher, pg_slice(r, 0, 0));
	return file_writer_put(w, pg_slice(r, 0, 0), err);
}

static enum status fetch(struct store *s, struct slice packed, int64_t pieces, const struct digest *want,
			 struct hasher *hasher, struct file_writer *w, struct err *err)
{
	struct digest got;

	for (int64_t n = 0; n < pieces; n++)
		TRY(fetch_piece(s, packed, n, hasher, w, err));
	TRY(hasher_final(hasher, &got, err));
	return digest_eq(&got, want)
		       ? STATUS_OK
		       : err_set(err, STATUS_MISMATCH, "a segment in the store is not what its name says");
}

static enum status fetch_to(struct store *s, const struct digest *digest, struct slice packed, int64_t pieces,
			    const char *path, struct err *err)
{
	struct hasher *hasher = hasher_new(digest->algo);
	struct file_writer *w = NULL;
	enum status st;

	if (!hasher)
		return err_nomem(err, "segment");
	st = file_writer_open(path, &w, err);
	if (st == STATUS_OK)
		st = fetch(s, packed, pieces, digest, hasher, w, err);
	hasher_free(hasher);
	if (st == STATUS_OK)
		return file_writer_commit(w, NULL, err);
	file_writer_abort(w);
	return st;
}

enum status postgres_segment_fetch(struct store *s, const struct digest *digest, const char *path, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint8_t packed[STORE_DIGEST_BYTES];
	struct digest_text text;

	if (access(path, R_OK) == 0)
		return STATUS_OK;
	pg_digest(&args, digest, packed);
	TRY(pg_read(s, "SELECT pieces FROM segment WHERE digest = $1", &args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "there is no segment %s in the store",
			       digest_print(&text, digest));
	return fetch_to(s, digest, slice_make(packed, (size_t)args.lengths[0]), pg_int(r, 0, 0), path, err);
}

enum status postgres_segments_gc(struct store *s, uint64_t *out_dropped, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, s->now() - YOUNG_S);
	TRY(pg_call(s,
		    "DELETE FROM segment AS x WHERE put < $1 AND NOT EXISTS (SELECT 1 FROM source WHERE segment = "
		    "x.digest) AND NOT EXISTS (SELECT 1 FROM update_operation WHERE segment = x.digest)",
		    &args, &r, err));
	*out_dropped = pg_changed(r);
	return STATUS_OK;
}
