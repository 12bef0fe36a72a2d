/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheme.h - what "older than" means: one comparator per version scheme, looked up by name (schemes.def).
 */
#ifndef LIMPID_VERSION_SCHEME_H
#define LIMPID_VERSION_SCHEME_H

#include "base/slice.h"

/* enum scheme_id: SCHEME_DPKG and so on; stored in segments as the scheme's name, never as this number. */
enum scheme_id {
	SCHEME_NONE,
#define SCHEME(name, what) SCHEME_##name,
#include "version/schemes.def"
#undef SCHEME
	SCHEME_COUNT
};

/* All members are constant; every function is thread-safe and allocates nothing. */
struct version_scheme {
	const char *name; /* "dpkg"; equals the row and the file */
	/*
	 * Order two versions: negative, zero or positive. Total over all bytes: text that breaks the grammar is ordered
	 * too (as the reference implementation does where it does, else by bytes), so that sorting never misbehaves.
	 * Equal versions may differ in bytes ("1.0" and "0:1.0").
	 */
	int (*compare)(struct slice a, struct slice b);
	/* True if the reference implementation accepts the text as a version. A matcher does not guess about others. */
	bool (*valid)(struct slice v);
};

#define SCHEME(name, what) extern const struct version_scheme version_scheme_##name;
#include "version/schemes.def"
#undef SCHEME

/* NULL for SCHEME_NONE and unknown numbers or names. */
const struct version_scheme *scheme_get(enum scheme_id id);
const struct version_scheme *scheme_by_name(struct slice name);
enum scheme_id scheme_id_by_name(struct slice name);

#endif
