/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h - the manifest of a bundle: which sources, in which segments (docs/formats/bundle.md). Private to carry/. */
#ifndef LIMPID_CARRY_BUNDLE_H
#define LIMPID_CARRY_BUNDLE_H

#include "base/buf.h"
#include "carry/carry.h"

#define BUNDLE_MANIFEST "manifest.json"
#define BUNDLE_SIGNATURE "manifest.sig"
#define BUNDLE_FORMAT 2 /* with changes of segments; without any it is 1, which older ones read */
#define BUNDLE_MANIFEST_MAX ((size_t)16 << 20)

struct bundle_source {
	struct slice name, feed, url, etag, last_modified, format_version;
	struct digest segment, document; /* document: DIGEST_NONE if it is not known */
	uint64_t bytes;			 /* of the segment */
	int64_t as_of_s;		 /* when it was last found to be the state of things; DATE_NONE */
	bool here;			 /* the segment travels with this bundle */
	struct digest base;		 /* as a change of this one; DIGEST_NONE: whole */
	uint64_t delta_bytes;		 /* of the change */
	struct slice delta;		 /* not of the manifest: the change, while a bundle is written */
	bool arrived;			 /* not of the manifest: it was read */
};

typedef VEC(struct bundle_source) bundle_source_list;

/* "segments/<hex>.seg", the name in the archive and, from its slash on, in the folder. */
struct bundle_name {
	char text[96];
};
const char *bundle_name(const struct digest *segment, struct bundle_name *out);
/* "deltas/<hex>.zst", the name in the archive of a change that makes the segment. */
const char *bundle_delta_name(const struct digest *segment, struct bundle_name *out);
enum status bundle_manifest_write(const bundle_source_list *sources, int64_t made_s, struct buf *out,
				  struct err *err) NODISCARD;
/* Texts are in the arena. STATUS_UNSUPPORTED: of a later format. */
enum status bundle_manifest_read(struct slice json, const struct limits *limits, struct arena *arena,
				 bundle_source_list *out, struct err *err) NODISCARD;

/* ---- reading ---- */

/* One bundle on its way into a folder. */
struct bundle_reader {
	const char *folder; /* where its segments go; borrowed */
	const struct limits *limits;
	const char *key;  /* NULL: the signature is not asked for */
	const char *base; /* another folder with segments that did not travel; NULL: none */
	struct arena arena;
	struct buf manifest;
	bool checked; /* by the key */
	bundle_source_list sources;
};
void bundle_reader_init(struct bundle_reader *r, const char *folder, const struct limits *limits, const char *key);
void bundle_reader_fini(struct bundle_reader *r);
/* All of it: afterwards every segment that the manifest names is in the folder, and was verified. */
enum status bundle_read(struct bundle_reader *r, struct source *in, struct err *err) NODISCARD;

#endif
