/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.c - the value of WWW-Authenticate. */
#include "image/challenge.h"

#define PARAMETERS_MAX 64

static bool is_token_byte(uint8_t c)
{
	return is_alnum(c) || (c != 0 && memchr("!#$%&'*+-.^_`|~", c, 15) != NULL);
}

static struct slice skip(struct slice s, bool commas)
{
	while (s.len > 0 && (is_space(s.ptr[0]) || (commas && s.ptr[0] == ',')))
		s = slice_from(s, 1);
	return s;
}

static struct slice token(struct slice *s)
{
	struct slice t = slice_take(*s, 0);

	while (t.len < s->len && is_token_byte(s->ptr[t.len]))
		t.len++;
	*s = slice_from(*s, t.len);
	return t;
}

/* "text" with backslashes; false without its end. */
static bool quoted(struct slice *s, struct arena *arena, struct slice *out)
{
	uint8_t *bytes = arena_alloc(arena, s->len);
	size_t n = 0, i = 1;

	if (!bytes)
		return false;
	for (; i < s->len && s->ptr[i] != '"'; i++) {
		if (s->ptr[i] == '\\' && i + 1 < s->len)
			i++;
		bytes[n++] = s->ptr[i];
	}
	if (i >= s->len)
		return false;
	*s = slice_from(*s, i + 1);
	*out = slice_make(bytes, n);
	return true;
}

static bool parameter_value(struct slice *s, struct arena *arena, struct slice *out)
{
	if (s->len > 0 && s->ptr[0] == '"')
		return quoted(s, arena, out);
	*out = token(s);
	return true;
}

static void keep(struct challenge *c, struct slice name, struct slice value)
{
	if (slice_eq_nocase(name, SLICE("realm")))
		c->realm = value;
	else if (slice_eq_nocase(name, SLICE("service")))
		c->service = value;
	else if (slice_eq_nocase(name, SLICE("scope")))
		c->scope = value;
}

/* NAME=VALUE, ... to the name of the next scheme, which is left there. */
static bool parameters(struct slice *s, struct arena *arena, struct challenge *c)
{
	for (unsigned i = 0; i < PARAMETERS_MAX; i++) {
		struct slice at = skip(*s, true), name = token(&at), value;

		at = skip(at, false);
		if (name.len == 0 || at.len == 0 || at.ptr[0] != '=')
			return true;
		at = skip(slice_from(at, 1), false);
		if (!parameter_value(&at, arena, &value))
			return false;
		keep(c, name, value);
		*s = at;
	}
	return false;
}

enum status challenge_parse(struct slice value, struct arena *arena, struct challenge *out, struct err *err)
{
	struct challenge best = { .scheme = CHALLENGE_NONE };

	value = skip(value, true);
	while (value.len > 0) {
		struct slice scheme = token(&value);
		struct challenge c = { .scheme = CHALLENGE_NONE };

		if (scheme.len == 0 || (value.len > 0 && !is_space(value.ptr[0]) && value.ptr[0] != ','))
			return err_set(err, STATUS_MALFORMED, "WWW-Authenticate is no challenge");
		/* The other form, base64 in place of parameters (Negotiate), ends at the next comma. */
		if (!parameters(&value, arena, &c))
			return err_set(err, STATUS_MALFORMED, "a parameter of WWW-Authenticate has no end");
		if (slice_eq_nocase(scheme, SLICE("bearer")))
			c.scheme = CHALLENGE_BEARER;
		else if (slice_eq_nocase(scheme, SLICE("basic")))
			c.scheme = CHALLENGE_BASIC;
		else if (!slice_cut(value, ',', NULL, &value))
			value = SLICE_EMPTY;
		if (c.scheme > best.scheme)
			best = c;
		value = skip(value, true);
	}
	*out = best;
	return STATUS_OK;
}
