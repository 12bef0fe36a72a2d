/* SPDX-License-Identifier: Apache-2.0 */
/* openvex.c - OpenVEX 0.2.0, and 0.0.x, whose vulnerabilities and products are plain texts. */
#include "policy/policy_impl.h"

struct reader {
	struct policy *policy;
	struct slice name;
	int64_t said_s; /* by the document */
	struct err *err;
};

static enum status add_name(struct reader *rd, policy_names *names, yyjson_val *v)
{
	return policy_name_add(rd->policy, names, json_str(v), rd->err);
}

/* "@id", identifiers and hashes of a product or subcomponent; a text is its "@id". */
static enum status read_component(struct reader *rd, yyjson_val *v, policy_names *names, struct policy_product *hashes)
{
	yyjson_val *identifiers = json_get(v, "identifiers"), *digests = json_get(v, "hashes");
	static const char *const kinds[] = { "purl", "cpe23", "cpe22" };
	yyjson_obj_iter it;
	yyjson_val *key;

	if (yyjson_is_str(v))
		return add_name(rd, names, v);
	if (!yyjson_is_obj(v))
		return err_set(rd->err, STATUS_MALFORMED, "a product is neither an object nor a text");
	TRY(add_name(rd, names, json_get(v, "@id")));
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		TRY(add_name(rd, names, json_get(identifiers, kinds[i])));
	if (!hashes || !yyjson_is_obj(digests))
		return STATUS_OK;
	yyjson_obj_iter_init(digests, &it);
	while ((key = yyjson_obj_iter_next(&it)) != NULL)
		TRY(policy_digest_add(rd->policy, hashes, json_str(key), json_str(yyjson_obj_iter_get_val(key)),
				      rd->err));
	return STATUS_OK;
}

static enum status read_parts(struct reader *rd, yyjson_val *list, struct policy_product *product)
{
	yyjson_arr_iter it;
	yyjson_val *v;

	if (!yyjson_is_arr(list))
		return list ? err_set(rd->err, STATUS_MALFORMED, "subcomponents is no list") : STATUS_OK;
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		struct policy_part *part = VEC_PUSH(&product->parts, &rd->policy->arena);

		if (!part)
			return err_nomem(rd->err, "VEX document");
		TRY(read_component(rd, v, &part->names, NULL));
	}
	return STATUS_OK;
}

static enum status read_products(struct reader *rd, yyjson_val *statement, struct policy_rule *rule)
{
	yyjson_val *list = json_get(statement, "products"), *v;
	yyjson_arr_iter it;

	if (!yyjson_is_arr(list))
		return err_set(rd->err, STATUS_MALFORMED, "products is no list");
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		struct policy_product *product = VEC_PUSH(&rule->products, &rd->policy->arena);

		if (!product)
			return err_nomem(rd->err, "VEX document");
		TRY(read_component(rd, v, &product->names, product));
		TRY(read_parts(rd, json_get(v, "subcomponents"), product));
		/* In 0.0.x they are beside the products. */
		TRY(read_parts(rd, json_get(statement, "subcomponents"), product));
	}
	return STATUS_OK;
}

static enum status new_rule(struct reader *rd, yyjson_val *statement, struct policy_rule **out)
{
	yyjson_val *vulnerability = json_get(statement, "vulnerability"), *aliases = json_get(vulnerability, "aliases");
	struct slice ids[64];
	size_t n = 0;
	yyjson_arr_iter it;
	yyjson_val *v;

	if (yyjson_is_str(vulnerability))
		ids[n++] = json_str(vulnerability);
	else if (json_get_str(vulnerability, "name").len > 0)
		ids[n++] = json_get_str(vulnerability, "name");
	else if (json_get_str(vulnerability, "@id").len > 0) /* ".../vuln/CVE-2024-1" */
		ids[n++] = path_base(json_get_str(vulnerability, "@id"));
	if (yyjson_is_arr(aliases)) {
		yyjson_arr_iter_init(aliases, &it);
		while (n < ARRAY_LEN(ids) && (v = yyjson_arr_iter_next(&it)) != NULL)
			if (json_str(v).len > 0)
				ids[n++] = json_str(v);
	}
	if (n == 0 || ids[0].len == 0)
		return err_set(rd->err, STATUS_MALFORMED, "no name of a vulnerability");
	*out = policy_rule_new(rd->policy, ids, n, rd->err);
	return *out ? STATUS_OK : rd->err->code;
}

static enum status read_statement(struct reader *rd, yyjson_val *statement, size_t number)
{
	struct slice status = json_get_str(statement, "status");
	struct policy_rule *rule;
	enum policy_status known;
	struct err_quote q;

	if (!policy_status_by_name(status, &known) || known == POLICY_ACCEPTED)
		return err_set(rd->err, STATUS_MALFORMED,
			       "status %s: expected not_affected, affected, fixed or under_investigation",
			       err_slice(&q, status));
	TRY(new_rule(rd, statement, &rule));
	rule->by = SUPPRESSED_BY_VEX;
	rule->status = known;
	TRY(policy_read_date(statement, "timestamp", &rule->said_s, rd->err));
	if (rule->said_s == DATE_NONE)
		rule->said_s = rd->said_s;
	rule->justification = json_get_str(statement, "justification");
	rule->reason = json_get_str(statement, "impact_statement");
	if (rule->reason.len == 0)
		rule->reason = json_get_str(statement, "status_notes");
	if (rule->reason.len == 0)
		rule->reason = rule->justification;
	if (!arena_printf(&rd->policy->arena, &rule->where, "%.*s statement %zu", SLICE_ARG(rd->name), number))
		return err_nomem(rd->err, "VEX document");
	return read_products(rd, statement, rule);
}

enum status policy_read_openvex(struct policy *p, struct slice name, yyjson_val *root, struct err *err)
{
	struct reader rd = { .policy = p, .name = name, .err = err };
	yyjson_val *list = json_get(root, "statements"), *v;
	yyjson_arr_iter it;
	size_t number = 0;

	TRY(policy_read_date(root, "last_updated", &rd.said_s, err));
	if (rd.said_s == DATE_NONE)
		TRY(policy_read_date(root, "timestamp", &rd.said_s, err));
	if (!yyjson_is_arr(list))
		return err_set(err, STATUS_MALFORMED, "OpenVEX: statements is no list");
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL)
		if (read_statement(&rd, v, ++number) != STATUS_OK)
			return err_wrap(err, "OpenVEX statement %zu", number);
	return STATUS_OK;
}
