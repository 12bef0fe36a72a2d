/* SPDX-License-Identifier: Apache-2.0 */
/* sample.c - a file with every setting, made from settings.def. */
#include "config/show.h"

#include "config/yaml_out.h"

#define COLUMNS 100

/* "# text" in lines that end before the last column. */
static void put_comment(struct buf *out, unsigned indent, struct slice text)
{
	struct slice word;
	size_t column = 0; /* 0: no line was begun */

	while (slice_word(&text, ' ', &word)) {
		if (column == 0 || column + 1 + word.len > COLUMNS) {
			buf_printf(out, "%s%*s#", column ? "\n" : "", (int)indent, "");
			column = indent + 1;
		}
		buf_add_byte(out, ' ');
		buf_add(out, word);
		column += 1 + word.len;
	}
	buf_add_byte(out, '\n');
}

/* Below a mapping that means something by being there (or that mapping itself): a comment, as the mapping is. */
static bool is_optional(const struct setting *rows, size_t n, size_t i, bool itself)
{
	struct slice path = slice_cstr(rows[i].path);

	for (size_t k = 0; k < n; k++) {
		struct slice own = slice_cstr(rows[k].path);

		if (rows[k].type == SETTING_PRESENT && slice_starts(path, own) &&
		    (path.len == own.len ? itself : path.ptr[own.len] == '.'))
			return true;
	}
	return false;
}

static void put_help(struct yaml_out *w, const struct setting *s)
{
	struct slice path = slice_cstr(s->path), text;

	if (!arena_printf(w->arena, &text, "%s%s%s", s->help, s->type == SETTING_CHOICE ? " One of " : "",
			  s->type == SETTING_CHOICE ? s->rule + (s->rule[0] == '|') : ""))
		w->out->failed = STATUS_NOMEM;
	else
		put_comment(w->out, yaml_out_indent(path), text);
}

static enum status put_row(struct yaml_out *w, const struct config *standard, const struct setting *rows, size_t n,
			   size_t i, struct err *err)
{
	const struct setting *s = &rows[i];
	struct slice path = slice_cstr(s->path);
	bool limit = s->type == SETTING_BYTES && s->standard[0] == '\0' && s->example[0] == '\0';
	bool active = (s->standard[0] || limit) && !is_optional(rows, n, i, true);

	yaml_out_parents(w, path, is_optional(rows, n, i, false) ? "#" : "");
	put_help(w, s);
	yaml_out_key(w, path, active ? "" : "#");
	if (s->type == SETTING_PRESENT)
		return STATUS_OK;
	/* Who copies a sample wants the service for this machine first, not for every address. */
	if ((active || (s->standard[0] && !s->example[0])) && s->type != SETTING_ADDRESS)
		return yaml_out_value(w, s, standard, false, err);
	buf_add_byte(w->out, ' ');
	if (s->type >= SETTING_LIST || s->example[0] == '"')
		buf_add_cstr(w->out, s->example);
	else if (s->type == SETTING_INT || s->type == SETTING_BOOL || s->type == SETTING_FLOAT)
		buf_add_cstr(w->out, s->example);
	else
		yaml_out_text(w->out, slice_cstr(s->example));
	return STATUS_OK;
}

enum status config_sample(struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)4 << 20);
	struct config_request request = { .mode = CONFIG_COMBO, .cpus = 1, .path = "sample.yaml" };
	struct yaml_out w = { .out = out, .arena = &arena };
	struct config standard;
	size_t n;
	const struct setting *rows = config_settings(&n);
	enum status st = config_load_text(&request, SLICE_EMPTY, &standard, err);

	put_comment(
		out, 0,
		SLICE("Settings of limpid serve. What is no comment is the default; a comment that is a setting shows "
		      "one without a default, or of a mapping that means something by being there."));
	for (size_t i = 0; i < n && st == STATUS_OK; i++) {
		if (rows[i].flags & (SETTING_DEPRECATED | SETTING_NO_EFFECT))
			continue;
		st = put_row(&w, &standard, rows, n, i, err);
		buf_add_byte(out, '\n');
	}
	config_fini(&standard);
	TRY(st);
	return buf_check(out, "sample", err);
}
