/* SPDX-License-Identifier: Apache-2.0 */
/* feed_settings.c - Clair's settings of updaters, applied to URLs and to lists of sources. */
#include "feed/feed_settings.h"

#include "config/value.h"
#include "text/json.h"

#define SETTINGS_MAX 4096u

enum whose { WHOSE_SET = 1, WHOSE_SOURCE = 2, WHOSE_ANY = 3 };
enum kind { KIND_PLACE, KIND_LIST, KIND_RELEASES, KIND_DURATION, KIND_SWITCH, KIND_NEEDLESS, KIND_REFUSED };

static const struct known {
	const char *set;
	enum whose whose;
	const char *key;
	enum kind kind;
	const char *what;
} known[] = {
#define FEED_SETTING(set, whose, key, kind, what) { set, WHOSE_##whose, key, KIND_##kind, what },
#include "feed/feed_settings.def"
#undef FEED_SETTING
};

struct parsing {
	struct arena *arena;
	struct feed_setting *at;
	size_t n;
	struct err *err;
};

static enum status add(struct parsing *p, struct slice block, struct slice key, struct slice value, bool empty_list)
{
	struct feed_setting *s = &p->at[p->n];

	if (p->n == SETTINGS_MAX)
		return err_set(p->err, STATUS_LIMIT, "more than %u settings of updaters", SETTINGS_MAX);
	*s = (struct feed_setting){ .empty_list = empty_list };
	if (!arena_copy(p->arena, block, &s->block) || !arena_copy(p->arena, key, &s->key) ||
	    !arena_copy(p->arena, value, &s->value))
		return err_nomem(p->err, "settings of updaters");
	p->n++;
	return STATUS_OK;
}

/* Go's decoder takes letters of any case for a key. */
static struct slice member(yyjson_val *object, const char *name)
{
	size_t i, n;
	yyjson_val *key, *value;

	yyjson_obj_foreach(object, i, n, key, value) if (slice_eq_nocase(json_str(key), slice_cstr(name)))
		return json_str(value);
	return SLICE_EMPTY;
}

static enum status add_one(struct parsing *p, struct slice block, struct slice key, yyjson_val *value)
{
	struct slice name = SLICE_EMPTY, version = SLICE_EMPTY, text = json_str(value);

	if (yyjson_is_bool(value))
		text = yyjson_get_bool(value) ? SLICE("true") : SLICE("false");
	if (yyjson_is_obj(value)) {
		name = member(value, "name");
		version = member(value, "version");
	}
	if (name.len > 0 && version.len > 0 &&
	    !arena_printf(p->arena, &text, "%.*s %.*s", SLICE_ARG(name), SLICE_ARG(version)))
		return err_nomem(p->err, "settings of updaters");
	return add(p, block, key, text, false);
}

static enum status add_value(struct parsing *p, struct slice block, struct slice key, yyjson_val *value)
{
	size_t i, n;
	yyjson_val *v;

	if (!yyjson_is_arr(value))
		return add_one(p, block, key, value);
	if (yyjson_arr_size(value) == 0)
		return add(p, block, key, SLICE_EMPTY, true);
	yyjson_arr_foreach(value, i, n, v) TRY(add_one(p, block, key, v));
	return STATUS_OK;
}

static enum status add_all(struct parsing *p, yyjson_val *root)
{
	size_t i, n, k, m;
	yyjson_val *block, *name, *key, *value;

	if (!yyjson_is_obj(root))
		return err_set(p->err, STATUS_MALFORMED, "settings of updaters: not an object");
	yyjson_obj_foreach(root, i, n, name, block)
	{
		if (yyjson_is_null(block))
			continue;
		if (!yyjson_is_obj(block))
			TRY(add(p, json_str(name), SLICE_EMPTY, SLICE_EMPTY, false));
		yyjson_obj_foreach(block, k, m, key, value) TRY(add_value(p, json_str(name), json_str(key), value));
	}
	return STATUS_OK;
}

enum status feed_settings_parse(struct slice json, struct arena *arena, struct feed_settings *out, struct err *err)
{
	struct parsing p = { .arena = arena, .err = err };
	struct json_doc doc;
	enum status st;

	*out = (struct feed_settings){ NULL, 0 };
	p.at = arena_array(arena, SETTINGS_MAX, sizeof(*p.at));
	if (!p.at)
		return err_nomem(err, "settings of updaters");
	TRY(json_parse(json, &limits_default, &doc, err));
	st = add_all(&p, doc.root);
	json_doc_free(&doc);
	*out = (struct feed_settings){ p.at, p.n };
	return st;
}

/* The value of the next setting of the key. */
static const struct feed_setting *next(const struct feed_settings *s, struct slice block, const char *key, size_t *at)
{
	for (; s && *at < s->n; (*at)++)
		if (slice_eq(s->at[*at].block, block) && slice_eq_nocase(s->at[*at].key, slice_cstr(key)))
			return &s->at[(*at)++];
	return NULL;
}

struct slice feed_settings_get(const struct feed_settings *s, struct slice block, const char *key)
{
	size_t at = 0;
	const struct feed_setting *one = next(s, block, key, &at);

	return one ? one->value : SLICE_EMPTY;
}

bool feed_settings_next(const struct feed_settings *s, struct slice block, const char *key, size_t *at,
			struct slice *out)
{
	const struct feed_setting *one = next(s, block, key, at);

	*out = one ? one->value : SLICE_EMPTY;
	return one != NULL;
}

bool feed_settings_on(const struct feed_settings *s, const struct feed *feed, const char *key)
{
	return slice_eq(feed_settings_get(s, slice_cstr(feed->name), key), SLICE("true"));
}

enum status feed_settings_place(const struct feed_settings *s, const struct feed *feed, struct slice url,
				struct arena *arena, struct slice *out, bool *out_own, struct err *err)
{
	struct slice url_of = feed_settings_get(s, slice_cstr(feed->name), "url");
	struct slice base = url_of.len ? url_of : feed_settings_get(s, slice_cstr(feed->name), "feed_root");
	struct slice origin = slice_cstr(feed->origin ? feed->origin : "");

	*out = url;
	*out_own = false;
	if (base.len == 0 || origin.len == 0 || !slice_starts(url, origin))
		return STATUS_OK;
	while (slice_ends(base, SLICE("/")))
		base.len--;
	if (!arena_printf(arena, out, "%.*s/%.*s", SLICE_ARG(base), SLICE_ARG(slice_from(url, origin.len))))
		return err_nomem(err, "settings of updaters");
	*out_own = true;
	return STATUS_OK;
}

enum status feed_settings_source(const struct feed_settings *s, const struct feed *feed,
				 const struct feed_source *source, struct arena *arena, struct slice *out,
				 bool *out_own, struct err *err)
{
	const struct slice places[] = { feed_settings_get(s, source->name, "url"),
					feed_settings_get(s, source->name, "json_url"),
					feed_settings_get(s, source->name, "feed_root"),
					feed_settings_get(s, source->name, "feed"),
					feed_settings_get(s, slice_cstr(feed->name), "json_url") };

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (places[i].len == 0)
			continue;
		*out = places[i];
		*out_own = true;
		return STATUS_OK;
	}
	return feed_settings_place(s, feed, source->url, arena, out, out_own, err);
}

bool feed_settings_allow(const struct feed_settings *s, const struct feed *feed, const struct feed_source *source)
{
	const struct feed_setting *one;
	bool any = false;
	size_t at = 0;

	while ((one = next(s, slice_cstr(feed->name), "allowlist", &at))) {
		if (!one->empty_list && slice_eq_nocase(one->value, source->param))
			return true;
		any = true;
	}
	return !any;
}

static bool duration_s(struct slice text, unsigned *out_s)
{
	int64_t ns;

	if (!value_duration(text, &ns) || ns <= 0)
		return false;
	*out_s = (unsigned)MIN(ns / 1000000000 + 1, 86400);
	return true;
}

unsigned feed_settings_stall_s(const struct feed_settings *s, const struct feed *feed, unsigned stall_s)
{
	unsigned own;

	return duration_s(feed_settings_get(s, slice_cstr(feed->name), "compressed_file_timeout"), &own) ? own
													 : stall_s;
}

const char *feed_settings_variant(const struct feed_settings *s, const struct feed *feed)
{
	return feed_settings_on(s, feed, "ignore_kernel_packages") ? " ignore_kernel_packages" : "";
}

/* ---- what does not do what its writer may think ---- */

/* A source's name begins with its set's, as "alpine-main-v3.9-updater" and "osv/go" do; the longest set counts. */
static enum whose whose_block(const struct feed *feed, struct slice block)
{
	const struct feed *const *all;
	size_t n, best = 0, own = strlen(feed->name);

	if (slice_eq(block, slice_cstr(feed->name)))
		return WHOSE_SET;
	all = feeds(&n);
	for (size_t i = 0; i < n; i++) {
		struct slice name = slice_cstr(all[i]->name);

		if (slice_eq(block, name))
			return 0;
		if (slice_starts(block, name) && name.len > best)
			best = name.len;
	}
	return slice_starts(block, slice_cstr(feed->name)) && best == own ? WHOSE_SOURCE : 0;
}

static const struct known *find(const struct feed *feed, enum whose whose, struct slice key)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if ((known[i].whose & whose) && slice_eq_nocase(key, slice_cstr(known[i].key)) &&
		    (known[i].set[0] == '\0' || strcmp(known[i].set, feed->name) == 0))
			return &known[i];
	return NULL;
}

static bool fits(const struct feed *feed, enum whose whose, const struct known *k, const struct feed_setting *one)
{
	unsigned ignored;

	switch (k->kind) {
	case KIND_PLACE:
		/* A base needs something that it stands for. */
		return one->value.len > 0 &&
		       (whose == WHOSE_SOURCE || feed->origin || strcmp(k->key, "url") != 0);
	case KIND_LIST:
		return one->value.len > 0 || one->empty_list;
	case KIND_RELEASES:
		return one->empty_list || slice_has(one->value, SLICE(" "));
	case KIND_DURATION:
		return duration_s(one->value, &ignored);
	case KIND_SWITCH:
		return slice_eq(one->value, SLICE("true")) || slice_eq(one->value, SLICE("false"));
	default:
		return true;
	}
}

bool feed_settings_odd(const struct feed_settings *s, const struct feed *feed, size_t *at, struct feed_oddity *out)
{
	for (; s && *at < s->n; (*at)++) {
		const struct feed_setting *one = &s->at[*at];
		enum whose whose = whose_block(feed, one->block);
		const struct known *k = whose ? find(feed, whose, one->key) : NULL;

		if (!whose || (k && k->what[0] == '\0' && fits(feed, whose, k, one)))
			continue;
		(*at)++;
		*out = (struct feed_oddity){ one, k && k->kind == KIND_NEEDLESS, k ? k->what : "" };
		if (k && k->what[0] == '\0')
			out->what = one->value.len > 0 && k->kind == KIND_PLACE
					    ? "its documents have no common place; each source has a block of its own"
					    : "its value is not of the kind that is expected";
		return true;
	}
	return false;
}
