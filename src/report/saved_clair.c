/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saved_clair.c - Clair's vulnerability_report, limpid's or another's: packages as model/clair_index.h reads them,
 * findings from its vulnerabilities; and its index_report, which has none.
 *
 * Clair does not say what it looked up. Where the document has no member "coverage" (limpid's have one), the report
 * says so.
 */
#include "model/clair_index.h"
#include "report/saved_impl.h"

struct clair_saved {
	struct saved_reader *rd;
	yyjson_val *vulnerabilities;
	const struct slice *ids; /* of the packages */
	struct map flaws;	 /* id or alias -> flaw + 1 */
};

static enum status nomem(struct clair_saved *c)
{
	return err_nomem(c->rd->err, "report");
}

/* One text with blanks between. */
static enum status get_links(struct clair_saved *c, yyjson_val *v, struct advisory *a)
{
	struct slice rest = json_get_str(v, "links"), word;
	size_t n = 0;
	struct slice *links;

	while (slice_word(&rest, ' ', &word))
		n++;
	links = arena_array(c->rd->arena, n + 1, sizeof(*links));
	if (!links)
		return nomem(c);
	rest = json_get_str(v, "links");
	for (n = 0; slice_word(&rest, ' ', &word); n++)
		TRY(saved_keep(c->rd, word, &links[n]));
	a->links = links;
	a->n_links = n;
	return STATUS_OK;
}

static enum status get_aliases(struct clair_saved *c, yyjson_val *v, struct advisory *a)
{
	yyjson_val *list = json_get(v, "Aliases"), *x;
	struct slice *texts = arena_array(c->rd->arena, yyjson_arr_size(list) + 1, sizeof(*texts));
	size_t i, n;

	if (!texts)
		return nomem(c);
	yyjson_arr_foreach(list, i, n, x)
	{
		struct slice name = json_get_str(x, "Name");

		if (name.len > 0 && !slice_eq(name, a->id))
			TRY(saved_keep(c->rd, name, &texts[a->n_aliases++]));
	}
	a->aliases = texts;
	return STATUS_OK;
}

static enum status get_advisory(struct clair_saved *c, yyjson_val *v, struct finding *f)
{
	struct saved_reader *rd = c->rd;
	struct advisory *a = &f->advisory;

	TRY(saved_text(rd, v, "name", &a->id));
	TRY(saved_text(rd, v, "description", &a->description));
	TRY(saved_text(rd, v, "severity", &a->severity_text));
	TRY(saved_text(rd, v, "fixed_in_version", &f->fix));
	TRY(saved_text(rd, v, "updater", &f->source));
	TRY(saved_text(rd, json_get(v, "package"), "name", &f->matched_name));
	f->row.package = f->matched_name;
	f->row.fixed_version = f->fix;
	a->issued_s = a->modified_s = a->withdrawn_s = DATE_NONE;
	if (!date_parse(json_get_str(v, "issued"), &a->issued_s) || a->issued_s < INT64_C(-2208988800))
		a->issued_s = DATE_NONE; /* before 1900: Go's zero time */
	if (!severity_by_name(json_get_str(v, "normalized_severity"), &f->severity))
		f->severity = SEVERITY_UNKNOWN;
	a->severity = f->severity;
	f->row.name_kind = slice_eq(json_get_str(json_get(v, "package"), "kind"), SLICE("source"))
				   ? AFFECTED_NAME_SOURCE
				   : AFFECTED_NAME_BINARY;
	TRY(get_links(c, v, a));
	return get_aliases(c, v, a);
}

/* Records that share an id or an alias are one flaw. */
static enum status number_flaw(struct clair_saved *c, struct finding *f)
{
	struct vulnerability_report *r = &c->rd->out->report;
	uint64_t flaw = 0;

	for (size_t i = 0; flaw == 0 && i <= f->advisory.n_aliases; i++)
		if (!map_get(&c->flaws, i ? f->advisory.aliases[i - 1] : f->advisory.id, &flaw))
			flaw = 0;
	if (flaw == 0)
		flaw = ++r->flaws;
	f->flaw = (size_t)flaw - 1;
	for (size_t i = 0; i <= f->advisory.n_aliases; i++)
		if (!map_put(&c->flaws, i ? f->advisory.aliases[i - 1] : f->advisory.id, flaw))
			return nomem(c);
	return STATUS_OK;
}

static enum status add_finding(struct clair_saved *c, size_t package, struct slice id)
{
	const struct package *p = &c->rd->out->index.packages.at[package].package;
	yyjson_val *v = yyjson_obj_getn(c->vulnerabilities, (const char *)id.ptr, id.len);
	const struct version_scheme *scheme = package_type_scheme(p->type);
	struct finding *f;

	if (!yyjson_is_obj(v) || json_get_str(v, "name").len == 0)
		return saved_bad(c->rd, "a vulnerability that package_vulnerabilities names");
	f = VEC_PUSH(&c->rd->out->report.findings, c->rd->arena);
	if (!f)
		return nomem(c);
	f->package = package;
	TRY(get_advisory(c, v, f));
	if (f->matched_name.len == 0)
		f->matched_name = f->row.package = p->name;
	f->matched_version =
		f->row.name_kind == AFFECTED_NAME_SOURCE && p->source_version.len > 0 ? p->source_version : p->version;
	f->row.scheme = scheme ? scheme_id_by_name(slice_cstr(scheme->name)) : SCHEME_NONE;
	return number_flaw(c, f);
}

static enum status add_package(struct clair_saved *c, yyjson_val *of, size_t package)
{
	struct slice id = c->ids[package];
	yyjson_val *list = yyjson_obj_getn(of, (const char *)id.ptr, id.len), *x;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, x)
	{
		if (!yyjson_is_str(x))
			return saved_bad(c->rd, "package_vulnerabilities");
		TRY(add_finding(c, package, json_str(x)));
	}
	return STATUS_OK;
}

static enum status get_coverage(struct clair_saved *c, yyjson_val *root)
{
	struct vulnerability_report *r = &c->rd->out->report;
	yyjson_val *coverage = json_get(root, "coverage");
	struct coverage_item *item;

	if (yyjson_is_obj(coverage)) {
		r->complete = json_get_bool(coverage, "complete");
		return saved_coverage(c->rd, json_get(coverage, "items"));
	}
	item = VEC_PUSH(&r->coverage, c->rd->arena);
	if (!item)
		return nomem(c);
	*item = (struct coverage_item){ .code = COVERAGE_NOT_SAID,
					.detail =
						SLICE("a report of Clair's does not say which packages were looked up"),
					.packages = c->rd->out->index.packages.len };
	r->complete = false;
	return STATUS_OK;
}

static enum status read_tree(struct clair_saved *c, yyjson_val *root)
{
	struct saved *s = c->rd->out;
	yyjson_val *of = json_get(root, "package_vulnerabilities");

	c->vulnerabilities = json_get(root, "vulnerabilities");
	for (size_t i = 0; i < s->index.packages.len; i++)
		TRY(add_package(c, of, i));
	return get_coverage(c, root);
}

static enum status read_report(struct saved_reader *rd, struct slice json, struct err *err)
{
	struct clair_saved c = { .rd = rd };
	struct json_doc doc;
	enum status st;

	TRY(clair_index_parse_ids(json, rd->limits, rd->arena, &rd->out->index, &c.ids, err));
	TRY(json_parse(json, rd->limits, &doc, err));
	rd->out->kind = SAVED_REPORT;
	rd->out->report.index = &rd->out->index;
	st = read_tree(&c, doc.root);
	map_fini(&c.flaws);
	json_doc_free(&doc);
	return st;
}

/* Both reports have the same members of packages. */
static enum status read_packages(struct saved_reader *rd, struct slice json, struct err *err)
{
	const struct slice *ids;

	rd->out->kind = SAVED_INDEX;
	return clair_index_parse_ids(json, rd->limits, rd->arena, &rd->out->index, rd->clair ? &ids : NULL, err);
}

enum status saved_clair(struct saved_reader *rd, struct slice json, struct err *err)
{
	struct digest_text name;

	rd->err = err;
	rd->out->program_version = "";
	if (rd->packages_only)
		return read_packages(rd, json, err);
	TRY(rd->clair ? read_report(rd, json, err) : read_packages(rd, json, err));
	/* Clair's has no name of the image: its manifest is one. */
	if (rd->out->index.target.len > 0)
		return STATUS_OK;
	return saved_keep(rd, slice_cstr(digest_print(&name, &rd->out->index.manifest)), &rd->out->index.target);
}
