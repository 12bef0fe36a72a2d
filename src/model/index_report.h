/* SPDX-License-Identifier: Apache-2.0 */
/* index_report.h - what is installed in an image: the layers coalesced. */
#ifndef LIMPID_MODEL_INDEX_REPORT_H
#define LIMPID_MODEL_INDEX_REPORT_H

#include "model/base_image.h"
#include "model/layer_report.h"

struct index_layer {
	struct digest digest;  /* as stored */
	struct digest diff_id;
	struct slice created_by; /* command of the image's history; "" if unknown */
	uint64_t bytes_stored, bytes_tar;
	bool read;   /* read to its end */
	bool cached; /* its report came from the cache */
};

#define INDEX_NO_DISTRIBUTION SIZE_MAX

struct index_package {
	struct package package;
	size_t layer;        /* lowest layer since which it has been present without a break */
	size_t distribution; /* index into distributions, or INDEX_NO_DISTRIBUTION */
	size_t repository;   /* the first of its repositories, or SIZE_MAX */
	size_t n_repositories; /* how many follow each other there, that one among them; 0: none is known */
	/*
	 * Its files that are in the image: directories of index_report.files, each once, ascending. All that is no
	 * directory counts, links too, under the place that is free of links.
	 */
	size_t first_files, n_files;
	bool files_known; /* a source lists them, and lists were asked for */
};

/* Something that was not read or not understood: reaches every output. */
struct index_diag {
	size_t layer; /* SIZE_MAX: of the image as a whole */
	struct layer_diag diag;
};

/* All memory belongs to the arena it was made with. */
struct index_report {
	struct slice target;       /* as the user typed it */
	struct slice image_name;   /* reference inside an archive, or "" */
	struct digest manifest;    /* of the image manifest; a derived one for archives and directories without */
	struct slice os, arch, variant;
	struct slice detector_set;
	struct index_base base;
	VEC(struct index_layer) layers; /* base first */
	VEC(struct index_package) packages;
	VEC(struct distribution) distributions;
	VEC(struct layer_repository) repositories;
	VEC(struct layer_dir) files; /* of packages; reports that are kept have none */
	VEC(struct index_diag) diags;
	bool complete; /* every layer read to its end and no diagnostic of severity WARNING or worse */
	bool expected_packages; /* a package database file was seen or an operating system was recognised */
};

/* Did the package come with the base image? False where the base is not known, or the package's layer. */
static inline bool index_package_is_base(const struct index_report *r, size_t package)
{
	return r->base.how != BASE_UNKNOWN && r->packages.at[package].layer < r->base.layers;
}

/*
 * Calls each for every file of a package, in order; the path, without a '/' before it, is gone afterwards. Ends with
 * the first call that is not STATUS_OK.
 */
typedef enum status (*index_file_visit)(void *ctx, struct slice path, struct err *err);
enum status index_files_each(const struct index_report *r, size_t package, index_file_visit each, void *ctx,
			     struct err *err) NODISCARD;

/*
 * The form in which index reports are kept: made to be read fast, since a scan of a known image is little else
 * (docs/adr/0009-index-reports-are-kept.md). All integers are little-endian u32: magic, version, numbers of layers,
 * packages, distributions, repositories and diagnostics, flags, length of the texts, then the texts, each once, and
 * records of fixed size, whose texts are (offset, length). No `cached`, and no base: the image says it.
 */
enum status index_report_pack(const struct index_report *r, struct buf *out, struct err *err) NODISCARD;
/*
 * Read and validate it: every place within the bytes, every name known, every number one of something, lengths within
 * limits. Texts are borrowed from the bytes, lists lie in the arena. STATUS_MALFORMED names the part;
 * STATUS_UNSUPPORTED: of another version.
 */
enum status index_report_unpack(struct slice bytes, const struct limits *limits, struct arena *arena,
				struct index_report *out, struct err *err) NODISCARD;

#endif
