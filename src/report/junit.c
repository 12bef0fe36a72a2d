/* SPDX-License-Identifier: Apache-2.0 */
/*
 * junit.c - JUnit XML, the form that Jenkins, GitLab, Azure and CircleCI show as test results.
 *
 * A suite of vulnerabilities: each package and flaw is a test that fails, or is skipped where it lies below --fail-on.
 * A suite of coverage: what was looked up passes, each gap is skipped with its reason. A report is never without a
 * test.
 */
#include "report/markup.h"
#include "report/subject.h"

#include <stdio.h>

struct junit {
	struct markup markup;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
	struct hit *hits;
	size_t n_hits;
};

static bool fails(const struct junit *j, const struct hit *h)
{
	return j->options->fail_on >= SEVERITY_COUNT || h->line.severity >= j->options->fail_on;
}

static void begin_suite(struct junit *j, const char *name, size_t tests, size_t failures, size_t skipped)
{
	struct xml_writer *w = &j->markup.w;
	struct date_text date;

	xml_open(w, "testsuite");
	xml_attribute_cstr(w, "name", name);
	xml_attribute_u64(w, "tests", tests);
	xml_attribute_u64(w, "failures", failures);
	xml_attribute_u64(w, "errors", 0);
	xml_attribute_u64(w, "skipped", skipped);
	xml_attribute_cstr(w, "time", "0");
	xml_attribute(w, "timestamp", slice_make(date_print(&date, j->options->now_s), strlen("2024-01-31T10:00:00")));
	xml_attribute_cstr(w, "hostname", "limpid");
}

static void put_property(struct xml_writer *w, const char *name, struct slice value)
{
	xml_open(w, "property");
	xml_attribute_cstr(w, "name", name);
	xml_attribute(w, "value", value);
	xml_close(w);
}

static void put_properties(struct junit *j)
{
	const struct index_report *r = j->report->index;
	struct xml_writer *w = &j->markup.w;
	struct digest_text digest;

	xml_open(w, "properties");
	put_property(w, "image", subject_image(r));
	put_property(w, "manifest", slice_cstr(digest_print(&digest, &r->manifest)));
	put_property(w, "complete", slice_cstr(j->report->complete ? "true" : "false"));
	put_property(w, "limpid", slice_cstr(j->options->program_version));
	xml_close(w);
}

static enum status put_hit(struct junit *j, const struct hit *h, struct err *err)
{
	const struct package *p = &j->report->index->packages.at[h->package].package;
	struct xml_writer *w = &j->markup.w;
	struct slice class, name, message, fix = h->line.fix;

	/* Dots in a class are folders to most readers: only the first is one. */
	if (!arena_printf(&j->scratch, &class, "%s.%.*s", package_type_purl(p->type), SLICE_ARG(p->name)) ||
	    !arena_printf(&j->scratch, &name, "[%s] %.*s in %.*s (%.*s)", severity_name(h->line.severity),
			  SLICE_ARG(h->line.id), SLICE_ARG(p->version), SLICE_ARG(p->path)) ||
	    !arena_printf(&j->scratch, &message, "%.*s %.*s: %.*s: %s%.*s", SLICE_ARG(p->name), SLICE_ARG(p->version),
			  SLICE_ARG(h->line.id), fix.len > 0 ? "update to " : "no fix is known", SLICE_ARG(fix)))
		return err_nomem(err, "report");
	xml_open(w, "testcase");
	xml_attribute(w, "classname", class);
	xml_attribute(w, "name", name);
	xml_attribute_cstr(w, "time", "0");
	xml_open(w, fails(j, h) ? "failure" : "skipped");
	xml_attribute(w, "message", message);
	if (fails(j, h)) {
		xml_attribute_cstr(w, "type", severity_name(h->line.severity));
		xml_text(w, hit_description(h));
		xml_text(w, SLICE("\n"));
		xml_text(w, hit_url(h));
	}
	xml_close(w);
	xml_close(w);
	arena_reset(&j->scratch);
	return markup_flush(&j->markup, err);
}

static enum status put_vulnerabilities(struct junit *j, struct err *err)
{
	size_t failures = 0;

	for (size_t i = 0; i < j->n_hits; i++)
		failures += fails(j, &j->hits[i]);
	begin_suite(j, "vulnerabilities", j->n_hits, failures, j->n_hits - failures);
	put_properties(j);
	for (size_t i = 0; i < j->n_hits; i++)
		TRY(put_hit(j, &j->hits[i], err));
	xml_close(&j->markup.w);
	return STATUS_OK;
}

static enum status put_coverage(struct junit *j, size_t gaps, struct err *err)
{
	const struct vulnerability_report *r = j->report;
	struct xml_writer *w = &j->markup.w;
	struct slice text;

	begin_suite(j, "coverage", r->coverage.len + 1, 0, gaps + !r->complete);
	for (size_t i = 0; i <= r->coverage.len; i++) {
		const struct coverage_item *c = i > 0 ? &r->coverage.at[i - 1] : NULL;
		bool gap = c ? coverage_is_gap(c->code) : !r->complete;

		if (c && !arena_printf(&j->scratch, &text, "%s %.*s", coverage_name(c->code), SLICE_ARG(c->scope)))
			return err_nomem(err, "report");
		xml_open(w, "testcase");
		xml_attribute_cstr(w, "classname", "coverage");
		xml_attribute(w, "name", c ? slice_trim(text) : SLICE("everything was looked up"));
		xml_attribute_cstr(w, "time", "0");
		if (gap) {
			TRY(c ? subject_coverage(c, &j->scratch, &text, err)
			      : subject_verdict(r, &j->scratch, &text, err));
			xml_open(w, "skipped");
			xml_attribute(w, "message", text);
			xml_close(w);
		}
		xml_close(w);
		arena_reset(&j->scratch);
		TRY(markup_flush(&j->markup, err));
	}
	TRY(subject_verdict(r, &j->scratch, &text, err));
	xml_element(w, "system-out", text);
	xml_close(w);
	return STATUS_OK;
}

static enum status write_junit(struct junit *j, struct err *err)
{
	const struct vulnerability_report *r = j->report;
	struct xml_writer *w = &j->markup.w;
	size_t gaps = 0, failures = 0;

	TRY(hits_make(r, &j->arena, &j->hits, &j->n_hits, err));
	for (size_t i = 0; i < r->coverage.len; i++)
		gaps += coverage_is_gap(r->coverage.at[i].code);
	for (size_t i = 0; i < j->n_hits; i++)
		failures += fails(j, &j->hits[i]);
	xml_open(w, "testsuites");
	xml_attribute(w, "name", subject_image(r->index));
	xml_attribute_u64(w, "tests", j->n_hits + r->coverage.len + 1);
	xml_attribute_u64(w, "failures", failures);
	xml_attribute_u64(w, "errors", 0);
	xml_attribute_cstr(w, "time", "0");
	TRY(put_vulnerabilities(j, err));
	TRY(put_coverage(j, gaps, err));
	xml_close(w);
	return markup_end(&j->markup, err);
}

static void junit_fini(struct junit *j)
{
	markup_fini(&j->markup);
	arena_fini(&j->arena);
	arena_fini(&j->scratch);
}

static enum status junit_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					 const struct report_out *out, struct err *err)
{
	struct junit AUTO(junit_fini)
		j = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX), .scratch = ARENA_INIT(SIZE_MAX) };

	markup_init(&j.markup, out);
	return write_junit(&j, err);
}

const struct report_format report_format_junit = {
	.name = "junit",
	.media_type = "application/xml",
	.vulnerabilities = junit_vulnerabilities,
};
