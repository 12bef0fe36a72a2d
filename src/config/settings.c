/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c - the table of settings and look-ups by path, by key and by likeness. */
#include "config/settings.h"

#include "text/near.h"

#define EXISTS SETTING_EXISTS
#define SECRET SETTING_SECRET
#define DEPRECATED SETTING_DEPRECATED
#define NO_EFFECT SETTING_NO_EFFECT
#define PASSWORD SETTING_PASSWORD
#define NOT_YET SETTING_NOT_YET

static const struct setting rows[] = {
#define SETTING(path, member, type, standard, rule, example, modes, flags, help)                                       \
	{ path, offsetof(struct config, member), SETTING_##type, standard, rule, example, modes, flags, help },
#include "config/settings.def"
#undef SETTING
/* Their defaults are limits_default. */
#define LIMIT_ROW(field, value, setting, why)                                                                          \
	{ "limpid." setting,                                                                                           \
	  offsetof(struct config, limpid.limits.field),                                                                \
	  SETTING_BYTES,                                                                                               \
	  "",                                                                                                          \
	  "1..9223372036854775807",                                                                                    \
	  "",                                                                                                          \
	  "cim",                                                                                                       \
	  0,                                                                                                           \
	  why },
	LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

/* A row whose member is not what its type says does not compile. */
#define SETTING(path, member, type, standard, rule, example, modes, flags, help) IS_##type(member);
#define IS(member, has) _Static_assert(_Generic(&((struct config *)0)->member, has * : 1, default : 0), #member)
#define IS_STRING(m) IS(m, struct slice)
#define IS_PATH(m) IS(m, struct slice)
#define IS_URL(m) IS(m, struct slice)
#define IS_ADDRESS(m) IS(m, struct slice)
#define IS_BASE64(m) IS(m, struct slice)
#define IS_KEY(m) IS(m, struct slice)
#define IS_BOOL(m) IS(m, bool)
#define IS_PRESENT(m) IS(m, bool)
#define IS_INT(m) IS(m, int64_t)
#define IS_FLOAT(m) IS(m, double)
#define IS_DURATION(m) IS(m, int64_t)
#define IS_BYTES(m) IS(m, uint64_t)
#define IS_LIST(m) IS(m, struct config_list)
#define IS_TEXTS(m) IS(m, struct config_pairs)
#define IS_HEADERS(m) IS(m, struct config_pairs)
#define IS_BLOCKS(m) IS(m, struct config_blocks)
/* An enum: written as the unsigned it is. */
#define IS_CHOICE(m) _Static_assert(sizeof(((struct config *)0)->m) == sizeof(unsigned), #m)
#include "config/settings.def"
#undef SETTING

const struct setting *config_settings(size_t *out_n)
{
	*out_n = ARRAY_LEN(rows);
	return rows;
}

const char *setting_type_name(enum setting_type type)
{
	static const char *const names[SETTING_TYPES] = {
		[SETTING_STRING] = "a string",
		[SETTING_PATH] = "a path",
		[SETTING_URL] = "a URL",
		[SETTING_ADDRESS] = "host:port",
		[SETTING_BOOL] = "true or false",
		[SETTING_INT] = "an integer",
		[SETTING_FLOAT] = "a number",
		[SETTING_DURATION] = "a duration such as \"1h30m\"",
		[SETTING_BYTES] = "a size such as 64MiB",
		[SETTING_CHOICE] = "one of its words",
		[SETTING_BASE64] = "base64",
		[SETTING_KEY] = "a key of 32 bytes, base64",
		[SETTING_LIST] = "a list of strings",
		[SETTING_TEXTS] = "a mapping of strings",
		[SETTING_HEADERS] = "a mapping of lists of strings",
		[SETTING_BLOCKS] = "a mapping",
		[SETTING_PRESENT] = "a mapping",
	};

	return names[type];
}

size_t setting_find(struct slice path)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq_nocase(slice_cstr(rows[i].path), path))
			return i;
	return SIZE_MAX;
}

/* What follows the mapping's path in a row's path: false if the row is not below it. */
static bool below(const struct setting *s, struct slice path, struct slice *out)
{
	struct slice own = slice_cstr(s->path);

	*out = own;
	if (path.len == 0)
		return true;
	if (own.len <= path.len || own.ptr[path.len] != '.' || !slice_eq_nocase(slice_take(own, path.len), path))
		return false;
	*out = slice_from(own, path.len + 1);
	return true;
}

bool setting_is_mapping(struct slice path)
{
	struct slice rest;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (below(&rows[i], path, &rest))
			return true;
	return false;
}

const char *setting_key(struct slice path, struct slice key, size_t *out_len, bool *out_secret_file)
{
	const struct slice suffix = SLICE("_file");
	bool is_file = key.len > suffix.len && slice_eq_nocase(slice_from(key, key.len - suffix.len), suffix);
	struct slice secret = is_file ? slice_take(key, key.len - suffix.len) : SLICE_EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest, name, more;

		if (!below(&rows[i], path, &rest))
			continue;
		slice_cut(rest, '.', &name, &more);
		*out_secret_file = is_file && more.len == 0 && (rows[i].flags & (SETTING_SECRET | SETTING_PASSWORD)) &&
				   (rows[i].type == SETTING_STRING || rows[i].type == SETTING_BASE64 ||
				    rows[i].type == SETTING_KEY) &&
				   slice_eq_nocase(name, secret);
		*out_len = name.len;
		if (*out_secret_file || slice_eq_nocase(name, key))
			return (const char *)name.ptr;
	}
	return NULL;
}

struct slice setting_near(struct slice path, struct slice key)
{
	struct near_word near;

	near_begin(&near, key);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest, name;

		if (!below(&rows[i], path, &rest))
			continue;
		slice_cut(rest, '.', &name, NULL);
		near_offer(&near, name);
	}
	return near.best;
}

struct slice setting_elsewhere(struct slice key)
{
	struct slice found = SLICE_EMPTY;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice own = slice_cstr(rows[i].path), name;

		slice_rcut(own, '.', NULL, &name);
		if (!slice_eq_nocase(name, key) || name.len == 0)
			continue;
		if (found.len)
			return SLICE_EMPTY;
		found = own;
	}
	return found;
}

bool setting_choice(const char *rule, size_t index, struct slice *out)
{
	struct slice rest = slice_cstr(rule);

	for (size_t i = 0;; i++) {
		bool more = slice_cut(rest, '|', out, &rest);

		if (i == index)
			return true;
		if (!more)
			return false;
	}
}
