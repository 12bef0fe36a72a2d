/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_settings.h - what a user says about feeds and sources: other places, other choices (Clair's `updaters.config`).
 *
 * A block is named as a set ("alpine") or as a source of it ("alpine-main-v3.9-updater"); letters of keys may be of any
 * case. feed_settings.def has a row for each key that means something, feed_settings_odd() tells of all others.
 *
 * What is told of a place here is asked there and never looked for in a mirror. The document of a source may be a file
 * of this machine, by its absolute path.
 */
#ifndef LIMPID_FEED_FEED_SETTINGS_H
#define LIMPID_FEED_FEED_SETTINGS_H

#include "feed/feed.h"

struct feed_setting {
	struct slice block, key, value; /* a list is several of one key; objects are "NAME VERSION" */
	bool empty_list;
};

struct feed_settings {
	const struct feed_setting *at;
	size_t n;
};

/*
 * From JSON: {"alpine": {"url": "https://..."}, ...}. Of texts, booleans, lists of texts and lists of objects that have
 * a name and a version the value is kept, of anything else only the key. Everything is the arena's. STATUS_MALFORMED
 * for anything else.
 */
enum status feed_settings_parse(struct slice json, struct arena *arena, struct feed_settings *out,
				struct err *err) NODISCARD;

/* A setting of the block; empty if there is none. s may be NULL, as below. */
struct slice feed_settings_get(const struct feed_settings *s, struct slice block, const char *key);
/* The next value of a list from *at on, which is 0 at first. False: there are no more. */
bool feed_settings_next(const struct feed_settings *s, struct slice block, const char *key, size_t *at,
			struct slice *out);
/* Is the setting of the feed's set true? */
bool feed_settings_on(const struct feed_settings *s, const struct feed *feed, const char *key);

/* Where a document of the feed is asked for. *out is url itself, or the arena's with *out_own set. */
enum status feed_settings_place(const struct feed_settings *s, const struct feed *feed, struct slice url,
				struct arena *arena, struct slice *out, bool *out_own, struct err *err) NODISCARD;
/* The same of a source, which may have a place of its own. */
enum status feed_settings_source(const struct feed_settings *s, const struct feed *feed,
				 const struct feed_source *source, struct arena *arena, struct slice *out,
				 bool *out_own, struct err *err) NODISCARD;
/* Is the source one of those that the user wants? */
bool feed_settings_allow(const struct feed_settings *s, const struct feed *feed, const struct feed_source *source);
/* Longest wait for the next byte of a document, in seconds: the user's, else stall_s. */
unsigned feed_settings_stall_s(const struct feed_settings *s, const struct feed *feed, unsigned stall_s);

/* What makes other records of the same document, in words; "" if nothing does. */
const char *feed_settings_variant(const struct feed_settings *s, const struct feed *feed);

/* A setting that does not do what its writer may think. */
struct feed_oddity {
	const struct feed_setting *setting;
	bool harmless;	 /* it is not needed */
	const char *what; /* "" for a key that means nothing at all */
};
/* The next of those of the feed's blocks from *at on, which is 0 at first. False: there are no more. */
bool feed_settings_odd(const struct feed_settings *s, const struct feed *feed, size_t *at, struct feed_oddity *out);

#endif
