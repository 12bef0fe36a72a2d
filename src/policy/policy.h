/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - what users say of findings, in ignore files and VEX documents, and which findings that takes back.
 *
 * A finding that is taken back moves to the report's suppressed list with who said so and why; nothing vanishes. Only a
 * statement that surely means the image and package does it: an identity that cannot be checked matches nothing.
 */
#ifndef LIMPID_POLICY_POLICY_H
#define LIMPID_POLICY_POLICY_H

#include "model/vulnerability_report.h"

struct policy;

/* NULL when memory is short. */
struct policy *policy_new(void) NODISCARD;
void policy_free(struct policy *p); /* NULL is fine */

/*
 * Add the entries of an ignore file (docs/formats/ignore.md). name is for messages and reasons. Texts are copied.
 * STATUS_MALFORMED names line and column; p may then not be used.
 */
enum status policy_add_ignore(struct policy *p, struct slice name, struct slice yaml, const struct limits *limits,
			      struct err *err) NODISCARD;
/*
 * Add the statements of an OpenVEX, CSAF or CycloneDX document, told apart by their content (docs/formats/vex.md).
 * The same of texts and failures, which name the statement. Of statements that contradict each other the latest counts;
 * of the same moment the one that means the package most closely, then that of the document that was added last.
 */
enum status policy_add_vex(struct policy *p, struct slice name, struct slice json, const struct limits *limits,
			   struct err *err) NODISCARD;
/*
 * From now on findings without a fixed version are taken back: of packages in scopes that begin so ("rhel:"; "": all).
 * The text is borrowed.
 */
void policy_only_fixed(struct policy *p, struct slice scopes);
/*
 * And flaws that are not in the catalogue of known exploited ones (kev), or whose probability of exploitation is known
 * and below min_epss (0 to 1; negative: not asked). Asked for both, one that either would keep stays. Where a report
 * was made without the catalogue or without scores, nothing is taken back for want of them, and coverage says so.
 */
void policy_exploited(struct policy *p, bool kev, double min_epss);

/*
 * Move what is taken back from findings to suppressed and number the flaws anew. An entry that would take something
 * back but has expired by now_s is an item of coverage. New memory is the arena's; texts of the policy are copied.
 */
enum status policy_apply(struct policy *p, struct vulnerability_report *r, int64_t now_s, struct arena *arena,
			 struct err *err) NODISCARD;

/* Calls put for each entry and statement that has concerned no finding of any report yet: "ignore.yaml line 3". */
void policy_each_unused(const struct policy *p, void (*put)(void *ctx, struct slice where), void *ctx);
/* Calls put for each entry of an ignore file that has expired. */
void policy_each_expired(const struct policy *p, int64_t now_s, void (*put)(void *ctx, struct slice where), void *ctx);

#endif
