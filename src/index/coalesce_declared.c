/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coalesce_declared.c - what bills of materials inside the image declare, and files say of themselves: listed only
 * where nothing of it was seen.
 */
#include "index/coalesce_impl.h"

/* Kind, name and version: where it lies, and for which machine, a document may say otherwise or not at all. */
static bool key_of(struct coalesce *c, const struct package *p, struct slice *out)
{
	return arena_printf(&c->arena, out, "%s%c%.*s%c%.*s", package_type_purl(p->type), 0, SLICE_ARG(p->name), 0,
			    SLICE_ARG(p->version));
}

static bool is_declared(const struct index_package *p)
{
	return p->package.flags & PACKAGE_DECLARED;
}

static enum status drop_known(struct coalesce *c, struct map *known, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->out->packages.len; i++) {
		struct index_package *p = &c->out->packages.at[i];
		bool of_file = p->package.flags & PACKAGE_OF_FILE;
		struct slice key;
		bool is_new = true;

		p->package.flags &= ~(unsigned)PACKAGE_OF_FILE;
		if (of_file && (p->package.flags & PACKAGE_OWNED))
			continue;
		if (is_declared(p) && (!key_of(c, &p->package, &key) || !map_slot(known, key, &is_new)))
			return coalesce_nomem(err);
		if (is_new)
			c->out->packages.at[kept++] = *p;
	}
	c->out->packages.len = kept;
	return STATUS_OK;
}

enum status coalesce_drop_declared(struct coalesce *c, struct err *err)
{
	struct map known = MAP_INIT;
	enum status st = STATUS_OK;
	bool any = false;

	for (size_t i = 0; i < c->out->packages.len; i++)
		any |= is_declared(&c->out->packages.at[i]);
	for (size_t i = 0; any && i < c->out->packages.len && st == STATUS_OK; i++) {
		const struct index_package *p = &c->out->packages.at[i];
		struct slice key;

		if (!is_declared(p) && (!key_of(c, &p->package, &key) || !map_put(&known, key, 1)))
			st = coalesce_nomem(err);
	}
	if (any && st == STATUS_OK)
		st = drop_known(c, &known, err);
	map_fini(&known);
	return st;
}
