/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_settings.h - what a user says about feeds and sources: other places, other choices (Clair's `updaters.config`).
 *
 * A block is named as a set ("alpine") or as a source of it ("alpine-main-v3.9-updater"). Known are:
 *
 *   url        of a set: the base in place of the feed's origin; of a source: its document
 *   feed_root  the same of an enricher: of clair.cvss the base, of clair.kev its document; feed: the latter's in YAML
 *   json_url   the document, of feeds that have one (debian)
 *   allowlist  of a set: only sources of these ecosystems, compared without case (osv)
 *
 * What is told of a place here is asked there and never looked for in a mirror.
 */
#ifndef LIMPID_FEED_FEED_SETTINGS_H
#define LIMPID_FEED_FEED_SETTINGS_H

#include "feed/feed.h"

struct feed_setting {
	struct slice block, key, value; /* a list is several of one key */
	bool empty_list;
};

struct feed_settings {
	const struct feed_setting *at;
	size_t n;
};

/*
 * From JSON: {"alpine": {"url": "https://..."}, ...}. Values other than texts and lists of texts are kept as their key
 * alone, so that feed_settings_unknown() tells them. Everything is the arena's. STATUS_MALFORMED for anything else.
 */
enum status feed_settings_parse(struct slice json, struct arena *arena, struct feed_settings *out,
				struct err *err) NODISCARD;

/* A setting of the block; empty if there is none. s may be NULL, as below. */
struct slice feed_settings_get(const struct feed_settings *s, struct slice block, const char *key);

/* Where a document of the feed is asked for. *out is url itself, or the arena's with *out_own set. */
enum status feed_settings_place(const struct feed_settings *s, const struct feed *feed, struct slice url,
				struct arena *arena, struct slice *out, bool *out_own, struct err *err) NODISCARD;
/* The same of a source, which may have a place of its own. */
enum status feed_settings_source(const struct feed_settings *s, const struct feed *feed,
				 const struct feed_source *source, struct arena *arena, struct slice *out,
				 bool *out_own, struct err *err) NODISCARD;
/* Is the source one of those that the user wants? */
bool feed_settings_allow(const struct feed_settings *s, const struct feed *feed, const struct feed_source *source);

/* The next setting from *at on whose block is the feed's set and that means nothing here; NULL: none. */
const struct feed_setting *feed_settings_unknown(const struct feed_settings *s, const struct feed *feed, size_t *at);

#endif
