/* SPDX-License-Identifier: Apache-2.0 */
/*
 * github.c - a snapshot for GitHub's dependency submission API: the packages, which GitHub matches by itself.
 *
 * Which commit it is of, the runner's environment says (GITHUB_SHA and others, report_options.run). What was not looked
 * up stands in the manifest's metadata.
 */
#include "base/map.h"
#include "report/document.h"
#include "report/subject.h"

struct github {
	struct document doc;
	const struct index_report *index;
	const struct vulnerability_report *report; /* NULL: packages only */
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
};

static const char *or_else(const char *value, const char *other)
{
	return value && value[0] ? value : other;
}

static enum status put_head(struct github *g, struct err *err)
{
	const struct report_run *run = &g->options->run;
	struct json_writer *w = &g->doc.w;

	if (!run->commit || !run->ref)
		return err_set(err, STATUS_INVALID,
			       "-f github: set GITHUB_SHA and GITHUB_REF, a snapshot is of a commit and a branch");
	json_object(w);
	json_member_u64(w, "version", 0);
	json_key(w, "job");
	json_object(w);
	json_member_cstr(w, "id", or_else(run->id, "0"));
	/* Of one correlator the last snapshot counts. */
	json_member_cstr(w, "correlator", or_else(run->job, "limpid"));
	json_close(w);
	json_member_cstr(w, "sha", run->commit);
	json_member_cstr(w, "ref", run->ref);
	json_key(w, "detector");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "version", g->options->program_version);
	json_close(w);
	json_member_time(w, "scanned", g->options->now_s);
	return STATUS_OK;
}

static enum status put_metadata(struct github *g, struct err *err)
{
	struct buf AUTO(buf_fini) gaps = BUF_INIT((size_t)1 << 24);
	struct json_writer *w = &g->doc.w;
	struct slice text;

	json_key(w, "metadata");
	json_object(w);
	json_member_bool(w, "limpid:read", g->index->complete);
	document_digest(w, "limpid:manifest", &g->index->manifest);
	if (g->report) {
		for (size_t i = 0; i < g->report->coverage.len; i++) {
			if (!coverage_is_gap(g->report->coverage.at[i].code))
				continue;
			TRY(subject_coverage(&g->report->coverage.at[i], &g->scratch, &text, err));
			buf_add_cstr(&gaps, gaps.len > 0 ? "; " : "");
			buf_add(&gaps, text);
		}
		TRY(buf_check(&gaps, "report", err));
		json_member_bool(w, "limpid:complete", g->report->complete);
		json_member_str(w, "limpid:gaps", buf_slice(&gaps));
	}
	json_close(w);
	arena_reset(&g->scratch);
	return STATUS_OK;
}

/* Keys are package URLs: the same package in two places is one. */
static enum status put_packages(struct github *g, struct err *err)
{
	struct map AUTO(map_fini) seen = MAP_INIT;
	struct json_writer *w = &g->doc.w;

	json_key(w, "resolved");
	json_object(w);
	for (size_t i = 0; i < g->index->packages.len; i++) {
		struct slice purl;
		bool is_new;

		TRY(subject_purl(g->index, i, &g->arena, &purl, err)); /* the map borrows it */
		if (!map_slot(&seen, purl, &is_new))
			return err_nomem(err, "report");
		if (is_new) {
			json_key_slice(w, purl);
			json_object(w);
			json_member_str(w, "package_url", purl);
			json_member_cstr(w, "relationship", "direct");
			json_member_cstr(w, "scope", "runtime");
			json_key(w, "dependencies");
			json_array(w);
			json_close(w);
			json_close(w);
		}
		TRY(document_flush(&g->doc, err));
	}
	json_close(w);
	return STATUS_OK;
}

static enum status write_github(struct github *g, struct err *err)
{
	struct json_writer *w = &g->doc.w;

	TRY(put_head(g, err));
	json_key(w, "manifests");
	json_object(w);
	json_key_slice(w, subject_image(g->index));
	json_object(w);
	json_member_str(w, "name", subject_image(g->index));
	TRY(put_metadata(g, err));
	TRY(put_packages(g, err));
	json_close(w);
	json_close(w);
	json_close(w);
	return document_end(&g->doc, err);
}

static void github_fini(struct github *g)
{
	document_fini(&g->doc);
	arena_fini(&g->arena);
	arena_fini(&g->scratch);
}

static enum status write_all(const struct index_report *index, const struct vulnerability_report *r,
			     const struct report_options *options, const struct report_out *out, struct err *err)
{
	struct github AUTO(github_fini) g = { .index = index,
					      .report = r,
					      .options = options,
					      .arena = ARENA_INIT(SIZE_MAX),
					      .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&g.doc, out, 1);
	return write_github(&g, err);
}

static enum status github_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					  const struct report_out *out, struct err *err)
{
	return write_all(r->index, r, options, out, err);
}

static enum status github_index(const struct index_report *r, const struct report_options *options,
				const struct report_out *out, struct err *err)
{
	return write_all(r, NULL, options, out, err);
}

const struct report_format report_format_github = {
	.name = "github",
	.media_type = "application/json",
	.vulnerabilities = github_vulnerabilities,
	.index = github_index,
};
