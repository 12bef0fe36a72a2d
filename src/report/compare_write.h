/* SPDX-License-Identifier: Apache-2.0 */
/* compare_write.h - writers of comparisons, and the words that they share. Private to report/. */
#ifndef LIMPID_REPORT_COMPARE_WRITE_H
#define LIMPID_REPORT_COMPARE_WRITE_H

#include "report/comparison.h"

typedef enum status (*compare_writer)(const struct comparison *c, const struct report_options *options,
				      const struct report_out *out, struct err *err);
enum status compare_table(const struct comparison *c, const struct report_options *options,
			  const struct report_out *out, struct err *err);
enum status compare_markdown(const struct comparison *c, const struct report_options *options,
			     const struct report_out *out, struct err *err);
enum status compare_json(const struct comparison *c, const struct report_options *options, const struct report_out *out,
			 struct err *err);

/* "upgraded": what happened to a package. */
const char *compare_package_word(const struct package_change *p);
/* Changes of packages that go together, one line each: binary packages of one source from one version to another. */
struct compare_group {
	const struct package_change *first; /* of n */
	size_t n;
	enum package_type type;
	struct slice name;     /* of the source */
	struct slice from, to; /* versions; "" where it is not there */
};
enum status compare_groups(const struct comparison *c, struct arena *arena, struct compare_group **out, size_t *out_n,
			   struct err *err) NODISCARD;
/* "libssl3, openssl", at most so many of them; "" if the only one has the group's name. */
enum status compare_group_names(const struct comparison *c, const struct compare_group *g, size_t max,
				struct arena *arena, struct slice *out, struct err *err) NODISCARD;
/* "1.1 -> 1.2" of the packages of a finding; "1.2" where only one side has it. */
enum status compare_versions(const struct comparison *c, const struct finding_change *f, struct arena *arena,
			     struct slice *out, struct err *err) NODISCARD;
/* "advisories: the same for both", or how they differ and of when they are. */
enum status compare_advisories(const struct comparison *c, struct arena *arena, struct slice *out,
			       struct err *err) NODISCARD;
/* "base image: the same (debian:12, 1 layer)" and so on. */
enum status compare_bases(const struct comparison *c, struct arena *arena, struct slice *out,
			  struct err *err) NODISCARD;
/* "3 new findings (1 Critical, 2 High), 5 fixed, 1 removed, 2 changed; 40 unchanged" */
enum status compare_sum(const struct comparison *c, struct arena *arena, struct slice *out, struct err *err) NODISCARD;
/* Added findings at or above a severity. */
size_t compare_failing(const struct comparison *c, enum severity fail_on);
/* "2 gaps in A and 1 in B"; "" if both are complete. */
enum status compare_gaps(const struct comparison *c, struct arena *arena, struct slice *out, struct err *err) NODISCARD;

#endif
