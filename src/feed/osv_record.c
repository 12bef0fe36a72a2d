/* SPDX-License-Identifier: Apache-2.0 */
/* osv_record.c - an OSV record becomes an advisory: ids, severity, links, and a row per affected entry. */
#include "feed/osv_record.h"

#include "base/map.h"
#include "feed/cvss.h"
#include "feed/osv_affected.h"
#include "feed/osv_ecosystem.h"

/* A record's text is held twice at most, beside arrays over it. */
#define RECORD_MEMORY 8

struct osv_reader osv_reader_make(const struct advisory_sink *sink, struct slice ecosystem, const struct limits *limits)
{
	return (struct osv_reader){ .out = sink,
				    .ecosystem = ecosystem,
				    .arena = ARENA_INIT((size_t)limits->record_bytes * RECORD_MEMORY),
				    .names = ARENA_INIT((size_t)1 << 20) };
}

void osv_reader_fini(struct osv_reader *r)
{
	arena_fini(&r->arena);
	arena_fini(&r->names);
}

static enum status nomem(struct err *err)
{
	return err_nomem(err, "OSV record");
}

/* ---- ecosystems that are not read ---- */

void osv_reader_skip(struct osv_reader *r, struct slice ecosystem)
{
	for (size_t i = 0; i < r->n_skipped; i++) {
		if (slice_eq(r->skipped[i].name, ecosystem)) {
			r->skipped[i].entries++;
			return;
		}
	}
	if (r->n_skipped < OSV_SKIPPED_MAX && arena_copy(&r->names, ecosystem, &r->skipped[r->n_skipped].name))
		r->skipped[r->n_skipped++].entries = 1;
	else
		r->skipped_more++;
}

void osv_reader_tell_skipped(const struct osv_reader *r)
{
	struct err_quote q;

	for (size_t i = 0; i < r->n_skipped; i++)
		diag_emit(r->out->diags, DIAG_UNSUPPORTED, SLICE_EMPTY, ERR_NO_OFFSET,
			  "%llu affected packages of the ecosystem \"%s\" were left out: it is not matched",
			  (unsigned long long)r->skipped[i].entries, err_slice(&q, r->skipped[i].name));
	if (r->skipped_more > 0)
		diag_emit(r->out->diags, DIAG_UNSUPPORTED, SLICE_EMPTY, ERR_NO_OFFSET,
			  "%llu affected packages of further ecosystems were left out: they are not matched",
			  (unsigned long long)r->skipped_more);
}

/* ---- severity ---- */

/* Of several vectors one of version 3 counts, as most vendors' words do; 4 where there is none; 2 is the last resort.
 */
static int rank(struct slice vector)
{
	if (slice_starts(vector, SLICE("CVSS:3.1")))
		return 4;
	return slice_starts(vector, SLICE("CVSS:3")) ? 3 : slice_starts(vector, SLICE("CVSS:4")) ? 2 : 1;
}

/* What a list of {"type", "score"} says: the best vector, or a word (Ubuntu's priorities). False if nothing. */
static bool read_scores(yyjson_val *list, struct slice *vectors, size_t *n_vectors, struct slice *out_text,
			enum severity *out)
{
	yyjson_val *item;
	size_t i, n;
	int best = -1;

	yyjson_arr_foreach(list, i, n, item)
	{
		struct slice score = json_get_str(item, "score");
		double value;

		if (best < 0 && severity_by_word(SLICE_EMPTY, score, out)) {
			*out_text = score;
			best = 0;
			continue;
		}
		if (slice_find_byte(score, ':') != SIZE_MAX && vectors)
			vectors[(*n_vectors)++] = score;
		if (rank(score) > best && cvss_base_score(score, &value)) {
			best = rank(score);
			*out = cvss_severity(value);
			*out_text = score;
		}
	}
	return best >= 0;
}

/* A score decides; else the database's word; else the word that RPM errata begin their summary with. */
static enum status read_severity(struct osv_reader *r, yyjson_val *record, struct advisory *a, struct err *err)
{
	yyjson_val *list = json_get(record, "severity");
	struct slice *vectors = arena_array(&r->arena, yyjson_arr_size(list) + 1, sizeof(*vectors));
	struct slice word = json_get_str(json_get(record, "database_specific"), "severity"), rest;
	bool known;

	if (!vectors)
		return nomem(err);
	known = read_scores(list, vectors, &a->n_cvss, &a->severity_text, &a->severity);
	a->cvss = vectors;
	if (known)
		return STATUS_OK;
	if (word.len == 0 && !slice_cut(a->summary, ':', &word, &rest))
		return STATUS_OK;
	if (severity_by_word(SLICE_EMPTY, word, &a->severity))
		a->severity_text = word;
	return STATUS_OK;
}

/* Severities of single entries, where the record has none of its own. */
static void entry_severity(yyjson_val *entry, const struct advisory *a, struct affected *row)
{
	enum severity severity = SEVERITY_UNKNOWN;
	struct slice text;

	if (a->severity_text.len == 0 && read_scores(json_get(entry, "severity"), NULL, NULL, &text, &severity))
		row->severity = slice_cstr(severity_name(severity));
}

/* ---- ids, links, dates ---- */

/* Texts of a list; one that repeats its neighbour counts once (the Go database lists aliases twice). */
static enum status read_list(struct osv_reader *r, yyjson_val *list, size_t room, struct slice **out, size_t *out_n,
			     struct err *err)
{
	struct slice *texts = arena_array(&r->arena, yyjson_arr_size(list) + room + 1, sizeof(*texts));
	yyjson_val *item;
	size_t i, n;

	if (!texts)
		return nomem(err);
	yyjson_arr_foreach(list, i, n, item)
	{
		struct slice text = json_str(item);

		if (text.len > 0 && (*out_n == 0 || !slice_eq(text, texts[*out_n - 1])))
			texts[(*out_n)++] = text;
	}
	*out = texts;
	return STATUS_OK;
}

static size_t drop_id(struct slice *list, size_t n, struct slice id)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!slice_eq(list[i], id))
			list[kept++] = list[i];
	return kept;
}

/* Records per flaw under a number of their own: what is upstream of them is the same flaw by its other names. */
static bool is_one_flaw(struct slice id)
{
	return slice_starts(id, SLICE("CGA-")) || slice_starts(id, SLICE("MINI-"));
}

/* What a record is about; FreeBSD's say it at a place of their own. *out_same: one flaw, so that it is another name. */
static yyjson_val *upstream_of(yyjson_val *record, const struct advisory *a, bool *out_same)
{
	yyjson_val *list = json_get(record, "upstream");

	*out_same = is_one_flaw(a->id);
	if (yyjson_arr_size(list) > 0 || !slice_starts(a->id, SLICE("FreeBSD-")))
		return list;
	list = json_get(json_get(json_get(record, "database_specific"), "references"), "cvename");
	*out_same = yyjson_arr_size(list) == 1;
	return list;
}

/*
 * "upstream" names what a distribution's record is about: for "UBUNTU-CVE-2024-1" the same flaw "CVE-2024-1", for an
 * erratum all that it fixes.
 */
static enum status read_ids(struct osv_reader *r, yyjson_val *record, struct advisory *a, struct err *err)
{
	bool same;
	yyjson_val *upstream = upstream_of(record, a, &same), *item;
	size_t room = yyjson_arr_size(upstream), i, n;
	struct slice *aliases, *related;

	TRY(read_list(r, json_get(record, "aliases"), room + 1, &aliases, &a->n_aliases, err));
	TRY(read_list(r, json_get(record, "related"), room, &related, &a->n_related, err));
	yyjson_arr_foreach(upstream, i, n, item)
	{
		struct slice id = json_str(item);

		if (id.len == 0)
			continue;
		if (same ||
		    (id.len < a->id.len && slice_ends(a->id, id) && a->id.ptr[a->id.len - id.len - 1] == '-'))
			aliases[a->n_aliases++] = id;
		else
			related[a->n_related++] = id;
	}
	/* Ubuntu's own feed goes by the CVE: what both say of a package is one finding. So with Root. */
	if (slice_starts(a->id, SLICE("UBUNTU-CVE-")) ||
	    (slice_starts(a->id, SLICE("ROOT-")) && slice_has(a->id, SLICE("-CVE-")))) {
		struct slice cve = slice_from(a->id, slice_find(a->id, SLICE("-CVE-")) + 1);

		a->n_aliases = drop_id(aliases, a->n_aliases, cve);
		a->n_related = drop_id(related, a->n_related, cve);
		aliases[a->n_aliases++] = a->id;
		a->id = cve;
	}
	a->aliases = aliases;
	a->related = related;
	return STATUS_OK;
}

static bool add_link(struct map *seen, struct slice *links, size_t *n, struct slice url)
{
	bool is_new;
	uint64_t *slot = map_slot(seen, url, &is_new);

	if (slot && is_new)
		links[(*n)++] = url;
	return slot != NULL;
}

static enum status read_links(struct osv_reader *r, yyjson_val *record, struct advisory *a, struct err *err)
{
	yyjson_val *list = json_get(record, "references"), *item;
	struct slice *links = arena_array(&r->arena, yyjson_arr_size(list) + 1, sizeof(*links));
	struct slice page = json_get_str(json_get(record, "database_specific"), "url");
	struct map AUTO(map_fini) seen = MAP_INIT;
	size_t i, n;

	if (!links)
		return nomem(err);
	if (!slice_starts(page, SLICE("https://")) &&
	    !arena_printf(&r->arena, &page, "https://osv.dev/vulnerability/%.*s",
			  SLICE_ARG(json_get_str(record, "id"))))
		return nomem(err);
	if (!add_link(&seen, links, &a->n_links, page))
		return nomem(err);
	yyjson_arr_foreach(list, i, n, item)
	{
		struct slice url = json_get_str(item, "url");

		if (url.len > 0 && !add_link(&seen, links, &a->n_links, url))
			return nomem(err);
	}
	a->links = links;
	return STATUS_OK;
}

static int64_t read_date(yyjson_val *record, const char *key)
{
	struct slice text = json_get_str(record, key);
	int64_t when;

	/* Year 1 is Go's way to say nothing. */
	return !slice_starts(text, SLICE("0001-")) && date_parse(text, &when) ? when : DATE_NONE;
}

/* ---- the record ---- */

/* Some entry is of an ecosystem that leaves this id out. */
static bool is_left_out(yyjson_val *list, struct slice id)
{
	yyjson_val *entry;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, entry)
	{
		const struct osv_ecosystem *e;
		struct slice name;

		slice_cut(json_get_str(json_get(entry, "package"), "ecosystem"), ':', &name, NULL);
		e = osv_ecosystem_by_name(name);
		if (e)
			return osv_ecosystem_leaves_out(e, id);
	}
	return false;
}

static enum status fill(struct osv_reader *r, yyjson_val *record, struct advisory *a, struct err *err)
{
	yyjson_val *list = json_get(record, "affected"), *entry;
	osv_rows rows = { NULL, 0, 0 };
	size_t i, n;

	a->summary = json_get_str(record, "summary");
	a->description = json_get_str(record, "details");
	a->issued_s = read_date(record, "published");
	a->modified_s = read_date(record, "modified");
	a->withdrawn_s = read_date(record, "withdrawn");
	/* Withdrawn is withdrawn, even if nobody can read the date. */
	if (a->withdrawn_s == DATE_NONE && json_get_str(record, "withdrawn").len > 0)
		a->withdrawn_s = a->modified_s != DATE_NONE ? a->modified_s : 0;
	TRY(read_ids(r, record, a, err));
	TRY(read_severity(r, record, a, err));
	TRY(read_links(r, record, a, err));
	if (a->withdrawn_s != DATE_NONE)
		return STATUS_OK;
	if (list && !yyjson_is_arr(list) && !yyjson_is_null(list))
		diag_emit(r->out->diags, DIAG_RECORD, a->id, ERR_NO_OFFSET, "\"affected\" is no list");
	yyjson_arr_foreach(list, i, n, entry)
	{
		size_t before = rows.len;

		TRY(osv_read_entry(r, a, entry, &rows, err));
		for (; before < rows.len; before++)
			entry_severity(entry, a, &rows.at[before]);
	}
	TRY(osv_merge_rebuilds(r, &rows, err));
	TRY(osv_merge_pro(r, &rows, err));
	a->affected = rows.at;
	a->n_affected = rows.len;
	return STATUS_OK;
}

enum status osv_record(struct osv_reader *r, yyjson_val *record, struct slice where, uint64_t offset, struct err *err)
{
	struct advisory a = { .id = json_get_str(record, "id") };

	if (a.id.len == 0) {
		diag_emit(r->out->diags, DIAG_RECORD, where, offset, "the record is no object with an \"id\"");
		return STATUS_OK;
	}
	if (is_left_out(json_get(record, "affected"), a.id))
		return STATUS_OK;
	arena_reset(&r->arena);
	TRY(fill(r, record, &a, err));
	if (a.n_affected == 0 && a.withdrawn_s == DATE_NONE)
		return STATUS_OK;
	return r->out->emit(r->out->ctx, &a, err);
}
