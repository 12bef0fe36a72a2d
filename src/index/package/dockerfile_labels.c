/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dockerfile_labels.c - reads instructions of a Dockerfile as far as labels go.
 *
 * Source: docs/formats/rhcc.md.
 */
#include "index/package/dockerfile_labels.h"

#define VARIABLES_MAX 256u /* of ARG and ENV; more are taken for unset */
#define VALUE_BYTES 4096u  /* of a value after its variables were replaced; a longer one is none */

struct variable {
	struct slice name, value;
};

struct reading {
	struct slice rest;
	struct arena *arena;
	uint8_t escape;
	const char *const *names;
	size_t n;
	struct slice *values;
	VEC(struct variable) variables;
	/* Room that is used again, so that memory does not grow with the number of instructions. */
	uint8_t *joined; /* for an instruction of several lines: as long as the text */
	uint8_t name_buf[VALUE_BYTES], value_buf[VALUE_BYTES];
	uint8_t *kept; /* VALUE_BYTES for each of the values */
	bool failed;   /* memory */
};

/* ---- lines ---- */

/* "# escape=`" at the very beginning; other directives and comments end that part. */
static void read_directives(struct reading *r)
{
	struct slice rest = r->rest, line, key, value;

	r->escape = '\\';
	while (slice_line(&rest, &line)) {
		line = slice_trim(line);
		if (!slice_starts(line, SLICE("#")) || !slice_cut(slice_from(line, 1), '=', &key, &value))
			return;
		value = slice_trim(value);
		if (slice_eq_nocase(slice_trim(key), SLICE("escape")) && value.len == 1)
			r->escape = value.ptr[0];
	}
}

/* One instruction with its continued lines; comments and empty lines between them are no part of it. */
static bool next_instruction(struct reading *r, struct slice *out)
{
	struct slice line;
	size_t n = 0;
	bool more = false, begun = false;

	while (slice_line(&r->rest, &line)) {
		struct slice bare = slice_trim(line);

		if (bare.len == 0 || bare.ptr[0] == '#')
			continue;
		more = bare.ptr[bare.len - 1] == r->escape;
		if (!begun && !more) {
			*out = bare;
			return true;
		}
		begun = true;
		line = more ? slice_take(line, (size_t)(bare.ptr + bare.len - 1 - line.ptr)) : line;
		if (line.len > 0)
			memcpy(r->joined + n, line.ptr, line.len);
		n += line.len;
		if (!more)
			break;
	}
	*out = slice_trim(slice_make(r->joined, n));
	return begun;
}

/* ---- values ---- */

static const struct variable *find_variable(const struct reading *r, struct slice name)
{
	for (size_t i = r->variables.len; i-- > 0;)
		if (slice_eq(r->variables.at[i].name, name))
			return &r->variables.at[i];
	return NULL;
}

static bool is_name_byte(uint8_t c)
{
	return is_alnum(c) || c == '_';
}

struct writing {
	uint8_t *at;
	size_t n;
	bool full;
};

static void put(struct writing *w, struct slice s)
{
	if (s.len > VALUE_BYTES - w->n)
		w->full = true;
	else if (s.len > 0)
		memcpy(w->at + w->n, s.ptr, s.len);
	w->n += w->full ? 0 : s.len;
}

/* $name, ${name}, ${name:-word}, ${name:+word}; s begins behind the dollar. Returns how much of it was taken. */
static size_t put_variable(const struct reading *r, struct slice s, struct writing *w)
{
	const struct variable *v;
	struct slice name, word = SLICE_EMPTY;
	size_t n = 0, end;
	uint8_t how = 0;

	if (s.len > 0 && s.ptr[0] == '{') {
		end = slice_find_byte(s, '}');
		if (end == SIZE_MAX)
			return s.len;
		name = slice_take(slice_from(s, 1), end - 1);
		if (slice_cut(name, ':', &name, &word) && word.len > 0)
			how = word.ptr[0];
		n = end + 1;
	} else {
		while (n < s.len && is_name_byte(s.ptr[n]))
			n++;
		name = slice_take(s, n);
	}
	if (n == 0) {
		put(w, SLICE("$"));
		return 0;
	}
	v = find_variable(r, name);
	if (how == '+' ? v && v->value.len > 0 : how == '-' && (!v || v->value.len == 0))
		put(w, slice_from(word, 1));
	else if (how != '+' && v)
		put(w, v->value);
	return n;
}

/* Without its quotation marks, variables replaced but between single ones; written to buf. */
static struct slice value_of(const struct reading *r, struct slice s, uint8_t buf[VALUE_BYTES])
{
	struct writing w = { .at = buf };
	uint8_t quote = 0;

	for (size_t i = 0; i < s.len && !w.full; i++) {
		uint8_t c = s.ptr[i];

		if (quote != '\'' && c == r->escape && i + 1 < s.len)
			put(&w, slice_take(slice_from(s, ++i), 1));
		else if (c == quote)
			quote = 0;
		else if (quote == 0 && (c == '"' || c == '\''))
			quote = c;
		else if (quote != '\'' && c == '$')
			i += put_variable(r, slice_from(s, i + 1), &w);
		else
			put(&w, slice_take(slice_from(s, i), 1));
	}
	return w.full ? SLICE_EMPTY : slice_make(w.at, w.n);
}

/* ---- instructions ---- */

/* Up to a blank that stands in no quotation marks. */
static bool next_word(const struct reading *r, struct slice *rest, struct slice *out)
{
	uint8_t quote = 0;
	size_t n = 0;

	*rest = slice_trim(*rest);
	for (; n < rest->len; n++) {
		uint8_t c = rest->ptr[n];

		if (c == r->escape && quote != '\'' && n + 1 < rest->len)
			n++;
		else if (c == quote)
			quote = 0;
		else if (quote == 0 && (c == '"' || c == '\''))
			quote = c;
		else if (quote == 0 && is_space(c))
			break;
	}
	*out = slice_take(*rest, MIN(n, rest->len));
	*rest = slice_from(*rest, MIN(n, rest->len));
	return out->len > 0;
}

static void set_variable(struct reading *r, struct slice name, struct slice value)
{
	struct variable *v;

	if (r->variables.len >= VARIABLES_MAX)
		return;
	v = VEC_PUSH(&r->variables, r->arena);
	r->failed |= !v || !arena_copy(r->arena, name, &v->name) || !arena_copy(r->arena, value, &v->value);
}

static void set_label(struct reading *r, struct slice name, struct slice value)
{
	for (size_t i = 0; i < r->n; i++)
		if (slice_eq(name, slice_cstr(r->names[i])))
			r->values[i] = value_of(r, value, r->kept + i * VALUE_BYTES);
}

static void set(struct reading *r, bool label, struct slice name, struct slice value)
{
	name = value_of(r, name, r->name_buf);
	if (label)
		set_label(r, name, value);
	else
		set_variable(r, name, value_of(r, value, r->value_buf));
}

/* "k=v k2=v2", or the old form "k v and all that follows". */
static void read_pairs(struct reading *r, bool label, struct slice rest)
{
	struct slice word, name, value;
	bool first = true;

	while (next_word(r, &rest, &word) && !r->failed) {
		if (slice_cut(word, '=', &name, &value))
			set(r, label, name, value);
		else if (first) {
			set(r, label, word, slice_trim(rest));
			return;
		}
		first = false;
	}
}

static void read_instruction(struct reading *r, struct slice line)
{
	struct slice word, name, value;

	if (!next_word(r, &line, &word))
		return;
	if (slice_eq_nocase(word, SLICE("LABEL")))
		read_pairs(r, true, line);
	else if (slice_eq_nocase(word, SLICE("ENV")))
		read_pairs(r, false, line);
	else if (slice_eq_nocase(word, SLICE("ARG")) && slice_cut(slice_trim(line), '=', &name, &value))
		set(r, false, name, value);
}

enum status dockerfile_labels(struct slice text, const char *const *names, size_t n, struct arena *arena,
			      struct slice *values, struct err *err)
{
	struct reading r = { .rest = text, .arena = arena, .names = names, .n = n, .values = values };
	struct slice line;

	for (size_t i = 0; i < n; i++)
		values[i] = SLICE_EMPTY;
	r.joined = arena_alloc(arena, text.len + 1);
	r.kept = arena_alloc(arena, n * VALUE_BYTES);
	if (!r.joined || !r.kept)
		return err_nomem(err, "Dockerfile");
	read_directives(&r);
	while (next_instruction(&r, &line) && !r.failed)
		read_instruction(&r, line);
	return r.failed ? err_nomem(err, "Dockerfile") : STATUS_OK;
}
