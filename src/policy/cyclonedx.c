/* SPDX-License-Identifier: Apache-2.0 */
/* cyclonedx.c - the analyses of a CycloneDX document: of its own components, or of those that a BOM-Link names. */
#include "policy/policy_impl.h"

struct reader {
	struct policy *policy;
	struct slice name;
	int64_t said_s;
	struct map components; /* bom-ref -> number in purls */
	VEC(yyjson_val *) refs;
	struct err *err;
};

static const struct {
	const char *state;
	enum policy_status status;
} states[] = {
	{ "not_affected", POLICY_NOT_AFFECTED },
	{ "false_positive", POLICY_NOT_AFFECTED },
	{ "resolved", POLICY_FIXED },
	{ "resolved_with_pedigree", POLICY_FIXED },
	{ "exploitable", POLICY_AFFECTED },
	{ "in_triage", POLICY_UNDER_INVESTIGATION },
};

/* The parser of JSON caps the nesting. */
static enum status take_component(struct reader *rd, yyjson_val *c)
{
	struct slice ref = json_get_str(c, "bom-ref");
	yyjson_val *inner = json_get(c, "components"), *v, **slot;
	yyjson_arr_iter it;

	if (ref.len > 0) {
		slot = VEC_PUSH(&rd->refs, &rd->policy->arena);
		if (!slot || !map_put(&rd->components, ref, rd->refs.len - 1))
			return err_nomem(rd->err, "VEX document");
		*slot = c;
	}
	if (!yyjson_is_arr(inner))
		return STATUS_OK;
	yyjson_arr_iter_init(inner, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL)
		TRY(take_component(rd, v));
	return STATUS_OK;
}

static int hex_pair(struct slice s)
{
	int high = s.len >= 3 ? hex_value(s.ptr[1]) : -1, low = s.len >= 3 ? hex_value(s.ptr[2]) : -1;

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* "urn:cdx:SERIAL/VERSION#bom-ref", percent-encoded; the bom-ref of most tools is a package URL. */
static enum status linked_ref(struct reader *rd, struct slice ref, struct slice *out)
{
	size_t n = 0;
	char *text;

	*out = ref;
	if (!slice_starts(ref, SLICE("urn:cdx:")))
		return STATUS_OK;
	slice_cut(ref, '#', NULL, &ref);
	if (slice_starts(ref, SLICE("pkg:"))) { /* not encoded: its own percent signs are its */
		*out = ref;
		return STATUS_OK;
	}
	text = arena_alloc(&rd->policy->arena, ref.len + 1);
	if (!text)
		return err_nomem(rd->err, "VEX document");
	while (ref.len > 0) {
		int c = ref.ptr[0] == '%' ? hex_pair(ref) : -1;

		text[n++] = c >= 0 ? (char)c : (char)ref.ptr[0];
		ref = slice_from(ref, c >= 0 ? 3 : 1);
	}
	*out = slice_make(text, n);
	return STATUS_OK;
}

static enum status fill_product(struct reader *rd, struct slice ref, struct policy_product *out)
{
	yyjson_val *c, *hashes, *h;
	yyjson_arr_iter it;
	uint64_t at;

	TRY(linked_ref(rd, ref, &ref));
	if (!map_get(&rd->components, ref, &at))
		return policy_name_add(rd->policy, &out->names, ref, rd->err);
	c = rd->refs.at[at];
	TRY(policy_name_add(rd->policy, &out->names, json_get_str(c, "purl"), rd->err));
	if (!slice_eq(json_get_str(c, "type"), SLICE("container")))
		return STATUS_OK;
	/* An image without a package URL is named as a reference. */
	if (out->names.len == 0)
		TRY(policy_name_add(rd->policy, &out->names, json_get_str(c, "name"), rd->err));
	hashes = json_get(c, "hashes");
	if (!yyjson_is_arr(hashes))
		return STATUS_OK;
	yyjson_arr_iter_init(hashes, &it);
	while ((h = yyjson_arr_iter_next(&it)) != NULL)
		TRY(policy_digest_add(rd->policy, out, json_get_str(h, "alg"), json_get_str(h, "content"), rd->err));
	return STATUS_OK;
}

/*
 * The versions that are meant: those with the status that the analysis has, or with none. "affected" and "unknown" ones
 * are not those that are taken back, "unaffected" ones not those that are affected.
 */
static enum status limit_versions(struct reader *rd, yyjson_val *list, enum policy_status status, policy_names *names)
{
	bool affected = status == POLICY_AFFECTED || status == POLICY_UNDER_INVESTIGATION;
	struct slice *versions;
	yyjson_arr_iter it;
	yyjson_val *v;
	size_t n = 0;

	if (!yyjson_is_arr(list) || yyjson_arr_size(list) == 0)
		return STATUS_OK;
	versions = arena_array(&rd->policy->arena, yyjson_arr_size(list), sizeof(*versions));
	if (!versions)
		return err_nomem(rd->err, "VEX document");
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		struct slice said = json_get_str(v, "status");

		if (said.len > 0 && slice_eq(said, SLICE("unaffected")) == affected)
			continue;
		if (said.len > 0 && !affected && !slice_eq(said, SLICE("unaffected")))
			continue;
		versions[n] = json_get_str(v, json_get(v, "range") ? "range" : "version");
		n += versions[n].len > 0;
	}
	policy_names_limit(names, 0, versions, n);
	return STATUS_OK;
}

static enum status read_affects(struct reader *rd, yyjson_val *list, struct policy_rule *rule)
{
	yyjson_arr_iter it;
	yyjson_val *v;

	if (!yyjson_is_arr(list))
		return STATUS_OK;
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		struct policy_product *p = VEC_PUSH(&rule->products, &rd->policy->arena);

		if (!p)
			return err_nomem(rd->err, "VEX document");
		TRY(fill_product(rd, json_get_str(v, "ref"), p));
		TRY(limit_versions(rd, json_get(v, "versions"), rule->status, &p->names));
	}
	return STATUS_OK;
}

static enum status new_rule(struct reader *rd, yyjson_val *v, struct policy_rule **out)
{
	yyjson_val *others = json_get(v, "references"), *o;
	struct slice ids[64];
	yyjson_arr_iter it;
	size_t n = 0;

	if (json_get_str(v, "id").len == 0)
		return err_set(rd->err, STATUS_MALFORMED, "no id");
	ids[n++] = json_get_str(v, "id");
	if (yyjson_is_arr(others)) {
		yyjson_arr_iter_init(others, &it);
		while (n < ARRAY_LEN(ids) && (o = yyjson_arr_iter_next(&it)) != NULL)
			if (json_get_str(o, "id").len > 0)
				ids[n++] = json_get_str(o, "id");
	}
	*out = policy_rule_new(rd->policy, ids, n, rd->err);
	return *out ? STATUS_OK : rd->err->code;
}

static enum status take_vulnerability(struct reader *rd, yyjson_val *v, size_t number)
{
	yyjson_val *analysis = json_get(v, "analysis");
	struct slice state = json_get_str(analysis, "state");
	struct policy_rule *rule;
	struct err_quote q;
	size_t known = 0;

	if (state.len == 0) /* listed, but nothing is said of it */
		return STATUS_OK;
	while (known < ARRAY_LEN(states) && !slice_eq(state, slice_cstr(states[known].state)))
		known++;
	if (known == ARRAY_LEN(states))
		return err_set(rd->err, STATUS_MALFORMED, "unknown state of an analysis: %s", err_slice(&q, state));
	TRY(new_rule(rd, v, &rule));
	rule->by = SUPPRESSED_BY_VEX;
	rule->status = states[known].status;
	TRY(policy_read_date(analysis, "lastUpdated", &rule->said_s, rd->err));
	if (rule->said_s == DATE_NONE)
		rule->said_s = rd->said_s;
	rule->justification = json_get_str(analysis, "justification");
	rule->reason = json_get_str(analysis, "detail");
	if (rule->reason.len == 0)
		rule->reason = rule->justification;
	if (!arena_printf(&rd->policy->arena, &rule->where, "%.*s vulnerability %zu", SLICE_ARG(rd->name), number))
		return err_nomem(rd->err, "VEX document");
	return read_affects(rd, json_get(v, "affects"), rule);
}

static enum status read_document(struct reader *rd, yyjson_val *root)
{
	yyjson_val *list = json_get(root, "vulnerabilities"), *components = json_get(root, "components"), *v;
	yyjson_val *metadata = json_get(root, "metadata");
	size_t number = 0;
	yyjson_arr_iter it;

	TRY(policy_read_date(metadata, "timestamp", &rd->said_s, rd->err));
	if (json_get(metadata, "component"))
		TRY(take_component(rd, json_get(metadata, "component")));
	if (yyjson_is_arr(components)) {
		yyjson_arr_iter_init(components, &it);
		while ((v = yyjson_arr_iter_next(&it)) != NULL)
			TRY(take_component(rd, v));
	}
	if (!yyjson_is_arr(list))
		return err_set(rd->err, STATUS_MALFORMED, "CycloneDX: vulnerabilities is no list");
	yyjson_arr_iter_init(list, &it);
	while ((v = yyjson_arr_iter_next(&it)) != NULL)
		if (take_vulnerability(rd, v, ++number) != STATUS_OK)
			return err_wrap(rd->err, "CycloneDX vulnerability %zu", number);
	return STATUS_OK;
}

enum status policy_read_cyclonedx(struct policy *p, struct slice name, yyjson_val *root, struct err *err)
{
	struct reader rd = { .policy = p, .name = name, .components = MAP_INIT, .err = err };
	enum status st = read_document(&rd, root);

	map_fini(&rd.components);
	return st;
}
