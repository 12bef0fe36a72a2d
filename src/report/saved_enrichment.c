/* SPDX-License-Identifier: Apache-2.0 */
/* saved_enrichment.c - what a report of limpid's says of CVEs, read back and linked to its findings. */
#include "report/saved_impl.h"

#include "text/json_writer.h"

#include <stdio.h>
#include <stdlib.h>

/* Numbers as texts: what is written of them again is the number. */
static enum status get_fraction(struct saved_reader *rd, yyjson_val *obj, const char *key, struct slice *out)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(64);
	yyjson_val *v = json_get(obj, key);
	struct json_writer w;

	*out = SLICE_EMPTY;
	if (!v)
		return STATUS_OK;
	if (!yyjson_is_num(v))
		return saved_bad(rd, key);
	json_writer_init(&w, &text, 0);
	json_double(&w, yyjson_get_num(v));
	TRY(json_writer_end(&w, rd->err));
	if (enrichment_fraction(buf_slice(&text)) < 0)
		return saved_bad(rd, key);
	return saved_keep(rd, buf_slice(&text), out);
}

static enum status get_score(struct saved_reader *rd, yyjson_val *v, struct slice *out)
{
	char text[16];

	if (!v)
		return STATUS_OK;
	if (!yyjson_is_num(v) || !(yyjson_get_num(v) >= 0 && yyjson_get_num(v) <= 10))
		return saved_bad(rd, "score");
	snprintf(text, sizeof(text), "%.1f", yyjson_get_num(v));
	return saved_keep(rd, slice_cstr(text), out);
}

static enum status get_vectors(struct saved_reader *rd, yyjson_val *list, struct enrichment *e)
{
	struct enrichment_cvss *at = arena_array(rd->arena, yyjson_arr_size(list) + 1, sizeof(*at));
	bool chosen = false;
	yyjson_val *v;
	size_t i, n;

	if (!at)
		return err_nomem(rd->err, "report");
	e->cvss = at;
	yyjson_arr_foreach(list, i, n, v)
	{
		struct enrichment_cvss *c = &at[e->n_cvss++];

		TRY(saved_text(rd, v, "vector", &c->vector));
		TRY(saved_text(rd, v, "source", &c->source));
		TRY(get_score(rd, json_get(v, "score"), &c->score));
		c->primary = json_get_bool(v, "primary");
		/* Newest first: the first primary one of version 3 is Clair's choice. */
		c->chosen = c->primary && !chosen && slice_starts(c->vector, SLICE("CVSS:3."));
		chosen |= c->chosen;
	}
	return STATUS_OK;
}

static enum status get_epss(struct saved_reader *rd, yyjson_val *v, struct enrichment *e)
{
	struct enrichment_epss *epss = ARENA_NEW(rd->arena, struct enrichment_epss);

	if (!epss)
		return err_nomem(rd->err, "report");
	TRY(get_fraction(rd, v, "probability", &epss->probability));
	TRY(get_fraction(rd, v, "percentile", &epss->percentile));
	TRY(saved_text(rd, v, "date", &epss->date));
	e->epss = epss;
	return saved_text(rd, v, "model", &epss->model);
}

static enum status get_kev(struct saved_reader *rd, yyjson_val *v, struct enrichment *e)
{
	struct enrichment_kev *k = ARENA_NEW(rd->arena, struct enrichment_kev);

	if (!k)
		return err_nomem(rd->err, "report");
	e->kev = k;
	TRY(saved_text(rd, v, "date_added", &k->added));
	TRY(saved_text(rd, v, "due_date", &k->due));
	TRY(saved_text(rd, v, "ransomware", &k->ransomware));
	TRY(saved_text(rd, v, "name", &k->name));
	TRY(saved_text(rd, v, "description", &k->description));
	TRY(saved_text(rd, v, "required_action", &k->action));
	TRY(saved_text(rd, v, "notes", &k->notes));
	return saved_text(rd, v, "catalog_version", &k->catalog);
}

static enum status on_cve(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct saved_reader *rd = ctx;
	struct enrichment *e;

	(void)offset;
	rd->err = err;
	if (!enrichment_is_cve(key) || !yyjson_is_obj(v))
		return saved_bad(rd, "an enrichment");
	e = VEC_PUSH(&rd->out->report.enrichments, rd->arena);
	if (!e)
		return err_nomem(err, "report");
	TRY(saved_keep(rd, key, &e->cve));
	if (json_get(v, "cvss"))
		TRY(get_vectors(rd, json_get(v, "cvss"), e));
	if (json_get(v, "epss"))
		TRY(get_epss(rd, json_get(v, "epss"), e));
	return json_get(v, "kev") ? get_kev(rd, json_get(v, "kev"), e) : STATUS_OK;
}

static void on_bad(void *ctx, struct slice key, const struct err *err)
{
	struct saved_reader *rd = ctx;

	(void)key;
	if (rd->trouble.code == STATUS_OK)
		rd->trouble = *err;
}

static int by_cve(const void *a, const void *b)
{
	return slice_cmp(((const struct enrichment *)a)->cve, ((const struct enrichment *)b)->cve);
}

enum status saved_enrichments(struct saved_reader *rd, struct err *err)
{
	struct json_split sink = { .visit = on_cve, .bad = on_bad, .ctx = rd };
	struct vulnerability_report *r = &rd->out->report;

	if (rd->enrichments.len == 0)
		return STATUS_OK;
	TRY(json_split(rd->enrichments, rd->limits, &sink, err));
	if (rd->trouble.code != STATUS_OK) {
		*err = rd->trouble;
		return err->code;
	}
	if (r->enrichments.len > 0)
		qsort(r->enrichments.at, r->enrichments.len, sizeof(*r->enrichments.at), by_cve);
	return report_link_enrichments(r, rd->arena, err);
}
