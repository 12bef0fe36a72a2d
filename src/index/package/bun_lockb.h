/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bun_lockb.h - bun.lockb, the binary form of Bun's lock file.
 *
 * A header, then the packages as a table kept by columns, then six arrays, each behind its begin and end in the file;
 * the last one has the texts that are longer than eight bytes. All numbers are little-endian, every offset is an input.
 * Source: docs/formats/bun-lock.md (Bun: bun.lockb.zig, Package.zig, Buffers.zig, resolution.zig, SemverString.zig).
 */
#ifndef LIMPID_INDEX_PACKAGE_BUN_LOCKB_H
#define LIMPID_INDEX_PACKAGE_BUN_LOCKB_H

#include "index/package/lock.h"

/* Fill the list from the file, with who asks for whom. STATUS_UNSUPPORTED: a version of the format not known here. */
enum status bun_lockb_read(struct lock *l, struct err *err) NODISCARD;

#endif
