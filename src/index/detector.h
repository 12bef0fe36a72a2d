/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detector.h - the interface of everything that recognises something in a layer: packages, distributions, repositories.
 *
 * A detector is one file and one row of detectors.def. It says by rules which files it wants; all rules of all
 * detectors are compiled into one matcher, the layer is walked once, and a byte is kept only if a rule wants it. A
 * detector does no I/O: it gets the bytes and emits records. Adding one: HACKING.md.
 */
#ifndef LIMPID_INDEX_DETECTOR_H
#define LIMPID_INDEX_DETECTOR_H

#include "base/arena.h"
#include "base/diag.h"
#include "base/limits.h"
#include "model/layer_report.h"

enum detector_kind { DETECTOR_PACKAGE, DETECTOR_DISTRIBUTION, DETECTOR_REPOSITORY };

enum path_match {
	PATH_EXACT,    /* "var/lib/dpkg/status" */
	PATH_CHILD,    /* direct children of a directory: "var/lib/dpkg/status.d/" */
	PATH_SUFFIX,   /* ends so, at any depth: ".dist-info/METADATA" */
	PATH_NAME,     /* a file of this name, in any directory: "yarn.lock" */
	PATH_GLOB,     /* a file of such a name, in any directory; '*' is any bytes, two come first: "libpython*.so*" */
	PATH_DOCUMENT, /* no path: the target itself is the file (sbom:FILE) */
	PATH_ANY_FILE, /* every regular file, decided by its first bytes: only with DETECT_RANGES */
};

enum detect_need {
	DETECT_PRESENCE, /* that it is there */
	DETECT_WHOLE,    /* all bytes, at most max_bytes: in memory, spilled to an unlinked file when large */
	DETECT_RANGES,   /* the head decides: plan() names the byte ranges to keep */
};

#define DETECT_HEAD_BYTES 4096 /* of a file, handed to plan() */
#define DETECT_RANGES_MAX 4

struct byte_range {
	uint64_t offset, len;
};

struct path_rule {
	enum path_match match;
	const char *text; /* NULL ends the list of rules (PATH_ANY_FILE uses "") */
	enum detect_need need;
	uint64_t max_bytes;                  /* larger files: DIAG_LIMIT, not parsed; 0 = limits.file_bytes */
	bool (*accept)(struct slice path);   /* finer test after the match; NULL = all */
	bool directories;		     /* PATH_CHILD with DETECT_PRESENCE: directories of such a name, too */
	const char *companion;               /* file beside it, path + companion, handed along ("-wal"); NULL = none.
					      * Parsing waits for the end of the layer then */
	bool list; /* names a package's files and nothing else: read only where such lists are asked for */
	const char *unread; /* such files hold packages that nobody here reads: what they are, for people ("Java
			     * archives"). Counted in the report and told. NULL: they are read */
};

/* A file (or what was kept of it). Valid during parse(). */
struct detect_file {
	struct slice path;            /* the path the rule named: through links, the link's */
	const struct path_rule *rule;
	uint64_t size;                /* of the whole file */
	uint32_t mode;
	struct slice bytes;           /* DETECT_WHOLE: the content */
	struct slice companion;       /* content of the companion; ptr NULL if there is none */
	struct slice head;            /* DETECT_RANGES: first bytes */
	struct byte_range ranges[DETECT_RANGES_MAX]; /* DETECT_RANGES: what was kept ... */
	struct slice range_bytes[DETECT_RANGES_MAX]; /* ... and its bytes (shorter if the file ended) */
	size_t n_ranges;
	bool directory;		      /* it is none: only that it is there is known */
	bool second_pass;             /* asked for again by again(): bytes holds the whole file */
};

/* Where records go. Slices handed over are copied. */
struct detect_sink {
	enum status (*package)(void *ctx, const struct package *p, struct err *err);
	enum status (*distribution)(void *ctx, const struct distribution *d, struct err *err);
	enum status (*repository)(void *ctx, const struct layer_repository *r, struct err *err);
	/* path belongs to a package, the system's or one of a deps.json, says the file being parsed: what is read there
	 * gets PACKAGE_OWNED. Any path may be given, what no language rule could want is dropped here. */
	enum status (*owned)(void *ctx, struct slice path, struct err *err);
	/*
	 * Lists of files, where they are asked for (env->lists); else nothing happens. list(): what owned() and
	 * listed() say from here on is of that package, which its db or path, and its name, version and architecture
	 * tell apart as far as they are not empty. listed(): a file of it, or a directory, which is left out.
	 */
	enum status (*list)(void *ctx, const struct package *of, struct err *err);
	enum status (*listed)(void *ctx, struct slice path, struct err *err);
	/* This file is needed whole: parse() is called once more for it, in a second pass over the layer. */
	enum status (*again)(void *ctx, struct err *err);
	const struct diag_sink *diags; /* `where` may be left empty: the file being parsed is meant */
	void *ctx;
};

struct detect_env {
	const struct limits *limits;
	bool lists; /* lists of packages' files are asked for */
	struct arena *arena; /* scratch; reset after each file */
	/*
	 * The bytes of another file of the same tree, in the arena: manifests beside lock files, parents of projects.
	 * path may have "." and ".." that stay below the root; nothing is followed through a link. STATUS_NOTFOUND:
	 * there is none. STATUS_LIMIT: more than max bytes. NULL: the layer is a stream, whose files come in no order.
	 */
	enum status (*other)(void *ctx, struct slice path, uint64_t max, struct slice *out, struct err *err);
	/*
	 * Large files are mapped, and what was read stays resident: to be called every few MiB by those that read all
	 * of one. Slices stay valid. May be NULL.
	 */
	void (*forget)(void *ctx);
	void *ctx;
};

/* All members are constant; every function is thread-safe. */
struct detector {
	const char *name;    /* equals the row and the file: "dpkg" */
	const char *version; /* grows when its results change: part of the detector set */
	enum detector_kind kind;
	bool source; /* reads what a project asks for (lock files), which need not be installed: not asked about layers
		      * of images unless the user says so */
	const struct path_rule *rules; /* ends with text == NULL */
	/* DETECT_RANGES: byte ranges wanted of a file that begins with head; 0 = not ours. NULL otherwise. */
	size_t (*plan)(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out);
	/* A failure marks the file as not read (diagnostic with its message); records emitted before stand. */
	enum status (*parse)(const struct detect_file *file, const struct detect_env *env,
			     const struct detect_sink *out, struct err *err);
};

#define DETECTOR(name, folder) extern const struct detector detector_##name;
#include "index/detectors.def"
#undef DETECTOR

/* All detectors, in the order of the table. */
const struct detector *const *detectors(size_t *out_n);
/* Those of what is installed: without the source form. */
const struct detector *const *detectors_installed(size_t *out_n);
/* sha256 hex over (name, version) of every row: the indexer's state. */
struct slice detector_set(void);

#endif
