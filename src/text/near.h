/* SPDX-License-Identifier: Apache-2.0 */
/* near.h - the known word that somebody most likely meant. */
#ifndef LIMPID_TEXT_NEAR_H
#define LIMPID_TEXT_NEAR_H

#include "base/slice.h"

/* Words that are longer are near nothing. */
#define NEAR_BYTES 48

struct near_word {
	struct slice given; /* borrowed */
	struct slice best;  /* the nearest of those offered; empty: none is near enough */
	size_t least;	    /* what the next one must be nearer than */
};

void near_begin(struct near_word *n, struct slice given);
/* A known word; borrowed. '_' is '-', and letters have no case. */
void near_offer(struct near_word *n, struct slice known);

#endif
