/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h - feed documents that come packed (gzip, bzip2, xz, zstd). Private to feed/. */
#ifndef LIMPID_FEED_UNPACK_H
#define LIMPID_FEED_UNPACK_H

#include "base/err.h"
#include "base/limits.h"

/*
 * If the document in fd is packed, told by its first bytes, *out_fd is a file in dir with what it holds, at most
 * limits.feed_bytes (the caller closes it); else -1.
 */
enum status feed_unpack(int fd, const char *dir, const struct limits *limits, int *out_fd, struct err *err) NODISCARD;

#endif
