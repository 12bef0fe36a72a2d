/* SPDX-License-Identifier: Apache-2.0 */
/* plan_write.h - a fix plan in the reports for people and in JSON. Private to report/. */
#ifndef LIMPID_REPORT_PLAN_WRITE_H
#define LIMPID_REPORT_PLAN_WRITE_H

#include "model/fix_plan.h"
#include "report/document.h"
#include "report/saved_impl.h"
#include "report/screen.h"

/* "10 Critical, 3 High"; "none" */
enum status plan_counts(const struct fix_counts *c, struct arena *arena, struct slice *out, struct err *err) NODISCARD;
enum status plan_table(struct screen *s, const struct fix_plan *plan, struct arena *arena, struct err *err) NODISCARD;
enum status plan_markdown(struct screen *s, const struct fix_plan *plan, struct arena *arena,
			  struct err *err) NODISCARD;
/* The member "fix_plan". */
enum status plan_json(struct document *d, const struct fix_plan *plan, struct err *err) NODISCARD;
/* The same, read. */
enum status plan_read(struct saved_reader *rd, yyjson_val *v) NODISCARD;

#endif
