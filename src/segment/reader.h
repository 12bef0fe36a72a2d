/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - what diff.c needs of reader.c beyond the public interface. Private to segment/. */
#ifndef LIMPID_SEGMENT_READER_H
#define LIMPID_SEGMENT_READER_H

#include "segment/segment.h"

/* Hash of an advisory's body; 0 for a number out of range. */
uint64_t segment_advisory_hash(const struct segment *s, uint32_t advisory);

#endif
