/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - documents by their upstream URL, from the origin or from a mirror that stands for every origin.
 *
 * A mirror is a tree <host>/<path> of the upstream URLs: a directory, or the base URL of any web server. Private to
 * feed/.
 */
#ifndef LIMPID_FEED_FETCH_H
#define LIMPID_FEED_FETCH_H

#include "feed/feed.h"
#include "feed/hosts.h"
#include "io/digest.h"
#include "io/http.h"

struct fetch_place {
	struct slice mirror; /* directory or http(s) base; "" = the origins */
	const struct limits *limits;
	struct hosts *hosts; /* borrowed; asked and told for every request by HTTP */
	unsigned stall_s;    /* a transfer without a byte for so long has failed */
	bool file;	     /* the user named an absolute path of this machine: such a "URL" is one */
	void (*progress)(void *ctx, uint64_t done, uint64_t total); /* may be NULL */
	void *progress_ctx;
};

/*
 * The document into fd, which is empty. validators: of the copy we have, or NULL; out->code is 304 when it still holds
 * (never for a directory). STATUS_NOTFOUND if there is none.
 */
enum status fetch_document(const struct fetch_place *place, struct slice url, const struct http_validators *validators,
			   int fd, struct http_answer *out, struct err *err) NODISCARD;
/* A small document, appended to out, whose cap holds. */
enum status fetch_small(const struct fetch_place *place, struct slice url, struct buf *out, struct err *err) NODISCARD;
/* Is there a document? Asking for it costs its first bytes at most, and one try. */
enum feed_presence fetch_probe(const struct fetch_place *place, struct slice url);

/* <dir>/<host>/<path> with %XX decoded. STATUS_INVALID for an URL that leads out of dir or has no path. */
enum status fetch_path(const char *dir, size_t dir_len, struct slice url, char *out, size_t size,
		       struct err *err) NODISCARD;
/* A file without a name in dir: gone when it is closed, even by kill -9. -1 with err set. */
int fetch_temporary(const char *dir, struct err *err);
/* sha256 of everything in fd, whose position does not matter. */
enum status fetch_digest(int fd, struct digest *out, uint64_t *out_bytes, struct err *err) NODISCARD;

/*
 * Bring the document into <dir>/<host>/<path>, whole or not at all. Validators lie beside it in ".<name>.validators"
 * with the digest they belong to, so that a change of the file by somebody else only costs a download. *out_changed: it
 * is new.
 */
enum status fetch_download(const struct fetch_place *place, struct slice url, struct slice dir, bool *out_changed,
			   uint64_t *out_bytes, struct err *err) NODISCARD;

#endif
