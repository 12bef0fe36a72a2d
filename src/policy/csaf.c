/* SPDX-License-Identifier: Apache-2.0 */
/* csaf.c - CSAF 2.0 and 2.1: the product tree, and what is said of its products (profile VEX, or any with a status). */
#include "policy/policy_impl.h"

/* A product of the tree, or one that is installed as a part of another. */
struct product {
	yyjson_val *helper;	  /* product_identification_helper; NULL: none */
	struct slice part, whole; /* ids of a relationship; "" = none */
	struct slice version;	  /* of the branch it is: a version or a range; "" = none */
};

struct reader {
	struct policy *policy;
	struct slice name;
	int64_t said_s;
	VEC(struct product) products;
	struct map ids; /* product id -> number in products */
	struct err *err;
};

static const struct {
	const char *member;
	enum policy_status status;
} states[] = {
	{ "known_not_affected", POLICY_NOT_AFFECTED },
	{ "fixed", POLICY_FIXED },
	{ "first_fixed", POLICY_FIXED },
	{ "recommended", POLICY_FIXED },
	{ "known_affected", POLICY_AFFECTED },
	{ "first_affected", POLICY_AFFECTED },
	{ "last_affected", POLICY_AFFECTED },
	{ "under_investigation", POLICY_UNDER_INVESTIGATION },
};

static enum status add_product(struct reader *rd, yyjson_val *v, struct slice part, struct slice whole,
			       struct slice version)
{
	struct slice id = json_get_str(v, "product_id");
	struct product *p;

	if (id.len == 0)
		return STATUS_OK;
	p = VEC_PUSH(&rd->products, &rd->policy->arena);
	if (!p || !map_put(&rd->ids, id, rd->products.len - 1))
		return err_nomem(rd->err, "VEX document");
	*p = (struct product){ json_get(v, "product_identification_helper"), part, whole, version };
	return STATUS_OK;
}

static enum status each(struct reader *rd, yyjson_val *list, enum status (*take)(struct reader *rd, yyjson_val *v))
{
	yyjson_arr_iter it;
	yyjson_val *v;

	if (!yyjson_is_arr(list))
		return STATUS_OK;
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL)
		TRY(take(rd, v));
	return STATUS_OK;
}

static enum status take_plain(struct reader *rd, yyjson_val *v)
{
	return add_product(rd, v, SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY);
}

/* The parser of JSON caps the nesting. */
static enum status take_branch(struct reader *rd, yyjson_val *v)
{
	struct slice category = json_get_str(v, "category"), version = SLICE_EMPTY;

	if (slice_eq(category, SLICE("product_version_range")) || slice_eq(category, SLICE("product_version")))
		version = json_get_str(v, "name");
	TRY(add_product(rd, json_get(v, "product"), SLICE_EMPTY, SLICE_EMPTY, version));
	return each(rd, json_get(v, "branches"), take_branch);
}

static enum status take_relationship(struct reader *rd, yyjson_val *v)
{
	return add_product(rd, json_get(v, "full_product_name"), json_get_str(v, "product_reference"),
			   json_get_str(v, "relates_to_product_reference"), SLICE_EMPTY);
}

static const struct product *product_of(const struct reader *rd, struct slice id)
{
	uint64_t at;

	return map_get(&rd->ids, id, &at) ? &rd->products.at[at] : NULL;
}

static enum status add_names(struct reader *rd, const struct product *p, policy_names *names,
			     struct policy_product *images)
{
	yyjson_val *lists = json_get(p->helper, "hashes"), *purls = json_get(p->helper, "purls"), *v, *h;
	yyjson_arr_iter it, inner;
	size_t first = names->len;

	TRY(policy_name_add(rd->policy, names, json_get_str(p->helper, "purl"), rd->err));
	TRY(policy_name_add(rd->policy, names, json_get_str(p->helper, "cpe"), rd->err));
	if (yyjson_is_arr(purls)) {
		yyjson_arr_iter_init(purls, &it);
		while ((v = yyjson_arr_iter_next(&it)) != NULL)
			TRY(policy_name_add(rd->policy, names, json_str(v), rd->err));
	}
	/* A package URL that has a version says it as well as the branch does. */
	for (; p->version.len > 0 && first < names->len; first++)
		if (names->at[first].purl && names->at[first].purl->version.len == 0) {
			names->at[first].versions = &p->version;
			names->at[first].n_versions = 1;
		}
	if (!images || !yyjson_is_arr(lists))
		return STATUS_OK;
	yyjson_arr_iter_init(lists, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		if (!yyjson_is_arr(json_get(v, "file_hashes")))
			continue;
		yyjson_arr_iter_init(json_get(v, "file_hashes"), &inner);
		while ((h = yyjson_arr_iter_next(&inner)) != NULL)
			TRY(policy_digest_add(rd->policy, images, json_get_str(h, "algorithm"),
					      json_get_str(h, "value"), rd->err));
	}
	return STATUS_OK;
}

/* A product without a name that can be checked stays without: it matches nothing. */
static enum status fill_product(struct reader *rd, struct slice id, struct policy_product *out)
{
	const struct product *p = product_of(rd, id), *part, *whole;
	struct policy_part *inside;
	struct err_quote q;

	if (!p)
		return err_set(rd->err, STATUS_MALFORMED, "product %s is not in the tree", err_slice(&q, id));
	if (p->helper || p->part.len == 0)
		return add_names(rd, p, &out->names, out);
	part = product_of(rd, p->part);
	whole = product_of(rd, p->whole);
	inside = VEC_PUSH(&out->parts, &rd->policy->arena);
	if (!inside)
		return err_nomem(rd->err, "VEX document");
	if (!part || !whole)
		return STATUS_OK;
	TRY(add_names(rd, part, &inside->names, NULL));
	return add_names(rd, whole, &out->names, out);
}

/* Does a flag, threat or remediation speak of the product, by its id or a group of it? */
static bool speaks_of(yyjson_val *root, yyjson_val *entry, struct slice id)
{
	yyjson_val *lists[2] = { json_get(entry, "product_ids"), json_get(entry, "group_ids") };
	yyjson_val *groups = json_get(json_get(root, "product_tree"), "product_groups"), *v, *g, *m;
	yyjson_arr_iter it, each_group, member;

	for (size_t i = 0; i < 2; i++) {
		if (!yyjson_is_arr(lists[i]))
			continue;
		yyjson_arr_iter_init(lists[i], &it);
		while ((v = yyjson_arr_iter_next(&it)) != NULL) {
			if (i == 0 && slice_eq(json_str(v), id))
				return true;
			if (i == 0 || !yyjson_is_arr(groups))
				continue;
			yyjson_arr_iter_init(groups, &each_group);
			while ((g = yyjson_arr_iter_next(&each_group)) != NULL) {
				if (!slice_eq(json_get_str(g, "group_id"), json_str(v)) ||
				    !yyjson_is_arr(json_get(g, "product_ids")))
					continue;
				yyjson_arr_iter_init(json_get(g, "product_ids"), &member);
				while ((m = yyjson_arr_iter_next(&member)) != NULL)
					if (slice_eq(json_str(m), id))
						return true;
			}
		}
	}
	return false;
}

static struct slice said_of(yyjson_val *root, yyjson_val *list, const char *category, const char *text, struct slice id)
{
	yyjson_arr_iter it;
	yyjson_val *v;

	if (!yyjson_is_arr(list))
		return SLICE_EMPTY;
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL)
		if ((!category || slice_eq(json_get_str(v, "category"), slice_cstr(category))) &&
		    speaks_of(root, v, id))
			return json_get_str(v, text);
	return SLICE_EMPTY;
}

static enum status add_rule(struct reader *rd, yyjson_val *root, yyjson_val *v, enum policy_status status,
			    struct slice product)
{
	yyjson_val *others = json_get(v, "ids"), *o;
	struct policy_product *meant;
	struct policy_rule *rule;
	struct slice ids[32];
	yyjson_arr_iter it;
	size_t n = 0;

	if (json_get_str(v, "cve").len > 0)
		ids[n++] = json_get_str(v, "cve");
	if (yyjson_is_arr(others)) {
		yyjson_arr_iter_init(others, &it);
		while (n < ARRAY_LEN(ids) && (o = yyjson_arr_iter_next(&it)) != NULL)
			if (json_get_str(o, "text").len > 0)
				ids[n++] = json_get_str(o, "text");
	}
	if (n == 0)
		return err_set(rd->err, STATUS_MALFORMED, "neither a cve nor another id");
	rule = policy_rule_new(rd->policy, ids, n, rd->err);
	meant = rule ? VEC_PUSH(&rule->products, &rd->policy->arena) : NULL;
	if (!meant)
		return err_nomem(rd->err, "VEX document");
	rule->by = SUPPRESSED_BY_VEX;
	rule->status = status;
	rule->said_s = rd->said_s;
	rule->justification = said_of(root, json_get(v, "flags"), NULL, "label", product);
	rule->reason = said_of(root, json_get(v, "threats"), "impact", "details", product);
	if (rule->reason.len == 0)
		rule->reason = rule->justification;
	if (!arena_printf(&rd->policy->arena, &rule->where, "%.*s %.*s", SLICE_ARG(rd->name), SLICE_ARG(ids[0])))
		return err_nomem(rd->err, "VEX document");
	return fill_product(rd, product, meant);
}

static enum status take_vulnerability(struct reader *rd, yyjson_val *root, yyjson_val *v)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		yyjson_val *list = json_get(json_get(v, "product_status"), states[i].member), *id;
		yyjson_arr_iter it;

		if (!yyjson_is_arr(list))
			continue;
		yyjson_arr_iter_init(list, &it);
		while ((id = yyjson_arr_iter_next(&it)) != NULL)
			TRY(add_rule(rd, root, v, states[i].status, json_str(id)));
	}
	return STATUS_OK;
}

static enum status read_document(struct reader *rd, yyjson_val *root)
{
	yyjson_val *tree = json_get(root, "product_tree"), *list = json_get(root, "vulnerabilities"), *v;
	size_t number = 0;
	yyjson_arr_iter it;

	TRY(policy_read_date(json_get(json_get(root, "document"), "tracking"), "current_release_date", &rd->said_s,
			     rd->err));
	TRY(each(rd, json_get(tree, "full_product_names"), take_plain));
	TRY(each(rd, json_get(tree, "branches"), take_branch));
	TRY(each(rd, json_get(tree, "relationships"), take_relationship));
	if (!yyjson_is_arr(list))
		return err_set(rd->err, STATUS_MALFORMED, "CSAF: vulnerabilities is no list");
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		number++;
		if (take_vulnerability(rd, root, v) != STATUS_OK)
			return err_wrap(rd->err, "CSAF vulnerability %zu", number);
	}
	return STATUS_OK;
}

enum status policy_read_csaf(struct policy *p, struct slice name, yyjson_val *root, struct err *err)
{
	struct reader rd = { .policy = p, .name = name, .ids = MAP_INIT, .err = err };
	enum status st = read_document(&rd, root);

	map_fini(&rd.ids);
	return st;
}
