/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zip_view.h - the members of a zip that lies in memory, one by one: nothing is allocated for the archive.
 *
 * For archives out of images and of feeds. A library would take memory for all members at once and refuse archives that
 * Java runs: doubled names, bytes before the archive, directories with gaps. Here the central directory is walked as it
 * stands, and every number of it is checked before it is used. zip64 is read; several disks, encryption and methods
 * other than "stored" and "deflated" are STATUS_UNSUPPORTED.
 * Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
 */
#ifndef LIMPID_IO_ZIP_VIEW_H
#define LIMPID_IO_ZIP_VIEW_H

#include "base/err.h"

#define ZIP_BYTES_MIN 22 /* an archive of no members */

/* A place in the central directory; copies are independent. */
struct zip_view {
	struct slice bytes;	 /* borrowed */
	uint64_t shift;		 /* bytes before the archive: a script, a loader */
	uint64_t begin, at, end; /* of the central directory, and what comes next */
};

struct zip_entry {
	struct slice name;     /* as it stands, any bytes; borrowed */
	uint64_t packed, size; /* bytes stored, and unpacked as the directory says */
	uint64_t header;       /* offset of its local header in the bytes */
	uint64_t offset;       /* of its record in the central directory */
	uint32_t crc;
	uint16_t method, flags;
};

/* STATUS_MALFORMED: no zip, or cut. */
enum status zip_view_open(struct slice bytes, struct zip_view *out, struct err *err) NODISCARD;
/* Back to the first member. */
void zip_view_rewind(struct zip_view *z);
/* STATUS_NOTFOUND at the end, without a message; STATUS_MALFORMED: the directory is damaged and the walk is over. */
enum status zip_view_next(struct zip_view *z, struct zip_entry *out, struct err *err) NODISCARD;
/* The stored bytes of a member, borrowed. */
enum status zip_view_packed(const struct zip_view *z, const struct zip_entry *e, struct slice *out,
			    struct err *err) NODISCARD;
/* Unpack into out, which has room for e->size bytes; the check sum is verified. */
enum status zip_view_unpack(const struct zip_view *z, const struct zip_entry *e, uint8_t *out,
			    struct err *err) NODISCARD;
/* A member that is stored as it is: its bytes need no unpacking. */
static inline bool zip_entry_is_stored(const struct zip_entry *e)
{
	return e->method == 0 && e->packed == e->size && !(e->flags & 1);
}

#endif
