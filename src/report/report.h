/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - output formats: one writer per row of formats.def.
 */
#ifndef LIMPID_REPORT_REPORT_H
#define LIMPID_REPORT_REPORT_H

#include "model/vulnerability_report.h"

struct comparison; /* report/comparison.h */

/* Where a report goes, piece by piece. */
struct report_out {
	enum status (*write)(void *ctx, struct slice bytes, struct err *err);
	void *ctx;
	bool terminal; /* colours and width matter */
	bool colour;
	unsigned width; /* columns; 0 = unlimited */
};

/* Where a pipeline runs: what only its environment knows. Borrowed; NULL: not said. */
struct report_run {
	const char *commit, *ref; /* "ffac537e...", "refs/heads/main" */
	const char *job, *id;	  /* what runs, and the run's number */
};

struct report_options {
	int64_t now_s;
	enum severity fail_on; /* shown in the table's verdict; SEVERITY_COUNT = none asked for */
	const char *program_version;
	struct report_run run;
	const char *version; /* of the format, one of its versions; NULL: the first */
};

/*
 * What stands around and between the documents of several targets: JSON formats make one array of them. Without (NULL)
 * a document is of one target.
 */
struct report_join {
	const char *open, *between, *close;
};
#define REPORT_JOIN_TEXT                                                                                               \
	{                                                                                                              \
		"", "\n", ""                                                                                           \
	}
#define REPORT_JOIN_JSON                                                                                               \
	{                                                                                                              \
		"[\n", ",\n", "]\n"                                                                                    \
	}

struct report_format {
	const char *name; /* "table"; equals the row and the file, with '-' for '_' */
	const char *media_type;
	const char
		*versions; /* those it can be written in, with a blank between each two, the usual first; NULL: one */
	struct report_join join;
	/* NULL where the format has no such document. */
	enum status (*vulnerabilities)(const struct vulnerability_report *r, const struct report_options *options,
				       const struct report_out *out, struct err *err);
	enum status (*index)(const struct index_report *r, const struct report_options *options,
			     const struct report_out *out, struct err *err);
	/* What changed from one image to another. */
	enum status (*comparison)(const struct comparison *c, const struct report_options *options,
				  const struct report_out *out, struct err *err);
	/* Among the documents of several targets, the place of one that could not be scanned. NULL: left out. */
	enum status (*failure)(struct slice target, const struct err *why, const struct report_options *options,
			       const struct report_out *out, struct err *err);
};

#define REPORT_FORMAT(name, what) extern const struct report_format report_format_##name;
#include "report/formats.def"
#undef REPORT_FORMAT
/* NULL if unknown. */
const struct report_format *report_format_by_name(struct slice name);
/* The same of "NAME" or "NAME-VERSION"; *out_version is NULL for the former. */
const struct report_format *report_format_find(struct slice name, const char **out_version);
/* Is this the version asked for? Without one the first of the format's. */
bool report_version_is(const struct report_options *options, const struct report_format *f, const char *version);
const struct report_format *const *report_formats(size_t *out_n);

#endif
