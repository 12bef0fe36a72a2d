/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed.h - who publishes advisories, where, in which format.
 *
 * A feed (feeds.def, one file each) lists its sources: a source is one document at one URL and becomes one segment. A
 * format (formats.def, format/NAME.c) turns a document into advisory records; most new feeds reuse a format.
 */
#ifndef LIMPID_FEED_FEED_H
#define LIMPID_FEED_FEED_H

#include "base/buf.h"
#include "base/limits.h"
#include "io/digest.h"
#include "model/advisory.h"

struct feed_format;
struct feed_settings;
struct json_doc;

/* One document. Slices are valid during the call that hands it over, or as the holder says. */
struct feed_source {
	struct slice name;    /* Clair's updater name: "alpine-main-v3.9-updater" */
	struct slice url;
	struct slice param;   /* what the format needs to know beside the document: release, ecosystem... */
	bool optional;        /* 404 is no error: the source does not exist (yet) */
	bool unsure;	      /* it may not even be one: a failure makes no new row of it */
	const char *const *fallback_urls; /* other places of the same document (older layouts), NULL last; or NULL */
};

enum feed_presence { FEED_ABSENT, FEED_PRESENT, FEED_UNSURE };

/* Fetch a small document while listing (an index page, a list of ecosystems). STATUS_NOTFOUND if it is not there. */
struct feed_fetcher {
	enum status (*get)(void *ctx, struct slice url, struct buf *out, struct err *err);
	/* Is there such a document? For feeds whose releases are found by trying. One that cannot be asked for is not.
	 */
	bool (*exists)(void *ctx, struct slice url);
	/* The same, for those who tell "no" from "who knows". */
	enum feed_presence (*probe)(void *ctx, struct slice url);
	void *ctx;
	bool local; /* documents lie in a folder of this machine: to look for one costs nothing */
	const struct feed_settings *settings; /* borrowed; what the user says; or NULL */
};

struct feed_source_sink {
	enum status (*emit)(void *ctx, const struct feed_source *s, struct err *err);
	void *ctx;
};

/* What belongs to a document and lies elsewhere, as lists with times. */
struct feed_amendment {
	int64_t since_s; /* what is newer; DATE_NONE: what came after the document that url names */
	int64_t newest_s;   /* filled: the newest time that the lists have; DATE_NONE: they are not there */
	size_t documents;   /* filled: how many were appended */
};

struct feed {
	const char *name;     /* the set: "alpine"; equals the row and the file */
	const char *title;    /* for people */
	const char *home;     /* page about the data */
	const char *origin;   /* what URLs of its documents begin with, for users with another place; NULL: nothing */
	bool enriches;	      /* it says something of CVEs (model/enrichment.h), not of packages */
	const struct feed_format *format;
	unsigned interval_s;  /* how often upstream changes, about */
	unsigned stale_s;     /* older than this is said to be stale */
	enum status (*list)(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err);
	/*
	 * Where the document of a source is today, if its URL only leads to it; appended to out_url. Any thread. NULL:
	 * documents are where their sources say.
	 */
	enum status (*locate)(const struct feed_fetcher *fetcher, const struct feed_source *source, struct buf *out_url,
			      struct err *err);
	/*
	 * Append to the document from url, whole in fd, what belongs to it and lies elsewhere; fd -1: only ask for it,
	 * to fill a mirror. Any thread. NULL: nothing does. With a time in since_s fd is empty, and what is put is all
	 * that has to be replaced in what was made before (feed_document.replaced); STATUS_NOTFOUND and STATUS_LIMIT:
	 * that cannot be told, or is too much, and the whole document is needed.
	 */
	enum status (*amend)(const struct feed_fetcher *fetcher, struct slice url, int fd, struct feed_amendment *io,
			     struct err *err);
	/*
	 * The sha256 that upstream says of the document, unpacked; *out stays DIGEST_NONE where it says none. A
	 * document that is another one is a failure. Any thread. NULL: nothing is said.
	 */
	enum status (*checksum)(const struct feed_fetcher *fetcher, const struct feed_source *source,
				struct digest *out, struct err *err);
};

#define FEED(file, name, what) extern const struct feed feed_##file;
#include "feed/feeds.def"
#undef FEED
const struct feed *const *feeds(size_t *out_n);
const struct feed *feed_by_name(struct slice name);

/* A document to parse: mapped, whole. */
struct feed_document {
	struct slice bytes;
	struct slice url;   /* for messages */
	struct slice param; /* of the source */
	/*
	 * Everything from begin to before offset is not needed now: the holder may let the pages go. begin is 0, or
	 * where a second part begins that is read at the same time (the directory of a zip). A format that starts over
	 * says a smaller offset again, and the pages must be readable then. May be NULL.
	 */
	void (*passed)(void *ctx, uint64_t begin, uint64_t offset);
	void *passed_ctx;
	/*
	 * Told of every id that the document speaks of, also of those that it takes back: other advisories of a source
	 * stay as they are. NULL: the document is all there is.
	 */
	enum status (*replaced)(void *ctx, struct slice id, struct err *err);
	void *replaced_ctx;
};

/* Parse a JSON document that is read as one tree: at most limits.record_bytes. name: of the format, for messages. */
enum status feed_json(const struct feed_document *doc, const char *name, const struct limits *limits,
		      struct json_doc *out, struct err *err) NODISCARD;

struct feed_format {
	const char *name;    /* "secdb"; equals the row and the file in format/ */
	const char *version; /* grows when the same document gives other records: then it is parsed again */
	bool reads_packed;   /* gets a packed document as it came; others get what it holds */
	/*
	 * Emit every record. A bad record is a diagnostic with its offset; a broken document is a failure (and never
	 * replaces good data). Memory is bounded by the largest record.
	 */
	enum status (*parse)(const struct feed_document *doc, const struct limits *limits,
			     const struct advisory_sink *out, struct err *err);
};

#define FEED_FORMAT(name, what) extern const struct feed_format feed_format_##name;
#include "feed/formats.def"
#undef FEED_FORMAT

#endif
