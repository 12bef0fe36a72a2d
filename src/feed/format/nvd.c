/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvd.c - a feed of NVD's CVEs, format 2.0: the vectors of each, read CVE by CVE.
 *
 *   {"vulnerabilities": [{"cve": {"id": "CVE-2021-3002", "vulnStatus": "Modified", "metrics":
 *      {"cvssMetricV31": [{"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"vectorString":
 * "CVSS:3.1/..."}}]}}}]}
 *
 * Traps: docs/formats/nvd.md.
 */
#include "feed/feed.h"

#include "feed/cvss_data.h"
#include "text/json.h"

/* Vectors of one CVE; NVD has one, sometimes one more for each CNA and ADP. */
#define METRICS_MAX 32u

/* Newest version first: the order in which Clair asks them, too. */
static const char *const lists[] = { "cvssMetricV40", "cvssMetricV31", "cvssMetricV30", "cvssMetricV2" };

struct parser {
	const struct feed_document *doc;
	const struct advisory_sink *out;
	struct arena arena; /* of one CVE */
	bool seen;	    /* the list of CVEs */
	/* the CVE at work */
	struct slice cve;
	uint64_t offset;
	size_t metrics;
	bool chosen;
};

static enum status read_metric(struct parser *p, size_t list, yyjson_val *metric, struct err *err)
{
	yyjson_val *data = json_get(metric, "cvssData");
	struct enrichment_cvss c = { .primary = slice_eq(json_get_str(metric, "type"), SLICE("Primary")),
				     .source = json_get_str(metric, "source") };
	struct enrichment_record record;
	struct err_quote q;

	c.chosen = c.primary && !p->chosen && strstr(lists[list], "V3");
	TRY(cvss_data_read(data, &p->arena, &c, err));
	if (c.vector.len == 0) {
		diag_emit(p->out->diags, DIAG_FIELD, p->cve, p->offset, "\"%s\" is no vector",
			  err_slice(&q, json_get_str(data, "vectorString")));
		return STATUS_OK;
	}
	p->chosen |= c.chosen;
	p->metrics++;
	enrichment_cvss_record(&c, p->cve, &record);
	return p->out->emit(p->out->ctx, &record.advisory, err);
}

static enum status read_cve(struct parser *p, yyjson_val *cve, struct err *err)
{
	yyjson_val *metrics = json_get(cve, "metrics"), *metric;
	struct err_quote q;

	p->cve = json_get_str(cve, "id");
	p->metrics = 0;
	p->chosen = false;
	if (!enrichment_is_cve(p->cve)) {
		diag_emit(p->out->diags, DIAG_RECORD, SLICE_EMPTY, p->offset, "\"%s\" is no CVE",
			  err_slice(&q, p->cve));
		return STATUS_OK;
	}
	if (slice_eq_nocase(json_get_str(cve, "vulnStatus"), SLICE("Rejected")))
		return STATUS_OK;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		size_t k, n;

		yyjson_arr_foreach(json_get(metrics, lists[i]), k, n, metric)
		{
			if (p->metrics == METRICS_MAX) {
				diag_emit(p->out->diags, DIAG_LIMIT, p->cve, p->offset, "more than %u vectors",
					  METRICS_MAX);
				return STATUS_OK;
			}
			TRY(read_metric(p, i, metric, err));
		}
	}
	return STATUS_OK;
}

static bool enter(void *ctx, struct slice key)
{
	struct parser *p = ctx;
	bool list = slice_eq(key, SLICE("vulnerabilities"));

	p->seen |= list;
	return list;
}

/* Members of the list have no key, those beside it have. */
static enum status visit(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err)
{
	struct parser *p = ctx;

	if (p->doc->passed)
		p->doc->passed(p->doc->passed_ctx, 0, offset);
	if (key.len > 0)
		return STATUS_OK;
	arena_reset(&p->arena);
	p->offset = offset;
	return read_cve(p, json_get(value, "cve"), err);
}

static void bad(void *ctx, struct slice key, const struct err *err)
{
	const struct parser *p = ctx;

	(void)key;
	diag_err(p->out->diags, DIAG_RECORD, SLICE_EMPTY, err);
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .doc = doc, .out = out, .arena = ARENA_INIT((size_t)limits->record_bytes * 2) };
	struct json_split split = { .visit = visit, .bad = bad, .enter = enter, .ctx = &p };
	enum status st;

	if (!slice_starts(slice_trim(slice_take(doc->bytes, 64)), SLICE("{")))
		return err_at(err, STATUS_MALFORMED, 0, "NVD: a JSON object was expected");
	st = json_split(doc->bytes, limits, &split, err);
	if (st == STATUS_OK && !p.seen)
		st = err_at(err, STATUS_MALFORMED, 0, "NVD: it has no list \"vulnerabilities\"");
	arena_fini(&p.arena);
	return st;
}

const struct feed_format feed_format_nvd = { .name = "nvd", .version = "1", .parse = parse };
