/* SPDX-License-Identifier: Apache-2.0 */
/* sbom_component.c - what becomes of a component in either walk, and what is told of those that nobody can look up. */
#include <stddef.h>

#include "index/package/sbom_impl.h"
#include "text/cpe.h"

/* ---- properties ---- */

static const struct property {
	struct slice name;
	size_t field;
} properties[] = {
#define PROPERTY(name, field) { SLICE_INIT(name), offsetof(struct sbom_component, field) },
#include "index/package/sbom_properties.def"
#undef PROPERTY
};

void sbom_property(struct sbom_component *c, struct slice name, struct slice value)
{
	for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
		struct slice *field = (struct slice *)(void *)((char *)c + properties[i].field);

		if (slice_eq(properties[i].name, name) && field->len == 0)
			*field = value;
	}
}

void sbom_source_info(struct sbom_component *c, struct slice info)
{
	static const struct slice built = SLICE_INIT("built package from: "), found = SLICE_INIT("found in ");
	static const struct slice acquired = SLICE_INIT("acquired package info from ");
	size_t at;

	if (slice_starts(info, built)) {
		slice_rcut(slice_from(info, built.len), ' ', &c->source, &c->source_version);
		if (c->source.len == 0)
			c->source = slice_from(info, built.len);
	} else if (slice_starts(info, found)) {
		c->path = slice_from(info, found.len);
		at = slice_find(c->path, SLICE(" of layer "));
		c->path = slice_take(c->path, at);
	} else if (slice_starts(info, acquired)) {
		at = slice_find(info, SLICE(": "));
		c->path = at == SIZE_MAX ? SLICE_EMPTY : slice_from(info, at + 2);
		slice_cut(c->path, ',', &c->path, NULL);
	}
}

void sbom_comment(struct sbom_component *c, struct slice comment)
{
	struct slice word, name, value;

	while (slice_word(&comment, ' ', &word)) {
		if (!slice_starts(word, SLICE("limpid:")))
			return;
		if (!slice_cut(word, '=', &name, &value))
			value = SLICE("true");
		sbom_property(c, name, value);
	}
}

struct slice sbom_purpose(struct slice purpose, struct slice id)
{
	static const struct {
		struct slice purpose, id, kind;
	} rows[] = {
		{ SLICE_INIT("OPERATING-SYSTEM"), SLICE_INIT("SPDXRef-OperatingSystem"),
		  SLICE_INIT("operating-system") },
		{ SLICE_INIT("OPERATING_SYSTEM"), SLICE_INIT("SPDXRef-OperatingSystem-"),
		  SLICE_INIT("operating-system") },
		{ SLICE_INIT("CONTAINER"), SLICE_INIT("SPDXRef-ContainerImage-"), SLICE_INIT("container") },
		{ SLICE_INIT("FILE"), SLICE_INIT("SPDXRef-Application-"), SLICE_INIT("file") },
		{ SLICE_INIT("SOURCE"), SLICE_INIT("SPDXRef-Filesystem-"), SLICE_INIT("file") },
		{ SLICE_INIT("SOURCE"), SLICE_INIT("SPDXRef-Repository-"), SLICE_INIT("file") },
		{ SLICE_INIT("FILE"), SLICE_INIT("SPDXRef-DocumentRoot-"), SLICE_INIT("file") },
		{ SLICE_INIT("APPLICATION"), SLICE_INIT("SPDXRef-Package-application"), SLICE_INIT("application") },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_starts(id, rows[i].id))
			return rows[i].kind;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(purpose, rows[i].purpose))
			return rows[i].kind;
	return SLICE("library");
}

bool sbom_is_member(void *ctx, struct slice key, struct slice value)
{
	(void)ctx;
	(void)value;
	return key.len > 0;
}

/* ---- gaps ---- */

void sbom_lacks(struct sbom *s, struct sbom_gap *gap, struct slice what, struct slice example)
{
	/* Without memory the number still counts. */
	if (gap->n++ == 0 && (!arena_copy(&s->arena, slice_take(what, 256), &gap->what) ||
			      !arena_copy(&s->arena, slice_take(example, 256), &gap->example)))
		gap->what = gap->example = SLICE_EMPTY;
}

/* Of the target, what is lacking is lacking in the report; a document in an image says more than anybody asked for. */
static enum diag_code gap_code(const struct sbom *s)
{
	return s->document ? DIAG_RECORD : DIAG_FIELD;
}

static void tell_gap(const struct sbom *s, const struct sbom_gap *gap, const char *lack)
{
	struct err_quote q, example;

	if (gap->n == 0)
		return;
	diag_emit(s->out->diags, gap_code(s), s->file->path, ERR_NO_OFFSET,
		  "%llu component%s cannot be looked up: %s%s%s%s (the first is %s)", (unsigned long long)gap->n,
		  gap->n == 1 ? "" : "s", lack, gap->what.len > 0 ? " (" : "",
		  gap->what.len > 0 ? err_slice(&q, gap->what) : "", gap->what.len > 0 ? ")" : "",
		  err_slice(&example, gap->example));
}

static void tell_gaps(const struct sbom *s)
{
	tell_gap(s, &s->nameless, "they have no package URL");
	tell_gap(s, &s->bad, "they have no version");
	tell_gap(s, &s->foreign, "they are packages of another system than the document's");
	tell_gap(s, &s->repositories, "they are repositories of GitHub, whose advisories are about actions");
	for (size_t i = 0; i < s->n_unknown; i++)
		tell_gap(s, &s->unknown[i], "packages of that kind are not known here");
}

/* ---- the system ---- */

static enum status keep_system(struct sbom *s, const struct distribution *in, struct err *err)
{
	struct distribution d = { 0 };

	if (!arena_copy(&s->arena, in->did, &d.did) || !arena_copy(&s->arena, in->version_id, &d.version_id) ||
	    !arena_copy(&s->arena, in->version, &d.version) ||
	    !arena_copy(&s->arena, in->version_code_name, &d.version_code_name) ||
	    !arena_copy(&s->arena, in->pretty_name, &d.pretty_name) || !arena_copy(&s->arena, in->cpe, &d.cpe))
		return err_nomem(err, "a bill of materials");
	s->system = d;
	return STATUS_OK;
}

void sbom_system_version(struct slice text, struct distribution *d)
{
	text = slice_trim(text);
	slice_cut(text, ' ', &d->version_id, NULL);
	if (text.len > 0 && is_digit(text.ptr[0])) {
		d->version = text;
		return;
	}
	if (debian_release_by_codename(d->version_id).len > 0) {
		d->version_code_name = d->version_id;
		d->version_id = SLICE_EMPTY;
	}
}

/* As a formatted string, as of os-release; one that is none is left out. */
static enum status take_cpe(struct sbom *s, struct slice text, struct err *err)
{
	struct buf AUTO(buf_fini) printed = BUF_INIT((size_t)1 << 16);
	struct err ignored = ERR_INIT;
	struct cpe cpe;

	if (cpe_parse(text, &s->scratch, &cpe, &ignored) != STATUS_OK)
		return STATUS_OK;
	cpe_print(&cpe, &printed);
	if (printed.failed == STATUS_OK && !arena_copy(&s->arena, buf_slice(&printed), &s->system.cpe))
		return err_nomem(err, "a bill of materials");
	return STATUS_OK;
}

static enum status choose_component(struct sbom *s, const struct sbom_component *c, struct err *err)
{
	struct distribution d = { .pretty_name = c->description };
	size_t at;

	if (s->system_is_component || (c->name.len == 0 && c->system_id.len == 0))
		return STATUS_OK;
	d.did = sbom_system_id(c->system_id.len > 0 ? c->system_id : c->name);
	sbom_system_version(c->system_version.len > 0 ? c->system_version : c->version, &d);
	at = d.version_id.len > 0 ? slice_find(d.pretty_name, d.version_id) : SIZE_MAX;
	if (at != SIZE_MAX)
		d.version = slice_from(d.pretty_name, at);
	s->system_is_component = true;
	TRY(keep_system(s, &d, err));
	return c->cpe.len > 0 ? take_cpe(s, c->cpe, err) : STATUS_OK;
}

static enum status choose_purl(struct sbom *s, const struct sbom_component *c, struct err *err)
{
	struct distribution d = { 0 };

	if (s->system_is_component || s->system.version_id.len > 0 || s->system.version_code_name.len > 0)
		return STATUS_OK;
	TRY(sbom_system_of(s, c, &d, err));
	if (d.did.len == 0 || (s->system.did.len > 0 && d.version_id.len == 0 && d.version_code_name.len == 0))
		return STATUS_OK;
	return keep_system(s, &d, err);
}

/* ---- components ---- */

static bool is_system_component(const struct sbom_component *c)
{
	return slice_eq(c->kind, SLICE("operating-system"));
}

/* Things that no advisory speaks of by a package URL, and lock files that stand for what they list. */
static bool is_no_package(const struct sbom_component *c)
{
	static const char *const kinds[] = { "file", "data", "device", "cryptographic-asset",
					     "machine-learning-model" };

	if (slice_eq(c->kind, SLICE("container")))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (slice_eq(c->kind, slice_cstr(kinds[i])))
			return c->purl.len == 0;
	return c->purl.len == 0 && (c->stands_for.len > 0 || c->name.len == 0);
}

enum status sbom_take(struct sbom *s, const struct sbom_component *c, struct err *err)
{
	struct package p;
	bool is_one = false;

	arena_reset(&s->scratch);
	if (++s->components > 2 * s->env->limits->packages)
		return err_set(err, STATUS_LIMIT, "a bill of materials of more than %llu components",
			       (unsigned long long)s->env->limits->packages);
	if (s->choosing)
		return is_system_component(c) ? choose_component(s, c, err) : choose_purl(s, c, err);
	if (is_system_component(c) || is_no_package(c))
		return STATUS_OK;
	TRY(sbom_package(s, c, &p, &is_one, err));
	if (!is_one)
		return STATUS_OK;
	s->packages++;
	return s->out->package(s->out->ctx, &p, err);
}

enum status sbom_end(struct sbom *s, struct err *err)
{
	tell_gaps(s);
	if (s->told.n > 0)
		told_end(&s->told);
	if (!s->document || s->system.did.len == 0)
		return STATUS_OK;
	s->system.path = s->file->path;
	return s->out->distribution(s->out->ctx, &s->system, err);
}
