/* SPDX-License-Identifier: Apache-2.0 */
/* delta.h - a segment as a change of an earlier one of its source (docs/formats/bundle.md). Private to carry/. */
#ifndef LIMPID_CARRY_DELTA_H
#define LIMPID_CARRY_DELTA_H

#include "base/buf.h"

/* Both together must fit a window that every reader of zstd takes. */
#define DELTA_BYTES_MAX ((size_t)128 << 20)

/* Appended to out. STATUS_LIMIT: the files are too large. */
enum status delta_make(struct slice base, struct slice target, struct buf *out, struct err *err) NODISCARD;
/*
 * target: bytes of the segment, as many as it has. Whether they are what they should be, their digest says.
 * STATUS_MALFORMED: it is no change, or one of another base.
 */
enum status delta_apply(struct slice base, struct slice delta, uint8_t *target, size_t target_bytes,
			struct err *err) NODISCARD;

#endif
