/* SPDX-License-Identifier: Apache-2.0 */
/* package.h - an installed package, as a detector saw it. */
#ifndef LIMPID_MODEL_PACKAGE_H
#define LIMPID_MODEL_PACKAGE_H

#include "base/arena.h"
#include "version/scheme.h"

enum package_type {
	PACKAGE_NONE,
#define PACKAGE_TYPE(id, purl, scheme, scope, label) PACKAGE_##id,
#include "model/package_types.def"
#undef PACKAGE_TYPE
	PACKAGE_TYPE_COUNT
};

enum package_flag {
	PACKAGE_OWNED = 1u << 0,       /* its files belong to another package, of the system's package manager or a
					* deps.json: no findings of its own */
	PACKAGE_MAIN_MODULE = 1u << 1, /* the program itself, not a dependency of it */
	PACKAGE_STDLIB = 1u << 2,      /* a language's standard library */
	PACKAGE_BAD_VERSION = 1u << 3, /* the version breaks its scheme: listed, not matched, told in coverage */
	PACKAGE_GUESSED = 1u << 4,     /* name or version were read out of a program's texts, a manifest for people or a
					* file's name: a lower confidence, told in reports */
	PACKAGE_DEV = 1u << 5,	       /* only who works on the project needs it: no findings unless asked for */
	PACKAGE_DIRECT = 1u << 6,      /* the project itself asks for it */
	PACKAGE_INDIRECT = 1u << 7,    /* only other packages ask for it. Neither of the two: not known */
	PACKAGE_DECLARED = 1u << 8,    /* a bill of materials inside the image says so; nothing else of it was seen */
	PACKAGE_FLAGS_ALL = (1u << 9) - 1,
	PACKAGE_OF_FILE = 1u << 9, /* layer reports only, with PACKAGE_DECLARED: a file says itself of which package of
				    * a system it is. It is not listed where a package of the image has the file */
	PACKAGE_FLAGS_LAYER = (1u << 10) - 1,
};

/* All slices are borrowed from whoever holds the struct (a detector's arena, a report's arena). */
struct package {
	enum package_type type;
	unsigned flags;             /* enum package_flag */
	uint32_t line;		    /* of the file at path, from 1; 0: not known, or the file has no lines */
	struct slice name;          /* as the database says; PyPI lower-cased and folded by PEP 503 */
	struct slice version;       /* deb, apk: as is. rpm: [epoch:]version-release, epoch left out when 0 or absent.
				     * Go: with its v; the standard library without "go" ("1.19.1") */
	struct slice arch;          /* "" where the source has none. Go: "GOOS/GOARCH" the program is for */
	struct slice module;        /* rpm modularity "name:stream", Portage's slot, else "" */
	struct slice source_name;   /* "" if none is known: then the name counts */
	struct slice source_version; /* "" with source_name */
	struct slice db; /* Clair's package_db: "var/lib/dpkg/status", "python:usr/lib/...", "go:usr/bin/x" */
	struct slice path;          /* file of the image it was read from: the unit that layers replace or delete */
	struct slice detector;      /* name of the detector */
	struct slice alias; /* what path was read as, when links of other layers led there; layer reports only */
};

const char *package_type_purl(enum package_type t);    /* "deb"; "" for PACKAGE_NONE */
/* The type in its package URLs: that, but "generic" for programs that have no type of their own there. */
const char *package_type_in_purl(enum package_type t);
/* Programs that are known by their texts. */
bool package_type_is_program(enum package_type t);
/* Of which kind is a program that package URLs call "generic"? PACKAGE_GENERIC unless a feed has advisories for it. */
enum package_type package_type_of_program(struct slice name);
const char *package_type_label(enum package_type t);   /* "Debian packages" */
const char *package_type_scope(enum package_type t);   /* "" if the distribution decides */
const struct version_scheme *package_type_scheme(enum package_type t); /* NULL: nobody here compares such versions */
/*
 * False for a version that the scheme of the type refuses, and for one that moves; without a scheme, for one that is
 * empty.
 */
bool package_version_ok(enum package_type t, struct slice version);
/*
 * Is it no version but a tag that is moved to each new release below it? So with actions of GitHub, whose "v4" and
 * "v4.1" their scheme would take.
 */
bool package_version_moves(enum package_type t, struct slice version);
enum package_type package_type_by_purl(struct slice purl_type);        /* PACKAGE_NONE if unknown */

/*
 * A Python name as PEP 503 has it: lower case, runs of - _ . become one hyphen. What no name may have (PEP 508) counts
 * with them, as setuptools writes such names. Empty if nothing is left. False when memory is short.
 */
bool package_pypi_name(struct arena *a, struct slice name, struct slice *out) NODISCARD;
/*
 * Packagist has what pear.php.net has, and advisories call it so: "pear/archive_tar" of "pear.php.net/Archive_Tar". In
 * the arena; empty of other channels. False when memory is short.
 */
bool package_pear_source(struct arena *a, struct slice name, struct slice *out) NODISCARD;
/* Does the case of names not count? So with those whose advisories are kept in lower case: NuGet, Packagist ... */
bool package_folds_case(enum package_type t);
/* The name under which advisories about such a package stand; borrowed where it is the same. False as above. */
bool package_lookup_name(enum package_type t, struct arena *a, struct slice name, struct slice *out) NODISCARD;

/*
 * The source package under whose name advisories speak of this one, with its version; both "" if none is known. It is
 * what the database says but for what distributions sign: of kernels of Debian and Ubuntu, "linux-signed-amd64
 * (6.1.90+1)" is the source linux in the version of the binary package; Debian's grub, shim and fwupd are their sources
 * in the version that theirs holds, "grub-efi-amd64-signed 1+2.06+13+deb12u1" is grub2 2.06-13+deb12u1. Borrowed where
 * it is the same. False as above.
 */
bool package_source(const struct package *p, struct arena *a, struct slice *name, struct slice *version) NODISCARD;

#endif
