/* SPDX-License-Identifier: Apache-2.0 */
/* coverage.c - judges what a report can and cannot speak of. */
#include "match/coverage.h"

#include "match/rules.h"
#include "match/scopes_cpe.h"
#include "model/enrichment.h"

#include <stdarg.h>
#include <stdio.h>

/* Items of one code: more lines about single files or packages help nobody; the rest is counted. */
#define ITEMS_MAX 200

void coverage_fini(struct coverage *c)
{
	map_fini(&c->seen);
}

static enum status nomem(struct err *err)
{
	return err_nomem(err, "coverage");
}

static struct coverage_item *push(struct coverage *c, enum coverage_code code, struct slice scope, size_t packages)
{
	struct coverage_item *item = VEC_PUSH(&c->out->coverage, c->arena);

	if (!item || !arena_copy(c->arena, scope, &item->scope))
		return NULL;
	item->code = code;
	item->packages = packages;
	return item;
}

/* Are items of this code told apart by their text, too? Of others there is one per scope. */
static bool is_by_detail(enum coverage_code code)
{
	return code == COVERAGE_NOT_READ || code == COVERAGE_BAD_ADVISORY;
}

/* Thousands of packages of one database say the same one after another. */
static bool repeats_last(const struct coverage *c, enum coverage_code code, struct slice scope)
{
	const struct coverage_item *last;

	if (c->out->coverage.len == 0 || is_by_detail(code))
		return false;
	last = &c->out->coverage.at[c->out->coverage.len - 1];
	return last->code == code && slice_eq(last->scope, scope);
}

/* Add one item; what is said already only counts its packages. fmt makes the sentence. */
PRINTF_LIKE(6, 7)
static enum status add(struct coverage *c, enum coverage_code code, struct slice scope, size_t packages,
		       struct err *err, const char *fmt, ...)
{
	struct coverage_item *item;
	struct slice detail, key;
	char text[1024];
	uint64_t *slot;
	bool is_new;
	va_list ap;

	if (repeats_last(c, code, scope)) {
		c->out->coverage.at[c->out->coverage.len - 1].packages += packages;
		return STATUS_OK;
	}
	if (c->listed[code] >= ITEMS_MAX) {
		c->unlisted[code]++;
		return STATUS_OK;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!arena_copy(c->arena, slice_cstr(text), &detail) ||
	    !arena_printf(c->arena, &key, "%d %.*s%c%.*s", (int)code, SLICE_ARG(scope), '\1',
			  SLICE_ARG(is_by_detail(code) ? detail : SLICE_EMPTY)) ||
	    !(slot = map_slot(&c->seen, key, &is_new)))
		return nomem(err);
	if (!is_new) {
		if (*slot > 0)
			c->out->coverage.at[*slot - 1].packages += packages;
		return STATUS_OK;
	}
	c->listed[code]++;
	item = push(c, code, scope, packages);
	if (!item)
		return nomem(err);
	item->detail = detail;
	*slot = c->out->coverage.len;
	return STATUS_OK;
}

static enum status tell_unlisted(struct coverage *c, struct err *err)
{
	for (size_t code = 0; code < COVERAGE_COUNT; code++) {
		struct coverage_item *item;

		if (c->unlisted[code] == 0)
			continue;
		item = push(c, (enum coverage_code)code, SLICE("more"), 0);
		if (!item ||
		    !arena_printf(c->arena, &item->detail, "%zu more of this kind are not listed", c->unlisted[code]))
			return nomem(err);
	}
	return STATUS_OK;
}

enum status coverage_bad_row(struct coverage *c, struct slice id, const struct package *p, const char *why,
			     struct err *err)
{
	struct err_quote a, b, v;

	return add(c, COVERAGE_BAD_ADVISORY, p->name, 1, err, "%s could not be judged for %s %s: %s", err_slice(&a, id),
		   err_slice(&b, p->name), err_slice(&v, p->version), why);
}

enum status coverage_limit(struct coverage *c, struct slice limit, size_t packages, struct err *err)
{
	return add(c, COVERAGE_LIMIT, limit, packages, err,
		   "the report is full: these packages were not looked up, though their kind is said to be");
}

/* ---- what was looked up ---- */

/* Is a segment of the feed one of those that are asked? */
static bool asks_feed(const struct coverage *c, const struct scope *scope, struct slice feed)
{
	for (size_t i = 0; i < scope->n; i++) {
		const struct segment_set_entry *entry;

		segment_set_at(c->set, scope->places[i].segment, &entry);
		if (slice_eq(entry->feed, feed))
			return true;
	}
	return false;
}

static enum status judge_end_of_life(struct coverage *c, const struct match_options *options,
				     const struct scope *scope, size_t packages, struct err *err)
{
	struct date_text day, extended;
	struct slice feed;
	int64_t last_s, extended_s;

	if (!distribution_end_of_life(scope->name, &last_s) || options->now_s < last_s + 86400)
		return STATUS_OK;
	if (distribution_extended(scope->name, &feed, &extended_s) && asks_feed(c, scope, feed))
		return add(c, COVERAGE_END_OF_LIFE, scope->name, packages, err,
			   "the release gets no advisories of its project since %.10s; %.*s was looked up, which is "
			   "for some of its packages and %s %.10s",
			   date_print(&day, last_s), SLICE_ARG(feed),
			   options->now_s < extended_s + 86400 ? "goes on until" : "ended on",
			   date_print(&extended, extended_s));
	return add(c, COVERAGE_END_OF_LIFE, scope->name, packages, err,
		   "the release gets no advisories since %.10s: newer vulnerabilities are not known to its feed",
		   date_print(&day, last_s));
}

static enum status judge_scope(struct coverage *c, const struct match_options *options, const struct scope *scope,
			       enum package_type type, size_t packages, size_t said, struct err *err)
{
	const char *label = package_type_label(type);
	bool comparable = package_type_scheme(type) != NULL;
	struct slice feed = SLICE_EMPTY;
	struct scopes_cpes assumed;

	if (scope->left_out)
		return add(c, COVERAGE_NO_FEED, scope->name, packages, err,
			   "%s were not looked up: the settings leave them out (matchers.names)", label);
	TRY(judge_end_of_life(c, options, scope, packages, err));
	if (scope->n > 0 && !comparable)
		return add(c, COVERAGE_NO_FEED, scope->name, packages, err,
			   "%s were not looked up: limpid does not compare such versions", label);
	scopes_cpes_of(scope->name, &assumed);
	if (scope->n > 0 && assumed.n > 0 && said >= packages)
		return add(c, COVERAGE_COVERED, scope->name, packages, err,
			   "%s were looked up by the repositories that the image names", label);
	if (scope->n > 0 && assumed.n > 0 && said > 0)
		return add(c, COVERAGE_COVERED, scope->name, packages, err,
			   "%s were looked up; of %zu of them nothing says which repositories they are from: those of "
			   "the system are assumed",
			   label, packages - said);
	if (scope->n > 0 && assumed.n > 0)
		return add(c, COVERAGE_COVERED, scope->name, packages, err,
			   "%s were looked up; nothing says which repositories they are from: those of the system are "
			   "assumed",
			   label);
	if (scope->n > 0)
		return add(c, COVERAGE_COVERED, scope->name, packages, err, "%s were looked up", label);
	if (options->scope_served && options->scope_served(scope->name, &feed))
		return add(
			c, COVERAGE_NO_FEED, scope->name, packages, err,
			"%s were not looked up: the database has no advisories for it; run: limpid update --set %.*s",
			label, SLICE_ARG(feed));
	return add(c, COVERAGE_NO_FEED, scope->name, packages, err,
		   "%s were not looked up: no feed of limpid has advisories for it", label);
}

static enum status judge_unknown(struct coverage *c, const struct distribution *d, const char *label, size_t packages,
				 struct err *err)
{
	const struct distro *known = distro_by_id(d->did);
	struct err_quote a, b;

	if (known)
		return add(c, COVERAGE_UNKNOWN_DISTRIBUTION, d->did, packages, err,
			   "%s were not looked up: nothing says which release of %s it is", label, distro_name(known));
	return add(c, COVERAGE_UNKNOWN_DISTRIBUTION, d->did, packages, err,
		   "%s were not looked up: the distribution %s %s is not known", label, err_slice(&a, d->did),
		   err_slice(&b, d->version_id));
}

/* What Canonical builds for FIPS is looked up in OSV's records alone. */
static enum status judge_fips(struct coverage *c, const struct scope *scope, size_t packages, struct err *err)
{
	if (packages == 0 || scope->n == 0 || asks_feed(c, scope, SLICE("osv")))
		return STATUS_OK;
	return add(c, COVERAGE_NO_FEED, SLICE("ubuntu FIPS"), packages, err,
		   "FIPS builds of Ubuntu were not looked up: the database has no advisories for them; run: limpid "
		   "update --set osv/ubuntu");
}

struct counts {
	size_t *of_distribution; /* packages that count under it */
	size_t *of_fips;	 /* Ubuntu's FIPS builds among them */
	size_t *of_runs;	 /* those of them that say their repositories */
	enum package_type *distribution_type;
	size_t of_type[PACKAGE_TYPE_COUNT];
};

/* "ruby:usr/share/x.gemspec" -> "ruby" */
static struct slice kind_of_place(struct slice db)
{
	slice_cut(db, ':', &db, NULL);
	return db.len > 0 ? db : SLICE("unknown");
}

static void count_run(const struct scopes *scopes, const struct index_package *p, struct counts *counts)
{
	const struct scope *scope = scopes_of(scopes, p);

	for (size_t i = 0; i < scopes->n_runs; i++)
		counts->of_runs[i] += scope == &scopes->of_runs[i].scope;
}

/* How many packages of a distribution say their repositories; those of which there is no advisory at all are told. */
static enum status judge_runs(struct coverage *c, const struct scopes *scopes, size_t distribution,
			      const struct counts *counts, size_t *out_said, struct err *err)
{
	*out_said = 0;
	for (size_t i = 0; i < scopes->n_runs; i++) {
		const struct scope_of_run *run = &scopes->of_runs[i];

		if (run->distribution != distribution)
			continue;
		*out_said += counts->of_runs[i];
		if (run->scope.n == 0 && !run->scope.left_out && scopes->of_distribution[distribution].n > 0)
			TRY(add(c, COVERAGE_NO_FEED, run->scope.name, counts->of_runs[i], err,
				"packages were not looked up: the database has no advisories for the repositories that "
				"the image names"));
	}
	return STATUS_OK;
}

/* A line of Node.js ("nodejs:18", "nodejs:0.12") that is not maintained: advisories no longer speak of it. */
static enum status judge_line(struct coverage *c, const struct index_package *p, const struct match_options *options,
			      struct err *err)
{
	struct slice major, minor, scope;
	struct date_text day;
	int64_t last_s;

	slice_cut(p->package.version, '.', &major, &minor);
	slice_cut(minor, '.', &minor, NULL);
	if (slice_eq(major, SLICE("0")))
		major = slice_make(major.ptr, (size_t)(minor.ptr - major.ptr) + minor.len);
	if (!arena_printf(c->arena, &scope, "nodejs:%.*s", SLICE_ARG(major)))
		return err_nomem(err, "coverage");
	if (!distribution_end_of_life(scope, &last_s) || options->now_s < last_s + 86400)
		return STATUS_OK;
	return add(c, COVERAGE_END_OF_LIFE, scope, 1, err,
		   "this line of Node.js is not maintained since %.10s: newer vulnerabilities are not said to be in it",
		   date_print(&day, last_s));
}

/* One package: counted under its scope, or told of at once. */
static enum status count_package(struct coverage *c, const struct index_package *p, const struct match_options *options,
				 const struct scopes *scopes, struct counts *counts, struct err *err)
{
	const char *label = package_type_label(p->package.type);
	struct err_quote name, version;

	/* Only in index reports of others. */
	if (p->package.type == PACKAGE_NONE)
		return add(c, COVERAGE_NO_FEED, kind_of_place(p->package.db), 1, err,
			   "packages of this kind were not looked up: limpid does not know it");
	if (!scopes_says_product(c->out->index, p))
		return add(c, COVERAGE_NO_FEED, SLICE(SCOPES_IMAGES), 1, err,
			   "%s were not looked up: nothing says which product of Red Hat's they are of", label);
	if (scopes_of(scopes, p) == &scopes->of_images_below)
		return add(c, COVERAGE_OWNED, SLICE(SCOPES_IMAGES), 1, err,
			   "%s that this one was made from: the advisories of this one count", label);
	if (!rules_has_version(&p->package)) {
		/* A program built from a work tree has no version; that is not a defect of the image. */
		if (p->package.flags & PACKAGE_MAIN_MODULE)
			return STATUS_OK;
		return add(c, COVERAGE_BAD_VERSION, p->package.name, 1, err,
			   "%s %s was not compared: its version does not follow its scheme; only advisories that list "
			   "this version are known to concern it",
			   err_slice(&name, p->package.name), err_slice(&version, p->package.version));
	}
	if ((p->package.flags & PACKAGE_OWNED) && !options->owned)
		return add(c, COVERAGE_OWNED, slice_cstr(package_type_purl(p->package.type)), 1, err,
			   "%s that belong to system packages: the system's advisories count", label);
	if ((p->package.flags & PACKAGE_DEV) && !options->dev)
		TRY(add(c, COVERAGE_DEV, slice_cstr(package_type_purl(p->package.type)), 1, err,
			"%s that only who works on the project needs: they have no findings without --dev", label));
	if (p->package.type == PACKAGE_NODEJS)
		TRY(judge_line(c, p, options, err));
	if (!scopes_is_system(p->package.type)) {
		counts->of_type[p->package.type]++;
	} else if (p->distribution != INDEX_NO_DISTRIBUTION) {
		counts->of_distribution[p->distribution]++;
		counts->of_fips[p->distribution] +=
			rules_is_fips(&p->package) &&
			slice_starts(scopes->of_distribution[p->distribution].name, SLICE("ubuntu:"));
		counts->distribution_type[p->distribution] = p->package.type;
		count_run(scopes, p, counts);
	} else {
		return add(c, COVERAGE_NO_DISTRIBUTION, p->package.db, 1, err,
			   "%s were not looked up: nothing in the image says what distribution they are of", label);
	}
	return STATUS_OK;
}

/* What vendors say of their builds; what is said of the originals is another scope's. */
static enum status judge_vendors(struct coverage *c, const struct match_options *options, const struct scopes *scopes,
				 struct err *err)
{
	for (size_t i = 0; i < scopes->n_vendors; i++) {
		const struct scope_of_vendor *v = &scopes->of_vendors[i];
		const char *label = package_type_label(v->type), *by = vendor_name(v->vendor);
		struct slice feed = SLICE_EMPTY;

		if (v->scope.name.len == 0)
			continue;
		if (v->scope.left_out)
			TRY(add(c, COVERAGE_NO_FEED, v->scope.name, v->packages, err,
				"%s that %s built were looked up as what they were built of: the settings leave its "
				"advisories out (matchers.names)",
				label, by));
		else if (v->scope.n > 0)
			TRY(add(c, COVERAGE_COVERED, v->scope.name, v->packages, err,
				"%s that %s built were looked up: its fixes count, beside what is said of the version "
				"that each was built of",
				label, by));
		else if (options->scope_served && options->scope_served(v->scope.name, &feed))
			TRY(add(c, COVERAGE_NO_FEED, v->scope.name, v->packages, err,
				"%s that %s built were looked up as what they were built of: the database has none of "
				"its advisories for them, and does not know its fixes; see: limpid update --set %.*s",
				label, by, SLICE_ARG(feed)));
		else
			TRY(add(c, COVERAGE_NO_FEED, v->scope.name, v->packages, err,
				"%s that %s built were looked up as what they were built of: its fixes are not known",
				label, by));
	}
	return STATUS_OK;
}

static enum status judge_packages(struct coverage *c, const struct index_report *index,
				  const struct match_options *options, const struct scopes *scopes, struct err *err)
{
	struct counts counts = { .of_type = { 0 } };
	size_t n = index->distributions.len;

	counts.of_distribution = arena_array(c->arena, n + 1, sizeof(*counts.of_distribution));
	counts.of_fips = arena_array(c->arena, n + 1, sizeof(*counts.of_fips));
	counts.distribution_type = arena_array(c->arena, n + 1, sizeof(*counts.distribution_type));
	counts.of_runs = arena_array(c->arena, scopes->n_runs + 1, sizeof(*counts.of_runs));
	if (!counts.of_distribution || !counts.of_fips || !counts.distribution_type || !counts.of_runs)
		return nomem(err);
	for (size_t i = 0; i < index->packages.len; i++)
		TRY(count_package(c, &index->packages.at[i], options, scopes, &counts, err));
	for (size_t i = 0; i < n; i++) {
		const struct scope *scope = &scopes->of_distribution[i];
		const char *label = package_type_label(counts.distribution_type[i]);
		size_t said = 0;

		if (counts.of_distribution[i] == 0)
			continue;
		TRY(judge_runs(c, scopes, i, &counts, &said, err));
		if (scope->name.len == 0)
			TRY(judge_unknown(c, &index->distributions.at[i], label, counts.of_distribution[i], err));
		else
			TRY(judge_scope(c, options, scope, counts.distribution_type[i], counts.of_distribution[i], said,
					err));
		TRY(judge_fips(c, scope, counts.of_fips[i], err));
	}
	for (size_t t = 0; t < PACKAGE_TYPE_COUNT; t++)
		if (counts.of_type[t] > 0)
			TRY(judge_scope(c, options, &scopes->of_type[t], (enum package_type)t, counts.of_type[t], 0,
					err));
	return judge_vendors(c, options, scopes, err);
}

/* An operating system was recognised but none of its packages, or nothing was found at all. */
static enum status judge_emptiness(struct coverage *c, const struct index_report *index, struct err *err)
{
	const struct distro *distro =
		index->distributions.len > 0 ? distro_by_id(index->distributions.at[0].did) : NULL;
	bool system = false;
	struct err_quote q;

	for (size_t i = 0; i < index->packages.len; i++)
		system |= scopes_is_system(index->packages.at[i].package.type) ||
			  (distro && distro_package_type(distro) == index->packages.at[i].package.type);
	if (index->packages.len == 0)
		return add(c, COVERAGE_NO_PACKAGES, SLICE_EMPTY, 0, err,
			   "no package was found: nothing could be looked up");
	if (!system && index->distributions.len > 0)
		return add(c, COVERAGE_NO_PACKAGES, index->distributions.at[0].did, 0, err,
			   "the image says that it is %s, but no system package was found",
			   err_slice(&q, index->distributions.at[0].did));
	return STATUS_OK;
}

static enum status judge_reading(struct coverage *c, const struct index_report *index, struct err *err)
{
	bool told = false;

	for (size_t i = 0; i < index->diags.len; i++) {
		const struct layer_diag *d = &index->diags.at[i].diag;
		struct digest_text digest = { "" };
		struct slice scope = d->where;

		if (diag_severity(d->code) < DIAG_SEVERITY_WARNING)
			continue;
		told = true;
		if (scope.len == 0 && index->diags.at[i].layer < index->layers.len) {
			const struct index_layer *layer = &index->layers.at[index->diags.at[i].layer];

			/* Archives of docker save say only the DiffID. */
			scope = slice_cstr(digest_print(&digest, layer->digest.algo != DIGEST_NONE ? &layer->digest
												   : &layer->diff_id));
		}
		TRY(add(c, COVERAGE_NOT_READ, scope, 0, err, "%.*s", SLICE_ARG(d->text)));
	}
	if (!told && !index->complete)
		return add(c, COVERAGE_NOT_READ, SLICE_EMPTY, 0, err, "the image was not read completely");
	return STATUS_OK;
}

/* ---- the sources that were asked ---- */

static bool has_segment(const struct scope *scope, size_t segment)
{
	for (size_t i = 0; i < scope->n; i++)
		if (scope->places[i].segment == segment)
			return true;
	return false;
}

static const struct scope *scope_at(const struct scopes *scopes, size_t n_distributions, size_t i)
{
	if (i < n_distributions)
		return &scopes->of_distribution[i];
	i -= n_distributions;
	if (i < PACKAGE_TYPE_COUNT)
		return &scopes->of_type[i];
	i -= PACKAGE_TYPE_COUNT;
	return i < scopes->n_runs ? &scopes->of_runs[i].scope : &scopes->of_vendors[i - scopes->n_runs].scope;
}

static bool was_asked(const struct coverage *c, const struct scopes *scopes, size_t segment)
{
	size_t n = c->out->index->distributions.len;

	for (size_t i = 0; i < n + PACKAGE_TYPE_COUNT + scopes->n_runs + scopes->n_vendors; i++)
		if (has_segment(scope_at(scopes, n, i), segment))
			return true;
	return false;
}

/* Nobody knows what a source would have said that cannot be opened; it matters if its feed serves a scope of the image.
 */
static bool is_missed(const struct coverage *c, const struct scopes *scopes, const struct segment_set_entry *entry,
		      const struct match_options *options)
{
	size_t n = c->out->index->distributions.len;
	enum enricher enricher;

	if (enricher_of_source(entry->source, &enricher))
		return false;
	for (size_t i = 0; i < n + PACKAGE_TYPE_COUNT + scopes->n_runs + scopes->n_vendors; i++) {
		struct slice scope = scope_at(scopes, n, i)->name, feed = SLICE_EMPTY;

		if (scope.len == 0)
			continue;
		if (entry->feed.len == 0 || !options->scope_served ||
		    (options->scope_served(scope, &feed) && slice_eq(feed, entry->feed)))
			return true;
	}
	return false;
}

static enum status judge_source(struct coverage *c, const struct segment_set_entry *entry, const struct segment *seg,
				const struct match_options *options, struct err *err)
{
	int64_t stale_s = options->stale_s ? options->stale_s : MATCH_STALE_S;
	struct coverage_source *source = VEC_PUSH(&c->out->sources, c->arena);

	if (!source || !arena_copy(c->arena, entry->source, &source->name))
		return nomem(err);
	source->segment = entry->digest;
	source->updated_s = entry->updated_s;
	source->records = segment_get_stats(seg)->advisories;
	if (entry->failed)
		TRY(add(c, COVERAGE_FAILED_FEED, entry->source, 0, err,
			"its last update failed: older advisories are in force"));
	if (entry->updated_s != DATE_NONE && options->now_s - entry->updated_s > stale_s)
		TRY(add(c, COVERAGE_STALE_FEED, entry->source, 0, err, "it was last updated %lld days ago",
			(long long)((options->now_s - entry->updated_s) / 86400)));
	return STATUS_OK;
}

static enum status judge_missing(struct coverage *c, const struct segment_set_entry *entry, struct slice why,
				 struct err *err)
{
	if (entry->digest.algo == DIGEST_NONE)
		return add(c, COVERAGE_NO_FEED, entry->source, 0, err, "it has never been read; run: limpid update");
	return add(c, COVERAGE_NO_FEED, entry->source, 0, err,
		   "its segment cannot be opened (%.*s); run: limpid update", SLICE_ARG(why));
}

static enum status judge_sources(struct coverage *c, const struct segment_set *set, const struct match_options *options,
				 const struct scopes *scopes, struct err *err)
{
	for (size_t i = 0; i < segment_set_count(set); i++) {
		const struct segment_set_entry *entry;
		const struct segment *seg = segment_set_at(set, i, &entry);

		if (!seg && is_missed(c, scopes, entry, options))
			TRY(judge_missing(c, entry, segment_set_why(set, i), err));
		if (seg && was_asked(c, scopes, i))
			TRY(judge_source(c, entry, seg, options, err));
		if (scopes->damage[i].len > 0)
			TRY(add(c, COVERAGE_NO_FEED, entry->source, 0, err,
				"its segment is damaged (%.*s); run: limpid db verify", SLICE_ARG(scopes->damage[i])));
	}
	return STATUS_OK;
}

enum status coverage_judge(struct coverage *c, const struct index_report *index, const struct segment_set *set,
			   const struct match_options *options, const struct scopes *scopes, struct err *err)
{
	c->set = set;
	TRY(judge_packages(c, index, options, scopes, err));
	TRY(judge_emptiness(c, index, err));
	TRY(judge_sources(c, set, options, scopes, err));
	TRY(judge_reading(c, index, err));
	TRY(tell_unlisted(c, err));
	c->out->complete = true;
	for (size_t i = 0; i < c->out->coverage.len; i++)
		if (coverage_is_gap(c->out->coverage.at[i].code))
			c->out->complete = false;
	return STATUS_OK;
}
