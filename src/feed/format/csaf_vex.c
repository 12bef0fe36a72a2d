/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csaf_vex.c - Red Hat's VEX: CSAF documents, one per CVE, alone or in a (packed) tar, with newer ones behind it.
 *
 * One document at a time is in memory. Documents that were changed since the archive lie behind it, each after a line
 * with its length, and count instead of the archive's (feed/rhel_vex.c puts them there). Mapping:
 * docs/formats/csaf-vex.md.
 */
#include "feed/archive.h"

#include "base/map.h"
#include "feed/csaf_document.h"
#include "feed/csaf_frame.h"
#include "feed/oval_dpkg.h"
#include "version/rhctag.h"

#include <stdlib.h>

#define STATUSES 4
/* Before any build that is named by its time: times have ten digits since then. */
#define FIRST_TIME "1000000000"

/* Ids by their hashes, of which a quarter of a million has two that are equal once in a billion archives. */
struct seen {
	uint64_t *at; /* owned; 0: free */
	size_t len, cap;
};

struct parser {
	const struct feed_document *doc;
	const struct advisory_sink *out;
	const struct limits *limits;
	struct arena arena; /* of one document */
	struct seen seen;   /* documents that count already */
};

/* One vulnerability of a document. */
struct flaw {
	struct parser *p;
	struct csaf_document doc;
	struct advisory a;
	struct slice where;
	struct map row_of;
	VEC(struct affected) rows;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "CSAF");
}

static enum severity severity_of(struct slice word)
{
	enum severity s;

	return severity_by_word(SLICE_EMPTY, word, &s) ? s : SEVERITY_UNKNOWN;
}

/* ---- rows ---- */

static enum status put_row(struct flaw *f, const struct affected *row, struct slice arch, struct err *err)
{
	struct affected *at;
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!arena_printf(&f->p->arena, &key, "%.*s\1%.*s\1%.*s\1%.*s\1%.*s\1%d", SLICE_ARG(row->scope),
			  SLICE_ARG(row->package), SLICE_ARG(row->module), SLICE_ARG(row->fixed_version),
			  SLICE_ARG(row->severity), (int)row->status * 16 + (int)row->fix_state) ||
	    !(slot = map_slot(&f->row_of, key, &is_new)))
		return nomem(err);
	if (!is_new)
		return oval_join_arch(&f->p->arena, &f->rows.at[*slot].arch, arch) ? STATUS_OK : nomem(err);
	*slot = f->rows.len;
	at = VEC_PUSH(&f->rows, &f->p->arena);
	if (!at)
		return nomem(err);
	*at = *row;
	at->arch = arch;
	return STATUS_OK;
}

static bool is_source(struct slice arch)
{
	return slice_eq(arch, SLICE("src")) || slice_eq(arch, SLICE("nosrc"));
}

/* What a status says of a component that is named already. */
static enum status judge_product(struct flaw *f, const struct csaf_component *c, struct slice id, struct affected *row,
				 bool fixed, struct err *err)
{
	struct slice impact = csaf_document_impact(&f->doc, id);
	enum severity severity = impact.len > 0 ? severity_of(impact) : f->a.severity;
	struct version_range *range;

	if (severity != f->a.severity)
		row->severity = slice_cstr(severity_name(severity));
	if (fixed) {
		range = ARENA_NEW(&f->p->arena, struct version_range);
		if (!range)
			return nomem(err);
		range->fixed = row->fixed_version = c->package->version;
		row->ranges = range;
		row->n_ranges = 1;
	} else if (row->status == AFFECTED_YES) {
		row->fix_state = csaf_document_fix_state(&f->doc, id);
	}
	return put_row(f, row, fixed ? c->package->arch : SLICE_EMPTY, err);
}

/* Names of images are names of repositories, whatever was built for them was called. */
static enum status add_image(struct flaw *f, const struct csaf_component *c, struct slice id, struct affected row,
			     bool fixed, struct err *err)
{
	struct rhctag tag;
	struct err_quote q;

	if (fixed && c->package->version.len == 0)
		return STATUS_OK;
	if (fixed && !rhctag_parse(c->package->version, &tag)) {
		diag_emit(f->p->out->diags, DIAG_FIELD, f->where, ERR_NO_OFFSET, "%s is no tag with a version",
			  err_slice(&q, c->package->version));
		return STATUS_OK;
	}
	row.scheme = SCHEME_rhctag;
	row.scope = c->repository->image_scope;
	row.package = c->package->name;
	row.name_kind = AFFECTED_NAME_ANY;
	return judge_product(f, c, id, &row, fixed, err);
}

/* What is fixed is named by its packages, what is not by its source. */
static enum status add_product(struct flaw *f, struct slice id, enum affected_status status, bool fixed,
			       struct err *err)
{
	struct csaf_component c;
	const char *bad = NULL;
	struct affected row = { .scheme = SCHEME_rpm, .status = status };

	if (!csaf_document_component(&f->doc, id, &c, &bad)) {
		if (bad)
			diag_emit(f->p->out->diags, DIAG_FIELD, f->where, ERR_NO_OFFSET, "a product cannot be read: %s",
				  bad);
		return STATUS_OK;
	}
	if ((fixed && (is_source(c.package->arch) || c.package->version.len == 0)) ||
	    (status == AFFECTED_NO && is_source(c.package->arch) && c.package->version.len > 0))
		return STATUS_OK;
	if (c.package->image)
		return add_image(f, &c, id, row, fixed, err);
	row.scope = c.repository->scope;
	row.package = c.package->name;
	row.module = c.module;
	row.name_kind = fixed			     ? AFFECTED_NAME_BINARY
			: is_source(c.package->arch) ? AFFECTED_NAME_SOURCE
						     : AFFECTED_NAME_ANY;
	return judge_product(f, &c, id, &row, fixed, err);
}

/* ---- from which tag on a fix of an image counts ---- */

static const struct affected *row_at(uint64_t value)
{
	return (const struct affected *)(uintptr_t)value;
}

/* Is no tag of this image lower, in this product or (scope "") in all? */
static enum status note_lowest(struct map *lowest, struct arena *arena, struct slice scope, const struct affected *row,
			       struct err *err)
{
	const struct version_scheme *scheme = scheme_get(SCHEME_rhctag);
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!arena_printf(arena, &key, "%.*s\1%.*s", SLICE_ARG(scope), SLICE_ARG(row->package)) ||
	    !(slot = map_slot(lowest, key, &is_new)))
		return nomem(err);
	if (is_new || scheme->compare(row->fixed_version, row_at(*slot)->fixed_version) < 0)
		*slot = (uint64_t)(uintptr_t)row;
	return STATUS_OK;
}

static bool is_lowest(const struct map *lowest, struct arena *arena, struct slice scope, const struct affected *row)
{
	struct rhctag mine, least;
	struct slice key;
	uint64_t value;

	if (!arena_printf(arena, &key, "%.*s\1%.*s", SLICE_ARG(scope), SLICE_ARG(row->package)) ||
	    !map_get(lowest, key, &value) || !rhctag_parse(row->fixed_version, &mine) ||
	    !rhctag_parse(row_at(value)->fixed_version, &least))
		return false;
	return mine.major == least.major && mine.minor == least.minor;
}

/*
 * One product's CPE may stand for several minor versions, which go on side by side: a fix counts for its own. That of
 * the lowest counts for older ones, too. Times of builds have no minor version: there products tell the lines apart.
 */
static enum status put_begin(struct flaw *f, const struct map *lowest, struct affected *row, struct err *err)
{
	struct version_range *range = ARENA_NEW(&f->p->arena, struct version_range);
	struct rhctag tag;

	if (!range)
		return nomem(err);
	*range = row->ranges[0];
	row->ranges = range;
	rhctag_parse(row->fixed_version, &tag);
	if (is_lowest(lowest, &f->p->arena, SLICE_EMPTY, row))
		return STATUS_OK;
	if (tag.by_time && is_lowest(lowest, &f->p->arena, row->scope, row))
		range->introduced = SLICE(FIRST_TIME);
	else if (!arena_printf(&f->p->arena, &range->introduced, tag.minor > 0 ? "%llu.%llu" : "%llu",
			       (unsigned long long)tag.major, (unsigned long long)tag.minor))
		return nomem(err);
	return STATUS_OK;
}

static enum status put_begins(struct flaw *f, struct err *err)
{
	struct map AUTO(map_fini) lowest = MAP_INIT;

	for (size_t i = 0; i < f->rows.len; i++) {
		const struct affected *row = &f->rows.at[i];

		if (row->scheme != SCHEME_rhctag || row->n_ranges == 0)
			continue;
		TRY(note_lowest(&lowest, &f->p->arena, SLICE_EMPTY, row, err));
		TRY(note_lowest(&lowest, &f->p->arena, row->scope, row, err));
	}
	for (size_t i = 0; lowest.len > 0 && i < f->rows.len; i++)
		if (f->rows.at[i].scheme == SCHEME_rhctag && f->rows.at[i].n_ranges > 0)
			TRY(put_begin(f, &lowest, &f->rows.at[i], err));
	return STATUS_OK;
}

/* "Not affected" matters only beside what is: a document names it for thousands. */
static void drop_idle_denials(struct flaw *f, struct map *scopes)
{
	size_t kept = 0;
	uint64_t ignored;

	for (size_t i = 0; i < f->rows.len; i++)
		if (f->rows.at[i].status != AFFECTED_NO || map_get(scopes, f->rows.at[i].scope, &ignored))
			f->rows.at[kept++] = f->rows.at[i];
	f->rows.len = kept;
}

static enum status read_rows(struct flaw *f, yyjson_val *vulnerability, struct err *err)
{
	static const struct {
		const char *key;
		enum affected_status status;
		bool fixed;
	} statuses[STATUSES] = { { "fixed", AFFECTED_YES, true },
				 { "known_affected", AFFECTED_YES, false },
				 { "under_investigation", AFFECTED_UNDECIDED, false },
				 { "known_not_affected", AFFECTED_NO, false } };
	struct map AUTO(map_fini) scopes = MAP_INIT;

	for (size_t s = 0; s < STATUSES; s++) {
		yyjson_val *id;
		size_t i, n, before = f->rows.len;

		yyjson_arr_foreach(json_get(json_get(vulnerability, "product_status"), statuses[s].key), i, n, id)
			TRY(add_product(f, json_str(id), statuses[s].status, statuses[s].fixed, err));
		for (; statuses[s].status == AFFECTED_YES && before < f->rows.len; before++)
			if (!map_put(&scopes, f->rows.at[before].scope, 1))
				return nomem(err);
	}
	drop_idle_denials(f, &scopes);
	return put_begins(f, err);
}

/* ---- the advisory ---- */

/* The last part of ".../errata/RHSA-2024:2447". */
static struct slice erratum_of(struct slice url)
{
	struct slice last;

	return slice_rcut(url, '/', NULL, &last) && slice_starts(last, SLICE("RH")) ? last : SLICE_EMPTY;
}

static enum status read_related(struct flaw *f, yyjson_val *vulnerability, struct err *err)
{
	yyjson_val *list = json_get(vulnerability, "remediations"), *item;
	struct slice *related = arena_array(&f->p->arena, yyjson_arr_size(list) + 1, sizeof(*related));
	struct map AUTO(map_fini) seen = MAP_INIT;
	size_t i, n;

	if (!related)
		return nomem(err);
	yyjson_arr_foreach(list, i, n, item)
	{
		struct slice id = erratum_of(json_get_str(item, "url"));
		uint64_t *slot;
		bool is_new;

		if (id.len == 0)
			continue;
		slot = map_slot(&seen, id, &is_new);
		if (!slot)
			return nomem(err);
		if (is_new)
			related[f->a.n_related++] = id;
	}
	f->a.related = related;
	return STATUS_OK;
}

/* GO-2024-2611 of "https://pkg.go.dev/vuln/GO-2024-2611" is the same flaw. */
static enum status read_links(struct flaw *f, yyjson_val *vulnerability, struct err *err)
{
	yyjson_val *list = json_get(vulnerability, "references"), *item;
	size_t room = yyjson_arr_size(list) + 1, i, n;
	struct slice *links = arena_array(&f->p->arena, room, sizeof(*links));
	struct slice *aliases = arena_array(&f->p->arena, room, sizeof(*aliases)),
		     go = SLICE("https://pkg.go.dev/vuln/");

	if (!links || !aliases)
		return nomem(err);
	yyjson_arr_foreach(list, i, n, item)
	{
		struct slice url = json_get_str(item, "url");

		if (url.len == 0)
			continue;
		links[f->a.n_links++] = url;
		if (slice_starts(url, go) && slice_starts(slice_from(url, go.len), SLICE("GO-")))
			aliases[f->a.n_aliases++] = slice_from(url, go.len);
	}
	f->a.links = links;
	f->a.aliases = aliases;
	return STATUS_OK;
}

static enum status read_vectors(struct flaw *f, yyjson_val *vulnerability, struct err *err)
{
	static const char *const versions[] = { "cvss_v4", "cvss_v3", "cvss_v2" };
	yyjson_val *list = json_get(vulnerability, "scores"), *item;
	struct slice *vectors = arena_array(&f->p->arena, yyjson_arr_size(list) * 3 + 1, sizeof(*vectors));
	size_t i, n;

	if (!vectors)
		return nomem(err);
	yyjson_arr_foreach(list, i, n, item) for (size_t v = 0; v < ARRAY_LEN(versions); v++)
	{
		struct slice text = json_get_str(json_get(item, versions[v]), "vectorString");
		bool known = text.len == 0;

		for (size_t k = 0; k < f->a.n_cvss; k++)
			known |= slice_eq(vectors[k], text);
		if (!known)
			vectors[f->a.n_cvss++] = text;
	}
	f->a.cvss = vectors;
	return STATUS_OK;
}

static struct slice note_of(yyjson_val *vulnerability, const char *category)
{
	struct slice text = SLICE_EMPTY;
	yyjson_val *note;
	size_t i, n;

	yyjson_arr_foreach(json_get(vulnerability, "notes"), i, n,
			   note) if (slice_eq(json_get_str(note, "category"), slice_cstr(category))) text =
		json_get_str(note, "text");
	return text;
}

static int64_t date_of(yyjson_val *object, const char *key)
{
	int64_t when;

	return date_parse(json_get_str(object, key), &when) ? when : DATE_NONE;
}

static enum status read_flaw(struct flaw *f, yyjson_val *root, yyjson_val *vulnerability, struct err *err)
{
	yyjson_val *document = json_get(root, "document"), *tracking = json_get(document, "tracking");

	f->a.summary = json_get_str(document, "title");
	f->a.description = note_of(vulnerability, "description");
	f->a.severity_text = json_get_str(json_get(document, "aggregate_severity"), "text");
	f->a.severity = severity_of(f->a.severity_text);
	f->a.issued_s = date_of(vulnerability, "release_date");
	f->a.modified_s = date_of(tracking, "current_release_date");
	f->a.withdrawn_s = DATE_NONE;
	TRY(read_links(f, vulnerability, err));
	TRY(read_related(f, vulnerability, err));
	TRY(read_vectors(f, vulnerability, err));
	if (!csaf_document_read(&f->doc, root, vulnerability, &f->p->arena, f->p->limits))
		return nomem(err);
	TRY(read_rows(f, vulnerability, err));
	f->a.affected = f->rows.at;
	f->a.n_affected = f->rows.len;
	return f->a.n_affected > 0 ? f->p->out->emit(f->p->out->ctx, &f->a, err) : STATUS_OK;
}

static enum status read_vulnerabilities(struct parser *p, yyjson_val *root, struct slice id, struct err *err)
{
	yyjson_val *vulnerability;
	size_t i, n;

	yyjson_arr_foreach(json_get(root, "vulnerabilities"), i, n, vulnerability)
	{
		struct flaw f = { .p = p, .where = id, .row_of = MAP_INIT };
		enum status st;

		f.a.id = json_get_str(vulnerability, "cve");
		if (f.a.id.len == 0)
			f.a.id = id;
		if (p->doc->replaced && !slice_eq(f.a.id, id))
			TRY(p->doc->replaced(p->doc->replaced_ctx, f.a.id, err));
		arena_reset(&p->arena);
		st = read_flaw(&f, root, vulnerability, err);
		csaf_document_fini(&f.doc);
		map_fini(&f.row_of);
		TRY(st);
	}
	return STATUS_OK;
}

/* ---- documents ---- */

static uint64_t *seen_slot(const struct seen *s, uint64_t hash)
{
	size_t i = (size_t)hash & (s->cap - 1);

	while (s->at[i] != 0 && s->at[i] != hash)
		i = (i + 1) & (s->cap - 1);
	return &s->at[i];
}

static bool seen_grow(struct seen *s)
{
	struct seen grown = { .len = s->len, .cap = s->cap ? s->cap * 2 : 1024 };

	grown.at = calloc(grown.cap, sizeof(*grown.at));
	if (!grown.at)
		return false;
	for (size_t i = 0; i < s->cap; i++)
		if (s->at[i] != 0)
			*seen_slot(&grown, s->at[i]) = s->at[i];
	free(s->at);
	*s = grown;
	return true;
}

/* *out_new: no document of this id was read before. */
static enum status note_id(struct parser *p, struct slice id, bool *out_new, struct err *err)
{
	uint64_t hash = MAX(slice_hash(id, 0), UINT64_C(1)), *slot;

	if (p->seen.len * 4 >= p->seen.cap * 3 && !seen_grow(&p->seen))
		return nomem(err);
	slot = seen_slot(&p->seen, hash);
	*out_new = *slot == 0;
	if (!*out_new)
		return STATUS_OK;
	*slot = hash;
	p->seen.len++;
	return p->doc->replaced ? p->doc->replaced(p->doc->replaced_ctx, id, err) : STATUS_OK;
}

static enum status read_root(struct parser *p, yyjson_val *root, struct slice where, struct err *err)
{
	yyjson_val *tracking = json_get(json_get(root, "document"), "tracking");
	struct slice id = json_get_str(tracking, "id");
	bool is_new = false;

	if (id.len == 0) {
		diag_emit(p->out->diags, DIAG_RECORD, where, ERR_NO_OFFSET, "it is no CSAF document: it has no id");
		return STATUS_OK;
	}
	TRY(note_id(p, id, &is_new, err));
	if (!is_new || slice_eq(json_get_str(tracking, "status"), SLICE("deleted")))
		return STATUS_OK;
	return read_vulnerabilities(p, root, id, err);
}

static enum status read_text(struct parser *p, struct slice text, struct slice where, struct err *err)
{
	struct json_doc doc;
	struct err why = ERR_INIT;
	enum status st = json_parse(text, p->limits, &doc, &why);

	if (st == STATUS_NOMEM)
		return nomem(err);
	if (st != STATUS_OK) {
		diag_emit(p->out->diags, DIAG_RECORD, where, ERR_NO_OFFSET, "%s", why.msg);
		return STATUS_OK;
	}
	st = read_root(p, doc.root, where, err);
	json_doc_free(&doc);
	return st;
}

static bool is_document(struct slice path)
{
	return slice_ends(path, SLICE(".json"));
}

static enum status on_document(void *ctx, struct slice path, struct slice bytes, struct err *err)
{
	return read_text(ctx, bytes, path, err);
}

static enum status read_archive(struct parser *p, struct slice bytes, struct err *err)
{
	struct archive_reader reader = { .limits = p->limits,
					 .diags = p->out->diags,
					 .what = "VEX: it is neither a CSAF document nor an archive of them",
					 .wants = is_document,
					 .document = on_document,
					 .passed = p->doc->passed,
					 .ctx = p,
					 .passed_ctx = p->doc->passed_ctx };

	return archive_each(&reader, bytes, err);
}

/* Each after a line with its length. */
static enum status read_changes(struct parser *p, struct slice bytes, struct err *err)
{
	while (bytes.len > 0) {
		struct slice line, rest;
		uint64_t len;

		if (!slice_cut(bytes, '\n', &line, &rest) || !slice_to_u64(line, &len) || len > rest.len)
			return err_set(err, STATUS_MALFORMED, "VEX: the changed documents are cut");
		if (p->doc->passed)
			p->doc->passed(p->doc->passed_ctx, 0, (uint64_t)(rest.ptr - p->doc->bytes.ptr));
		TRY(read_text(p, slice_take(rest, (size_t)len), SLICE("a changed document"), err));
		bytes = slice_from(rest, (size_t)len);
		if (bytes.len > 0 && bytes.ptr[0] == '\n')
			bytes = slice_from(bytes, 1);
	}
	return STATUS_OK;
}

static enum status read_all(struct parser *p, struct err *err)
{
	struct slice archive, changes, start = slice_trim(slice_take(p->doc->bytes, 64));

	if (start.len > 0 && start.ptr[0] == '{')
		return read_text(p, p->doc->bytes, p->doc->url, err);
	csaf_frame_split(p->doc->bytes, &archive, &changes);
	TRY(read_changes(p, changes, err));
	/* What changed can stand alone, if somebody has the rest. */
	return archive.len == 0 && p->doc->replaced ? STATUS_OK : read_archive(p, archive, err);
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .doc = doc,
			    .out = out,
			    .limits = limits,
			    .arena = ARENA_INIT((size_t)limits->record_bytes * 4) };
	enum status st = read_all(&p, err);

	if (st == STATUS_OK && p.seen.len == 0)
		st = err_set(err, STATUS_MALFORMED, "VEX: there is no CSAF document in it");
	arena_fini(&p.arena);
	free(p.seen.at);
	return st;
}

const struct feed_format feed_format_csaf_vex = {
	.name = "csaf_vex",
	.version = "2",
	.reads_packed = true,
	.parse = parse,
};
