/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csaf.c - CSAF 2.0, profile VEX: what is affected, with a remediation, and what a vendor or user says is not.
 *
 * Products are packages installed on the image. One vulnerability of the document per id: no CVE may stand in two. The
 * profile needs a vulnerability; without any the document is of the base profile. Coverage stands in its notes.
 */
#include "report/document.h"
#include "report/subject.h"

#include <stdio.h>
#include <stdlib.h>

enum status_of { AFFECTED, FIXED, NOT_AFFECTED };

/* One package and what is said of it. */
struct entry {
	struct slice id;
	size_t package;
	enum status_of status;
	struct hit hit;			     /* of a suppressed finding it alone */
	const struct suppressed *suppressed; /* NULL: a finding */
};

struct csaf {
	struct document doc;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
	struct entry *entries;
	size_t n;
	bool *used; /* packages */
};

/* ---- entries ---- */

static int by_entry(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int c = slice_cmp(a->id, b->id);

	if (c == 0 && a->package != b->package)
		c = a->package < b->package ? -1 : 1;
	return c ? c : (int)a->status - (int)b->status;
}

/* What belongs to a system's package is the system's matter: its advisories decide. */
static bool is_told(const struct csaf *c, const struct suppressed *s)
{
	return s->by != SUPPRESSED_BY_SYSTEM && s->by != SUPPRESSED_BY_DEV &&
	       !(s->by == SUPPRESSED_BY_VENDOR &&
		 c->report->index->packages.at[s->finding.package].package.flags & PACKAGE_OWNED);
}

static enum status_of status_of(const struct suppressed *s)
{
	if (suppressed_by_gate(s->by) || slice_eq(s->status, SLICE("accepted")))
		return AFFECTED;
	return slice_eq(s->status, SLICE("fixed")) ? FIXED : NOT_AFFECTED;
}

static enum status add_suppressed(struct csaf *c, const struct suppressed *s, struct err *err)
{
	const struct finding **one = arena_array(&c->arena, 1, sizeof(*one));
	struct entry *e = &c->entries[c->n];

	if (!one)
		return err_nomem(err, "report");
	one[0] = &s->finding;
	*e = (struct entry){ .package = s->finding.package, .status = status_of(s), .suppressed = s };
	e->hit.package = e->package;
	unit_line_fill(&e->hit.line, one, 1);
	e->id = e->hit.line.id;
	c->n++;
	return STATUS_OK;
}

/* Of one id and package the worst word counts: an affected product cannot be another thing, too. */
static enum status list_entries(struct csaf *c, struct err *err)
{
	const struct vulnerability_report *r = c->report;
	struct hit *hits;
	size_t n, kept = 0;

	TRY(hits_make(r, &c->arena, &hits, &n, err));
	c->entries = arena_array(&c->arena, n + r->suppressed.len + 1, sizeof(*c->entries));
	c->used = arena_array(&c->arena, r->index->packages.len + 1, sizeof(*c->used));
	if (!c->entries || !c->used)
		return err_nomem(err, "report");
	for (size_t i = 0; i < n; i++)
		c->entries[c->n++] = (struct entry){ hits[i].line.id, hits[i].package, AFFECTED, hits[i], NULL };
	for (size_t i = 0; i < r->suppressed.len; i++)
		if (is_told(c, &r->suppressed.at[i]))
			TRY(add_suppressed(c, &r->suppressed.at[i], err));
	qsort(c->entries, c->n, sizeof(*c->entries), by_entry);
	for (size_t i = 0; i < c->n; i++) {
		const struct entry *last = kept ? &c->entries[kept - 1] : NULL;

		if (last && last->package == c->entries[i].package && slice_eq(last->id, c->entries[i].id))
			continue;
		c->used[c->entries[i].package] = true;
		c->entries[kept++] = c->entries[i];
	}
	c->n = kept;
	return STATUS_OK;
}

/* ---- the document's head ---- */

static void put_note(struct json_writer *w, const char *category, struct slice text)
{
	json_key(w, "notes");
	json_array(w);
	json_object(w);
	json_member_cstr(w, "category", category);
	json_member_str(w, "text", text);
	json_close(w);
	json_close(w);
}

static enum status put_coverage(struct csaf *c, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 24);
	struct slice part;

	TRY(subject_verdict(c->report, &c->scratch, &part, err));
	buf_add(&text, part);
	for (size_t i = 0; i < c->report->coverage.len; i++) {
		if (!coverage_is_gap(c->report->coverage.at[i].code))
			continue;
		TRY(subject_coverage(&c->report->coverage.at[i], &c->scratch, &part, err));
		buf_add_cstr(&text, "; ");
		buf_add(&text, part);
	}
	TRY(buf_check(&text, "report", err));
	put_note(&c->doc.w, "general", buf_slice(&text));
	return STATUS_OK;
}

static enum status put_tracking(struct csaf *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	struct subject_name uuid;
	struct slice text;

	TRY(subject_identity(c->report->index, c->options->now_s, &c->scratch, &text, err));
	TRY(subject_uuid(text, &uuid, err));
	if (!arena_printf(&c->scratch, &text, "limpid-%s", uuid.text))
		return err_nomem(err, "report");
	json_key(w, "tracking");
	json_object(w);
	json_member_str(w, "id", text);
	json_member_cstr(w, "status", "final");
	json_member_cstr(w, "version", "1");
	json_member_time(w, "initial_release_date", c->options->now_s);
	json_member_time(w, "current_release_date", c->options->now_s);
	json_key(w, "revision_history");
	json_array(w);
	json_object(w);
	json_member_cstr(w, "number", "1");
	json_member_time(w, "date", c->options->now_s);
	json_member_cstr(w, "summary", "What a scan found");
	json_close(w);
	json_close(w);
	json_key(w, "generator");
	json_object(w);
	json_key(w, "engine");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "version", c->options->program_version[0] ? c->options->program_version : "0");
	json_close(w);
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

static enum status put_document(struct csaf *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	struct slice title;

	if (!arena_printf(&c->scratch, &title, "Vulnerabilities of %.*s", SLICE_ARG(subject_image(c->report->index))))
		return err_nomem(err, "report");
	json_key(w, "document");
	json_object(w);
	json_member_cstr(w, "category", c->n > 0 ? "csaf_vex" : "csaf_base");
	json_member_cstr(w, "csaf_version", "2.0");
	json_member_str(w, "title", title);
	TRY(put_coverage(c, err));
	json_key(w, "publisher");
	json_object(w);
	json_member_cstr(w, "category", "other");
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "namespace", "urn:limpid");
	json_close(w);
	TRY(put_tracking(c, err));
	json_close(w);
	arena_reset(&c->scratch);
	return STATUS_OK;
}

/* ---- products ---- */

static void put_product(struct json_writer *w, struct slice id, struct slice name, struct slice purl)
{
	json_object(w);
	json_member_str(w, "product_id", id);
	json_member_str(w, "name", name);
	if (purl.len > 0) {
		json_key(w, "product_identification_helper");
		json_object(w);
		json_member_str(w, "purl", purl);
		json_close(w);
	}
	json_close(w);
}

static enum status put_packages(struct csaf *c, struct err *err)
{
	const struct index_report *r = c->report->index;
	struct slice id, name, purl;

	for (size_t i = 0; i < r->packages.len; i++) {
		const struct package *p = &r->packages.at[i].package;

		if (!c->used[i])
			continue;
		TRY(subject_purl(r, i, &c->scratch, &purl, err));
		if (!arena_printf(&c->scratch, &id, "package-%zu", i + 1) ||
		    !arena_printf(&c->scratch, &name, "%.*s %.*s", SLICE_ARG(p->name), SLICE_ARG(p->version)))
			return err_nomem(err, "report");
		put_product(&c->doc.w, id, name, purl);
		arena_reset(&c->scratch);
		TRY(document_flush(&c->doc, err));
	}
	return STATUS_OK;
}

static enum status put_relationships(struct csaf *c, struct err *err)
{
	const struct index_report *r = c->report->index;
	struct json_writer *w = &c->doc.w;
	struct slice id, part, name;

	json_key(w, "relationships");
	json_array(w);
	for (size_t i = 0; i < r->packages.len; i++) {
		const struct package *p = &r->packages.at[i].package;

		if (!c->used[i])
			continue;
		if (!arena_printf(&c->scratch, &part, "package-%zu", i + 1) ||
		    !arena_printf(&c->scratch, &id, "image:package-%zu", i + 1) ||
		    !arena_printf(&c->scratch, &name, "%.*s %.*s in %.*s", SLICE_ARG(p->name), SLICE_ARG(p->version),
				  SLICE_ARG(subject_image(r))))
			return err_nomem(err, "report");
		json_object(w);
		json_member_cstr(w, "category", "default_component_of");
		json_key(w, "full_product_name");
		put_product(w, id, name, SLICE_EMPTY);
		json_member_str(w, "product_reference", part);
		json_member_cstr(w, "relates_to_product_reference", "image");
		json_close(w);
		arena_reset(&c->scratch);
		TRY(document_flush(&c->doc, err));
	}
	json_close(w);
	return STATUS_OK;
}

static enum status put_tree(struct csaf *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	struct slice purl;

	TRY(subject_image_purl(c->report->index, &c->scratch, &purl, err));
	json_key(w, "product_tree");
	json_object(w);
	json_key(w, "full_product_names");
	json_array(w);
	put_product(w, SLICE("image"), subject_image(c->report->index), purl);
	TRY(put_packages(c, err));
	json_close(w);
	if (c->n > 0)
		TRY(put_relationships(c, err));
	json_close(w);
	return STATUS_OK;
}

/* ---- vulnerabilities ---- */

static void put_id(struct json_writer *w, const struct entry *e)
{
	char text[64];

	snprintf(text, sizeof(text), "image:package-%zu", e->package + 1);
	json_cstr(w, text);
}

static void put_ids(struct json_writer *w, const struct entry *e)
{
	json_key(w, "product_ids");
	json_array(w);
	put_id(w, e);
	json_close(w);
}

static void put_status(struct json_writer *w, const struct entry *e, size_t n)
{
	static const char *const names[] = {
		[AFFECTED] = "known_affected", [FIXED] = "fixed", [NOT_AFFECTED] = "known_not_affected"
	};

	json_key(w, "product_status");
	json_object(w);
	for (size_t s = 0; s < ARRAY_LEN(names); s++) {
		bool any = false;

		for (size_t i = 0; i < n; i++) {
			if (e[i].status != (enum status_of)s)
				continue;
			if (!any) {
				json_key(w, names[s]);
				json_array(w);
			}
			any = true;
			put_id(w, &e[i]);
		}
		if (any)
			json_close(w);
	}
	json_close(w);
}

/* What is affected needs an action. */
static enum status put_remediation(struct csaf *c, const struct entry *e, struct err *err)
{
	const struct package *p = &c->report->index->packages.at[e->package].package;
	struct json_writer *w = &c->doc.w;
	struct slice fix = e->hit.line.fix, text = SLICE("No fix is known");
	bool borne = e->suppressed && slice_eq(e->suppressed->status, SLICE("accepted"));

	if (borne && !arena_printf(&c->scratch, &text, "accepted: %.*s", SLICE_ARG(e->suppressed->reason)))
		return err_nomem(err, "report");
	if (!borne && fix.len > 0 &&
	    !arena_printf(&c->scratch, &text, "Update %.*s to %.*s", SLICE_ARG(p->name), SLICE_ARG(fix)))
		return err_nomem(err, "report");
	json_object(w);
	json_member_cstr(w, "category", borne ? "no_fix_planned" : fix.len > 0 ? "vendor_fix" : "none_available");
	json_member_str(w, "details", text);
	put_ids(w, e);
	json_close(w);
	return STATUS_OK;
}

static bool is_flag(struct slice justification)
{
	static const char *const words[] = { "component_not_present", "inline_mitigations_already_exist",
					     "vulnerable_code_cannot_be_controlled_by_adversary",
					     "vulnerable_code_not_in_execute_path", "vulnerable_code_not_present" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(justification, slice_cstr(words[i])))
			return true;
	return false;
}

/* What is not needs a reason: a word of the format's, and the user's own. */
static void put_threat(struct json_writer *w, const struct entry *e)
{
	json_object(w);
	json_member_cstr(w, "category", "impact");
	json_member_str(w, "details", e->suppressed->reason.len > 0 ? e->suppressed->reason : SLICE("not affected"));
	put_ids(w, e);
	json_close(w);
}

static void put_flag(struct json_writer *w, const struct entry *e)
{
	json_object(w);
	json_member_str(w, "label", e->suppressed->justification);
	put_ids(w, e);
	json_close(w);
}

static void open_list(struct json_writer *w, const char *key, bool *open)
{
	if (*open)
		return;
	json_key(w, key);
	json_array(w);
	*open = true;
}

static enum status put_lists(struct csaf *c, const struct entry *e, size_t n, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	bool flags = false, remediations = false, threats = false;

	for (size_t i = 0; i < n; i++) {
		if (e[i].status != NOT_AFFECTED || !is_flag(e[i].suppressed->justification))
			continue;
		open_list(w, "flags", &flags);
		put_flag(w, &e[i]);
	}
	if (flags)
		json_close(w);
	for (size_t i = 0; i < n; i++) {
		if (e[i].status != AFFECTED)
			continue;
		open_list(w, "remediations", &remediations);
		TRY(put_remediation(c, &e[i], err));
	}
	if (remediations)
		json_close(w);
	for (size_t i = 0; i < n; i++) {
		if (e[i].status != NOT_AFFECTED)
			continue;
		open_list(w, "threats", &threats);
		put_threat(w, &e[i]);
	}
	if (threats)
		json_close(w);
	return STATUS_OK;
}

static enum status put_vulnerability(struct csaf *c, const struct entry *e, size_t n, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	struct slice about = hit_description(&e->hit), system = e->id, url = hit_url(&e->hit);

	json_object(w);
	if (enrichment_is_cve(e->id)) {
		json_member_str(w, "cve", e->id);
	} else {
		slice_cut(e->id, '-', &system, NULL);
		json_key(w, "ids");
		json_array(w);
		json_object(w);
		json_member_str(w, "system_name", system.len > 0 ? system : e->id);
		json_member_str(w, "text", e->id);
		json_close(w);
		json_close(w);
	}
	put_note(w, "description", about.len > 0 ? about : e->id);
	put_status(w, e, n);
	if (url.len > 0) {
		json_key(w, "references");
		json_array(w);
		json_object(w);
		json_member_cstr(w, "category", "external");
		json_member_str(w, "summary", e->id);
		json_member_str(w, "url", url);
		json_close(w);
		json_close(w);
	}
	TRY(put_lists(c, e, n, err));
	json_close(w);
	arena_reset(&c->scratch);
	return document_flush(&c->doc, err);
}

static enum status write_csaf(struct csaf *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;

	TRY(list_entries(c, err));
	json_object(w);
	TRY(put_document(c, err));
	TRY(put_tree(c, err));
	if (c->n > 0) {
		json_key(w, "vulnerabilities");
		json_array(w);
	}
	for (size_t i = 0, n; i < c->n; i += n) {
		for (n = 1; i + n < c->n && slice_eq(c->entries[i].id, c->entries[i + n].id); n++)
			;
		TRY(put_vulnerability(c, &c->entries[i], n, err));
	}
	if (c->n > 0)
		json_close(w);
	json_close(w);
	return document_end(&c->doc, err);
}

static void csaf_fini(struct csaf *c)
{
	document_fini(&c->doc);
	arena_fini(&c->arena);
	arena_fini(&c->scratch);
}

static enum status csaf_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					const struct report_out *out, struct err *err)
{
	struct csaf AUTO(csaf_fini)
		c = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX), .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&c.doc, out, 1);
	return write_csaf(&c, err);
}

const struct report_format report_format_csaf = {
	.name = "csaf",
	.media_type = "application/json",
	.versions = "2.0",
	.vulnerabilities = csaf_vulnerabilities,
};
