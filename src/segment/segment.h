/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment.h - one feed source's advisories as an immutable, content-addressed, mapped file.
 *
 * The format is docs/formats/segment.md. A segment is an input like any other: opening checks the header's check sum
 * and that all sections lie inside the file; every later access checks its own offsets, so flipped bytes give
 * STATUS_MALFORMED and never a wild read; segment_verify() reads everything and compares the digest.
 * An open segment is immutable and may be read by any number of threads.
 */
#ifndef LIMPID_SEGMENT_SEGMENT_H
#define LIMPID_SEGMENT_SEGMENT_H

#include "io/digest.h"
#include "model/advisory.h"

/* ---- building ---- */

struct segment_meta {
	struct slice source; /* "alpine-main-v3.9-updater" */
	struct slice feed;   /* "alpine" */
	struct slice origin; /* URL or file it was made from */
	int64_t upstream_s;  /* upstream's own date of the data or DATE_NONE; content, not the time of the run */
};

struct segment_stats {
	uint64_t advisories, rows, scopes, bytes;
};

struct segment_writer;

/*
 * dir: where the file will lie (temporary and final). Memory is that of the distinct texts; bodies and rows
 * wait in an unlinked file in dir. Equal input gives equal bytes, whatever its order.
 */
enum status segment_writer_open(const char *dir, const struct segment_meta *meta, const struct limits *limits,
				struct segment_writer **out, struct err *err) NODISCARD;
/* Add a record; copied. Advisories with equal content are stored once. Withdrawn ones are kept without rows. */
enum status segment_writer_add(struct segment_writer *w, const struct advisory *a, struct err *err) NODISCARD;
/* Write, fsync, rename to <dir>/<hex of sha256>.seg. Frees w in any case. */
enum status segment_writer_finish(struct segment_writer *w, struct digest *out_digest, struct segment_stats *out_stats,
				  struct err *err) NODISCARD;
void segment_writer_abort(struct segment_writer *w); /* NULL is fine */

/* ---- reading ---- */

struct segment;

enum status segment_open(const char *dir, const struct digest *digest, struct segment **out, struct err *err) NODISCARD;
/* The same, of a source: STATUS_MALFORMED if what lies there says that it is another one's. */
enum status segment_open_of(const char *dir, const struct digest *digest, struct slice source, struct segment **out,
			    struct err *err) NODISCARD;
/* From bytes in memory, borrowed: for tests and fuzzing. */
enum status segment_open_slice(struct slice bytes, struct segment **out, struct err *err) NODISCARD;
void segment_free(struct segment *s); /* NULL is fine */
const struct segment_meta *segment_get_meta(const struct segment *s);
const struct segment_stats *segment_get_stats(const struct segment *s);
const struct digest *segment_digest(const struct segment *s);

/* Scopes in byte order, 0 <= i < stats.scopes; empty when out of range. */
struct slice segment_scope(const struct segment *s, size_t i);

/* The rows of (scope, package): first and number of consecutive row numbers; n = 0 if none. */
struct segment_rows {
	uint32_t first, n;
	struct slice scope, package; /* of all of them, as segment_find() was asked; else "" */
};
enum status segment_find(const struct segment *s, struct slice scope, struct slice package, struct segment_rows *out,
			 struct err *err) NODISCARD;
/* Every row of a scope, for walks and diffs. */
enum status segment_scope_rows(const struct segment *s, struct slice scope, struct segment_rows *out,
			       struct err *err) NODISCARD;
/* Row number -> affected (arrays in the arena, texts borrowed from the mapping) and the advisory's number. */
enum status segment_row(const struct segment *s, uint32_t row, struct arena *arena, struct affected *out,
			uint32_t *out_advisory, struct err *err) NODISCARD;
/* The same for the i-th of the rows that segment_find() found, which need not be searched for again. */
enum status segment_found_row(const struct segment *s, const struct segment_rows *rows, uint32_t i, struct arena *arena,
			      struct affected *out, uint32_t *out_advisory, struct err *err) NODISCARD;
/* The advisory's number alone: the row is not unpacked. */
enum status segment_row_advisory(const struct segment *s, uint32_t row, uint32_t *out_advisory,
				 struct err *err) NODISCARD;
/*
 * Every row of these advisories (ascending), by number: all rows are looked at, some 200 million a second.
 */
struct segment_row_sink {
	enum status (*row)(void *ctx, const struct segment *s, uint32_t row, struct err *err);
	void *ctx;
};
enum status segment_rows_of(const struct segment *s, const uint32_t *advisories, size_t n,
			    const struct segment_row_sink *sink, struct err *err) NODISCARD;
/* The id alone, borrowed from the mapping: no decompression. */
enum status segment_advisory_id(const struct segment *s, uint32_t advisory, struct slice *out,
				struct err *err) NODISCARD;
/* The whole record but `affected`, in the arena. */
enum status segment_advisory(const struct segment *s, uint32_t advisory, struct arena *arena, struct advisory *out,
			     struct err *err) NODISCARD;
/*
 * The same for many: what was unpacked last is kept, so that neighbours (ids that are near each other) cost nothing.
 * Begin with SEGMENT_BODIES_INIT. *out is borrowed until the next call.
 */
struct segment_bodies {
	const struct segment *of;
	uint32_t block;
	struct slice bytes;
	struct arena unpacked, lists;
	struct ZSTD_DCtx_s *zstd; /* owned */
};
#define SEGMENT_BODIES_INIT                                                                                            \
	{                                                                                                              \
		NULL, 0, SLICE_INIT(""), ARENA_INIT((size_t)128 << 20), ARENA_INIT((size_t)128 << 20), NULL            \
	}
void segment_bodies_fini(struct segment_bodies *b);
enum status segment_bodies_get(struct segment_bodies *b, const struct segment *s, uint32_t advisory,
			       struct advisory *out, struct err *err) NODISCARD;
/*
 * Numbers of the advisories that have id as their id, alias or related id (any case), each once, ascending. At most max
 * are put; *out_n may be larger.
 */
enum status segment_by_alias(const struct segment *s, struct slice id, uint32_t *out, size_t max, size_t *out_n,
			     struct err *err) NODISCARD;

/* Read everything: digest of the file, every offset, every order that look-ups go by, check sums of the bodies. */
enum status segment_verify(const struct segment *s, struct err *err) NODISCARD;
/* The digest of the file alone: are these the bytes that were published? Fast. */
enum status segment_verify_digest(const struct segment *s, struct err *err) NODISCARD;

/* What changed from a to b, as a merge of sorted rows: removed or added (package, advisory) rows. */
enum segment_change { SEGMENT_ADDED, SEGMENT_REMOVED };
struct segment_diff_sink {
	enum status (*row)(void *ctx, enum segment_change change, const struct segment *s, uint32_t row,
			   struct err *err);
	void *ctx;
};
enum status segment_diff(const struct segment *a, const struct segment *b, const struct segment_diff_sink *sink,
			 struct err *err) NODISCARD;

/*
 * The same by advisory: ids in their order (without case), each once. Changed: a text, a severity, a date, or a row of
 * one that both have. Either may be NULL: it has none.
 */
enum segment_advisory_change { SEGMENT_ADVISORY_ADDED, SEGMENT_ADVISORY_REMOVED, SEGMENT_ADVISORY_CHANGED };
struct segment_changes_sink {
	enum status (*advisory)(void *ctx, enum segment_advisory_change change, struct slice id, struct err *err);
	void *ctx;
};
enum status segment_changes(const struct segment *a, const struct segment *b, const struct segment_changes_sink *sink,
			    struct err *err) NODISCARD;

/*
 * A segment's file with its tables turned by columns, numbers less the one before, and back: the same number of bytes
 * at out. What is packed as a change from another state of the source is small so (carry/delta.h). STATUS_MALFORMED: it
 * is no segment; the result is only as good as the input, so that whoever turns something back looks at its digest.
 */
enum status segment_to_columns(struct slice file, uint8_t *out, struct err *err) NODISCARD;
enum status segment_from_columns(struct slice turned, uint8_t *out, struct err *err) NODISCARD;

/* ---- the set in force ---- */

struct segment_set_entry {
	struct slice source;
	struct slice feed;    /* set that the source belongs to; "" if it is not known */
	struct digest digest; /* DIGEST_NONE: the source never succeeded */
	int64_t updated_s;    /* last run that confirmed it */
	bool failed;	      /* the last run of this source failed */
};

struct segment_set;
/*
 * Open the segments of the entries (copied) from dir. One that cannot be opened is told to diags and kept as broken:
 * its scopes cannot be known, so reports say that it is missing.
 */
enum status segment_set_open(const char *dir, const struct segment_set_entry *entries, size_t n,
			     const struct diag_sink *diags, struct segment_set **out, struct err *err) NODISCARD;
void segment_set_free(struct segment_set *set);
size_t segment_set_count(const struct segment_set *set);
/* NULL segment: broken, or there is none. */
const struct segment *segment_set_at(const struct segment_set *set, size_t i, const struct segment_set_entry **entry);
/* Why the i-th could not be opened; "" if it was, or if there is none. */
struct slice segment_set_why(const struct segment_set *set, size_t i);
/* Does any segment of the set have this scope? */
bool segment_set_has_scope(const struct segment_set *set, struct slice scope);

/* ---- the folder ---- */

/*
 * Who writes a segment and makes it the one in force holds the folder, together with others who do (waits); who deletes
 * what nobody names holds it alone (STATUS_CONFLICT while anybody writes). Closing the descriptor lets go.
 */
enum segment_folder_use { SEGMENT_FOLDER_WRITE, SEGMENT_FOLDER_DELETE };
enum status segment_folder_lock(const char *dir, enum segment_folder_use use, int *out_fd, struct err *err) NODISCARD;

struct segment_collected {
	uint64_t segments, unfinished, bytes; /* deleted */
};
/*
 * Delete segments that are not in keep (which is sorted here), and what killed runs left behind. The folder is held
 * alone from before keep was read.
 */
enum status segment_folder_collect(const char *dir, struct digest *keep, size_t n, struct segment_collected *out,
				   struct err *err) NODISCARD;

/*
 * For a store that cannot be read: the segment of each source that was written last, in the arena. That need not be the
 * one that was in force; whoever goes by it says so.
 */
enum status segment_folder_newest(const char *dir, struct arena *arena, struct segment_set_entry **out, size_t *out_n,
				  struct err *err) NODISCARD;

#endif
