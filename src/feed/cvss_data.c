/* SPDX-License-Identifier: Apache-2.0 */
/* cvss_data.c - writes what NVD says with a vector, and what Clair's enrichers make of it. */
#include "feed/cvss_data.h"

#include "feed/cvss_impl.h"

#include <stdio.h>
#include <stdlib.h>

/* Words of the members in NVD's order; values by their letter, "X=WORD" with a blank between. */
static const struct {
	const char *metric, *member, *words;
} metrics[] = {
	{ "AV", "attackVector", "N=NETWORK A=ADJACENT_NETWORK L=LOCAL P=PHYSICAL" },
	{ "AC", "attackComplexity", "L=LOW H=HIGH" },
	{ "PR", "privilegesRequired", "N=NONE L=LOW H=HIGH" },
	{ "UI", "userInteraction", "N=NONE R=REQUIRED" },
	{ "S", "scope", "U=UNCHANGED C=CHANGED" },
	{ "C", "confidentialityImpact", "N=NONE L=LOW H=HIGH" },
	{ "I", "integrityImpact", "N=NONE L=LOW H=HIGH" },
	{ "A", "availabilityImpact", "N=NONE L=LOW H=HIGH" },
};

const char *cvss_version(struct slice vector)
{
	static const struct {
		struct slice begins;
		const char *version;
	} versions[] = { { SLICE_INIT("CVSS:4.0/"), "4.0" },
			 { SLICE_INIT("CVSS:3.1/"), "3.1" },
			 { SLICE_INIT("CVSS:3.0/"), "3.0" },
			 { SLICE_INIT("AV:"), "2.0" },
			 { SLICE_INIT("(AV:"), "2.0" } };

	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (slice_starts(vector, versions[i].begins))
			return versions[i].version;
	return "";
}

static struct slice word_of(const char *words, struct slice value)
{
	struct slice rest = slice_cstr(words), part, letter, word;

	while (slice_word(&rest, ' ', &part))
		if (slice_cut(part, '=', &letter, &word) && slice_eq(letter, value))
			return word;
	return SLICE_EMPTY;
}

/* Its own scale: 3.x section 5. Clair's words differ (cvss_severity()). */
static const char *rating(double score)
{
	if (score <= 0)
		return "NONE";
	if (score < 4)
		return "LOW";
	if (score < 7)
		return "MEDIUM";
	return score < 9 ? "HIGH" : "CRITICAL";
}

bool cvss_data_put(struct json_writer *w, struct slice vector)
{
	const char *version = cvss_version(vector);
	char number[16];
	double score;

	if (version[0] != '3' || !cvss_base_score(vector, &score))
		return false;
	snprintf(number, sizeof(number), "%.1f", score);
	json_object(w);
	json_member_cstr(w, "version", version);
	json_member_str(w, "vectorString", vector);
	json_key(w, "baseScore");
	json_raw(w, slice_cstr(number));
	json_member_cstr(w, "baseSeverity", rating(score));
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		struct slice value;

		/* cvss_base_score() has seen them all. */
		if (cvss_metric(slice_from(vector, 9), slice_cstr(metrics[i].metric), &value))
			json_member_str(w, metrics[i].member, word_of(metrics[i].words, value));
	}
	json_close(w);
	return true;
}

/* ---- reading ---- */

/* Of an object cvssData that is kept as it came; a larger one is none of NVD's. */
#define DATA_MAX ((size_t)16 << 10)

/* Metrics of version 4 that say "not defined" say nothing. */
static bool shorten(struct slice vector, struct arena *arena, struct slice *out)
{
	struct slice rest = vector, part;
	uint8_t *to;
	size_t n = 0;

	*out = vector;
	if (!slice_starts(vector, SLICE("CVSS:4")) || !slice_has(vector, SLICE(":X")))
		return true;
	to = arena_alloc(arena, vector.len + 1);
	while (to && slice_word(&rest, '/', &part)) {
		if (slice_ends(part, SLICE(":X")))
			continue;
		if (n > 0)
			to[n++] = '/';
		memcpy(to + n, part.ptr, part.len);
		n += part.len;
	}
	*out = slice_make(to, n);
	return to != NULL;
}

/* Would the object be written again as it is? */
static bool follows(struct slice vector, yyjson_val *data)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(DATA_MAX);
	struct err ignored = ERR_INIT;
	struct json_writer w;
	struct json_doc doc;
	bool same;

	json_writer_init(&w, &text, 0);
	if (!cvss_data_put(&w, vector) || json_writer_end(&w, &ignored) != STATUS_OK ||
	    json_parse(buf_slice(&text), &limits_default, &doc, &ignored) != STATUS_OK)
		return false;
	same = yyjson_equals(doc.root, data);
	json_doc_free(&doc);
	return same;
}

/* The object in one line, members in their order. */
static bool keep_data(yyjson_val *data, struct arena *arena, struct slice *out)
{
	size_t len;
	char *text = yyjson_val_write(data, YYJSON_WRITE_NOFLAG, &len);
	bool kept = text && (len > DATA_MAX || arena_copy(arena, slice_make(text, len), out));

	free(text);
	return kept;
}

/* The published score where it is another one than the vector's: of temporal metrics, or a slip. */
static bool keep_score(double own, yyjson_val *data, struct arena *arena, struct slice *out)
{
	yyjson_val *v = json_get(data, "baseScore");
	char published[16], scored[16];

	if (!yyjson_is_num(v) || !(yyjson_get_num(v) >= 0 && yyjson_get_num(v) <= 10))
		return true;
	snprintf(published, sizeof(published), "%.1f", yyjson_get_num(v));
	snprintf(scored, sizeof(scored), "%.1f", own);
	return strcmp(published, scored) == 0 || arena_copy(arena, slice_cstr(published), out);
}

enum status cvss_data_read(yyjson_val *data, struct arena *arena, struct enrichment_cvss *out, struct err *err)
{
	struct slice vector = json_get_str(data, "vectorString");
	double score;

	out->vector = out->score = out->data = SLICE_EMPTY;
	if (!cvss_base_score(vector, &score))
		return STATUS_OK;
	if (!shorten(vector, arena, &out->vector) || !keep_score(score, data, arena, &out->score) ||
	    (out->chosen && !follows(out->vector, data) && !keep_data(data, arena, &out->data)))
		return err_nomem(err, "CVSS");
	return STATUS_OK;
}

/* ---- writing ---- */

bool cvss_enrichment_score(const struct enrichment_cvss *c, double *out)
{
	uint64_t whole, tenth = 0;
	struct slice before, after;

	if (c->score.len == 0)
		return cvss_base_score(c->vector, out);
	if (!slice_to_u64(slice_cut(c->score, '.', &before, &after) ? before : c->score, &whole) || whole > 10 ||
	    (after.len > 0 && (after.len != 1 || !slice_to_u64(after, &tenth))))
		return false;
	*out = (double)(whole * 10 + tenth) / 10.0;
	return *out <= 10;
}

/* A segment is an input: what is no JSON object does not get into a report. */
static bool is_object(struct slice json)
{
	struct err ignored = ERR_INIT;
	struct json_doc doc;
	bool object;

	if (json.len == 0 || json_parse(json, &limits_default, &doc, &ignored) != STATUS_OK)
		return false;
	object = yyjson_is_obj(doc.root);
	json_doc_free(&doc);
	return object;
}

static bool put_cvss(struct json_writer *w, const struct enrichment *of)
{
	for (size_t i = 0; i < of->n_cvss; i++) {
		const struct enrichment_cvss *c = &of->cvss[i];

		if (!c->chosen)
			continue;
		if (!is_object(c->data))
			return cvss_data_put(w, c->vector);
		json_raw(w, c->data);
		return true;
	}
	return false;
}

static void put_fraction(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_double(w, MAX(enrichment_fraction(text), 0.0));
}

static bool put_epss(struct json_writer *w, const struct enrichment *of)
{
	const struct enrichment_epss *e = of->epss;

	if (!e)
		return false;
	json_object(w);
	json_member_str(w, "modelVersion", e->model);
	json_member_str(w, "date", e->date);
	json_member_str(w, "cve", of->cve);
	put_fraction(w, "epss", e->probability);
	put_fraction(w, "percentile", e->percentile);
	json_close(w);
	return true;
}

static bool put_kev(struct json_writer *w, const struct enrichment *of)
{
	const struct enrichment_kev *k = of->kev;

	if (!k)
		return false;
	json_object(w);
	json_member_str(w, "cve", of->cve);
	json_member_str(w, "vulnerability_name", k->name);
	json_member_str(w, "catalog_version", k->catalog);
	json_member_str(w, "date_added", k->added);
	json_member_str(w, "short_description", k->description);
	json_member_str(w, "required_action", k->action);
	json_member_str(w, "due_date", k->due);
	json_member_str(w, "known_ransomware_campaign_use", k->ransomware);
	json_close(w);
	return true;
}

bool cvss_clair_has(enum enricher e, const struct enrichment *of)
{
	double score;

	if (e == ENRICHER_EPSS)
		return of->epss != NULL;
	if (e == ENRICHER_KEV)
		return of->kev != NULL;
	for (size_t i = 0; i < of->n_cvss; i++)
		if (of->cvss[i].chosen)
			return is_object(of->cvss[i].data) || (cvss_version(of->cvss[i].vector)[0] == '3' &&
							       cvss_base_score(of->cvss[i].vector, &score));
	return false;
}

bool cvss_clair_put(struct json_writer *w, enum enricher e, const struct enrichment *of)
{
	switch (e) {
	case ENRICHER_CVSS:
		return put_cvss(w, of);
	case ENRICHER_EPSS:
		return put_epss(w, of);
	case ENRICHER_KEV:
		return put_kev(w, of);
	case ENRICHER_COUNT:
		break;
	}
	return false;
}
