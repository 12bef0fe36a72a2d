/* SPDX-License-Identifier: Apache-2.0 */
/* sbom_cyclonedx.c - CycloneDX as JSON: metadata.component, and components within components. */
#include "index/package/sbom_impl.h"
#include "text/json.h"

#define NESTING_MAX 64 /* components within components; the JSON's own depth stops at 128 */

struct reader {
	struct sbom *s;
	struct slice components, metadata; /* of the document */
};

static void read_properties(yyjson_val *list, struct sbom_component *c)
{
	yyjson_val *v;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, v) sbom_property(c, json_get_str(v, "name"), json_get_str(v, "value"));
}

/* Of the subject of the document only what can be looked up counts. */
static enum status take_one(struct sbom *s, yyjson_val *v, bool subject, struct err *err)
{
	struct sbom_component c = { .kind = json_get_str(v, "type"),
				    .group = json_get_str(v, "group"),
				    .name = json_get_str(v, "name"),
				    .version = json_get_str(v, "version"),
				    .purl = json_get_str(v, "purl"),
				    .cpe = json_get_str(v, "cpe"),
				    .description = json_get_str(v, "description") };

	read_properties(json_get(v, "properties"), &c);
	if (c.path.len == 0)
		c.path = json_get_str(yyjson_arr_get_first(json_get(json_get(v, "evidence"), "occurrences")),
				      "location");
	if (subject && c.purl.len == 0 && !slice_eq(c.kind, SLICE("operating-system")))
		return STATUS_OK;
	return sbom_take(s, &c, err);
}

/* A component and those within it, without recursion. */
static enum status take_all(struct sbom *s, yyjson_val *v, bool subject, struct err *err)
{
	yyjson_arr_iter stack[NESTING_MAX];
	size_t depth = 0;

	for (;;) {
		yyjson_val *inner = json_get(v, "components");

		if (!yyjson_is_obj(v))
			return err_set(err, STATUS_MALFORMED, "a component is no object");
		TRY(take_one(s, v, subject, err));
		subject = false;
		if (yyjson_arr_size(inner) > 0) {
			if (depth == NESTING_MAX)
				return err_set(err, STATUS_LIMIT, "components are nested deeper than %d", NESTING_MAX);
			yyjson_arr_iter_init(inner, &stack[depth++]);
		}
		while (depth > 0 && !yyjson_arr_iter_has_next(&stack[depth - 1]))
			depth--;
		if (depth == 0)
			return STATUS_OK;
		v = yyjson_arr_iter_next(&stack[depth - 1]);
	}
}

static enum status on_component(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err)
{
	struct reader *r = ctx;

	(void)key;
	if (!yyjson_is_obj(value)) {
		if (!r->s->choosing)
			told_emit(&r->s->told, DIAG_RECORD, offset, "a component is no object");
		return STATUS_OK;
	}
	return take_all(r->s, value, false, err);
}

static void on_bad(void *ctx, struct slice key, const struct err *err)
{
	struct reader *r = ctx;

	(void)key;
	if (!r->s->choosing)
		told_emit(&r->s->told, DIAG_RECORD, err->offset, "a component cannot be read: %s", err->msg);
}

static bool on_member(void *ctx, struct slice key, struct slice value)
{
	struct reader *r = ctx;

	if (slice_eq(key, SLICE("components")))
		r->components = value;
	else if (slice_eq(key, SLICE("metadata")))
		r->metadata = value;
	return true;
}

static enum status read_metadata(struct reader *r, struct err *err)
{
	struct err why = ERR_INIT;
	struct json_doc doc;
	yyjson_val *subject;
	enum status st = json_parse_file(r->metadata, r->s->env->limits, &doc, &why);

	if (st == STATUS_NOMEM) {
		*err = why;
		return st;
	}
	if (st != STATUS_OK) {
		if (!r->s->choosing)
			told_emit(&r->s->told, DIAG_FIELD, why.offset, "metadata cannot be read: %s", why.msg);
		return STATUS_OK;
	}
	subject = json_get(doc.root, "component");
	st = yyjson_is_obj(subject) ? take_all(r->s, subject, true, err) : STATUS_OK;
	json_doc_free(&doc);
	return st;
}

static bool is_components(void *ctx, struct slice key)
{
	(void)ctx;
	return slice_eq(key, SLICE("components"));
}

/* A document that breaks off, or is broken behind its list: what stands before that place. */
static enum status read_broken(struct reader *r, struct slice json, const struct err *why, struct err *err)
{
	struct json_split list = {
		.visit = on_component, .bad = on_bad, .raw = sbom_is_member, .enter = is_components, .ctx = r
	};
	enum status st;

	if (r->metadata.len > 0)
		TRY(read_metadata(r, err));
	st = json_split(json, r->s->env->limits, &list, err);
	if (st == STATUS_OK) /* it was not there that the document is broken */
		*err = *why;
	return err->code;
}

enum status sbom_cyclonedx(struct sbom *s, struct slice json, struct err *err)
{
	struct reader r = { .s = s };
	struct json_split frame = { .visit = on_component, .raw = on_member, .ctx = &r };
	struct json_split list = { .visit = on_component, .bad = on_bad, .ctx = &r };
	struct err why = ERR_INIT;
	enum status st = json_split(json, s->env->limits, &frame, &why);

	if (st == STATUS_MALFORMED)
		return read_broken(&r, json, &why, err);
	if (st != STATUS_OK) {
		*err = why;
		return st;
	}
	if (r.metadata.len > 0)
		TRY(read_metadata(&r, err));
	/* A document about a single component has no list. */
	return r.components.len > 0 ? json_split(r.components, s->env->limits, &list, err) : STATUS_OK;
}
