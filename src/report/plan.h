/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - a plan of upgrades: the fixed versions that advisories name, tried on a copy of the packages by the matcher
 * itself. What is promised is what the matcher then no longer finds.
 */
#ifndef LIMPID_REPORT_PLAN_H
#define LIMPID_REPORT_PLAN_H

#include "model/fix_plan.h"
#include "model/vulnerability_report.h"

/* Match packages as those of the report were. */
typedef enum status (*plan_match)(void *ctx, struct index_report *index, struct arena *arena,
				  struct vulnerability_report *out, struct err *err);

/* The steps that help against findings of the report. Memory of *out is the arena's. */
enum status plan_make(const struct vulnerability_report *r, plan_match match, void *ctx, struct arena *arena,
		      struct fix_plan *out, struct err *err) NODISCARD;
/* What another base image would do; base is its report. STATUS_INVALID: it is not known where the image's base ends. */
enum status plan_add_base(struct fix_plan *plan, const struct vulnerability_report *r,
			  const struct vulnerability_report *base, struct slice target, struct arena *arena,
			  struct err *err) NODISCARD;

#endif
