/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_report.h - all that is known about one layer: the worker's answer and the unit of caching.
 *
 * It depends on nothing but the layer's bytes, the detector set and the aliases asked for, so it may be kept under
 * (digest, detector set, aliases). One serialised form (JSON) serves the worker's pipe, the cache (zstd) and the tests.
 */
#ifndef LIMPID_MODEL_LAYER_REPORT_H
#define LIMPID_MODEL_LAYER_REPORT_H

#include "base/buf.h"
#include "base/diag.h"
#include "io/digest.h"
#include "model/distribution.h"
#include "model/package.h"

/* A file that a detector's rule named, whether or not anything was found in it: it shadows lower layers. */
struct layer_file {
	struct slice path;
	struct slice detector; /* name */
	enum layer_file_kind { LAYER_FILE_REGULAR, LAYER_FILE_DIRECTORY, LAYER_FILE_OTHER } kind;
	bool read; /* parsed to its end without a failure */
	uint64_t size;
	struct slice alias; /* the path it was asked for as, when it was reached by a link; else "" */
};

/* A symlink (any), or a hard link whose name a rule wants and whose file another layer or another rule has. */
struct layer_link {
	struct slice path;
	struct slice target; /* symlink: as written; hard link: normalised path */
	bool hard;
};

/* A directory of the layer, and what stands in it but directories. */
struct layer_dir {
	struct slice path;  /* "" is the root */
	struct slice names; /* ascending by their bytes, with a '/' between each two; empty: an empty directory */
};

/* A path said to belong to a package of the system's package manager; kept when a language detector could want it. */
struct layer_owned {
	struct slice db;   /* file that says so (var/lib/dpkg/info/x.list): it dies with that file */
	struct slice path; /* normalised */
};

/*
 * Files that a package has, as a source says it: kept only where lists of files were asked for. They are its
 * directories, list_dirs[first] and those after it; one may come more than once.
 */
struct layer_list {
	struct slice says; /* the file that names them: they die with it */
	/* Whose they are: db or path of its package, and what that is called; empty: whatever is there. */
	struct slice of, name, version, arch;
	size_t first, n;
};

struct layer_diag {
	enum diag_code code;
	struct slice where;
	uint64_t offset;
	struct slice text;
};

/* Where packages come from; which of them: key. */
#define REPOSITORY_CONTENT_SET "rhel-content-set" /* name: Red Hat's for it; its CPE is not known yet */
#define REPOSITORY_DNF "dnf-repository" /* name: the id that dnf knows it by; Red Hat's are content sets */
#define REPOSITORY_DNF_HINT "rhel-dnf-hint" /* of a layer: where its packages are from is in dnf's history */
#define REPOSITORY_CPE "rhel-cpe-repository"	  /* Clair's key: cpe, a formatted string, and the same as name */
#define REPOSITORY_CONTAINERS "rhcc-container-repository" /* Clair's key: of container images as packages */
/*
 * PEP 610: a Python distribution that was not installed by its name from an index. name: "git" or another version
 * control, "archive", "directory" or "editable"; uri: where it was, without credentials, of version control
 * "git+URL@COMMIT"; path: direct_url.json beside the METADATA of its package.
 */
#define REPOSITORY_DIRECT_URL "python-direct-url"
struct layer_repository {
	struct slice name, key, uri, cpe;
	struct slice path; /* file it was read from */
	struct slice package; /* it is of this one alone: "name-version-release.arch", no epoch; layer reports only */
};

/*
 * All memory belongs to the arena it was made with. Paths are those that the layer alone unpacks to: what it wrote
 * through its own links lies where they lead.
 */
struct layer_report {
	struct digest digest;  /* of the layer as stored (compressed); DIGEST_NONE for a directory */
	struct digest diff_id; /* of the tar; DIGEST_NONE if it was not computed */
	struct slice detector_set;
	struct slice codec;    /* "gzip", "plain"... */
	uint64_t bytes_stored, bytes_tar, entries;
	bool document; /* a bill of materials: the paths of its packages are said, and nothing lies there */
	bool complete;         /* read to its end; else the last diagnostic of severity ERROR says why not */
	uint64_t diags_dropped; /* beyond limits.diagnostics */

	VEC(struct package) packages;
	VEC(struct distribution) distributions;
	VEC(struct layer_repository) repositories;
	VEC(struct layer_file) files;
	VEC(struct slice) whiteouts; /* paths deleted by this layer */
	VEC(struct slice) opaques;   /* directories whose lower content is hidden; "" = the root */
	VEC(struct layer_dir)
	tree; /* all that the layer has, whoever wants it; by layer_path_cmp(): model/layer_tree.h */
	VEC(struct layer_link) links;
	VEC(struct layer_owned) owned;
	VEC(struct layer_list) lists;
	VEC(struct layer_dir) list_dirs;
	VEC(struct layer_diag) diags;
};

/* Append the JSON form. */
enum status layer_report_print(const struct layer_report *r, struct buf *out, struct err *err) NODISCARD;
/*
 * Read and validate it: every enum known, every path normalised, counts within limits. It comes from a worker that may
 * have been taken over by hostile input, or from a file on disk. STATUS_MALFORMED says which member.
 */
enum status layer_report_parse(struct slice json, const struct limits *limits, struct arena *arena,
			       struct layer_report *out, struct err *err) NODISCARD;

#endif
