/* SPDX-License-Identifier: Apache-2.0 */
/* toml.c - from the lines of a TOML document to a tree. Nested values stand on a stack of their own: no recursion. */
#include "text/toml.h"

#include "base/map.h"

struct toml {
	struct slice text;
	size_t pos;
	uint32_t line;
	const struct limits *limits;
	struct arena *arena;
	struct err *err;
	struct map
		members; /* (table, key) -> node, so that a document of many tables is not searched again and again */
	VEC(struct toml_node *) stack;
};

static enum status bad(const struct toml *p, const char *what)
{
	return err_at(p->err, STATUS_MALFORMED, p->pos, "TOML line %u: %s", p->line, what);
}

static int peek(const struct toml *p)
{
	return p->pos < p->text.len ? p->text.ptr[p->pos] : -1;
}

static bool looking_at(const struct toml *p, struct slice what)
{
	return slice_starts(slice_from(p->text, p->pos), what);
}

static void skip_blanks(struct toml *p)
{
	while (peek(p) == ' ' || peek(p) == '\t')
		p->pos++;
}

static bool skip_newline(struct toml *p)
{
	size_t n = looking_at(p, SLICE("\r\n")) ? 2 : looking_at(p, SLICE("\n")) ? 1 : 0;

	p->pos += n;
	p->line += n > 0;
	return n > 0;
}

static void skip_comment(struct toml *p)
{
	if (peek(p) != '#')
		return;
	while (peek(p) >= 0 && peek(p) != '\n')
		p->pos++;
}

/* Blanks, line ends and comments. */
static void skip_space(struct toml *p)
{
	do {
		skip_blanks(p);
		skip_comment(p);
	} while (skip_newline(p));
}

static enum status end_of_line(struct toml *p)
{
	skip_blanks(p);
	skip_comment(p);
	return peek(p) < 0 || skip_newline(p) ? STATUS_OK : bad(p, "expected the end of the line");
}

/* ---- strings ---- */

static size_t utf8_put(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* \uXXXX or \UXXXXXXXX, of which digits are left. */
static bool code_point(struct slice *rest, size_t digits, uint8_t *out, size_t *n)
{
	uint32_t c = 0;

	if (rest->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		int v = hex_value(rest->ptr[i]);

		if (v < 0)
			return false;
		c = c << 4 | (uint32_t)v;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	*rest = slice_from(*rest, digits);
	*n += utf8_put(out + *n, c);
	return true;
}

/* What follows a backslash. A line end and all white space after it are nothing (in a string of several lines). */
static bool unescape_one(struct slice *rest, bool lines, uint8_t *out, size_t *n)
{
	static const char from[] = "btnfre\"\\", to[] = "\b\t\n\f\r\033\"\\";
	uint8_t c = rest->len > 0 ? rest->ptr[0] : 0;
	const char *at = c ? strchr(from, c) : NULL;
	struct slice after = *rest;

	while (after.len > 0 && (after.ptr[0] == ' ' || after.ptr[0] == '\t'))
		after = slice_from(after, 1);
	if (lines && after.len > 0 && (after.ptr[0] == '\n' || after.ptr[0] == '\r')) {
		while (after.len > 0 && is_space(after.ptr[0]))
			after = slice_from(after, 1);
		*rest = after;
		return true;
	}
	*rest = slice_from(*rest, 1);
	if (c == 'u' || c == 'U')
		return code_point(rest, c == 'u' ? 4 : 8, out, n);
	if (!at)
		return false;
	out[(*n)++] = (uint8_t)to[at - from];
	return true;
}

static enum status unescape(struct toml *p, struct slice raw, bool lines, struct slice *out)
{
	uint8_t *text;
	size_t n = 0;

	if (slice_find_byte(raw, '\\') == SIZE_MAX) {
		*out = raw;
		return STATUS_OK;
	}
	text = arena_alloc(p->arena, raw.len + 1);
	if (!text)
		return err_nomem(p->err, "TOML string");
	while (raw.len > 0) {
		uint8_t c = raw.ptr[0];

		raw = slice_from(raw, 1);
		if (c != '\\')
			text[n++] = c;
		else if (!unescape_one(&raw, lines, text, &n))
			return bad(p, "an escape that TOML does not have");
	}
	*out = slice_make(text, n);
	return STATUS_OK;
}

/* Where the string that begins at pos ends: its closing quotation mark. */
static enum status find_end(const struct toml *p, uint8_t mark, bool lines, size_t *end, uint32_t *n_lines)
{
	size_t i = p->pos;

	*n_lines = 0;
	for (; i < p->text.len; i++) {
		uint8_t c = p->text.ptr[i];

		if (c == '\n' && !lines)
			break;
		*n_lines += c == '\n';
		if (c == '\\' && mark == '"') {
			/* The end of a line is counted when it is met. */
			i += i + 1 < p->text.len && p->text.ptr[i + 1] != '\n';
			continue;
		}
		if (c != mark)
			continue;
		if (!lines || (i + 2 < p->text.len && p->text.ptr[i + 1] == mark && p->text.ptr[i + 2] == mark)) {
			/* Up to two more marks belong to the text. */
			for (int k = 0; lines && k < 2 && i + 3 < p->text.len && p->text.ptr[i + 3] == mark; k++)
				i++;
			*end = i;
			return STATUS_OK;
		}
	}
	return bad(p, "a string without an end");
}

static enum status string(struct toml *p, struct slice *out)
{
	uint8_t mark = p->text.ptr[p->pos];
	bool lines = looking_at(p, mark == '"' ? SLICE("\"\"\"") : SLICE("'''"));
	struct slice raw;
	uint32_t n_lines;
	size_t end = p->pos;

	p->pos += lines ? 3 : 1;
	TRY(find_end(p, mark, lines, &end, &n_lines));
	raw = slice_make(p->text.ptr + p->pos, end - p->pos);
	if (lines && slice_starts(raw, SLICE("\r\n")))
		raw = slice_from(raw, 2);
	else if (lines && slice_starts(raw, SLICE("\n")))
		raw = slice_from(raw, 1);
	if (!slice_is_utf8(raw))
		return bad(p, "a string that is no UTF-8");
	if (mark == '"')
		TRY(unescape(p, raw, lines, &raw));
	*out = raw;
	p->line += n_lines;
	p->pos = end + (lines ? 3 : 1);
	return STATUS_OK;
}

/* ---- nodes ---- */

static struct toml_node *add_node(struct toml *p, struct toml_node *parent, struct slice key, enum toml_kind kind)
{
	struct toml_node *n = ARENA_NEW(p->arena, struct toml_node);

	if (!n)
		return NULL;
	n->kind = kind;
	n->key = key;
	n->line = p->line;
	if (parent->last)
		parent->last->next = n;
	else
		parent->child = n;
	parent->last = n;
	return n;
}

/* The member of a table, new (without a kind that counts) if it has none of that key. */
static enum status member(struct toml *p, struct toml_node *table, struct slice key, struct toml_node **out,
			  bool *is_new)
{
	uint8_t *name = arena_alloc(p->arena, sizeof(table) + key.len);
	uint64_t *slot;

	if (!name)
		return err_nomem(p->err, "TOML table");
	memcpy(name, &table, sizeof(table));
	if (key.len > 0)
		memcpy(name + sizeof(table), key.ptr, key.len);
	slot = map_slot(&p->members, slice_make(name, sizeof(table) + key.len), is_new);
	if (!slot)
		return err_nomem(p->err, "TOML table");
	if (*is_new) {
		struct toml_node *n = add_node(p, table, key, TOML_KIND_SCALAR);

		if (!n)
			return err_nomem(p->err, "TOML table");
		*slot = (uint64_t)(uintptr_t)n;
	}
	*out = (struct toml_node *)(uintptr_t)*slot;
	return STATUS_OK;
}

static bool is_bare(int c)
{
	return c >= 0 && (is_alnum((uint8_t)c) || c == '-' || c == '_');
}

static enum status one_key(struct toml *p, struct slice *out)
{
	size_t begin = p->pos;

	if ((peek(p) == '"' && !looking_at(p, SLICE("\"\"\""))) || (peek(p) == '\'' && !looking_at(p, SLICE("'''"))))
		return string(p, out);
	while (is_bare(peek(p)))
		p->pos++;
	if (p->pos == begin)
		return bad(p, "expected a key");
	*out = slice_make(p->text.ptr + begin, p->pos - begin);
	return STATUS_OK;
}

/* Into the table that a part of a dotted key names; of an array of tables into the last one. */
static enum status enter(struct toml *p, struct slice key, struct toml_node **table)
{
	struct toml_node *n;
	bool is_new;

	TRY(member(p, *table, key, &n, &is_new));
	if (is_new)
		n->kind = TOML_KIND_TABLE;
	if (n->kind == TOML_KIND_ARRAY && !n->closed && n->last)
		n = n->last;
	if (n->kind != TOML_KIND_TABLE || n->closed)
		return bad(p, "a key that leads into something else than a table");
	*table = n;
	return STATUS_OK;
}

/* "a.b.c" up to its last part, which is *last; *table becomes the one that has it. */
static enum status key_path(struct toml *p, struct toml_node **table, struct slice *last)
{
	uint64_t depth = 0;

	for (;;) {
		skip_blanks(p);
		TRY(one_key(p, last));
		skip_blanks(p);
		if (peek(p) != '.')
			return STATUS_OK;
		if (++depth > p->limits->document_depth)
			return err_at(p->err, STATUS_LIMIT, p->pos, "TOML line %u: nested deeper than %llu levels",
				      p->line, (unsigned long long)p->limits->document_depth);
		p->pos++;
		TRY(enter(p, *last, table));
	}
}

/* "key = ": the node that gets the value. */
static enum status key_of_value(struct toml *p, struct toml_node *table, struct toml_node **out)
{
	struct slice key;
	bool is_new;

	TRY(key_path(p, &table, &key));
	if (peek(p) != '=')
		return bad(p, "expected =");
	p->pos++;
	TRY(member(p, table, key, out, &is_new));
	return is_new ? STATUS_OK : bad(p, "the same key twice");
}

/* ---- values ---- */

static bool is_value(uint8_t c)
{
	return is_alnum(c) || strchr("+-_.:", c);
}

/* A number, a date or a truth value; date and time may have a blank between them. */
static enum status bare(struct toml *p, struct toml_node *n)
{
	size_t begin = p->pos;

	while (peek(p) > 0 && is_value((uint8_t)peek(p)))
		p->pos++;
	if (p->pos - begin == 10 && p->text.ptr[begin + 4] == '-' && peek(p) == ' ' && p->pos + 1 < p->text.len &&
	    is_digit(p->text.ptr[p->pos + 1])) {
		p->pos++;
		while (peek(p) > 0 && is_value((uint8_t)peek(p)))
			p->pos++;
	}
	n->scalar = slice_make(p->text.ptr + begin, p->pos - begin);
	if (slice_eq(n->scalar, SLICE("true")) || slice_eq(n->scalar, SLICE("false")) ||
	    slice_has(n->scalar, SLICE("inf")) || slice_has(n->scalar, SLICE("nan")))
		return STATUS_OK;
	if (n->scalar.len == 0 || !(is_digit(n->scalar.ptr[0]) || n->scalar.ptr[0] == '+' || n->scalar.ptr[0] == '-'))
		return bad(p, "expected a value");
	return STATUS_OK;
}

/* The value at pos into n; an array or inline table is only opened. */
static enum status value(struct toml *p, struct toml_node *n, bool *opened)
{
	int c = peek(p);

	n->line = p->line;
	*opened = c == '[' || c == '{';
	if (*opened) {
		n->kind = c == '[' ? TOML_KIND_ARRAY : TOML_KIND_TABLE;
		p->pos++;
		return STATUS_OK;
	}
	n->kind = TOML_KIND_SCALAR;
	n->quoted = c == '"' || c == '\'';
	return n->quoted ? string(p, &n->scalar) : bare(p, n);
}

/* The next element or member of an open collection, up to its value; NULL: it is closed. */
static enum status next_slot(struct toml *p, struct toml_node *top, struct toml_node **out)
{
	int close = top->kind == TOML_KIND_ARRAY ? ']' : '}';

	*out = NULL;
	skip_space(p);
	if (top->child && peek(p) == ',') {
		p->pos++;
		skip_space(p);
	} else if (top->child && peek(p) != close) {
		return bad(p, "expected a comma or the end of the list");
	}
	if (peek(p) == close) {
		p->pos++;
		top->closed = true;
		return STATUS_OK;
	}
	if (top->kind == TOML_KIND_TABLE) {
		TRY(key_of_value(p, top, out));
	} else {
		*out = add_node(p, top, SLICE_EMPTY, TOML_KIND_SCALAR);
		if (!*out)
			return err_nomem(p->err, "TOML array");
	}
	skip_space(p);
	return STATUS_OK;
}

static enum status values(struct toml *p, struct toml_node *n)
{
	bool opened;

	p->stack.len = 0;
	for (;;) {
		TRY(value(p, n, &opened));
		if (opened) {
			struct toml_node **slot = VEC_PUSH(&p->stack, p->arena);

			if (p->stack.len > p->limits->document_depth)
				return err_at(p->err, STATUS_LIMIT, p->pos,
					      "TOML line %u: nested deeper than %llu levels", p->line,
					      (unsigned long long)p->limits->document_depth);
			if (!slot)
				return err_nomem(p->err, "TOML array");
			*slot = n;
		}
		for (n = NULL; !n; p->stack.len -= !n) {
			if (p->stack.len == 0)
				return STATUS_OK;
			TRY(next_slot(p, p->stack.at[p->stack.len - 1], &n));
		}
	}
}

/* ---- tables ---- */

/* "[a.b]" or "[[a.b]]": *out is the table that the lines below it fill. */
static enum status header(struct toml *p, struct toml_node *root, struct toml_node **out)
{
	bool array = looking_at(p, SLICE("[["));
	struct toml_node *table = root, *n;
	struct slice key;
	bool is_new;

	p->pos += array ? 2 : 1;
	TRY(key_path(p, &table, &key));
	if (!looking_at(p, array ? SLICE("]]") : SLICE("]")))
		return bad(p, "expected the end of the table's name");
	p->pos += array ? 2 : 1;
	TRY(member(p, table, key, &n, &is_new));
	if (is_new)
		n->kind = array ? TOML_KIND_ARRAY : TOML_KIND_TABLE;
	if (n->closed || n->kind != (array ? TOML_KIND_ARRAY : TOML_KIND_TABLE) || (!array && n->defined))
		return bad(p, "the same key twice");
	if (array) {
		n = add_node(p, n, SLICE_EMPTY, TOML_KIND_TABLE);
		if (!n)
			return err_nomem(p->err, "TOML table");
	} else if (!is_new) {
		n->line = p->line;
	}
	n->defined = true;
	*out = n;
	return end_of_line(p);
}

static enum status document(struct toml *p, struct toml_node *root)
{
	struct toml_node *table = root, *n;

	for (skip_space(p); peek(p) >= 0; skip_space(p)) {
		if (peek(p) == '[') {
			TRY(header(p, root, &table));
			continue;
		}
		TRY(key_of_value(p, table, &n));
		skip_blanks(p);
		TRY(values(p, n));
		TRY(end_of_line(p));
	}
	return STATUS_OK;
}

enum status toml_parse(struct slice text, const struct limits *limits, struct arena *arena, struct toml_node **out,
		       struct err *err)
{
	struct toml p = { .text = text, .line = 1, .limits = limits, .arena = arena, .err = err, .members = MAP_INIT };
	struct toml_node *root = ARENA_NEW(arena, struct toml_node);
	enum status st;

	if (!root)
		return err_nomem(err, "TOML document");
	root->kind = TOML_KIND_TABLE;
	if (looking_at(&p, SLICE("\xef\xbb\xbf")))
		p.pos = 3;
	st = document(&p, root);
	map_fini(&p.members);
	if (st == STATUS_OK)
		*out = root;
	return st;
}

struct toml_node *toml_get(const struct toml_node *table, const char *key)
{
	if (!table || table->kind != TOML_KIND_TABLE)
		return NULL;
	for (struct toml_node *n = table->child; n; n = n->next)
		if (slice_eq(n->key, slice_cstr(key)))
			return n;
	return NULL;
}

struct slice toml_get_str(const struct toml_node *table, const char *key)
{
	const struct toml_node *n = toml_get(table, key);

	return n && n->kind == TOML_KIND_SCALAR && n->quoted ? n->scalar : SLICE_EMPTY;
}
