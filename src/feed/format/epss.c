/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epss.c - the daily file of EPSS, line by line.
 *
 *   #model_version:v2023.03.01,score_date:2024-10-25T00:00:00+0000
 *   cve,epss,percentile
 *   CVE-2021-44228,0.97565,0.99998
 *
 * Traps: docs/formats/epss.md.
 */
#include "feed/feed.h"

#include "model/enrichment.h"

/* Lines that are told one by one. */
#define BAD_LINES_TOLD 20u
#define PASS_EVERY 4096u

struct parser {
	const struct feed_document *doc;
	const struct advisory_sink *out;
	struct slice model, date;
	size_t columns; /* 2: the files before September of 2021 have no percentile */
	uint64_t lines, bad;
};

static uint64_t place(const struct parser *p, struct slice line)
{
	return (uint64_t)(line.ptr - p->doc->bytes.ptr);
}

static void read_head(struct parser *p, struct slice line)
{
	struct slice rest = slice_from(line, 1), part, key, value;

	while (slice_word(&rest, ',', &part)) {
		if (!slice_cut(slice_trim(part), ':', &key, &value))
			continue;
		if (slice_eq(key, SLICE("model_version")))
			p->model = value;
		else if (slice_eq(key, SLICE("score_date")))
			p->date = value;
	}
}

static void refuse(struct parser *p, struct slice line)
{
	struct err_quote q;

	if (++p->bad <= BAD_LINES_TOLD)
		diag_emit(p->out->diags, DIAG_RECORD, SLICE_EMPTY, place(p, line), "\"%s\" is no CVE with its score",
			  err_slice(&q, line));
}

static enum status read_line(struct parser *p, struct slice line, struct err *err)
{
	struct enrichment_epss e = { .model = p->model, .date = p->date };
	struct enrichment_record record;
	struct slice cve, rest, more;

	if (!slice_cut(line, ',', &cve, &rest) ||
	    slice_cut(rest, ',', &e.probability, &e.percentile) != (p->columns == 3) ||
	    slice_cut(e.percentile, ',', NULL, &more) || !enrichment_is_cve(cve) ||
	    enrichment_fraction(e.probability) < 0 || (p->columns == 3 && enrichment_fraction(e.percentile) < 0)) {
		refuse(p, line);
		return STATUS_OK;
	}
	enrichment_epss_record(&e, cve, &record);
	return p->out->emit(p->out->ctx, &record.advisory, err);
}

static enum status read_columns(struct parser *p, struct slice line, struct err *err)
{
	struct err_quote q;

	if (slice_eq(line, SLICE("cve,epss,percentile")))
		p->columns = 3;
	else if (slice_eq(line, SLICE("cve,epss")))
		p->columns = 2;
	else
		return err_at(err, STATUS_MALFORMED, place(p, line),
			      "EPSS: the columns cve,epss,percentile were expected, found \"%s\"", err_slice(&q, line));
	return STATUS_OK;
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .doc = doc, .out = out };
	struct slice rest = doc->bytes, line;

	(void)limits;
	if (slice_starts(rest, SLICE("\xef\xbb\xbf")))
		rest = slice_from(rest, 3);
	while (slice_line(&rest, &line)) {
		if (p.lines++ % PASS_EVERY == 0 && doc->passed)
			doc->passed(doc->passed_ctx, 0, place(&p, line));
		if (slice_starts(line, SLICE("#")))
			read_head(&p, line);
		else if (line.len == 0)
			continue;
		else if (p.columns == 0)
			TRY(read_columns(&p, line, err));
		else
			TRY(read_line(&p, line, err));
	}
	if (p.columns == 0)
		return err_at(err, STATUS_MALFORMED, 0, "EPSS: it is empty");
	if (p.bad > BAD_LINES_TOLD)
		diag_emit(out->diags, DIAG_RECORD, SLICE_EMPTY, ERR_NO_OFFSET,
			  "%llu more lines are no CVE with its score", (unsigned long long)(p.bad - BAD_LINES_TOLD));
	return STATUS_OK;
}

const struct feed_format feed_format_epss = { .name = "epss", .version = "1", .parse = parse };
