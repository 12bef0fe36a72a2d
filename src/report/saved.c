/* SPDX-License-Identifier: Apache-2.0 */
/* saved.c - a document of limpid's JSON, read in two passes: what findings are about, then the findings one by one. */
#include "report/plan_write.h"

enum status saved_bad(struct saved_reader *rd, const char *member)
{
	return err_set(rd->err, STATUS_MALFORMED, "report: %s cannot be read", member);
}

static enum status nomem(struct saved_reader *rd)
{
	return err_nomem(rd->err, "report");
}

/* Texts come again and again: descriptions with each package of an advisory, names of sources. Each is kept once. */
enum status saved_text(struct saved_reader *rd, yyjson_val *obj, const char *key, struct slice *out)
{
	yyjson_val *v = json_get(obj, key);

	*out = SLICE_EMPTY;
	if (!v)
		return STATUS_OK;
	if (!yyjson_is_str(v) || json_str(v).len > rd->limits->field_bytes)
		return saved_bad(rd, key);
	return saved_keep(rd, json_str(v), out);
}

enum status saved_keep(struct saved_reader *rd, struct slice text, struct slice *out)
{
	uint64_t known;

	*out = SLICE_EMPTY;
	if (text.len == 0)
		return STATUS_OK;
	if (map_get(&rd->texts, text, &known)) {
		*out = slice_make((const void *)(uintptr_t)known, text.len);
		return STATUS_OK;
	}
	if (!arena_copy(rd->arena, text, out) || !map_put(&rd->texts, *out, (uint64_t)(uintptr_t)out->ptr))
		return nomem(rd);
	return STATUS_OK;
}

enum status saved_list(struct saved_reader *rd, yyjson_val *obj, const char *key, const struct slice **out,
		       size_t *out_n)
{
	yyjson_val *list = json_get(obj, key), *v;
	size_t i, n;
	struct slice *texts;

	*out = NULL;
	*out_n = 0;
	if (!list)
		return STATUS_OK;
	if (!yyjson_is_arr(list))
		return saved_bad(rd, key);
	texts = arena_array(rd->arena, yyjson_arr_size(list) + 1, sizeof(*texts));
	if (!texts)
		return nomem(rd);
	yyjson_arr_foreach(list, i, n, v)
	{
		if (!yyjson_is_str(v) || json_str(v).len > rd->limits->field_bytes)
			return saved_bad(rd, key);
		TRY(saved_keep(rd, json_str(v), &texts[i]));
	}
	*out = texts;
	*out_n = yyjson_arr_size(list);
	return STATUS_OK;
}

enum status saved_date(struct saved_reader *rd, yyjson_val *obj, const char *key, int64_t *out)
{
	yyjson_val *v = json_get(obj, key);

	*out = DATE_NONE;
	if (!v || yyjson_is_null(v) || date_parse(json_str(v), out))
		return STATUS_OK;
	return saved_bad(rd, key);
}

static enum status get_digest(struct saved_reader *rd, yyjson_val *obj, const char *key, struct digest *out)
{
	struct slice text = json_get_str(obj, key);

	memset(out, 0, sizeof(*out));
	return text.len == 0 || digest_parse(text, out) ? STATUS_OK : saved_bad(rd, key);
}

/* A number from 1 to n, as an index; absent or 0: none. */
static enum status get_place(struct saved_reader *rd, yyjson_val *obj, const char *key, size_t n, size_t *out)
{
	uint64_t number = 0;

	*out = SIZE_MAX;
	if (!json_get(obj, key))
		return STATUS_OK;
	if (!json_get_u64(obj, key, &number) || number > n)
		return saved_bad(rd, key);
	if (number > 0)
		*out = (size_t)number - 1;
	return STATUS_OK;
}

/* ---- the image ---- */

static enum status get_layer(struct saved_reader *rd, yyjson_val *v)
{
	struct index_layer *l = VEC_PUSH(&rd->out->index.layers, rd->arena);

	if (!l)
		return nomem(rd);
	if (rd->out->index.layers.len > rd->limits->layers)
		return err_set(rd->err, STATUS_LIMIT, "a report with more than %llu layers",
			       (unsigned long long)rd->limits->layers);
	TRY(get_digest(rd, v, "digest", &l->digest));
	TRY(get_digest(rd, v, "diff_id", &l->diff_id));
	TRY(saved_text(rd, v, "created_by", &l->created_by));
	(void)json_get_u64(v, "bytes_stored", &l->bytes_stored);
	(void)json_get_u64(v, "bytes_tar", &l->bytes_tar);
	l->read = json_get_bool(v, "read");
	return STATUS_OK;
}

static enum status get_distribution(struct saved_reader *rd, yyjson_val *v)
{
	struct distribution *d = VEC_PUSH(&rd->out->index.distributions, rd->arena);

	if (!d)
		return nomem(rd);
	TRY(saved_text(rd, v, "id", &d->did));
	TRY(saved_text(rd, v, "id_like", &d->id_like));
	TRY(saved_text(rd, v, "name", &d->name));
	TRY(saved_text(rd, v, "version_id", &d->version_id));
	TRY(saved_text(rd, v, "version", &d->version));
	TRY(saved_text(rd, v, "code_name", &d->version_code_name));
	TRY(saved_text(rd, v, "pretty_name", &d->pretty_name));
	TRY(saved_text(rd, v, "variant_id", &d->variant_id));
	TRY(saved_text(rd, v, "cpe", &d->cpe));
	return saved_text(rd, v, "path", &d->path);
}

static enum status get_repository(struct saved_reader *rd, yyjson_val *v)
{
	struct layer_repository *r = VEC_PUSH(&rd->out->index.repositories, rd->arena);

	if (!r)
		return nomem(rd);
	TRY(saved_text(rd, v, "name", &r->name));
	TRY(saved_text(rd, v, "key", &r->key));
	TRY(saved_text(rd, v, "uri", &r->uri));
	TRY(saved_text(rd, v, "cpe", &r->cpe));
	return saved_text(rd, v, "path", &r->path);
}

static enum status get_base(struct saved_reader *rd, yyjson_val *v)
{
	struct index_base *b = &rd->out->index.base;
	uint64_t layers = 0;

	if (!v)
		return STATUS_OK;
	if (!base_how_by_name(json_get_str(v, "how"), &b->how) || b->how == BASE_UNKNOWN ||
	    !json_get_u64(v, "layers", &layers) || layers > rd->out->index.layers.len)
		return saved_bad(rd, "base");
	b->layers = (size_t)layers;
	TRY(saved_text(rd, v, "name", &b->name));
	return get_digest(rd, v, "digest", &b->digest);
}

static enum status get_image(struct saved_reader *rd, yyjson_val *v)
{
	struct index_report *r = &rd->out->index;
	yyjson_val *layers = json_get(v, "layers"), *systems = json_get(v, "distributions"), *x;
	yyjson_val *repositories = json_get(v, "repositories");
	size_t i, n;

	if (!yyjson_is_obj(v) || !yyjson_is_arr(layers) || !yyjson_is_arr(systems) ||
	    (repositories && !yyjson_is_arr(repositories)))
		return saved_bad(rd, "image");
	TRY(saved_text(rd, v, "target", &r->target));
	TRY(saved_text(rd, v, "name", &r->image_name));
	TRY(get_digest(rd, v, "manifest", &r->manifest));
	TRY(saved_text(rd, v, "os", &r->os));
	TRY(saved_text(rd, v, "arch", &r->arch));
	TRY(saved_text(rd, v, "variant", &r->variant));
	TRY(saved_text(rd, v, "detector_set", &r->detector_set));
	r->complete = json_get_bool(v, "complete");
	r->expected_packages = json_get_bool(v, "expected_packages");
	yyjson_arr_foreach(layers, i, n, x) TRY(get_layer(rd, x));
	TRY(get_base(rd, json_get(v, "base")));
	yyjson_arr_foreach(systems, i, n, x) TRY(get_distribution(rd, x));
	yyjson_arr_foreach(repositories, i, n, x) TRY(get_repository(rd, x));
	rd->has_image = true;
	return STATUS_OK;
}

/* ---- packages and what was not read ---- */

#define PACKAGE_FLAG(id, name) | PACKAGE_##id
_Static_assert((0
#include "report/package_flags.def"
		) == PACKAGE_FLAGS_ALL,
	       "each flag has a row in package_flags.def");
#undef PACKAGE_FLAG

static unsigned flags_of(yyjson_val *v)
{
	unsigned flags = 0;

#define PACKAGE_FLAG(id, name) flags |= json_get_bool(v, name) ? PACKAGE_##id : 0u;
#include "report/package_flags.def"
#undef PACKAGE_FLAG
	return flags;
}

/* They follow each other in the image's list. */
static enum status get_repositories(struct saved_reader *rd, yyjson_val *v, struct index_package *p)
{
	size_t known = rd->out->index.repositories.len;
	uint64_t n = 0;

	TRY(get_place(rd, v, "repository", known, &p->repository));
	if (p->repository == SIZE_MAX)
		return STATUS_OK;
	if (!json_get_u64(v, "repositories", &n) || n == 0 || n > known - p->repository)
		return saved_bad(rd, "repositories");
	p->n_repositories = (size_t)n;
	return STATUS_OK;
}

static enum status get_package(struct saved_reader *rd, yyjson_val *v)
{
	struct index_report *r = &rd->out->index;
	struct index_package *p;
	uint64_t line;

	if (r->packages.len >= rd->limits->packages)
		return err_set(rd->err, STATUS_LIMIT, "a report with more than %llu packages",
			       (unsigned long long)rd->limits->packages);
	p = VEC_PUSH(&r->packages, rd->arena);
	if (!p)
		return nomem(rd);
	p->package.type = package_type_by_purl(json_get_str(v, "type"));
	p->package.flags = flags_of(v);
	if (json_get_u64(v, "line", &line) && line <= UINT32_MAX)
		p->package.line = (uint32_t)line;
	TRY(saved_text(rd, v, "name", &p->package.name));
	TRY(saved_text(rd, v, "version", &p->package.version));
	TRY(saved_text(rd, v, "arch", &p->package.arch));
	TRY(saved_text(rd, v, "module", &p->package.module));
	TRY(saved_text(rd, v, "source", &p->package.source_name));
	TRY(saved_text(rd, v, "source_version", &p->package.source_version));
	TRY(saved_text(rd, v, "database", &p->package.db));
	TRY(saved_text(rd, v, "path", &p->package.path));
	TRY(saved_text(rd, v, "detector", &p->package.detector));
	TRY(get_place(rd, v, "layer", r->layers.len, &p->layer));
	TRY(get_place(rd, v, "distribution", r->distributions.len, &p->distribution));
	TRY(get_repositories(rd, v, p));
	TRY(saved_files(rd, v, p));
	return p->package.name.len > 0 ? STATUS_OK : saved_bad(rd, "the name of a package");
}

static enum status get_diag(struct saved_reader *rd, yyjson_val *v)
{
	struct index_diag *d;

	if (rd->out->index.diags.len >= rd->limits->diagnostics * rd->limits->layers)
		return err_set(rd->err, STATUS_LIMIT, "a report with too many diagnostics");
	d = VEC_PUSH(&rd->out->index.diags, rd->arena);
	if (!d)
		return nomem(rd);
	if (!diag_from_name(json_get_str(v, "code"), &d->diag.code))
		return saved_bad(rd, "the code of a diagnostic");
	TRY(get_place(rd, v, "layer", rd->out->index.layers.len, &d->layer));
	d->diag.offset = ERR_NO_OFFSET;
	(void)json_get_u64(v, "offset", &d->diag.offset);
	TRY(saved_text(rd, v, "where", &d->diag.where));
	return saved_text(rd, v, "text", &d->diag.text);
}

/* ---- coverage ---- */

static enum status get_coverage(struct saved_reader *rd, yyjson_val *v)
{
	struct coverage_item *c = VEC_PUSH(&rd->out->report.coverage, rd->arena);
	struct slice code = json_get_str(v, "code");
	uint64_t packages = 0;
	size_t i = 0;

	if (!c)
		return nomem(rd);
	while (i < COVERAGE_COUNT && !slice_eq(code, slice_cstr(coverage_name((enum coverage_code)i))))
		i++;
	if (i == COVERAGE_COUNT)
		return saved_bad(rd, "the code of an item of coverage");
	c->code = (enum coverage_code)i;
	(void)json_get_u64(v, "packages", &packages);
	c->packages = (size_t)packages;
	TRY(saved_text(rd, v, "scope", &c->scope));
	return saved_text(rd, v, "detail", &c->detail);
}

static enum status get_source(struct saved_reader *rd, yyjson_val *v)
{
	struct coverage_source *s = VEC_PUSH(&rd->out->report.sources, rd->arena);

	if (!s)
		return nomem(rd);
	TRY(saved_text(rd, v, "name", &s->name));
	TRY(get_digest(rd, v, "segment", &s->segment));
	TRY(saved_date(rd, v, "updated", &s->updated_s));
	(void)json_get_u64(v, "records", &s->records);
	return STATUS_OK;
}

enum status saved_coverage(struct saved_reader *rd, yyjson_val *list)
{
	yyjson_val *v;
	size_t i, n;

	if (!yyjson_is_arr(list))
		return saved_bad(rd, "coverage");
	yyjson_arr_foreach(list, i, n, v) TRY(get_coverage(rd, v));
	return STATUS_OK;
}

static enum status get_enrichers(struct saved_reader *rd, yyjson_val *list)
{
	enum enricher e;
	yyjson_val *v;
	size_t i, n;

	if (!yyjson_is_arr(list))
		return saved_bad(rd, "enrichers");
	yyjson_arr_foreach(list, i, n, v) if (enricher_of_source(json_str(v), &e)) rd->out->report.enriched[e] = true;
	return STATUS_OK;
}

static enum status get_each(struct saved_reader *rd, const char *key, yyjson_val *list,
			    enum status (*get)(struct saved_reader *rd, yyjson_val *v))
{
	yyjson_val *v;
	size_t i, n;

	if (!yyjson_is_arr(list))
		return saved_bad(rd, key);
	yyjson_arr_foreach(list, i, n, v) TRY(get(rd, v));
	return STATUS_OK;
}

/* ---- findings ---- */

static enum status get_evidence(struct saved_reader *rd, yyjson_val *v, struct finding *f)
{
	static const char *const names[] = {
		[AFFECTED_NAME_SOURCE] = "source", [AFFECTED_NAME_BINARY] = "binary", [AFFECTED_NAME_ANY] = "any"
	};
	struct slice kind = json_get_str(v, "names");
	size_t i = 0;

	if (!yyjson_is_obj(v))
		return saved_bad(rd, "evidence");
	TRY(saved_text(rd, v, "source", &f->source));
	TRY(get_digest(rd, v, "segment", &f->segment));
	TRY(saved_text(rd, v, "scope", &f->row.scope));
	TRY(saved_text(rd, v, "looked_up", &f->matched_name));
	f->row.package = f->matched_name;
	if (json_get(v, "package"))
		TRY(saved_text(rd, v, "package", &f->row.package));
	while (i < ARRAY_LEN(names) && !slice_eq(kind, slice_cstr(names[i])))
		i++;
	if (i == ARRAY_LEN(names))
		return saved_bad(rd, "names");
	f->row.name_kind = (enum affected_name)i;
	f->row.scheme = scheme_id_by_name(json_get_str(v, "scheme"));
	TRY(saved_text(rd, v, "version", &f->matched_version));
	TRY(saved_text(rd, v, "comparison", &f->comparison));
	return saved_text(rd, v, "module", &f->row.module);
}

static enum status get_advisory(struct saved_reader *rd, yyjson_val *v, struct advisory *a)
{
	TRY(saved_text(rd, v, "id", &a->id));
	TRY(saved_list(rd, v, "aliases", &a->aliases, &a->n_aliases));
	TRY(saved_list(rd, v, "related", &a->related, &a->n_related));
	TRY(saved_list(rd, v, "cvss", &a->cvss, &a->n_cvss));
	TRY(saved_list(rd, v, "links", &a->links, &a->n_links));
	TRY(saved_text(rd, v, "vendor_severity", &a->severity_text));
	TRY(saved_text(rd, v, "summary", &a->summary));
	TRY(saved_text(rd, v, "description", &a->description));
	TRY(saved_date(rd, v, "issued", &a->issued_s));
	TRY(saved_date(rd, v, "modified", &a->modified_s));
	a->withdrawn_s = DATE_NONE;
	return a->id.len > 0 ? STATUS_OK : saved_bad(rd, "the id of a finding");
}

static enum status get_finding(struct saved_reader *rd, yyjson_val *v, struct finding *f)
{
	TRY(get_advisory(rd, v, &f->advisory));
	if (!severity_by_name(json_get_str(v, "severity"), &f->severity))
		return saved_bad(rd, "severity");
	f->advisory.severity = f->severity;
	TRY(get_place(rd, json_get(v, "package"), "number", rd->out->index.packages.len, &f->package));
	if (f->package == SIZE_MAX)
		return saved_bad(rd, "the package of a finding");
	TRY(saved_text(rd, v, "fixed_version", &f->row.fixed_version));
	TRY(saved_text(rd, v, "fix", &f->fix));
	if (!fix_state_by_name(json_get_str(v, "fix_state"), &f->row.fix_state))
		return saved_bad(rd, "fix_state");
	return get_evidence(rd, json_get(v, "evidence"), f);
}

/* Reports of earlier versions do not say by whom. */
static enum status get_suppression(struct saved_reader *rd, yyjson_val *v, struct suppressed *s)
{
	if (json_get(v, "by") && !suppressed_by_from_name(json_get_str(v, "by"), &s->by))
		return saved_bad(rd, "by");
	TRY(saved_text(rd, v, "reason", &s->reason));
	TRY(saved_text(rd, v, "status", &s->status));
	TRY(saved_text(rd, v, "justification", &s->justification));
	return saved_text(rd, v, "document", &s->document);
}

/* One element of "findings" or "suppressed". The lists have room for all: they were counted. */
static enum status on_finding(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct saved_reader *rd = ctx;
	struct vulnerability_report *r = &rd->out->report;
	uint64_t flaw = 0;

	(void)key;
	(void)offset;
	rd->err = err;
	if (rd->suppressed) {
		struct suppressed *s = &r->suppressed.at[r->suppressed.len++];

		TRY(get_suppression(rd, v, s));
		return get_finding(rd, v, &s->finding);
	}
	if (!json_get_u64(v, "flaw", &flaw) || flaw == 0 || flaw > rd->n_findings)
		return saved_bad(rd, "flaw");
	r->findings.at[r->findings.len].flaw = (size_t)flaw - 1;
	r->flaws = MAX(r->flaws, (size_t)flaw);
	return get_finding(rd, v, &r->findings.at[r->findings.len++]);
}

static void on_bad(void *ctx, struct slice key, const struct err *err)
{
	struct saved_reader *rd = ctx;

	(void)key;
	if (rd->trouble.code == STATUS_OK)
		rd->trouble = *err;
}

/* ---- the document, member by member ---- */

/* First pass: the places of the long lists. */
static bool on_raw(void *ctx, struct slice key, struct slice value)
{
	struct saved_reader *rd = ctx;
	struct {
		const char *key;
		struct slice *place;
	} lists[] = { { "findings", &rd->findings },
		      { "suppressed", &rd->suppressions },
		      { "packages", &rd->packages },
		      { "enrichments", &rd->enrichments },
		      { "diagnostics", &rd->diags } };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (!slice_eq(key, slice_cstr(lists[i].key)))
			continue;
		*lists[i].place = value;
		return true;
	}
	return false;
}

static enum status get_since(struct saved_reader *rd, yyjson_val *v)
{
	struct report_since *since = &rd->out->report.since;
	uint64_t before = 0, advisories = 0;

	if (!v)
		return STATUS_OK;
	TRY(saved_text(rd, v, "report", &since->report));
	TRY(saved_date(rd, v, "created", &since->created_s));
	if (since->report.len == 0 || !json_get_u64(v, "before", &before) ||
	    !json_get_u64(v, "advisories", &advisories))
		return saved_bad(rd, "since");
	since->before = (size_t)before;
	since->advisories = (size_t)advisories;
	since->advisories_count = json_get_bool(v, "advisories_count");
	return STATUS_OK;
}

static enum status on_member(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct saved_reader *rd = ctx;
	uint64_t told;

	(void)offset;
	rd->err = err;
	if (slice_eq(key, SLICE("schema")))
		return saved_keep(rd, json_str(v), &rd->schema);
	if (slice_eq(key, SLICE("generator"))) {
		rd->out->program_version = arena_cstr(rd->arena, json_get_str(v, "version"));
		return rd->out->program_version ? STATUS_OK : nomem(rd);
	}
	if (slice_eq(key, SLICE("created")))
		return date_parse(json_str(v), &rd->out->created_s) ? STATUS_OK : saved_bad(rd, "created");
	if (slice_eq(key, SLICE("image")))
		return get_image(rd, v);
	if (slice_eq(key, SLICE("summary"))) {
		rd->out->report.complete = json_get_bool(v, "complete");
		rd->out->report.demonstration = json_get_bool(v, "demonstration");
		if (json_get_u64(v, "told_before", &told))
			rd->out->report.told_before = (size_t)told;
		return get_since(rd, json_get(v, "since"));
	}
	if (slice_eq(key, SLICE("fix_plan")))
		return rd->packages_only ? STATUS_OK : plan_read(rd, v);
	if (slice_eq(key, SLICE("coverage")))
		return saved_coverage(rd, v);
	if (slice_eq(key, SLICE("enrichers")))
		return get_enrichers(rd, v);
	if (slice_eq(key, SLICE("sources")))
		return get_each(rd, "sources", v, get_source);
	if (slice_eq(key, SLICE("target")))
		return saved_keep(rd, json_str(v), &rd->out->target);
	if (slice_eq(key, SLICE("error")))
		return saved_keep(rd, json_str(v), &rd->out->error);
	return STATUS_OK;
}

static enum status on_package(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct saved_reader *rd = ctx;

	(void)key;
	(void)offset;
	rd->err = err;
	return get_package(rd, v);
}

static enum status on_diag(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct saved_reader *rd = ctx;

	(void)key;
	(void)offset;
	rd->err = err;
	return get_diag(rd, v);
}

/* Elements of a list; what cannot be parsed ends the document. */
static enum status each(struct saved_reader *rd, struct slice list,
			enum status (*visit)(void *, struct slice, yyjson_val *, uint64_t, struct err *),
			struct err *err)
{
	struct json_split sink = { .visit = visit, .bad = on_bad, .ctx = rd };

	if (list.len == 0)
		return STATUS_OK;
	TRY(json_split(list, rd->limits, &sink, err));
	if (rd->trouble.code == STATUS_OK)
		return STATUS_OK;
	*err = rd->trouble;
	return err->code;
}

static enum status read_findings(struct saved_reader *rd, struct err *err)
{
	struct vulnerability_report *r = &rd->out->report;
	size_t suppressions = 0;

	TRY(saved_count_members(rd->findings, rd->limits, &rd->n_findings, err));
	TRY(saved_count_members(rd->suppressions, rd->limits, &suppressions, err));
	r->findings.at = arena_array(rd->arena, rd->n_findings + 1, sizeof(*r->findings.at));
	r->suppressed.at = arena_array(rd->arena, suppressions + 1, sizeof(*r->suppressed.at));
	if (!r->findings.at || !r->suppressed.at)
		return err_nomem(err, "report");
	r->findings.cap = rd->n_findings;
	r->suppressed.cap = suppressions;
	TRY(each(rd, rd->findings, on_finding, err));
	rd->suppressed = true;
	TRY(each(rd, rd->suppressions, on_finding, err));
	return saved_enrichments(rd, err);
}

enum status saved_document(struct saved_reader *rd, struct slice json, struct err *err)
{
	struct json_split sink = { .visit = on_member, .bad = on_bad, .raw = on_raw, .ctx = rd };
	struct saved *s = rd->out;
	struct err_quote q;
	struct saved_kind_of k;

	if (saved_kind_of(json, rd->limits, &k) && k.schema.len == 0 && (k.clair || k.findings)) {
		rd->clair = k.findings;
		return saved_clair(rd, json, err);
	}
	TRY(json_split(json, rd->limits, &sink, err));
	if (rd->trouble.code != STATUS_OK) {
		*err = rd->trouble;
		return err->code;
	}
	if (slice_eq(rd->schema, SLICE("limpid-failure/1")))
		s->kind = SAVED_FAILURE;
	else if (slice_eq(rd->schema, SLICE("limpid-index/1")))
		s->kind = SAVED_INDEX;
	else if (slice_eq(rd->schema, SLICE("limpid-report/1")))
		s->kind = SAVED_REPORT;
	else
		return err_set(err, STATUS_MALFORMED,
			       "expected a report that limpid wrote with -f json, found schema \"%s\"",
			       err_slice(&q, rd->schema));
	if (!s->program_version)
		return err_set(err, STATUS_MALFORMED, "report: it has no generator");
	if (s->kind == SAVED_FAILURE)
		return STATUS_OK;
	if (!rd->has_image || rd->packages.len == 0 || (s->kind == SAVED_REPORT && rd->findings.len == 0))
		return err_set(err, STATUS_MALFORMED, "report: image, packages or findings are missing");
	TRY(each(rd, rd->packages, on_package, err));
	TRY(each(rd, rd->diags, on_diag, err));
	s->report.index = &s->index;
	return s->kind == SAVED_REPORT && !rd->packages_only ? read_findings(rd, err) : STATUS_OK;
}
