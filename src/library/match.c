/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - liblimpid-match: from packages to findings. include/limpid/match.h says what it means. */
#include "library/match_impl.h"

#include "feed/cvss_data.h"
#include "match/enrich.h"
#include "match/match.h"
#include "match/repositories.h"
#include "report/report.h"
#include "report/saved.h"

#include <stdlib.h>

#define REPORT_MAX ((size_t)1 << 30)

static const struct {
	const char *begins, *feed;
} served[] = {
#define SCOPE_SERVED(begins, feed) { begins, feed },
#include "feed/scopes.def"
#undef SCOPE_SERVED
};

static bool scope_served(struct slice scope, struct slice *out_feed)
{
	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		struct slice begins = slice_cstr(served[i].begins);
		bool whole = begins.ptr[begins.len - 1] != ':';

		if (whole ? slice_eq(scope, begins) : slice_starts(scope, begins)) {
			*out_feed = slice_cstr(served[i].feed);
			return true;
		}
	}
	return false;
}

/* ---- what is given ---- */

static enum status add_system(const struct limpid_match_system *from, struct arena *arena, struct index_report *out,
			      struct err *err)
{
	struct distribution *d;

	if (!from || !from->id || !from->id[0])
		return STATUS_OK;
	d = VEC_PUSH(&out->distributions, arena);
	if (!d)
		return err_nomem(err, "packages");
	d->did = slice_cstr(from->id);
	d->version_id = slice_cstr(from->version_id);
	d->version_code_name = slice_cstr(from->version_codename);
	d->pretty_name = slice_cstr(from->pretty_name);
	d->variant_id = slice_cstr(from->variant_id);
	return STATUS_OK;
}

static enum status add_package(const struct limpid_match_package *from, struct arena *arena, struct index_report *out,
			       struct err *err)
{
	struct index_package *to = VEC_PUSH(&out->packages, arena);
	struct err_quote quote;
	struct package *p;

	if (!to)
		return err_nomem(err, "packages");
	p = &to->package;
	*p = (struct package){ .type = package_type_by_purl(slice_cstr(from->type)),
			       .name = slice_cstr(from->name),
			       .version = slice_cstr(from->version),
			       .arch = slice_cstr(from->arch),
			       .module = slice_cstr(from->module),
			       .source_name = slice_cstr(from->source_name),
			       .source_version = slice_cstr(from->source_version) };
	if (p->type == PACKAGE_NONE)
		return err_set(err, STATUS_INVALID, "there is no type of packages \"%s\"",
			       err_slice(&quote, slice_cstr(from->type)));
	if (p->name.len == 0)
		return err_set(err, STATUS_INVALID, "package %zu has no name", out->packages.len - 1);
	if (p->type == PACKAGE_PYPI && !package_pypi_name(arena, p->name, &p->name))
		return err_nomem(err, "packages");
	/* A source that is named without a version has the package's. */
	if (p->source_name.len > 0 && p->source_version.len == 0)
		p->source_version = p->version;
	if (!package_version_ok(p->type, p->version))
		p->flags |= PACKAGE_BAD_VERSION;
	to->distribution =
		out->distributions.len > 0 && package_type_scope(p->type)[0] == '\0' ? 0 : INDEX_NO_DISTRIBUTION;
	to->repository = SIZE_MAX;
	return STATUS_OK;
}

static enum status take_packages(const struct limpid_match_system *system, const struct limpid_match_package *packages,
				 size_t n, struct arena *arena, struct index_report *out, struct err *err)
{
	*out = (struct index_report){ .os = SLICE("linux"), .complete = true };
	TRY(add_system(system, arena, out, err));
	for (size_t i = 0; i < n; i++)
		TRY(add_package(&packages[i], arena, out, err));
	return STATUS_OK;
}

/* ---- what is told ---- */

struct teller {
	const struct limpid_match_callbacks *callbacks;
	void *ctx;
	const struct vulnerability_report *report;
	struct arena arena; /* of one finding */
};

static void teller_fini(struct teller *t)
{
	arena_fini(&t->arena);
}

static enum status stopped(struct err *err)
{
	return err_set(err, STATUS_CANCELLED, "the callback asked to stop");
}

static const char *text(struct teller *t, struct slice s, bool *ok)
{
	const char *copy = arena_cstr(&t->arena, s);

	*ok &= copy != NULL;
	return copy;
}

static const char *const *texts(struct teller *t, const struct slice *list, size_t n, bool *ok)
{
	const char **out = arena_array(&t->arena, n + 1, sizeof(*out));

	*ok &= out != NULL;
	for (size_t i = 0; out && i < n; i++)
		out[i] = text(t, list[i], ok);
	return out;
}

/* The finding's enrichments as the caller sees them. */
static bool put_scores(struct teller *t, const struct enrichment *from, struct limpid_match_known *to)
{
	struct limpid_match_score *scores = arena_array(&t->arena, from->n_cvss + 1, sizeof(*scores));
	bool ok = scores != NULL;

	for (size_t i = 0; ok && i < from->n_cvss; i++) {
		scores[i] = (struct limpid_match_score){ .vector = text(t, from->cvss[i].vector, &ok),
							 .author = text(t, from->cvss[i].source, &ok),
							 .primary = from->cvss[i].primary };
		if (!cvss_enrichment_score(&from->cvss[i], &scores[i].score))
			scores[i].score = -1;
	}
	to->scores = scores;
	to->n_scores = from->n_cvss;
	return ok;
}

static const struct limpid_match_known *known_of(struct teller *t, const struct finding *f, bool *ok)
{
	static const struct enrichment_epss no_epss;
	static const struct enrichment_kev no_kev;
	struct limpid_match_known *known = arena_array(&t->arena, f->n_enrichments + 1, sizeof(*known));

	*ok &= known != NULL;
	for (size_t i = 0; *ok && i < f->n_enrichments; i++) {
		const struct enrichment *from = f->enrichments[i];
		const struct enrichment_epss *epss = from->epss ? from->epss : &no_epss;
		const struct enrichment_kev *kev = from->kev ? from->kev : &no_kev;

		known[i] = (struct limpid_match_known){
			.cve = text(t, from->cve, ok),
			.epss = enrichment_fraction(epss->probability),
			.epss_percentile = enrichment_fraction(epss->percentile),
			.epss_date = text(t, slice_take(epss->date, 10), ok),
			.exploited = from->kev != NULL,
			.exploited_since = text(t, kev->added, ok),
			.exploited_due = text(t, kev->due, ok),
			.ransomware = slice_eq(kev->ransomware, SLICE("Known")),
		};
		*ok &= put_scores(t, from, &known[i]);
	}
	return known;
}

/* The numbers of Severity are the library's: match_severity.c. */
static enum status tell_finding(struct teller *t, const struct finding *f, struct slice reason,
				int (*callback)(void *ctx, const struct limpid_match_finding *finding), struct err *err)
{
	const struct package *p = &t->report->index->packages.at[f->package].package;
	const struct advisory *a = &f->advisory;
	struct digest_text segment;
	bool ok = true;

	arena_reset(&t->arena);
	const struct limpid_match_finding to = {
		.package = f->package,
		.type = package_type_purl(p->type),
		.name = text(t, p->name, &ok),
		.version = text(t, p->version, &ok),
		.id = text(t, a->id, &ok),
		.aliases = texts(t, a->aliases, a->n_aliases, &ok),
		.n_aliases = a->n_aliases,
		.source = text(t, f->source, &ok),
		.segment = digest_print(&segment, &f->segment),
		.severity = (enum limpid_match_severity)f->severity,
		.severity_text = text(t, f->row.severity.len > 0 ? f->row.severity : a->severity_text, &ok),
		.fixed = text(t, f->fix, &ok),
		.comparison = text(t, f->comparison, &ok),
		.summary = text(t, a->summary, &ok),
		.description = text(t, a->description, &ok),
		.links = texts(t, a->links, a->n_links, &ok),
		.n_links = a->n_links,
		.cvss = texts(t, a->cvss, a->n_cvss, &ok),
		.n_cvss = a->n_cvss,
		.issued = a->issued_s,
		.reason = text(t, reason, &ok),
		.known = known_of(t, f, &ok),
		.n_known = f->n_enrichments,
	};
	if (!ok)
		return err_nomem(err, "a finding");
	return callback(t->ctx, &to) == 0 ? STATUS_OK : stopped(err);
}

static enum status tell_coverage(struct teller *t, const struct coverage_item *c, struct err *err)
{
	bool ok = true;

	arena_reset(&t->arena);
	const struct limpid_match_coverage to = { .code = coverage_name(c->code),
						  .scope = text(t, c->scope, &ok),
						  .detail = text(t, c->detail, &ok),
						  .packages = c->packages,
						  .gap = coverage_is_gap(c->code) };
	if (!ok)
		return err_nomem(err, "coverage");
	return t->callbacks->coverage(t->ctx, &to) == 0 ? STATUS_OK : stopped(err);
}

static enum status tell(struct teller *t, struct err *err)
{
	const struct vulnerability_report *r = t->report;
	const struct limpid_match_callbacks *c = t->callbacks;

	for (size_t i = 0; c && c->finding && i < r->findings.len; i++)
		TRY(tell_finding(t, &r->findings.at[i], SLICE_EMPTY, c->finding, err));
	for (size_t i = 0; c && c->suppressed && i < r->suppressed.len; i++)
		TRY(tell_finding(t, &r->suppressed.at[i].finding, r->suppressed.at[i].reason, c->suppressed, err));
	for (size_t i = 0; c && c->coverage && i < r->coverage.len; i++)
		TRY(tell_coverage(t, &r->coverage.at[i], err));
	return STATUS_OK;
}

/* ---- calls ---- */

/* What is done with the report of one call. */
struct use {
	enum status (*report)(void *ctx, const struct vulnerability_report *r, struct err *err);
	void *ctx;
	int *complete; /* may be NULL */
};

static enum status match(limpid_match *m, struct index_report *index, struct arena *arena, const struct use *use,
			 struct err *err)
{
	const struct match_options options = { .now_s = date_now(), .scope_served = scope_served };
	struct library_snapshot *s = library_snapshot_get(m);
	struct vulnerability_report r;
	enum status st = repositories_resolve(index, library_snapshot_set(s), arena, err);

	if (st == STATUS_OK)
		st = match_report(index, library_snapshot_set(s), &options, arena, &r, err);
	if (st == STATUS_OK)
		st = match_enrich(library_snapshot_set(s), arena, &r, err);
	if (st == STATUS_OK && use->complete)
		*use->complete = r.complete;
	/* Rows are borrowed from the segments: the snapshot stays until all is told. */
	if (st == STATUS_OK)
		st = use->report(use->ctx, &r, err);
	library_snapshot_put(m, s);
	return st;
}

static enum status tell_report(void *ctx, const struct vulnerability_report *r, struct err *err)
{
	struct teller *t = ctx;

	t->report = r;
	return tell(t, err);
}

static enum status match_json(limpid_match *m, const char *json, size_t length, const struct use *use, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct index_report index;

	TRY(saved_packages(slice_make(json, length), &limits_default, &arena, &index, err));
	return match(m, &index, &arena, use, err);
}

int limpid_match_packages(limpid_match *m, const struct limpid_match_system *system,
			  const struct limpid_match_package *packages, size_t n,
			  const struct limpid_match_callbacks *callbacks, void *ctx, int *complete,
			  struct limpid_match_error *error)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct teller AUTO(teller_fini) t = { .callbacks = callbacks, .ctx = ctx, .arena = ARENA_INIT(SIZE_MAX) };
	const struct use use = { tell_report, &t, complete };
	struct index_report index;
	struct err err = ERR_INIT;
	enum status st = take_packages(system, packages, n, &arena, &index, &err);

	if (st == STATUS_OK)
		st = match(m, &index, &arena, &use, &err);
	return library_match_done(error, st, &err);
}

int limpid_match_index_report(limpid_match *m, const char *json, size_t length,
			      const struct limpid_match_callbacks *callbacks, void *ctx, int *complete,
			      struct limpid_match_error *error)
{
	struct teller AUTO(teller_fini) t = { .callbacks = callbacks, .ctx = ctx, .arena = ARENA_INIT(SIZE_MAX) };
	const struct use use = { tell_report, &t, complete };
	struct err err = ERR_INIT;

	return library_match_done(error, match_json(m, json, length, &use, &err), &err);
}

/* ---- as a document ---- */

struct writing {
	const struct report_format *format;
	const char *version;
	struct buf text;
};

static void writing_fini(struct writing *w)
{
	buf_fini(&w->text);
}

static enum status to_text(void *ctx, struct slice bytes, struct err *err)
{
	struct writing *w = ctx;

	buf_add(&w->text, bytes);
	return buf_check(&w->text, "a report", err);
}

static enum status write_report(void *ctx, const struct vulnerability_report *r, struct err *err)
{
	struct writing *w = ctx;
	const struct report_options options = {
		.now_s = date_now(), .fail_on = SEVERITY_COUNT, .program_version = LIMPID_VERSION, .version = w->version
	};
	const struct report_out out = { .write = to_text, .ctx = w };

	return w->format->vulnerabilities(r, &options, &out, err);
}

static enum status make_report(limpid_match *m, struct slice json, const char *format, int *complete, struct writing *w,
			       struct err *err)
{
	const struct use use = { write_report, w, complete };
	struct err_quote quote;

	w->format = report_format_find(slice_cstr(format), &w->version);
	if (!w->format || !w->format->vulnerabilities)
		return err_set(err, STATUS_INVALID, "there is no format \"%s\"", err_slice(&quote, slice_cstr(format)));
	TRY(match_json(m, (const char *)json.ptr, json.len, &use, err));
	buf_add_byte(&w->text, 0);
	return buf_check(&w->text, "a report", err);
}

int limpid_match_report(limpid_match *m, const char *json, size_t length, const char *format, char **out,
			size_t *out_length, int *complete, struct limpid_match_error *error)
{
	struct writing AUTO(writing_fini) w = { .text = BUF_INIT(REPORT_MAX) };
	struct err err = ERR_INIT;
	enum status st = make_report(m, slice_make(json, length), format, complete, &w, &err);

	*out = NULL;
	*out_length = 0;
	if (st == STATUS_OK) {
		*out = malloc(w.text.len);
		st = *out ? STATUS_OK : err_nomem(&err, "a report");
	}
	if (st == STATUS_OK) {
		memcpy(*out, w.text.ptr, w.text.len);
		*out_length = w.text.len - 1;
	}
	return library_match_done(error, st, &err);
}

void limpid_match_free_text(char *text)
{
	free(text);
}
