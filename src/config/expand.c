/* SPDX-License-Identifier: Apache-2.0 */
/* expand.c - ${NAME} and ${NAME:-default} in strings, by the caller's environment; $${ is a ${ that stays. */
#include "config/load_impl.h"

#include "base/buf.h"

#define EXPANDED_BYTES ((size_t)1 << 20)

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alpha(s.ptr[i]) && s.ptr[i] != '_' && (i == 0 || !is_digit(s.ptr[i])))
			return false;
	return s.len > 0;
}

static const char *variable(struct loader *l, struct slice name)
{
	const struct config_request *r = l->request;
	char *text = arena_cstr(l->arena, name);

	if (!text)
		load_nomem(l);
	return text && r->variable ? r->variable(r->ctx, text) : NULL;
}

/* What stands between the braces; false if it is no variable, so that the text stays. */
static bool put(struct loader *l, const struct node *n, struct slice inner, struct buf *out)
{
	size_t at = slice_find(inner, SLICE(":-"));
	struct slice name = at == SIZE_MAX ? inner : slice_take(inner, at);
	const char *value;

	if (!is_name(name))
		return false;
	value = variable(l, name);
	if (value && (value[0] || at == SIZE_MAX))
		buf_add_cstr(out, value);
	else if (at != SIZE_MAX)
		buf_add(out, slice_from(inner, at + 2));
	else if (!value)
		load_problem(l, CONFIG_ERROR, n->place, NULL,
			     "the variable %.*s is not set; ${%.*s:-...} gives a default, $${ is a ${ that stays",
			     SLICE_ARG(name), SLICE_ARG(name));
	return true;
}

static void expand_text(struct loader *l, struct node *n)
{
	struct buf AUTO(buf_fini) out = BUF_INIT(EXPANDED_BYTES);
	struct slice rest = n->text;
	size_t at, end;

	while ((at = slice_find(rest, SLICE("${"))) != SIZE_MAX) {
		bool stays = at > 0 && rest.ptr[at - 1] == '$';
		struct slice inner = slice_from(rest, at + 2);

		buf_add(&out, slice_take(rest, stays ? at - 1 : at));
		end = slice_find_byte(inner, '}');
		if (stays || end == SIZE_MAX || !put(l, n, slice_take(inner, end), &out)) {
			buf_add(&out, SLICE("${"));
			rest = inner;
			continue;
		}
		n->expanded = true;
		rest = slice_from(inner, end + 1);
	}
	buf_add(&out, rest);
	if (out.failed == STATUS_LIMIT)
		load_problem(l, CONFIG_ERROR, n->place, NULL, "more than %zu bytes with its variables", EXPANDED_BYTES);
	else if (out.failed != STATUS_OK || !arena_copy(l->arena, buf_slice(&out), &n->text))
		load_nomem(l);
}

void load_expand(struct loader *l, struct node *root)
{
	struct node *stack[CONFIG_DEPTH + 2];
	struct node *n = root;
	size_t depth = 0;

	while (n && l->fatal == STATUS_OK) {
		if (n->kind == NODE_STRING && slice_has(n->text, SLICE("${")))
			expand_text(l, n);
		if (n->child && depth <= CONFIG_DEPTH) {
			stack[depth++] = n;
			n = n->child;
			continue;
		}
		while (depth > 0 && !n->next)
			n = stack[--depth];
		n = depth > 0 ? n->next : NULL;
	}
}
