/* SPDX-License-Identifier: Apache-2.0 */
/* scan_document.c - a target that is one document and no tar: handed whole to the detector that reads such. */
#include "index/scan_impl.h"

/* Name of the document in reports, for packages of which it does not say where they lie. */
#define DOCUMENT_NAME SLICE("sbom")

static bool find_reader(const struct scan *s, struct rule_hit *out)
{
	size_t n;
	const struct detector *const *list = rules_detectors(s->job->rules, &n);

	for (size_t i = 0; i < n; i++) {
		for (const struct path_rule *rule = list[i]->rules; rule->text; rule++) {
			if (rule->match != PATH_DOCUMENT)
				continue;
			*out = (struct rule_hit){ .detector = list[i], .rule = rule };
			return true;
		}
	}
	return false;
}

static enum status parse(struct scan *s, struct slice bytes, struct err *err)
{
	struct tar_entry entry = { .path = DOCUMENT_NAME, .type = TAR_FILE, .mode = 0644, .size = bytes.len };
	struct scan_want want = { .wanted = DOCUMENT_NAME, .own = DOCUMENT_NAME };
	struct detect_file file = { .path = DOCUMENT_NAME, .size = bytes.len, .mode = entry.mode, .bytes = bytes };

	if (!find_reader(s, &want.hit))
		return err_set(err, STATUS_BUG, "no detector reads documents");
	s->entry = s->report->entries = 1;
	TRY(scan_place_file(s, &entry, err));
	want.node = s->node;
	file.rule = want.hit.rule;
	return scan_parse(s, &file, &want, err);
}

enum status scan_document(struct scan *s, struct source *src, struct err *err)
{
	const struct limits *limits = s->job->limits;
	struct spool *spool;
	struct slice bytes;
	enum status st = spool_read_into(s->job->area, src, limits->spool_memory, limits->file_bytes, &spool, err);

	if (st == STATUS_LIMIT)
		return err_wrap(err, "a bill of materials may have %llu bytes (limits.file_bytes)",
				(unsigned long long)limits->file_bytes);
	if (st != STATUS_OK)
		return st;
	st = spool_slice(spool, &bytes, err);
	s->mapped[0] = spool;
	if (st == STATUS_OK)
		st = parse(s, bytes, err);
	s->mapped[0] = NULL;
	spool_free(spool);
	return st;
}
