/* SPDX-License-Identifier: Apache-2.0 */
/* image_impl.h - what the files of image/ share: the image's memory, archives, and stores of named blobs. */
#ifndef LIMPID_IMAGE_IMAGE_IMPL_H
#define LIMPID_IMAGE_IMAGE_IMPL_H

#include "base/map.h"
#include "image/image.h"

/* Behind image.impl; holds the image itself. */
struct image_impl {
	struct image image;
	struct arena arena;
	VEC(int) fds; /* owned */
	void (*close_remote)(struct image_remote *remote); /* of image.remote */
};

/* Keep a descriptor until image_free(); closes it on failure. */
enum status image_keep_fd(struct image_impl *impl, int fd, struct err *err) NODISCARD;

/* ---- archive.c: the listing of a tar, made in one pass ---- */

enum member_type { MEMBER_FILE = 1, MEMBER_SYMLINK = 2, MEMBER_HARDLINK = 3 };

struct member {
	enum member_type type;
	struct slice path, link;
	uint64_t offset, size; /* in the uncompressed stream */
	struct slice content;  /* of a JSON document in a compressed archive; ptr NULL if it was not kept */
};

enum archive_goal {
	ARCHIVE_PROBE, /* only: is it a tar? */
	ARCHIVE_SNIFF, /* list, but stop when it is clearly a root file system */
	ARCHIVE_LIST,
};

struct archive {
	int fd; /* borrowed */
	uint64_t file_size;
	enum codec_id codec;
	bool rootfs; /* ARCHIVE_SNIFF gave up: not an image archive */
	VEC(struct member) members;
	struct map by_path; /* index; the last of a name wins */
};

/* What the listing needs and makes; archive_list_work() is the part that touches untrusted bytes. */
struct archive_work {
	int fd;
	uint64_t file_size;
	enum archive_goal goal;
	const struct limits *limits;
};
enum status archive_list_work(void *work, struct buf *out, struct err *err);
/* Read and validate what the work wrote. Memory is the arena's but for the map. */
enum status archive_parse(struct slice listing, uint64_t file_size, const struct limits *limits, struct arena *arena,
			  struct archive *out, struct err *err) NODISCARD;
enum status archive_open(int fd, enum archive_goal goal, const struct image_options *options, struct arena *arena,
			 struct archive *out, struct err *err) NODISCARD;
void archive_fini(struct archive *a);
/* The regular file a path leads to, through links of the archive; NULL if there is none. */
const struct member *archive_find(const struct archive *a, struct slice path);

/* ---- blobs.c: named files of a layout directory or of an archive ---- */

enum blob_kind { BLOB_INDEX, BLOB_MANIFEST, BLOB_CONFIG };
struct descriptor;

/* Blobs that are not on this machine. */
struct blobs_remote {
	/* A document of at most limits.manifest_bytes, in the image's arena; its digest is not checked yet. */
	enum status (*read)(void *ctx, enum blob_kind kind, const struct digest *digest, struct slice *out,
			    struct err *err);
	/* A layer will be read by the image's remote: keep what that needs. */
	enum status (*keep)(void *ctx, const struct descriptor *d, struct err *err);
	void *ctx;
};

struct blobs {
	int dir_fd;		       /* borrowed; -1 for an archive */
	const struct archive *archive; /* borrowed */
	const struct blobs_remote *remote; /* borrowed; NULL: they are here */
	struct image_impl *impl;       /* takes descriptors */
	const struct limits *limits;
};

/* A small document, at most limits.manifest_bytes, in the image's arena. STATUS_NOTFOUND if it is not there. */
enum status blobs_read(const struct blobs *b, struct slice name, struct slice *out, struct err *err) NODISCARD;
/* The same by digest, "blobs/<algorithm>/<hex>": size (UINT64_MAX: not given) and digest are verified. */
enum status blobs_read_digest(const struct blobs *b, const struct digest *digest, uint64_t size, enum blob_kind kind,
			      struct slice *out, struct err *err) NODISCARD;
/* Where a large file lies: fills place, fd, offset, len and name of the layer. size: expected, or UINT64_MAX. */
enum status blobs_locate(const struct blobs *b, struct slice name, uint64_t size, struct image_layer *layer,
			 struct err *err) NODISCARD;
/* "blobs/sha256/<hex>" in the image's arena; and back (false if name is none). */
enum status blobs_name(const struct blobs *b, const struct digest *digest, struct slice *out,
		       struct err *err) NODISCARD;
bool blobs_digest_of_name(struct slice name, struct digest *out);

/* ---- manifest.c: the JSON documents of images ---- */

struct descriptor {
	struct slice media_type, artifact_type;
	struct digest digest;
	uint64_t size;
	struct slice ref;  /* org.opencontainers.image.ref.name, or the name containerd gives */
	struct slice name; /* io.containerd.image.name */
	struct slice os, arch, variant;
	bool attestation; /* not an image */
	VEC(struct slice) urls; /* a layer that may be kept elsewhere */
};

struct manifest_index {
	VEC(struct descriptor) manifests;
};

struct manifest {
	struct descriptor config;
	VEC(struct descriptor) layers;
	struct slice artifact_type;
	struct slice base_name, base_digest; /* annotations org.opencontainers.image.base.*; "" without */
};

/* An entry of the image's history. */
struct image_step {
	struct slice created_by, comment;
	bool empty; /* it made no layer */
};

struct image_config {
	struct slice os, arch, variant;
	VEC(struct digest) diff_ids;
	VEC(struct slice) created_by; /* of the entries of the history that made a layer */
	VEC(struct image_step) history;
	struct slice base_name, base_digest; /* labels org.opencontainers.image.base.*; "" without */
};

struct docker_image {
	struct slice config;
	VEC(struct slice) tags;
	VEC(struct slice) layers;
};

struct docker_manifest {
	VEC(struct docker_image) images;
};

/*
 * base_image.c: what the image was built from. name and digest are annotations of the manifest, or "". The rule:
 * docs/adr/0034-base-image.md.
 */
struct index_base base_image_find(const struct image_config *config, size_t layers, struct slice name,
				  struct slice digest);

/* The media type of a document without a descriptor: what it says, or what its members are; "" if it is neither. */
enum status manifest_media_type(struct slice json, const struct limits *limits, struct arena *arena, struct slice *out,
				struct err *err) NODISCARD;
/* True for the media type of an index. */
bool manifest_is_index(struct slice media_type);
enum status manifest_parse_index(struct slice json, const struct limits *limits, struct arena *arena,
				 struct manifest_index *out, struct err *err) NODISCARD;
enum status manifest_parse(struct slice json, const struct limits *limits, struct arena *arena, struct manifest *out,
			   struct err *err) NODISCARD;
enum status manifest_parse_config(struct slice json, const struct limits *limits, struct arena *arena,
				  struct image_config *out, struct err *err) NODISCARD;
enum status manifest_parse_docker(struct slice json, const struct limits *limits, struct arena *arena,
				  struct docker_manifest *out, struct err *err) NODISCARD;

/* ---- platform.c ---- */

/* The platform asked for, with the host's values in place of empty ones. */
void platform_resolve(const struct image_options *options, struct image_platform *out);
bool platform_matches(const struct image_platform *want, struct slice os, struct slice arch, struct slice variant);
/* "linux/arm64/v8" appended to a message. */
void platform_describe(struct buf *out, struct slice os, struct slice arch, struct slice variant);

/* ---- one file per kind of image: fill impl->image from what was opened ---- */

struct manifest_index;
/* The image of an index that was read already: what oci_open() does after index.json. */
enum status oci_open_index(struct image_impl *impl, const struct blobs *blobs, const struct manifest_index *index,
			   struct slice ref, const struct image_options *options, struct err *err) NODISCARD;
enum status oci_open(struct image_impl *impl, const struct blobs *blobs, struct slice ref,
		     const struct image_options *options, struct err *err) NODISCARD;
enum status docker_archive_open(struct image_impl *impl, const struct blobs *blobs, struct slice ref,
				const struct image_options *options, struct err *err) NODISCARD;
/* Does a name given by the user mean this reference? "alpine" is "docker.io/library/alpine:latest". */
bool reference_matches(struct slice wanted, struct slice reference);
/* "@N": the N-th image of an archive or layout, from 0, as in containers-transports(5). */
bool reference_is_number(struct slice ref, uint64_t *out);

#endif
