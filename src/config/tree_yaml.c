/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_yaml.c - a YAML document as a tree of settings: what a plain scalar is, merge keys, duplicates.
 *
 * Clair reads its YAML with Go's yaml.v3 into untyped values: YAML 1.2's core schema ("yes" is a string), with the
 * integers of YAML 1.1 (0755, 1_000) and merge keys (<<).
 */
#include "config/tree.h"

#include "text/yaml.h"

static bool is_word(struct slice s, const char *a, const char *b, const char *c)
{
	return slice_eq(s, slice_cstr(a)) || slice_eq(s, slice_cstr(b)) || slice_eq(s, slice_cstr(c));
}

static bool is_null(struct slice s)
{
	return s.len == 0 || slice_eq(s, SLICE("~")) || is_word(s, "null", "Null", "NULL");
}

/* Digits of a base with _ between them. False if there is anything else, or more than 64 bits. */
static bool integer(struct slice s, unsigned base, uint64_t *out)
{
	uint64_t n = 0;
	bool any = false;

	for (size_t i = 0; i < s.len; i++) {
		int digit = hex_value(s.ptr[i]);

		if (s.ptr[i] == '_' && any)
			continue;
		if (digit < 0 || (unsigned)digit >= base || __builtin_mul_overflow(n, (uint64_t)base, &n) ||
		    __builtin_add_overflow(n, (uint64_t)digit, &n))
			return false;
		any = true;
	}
	*out = n;
	return any;
}

static bool as_integer(struct slice s, bool negative, struct arena *arena, struct slice *out)
{
	unsigned base = 10;
	uint64_t n;

	if (s.len > 1 && s.ptr[0] == '0') {
		uint8_t mark = to_lower(s.ptr[1]);

		base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		s = slice_from(s, mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
	}
	return integer(s, base, &n) && arena_printf(arena, out, "%s%llu", negative ? "-" : "", (unsigned long long)n);
}

static struct slice digits(struct slice *rest)
{
	size_t n = 0;

	while (n < rest->len && is_digit(rest->ptr[n]))
		n++;
	struct slice out = slice_take(*rest, n);
	*rest = slice_from(*rest, n);
	return out;
}

/* [digits][.digits][e[+-]digits], written as JSON wants it. */
static bool as_float(struct slice s, bool negative, struct arena *arena, struct slice *out)
{
	struct slice whole = digits(&s), part = SLICE_EMPTY, exponent = SLICE_EMPTY;
	bool minus = false;

	if (s.len && s.ptr[0] == '.') {
		s = slice_from(s, 1);
		part = digits(&s);
	}
	if (whole.len + part.len == 0)
		return false;
	if (s.len && to_lower(s.ptr[0]) == 'e') {
		s = slice_from(s, 1);
		minus = s.len && s.ptr[0] == '-';
		if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
			s = slice_from(s, 1);
		exponent = digits(&s);
		if (exponent.len == 0)
			return false;
	}
	while (whole.len > 1 && whole.ptr[0] == '0')
		whole = slice_from(whole, 1);
	if (s.len || whole.len + part.len + exponent.len > 64)
		return false;
	return arena_printf(arena, out, "%s%.*s%s%.*s%s%s%.*s", negative ? "-" : "",
			    SLICE_ARG(whole.len ? whole : SLICE("0")), part.len ? "." : "",
			    SLICE_ARG(part.len ? part : SLICE("")), exponent.len ? "e" : "", minus ? "-" : "",
			    SLICE_ARG(exponent.len ? exponent : SLICE("")));
}

static void resolve(struct node *n, const struct yaml_node *from, struct arena *arena)
{
	struct slice s = from->scalar, body = s;
	bool negative = s.len && s.ptr[0] == '-';

	n->kind = NODE_STRING;
	n->text = s;
	if (from->quoted)
		return;
	if (is_null(s)) {
		n->kind = NODE_NULL;
		return;
	}
	if (is_word(s, "true", "True", "TRUE") || is_word(s, "false", "False", "FALSE")) {
		n->kind = NODE_BOOL;
		n->text = to_lower(s.ptr[0]) == 't' ? SLICE("true") : SLICE("false");
		return;
	}
	if (negative || s.ptr[0] == '+')
		body = slice_from(s, 1);
	if (body.len && (is_digit(body.ptr[0]) || body.ptr[0] == '.') &&
	    (as_integer(body, negative, arena, &n->text) || as_float(body, negative, arena, &n->text)))
		n->kind = NODE_NUMBER;
}

struct frame {
	const struct yaml_node *next; /* to convert */
	struct node **tail;
	bool mapping;
};

static struct node *convert_one(const struct yaml_node *from, bool member, const char *file, struct arena *arena)
{
	struct node *n = node_new(arena, NODE_NULL, (struct place){ file, from->line, from->column });

	if (!n)
		return NULL;
	if (member && from->key) {
		n->key = from->key->scalar;
		n->key_place = (struct place){ file, from->key->line, from->key->column };
	}
	if (from->kind == YAML_KIND_SCALAR)
		resolve(n, from, arena);
	else
		n->kind = from->kind == YAML_KIND_SEQUENCE ? NODE_ARRAY : NODE_OBJECT;
	return n;
}

static enum status convert(const struct yaml_node *root, const char *file, struct arena *arena, struct node **out,
			   struct place *where, struct err *err)
{
	struct frame stack[CONFIG_DEPTH + 2];
	size_t depth = 1;

	stack[0] = (struct frame){ root, out, false };
	while (depth > 0) {
		struct frame *f = &stack[depth - 1];
		const struct yaml_node *from = f->next;
		struct node *n;

		if (!from) {
			depth--;
			continue;
		}
		if (f->mapping && (!from->key || from->key->kind != YAML_KIND_SCALAR)) {
			*where = (struct place){ file, from->line, from->column };
			return err_set(err, STATUS_MALFORMED, "a key must be a string");
		}
		n = convert_one(from, f->mapping, file, arena);
		if (!n)
			return err_nomem(err, "settings");
		f->next = depth == 1 ? NULL : from->next;
		*f->tail = n;
		f->tail = &n->next;
		if (n->kind >= NODE_ARRAY && depth <= CONFIG_DEPTH + 1)
			stack[depth++] = (struct frame){ from->child, &n->child, n->kind == NODE_OBJECT };
	}
	return STATUS_OK;
}

/* The members of one mapping that the object has not itself; its own merge key is left for the next turn. */
static void merge_members(struct node *object, struct node *from)
{
	struct node *next;

	for (struct node *m = from->kind == NODE_OBJECT ? from->child : NULL; m; m = next) {
		struct node **at = &object->child;

		next = m->next;
		if (node_get(object, m->key) && !slice_eq(m->key, SLICE("<<")))
			continue;
		while (*at)
			at = &(*at)->next;
		m->next = NULL;
		*at = m;
	}
}

static bool merge_own(struct node *object)
{
	struct node *key = object->child;

	while (key && !slice_eq(key->key, SLICE("<<")))
		key = key->next;
	if (!key || key->kind < NODE_ARRAY)
		return false;
	node_remove(object, key);
	if (key->kind == NODE_OBJECT) {
		merge_members(object, key);
	} else {
		struct node *next;

		for (struct node *m = key->child; m; m = next) {
			next = m->next;
			merge_members(object, m);
		}
	}
	return true;
}

/* Objects are gone through from the top: what a merge key brings may have merge keys again. */
static void merge_keys(struct node *root)
{
	struct node *stack[CONFIG_DEPTH + 2];
	struct node *n = root;
	size_t depth = 0;

	while (n) {
		if (n->kind == NODE_OBJECT)
			while (merge_own(n))
				;
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

/* "YAML line 3, column 5: why" as a place and why. */
static void split_message(struct err *err, const char *file, struct place *where)
{
	struct slice text = slice_cstr(err->msg), line, column, why;
	uint64_t l, c;

	*where = (struct place){ file, 0, 0 };
	if (!slice_starts(text, SLICE("YAML line ")) || !slice_cut(slice_from(text, 10), ',', &line, &column) ||
	    !slice_starts(column, SLICE(" column ")) || !slice_cut(slice_from(column, 8), ':', &column, &why) ||
	    !slice_to_u64(line, &l) || !slice_to_u64(column, &c))
		return;
	*where = (struct place){ file, (unsigned)l, (unsigned)c };
	why = slice_trim(why);
	memmove(err->msg, why.ptr, why.len);
	err->msg[why.len] = '\0';
}

enum status tree_from_yaml(struct slice text, const char *file, struct arena *arena, const struct tree_sink *sink,
			   struct node **out, struct place *out_place, struct err *err)
{
	struct limits limits = limits_default;
	struct yaml_node *yaml = NULL;
	enum status st;

	limits.document_depth = CONFIG_DEPTH;
	limits.yaml_nodes = CONFIG_NODES;
	st = yaml_parse(text, &limits, arena, &yaml, err);
	if (st != STATUS_OK) {
		if (err->offset != ERR_NO_OFFSET)
			*out_place = tree_place(text, err->offset, file);
		else
			split_message(err, file, out_place);
		return st;
	}
	*out = NULL;
	if (yaml && (yaml->kind != YAML_KIND_SCALAR || !is_null(yaml->scalar) || yaml->quoted))
		TRY(convert(yaml, file, arena, out, out_place, err));
	if (!*out && !(*out = node_new(arena, NODE_OBJECT, (struct place){ file, 1, 1 })))
		return err_nomem(err, "settings");
	TRY(tree_tell_twice(*out, true, sink, err));
	merge_keys(*out);
	return STATUS_OK;
}
