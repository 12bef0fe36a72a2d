/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apk.c - packages of Alpine and its relatives: the database of apk, with the files that belong to them.
 *
 * Source: docs/formats/apk.md.
 */
#include "index/detector.h"
#include "index/told.h"

#define VALUE_BYTES 4096u /* of a name or version; longer ones are refused */

static const struct path_rule rules[] = {
	{ .match = PATH_EXACT, .text = "lib/apk/db/installed", .need = DETECT_WHOLE },
	{ .match = PATH_EXACT, .text = "usr/lib/apk/db/installed", .need = DETECT_WHOLE },
	{ .text = NULL },
};

struct apk_reader {
	const struct detect_file *file;
	const struct detect_sink *out;
	struct told told;
	struct slice dir; /* F: of the files that follow */
	uint8_t *path;	  /* room for path_max bytes */
	size_t path_max;
	/* the entry at hand */
	bool listed; /* its list of files has begun */
	bool any; /* it has a line */
	bool cut; /* the file ends in it, without a newline */
	bool has_dir;
	uint32_t seen[4]; /* a bit for each letter of a field that is there once at most */
	size_t offset;
	struct slice name, version, arch, origin;
};

static bool is_word(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] <= ' ' || value.ptr[i] >= 0x7f)
			return false;
	return value.len > 0 && value.len <= VALUE_BYTES;
}

static void begin_entry(struct apk_reader *r, size_t offset)
{
	r->any = true;
	r->has_dir = r->listed = false;
	memset(r->seen, 0, sizeof(r->seen));
	r->offset = offset;
	r->name = r->version = r->arch = r->origin = SLICE_EMPTY;
}

/* The entry is over: emit its package. */
static enum status end_entry(struct apk_reader *r, struct err *err)
{
	struct package p = { .type = PACKAGE_APK,
			     .name = r->name,
			     .version = r->version,
			     .db = r->file->path,
			     .path = r->file->path,
			     .detector = SLICE("apk") };
	struct err_quote q;

	if (!r->any)
		return STATUS_OK;
	r->any = false;
	if (!is_word(r->name) || !is_word(r->version)) {
		told_emit(&r->told, r->cut ? DIAG_TRUNCATED : DIAG_RECORD, r->offset,
			  "package \"%s\" has no %s that could be read", err_slice(&q, r->name),
			  is_word(r->name) ? "version" : "name");
		return STATUS_OK;
	}
	if (is_word(r->arch))
		p.arch = r->arch;
	if (is_word(r->origin)) {
		p.source_name = r->origin;
		p.source_version = r->version;
	} else if (r->origin.len > 0) {
		told_emit(&r->told, DIAG_FIELD, r->offset, "origin of package \"%s\" cannot be read",
			  err_slice(&q, r->name));
	}
	if (!package_type_scheme(PACKAGE_APK)->valid(p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	return r->out->package(r->out->ctx, &p, err);
}

/* R: names a file in the directory of the last F:. */
static enum status take_file(struct apk_reader *r, size_t offset, struct slice name, struct err *err)
{
	size_t n = r->dir.len;

	if (!r->listed) {
		struct package of = { .path = r->file->path, .name = r->name, .version = r->version };

		r->listed = true;
		TRY(r->out->list(r->out->ctx, &of, err));
	}
	if (!r->has_dir) {
		told_emit(&r->told, DIAG_FIELD, offset, "a file without a directory");
		return STATUS_OK;
	}
	if (n + 1 + name.len > r->path_max)
		return STATUS_OK; /* no file can have that name */
	if (n > 0) {
		memcpy(r->path, r->dir.ptr, n);
		r->path[n++] = '/';
	}
	if (name.len > 0)
		memcpy(r->path + n, name.ptr, name.len);
	return r->out->owned(r->out->ctx, slice_make(r->path, n + name.len), err);
}

/* Of a file or directory, and so any number of times. */
static bool may_repeat(uint8_t field)
{
	return field == 'F' || field == 'R' || field == 'a' || field == 'M' || field == 'Z';
}

/* apk writes no field twice: a piece of the file is missing, and packages with it. */
static void see(struct apk_reader *r, size_t offset, uint8_t field)
{
	uint32_t bit = UINT32_C(1) << (field % 32);

	if (field >= 128 || may_repeat(field))
		return;
	if (r->seen[field / 32] & bit)
		told_emit(&r->told, DIAG_RECORD, offset,
			  "a second %c: in one entry: entries run into each other; the last one counts", field);
	r->seen[field / 32] |= bit;
}

static enum status take_line(struct apk_reader *r, size_t offset, struct slice line, struct err *err)
{
	struct slice value = slice_from(line, 2);
	struct err_quote q;

	if (line.ptr[1] != ':') {
		told_emit(&r->told, DIAG_RECORD, offset, "a line that is no field: \"%s\"", err_slice(&q, line));
		return STATUS_OK;
	}
	if (slice_find_byte(line, 0) != SIZE_MAX) {
		told_emit(&r->told, DIAG_RECORD, offset, "a line with a NUL byte");
		return STATUS_OK;
	}
	if (line.ptr[0] != 'P')
		see(r, offset, line.ptr[0]);
	switch (line.ptr[0]) {
	case 'P':
		if (r->name.len > 0) {
			told_emit(&r->told, DIAG_RECORD, offset, "no empty line before the entry of package \"%s\"",
				  err_slice(&q, value));
			TRY(end_entry(r, err));
			begin_entry(r, offset);
		}
		r->name = slice_trim(value);
		break;
	case 'V':
		r->version = slice_trim(value);
		break;
	case 'A':
		r->arch = slice_trim(value);
		break;
	case 'o':
		r->origin = slice_trim(value);
		break;
	case 'F':
		r->dir = value;
		r->has_dir = true;
		break;
	case 'R':
		return take_file(r, offset, value, err);
	default:
		break;
	}
	return STATUS_OK;
}

/* A line of fewer than two bytes ends an entry, as it does for apk. */
static enum status read_lines(struct apk_reader *r, struct err *err)
{
	struct slice rest = r->file->bytes, line;

	while (rest.len > 0) {
		size_t offset = r->file->bytes.len - rest.len;

		slice_line(&rest, &line);
		if (line.len < 2) {
			TRY(end_entry(r, err));
			continue;
		}
		if (!r->any)
			begin_entry(r, offset);
		TRY(take_line(r, offset, line, err));
	}
	if (r->file->bytes.len > 0 && !slice_ends(r->file->bytes, SLICE("\n"))) {
		r->cut = true;
		told_emit(&r->told, DIAG_RECORD, r->file->bytes.len,
			  "no newline at the end: the file may have been cut");
	} else if (r->any) {
		told_emit(&r->told, DIAG_RECORD, r->file->bytes.len,
			  "no empty line behind the last entry: the file may have been cut");
	}
	return end_entry(r, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct apk_reader r = { .file = file,
				.out = out,
				.told = { .diags = out->diags, .where = file->path },
				.path_max = (size_t)env->limits->path_bytes };
	enum status st;

	r.path = arena_alloc(env->arena, r.path_max);
	if (!r.path)
		return err_nomem(err, "apk database");
	st = read_lines(&r, err);
	told_end(&r.told);
	return st;
}

const struct detector detector_apk = {
	.name = "apk",
	.version = "4",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
