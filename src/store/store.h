/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the state: cached reports, sources, update operations, manifests and what is in them, behind one interface.
 *
 * Engines: SQLite (a file in the data folder, shared by many processes) and PostgreSQL (shared by many nodes); both do
 * the same. Each handle is used by one thread at a time (pool.h has one for each). Every call is atomic. What a
 * call that writes has answered with STATUS_OK survives a crash of the machine; entries of the cache alone may be lost.
 *
 * STATUS_CONFLICT: somebody else is at it; may be tried again. STATUS_REMOTE: the database server cannot be reached, or
 * went away in the middle; the next call connects again. STATUS_TIMEOUT: it did not answer in time.
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
	/* PostgreSQL alone: */
	const char *application_name; /* as the server shows it; NULL: limpid. What the connection string says counts */
	unsigned statement_ms;	      /* the longest that one statement may take; 0: 30,000 */
	/*
	 * When a handle of the same place last connected (monotonic ns), kept by the caller for all of them: as soon
	 * as one gets through again, the others do not wait for their next try. NULL: each goes by itself.
	 */
	_Atomic uint64_t *reached_ns;
	bool no_migrate; /* do not change the schema; one that is too old is STATUS_UNSUPPORTED */
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

enum store_kind { STORE_VULNERABILITY, STORE_ENRICHMENT };

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
	enum store_kind kind;
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
	enum store_kind kind;
};
/* Newest first; source "" = all. */
enum status store_operations(struct store *s, struct slice source, size_t max, struct arena *arena,
			     struct store_operation **out, size_t *out_n, struct err *err) NODISCARD;
/*
 * Forget operations beyond `keep` per source, but for those that were in force at since_s or later (DATE_NONE: no
 * matter when), and those that a notifier of this store saw last, or is at, within 30 days: what came since then is
 * told by comparing with them. Segments that no operation names may then be deleted by the caller.
 */
enum status store_operations_gc(struct store *s, size_t keep, int64_t since_s, uint64_t *out_dropped,
				struct err *err) NODISCARD;

/*
 * Sources as they were at a moment, in the arena: each with the segment of its newest operation that is not after at_s,
 * and DIGEST_NONE where there is none, or none is kept. records is 0 then and where the segment is not the one in force
 * now. Later failures are not told; last_success_s is at_s where a later run confirmed it.
 */
enum status store_sources_at(struct store *s, int64_t at_s, struct arena *arena, struct store_source **out,
			     size_t *out_n, struct err *err) NODISCARD;

/* STATUS_NOTFOUND if there is none with this ref. */
enum status store_operation_get(struct store *s, struct slice ref, struct arena *arena, struct store_operation *out,
				struct err *err) NODISCARD;
/* The newest one of every source of this kind, newest first. */
enum status store_operations_latest(struct store *s, enum store_kind kind, struct arena *arena,
				    struct store_operation **out, size_t *out_n, struct err *err) NODISCARD;
/* Forget it; the segment stays in force. One that is not there is no failure. */
enum status store_operation_delete(struct store *s, struct slice ref, struct err *err) NODISCARD;

/*
 * Segments on their way to other nodes. PostgreSQL keeps the bytes; with SQLite the file is where everybody finds it,
 * and these look whether it is there. path is that of the file <hex of digest>.seg in the caller's folder.
 */
/* From the file at path, once per digest; called before the operation that names it is published. */
enum status store_segment_put(struct store *s, const struct digest *digest, const char *path,
			      struct err *err) NODISCARD;
/*
 * So that the file is at path: nothing is done if it is. What arrives is checked against the digest and appears whole
 * or not at all. STATUS_NOTFOUND: nobody has put it. STATUS_MISMATCH: what was put is damaged.
 */
enum status store_segment_fetch(struct store *s, const struct digest *digest, const char *path,
				struct err *err) NODISCARD;
/* Drop the bytes that no source and no operation names and that were put more than an hour ago. */
enum status store_segments_gc(struct store *s, uint64_t *out_dropped, struct err *err) NODISCARD;

/*
 * ---- changes ----
 *
 * A counter per topic grows when something of it changed, in the transaction that changed it.
 */
enum store_topic { STORE_SOURCES, STORE_QUEUE, STORE_TOPIC_COUNT };
/*
 * Wait until the counter is not *seen, and put it there; begin with 0, which returns at once. STATUS_TIMEOUT after
 * timeout_ms. wake_fd (-1: none): STATUS_CANCELLED as soon as it can be read. STATUS_REMOTE: wait a little, ask again;
 * no change is lost by it.
 */
enum status store_wait(struct store *s, enum store_topic topic, uint64_t *seen, unsigned timeout_ms, int wake_fd,
		       struct err *err) NODISCARD;

/*
 * ---- locks ----
 *
 * Held by the handle until it is unlocked, closed or its process ends; of others, STATUS_CONFLICT at once. A name may
 * be locked once, by one handle of one process. With PostgreSQL a lock is also lost when the connection is: from then
 * on everything that writes through this handle is STATUS_CONFLICT ("lost its locks"), until they are unlocked.
 */
enum status store_lock(struct store *s, struct slice name, struct err *err) NODISCARD;
void store_unlock(struct store *s, struct slice name);
void store_unlock_all(struct store *s);
/* Asks the server. STATUS_CONFLICT: it is not held, or no longer. */
enum status store_lock_check(struct store *s, struct slice name, struct err *err) NODISCARD;

/* ---- manifests and their index reports ---- */

struct store_manifest {
	struct digest digest;
	const struct digest *layers; /* base first; digests as posted */
	size_t n_layers;
	struct slice state;	    /* "IndexFinished", "IndexError", ... */
	bool success;
	struct slice error;	    /* "" if there is none */
	struct slice indexer_state; /* of the detector set that made the report */
	int64_t created_s;	    /* when it was first put; set by the store */
	int64_t updated_s;	    /* when it was last put; set by the store */
	/*
	 * To store_manifest_put(): it is the end of a pending run. If that is gone, and the manifest is not there
	 * either, somebody has deleted it meanwhile: STATUS_NOTFOUND, and nothing is put.
	 */
	bool of_run;
};

/* What is looked for when somebody asks who is affected: equal in all members is the same package. */
struct store_package {
	struct slice type; /* purl type, "deb" */
	struct slice name, version; /* the name as package_lookup_name() has it: found by its bytes */
	struct slice source_name, source_version; /* "" if there is none */
	struct slice arch, module;
	struct slice scope; /* where it is looked up: "debian:12", "pypi", or any text that the matcher can work with
			     * (match/place.h) */
};
/*
 * The packages that one layer brought and that are still there in the image. Equal groups are kept once, however many
 * manifests have them: that is what makes a thousand images of one base cheap. Order and repetitions do not count.
 */
struct store_group {
	const struct store_package *packages;
	size_t n;
};

/*
 * Insert or replace a manifest, its report (any bytes; they come back as they were put) and its packages, and forget
 * its pending run, in one. What only the replaced one had is collected.
 */
enum status store_manifest_put(struct store *s, const struct store_manifest *m, struct slice report,
			       const struct store_group *groups, size_t n_groups, struct err *err) NODISCARD;
/* In the arena. report (NULL: not wanted): the bytes are appended. STATUS_NOTFOUND if absent. */
enum status store_manifest_get(struct store *s, const struct digest *digest, struct arena *arena,
			       struct store_manifest *out, struct buf *report, struct err *err) NODISCARD;
/*
 * Forget manifests with their reports, pending runs and packages, one after the other: each is gone or is not, and a
 * failure leaves the ones before it gone. *out_deleted (n of them) says which ones there were.
 * Groups and packages that no manifest has any more go with them.
 */
enum status store_manifests_delete(struct store *s, const struct digest *digests, size_t n, bool *out_deleted,
				   struct err *err) NODISCARD;
/*
 * A page, last put first. before: 0 for the first page, then *out_next of the page before, which is 0 after the last.
 * Without reports.
 */
enum status store_manifests(struct store *s, uint64_t before, size_t max, struct arena *arena,
			    struct store_manifest **out, size_t *out_n, uint64_t *out_next, struct err *err) NODISCARD;

/*
 * Forget manifests that were last put before a time, at most max: *out_expired of them. Pending runs stay, and put
 * theirs after it.
 */
enum status store_manifests_expire(struct store *s, int64_t before_s, size_t max, size_t *out_expired,
				   struct err *err) NODISCARD;

/* ---- runs that were accepted and are not finished ---- */

struct store_pending {
	struct digest manifest;
	struct slice body; /* as posted */
	int64_t since_s;
	unsigned attempts; /* times that it was begun */
};
/*
 * Insert or replace; attempts starts at 0. It goes with store_manifest_put(), store_manifests_delete() and
 * store_pending_delete().
 */
enum status store_pending_put(struct store *s, const struct digest *manifest, struct slice body,
			      struct err *err) NODISCARD;
/* To be called by who holds the manifest's lock, before the work: one more attempt. STATUS_NOTFOUND if it is done. */
enum status store_pending_begin(struct store *s, const struct digest *manifest, struct arena *arena,
				struct store_pending *out, struct err *err) NODISCARD;
/* Without the body. STATUS_NOTFOUND: there is none. */
enum status store_pending_get(struct store *s, const struct digest *manifest, struct store_pending *out,
			      struct err *err) NODISCARD;
/* The oldest first, at most max, in the arena. Whether somebody is at one, its lock tells. */
enum status store_pending_list(struct store *s, size_t max, struct arena *arena, struct store_pending **out,
			       size_t *out_n, struct err *err) NODISCARD;
enum status store_pending_delete(struct store *s, const struct digest *manifest, struct err *err) NODISCARD;

/* ---- who has a package: the inverse index ---- */

struct store_package_row {
	uint64_t id; /* as long as a manifest has it */
	struct store_package package;
};
/*
 * Packages of this name, or built from a source of this name, ids ascending, at most max with an id above after (0 to
 * begin). In the arena. Fewer than max: these were the last.
 */
enum status store_packages_named(struct store *s, struct slice name, uint64_t after, size_t max, struct arena *arena,
				 struct store_package_row **out, size_t *out_n, struct err *err) NODISCARD;

struct store_affected {
	uint64_t manifest; /* number of the manifest, for after */
	struct digest digest;
};
/*
 * Manifests that have any of these packages, each once, numbers ascending, at most max with a number above after (0 to
 * begin). In the arena. Fewer than max: these were the last.
 */
enum status store_manifests_with(struct store *s, const uint64_t *packages, size_t n, uint64_t after, size_t max,
				 struct arena *arena, struct store_affected **out, size_t *out_n,
				 struct err *err) NODISCARD;
/* Which of these packages a manifest has: out[n]. Of a manifest that is not there: none. */
enum status store_manifest_has(struct store *s, const struct digest *manifest, const uint64_t *packages, size_t n,
			       bool *out, struct err *err) NODISCARD;

/*
 * ---- work that is to be done later, by any node ----
 *
 * An entry is taken for a time (the lease); who does not end it in that time has died, and another one takes it.
 */
struct store_job {
	uint64_t id;
	struct slice body;
	int64_t since_s;
	unsigned attempts; /* times it was taken, this one included */
};
enum status store_queue_put(struct store *s, struct slice queue, struct slice body, int64_t due_s,
			    struct err *err) NODISCARD;
/* At most max that are due, the longest due first; none is no failure. Two who ask at once get different ones. */
enum status store_queue_take(struct store *s, struct slice queue, size_t max, unsigned lease_s, struct arena *arena,
			     struct store_job **out, size_t *out_n, struct err *err) NODISCARD;
/* Done. STATUS_CONFLICT: the lease ran out and another one has it (attempts differs). */
enum status store_queue_done(struct store *s, const struct store_job *job, struct err *err) NODISCARD;
/* To be taken again from due_s on. */
enum status store_queue_again(struct store *s, const struct store_job *job, int64_t due_s, struct err *err) NODISCARD;

/*
 * ---- small documents, by name ----
 *
 * What other parts keep as they like: the store knows a name, what it belongs to, and bytes. Of one kind, names are
 * unique.
 */
enum store_document_kind {
	STORE_DOCUMENT_LAYER = 1,    /* of the old layer API: by the layer's name, of its parent's */
	STORE_DOCUMENT_ADVISORY = 2, /* that a user wrote: by namespace and name, of its namespace */
	STORE_DOCUMENT_SECRET = 3,   /* that all nodes share */
	STORE_DOCUMENT_WATCH = 4,    /* what limpid watch told of an index report: by the file */
	STORE_DOCUMENT_SETTING = 5,  /* of this data folder: by its name */
	STORE_DOCUMENT_LAYER_OF = 6, /* name of the layer of the old API that a manifest is: by its digest */
};
#define STORE_DOCUMENT_NAME 1024 /* bytes of a name, and of an owner's: both are entries of indexes */
struct store_document {
	struct slice name, owner, body;
	int64_t changed_s; /* when it was last put; set by the store */
};
/* Insert or replace. STATUS_INVALID: no name, or one that is too long. */
enum status store_document_put(struct store *s, enum store_document_kind kind, struct slice name, struct slice owner,
			       struct slice body, struct err *err) NODISCARD;
/* In the arena. STATUS_NOTFOUND if absent. */
enum status store_document_get(struct store *s, enum store_document_kind kind, struct slice name, struct arena *arena,
			       struct store_document *out, struct err *err) NODISCARD;
/* Those of so many names that are there, in no order. In the arena. */
enum status store_documents_named(struct store *s, enum store_document_kind kind, const struct slice *names, size_t n,
				  struct arena *arena, struct store_document **out, size_t *out_n,
				  struct err *err) NODISCARD;
/* *out_deleted: was there one? */
enum status store_document_delete(struct store *s, enum store_document_kind kind, struct slice name, bool *out_deleted,
				  struct err *err) NODISCARD;
/* Those of an owner ("": of none), by name, after a name ("": from the first), at most max. In the arena. */
enum status store_documents(struct store *s, enum store_document_kind kind, struct slice owner, struct slice after,
			    size_t max, struct arena *arena, struct store_document **out, size_t *out_n,
			    struct err *err) NODISCARD;

/*
 * ---- notifications ----
 *
 * One for each update operation that a notifier has seen: first it is made (who is affected is found out), then
 * delivered, by whatever node takes it. Who takes one has it for a time (the lease) and may hold it longer; who does
 * not end it in that time has died, and another one takes it: from then on the first one's calls are STATUS_CONFLICT.
 */
enum store_notification_state {
	STORE_NOTIFICATION_MAKING = 1,
	STORE_NOTIFICATION_CREATED = 2,	  /* to be delivered */
	STORE_NOTIFICATION_FAILED = 3,	  /* to be delivered again */
	STORE_NOTIFICATION_DELIVERED = 4, /* or there was nothing to tell */
	STORE_NOTIFICATION_DELETED = 5,	  /* its receiver has dealt with it */
	STORE_NOTIFICATION_DEAD = 6,	  /* given up */
	STORE_NOTIFICATION_COLLECTED = 7, /* its entries are gone; it says which operation was the last one seen */
	STORE_NOTIFICATION_STATES
};

struct store_notification {
	uint64_t number;	/* of the row */
	char id[37];		/* UUID, random */
	char operation[37];	/* of the update operation */
	char previous[37];	/* what it is compared with; "": nothing */
	struct slice source;
	enum store_notification_state state;
	int64_t created_s, changed_s, due_s;
	unsigned attempts;	/* times it was taken since it was begun or made */
	uint64_t entries;
	struct slice error; /* of the last attempt */
};

/*
 * A notification of this operation, if there is none and if that of the source seen last is still `last` (its number;
 * 0: there is none). state: MAKING, or DELIVERED where nothing is to be told of it. *out_begun: it was put.
 */
enum status store_notification_begin(struct store *s, struct slice source, const char *operation, const char *previous,
				     uint64_t last, enum store_notification_state state, bool *out_begun,
				     struct err *err) NODISCARD;
/* The newest of every source. */
enum status store_notifications_latest(struct store *s, struct arena *arena, struct store_notification **out,
				       size_t *out_n, struct err *err) NODISCARD;

enum store_notification_task { STORE_NOTIFICATION_MAKE, STORE_NOTIFICATION_DELIVER };
/*
 * The longest due; STATUS_NOTFOUND if there is none, *out_next_s is then when one will be (DATE_NONE: none is known).
 * Of one source the older one is made first. One is not delivered while an older one that has one of its manifests is
 * not. node: who takes it, for store_notification_nodes(); 0: somebody.
 */
enum status store_notification_take(struct store *s, enum store_notification_task task, unsigned lease_s, unsigned node,
				    struct arena *arena, struct store_notification *out, int64_t *out_next_s,
				    struct err *err) NODISCARD;
/* Nodes that have a notification or a notice at the moment, at most max; and what a node has is to be taken at once. */
enum status store_notification_nodes(struct store *s, unsigned *out, size_t max, size_t *out_n,
				     struct err *err) NODISCARD;
enum status store_notification_release(struct store *s, unsigned node, struct err *err) NODISCARD;
/* Still here: the lease begins anew. STATUS_CONFLICT: it is another one's, was deleted, or ended. */
enum status store_notification_hold(struct store *s, const struct store_notification *n, unsigned lease_s,
				    struct err *err) NODISCARD;

struct store_change {
	uint64_t number;      /* from 1, the notification's own */
	unsigned reason;      /* the caller's */
	struct slice summary; /* any bytes */
};
#define STORE_ENTRY_ID 16
struct store_entry {
	uint8_t id[STORE_ENTRY_ID]; /* within the notification */
	struct digest manifest;
	uint64_t change; /* number */
	unsigned rank;	 /* of two with one id the higher one stays */
};
/*
 * To one that is being made: more of its changes and entries. fresh: what an earlier attempt left is dropped first.
 * Holds it, too.
 */
enum status store_notification_add(struct store *s, const struct store_notification *n, bool fresh,
				   const struct store_change *changes, size_t n_changes,
				   const struct store_entry *entries, size_t n_entries, unsigned lease_s,
				   struct err *err) NODISCARD;
/*
 * The end of what it was taken for. Of making: CREATED (without entries it becomes DELIVERED), DELIVERED, DEAD, or
 * MAKING to be taken again from due_s on. Of delivering: DELIVERED (also when the lease ran out meanwhile), DEAD, or
 * FAILED to be taken again from due_s on. STATUS_CONFLICT: it is another one's, was deleted, or ended.
 */
enum status store_notification_end(struct store *s, const struct store_notification *n,
				   enum store_notification_state state, int64_t due_s, struct slice error,
				   struct err *err) NODISCARD;
/* By its UUID. STATUS_NOTFOUND if there is none, or none any more. */
enum status store_notification_get(struct store *s, struct slice id, struct arena *arena,
				   struct store_notification *out, struct err *err) NODISCARD;

struct store_entry_row {
	struct store_entry entry;
	struct store_change change; /* summary: in the arena; of the row before if it is the same change */
};
/* At most max by id, after this one (NULL: from the first). In the arena. */
enum status store_notification_entries(struct store *s, uint64_t notification, const uint8_t *after, size_t max,
				       struct arena *arena, struct store_entry_row **out, size_t *out_n,
				       struct err *err) NODISCARD;
/* One change, in the arena. STATUS_NOTFOUND. */
enum status store_notification_change(struct store *s, uint64_t notification, uint64_t number, struct arena *arena,
				      struct store_change *out, struct err *err) NODISCARD;
/* It has been dealt with: it is not delivered any more. Twice is no failure. STATUS_NOTFOUND as get. */
enum status store_notification_delete(struct store *s, struct slice id, struct err *err) NODISCARD;
/*
 * Drop at most max that were deleted before deleted_s, delivered before delivered_s or given up before dead_s. The
 * newest of each source stays, without its entries.
 */
enum status store_notifications_gc(struct store *s, int64_t deleted_s, int64_t delivered_s, int64_t dead_s, size_t max,
				   uint64_t *out_dropped, struct err *err) NODISCARD;

struct store_notification_stats {
	uint64_t by_state[STORE_NOTIFICATION_STATES];
	int64_t oldest_s; /* when the oldest that is not delivered was created; DATE_NONE: there is none */
};
enum status store_notification_stats(struct store *s, struct store_notification_stats *out, struct err *err) NODISCARD;

/*
 * ---- notices: Clair v2's notifications ----
 *
 * Each is about one vulnerability. Its receiver is told of it, and told again after a while, until he says that he has
 * dealt with it. Who takes one has it for the lease; who does not end it in that time has died.
 */
struct store_notice {
	uint64_t number; /* of the row */
	char id[37];	 /* UUID, the caller's */
	int64_t created_s;
	int64_t notified_s; /* when its receiver took it last; 0: never */
	int64_t deleted_s;  /* 0: not yet */
	int64_t due_s;
	unsigned attempts; /* times it was taken */
	unsigned failures; /* of them since its receiver took it last */
	struct slice body; /* of store_notice_get() and store_notices_put() alone */
};
#define STORE_NOTICES_PUT 32u
/* Those of which there is none of that id, with their bodies; all in one go, at most so many. To be sent at once. */
enum status store_notices_put(struct store *s, const struct store_notice *list, size_t n, struct err *err) NODISCARD;
/* The longest due; STATUS_NOTFOUND if there is none, *out_next_s is then when one will be (DATE_NONE: none). */
enum status store_notice_take(struct store *s, unsigned lease_s, unsigned node, struct store_notice *out,
			      int64_t *out_next_s, struct err *err) NODISCARD;
/* Still here: the lease begins anew. STATUS_CONFLICT: it was deleted, or is another one's. */
enum status store_notice_hold(struct store *s, const struct store_notice *n, unsigned lease_s,
			      struct err *err) NODISCARD;
/* To be sent again from due_s on. STATUS_CONFLICT: it was deleted, or is another one's. */
enum status store_notice_end(struct store *s, const struct store_notice *n, bool notified, int64_t due_s,
			     struct err *err) NODISCARD;
/* Its body is in the arena. STATUS_NOTFOUND. */
enum status store_notice_get(struct store *s, struct slice id, struct arena *arena, struct store_notice *out,
			     struct err *err) NODISCARD;
/* It has been dealt with: it is not sent any more. Twice is no failure. STATUS_NOTFOUND. */
enum status store_notice_delete(struct store *s, struct slice id, struct err *err) NODISCARD;
/* Drop those deleted before deleted_s, and those created before created_s that nobody deleted: at most max of each. */
enum status store_notices_gc(struct store *s, int64_t deleted_s, int64_t created_s, size_t max, uint64_t *out_dropped,
			     uint64_t *out_unread, struct err *err) NODISCARD;

/* ---- housekeeping ---- */

struct store_size {
	const char *name; /* "manifests", static */
	uint64_t rows;
	uint64_t bytes; /* with indexes; 0 if the engine cannot tell */
	bool of_sources; /* sources and what belongs to them, which a scan has, too */
};
#define STORE_SIZES 16
/* What lies in the store, by kind of thing; *out_n of out[STORE_SIZES] are set. Takes time: everything is counted. */
enum status store_sizes(struct store *s, struct store_size *out, size_t *out_n, struct err *err) NODISCARD;
struct store_collected {
	uint64_t groups, packages; /* that no manifest had: a process was killed before it collected them */
	uint64_t segments;
};
/* Drop what nothing names, and give the space back. */
enum status store_collect(struct store *s, struct store_collected *out, struct err *err) NODISCARD;

#endif
