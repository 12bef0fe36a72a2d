/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_impl.h - what the readers of rpm's database formats share. Only for rpm*.c.
 *
 * A reader finds header blobs and hands them to rpm_record(). Damage costs the record it lies in and is told; what a
 * reader returns is a failure that ends the reading (the database as a whole, the sink, memory).
 * Source: docs/formats/rpm.md.
 */
#ifndef LIMPID_INDEX_PACKAGE_RPM_IMPL_H
#define LIMPID_INDEX_PACKAGE_RPM_IMPL_H

#include "base/buf.h"
#include "base/cursor.h"
#include "base/map.h"
#include "index/detector.h"
#include "index/pages.h"
#include "index/told.h"

/* rpm reads headers of up to 256 MiB; a package of 100,000 files has about 20 MiB. */
#define RPM_HEADER_BYTES ((size_t)64 << 20)
/* With more damaged records than this there is nothing to be found in a database. */
#define RPM_DAMAGED_MAX 1000000

/* ---- the reading of one database: rpm.c ---- */

struct rpm_read {
	const struct detect_file *file;
	const struct detect_env *env;
	const struct detect_sink *out;
	struct told told;
	struct slice db;    /* package_db: "sqlite:var/lib/rpm" */
	struct map seen;    /* packages so far */
	struct buf version; /* of the package at hand */
	struct buf joined;  /* a header whose parts lie apart */
	uint32_t *dirs;	    /* scratch for the directories of one header; the arena's */
	size_t dirs_cap;
	uint64_t record_budget; /* bytes of records still expected: all together are no larger than the file */
	uint64_t owned_budget;	/* bytes of paths still to be made from them */
	uint64_t touched;	/* bytes looked at since they were last let go of */
	uint64_t damaged;	/* records that were lost */
	bool cut; /* told that the file ends too early: what could be read stands, the database is not read */
};

/*
 * A header was found: emit its package and its files. offset is where the record lies in the file, for diagnostics
 * (ERR_NO_OFFSET if it does not). A header that cannot be read is told and is STATUS_OK.
 */
enum status rpm_record(struct rpm_read *r, struct slice header, uint64_t offset, struct err *err) NODISCARD;
/*
 * A record is lost: told with the code that fits why->code. STATUS_LIMIT when there are too many of them. Failures that
 * are no damage of the input (memory) come back as they are.
 */
enum status rpm_lost(struct rpm_read *r, uint64_t offset, const struct err *why, struct err *err) NODISCARD;
/* The same for a page or a chain of them: how many records it had is not known, so the database was not read. */
enum status rpm_lost_part(struct rpm_read *r, uint64_t offset, const struct err *why, struct err *err) NODISCARD;
/* n bytes of the file were, or are about to be, looked at: keeps what is resident small. */
void rpm_touched(struct rpm_read *r, uint64_t n);
/* Before n bytes of a record are worked on: STATUS_MALFORMED if records must lie over each other. */
enum status rpm_spend(struct rpm_read *r, uint64_t n, struct err *err) NODISCARD;

/* Of one format each; r->db is set. */
enum status rpm_sqlite_read(struct rpm_read *r, struct err *err) NODISCARD;
enum status rpm_ndb_read(struct rpm_read *r, struct err *err) NODISCARD;
enum status rpm_bdb_read(struct rpm_read *r, struct err *err) NODISCARD;

/* ---- header blobs: rpm_header.c ---- */

/* Slices point into the blob; empty if the header has no such tag. */
struct rpm_header {
	struct slice name, version, release, arch;
	struct slice source_rpm;   /* "bash-5.1.8-6.el9.src.rpm" */
	struct slice module_label; /* "name:stream:version:context" */
	uint32_t epoch;		   /* 0 if there is none */
	/* The list of files: counted, not yet checked; n_files 0 if there is none. */
	struct slice base_names, dir_names, dir_indexes, states, modes, old_names;
	uint32_t n_files, n_dirs, n_states, n_modes, n_old_names;
	const char *files_problem; /* why the list of files cannot be used; NULL if it can */
};

/* STATUS_MALFORMED (err->offset in the blob) or STATUS_LIMIT: nothing of *out is to be used. */
enum status rpm_header_parse(struct slice blob, const struct limits *limits, struct rpm_header *out,
			     struct err *err) NODISCARD;
/* Hand over the paths of the regular files that are there, as far as they can be read. */
enum status rpm_header_files(struct rpm_read *r, const struct rpm_header *h, const char **problem,
			     struct err *err) NODISCARD;

#endif
