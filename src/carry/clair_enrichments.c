/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clair_enrichments.c - what enrichers say as lines of Clair's export-updaters.
 *
 * Clair has one updater for all years of NVD: the sources of an enricher are one operation, and its fingerprint is one
 * that Clair's updater can read and will find changed: a map from years to digests.
 */
#include "carry/clair_export.h"

#include "feed/cvss_data.h"

#include <stdio.h>

struct writing {
	struct export *x;
	enum enricher enricher;
	struct buf fingerprint;
	int64_t date_s;
};

static bool is_of(const struct store_source *s, enum enricher e)
{
	enum enricher found;

	return s->kind == STORE_ENRICHMENT && s->segment.algo != DIGEST_NONE && enricher_of_source(s->name, &found) &&
	       found == e;
}

/* "clair.cvss/2021": NVD's; another one's are what its server said. */
static enum status add_fingerprint(struct writing *wr, const struct store_source *s, struct json_writer *w,
				   struct err *err)
{
	struct digest_text digest;
	struct slice year, hex;

	if (wr->enricher != ENRICHER_CVSS) {
		buf_reset(&wr->fingerprint);
		buf_add(&wr->fingerprint, s->etag.len ? s->etag : s->last_modified);
		return buf_check(&wr->fingerprint, "a fingerprint", err);
	}
	slice_cut(slice_cstr(digest_print(&digest, &s->segment)), ':', NULL, &hex);
	if (slice_cut(s->name, '/', NULL, &year)) {
		json_key_slice(w, year);
		json_string(w, hex);
	}
	return STATUS_OK;
}

/* Clair's operation is that of the source which changed last. */
static enum status describe(struct writing *wr, const struct store_source *sources, size_t n, bool *out_any,
			    struct err *err)
{
	const struct store_source *newest = NULL;
	struct json_writer w;

	json_writer_init(&w, &wr->fingerprint, 0);
	json_object(&w);
	for (size_t i = 0; i < n; i++) {
		if (!is_of(&sources[i], wr->enricher))
			continue;
		if (!newest || sources[i].last_change_s > newest->last_change_s)
			newest = &sources[i];
		wr->date_s = MAX(wr->date_s, sources[i].last_success_s);
		TRY(add_fingerprint(wr, &sources[i], &w, err));
	}
	if (wr->enricher == ENRICHER_CVSS) {
		json_close(&w);
		TRY(json_writer_end(&w, err));
	}
	*out_any = newest != NULL;
	return newest ? export_ref(wr->x, newest->name, err) : STATUS_OK;
}

static enum status put_line(struct writing *wr, const struct enrichment *e, struct err *err)
{
	struct export *x = wr->x;
	size_t before = x->text.len;
	struct date_text date;
	struct json_writer w;

	json_writer_init(&w, &x->text, 0);
	json_object(&w);
	json_member_str(&w, "Updater", enricher_name(wr->enricher));
	json_member_str(&w, "Fingerprint", buf_slice(&wr->fingerprint));
	json_member_cstr(&w, "Date", date_print(&date, wr->date_s));
	json_member_cstr(&w, "Ref", x->ref);
	json_key(&w, "Enrichment");
	json_object(&w);
	json_key(&w, "Tags");
	json_array(&w);
	json_string(&w, e->cve);
	json_close(&w);
	json_key(&w, "Enrichment");
	if (!cvss_clair_put(&w, wr->enricher, e)) {
		x->text.len = before; /* Clair has nothing of it */
		return STATUS_OK;
	}
	json_close(&w);
	json_member_cstr(&w, "Kind", "enrichment");
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&x->text, '\n');
	x->lines++;
	return export_flush(x, EXPORT_FLUSH_BYTES, err);
}

static enum status put_row(struct writing *wr, uint32_t number, struct err *err)
{
	struct export *x = wr->x;
	struct enrichment_cvss cvss;
	struct enrichment_epss epss;
	struct enrichment_kev kev;
	struct enrichment e = { .n_cvss = 0 };
	struct advisory shared;
	struct affected row;
	uint32_t advisory;

	arena_reset(&x->row);
	TRY(segment_row(x->seg, number, &x->row, &row, &advisory, err));
	e.cve = row.package;
	switch (wr->enricher) {
	case ENRICHER_CVSS:
		if (!enrichment_cvss_take(&row, &cvss) || !cvss.chosen)
			return STATUS_OK;
		e.cvss = &cvss;
		e.n_cvss = 1;
		break;
	case ENRICHER_EPSS:
		TRY(segment_bodies_get(&x->bodies, x->seg, advisory, &shared, err));
		e.epss = enrichment_epss_take(&row, &shared, &epss) ? &epss : NULL;
		break;
	case ENRICHER_KEV:
		TRY(segment_bodies_get(&x->bodies, x->seg, advisory, &shared, err));
		e.kev = enrichment_kev_take(&row, &shared, &kev) ? &kev : NULL;
		break;
	case ENRICHER_COUNT:
		break;
	}
	return put_line(wr, &e, err);
}

static enum status put_source(struct writing *wr, const struct store_source *s, struct err *err)
{
	struct export *x = wr->x;
	struct segment *seg = NULL;
	struct carry_event e = { .kind = CARRY_PUBLISHED, .source = s->name };
	enum status st = segment_open_of(x->run.segments, &s->segment, s->name, &seg, err);

	x->seg = seg;
	x->lines = 0;
	if (st == STATUS_OK)
		st = segment_verify_digest(seg, err);
	for (uint32_t i = 0; st == STATUS_OK && i < segment_get_stats(seg)->rows; i++)
		st = put_row(wr, i, err);
	if (st == STATUS_OK)
		st = export_flush(x, 0, err);
	if (st == STATUS_OK) {
		e.records = s->records;
		e.lines = x->lines;
		x->run.summary->sources++;
		x->run.summary->lines += x->lines;
		x->run.summary->records += e.records;
		carry_tell(&x->run, &e);
	}
	/* Bodies that are kept are of it. */
	segment_bodies_fini(&x->bodies);
	x->bodies = (struct segment_bodies)SEGMENT_BODIES_INIT;
	segment_free(seg);
	return st == STATUS_OK ? STATUS_OK : err_wrap(err, "%.*s", SLICE_ARG(s->name));
}

static void writing_fini(struct writing *wr)
{
	buf_fini(&wr->fingerprint);
}

enum status export_enrichments(struct export *x, enum enricher e, const struct store_source *sources, size_t n,
			       struct err *err)
{
	struct writing AUTO(writing_fini)
		wr = { .x = x, .enricher = e, .fingerprint = BUF_INIT((size_t)1 << 16), .date_s = DATE_NONE };
	bool any;

	TRY(describe(&wr, sources, n, &any, err));
	for (size_t i = 0; any && i < n; i++)
		if (is_of(&sources[i], e))
			TRY(put_source(&wr, &sources[i], err));
	return STATUS_OK;
}
