/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c - a tree of settings into struct config, by the rows of settings.def. */
#include "config/load_impl.h"

#include "io/file.h"

#define PATH_BYTES 256 /* of a setting's path; the longest has 50 */
#define BLOCK_BYTES ((size_t)4 << 20)

/* Keys that files in the wild have although no Clair of today knows them. */
static const struct {
	const char *path, *now;
} moved[] = {
	{ "matcher.updater_sets", "updaters.sets" },
	{ "notifier.amqp.exchange.durable", "notifier.amqp.exchange.durability" },
	{ "notifier.stomp.login", "notifier.stomp.user" },
	{ "matchers.matchers", "matchers.names" },
	{ "updaters.updaters", "updaters.sets" },
};

static struct slice join(char *out, size_t size, struct slice path, struct slice key)
{
	size_t n = path.len;

	if (path.len + key.len + 2 > size)
		return SLICE_EMPTY;
	if (path.len) {
		memcpy(out, path.ptr, path.len);
		out[n++] = '.';
	}
	if (key.len)
		memcpy(out + n, key.ptr, key.len);
	n += key.len;
	out[n] = '\0';
	return slice_make(out, n);
}

static void unknown_key(struct loader *l, struct slice path, const struct node *n)
{
	struct slice near = setting_near(path, n->key), other = setting_elsewhere(n->key);
	struct err_quote q;
	const char *name = err_slice(&q, n->key);
	char full[PATH_BYTES], more[PATH_BYTES + 32] = "";
	struct slice where = join(full, sizeof(full), path, n->key);

	for (size_t i = 0; i < ARRAY_LEN(moved); i++)
		if (slice_eq_nocase(where, slice_cstr(moved[i].path)))
			snprintf(more, sizeof(more), "; today it is %s", moved[i].now);
	if (!more[0] && slice_find_byte(n->key, '.') != SIZE_MAX && setting_find(where) != SIZE_MAX)
		snprintf(more, sizeof(more), "; a point does not lead into a mapping: write one inside the other");
	else if (!more[0] && near.len)
		snprintf(more, sizeof(more), "; did you mean \"%.*s\"?", SLICE_ARG(near));
	else if (!more[0] && other.len)
		snprintf(more, sizeof(more), "; there is %.*s", SLICE_ARG(other));
	load_problem(l, CONFIG_ERROR, n->key_place, path.len ? (const char *)path.ptr : NULL, "unknown key \"%s\"%s",
		     name, more);
}

static bool find_key(struct slice path, const struct node *n, struct slice *out, bool *out_file)
{
	size_t len;
	const char *key = slice_find_byte(n->key, '.') == SIZE_MAX ? setting_key(path, n->key, &len, out_file) : NULL;

	if (key)
		*out = slice_make(key, len);
	return key != NULL;
}

/* Names of the mappings that settings.def knows; what is below BLOCKS and the like is nobody's business here. */
static void spell_object(struct loader *l, struct slice path, struct node *object)
{
	for (struct node *n = object->child; n; n = n->next) {
		struct slice key, below;
		char full[PATH_BYTES];
		bool is_file = false;

		if (!find_key(path, n, &key, &is_file))
			continue;
		if (!slice_eq(slice_take(n->key, key.len), key) || (is_file && !slice_ends(n->key, SLICE("_file")))) {
			struct slice spelt;

			if (!arena_printf(l->arena, &spelt, "%.*s%s", SLICE_ARG(key), is_file ? "_file" : "")) {
				load_nomem(l);
				return;
			}
			if (node_get(object, spelt))
				load_problem(l, CONFIG_WARNING, n->key_place, (const char *)path.ptr,
					     "\"%.*s\" is given twice, in other letters; the last one counts",
					     SLICE_ARG(spelt));
			n->key = spelt;
		}
		below = join(full, sizeof(full), path, key);
		if (!is_file && n->kind == NODE_OBJECT && below.len && setting_is_mapping(below))
			spell_object(l, below, n); /* as deep as the table, not as the file */
	}
}

void load_spell(struct loader *l, struct node *root)
{
	if (root->kind == NODE_OBJECT)
		spell_object(l, SLICE(""), root);
}

/* ---- scalars ---- */

static const char *in_range(struct loader *l, const struct setting *s, bool low, bool high)
{
	struct slice text;

	if (!low && !high)
		return NULL;
	if (!arena_printf(l->arena, &text, "must be within %s", s->rule)) {
		load_nomem(l);
		return "";
	}
	return (const char *)text.ptr;
}

static bool rule_ends(const struct setting *s, struct slice *low, struct slice *high)
{
	size_t at = slice_find(slice_cstr(s->rule), SLICE(".."));

	if (at == SIZE_MAX)
		return false;
	*low = slice_take(slice_cstr(s->rule), at);
	*high = slice_from(slice_cstr(s->rule), at + 2);
	return true;
}

static const char *set_integer(struct loader *l, const struct setting *s, struct slice text)
{
	bool duration = s->type == SETTING_DURATION;
	bool (*parse)(struct slice, int64_t *) = duration ? value_duration : value_integer;
	struct slice low, high;
	int64_t n, a, b;

	if (!parse(text, &n))
		return duration ? "expected a duration such as \"1h30m\"" : "expected an integer";
	*(int64_t *)setting_at(s, l->config) = n;
	if (!rule_ends(s, &low, &high) || !parse(low, &a) || !parse(high, &b))
		return NULL;
	return in_range(l, s, n<a, n> b);
}

static const char *set_bytes(struct loader *l, const struct setting *s, struct slice text)
{
	struct slice low, high;
	uint64_t n, a, b;

	if (!value_bytes(text, &n))
		return "expected a size such as 64MiB";
	*(uint64_t *)setting_at(s, l->config) = n;
	if (!rule_ends(s, &low, &high) || !value_bytes(low, &a) || !value_bytes(high, &b))
		return NULL;
	return in_range(l, s, n<a, n> b);
}

static const char *set_float(struct loader *l, const struct setting *s, struct slice text)
{
	struct slice low, high;
	double n, a, b;

	if (!value_float(text, &n))
		return "expected a number";
	*(double *)setting_at(s, l->config) = n;
	if (!rule_ends(s, &low, &high) || !value_float(low, &a) || !value_float(high, &b))
		return NULL;
	return in_range(l, s, n<a, n> b);
}

static const char *set_choice(struct loader *l, const struct setting *s, struct slice text)
{
	struct slice word, message;

	for (size_t i = 0; setting_choice(s->rule, i, &word); i++) {
		if (slice_eq_nocase(word, text)) {
			*(unsigned *)setting_at(s, l->config) = (unsigned)i;
			return NULL;
		}
	}
	if (!arena_printf(l->arena, &message, "expected one of %s", s->rule[0] == '|' ? s->rule + 1 : s->rule)) {
		load_nomem(l);
		return "";
	}
	return (const char *)message.ptr;
}

static const char *set_bool(struct loader *l, const struct setting *s, struct slice text)
{
	bool yes = slice_eq(text, SLICE("true"));

	if (!yes && !slice_eq(text, SLICE("false")))
		return "expected true or false";
	*(bool *)setting_at(s, l->config) = yes;
	return NULL;
}

static const char *set_text(struct loader *l, const struct setting *s, struct slice text)
{
	struct slice *out = setting_at(s, l->config);

	if (slice_find_byte(text, 0) != SIZE_MAX)
		return "a NUL byte";
	if (!arena_copy(l->arena, text, out))
		load_nomem(l);
	return NULL;
}

/* Fernet's keys are of the URL's alphabet; those of Clair's documentation are not. Padding may be left out. */
static const char *set_key(struct loader *l, const struct setting *s, struct slice text)
{
	struct slice *out = setting_at(s, l->config), key;
	uint8_t digits[44];

	if (text.len == 0)
		return NULL;
	if (text.len != 43 && text.len != 44)
		return "expected 32 bytes in base64";
	memset(digits, '=', sizeof(digits));
	for (size_t i = 0; i < text.len; i++)
		digits[i] = text.ptr[i] == '-' ? '+' : text.ptr[i] == '_' ? '/' : text.ptr[i];
	if (!base64_decode(slice_make(digits, sizeof(digits)), VALUE_BASE64, l->arena, &key) || key.len != 32)
		return "expected 32 bytes in base64";
	*out = key;
	return NULL;
}

const char *load_value(struct loader *l, const struct setting *s, struct slice text)
{
	switch (s->type) {
	case SETTING_BOOL:
		return set_bool(l, s, text);
	case SETTING_INT:
	case SETTING_DURATION:
		return set_integer(l, s, text);
	case SETTING_BYTES:
		return set_bytes(l, s, text);
	case SETTING_FLOAT:
		return set_float(l, s, text);
	case SETTING_CHOICE:
		return set_choice(l, s, text);
	case SETTING_KEY:
		return set_key(l, s, text);
	case SETTING_BASE64:
		return base64_decode(text, VALUE_BASE64, l->arena, setting_at(s, l->config)) ? NULL : "expected base64";
	default:
		return set_text(l, s, text);
	}
}

/* The kind of value that stands for a type in a file. Clair's numbers for compression are words here. */
static bool kind_fits(const struct setting *s, const struct node *n)
{
	switch (s->type) {
	case SETTING_BOOL:
		return n->kind == NODE_BOOL;
	case SETTING_INT:
	case SETTING_FLOAT:
		return n->kind == NODE_NUMBER;
	case SETTING_BYTES:
		return n->kind == NODE_NUMBER || n->kind == NODE_STRING;
	default:
		return n->kind == NODE_STRING;
	}
}

static struct slice scalar_text(const struct setting *s, const struct node *n)
{
	struct slice word;
	uint64_t index;

	if (s->type == SETTING_CHOICE && n->kind == NODE_NUMBER && s->rule[0] == '|' && slice_to_u64(n->text, &index) &&
	    index < 16 && setting_choice(s->rule, index, &word))
		return word;
	return n->text;
}

static void wrong_kind(struct loader *l, const struct setting *s, const struct node *n)
{
	struct err_quote q;
	bool secret = s->flags & (SETTING_SECRET | SETTING_PASSWORD);
	bool scalar = n->kind < NODE_ARRAY && n->kind != NODE_NULL && !secret;
	const char *hint = "";

	if (n->kind == NODE_NUMBER || n->kind == NODE_BOOL) {
		if (s->type == SETTING_DURATION)
			hint = "; write a unit: \"6h\"";
		else if (s->type == SETTING_STRING || s->type == SETTING_ADDRESS || s->type == SETTING_PATH)
			hint = "; put it in quotes";
	}
	if (n->kind == NODE_STRING && (s->type == SETTING_BOOL || s->type == SETTING_INT))
		hint = "; write it without quotes";
	if (n->kind == NODE_STRING && s->type == SETTING_LIST)
		hint = "; write it in [ ]";
	load_problem(l, CONFIG_ERROR, n->place, s->path, "expected %s, found %s%s%s%s", setting_type_name(s->type),
		     node_kind_name(n->kind), scalar ? " " : "", scalar ? err_slice(&q, n->text) : "", hint);
}

static void decode_scalar(struct loader *l, const struct setting *s, const struct node *n)
{
	struct slice text = scalar_text(s, n);
	const char *wrong;
	struct err_quote q;

	/* A variable has no type of its own. */
	if (!kind_fits(s, n) && text.ptr == n->text.ptr && !(n->expanded && n->kind == NODE_STRING)) {
		wrong_kind(l, s, n);
		return;
	}
	wrong = load_value(l, s, text);
	if (!wrong)
		return;
	if (s->flags & (SETTING_SECRET | SETTING_PASSWORD))
		load_problem(l, CONFIG_ERROR, n->place, s->path, "%s", wrong);
	else
		load_problem(l, CONFIG_ERROR, n->place, s->path, "\"%s\": %s", err_slice(&q, text), wrong);
}

/* ---- lists and mappings ---- */

static size_t count(const struct node *n)
{
	size_t k = 0;

	for (n = n->child; n; n = n->next)
		k++;
	return k;
}

static bool is_text(struct loader *l, const struct setting *s, const struct node *n)
{
	if (n->kind == NODE_STRING)
		return true;
	load_problem(l, CONFIG_ERROR, n->place, s->path, "expected a string, found %s%s", node_kind_name(n->kind),
		     n->kind == NODE_NUMBER ? "; put it in quotes" : "");
	return false;
}

static void decode_list(struct loader *l, const struct setting *s, const struct node *n)
{
	struct config_list *out = setting_at(s, l->config);
	struct slice *at = arena_array(l->arena, count(n) + 1, sizeof(*at));

	if (!at) {
		load_nomem(l);
		return;
	}
	*out = (struct config_list){ at, 0, true };
	for (const struct node *e = n->child; e; e = e->next)
		if (is_text(l, s, e) && !arena_copy(l->arena, e->text, &at[out->n++]))
			load_nomem(l);
}

static void decode_pairs(struct loader *l, const struct setting *s, const struct node *n)
{
	struct config_pairs *out = setting_at(s, l->config);
	VEC(struct config_pair) pairs = { 0 };

	for (const struct node *m = n->child; m; m = m->next) {
		const struct node *value = s->type == SETTING_HEADERS ? m->child : m;

		if (s->type == SETTING_HEADERS && m->kind != NODE_ARRAY && m->kind != NODE_NULL) {
			load_problem(l, CONFIG_ERROR, m->place, s->path,
				     "expected a list of strings, found %s; write it in [ ]", node_kind_name(m->kind));
			continue;
		}
		for (; value; value = s->type == SETTING_HEADERS ? value->next : NULL) {
			struct config_pair *p = is_text(l, s, value) ? VEC_PUSH(&pairs, l->arena) : NULL;

			if (p)
				*p = (struct config_pair){ m->key, value->text };
			else if (value->kind == NODE_STRING)
				load_nomem(l);
		}
	}
	*out = (struct config_pairs){ pairs.at, pairs.len };
}

static void decode_blocks(struct loader *l, const struct setting *s, const struct node *n)
{
	struct config_blocks *out = setting_at(s, l->config);
	struct config_block *at = arena_array(l->arena, count(n) + 1, sizeof(*at));
	struct err err = ERR_INIT;

	if (!at) {
		load_nomem(l);
		return;
	}
	*out = (struct config_blocks){ at, 0 };
	for (const struct node *m = n->child; m; m = m->next, out->n++) {
		struct buf AUTO(buf_fini) json = BUF_INIT(BLOCK_BYTES);
		struct json_writer w;

		json_writer_init(&w, &json, 0);
		at[out->n].name = m->key;
		if (node_write(m, &w, &err) != STATUS_OK || json_writer_end(&w, &err) != STATUS_OK)
			load_problem(l, CONFIG_ERROR, m->place, s->path, "%s", err.msg);
		else if (!arena_copy(l->arena, buf_slice(&json), &at[out->n].json))
			load_nomem(l);
	}
}

static void decode_row(struct loader *l, size_t row, const struct node *n)
{
	const struct setting *s = &l->settings[row];
	enum node_kind want = s->type == SETTING_LIST ? NODE_ARRAY : s->type >= SETTING_TEXTS ? NODE_OBJECT : n->kind;

	if (n->kind == NODE_NULL)
		return;
	l->places[row] = n->place;
	if (n->kind != want)
		wrong_kind(l, s, n);
	else if (s->type == SETTING_PRESENT)
		*(bool *)setting_at(s, l->config) = true;
	else if (s->type == SETTING_LIST)
		decode_list(l, s, n);
	else if (s->type == SETTING_TEXTS || s->type == SETTING_HEADERS)
		decode_pairs(l, s, n);
	else if (s->type == SETTING_BLOCKS)
		decode_blocks(l, s, n);
	else
		decode_scalar(l, s, n);
}

/* ---- secrets in files ---- */

static size_t order_of(const struct loader *l, const char *file)
{
	for (size_t i = 0; i < l->n_read; i++)
		if (l->read[i] == file)
			return i;
	return SIZE_MAX;
}

static void decode_secret_file(struct loader *l, size_t row, const struct node *n, const struct node *object)
{
	const struct setting *s = &l->settings[row];
	struct buf AUTO(buf_fini) text = BUF_INIT(CONFIG_FILE_BYTES);
	struct slice name, content;
	struct err err = ERR_INIT;
	const struct node *other;
	const char *wrong;
	char *path;

	slice_rcut(slice_cstr(s->path), '.', NULL, &name);
	other = node_get((struct node *)(uintptr_t)object, name);
	if (n->kind == NODE_NULL)
		return;
	if (other && other->kind != NODE_NULL && other->place.file == n->place.file) {
		load_problem(l, CONFIG_ERROR, n->key_place, s->path, "both \"%.*s\" and \"%.*s_file\" are given",
			     SLICE_ARG(name), SLICE_ARG(name));
		return;
	}
	/* Of two files the later one counts. */
	if (other && other->kind != NODE_NULL && order_of(l, other->place.file) > order_of(l, n->place.file))
		return;
	if (n->kind != NODE_STRING) {
		load_problem(l, CONFIG_ERROR, n->place, s->path, "expected a path, found %s", node_kind_name(n->kind));
		return;
	}
	if (!l->files)
		return;
	path = arena_cstr(l->arena, n->text);
	if (!path) {
		load_nomem(l);
		return;
	}
	if (file_read(path, &text, &err) != STATUS_OK) {
		load_problem(l, CONFIG_ERROR, n->place, s->path, "%s", err.msg);
		return;
	}
	content = buf_slice(&text);
	while (content.len && (content.ptr[content.len - 1] == '\n' || content.ptr[content.len - 1] == '\r'))
		content.len--;
	l->places[row] = n->place;
	wrong = load_value(l, s, content);
	if (wrong)
		load_problem(l, CONFIG_ERROR, n->place, s->path, "the content of %s: %s", path, wrong);
}

static void decode_object(struct loader *l, struct slice path, const struct node *object);

static void decode_member(struct loader *l, struct slice path, const struct node *object, const struct node *n)
{
	struct slice key, full;
	char text[PATH_BYTES];
	bool is_file = false, mapping;
	size_t row;

	if (!find_key(path, n, &key, &is_file)) {
		unknown_key(l, path, n);
		return;
	}
	full = join(text, sizeof(text), path, key);
	row = setting_find(full);
	mapping = setting_is_mapping(full);
	if (is_file) {
		decode_secret_file(l, row, n, object);
		return;
	}
	if (row != SIZE_MAX)
		decode_row(l, row, n);
	if (mapping && n->kind == NODE_OBJECT)
		decode_object(l, full, n);
	else if (mapping && row == SIZE_MAX && n->kind != NODE_NULL)
		load_problem(l, CONFIG_ERROR, n->place, text, "expected a mapping, found %s", node_kind_name(n->kind));
}

/* As deep as the table of settings, not as the file. */
static void decode_object(struct loader *l, struct slice path, const struct node *object)
{
	for (const struct node *n = object->child; n && l->fatal == STATUS_OK; n = n->next)
		decode_member(l, path, object, n);
}

void load_decode(struct loader *l, struct node *root)
{
	if (root->kind == NODE_OBJECT)
		decode_object(l, SLICE(""), root);
	else
		load_problem(l, CONFIG_ERROR, root->place, NULL, "expected a mapping of settings, found %s",
			     node_kind_name(root->kind));
}
