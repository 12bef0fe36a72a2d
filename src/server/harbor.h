/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harbor.h - scans that a registry asks for: the image's manifest is fetched from it, then indexed as if it had been
 * posted (Harbor's pluggable scanner API, versions 1.0 to 1.2; docs/adr/0040-scan-ids.md).
 *
 * A scan's id says which image it is about. Its state is the manifest's in the store, which every node sees and which
 * survives the process; only what happens before the manifest is known, and why it failed, is kept here.
 */
#ifndef LIMPID_SERVER_HARBOR_H
#define LIMPID_SERVER_HARBOR_H

#include "base/arena.h"
#include "base/buf.h"
#include "io/digest.h"

struct harbor;
struct http_client;
struct indexer;

/* What an image is called; slices are the holder's. */
struct harbor_artifact {
	struct slice repository, tag; /* "library/mongo", "3.4"; tag may be empty */
	struct slice mime_type;	      /* of the manifest */
	struct digest digest;
};

struct harbor_scan {
	struct harbor_artifact artifact;
	struct slice registry;	    /* URL, without a slash at its end */
	struct slice authorization; /* value of the header; "" if none is needed */
};

/* All is borrowed. */
struct harbor *harbor_new(struct indexer *indexer, struct http_client *http) NODISCARD;
/* Scans that wait are dropped, a registry that polls for one is told to ask again. Before indexer_stop(). */
void harbor_stop(struct harbor *h);
/* After indexer_stop(). NULL is fine. */
void harbor_free(struct harbor *h);

/* Begin; everything is copied. The same image twice at once is one scan. STATUS_LIMIT: too many wait. */
enum status harbor_begin(struct harbor *h, const struct harbor_scan *scan, struct err *err) NODISCARD;

enum harbor_state {
	HARBOR_UNKNOWN, /* nothing is known here; the store may have the report */
	HARBOR_AT_WORK,
	HARBOR_FAILED,
};
/* *why is set for HARBOR_FAILED, in the arena. */
enum harbor_state harbor_look(struct harbor *h, const struct digest *image, struct arena *arena, struct slice *why);

/* The id of a scan of an image, appended: letters, digits, '-' and '_'. */
enum status harbor_id_print(const struct harbor_artifact *a, struct buf *out, struct err *err) NODISCARD;
/* False: nobody was given this id. In the arena. */
bool harbor_id_parse(struct slice id, struct arena *arena, struct harbor_artifact *out);

/* The layers of an image's manifest (OCI, Docker schema 2). STATUS_UNSUPPORTED: it is none of an image. In the arena.
 */
enum status harbor_layers(struct slice manifest, struct arena *arena, struct digest **out, size_t *out_n,
			  struct err *err) NODISCARD;

#endif
