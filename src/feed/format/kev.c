/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kev.c - CISA's catalogue of known exploited vulnerabilities, entry by entry.
 *
 *   {"catalogVersion": "2025.08.25", "count": 1404, "vulnerabilities": [{"cveID": "CVE-2025-48384",
 *      "dateAdded": "2025-08-25", "dueDate": "2025-09-15", "knownRansomwareCampaignUse": "Unknown", ...}]}
 *
 * The catalogue is small (1.3 MB): it is read whole, so that its version and count may stand anywhere. Traps:
 * docs/formats/kev.md.
 */
#include "feed/feed.h"

#include "model/enrichment.h"
#include "text/json.h"

struct parser {
	const struct advisory_sink *out;
	struct slice catalog;
	uint64_t entries; /* that could be read */
};

static bool is_date(struct slice text)
{
	int64_t ignored;

	return text.len == 10 && date_parse(text, &ignored);
}

static enum status read_entry(struct parser *p, size_t number, yyjson_val *v, struct err *err)
{
	const struct enrichment_kev k = { .added = json_get_str(v, "dateAdded"),
					  .due = json_get_str(v, "dueDate"),
					  .ransomware = json_get_str(v, "knownRansomwareCampaignUse"),
					  .name = json_get_str(v, "vulnerabilityName"),
					  .description = json_get_str(v, "shortDescription"),
					  .action = json_get_str(v, "requiredAction"),
					  .notes = json_get_str(v, "notes"),
					  .catalog = p->catalog };
	struct slice cve = json_get_str(v, "cveID");
	struct enrichment_record record;
	struct err_quote q;

	if (!enrichment_is_cve(cve)) {
		diag_emit(p->out->diags, DIAG_RECORD, SLICE_EMPTY, ERR_NO_OFFSET, "entry %zu: \"%s\" is no CVE",
			  number + 1, err_slice(&q, cve));
		return STATUS_OK;
	}
	/* That it is exploited is known all the same. */
	if (!is_date(k.added) || (k.due.len > 0 && !is_date(k.due)))
		diag_emit(p->out->diags, DIAG_FIELD, cve, ERR_NO_OFFSET, "entry %zu has no good dates", number + 1);
	p->entries++;
	enrichment_kev_record(&k, cve, &record);
	return p->out->emit(p->out->ctx, &record.advisory, err);
}

static enum status read_catalog(struct parser *p, yyjson_val *root, struct err *err)
{
	yyjson_val *list = json_get(root, "vulnerabilities"), *v;
	uint64_t count;
	size_t i, n;

	if (!yyjson_is_arr(list))
		return err_at(err, STATUS_MALFORMED, 0, "KEV: it has no list \"vulnerabilities\"");
	p->catalog = json_get_str(root, "catalogVersion");
	yyjson_arr_foreach(list, i, n, v) TRY(read_entry(p, i, v, err));
	if (json_get_u64(root, "count", &count) && count != n)
		diag_emit(p->out->diags, DIAG_FIELD, SLICE_EMPTY, ERR_NO_OFFSET, "it says %llu entries and has %zu",
			  (unsigned long long)count, n);
	return STATUS_OK;
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .out = out };
	struct json_doc tree;
	enum status st;

	TRY(feed_json(doc, "KEV", limits, &tree, err));
	st = read_catalog(&p, tree.root, err);
	json_doc_free(&tree);
	return st;
}

const struct feed_format feed_format_kev = { .name = "kev", .version = "1", .parse = parse };
