/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.h - random access to bytes that came as a stream: in memory up to a cap, then in an anonymous file.
 */
#ifndef LIMPID_IO_SPOOL_H
#define LIMPID_IO_SPOOL_H

#include "io/source.h"

struct spool;

/*
 * Read src to its end. Up to memory_max bytes stay in memory; beyond, an anonymous file (memfd) takes them, which
 * leaves nothing behind and is swapped rather than held. More than bytes_max is STATUS_LIMIT.
 */
enum status spool_read(struct source *src, uint64_t memory_max, uint64_t bytes_max, struct spool **out,
		       struct err *err) NODISCARD;
void spool_free(struct spool *s);
uint64_t spool_size(const struct spool *s);
/* The whole content as one borrowed slice (a mapping when it is on disk); valid until spool_free. */
enum status spool_slice(struct spool *s, struct slice *out, struct err *err) NODISCARD;

#endif
