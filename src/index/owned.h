/* SPDX-License-Identifier: Apache-2.0 */
/* owned.h - which files of an image belong to packages of its system, as their lists say. Private to index/. */
#ifndef LIMPID_INDEX_OWNED_H
#define LIMPID_INDEX_OWNED_H

#include "index/merged.h"

/* Lists name every file of a system; only paths that somebody asks about are kept. */
struct owned {
	struct map by_path; /* canonical path -> 1 when it belongs to a package, else 0; keys are borrowed */
};

#define OWNED_INIT { MAP_INIT }

void owned_fini(struct owned *o);
/* The question: does the file at this canonical path belong to a package? path is borrowed until owned_fini(). */
bool owned_ask(struct owned *o, struct slice path) NODISCARD;
/* Answer all questions from the lists that the merged image shows. */
void owned_answer(struct owned *o, struct merged *m, const struct layer_report *const *reports, size_t n);
/* False for a path that was not asked about. */
bool owned_has(const struct owned *o, struct slice path);

/* A list counts while the image shows it, at its own path or at the one it was read as; aliases: of the layer's. */
bool owned_is_shown(struct merged *m, struct slice db, size_t layer, bool aliases);
/* Was a file of the layer read under another name? */
bool owned_has_aliases(const struct layer_report *r);

#endif
