/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebar_lock.c - rebar.lock of Erlang: {<<"name">>, {pkg, <<"name">>, <<"version">>}, LEVEL}.
 *
 * Source: docs/formats/rebar-lock.md.
 */
#include "index/package/lock.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "rebar.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

struct terms {
	struct slice text;
	size_t at;
};

static void skip_space(struct terms *t)
{
	while (t->at < t->text.len && strchr(" \t\r\n", t->text.ptr[t->at]) && t->text.ptr[t->at])
		t->at++;
}

static bool take(struct terms *t, const char *text)
{
	skip_space(t);
	if (!slice_starts(slice_from(t->text, t->at), slice_cstr(text)))
		return false;
	t->at += strlen(text);
	return true;
}

/* <<"text">>: names and versions have nothing that is escaped. */
static bool take_binary(struct terms *t, struct slice *out)
{
	if (!take(t, "<<\"") || !slice_cut(slice_from(t->text, t->at), '"', out, NULL))
		return false;
	t->at += out->len + 1;
	return take(t, ">>");
}

/* To behind the } that closes a tuple in which t stands. */
static bool leave_tuple(struct terms *t)
{
	size_t depth = 1;
	bool quoted = false;

	for (; t->at < t->text.len && depth > 0; t->at++) {
		uint8_t b = t->text.ptr[t->at];

		if (b == '"')
			quoted = !quoted;
		else if (quoted && b == '\\')
			t->at++;
		else if (!quoted && b == '{')
			depth++;
		else if (!quoted && b == '}')
			depth--;
	}
	return depth == 0;
}

/* One {Name, Source, Level}, behind its brace. */
static enum status read_entry(struct lock *l, struct terms *t, struct line_counter *lines, struct err *err)
{
	uint32_t line = line_at(lines, t->at);
	struct slice name, version = SLICE_EMPTY;
	bool is_pkg, ok;

	ok = take_binary(t, &name) && take(t, ",") && take(t, "{");
	is_pkg = ok && take(t, "pkg");
	if (is_pkg) /* the package may have another name than the application */
		ok = take(t, ",") && take_binary(t, &name) && take(t, ",") && take_binary(t, &version);
	if (!ok || !leave_tuple(t) || !take(t, ","))
		return err_set(err, STATUS_MALFORMED, "line %u: expected a package of rebar.lock", line);
	if (!is_pkg)
		lock_vague(l, line);
	else
		TRY(lock_add(l, name, version, take(t, "0") ? PACKAGE_DIRECT : PACKAGE_INDIRECT, line, NULL, err));
	return leave_tuple(t) ? STATUS_OK : err_set(err, STATUS_MALFORMED, "line %u: the package does not end", line);
}

static enum status read_terms(struct lock *l, struct err *err)
{
	struct terms t = { .text = l->in.file->bytes };
	struct line_counter lines = LINE_COUNTER(t.text);
	struct slice format;

	/* {"1.2.0", [...]}, and before 1.0 of rebar3 the list alone. */
	if (take(&t, "{\"")) {
		if (!slice_cut(slice_from(t.text, t.at), '"', &format, NULL))
			return err_set(err, STATUS_MALFORMED, "it does not begin as rebar.lock does");
		t.at += format.len + 1;
		take(&t, ",");
	}
	if (!take(&t, "["))
		return err_set(err, STATUS_MALFORMED, "it does not begin as rebar.lock does");
	while (take(&t, "{")) {
		TRY(read_entry(l, &t, &lines, err));
		take(&t, ",");
	}
	return take(&t, "]") ? STATUS_OK : err_set(err, STATUS_MALFORMED, "the list of packages breaks off");
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_HEX, "rebar-lock");

	return lock_end(&l, read_terms(&l, err), err);
}

const struct detector detector_rebar_lock = {
	.name = "rebar_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
