/* SPDX-License-Identifier: Apache-2.0 */
/* file_identity.c - names for the contents of files that have settled. */
#include "io/file_identity.h"

#include <stdio.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* By number, from linux/magic.h and the file systems' own sources: ext2-4, XFS, Btrfs, tmpfs, overlayfs, F2FS, ZFS. */
static const uint32_t trusted[] = { 0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1 };

static bool is_trusted(uint64_t fs_type)
{
	for (size_t i = 0; i < ARRAY_LEN(trusted); i++)
		if ((uint32_t)fs_type == trusted[i])
			return true;
	return false;
}

bool file_identity_of(const struct stat *st, uint64_t fs_type, int64_t now_s, struct file_identity *out)
{
	int64_t changed_s = MAX(st->st_ctim.tv_sec, st->st_mtim.tv_sec);
	int n;

	if (!S_ISREG(st->st_mode) || !is_trusted(fs_type) || changed_s > now_s - FILE_IDENTITY_SETTLED_S)
		return false;
	n = snprintf(out->text, sizeof(out->text), "file %u:%u %llu %lld %lld.%09ld %lld.%09ld", major(st->st_dev),
		     minor(st->st_dev), (unsigned long long)st->st_ino, (long long)st->st_size,
		     (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec,
		     st->st_ctim.tv_nsec);
	return n > 0 && (size_t)n < sizeof(out->text);
}

bool file_identity(int fd, int64_t now_s, struct file_identity *out)
{
	struct statfs fs;
	struct stat st;

	return fstat(fd, &st) == 0 && fstatfs(fd, &fs) == 0 && file_identity_of(&st, (uint64_t)fs.f_type, now_s, out);
}
