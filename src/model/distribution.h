/* SPDX-License-Identifier: Apache-2.0 */
/* distribution.h - what system an image is, and the scope its advisories are kept under. */
#ifndef LIMPID_MODEL_DISTRIBUTION_H
#define LIMPID_MODEL_DISTRIBUTION_H

#include "base/arena.h"
#include "model/package.h"

/* Fields as in os-release(5); "" where unknown. */
struct distribution {
	struct slice did;               /* ID */
	struct slice id_like;           /* ID_LIKE */
	struct slice name;              /* NAME */
	struct slice version;           /* VERSION */
	struct slice version_id;        /* VERSION_ID */
	struct slice version_code_name; /* VERSION_CODENAME */
	struct slice pretty_name;       /* PRETTY_NAME */
	struct slice cpe;               /* CPE_NAME as a formatted string */
	struct slice variant_id;        /* VARIANT_ID: distroless, micro... */
	struct slice path;              /* file it was read from */
	struct slice alias;		/* what path was read as, as for packages; layer reports only */
};

/* One row of distros.def; NULL for an unknown ID (compared without case). */
struct distro;
const struct distro *distro_by_id(struct slice did);
/* The row whose name, as a whole word, begins text ("CentOS Linux release 7"): the longest one; NULL if none does. */
const struct distro *distro_by_name(struct slice text);
const char *distro_id(const struct distro *d);
const char *distro_name(const struct distro *d);
const char *distro_scope_prefix(const struct distro *d);
enum package_type distro_package_type(const struct distro *d);

/*
 * The scope of a distribution's own packages: "alpine:3.18", "alpine:edge" (VERSION_ID with "_alpha" or "_pre", or a
 * PRETTY_NAME that ends in edge), "debian:12", "wolfi". Debian by VERSION_ID, else by code name (debian_releases.def).
 * Amazon Linux 1 is "amazon:2018.03" in all its releases, CentOS Stream is "centos-stream:9": it is built before RHEL,
 * CentOS Linux was built after. openEuler's service packs are releases: "openeuler:22.03-LTS-SP1". "" when the
 * distribution or its release is unknown. False only when memory is short.
 */
bool distribution_scope(const struct distribution *d, struct arena *arena, struct slice *out) NODISCARD;

/*
 * The other way: what a scope says of its distribution (did, name, version_id; Debian's code name). False if it is of
 * none, as "pypi" is not. Texts are borrowed from the scope.
 */
bool distribution_of_scope(struct slice scope, struct distribution *out);

/* Debian's code name -> release number and back ("bookworm" <-> "12"); "" if unknown. */
struct slice debian_release_by_codename(struct slice codename);
struct slice debian_codename_by_release(struct slice release);

/* The last day of a release's advisories (Unix s of its beginning, end_of_life.def); false: maintained, or unknown. */
bool distribution_end_of_life(struct slice scope, int64_t *out_s);
/* Whose feed has advisories of a release after that, and their last day (extended_support.def). */
bool distribution_extended(struct slice scope, struct slice *out_feed, int64_t *out_s);
/* How many of the releases that are known have come to their end: what is said of any changes when this does. */
size_t distribution_ends_passed(int64_t now_s);

#endif
