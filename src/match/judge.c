/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - does a vulnerability that a client sends affect an installed package? */
#include "match/judge.h"

#include "match/overruled.h"
#include "match/place.h"
#include "match/rules.h"
#include "model/vendor.h"
#include "text/json.h"
#include "text/json_writer.h"
#include "version/normalized.h"

#include <stdio.h>

/* A vulnerability as it is read. */
struct reader {
	const struct limits *limits;
	struct arena *arena;
	struct err *err;
	yyjson_val *v, *package, *distribution, *repository;
	enum package_type type;
	struct judge_question *q;
	bool bare; /* nobody wants its json */
};

static enum status nomem(struct reader *rd)
{
	return err_nomem(rd->err, "vulnerabilities");
}

static enum status keep(struct reader *rd, struct slice text, struct slice *out)
{
	return arena_copy(rd->arena, slice_take(text, (size_t)rd->limits->field_bytes), out) ? STATUS_OK : nomem(rd);
}

static void refuse(struct reader *rd, const char *why)
{
	if (rd->q->refused.len == 0)
		rd->q->refused = slice_cstr(why);
}

/* ---- where it applies ---- */

static const struct {
	const char *repository, *purl;
} ecosystems[] = {
#define CLAIR_KIND(begins, ends, scanner, repository, purl) { repository, purl },
#include "model/clair_kinds.def"
#undef CLAIR_KIND
};

/*
 * Clair's names of repositories: those of its indexer's kinds, else of ecosystems as its OSV updater has them, which
 * are the names of scopes but for two.
 */
static enum package_type type_of_repository(struct slice name)
{
	if (slice_eq(name, SLICE("packagist")))
		return PACKAGE_COMPOSER;
	if (slice_eq(name, SLICE("swifturl")))
		return PACKAGE_SWIFT;
	for (size_t i = 0; i < ARRAY_LEN(ecosystems) && name.len > 0; i++)
		if (slice_eq(name, slice_cstr(ecosystems[i].repository)))
			return package_type_by_purl(slice_cstr(ecosystems[i].purl));
	for (enum package_type t = PACKAGE_NONE + 1; t < PACKAGE_TYPE_COUNT; t++)
		if (name.len > 0 && slice_eq(name, slice_cstr(package_type_scope(t))))
			return t;
	return PACKAGE_NONE;
}

static enum status scope_of_distribution(struct reader *rd)
{
	struct distribution d = { .did = json_get_str(rd->distribution, "did"),
				  .name = json_get_str(rd->distribution, "name"),
				  .version = json_get_str(rd->distribution, "version"),
				  .version_id = json_get_str(rd->distribution, "version_id"),
				  .version_code_name = json_get_str(rd->distribution, "version_code_name"),
				  .pretty_name = json_get_str(rd->distribution, "pretty_name") };
	const struct distro *distro = distro_by_id(d.did);
	struct slice scope;

	if (d.version_id.len == 0)
		slice_cut(d.version, ' ', &d.version_id, NULL);
	if (!distribution_scope(&d, rd->arena, &scope))
		return nomem(rd);
	TRY(keep(rd, scope, &rd->q->scope));
	if (scope.len == 0 || !distro)
		refuse(rd, "its distribution is not known");
	else
		rd->type = distro_package_type(distro);
	return STATUS_OK;
}

/* Red Hat's rows are kept by the CPE of their repository. */
static enum status scope_of_cpe(struct reader *rd, bool images)
{
	struct slice cpe = json_get_str(rd->repository, "cpe"), scope;

	if (!slice_starts(cpe, SLICE("cpe:2.3:")))
		cpe = json_get_str(rd->repository, "name");
	if (!slice_starts(cpe, SLICE("cpe:2.3:"))) {
		refuse(rd, "its repository has no CPE");
		return STATUS_OK;
	}
	rd->type = images ? PACKAGE_OCI : PACKAGE_RPM;
	if (!arena_printf(rd->arena, &scope, "%s:%.*s", images ? "rhcc" : "rhel", SLICE_ARG(cpe)))
		return nomem(rd);
	return keep(rd, scope, &rd->q->scope);
}

/* Rows of who builds packages of others and those of Red Hat's products say their scope themselves. */
static enum package_type type_of_scope(struct slice scope)
{
	struct distribution d;
	struct slice base;

	if (slice_starts(scope, SLICE("rhel:cpe:")))
		return PACKAGE_RPM;
	if (slice_starts(scope, SLICE("rhcc:cpe:")))
		return PACKAGE_OCI;
	if (vendor_of_scope(scope, &base) == VENDOR_NONE)
		return PACKAGE_NONE;
	if (!distribution_of_scope(base, &d))
		return type_of_repository(base);
	return distro_package_type(distro_by_id(d.did));
}

static enum status read_scope(struct reader *rd)
{
	struct slice scope = json_get_str(json_get(rd->v, "limpid"), "scope");

	rd->type = type_of_scope(scope);
	if (rd->type != PACKAGE_NONE)
		return keep(rd, scope, &rd->q->scope);
	if (json_get_str(rd->distribution, "did").len > 0)
		return scope_of_distribution(rd);
	if (slice_eq(json_get_str(rd->repository, "key"), SLICE("rhel-cpe-repository")))
		return scope_of_cpe(rd, false);
	if (slice_eq(json_get_str(rd->repository, "key"), SLICE(REPOSITORY_CONTAINERS)))
		return scope_of_cpe(rd, true);
	rd->type = type_of_repository(json_get_str(rd->repository, "name"));
	if (rd->type != PACKAGE_NONE)
		rd->q->scope = slice_cstr(package_type_scope(rd->type));
	else if (json_get_str(rd->repository, "name").len > 0)
		refuse(rd, "its repository is not known");
	else
		refuse(rd, "it has neither a distribution nor a repository");
	return STATUS_OK;
}

/* ---- which versions ---- */

/* Claircore writes ranges of OSV into fixed_in_version as a query: "fixed=1.2.3&introduced=1.0.0", keys sorted. */
static bool is_events(struct slice s)
{
	return slice_starts(s, SLICE("fixed=")) || slice_starts(s, SLICE("introduced=")) ||
	       slice_starts(s, SLICE("lastAffected="));
}

static enum status unescape(struct reader *rd, struct slice s, struct slice *out)
{
	uint8_t *p = arena_alloc(rd->arena, s.len + 1);
	size_t n = 0;

	if (!p)
		return nomem(rd);
	for (size_t i = 0; i < s.len; i++) {
		int high = i + 2 < s.len && s.ptr[i] == '%' ? hex_value(s.ptr[i + 1]) : -1;
		int low = high >= 0 ? hex_value(s.ptr[i + 2]) : -1;

		if (low >= 0) {
			p[n++] = (uint8_t)(high * 16 + low);
			i += 2;
		} else {
			p[n++] = s.ptr[i] == '+' ? ' ' : s.ptr[i];
		}
	}
	*out = slice_make(p, n);
	return STATUS_OK;
}

static enum status read_events(struct reader *rd, struct slice text, struct version_range *out)
{
	struct slice part, key, value;

	while (slice_word(&text, '&', &part)) {
		slice_cut(part, '=', &key, &value);
		TRY(unescape(rd, value, &value));
		if (slice_eq(key, SLICE("fixed")))
			out->fixed = value;
		else if (slice_eq(key, SLICE("introduced")))
			out->introduced = value;
		else if (slice_eq(key, SLICE("lastAffected")))
			out->last_affected = value;
	}
	if (out->fixed.len > 0)
		out->last_affected = SLICE_EMPTY;
	return STATUS_OK;
}

/* One range up to the fix; none: every version. */
static enum status read_fix(struct reader *rd)
{
	struct slice fixed = json_get_str(rd->v, "fixed_in_version");
	struct version_range *range;

	if (fixed.len == 0)
		return STATUS_OK;
	range = ARENA_NEW(rd->arena, struct version_range);
	if (!range)
		return nomem(rd);
	if (is_events(fixed))
		TRY(read_events(rd, fixed, range));
	else
		TRY(keep(rd, fixed, &range->fixed));
	rd->q->row.ranges = range;
	rd->q->row.n_ranges = 1;
	return keep(rd, fixed, &rd->q->row.fixed_version);
}

/* "semver:0.1.2.3.0.0.0.0.0.0" */
static bool read_bound(struct slice text, struct judge_bound *out)
{
	struct slice kind, rest, part;
	size_t n = 0;

	memset(out, 0, sizeof(*out));
	if (!slice_cut(text, ':', &kind, &rest) || kind.len == 0 || kind.len >= sizeof(out->kind))
		return text.len == 0;
	memcpy(out->kind, kind.ptr, kind.len);
	for (bool more = true; more; n++) {
		bool negative;
		uint64_t number;

		more = slice_cut(rest, '.', &part, &rest);
		negative = slice_starts(part, SLICE("-"));
		if (n == ARRAY_LEN(out->part) || !slice_to_u64(slice_from(part, negative), &number) ||
		    number > INT64_MAX)
			return false;
		out->part[n] = negative ? -(int64_t)number : (int64_t)number;
	}
	return n == ARRAY_LEN(out->part);
}

static void read_range(struct reader *rd)
{
	yyjson_val *range = json_get(rd->v, "range");

	if (!yyjson_is_obj(range))
		return;
	rd->q->has_range = read_bound(json_get_str(range, "["), &rd->q->lower) &&
			   read_bound(json_get_str(range, ")"), &rd->q->upper) && rd->q->upper.kind[0] != '\0';
	if (!rd->q->has_range && (json_get_str(range, "[").len > 0 || json_get_str(range, ")").len > 0))
		refuse(rd, "its range cannot be read");
}

static enum status read_architecture(struct reader *rd)
{
	struct slice op = json_get_str(rd->v, "arch_op"), arch = json_get_str(rd->package, "arch");

	if (arch.len == 0 || op.len == 0)
		return STATUS_OK;
	if (slice_eq(op, SLICE("not equals")))
		return keep(rd, arch, &rd->q->not_arch);
	/* A pattern is names joined by '|' wherever one was seen; another one would leave out what it does not say. */
	for (size_t i = 0; i < arch.len; i++)
		if (!is_alnum(arch.ptr[i]) && arch.ptr[i] != '_' && arch.ptr[i] != '|')
			return STATUS_OK;
	return keep(rd, arch, &rd->q->row.arch);
}

/* ---- the member "limpid" of update_diff: the row as it is ---- */

static enum status read_ranges(struct reader *rd, yyjson_val *list)
{
	struct version_range *ranges = arena_array(rd->arena, yyjson_arr_size(list) + 1, sizeof(*ranges));
	yyjson_val *v;
	size_t i, n;

	if (!ranges)
		return nomem(rd);
	yyjson_arr_foreach(list, i, n, v)
	{
		TRY(keep(rd, json_get_str(v, "introduced"), &ranges[i].introduced));
		TRY(keep(rd, json_get_str(v, "fixed"), &ranges[i].fixed));
		TRY(keep(rd, json_get_str(v, "last_affected"), &ranges[i].last_affected));
	}
	rd->q->row.ranges = ranges;
	rd->q->row.n_ranges = yyjson_arr_size(list);
	return STATUS_OK;
}

static enum status read_versions(struct reader *rd, yyjson_val *list)
{
	struct slice *versions = arena_array(rd->arena, yyjson_arr_size(list) + 1, sizeof(*versions));
	yyjson_val *v;
	size_t i, n;

	if (!versions)
		return nomem(rd);
	yyjson_arr_foreach(list, i, n, v) TRY(keep(rd, json_str(v), &versions[i]));
	rd->q->row.versions = versions;
	rd->q->row.n_versions = yyjson_arr_size(list);
	return STATUS_OK;
}

static enum status read_row(struct reader *rd, yyjson_val *row)
{
	struct slice names = json_get_str(row, "names"), scheme = json_get_str(row, "scheme");

	rd->q->row.name_kind = slice_eq(names, SLICE("source"))	  ? AFFECTED_NAME_SOURCE
			       : slice_eq(names, SLICE("binary")) ? AFFECTED_NAME_BINARY
								  : AFFECTED_NAME_ANY;
	rd->q->row.scheme = scheme_id_by_name(scheme);
	if (rd->q->row.scheme == SCHEME_NONE && scheme.len > 0)
		refuse(rd, "its version scheme is not known");
	TRY(read_ranges(rd, json_get(row, "ranges")));
	TRY(read_versions(rd, json_get(row, "versions")));
	TRY(keep(rd, json_get_str(row, "module"), &rd->q->row.module));
	TRY(keep(rd, json_get_str(row, "arch"), &rd->q->row.arch));
	if (!fix_state_by_name(json_get_str(row, "fix_state"), &rd->q->row.fix_state))
		refuse(rd, "its state of the fix is not known");
	return keep(rd, json_get_str(row, "platforms"), &rd->q->row.platforms);
}

/* ---- one vulnerability ---- */

/* In Clair's order, with Clair's defaults. */
static void put_strings(struct json_writer *w, yyjson_val *object, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		json_member_str(w, keys[i], json_get_str(object, keys[i]));
}

static void put_object(struct json_writer *w, const char *key, yyjson_val *object, const char *const *keys, size_t n)
{
	json_key(w, key);
	json_object(w);
	put_strings(w, object, keys, n);
	json_close(w);
}

static void put_package(struct json_writer *w, yyjson_val *package)
{
	static const char *const head[] = { "id", "name", "version" };

	json_key(w, "package");
	if (!yyjson_is_obj(package)) {
		json_null(w);
		return;
	}
	json_object(w);
	put_strings(w, package, head, ARRAY_LEN(head));
	if (json_get_str(package, "kind").len > 0)
		json_member_str(w, "kind", json_get_str(package, "kind"));
	json_member_str(w, "normalized_version", json_get_str(package, "normalized_version"));
	if (json_get_str(package, "module").len > 0)
		json_member_str(w, "module", json_get_str(package, "module"));
	if (json_get_str(package, "arch").len > 0)
		json_member_str(w, "arch", json_get_str(package, "arch"));
	json_member_str(w, "cpe", json_get_str(package, "cpe"));
	json_key(w, "detector");
	json_null(w);
	json_close(w);
}

static void put_repository(struct json_writer *w, yyjson_val *repository)
{
	static const char *const keys[] = { "id", "name", "key", "uri" };

	json_key(w, "repository");
	json_object(w);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_get_str(repository, keys[i]).len > 0)
			json_member_str(w, keys[i], json_get_str(repository, keys[i]));
	json_member_str(w, "cpe", json_get_str(repository, "cpe"));
	json_close(w);
}

static void put_vulnerability(struct json_writer *w, const struct reader *rd)
{
	static const char *const head[] = { "id", "updater", "name", "description" };
	static const char *const distribution[] = { "id",	  "did",  "name", "version",	"version_code_name",
						    "version_id", "arch", "cpe",  "pretty_name" };
	static const char *const range[] = { "[", ")" };
	struct slice issued = json_get_str(rd->v, "issued");

	json_object(w);
	put_strings(w, rd->v, head, ARRAY_LEN(head));
	json_member_str(w, "issued", issued.len > 0 ? issued : SLICE("0001-01-01T00:00:00Z"));
	json_member_str(w, "links", json_get_str(rd->v, "links"));
	json_member_str(w, "severity", json_get_str(rd->v, "severity"));
	json_member_cstr(w, "normalized_severity", severity_name(rd->q->severity));
	put_package(w, rd->package);
	if (yyjson_is_obj(rd->distribution))
		put_object(w, "distribution", rd->distribution, distribution, ARRAY_LEN(distribution));
	if (yyjson_is_obj(rd->repository))
		put_repository(w, rd->repository);
	json_member_str(w, "fixed_in_version", json_get_str(rd->v, "fixed_in_version"));
	if (yyjson_is_obj(json_get(rd->v, "range")))
		put_object(w, "range", json_get(rd->v, "range"), range, ARRAY_LEN(range));
	if (json_get_str(rd->v, "arch_op").len > 0)
		json_member_str(w, "arch_op", json_get_str(rd->v, "arch_op"));
	json_key(w, "Self");
	json_raw(w, SLICE("{\"Name\":\"\"}")); /* without Space: model/clair_vulnerability.c */
	json_key(w, "Aliases");
	json_raw(w, SLICE("null"));
	json_close(w);
}

static enum status keep_json(struct reader *rd)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)rd->limits->record_bytes);
	struct json_writer w;

	json_writer_init(&w, &text, 0);
	w.html_escape = true;
	put_vulnerability(&w, rd);
	TRY(json_writer_end(&w, rd->err));
	TRY(buf_check(&text, "a vulnerability", rd->err));
	return arena_copy(rd->arena, buf_slice(&text), &rd->q->json) ? STATUS_OK : nomem(rd);
}

/* "" is Unknown; what is no severity fails the whole, as in Clair. */
static enum status read_severity(struct reader *rd)
{
	struct slice text = json_get_str(rd->v, "normalized_severity");
	struct err_quote q;

	rd->q->severity = SEVERITY_UNKNOWN;
	if (text.len > 0 && !severity_by_name(text, &rd->q->severity))
		return err_set(rd->err, STATUS_MALFORMED, "unknown severity \"%s\"", err_slice(&q, text));
	return STATUS_OK;
}

static enum status read_name(struct reader *rd)
{
	struct slice name = json_get_str(rd->package, "name");

	if (name.len == 0)
		refuse(rd, "it has no package");
	TRY(keep(rd, name, &rd->q->name));
	if (!package_lookup_name(rd->type, rd->arena, rd->q->name, &rd->q->name))
		return nomem(rd);
	rd->q->row.package = rd->q->name;
	/* "binary" is said of rows that speak of either, too. */
	rd->q->row.name_kind = slice_eq(json_get_str(rd->package, "kind"), SLICE("source")) && rd->type != PACKAGE_OCI
				       ? AFFECTED_NAME_SOURCE
				       : AFFECTED_NAME_ANY;
	return keep(rd, json_get_str(rd->package, "module"), &rd->q->row.module);
}

/* The vulnerability's own: for "id" clients have numbers. */
static enum status read_names(struct reader *rd)
{
	yyjson_val *list = json_get(rd->v, "Aliases"), *x;
	struct slice *names = arena_array(rd->arena, yyjson_arr_size(list) + 1, sizeof(*names));
	size_t i, n;

	if (!names)
		return nomem(rd);
	rd->q->names = names;
	if (json_get_str(rd->v, "name").len > 0)
		TRY(keep(rd, json_get_str(rd->v, "name"), &names[rd->q->n_names++]));
	yyjson_arr_foreach(list, i, n, x) if (json_get_str(x, "Name").len > 0)
		TRY(keep(rd, json_get_str(x, "Name"), &names[rd->q->n_names++]));
	return STATUS_OK;
}

static enum status read_vulnerability(struct reader *rd)
{
	yyjson_val *row = json_get(rd->v, "limpid");

	rd->package = json_get(rd->v, "package");
	rd->distribution = json_get(rd->v, "distribution");
	rd->repository = json_get(rd->v, "repository");
	TRY(keep(rd, json_get_str(rd->v, "id"), &rd->q->id));
	TRY(read_names(rd));
	TRY(read_severity(rd));
	TRY(read_scope(rd));
	TRY(read_name(rd));
	rd->q->row.scope = rd->q->scope;
	if (yyjson_is_obj(row)) {
		TRY(read_row(rd, row));
	} else {
		TRY(read_fix(rd));
		read_range(rd);
		TRY(read_architecture(rd));
	}
	return rd->bare ? STATUS_OK : keep_json(rd);
}

static enum status read_list(struct reader *rd, yyjson_val *root, judge_question_list *out)
{
	yyjson_val *list = json_get(root, "vulnerabilities");
	size_t i, n;

	if (!yyjson_is_obj(root))
		return err_set(rd->err, STATUS_MALFORMED, "expected an object");
	if (list && !yyjson_is_arr(list) && !yyjson_is_null(list))
		return err_set(rd->err, STATUS_MALFORMED, "vulnerabilities is no array");
	yyjson_arr_foreach(list, i, n, rd->v)
	{
		if (!yyjson_is_obj(rd->v))
			return err_set(rd->err, STATUS_MALFORMED, "vulnerability %zu is no object", i);
		rd->q = VEC_PUSH(out, rd->arena);
		if (!rd->q)
			return nomem(rd);
		rd->type = PACKAGE_NONE;
		TRY(read_vulnerability(rd));
	}
	return STATUS_OK;
}

enum status judge_parse(struct slice json, const struct limits *limits, struct arena *arena, judge_question_list *out,
			struct err *err)
{
	struct reader rd = { .limits = limits, .arena = arena, .err = err };
	struct json_doc doc;
	enum status st;

	memset(out, 0, sizeof(*out));
	TRY(json_parse(json, limits, &doc, err));
	st = read_list(&rd, doc.root, out);
	json_doc_free(&doc);
	return st;
}

enum status judge_read(yyjson_val *vulnerability, const struct limits *limits, struct arena *arena,
		       struct judge_question *out, struct err *err)
{
	struct reader rd = { .limits = limits, .arena = arena, .err = err, .v = vulnerability, .q = out, .bare = true };
	const struct version_scheme *scheme;

	memset(out, 0, sizeof(*out));
	TRY(read_vulnerability(&rd));
	scheme = package_type_scheme(rd.type);
	if (out->row.scheme == SCHEME_NONE && scheme)
		out->row.scheme = scheme_id_by_name(slice_cstr(scheme->name));
	return STATUS_OK;
}

/* ---- judging ---- */

static int compare(const struct judge_bound *a, const struct judge_bound *b)
{
	for (size_t i = 0; i < ARRAY_LEN(a->part); i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

static bool in_range(const struct judge_question *q, const struct package *p)
{
	struct normalized_version normalized;
	struct judge_bound v;

	version_normalized(package_type_scheme(p->type), p->version, &normalized);
	if (!read_bound(slice_cstr(normalized.text), &v) || strcmp(v.kind, q->upper.kind) != 0)
		return false;
	return (q->lower.kind[0] == '\0' || compare(&q->lower, &v) <= 0) && compare(&v, &q->upper) < 0;
}

static bool affects(const struct judge_question *q, const struct package *p, struct slice row, struct slice place,
		    const struct judge_known *known)
{
	static const struct index_report anywhere;
	struct candidate candidates[2];
	size_t n;

	if (q->refused.len > 0 || !place_holds(place, row, known ? known->set : NULL) || !rules_is_judged(p) ||
	    (p->flags & PACKAGE_OWNED) || (q->not_arch.len > 0 && slice_eq(q->not_arch, p->arch)))
		return false;
	n = rules_candidates(p, candidates);
	for (size_t i = 0; i < n; i++) {
		if (!rules_same_name(p, candidates[i].name, q->name))
			continue;
		/* Tags have a range of their minor version, and the fix within it is asked as well. */
		if (q->has_range && rules_has_version(p) && (p->type != PACKAGE_OCI || !in_range(q, p)))
			return in_range(q, p);
		if (rules_judge(&anywhere, p, &q->row, candidates[i].name, NULL).verdict == VERDICT_AFFECTED)
			return true;
	}
	return false;
}

bool judge_affects(const struct judge_question *q, const struct package *p, struct slice place,
		   const struct judge_known *known)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 16);
	struct slice row = q->scope;
	enum vendor of_row = vendor_of_scope(q->scope, &row), builder;
	struct package base, built;

	/* Names are short: where one does not fit, the package counts as it is. */
	if (!vendor_package(p, &arena, &builder, &base, &built))
		builder = VENDOR_NONE;
	if (of_row != VENDOR_NONE)
		return builder == of_row && affects(q, &built, row, place, known);
	if (builder == VENDOR_NONE)
		return affects(q, p, row, place, known);
	return affects(q, &base, row, place, known) && !overruled_by_vendor(q, builder, &built, place, known);
}
