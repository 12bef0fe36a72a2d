/* SPDX-License-Identifier: Apache-2.0 */
/*
 * java.c - Java archives (jar, war, ear and the like), and those inside them: pom.properties, else the manifest and the
 * file's name.
 *
 * An archive is walked in place. Inner archives that are stored are walked in place, too; packed ones are unpacked into
 * memory, one per level. Source: docs/formats/java.md.
 */
#include "base/map.h"
#include "index/detector.h"
#include "index/package/java_names.h"
#include "index/told.h"
#include "io/zip_view.h"

#include <stdlib.h>

#define ARCHIVE_BYTES ((uint64_t)1 << 30) /* of one file, as many as fit the temporary file; h2o.jar has 279 MB */
#define TEXT_BYTES ((uint64_t)1 << 20)	    /* of a manifest or pom.properties; real ones stay below 100 KB */
#define POMS_MAX 5000			    /* pom.properties of one archive; shaded ones have some hundreds */
#define DEPTH_MAX 16

static const char *const endings[] = {
	".jar", ".war", ".ear", ".par", ".sar", ".nar", ".jpi", ".hpi", ".kar", ".lpkg"
};

#define ARCHIVE(ending)                                                                                                \
	{                                                                                                              \
		.match = PATH_SUFFIX, .text = ending, .need = DETECT_WHOLE, .max_bytes = ARCHIVE_BYTES                 \
	}

static const struct path_rule rules[] = {
	ARCHIVE(".jar"), ARCHIVE(".war"), ARCHIVE(".ear"), ARCHIVE(".par"),  ARCHIVE(".sar"),  ARCHIVE(".nar"),
	ARCHIVE(".jpi"), ARCHIVE(".hpi"), ARCHIVE(".kar"), ARCHIVE(".lpkg"), { .text = NULL },
};

/* ---- state ---- */

/* An archive that is being walked. */
struct level {
	struct zip_view zip;
	struct slice path; /* of the file or member */
	uint8_t *unpacked; /* owned; NULL: its bytes are the outer one's */
	size_t unpacked_len;
};

struct walk {
	const struct detect_file *file;
	const struct detect_env *env;
	const struct detect_sink *out;
	struct level levels[DEPTH_MAX];
	size_t depth;
	uint64_t held;	   /* bytes of unpacked archives */
	uint64_t unpacked; /* bytes unpacked so far, all together */
	bool told_memory, told_unpacked, told_depth;
	struct map seen; /* name and version of what was emitted of this file */
	struct told told;
};

/* What names one archive. */
struct evidence {
	VEC(struct java_name) poms;
	struct zip_entry manifest;
	bool has_manifest, has_inner, bad_poms;
};

/* ---- members ---- */

static bool is_archive(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends(name, slice_cstr(endings[i])))
			return true;
	return false;
}

/* May n more bytes be unpacked? Told once. */
static bool may_unpack(struct walk *w, uint64_t n)
{
	uint64_t max = w->env->limits->archive_unpacked;

	if (n <= max && w->unpacked <= max - n) {
		w->unpacked += n;
		return true;
	}
	if (!w->told_unpacked)
		told_emit(&w->told, DIAG_LIMIT, ERR_NO_OFFSET,
			  "of one archive at most %llu bytes are unpacked (limits.archive_unpacked): the rest was not "
			  "read",
			  (unsigned long long)max);
	w->told_unpacked = true;
	return false;
}

static void tell(struct walk *w, enum diag_code code, struct slice name, const char *why)
{
	struct err_quote q;

	if (slice_eq(name, w->file->path))
		told_emit(&w->told, code, ERR_NO_OFFSET, "%s", why);
	else
		told_emit(&w->told, code, ERR_NO_OFFSET, "%s in the archive: %s", err_slice(&q, name), why);
}

/* Unpack a short text into the arena. False: told, or memory is short (then *st says so). */
static bool read_text(struct walk *w, const struct zip_view *zip, const struct zip_entry *e, struct slice *out,
		      enum status *st, struct err *err)
{
	struct err why = ERR_INIT;
	uint8_t *text;

	if (e->size > TEXT_BYTES) {
		tell(w, DIAG_LIMIT, e->name, "more than 1 MiB: it was not read");
		return false;
	}
	if (!may_unpack(w, e->size))
		return false;
	text = arena_alloc(w->env->arena, (size_t)e->size + 1);
	if (!text) {
		*st = err_nomem(err, "a Java archive");
		return false;
	}
	if (zip_view_unpack(zip, e, text, &why) != STATUS_OK) {
		tell(w, DIAG_RECORD, e->name, why.msg);
		return false;
	}
	*out = slice_make(text, (size_t)e->size);
	return true;
}

static enum status add_pom(struct walk *w, const struct zip_view *zip, const struct zip_entry *e, struct evidence *ev,
			   struct err *err)
{
	struct java_name name, *kept;
	enum status st = STATUS_OK;
	struct slice text;

	if (ev->poms.len >= POMS_MAX) {
		if (!ev->bad_poms)
			tell(w, DIAG_LIMIT, e->name, "more than 5000 of this name: the rest was not read");
		ev->bad_poms = true;
		return STATUS_OK;
	}
	if (!read_text(w, zip, e, &text, &st, err))
		return st;
	if (!java_read_pom(text, &name)) {
		tell(w, DIAG_FIELD, e->name, "it does not say group, artifact and version");
		return STATUS_OK;
	}
	kept = VEC_PUSH(&ev->poms, w->env->arena);
	if (!kept)
		return err_nomem(err, "a Java archive");
	*kept = name;
	return STATUS_OK;
}

/* Of two members of one name the first counts, as for java.util.jar.JarInputStream. */
static enum status collect(struct walk *w, struct level *l, struct evidence *ev, struct err *err)
{
	struct zip_entry e;
	struct err why = ERR_INIT;
	enum status st;
	uint64_t n = 0;

	zip_view_rewind(&l->zip);
	while ((st = zip_view_next(&l->zip, &e, &why)) == STATUS_OK) {
		if (++n > w->env->limits->zip_members) {
			tell(w, DIAG_LIMIT, l->path, "more members than limits.zip_members: the rest was not read");
			l->zip.end = e.offset;
			break;
		}
		if (slice_ends(e.name, SLICE("/pom.properties")) && slice_starts(e.name, SLICE("META-INF/maven/")))
			TRY(add_pom(w, &l->zip, &e, ev, err));
		else if (!ev->has_manifest && slice_eq_nocase(e.name, SLICE("META-INF/MANIFEST.MF"))) {
			ev->manifest = e;
			ev->has_manifest = true;
		} else if (is_archive(e.name)) {
			ev->has_inner = true;
		}
	}
	if (st == STATUS_MALFORMED) {
		l->zip.end = MIN(l->zip.end, why.offset); /* not told twice */
		tell(w, DIAG_RECORD, l->path, why.msg);
	}
	return STATUS_OK;
}

/* ---- records ---- */

/* Clair's package_db: "maven:outer.war:WEB-INF/lib/inner.jar". */
static bool place_of(struct walk *w, const char *kind, struct slice *out)
{
	if (!arena_printf(w->env->arena, out, "%s:%.*s", kind, SLICE_ARG(w->file->path)))
		return false;
	for (size_t i = 1; i < w->depth; i++)
		if (!arena_printf(w->env->arena, out, "%.*s:%.*s", SLICE_ARG(*out), SLICE_ARG(w->levels[i].path)))
			return false;
	return true;
}

static enum status emit(struct walk *w, const struct java_name *name, const char *kind, unsigned flags, struct err *err)
{
	struct arena *a = w->env->arena;
	struct package p = { .type = PACKAGE_MAVEN,
			     .flags = flags,
			     .version = name->version,
			     .path = w->file->path,
			     .detector = SLICE("java") };
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!arena_printf(a, &p.name, "%.*s%s%.*s", SLICE_ARG(name->group), name->group.len > 0 ? ":" : "",
			  SLICE_ARG(name->artifact)) ||
	    !arena_printf(a, &key, "%.*s %.*s", SLICE_ARG(p.name), SLICE_ARG(p.version)))
		return err_nomem(err, "a Java archive");
	slot = map_slot(&w->seen, key, &is_new);
	if (!slot)
		return err_nomem(err, "a Java archive");
	if (!is_new)
		return STATUS_OK; /* copies in one file are one package */
	if (!package_version_ok(PACKAGE_MAVEN, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	if (!place_of(w, kind, &p.db))
		return err_nomem(err, "a Java archive");
	return w->out->package(w->out->ctx, &p, err);
}

/* Is one of the pom.properties the archive's own, going by the file's name? */
static bool names_itself(const struct evidence *ev, struct slice path)
{
	struct slice base = path_base(path);

	for (size_t i = 0; i < ev->poms.len; i++) {
		struct slice artifact = ev->poms.at[i].artifact, rest = slice_from(base, artifact.len);

		if (slice_starts(base, artifact) && rest.len > 0 && (rest.ptr[0] == '-' || rest.ptr[0] == '.'))
			return true;
	}
	return false;
}

/*
 * One pom.properties alone is the archive's own, whatever the file is called: unless the manifest has a version,
 * another one, and speaks of something else (guice.jar of Debian, which has swallowed cglib).
 */
static bool is_swallowed(const struct java_name *pom, const struct java_manifest *m)
{
	struct slice version = m->version.len > 0 ? m->version : m->bundle_version;

	return version.len > 0 && !slice_eq(version, pom->version) && !slice_has(m->symbolic_name, pom->artifact) &&
	       !slice_has(m->symbolic_name, pom->group) && !slice_has(m->title, pom->artifact);
}

static bool is_listed(const struct evidence *ev, const struct java_name *name)
{
	for (size_t i = 0; i < ev->poms.len; i++)
		if (slice_eq(ev->poms.at[i].artifact, name->artifact) &&
		    slice_eq(ev->poms.at[i].version, name->version))
			return true;
	return false;
}

/* Without evidence inside: the place in a store of Maven or Gradle, else manifest and name. */
static enum status emit_guess(struct walk *w, struct level *l, const struct evidence *ev, struct err *err)
{
	struct java_manifest m = { .title = SLICE_EMPTY };
	struct java_name name;
	enum status st = STATUS_OK;
	struct slice text;

	bool failed;

	if (java_is_companion(l->path))
		return STATUS_OK;
	if (w->depth == 1 && ev->poms.len == 0) {
		if (java_read_place(w->env->arena, l->path, &name, &failed))
			return emit(w, &name, "maven", 0, err);
		if (failed)
			return err_nomem(err, "a Java archive");
	}
	if (ev->has_manifest && read_text(w, &l->zip, &ev->manifest, &text, &st, err) &&
	    !java_read_manifest(w->env->arena, text, &m))
		st = err_nomem(err, "a Java archive");
	if (st != STATUS_OK)
		return st;
	if (ev->poms.len == 1 && !is_swallowed(&ev->poms.at[0], &m))
		return STATUS_OK;
	if (!java_guess(l->path, &m, &name)) {
		if (ev->poms.len == 0)
			tell(w, DIAG_FIELD, l->path,
			     "nothing says what it is: no pom.properties, no version in manifest or name");
		return STATUS_OK;
	}
	if (is_listed(ev, &name))
		return STATUS_OK;
	return emit(w, &name,
		    m.version.len > 0 || m.bundle_version.len > 0 || m.specification_version.len > 0 ? "jar" : "file",
		    PACKAGE_GUESSED, err);
}

static enum status name_archive(struct walk *w, struct level *l, struct err *err)
{
	struct evidence ev = { .has_manifest = false };

	TRY(collect(w, l, &ev, err));
	for (size_t i = 0; i < ev.poms.len; i++)
		TRY(emit(w, &ev.poms.at[i], "maven", 0, err));
	if (!names_itself(&ev, l->path))
		TRY(emit_guess(w, l, &ev, err));
	zip_view_rewind(&l->zip);
	if (!ev.has_inner)
		l->zip.at = l->zip.end;
	return STATUS_OK;
}

/* ---- archives in archives ---- */

static void leave(struct walk *w)
{
	struct level *l = &w->levels[--w->depth];

	w->held -= l->unpacked_len;
	free(l->unpacked);
	*l = (struct level){ .unpacked = NULL };
}

static enum status enter(struct walk *w, struct slice bytes, struct slice path, uint8_t *unpacked, struct err *err)
{
	struct level *l = &w->levels[w->depth];
	struct err why = ERR_INIT;

	if (zip_view_open(bytes, &l->zip, &why) != STATUS_OK) {
		free(unpacked);
		if (w->depth == 0) {
			*err = why;
			return why.code;
		}
		tell(w, DIAG_RECORD, path, why.msg);
		return STATUS_OK;
	}
	l->path = path;
	l->unpacked = unpacked;
	l->unpacked_len = unpacked ? bytes.len : 0;
	w->held += l->unpacked_len;
	w->depth++;
	return name_archive(w, l, err);
}

static enum status enter_packed(struct walk *w, const struct level *l, const struct zip_entry *e, struct slice path,
				struct err *err)
{
	uint64_t max = w->env->limits->archive_memory;
	struct err why = ERR_INIT;
	uint8_t *bytes;

	if (e->size > max || w->held > max - e->size) {
		if (!w->told_memory)
			tell(w, DIAG_LIMIT, path,
			     "inner archives that are packed may have limits.archive_memory bytes together: it was not "
			     "read");
		w->told_memory = true;
		return STATUS_OK;
	}
	if (!may_unpack(w, e->size))
		return STATUS_OK;
	bytes = malloc((size_t)e->size);
	if (!bytes)
		return err_nomem(err, "a Java archive");
	if (zip_view_unpack(&l->zip, e, bytes, &why) != STATUS_OK) {
		free(bytes);
		tell(w, why.code == STATUS_UNSUPPORTED ? DIAG_UNSUPPORTED : DIAG_RECORD, path, why.msg);
		return STATUS_OK;
	}
	return enter(w, slice_make(bytes, (size_t)e->size), path, bytes, err);
}

static enum status enter_member(struct walk *w, const struct level *l, const struct zip_entry *e, struct err *err)
{
	struct err why = ERR_INIT;
	struct slice bytes, path;

	if (w->depth >= MIN((uint64_t)DEPTH_MAX, w->env->limits->archive_depth)) {
		if (!w->told_depth)
			tell(w, DIAG_LIMIT, e->name,
			     "archives are nested deeper than limits.archive_depth: it was not read");
		w->told_depth = true;
		return STATUS_OK;
	}
	/* Names outlive the bytes of their archive, which are given back when it was walked. */
	if (!arena_copy(w->env->arena, e->name, &path))
		return err_nomem(err, "a Java archive");
	if (!zip_entry_is_stored(e))
		return enter_packed(w, l, e, path, err);
	if (zip_view_packed(&l->zip, e, &bytes, &why) != STATUS_OK) {
		tell(w, DIAG_RECORD, path, why.msg);
		return STATUS_OK;
	}
	/* Overlapping members could make a small file a long walk. */
	return may_unpack(w, e->size / 16) ? enter(w, bytes, path, NULL, err) : STATUS_OK;
}

static enum status walk(struct walk *w, struct err *err)
{
	enum status st = enter(w, w->file->bytes, w->file->path, NULL, err);

	while (st == STATUS_OK && w->depth > 0) {
		struct level *l = &w->levels[w->depth - 1];
		struct err ended = ERR_INIT;
		struct zip_entry e;

		if (zip_view_next(&l->zip, &e, &ended) != STATUS_OK)
			leave(w);
		else if (is_archive(e.name) && e.size >= ZIP_BYTES_MIN)
			st = enter_member(w, l, &e, err);
	}
	while (w->depth > 0)
		leave(w);
	return st;
}

/* Nix calls its archives .nar, too; they begin with this text behind its length in eight bytes. */
static bool is_nix_archive(struct slice bytes)
{
	return slice_starts(slice_from(bytes, 8), SLICE("nix-archive-1"));
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct walk *w;
	enum status st;

	if (is_nix_archive(file->bytes))
		return STATUS_OK;
	w = ARENA_NEW(env->arena, struct walk);
	if (!w)
		return err_nomem(err, "a Java archive");
	*w = (struct walk){ .file = file, .env = env, .out = out, .seen = MAP_INIT };
	w->told = (struct told){ .diags = out->diags, .where = file->path };
	st = walk(w, err);
	told_end(&w->told);
	map_fini(&w->seen);
	return st;
}

const struct detector detector_java = {
	.name = "java",
	.version = "8",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
