/* SPDX-License-Identifier: Apache-2.0 */
/* saved_each.c - what a document is, and the reports in it, one by one. */
#include "report/saved_impl.h"

/* ---- what it is ---- */

static bool is_array(struct slice json)
{
	json = slice_trim(json);
	return json.len > 0 && json.ptr[0] == '[';
}

static bool is_ours(struct slice schema)
{
	return slice_starts(schema, SLICE("\"limpid-"));
}

static bool take_kind(void *ctx, struct slice key, struct slice value)
{
	struct saved_kind_of *k = ctx;

	if (slice_eq(key, SLICE("schema"))) {
		k->schema = value;
		return !is_ours(value);
	}
	k->clair |= slice_eq(key, SLICE("manifest_hash"));
	k->findings |= slice_eq(key, SLICE("package_vulnerabilities"));
	return true;
}

/* A schema of ours says all: nobody reads on. */
static enum status stop(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err)
{
	(void)ctx;
	(void)key;
	(void)value;
	(void)offset;
	(void)err;
	return STATUS_CANCELLED;
}

bool saved_kind_of(struct slice json, const struct limits *limits, struct saved_kind_of *out)
{
	struct json_split sink = { .raw = take_kind, .visit = stop, .ctx = out };
	struct err err = ERR_INIT;
	bool whole;

	memset(out, 0, sizeof(*out));
	json = slice_trim(json);
	if (!slice_starts(json, SLICE("{")))
		return false;
	whole = json_split(json, limits, &sink, &err) == STATUS_OK;
	/* Whoever keeps documents in Clair's form may add a schema of its own. */
	if ((out->clair || out->findings) && !is_ours(out->schema))
		out->schema = SLICE_EMPTY;
	return whole || out->schema.len > 0 || out->clair;
}

bool saved_is_report(struct slice json, const struct limits *limits)
{
	struct saved_kind_of k;

	if (is_array(json))
		return true;
	return saved_kind_of(json, limits, &k) &&
	       (is_ours(k.schema) || k.clair || k.findings);
}

bool saved_is_index(struct slice json, const struct limits *limits)
{
	struct saved_kind_of k;

	if (!saved_kind_of(json, limits, &k))
		return false;
	return k.schema.len > 0 ? slice_eq(k.schema, SLICE("\"limpid-index/1\"")) : k.clair && !k.findings;
}

/* ---- one report or several ---- */

static enum status read_into(struct slice json, const struct limits *limits, bool packages_only, struct arena *arena,
			     struct saved *out, struct err *err)
{
	struct saved_reader rd = {
		.limits = limits, .arena = arena, .out = out, .trouble = ERR_INIT, .packages_only = packages_only
	};
	enum status st;

	*out = (struct saved){ .created_s = DATE_NONE };
	st = saved_document(&rd, json, err);
	map_fini(&rd.texts);
	return st;
}

static enum status read_one(struct slice json, const struct limits *limits, saved_visit visit, void *ctx,
			    struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct saved saved;

	TRY(read_into(json, limits, false, &arena, &saved, err));
	return visit(ctx, &saved, err);
}

struct several {
	const struct limits *limits;
	saved_visit visit;
	void *ctx;
	struct err *err;
	enum status status;
};

static bool on_report(void *ctx, struct slice key, struct slice value)
{
	struct several *s = ctx;

	(void)key;
	if (s->status == STATUS_OK)
		s->status = read_one(value, s->limits, s->visit, s->ctx, s->err);
	return true;
}

enum status saved_each(struct slice json, const struct limits *limits, saved_visit visit, void *ctx, struct err *err)
{
	struct err inner = ERR_INIT;
	struct several s = { .limits = limits, .visit = visit, .ctx = ctx, .err = &inner, .status = STATUS_OK };
	struct json_split sink = { .raw = on_report, .ctx = &s };

	if (!is_array(json))
		return read_one(json, limits, visit, ctx, err);
	TRY(json_split(json, limits, &sink, err));
	if (s.status != STATUS_OK)
		*err = inner;
	return s.status;
}

static bool count_raw(void *ctx, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	++*(size_t *)ctx;
	return true;
}

enum status saved_count_members(struct slice list, const struct limits *limits, size_t *out_n, struct err *err)
{
	struct json_split sink = { .raw = count_raw, .ctx = out_n };

	*out_n = 0;
	return json_split(list, limits, &sink, err);
}

enum status saved_count(struct slice json, const struct limits *limits, size_t *out_n, struct err *err)
{
	if (is_array(json))
		return saved_count_members(json, limits, out_n, err);
	*out_n = 1;
	return STATUS_OK;
}

static bool take_only(void *ctx, struct slice key, struct slice value)
{
	(void)key;
	*(struct slice *)ctx = value;
	return true;
}

/* The text of the only report of a document. */
static enum status only_one(struct slice *json, const struct limits *limits, struct err *err)
{
	struct json_split sink = { .raw = take_only, .ctx = json };
	size_t n;

	TRY(saved_count(*json, limits, &n, err));
	if (n != 1)
		return err_set(err, n == 0 ? STATUS_MALFORMED : STATUS_INVALID, "it holds %zu reports, expected one",
			       n);
	return is_array(*json) ? json_split(*json, limits, &sink, err) : STATUS_OK;
}

enum status saved_read(struct slice json, const struct limits *limits, struct arena *arena, struct saved *out,
		       struct err *err)
{
	TRY(only_one(&json, limits, err));
	return read_into(json, limits, false, arena, out, err);
}

enum status saved_packages(struct slice json, const struct limits *limits, struct arena *arena,
			   struct index_report *out, struct err *err)
{
	struct saved saved;
	struct err_quote q;

	TRY(only_one(&json, limits, err));
	TRY(read_into(json, limits, true, arena, &saved, err));
	if (saved.kind == SAVED_FAILURE)
		return err_set(err, STATUS_MALFORMED, "the report of an image that could not be scanned: %s",
			       err_slice(&q, saved.error));
	*out = saved.index;
	return STATUS_OK;
}
