/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csaf_frame.h - an archive of documents with newer ones behind it, in one file. Private to feed/.
 *
 * Behind the archive's bytes stand the documents, each after a line with its length in decimal, then a trailer of fixed
 * length that says where they begin.
 */
#ifndef LIMPID_FEED_CSAF_FRAME_H
#define LIMPID_FEED_CSAF_FRAME_H

#include "base/slice.h"

#define CSAF_TRAILER "\nlimpid-changes-at %016llx\n"
#define CSAF_TRAILER_BYTES 36u

/* Without a trailer all of it is the archive. Texts are borrowed. */
void csaf_frame_split(struct slice bytes, struct slice *archive, struct slice *changes);

#endif
