/* SPDX-License-Identifier: Apache-2.0 */
/* oval_criteria.c - conditions of OVAL criteria, by the words of their comments. */
#include "feed/oval_criteria.h"

#include "feed/osv_ecosystem.h"

void oval_criteria_begin(struct oval_criteria *c, struct arena *arena)
{
	*c = (struct oval_criteria){ .arena = arena, .at = SIZE_MAX };
}

bool oval_criteria_open(struct oval_criteria *c, struct slice op)
{
	struct oval_node *n = VEC_PUSH(&c->nodes, c->arena);

	if (!n)
		return false;
	*n = (struct oval_node){ .parent = c->at, .is_or = slice_eq_nocase(op, SLICE("OR")) };
	c->at = c->nodes.len - 1;
	return true;
}

void oval_criteria_close(struct oval_criteria *c)
{
	if (c->at != SIZE_MAX)
		c->at = c->nodes.at[c->at].parent;
}

/* Where a condition that stands here holds: alternatives of an OR hold for what the OR stands beside. */
static struct oval_node *holder(struct oval_criteria *c)
{
	struct oval_node *n = &c->nodes.at[c->at];

	return n->is_or && n->parent != SIZE_MAX ? &c->nodes.at[n->parent] : n;
}

/* "SUSE Linux Enterprise Server 15 SP3", "openSUSE Leap 15.2", "Oracle Linux 8"; empty: no system that images have. */
static bool product_scope(struct arena *arena, struct slice product, struct slice *out)
{
	struct slice vendor, rest, oracle = SLICE("Oracle Linux ");
	const struct osv_ecosystem *e;
	uint64_t number;

	*out = SLICE_EMPTY;
	if (slice_starts(product, oracle)) {
		rest = slice_from(product, oracle.len);
		return !slice_to_u64(rest, &number) || arena_printf(arena, out, "oracle:%.*s", SLICE_ARG(rest));
	}
	slice_cut(product, ' ', &vendor, &rest);
	e = osv_ecosystem_by_name(vendor);
	return !e || osv_ecosystem_scope(e, rest, arena, out);
}

static bool add_product(struct oval_criteria *c, struct slice product)
{
	struct oval_node *n = holder(c);
	struct slice scope, *at;

	n->has_products = true;
	if (!product_scope(c->arena, product, &scope))
		return false;
	for (size_t i = 0; i < n->scopes.len; i++)
		if (slice_eq(n->scopes.at[i], scope))
			return true;
	if (scope.len == 0)
		return true;
	at = VEC_PUSH(&n->scopes, c->arena);
	if (at)
		*at = scope;
	return at != NULL;
}

static bool add_part(struct arena *arena, struct slice *list, struct slice part)
{
	return list->len == 0 ? arena_copy(arena, part, list)
			      : arena_printf(arena, list, "%.*s|%.*s", SLICE_ARG(*list), SLICE_ARG(part));
}

bool oval_criteria_add(struct oval_criteria *c, struct slice test, struct slice comment, bool compares)
{
	struct slice installed = SLICE(" is installed"), enabled = SLICE(" is enabled"), module = SLICE("Module "),
		     arch = SLICE("Oracle Linux arch is ");
	struct oval_criterion *at;

	if (c->at == SIZE_MAX && !oval_criteria_open(c, SLICE_EMPTY))
		return false;
	if (!compares && slice_ends(comment, installed))
		return add_product(c, slice_take(comment, comment.len - installed.len));
	if (!compares && slice_starts(comment, arch))
		return add_part(c->arena, &holder(c)->arch, slice_from(comment, arch.len));
	if (!compares && slice_starts(comment, module) && slice_ends(comment, enabled))
		return add_part(c->arena, &holder(c)->module,
				slice_from(slice_take(comment, comment.len - enabled.len), module.len));
	at = VEC_PUSH(&c->criterions, c->arena);
	if (!at)
		return false;
	at->node = c->at;
	return arena_copy(c->arena, test, &at->test) && arena_copy(c->arena, comment, &at->comment);
}

struct oval_context oval_criteria_context(const struct oval_criteria *c, size_t node)
{
	struct oval_context out = { .n_scopes = 0 };

	for (; node != SIZE_MAX; node = c->nodes.at[node].parent) {
		const struct oval_node *n = &c->nodes.at[node];

		if (!out.has_products && n->has_products) {
			out.scopes = n->scopes.at;
			out.n_scopes = n->scopes.len;
			out.has_products = true;
		}
		out.arch = out.arch.len > 0 ? out.arch : n->arch;
		out.module = out.module.len > 0 ? out.module : n->module;
	}
	return out;
}
