/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c - the folder of segments: who may delete in it when, and what nobody needs any more. */
#include "segment/layout.h"
#include "segment/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum status segment_folder_lock(const char *dir, enum segment_folder_use use, int *out, struct err *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "cannot open %s", dir);
	while (flock(fd, use == SEGMENT_FOLDER_WRITE ? LOCK_SH : LOCK_EX | LOCK_NB) != 0) {
		enum status st;

		if (errno == EINTR)
			continue;
		st = errno == EWOULDBLOCK ? err_set(err, STATUS_CONFLICT, "%s: an update is at work there", dir)
					  : err_errno(err, "cannot lock %s", dir);
		close(fd);
		return st;
	}
	*out = fd;
	return STATUS_OK;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct digest));
}

/* "<64 hex digits>.seg" */
static bool digest_of_name(const char *name, struct digest *out)
{
	struct slice s = slice_cstr(name);
	char text[80] = "sha256:";

	if (s.len != 64 + strlen(LAYOUT_SUFFIX) || !slice_ends(s, SLICE(LAYOUT_SUFFIX)))
		return false;
	memcpy(text + strlen(text), name, 64);
	return digest_parse(slice_make(text, strlen("sha256:") + 64), out);
}

/* "<64 hex digits>.seg.<16 hex digits>": one that was to replace a damaged segment, see io/file.h */
static bool is_replacement(const char *name)
{
	char first[80] = "";
	struct digest d;

	if (strlen(name) != 64 + strlen(LAYOUT_SUFFIX) + 17)
		return false;
	memcpy(first, name, 64 + strlen(LAYOUT_SUFFIX));
	return digest_of_name(first, &d);
}

/* Files of runs that were killed: nobody writes them while the folder is held alone. */
static bool is_unfinished(const char *name)
{
	return is_replacement(name) || strncmp(name, LAYOUT_BUILDING ".", strlen(LAYOUT_BUILDING) + 1) == 0 ||
	       strncmp(name, "bodies.", 7) == 0 || strncmp(name, ".fetch-", 7) == 0;
}

static bool is_needed(const char *name, const struct digest *keep, size_t n, bool *is_segment)
{
	struct digest d;

	*is_segment = digest_of_name(name, &d);
	return *is_segment ? n > 0 && bsearch(&d, keep, n, sizeof(d), by_bytes) != NULL : !is_unfinished(name);
}

enum status segment_folder_collect(const char *dir, struct digest *keep, size_t n, struct segment_collected *out,
				   struct err *err)
{
	DIR *d = opendir(dir);

	*out = (struct segment_collected){ 0 };
	if (!d)
		return err_errno(err, "cannot open %s", dir);
	if (n > 0)
		qsort(keep, n, sizeof(*keep), by_bytes);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		bool is_segment;
		struct stat st;

		if (is_needed(e->d_name, keep, n, &is_segment) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
		    unlinkat(dirfd(d), e->d_name, 0) != 0)
			continue;
		out->segments += is_segment;
		out->unfinished += !is_segment;
		out->bytes += (uint64_t)st.st_size;
	}
	closedir(d);
	return STATUS_OK;
}

/* ---- what can be known without the store ---- */

struct newest {
	VEC(struct segment_set_entry) list;
};

static enum status add_newest(const char *dir, const struct digest *d, int64_t written_s, struct arena *arena,
			      struct newest *all, struct err *err)
{
	const struct segment_meta *meta;
	struct segment_set_entry *e = NULL;
	struct segment *s;
	struct err damaged = ERR_INIT; /* what cannot be opened says nothing about its source */
	bool copied = true;

	if (segment_open(dir, d, &s, &damaged) != STATUS_OK)
		return STATUS_OK;
	meta = segment_get_meta(s);
	for (size_t i = 0; i < all->list.len && !e; i++)
		if (slice_eq(all->list.at[i].source, meta->source))
			e = &all->list.at[i];
	if (!e) {
		e = VEC_PUSH(&all->list, arena);
		copied = e && arena_copy(arena, meta->source, &e->source) && arena_copy(arena, meta->feed, &e->feed);
		if (copied)
			e->updated_s = DATE_NONE;
	}
	segment_free(s);
	if (!copied)
		return err_nomem(err, "segments");
	if (written_s > e->updated_s) {
		e->digest = *d;
		e->updated_s = written_s;
	}
	return STATUS_OK;
}

enum status segment_folder_newest(const char *dir, struct arena *arena, struct segment_set_entry **out, size_t *out_n,
				  struct err *err)
{
	struct newest all = { .list = { NULL, 0, 0 } };
	enum status st = STATUS_OK;
	DIR *d = opendir(dir);

	if (!d && errno != ENOENT)
		return err_errno(err, "cannot open %s", dir);
	for (struct dirent *e; st == STATUS_OK && d && (e = readdir(d)) != NULL;) {
		struct digest digest;
		struct stat info;

		if (digest_of_name(e->d_name, &digest) && fstatat(dirfd(d), e->d_name, &info, 0) == 0)
			st = add_newest(dir, &digest, info.st_mtime, arena, &all, err);
	}
	if (d)
		closedir(d);
	*out = all.list.at;
	*out_n = all.list.len;
	return st;
}
