/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secdb.c - Alpine's security database: per package, which version fixed which ids.
 *
 *   {"distroversion": "v3.9", "reponame": "main",
 *    "packages": [{"pkg": {"name": "musl", "secfixes": {"1.1.20-r5": ["CVE-2019-14697"], "0": ["CVE-2018-1000"]}}}]}
 *
 * Old mirrors have the same in YAML. Version "0" means that the package was never affected. An id string may hold
 * several ids and remarks in parentheses. Traps: docs/formats/secdb.md.
 */
#include "feed/feed.h"

#include "text/json.h"
#include "text/yaml.h"

struct parser {
	const struct advisory_sink *out;
	const struct limits *limits;
	struct slice scope;
	struct arena document; /* the scope, and the tree of YAML */
	struct arena arena;    /* of one record */
};

/* "CVE-2019-1551", "XSA-182", "wnpa-sec-2017-18"; "XPTI" is a remark: an id has a digit. */
static bool is_id(struct slice word)
{
	bool digit = false;

	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.ptr[i];

		if (!is_alnum(c) && c != '-' && c != '_' && c != ':' && c != '.')
			return false;
		digit |= is_digit(c);
	}
	return digit;
}

static enum status emit(struct parser *p, struct slice package, struct slice fixed, struct slice id, struct err *err)
{
	struct version_range range = { .fixed = fixed };
	bool never = slice_eq(fixed, SLICE("0"));
	struct affected row = { .scope = p->scope,
				.package = package,
				.name_kind = AFFECTED_NAME_SOURCE,
				.status = never ? AFFECTED_NO : AFFECTED_YES,
				.scheme = SCHEME_apk,
				.ranges = &range,
				.n_ranges = never ? 0 : 1,
				.fixed_version = never ? SLICE_EMPTY : fixed };
	struct slice links[2];
	struct advisory a = { .id = id,
			      .links = links,
			      .n_links = 1,
			      .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = &row,
			      .n_affected = 1 };

	arena_reset(&p->arena);
	if (!arena_printf(&p->arena, &links[0], "https://security.alpinelinux.org/vuln/%.*s", SLICE_ARG(id)))
		return err_nomem(err, "secdb");
	if (slice_starts(id, SLICE("CVE-"))) {
		if (!arena_printf(&p->arena, &links[1], "https://nvd.nist.gov/vuln/detail/%.*s", SLICE_ARG(id)))
			return err_nomem(err, "secdb");
		a.n_links = 2;
	}
	return p->out->emit(p->out->ctx, &a, err);
}

/* "CVE-2016-6258 XSA-182", "CVE-2017-16808 (AoE)", "CVE 2018-16859": ids apart, remarks dropped. */
static enum status emit_ids(struct parser *p, struct slice package, struct slice fixed, struct slice text,
			    struct err *err)
{
	struct slice rest = text, word;
	bool any = false, in_remark = false, after_cve = false;
	struct err_quote q;

	while (slice_word(&rest, ' ', &word)) {
		uint8_t joined[64];

		word = slice_trim(word);
		if (slice_starts(word, SLICE("(")))
			in_remark = true;
		if (in_remark) {
			in_remark = !slice_ends(word, SLICE(")"));
			continue;
		}
		if (after_cve && word.len > 0 && is_digit(word.ptr[0]) && word.len < sizeof(joined) - 4) {
			memcpy(joined, "CVE-", 4);
			memcpy(joined + 4, word.ptr, word.len);
			word = slice_make(joined, word.len + 4);
		}
		after_cve = slice_eq(word, SLICE("CVE"));
		if (!is_id(word))
			continue;
		any = true;
		TRY(emit(p, package, fixed, word, err));
	}
	if (!any && slice_trim(text).len > 0)
		diag_emit(p->out->diags, DIAG_FIELD, package, ERR_NO_OFFSET, "no id in \"%s\"", err_slice(&q, text));
	return STATUS_OK;
}

/* ---- JSON ---- */

static void bad_ids(struct parser *p, struct slice package, struct slice version)
{
	struct err_quote q;

	diag_emit(p->out->diags, DIAG_RECORD, package, ERR_NO_OFFSET, "the ids fixed in \"%s\" are no list of strings",
		  err_slice(&q, version));
}

static enum status json_package(struct parser *p, yyjson_val *pkg, struct err *err)
{
	struct slice name = json_get_str(pkg, "name");
	yyjson_val *fixes = json_get(pkg, "secfixes"), *key, *ids, *id;
	yyjson_obj_iter it;

	if (name.len == 0 || (fixes && !yyjson_is_obj(fixes) && !yyjson_is_null(fixes))) {
		diag_emit(p->out->diags, DIAG_RECORD, name, ERR_NO_OFFSET,
			  "a package has no name or no secfixes object");
		return STATUS_OK;
	}
	if (!yyjson_is_obj(fixes))
		return STATUS_OK;
	yyjson_obj_iter_init(fixes, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL) {
		size_t i, n;

		ids = yyjson_obj_iter_get_val(key);
		if (!yyjson_is_arr(ids) && !yyjson_is_null(ids))
			bad_ids(p, name, json_str(key));
		yyjson_arr_foreach(ids, i, n, id)
		{
			if (yyjson_is_str(id))
				TRY(emit_ids(p, name, json_str(key), json_str(id), err));
			else
				bad_ids(p, name, json_str(key));
		}
	}
	return STATUS_OK;
}

/* The release of the source, or the one that the document names ("v3.9", "edge"). */
static enum status set_scope(struct parser *p, struct slice release, struct slice named, struct err *err)
{
	if (release.len == 0)
		release = named;
	if (slice_starts(release, SLICE("v")))
		release = slice_from(release, 1);
	if (release.len == 0)
		return err_set(err, STATUS_MALFORMED, "secdb: there is no \"distroversion\"");
	if (!arena_printf(&p->document, &p->scope, "alpine:%.*s", SLICE_ARG(release)))
		return err_nomem(err, "secdb");
	return STATUS_OK;
}

/* A repository without fixes has "packages": null. */
static enum status json_document(struct parser *p, yyjson_val *root, struct slice release, struct err *err)
{
	yyjson_val *packages = json_get(root, "packages"), *item;
	size_t i, n;

	if (!packages || (!yyjson_is_arr(packages) && !yyjson_is_null(packages)))
		return err_set(err, STATUS_MALFORMED, "secdb: there is no list \"packages\"");
	TRY(set_scope(p, release, json_get_str(root, "distroversion"), err));
	yyjson_arr_foreach(packages, i, n, item) TRY(json_package(p, json_get(item, "pkg"), err));
	return STATUS_OK;
}

static enum status parse_json(struct parser *p, const struct feed_document *doc, struct err *err)
{
	struct json_doc json;
	enum status st;

	TRY(json_parse(doc->bytes, p->limits, &json, err));
	st = json_document(p, json.root, doc->param, err);
	json_doc_free(&json);
	return st;
}

/* ---- YAML ---- */

static enum status yaml_package(struct parser *p, const struct yaml_node *pkg, struct err *err)
{
	struct slice name = yaml_get_str(pkg, "name");
	const struct yaml_node *fixes = yaml_get(pkg, "secfixes");

	if (name.len == 0) {
		diag_emit(p->out->diags, DIAG_RECORD, SLICE_EMPTY, ERR_NO_OFFSET, "line %u: a package has no name",
			  pkg ? pkg->line : 0);
		return STATUS_OK;
	}
	if (!fixes || fixes->kind != YAML_KIND_MAPPING)
		return STATUS_OK;
	for (const struct yaml_node *ids = fixes->child; ids; ids = ids->next)
		for (const struct yaml_node *id = ids->child; id; id = id->next)
			TRY(emit_ids(p, name, ids->key->scalar, id->scalar, err));
	return STATUS_OK;
}

static enum status parse_yaml(struct parser *p, const struct feed_document *doc, struct err *err)
{
	struct yaml_node *root = NULL;
	const struct yaml_node *packages;

	TRY(yaml_parse(doc->bytes, p->limits, &p->document, &root, err));
	packages = root ? yaml_get(root, "packages") : NULL;
	/* "packages:" alone is an empty scalar. */
	if (!packages || (packages->kind != YAML_KIND_SEQUENCE && packages->scalar.len > 0))
		return err_set(err, STATUS_MALFORMED, "secdb: there is no list \"packages\"");
	TRY(set_scope(p, doc->param, yaml_get_str(root, "distroversion"), err));
	for (const struct yaml_node *item = packages->child; item; item = item->next)
		TRY(yaml_package(p, yaml_get(item, "pkg"), err));
	return STATUS_OK;
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	/* 16 MiB of YAML make at most a million nodes of some 100 bytes. */
	struct parser p = { .out = out,
			    .limits = limits,
			    .document = ARENA_INIT((size_t)256 << 20),
			    .arena = ARENA_INIT((size_t)limits->field_bytes * 8) };
	struct slice head = slice_trim(slice_take(doc->bytes, 64));
	enum status st;

	if (doc->bytes.len > limits->record_bytes)
		return err_set(err, STATUS_LIMIT, "secdb: the document is larger than %llu bytes",
			       (unsigned long long)limits->record_bytes);
	st = slice_starts(head, SLICE("{")) ? parse_json(&p, doc, err) : parse_yaml(&p, doc, err);
	arena_fini(&p.document);
	arena_fini(&p.arena);
	return st;
}

const struct feed_format feed_format_secdb = { .name = "secdb", .version = "2", .parse = parse };
