/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vendor.h - packages that somebody builds anew from another's, with more fixes: how they are known, what they were
 * built of, and where the vendor's own advisories are kept.
 *
 * Such a build is the original's version with the vendor's fixes: the original's advisories are about it, by the
 * version that it was built of, unless the vendor speaks of the same flaw.
 */
#ifndef LIMPID_MODEL_VENDOR_H
#define LIMPID_MODEL_VENDOR_H

#include "model/distribution.h"
#include "model/package.h"

enum vendor {
	VENDOR_NONE,
#define VENDOR(id, scope, name) VENDOR_##id,
#include "model/vendors.def"
#undef VENDOR
	VENDOR_COUNT
};
const char *vendor_name(enum vendor v); /* for people; "" for VENDOR_NONE */

/* "1.6-2.1.root.io.2": the second build of 1.6-2.1. */
struct vendor_version {
	struct slice base;
	uint64_t build; /* 0: it has no number */
};

/*
 * Whose build has such a version? Root: "1.6-2.1.root.io.2", "8.1.0+root.io.1", "0.2.3-root.io.1", and of apk a fifth
 * digit of the revision and more ("3.1.8-r00073" is 3.1.8-r0). TuxCare: "2.17-326.el7.tuxcare.els2",
 * "1.3.5-tuxcare.1", "8.4.0.post1+tuxcare", "2.22.0-p1+tuxcare". Of others VENDOR_NONE, and *out is the version itself.
 */
enum vendor vendor_of_version(const struct version_scheme *scheme, struct slice version, struct vendor_version *out);

/*
 * Whose build is it? *base is the package that it was built of, *built the same under its name, in the vendor's
 * version: "rootio-jq", "@rootio/babel__core" and "io.root.org.x:y" are jq, @babel/core and org.x:y. Both are filled
 * only for a vendor's. Texts are borrowed, or the arena's. False only when memory is short.
 */
bool vendor_package(const struct package *p, struct arena *arena, enum vendor *out, struct package *base,
		    struct package *built) NODISCARD;
/* The plain name alone, of a package or of an advisory in one of the vendor's scopes. False as above. */
bool vendor_plain_name(enum vendor v, const struct version_scheme *scheme, struct slice name, struct arena *arena,
		       struct slice *out) NODISCARD;

/*
 * The names that an inverse index keeps a package under, its own and its source's, as advisories have them: those of
 * package_lookup_name() and package_source(), and of a vendor's build the plain ones. False as above.
 */
bool vendor_index_names(const struct package *p, struct arena *arena, struct slice *name, struct slice *source,
			struct slice *source_version) NODISCARD;

/* Whose scope is "root:debian:12"? *out_base is what follows. VENDOR_NONE: nobody's. */
enum vendor vendor_of_scope(struct slice scope, struct slice *out_base);
/*
 * Where the vendor's advisories about packages of this scope are: "root:debian:12", "tuxcare:npm". TuxCare has them by
 * minor release where a distribution's own do not differ by it (d may be NULL): "tuxcare:almalinux:9.2". Empty where
 * builds of vendors are not known. False as above.
 */
bool vendor_scope(enum vendor v, struct slice base, const struct distribution *d, struct arena *arena,
		  struct slice *out) NODISCARD;

/*
 * Order two versions as the vendor does, in one of its scopes: Root by what was built, then by the number of the build.
 * So does limpid with TuxCare's builds of language packages, whose names for the number differ; its system packages are
 * ordered as their system does.
 */
int vendor_compare(enum vendor v, const struct version_scheme *scheme, struct slice a, struct slice b);
/* Is a fix in this one about builds of the same version alone? So with language packages: each version is a line. */
bool vendor_is_per_version(enum vendor v, const struct version_scheme *scheme);

#endif
