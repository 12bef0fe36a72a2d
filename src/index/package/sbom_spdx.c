/* SPDX-License-Identifier: Apache-2.0 */
/* sbom_spdx.c - SPDX 2.2 and 2.3 as JSON: packages, and those relations that say whose a package is. */
#include "index/package/sbom_impl.h"
#include "text/json.h"

struct reader {
	struct sbom *s;
	struct slice packages, relations, described; /* of the document */
};

static enum status mark(struct sbom *s, struct slice id, unsigned what, struct err *err)
{
	bool is_new;
	uint64_t *slot, old;

	if (id.len == 0)
		return STATUS_OK;
	if (!map_get(&s->ids, id, &old) && !arena_copy(&s->arena, id, &id))
		return err_nomem(err, "a bill of materials");
	slot = map_slot(&s->ids, id, &is_new);
	if (!slot)
		return err_nomem(err, "a bill of materials");
	*slot |= what;
	return STATUS_OK;
}

/* Syft tells with a comment that a package's files belong to another one. */
static enum status on_relation(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct reader *r = ctx;
	struct slice how = json_get_str(v, "relationshipType"), to = json_get_str(v, "relatedSpdxElement");

	(void)key;
	(void)offset;
	if (slice_eq(how, SLICE("DESCRIBES")))
		return mark(r->s, to, SBOM_ID_SUBJECT, err);
	if (slice_eq(how, SLICE("OTHER")) &&
	    slice_starts(json_get_str(v, "comment"), SLICE("ownership-by-file-overlap")))
		return mark(r->s, to, SBOM_ID_OWNED, err);
	return STATUS_OK;
}

static enum status on_described(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct reader *r = ctx;

	(void)key;
	(void)offset;
	return mark(r->s, json_str(v), SBOM_ID_SUBJECT, err);
}

static void read_references(yyjson_val *list, struct sbom_component *c)
{
	yyjson_val *v;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, v)
	{
		struct slice type = json_get_str(v, "referenceType"), locator = json_get_str(v, "referenceLocator");

		if (slice_eq(type, SLICE("purl")) && c->purl.len == 0)
			c->purl = locator;
		else if (slice_eq(type, SLICE("cpe23Type")) && c->cpe.len == 0)
			c->cpe = locator;
	}
}

static enum status on_package(void *ctx, struct slice key, yyjson_val *v, uint64_t offset, struct err *err)
{
	struct reader *r = ctx;
	struct sbom_component c = { .id = json_get_str(v, "SPDXID"),
				    .name = json_get_str(v, "name"),
				    .version = json_get_str(v, "versionInfo"),
				    .description = json_get_str(v, "summary") };

	(void)key;
	if (!yyjson_is_obj(v)) {
		if (!r->s->choosing)
			told_emit(&r->s->told, DIAG_RECORD, offset, "a package is no object");
		return STATUS_OK;
	}
	c.kind = sbom_purpose(json_get_str(v, "primaryPackagePurpose"), c.id);
	read_references(json_get(v, "externalRefs"), &c);
	sbom_source_info(&c, json_get_str(v, "sourceInfo"));
	sbom_comment(&c, json_get_str(v, "comment"));
	return sbom_take(r->s, &c, err);
}

static void on_bad(void *ctx, struct slice key, const struct err *err)
{
	struct reader *r = ctx;

	(void)key;
	if (!r->s->choosing)
		told_emit(&r->s->told, DIAG_RECORD, err->offset, "a package cannot be read: %s", err->msg);
}

static void on_bad_relation(void *ctx, struct slice key, const struct err *err)
{
	struct reader *r = ctx;

	(void)key;
	if (!r->s->choosing)
		told_emit(&r->s->told, DIAG_FIELD, err->offset, "a relation cannot be read: %s", err->msg);
}

static bool on_member(void *ctx, struct slice key, struct slice value)
{
	struct reader *r = ctx;

	if (slice_eq(key, SLICE("packages")))
		r->packages = value;
	else if (slice_eq(key, SLICE("relationships")))
		r->relations = value;
	else if (slice_eq(key, SLICE("documentDescribes")))
		r->described = value;
	return true;
}

static enum status each(struct reader *r, struct slice list,
			enum status (*visit)(void *, struct slice, yyjson_val *, uint64_t, struct err *),
			void (*bad)(void *, struct slice, const struct err *), struct err *err)
{
	struct json_split sink = { .visit = visit, .bad = bad, .ctx = r };

	return list.len > 0 ? json_split(list, r->s->env->limits, &sink, err) : STATUS_OK;
}

static bool is_packages(void *ctx, struct slice key)
{
	(void)ctx;
	return slice_eq(key, SLICE("packages"));
}

/* A document that breaks off, or is broken behind its list: what stands before that place. */
static enum status read_broken(struct reader *r, struct slice json, const struct err *why, struct err *err)
{
	struct json_split list = {
		.visit = on_package, .bad = on_bad, .raw = sbom_is_member, .enter = is_packages, .ctx = r
	};
	enum status st = json_split(json, r->s->env->limits, &list, err);

	if (st == STATUS_OK) /* it was not there that the document is broken */
		*err = *why;
	return err->code;
}

enum status sbom_spdx(struct sbom *s, struct slice json, struct err *err)
{
	struct reader r = { .s = s };
	struct json_split frame = { .visit = on_package, .raw = on_member, .ctx = &r };
	struct err why = ERR_INIT;
	enum status st = json_split(json, s->env->limits, &frame, &why);

	if (st != STATUS_OK && st != STATUS_MALFORMED) {
		*err = why;
		return st;
	}
	if (s->choosing) {
		TRY(each(&r, r.described, on_described, on_bad_relation, err));
		TRY(each(&r, r.relations, on_relation, on_bad_relation, err));
	}
	return st == STATUS_OK ? each(&r, r.packages, on_package, on_bad, err) : read_broken(&r, json, &why, err);
}
