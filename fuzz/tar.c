/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.c - fuzz target: a walk gives the same entries however it reads; names are canonical, bodies as long as said.
 *
 * Check sums of blocks with "ustar" in their place are made right first: otherwise hardly an input would have two
 * entries.
 */
#include "../tests/support/pieces.h"
#include "io/tar.h"

#include <stdio.h>
#include <stdlib.h>

#define BLOCK ((size_t)512)
#define BODY_MAX ((uint64_t)65536) /* read of one entry; holes may make it longer */

struct walk {
	struct slice archive;
	bool read;     /* bodies too */
	uint64_t hash; /* of what was visited but for bodies */
	size_t entries, diags;
	enum status status;
	struct err err;
};

static void check_path(struct slice path)
{
	struct slice part, rest = path;
	bool more = path.len > 0;

	if (path.len > limits_default.path_bytes || slice_find_byte(path, 0) != SIZE_MAX)
		abort();
	while (more) {
		more = slice_cut(rest, '/', &part, &rest);
		if (part.len == 0 || slice_eq(part, SLICE(".")) || slice_eq(part, SLICE("..")))
			abort();
	}
}

static enum status read_body(const struct walk *w, const struct tar_entry *e, struct source *body, struct err *err)
{
	uint8_t piece[1000];
	uint64_t done = 0;
	size_t n = 1;

	while (n > 0 && done < BODY_MAX) {
		enum status st = source_read(body, piece, sizeof(piece), &n, err);

		if (st != STATUS_OK)
			return st;
		if (!e->sparse &&
		    !slice_eq(slice_take(slice_from(w->archive, (size_t)(e->offset + done)), n), slice_make(piece, n)))
			abort();
		done += n;
	}
	if (done > e->size || (n == 0 && done != e->size))
		abort();
	return STATUS_OK;
}

static enum status visit(void *ctx, const struct tar_entry *e, struct source *body, struct err *err)
{
	struct walk *w = ctx;
	uint64_t numbers[] = { e->type, e->mode, e->size, e->offset, e->sparse };

	check_path(e->path);
	if (e->type == TAR_HARDLINK)
		check_path(e->link);
	if (e->link.len > limits_default.path_bytes || (e->path.len == 0 && e->type != TAR_DIR) || e->mode > 07777)
		abort();
	if ((body != NULL) != (e->size > 0) || (e->type != TAR_FILE && e->size > 0) || e->offset > w->archive.len)
		abort();
	w->entries++;
	w->hash = slice_hash(e->path, w->hash);
	w->hash = slice_hash(e->link, w->hash);
	w->hash = slice_hash(slice_make(numbers, sizeof(numbers)), w->hash);
	return body && w->read ? read_body(w, e, body, err) : STATUS_OK;
}

static void count_diag(void *ctx, const struct diag *d)
{
	struct walk *w = ctx;

	if (!slice_is_utf8(d->text))
		abort();
	w->diags++;
}

/* step: 0 for memory that can be advanced over. */
static void walk(struct walk *w, struct slice archive, bool read, size_t step)
{
	struct source *src = step ? &piece_source(archive, step)->base : source_from_slice(archive);
	struct diag_sink sink = { count_diag, w };

	*w = (struct walk){ .archive = archive, .read = read, .err = ERR_INIT };
	if (!src)
		abort();
	w->status = tar_walk(src, &limits_default, visit, w, &sink, &w->err);
	if (w->status == STATUS_OK ? src->pos != archive.len : w->err.offset > archive.len)
		abort();
	source_free(src);
}

static void make_sums_right(uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + BLOCK <= size; at += BLOCK) {
		unsigned sum = 8 * ' ';

		if (memcmp(bytes + at + 257, "ustar", 5) != 0)
			continue;
		for (size_t i = 0; i < BLOCK; i++)
			sum += i >= 148 && i < 156 ? 0 : bytes[at + i];
		snprintf((char *)bytes + at + 148, 8, "%06o", sum);
		bytes[at + 155] = ' ';
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct walk first, other;
	struct slice archive;
	uint8_t *copy;

	if (size > (1 << 17))
		return 0;
	copy = malloc(size);
	if (size > 0 && !copy)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	make_sums_right(copy, size);
	archive = slice_make(copy, size);
	walk(&first, archive, true, size + 1);
	for (unsigned i = 0; i < 3; i++) {
		walk(&other, archive, i == 0, i == 2 ? 0 : 777);
		if (other.status != first.status || other.entries != first.entries || other.hash != first.hash ||
		    other.diags != first.diags || other.err.offset != first.err.offset)
			abort();
	}
	if (size >= BLOCK && first.entries > 0 && !tar_claims(slice_take(archive, BLOCK)))
		abort();
	free(copy);
	return 0;
}
