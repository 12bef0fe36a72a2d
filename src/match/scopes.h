/* SPDX-License-Identifier: Apache-2.0 */
/* scopes.h - where the packages of an image are looked up, worked out once per image. Private to match/. */
#ifndef LIMPID_MATCH_SCOPES_H
#define LIMPID_MATCH_SCOPES_H

#include "match/match.h"
#include "model/vendor.h"

/* Where to look: a segment that has rows of a scope. Red Hat's rows are kept by repository: several scopes. */
struct scope_place {
	size_t segment; /* number in the set; ascending */
	struct slice scope;
};

struct scope {
	struct slice name;	/* "alpine:3.9", "pypi"; "" = none is known */
	const struct scope_place *places;
	size_t n;
	bool left_out; /* on request: n is 0 */
};

/* Packages of a system that say from which repositories they are: their CPE names are asked for, and no others. */
struct scope_of_run {
	size_t distribution, first, n; /* as of index_package */
	struct scope scope;	       /* under the distribution's name */
};

/* Where a vendor's advisories about its builds of a distribution's packages, or of a language's, are kept. */
struct scope_of_vendor {
	enum vendor vendor;
	enum package_type type;
	size_t distribution; /* SIZE_MAX: of a language */
	size_t packages;     /* of the image */
	struct scope scope;
};

/* A package that a vendor built of another's: it is looked up as both. */
struct scope_line {
	size_t package; /* number of the index report */
	size_t vendor;	/* number in of_vendors */
	struct package base, built;
};

/* Red Hat's rows about container images are kept by product, too: all of "rhcc:cpe:..." are looked up. */
#define SCOPES_IMAGES "rhcc"

struct scopes {
	struct scope *of_distribution; /* one per distribution of the image */
	struct scope_of_run *of_runs;
	size_t n_runs;
	struct scope of_type[PACKAGE_TYPE_COUNT];
	struct scope_of_vendor *of_vendors;
	size_t n_vendors;
	struct scope_line *lines; /* by package */
	size_t n_lines;
	/* Images that the topmost one was made from: nothing is looked up for them, as for Clair. */
	struct scope of_images_below;
	size_t image_layer; /* of the topmost image; 0 without one */
	struct slice
		*damage; /* per segment of the set: what was found wrong with it while it was asked; "" = nothing */
};

/* Everything lies in the arena or is borrowed from the set. */
enum status scopes_make(const struct index_report *index, const struct segment_set *set, struct arena *arena,
			struct scopes *out, struct err *err) NODISCARD;
/* Look nothing up in those that the user does not want (match_options). */
void scopes_leave_out(const struct index_report *index, const struct match_options *options, struct scopes *s);
/* Is the row's scope one of those that are looked up for this one? */
bool scopes_has(const struct scope *s, struct slice scope);
/* NULL: it is nobody's but its distribution's. */
const struct scope_line *scopes_line(const struct scopes *s, size_t package);
/* NULL: a system package in an image that does not say what distribution it is. */
const struct scope *scopes_of(const struct scopes *s, const struct index_package *p);

/*
 * Does a row of this scope, one of those looked up for the package, concern it? An image asks the rows of the products
 * that it says it is of; one that says only "Red Hat Container Catalog" asks those of all.
 */
bool scopes_concerns(const struct index_report *index, const struct index_package *p, struct slice scope);
/* False for a container image that says no product: nothing can concern it. */
bool scopes_says_product(const struct index_report *index, const struct index_package *p);

/* Keep the first damage of a segment; others still count. */
enum status scopes_damaged(struct scopes *s, size_t segment, const struct err *why, struct arena *arena,
			   struct err *err) NODISCARD;

/* Does a package of this kind belong to the system's package manager? */
bool scopes_is_system(enum package_type t);

#endif
