/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carry.h - advisories from one machine to another, without a network: limpid's bundles, and the file of Clair's
 * export-updaters.
 *
 * What arrives is published as an update publishes: each source on its own, whole or not at all; one that became
 * suddenly tiny, or that is older than what is in force, is not put in force unless the caller accepts it.
 */
#ifndef LIMPID_CARRY_CARRY_H
#define LIMPID_CARRY_CARRY_H

#include "base/buf.h"
#include "io/source.h"
#include "segment/segment.h"
#include "store/store.h"

enum carry_event_kind {
	CARRY_PUBLISHED,
	CARRY_UNCHANGED,   /* what is in force is the same */
	CARRY_HELD_BACK,   /* suddenly tiny: kept aside */
	CARRY_OLDER,	   /* than what is in force: not taken */
	CARRY_FAILED,	   /* text says why; the older advisories stay in force */
	CARRY_PASSED_OVER, /* nothing that limpid keeps: text says what */
	CARRY_DIAG,	   /* a line that could not be read or kept: text says which, and why */
};

struct carry_event {
	enum carry_event_kind kind;
	struct slice source;	    /* "" where it is not known */
	uint64_t records, previous; /* advisories */
	uint64_t lines;		    /* of the file, of this source */
	struct slice text;
};

struct carry_options {
	const char *dir; /* data folder: segments lie in <dir>/segments, which is there */
	const struct limits *limits;
	bool accept;					       /* publish also what would be held back, or is older */
	void (*event)(void *ctx, const struct carry_event *e); /* one at a time */
	void *event_ctx;
};

struct carry_summary {
	size_t sources, published, unchanged, held_back, older, failed, passed_over;
	uint64_t lines, records, diags;
};

/*
 * Import lines of Clair's (plain bytes; whoever opened the file has unpacked them). A line that cannot be read is a
 * diagnostic. STATUS_MALFORMED: not one line could be read. A failure of the stream fails the source that was being
 * read; those before it are in force, and the failure is returned.
 */
enum status carry_clair_import(struct store *store, struct source *in, const struct carry_options *options,
			       struct carry_summary *out, struct err *err) NODISCARD;

struct carry_out {
	enum status (*write)(void *ctx, struct slice bytes, struct err *err);
	void *ctx;
};
/*
 * Write every source in force as Clair's lines: one for each range of each row that says that a package is affected.
 * What Clair cannot say of a row follows in a member of its own, which Clair passes over. Rows that only list versions
 * one by one are left out, as Clair would take them for all versions: out->diags counts them.
 */
enum status carry_clair_export(struct store *store, const struct carry_options *options, const struct carry_out *to,
			       struct carry_summary *out, struct err *err) NODISCARD;

/* ---- clair-action's database, a file of SQLite: docs/formats/clair-action.md ---- */

/* Write what carry_clair_export() writes as rows. path: a file that is empty or not there; on failure it is useless. */
enum status carry_action_export(struct store *store, const struct carry_options *options, const char *path,
				struct carry_summary *out, struct err *err) NODISCARD;
/* Read one, clair-action's own or ours. date_s: how old its advisories are where it does not say. */
enum status carry_action_import(struct store *store, const char *path, int64_t date_s,
				const struct carry_options *options, struct carry_summary *out,
				struct err *err) NODISCARD;

/* ---- limpid's own bundle: docs/formats/bundle.md ---- */

struct carry_bundle {
	const char *key;    /* file: private to sign with, public to check with; NULL: neither */
	struct slice since; /* manifest of a bundle that the other side has; "": none */
};
/* Write a tar of the sources in force. out->published: segments that travel. */
enum status carry_bundle_export(struct store *store, const struct carry_options *options,
				const struct carry_bundle *bundle, const struct carry_out *to,
				struct carry_summary *out, struct err *err) NODISCARD;
/*
 * Read one (unpacked): all of it is checked before anything of it is in force. STATUS_MISMATCH: bytes or signature are
 * not what they should be.
 */
enum status carry_bundle_import(struct store *store, struct source *in, const struct carry_options *options,
				const struct carry_bundle *bundle, struct carry_summary *out,
				struct err *err) NODISCARD;
/* The manifest of one, appended to out. */
enum status carry_bundle_manifest(struct source *in, const struct limits *limits, struct buf *out,
				  struct err *err) NODISCARD;

#endif
