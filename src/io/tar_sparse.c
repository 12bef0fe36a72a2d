/* SPDX-License-Identifier: Apache-2.0 */
/* tar_sparse.c - maps of files with holes, and the reading of such files. */
#include "io/tar_sparse.h"

#include "base/ckd.h"

#define BLOCK ((size_t)512)

void tar_sparse_fini(struct tar_sparse *s)
{
	buf_fini(&s->runs);
	buf_fini(&s->name);
}

void tar_sparse_reset(struct tar_sparse *s)
{
	buf_reset(&s->runs);
	buf_reset(&s->name);
	s->has_major = s->has_minor = s->has_size = s->half = false;
}

/* ---- maps ---- */

static size_t count(const struct tar_sparse *s)
{
	return s->runs.len / sizeof(struct tar_run);
}

static const struct tar_run *runs(const struct tar_sparse *s)
{
	return (const struct tar_run *)(const void *)s->runs.ptr;
}

static enum status malformed(uint64_t at, struct err *err)
{
	return err_at(err, STATUS_MALFORMED, at, "tar: the map of a file with holes is not valid");
}

/* Offsets and lengths come in turn. */
static enum status add_number(struct tar_sparse *s, uint64_t n, struct err *err)
{
	struct tar_run run = { n, 0 };

	if (!s->half)
		buf_add(&s->runs, slice_make(&run, sizeof(run)));
	else
		memcpy(s->runs.ptr + s->runs.len - sizeof(n), &n, sizeof(n));
	s->half = !s->half;
	return buf_check(&s->runs, "the map of a file with holes in a tar", err);
}

/* "0,512,1024,512" */
static enum status add_list(struct tar_sparse *s, struct slice list, uint64_t at, struct err *err)
{
	buf_reset(&s->runs);
	s->half = false;
	while (list.len > 0) {
		struct slice word;
		uint64_t n;

		slice_cut(list, ',', &word, &list);
		if (!slice_to_u64(word, &n))
			return malformed(at, err);
		TRY(add_number(s, n, err));
	}
	return STATUS_OK;
}

enum status tar_sparse_record(struct tar_sparse *s, struct slice key, struct slice value, uint64_t at, struct err *err)
{
	struct slice what = slice_from(key, strlen("GNU.sparse."));
	uint64_t n = 0;

	if (slice_eq(what, SLICE("name"))) {
		buf_reset(&s->name);
		buf_add(&s->name, value);
		return STATUS_OK;
	}
	if (slice_eq(what, SLICE("map")))
		return add_list(s, value, at, err);
	if (!slice_to_u64(value, &n))
		return malformed(at, err);
	if (slice_eq(what, SLICE("offset")) || slice_eq(what, SLICE("numbytes"))) {
		if (s->half != (what.ptr[0] == 'n'))
			return malformed(at, err);
		return add_number(s, n, err);
	}
	if (slice_eq(what, SLICE("size")) || slice_eq(what, SLICE("realsize"))) {
		s->has_size = true;
		s->size = n;
	} else if (slice_eq(what, SLICE("major"))) {
		s->has_major = true;
		s->major = n;
	} else if (slice_eq(what, SLICE("minor"))) {
		s->has_minor = true;
		s->minor = n;
	}
	return STATUS_OK;
}

static bool is_format_1(const struct tar_sparse *s)
{
	return s->has_major && s->has_minor && s->major == 1 && s->minor == 0;
}

bool tar_sparse_is_one(const struct tar_sparse *s)
{
	if (s->has_major || s->has_minor)
		return is_format_1(s) || (s->has_major && s->has_minor && s->major == 0 && s->minor <= 1);
	return s->runs.len > 0;
}

/* Decimal numbers, a line each, over the blocks of a body. */
struct number_reader {
	struct source *body;
	uint8_t block[BLOCK];
	size_t at;
	uint64_t bytes;
};

static enum status next_number(struct number_reader *r, uint64_t *out, struct err *err)
{
	uint64_t value = 0;
	unsigned digits = 0;

	for (;;) {
		uint8_t c;

		if (r->at == BLOCK) {
			if (r->bytes >= TAR_SPARSE_MAP_BYTES)
				return err_at(err, STATUS_LIMIT, r->body->pos,
					      "tar: the map of a file with holes is larger than %zu bytes",
					      TAR_SPARSE_MAP_BYTES);
			TRY(source_read_full(r->body, r->block, BLOCK, err));
			r->bytes += BLOCK;
			r->at = 0;
		}
		c = r->block[r->at++];
		if (c == '\n' && digits > 0)
			break;
		if (!is_digit(c) || ++digits > 19)
			return malformed(r->body->pos, err);
		value = value * 10 + (uint64_t)(c - '0'); /* 19 digits fit */
	}
	*out = value;
	return STATUS_OK;
}

enum status tar_sparse_take_map(struct tar_sparse *s, struct source *body, struct err *err)
{
	struct number_reader r = { .body = body, .at = BLOCK };
	uint64_t entries, n;

	if (!is_format_1(s))
		return STATUS_OK;
	buf_reset(&s->runs);
	s->half = false;
	TRY(next_number(&r, &entries, err));
	if (entries > TAR_SPARSE_MAP_BYTES)
		return malformed(body->pos, err);
	for (uint64_t i = 0; i < 2 * entries; i++) {
		TRY(next_number(&r, &n, err));
		TRY(add_number(s, n, err));
	}
	return STATUS_OK;
}

enum status tar_sparse_fields(struct tar_sparse *s, struct slice fields, uint64_t at, struct err *err)
{
	for (; fields.len >= 24 && fields.ptr[0] != 0; fields = slice_from(fields, 24)) {
		uint64_t offset, len;

		if (!tar_number(slice_take(fields, 12), &offset) ||
		    !tar_number(slice_take(slice_from(fields, 12), 12), &len))
			return malformed(at, err);
		TRY(add_number(s, offset, err));
		TRY(add_number(s, len, err));
	}
	return STATUS_OK;
}

enum status tar_sparse_check(const struct tar_sparse *s, uint64_t stored, uint64_t at, struct err *err)
{
	uint64_t end = 0, data = 0;

	if (!s->has_size || s->size > INT64_MAX || s->half)
		return malformed(at, err);
	for (size_t i = 0; i < count(s); i++) {
		const struct tar_run *run = &runs(s)[i];

		if (run->at < end || CKD_ADD(&end, run->at, run->len) || end > s->size)
			return malformed(at, err);
		data += run->len; /* at most the size of the file */
	}
	return data == stored ? STATUS_OK : malformed(at, err);
}

/* ---- reading ---- */

/* Bytes from pos, which never goes back, to the next change of kind, and which kind they are of. */
static uint64_t same_kind(struct tar_sparse_source *s, uint64_t pos, bool *out_hole)
{
	const struct tar_run *run;

	while (s->run < count(s->map) && pos >= runs(s->map)[s->run].at + runs(s->map)[s->run].len)
		s->run++;
	*out_hole = true;
	if (s->run == count(s->map))
		return s->map->size - pos;
	run = &runs(s->map)[s->run];
	if (pos < run->at)
		return run->at - pos;
	*out_hole = false;
	return run->at + run->len - pos;
}

static enum status sparse_read(struct source *source, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct tar_sparse_source *s = (struct tar_sparse_source *)source;
	bool hole;
	uint64_t n = same_kind(s, source->pos, &hole);

	n = MIN(n, (uint64_t)cap);
	*out_n = (size_t)n;
	if (n == 0)
		return STATUS_OK;
	if (!hole) {
		TRY(source_read(s->data, buf, (size_t)n, out_n, err));
		if (*out_n == 0)
			return err_at(err, STATUS_BUG, source->pos,
				      "tar: a file with holes has less data than its map");
		return STATUS_OK;
	}
	if (n > *s->zeros_left)
		return err_at(err, STATUS_LIMIT, source->pos, "tar: more zeros in holes than limits.layer_bytes");
	*s->zeros_left -= n;
	memset(buf, 0, (size_t)n);
	return STATUS_OK;
}

static uint64_t sparse_advance(struct source *source, uint64_t n)
{
	struct tar_sparse_source *s = (struct tar_sparse_source *)source;
	uint64_t done = 0, step, passed;
	bool hole;

	do {
		step = MIN(n - done, same_kind(s, source->pos + done, &hole));
		passed = hole ? step : source_advance(s->data, step);
		done += passed;
	} while (step > 0 && passed == step);
	return done;
}

static void sparse_close(struct source *source)
{
	(void)source; /* lives on the walker's stack */
}

void tar_sparse_open(struct tar_sparse_source *out, const struct tar_sparse *map, struct source *data,
		     uint64_t *zeros_left)
{
	static const struct source_ops ops = { sparse_read, sparse_close };

	*out = (struct tar_sparse_source){
		.base = { .ops = &ops, .advance = sparse_advance }, .map = map, .data = data, .zeros_left = zeros_left
	};
}
