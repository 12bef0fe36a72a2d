/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_out.c - values of settings as YAML: block mappings for the settings, flow style for what is in them. */
#include "config/yaml_out.h"

#include "config/mask.h"
#include "text/json_writer.h"

#include <stdio.h>

unsigned yaml_out_indent(struct slice path)
{
	unsigned depth = 0;

	for (size_t i = 0; i < path.len; i++)
		depth += path.ptr[i] == '.';
	return 2 * depth;
}

/* Length of the mappings that two paths share, with the point behind. */
static size_t shared(struct slice a, struct slice b)
{
	size_t n = 0;

	for (size_t i = 0; i < a.len && i < b.len && a.ptr[i] == b.ptr[i]; i++)
		if (a.ptr[i] == '.')
			n = i + 1;
	/* A mapping's own row was before: "tls", then "tls.cert". */
	if (b.len > a.len && slice_starts(b, a) && b.ptr[a.len] == '.' && a.len)
		n = a.len + 1;
	return n;
}

void yaml_out_parents(struct yaml_out *w, struct slice path, const char *mark)
{
	size_t from = shared(w->last, path);

	for (size_t i = from; i < path.len; i++) {
		struct slice upper = slice_take(path, i);

		if (path.ptr[i] != '.')
			continue;
		buf_printf(w->out, "%*s%s%.*s:\n", (int)yaml_out_indent(upper), "", mark,
			   SLICE_ARG(slice_from(upper, from)));
		from = i + 1;
	}
	w->last = path;
}

void yaml_out_key(struct yaml_out *w, struct slice path, const char *mark)
{
	struct slice name = path;

	yaml_out_parents(w, path, mark);
	if (slice_find_byte(path, '.') != SIZE_MAX)
		slice_rcut(path, '.', NULL, &name);
	buf_printf(w->out, "%*s%s%.*s:", (int)yaml_out_indent(path), "", mark, SLICE_ARG(name));
}

static bool is_plain(struct slice s)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n" };

	if (s.len == 0 || !(is_alpha(s.ptr[0]) || s.ptr[0] == '/'))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && slice_find_byte(SLICE("_./-"), s.ptr[i]) == SIZE_MAX)
			return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_nocase(s, slice_cstr(words[i])))
			return false;
	return true;
}

void yaml_out_text(struct buf *out, struct slice text)
{
	struct json_writer w;

	if (is_plain(text)) {
		buf_add(out, text);
		return;
	}
	/* A string of JSON is one of YAML. */
	json_writer_init(&w, out, 0);
	json_string(&w, text);
}

static enum status put_text(struct yaml_out *w, const struct setting *s, struct slice text, bool masked,
			    struct err *err)
{
	if (masked && !mask_text(s, text, w->arena, &text))
		return err_nomem(err, "settings");
	yaml_out_text(w->out, text);
	return STATUS_OK;
}

static enum status put_list(struct yaml_out *w, const struct setting *s, const struct config_list *list, bool masked,
			    struct err *err)
{
	buf_add_byte(w->out, '[');
	for (size_t i = 0; i < list->n; i++) {
		if (i)
			buf_add_cstr(w->out, ", ");
		TRY(put_text(w, s, list->at[i], masked, err));
	}
	buf_add_byte(w->out, ']');
	return STATUS_OK;
}

/* Pairs of one name are neighbours. */
static enum status put_pairs(struct yaml_out *w, const struct setting *s, const struct config_pairs *pairs, bool masked,
			     struct err *err)
{
	bool lists = s->type == SETTING_HEADERS;

	buf_add_byte(w->out, '{');
	for (size_t i = 0; i < pairs->n; i++) {
		bool same = i && slice_eq(pairs->at[i - 1].name, pairs->at[i].name) && lists;

		if (i)
			buf_add_cstr(w->out, same || !lists ? ", " : "], ");
		if (!same) {
			yaml_out_text(w->out, pairs->at[i].name);
			buf_add_cstr(w->out, lists ? ": [" : ": ");
		}
		TRY(put_text(w, s, pairs->at[i].value, masked, err));
	}
	buf_add_cstr(w->out, lists && pairs->n ? "]}" : "}");
	return STATUS_OK;
}

static enum status put_blocks(struct yaml_out *w, const struct config_blocks *blocks, bool masked, struct err *err)
{
	buf_add_byte(w->out, '{');
	for (size_t i = 0; i < blocks->n; i++) {
		struct slice json = blocks->at[i].json;

		if (masked)
			TRY(mask_json(blocks->at[i].name, json, w->arena, &json, err));
		if (i)
			buf_add_cstr(w->out, ", ");
		yaml_out_text(w->out, blocks->at[i].name);
		buf_add_cstr(w->out, ": ");
		buf_add(w->out, json);
	}
	buf_add_byte(w->out, '}');
	return STATUS_OK;
}

static enum status put_scalar(struct yaml_out *w, const struct setting *s, const void *at, struct err *err)
{
	struct slice text = SLICE_EMPTY;
	bool ok = true;

	switch (s->type) {
	case SETTING_BOOL:
		text = *(const bool *)at ? SLICE("true") : SLICE("false");
		break;
	case SETTING_INT:
		ok = arena_printf(w->arena, &text, "%lld", (long long)*(const int64_t *)at);
		break;
	case SETTING_FLOAT:
		ok = arena_printf(w->arena, &text, "%.9g", *(const double *)at);
		break;
	case SETTING_DURATION:
		ok = value_duration_text(*(const int64_t *)at, w->arena, &text);
		break;
	case SETTING_BYTES:
		ok = value_bytes_text(*(const uint64_t *)at, w->arena, &text);
		break;
	default:
		ok = setting_choice(s->rule, *(const unsigned *)at, &text);
		break;
	}
	buf_add(w->out, text);
	return ok ? STATUS_OK : err_nomem(err, "settings");
}

enum status yaml_out_value(struct yaml_out *w, const struct setting *s, const struct config *c, bool masked,
			   struct err *err)
{
	const void *at = setting_in(s, c);

	buf_add_byte(w->out, ' ');
	switch (s->type) {
	case SETTING_PRESENT:
		buf_add_cstr(w->out, "{}");
		return STATUS_OK;
	case SETTING_LIST:
		return put_list(w, s, at, masked, err);
	case SETTING_TEXTS:
	case SETTING_HEADERS:
		return put_pairs(w, s, at, masked, err);
	case SETTING_BLOCKS:
		return put_blocks(w, at, masked, err);
	case SETTING_STRING:
	case SETTING_PATH:
	case SETTING_URL:
	case SETTING_ADDRESS:
	case SETTING_BASE64:
	case SETTING_KEY:
		return put_text(w, s, *(const struct slice *)at, masked, err);
	default:
		return put_scalar(w, s, at, err);
	}
}
