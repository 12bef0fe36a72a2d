/* SPDX-License-Identifier: Apache-2.0 */
/* zip.c - zip members over memory, by libzip with its consistency checks on. */
#include "io/zip.h"

#include "base/buf.h"
#include "base/cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <zip.h>

struct zip_archive {
	zip_t *zip; /* owned */
	uint64_t count;
};

/* What libzip's error means here; what says whose. */
static enum status failure(const zip_error_t *error, const char *what, struct err *err)
{
	enum status st = STATUS_MALFORMED;

	switch (zip_error_code_zip(error)) {
	case ZIP_ER_MEMORY:
		st = STATUS_NOMEM;
		break;
#ifdef ZIP_ER_TRUNCATED_ZIP
	case ZIP_ER_TRUNCATED_ZIP:
#endif
	case ZIP_ER_NOZIP: /* for a cut one libzip says this up to 1.10, and something else since */
		return err_set(err, st, "zip: %s: it is no zip archive, or a part of one", what);
	case ZIP_ER_COMPNOTSUPP:
	case ZIP_ER_ENCRNOTSUPP:
	case ZIP_ER_NOPASSWD:
	case ZIP_ER_OPNOTSUPP:
		st = STATUS_UNSUPPORTED;
		break;
	default:
		break;
	}
	/* The library's text depends on its error object alone. */
	return err_set(err, st, "zip: %s: %s", what, zip_error_strerror((zip_error_t *)(uintptr_t)error));
}

/* ---- how many members the end of the archive says there are: the library takes memory for all of them at once ---- */

#define END_BYTES 22
#define COMMENT_MAX 65535
#define END64_BYTES 56
#define LOCATOR_BYTES 20

static bool take_end64(struct slice bytes, size_t end, uint64_t *out)
{
	struct cursor c;
	uint64_t at;

	if (end < LOCATOR_BYTES)
		return false;
	c = cursor_at(bytes, end - LOCATOR_BYTES + 8);
	if (memcmp(bytes.ptr + end - LOCATOR_BYTES, "PK\6\7", 4) != 0 || !cursor_u64le(&c, &at) ||
	    at > bytes.len - END_BYTES || bytes.len - at < END64_BYTES)
		return false;
	c = cursor_at(bytes, (size_t)at + 32);
	return memcmp(bytes.ptr + at, "PK\6\6", 4) == 0 && cursor_u64le(&c, out);
}

/* The most that any end in the last bytes says: which of several is the true one is the library's business. */
static uint64_t members_said(struct slice bytes)
{
	uint64_t most = 0;

	for (size_t n = END_BYTES; n <= bytes.len && n <= END_BYTES + COMMENT_MAX; n++) {
		const uint8_t *end = bytes.ptr + (bytes.len - n);
		uint64_t said;

		if (memcmp(end, "PK\5\6", 4) != 0)
			continue;
		if (!take_end64(bytes, bytes.len - n, &said))
			said = (uint64_t)end[10] | (uint64_t)end[11] << 8;
		most = MAX(most, said);
	}
	return most;
}

enum status zip_open_slice(struct slice bytes, const struct limits *limits, struct zip_archive **out, struct err *err)
{
	struct zip_archive *z;
	zip_error_t error;
	zip_source_t *source;
	enum status st = STATUS_OK;

	if (bytes.len == 0) /* an archive without members, for the library */
		return err_set(err, STATUS_MALFORMED, "zip: it is empty");
	if (members_said(bytes) > limits->zip_members)
		return err_set(err, STATUS_LIMIT, "zip: %llu members; at most %llu are read (limits.zip_members)",
			       (unsigned long long)members_said(bytes), (unsigned long long)limits->zip_members);
	z = calloc(1, sizeof(*z));
	if (!z)
		return err_nomem(err, "zip");
	zip_error_init(&error);
	source = zip_source_buffer_create(bytes.ptr, bytes.len, 0, &error);
	z->zip = source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
	if (z->zip) {
		z->count = (uint64_t)zip_get_num_entries(z->zip, 0);
		*out = z;
	} else {
		st = failure(&error, "the archive cannot be opened", err);
		zip_source_free(source);
		free(z);
	}
	zip_error_fini(&error);
	return st;
}

void zip_close_archive(struct zip_archive *z)
{
	if (!z)
		return;
	zip_discard(z->zip);
	free(z);
}

uint64_t zip_count(const struct zip_archive *z)
{
	return z->count;
}

enum status zip_member_at(struct zip_archive *z, uint64_t index, struct zip_member *out, struct err *err)
{
	zip_stat_t st;

	if (zip_stat_index(z->zip, index, ZIP_FL_ENC_RAW, &st) != 0 || !(st.valid & ZIP_STAT_NAME) ||
	    !(st.valid & ZIP_STAT_SIZE))
		return err_set(err, STATUS_MALFORMED, "zip: member %llu cannot be read: %s", (unsigned long long)index,
			       zip_strerror(z->zip));
	out->name = slice_cstr(st.name);
	out->size = st.size;
	out->index = index;
	out->directory = slice_ends(out->name, SLICE("/"));
	return STATUS_OK;
}

/* The library unpacks what there is: what is declared is held here. */
static enum status read_member(zip_file_t *f, const struct zip_member *m, const char *what, struct buf *out,
			       struct err *err)
{
	uint64_t left = m->size;
	zip_int64_t n;

	do {
		uint8_t piece[32768];

		n = zip_fread(f, piece, sizeof(piece));
		if (n < 0)
			return failure(zip_file_get_error(f), what, err);
		if ((uint64_t)n > left || (n == 0 && left > 0))
			return err_set(err, STATUS_MALFORMED, "zip: %s unpacks to %s than the %llu bytes declared",
				       what, n ? "more" : "less", (unsigned long long)m->size);
		left -= (uint64_t)n;
		buf_add(out, slice_make(piece, (size_t)n));
	} while (n > 0 && out->failed == STATUS_OK);
	return buf_check(out, "a member of a zip archive", err);
}

enum status zip_read(struct zip_archive *z, uint64_t index, struct buf *out, struct err *err)
{
	struct zip_member m;
	zip_file_t *f;
	enum status st;
	char what[64];

	TRY(zip_member_at(z, index, &m, err));
	snprintf(what, sizeof(what), "member %llu", (unsigned long long)index);
	f = zip_fopen_index(z->zip, index, 0);
	if (!f)
		return failure(zip_get_error(z->zip), what, err);
	st = read_member(f, &m, what, out, err);
	if (zip_fclose(f) != 0 && st == STATUS_OK)
		st = err_set(err, STATUS_MALFORMED, "zip: %s: cannot be closed", what);
	return st;
}
