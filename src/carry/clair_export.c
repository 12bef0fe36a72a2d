/* SPDX-License-Identifier: Apache-2.0 */
/* clair_export.c - the sources in force as lines of Clair's export-updaters. */
#include "carry/clair_export.h"

#include "model/clair_vulnerability.h"
#include "model/vendor.h"
#include "text/json_writer.h"
#include "version/normalized.h"
#include "version/rhctag.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- a row in Clair's members ---- */

static bool is_zero(struct slice version)
{
	return version.len == 0 || slice_eq(version, SLICE("0"));
}

/* Letters, digits, "-_.~" stand for themselves, as in Go's url.QueryEscape. */
static void put_escaped(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (is_alnum(s.ptr[i]) || memchr("-_.~", s.ptr[i], 4))
			buf_add_byte(b, s.ptr[i]);
		else if (s.ptr[i] == ' ')
			buf_add_byte(b, '+');
		else
			buf_printf(b, "%%%02X", s.ptr[i]);
	}
}

static void put_event(struct buf *b, const char *key, struct slice value)
{
	if (value.len == 0)
		return;
	buf_printf(b, "%s%s=", b->len > 0 ? "&" : "", key);
	put_escaped(b, value);
}

static bool is_numbered(const struct affected *row)
{
	const struct version_scheme *scheme = scheme_get(row->scheme);

	return scheme && strcmp(scheme->name, "go") == 0;
}

/* Ranges of languages are a query with its keys sorted, but for those that Clair compares as numbers. */
static enum status fix_of(const struct affected *row, const struct version_range *r, bool language, struct buf *out,
			  struct err *err)
{
	buf_reset(out);
	if (language && !is_numbered(row) && r) {
		put_event(out, "fixed", r->fixed);
		put_event(out, "introduced", is_zero(r->introduced) ? SLICE_EMPTY : r->introduced);
		put_event(out, "lastAffected", r->last_affected);
	} else if (r && !fix_state_withheld(row->fix_state)) {
		buf_add(out, r->fixed);
	}
	return buf_check(out, "a fix", err);
}

static const char *normal(const struct affected *row, struct slice version, struct normalized_version *out)
{
	version_normalized(scheme_get(row->scheme), version, out);
	return out->text;
}

/* Up to the fix; without one, to the end of all versions. */
static void put_range(struct json_writer *w, const struct affected *row, const struct version_range *r)
{
	struct normalized_version low, high;

	if (r && !is_zero(r->introduced))
		normal(row, r->introduced, &low);
	else
		snprintf(low.text, sizeof(low.text), "semver:0.0.0.0.0.0.0.0.0.0");
	if (r && r->fixed.len > 0)
		normal(row, r->fixed, &high);
	else
		snprintf(high.text, sizeof(high.text), "semver:65535.0.0.0.0.0.0.0.0.0");
	if (low.text[0] == '\0' || high.text[0] == '\0')
		return;
	json_key(w, "range");
	json_object(w);
	json_member_cstr(w, "[", low.text);
	json_member_cstr(w, ")", high.text);
	json_close(w);
}

/* Tags are compared within their minor version; without a fix, all. */
static void put_tag_range(struct json_writer *w, const struct version_range *r)
{
	struct normalized_version low = { "rhctag:0.0.0.0.0.0.0.0.0.0" };
	char high[80] = "rhctag:2147483647.0.0.0.0.0.0.0.0.0";
	struct rhctag tag;

	if (r && !is_zero(r->introduced))
		version_normalized(scheme_get(SCHEME_rhctag), r->introduced, &low);
	if (r && rhctag_parse(r->fixed, &tag))
		snprintf(high, sizeof(high), "rhctag:%d.%d.2147483647.0.0.0.0.0.0.0", (int32_t)(uint32_t)tag.major,
			 (int32_t)(uint32_t)tag.minor);
	json_key(w, "range");
	json_object(w);
	json_member_cstr(w, "[", low.text);
	json_member_cstr(w, ")", high);
	json_close(w);
}

/* Can what Clair's members say of it be read back as the same row? */
static bool is_plain(const struct affected *row, bool language)
{
	const struct version_range *r = row->ranges;
	bool plain = row->n_ranges <= 1 && row->n_versions == 0 && row->module.len == 0 && row->arch.len == 0 &&
		     row->platforms.len == 0 && row->fix_state == FIX_PLAIN && row->name_kind != AFFECTED_NAME_BINARY &&
		     row->scheme != SCHEME_rhctag;

	if (!plain || row->n_ranges == 0)
		return plain && row->fixed_version.len == 0;
	if (!slice_eq(row->fixed_version, r->fixed))
		return false;
	if (is_numbered(row))
		return r->fixed.len > 0 && is_zero(r->introduced) && r->last_affected.len == 0;
	if (language)
		return r->fixed.len > 0 || r->last_affected.len > 0 || !is_zero(r->introduced);
	return r->fixed.len > 0 && r->introduced.len == 0 && r->last_affected.len == 0;
}

/* ---- a line ---- */

enum status export_flush(struct export *x, size_t at_least, struct err *err)
{
	TRY(buf_check(&x->text, "lines", err));
	if (x->text.len < MAX(at_least, (size_t)1))
		return STATUS_OK;
	TRY(x->to->write(x->to->ctx, buf_slice(&x->text), err));
	buf_reset(&x->text);
	return STATUS_OK;
}

static enum status put_line(struct export *x, struct clair_vulnerability *v, const struct version_range *range,
			    struct buf *fix, struct err *err)
{
	bool language = v->type != PACKAGE_NONE;
	struct date_text date;
	struct json_writer w;

	TRY(fix_of(v->row, range, language, fix, err));
	v->fix = buf_slice(fix);
	arena_reset(&x->scratch);
	json_writer_init(&w, &x->text, 0);
	json_object(&w);
	json_member_str(&w, "Updater", x->source->name);
	json_member_str(&w, "Fingerprint", x->source->etag.len ? x->source->etag : x->source->last_modified);
	json_member_cstr(&w, "Date", date_print(&date, x->source->last_success_s));
	json_member_cstr(&w, "Ref", x->ref);
	json_key(&w, "Vuln");
	TRY(clair_put_exported(&w, v, &x->scratch, err));
	if (language && is_numbered(v->row))
		put_range(&w, v->row, range);
	if (v->row->scheme == SCHEME_rhctag)
		put_tag_range(&w, range);
	clair_end_exported(&w, v);
	json_member_cstr(&w, "Kind", "vulnerability");
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&x->text, '\n');
	x->lines++;
	return export_flush(x, EXPORT_FLUSH_BYTES, err);
}

/*
 * Clair would compare them with everybody's packages: rows about builds of vendors, and about Ubuntu's FIPS builds,
 * whose versions are above the archive's.
 */
static bool clair_can_tell(const struct affected *row)
{
	return vendor_of_scope(row->scope, NULL) == VENDOR_NONE &&
	       !(slice_starts(row->scope, SLICE("ubuntu:")) && slice_starts(row->module, SLICE(AFFECTED_MODULE_FIPS)));
}

static enum status put_row(struct export *x, uint32_t number, uint32_t advisory, struct err *err)
{
	struct buf AUTO(buf_fini) fix = BUF_INIT((size_t)1 << 20);
	struct distribution distribution;
	struct clair_vulnerability v;
	struct advisory body;
	struct affected row;

	arena_reset(&x->row);
	TRY(segment_row(x->seg, number, &x->row, &row, &advisory, err));
	if (row.status != AFFECTED_YES)
		return STATUS_OK;
	if ((row.n_ranges == 0 && row.n_versions > 0) || !clair_can_tell(&row)) {
		x->run.summary->diags++;
		return STATUS_OK;
	}
	TRY(segment_bodies_get(&x->bodies, x->seg, advisory, &body, err));
	v = (struct clair_vulnerability){ .id = "",
					  .updater = x->source->name,
					  .advisory = &body,
					  .row = &row,
					  .severity = clair_row_severity(&body, &row),
					  .type = clair_scope_language(row.scope) };
	if (v.type == PACKAGE_NONE && distribution_of_scope(row.scope, &distribution))
		v.distribution = &distribution;
	v.exact = !is_plain(&row, v.type != PACKAGE_NONE);
	if (row.n_ranges == 0)
		return put_line(x, &v, NULL, &fix, err);
	for (size_t i = 0; i < row.n_ranges; i++)
		TRY(put_line(x, &v, &row.ranges[i], &fix, err));
	return STATUS_OK;
}

/* ---- a source ---- */

/* Rows lie by package, bodies by advisory: a body is unpacked once. */
struct place {
	uint32_t advisory, row;
};

static int by_advisory(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->advisory != y->advisory)
		return x->advisory < y->advisory ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static enum status put_rows(struct export *x, struct err *err)
{
	size_t n = (size_t)segment_get_stats(x->seg)->rows;
	struct place AUTO(free_ptr) *places = calloc(n + 1, sizeof(*places));
	struct affected ignored;

	if (!places)
		return err_nomem(err, "rows");
	for (size_t i = 0; i < n; i++) {
		arena_reset(&x->row);
		places[i].row = (uint32_t)i;
		TRY(segment_row(x->seg, (uint32_t)i, &x->row, &ignored, &places[i].advisory, err));
	}
	qsort(places, n, sizeof(*places), by_advisory);
	for (size_t i = 0; i < n; i++)
		TRY(put_row(x, places[i].row, places[i].advisory, err));
	return STATUS_OK;
}

enum status export_ref(struct export *x, struct slice name, struct err *err)
{
	struct store_operation *ops;
	size_t n;

	/* One that was forgotten: any will do, as long as it is the source's own. */
	snprintf(x->ref, sizeof(x->ref), "00000000-0000-4000-8000-%012llx",
		 (unsigned long long)(slice_hash(name, 0) & 0xffffffffffff));
	TRY(store_operations(x->run.store, name, 1, &x->scratch, &ops, &n, err));
	if (n > 0)
		memcpy(x->ref, ops[0].ref, sizeof(x->ref));
	return STATUS_OK;
}

static enum status put_source(struct export *x, struct err *err)
{
	struct segment *seg = NULL;
	struct carry_event e = { .kind = CARRY_PUBLISHED, .source = x->source->name };
	enum status st;

	TRY(export_ref(x, x->source->name, err));
	st = segment_open_of(x->run.segments, &x->source->segment, x->source->name, &seg, err);
	if (st == STATUS_OK)
		st = segment_verify_digest(seg, err);
	x->seg = seg;
	x->lines = 0;
	if (st == STATUS_OK)
		st = put_rows(x, err);
	if (st == STATUS_OK)
		st = export_flush(x, 0, err);
	if (st == STATUS_OK) {
		e.records = segment_get_stats(seg)->advisories;
		e.lines = x->lines;
		x->run.summary->sources++;
		x->run.summary->lines += x->lines;
		x->run.summary->records += e.records;
		carry_tell(&x->run, &e);
	}
	/* Bodies that are kept are of it, and the next one may lie at its address. */
	segment_bodies_fini(&x->bodies);
	x->bodies = (struct segment_bodies)SEGMENT_BODIES_INIT;
	segment_free(seg);
	return st == STATUS_OK ? STATUS_OK : err_wrap(err, "%.*s", SLICE_ARG(x->source->name));
}

enum status carry_clair_export(struct store *store, const struct carry_options *options, const struct carry_out *to,
			       struct carry_summary *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct export x = { .to = to,
			    .text = BUF_INIT((size_t)options->limits->record_bytes * 2),
			    .row = ARENA_INIT((size_t)64 << 20),
			    .scratch = ARENA_INIT((size_t)64 << 20),
			    .bodies = SEGMENT_BODIES_INIT };
	struct store_source *sources;
	size_t n = 0;
	enum status st;

	TRY(carry_run_begin(&x.run, store, options, out, err));
	st = store_sources(store, &arena, &sources, &n, err);
	for (size_t i = 0; i < n && st == STATUS_OK; i++) {
		x.source = &sources[i];
		if (sources[i].segment.algo != DIGEST_NONE && sources[i].kind == STORE_VULNERABILITY)
			st = put_source(&x, err);
	}
	for (size_t i = 0; i < ENRICHER_COUNT && st == STATUS_OK; i++)
		st = export_enrichments(&x, (enum enricher)i, sources, n, err);
	segment_bodies_fini(&x.bodies);
	buf_fini(&x.text);
	arena_fini(&x.row);
	arena_fini(&x.scratch);
	return st;
}
