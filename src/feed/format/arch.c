/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch.c - groups of vulnerabilities ("AVG") of Arch Linux' security tracker.
 *
 *   [{"name": "AVG-20", "packages": ["curl"], "status": "Fixed", "severity": "Low", "type": "denial of service",
 *     "affected": "7.50.2-1", "fixed": "7.50.3-1", "ticket": null, "issues": ["CVE-2016-7167"],
 *     "advisories": ["ASA-201609-19"]}]
 *
 * A group becomes one advisory for each of its issues. Traps: docs/formats/arch.md.
 */
#include "feed/feed.h"

#include "text/json.h"

#define LINKS_MAX 64

struct parser {
	const struct advisory_sink *out;
	struct slice scope;
	struct arena arena; /* of one group */
};

static void bad(struct parser *p, struct slice group, const char *what)
{
	diag_emit(p->out->diags, DIAG_RECORD, group, ERR_NO_OFFSET, "%s", what);
}

static enum status add_link(struct parser *p, struct slice *links, size_t *n, struct slice name, struct err *err)
{
	if (*n == LINKS_MAX)
		return STATUS_OK;
	if (!arena_printf(&p->arena, &links[*n], "https://security.archlinux.org/%.*s", SLICE_ARG(name)))
		return err_nomem(err, "arch");
	(*n)++;
	return STATUS_OK;
}

static enum status emit(struct parser *p, yyjson_val *group, struct slice id, const struct affected *rows,
			size_t n_rows, struct err *err)
{
	struct slice name = json_get_str(group, "name"), links[LINKS_MAX];
	struct advisory a = { .id = id,
			      .related = &name,
			      .n_related = slice_eq(id, name) ? 0 : 1,
			      .summary = json_get_str(group, "type"),
			      .severity_text = json_get_str(group, "severity"),
			      .links = links,
			      .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = rows,
			      .n_affected = n_rows };
	yyjson_val *list = json_get(group, "advisories"), *one;
	size_t i, n;

	if (!severity_by_name(a.severity_text, &a.severity))
		a.severity = SEVERITY_UNKNOWN;
	TRY(add_link(p, links, &a.n_links, id, err));
	if (a.n_related > 0)
		TRY(add_link(p, links, &a.n_links, name, err));
	yyjson_arr_foreach(list, i, n, one) if (json_str(one).len > 0)
		TRY(add_link(p, links, &a.n_links, json_str(one), err));
	return p->out->emit(p->out->ctx, &a, err);
}

/* What is there is text; null and absent are "". */
static bool is_text_or_null(yyjson_val *v)
{
	return !v || yyjson_is_null(v) || yyjson_is_str(v);
}

static enum status read_group(struct parser *p, yyjson_val *group, struct err *err)
{
	struct slice name = json_get_str(group, "name"), status = json_get_str(group, "status");
	yyjson_val *packages = json_get(group, "packages"), *issues = json_get(group, "issues"), *one;
	struct version_range range = { .fixed = json_get_str(group, "fixed") };
	bool never = slice_eq(status, SLICE("Not affected")), unsure = slice_eq(status, SLICE("Unknown"));
	struct affected *rows;
	size_t i, n, n_rows = 0;

	arena_reset(&p->arena);
	if (name.len == 0 || !yyjson_is_arr(packages) || yyjson_arr_size(packages) == 0 ||
	    !is_text_or_null(json_get(group, "fixed"))) {
		bad(p, name, "a group has no name, no packages, or a fixed version that is no text");
		return STATUS_OK;
	}
	if (!never && !unsure && !slice_eq(status, SLICE("Fixed")) && !slice_eq(status, SLICE("Vulnerable")) &&
	    !slice_eq(status, SLICE("Testing")))
		bad(p, name, "the status of a group is none that is known; its packages count as affected");
	rows = arena_array(&p->arena, yyjson_arr_size(packages), sizeof(*rows));
	if (!rows)
		return err_nomem(err, "arch");
	yyjson_arr_foreach(packages, i, n, one)
	{
		if (json_str(one).len == 0) {
			bad(p, name, "a package of a group has no name");
			continue;
		}
		rows[n_rows++] = (struct affected){ .scope = p->scope,
						    .package = json_str(one),
						    .name_kind = AFFECTED_NAME_BINARY,
						    .status = never    ? AFFECTED_NO
							      : unsure ? AFFECTED_UNDECIDED
								       : AFFECTED_YES,
						    .scheme = SCHEME_pacman,
						    .ranges = &range,
						    .n_ranges = range.fixed.len > 0 && !never,
						    .fixed_version = never ? SLICE_EMPTY : range.fixed };
	}
	if (n_rows == 0)
		return STATUS_OK;
	if (!yyjson_is_arr(issues) || yyjson_arr_size(issues) == 0)
		return emit(p, group, name, rows, n_rows, err);
	yyjson_arr_foreach(issues, i, n, one) if (json_str(one).len > 0)
		TRY(emit(p, group, json_str(one), rows, n_rows, err));
	return STATUS_OK;
}

static enum status read_document(struct parser *p, yyjson_val *root, struct err *err)
{
	yyjson_val *group;
	size_t i, n;

	if (!yyjson_is_arr(root))
		return err_set(err, STATUS_MALFORMED, "arch: expected a list of groups, found %s",
			       yyjson_get_type_desc(root));
	yyjson_arr_foreach(root, i, n, group) TRY(read_group(p, group, err));
	return STATUS_OK;
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .out = out,
			    .scope = doc->param.len > 0 ? doc->param : SLICE("arch"),
			    .arena = ARENA_INIT((size_t)limits->field_bytes * 8) };
	struct json_doc json;
	enum status st;

	TRY(feed_json(doc, "arch", limits, &json, err));
	st = read_document(&p, json.root, err);
	json_doc_free(&json);
	arena_fini(&p.arena);
	return st;
}

const struct feed_format feed_format_arch = { .name = "arch", .version = "1", .parse = parse };
