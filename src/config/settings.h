/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h - the rows of settings.def and of base/limits.h as one table, and how keys are found in it. Private to
 * config/. */
#ifndef LIMPID_CONFIG_SETTINGS_H
#define LIMPID_CONFIG_SETTINGS_H

#include "config/config.h"

enum setting_type {
	SETTING_STRING,
	SETTING_PATH,
	SETTING_URL,
	SETTING_ADDRESS,
	SETTING_BOOL,
	SETTING_INT,
	SETTING_FLOAT,
	SETTING_DURATION,
	SETTING_BYTES,
	SETTING_CHOICE,
	SETTING_BASE64,
	SETTING_KEY,
	SETTING_LIST,
	SETTING_TEXTS,
	SETTING_HEADERS,
	SETTING_BLOCKS,
	SETTING_PRESENT,
	SETTING_TYPES
};

enum setting_flag {
	SETTING_SECRET = 1,
	SETTING_EXISTS = 2,
	SETTING_DEPRECATED = 4,
	SETTING_NO_EFFECT = 8,
	SETTING_PASSWORD = 16,
	SETTING_NOT_YET = 32
};

struct setting {
	const char *path;
	size_t offset; /* of the member in struct config */
	enum setting_type type;
	const char *standard; /* the default, as in a file */
	const char *rule, *example, *modes;
	unsigned flags;
	const char *help;
};

/* All rows; origins of struct config are in the same order. */
const struct setting *config_settings(size_t *out_n);
/* "a string", for messages. */
const char *setting_type_name(enum setting_type type);

/* Row of a path, letters of any case; SIZE_MAX if there is none. */
size_t setting_find(struct slice path);
/* Is there a row below the path, so that it is a mapping? */
bool setting_is_mapping(struct slice path);
/*
 * The key of the mapping at `path` (empty: the top) as settings.def spells it, KEY_file of a secret included; NULL if
 * there is none. *out_secret_file tells the latter, and the key is that of the secret then.
 */
const char *setting_key(struct slice path, struct slice key, size_t *out_len, bool *out_secret_file);
/* The key of the mapping that looks most like the given one; empty if none does. */
struct slice setting_near(struct slice path, struct slice key);
/* Full paths of other mappings that have this very key; empty if there is none or more than one. */
struct slice setting_elsewhere(struct slice key);
/* Index-th word of "a|b|c"; false past the end. */
bool setting_choice(const char *rule, size_t index, struct slice *out);

/* The path of a row, its last key, and how many mappings it stands in. */
static inline void *setting_at(const struct setting *s, struct config *c)
{
	return (char *)c + s->offset;
}
static inline const void *setting_in(const struct setting *s, const struct config *c)
{
	return (const char *)c + s->offset;
}

#endif
