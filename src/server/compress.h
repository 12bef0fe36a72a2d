/* SPDX-License-Identifier: Apache-2.0 */
/* compress.h - the content codings of answers: gzip, raw deflate (as Clair's "deflate" is), zstd; fastest levels. */
#ifndef LIMPID_SERVER_COMPRESS_H
#define LIMPID_SERVER_COMPRESS_H

#include "server/negotiate.h"

/* in as a whole; *out is allocated with malloc. False when memory is short, and for CODING_IDENTITY and CODING_NONE. */
bool compress_body(enum content_coding coding, struct slice in, struct slice *out) NODISCARD;

#endif
