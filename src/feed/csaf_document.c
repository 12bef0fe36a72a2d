/* SPDX-License-Identifier: Apache-2.0 */
/* csaf_document.c - product trees, relationships, impacts and remediations of a CSAF document. */
#include "feed/csaf_document.h"

#include "text/cpe.h"
#include "text/purl.h"

/* Relationships that are followed: a package of a module of a repository needs two. */
#define HOPS_MAX 5
#define BRANCHES_DEPTH 64

void csaf_document_fini(struct csaf_document *d)
{
	map_fini(&d->products);
	map_fini(&d->relations);
	map_fini(&d->impacts);
	map_fini(&d->remedies);
}

static bool put(struct map *m, struct slice id, const void *value)
{
	return id.len == 0 || map_put(m, id, (uint64_t)(uintptr_t)value);
}

static void *get(const struct map *m, struct slice id)
{
	uint64_t value;

	return id.len > 0 && map_get(m, id, &value) ? (void *)(uintptr_t)value : NULL;
}

static bool add_product(struct csaf_document *d, yyjson_val *product)
{
	yyjson_val *helper = json_get(product, "product_identification_helper");
	struct slice id = json_get_str(product, "product_id");
	struct csaf_product *p;

	if (id.len == 0)
		return true;
	p = ARENA_NEW(d->arena, struct csaf_product);
	if (!p)
		return false;
	p->purl = json_get_str(helper, "purl");
	p->cpe = json_get_str(helper, "cpe");
	return put(&d->products, id, p);
}

/* Branches lie in branches; a stack of iterators instead of recursion. */
static bool add_branches(struct csaf_document *d, yyjson_val *branches)
{
	yyjson_arr_iter stack[BRANCHES_DEPTH];
	size_t depth = 0;

	if (yyjson_arr_iter_init(branches, &stack[0]))
		depth = 1;
	while (depth > 0) {
		yyjson_val *branch = yyjson_arr_iter_next(&stack[depth - 1]), *inner;

		if (!branch) {
			depth--;
			continue;
		}
		if (!add_product(d, json_get(branch, "product")))
			return false;
		inner = json_get(branch, "branches");
		if (depth < BRANCHES_DEPTH && yyjson_is_arr(inner) && yyjson_arr_iter_init(inner, &stack[depth]))
			depth++;
	}
	return true;
}

static bool add_relations(struct csaf_document *d, yyjson_val *list)
{
	yyjson_val *relation;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, relation)
	{
		struct slice id = json_get_str(json_get(relation, "full_product_name"), "product_id");

		if (slice_eq(json_get_str(relation, "category"), SLICE("default_component_of")) &&
		    !put(&d->relations, id, relation))
			return false;
	}
	return true;
}

/* Of several the last counts for impacts, the first for remediations. */
static bool add_products_of(struct map *m, yyjson_val *item, bool first_counts)
{
	yyjson_val *id;
	size_t i, n;

	yyjson_arr_foreach(json_get(item, "product_ids"), i, n, id)
	{
		if (first_counts && get(m, json_str(id)))
			continue;
		if (!put(m, json_str(id), item))
			return false;
	}
	return true;
}

static bool add_judgements(struct csaf_document *d, yyjson_val *vulnerability)
{
	yyjson_val *item;
	size_t i, n;

	yyjson_arr_foreach(json_get(vulnerability, "threats"), i, n, item)
	{
		if (slice_eq(json_get_str(item, "category"), SLICE("impact")) &&
		    !add_products_of(&d->impacts, item, false))
			return false;
	}
	yyjson_arr_foreach(json_get(vulnerability, "remediations"), i, n, item)
	{
		struct slice category = json_get_str(item, "category");

		if ((slice_eq(category, SLICE("no_fix_planned")) || slice_eq(category, SLICE("none_available"))) &&
		    !add_products_of(&d->remedies, item, true))
			return false;
	}
	return true;
}

bool csaf_document_read(struct csaf_document *d, yyjson_val *root, yyjson_val *vulnerability, struct arena *arena,
			const struct limits *limits)
{
	yyjson_val *tree = json_get(root, "product_tree"), *product;
	size_t i, n;

	*d = (struct csaf_document){ .arena = arena,
				     .limits = limits,
				     .products = MAP_INIT,
				     .relations = MAP_INIT,
				     .impacts = MAP_INIT,
				     .remedies = MAP_INIT };
	if (!add_branches(d, json_get(tree, "branches")))
		return false;
	yyjson_arr_foreach(json_get(tree, "full_product_names"), i, n,
			   product) if (!add_product(d, product)) return false;
	return add_relations(d, json_get(tree, "relationships")) && add_judgements(d, vulnerability);
}

/* ---- packages and repositories ---- */

static struct slice qualifier(const struct purl *p, const char *key)
{
	for (size_t i = 0; i < p->n_qualifiers; i++)
		if (slice_eq(p->qualifiers[i].key, slice_cstr(key)))
			return p->qualifiers[i].value;
	return SLICE_EMPTY;
}

/* "nodejs:18:8090020231113..." -> "nodejs:18"; empty if it names no stream. */
static struct slice name_and_stream(struct slice text)
{
	struct slice name, stream, rest;

	if (!slice_cut(text, ':', &name, &rest))
		return SLICE_EMPTY;
	slice_cut(rest, ':', &stream, NULL);
	return name.len > 0 && stream.len > 0 ? slice_take(text, name.len + 1 + stream.len) : SLICE_EMPTY;
}

static const char *read_rpm(struct csaf_document *d, const struct purl *purl, struct csaf_product *p)
{
	struct slice epoch = qualifier(purl, "epoch"), module = qualifier(purl, "rpmmod");

	if (!slice_eq(purl->namespace_, SLICE("redhat")) || purl->name.len == 0)
		return NULL;
	p->name = purl->name;
	p->arch = qualifier(purl, "arch");
	if (slice_eq(p->arch, SLICE("amd64")))
		p->arch = SLICE("x86_64");
	p->module = name_and_stream(module);
	if (module.len > 0 && p->module.len == 0)
		return "its module has no name or no stream";
	if (purl->version.len > 0 &&
	    !arena_printf(d->arena, &p->version, "%.*s:%.*s", SLICE_ARG(epoch.len > 0 ? epoch : SLICE("0")),
			  SLICE_ARG(purl->version)))
		return "there is no memory";
	p->package = CSAF_READ;
	return NULL;
}

/* Where the purl has no namespace, the registry's address ends in the whole name. */
static const char *read_image(struct csaf_document *d, const struct purl *purl, struct csaf_product *p)
{
	struct slice url = qualifier(purl, "repository_url");

	if (purl->namespace_.len > 0) {
		if (!arena_printf(d->arena, &p->name, "%.*s/%.*s", SLICE_ARG(purl->namespace_), SLICE_ARG(purl->name)))
			return "there is no memory";
	} else if (url.len == 0) {
		p->name = purl->name;
	} else if (!slice_cut(url, '/', NULL, &p->name)) {
		return "its repository_url names no image";
	}
	if (p->name.len == 0)
		return NULL;
	p->image = true;
	p->version = qualifier(purl, "tag");
	p->arch = qualifier(purl, "arch");
	if (slice_eq(p->arch, SLICE("amd64")))
		p->arch = SLICE("x86_64");
	p->package = CSAF_READ;
	return NULL;
}

static const char *read_package(struct csaf_document *d, struct csaf_product *p)
{
	struct purl purl;
	struct err err = ERR_INIT;

	p->package = CSAF_UNUSABLE;
	if (p->purl.len == 0)
		return NULL;
	if (purl_parse(p->purl, d->arena, &purl, &err) != STATUS_OK)
		return "its purl cannot be read";
	if (slice_eq(purl.type, SLICE("rpm")))
		return read_rpm(d, &purl, p);
	if (slice_eq(purl.type, SLICE("oci")))
		return read_image(d, &purl, p);
	/* A module as such: "pkg:rpmmod/redhat/nodejs@18:8090020231113:..." */
	if (slice_eq(purl.type, SLICE("rpmmod"))) {
		struct slice stream;

		slice_cut(purl.version, ':', &stream, NULL);
		if (stream.len > 0 &&
		    !arena_printf(d->arena, &p->module, "%.*s:%.*s", SLICE_ARG(purl.name), SLICE_ARG(stream)))
			return "there is no memory";
	}
	return NULL;
}

static const char *read_repository(struct csaf_document *d, struct csaf_product *p)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(1024);
	struct slice name;
	struct cpe cpe;
	struct err err = ERR_INIT;

	p->repository = CSAF_UNUSABLE;
	if (p->cpe.len == 0)
		return NULL;
	if (cpe_parse(p->cpe, d->arena, &cpe, &err) != STATUS_OK)
		return "its CPE cannot be read";
	cpe_print(&cpe, &text);
	name = buf_slice(&text);
	if (text.failed != STATUS_OK || !arena_printf(d->arena, &p->scope, "rhel:%.*s", SLICE_ARG(name)) ||
	    !arena_printf(d->arena, &p->image_scope, "rhcc:%.*s", SLICE_ARG(name)))
		return "there is no memory";
	p->repository = CSAF_READ;
	return NULL;
}

bool csaf_document_component(struct csaf_document *d, struct slice id, struct csaf_component *out, const char **out_bad)
{
	struct csaf_product *package = NULL, *repository = NULL;
	struct slice package_id = id, repository_id = id;
	const char *bad = NULL;

	memset(out, 0, sizeof(*out));
	for (unsigned hop = 0; hop < HOPS_MAX && get(&d->relations, package_id); hop++)
		package_id = json_get_str(get(&d->relations, package_id), "product_reference");
	for (unsigned hop = 0; hop < HOPS_MAX && get(&d->relations, repository_id); hop++) {
		yyjson_val *relation = get(&d->relations, repository_id);
		struct csaf_product *module;

		/* A component of a module: the module's own product, on the way to the repository. */
		module = get(&d->products, json_get_str(relation, "product_reference"));
		if (hop > 0 && module && module->package == CSAF_UNREAD)
			bad = read_package(d, module);
		if (hop > 0 && module && module->module.len > 0)
			out->module = module->module;
		repository_id = json_get_str(relation, "relates_to_product_reference");
	}
	package = get(&d->products, package_id);
	repository = get(&d->products, repository_id);
	if (package && package->package == CSAF_UNREAD)
		bad = read_package(d, package);
	if (!bad && repository && repository->repository == CSAF_UNREAD)
		bad = read_repository(d, repository);
	if (out_bad)
		*out_bad = bad;
	if (package == repository || !package || !repository || package->package != CSAF_READ ||
	    repository->repository != CSAF_READ)
		return false;
	out->package = package;
	out->repository = repository;
	if (out->module.len == 0)
		out->module = package->module;
	return true;
}

struct slice csaf_document_impact(const struct csaf_document *d, struct slice id)
{
	return json_get_str(get(&d->impacts, id), "details");
}

enum fix_state csaf_document_fix_state(const struct csaf_document *d, struct slice id)
{
	yyjson_val *remedy = get(&d->remedies, id);
	struct slice details = json_get_str(remedy, "details");

	if (slice_eq_nocase(details, SLICE("Out of support scope")))
		return FIX_OUT_OF_SUPPORT;
	if (slice_eq_nocase(details, SLICE("Fix deferred")))
		return FIX_DEFERRED;
	if (slice_eq(json_get_str(remedy, "category"), SLICE("no_fix_planned")))
		return FIX_WILL_NOT_FIX;
	return FIX_AFFECTED;
}
