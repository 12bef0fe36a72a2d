/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm.c - packages of rpm's database, which is SQLite, NDB or Berkeley DB: told apart by content, not by name.
 *
 * Source: docs/formats/rpm.md.
 */
#include "index/package/rpm_impl.h"

#define VERSION_BYTES ((size_t)4096)
#define DATABASE_BYTES ((uint64_t)1 << 30) /* as many as fit the temporary file; the largest seen has 180 MiB */
#define TOUCHED_BYTES ((uint64_t)16 << 20)   /* between two times of letting go */
#define OWNED_FACTOR 2 /* paths made of a header: a file costs more bytes in it than its path has */

#define DATABASES(dir)                                                                                                 \
	{ .match = PATH_EXACT,                                                                                         \
	  .text = dir "/rpmdb.sqlite",                                                                                 \
	  .need = DETECT_WHOLE,                                                                                        \
	  .max_bytes = DATABASE_BYTES,                                                                                 \
	  .companion = "-wal" },                                                                                       \
		{ .match = PATH_EXACT,                                                                                 \
		  .text = dir "/Packages.db",                                                                          \
		  .need = DETECT_WHOLE,                                                                                \
		  .max_bytes = DATABASE_BYTES },                                                                       \
	{                                                                                                              \
		.match = PATH_EXACT, .text = dir "/Packages", .need = DETECT_WHOLE, .max_bytes = DATABASE_BYTES        \
	}

static const struct path_rule rules[] = {
	DATABASES("var/lib/rpm"),
	DATABASES("usr/lib/sysimage/rpm"),
	DATABASES("usr/share/rpm"),
	{ .text = NULL },
};

/* ---- what was found ---- */

/* malformed: what damage of the input is told as. */
static enum status lost(struct rpm_read *r, uint64_t offset, enum diag_code malformed, const struct err *why,
			struct err *err)
{
	enum diag_code code;

	switch (why->code) {
	case STATUS_MALFORMED:
		code = malformed;
		break;
	case STATUS_NOTFOUND: /* behind the end of the file */
		code = DIAG_TRUNCATED;
		r->cut = true;
		break;
	case STATUS_LIMIT:
		code = DIAG_LIMIT;
		break;
	case STATUS_UNSUPPORTED:
		code = DIAG_UNSUPPORTED;
		break;
	default:
		*err = *why;
		return err->code;
	}
	told_emit(&r->told, code, offset, "%s", why->msg);
	if (++r->damaged >= RPM_DAMAGED_MAX)
		return err_set(err, STATUS_LIMIT, "%d damaged records: the rest was not read", RPM_DAMAGED_MAX);
	return STATUS_OK;
}

enum status rpm_lost(struct rpm_read *r, uint64_t offset, const struct err *why, struct err *err)
{
	return lost(r, offset, DIAG_RECORD, why, err);
}

enum status rpm_lost_part(struct rpm_read *r, uint64_t offset, const struct err *why, struct err *err)
{
	return lost(r, offset, DIAG_DATABASE, why, err);
}

void rpm_touched(struct rpm_read *r, uint64_t n)
{
	r->touched += n;
	if (r->touched < TOUCHED_BYTES)
		return;
	r->touched = 0;
	if (r->env->forget)
		r->env->forget(r->env->ctx);
}

enum status rpm_spend(struct rpm_read *r, uint64_t n, struct err *err)
{
	if (n > r->record_budget)
		return err_set(err, STATUS_MALFORMED, "the records of the rpm database lie over each other");
	r->record_budget -= n;
	return STATUS_OK;
}

/* Packages are known by 128 bits of hash: their texts need not be kept. False when memory is short. */
static bool is_new(struct rpm_read *r, const struct package *p, bool *out)
{
	const struct slice parts[] = { p->name, p->version, p->arch };
	uint64_t hash[2] = { 0, 1 };
	struct slice key = slice_make(hash, sizeof(hash));
	uint64_t unused;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		for (size_t j = 0; j < ARRAY_LEN(hash); j++)
			hash[j] = slice_hash(parts[i], hash[j]);
	*out = !map_get(&r->seen, key, &unused);
	return !*out || (arena_copy(r->env->arena, key, &key) && map_put(&r->seen, key, 1));
}

/* [epoch:]version-release, in r->version. */
static enum status make_version(struct rpm_read *r, const struct rpm_header *h, struct slice *out, struct err *err)
{
	buf_reset(&r->version);
	if (h->epoch > 0)
		buf_printf(&r->version, "%u:", h->epoch);
	buf_add(&r->version, h->version);
	buf_add_byte(&r->version, '-');
	buf_add(&r->version, h->release);
	*out = buf_slice(&r->version);
	return buf_check(&r->version, "rpm version", err);
}

/* "bash-5.1.8-6.el9.src.rpm": a name and a version-release without epoch. Anything else names no source. */
static void split_source(struct slice text, struct slice *name, struct slice *version)
{
	struct slice stem, rest, release;

	*name = *version = SLICE_EMPTY;
	if (slice_ends(text, SLICE(".src.rpm")))
		text.len -= sizeof(".src.rpm") - 1;
	else if (slice_ends(text, SLICE(".nosrc.rpm")))
		text.len -= sizeof(".nosrc.rpm") - 1;
	else
		return;
	if (!slice_rcut(text, '-', &rest, &release) || !slice_rcut(rest, '-', &stem, version) || stem.len == 0 ||
	    version->len == 0 || release.len == 0) {
		*version = SLICE_EMPTY;
		return;
	}
	*name = stem;
	*version = slice_make(version->ptr, version->len + 1 + release.len);
}

/* "nodejs:14:8030020201124152102:229f0a1c": the first two are what advisories speak of. */
static struct slice module_of(struct slice label)
{
	size_t first = slice_find_byte(label, ':'), second;

	if (first == SIZE_MAX)
		return SLICE_EMPTY;
	second = slice_find_byte(slice_from(label, first + 1), ':');
	return second == SIZE_MAX ? label : slice_take(label, first + 1 + second);
}

/* Whether or not it was listed before: its files are. */
static enum status begin_list(struct rpm_read *r, const struct package *p, struct err *err)
{
	struct package of = { .path = p->path, .name = p->name, .version = p->version, .arch = p->arch };

	return r->out->list(r->out->ctx, &of, err);
}

static enum status emit(struct rpm_read *r, const struct rpm_header *h, struct err *err)
{
	struct package p = { .type = PACKAGE_RPM,
			     .name = h->name,
			     .arch = h->arch,
			     .module = module_of(h->module_label),
			     .db = r->db,
			     .path = r->file->path,
			     .detector = SLICE("rpm") };
	bool fresh = false;

	TRY(make_version(r, h, &p.version, err));
	if (!is_new(r, &p, &fresh))
		return err_nomem(err, "rpm package");
	if (!fresh)
		return begin_list(r, &p, err);
	split_source(h->source_rpm, &p.source_name, &p.source_version);
	if (!package_type_scheme(PACKAGE_RPM)->valid(p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	TRY(r->out->package(r->out->ctx, &p, err));
	return begin_list(r, &p, err);
}

enum status rpm_record(struct rpm_read *r, struct slice header, uint64_t offset, struct err *err)
{
	struct rpm_header h;
	struct err why = ERR_INIT;
	const char *problem;

	if (rpm_header_parse(header, r->env->limits, &h, &why) != STATUS_OK)
		return rpm_lost(r, offset, &why, err);
	/* Keys that packages are signed with are kept as if they were packages. */
	if (slice_eq(h.name, SLICE("gpg-pubkey")))
		return STATUS_OK;
	TRY(emit(r, &h, err));
	TRY(rpm_header_files(r, &h, &problem, err));
	if (problem) {
		struct err_quote q;

		told_emit(&r->told, DIAG_FIELD, offset, "the list of files of %s cannot be used: %s",
			  err_slice(&q, h.name), problem);
	}
	return STATUS_OK;
}

/* ---- which format ---- */

struct format {
	const char *kind; /* NULL: known, not read */
	enum status (*read)(struct rpm_read *r, struct err *err);
	const char *why_not;
};

static const struct format sqlite = { "sqlite", rpm_sqlite_read, NULL };
static const struct format ndb = { "ndb", rpm_ndb_read, NULL };
static const struct format bdb = { "bdb", rpm_bdb_read, NULL };
static const struct format bdb_other = { NULL, NULL,
					 "a Berkeley DB of another kind than a hash, which rpm never makes" };
static const struct format bdb_old = { NULL, NULL, "a Berkeley DB of version 1, as rpm before 4.0 had it" };
static const struct format index_file = { NULL, NULL, "an index of an NDB database, not the database" };
static const struct format unknown = { NULL, NULL, "neither SQLite nor NDB nor a Berkeley DB hash" };

static bool has_at(struct slice s, size_t at, const char *magic, size_t n)
{
	return s.len >= at + n && memcmp(s.ptr + at, magic, n) == 0;
}

/* A magic number of four bytes in either order. */
static bool is_magic(struct slice s, size_t at, uint32_t magic)
{
	char little[4], big[4];

	for (unsigned i = 0; i < 4; i++) {
		little[i] = (char)(magic >> (8 * i));
		big[3 - i] = little[i];
	}
	return has_at(s, at, little, 4) || has_at(s, at, big, 4);
}

#define BDB_HASH 0x00061561u
#define BDB_BTREE 0x00053162u
#define BDB_QUEUE 0x00042253u
#define BDB_HEAP 0x00074582u

static const struct format *format_of(struct slice bytes)
{
	if (has_at(bytes, 0, "SQLite format 3", 16))
		return &sqlite;
	if (has_at(bytes, 0, "RpmP", 4))
		return &ndb;
	if (has_at(bytes, 0, "RpmX", 4))
		return &index_file;
	if (is_magic(bytes, 12, BDB_HASH))
		return &bdb;
	if (is_magic(bytes, 12, BDB_BTREE) || is_magic(bytes, 12, BDB_QUEUE) || is_magic(bytes, 12, BDB_HEAP))
		return &bdb_other;
	if (is_magic(bytes, 0, BDB_HASH))
		return &bdb_old;
	return &unknown;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	const struct format *format = format_of(file->bytes);
	uint64_t bytes = (uint64_t)file->bytes.len + file->companion.len;
	struct rpm_read r = { .file = file,
			      .env = env,
			      .out = out,
			      .told = { .diags = out->diags },
			      .joined = BUF_INIT(RPM_HEADER_BYTES),
			      .version = BUF_INIT(VERSION_BYTES),
			      .record_budget = bytes,
			      .owned_budget = OWNED_FACTOR * bytes };
	enum status st;

	if (file->bytes.len == 0)
		return STATUS_OK; /* made, never written to: a database without packages */
	if (!format->kind)
		return err_set(err, STATUS_UNSUPPORTED, "the rpm database was not read: it is %s", format->why_not);
	if (!arena_printf(env->arena, &r.db, "%s:%.*s", format->kind, SLICE_ARG(path_dir(file->path))))
		return err_nomem(err, "rpm database");
	st = format->read(&r, err);
	if (st == STATUS_OK && r.cut)
		st = err_at(err, STATUS_MALFORMED, file->bytes.len,
			    "the rpm database ends too early: packages are missing");
	told_end(&r.told);
	map_fini(&r.seen);
	buf_fini(&r.joined);
	buf_fini(&r.version);
	return st;
}

const struct detector detector_rpm = {
	.name = "rpm",
	.version = "3",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
