/* SPDX-License-Identifier: Apache-2.0 */
/* compare_json.c - what changed between two images, as JSON; its schema is docs/formats/diff.schema.json. */
#include "report/compare_write.h"
#include "report/document.h"

static void put_sources(struct json_writer *w, const struct vulnerability_report *r)
{
	json_key(w, "sources");
	json_array(w);
	for (size_t i = 0; i < r->sources.len; i++) {
		json_object(w);
		json_member_str(w, "name", r->sources.at[i].name);
		document_digest(w, "segment", &r->sources.at[i].segment);
		json_member_time(w, "updated", r->sources.at[i].updated_s);
		json_close(w);
	}
	json_close(w);
}

static void put_gaps(struct json_writer *w, const struct vulnerability_report *r)
{
	json_key(w, "gaps");
	json_array(w);
	for (size_t i = 0; i < r->coverage.len; i++) {
		const struct coverage_item *c = &r->coverage.at[i];

		if (!coverage_is_gap(c->code))
			continue;
		json_object(w);
		json_member_cstr(w, "code", coverage_name(c->code));
		json_member_str(w, "scope", c->scope);
		json_member_str(w, "detail", c->detail);
		json_close(w);
	}
	json_close(w);
}

static void put_side(struct json_writer *w, const char *key, const struct comparison_side *s)
{
	const struct vulnerability_report *r = s->report;
	const struct index_report *index = r->index;

	json_key(w, key);
	json_object(w);
	json_member_str(w, "target", index->target);
	json_member_str(w, "name", index->image_name);
	document_digest(w, "manifest", &index->manifest);
	json_member_bool(w, "saved", s->saved);
	if (s->program_version)
		json_member_cstr(w, "limpid", s->program_version);
	if (s->created_s != DATE_NONE)
		json_member_time(w, "created", s->created_s);
	json_member_u64(w, "layers", index->layers.len);
	json_member_u64(w, "packages", index->packages.len);
	json_member_u64(w, "findings", r->findings.len);
	json_member_u64(w, "suppressed", r->suppressed.len);
	json_member_bool(w, "complete", r->complete);
	if (index->base.how != BASE_UNKNOWN) {
		json_key(w, "base");
		json_object(w);
		json_member_cstr(w, "how", base_how_name(index->base.how));
		json_member_u64(w, "layers", index->base.layers);
		json_member_str(w, "name", index->base.name);
		document_digest(w, "digest", &index->base.digest);
		json_close(w);
	}
	put_sources(w, r);
	put_gaps(w, r);
	json_close(w);
}

static void put_summary(struct json_writer *w, const struct comparison *c)
{
	size_t n[3] = { 0 };

	for (size_t i = 0; i < c->packages.len; i++)
		n[c->packages.at[i].kind]++;
	json_key(w, "summary");
	json_object(w);
	json_member_u64(w, "common_sources", c->common_sources);
	json_member_u64(w, "differing_sources", c->differing_sources);
	json_member_bool(w, "matched_again", c->a->now != NULL);
	json_member_bool(w, "base_known", c->base_known);
	json_member_bool(w, "base_changed", c->base_changed);
	json_key(w, "packages");
	json_object(w);
	json_member_u64(w, "added", n[PACKAGE_CHANGE_ADDED]);
	json_member_u64(w, "removed", n[PACKAGE_CHANGE_REMOVED]);
	json_member_u64(w, "changed", n[PACKAGE_CHANGE_VERSION]);
	json_close(w);
	json_key(w, "findings");
	json_object(w);
	for (size_t k = 0; k < FINDING_CHANGE_KINDS; k++) {
		json_key(w, finding_change_name((enum finding_change_kind)k));
		json_object(w);
		for (size_t s = SEVERITY_COUNT; s-- > 0;)
			json_member_u64(w, severity_name((enum severity)s), c->counts[k][s]);
		json_close(w);
	}
	json_member_u64(w, "unchanged", c->unchanged);
	json_close(w);
	json_close(w);
}

static enum status put_package(struct json_writer *w, const struct comparison *c, const struct package_change *p,
			       struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	const struct index_report *a = c->a->report->index, *b = c->b->report->index;
	const struct index_report *index = p->b != SIZE_MAX ? b : a;
	size_t at = p->b != SIZE_MAX ? p->b : p->a;
	const struct index_package *shown = &index->packages.at[at];
	struct slice purl;

	TRY(subject_purl(index, at, &arena, &purl, err));
	json_object(w);
	json_member_cstr(w, "change", compare_package_word(p));
	json_member_str(w, "purl", purl);
	json_member_cstr(w, "type", package_type_purl(shown->package.type));
	json_member_str(w, "name", shown->package.name);
	json_member_str(w, "from", p->a != SIZE_MAX ? a->packages.at[p->a].package.version : SLICE_EMPTY);
	json_member_str(w, "to", p->b != SIZE_MAX ? b->packages.at[p->b].package.version : SLICE_EMPTY);
	json_member_str(w, "path", shown->package.path);
	if (shown->layer < index->layers.len)
		json_member_u64(w, "layer", shown->layer + 1);
	if (index->base.how != BASE_UNKNOWN)
		json_member_cstr(w, "from_layers", p->base ? "base" : "own");
	json_close(w);
	return STATUS_OK;
}

static void put_alias(void *ctx, struct slice id)
{
	json_string(ctx, id);
}

static void put_names(struct json_writer *w, const struct comparison *c, const struct finding_change *f)
{
	const struct index_report *a = c->a->report->index, *b = c->b->report->index;

	json_key(w, "packages");
	json_array(w);
	for (size_t i = 0; i < f->n_pairs; i++) {
		struct package_pair pair = f->pairs[i];
		const struct package *p = pair.a != SIZE_MAX ? &a->packages.at[pair.a].package : NULL;
		const struct package *q = pair.b != SIZE_MAX ? &b->packages.at[pair.b].package : NULL;

		json_object(w);
		json_member_str(w, "name", q ? q->name : p->name);
		json_member_str(w, "from", p ? p->version : SLICE_EMPTY);
		json_member_str(w, "to", q ? q->version : SLICE_EMPTY);
		json_member_str(w, "path", q ? q->path : p->path);
		json_close(w);
	}
	json_close(w);
}

static void put_finding(struct json_writer *w, const struct comparison *c, const struct finding_change *f)
{
	const struct hit *h = finding_change_hit(f);
	const struct index_report *index = (f->b ? c->b : c->a)->report->index;

	json_object(w);
	json_member_cstr(w, "change", finding_change_name(f->kind));
	json_member_cstr(w, "reason", change_reason_name(f->reason));
	json_member_bool(w, "brought_by_image", change_reason_is_brought(f->reason));
	json_member_str(w, "detail", f->detail);
	json_member_str(w, "id", h->line.id);
	json_key(w, "aliases");
	json_array(w);
	hit_each_alias(h, put_alias, w);
	json_close(w);
	json_member_cstr(w, "severity", severity_name(h->line.severity));
	json_member_cstr(w, "type", package_type_purl(index->packages.at[h->package].package.type));
	json_member_str(w, "package", h->line.findings[0]->matched_name);
	json_member_str(w, "version", h->line.findings[0]->matched_version);
	json_member_str(w, "fix", h->line.fix);
	json_member_str(w, "source", h->line.findings[0]->source);
	json_member_str(w, "title", hit_title(h));
	json_member_str(w, "link", hit_url(h));
	if (index->base.how != BASE_UNKNOWN)
		json_member_cstr(w, "from_layers", f->base ? "base" : "own");
	put_names(w, c, f);
	json_close(w);
}

enum status compare_json(const struct comparison *c, const struct report_options *options, const struct report_out *out,
			 struct err *err)
{
	struct document AUTO(document_fini) d;
	struct json_writer *w = &d.w;

	document_init(&d, out, 2);
	json_object(w);
	json_member_cstr(w, "schema", "limpid-diff/1");
	json_key(w, "generator");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "version", options->program_version);
	json_close(w);
	json_member_time(w, "created", options->now_s);
	put_side(w, "a", c->a);
	put_side(w, "b", c->b);
	put_summary(w, c);
	json_key(w, "packages");
	json_array(w);
	for (size_t i = 0; i < c->packages.len; i++) {
		TRY(put_package(w, c, &c->packages.at[i], err));
		TRY(document_flush(&d, err));
	}
	json_close(w);
	json_key(w, "findings");
	json_array(w);
	for (size_t i = 0; i < c->findings.len; i++) {
		put_finding(w, c, &c->findings.at[i]);
		TRY(document_flush(&d, err));
	}
	json_close(w);
	json_close(w);
	return document_end(&d, err);
}
