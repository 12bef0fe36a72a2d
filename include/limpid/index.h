/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limpid/index.h - liblimpid-index: what is installed in a container image. limpid_index(3) tells more.
 *
 * Open a target and look at its packages, or have them written as a report. What limpid_index_open() gives never
 * changes: any number of threads may look at it at once. Nothing needs to be freed but the handle. The library has no
 * log and starts no thread.
 *
 * Bytes of an image are hostile. They are parsed by the program limpid, which locks its workers up (landlock, seccomp,
 * limits): the library starts it with posix_spawn(3), which a program with threads may do, and takes its answer. Who
 * would rather have no other process asks for LIMPID_INDEX_IN_PROCESS, and parses without a sandbox.
 *
 * Texts are NUL-terminated UTF-8, never NULL, and borrowed from the handle. Functions that can fail return a
 * limpid_index_status and fill *error, which may be NULL.
 */
#ifndef LIMPID_INDEX_H
#define LIMPID_INDEX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LIMPID_INDEX_API __attribute__((visibility("default")))
#else
#define LIMPID_INDEX_API
#endif

/* The version this header belongs to; limpid_index_version() is that of the library at run time. */
#define LIMPID_INDEX_VERSION_MAJOR 0
#define LIMPID_INDEX_VERSION_MINOR 1
LIMPID_INDEX_API const char *limpid_index_version(void);

enum limpid_index_status {
	LIMPID_INDEX_OK = 0,
	LIMPID_INDEX_INVALID = 1,     /* an argument */
	LIMPID_INDEX_MALFORMED = 2,   /* the target is no image */
	LIMPID_INDEX_LIMIT = 3,	      /* more than the library takes */
	LIMPID_INDEX_NOMEM = 4,
	LIMPID_INDEX_IO = 5,
	LIMPID_INDEX_CALLBACK = 6,    /* a callback did not return 0 */
	LIMPID_INDEX_MISSING = 7,     /* there is no such target, or no program to read it with */
	LIMPID_INDEX_UNSUPPORTED = 8, /* a target that cannot be read that way */
	LIMPID_INDEX_CRASHED = 9      /* the program ended without an answer */
};
struct limpid_index_error {
	int status;
	char message[512];
};

/* Zero is the default of every member: { .size = sizeof(options) } is all of them. */
struct limpid_index_options {
	size_t size;	      /* of this structure: later versions add members at its end */
	int how;	      /* enum limpid_index_how */
	const char *program;  /* file of the program limpid; NULL: where it was to be installed */
	const char *platform; /* "linux/arm64"; NULL: this machine's */
	const char *folder;   /* a data folder, for layers that were read before; NULL: nothing is kept */
	int files;	      /* not 0: of each package, too, which files of the image are its own */
};
enum limpid_index_how {
	LIMPID_INDEX_SANDBOXED = 0,  /* by the program limpid */
	LIMPID_INDEX_IN_PROCESS = 1, /* here, without a sandbox; images of this machine only, and no folder */
};

typedef struct limpid_index limpid_index;

/*
 * Index a target of limpid index: "docker-archive:image.tar", "oci:layout:tag", "rootfs:/", "sbom:bom.json",
 * "docker://alpine:3.18" ... options: NULL is all defaults. A part of the image that could not be read is no failure:
 * limpid_index_complete() and the diagnostics tell.
 */
LIMPID_INDEX_API int limpid_index_open(const char *target, const struct limpid_index_options *options,
				       limpid_index **out, struct limpid_index_error *error);
LIMPID_INDEX_API void limpid_index_close(limpid_index *index); /* NULL is fine; no other call may be at work */

/* Not 0: all layers were read to their ends, and nothing was left out. */
LIMPID_INDEX_API int limpid_index_complete(const limpid_index *index);
/* "sha256:..." of the image's manifest, or what stands for it. */
LIMPID_INDEX_API const char *limpid_index_manifest(const limpid_index *index);

/* Flags of a package; more may come. */
#define LIMPID_INDEX_OWNED 1u	    /* its files belong to a package of the system's package manager */
#define LIMPID_INDEX_MAIN_MODULE 2u /* the program itself, not a dependency of it */
#define LIMPID_INDEX_STDLIB 4u	    /* a language's standard library */
#define LIMPID_INDEX_BAD_VERSION 8u /* the version breaks its scheme */
#define LIMPID_INDEX_GUESSED 16u    /* from texts of a program or a file's name: a lower confidence */
#define LIMPID_INDEX_DECLARED 32u   /* only a bill of materials inside the image says so */

#define LIMPID_INDEX_NONE ((size_t)-1)

struct limpid_index_package {
	const char *type; /* of a package URL: "deb", "apk", "pypi" ...; "" if it has none */
	const char *name, *version;
	const char *arch, *module;		  /* "" if there is none; rpm: "name:stream"; ebuild: the slot */
	const char *source_name, *source_version; /* of a system's package; "" if not known */
	const char *path;			  /* file of the image that it was read from */
	unsigned flags;
	size_t layer;  /* the lowest one since which it has been there without a break; LIMPID_INDEX_NONE */
	size_t system; /* of a system's package; LIMPID_INDEX_NONE */
};
struct limpid_index_layer {
	const char *digest, *diff_id; /* "" if not known */
	const char *created_by;	      /* the command of the image's history; "" if not known */
	int read;		      /* to its end */
};
struct limpid_index_system { /* of os-release(5) */
	const char *id, *version_id, *version_codename, *pretty_name, *cpe;
};
struct limpid_index_diagnostic {
	const char *code;     /* "layer", "database", "limit" ... */
	const char *severity; /* "note", "warning", "error" */
	const char *where;    /* a path of the image; "" if it is about more */
	const char *text;
};
/* How many there are, and each by its number; NULL: there is no such. */
LIMPID_INDEX_API size_t limpid_index_packages(const limpid_index *index);
LIMPID_INDEX_API const struct limpid_index_package *limpid_index_package(const limpid_index *index, size_t number);
LIMPID_INDEX_API size_t limpid_index_layers(const limpid_index *index);
LIMPID_INDEX_API const struct limpid_index_layer *limpid_index_layer(const limpid_index *index, size_t number);
LIMPID_INDEX_API size_t limpid_index_systems(const limpid_index *index);
LIMPID_INDEX_API const struct limpid_index_system *limpid_index_system(const limpid_index *index, size_t number);
LIMPID_INDEX_API size_t limpid_index_diagnostics(const limpid_index *index);
LIMPID_INDEX_API const struct limpid_index_diagnostic *limpid_index_diagnostic(const limpid_index *index,
									       size_t number);

/*
 * The files of the package of that number that are in the image, as a source there lists them (a package database, a
 * wheel's RECORD ...): one call for each, in their order; not 0 from it ends it with LIMPID_INDEX_CALLBACK. Paths have
 * no '/' in front, lead through no links, and name no directories. *known, which may be NULL, becomes 0 where no
 * source lists them, or the option files was not given.
 */
typedef int (*limpid_index_file)(void *ctx, const char *path);
LIMPID_INDEX_API int limpid_index_files(const limpid_index *index, size_t package, int *known, limpid_index_file each,
					void *ctx, struct limpid_index_error *error);

/*
 * Write it in a format of limpid index --format ("clair", "json", "cyclonedx", "spdx" ...), piece by piece; not 0 from
 * write ends it with LIMPID_INDEX_CALLBACK. now: Unix seconds, the moment that the document names.
 */
typedef int (*limpid_index_write)(void *ctx, const char *bytes, size_t length);
LIMPID_INDEX_API int limpid_index_report(const limpid_index *index, const char *format, int64_t now,
					 limpid_index_write write, void *ctx, struct limpid_index_error *error);

#ifdef __cplusplus
}
#endif
#endif
