/* SPDX-License-Identifier: Apache-2.0 */
/* zip.c - zip members over memory, by libzip with its consistency checks on. */
#include "io/zip.h"

#include "base/buf.h"

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

enum status zip_open_slice(struct slice bytes, struct zip_archive **out, struct err *err)
{
	struct zip_archive *z = calloc(1, sizeof(*z));
	zip_error_t error;
	zip_source_t *source;
	enum status st = STATUS_OK;

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

enum status zip_read(struct zip_archive *z, uint64_t index, struct buf *out, struct err *err)
{
	zip_file_t *f = zip_fopen_index(z->zip, index, 0);
	enum status st = STATUS_OK;
	char what[64];
	zip_int64_t n;

	snprintf(what, sizeof(what), "member %llu", (unsigned long long)index);
	if (!f)
		return failure(zip_get_error(z->zip), what, err);
	do {
		uint8_t piece[32768];

		n = zip_fread(f, piece, sizeof(piece));
		if (n > 0)
			buf_add(out, slice_make(piece, (size_t)n));
	} while (n > 0 && out->failed == STATUS_OK);
	if (n < 0)
		st = failure(zip_file_get_error(f), what, err);
	if (zip_fclose(f) != 0 && st == STATUS_OK && n == 0)
		st = err_set(err, STATUS_MALFORMED, "zip: %s: cannot be closed", what);
	return st == STATUS_OK ? buf_check(out, "a member of a zip archive", err) : st;
}
