/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib.h - one zlib stream (RFC 1950) or member of gzip (RFC 1952) in memory, unpacked by ISA-L; the check sum is
 * verified.
 */
#ifndef LIMPID_IO_ZLIB_H
#define LIMPID_IO_ZLIB_H

#include "base/buf.h"

/* Append to out, whose cap holds (STATUS_LIMIT). STATUS_MALFORMED: damaged, or cut; bytes behind it are left alone. */
enum status zlib_unpack(struct slice in, struct buf *out, struct err *err) NODISCARD;
enum status gzip_unpack(struct slice in, struct buf *out, struct err *err) NODISCARD;

#endif
