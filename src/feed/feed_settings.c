/* SPDX-License-Identifier: Apache-2.0 */
/* feed_settings.c - Clair's settings of updaters, applied to URLs and to lists of sources. */
#include "feed/feed_settings.h"

#include "text/json.h"

#define SETTINGS_MAX 4096u

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

static enum status add_value(struct parsing *p, struct slice block, struct slice key, yyjson_val *value)
{
	size_t i, n;
	yyjson_val *v;

	if (!yyjson_is_arr(value))
		return add(p, block, key, json_str(value), false);
	if (yyjson_arr_size(value) == 0)
		return add(p, block, key, SLICE_EMPTY, true);
	yyjson_arr_foreach(value, i, n, v) TRY(add(p, block, key, json_str(v), false));
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

struct slice feed_settings_get(const struct feed_settings *s, struct slice block, const char *key)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (slice_eq(s->at[i].block, block) && slice_eq(s->at[i].key, slice_cstr(key)))
			return s->at[i].value;
	return SLICE_EMPTY;
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
	bool any = false;

	for (size_t i = 0; s && i < s->n; i++) {
		const struct feed_setting *one = &s->at[i];

		if (!slice_eq(one->block, slice_cstr(feed->name)) || !slice_eq(one->key, SLICE("allowlist")))
			continue;
		if (!one->empty_list && slice_eq_nocase(one->value, source->param))
			return true;
		any = true;
	}
	return !any;
}

const struct feed_setting *feed_settings_unknown(const struct feed_settings *s, const struct feed *feed, size_t *at)
{
	static const char *const known[] = { "url", "json_url", "feed_root", "feed", "allowlist" };

	for (; s && *at < s->n; (*at)++) {
		const struct feed_setting *one = &s->at[*at];
		bool means = false;

		if (!slice_eq(one->block, slice_cstr(feed->name)))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(known); i++)
			means |= slice_eq(one->key, slice_cstr(known[i]));
		/* A base needs something that it stands for. */
		means &= one->value.len > 0 || one->empty_list;
		means &= feed->origin || !slice_eq(one->key, SLICE("url"));
		means &= feed->enriches || !slice_starts(one->key, SLICE("feed"));
		if (!means)
			return &s->at[(*at)++];
	}
	return NULL;
}
