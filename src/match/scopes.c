/* SPDX-License-Identifier: Apache-2.0 */
/* scopes.c - from packages to scopes to the segments that have them. */
#include "match/scopes.h"

#include "match/scopes_cpe.h"

bool scopes_is_system(enum package_type t)
{
	return package_type_scope(t)[0] == '\0';
}

enum status scopes_damaged(struct scopes *s, size_t segment, const struct err *why, struct arena *arena,
			   struct err *err)
{
	if (s->damage[segment].len == 0 && !arena_copy(arena, slice_cstr(why->msg), &s->damage[segment]))
		return err_nomem(err, "scopes");
	return STATUS_OK;
}

typedef VEC(struct scope_place) place_list;

static enum status add_place(place_list *list, size_t segment, struct slice scope, struct arena *arena, struct err *err)
{
	struct scope_place *at = VEC_PUSH(list, arena);

	if (!at)
		return err_nomem(err, "scopes");
	*at = (struct scope_place){ segment, scope };
	return STATUS_OK;
}

/* The scopes of a segment that are "rhel:" and a CPE and hold for one of the image's repositories; or all that are
 * "rhcc:" and a CPE. */
static enum status find_repositories(const struct segment *seg, size_t number, const struct scopes_cpes *cpes,
				     place_list *list, struct arena *arena, struct err *err)
{
	size_t n = (size_t)segment_get_stats(seg)->scopes, low = 0, high = n;
	struct slice prefix = cpes ? SLICE("rhel:cpe:2.3:") : SLICE(SCOPES_IMAGES ":cpe:2.3:");

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_cmp(segment_scope(seg, middle), prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < n && slice_starts(segment_scope(seg, i), prefix); i++)
		if (!cpes || scopes_cpe_matches(cpes, slice_from(segment_scope(seg, i), 5)))
			TRY(add_place(list, number, segment_scope(seg, i), arena, err));
	return STATUS_OK;
}

static enum status find_places(struct scopes *s, const struct segment_set *set, struct arena *arena,
			       struct scope *scope, const struct scopes_cpes *said, struct err *err)
{
	size_t total = segment_set_count(set);
	bool images = slice_eq(scope->name, SLICE(SCOPES_IMAGES));
	struct scopes_cpes cpes;
	place_list list = { NULL, 0, 0 };

	if (scope->name.len == 0 || total == 0)
		return STATUS_OK;
	scopes_cpes_of(scope->name, &cpes);
	if (said)
		cpes = *said;
	for (size_t i = 0; i < total; i++) {
		const struct segment *seg = segment_set_at(set, i, NULL);
		struct err why = ERR_INIT;
		struct segment_rows rows = { .n = 0 };

		if (seg && segment_scope_rows(seg, scope->name, &rows, &why) != STATUS_OK)
			TRY(scopes_damaged(s, i, &why, arena, err));
		else if (rows.n > 0)
			TRY(add_place(&list, i, scope->name, arena, err));
		if (seg && (images || cpes.n > 0 || cpes.n_said > 0))
			TRY(find_repositories(seg, i, images ? NULL : &cpes, &list, arena, err));
	}
	scope->places = list.at;
	scope->n = list.len;
	return STATUS_OK;
}

bool scopes_has(const struct scope *s, struct slice scope)
{
	for (size_t i = 0; i < s->n; i++)
		if (slice_eq(s->places[i].scope, scope))
			return true;
	return slice_eq(s->name, scope);
}

static struct scope_of_run *find_run(const struct scopes *s, const struct index_package *p)
{
	for (size_t i = 0; i < s->n_runs; i++)
		if (s->of_runs[i].distribution == p->distribution && s->of_runs[i].first == p->repository &&
		    s->of_runs[i].n == p->n_repositories)
			return &s->of_runs[i];
	return NULL;
}

/* Some CPE name must be known of those that a package names; others leave it with what is assumed. */
static bool says_repositories(const struct index_report *index, const struct scopes *s, const struct index_package *p)
{
	struct scopes_cpes assumed;

	if (p->n_repositories == 0 || p->distribution == INDEX_NO_DISTRIBUTION)
		return false;
	scopes_cpes_of(s->of_distribution[p->distribution].name, &assumed);
	for (size_t i = 0; assumed.n > 0 && i < p->n_repositories; i++)
		if (slice_eq(index->repositories.at[p->repository + i].key, SLICE(REPOSITORY_CPE)) &&
		    index->repositories.at[p->repository + i].cpe.len > 0)
			return true;
	return false;
}

/* Images have a run for each layer that packages were installed in; more of them are asked by what is assumed. */
#define RUNS_MAX 512u

static enum status make_runs(const struct index_report *index, const struct segment_set *set, struct arena *arena,
			     struct scopes *out, struct err *err)
{
	VEC(struct scope_of_run) runs = { NULL, 0, 0 };

	for (size_t i = 0; i < index->packages.len && runs.len < RUNS_MAX; i++) {
		const struct index_package *p = &index->packages.at[i];
		struct scopes_cpes said = { .n = 0 };
		struct scope_of_run *run;

		if (!scopes_is_system(p->package.type) || find_run(out, p) || !says_repositories(index, out, p))
			continue;
		run = VEC_PUSH(&runs, arena);
		if (!run)
			return err_nomem(err, "scopes");
		*run = (struct scope_of_run){ p->distribution, p->repository, p->n_repositories, { .n = 0 } };
		run->scope.name = out->of_distribution[p->distribution].name;
		said.said = &index->repositories.at[p->repository];
		said.n_said = p->n_repositories;
		TRY(find_places(out, set, arena, &run->scope, &said, err));
		out->of_runs = runs.at;
		out->n_runs = runs.len;
	}
	return STATUS_OK;
}

/* ---- builds of vendors ---- */

typedef VEC(struct scope_of_vendor) vendor_list;
typedef VEC(struct scope_line) line_list;

static enum status vendor_place(struct scopes *s, const struct index_report *index, const struct segment_set *set,
				struct arena *arena, const struct index_package *p, enum vendor vendor,
				vendor_list *list, size_t *out, struct err *err)
{
	bool system = scopes_is_system(p->package.type);
	size_t distribution = system ? p->distribution : SIZE_MAX;
	struct scope_of_vendor *v;

	for (*out = 0; *out < list->len; (*out)++)
		if (list->at[*out].vendor == vendor && list->at[*out].type == p->package.type &&
		    list->at[*out].distribution == distribution)
			return STATUS_OK;
	v = VEC_PUSH(list, arena);
	if (!v)
		return err_nomem(err, "scopes");
	*v = (struct scope_of_vendor){ .vendor = vendor, .type = p->package.type, .distribution = distribution };
	if (!vendor_scope(vendor,
			  system ? s->of_distribution[distribution].name
				 : slice_cstr(package_type_scope(p->package.type)),
			  system ? &index->distributions.at[distribution] : NULL, arena, &v->scope.name))
		return err_nomem(err, "scopes");
	return find_places(s, set, arena, &v->scope, NULL, err);
}

static enum status make_lines(const struct index_report *index, const struct segment_set *set, struct arena *arena,
			      struct scopes *out, struct err *err)
{
	vendor_list vendors = { NULL, 0, 0 };
	line_list lines = { NULL, 0, 0 };

	for (size_t i = 0; i < index->packages.len; i++) {
		const struct index_package *p = &index->packages.at[i];
		struct scope_line line = { .package = i }, *at;
		enum vendor vendor;

		if (!vendor_package(&p->package, arena, &vendor, &line.base, &line.built))
			return err_nomem(err, "scopes");
		if (vendor == VENDOR_NONE ||
		    (scopes_is_system(p->package.type) && p->distribution == INDEX_NO_DISTRIBUTION))
			continue;
		TRY(vendor_place(out, index, set, arena, p, vendor, &vendors, &line.vendor, err));
		vendors.at[line.vendor].packages++;
		at = VEC_PUSH(&lines, arena);
		if (!at)
			return err_nomem(err, "scopes");
		*at = line;
	}
	out->of_vendors = vendors.at;
	out->n_vendors = vendors.len;
	out->lines = lines.at;
	out->n_lines = lines.len;
	return STATUS_OK;
}

const struct scope_line *scopes_line(const struct scopes *s, size_t package)
{
	size_t low = 0, high = s->n_lines;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->lines[middle].package < package)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n_lines && s->lines[low].package == package ? &s->lines[low] : NULL;
}

enum status scopes_make(const struct index_report *index, const struct segment_set *set, struct arena *arena,
			struct scopes *out, struct err *err)
{
	size_t n = index->distributions.len;

	memset(out, 0, sizeof(*out));
	out->of_distribution = arena_array(arena, n + 1, sizeof(*out->of_distribution));
	out->damage = arena_array(arena, segment_set_count(set) + 1, sizeof(*out->damage));
	if (!out->of_distribution || !out->damage)
		return err_nomem(err, "scopes");
	for (size_t i = 0; i < n; i++) {
		struct scope *scope = &out->of_distribution[i];

		if (!distribution_scope(&index->distributions.at[i], arena, &scope->name))
			return err_nomem(err, "scopes");
		TRY(find_places(out, set, arena, scope, NULL, err));
	}
	TRY(make_runs(index, set, arena, out, err));
	for (size_t i = 0; i < index->packages.len; i++) {
		enum package_type t = index->packages.at[i].package.type;
		struct scope *scope = &out->of_type[t];

		if (t == PACKAGE_OCI)
			out->image_layer = MAX(out->image_layer, index->packages.at[i].layer);
		if (scope->name.len > 0 || scopes_is_system(t))
			continue;
		scope->name = slice_cstr(package_type_scope(t));
		TRY(find_places(out, set, arena, scope, NULL, err));
	}
	return make_lines(index, set, arena, out, err);
}

const struct scope *scopes_of(const struct scopes *s, const struct index_package *p)
{
	const struct scope_of_run *run;

	if (p->package.type == PACKAGE_OCI && p->layer < s->image_layer)
		return &s->of_images_below;
	if (!scopes_is_system(p->package.type))
		return &s->of_type[p->package.type];
	run = p->n_repositories > 0 ? find_run(s, p) : NULL;
	if (run)
		return &run->scope;
	return p->distribution == INDEX_NO_DISTRIBUTION ? NULL : &s->of_distribution[p->distribution];
}

/* What Clair calls the repository of images that say no product. */
#define CATALOGUE "Red Hat Container Catalog"

bool scopes_concerns(const struct index_report *index, const struct index_package *p, struct slice scope)
{
	struct slice prefix = SLICE(SCOPES_IMAGES ":");

	if (p->package.type != PACKAGE_OCI || !slice_starts(scope, prefix))
		return true;
	for (size_t i = 0; i < p->n_repositories; i++) {
		const struct layer_repository *r = &index->repositories.at[p->repository + i];
		const struct scopes_cpes said = { .said = r, .n_said = 1 };

		if (slice_eq(r->key, SLICE(REPOSITORY_CONTAINERS)) &&
		    (slice_eq(r->name, SLICE(CATALOGUE)) || scopes_cpe_matches(&said, slice_from(scope, prefix.len))))
			return true;
	}
	return false;
}

bool scopes_says_product(const struct index_report *index, const struct index_package *p)
{
	for (size_t i = 0; i < p->n_repositories; i++)
		if (slice_eq(index->repositories.at[p->repository + i].key, SLICE(REPOSITORY_CONTAINERS)))
			return true;
	return p->package.type != PACKAGE_OCI;
}

static void leave_out(const struct match_options *options, struct scope *scope)
{
	if (scope->name.len == 0 || options->scope_wanted(options->scope_wanted_ctx, scope->name))
		return;
	scope->left_out = true;
	scope->n = 0;
}

void scopes_leave_out(const struct index_report *index, const struct match_options *options, struct scopes *s)
{
	if (!options->scope_wanted)
		return;
	for (size_t i = 0; i < index->distributions.len; i++)
		leave_out(options, &s->of_distribution[i]);
	for (size_t i = 0; i < s->n_runs; i++)
		leave_out(options, &s->of_runs[i].scope);
	for (size_t i = 0; i < PACKAGE_TYPE_COUNT; i++)
		leave_out(options, &s->of_type[i]);
	for (size_t i = 0; i < s->n_vendors; i++)
		leave_out(options, &s->of_vendors[i].scope);
}
