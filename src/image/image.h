/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - where images come from: a target text becomes a manifest and layers that can be read.
 *
 * Targets are those of containers-transports(5) plus rootfs:, rootfs-archive: and a bare path that is sniffed
 * (transports.def). Opening reads manifests and the listing of an archive, never a layer. What the archive says is
 * untrusted: the listing is made in a worker when `isolate` is given.
 */
#ifndef LIMPID_IMAGE_IMAGE_H
#define LIMPID_IMAGE_IMAGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "io/codec.h"
#include "io/digest.h"
#include "model/base_image.h"

/* Where the stored bytes of a layer lie. */
enum layer_place {
	LAYER_FD,	 /* offset, len of fd */
	LAYER_IN_STREAM, /* offset, len in the decompressed stream of fd (a compressed archive) */
	LAYER_DIRECTORY, /* a directory tree at dir_fd */
	LAYER_STREAM,	 /* they come from elsewhere, once: scan_job.open; len is what is said of it, or 0 */
};

struct image_layer {
	struct digest digest;   /* that the stored bytes must have; DIGEST_NONE if nobody says (docker archives) */
	struct digest diff_id;  /* that the tar must have; DIGEST_NONE if nobody says */
	enum layer_place place;
	int fd;                 /* borrowed from the image: file or directory */
	uint64_t offset, len;   /* LAYER_DIRECTORY: unused */
	bool document;          /* the bytes are a bill of materials and not a tar */
	uint64_t size_said;     /* bytes by its descriptor; 0 if nobody says */
	struct slice name;      /* member or file, for messages */
	struct slice created_by;
	struct slice media_type;
};

struct image {
	struct slice target;     /* as typed */
	struct slice transport;  /* "docker-archive"... */
	struct slice name;       /* reference inside an archive, or "" */
	struct digest manifest;  /* of the manifest's bytes; of the configuration for docker archives; of the file for
				  * rootfs archives; DIGEST_NONE for directories */
	struct digest config;
	struct slice os, arch, variant;
	struct index_base base;	    /* by its annotations and history; at least one layer is not the base's */
	struct image_layer *layers; /* base first */
	size_t n_layers;
	struct image_remote *remote; /* owned; reads the layers of an image that is not on this machine (LAYER_STREAM);
				      * NULL: they lie here */
	void *impl;              /* owned: descriptors and memory behind the slices */
};

/* What opens images that need a network or the socket of a daemon: image/remote.h, in programs that have it. */
struct image_impl;
enum image_remote_kind { IMAGE_REGISTRY, IMAGE_DOCKER_DAEMON, IMAGE_PODMAN };
struct image_options;
struct image_remote_ops {
	enum status (*open)(void *ctx, enum image_remote_kind kind, struct slice ref, struct image_impl *impl,
			    const struct image_options *options, struct err *err);
	void (*close)(struct image_remote *remote);
	void *ctx;
};

struct image_platform {
	struct slice os, arch, variant; /* "" = the host's */
};

struct image_options {
	const struct limits *limits;
	struct image_platform platform; /* for indexes and multi-image archives */
	bool platform_given;            /* the user asked for it: an image of another platform is refused */
	const struct diag_sink *diags;  /* things that are odd but not fatal */
	/*
	 * Run work(ctx, fd_out) where untrusted bytes may be parsed, and give back what it wrote; NULL runs it here.
	 * index/worker.h provides one.
	 */
	enum status (*isolate)(void *isolate_ctx, int fd_in,
			       enum status (*work)(void *ctx, struct buf *out, struct err *err), void *ctx,
			       struct buf *out, struct err *err);
	void *isolate_ctx;
	/*
	 * What was found out about a file before, by a key that says what and holds for this content alone; false: not
	 * known. It comes back as it was given to remember(), or is told apart by what reads it. NULL: nothing is kept.
	 */
	bool (*recall)(void *memory_ctx, struct slice key, struct buf *out);
	void (*remember)(void *memory_ctx, struct slice key, struct slice value);
	void *memory_ctx;
	int64_t (*now)(void); /* the clock by which a file has settled (io/file_identity.h); NULL: date_now() */
	const struct image_remote_ops *remote; /* NULL: images that are not on this machine are STATUS_UNSUPPORTED */
};

/* Is the target one that image_options.remote opens: "docker://ref", "podman:ref", or a bare "ref" that is no file? */
bool image_target_is_remote(struct slice target);

/*
 * Open a target. STATUS_NOTFOUND no such file or reference (the message lists what there is), STATUS_MALFORMED not an
 * image, STATUS_UNSUPPORTED a transport that is not there yet or an OCI artifact, STATUS_INVALID a bad target text.
 */
enum status image_open(struct slice target, const struct image_options *options, struct image **out,
		       struct err *err) NODISCARD;
void image_free(struct image *image); /* NULL is fine */

/* Transports for the help text, in the order of the table. */
struct image_transport {
	const char *name; /* "docker-archive" */
	const char *form; /* "docker-archive:FILE[:REF]" */
	const char *help;
	bool available;
	bool remote; /* needs image_options.remote */
};
const struct image_transport *image_transports(size_t *out_n);

/* A source of the stored (still compressed) bytes of a layer that is LAYER_FD or LAYER_IN_STREAM. */
enum status image_layer_open(const struct image_layer *layer, const struct limits *limits, struct source **out,
			     struct err *err) NODISCARD;

#endif
