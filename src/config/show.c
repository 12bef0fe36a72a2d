/* SPDX-License-Identifier: Apache-2.0 */
/* show.c - a config as YAML, in the order of settings.def, with the origin of each value. */
#include "config/show.h"

#include "config/mask.h"
#include "config/yaml_out.h"

static const char mode_letters[CONFIG_MODES] = { 'c', 'i', 'm', 'n' };

static bool is_set(const struct setting *s, const struct config *c)
{
	const void *at = setting_in(s, c);

	switch (s->type) {
	case SETTING_PRESENT:
		return *(const bool *)at;
	case SETTING_LIST:
		return ((const struct config_list *)at)->given;
	case SETTING_TEXTS:
	case SETTING_HEADERS:
		return ((const struct config_pairs *)at)->n > 0;
	case SETTING_BLOCKS:
		return ((const struct config_blocks *)at)->n > 0;
	case SETTING_BOOL:
	case SETTING_INT:
	case SETTING_DURATION:
	case SETTING_BYTES:
		return true;
	case SETTING_FLOAT:
		return c->trace.probability_given;
	case SETTING_CHOICE:
		return s->rule[0] != '|' || *(const unsigned *)at != 0;
	default:
		return ((const struct slice *)at)->len > 0;
	}
}

/* Is every mapping above the row there that means something by being there? */
static bool parents_present(const struct config *c, const struct setting *rows, size_t n, struct slice path)
{
	for (size_t i = 0; i < n; i++) {
		struct slice own = slice_cstr(rows[i].path);

		if (rows[i].type == SETTING_PRESENT && path.len > own.len && path.ptr[own.len] == '.' &&
		    slice_starts(path, own) && !*(const bool *)setting_in(&rows[i], c))
			return false;
	}
	return true;
}

/* By a file or the command line, even if the value is not used as it stands there. */
static bool was_given(const struct config *c, size_t i)
{
	return c->origins[i].kind == CONFIG_FROM_FILE || c->origins[i].kind == CONFIG_FROM_ARGUMENT ||
	       c->origins[i].mended;
}

const char *config_not_yet(const struct config *c, size_t index)
{
	size_t n;
	const struct setting *rows = config_settings(&n);

	for (size_t i = 0; i < n; i++)
		if ((rows[i].flags & SETTING_NOT_YET) && was_given(c, i) && index-- == 0)
			return rows[i].path;
	return NULL;
}

static bool is_shown(const struct config *c, const struct setting *rows, size_t n, size_t i)
{
	if (!strchr(rows[i].modes, mode_letters[c->mode]) || !is_set(&rows[i], c) ||
	    !parents_present(c, rows, n, slice_cstr(rows[i].path)))
		return false;
	return was_given(c, i) || !(rows[i].flags & (SETTING_NO_EFFECT | SETTING_DEPRECATED));
}

/* A mapping that is empty but for being there. */
static bool has_shown_below(const struct config *c, const struct setting *rows, size_t n, size_t i)
{
	struct slice own = slice_cstr(rows[i].path);

	for (size_t k = i + 1; k < n; k++) {
		struct slice path = slice_cstr(rows[k].path);

		if (path.len > own.len && slice_starts(path, own) && path.ptr[own.len] == '.' &&
		    is_shown(c, rows, n, k))
			return true;
	}
	return false;
}

static void put_origin(struct buf *out, const struct config_origin *o, const struct setting *s)
{
	switch (o->kind) {
	case CONFIG_FROM_DEFAULT:
		buf_add_cstr(out, "  # default");
		return;
	case CONFIG_FROM_FILE:
		buf_printf(out, "  # %s:%u", o->file ? o->file : "?", o->line);
		return;
	case CONFIG_FROM_ARGUMENT:
		buf_add_cstr(out, "  # command line");
		return;
	case CONFIG_DERIVED:
		if (o->mended)
			buf_printf(out, "  # instead of %s:%u", o->file ? o->file : "?", o->line);
		else
			buf_add_cstr(out, s->standard[0] ? "  # default of the embedded service" : "  # derived");
		return;
	}
}

enum status config_show(const struct config *c, bool plain, bool given, struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct yaml_out w = { .out = out, .arena = &arena };
	size_t n;
	const struct setting *rows = config_settings(&n);

	if (!plain)
		buf_printf(out, "# mode: %s%s%s\n", config_mode_name(c->mode),
			   c->embedded ? ", no file: the embedded default" : "",
			   c->v2 ? ", from a file of Clair 2" : "");
	for (size_t i = 0; i < n; i++) {
		if (!is_shown(c, rows, n, i) || (given && !was_given(c, i)))
			continue;
		if (rows[i].type == SETTING_PRESENT && has_shown_below(c, rows, n, i))
			continue;
		yaml_out_key(&w, slice_cstr(rows[i].path), "");
		TRY(yaml_out_value(&w, &rows[i], c, true, err));
		if (!plain)
			put_origin(out, &c->origins[i], &rows[i]);
		buf_add_byte(out, '\n');
	}
	return buf_check(out, "settings", err);
}
