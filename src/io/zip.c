/* SPDX-License-Identifier: Apache-2.0 */
/* zip.c - zip members over memory, by libzip with its consistency checks on. */
#include "io/zip.h"

#include "base/buf.h"

#include <stdlib.h>
#include <zip.h>

struct zip_archive {
	zip_t *zip; /* owned */
	uint64_t count;
};

enum status zip_open_slice(struct slice bytes, struct zip_archive **out, struct err *err)
{
	struct zip_archive *z = calloc(1, sizeof(*z));
	zip_error_t error;
	zip_source_t *source;

	if (!z)
		return err_nomem(err, "zip");
	zip_error_init(&error);
	source = zip_source_buffer_create(bytes.ptr, bytes.len, 0, &error);
	z->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
	if (!z->zip) {
		err_set(err, STATUS_MALFORMED, "zip: %s", zip_error_strerror(&error));
		if (source)
			zip_source_free(source);
		zip_error_fini(&error);
		free(z);
		return err->code;
	}
	zip_error_fini(&error);
	z->count = (uint64_t)zip_get_num_entries(z->zip, 0);
	*out = z;
	return STATUS_OK;
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
	struct err_quote q;
	zip_int64_t n;

	if (!f)
		return err_set(err, STATUS_MALFORMED, "zip: member %llu cannot be opened: %s", (unsigned long long)index,
			       err_slice(&q, slice_cstr(zip_strerror(z->zip))));
	do {
		uint8_t piece[32768];

		n = zip_fread(f, piece, sizeof(piece));
		if (n > 0)
			buf_add(out, slice_make(piece, (size_t)n));
	} while (n > 0 && out->failed == STATUS_OK);
	if (zip_fclose(f) != 0 || n < 0)
		return err_set(err, STATUS_MALFORMED, "zip: member %llu is damaged", (unsigned long long)index);
	return buf_check(out, "a member of a zip archive", err);
}
