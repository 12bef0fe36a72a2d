/* SPDX-License-Identifier: Apache-2.0 */
/* osv_affected.c - one entry of "affected": its ecosystem, its name, and what single ecosystems say in their own way.
 */
#include "feed/osv_affected.h"

#include "base/buf.h"
#include "base/ckd.h"
#include "base/map.h"
#include "feed/osv_ecosystem.h"
#include "feed/osv_ranges.h"
#include "model/package.h"

/* Streams that the summary of one erratum names; two have been seen. */
#define STREAMS_MAX 8
/* Pairs of GOOS and GOARCH; Go itself has some fifty ports. */
#define PLATFORMS_MAX 1024

static enum status nomem(struct err *err)
{
	return err_nomem(err, "OSV record");
}

/* Where an entry is about. */
struct place {
	const struct osv_ecosystem *e; /* NULL: it is not read */
	enum vendor vendor;	       /* who builds its packages, if not the ecosystem itself */
	enum affected_name name_kind;
	struct slice scope;
};

static enum status find_place(struct osv_reader *r, struct slice text, struct place *out, struct err *err)
{
	struct slice name, suffix;
	const struct osv_ecosystem *e;
	bool good = true;

	memset(out, 0, sizeof(*out));
	slice_cut(text, ':', &name, &suffix);
	if (r->ecosystem.len > 0 && !slice_eq_nocase(name, r->ecosystem))
		return STATUS_OK;
	e = osv_ecosystem_by_name(name);
	if (e) {
		out->name_kind = osv_ecosystem_name_kind(e);
		good = osv_ecosystem_scope(e, suffix, &r->arena, &out->scope);
	} else if (osv_vendor_by_name(name, &out->vendor, &out->name_kind)) {
		good = osv_vendor_scope(out->vendor, suffix, &r->arena, &e, &out->scope);
		name = text;
	}
	if (!good)
		return nomem(err);
	if (e && vendor_is_per_version(out->vendor, scheme_get(osv_ecosystem_scheme(e))))
		out->name_kind = osv_ecosystem_name_kind(e);
	if (e && out->scope.len > 0)
		out->e = e;
	else
		osv_reader_skip(r, e ? text : name);
	return STATUS_OK;
}

static bool lower_name(struct arena *arena, struct slice name, struct slice *out)
{
	char *p = arena_cstr(arena, name);

	if (!p)
		return false;
	for (size_t i = 0; i < name.len; i++)
		p[i] = (char)to_lower(name.ptr[i]);
	*out = slice_make(p, name.len);
	return true;
}

/* "https://github.com/apple/swift-nio.git", as the schema has it, and without the ends, as most records have it. */
static struct slice swift_name(struct slice name)
{
	if (slice_starts(name, SLICE("https://")))
		name = slice_from(name, strlen("https://"));
	if (slice_ends(name, SLICE(".git")))
		name.len -= strlen(".git");
	return name;
}

/* The form in which packages of the ecosystem are looked up; most have one spelling only. */
static bool fold_spelling(struct arena *arena, const struct affected *row, struct slice *out)
{
	if (row->scheme == SCHEME_pep440)
		return package_pypi_name(arena, row->package, out);
	if (row->scheme == SCHEME_nuget || row->scheme == SCHEME_composer)
		return lower_name(arena, row->package, out);
	*out = slice_eq(row->scope, SLICE("swift")) ? swift_name(row->package) : row->package;
	return true;
}

static bool fold_name(struct arena *arena, enum vendor vendor, const struct affected *row, struct slice *out)
{
	struct slice folded;

	return fold_spelling(arena, row, &folded) &&
	       vendor_plain_name(vendor, scheme_get(row->scheme), folded, arena, out);
}

/*
 * A fix with ".module" in its release is for a modular package; which stream, only the summary says: "Important:
 * nodejs:14 security update", "Moderate: virt:rhel and virt-devel:rhel security update". None named: "?".
 */
static size_t streams_of(struct slice summary, struct slice out[STREAMS_MAX])
{
	struct slice word;
	size_t n = 0;
	bool first = true;

	for (; slice_word(&summary, ' ', &word) && n < STREAMS_MAX; first = false) {
		struct slice name, stream;

		while (word.len > 0 && (word.ptr[word.len - 1] == ',' || word.ptr[word.len - 1] == ';'))
			word.len--;
		slice_cut(word, '/', &word, NULL); /* "httpd:2.4/mod_http2": one package of the stream */
		if (!first && slice_cut(word, ':', &name, &stream) && name.len > 0 && stream.len > 0)
			out[n++] = word;
	}
	if (n == 0)
		out[n++] = SLICE("?");
	return n;
}

struct platforms {
	struct arena *arena;
	struct map seen;
	struct buf text;
	size_t n;
	bool failed;
};

static void add_platform(struct platforms *p, struct slice os, struct slice arch)
{
	struct slice pair;
	uint64_t *slot;
	bool is_new;

	if (!arena_printf(p->arena, &pair, "%.*s/%.*s", SLICE_ARG(os), SLICE_ARG(arch)) ||
	    !(slot = map_slot(&p->seen, pair, &is_new))) {
		p->failed = true;
		return;
	}
	if (!is_new)
		return;
	p->n++;
	if (p->text.len > 0)
		buf_add_byte(&p->text, '|');
	buf_add(&p->text, pair);
}

/* Go's word for a system or machine that RustSec calls by Rust's. */
static struct slice go_word(struct slice word)
{
	static const struct {
		const char *rust, *go;
	} words[] = { { "macos", "darwin" }, { "x86_64", "amd64" }, { "x86", "386" }, { "aarch64", "arm64" } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(word, slice_cstr(words[i].rust)))
			return slice_cstr(words[i].go);
	return word;
}

/* Each of the systems with each of the machines. False: neither is limited. */
static bool add_pairs(struct platforms *p, yyjson_val *oses, yyjson_val *arches)
{
	size_t n_os = yyjson_arr_size(oses), n_arch = yyjson_arr_size(arches), pairs;

	if ((n_os == 0 && n_arch == 0) || CKD_MUL(&pairs, MAX(n_os, (size_t)1), MAX(n_arch, (size_t)1)) ||
	    pairs > PLATFORMS_MAX - p->n)
		return false;
	for (size_t k = 0; k < pairs; k++)
		add_platform(p, go_word(json_str(yyjson_arr_get(oses, k / MAX(n_arch, (size_t)1)))),
			     go_word(json_str(yyjson_arr_get(arches, k % MAX(n_arch, (size_t)1)))));
	return true;
}

/* Go: where every import is limited to some GOOS or GOARCH, so is the row. */
static bool add_imports(struct platforms *p, yyjson_val *imports)
{
	yyjson_val *import;
	size_t i, n;
	bool limited = true;

	yyjson_arr_foreach(imports, i, n, import)
	{
		limited = limited && add_pairs(p, json_get(import, "goos"), json_get(import, "goarch"));
	}
	return limited;
}

/* "imports" of Go, "affects" of crates. */
static enum status read_platforms(struct arena *arena, yyjson_val *entry, bool go, struct slice *out, struct err *err)
{
	yyjson_val *specific = json_get(entry, "ecosystem_specific"), *affects = json_get(specific, "affects");
	struct platforms p = { .arena = arena, .seen = MAP_INIT, .text = BUF_INIT((size_t)1 << 20) };
	bool limited = go ? add_imports(&p, json_get(specific, "imports"))
			  : add_pairs(&p, json_get(affects, "os"), json_get(affects, "arch"));
	bool good = !p.failed && p.text.failed == STATUS_OK;

	*out = SLICE_EMPTY;
	if (limited && good)
		good = arena_copy(arena, buf_slice(&p.text), out);
	map_fini(&p.seen);
	buf_fini(&p.text);
	return good ? STATUS_OK : nomem(err);
}

static enum status push_row(struct osv_reader *r, const struct affected *row, osv_rows *rows, struct err *err)
{
	struct affected *at = VEC_PUSH(rows, &r->arena);

	if (!at)
		return nomem(err);
	*at = *row;
	return STATUS_OK;
}

/* Absent, and null, is nothing; anything else must be of the schema's type. */
static bool is_list(yyjson_val *v)
{
	return !v || yyjson_is_null(v) || yyjson_is_arr(v);
}

static const char *bad_ranges(yyjson_val *ranges)
{
	yyjson_val *range;
	size_t i, n;

	if (!is_list(ranges))
		return "its \"ranges\" are no list";
	yyjson_arr_foreach(ranges, i, n, range)
	{
		yyjson_val *events = json_get(range, "events"), *event;
		size_t k, m;

		if (!yyjson_is_arr(events) || yyjson_arr_size(events) == 0)
			return "a range has no \"events\"";
		yyjson_arr_foreach(events, k, m, event) if (yyjson_obj_size(event) == 0) return "an event says nothing";
	}
	return NULL;
}

/* What is not as the schema wants it, NULL if nothing: then a part of the entry is lost. */
static const char *bad_entry(yyjson_val *entry)
{
	yyjson_val *package = json_get(entry, "package"), *versions = json_get(entry, "versions"), *version;
	size_t i, n;

	if (!yyjson_is_obj(entry))
		return "it is no object";
	if (package && !yyjson_is_null(package) &&
	    (json_get_str(package, "name").len == 0 || json_get_str(package, "ecosystem").len == 0))
		return "its \"package\" has no name or no ecosystem";
	if (!is_list(versions))
		return "its \"versions\" are no list";
	yyjson_arr_foreach(versions, i, n, version) if (!yyjson_is_str(version)) return "a version is no string";
	return bad_ranges(json_get(entry, "ranges"));
}

/*
 * Canonical says it of each entry ("Available with Ubuntu Pro: ...", "No subscription required"), else the ecosystem
 * does.
 */
static bool is_for_subscribers(const struct osv_ecosystem *e, yyjson_val *entry)
{
	struct slice ecosystem = json_get_str(json_get(entry, "package"), "ecosystem");
	struct slice said = json_get_str(json_get(entry, "ecosystem_specific"), "availability");

	if (!osv_ecosystem_is_ubuntu(e))
		return false;
	if (slice_has(said, SLICE("Ubuntu Pro")))
		return true;
	return osv_ecosystem_is_pro(e, ecosystem) && !slice_starts(said, SLICE("No subscription"));
}

/*
 * Language packages of a vendor: each version that it builds is a line of its own, and a fix is about builds of the
 * same version alone. A row per version, with the first build that has the fix.
 */
static enum status push_versions(struct osv_reader *r, enum vendor vendor, const struct affected *row,
				 yyjson_val *entry, osv_rows *rows, struct err *err)
{
	const struct version_scheme *scheme = scheme_get(row->scheme);
	yyjson_val *ranges = json_get(entry, "ranges"), *range, *event;
	size_t first = rows->len, i, n, k, m, at;

	yyjson_arr_foreach(ranges, i, n, range) yyjson_arr_foreach(json_get(range, "events"), k, m, event)
	{
		struct slice fixed = json_get_str(event, "fixed");
		struct vendor_version a, b;
		struct version_range *one;

		if (fixed.len == 0)
			continue;
		vendor_of_version(scheme, fixed, &a);
		for (at = first; at < rows->len; at++) {
			vendor_of_version(scheme, rows->at[at].ranges[0].fixed, &b);
			if (scheme->compare(a.base, b.base) == 0)
				break;
		}
		if (at < rows->len && vendor_compare(vendor, scheme, rows->at[at].ranges[0].fixed, fixed) <= 0)
			continue;
		one = ARENA_NEW(&r->arena, struct version_range);
		if (!one)
			return nomem(err);
		one->fixed = fixed;
		if (at == rows->len)
			TRY(push_row(r, row, rows, err));
		rows->at[at].ranges = one;
		rows->at[at].n_ranges = 1;
		rows->at[at].versions = NULL;
		rows->at[at].n_versions = 0;
		rows->at[at].fixed_version = fixed;
	}
	return STATUS_OK;
}

enum status osv_read_entry(struct osv_reader *r, const struct advisory *a, yyjson_val *entry, osv_rows *rows,
			   struct err *err)
{
	yyjson_val *package = json_get(entry, "package");
	struct affected row = { .package = json_get_str(package, "name") };
	struct slice streams[STREAMS_MAX];
	struct place place;
	const char *bad = bad_entry(entry);
	size_t n_streams;

	if (bad)
		diag_emit(r->out->diags, DIAG_RECORD, a->id, ERR_NO_OFFSET, "an affected package cannot be read: %s",
			  bad);
	TRY(find_place(r, json_get_str(package, "ecosystem"), &place, err));
	if (!place.e || row.package.len == 0)
		return STATUS_OK;
	row.scope = place.scope;
	row.name_kind = place.name_kind;
	if (is_for_subscribers(place.e, entry))
		row.fix_state = FIX_PRO;
	if (osv_ecosystem_is_fips(place.e, json_get_str(package, "ecosystem")))
		row.module = SLICE(AFFECTED_MODULE_FIPS);
	row.scheme = osv_ecosystem_scheme(place.e);
	if (!fold_name(&r->arena, place.vendor, &row, &row.package))
		return nomem(err);
	TRY(osv_read_ranges(entry, place.vendor, &r->arena, r->out->diags, a->id, &row, err));
	/* Only GIT ranges: nothing to compare. */
	if (row.n_ranges == 0 && row.n_versions == 0)
		return STATUS_OK;
	if (vendor_is_per_version(place.vendor, scheme_get(row.scheme)))
		return push_versions(r, place.vendor, &row, entry, rows, err);
	if (row.scheme == SCHEME_go || slice_eq(row.scope, SLICE("crates.io")))
		TRY(read_platforms(&r->arena, entry, row.scheme == SCHEME_go, &row.platforms, err));
	if (row.scheme != SCHEME_rpm || !slice_has(row.fixed_version, SLICE(".module")))
		return push_row(r, &row, rows, err);
	n_streams = streams_of(a->summary, streams);
	for (size_t i = 0; i < n_streams; i++) {
		row.module = streams[i];
		TRY(push_row(r, &row, rows, err));
	}
	return STATUS_OK;
}

static bool is_simple_fix(const struct affected *a)
{
	return a->scheme == SCHEME_rpm && a->n_ranges == 1 && a->n_versions == 0 && a->ranges[0].introduced.len == 0 &&
	       a->ranges[0].fixed.len > 0;
}

static enum status merge(struct osv_reader *r, struct map *seen, osv_rows *rows, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->len; i++) {
		struct affected *row = &rows->at[i], *first;
		struct slice key;
		uint64_t *slot;
		bool is_new;

		if (!is_simple_fix(row)) {
			rows->at[kept++] = *row;
			continue;
		}
		if (!arena_printf(&r->arena, &key, "%.*s|%.*s|%.*s", SLICE_ARG(row->scope), SLICE_ARG(row->package),
				  SLICE_ARG(row->module)) ||
		    !(slot = map_slot(seen, key, &is_new)))
			return nomem(err);
		if (is_new) {
			*slot = kept;
			rows->at[kept++] = *row;
			continue;
		}
		first = &rows->at[*slot];
		if (version_scheme_rpm.compare(row->ranges[0].fixed, first->ranges[0].fixed) < 0)
			first->ranges = row->ranges;
		if (!osv_join(&r->arena, &first->fixed_version, row->fixed_version))
			return nomem(err);
	}
	rows->len = kept;
	return STATUS_OK;
}

enum status osv_merge_rebuilds(struct osv_reader *r, osv_rows *rows, struct err *err)
{
	struct map seen = MAP_INIT;
	enum status st = rows->len > 1 ? merge(r, &seen, rows, err) : STATUS_OK;

	map_fini(&seen);
	return st;
}

/*
 * The certified FIPS builds and their updates are beside each other, and nothing says which of them a system takes: who
 * has the older fix has it.
 */
static bool is_fixed_before(const struct affected *a, const struct affected *b)
{
	if (a->n_ranges == 0 || a->ranges[0].fixed.len == 0)
		return false;
	return b->n_ranges == 0 || b->ranges[0].fixed.len == 0 ||
	       version_scheme_dpkg.compare(a->ranges[0].fixed, b->ranges[0].fixed) < 0;
}

static enum status merge_pro(struct osv_reader *r, struct map *seen, osv_rows *rows, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->len; i++) {
		struct affected *row = &rows->at[i], *first;
		struct slice key;
		uint64_t *slot;
		bool is_new;

		if (!arena_printf(&r->arena, &key, "%.*s|%.*s|%.*s", SLICE_ARG(row->scope), SLICE_ARG(row->package),
				  SLICE_ARG(row->module)) ||
		    !(slot = map_slot(seen, key, &is_new)))
			return nomem(err);
		first = &rows->at[is_new ? kept : *slot];
		if (is_new)
			*slot = kept;
		if (!is_new && row->module.len > 0)
			*first = is_fixed_before(row, first) ? *row : *first;
		else if (is_new || first->fix_state == row->fix_state)
			rows->at[kept++] = *row;
		else if ((row->fixed_version.len > 0) != (first->fixed_version.len > 0) ? row->fixed_version.len > 0
											: first->fix_state == FIX_PRO)
			*first = *row;
	}
	rows->len = kept;
	return STATUS_OK;
}

enum status osv_merge_pro(struct osv_reader *r, osv_rows *rows, struct err *err)
{
	struct map seen = MAP_INIT;
	enum status st = STATUS_OK;
	bool any = false;

	for (size_t i = 0; i < rows->len; i++)
		any |= rows->at[i].fix_state == FIX_PRO;
	if (any)
		st = merge_pro(r, &seen, rows, err);
	map_fini(&seen);
	/* Without a fix there is nothing that is withheld. */
	for (size_t i = 0; i < rows->len; i++)
		if (rows->at[i].fix_state == FIX_PRO && rows->at[i].fixed_version.len == 0)
			rows->at[i].fix_state = FIX_PLAIN;
	return st;
}
