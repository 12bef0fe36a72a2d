/* SPDX-License-Identifier: Apache-2.0 */
/* coverage.c - judges what a report can and cannot speak of. */
#include "match/coverage.h"

#include "base/map.h"

#include <stdarg.h>
#include <stdio.h>

#define STALE_DEFAULT_S (7u * 86400u)
/* More lines about single files help nobody; the rest is counted. */
#define NOT_READ_ITEMS 200

enum status coverage_add(struct vulnerability_report *out, struct arena *arena, enum coverage_code code,
			 struct slice scope, size_t packages, struct err *err, const char *fmt, ...)
{
	struct coverage_item *item;
	char text[512];
	va_list ap;

	for (size_t i = 0; code != COVERAGE_NOT_READ && i < out->coverage.len; i++) {
		item = &out->coverage.at[i];
		if (item->code == code && slice_eq(item->scope, scope)) {
			item->packages += packages;
			return STATUS_OK;
		}
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	item = VEC_PUSH(&out->coverage, arena);
	if (!item)
		return err_nomem(err, "coverage");
	item->code = code;
	item->packages = packages;
	if (!arena_copy(arena, scope, &item->scope) || !arena_copy(arena, slice_cstr(text), &item->detail))
		return err_nomem(err, "coverage");
	return STATUS_OK;
}

static bool is_system(enum package_type t)
{
	return package_type_scope(t)[0] == '\0';
}

static enum status judge_scope(const struct segment_set *set, const struct match_options *options, struct arena *arena,
			       struct vulnerability_report *out, struct slice scope, const char *label, struct err *err)
{
	struct slice feed = SLICE_EMPTY;

	if (segment_set_has_scope(set, scope))
		return coverage_add(out, arena, COVERAGE_COVERED, scope, 1, err, "%s were looked up", label);
	if (options->scope_served && options->scope_served(scope, &feed))
		return coverage_add(out, arena, COVERAGE_NO_FEED, scope, 1, err,
				    "%s were not looked up: the database has no advisories for it; run: limpid update "
				    "--set %.*s",
				    label, SLICE_ARG(feed));
	return coverage_add(out, arena, COVERAGE_NO_FEED, scope, 1, err,
			    "%s were not looked up: no feed of limpid has advisories for it", label);
}

static enum status judge_system_package(const struct index_report *index, const struct index_package *p,
					const struct segment_set *set, const struct match_options *options,
					struct arena *arena, struct vulnerability_report *out, struct err *err)
{
	const char *label = package_type_label(p->package.type);
	const struct distribution *d;
	struct slice scope;

	if (p->distribution == INDEX_NO_DISTRIBUTION)
		return coverage_add(out, arena, COVERAGE_NO_DISTRIBUTION, p->package.db, 1, err,
				    "%s were not looked up: nothing in the image says what distribution it is", label);
	d = &index->distributions.at[p->distribution];
	if (!distribution_scope(d, arena, &scope))
		return err_nomem(err, "coverage");
	if (scope.len == 0)
		return coverage_add(out, arena, COVERAGE_UNKNOWN_DISTRIBUTION, d->did, 1, err,
				    "%s were not looked up: distribution %.*s %.*s is not known", label,
				    SLICE_ARG(d->did), SLICE_ARG(d->version_id));
	return judge_scope(set, options, arena, out, scope, label, err);
}

static enum status judge_packages(const struct index_report *index, const struct segment_set *set,
				  const struct match_options *options, struct arena *arena,
				  struct vulnerability_report *out, struct err *err)
{
	for (size_t i = 0; i < index->packages.len; i++) {
		const struct index_package *p = &index->packages.at[i];
		struct err_quote name, version;

		if (p->package.flags & PACKAGE_BAD_VERSION) {
			/* A program built from a work tree has no version; that is not a defect of the image. */
			if (!(p->package.flags & PACKAGE_MAIN_MODULE))
				TRY(coverage_add(out, arena, COVERAGE_BAD_VERSION, p->package.name, 1, err,
						 "%s %s was not looked up: its version does not follow its scheme",
						 err_slice(&name, p->package.name),
						 err_slice(&version, p->package.version)));
		} else if ((p->package.flags & PACKAGE_OWNED) && !options->owned) {
			TRY(coverage_add(out, arena, COVERAGE_OWNED, slice_cstr(package_type_purl(p->package.type)), 1,
					 err, "%s that belong to system packages: the system's advisories count",
					 package_type_label(p->package.type)));
		} else if (is_system(p->package.type)) {
			TRY(judge_system_package(index, p, set, options, arena, out, err));
		} else {
			TRY(judge_scope(set, options, arena, out, slice_cstr(package_type_scope(p->package.type)),
					package_type_label(p->package.type), err));
		}
	}
	return STATUS_OK;
}

/* An operating system was recognised but none of its packages: say so, and whether there would be advisories. */
static enum status judge_emptiness(const struct index_report *index, struct arena *arena,
				   struct vulnerability_report *out, struct err *err)
{
	bool system = false;

	for (size_t i = 0; i < index->packages.len; i++)
		system |= is_system(index->packages.at[i].package.type);
	if (index->packages.len == 0)
		return coverage_add(out, arena, COVERAGE_NO_PACKAGES, SLICE_EMPTY, 0, err,
				    "no package was found: nothing could be looked up");
	if (!system && index->distributions.len > 0)
		return coverage_add(out, arena, COVERAGE_NO_PACKAGES, index->distributions.at[0].did, 0, err,
				    "the image says that it is %.*s, but no system package was found",
				    SLICE_ARG(index->distributions.at[0].did));
	return STATUS_OK;
}

static enum status judge_reading(const struct index_report *index, struct arena *arena,
				 struct vulnerability_report *out, struct err *err)
{
	size_t told = 0, more = 0;

	for (size_t i = 0; i < index->diags.len; i++) {
		const struct layer_diag *d = &index->diags.at[i].diag;
		struct digest_text digest = { "" };
		struct slice scope = d->where;

		if (diag_severity(d->code) < DIAG_SEVERITY_WARNING)
			continue;
		if (++told > NOT_READ_ITEMS) {
			more++;
			continue;
		}
		if (scope.len == 0 && index->diags.at[i].layer < index->layers.len)
			scope = slice_cstr(digest_print(&digest, &index->layers.at[index->diags.at[i].layer].digest));
		TRY(coverage_add(out, arena, COVERAGE_NOT_READ, scope, 0, err, "%.*s", SLICE_ARG(d->text)));
	}
	if (more > 0)
		TRY(coverage_add(out, arena, COVERAGE_NOT_READ, SLICE("more"), 0, err, "%zu more things were not read",
				 more));
	if (told == 0 && !index->complete)
		TRY(coverage_add(out, arena, COVERAGE_NOT_READ, SLICE_EMPTY, 0, err,
				 "the image was not read completely"));
	return STATUS_OK;
}

static bool asked(const struct segment *seg, const struct vulnerability_report *out)
{
	struct segment_rows rows;
	struct err ignored = ERR_INIT; /* a damaged segment was told of by the matcher */

	for (size_t i = 0; i < out->coverage.len; i++)
		if (out->coverage.at[i].code == COVERAGE_COVERED &&
		    segment_scope_rows(seg, out->coverage.at[i].scope, &rows, &ignored) == STATUS_OK && rows.n > 0)
			return true;
	return false;
}

static enum status judge_sources(const struct segment_set *set, const struct match_options *options,
				 struct arena *arena, struct vulnerability_report *out, struct err *err)
{
	int64_t stale_s = options->stale_s ? options->stale_s : STALE_DEFAULT_S;

	for (size_t i = 0; i < segment_set_count(set); i++) {
		const struct segment_set_entry *entry;
		const struct segment *seg = segment_set_at(set, i, &entry);
		struct coverage_source *source;

		if (!seg) {
			TRY(coverage_add(out, arena, COVERAGE_NO_FEED, entry->source, 0, err,
					 "its segment cannot be opened; run: limpid db verify"));
			continue;
		}
		if (!asked(seg, out))
			continue;
		source = VEC_PUSH(&out->sources, arena);
		if (!source || !arena_copy(arena, entry->source, &source->name))
			return err_nomem(err, "coverage");
		source->segment = entry->digest;
		source->updated_s = entry->updated_s;
		source->records = segment_get_stats(seg)->advisories;
		if (entry->failed)
			TRY(coverage_add(out, arena, COVERAGE_FAILED_FEED, entry->source, 0, err,
					 "its last update failed: older advisories are in force"));
		if (entry->updated_s != DATE_NONE && options->now_s - entry->updated_s > stale_s)
			TRY(coverage_add(out, arena, COVERAGE_STALE_FEED, entry->source, 0, err,
					 "it was last updated %lld days ago",
					 (long long)((options->now_s - entry->updated_s) / 86400)));
	}
	return STATUS_OK;
}

enum status coverage_judge(const struct index_report *index, const struct segment_set *set,
			   const struct match_options *options, struct arena *arena, struct vulnerability_report *out,
			   struct err *err)
{
	TRY(judge_packages(index, set, options, arena, out, err));
	TRY(judge_emptiness(index, arena, out, err));
	TRY(judge_sources(set, options, arena, out, err));
	TRY(judge_reading(index, arena, out, err));
	out->complete = true;
	for (size_t i = 0; i < out->coverage.len; i++)
		if (coverage_is_gap(out->coverage.at[i].code))
			out->complete = false;
	return STATUS_OK;
}
