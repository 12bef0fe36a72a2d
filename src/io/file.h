/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole files: map, read, replace atomically. */
#ifndef LIMPID_IO_FILE_H
#define LIMPID_IO_FILE_H

#include "base/buf.h"

/* A file mapped read-only (an empty file maps to an empty slice). */
struct file_map {
	struct slice bytes; /* owned by the map */
};
enum status file_map_open(const char *path, struct file_map *out, struct err *err) NODISCARD;
void file_map_close(struct file_map *m);

/* Append the file's content to out, whose cap holds. */
enum status file_read(const char *path, struct buf *out, struct err *err) NODISCARD;

/*
 * A file that appears whole or not at all: a reader sees the old one or the new one. It is written without a name in
 * the directory where it will lie, fsynced, given its name, and the directory is fsynced: whoever is killed before
 * leaves nothing behind. Where the file system has no files without a name, and for the moment in which an older file
 * is replaced, it is called "<path>.<16 hex digits>" and locked (flock); the next writer of path deletes those that
 * nobody holds.
 */
struct file_writer;
enum status file_writer_open(const char *path, struct file_writer **out, struct err *err) NODISCARD;
/* Its name until it is committed, borrowed, for handlers of signals; NULL: it has none. */
const char *file_writer_temporary(const struct file_writer *w);
/* The descriptor to write to. */
int file_writer_fd(const struct file_writer *w);
enum status file_writer_put(struct file_writer *w, struct slice bytes, struct err *err) NODISCARD;
/* Publish under path (or under another name in the same directory if as is not NULL). Frees w in any case. */
enum status file_writer_commit(struct file_writer *w, const char *as, struct err *err) NODISCARD;
/* Drop everything. NULL is fine. */
void file_writer_abort(struct file_writer *w);

/* write(2) until all is written. */
enum status file_write_all(int fd, struct slice bytes, struct err *err) NODISCARD;
/*
 * Open a name below dir_fd for reading; -1 with errno. Links are followed inside the directory only (EXDEV); where the
 * kernel cannot promise that, not at all.
 */
int file_open_beneath(int dir_fd, const char *name);
/* mkdir -p with mode 0755. */
enum status file_mkdirs(const char *path, struct err *err) NODISCARD;

#endif
