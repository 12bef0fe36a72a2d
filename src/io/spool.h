/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.h - random access to bytes that came as a stream: in memory up to a cap, then in an anonymous file.
 */
#ifndef LIMPID_IO_SPOOL_H
#define LIMPID_IO_SPOOL_H

#include "io/source.h"

struct spool;

/*
 * One unlinked file that takes what is too large for memory, of all spools of a process and of its siblings: only one
 * process uses it at a time (a lock that dies with the process), so that the space of all of them together is capped.
 */
struct spool_area {
	int fd;        /* borrowed; -1: an anonymous file in memory for each spool */
	uint64_t used; /* bytes of it that live spools have; 0 at the start */
	unsigned live; /* 0 at the start */
};

/*
 * Read src to its end. Up to memory_max bytes stay in memory; beyond, the area takes them (NULL: an anonymous file in
 * memory). More than bytes_max, in this spool or in all of the area, is STATUS_LIMIT. The area outlives the spool.
 */
enum status spool_read_into(struct spool_area *area, struct source *src, uint64_t memory_max, uint64_t bytes_max,
			    struct spool **out, struct err *err) NODISCARD;
static inline enum status spool_read(struct source *src, uint64_t memory_max, uint64_t bytes_max, struct spool **out,
				     struct err *err)
{
	return spool_read_into(NULL, src, memory_max, bytes_max, out, err);
}
void spool_free(struct spool *s);
uint64_t spool_size(const struct spool *s);
/*
 * What was read of a mapping need not stay resident: the bytes come back from the file when they are looked at again.
 * Slices stay valid. No more than a hint; NULL is fine.
 */
void spool_forget(struct spool *s);
/* The whole content as one borrowed slice (a mapping when it is on disk); valid until spool_free. */
enum status spool_slice(struct spool *s, struct slice *out, struct err *err) NODISCARD;

#endif
