/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_rows.c - from the answers of both generations of Clair to the rows of clair-scanner. */
#include "client/scanner.h"

#include "model/vulnerability_report.h"

#include <stdlib.h>

unsigned scanner_rank(struct slice severity)
{
	static const char *const names[] = { "Defcon1", "Critical", "High", "Medium", "Low", "Negligible", "Unknown" };

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(severity, slice_cstr(names[i])))
			return i + 1;
	return SCANNER_RANK_UNKNOWN_WORD;
}

void scanner_rows_free(struct scanner_rows *r)
{
	json_doc_free(&r->doc);
	*r = (struct scanner_rows){ .at = NULL };
}

struct row_list {
	VEC(struct scanner_row) rows;
	struct arena *arena;
};

static enum status add(struct row_list *l, const struct scanner_row *row, struct err *err)
{
	struct scanner_row *slot = VEC_PUSH(&l->rows, l->arena);

	if (!slot)
		return err_nomem(err, "a report");
	*slot = *row;
	slot->rank = scanner_rank(row->severity);
	return STATUS_OK;
}

/* ---- Clair v4 ---- */

/* A pair of "package_vulnerabilities". */
struct hit {
	struct slice vulnerability;
	yyjson_val *package;
	size_t order;
};

static int by_vulnerability(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	int c = slice_cmp(x->vulnerability, y->vulnerability);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static enum status list_hits(yyjson_val *root, struct arena *arena, struct hit **out, size_t *out_n, struct err *err)
{
	yyjson_val *packages = json_get(root, "packages"), *all = json_get(root, "package_vulnerabilities");
	VEC(struct hit) hits = { NULL, 0, 0 };
	yyjson_obj_iter members = yyjson_obj_iter_with(all);
	yyjson_val *key;

	while ((key = yyjson_obj_iter_next(&members))) {
		yyjson_val *package = yyjson_obj_getn(packages, yyjson_get_str(key), yyjson_get_len(key));
		yyjson_arr_iter ids = yyjson_arr_iter_with(yyjson_obj_iter_get_val(key));
		yyjson_val *id;

		while ((id = yyjson_arr_iter_next(&ids))) {
			struct hit *h = VEC_PUSH(&hits, arena);

			if (!h)
				return err_nomem(err, "a report");
			*h = (struct hit){ json_str(id), package, hits.len };
		}
	}
	if (hits.len > 1)
		qsort(hits.at, hits.len, sizeof(*hits.at), by_vulnerability);
	*out = hits.at;
	*out_n = hits.len;
	return STATUS_OK;
}

static size_t first_hit(const struct hit *hits, size_t n, struct slice id)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(hits[mid].vulnerability, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The installed version of what an advisory calls name: the package itself, or the source it was built from. */
static struct slice version_of(yyjson_val *package, struct slice name)
{
	yyjson_val *source = json_get(package, "source");

	if (slice_eq(json_get_str(source, "name"), name))
		return json_get_str(source, "version");
	return slice_eq(json_get_str(package, "name"), name) ? json_get_str(package, "version") : SLICE_EMPTY;
}

static enum status add_v4(struct row_list *l, yyjson_val *v, struct slice id, const struct hit *hits, size_t n,
			  struct err *err)
{
	struct scanner_row row = {
		.feature = json_get_str(json_get(v, "package"), "name"),
		.id = json_get_str(v, "name"),
		.space = json_get_str(json_get(v, "distribution"), "did"),
		.description = json_get_str(v, "description"),
		.link = json_get_str(v, "links"),
		.severity = json_get_str(v, "normalized_severity"),
		.fix = json_get_str(v, "fixed_in_version"),
	};
	size_t begin = l->rows.len;

	for (size_t i = first_hit(hits, n, id); i < n && slice_eq(hits[i].vulnerability, id); i++) {
		size_t k = begin;

		row.version = version_of(hits[i].package, row.feature);
		while (k < l->rows.len && !slice_eq(l->rows.at[k].version, row.version))
			k++;
		if (k == l->rows.len && row.version.len > 0)
			TRY(add(l, &row, err));
	}
	row.version = SLICE_EMPTY;
	return l->rows.len > begin ? STATUS_OK : add(l, &row, err);
}

static bool is_gap(struct slice code)
{
	for (size_t i = 0; i < COVERAGE_COUNT; i++)
		if (slice_eq(code, slice_cstr(coverage_name((enum coverage_code)i))))
			return coverage_is_gap((enum coverage_code)i);
	return true; /* of a later limpid */
}

/* "coverage" of limpid's documents: items that mean a gap. */
static enum status list_gaps(yyjson_val *coverage, struct arena *arena, struct scanner_rows *out, struct err *err)
{
	VEC(struct slice) gaps = { NULL, 0, 0 };
	yyjson_arr_iter items = yyjson_arr_iter_with(json_get(coverage, "items"));
	yyjson_val *item;

	while ((item = yyjson_arr_iter_next(&items))) {
		struct slice *slot;

		if (!is_gap(json_get_str(item, "code")))
			continue;
		slot = VEC_PUSH(&gaps, arena);
		if (!slot)
			return err_nomem(err, "a report");
		*slot = json_get_str(item, "detail");
	}
	out->incomplete = gaps.at;
	out->n_incomplete = gaps.len;
	return STATUS_OK;
}

static enum status read_v4(yyjson_val *root, struct arena *arena, struct scanner_rows *out, struct err *err)
{
	struct row_list l = { .arena = arena };
	yyjson_val *all = json_get(root, "vulnerabilities"), *key;
	yyjson_obj_iter members = yyjson_obj_iter_with(all);
	struct hit *hits = NULL;
	size_t n_hits = 0;

	if (!yyjson_is_obj(root) || json_get_str(root, "manifest_hash").len == 0)
		return err_set(err, STATUS_MALFORMED, "no vulnerability report: it lacks manifest_hash");
	TRY(list_hits(root, arena, &hits, &n_hits, err));
	while ((key = yyjson_obj_iter_next(&members)))
		TRY(add_v4(&l, yyjson_obj_iter_get_val(key), json_str(key), hits, n_hits, err));
	TRY(list_gaps(json_get(root, "coverage"), arena, out, err));
	out->at = l.rows.at;
	out->n = l.rows.len;
	out->features = yyjson_obj_size(json_get(root, "packages"));
	return STATUS_OK;
}

/* ---- Clair v2 ---- */

static enum status add_v1(struct row_list *l, yyjson_val *feature, yyjson_val *v, struct err *err)
{
	struct scanner_row row = {
		.feature = json_get_str(feature, "Name"),
		.version = json_get_str(feature, "Version"),
		.id = json_get_str(v, "Name"),
		.space = json_get_str(v, "NamespaceName"),
		.description = json_get_str(v, "Description"),
		.link = json_get_str(v, "Link"),
		.severity = json_get_str(v, "Severity"),
		.fix = json_get_str(v, "FixedBy"),
	};

	return add(l, &row, err);
}

static enum status read_v1(yyjson_val *root, struct arena *arena, struct scanner_rows *out, struct err *err)
{
	yyjson_val *layer = json_get(root, "Layer"), *error = json_get(root, "Error"), *feature;
	yyjson_arr_iter features = yyjson_arr_iter_with(json_get(layer, "Features"));
	struct row_list l = { .arena = arena };
	struct err_quote q;

	if (yyjson_is_obj(error))
		return err_set(err, STATUS_REMOTE, "%s", err_slice(&q, json_get_str(error, "Message")));
	if (!yyjson_is_obj(layer))
		return err_set(err, STATUS_MALFORMED, "no answer of the layer API: it lacks Layer");
	while ((feature = yyjson_arr_iter_next(&features))) {
		yyjson_arr_iter all = yyjson_arr_iter_with(json_get(feature, "Vulnerabilities"));
		yyjson_val *v;

		while ((v = yyjson_arr_iter_next(&all)))
			TRY(add_v1(&l, feature, v, err));
	}
	out->at = l.rows.at;
	out->n = l.rows.len;
	out->features = yyjson_arr_size(json_get(layer, "Features"));
	return STATUS_OK;
}

static enum status rows_of(struct slice json, const struct limits *limits, struct arena *arena,
			   enum status (*read)(yyjson_val *, struct arena *, struct scanner_rows *, struct err *),
			   struct scanner_rows *out, struct err *err)
{
	struct scanner_rows rows = { .at = NULL };
	enum status st;

	TRY(json_parse(json, limits, &rows.doc, err));
	st = read(rows.doc.root, arena, &rows, err);
	if (st == STATUS_OK)
		*out = rows;
	else
		scanner_rows_free(&rows);
	return st;
}

enum status scanner_rows_v4(struct slice json, const struct limits *limits, struct arena *arena,
			    struct scanner_rows *out, struct err *err)
{
	return rows_of(json, limits, arena, read_v4, out, err);
}

enum status scanner_rows_v1(struct slice json, const struct limits *limits, struct arena *arena,
			    struct scanner_rows *out, struct err *err)
{
	return rows_of(json, limits, arena, read_v1, out, err);
}
