/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_header.c - the header of one installed package: an index of tags over a store of data, big-endian.
 *
 * Source: docs/formats/rpm.md. What is not asked for is not looked at.
 */
#include "index/package/rpm_impl.h"

#define INDEX_BYTES 16
#define TEXT_BYTES 1024 /* of a name or version; the longest real ones are below 100 */
#define PATH_COST 32	/* bytes that a path counts beside its own */
#define DIRS_MAX ((uint32_t)1 << 20)

enum tag {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_EPOCH = 1003,
	TAG_ARCH = 1022,
	TAG_OLD_FILE_NAMES = 1027,
	TAG_FILE_STATES = 1029,
	TAG_FILE_MODES = 1030,
	TAG_SOURCE_RPM = 1044,
	TAG_DIR_INDEXES = 1116,
	TAG_BASE_NAMES = 1117,
	TAG_DIR_NAMES = 1118,
	TAG_MODULARITY_LABEL = 5096,
};

enum type {
	TYPE_CHAR = 1,
	TYPE_INT8 = 2,
	TYPE_INT16 = 3,
	TYPE_INT32 = 4,
	TYPE_STRING = 6,
	TYPE_STRINGS = 8,
	TYPE_I18N = 9
};

struct entry {
	uint32_t tag, type, offset, count;
};

static enum status bad(const struct entry *e, uint64_t at, const char *what, struct err *err)
{
	return err_at(err, STATUS_MALFORMED, at, "tag %u of an rpm header %s", e->tag, what);
}

static bool is_text(uint32_t type)
{
	return type == TYPE_STRING || type == TYPE_STRINGS || type == TYPE_I18N;
}

/* One string, or the first of several. */
static enum status take_text(struct slice store, const struct entry *e, uint64_t at, struct slice *out, struct err *err)
{
	struct slice from;
	size_t end;

	if (!is_text(e->type) || e->count == 0)
		return bad(e, at, "is no text", err);
	if (e->offset >= store.len)
		return bad(e, at, "points outside the header", err);
	from = slice_from(store, e->offset);
	end = slice_find_byte(slice_take(from, TEXT_BYTES + 1), 0);
	if (end == SIZE_MAX && from.len > TEXT_BYTES)
		return err_at(err, STATUS_LIMIT, at, "tag %u of an rpm header is longer than %d bytes", e->tag,
			      TEXT_BYTES);
	if (end == SIZE_MAX)
		return bad(e, at, "runs out of the header", err);
	*out = slice_take(from, end);
	return STATUS_OK;
}

static enum status take_epoch(struct slice store, const struct entry *e, uint64_t at, uint32_t *out, struct err *err)
{
	if (e->type != TYPE_INT32 || e->count == 0)
		return bad(e, at, "is no number", err);
	if (e->offset > store.len || store.len - e->offset < 4)
		return bad(e, at, "points outside the header", err);
	*out = page_be32(store.ptr + e->offset);
	return STATUS_OK;
}

/* An array of the file list. Its length in bytes is known for numbers; strings are counted when they are walked. */
static void take_array(struct slice store, const struct entry *e, bool type_fits, size_t width, struct slice *out,
		       uint32_t *n, const char **problem)
{
	*out = SLICE_EMPTY;
	*n = 0;
	if (!type_fits) {
		*problem = "an array of it is of a wrong type";
	} else if (e->offset > store.len || e->count > (store.len - e->offset) / width) {
		*problem = "an array of it points outside the header";
	} else {
		*out = slice_from(store, e->offset);
		*n = e->count;
	}
}

static enum status take(struct slice store, const struct entry *e, uint64_t at, struct rpm_header *h,
			uint32_t *n_dir_indexes, struct err *err)
{
	bool strings = e->type == TYPE_STRINGS;
	bool bytes = e->type == TYPE_CHAR || e->type == TYPE_INT8;

	switch (e->tag) {
	case TAG_NAME:
		return take_text(store, e, at, &h->name, err);
	case TAG_VERSION:
		return take_text(store, e, at, &h->version, err);
	case TAG_RELEASE:
		return take_text(store, e, at, &h->release, err);
	case TAG_ARCH:
		return take_text(store, e, at, &h->arch, err);
	case TAG_SOURCE_RPM:
		return take_text(store, e, at, &h->source_rpm, err);
	case TAG_MODULARITY_LABEL:
		return take_text(store, e, at, &h->module_label, err);
	case TAG_EPOCH:
		return take_epoch(store, e, at, &h->epoch, err);
	case TAG_BASE_NAMES:
		take_array(store, e, strings, 1, &h->base_names, &h->n_files, &h->files_problem);
		break;
	case TAG_DIR_NAMES:
		take_array(store, e, strings, 1, &h->dir_names, &h->n_dirs, &h->files_problem);
		break;
	case TAG_OLD_FILE_NAMES:
		take_array(store, e, strings, 1, &h->old_names, &h->n_old_names, &h->files_problem);
		break;
	case TAG_DIR_INDEXES:
		take_array(store, e, e->type == TYPE_INT32, 4, &h->dir_indexes, n_dir_indexes, &h->files_problem);
		break;
	case TAG_FILE_STATES:
		take_array(store, e, bytes, 1, &h->states, &h->n_states, &h->files_problem);
		break;
	case TAG_FILE_MODES:
		take_array(store, e, e->type == TYPE_INT16, 2, &h->modes, &h->n_modes, &h->files_problem);
		break;
	default:
		break;
	}
	return STATUS_OK;
}

static bool is_wanted(uint32_t tag)
{
	switch (tag) {
	case TAG_NAME:
	case TAG_VERSION:
	case TAG_RELEASE:
	case TAG_EPOCH:
	case TAG_ARCH:
	case TAG_OLD_FILE_NAMES:
	case TAG_FILE_STATES:
	case TAG_FILE_MODES:
	case TAG_SOURCE_RPM:
	case TAG_DIR_INDEXES:
	case TAG_BASE_NAMES:
	case TAG_DIR_NAMES:
	case TAG_MODULARITY_LABEL:
		return true;
	default:
		return false;
	}
}

enum status rpm_header_parse(struct slice blob, const struct limits *limits, struct rpm_header *out, struct err *err)
{
	struct slice store;
	uint32_t n, bytes, n_dir_indexes = 0;

	*out = (struct rpm_header){ 0 };
	if (blob.len < 8)
		return err_at(err, STATUS_MALFORMED, 0, "an rpm header of %zu bytes", blob.len);
	n = page_be32(blob.ptr);
	bytes = page_be32(blob.ptr + 4);
	if (n == 0 || n > (blob.len - 8) / INDEX_BYTES || bytes > blob.len - 8 - (size_t)n * INDEX_BYTES)
		return err_at(err, STATUS_MALFORMED, 0,
			      "an rpm header of %zu bytes says it has %u tags and %u bytes of data", blob.len, n,
			      bytes);
	if (n > limits->fields)
		return err_at(err, STATUS_LIMIT, 0, "an rpm header with %u tags; at most %llu are read", n,
			      (unsigned long long)limits->fields);
	store = slice_take(slice_from(blob, 8 + (size_t)n * INDEX_BYTES), bytes);
	/* Tags that were added at installation come last and replace those of the package. */
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *p = blob.ptr + 8 + (size_t)i * INDEX_BYTES;
		struct entry e = { page_be32(p), page_be32(p + 4), page_be32(p + 8), page_be32(p + 12) };

		if (is_wanted(e.tag))
			TRY(take(store, &e, 8 + (uint64_t)i * INDEX_BYTES, out, &n_dir_indexes, err));
	}
	if (out->name.len == 0 || out->version.len == 0 || out->release.len == 0)
		return err_at(err, STATUS_MALFORMED, 0, "an rpm header without %s",
			      out->name.len == 0      ? "a name"
			      : out->version.len == 0 ? "a version"
						      : "a release");
	if (!out->files_problem && out->n_files > 0 && (n_dir_indexes != out->n_files || out->n_dirs == 0))
		out->files_problem = "its arrays are not of the same length";
	return STATUS_OK;
}

/* ---- files ---- */

/* The next string of an array; false if the header ends in it. */
static bool next_string(struct slice *rest, struct slice *out)
{
	size_t end = slice_find_byte(*rest, 0);

	if (end == SIZE_MAX)
		return false;
	*out = slice_take(*rest, end);
	*rest = slice_from(*rest, end + 1);
	return true;
}

/* Where each directory's name begins, and where the last one ends. */
static enum status find_dirs(struct rpm_read *r, const struct rpm_header *h, const char **problem, struct err *err)
{
	struct slice rest = h->dir_names, dir;

	if (h->n_dirs > DIRS_MAX) {
		*problem = "it has more directories than are read";
		return STATUS_OK;
	}
	if (h->n_dirs + 1 > r->dirs_cap) {
		size_t cap = MAX((size_t)h->n_dirs + 1, r->dirs_cap * 2);

		r->dirs = arena_array(r->env->arena, cap, sizeof(*r->dirs));
		if (!r->dirs)
			return err_nomem(err, "rpm header");
		r->dirs_cap = cap;
	}
	for (uint32_t i = 0; i < h->n_dirs; i++) {
		r->dirs[i] = (uint32_t)(rest.ptr - h->dir_names.ptr);
		if (!next_string(&rest, &dir)) {
			*problem = "its directories run out of the header";
			return STATUS_OK;
		}
	}
	r->dirs[h->n_dirs] = (uint32_t)(rest.ptr - h->dir_names.ptr);
	return STATUS_OK;
}

/*
 * A file that is there: only state 0 is one of this package, the others were not installed, or are another package's by
 * now. Directories and links are no files that a package of a language is read from; a list of files has links.
 */
static bool is_there(const struct rpm_read *r, const struct rpm_header *h, uint32_t n_files, uint32_t i)
{
	unsigned kind = h->n_modes == n_files ? h->modes.ptr[(size_t)i * 2] & 0xf0 : 0x80; /* S_IFMT: S_IFREG */

	return (r->env->lists ? kind != 0x40 : kind == 0x80) && (h->n_states != n_files || h->states.ptr[i] == 0);
}

static enum status emit(struct rpm_read *r, struct slice dir, struct slice base, const char **problem, struct err *err)
{
	uint8_t path[4096];
	size_t n = dir.len + base.len;

	if (n + PATH_COST > r->owned_budget) {
		*problem = "its paths are many times larger than the database";
		return STATUS_OK;
	}
	r->owned_budget -= n + PATH_COST;
	if (n > sizeof(path))
		return STATUS_OK; /* no file can be called so */
	if (dir.len > 0)
		memcpy(path, dir.ptr, dir.len);
	if (base.len > 0)
		memcpy(path + dir.len, base.ptr, base.len);
	return r->out->owned(r->out->ctx, slice_make(path, n), err);
}

static enum status old_files(struct rpm_read *r, const struct rpm_header *h, const char **problem, struct err *err)
{
	struct slice rest = h->old_names, path;

	for (uint32_t i = 0; i < h->n_old_names && !*problem; i++) {
		if (!next_string(&rest, &path)) {
			*problem = "its names run out of the header";
			break;
		}
		if (is_there(r, h, h->n_old_names, i))
			TRY(emit(r, path, SLICE_EMPTY, problem, err));
	}
	return STATUS_OK;
}

enum status rpm_header_files(struct rpm_read *r, const struct rpm_header *h, const char **problem, struct err *err)
{
	struct slice rest = h->base_names, base;

	*problem = h->files_problem;
	if (*problem || (h->n_files == 0 && h->n_old_names == 0))
		return STATUS_OK;
	if (h->n_files == 0)
		return old_files(r, h, problem, err);
	TRY(find_dirs(r, h, problem, err));
	for (uint32_t i = 0; i < h->n_files && !*problem; i++) {
		uint32_t at = page_be32(h->dir_indexes.ptr + (size_t)i * 4);

		if (!next_string(&rest, &base)) {
			*problem = "its names run out of the header";
		} else if (at >= h->n_dirs) {
			*problem = "a file lies in a directory that is not listed";
		} else if (is_there(r, h, h->n_files, i)) {
			struct slice dir =
				slice_make(h->dir_names.ptr + r->dirs[at], r->dirs[at + 1] - r->dirs[at] - 1);

			TRY(emit(r, dir, base, problem, err));
		}
	}
	return STATUS_OK;
}
