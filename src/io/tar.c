/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.c - walks a tar stream: ustar, pax, GNU and v7 headers.
 *
 * Sources: POSIX.1-2017 pax(1), "ustar Interchange Format" and "pax Extended Header"; the GNU tar manual, "Basic Tar
 * Format". Why not libarchive: docs/adr/0004-own-tar-reader.md.
 */
#include "io/tar.h"

#include "base/buf.h"
#include "base/ckd.h"
#include "io/tar_sparse.h"

#include <stdlib.h>

#define BLOCK ((size_t)512)
#define BUFFER_BYTES ((size_t)128 << 10)
/* One extended header (pax records, a GNU long name): names are at most limits.path_bytes, the rest is not used. */
#define EXTENSION_BYTES_MAX ((uint64_t)1 << 20)

/* Who has named a path: a later one of these wins, in whatever order they come. */
enum { BY_HEADER, BY_PAX, BY_GNU };

/* What extended headers said about the next entry. */
struct extension {
	struct buf path, link, scratch;
	unsigned path_by, link_by; /* BY_... */
	bool pending;		   /* something was said */
	bool has_size;
	uint64_t size;
	struct tar_sparse sparse;
};

struct walker {
	struct source *src; /* borrowed */
	const struct limits *limits;
	const struct diag_sink *diags;
	tar_visit_fn visit;
	void *ctx;
	uint8_t *buf; /* owned, BUFFER_BYTES */
	size_t at, len;
	bool src_ended;
	uint64_t offset; /* of buf[at] in the tar stream */
	uint64_t entries;
	uint64_t zeros_left; /* of holes, that may be read */
	struct extension ext;
	struct buf path, link; /* normalised */
};

struct body_source {
	struct source base;
	struct walker *w;
	uint64_t left;
};

/* ---- the buffered stream ---- */

/* At least `want` (<= BUFFER_BYTES) bytes from buf[at], or as many as the stream has left. */
static enum status fill(struct walker *w, size_t want, struct err *err)
{
	if (w->len - w->at >= want)
		return STATUS_OK;
	memmove(w->buf, w->buf + w->at, w->len - w->at);
	w->len -= w->at;
	w->at = 0;
	while (w->len < want && !w->src_ended) {
		size_t n;

		TRY(source_read(w->src, w->buf + w->len, BUFFER_BYTES - w->len, &n, err));
		w->len += n;
		w->src_ended = n == 0;
	}
	return STATUS_OK;
}

static void consume(struct walker *w, size_t n)
{
	w->at += n;
	w->offset += n;
}

static enum status skip(struct walker *w, uint64_t n, struct err *err)
{
	while (n > 0) {
		uint64_t passed;
		size_t step;

		if (w->at == w->len && n >= BUFFER_BYTES) {
			passed = source_advance(w->src, n);
			w->offset += passed;
			n -= passed;
		}
		TRY(fill(w, 1, err));
		step = (size_t)MIN(n, (uint64_t)(w->len - w->at));
		if (step == 0 && n > 0)
			return err_at(err, STATUS_MALFORMED, w->offset,
				      "tar: the archive ends inside an entry: %llu more bytes were expected",
				      (unsigned long long)n);
		consume(w, step);
		n -= step;
	}
	return STATUS_OK;
}

static uint64_t body_advance(struct source *s, uint64_t n)
{
	struct body_source *b = (struct body_source *)s;
	struct walker *w = b->w;
	uint64_t held = MIN(MIN(n, b->left), (uint64_t)(w->len - w->at)), passed;

	consume(w, (size_t)held);
	b->left -= held;
	passed = w->at == w->len ? source_advance(w->src, MIN(n - held, b->left)) : 0;
	w->offset += passed;
	b->left -= passed;
	return held + passed;
}

static enum status body_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct body_source *b = (struct body_source *)s;
	struct walker *w = b->w;
	size_t want = (size_t)MIN((uint64_t)cap, b->left), n;

	*out_n = 0;
	if (want == 0)
		return STATUS_OK;
	if (w->at == w->len && want >= BUFFER_BYTES / 2 && !w->src_ended) {
		/* Large reads go past the buffer. */
		TRY(source_read(w->src, buf, want, &n, err));
		w->src_ended = n == 0;
		w->offset += n;
	} else {
		TRY(fill(w, 1, err));
		n = MIN(want, w->len - w->at);
		memcpy(buf, w->buf + w->at, n);
		consume(w, n);
	}
	if (n == 0)
		return err_at(err, STATUS_MALFORMED, w->offset,
			      "tar: the archive ends inside an entry: %llu more bytes were expected",
			      (unsigned long long)b->left);
	b->left -= n;
	*out_n = n;
	return STATUS_OK;
}

static void body_close(struct source *s)
{
	(void)s; /* lives on the walker's stack */
}

/* ---- header fields ---- */

static bool all_zero(const uint8_t *block)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (block[i] != 0)
			return false;
	return true;
}

/* Octal after blanks and NULs, ended by a NUL or by blanks up to the end; or GNU base-256. */
bool tar_number(struct slice field, uint64_t *out)
{
	uint64_t value = 0;
	size_t i = 0;

	if (field.ptr[0] & 0x80) {
		if (field.ptr[0] != 0x80)
			return false; /* negative, or beyond any size */
		for (i = 1; i < field.len; i++)
			if (CKD_MUL(&value, value, UINT64_C(256)) || CKD_ADD(&value, value, (uint64_t)field.ptr[i]))
				return false;
		*out = value;
		return value <= INT64_MAX;
	}
	while (i < field.len && (field.ptr[i] == ' ' || field.ptr[i] == 0))
		i++;
	for (; i < field.len && field.ptr[i] >= '0' && field.ptr[i] <= '7'; i++)
		value = value * 8 + (uint64_t)(field.ptr[i] - '0'); /* at most 12 digits */
	for (; i < field.len && field.ptr[i] != 0; i++)
		if (field.ptr[i] != ' ')
			return false;
	*out = value;
	return true;
}

static struct slice field(const uint8_t *block, size_t at, size_t len)
{
	return slice_make(block + at, len);
}

/* Up to the first NUL. */
static struct slice text_field(const uint8_t *block, size_t at, size_t len)
{
	return slice_make(block + at, strnlen((const char *)block + at, len));
}

static bool checksum_fits(const uint8_t *block)
{
	uint64_t wanted, sum = 0;
	int64_t signed_sum = 0;

	if (!tar_number(field(block, 148, 8), &wanted))
		return false;
	for (size_t i = 0; i < BLOCK; i++) {
		uint8_t c = i >= 148 && i < 156 ? ' ' : block[i];

		sum += c;
		signed_sum += (int8_t)c;
	}
	/* Some old archivers summed signed bytes. */
	return wanted == sum || (int64_t)wanted == signed_sum;
}

bool tar_claims(struct slice head)
{
	return head.len >= BLOCK && (checksum_fits(head.ptr) || all_zero(head.ptr));
}

/* ---- extended headers ---- */

/* What a pax header said; a second one before an entry takes the place of the first, as for Go. */
static void forget_pax(struct extension *x)
{
	if (x->path_by == BY_PAX)
		x->path_by = BY_HEADER;
	if (x->link_by == BY_PAX)
		x->link_by = BY_HEADER;
	x->has_size = false;
	tar_sparse_reset(&x->sparse);
}

static void extension_reset(struct extension *x)
{
	buf_reset(&x->path);
	buf_reset(&x->link);
	x->path_by = x->link_by = BY_HEADER;
	x->pending = false;
	forget_pax(x);
}

static enum status read_extension(struct walker *w, uint64_t size, struct err *err)
{
	uint8_t *p;
	uint64_t at = w->offset;

	if (size > EXTENSION_BYTES_MAX)
		return err_at(err, STATUS_LIMIT, at, "tar: an extended header of %llu bytes is larger than %llu",
			      (unsigned long long)size, (unsigned long long)EXTENSION_BYTES_MAX);
	buf_reset(&w->ext.scratch);
	p = buf_reserve(&w->ext.scratch, (size_t)size + 1);
	if (!p)
		return err_nomem(err, "tar header");
	while (w->ext.scratch.len < size) {
		size_t n;

		TRY(fill(w, 1, err));
		n = (size_t)MIN(size - w->ext.scratch.len, (uint64_t)(w->len - w->at));
		if (n == 0)
			return err_at(err, STATUS_MALFORMED, w->offset,
				      "tar: the archive ends inside an extended header");
		buf_add(&w->ext.scratch, slice_make(w->buf + w->at, n));
		consume(w, n);
	}
	return skip(w, (BLOCK - size % BLOCK) % BLOCK, err);
}

/* An empty name takes back what was said before in that way: the header's own field counts. */
static void set_name(struct buf *b, unsigned *by, unsigned now, struct slice value)
{
	if (*by > now)
		return;
	buf_reset(b);
	buf_add(b, value);
	*by = value.len > 0 ? now : BY_HEADER;
}

static enum status pax_record(struct walker *w, struct slice key, struct slice value, uint64_t at, struct err *err)
{
	struct extension *x = &w->ext;

	if (slice_eq(key, SLICE("path"))) {
		set_name(&x->path, &x->path_by, BY_PAX, value);
	} else if (slice_eq(key, SLICE("linkpath"))) {
		set_name(&x->link, &x->link_by, BY_PAX, value);
	} else if (slice_eq(key, SLICE("size"))) {
		x->has_size = value.len > 0;
		if (x->has_size && (!slice_to_u64(value, &x->size) || x->size > INT64_MAX))
			return err_at(err, STATUS_MALFORMED, at, "tar: pax size is not a number");
	} else if (slice_starts(key, SLICE("GNU.sparse."))) {
		return tar_sparse_record(&x->sparse, key, value, at, err);
	}
	return STATUS_OK;
}

/* Container runtimes, like Go's archive/tar, do not apply a global header: a name in it is told and not used. */
static void global_record(struct walker *w, struct slice key, uint64_t at)
{
	struct err_quote q;

	if (slice_eq(key, SLICE("path")) || slice_eq(key, SLICE("linkpath")) || slice_eq(key, SLICE("size")) ||
	    slice_starts(key, SLICE("GNU.sparse.")))
		diag_emit(w->diags, DIAG_UNSUPPORTED, SLICE_EMPTY, at,
			  "a global pax header sets %s for all entries; it is not applied", err_slice(&q, key));
}

/* Records are "LENGTH key=value\n", LENGTH counting itself. */
static enum status parse_pax(struct walker *w, bool global, uint64_t at, struct err *err)
{
	struct slice rest = buf_slice(&w->ext.scratch);

	while (rest.len > 0 && rest.ptr[0] != 0) { /* some writers count the padding */
		struct slice digits, record, key, value;
		uint64_t len;

		/* No length is longer than 20 digits. */
		if (!slice_cut(slice_take(rest, 21), ' ', &digits, NULL) || !slice_to_u64(digits, &len) ||
		    len > rest.len || len < digits.len + 2)
			return err_at(err, STATUS_MALFORMED, at, "tar: a pax record has no valid length");
		record = slice_from(slice_take(rest, (size_t)len), digits.len + 1);
		if (record.ptr[record.len - 1] != '\n')
			return err_at(err, STATUS_MALFORMED, at, "tar: a pax record does not end in a newline");
		record.len--;
		if (!slice_cut(record, '=', &key, &value))
			return err_at(err, STATUS_MALFORMED, at, "tar: a pax record has no '='");
		if (global)
			global_record(w, key, at);
		else
			TRY(pax_record(w, key, value, at, err));
		rest = slice_from(rest, (size_t)len);
		at += len;
	}
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] != 0)
			return err_at(err, STATUS_MALFORMED, at + i, "tar: bytes behind the end of the pax records");
	return STATUS_OK;
}

/* The body of an extended header; *out_done is false for an ordinary entry. */
static enum status take_extension(struct walker *w, uint8_t type, uint64_t size, bool *out_done, struct err *err)
{
	uint64_t at = w->offset;
	struct slice text;

	*out_done = true;
	switch (type) {
	case 'x':
	case 'X':
	case 'g':
		/* For Go a global header is an entry: what came before it was about that one. */
		if (type == 'g')
			extension_reset(&w->ext);
		forget_pax(&w->ext);
		w->ext.pending = type != 'g';
		TRY(read_extension(w, size, err));
		return parse_pax(w, type == 'g', at, err);
	case 'L':
	case 'K':
		w->ext.pending = true;
		TRY(read_extension(w, size, err));
		text = buf_slice(&w->ext.scratch);
		text.len = text.len ? strnlen((const char *)text.ptr, text.len) : 0;
		if (type == 'L')
			set_name(&w->ext.path, &w->ext.path_by, BY_GNU, text);
		else
			set_name(&w->ext.link, &w->ext.link_by, BY_GNU, text);
		return STATUS_OK;
	default:
		*out_done = false;
		return STATUS_OK;
	}
}

/* Old GNU headers hold four runs and the size of the file, and go on in further blocks as long as a flag says so. */
static enum status take_sparse_header(struct walker *w, const uint8_t *block, struct err *err)
{
	struct tar_sparse *s = &w->ext.sparse;
	bool more = block[482] != 0;

	tar_sparse_reset(s);
	s->has_size = tar_number(field(block, 483, 12), &s->size);
	TRY(tar_sparse_fields(s, field(block, 386, 96), w->offset, err));
	while (more) {
		TRY(fill(w, BLOCK, err));
		if (w->len - w->at < BLOCK)
			return err_at(err, STATUS_MALFORMED, w->offset, "tar: the archive ends inside a sparse map");
		TRY(tar_sparse_fields(s, field(w->buf + w->at, 0, 504), w->offset, err));
		more = w->buf[w->at + 504] != 0;
		consume(w, BLOCK);
	}
	return STATUS_OK;
}

/* ---- entries ---- */

/*
 * Old archives mark a directory by a slash at the end of its name. Go's reader does not take it for one where the
 * header says that it is a file; GNU tar and libarchive do. With bytes in it, it can only be a file.
 */
static enum tar_type type_of(uint8_t flag, struct slice raw_path, uint64_t size)
{
	bool slash = slice_ends(raw_path, SLICE("/"));

	switch (flag) {
	case 0:
		return slash ? TAR_DIR : TAR_FILE;
	case '0':
	case '7':
		return slash && size == 0 ? TAR_DIR : TAR_FILE;
	case 'S':
		return TAR_FILE;
	case '1':
		return TAR_HARDLINK;
	case '2':
		return TAR_SYMLINK;
	case '3':
		return TAR_CHAR;
	case '4':
		return TAR_BLOCK;
	case '5':
	case 'D':
		return TAR_DIR;
	case '6':
		return TAR_FIFO;
	default:
		return TAR_OTHER;
	}
}

/*
 * Does a hard link with a size have a body? Most writers give the size of the file and no body; old ones and pax
 * archives may repeat the file. It is a body if what follows is not a header.
 */
static enum status link_has_body(struct walker *w, bool *out, struct err *err)
{
	TRY(fill(w, BLOCK, err));
	*out = w->len - w->at >= BLOCK && !checksum_fits(w->buf + w->at) && !all_zero(w->buf + w->at);
	return STATUS_OK;
}

/* Bytes that follow the header: the kinds that are only names have none, whatever their size field says. */
static enum status stored_size(struct walker *w, uint8_t flag, uint64_t *size, struct err *err)
{
	bool body = flag < '1' || flag > '6';

	if (flag == '1' && *size > 0)
		TRY(link_has_body(w, &body, err));
	if (!body)
		*size = 0;
	return STATUS_OK;
}

static size_t depth_of(struct slice path)
{
	size_t n = path.len > 0;

	for (size_t i = 0; i < path.len; i++)
		n += path.ptr[i] == '/';
	return n;
}

/* Normalise raw into b; *out_why says why it cannot be used, or is NULL. */
static enum status normalise(struct walker *w, struct slice raw, struct buf *b, struct slice *out, const char **out_why,
			     struct err *err)
{
	uint8_t *p;

	*out_why = raw.len > w->limits->path_bytes	    ? "is too long (limits.path_bytes)"
		   : slice_find_byte(raw, 0) != SIZE_MAX ? "holds a NUL"
							    : NULL;
	if (*out_why)
		return STATUS_OK;
	buf_reset(b);
	p = buf_reserve(b, raw.len + 1);
	if (!p)
		return err_nomem(err, "tar entry");
	*out = path_normalise(raw, p);
	if (depth_of(*out) > w->limits->path_depth)
		*out_why = "is too deep (limits.path_depth)";
	return STATUS_OK;
}

static struct slice raw_path_of(struct walker *w, const uint8_t *block)
{
	struct slice name = text_field(block, 0, 100), prefix = SLICE_EMPTY;

	/* Others are made up there, for readers that do not know holes. */
	if (w->ext.sparse.name.len > 0 && tar_sparse_is_one(&w->ext.sparse))
		return buf_slice(&w->ext.sparse.name);
	if (w->ext.path_by != BY_HEADER)
		return buf_slice(&w->ext.path);
	/* Old GNU headers ("ustar  ") keep other things where POSIX has the prefix; star has times behind a shorter
	 * one. */
	if (memcmp(block + 257, "ustar", 6) == 0)
		prefix = text_field(block, 345, memcmp(block + 508, "tar", 4) == 0 ? 131 : 155);
	buf_reset(&w->ext.path);
	if (prefix.len > 0) {
		buf_add(&w->ext.path, prefix);
		buf_add_byte(&w->ext.path, '/');
	}
	buf_add(&w->ext.path, name);
	return buf_slice(&w->ext.path);
}

/* Names of e; *out_usable is false, and it has been told why, if the entry is to be left out. */
static enum status take_names(struct walker *w, const uint8_t *block, uint64_t at, struct tar_entry *e,
			      bool *out_usable, struct err *err)
{
	struct slice raw_link = w->ext.link_by != BY_HEADER ? buf_slice(&w->ext.link) : text_field(block, 157, 100);
	struct err_quote q;
	const char *why;

	TRY(normalise(w, e->raw_path, &w->path, &e->path, &why, err));
	if (!why && e->path.len == 0 && e->type != TAR_DIR)
		why = "is not a name";
	*out_usable = !why;
	if (why) {
		diag_emit(w->diags, DIAG_ARCHIVE, SLICE_EMPTY, at, "an entry's name %s: %s", why,
			  err_slice(&q, e->raw_path));
		return STATUS_OK;
	}
	if (e->type != TAR_HARDLINK && e->type != TAR_SYMLINK)
		return STATUS_OK;
	TRY(normalise(w, raw_link, &w->link, &e->link, &why, err));
	if (e->type == TAR_SYMLINK)
		e->link = raw_link; /* what it means depends on other layers */
	*out_usable = !why;
	if (why)
		diag_emit(w->diags, DIAG_ARCHIVE, e->path, at, "the target of a link %s: %s", why,
			  err_slice(&q, raw_link));
	return STATUS_OK;
}

/* The entry's bytes, and the map before them if it has holes: e->size becomes that of the file. */
static enum status open_holes(struct walker *w, uint8_t flag, struct tar_entry *e, struct body_source *body,
			      struct tar_sparse_source *out, struct err *err)
{
	struct tar_sparse *map = &w->ext.sparse;
	uint64_t at = w->offset;

	e->sparse = e->type == TAR_FILE && (flag == 'S' || tar_sparse_is_one(map));
	if (!e->sparse)
		return STATUS_OK;
	if (flag != 'S')
		TRY(tar_sparse_take_map(map, &body->base, err));
	TRY(tar_sparse_check(map, body->left, at, err));
	e->size = map->size;
	tar_sparse_open(out, map, &body->base, &w->zeros_left);
	return STATUS_OK;
}

static enum status visit_entry(struct walker *w, const uint8_t *block, uint64_t at, uint64_t size, struct err *err)
{
	static const struct source_ops ops = { body_read, body_close };
	struct body_source body = { .base = { .ops = &ops, .advance = body_advance }, .w = w, .left = size };
	struct tar_entry e = { .raw_path = raw_path_of(w, block), .offset = w->offset };
	struct tar_sparse_source holes;
	struct source *content;
	uint64_t mode;
	bool usable;

	e.type = type_of(block[156], e.raw_path, size);
	e.size = e.type == TAR_FILE ? size : 0;
	e.mode = tar_number(field(block, 100, 8), &mode) ? (uint32_t)(mode & 07777) : 0;
	TRY(open_holes(w, block[156], &e, &body, &holes, err));
	TRY(take_names(w, block, at, &e, &usable, err));
	content = e.sparse ? &holes.base : &body.base;
	if (usable)
		TRY(w->visit(w->ctx, &e, e.size > 0 ? content : NULL, err));
	return skip(w, body.left + (BLOCK - size % BLOCK) % BLOCK, err);
}

static enum status take_entry(struct walker *w, struct err *err)
{
	uint8_t block[BLOCK];
	uint64_t at = w->offset, size;
	bool extension;

	memcpy(block, w->buf + w->at, BLOCK);
	if (!checksum_fits(block))
		return err_at(err, STATUS_MALFORMED, at, "tar: entry %llu at byte %llu has no valid check sum",
			      (unsigned long long)w->entries + 1, (unsigned long long)at);
	if (!tar_number(field(block, 124, 12), &size))
		return err_at(err, STATUS_MALFORMED, at, "tar: entry %llu at byte %llu: its size is not a number",
			      (unsigned long long)w->entries + 1, (unsigned long long)at);
	consume(w, BLOCK);
	TRY(take_extension(w, block[156], size, &extension, err));
	if (extension)
		return STATUS_OK;
	if (++w->entries > w->limits->layer_entries)
		return err_at(err, STATUS_LIMIT, at, "tar: more than %llu entries (limits.layer_entries)",
			      (unsigned long long)w->limits->layer_entries);
	if (block[156] == 'S')
		TRY(take_sparse_header(w, block, err));
	if (w->ext.has_size)
		size = w->ext.size;
	TRY(stored_size(w, block[156], &size, err));
	TRY(visit_entry(w, block, at, size, err));
	extension_reset(&w->ext);
	return STATUS_OK;
}

/* What follows the end is read where somebody makes a digest of it, and passed over where nobody does. */
static enum status drain(struct walker *w, struct err *err)
{
	do {
		consume(w, w->len - w->at);
		w->offset += source_advance(w->src, UINT64_MAX - w->src->pos);
		TRY(fill(w, 1, err));
	} while (w->len > w->at);
	return STATUS_OK;
}

static enum status walk(struct walker *w, struct err *err)
{
	unsigned zeros = 0;

	for (;;) {
		TRY(fill(w, BLOCK, err));
		if (w->ext.pending && (w->len == w->at || (w->len - w->at >= BLOCK && all_zero(w->buf + w->at))))
			return err_at(err, STATUS_MALFORMED, w->offset,
				      "tar: the archive ends after an extended header");
		if (w->len == w->at)
			return STATUS_OK;
		if (w->len - w->at < BLOCK)
			return err_at(err, STATUS_MALFORMED, w->offset, "tar: the archive ends inside a header");
		if (all_zero(w->buf + w->at)) {
			consume(w, BLOCK);
			if (++zeros == 2)
				return drain(w, err);
			continue;
		}
		/* Readers differ on what follows a lone zero block (stop, go on, refuse): so do not guess. */
		if (zeros > 0)
			return err_at(err, STATUS_MALFORMED, w->offset, "tar: data after a lone zero block");
		TRY(take_entry(w, err));
	}
}

enum status tar_walk(struct source *src, const struct limits *limits, tar_visit_fn visit, void *ctx,
		     const struct diag_sink *diags, struct err *err)
{
	struct walker w = {
		.src = src,
		.limits = limits,
		.diags = diags,
		.visit = visit,
		.ctx = ctx,
		.zeros_left = limits->layer_bytes,
		.buf = malloc(BUFFER_BYTES),
		.ext = { .path = BUF_INIT(EXTENSION_BYTES_MAX + 512),
			 .link = BUF_INIT(EXTENSION_BYTES_MAX + 512),
			 .scratch = BUF_INIT(EXTENSION_BYTES_MAX + 512),
			 .sparse = TAR_SPARSE_INIT },
		.path = BUF_INIT(EXTENSION_BYTES_MAX),
		.link = BUF_INIT(EXTENSION_BYTES_MAX),
	};
	enum status st = w.buf ? walk(&w, err) : err_nomem(err, "tar reader");

	free(w.buf);
	buf_fini(&w.ext.path);
	buf_fini(&w.ext.link);
	buf_fini(&w.ext.scratch);
	tar_sparse_fini(&w.ext.sparse);
	buf_fini(&w.path);
	buf_fini(&w.link);
	return st == STATUS_CANCELLED ? STATUS_OK : st;
}
