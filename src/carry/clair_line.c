/* SPDX-License-Identifier: Apache-2.0 */
/* clair_line.c - from a line of Clair's to an advisory with one row. */
#include "carry/clair_line.h"

#include "feed/cvss_data.h"
#include "match/judge.h"
#include "text/json.h"
#include "version/normalized.h"

#define OSV_PAGE "https://osv.dev/vulnerability/"

struct line_reader {
	const struct limits *limits;
	struct arena *arena;
	struct err *err;
	yyjson_val *v; /* the member Vuln */
	struct clair_line *out;
};

static enum status nomem(struct line_reader *rd)
{
	return err_nomem(rd->err, "a line");
}

static enum status keep(struct line_reader *rd, struct slice text, struct slice *out)
{
	return arena_copy(rd->arena, slice_take(text, (size_t)rd->limits->field_bytes), out) ? STATUS_OK : nomem(rd);
}

static void refuse(struct line_reader *rd, const char *why)
{
	if (rd->out->refused.len == 0)
		rd->out->refused = slice_cstr(why);
}

/* ---- versions ---- */

/* "semver:0.1.6.0...": numbers after an epoch, which is above 0 only where no end is known. */
static enum status bound(struct line_reader *rd, const struct judge_bound *b, struct slice *out)
{
	*out = SLICE_EMPTY;
	if (b->kind[0] == '\0' || b->part[0] != 0 || (b->part[1] == 0 && b->part[2] == 0 && b->part[3] == 0))
		return STATUS_OK;
	return arena_printf(rd->arena, out, "%lld.%lld.%lld", (long long)b->part[1], (long long)b->part[2],
			    (long long)b->part[3])
		       ? STATUS_OK
		       : nomem(rd);
}

/* Does the text say the same as the numbers, which leave pre-releases out? */
static bool is_bound(const struct affected *row, struct slice text, const struct judge_bound *b)
{
	struct normalized_version n;
	struct slice rest, kind, part;

	version_normalized(scheme_get(row->scheme), text, &n);
	if (!slice_cut(slice_cstr(n.text), ':', &kind, &rest) || !slice_eq(kind, slice_cstr(b->kind)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(b->part); i++) {
		uint64_t number;

		slice_cut(rest, '.', &part, &rest);
		if (!slice_to_u64(part, &number) || number != (uint64_t)b->part[i])
			return false;
	}
	return true;
}

/* Clair asks the range where there is one, and fixed_in_version is for people. */
static enum status use_range(struct line_reader *rd, const struct judge_question *q)
{
	struct affected *row = &rd->out->row;
	struct version_range *range;

	if (!q->has_range)
		return STATUS_OK;
	if (strcmp(q->upper.kind, "semver") != 0) {
		refuse(rd, "its range has versions of a kind that is not read");
		return STATUS_OK;
	}
	range = ARENA_NEW(rd->arena, struct version_range);
	if (!range)
		return nomem(rd);
	TRY(bound(rd, &q->lower, &range->introduced));
	if (row->fixed_version.len > 0 && is_bound(row, row->fixed_version, &q->upper))
		range->fixed = row->fixed_version;
	else
		TRY(bound(rd, &q->upper, &range->fixed));
	row->ranges = range;
	row->n_ranges = 1;
	return STATUS_OK;
}

/* What Clair puts together into a query is for machines; what limpid wrote says it once more, for people. */
static enum status shown_fix(struct line_reader *rd)
{
	struct affected *row = &rd->out->row;
	struct slice own = json_get_str(json_get(rd->v, "limpid"), "fixed_version");

	if (own.len > 0)
		return keep(rd, own, &row->fixed_version);
	if (row->n_ranges == 1 && slice_has(row->fixed_version, SLICE("=")))
		row->fixed_version = row->ranges[0].fixed;
	return STATUS_OK;
}

/* ---- ids and links ---- */

static bool is_osv(const struct line_reader *rd)
{
	return slice_starts(rd->out->updater, SLICE("osv/"));
}

/* Clair ends the links of OSV's records with a page for each alias, which is all it says of them. */
static enum status split_links(struct line_reader *rd, struct slice *links, size_t n, struct slice *aliases,
			       size_t *n_aliases)
{
	struct advisory *a = &rd->out->advisory;
	size_t first = n;

	/* A record's own page is no alias of it. */
	while (is_osv(rd) && first > 0 && slice_starts(links[first - 1], SLICE(OSV_PAGE)) &&
	       links[first - 1].len > strlen(OSV_PAGE) &&
	       !slice_eq(slice_from(links[first - 1], strlen(OSV_PAGE)), a->id))
		first--;
	for (size_t i = first; i < n; i++)
		aliases[(*n_aliases)++] = slice_from(links[i], strlen(OSV_PAGE));
	a->links = links;
	a->n_links = first;
	return STATUS_OK;
}

/* "CVE-2019-16168" at the end of a page's address: what an advisory of a vendor is about. */
static struct slice cve_of(struct slice link)
{
	size_t at = slice_find(link, SLICE("CVE-")), n = 4;
	struct slice id;

	if (at == SIZE_MAX)
		return SLICE_EMPTY;
	id = slice_from(link, at);
	while (n < id.len && (is_digit(id.ptr[n]) || id.ptr[n] == '-'))
		n++;
	return n >= strlen("CVE-2019-0000") && n == id.len ? id : SLICE_EMPTY;
}

static enum status read_related(struct line_reader *rd)
{
	struct advisory *a = &rd->out->advisory;
	struct slice *related = arena_array(rd->arena, a->n_links + 1, sizeof(*related));

	if (!related)
		return nomem(rd);
	for (size_t i = 0; !is_osv(rd) && i < a->n_links; i++) {
		struct slice id = cve_of(a->links[i]);
		bool known = id.len == 0 || slice_eq(id, a->id);

		for (size_t k = 0; k < a->n_related && !known; k++)
			known = slice_eq(related[k], id);
		if (!known)
			related[a->n_related++] = id;
	}
	a->related = related;
	return STATUS_OK;
}

static enum status read_links(struct line_reader *rd)
{
	struct slice text, rest, word, *links, *aliases;
	yyjson_val *list = json_get(rd->v, "Aliases"), *x;
	size_t words = 0, n = 0, i, count;

	TRY(keep(rd, json_get_str(rd->v, "links"), &text));
	for (rest = text; slice_word(&rest, ' ', &word);)
		words++;
	links = arena_array(rd->arena, words + 1, sizeof(*links));
	aliases = arena_array(rd->arena, words + yyjson_arr_size(list) + 1, sizeof(*aliases));
	if (!links || !aliases)
		return nomem(rd);
	for (rest = text; slice_word(&rest, ' ', &word);)
		links[n++] = word;
	rd->out->advisory.n_aliases = 0;
	yyjson_arr_foreach(list, i, count, x) if (json_get_str(x, "Name").len > 0)
		TRY(keep(rd, json_get_str(x, "Name"), &aliases[rd->out->advisory.n_aliases++]));
	/* Where aliases are said, pages of them are no second saying. */
	n = rd->out->advisory.n_aliases;
	TRY(split_links(rd, links, words, aliases, &rd->out->advisory.n_aliases));
	if (n > 0)
		rd->out->advisory.n_aliases = n;
	rd->out->advisory.aliases = aliases;
	return read_related(rd);
}

/* ---- enrichments ---- */

/* A number as it stands in the text: EPSS's are kept as they were published. */
static enum status fraction(struct line_reader *rd, yyjson_val *v, struct slice *out)
{
	char text[40];
	struct json_writer w;
	struct buf AUTO(buf_fini) b = BUF_INIT(sizeof(text));

	*out = SLICE_EMPTY;
	if (!yyjson_is_num(v))
		return STATUS_OK;
	json_writer_init(&w, &b, 0);
	json_double(&w, yyjson_get_num(v));
	TRY(json_writer_end(&w, rd->err));
	return keep(rd, buf_slice(&b), out);
}

static enum status read_cvss(struct line_reader *rd, yyjson_val *v, struct slice cve)
{
	/* Whose it is, is not said. */
	struct enrichment_cvss c = { .primary = true, .chosen = true };

	TRY(cvss_data_read(v, rd->arena, &c, rd->err));
	TRY(keep(rd, c.vector, &c.vector));
	if (c.vector.len == 0)
		refuse(rd, "it has no vector");
	enrichment_cvss_record(&c, cve, &rd->out->record);
	return STATUS_OK;
}

static enum status read_epss(struct line_reader *rd, yyjson_val *v, struct slice cve)
{
	struct enrichment_epss e;

	TRY(keep(rd, json_get_str(v, "modelVersion"), &e.model));
	TRY(keep(rd, json_get_str(v, "date"), &e.date));
	TRY(fraction(rd, json_get(v, "epss"), &e.probability));
	TRY(fraction(rd, json_get(v, "percentile"), &e.percentile));
	if (enrichment_fraction(e.probability) < 0 || enrichment_fraction(e.percentile) < 0)
		refuse(rd, "it has no probability");
	enrichment_epss_record(&e, cve, &rd->out->record);
	return STATUS_OK;
}

static enum status read_kev(struct line_reader *rd, yyjson_val *v, struct slice cve)
{
	struct enrichment_kev k = { .notes = SLICE_EMPTY };

	TRY(keep(rd, json_get_str(v, "date_added"), &k.added));
	TRY(keep(rd, json_get_str(v, "due_date"), &k.due));
	TRY(keep(rd, json_get_str(v, "known_ransomware_campaign_use"), &k.ransomware));
	TRY(keep(rd, json_get_str(v, "vulnerability_name"), &k.name));
	TRY(keep(rd, json_get_str(v, "short_description"), &k.description));
	TRY(keep(rd, json_get_str(v, "required_action"), &k.action));
	TRY(keep(rd, json_get_str(v, "catalog_version"), &k.catalog));
	enrichment_kev_record(&k, cve, &rd->out->record);
	return STATUS_OK;
}

static enum status read_enrichment(struct line_reader *rd, yyjson_val *root)
{
	yyjson_val *e = json_get(root, "Enrichment"), *v = json_get(e, "Enrichment");
	struct slice cve;

	rd->out->known = enricher_of_source(rd->out->updater, &rd->out->enricher);
	if (!rd->out->known)
		return STATUS_OK;
	TRY(keep(rd, json_str(yyjson_arr_get_first(json_get(e, "Tags"))), &cve));
	rd->out->advisory.id = cve;
	if (!yyjson_is_obj(v))
		refuse(rd, "it says nothing");
	else if (!enrichment_is_cve(cve))
		refuse(rd, "its tag is no CVE");
	switch (rd->out->enricher) {
	case ENRICHER_CVSS:
		return read_cvss(rd, v, cve);
	case ENRICHER_EPSS:
		return read_epss(rd, v, cve);
	case ENRICHER_KEV:
		return read_kev(rd, v, cve);
	case ENRICHER_COUNT:
		break;
	}
	return STATUS_OK;
}

/* ---- the line ---- */

static enum status read_advisory(struct line_reader *rd)
{
	struct advisory *a = &rd->out->advisory;
	struct judge_question q;

	TRY(judge_read(rd->v, rd->limits, rd->arena, &q, rd->err));
	rd->out->row = q.row;
	rd->out->refused = q.refused;
	if (q.not_arch.len > 0)
		refuse(rd, "it holds for every architecture but one");
	a->severity = q.severity;
	TRY(keep(rd, json_get_str(rd->v, "name"), &a->id));
	TRY(keep(rd, json_get_str(rd->v, "description"), &a->description));
	TRY(keep(rd, json_get_str(rd->v, "severity"), &a->severity_text));
	if (a->id.len == 0)
		refuse(rd, "it has no name");
	if (q.name.len == 0)
		refuse(rd, "the name of its package is none");
	if (slice_starts(a->severity_text, SLICE("CVSS:"))) {
		a->cvss = &a->severity_text;
		a->n_cvss = 1;
	}
	/* Before 1900: Go's zero time. */
	if (!date_parse(json_get_str(rd->v, "issued"), &a->issued_s) || a->issued_s < INT64_C(-2208988800))
		a->issued_s = DATE_NONE;
	TRY(use_range(rd, &q));
	TRY(shown_fix(rd));
	a->affected = &rd->out->row;
	a->n_affected = 1;
	return read_links(rd);
}

static enum status read_tree(struct line_reader *rd, yyjson_val *root)
{
	struct slice kind = json_get_str(root, "Kind");
	struct err_quote q;

	if (!yyjson_is_obj(root))
		return err_set(rd->err, STATUS_MALFORMED, "expected an object");
	TRY(keep(rd, json_get_str(root, "Updater"), &rd->out->updater));
	TRY(keep(rd, json_get_str(root, "Fingerprint"), &rd->out->fingerprint));
	TRY(keep(rd, json_get_str(root, "Ref"), &rd->out->ref));
	if (!date_parse(json_get_str(root, "Date"), &rd->out->date_s) || rd->out->date_s < 0)
		rd->out->date_s = DATE_NONE;
	if (rd->out->updater.len == 0)
		return err_set(rd->err, STATUS_MALFORMED, "it names no updater");
	rd->out->enrichment = slice_eq(kind, SLICE("enrichment"));
	if (rd->out->enrichment)
		return read_enrichment(rd, root);
	if (!slice_eq(kind, SLICE("vulnerability")))
		return err_set(rd->err, STATUS_MALFORMED, "unknown kind \"%s\"", err_slice(&q, kind));
	rd->v = json_get(root, "Vuln");
	if (!yyjson_is_obj(rd->v))
		return err_set(rd->err, STATUS_MALFORMED, "it has no vulnerability");
	return read_advisory(rd);
}

enum status clair_line_parse(struct slice json, const struct limits *limits, struct arena *arena,
			     struct clair_line *out, struct err *err)
{
	struct line_reader rd = { .limits = limits, .arena = arena, .err = err, .out = out };
	struct json_doc doc;
	enum status st;

	*out = (struct clair_line){
		.date_s = DATE_NONE,
		.advisory = { .issued_s = DATE_NONE, .modified_s = DATE_NONE, .withdrawn_s = DATE_NONE }
	};
	TRY(json_parse(json, limits, &doc, err));
	st = read_tree(&rd, doc.root);
	json_doc_free(&doc);
	return st;
}
