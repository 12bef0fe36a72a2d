/* SPDX-License-Identifier: Apache-2.0 */
/* sbom_cyclonedx_xml.c - CycloneDX as XML: elements that carry text, within <component> alone. */
#include "base/buf.h"
#include "index/package/sbom_impl.h"
#include "text/xml_walk.h"

#define NESTING_MAX 64

/* Children of <component> whose text is wanted. */
enum field { FIELD_GROUP, FIELD_NAME, FIELD_VERSION, FIELD_PURL, FIELD_CPE, FIELD_DESCRIPTION, FIELD_COUNT };

static const struct slice field_names[FIELD_COUNT] = {
	[FIELD_GROUP] = SLICE_INIT("group"),	 [FIELD_NAME] = SLICE_INIT("name"),
	[FIELD_VERSION] = SLICE_INIT("version"), [FIELD_PURL] = SLICE_INIT("purl"),
	[FIELD_CPE] = SLICE_INIT("cpe"),	 [FIELD_DESCRIPTION] = SLICE_INIT("description"),
};

/* A component that is open: its texts lie in the walk's arena until the outermost one is closed. */
struct open {
	struct sbom_component c;
	uint64_t depth; /* of its element */
	bool subject, taken;
};

struct reader {
	struct sbom *s;
	struct arena arena; /* of the open components */
	struct open open[NESTING_MAX];
	size_t n;
	uint64_t depth;
	uint64_t skip; /* depth of an element with components of another kind (<tools>), or 0 */
	bool in_metadata;
	struct buf text; /* of the element that is wanted */
	bool wanted;
	struct slice property;
};

/* The schema wants <components> after all that a component says of itself. */
static enum status take(struct reader *r, struct open *o, struct err *err)
{
	if (o->taken)
		return STATUS_OK;
	o->taken = true;
	if (o->subject && o->c.purl.len == 0 && !slice_eq(o->c.kind, SLICE("operating-system")))
		return STATUS_OK;
	return sbom_take(r->s, &o->c, err);
}

static enum status keep(struct reader *r, struct slice in, struct slice *out, struct err *err)
{
	return arena_copy(&r->arena, in, out) ? STATUS_OK : err_nomem(err, "a bill of materials");
}

static struct slice attribute(const struct xml_attr *attrs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, slice_cstr(name)))
			return attrs[i].value;
	return SLICE_EMPTY;
}

static enum status open_component(struct reader *r, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct open *o;

	if (r->n == NESTING_MAX)
		return err_set(err, STATUS_LIMIT, "components are nested deeper than %d", NESTING_MAX);
	if (r->n == 0)
		arena_reset(&r->arena);
	o = &r->open[r->n++];
	*o = (struct open){ .depth = r->depth, .subject = r->in_metadata && r->n == 1 };
	return keep(r, attribute(attrs, n, "type"), &o->c.kind, err);
}

static bool is_field(struct slice name)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (slice_eq(name, field_names[i]))
			return true;
	return false;
}

/* Tools have components, and pedigrees have ancestors, which are not there. */
static bool is_skipped(struct slice name)
{
	static const char *const names[] = { "tools",	    "pedigree",	    "annotations",
					     "formulation", "declarations", "definitions" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(name, slice_cstr(names[i])))
			return true;
	return false;
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct reader *r = ctx;
	struct open *o = r->n > 0 ? &r->open[r->n - 1] : NULL;

	r->depth++;
	r->wanted = false;
	if (r->skip)
		return STATUS_OK;
	if (slice_eq(name, SLICE("metadata")) && r->depth == 2)
		r->in_metadata = true;
	if (is_skipped(name)) {
		r->skip = r->depth;
		return STATUS_OK;
	}
	if (slice_eq(name, SLICE("component")))
		return open_component(r, attrs, n, err);
	if (!o)
		return STATUS_OK;
	if (slice_eq(name, SLICE("components")))
		return take(r, o, err);
	buf_reset(&r->text);
	if (slice_eq(name, SLICE("property")) && r->depth == o->depth + 2) {
		r->wanted = true;
		return keep(r, attribute(attrs, n, "name"), &r->property, err);
	}
	r->wanted = (is_field(name) && r->depth == o->depth + 1) || slice_eq(name, SLICE("location"));
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct reader *r = ctx;

	if (!r->wanted)
		return STATUS_OK;
	buf_add(&r->text, text);
	return buf_check(&r->text, "a text of a bill of materials", err);
}

static enum status end_field(struct reader *r, struct open *o, struct slice name, struct err *err)
{
	struct slice *places[FIELD_COUNT] = { &o->c.group, &o->c.name, &o->c.version,
					      &o->c.purl,  &o->c.cpe,  &o->c.description };
	struct slice text;

	TRY(keep(r, slice_trim(buf_slice(&r->text)), &text, err));
	if (slice_eq(name, SLICE("property"))) {
		sbom_property(&o->c, r->property, text);
	} else if (slice_eq(name, SLICE("location"))) {
		if (o->c.path.len == 0)
			o->c.path = text;
	} else {
		for (size_t i = 0; i < FIELD_COUNT; i++)
			if (slice_eq(name, field_names[i]))
				*places[i] = text;
	}
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	struct reader *r = ctx;
	struct open *o = r->n > 0 ? &r->open[r->n - 1] : NULL;
	enum status st = STATUS_OK;

	if (r->skip) {
		if (r->skip == r->depth)
			r->skip = 0;
	} else if (o && o->depth == r->depth) {
		st = take(r, o, err);
		r->n--;
	} else if (o && r->wanted) {
		st = end_field(r, o, name, err);
	} else if (r->depth == 2) {
		r->in_metadata = false;
	}
	r->wanted = false;
	r->depth--;
	return st;
}

enum status sbom_cyclonedx_xml(struct sbom *s, struct slice xml, struct err *err)
{
	struct reader *r = arena_alloc(&s->arena, sizeof(*r));
	struct xml_sink sink = { on_start, on_end, on_text, r };
	enum status st;

	if (!r)
		return err_nomem(err, "a bill of materials");
	r->s = s;
	r->arena = (struct arena)ARENA_INIT((size_t)32 << 20);
	r->text = (struct buf)BUF_INIT(s->env->limits->field_bytes);
	st = xml_walk(xml, &sink, s->env->limits, err);
	buf_fini(&r->text);
	arena_fini(&r->arena);
	return st;
}
