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
	if (row->scheme == SCHEME_nuget || row->scheme == SCHEME_composer ||
	    slice_eq(row->scope, SLICE("github-actions")) || slice_eq(row->scope, SLICE("vscode")))
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
	row.module = osv_ecosystem_fips_line(place.e, json_get_str(package, "ecosystem"),
					     json_get_str(package, "purl"));
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

/* ---- FIPS builds of Ubuntu ---- */

static bool is_fips(const struct affected *row)
{
	return slice_starts(row->module, SLICE(AFFECTED_MODULE_FIPS));
}

static bool is_same_fips(const struct affected *a, const struct affected *b)
{
	return is_fips(b) && slice_eq(a->scope, b->scope) && slice_eq(a->package, b->package);
}

static struct slice fix_of(const struct affected *row)
{
	return row->n_ranges > 0 ? row->ranges[0].fixed : SLICE_EMPTY;
}

static struct slice latest_listed(const struct affected *row)
{
	struct slice latest = SLICE_EMPTY;

	for (size_t i = 0; i < row->n_versions; i++)
		if (latest.len == 0 || version_scheme_dpkg.compare(latest, row->versions[i]) < 0)
			latest = row->versions[i];
	return latest;
}

/* The first version of another line that is later than one: there ends what a newer version of this line may be. */
static struct slice next_of_others(const osv_rows *rows, const struct affected *row, struct slice than)
{
	struct slice next = SLICE_EMPTY;

	for (size_t i = 0; i < rows->len; i++) {
		const struct affected *other = &rows->at[i];

		for (size_t k = 0; other != row && is_same_fips(row, other) && k <= other->n_versions; k++) {
			struct slice v = k < other->n_versions ? other->versions[k] : fix_of(other);

			if (v.len > 0 && version_scheme_dpkg.compare(than, v) < 0 &&
			    (next.len == 0 || version_scheme_dpkg.compare(v, next) < 0))
				next = v;
		}
	}
	return next;
}

/*
 * The certified FIPS builds, their updates and previews of them are lines beside each other, of versions that look
 * alike. Every version that a line had is listed with it, so that a row says of which it speaks: these, and what came
 * after the last one, up to its fix or to the next version of another line.
 */
static enum status keep_line(struct osv_reader *r, osv_rows *rows, size_t i, struct err *err)
{
	struct version_range *range = ARENA_NEW(&r->arena, struct version_range);
	struct affected *row = &rows->at[i], later;
	struct slice latest = latest_listed(row), next;

	if (!range)
		return nomem(err);
	range->introduced = latest;
	range->fixed = fix_of(row);
	next = next_of_others(rows, row, latest);
	row->ranges = range;
	row->n_ranges = 1;
	if (range->fixed.len > 0 || slice_eq(row->module, SLICE("fips-updates")))
		return STATUS_OK;
	if (next.len > 0)
		return arena_printf(&r->arena, &range->last_affected, "%.*s~", SLICE_ARG(next)) ? STATUS_OK
												: nomem(err);
	/* What is later than all that is listed is of this line, or of the updates, which the record does not name. */
	later = *row;
	later.module = SLICE(AFFECTED_MODULE_FIPS_ANY);
	later.n_versions = 0;
	row->n_ranges = 0;
	return push_row(r, &later, rows, err);
}

/* Where versions are not listed: who has no line's fix is affected, who has all is not, and between nobody knows. */
static enum status push_unknown(struct osv_reader *r, osv_rows *rows, size_t a, size_t b, struct err *err)
{
	struct slice fix_a = fix_of(&rows->at[a]), fix_b = fix_of(&rows->at[b]);
	struct affected unknown = rows->at[b];
	struct version_range *range;

	/* b is the line with the later fix, or with none. */
	if (fix_a.len == 0 || (fix_b.len > 0 && version_scheme_dpkg.compare(fix_b, fix_a) < 0)) {
		unknown = rows->at[a];
		fix_b = fix_a;
		fix_a = fix_of(&rows->at[b]);
		rows->at[a] = rows->at[b];
	}
	if (slice_eq(fix_a, fix_b))
		return STATUS_OK;
	range = ARENA_NEW(&r->arena, struct version_range);
	if (!range)
		return nomem(err);
	range->introduced = fix_a;
	range->fixed = fix_b;
	unknown.module = SLICE(AFFECTED_MODULE_FIPS_ANY);
	unknown.ranges = range;
	unknown.n_ranges = 1;
	unknown.n_versions = 0;
	rows->at[b] = unknown;
	return STATUS_OK;
}

static bool lists_all(const osv_rows *rows, size_t i)
{
	for (size_t k = 0; k < rows->len; k++)
		if (is_same_fips(&rows->at[i], &rows->at[k]) && rows->at[k].n_versions == 0 &&
		    !slice_eq(rows->at[k].module, SLICE(AFFECTED_MODULE_FIPS_ANY)))
			return false;
	return true;
}

static void remove_row(osv_rows *rows, size_t i)
{
	memmove(&rows->at[i], &rows->at[i + 1], (rows->len - i - 1) * sizeof(*rows->at));
	rows->len--;
}

/* Lines of one package, of some of which nothing is listed: the first row becomes what is sure, others are told. */
static enum status merge_unlisted(struct osv_reader *r, osv_rows *rows, size_t first, struct err *err)
{
	bool sure = !slice_eq(rows->at[first].module, SLICE(AFFECTED_MODULE_FIPS_ANY));

	for (size_t k = first + 1; sure && k < rows->len; k++) {
		if (!is_same_fips(&rows->at[first], &rows->at[k]) ||
		    slice_eq(rows->at[k].module, SLICE(AFFECTED_MODULE_FIPS_ANY)))
			continue;
		if (slice_eq(fix_of(&rows->at[first]), fix_of(&rows->at[k]))) {
			remove_row(rows, k--);
			continue;
		}
		TRY(push_unknown(r, rows, first, k, err));
	}
	return STATUS_OK;
}

static enum status sort_lines(struct osv_reader *r, osv_rows *rows, struct err *err)
{
	bool *listed = arena_array(&r->arena, rows->len + 1, sizeof(*listed));

	if (!listed)
		return nomem(err);
	for (size_t i = 0; i < rows->len; i++)
		listed[i] = is_fips(&rows->at[i]) && lists_all(rows, i);
	/* Lines are cut by each other's lists, which cutting leaves as they are. */
	for (size_t i = 0, n = rows->len; i < n; i++)
		if (listed[i])
			TRY(keep_line(r, rows, i, err));
	for (size_t i = 0; i < rows->len; i++)
		if (is_fips(&rows->at[i]) && !lists_all(rows, i))
			TRY(merge_unlisted(r, rows, i, err));
	return STATUS_OK;
}

/* ---- Ubuntu Pro ---- */

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
		if (is_new || first->fix_state == row->fix_state)
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
	if (st == STATUS_OK && any)
		st = sort_lines(r, rows, err);
	/* Without a fix there is nothing that is withheld. */
	for (size_t i = 0; i < rows->len; i++)
		if (rows->at[i].fix_state == FIX_PRO && rows->at[i].fixed_version.len == 0)
			rows->at[i].fix_state = FIX_PLAIN;
	return st;
}
