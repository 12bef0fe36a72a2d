/* SPDX-License-Identifier: Apache-2.0 */
/*
 * osv_ranges.c - OSV's events become intervals.
 *
 * The schema's evaluation walks the events of a range in the order of their versions: introduced opens, fixed and
 * last_affected close; documents need not be sorted ("introduced": "0" often stands last). limit bounds a range above.
 */
#include "feed/osv_ranges.h"

#include <stdlib.h>

/* Parts of a list for people. */
#define JOINED_MAX 32
/* Comparisons spent on leaving out versions that ranges hold: a matter of size, not of meaning. */
#define FOLD_MAX 1000000

enum event_kind { EVENT_INTRODUCED, EVENT_FIXED, EVENT_LAST_AFFECTED, EVENT_LIMIT };

struct event {
	enum event_kind kind;
	struct slice version;
	const struct version_scheme *scheme;
	enum vendor vendor;
	size_t order; /* as written: keeps the sort stable */
};

typedef VEC(struct version_range) range_list;

struct reader {
	struct arena *arena;
	const struct diag_sink *diags;
	struct slice where;
	const struct version_scheme *scheme;
	enum vendor vendor; /* whose order of versions it is */
	range_list ranges;
	bool told;
};

bool osv_join(struct arena *arena, struct slice *list, struct slice item)
{
	struct slice rest = *list, part;
	size_t n = 0;

	if (item.len == 0)
		return true;
	for (; slice_word(&rest, '|', &part); n++)
		if (slice_eq(part, item))
			return true;
	if (n >= JOINED_MAX)
		return true;
	if (list->len == 0) {
		*list = item;
		return true;
	}
	return arena_printf(arena, list, "%.*s|%.*s", SLICE_ARG(*list), SLICE_ARG(item));
}

static bool is_zero(struct slice v)
{
	return slice_eq(v, SLICE("0"));
}

static int by_version(const void *pa, const void *pb)
{
	const struct event *a = pa, *b = pb;
	bool zero_a = a->kind == EVENT_INTRODUCED && is_zero(a->version);
	bool zero_b = b->kind == EVENT_INTRODUCED && is_zero(b->version);
	int c = zero_a || zero_b ? (int)zero_b - (int)zero_a
			       : vendor_compare(a->vendor, a->scheme, a->version, b->version);

	if (c != 0)
		return c;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void check_version(struct reader *r, struct slice v)
{
	struct err_quote q;

	if (r->told || is_zero(v) || r->scheme->valid(v))
		return;
	r->told = true;
	diag_emit(r->diags, DIAG_VERSION, r->where, ERR_NO_OFFSET, "\"%s\" is no version of the scheme %s",
		  err_slice(&q, v), r->scheme->name);
}

/* Events of a range but its limits, and the largest limit ("" if there is none). */
static size_t read_events(struct reader *r, yyjson_val *list, struct event *out, size_t max, struct slice *out_limit)
{
	static const char *const keys[] = { "introduced", "fixed", "last_affected", "limit" };
	yyjson_val *item;
	size_t i, n, count = 0;
	bool unlimited = false;

	*out_limit = SLICE_EMPTY;
	yyjson_arr_foreach(list, i, n, item)
	{
		for (size_t k = 0; k < ARRAY_LEN(keys) && count < max; k++) {
			struct slice v = json_get_str(item, keys[k]);

			if (v.len == 0)
				continue;
			if (k == EVENT_LIMIT && slice_eq(v, SLICE("*"))) {
				unlimited = true;
				continue;
			}
			check_version(r, v);
			if (k != EVENT_LIMIT) {
				out[count] = (struct event){ (enum event_kind)k, v, r->scheme, r->vendor, count };
				count++;
			} else if (out_limit->len == 0 || r->scheme->compare(v, *out_limit) > 0) {
				*out_limit = v;
			}
		}
	}
	if (unlimited)
		*out_limit = SLICE_EMPTY;
	return count;
}

/* end NULL: open. False when memory is short. */
static bool close_range(struct reader *r, struct slice introduced, const struct event *end, struct slice limit)
{
	struct version_range range = { .introduced = is_zero(introduced) ? SLICE_EMPTY : introduced };
	struct version_range *out;

	if (limit.len > 0 && range.introduced.len > 0 && r->scheme->compare(range.introduced, limit) >= 0)
		return true;
	if (limit.len > 0 && (!end || r->scheme->compare(end->version, limit) >= 0))
		range.fixed = limit;
	else if (end && end->kind == EVENT_LAST_AFFECTED)
		range.last_affected = end->version;
	else if (end)
		range.fixed = end->version;
	out = VEC_PUSH(&r->ranges, r->arena);
	if (!out)
		return false;
	*out = range;
	return true;
}

static bool make_ranges(struct reader *r, const struct event *e, size_t n, struct slice limit)
{
	struct slice introduced = SLICE_EMPTY;
	bool open = false, any = false;

	for (size_t i = 0; i < n; i++)
		any |= e[i].kind == EVENT_INTRODUCED;
	/* The schema asks for an introduced event; without one, all that is older than the end is meant. */
	open = n > 0 && !any;
	for (size_t i = 0; i < n; i++) {
		if (e[i].kind == EVENT_INTRODUCED) {
			if (!open)
				introduced = e[i].version;
			open = true;
		} else if (open) {
			if (!close_range(r, introduced, &e[i], limit))
				return false;
			open = false;
		}
	}
	return !open || close_range(r, introduced, NULL, limit);
}

static enum status read_range(struct reader *r, yyjson_val *range, struct err *err)
{
	struct slice type = json_get_str(range, "type"), limit;
	yyjson_val *list = json_get(range, "events");
	size_t max = yyjson_arr_size(list) * 4, n;
	struct event *events;
	struct err_quote q;

	if (slice_eq(type, SLICE("GIT")))
		return STATUS_OK;
	if (!slice_eq(type, SLICE("ECOSYSTEM")) && !slice_eq(type, SLICE("SEMVER"))) {
		diag_emit(r->diags, DIAG_FIELD, r->where, ERR_NO_OFFSET, "a range of type \"%s\" is not read",
			  err_slice(&q, type));
		return STATUS_OK;
	}
	if (max == 0)
		return STATUS_OK;
	events = arena_array(r->arena, max, sizeof(*events));
	if (!events)
		return err_nomem(err, "OSV record");
	n = read_events(r, list, events, max, &limit);
	if (n > 1)
		qsort(events, n, sizeof(*events), by_version);
	return make_ranges(r, events, n, limit) ? STATUS_OK : err_nomem(err, "OSV record");
}

/* ---- versions ---- */

static bool in_range(const struct version_scheme *scheme, const struct version_range *g, struct slice v)
{
	if (g->introduced.len > 0 && scheme->compare(v, g->introduced) < 0)
		return false;
	if (g->fixed.len > 0)
		return scheme->compare(v, g->fixed) < 0;
	return g->last_affected.len == 0 || scheme->compare(v, g->last_affected) <= 0;
}

static bool is_held(const struct reader *r, struct slice v)
{
	if (!r->scheme->valid(v))
		return false;
	for (size_t i = 0; i < r->ranges.len; i++)
		if (in_range(r->scheme, &r->ranges.at[i], v))
			return true;
	return false;
}

static enum status read_versions(struct reader *r, yyjson_val *list, struct affected *row, struct err *err)
{
	size_t size = yyjson_arr_size(list), i, n;
	bool fold = size > 0 && r->ranges.len <= FOLD_MAX / size && row->module.len == 0;
	struct slice *versions;
	yyjson_val *item;

	if (size == 0)
		return STATUS_OK;
	versions = arena_array(r->arena, size, sizeof(*versions));
	if (!versions)
		return err_nomem(err, "OSV record");
	yyjson_arr_foreach(list, i, n, item)
	{
		struct slice v = json_str(item);

		if (v.len > 0 && !(fold && is_held(r, v)))
			versions[row->n_versions++] = v;
	}
	row->versions = versions;
	return STATUS_OK;
}

enum status osv_read_ranges(yyjson_val *entry, enum vendor vendor, struct arena *arena, const struct diag_sink *diags,
			    struct slice where, struct affected *row, struct err *err)
{
	struct reader r = {
		.arena = arena, .diags = diags, .where = where, .scheme = scheme_get(row->scheme), .vendor = vendor
	};
	yyjson_val *list = json_get(entry, "ranges"), *range;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, range) TRY(read_range(&r, range, err));
	TRY(read_versions(&r, json_get(entry, "versions"), row, err));
	row->ranges = r.ranges.at;
	row->n_ranges = r.ranges.len;
	for (i = 0; i < r.ranges.len; i++)
		if (!osv_join(arena, &row->fixed_version, r.ranges.at[i].fixed))
			return err_nomem(err, "OSV record");
	return STATUS_OK;
}
