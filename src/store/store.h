/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the state: cached layer reports, sources and update operations, behind one interface.
 *
 * Engines: sqlite.c (embedded, many processes share the file). Each handle is used by one thread. Every call is atomic;
 * STATUS_CONFLICT may be tried again.
 */
#ifndef LIMPID_STORE_STORE_H
#define LIMPID_STORE_STORE_H

#include "io/digest.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"

struct store;

struct store_options {
	bool read_only;	      /* do not create or migrate; a missing store is STATUS_NOTFOUND */
	unsigned busy_ms;     /* how long to wait for another process's lock */
	uint64_t cache_bytes; /* cap of all that is kept (limits.cache_bytes) */
	int64_t (*now)(void); /* the clock, Unix seconds; NULL: date_now(). For tests */
};

/*
 * <dir>/state.db; dir is created when it is missing (unless read_only). read_only needs no right to write anywhere.
 * STATUS_UNSUPPORTED: written by a newer limpid. STATUS_MALFORMED: damaged; nothing is changed.
 */
enum status store_open(const char *dir, const struct store_options *options, struct store **out,
		       struct err *err) NODISCARD;
void store_close(struct store *s); /* NULL is fine */

/*
 * ---- what is kept to save work ----
 *
 * Everything here has one cap (cache_bytes): what was used least recently goes first, whatever it is. Values are the
 * caller's own and come back as they were put, or not at all; whoever reads one validates it as he would a file.
 * get: STATUS_NOTFOUND if absent (err is set); marks it as used; appends to *out.
 * put: inserts or replaces, evicts beyond the cap. STATUS_LIMIT: larger than the whole cache.
 */

/* Layer reports: key = layer digest + detector set (+ aliases asked for); value = serialised layer report. */
enum status store_cache_get(struct store *s, struct slice key, struct buf *out, struct err *err) NODISCARD;
enum status store_cache_put(struct store *s, struct slice key, struct slice report, struct err *err) NODISCARD;

/*
 * Index reports: value = index_report_pack(). The key says what the report was made of, and by what: of a scan it is
 * the digest over the layers and the detector set (index/kept.h); a service that is asked by manifest takes the
 * manifest's digest and the detector set. Only what another run would find again is put here, never what a crash left.
 */
enum status store_index_report_get(struct store *s, struct slice key, struct buf *out, struct err *err) NODISCARD;
enum status store_index_report_put(struct store *s, struct slice key, struct slice report, struct err *err) NODISCARD;

/* What was found out about a file of this machine that has not changed since; the key says which file, and what. */
enum status store_file_get(struct store *s, struct slice key, struct buf *out, struct err *err) NODISCARD;
enum status store_file_put(struct store *s, struct slice key, struct slice value, struct err *err) NODISCARD;

struct store_cache_stats {
	uint64_t entries, bytes; /* of all */
	uint64_t layers, images; /* entries that are reports of layers, of images */
};
enum status store_cache_stats(struct store *s, struct store_cache_stats *out, struct err *err) NODISCARD;
/*
 * Drop entries that were not used since `before` (Unix s), and reports whose key does not hold detector_set; returns
 * how many.
 */
enum status store_cache_gc(struct store *s, int64_t before_s, struct slice detector_set, uint64_t *out_dropped,
			   struct err *err) NODISCARD;

/* ---- sources and update operations ---- */

struct store_source {
	struct slice name; /* "alpine-main-v3.9-updater" */
	struct slice feed; /* set, "alpine" */
	struct slice url;
	struct digest segment;		  /* in force; DIGEST_NONE if it never succeeded */
	struct slice etag, last_modified; /* validators of the document it was made from */
	struct digest document;		  /* sha256 of that document: unchanged bytes are not parsed again */
	struct slice format_version;	  /* of the parser that made it: another one parses again */
	int64_t last_attempt_s, last_success_s, last_change_s; /* DATE_NONE if never */
	int64_t next_s;           /* when upstream may have something new; DATE_NONE if unknown */
	uint64_t records;				       /* advisories in the segment */
	struct slice error;				       /* of the last attempt; "" if it succeeded */
	struct slice held_back; /* hex digest of a segment kept back because it was suddenly tiny; "" if none */
};

/* All sources by name, in the arena. */
enum status store_sources(struct store *s, struct arena *arena, struct store_source **out, size_t *out_n,
			  struct err *err) NODISCARD;
/* STATUS_NOTFOUND if absent. */
enum status store_source_get(struct store *s, struct slice name, struct arena *arena, struct store_source *out,
			     struct err *err) NODISCARD;
/* Insert or replace the row as given, without touching operations. */
enum status store_source_put(struct store *s, const struct store_source *source, struct err *err) NODISCARD;
/*
 * Publish: in one transaction the source's row is replaced and, when its segment changed, a new update operation is
 * written. out_ref gets the operation's UUID (37 bytes), "" if nothing changed.
 */
enum status store_publish(struct store *s, const struct store_source *source, char out_ref[37],
			  struct err *err) NODISCARD;

struct store_operation {
	char ref[37]; /* UUID */
	struct slice source;
	struct digest segment;
	struct slice fingerprint; /* validators joined, as Clair shows them */
	int64_t date_s;
};
/* Newest first; source "" = all. */
enum status store_operations(struct store *s, struct slice source, size_t max, struct arena *arena,
			     struct store_operation **out, size_t *out_n, struct err *err) NODISCARD;
/* Forget operations beyond `keep` per source. Segments that no operation names may then be deleted by the caller. */
enum status store_operations_gc(struct store *s, size_t keep, uint64_t *out_dropped, struct err *err) NODISCARD;

/* One process updates a source at a time. STATUS_CONFLICT if another one holds it. Released by close, too. */
enum status store_lock(struct store *s, struct slice name, struct err *err) NODISCARD;
void store_unlock(struct store *s, struct slice name);

#endif
