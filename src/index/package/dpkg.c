/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg.c - packages of Debian and its relatives: the status file of dpkg, the status.d of images without it, and the
 * lists of the packages' files.
 *
 * Source: docs/formats/dpkg.md.
 */
#include "index/detector.h"
#include "index/told.h"
#include "text/stanza.h"

#define STATUS_PATH "var/lib/dpkg/status"
#define STATUS_D "var/lib/dpkg/status.d/"
#define INFO "var/lib/dpkg/info/"

#define VALUE_BYTES 4096u /* of a name or version; longer ones are refused */

static bool is_sums(struct slice path)
{
	return slice_ends(path, SLICE(".md5sums"));
}

static bool is_no_sums(struct slice path)
{
	return !is_sums(path);
}

static bool is_list(struct slice path)
{
	return slice_ends(path, SLICE(".list"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_EXACT, .text = STATUS_PATH, .need = DETECT_WHOLE },
	{ .match = PATH_CHILD, .text = STATUS_D, .need = DETECT_WHOLE, .accept = is_no_sums },
	{ .match = PATH_CHILD, .text = STATUS_D, .need = DETECT_WHOLE, .accept = is_sums },
	{ .match = PATH_CHILD, .text = INFO, .need = DETECT_WHOLE, .accept = is_list },
	{ .match = PATH_CHILD, .text = INFO, .need = DETECT_WHOLE, .accept = is_sums, .list = true },
	{ .text = NULL },
};

struct dpkg_reader {
	const struct detect_file *file;
	const struct detect_sink *out;
	struct told told;
	bool need_status; /* a package without a Status is not installed */
};

#define NAMES_MAX 48 /* fields of a stanza that are looked at for repetition; real ones have some 20 */

/* The fields of one stanza that are wanted. */
struct record {
	size_t offset;
	struct slice names[NAMES_MAX];
	size_t n_names;
	bool cut; /* the file ends in it, without a newline */
	struct slice name, version, arch, source, status;
};

/* ---- fields ---- */

/* What the lack of a field means: a bad stanza, or that the file goes on elsewhere. */
static enum diag_code missing(const struct record *rec)
{
	return rec->cut ? DIAG_TRUNCATED : DIAG_RECORD;
}

/* "install ok installed": does the third word mean that the package's files are there? */
static bool is_installed(struct dpkg_reader *r, const struct record *rec)
{
	static const struct slice gone[] = { SLICE_INIT("not-installed"), SLICE_INIT("config-files"),
					     SLICE_INIT("half-installed") };
	static const struct slice there[] = { SLICE_INIT("installed"), SLICE_INIT("unpacked"),
					      SLICE_INIT("half-configured"), SLICE_INIT("triggers-awaited"),
					      SLICE_INIT("triggers-pending") };
	struct slice rest = rec->status, word = SLICE_EMPTY;
	struct err_quote q;

	if (rest.len == 0) {
		if (r->need_status)
			told_emit(&r->told, missing(rec), rec->offset,
				  "package \"%s\" has no Status: to dpkg it is not installed",
				  err_slice(&q, rec->name));
		return !r->need_status;
	}
	for (int i = 0; i < 3; i++)
		if (!slice_word(&rest, ' ', &word))
			word = SLICE_EMPTY;
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		if (slice_eq_nocase(word, gone[i]))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(there); i++)
		if (slice_eq_nocase(word, there[i]))
			return true;
	told_emit(&r->told, rec->cut ? DIAG_TRUNCATED : DIAG_FIELD, rec->offset,
		  "Status \"%s\" is not known: the package is listed", err_slice(&q, rec->status));
	return true;
}

/* Letters, digits and "-+._", a letter or digit in front, as dpkg wants it. */
static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && (i == 0 || memchr("-+._", name.ptr[i], 4) == NULL))
			return false;
	return name.len > 0 && name.len <= VALUE_BYTES;
}

/* A version or architecture may be wrong, but not such that it could not be shown. */
static bool is_word(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] <= ' ' || value.ptr[i] >= 0x7f)
			return false;
	return value.len > 0 && value.len <= VALUE_BYTES;
}

/* "NAME" or "NAME (VERSION)": only what differs from the package's own is given. */
static void take_source(struct dpkg_reader *r, const struct record *rec, struct package *p)
{
	struct slice name, version;
	struct err_quote q;
	bool given;

	p->source_name = p->name;
	p->source_version = p->version;
	if (rec->source.len == 0)
		return;
	given = slice_cut(rec->source, '(', &name, &version);
	slice_cut(version, ')', &version, NULL);
	version = slice_trim(version);
	slice_cut(slice_trim(name), ' ', &name, NULL);
	if (!is_name(name) || (given && !is_word(version))) {
		told_emit(&r->told, DIAG_FIELD, rec->offset, "Source of package \"%s\" cannot be read: \"%s\"",
			  err_slice(&q, rec->name), err_slice(&(struct err_quote){ "" }, rec->source));
		if (!is_name(name))
			return;
		given = false;
	}
	p->source_name = name;
	if (given)
		p->source_version = version;
}

static enum status emit(struct dpkg_reader *r, const struct record *rec, struct err *err)
{
	struct package p = { .type = PACKAGE_DEB,
			     .name = rec->name,
			     .version = rec->version,
			     .db = r->file->path,
			     .path = r->file->path,
			     .detector = SLICE("dpkg") };
	struct err_quote q;

	if (!is_name(rec->name)) {
		told_emit(&r->told, missing(rec), rec->offset, "a stanza names no package: \"%s\"",
			  err_slice(&q, rec->name));
		return STATUS_OK;
	}
	if (!is_installed(r, rec))
		return STATUS_OK;
	if (!is_word(rec->version)) {
		told_emit(&r->told, missing(rec), rec->offset, "package \"%s\" has no version that could be read",
			  err_slice(&q, rec->name));
		return STATUS_OK;
	}
	if (is_word(rec->arch))
		p.arch = rec->arch;
	if (!package_type_scheme(PACKAGE_DEB)->valid(p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	take_source(r, rec, &p);
	return r->out->package(r->out->ctx, &p, err);
}

/* ---- stanzas ---- */

static void on_bad_line(void *ctx, size_t offset, struct slice line)
{
	struct dpkg_reader *r = ctx;
	struct err_quote q;

	told_emit(&r->told, DIAG_RECORD, offset, "a line that is no field: \"%s\"", err_slice(&q, line));
}

/* dpkg refuses a field that comes twice: a piece of the file is missing, and packages with it. */
static void see(struct dpkg_reader *r, struct record *rec, const struct stanza_field *f)
{
	for (size_t i = 0; i < rec->n_names; i++) {
		if (!slice_eq_nocase(rec->names[i], f->name))
			continue;
		told_emit(&r->told, DIAG_RECORD, f->offset,
			  "a second %.*s in one stanza: stanzas run into each other; the last one counts",
			  SLICE_ARG(slice_take(f->name, 64)));
		return;
	}
	if (rec->n_names < NAMES_MAX)
		rec->names[rec->n_names++] = f->name;
}

static void take_field(struct dpkg_reader *r, struct record *rec, const struct stanza_field *f)
{
	const struct {
		struct slice name;
		struct slice *value;
	} wanted[] = {
		{ SLICE("Package"), &rec->name },      { SLICE("Version"), &rec->version },
		{ SLICE("Architecture"), &rec->arch }, { SLICE("Source"), &rec->source },
		{ SLICE("Status"), &rec->status },
	};

	see(r, rec, f);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (slice_eq_nocase(f->name, wanted[i].name))
			*wanted[i].value = f->value;
}

static enum status read_stanzas(struct dpkg_reader *r, const struct detect_env *env, struct err *err)
{
	struct stanza_reader reader = { .in = r->file->bytes, .bad = on_bad_line, .ctx = r };
	struct stanza_field field;
	size_t offset;

	if (!r->need_status && slice_trim(r->file->bytes).len == 0)
		told_emit(&r->told, DIAG_FIELD, ERR_NO_OFFSET, "a file about a package says nothing");
	while (stanza_next(&reader, &offset)) {
		struct record rec = { .offset = offset };
		uint64_t n = 0;

		while (stanza_field(&reader, &field)) {
			if (n == env->limits->fields)
				told_emit(&r->told, DIAG_LIMIT, field.offset,
					  "more than %llu fields in one stanza; the rest is left out",
					  (unsigned long long)env->limits->fields);
			if (n++ < env->limits->fields)
				take_field(r, &rec, &field);
		}
		rec.cut = reader.pos == reader.in.len && !slice_ends(reader.in, SLICE("\n"));
		TRY(emit(r, &rec, err));
	}
	return STATUS_OK;
}

/* ---- files of packages ---- */

/* "libc6:amd64.list" is of a package of the status file; sums beside a file of status.d are of what is in that. */
static enum status begin_list(struct dpkg_reader *r, struct err *err)
{
	struct package of = { .path = SLICE(STATUS_PATH) };
	struct slice stem;

	if (slice_starts(r->file->path, SLICE(STATUS_D))) {
		of.path = slice_take(r->file->path, r->file->path.len - strlen(".md5sums"));
	} else {
		slice_rcut(path_base(r->file->path), '.', &stem, NULL);
		slice_cut(stem, ':', &of.name, &of.arch);
	}
	return r->out->list(r->out->ctx, &of, err);
}

/* A .list names a path per line, an md5sums a sum and a path. What is a directory does no harm. */
static enum status read_paths(struct dpkg_reader *r, bool sums, struct err *err)
{
	struct slice rest = r->file->bytes, line, path;

	TRY(begin_list(r, err));
	while (slice_line(&rest, &line)) {
		path = line;
		if (sums)
			slice_cut(line, ' ', NULL, &path);
		while (sums && slice_starts(path, SLICE(" ")))
			path = slice_from(path, 1);
		if (path.len > 0)
			TRY(r->out->owned(r->out->ctx, path, err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct dpkg_reader r = { .file = file, .out = out, .told = { .diags = out->diags, .where = file->path } };
	enum status st;
	size_t nul;

	if (file->rule->accept == is_list || file->rule->accept == is_sums)
		return read_paths(&r, file->rule->accept == is_sums, err);
	r.need_status = file->rule->match == PATH_EXACT;
	if (r.need_status && file->bytes.len > 0 && !slice_ends(file->bytes, SLICE("\n")))
		told_emit(&r.told, DIAG_RECORD, file->bytes.len, "no newline at the end: the file may have been cut");
	nul = slice_find_byte(file->bytes, 0);
	if (nul != SIZE_MAX)
		told_emit(&r.told, DIAG_RECORD, nul, "a NUL byte: a part of the file is missing");
	st = read_stanzas(&r, env, err);
	told_end(&r.told);
	return st;
}

const struct detector detector_dpkg = {
	.name = "dpkg",
	.version = "4",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
