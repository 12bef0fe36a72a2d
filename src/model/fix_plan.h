/* SPDX-License-Identifier: Apache-2.0 */
/* fix_plan.h - which upgrades, and which base images, would take how many flaws away. */
#ifndef LIMPID_MODEL_FIX_PLAN_H
#define LIMPID_MODEL_FIX_PLAN_H

#include "model/advisory.h"
#include "model/package.h"

/* Flaws by severity; one in several packages counts once. */
struct fix_counts {
	size_t of[SEVERITY_COUNT];
};

/* The packages of one source go to another version together. */
struct fix_step {
	enum package_type type;
	struct slice name, from, to;  /* of the source package */
	const struct slice *packages; /* that are installed of it */
	size_t n_packages;
	bool base;		   /* all of them came with the base image */
	struct fix_counts removes; /* flaws that none of these packages has any more; others may have them still */
	size_t brings;		   /* flaws that the other version has and the installed one has not */
};

/* Flaws for which there is nothing to go to. */
struct fix_left {
	enum package_type type;
	struct slice name, version, reason;
	struct fix_counts flaws;
};

/* The image on another base, its own packages as they are. */
struct fix_base {
	struct slice target;
	struct slice error; /* why it could not be looked at; "" if it was */
	bool complete;	    /* all of it was looked up */
	struct fix_counts removes, brings, after;
};

/* All memory belongs to the arena it was made with. */
struct fix_plan {
	struct fix_counts before, after; /* of the whole image: as it is, and with all steps */
	VEC(struct fix_step) steps;	 /* what helps most first */
	VEC(struct fix_left) left;	 /* worst first */
	VEC(struct fix_base) bases;	 /* as given */
};

#endif
