/* SPDX-License-Identifier: Apache-2.0 */
/* vex.c - which kind of VEX document it is. */
#include "policy/policy_impl.h"

enum status policy_read_date(yyjson_val *obj, const char *key, int64_t *out, struct err *err)
{
	struct slice text = json_get_str(obj, key);
	struct err_quote q;

	*out = DATE_NONE;
	if (text.len == 0 || date_parse(text, out))
		return STATUS_OK;
	return err_set(err, STATUS_MALFORMED, "%s: expected a date: %s", key, err_slice(&q, text));
}

static bool is_openvex(yyjson_val *root)
{
	yyjson_val *context = json_get(root, "@context");

	if (yyjson_is_arr(context))
		context = yyjson_arr_get_first(context);
	return slice_has(json_str(context), SLICE("openvex"));
}

/* An attestation has the document inside. */
static yyjson_val *unwrap(yyjson_val *root)
{
	yyjson_val *inner = json_get(root, "predicate");

	return inner && slice_starts(json_get_str(root, "_type"), SLICE("https://in-toto.io/Statement")) ? inner : root;
}

static enum status read_root(struct policy *p, struct slice name, yyjson_val *root, struct err *err)
{
	root = unwrap(root);
	if (is_openvex(root))
		return policy_read_openvex(p, name, root, err);
	if (json_get_str(json_get(root, "document"), "csaf_version").len > 0)
		return policy_read_csaf(p, name, root, err);
	if (slice_eq(json_get_str(root, "bomFormat"), SLICE("CycloneDX")))
		return policy_read_cyclonedx(p, name, root, err);
	return err_set(err, STATUS_MALFORMED, "expected an OpenVEX, CSAF or CycloneDX document in JSON");
}

enum status policy_add_vex(struct policy *p, struct slice name, struct slice json, const struct limits *limits,
			   struct err *err)
{
	struct json_doc *doc = VEC_PUSH(&p->documents, &p->arena);
	struct err_quote q;
	struct slice text;
	enum status st;

	if (!doc || !arena_copy(&p->arena, name, &text))
		return err_nomem(err, "VEX document");
	st = json_parse(json, limits, doc, err);
	if (st == STATUS_OK)
		st = read_root(p, text, doc->root, err);
	else
		p->documents.len--;
	return st == STATUS_OK ? st : err_wrap(err, "%s", err_slice(&q, name));
}
