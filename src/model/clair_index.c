/* SPDX-License-Identifier: Apache-2.0 */
/* clair_index.c - reads Clair's own members of an index report. */
#include "model/clair_impl.h"

#include <stdio.h>

static enum status nomem(struct clair_reader *rd)
{
	return err_nomem(rd->err, "index report");
}

enum status clair_told(struct clair_reader *rd, enum diag_code code, const char *list, struct slice id,
		       const char *text)
{
	struct err_quote q;
	struct index_diag *d;

	if (rd->out->diags.len >= rd->limits->diagnostics) {
		rd->diags_dropped++;
		return STATUS_OK;
	}
	d = VEC_PUSH(&rd->out->diags, rd->arena);
	if (!d ||
	    !arena_printf(rd->arena, &d->diag.where, "%s%s%s", list, id.len > 0 ? "/" : "",
			  id.len > 0 ? err_slice(&q, id) : "") ||
	    !arena_copy(rd->arena, slice_cstr(text), &d->diag.text))
		return nomem(rd);
	d->layer = SIZE_MAX;
	d->diag.code = code;
	d->diag.offset = ERR_NO_OFFSET;
	return STATUS_OK;
}

enum status clair_text(struct clair_reader *rd, yyjson_val *obj, const char *key, bool *bad, struct slice *out)
{
	yyjson_val *v = json_get(obj, key);

	*out = SLICE_EMPTY;
	if (!v || yyjson_is_null(v))
		return STATUS_OK;
	if (!yyjson_is_str(v) || json_str(v).len > rd->limits->field_bytes) {
		*bad = true;
		return STATUS_OK;
	}
	return arena_copy(rd->arena, json_str(v), out) ? STATUS_OK : nomem(rd);
}

/* The value of an id, or 0. */
static uint64_t find(const struct map *m, struct slice id)
{
	uint64_t value = 0;

	return map_get(m, id, &value) ? value : 0;
}

enum status clair_layer(struct clair_reader *rd, struct slice text, size_t *out)
{
	struct digest digest;
	struct index_layer *layer;
	uint64_t *slot;
	bool is_new;

	*out = SIZE_MAX;
	if (!digest_parse(text, &digest))
		return STATUS_OK;
	slot = map_slot(&rd->layers, text, &is_new);
	if (!slot)
		return nomem(rd);
	if (is_new) {
		if (rd->out->layers.len >= rd->limits->layers)
			return err_set(rd->err, STATUS_LIMIT, "an index report with more than %llu layers",
				       (unsigned long long)rd->limits->layers);
		layer = VEC_PUSH(&rd->out->layers, rd->arena);
		if (!layer)
			return nomem(rd);
		layer->digest = digest;
		layer->read = true;
		*slot = rd->out->layers.len;
	}
	*out = (size_t)*slot - 1;
	return STATUS_OK;
}

/* ---- distributions and repositories ---- */

/* Clair moves some releases from VERSION_ID to VERSION. */
static void mend_release(struct distribution *d)
{
	if (d->version_id.len == 0)
		slice_cut(d->version, ' ', &d->version_id, NULL);
}

static enum status get_distribution(struct clair_reader *rd, struct slice id, yyjson_val *v)
{
	struct distribution d = { 0 }, *kept;
	bool bad = !yyjson_is_obj(v);

	TRY(clair_text(rd, v, "did", &bad, &d.did));
	TRY(clair_text(rd, v, "name", &bad, &d.name));
	TRY(clair_text(rd, v, "version", &bad, &d.version));
	TRY(clair_text(rd, v, "version_id", &bad, &d.version_id));
	TRY(clair_text(rd, v, "version_code_name", &bad, &d.version_code_name));
	TRY(clair_text(rd, v, "pretty_name", &bad, &d.pretty_name));
	TRY(clair_text(rd, v, "cpe", &bad, &d.cpe));
	if (bad)
		return clair_told(rd, DIAG_RECORD, "distributions", id, "it is no distribution: it was left out");
	if (rd->out->distributions.len >= rd->limits->layers)
		return clair_told(rd, DIAG_LIMIT, "distributions", id, "there are more than layers: it was left out");
	mend_release(&d);
	TRY(clair_member_restore(rd, id, &d));
	kept = VEC_PUSH(&rd->out->distributions, rd->arena);
	if (!kept || !map_put(&rd->distributions, id, rd->out->distributions.len))
		return nomem(rd);
	*kept = d;
	return STATUS_OK;
}

static enum status get_repository(struct clair_reader *rd, struct slice id, yyjson_val *v)
{
	struct layer_repository r = { 0 }, *kept;
	bool bad = !yyjson_is_obj(v);

	TRY(clair_text(rd, v, "name", &bad, &r.name));
	TRY(clair_text(rd, v, "key", &bad, &r.key));
	TRY(clair_text(rd, v, "uri", &bad, &r.uri));
	TRY(clair_text(rd, v, "cpe", &bad, &r.cpe));
	if (bad)
		return clair_told(rd, DIAG_RECORD, "repository", id, "it is no repository: it was left out");
	if (rd->out->repositories.len >= rd->limits->packages)
		return clair_told(rd, DIAG_LIMIT, "repository", id,
				  "there are more than packages may be: it was left out");
	kept = VEC_PUSH(&rd->out->repositories, rd->arena);
	if (!kept || !map_put(&rd->repositories, id, rd->out->repositories.len))
		return nomem(rd);
	*kept = r;
	return STATUS_OK;
}

/* ---- packages ---- */

static const struct kind {
	const char *begins, *ends, *scanner, *repository, *purl;
} kinds[] = {
#define CLAIR_KIND(begins, ends, scanner, repository, purl) { begins, ends, scanner, repository, purl },
#include "model/clair_kinds.def"
#undef CLAIR_KIND
};

/* What is known of a package before its kind is. */
struct entry {
	struct slice id, db, scanner;
	size_t layer, distribution, repository, n_repositories;
	bool binary; /* what is installed; Clair lists what an image was built from as packages, too */
};

static bool fits_place(const struct kind *k, struct slice db)
{
	return (k->begins[0] != '\0' && slice_starts(db, slice_cstr(k->begins))) ||
	       (k->ends[0] != '\0' && slice_ends(db, slice_cstr(k->ends)));
}

static bool fits(const struct clair_reader *rd, const struct kind *k, const struct entry *e, unsigned by)
{
	switch (by) {
	case 0:
		return fits_place(k, e->db);
	case 1:
		return k->repository[0] != '\0' && e->repository != SIZE_MAX &&
		       slice_eq(rd->out->repositories.at[e->repository].name, slice_cstr(k->repository));
	default:
		return slice_eq(e->scanner, slice_cstr(k->scanner));
	}
}

/* By its place, else its repository, else who found it, else the distribution. PACKAGE_NONE: of a kind nobody knows
 * here. */
static enum package_type kind_of(const struct clair_reader *rd, const struct entry *e)
{
	const struct distro *distro;

	for (unsigned by = 0; by < 3; by++)
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			if (fits(rd, &kinds[i], e, by))
				return package_type_by_purl(slice_cstr(kinds[i].purl));
	if (e->db.len > 0 || e->scanner.len > 0 || e->distribution == INDEX_NO_DISTRIBUTION)
		return PACKAGE_NONE;
	distro = distro_by_id(rd->out->distributions.at[e->distribution].did);
	return distro ? distro_package_type(distro) : PACKAGE_NONE;
}

/* "urn:claircore:detector:NAME:VERSION:KIND" */
static struct slice scanner_of(yyjson_val *v)
{
	struct slice text = json_get_str(v, "detector"), rest;

	if (!slice_starts(text, SLICE("urn:claircore:detector:")))
		return SLICE_EMPTY;
	rest = slice_from(text, strlen("urn:claircore:detector:"));
	slice_cut(rest, ':', &rest, NULL);
	return rest;
}

static enum status get_source(struct clair_reader *rd, yyjson_val *v, bool *bad, struct package *p)
{
	yyjson_val *source = json_get(v, "source");

	if (!source || yyjson_is_null(source))
		return STATUS_OK;
	*bad |= !yyjson_is_obj(source);
	TRY(clair_text(rd, source, "name", bad, &p->source_name));
	TRY(clair_text(rd, source, "version", bad, &p->source_version));
	/* Its own source, as system packages without another have it. */
	if (slice_eq(p->source_name, p->name) && slice_eq(p->source_version, p->version))
		p->source_name = p->source_version = SLICE_EMPTY;
	return STATUS_OK;
}

static bool scheme_accepts(const struct package *p)
{
	return !package_type_scheme(p->type) || (p->version.len > 0 && package_version_ok(p->type, p->version));
}

static enum status add_package(struct clair_reader *rd, const struct package *base, const struct entry *e)
{
	enum package_type type = kind_of(rd, e);
	struct index_package *p;
	struct slice *id;
	bool restored;

	if (type == PACKAGE_OCI && !e->binary)
		return STATUS_OK;

	if (rd->out->packages.len >= rd->limits->packages)
		return err_set(rd->err, STATUS_LIMIT, "an index report with more than %llu packages",
			       (unsigned long long)rd->limits->packages);
	p = VEC_PUSH(&rd->out->packages, rd->arena);
	id = VEC_PUSH(&rd->ids, rd->arena);
	if (!p || !id || !arena_copy(rd->arena, e->id, id))
		return nomem(rd);
	p->package = *base;
	p->layer = e->layer;
	p->distribution = e->distribution;
	p->repository = e->repository;
	p->n_repositories = e->n_repositories;
	if (!arena_copy(rd->arena, e->db, &p->package.db) || !arena_copy(rd->arena, e->scanner, &p->package.detector))
		return nomem(rd);
	p->package.type = type;
	TRY(clair_member_apply(rd, e->id, p, &restored));
	if (restored)
		return STATUS_OK;
	if (p->package.type == PACKAGE_PYPI && !package_pypi_name(rd->arena, base->name, &p->package.name))
		return nomem(rd);
	if (p->package.name.len == 0) /* none that Python knows; it is listed all the same */
		p->package.name = base->name;
	if (!scheme_accepts(&p->package))
		p->package.flags |= PACKAGE_BAD_VERSION;
	return STATUS_OK;
}

/* ---- environments: a package in several databases is several packages here ---- */

/* More repositories of one package are not looked at; Red Hat's images name some ten. */
#define ENVIRONMENT_REPOSITORIES_MAX 512u

/* A list of places is copied once, however many packages have it. */
static enum status copy_run(struct clair_reader *rd, const size_t *places, struct entry *e)
{
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!arena_copy(rd->arena, slice_make(places, e->n_repositories * sizeof(*places)), &key) ||
	    !(slot = map_slot(&rd->runs, key, &is_new)))
		return nomem(rd);
	if (is_new)
		*slot = rd->out->repositories.len;
	if (is_new && rd->out->repositories.len + e->n_repositories > rd->limits->packages)
		return err_set(rd->err, STATUS_LIMIT, "an index report with more than %llu repositories",
			       (unsigned long long)rd->limits->packages);
	for (size_t i = 0; is_new && i < e->n_repositories; i++) {
		struct layer_repository *copy = VEC_PUSH(&rd->out->repositories, rd->arena);

		if (!copy)
			return nomem(rd);
		*copy = rd->out->repositories.at[places[i]];
	}
	e->repository = (size_t)*slot;
	return STATUS_OK;
}

/* What of the list is a repository, behind each other: where it stands so already, or as copies at the end. */
static enum status get_run(struct clair_reader *rd, yyjson_val *ids, struct entry *e)
{
	size_t places[ENVIRONMENT_REPOSITORIES_MAX], n_places = 0, i, n;
	bool in_order = true;
	yyjson_val *id;

	e->repository = SIZE_MAX;
	e->n_repositories = 0;
	yyjson_arr_foreach(ids, i, n, id)
	{
		uint64_t at = find(&rd->repositories, json_str(id));

		if (at == 0 || n_places == ARRAY_LEN(places))
			continue;
		places[n_places++] = (size_t)at - 1;
		in_order &= places[n_places - 1] == places[0] + n_places - 1;
	}
	if (n_places == 0)
		return STATUS_OK;
	e->repository = places[0];
	e->n_repositories = n_places;
	return in_order ? STATUS_OK : copy_run(rd, places, e);
}

static enum status get_environment(struct clair_reader *rd, yyjson_val *v, struct entry *e)
{
	yyjson_val *ids = json_get(v, "repository_ids");
	uint64_t at = find(&rd->distributions, json_get_str(v, "distribution_id"));

	e->db = json_get_str(v, "package_db");
	e->distribution = at > 0 ? (size_t)at - 1 : INDEX_NO_DISTRIBUTION;
	TRY(get_run(rd, ids, e));
	return clair_layer(rd, json_get_str(v, "introduced_in"), &e->layer);
}

/* Of one database Clair gives rpm packages two environments: the one that names a distribution counts. */
static bool is_better(yyjson_val *a, yyjson_val *b)
{
	return json_get_str(a, "distribution_id").len > 0 && json_get_str(b, "distribution_id").len == 0;
}

/* More than these databases of one package are not looked at. */
#define ENVIRONMENTS_MAX 64u

struct choice {
	yyjson_val *of[ENVIRONMENTS_MAX]; /* one per database */
	size_t n;
	bool full, odd;
};

static void choose(struct choice *c, yyjson_val *v)
{
	struct slice db = json_get_str(v, "package_db");

	if (!yyjson_is_obj(v)) {
		c->odd = true;
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		if (!slice_eq(json_get_str(c->of[i], "package_db"), db))
			continue;
		if (is_better(v, c->of[i]))
			c->of[i] = v;
		return;
	}
	if (c->n < ENVIRONMENTS_MAX)
		c->of[c->n++] = v;
	else
		c->full = true;
}

static enum status add_environments(struct clair_reader *rd, const struct package *base, struct entry *e)
{
	yyjson_val *list = (yyjson_val *)(uintptr_t)find(&rd->environments, e->id), *v;
	struct choice c = { .n = 0 };
	size_t i, n;

	yyjson_arr_foreach(list, i, n, v) choose(&c, v);
	if (c.odd)
		TRY(clair_told(rd, DIAG_RECORD, "environments", e->id, "one of them is no object: it was left out"));
	if (c.full)
		TRY(clair_told(rd, DIAG_LIMIT, "environments", e->id,
			       "it is in more than 64 databases: others were left out"));
	if (c.n == 0)
		return add_package(rd, base, e);
	for (size_t k = 0; k < c.n; k++) {
		TRY(get_environment(rd, c.of[k], e));
		TRY(add_package(rd, base, e));
	}
	return STATUS_OK;
}

static enum status get_package(struct clair_reader *rd, struct slice id, yyjson_val *v)
{
	struct entry e = { .id = id,
			   .scanner = scanner_of(v),
			   .binary = slice_eq(json_get_str(v, "kind"), SLICE("binary")),
			   .layer = SIZE_MAX,
			   .distribution = INDEX_NO_DISTRIBUTION,
			   .repository = SIZE_MAX };
	struct package p = { 0 };
	bool bad = !yyjson_is_obj(v);

	TRY(clair_text(rd, v, "name", &bad, &p.name));
	TRY(clair_text(rd, v, "version", &bad, &p.version));
	TRY(clair_text(rd, v, "arch", &bad, &p.arch));
	TRY(clair_text(rd, v, "module", &bad, &p.module));
	TRY(get_source(rd, v, &bad, &p));
	if (bad || p.name.len == 0)
		return clair_told(rd, DIAG_RECORD, "packages", id, "it is no package: it was left out");
	return add_environments(rd, &p, &e);
}

/* ---- the document ---- */

/* Every entry of an object; null and absent are empty, as Clair reads them. */
static enum status each(struct clair_reader *rd, yyjson_val *root, const char *key,
			enum status (*get)(struct clair_reader *rd, struct slice id, yyjson_val *v))
{
	yyjson_val *object = json_get(root, key), *k, *v;
	yyjson_obj_iter iter;

	if (!object || yyjson_is_null(object))
		return STATUS_OK;
	if (!yyjson_obj_iter_init(object, &iter))
		return err_set(rd->err, STATUS_MALFORMED, "index report: %s is no object", key);
	while ((k = yyjson_obj_iter_next(&iter))) {
		v = yyjson_obj_iter_get_val(k);
		TRY(get(rd, json_str(k), v));
	}
	return STATUS_OK;
}

static enum status note_environments(struct clair_reader *rd, struct slice id, yyjson_val *v)
{
	if (!yyjson_is_arr(v))
		return yyjson_is_null(v)
			       ? STATUS_OK
			       : clair_told(rd, DIAG_RECORD, "environments", id, "it is no array: it was left out");
	return map_put(&rd->environments, id, (uint64_t)(uintptr_t)v) ? STATUS_OK : nomem(rd);
}

static enum status get_head(struct clair_reader *rd, yyjson_val *root)
{
	struct slice hash = json_get_str(root, "manifest_hash");
	yyjson_val *packages = json_get(root, "packages");

	if (!yyjson_is_obj(root))
		return err_set(rd->err, STATUS_MALFORMED, "index report: expected an object");
	if (!packages || !json_get(root, "manifest_hash"))
		return err_set(rd->err, STATUS_MALFORMED, "index report: it has no %s",
			       packages ? "manifest_hash" : "packages");
	if (hash.len > 0 && !digest_parse(hash, &rd->out->manifest))
		return err_set(rd->err, STATUS_MALFORMED, "index report: manifest_hash is no digest");
	return STATUS_OK;
}

static bool has_error(const struct index_report *r)
{
	for (size_t i = 0; i < r->diags.len; i++)
		if (diag_severity(r->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return true;
	return false;
}

/* A report that is not finished is not a report of an image without packages. */
static enum status judge_state(struct clair_reader *rd, yyjson_val *root)
{
	struct slice state = json_get_str(root, "state"), why = json_get_str(root, "err");
	struct err_quote q, e;
	char text[320];

	/* A vulnerability_report is of what was indexed to its end. */
	if (rd->wants_ids && json_get(root, "vulnerabilities"))
		return STATUS_OK;
	if (has_error(rd->out) || (slice_eq(state, SLICE("IndexFinished")) && json_get_bool(root, "success")))
		return STATUS_OK;
	snprintf(text, sizeof(text), "the image was not indexed to its end: state %s%s%s", err_slice(&q, state),
		 why.len > 0 ? ": " : "", why.len > 0 ? err_slice(&e, why) : "");
	return clair_told(rd, DIAG_LAYER, "state", SLICE_EMPTY, text);
}

static void judge_completeness(struct clair_reader *rd)
{
	struct index_report *r = rd->out;

	r->complete = rd->member ? json_get_bool(rd->member, "complete") : true;
	for (size_t i = 0; i < r->diags.len; i++)
		if (diag_severity(r->diags.at[i].diag.code) >= DIAG_SEVERITY_WARNING)
			r->complete = false;
	/* Of Clair's own report nobody says; a program that somebody copied makes no system. */
	r->expected_packages = r->distributions.len > 0 ||
			       (rd->member ? json_get_bool(rd->member, "expected_packages") : r->packages.len > 0);
}

static enum status tell_dropped(struct clair_reader *rd)
{
	char text[96];

	if (rd->diags_dropped == 0)
		return STATUS_OK;
	snprintf(text, sizeof(text), "%llu more diagnostics were left out", (unsigned long long)rd->diags_dropped);
	rd->out->diags.len--;
	return clair_told(rd, DIAG_LIMIT, "diags", SLICE_EMPTY, text);
}

static enum status read_all(struct clair_reader *rd, yyjson_val *root)
{
	TRY(get_head(rd, root));
	rd->member = json_get(root, "limpid");
	TRY(clair_member_parse(rd));
	TRY(each(rd, root, "distributions", get_distribution));
	TRY(each(rd, root, "repository", get_repository));
	TRY(each(rd, root, "environments", note_environments));
	TRY(each(rd, root, "packages", get_package));
	TRY(clair_member_owned_parse(rd));
	TRY(judge_state(rd, root));
	judge_completeness(rd);
	return tell_dropped(rd);
}

enum status clair_index_parse_ids(struct slice json, const struct limits *limits, struct arena *arena,
				  struct index_report *out, const struct slice **ids, struct err *err)
{
	struct index_report report = { 0 };
	struct clair_reader rd = {
		.limits = limits, .arena = arena, .out = &report, .err = err, .wants_ids = ids != NULL
	};
	struct json_doc doc;
	enum status st;

	if (json.len > limits->index_bytes)
		return err_set(err, STATUS_LIMIT, "an index report has more than %llu bytes",
			       (unsigned long long)limits->index_bytes);
	TRY(json_parse(json, limits, &doc, err));
	st = read_all(&rd, doc.root);
	map_fini(&rd.distributions);
	map_fini(&rd.repositories);
	map_fini(&rd.runs);
	map_fini(&rd.layers);
	map_fini(&rd.environments);
	map_fini(&rd.extras);
	json_doc_free(&doc);
	/* What the member adds has no id. */
	while (ids && st == STATUS_OK && rd.ids.len < report.packages.len)
		if (!VEC_PUSH(&rd.ids, arena))
			return nomem(&rd);
	if (st == STATUS_OK)
		*out = report;
	if (ids)
		*ids = rd.ids.at;
	return st;
}

enum status clair_index_parse(struct slice json, const struct limits *limits, struct arena *arena,
			      struct index_report *out, struct err *err)
{
	return clair_index_parse_ids(json, limits, arena, out, NULL, err);
}
