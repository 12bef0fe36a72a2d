/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debian_tracker.c - the JSON of Debian's security tracker, read package by package.
 *
 *   {"openssl": {"CVE-2023-0286": {"description": "...", "releases":
 *      {"bookworm": {"status": "resolved", "fixed_version": "3.0.8-1", "urgency": "not yet assigned"}}}}}
 *
 * status open: affected without a fix; resolved with version 0: never affected; undetermined: not decided. The urgency
 * is the severity, one step up, as Clair reads it. The parameter "elts": the tracker of Debian's Extended LTS, of which
 * releases count that Debian itself maintains no more. Traps: docs/formats/debian-tracker.md.
 */
#include "feed/feed.h"

#include "model/distribution.h"
#include "text/json.h"

/* Releases one entry can name; Debian has never had more than a dozen in the tracker. */
#define RELEASES_MAX 64
/* Code names without a number that are told one by one. */
#define UNKNOWN_MAX 8
/* Code names whose scope is kept ready. */
#define SCOPES_MAX 24

struct parser {
	const struct feed_document *doc;
	bool elts;
	int64_t now_s;
	const struct advisory_sink *out;
	struct arena arena; /* of one entry */
	struct arena names; /* of unknown releases */
	struct {
		struct slice codename;
		uint64_t rows;
	} unknown[UNKNOWN_MAX];
	size_t n_unknown;
	struct {
		struct slice codename, scope; /* in names; scope empty: no number is known */
	} scopes[SCOPES_MAX];
	size_t n_scopes;
};

/* What the tracker says of one entry in one release. */
struct release {
	struct slice codename, scope, urgency;
	yyjson_val *value;
};

static enum severity severity_of(struct slice urgency)
{
	enum severity s;

	return severity_by_word(SLICE("debian"), urgency, &s) ? s : SEVERITY_UNKNOWN;
}

/* "buster", "buster-security": archives that Debian itself made. */
static bool is_debians(struct slice archive, struct slice codename)
{
	struct slice rest = slice_from(archive, codename.len);

	return slice_starts(archive, codename) &&
	       (rest.len == 0 || slice_eq(rest, SLICE("-security")) || slice_eq(rest, SLICE("-updates")));
}

/* Fixes from before the end of a release's support are in Debian's own archives, as "repositories" shows. */
static bool debian_has(const struct release *r, struct slice fixed)
{
	yyjson_obj_iter it;
	yyjson_val *key;

	if (!yyjson_obj_iter_init(json_get(r->value, "repositories"), &it))
		return false;
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		struct slice version = json_str(yyjson_obj_iter_get_val(key));

		if (version.len > 0 && is_debians(json_str(key), r->codename) &&
		    scheme_get(SCHEME_dpkg)->compare(version, fixed) >= 0)
			return true;
	}
	return false;
}

/* What the security team has decided of a flaw that gets no advisory ("nodsa"); most have no reason. */
static enum fix_state state_without_fix(struct slice reason)
{
	if (slice_eq(reason, SLICE("ignored")))
		return FIX_WILL_NOT_FIX;
	return slice_eq(reason, SLICE("postponed")) ? FIX_DEFERRED : FIX_PLAIN;
}

static void fill_row(const struct parser *p, struct slice package, const struct release *r, struct affected *row,
		     struct version_range *range)
{
	struct slice status = json_get_str(r->value, "status");

	*row = (struct affected){ .scope = r->scope,
				  .package = package,
				  .name_kind = AFFECTED_NAME_SOURCE,
				  .status = AFFECTED_YES,
				  .scheme = SCHEME_dpkg };
	if (slice_eq(status, SLICE("undetermined"))) {
		row->status = AFFECTED_UNDECIDED;
		return;
	}
	if (!slice_eq(status, SLICE("open")))
		row->fixed_version = json_get_str(r->value, "fixed_version");
	if (slice_eq(row->fixed_version, SLICE("0"))) {
		row->status = AFFECTED_NO;
		row->fixed_version = SLICE_EMPTY;
	} else if (row->fixed_version.len > 0) {
		*range = (struct version_range){ .fixed = row->fixed_version };
		row->ranges = range;
		row->n_ranges = 1;
		row->fix_state = p->elts && !debian_has(r, row->fixed_version) ? FIX_ELTS : FIX_PLAIN;
	} else {
		row->fix_state = state_without_fix(json_get_str(r->value, "nodsa_reason"));
	}
}

/* Releases of one urgency are one advisory, so that each row has its own severity. */
static enum status emit_urgency(struct parser *p, struct slice package, struct slice id, struct slice description,
				const struct release *releases, size_t n, struct slice urgency, struct err *err)
{
	struct affected rows[RELEASES_MAX];
	struct version_range ranges[RELEASES_MAX];
	struct slice link;
	struct advisory a = { .id = id,
			      .description = description,
			      .severity_text = urgency,
			      .severity = severity_of(urgency),
			      .links = &link,
			      .n_links = 1,
			      .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = rows };

	if (!arena_printf(&p->arena, &link, "https://%s/tracker/%.*s",
			  p->elts ? "deb.freexian.com/extended-lts" : "security-tracker.debian.org", SLICE_ARG(id)))
		return err_nomem(err, "Debian tracker");
	for (size_t i = 0; i < n; i++) {
		if (!slice_eq(releases[i].urgency, urgency))
			continue;
		fill_row(p, package, &releases[i], &rows[a.n_affected], &ranges[a.n_affected]);
		a.n_affected++;
	}
	return p->out->emit(p->out->ctx, &a, err);
}

static void count_unknown(struct parser *p, struct slice codename)
{
	for (size_t i = 0; i < p->n_unknown; i++) {
		if (slice_eq(p->unknown[i].codename, codename)) {
			p->unknown[i].rows++;
			return;
		}
	}
	if (p->n_unknown < UNKNOWN_MAX && arena_copy(&p->names, codename, &p->unknown[p->n_unknown].codename))
		p->unknown[p->n_unknown++].rows = 1;
}

static void tell_unknown(const struct parser *p)
{
	struct err_quote q;

	for (size_t i = 0; i < p->n_unknown; i++)
		diag_emit(p->out->diags, DIAG_UNSUPPORTED, SLICE_EMPTY, ERR_NO_OFFSET,
			  "%llu rows of the release \"%s\" were left out: its number is not known",
			  (unsigned long long)p->unknown[i].rows, err_slice(&q, p->unknown[i].codename));
}

/* Does Debian itself still publish advisories of the release? */
static bool is_maintained(const struct parser *p, struct slice scope)
{
	int64_t last_s;

	return !distribution_end_of_life(scope, &last_s) || p->now_s < last_s + 86400;
}

/* "bookworm" -> "debian:12"; empty if its number is not known. */
static bool scope_of(struct parser *p, struct slice codename, struct slice *out)
{
	struct slice number;

	for (size_t i = 0; i < p->n_scopes; i++) {
		if (slice_eq(p->scopes[i].codename, codename)) {
			*out = p->scopes[i].scope;
			return true;
		}
	}
	*out = SLICE_EMPTY;
	number = debian_release_by_codename(codename);
	if (number.len == 0)
		return true;
	if (!arena_printf(p->n_scopes < SCOPES_MAX ? &p->names : &p->arena, out, "debian:%.*s", SLICE_ARG(number)))
		return false;
	if (p->n_scopes < SCOPES_MAX && arena_copy(&p->names, codename, &p->scopes[p->n_scopes].codename))
		p->scopes[p->n_scopes++].scope = *out;
	return true;
}

/* The releases of an entry that have a number. False when memory is short. */
static bool read_releases(struct parser *p, struct slice id, yyjson_val *list, struct release out[RELEASES_MAX],
			  size_t *out_n)
{
	yyjson_obj_iter it;
	yyjson_val *key;
	size_t n = 0;

	yyjson_obj_iter_init(list, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		yyjson_val *value = yyjson_obj_iter_get_val(key);
		struct slice scope;

		if (!scope_of(p, json_str(key), &scope))
			return false;
		if (scope.len == 0) {
			count_unknown(p, json_str(key));
			continue;
		}
		if (p->elts && is_maintained(p, scope))
			continue;
		if (n == RELEASES_MAX) {
			diag_emit(p->out->diags, DIAG_LIMIT, id, ERR_NO_OFFSET, "more than %d releases", RELEASES_MAX);
			break;
		}
		out[n++] = (struct release){ json_str(key), scope, json_get_str(value, "urgency"), value };
	}
	*out_n = n;
	return true;
}

static enum status parse_entry(struct parser *p, struct slice package, struct slice id, yyjson_val *value,
			       uint64_t offset, struct err *err)
{
	yyjson_val *list = json_get(value, "releases");
	struct release releases[RELEASES_MAX];
	struct err_quote q;
	size_t n;

	if (id.len == 0 || !yyjson_is_obj(list)) {
		diag_emit(p->out->diags, DIAG_RECORD, package, offset, "the entry \"%s\" has no object \"releases\"",
			  err_slice(&q, id));
		return STATUS_OK;
	}
	if (!read_releases(p, id, list, releases, &n))
		return err_nomem(err, "Debian tracker");
	for (size_t i = 0; i < n; i++) {
		size_t before = 0;

		while (before < i && !slice_eq(releases[before].urgency, releases[i].urgency))
			before++;
		if (before == i)
			TRY(emit_urgency(p, package, id, json_get_str(value, "description"), releases, n,
					 releases[i].urgency, err));
	}
	return STATUS_OK;
}

static enum status visit(void *ctx, struct slice package, yyjson_val *value, uint64_t offset, struct err *err)
{
	struct parser *p = ctx;
	yyjson_obj_iter it;
	yyjson_val *key;

	if (package.len == 0 || !yyjson_is_obj(value)) {
		diag_emit(p->out->diags, DIAG_RECORD, package, offset, "the package has no name or is no object");
		return STATUS_OK;
	}
	yyjson_obj_iter_init(value, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		arena_reset(&p->arena);
		TRY(parse_entry(p, package, json_str(key), yyjson_obj_iter_get_val(key), offset, err));
	}
	if (p->doc->passed)
		p->doc->passed(p->doc->passed_ctx, 0, offset);
	return STATUS_OK;
}

static void bad(void *ctx, struct slice package, const struct err *err)
{
	struct parser *p = ctx;

	diag_err(p->out->diags, DIAG_RECORD, package, err);
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .doc = doc,
			    .out = out,
			    .elts = slice_eq(doc->param, SLICE("elts")),
			    .now_s = date_now(),
			    .arena = ARENA_INIT((size_t)limits->field_bytes * 8),
			    .names = ARENA_INIT((size_t)limits->field_bytes * 8) };
	struct json_split split = { .visit = visit, .bad = bad, .ctx = &p };
	enum status st;

	if (!slice_starts(slice_trim(slice_take(doc->bytes, 64)), SLICE("{")))
		return err_at(err, STATUS_MALFORMED, 0, "Debian tracker: a JSON object was expected");
	st = json_split(doc->bytes, limits, &split, err);
	if (st == STATUS_OK)
		tell_unknown(&p);
	arena_fini(&p.arena);
	arena_fini(&p.names);
	return st;
}

const struct feed_format feed_format_debian_tracker = { .name = "debian_tracker", .version = "2", .parse = parse };
