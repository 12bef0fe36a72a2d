/* SPDX-License-Identifier: Apache-2.0 */
/* zip.h - members of a zip archive (feeds, later jars, wheels and eggs), by libzip over memory. */
#ifndef LIMPID_IO_ZIP_H
#define LIMPID_IO_ZIP_H

#include "base/limits.h"
#include "io/source.h"

struct zip_archive;

struct zip_member {
	struct slice name; /* as in the central directory, a NUL made a blank; borrowed from the archive */
	uint64_t size;     /* unpacked bytes as declared: more or less is STATUS_MALFORMED when it is read */
	uint64_t index;
	bool directory;
};

/* bytes is borrowed and must outlive the archive. STATUS_LIMIT for more than limits->zip_members. */
enum status zip_open_slice(struct slice bytes, const struct limits *limits, struct zip_archive **out,
			   struct err *err) NODISCARD;
void zip_close_archive(struct zip_archive *z);
uint64_t zip_count(const struct zip_archive *z);
enum status zip_member_at(struct zip_archive *z, uint64_t index, struct zip_member *out, struct err *err) NODISCARD;
/* Append the unpacked bytes of a member to out (reset by the caller), whose cap holds. CRC is verified. */
struct buf;
enum status zip_read(struct zip_archive *z, uint64_t index, struct buf *out, struct err *err) NODISCARD;

#endif
