/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openvex.c - OpenVEX 0.2.0: a statement for each flaw and the packages that have it, and for what a vendor says does
 * not affect.
 *
 * The product is the image, packages are its subcomponents. The format has no place for what was not looked up:
 * "tooling" says it.
 */
#include "report/document.h"
#include "report/subject.h"

#include <stdlib.h>

struct vex {
	struct document doc;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
	struct slice product;
};

static int by_flaw(const void *pa, const void *pb)
{
	const struct hit *a = pa, *b = pb;
	size_t x = a->line.findings[0]->flaw, y = b->line.findings[0]->flaw;

	if (x != y)
		return x < y ? -1 : 1;
	return a->package < b->package ? -1 : a->package > b->package;
}

static void put_string(void *ctx, struct slice text)
{
	json_string(ctx, text);
}

static void put_name(struct json_writer *w, struct slice id)
{
	struct buf AUTO(buf_fini) url = BUF_INIT((size_t)1 << 16);

	subject_id_url(id, &url);
	if (url.len > 0 && url.failed == STATUS_OK)
		json_member_str(w, "@id", buf_slice(&url));
	json_member_str(w, "name", id);
}

static enum status put_subcomponent(struct vex *v, size_t package, struct err *err)
{
	struct json_writer *w = &v->doc.w;
	struct slice purl;

	TRY(subject_purl(v->report->index, package, &v->scratch, &purl, err));
	json_object(w);
	json_member_str(w, "@id", purl);
	json_key(w, "identifiers");
	json_object(w);
	json_member_str(w, "purl", purl);
	json_close(w);
	json_close(w);
	arena_reset(&v->scratch);
	return document_flush(&v->doc, err);
}

static void open_product(struct vex *v)
{
	struct json_writer *w = &v->doc.w;

	json_key(w, "products");
	json_array(w);
	json_object(w);
	json_member_str(w, "@id", v->product);
	json_key(w, "subcomponents");
	json_array(w);
}

static void close_product(struct vex *v)
{
	for (size_t i = 0; i < 3; i++)
		json_close(&v->doc.w);
}

/* "Update libssl3 to 3.5.1-r0; ..." A statement of "affected" needs an action. */
static enum status put_action(struct vex *v, const struct hit *h, size_t n, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 20);
	struct slice last = SLICE_EMPTY;

	for (size_t i = 0; i < n; i++) {
		struct slice name = v->report->index->packages.at[h[i].package].package.name;

		if (h[i].line.fix.len == 0 || slice_eq(name, last))
			continue;
		last = name;
		buf_printf(&text, "%sUpdate %.*s to %.*s", text.len > 0 ? "; " : "", SLICE_ARG(name),
			   SLICE_ARG(h[i].line.fix));
	}
	if (text.len == 0)
		buf_add_cstr(&text, "No fix is known");
	TRY(buf_check(&text, "report", err));
	json_member_str(&v->doc.w, "action_statement", buf_slice(&text));
	return STATUS_OK;
}

static enum status put_flaw(struct vex *v, const struct hit *h, size_t n, struct err *err)
{
	struct json_writer *w = &v->doc.w;

	json_object(w);
	json_key(w, "vulnerability");
	json_object(w);
	put_name(w, h->line.id);
	json_member_str(w, "description", hit_description(h));
	json_key(w, "aliases");
	json_array(w);
	hit_each_alias(h, put_string, w);
	json_close(w);
	json_close(w);
	open_product(v);
	for (size_t i = 0; i < n; i++)
		TRY(put_subcomponent(v, h[i].package, err));
	close_product(v);
	json_member_cstr(w, "status", "affected");
	TRY(put_action(v, h, n, err));
	json_close(w);
	return STATUS_OK;
}

/* Who bears a risk does not say that it is none. */
static enum status put_suppressed_status(struct vex *v, const struct suppressed *s, struct err *err)
{
	static const char *const words[] = { "component_not_present", "vulnerable_code_not_present",
					     "vulnerable_code_not_in_execute_path",
					     "vulnerable_code_cannot_be_controlled_by_adversary",
					     "inline_mitigations_already_exist" };
	struct json_writer *w = &v->doc.w;
	struct slice text;

	if (suppressed_by_gate(s->by)) {
		json_member_cstr(w, "status", "affected");
		json_member_str(w, "action_statement", s->reason);
	} else if (slice_eq(s->status, SLICE("accepted"))) {
		if (!arena_printf(&v->scratch, &text, "accepted: %.*s", SLICE_ARG(s->reason)))
			return err_nomem(err, "report");
		json_member_cstr(w, "status", "affected");
		json_member_str(w, "action_statement", text);
	} else if (slice_eq(s->status, SLICE("fixed"))) {
		json_member_cstr(w, "status", "fixed");
		json_member_str(w, "status_notes", s->reason);
	} else {
		json_member_cstr(w, "status", "not_affected");
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			if (slice_eq(s->justification, slice_cstr(words[i])))
				json_member_str(w, "justification", s->justification);
		json_member_str(w, "impact_statement", s->reason.len > 0 ? s->reason : SLICE("not affected"));
	}
	json_close(w);
	return STATUS_OK;
}

static enum status put_suppressed(struct vex *v, const struct suppressed *s, struct err *err)
{
	struct json_writer *w = &v->doc.w;

	/* What belongs to a system's package is the system's matter: its advisories decide. */
	if (s->by == SUPPRESSED_BY_SYSTEM || s->by == SUPPRESSED_BY_DEV ||
	    (s->by == SUPPRESSED_BY_VENDOR &&
	     v->report->index->packages.at[s->finding.package].package.flags & PACKAGE_OWNED))
		return STATUS_OK;
	json_object(w);
	json_key(w, "vulnerability");
	json_object(w);
	put_name(w, s->finding.advisory.id);
	if (s->finding.advisory.n_aliases > 0) {
		json_key(w, "aliases");
		json_array(w);
		for (size_t i = 0; i < s->finding.advisory.n_aliases; i++)
			json_string(w, s->finding.advisory.aliases[i]);
		json_close(w);
	}
	json_close(w);
	open_product(v);
	TRY(put_subcomponent(v, s->finding.package, err));
	close_product(v);
	return put_suppressed_status(v, s, err);
	return STATUS_OK;
}

static enum status put_head(struct vex *v, struct err *err)
{
	struct json_writer *w = &v->doc.w;
	struct subject_name uuid;
	struct slice text, verdict;
	struct buf AUTO(buf_fini) tooling = BUF_INIT((size_t)1 << 24);

	TRY(subject_identity(v->report->index, v->options->now_s, &v->scratch, &text, err));
	TRY(subject_uuid(text, &uuid, err));
	TRY(subject_verdict(v->report, &v->scratch, &verdict, err));
	if (!arena_printf(&v->scratch, &text, "https://openvex.dev/docs/limpid-%s", uuid.text) ||
	    !arena_printf(&v->scratch, &verdict, "limpid %s; %.*s", v->options->program_version, SLICE_ARG(verdict)))
		return err_nomem(err, "report");
	buf_add(&tooling, verdict);
	for (size_t i = 0; i < v->report->coverage.len; i++) {
		const struct coverage_item *c = &v->report->coverage.at[i];
		struct slice gap;

		if (!coverage_is_gap(c->code))
			continue;
		TRY(subject_coverage(c, &v->scratch, &gap, err));
		buf_add_cstr(&tooling, "; ");
		buf_add(&tooling, gap);
	}
	TRY(buf_check(&tooling, "report", err));
	json_object(w);
	json_member_cstr(w, "@context", "https://openvex.dev/ns/v0.2.0");
	json_member_str(w, "@id", text);
	json_member_cstr(w, "author", "limpid");
	json_member_cstr(w, "role", "Vulnerability scanner");
	json_member_time(w, "timestamp", v->options->now_s);
	json_member_u64(w, "version", 1);
	json_member_str(w, "tooling", buf_slice(&tooling));
	arena_reset(&v->scratch);
	return STATUS_OK;
}

/* An IRI: the image's package URL, else its manifest, else where it was. */
static enum status name_product(struct vex *v, struct err *err)
{
	const struct index_report *r = v->report->index;
	struct subject_name hex;
	struct digest_text digest;

	TRY(subject_image_purl(r, &v->arena, &v->product, err));
	if (v->product.len > 0)
		return STATUS_OK;
	TRY(subject_hex(subject_image(r), &hex, err));
	return arena_printf(&v->arena, &v->product, "pkg:generic/image@%s",
			    r->manifest.algo != DIGEST_NONE ? digest_print(&digest, &r->manifest) : hex.text)
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

static enum status write_vex(struct vex *v, struct err *err)
{
	struct hit *hits;
	size_t total;

	TRY(hits_make(v->report, &v->arena, &hits, &total, err));
	qsort(hits, total, sizeof(*hits), by_flaw);
	TRY(name_product(v, err));
	TRY(put_head(v, err));
	json_key(&v->doc.w, "statements");
	json_array(&v->doc.w);
	for (size_t i = 0, n; i < total; i += n) {
		size_t flaw = hits[i].line.findings[0]->flaw;

		for (n = 1; i + n < total && hits[i + n].line.findings[0]->flaw == flaw; n++)
			;
		TRY(put_flaw(v, hits + i, n, err));
	}
	for (size_t i = 0; i < v->report->suppressed.len; i++)
		TRY(put_suppressed(v, &v->report->suppressed.at[i], err));
	json_close(&v->doc.w);
	json_close(&v->doc.w);
	return document_end(&v->doc, err);
}

static void vex_fini(struct vex *v)
{
	document_fini(&v->doc);
	arena_fini(&v->arena);
	arena_fini(&v->scratch);
}

static enum status openvex_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					   const struct report_out *out, struct err *err)
{
	struct vex AUTO(vex_fini)
		v = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX), .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&v.doc, out, 1);
	return write_vex(&v, err);
}

const struct report_format report_format_openvex = {
	.name = "openvex",
	.media_type = "application/json",
	.versions = "0.2.0",
	.vulnerabilities = openvex_vulnerabilities,
};
