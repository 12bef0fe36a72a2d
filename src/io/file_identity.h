/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_identity.h - a name for the content that a file has now, without reading it: what was found out about the
 * content once holds for as long as the file has this name.
 *
 * Device, inode, size, and both times to the nanosecond. A file that changes gets another one, since its ctime is the
 * kernel's and nobody sets it. Two changes within one tick would not show, and writes through a mapping show late:
 * so a file that changed less than FILE_IDENTITY_SETTLED_S ago has no name yet. Only file systems that keep all this
 * count (those of local disks and memory); on others no file has a name.
 */
#ifndef LIMPID_IO_FILE_IDENTITY_H
#define LIMPID_IO_FILE_IDENTITY_H

#include "base/slice.h"

#include <sys/stat.h>

/* The kernel writes pages back after 30 s, and times with them. */
#define FILE_IDENTITY_SETTLED_S 60

struct file_identity {
	char text[160]; /* "file 8:1 1234 567 1700000000.000000001 1700000000.000000002" */
};

/* False: the file has no such name (no regular file, too new, a file system that does not count). */
bool file_identity(int fd, int64_t now_s, struct file_identity *out);
/* The same of what stat(2) and statfs(2) said. */
bool file_identity_of(const struct stat *st, uint64_t fs_type, int64_t now_s, struct file_identity *out);

#endif
