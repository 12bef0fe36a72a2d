/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installed.h - what the detectors of installed language packages share: a record of name and version, checked and
 * told, and texts between quotation marks.
 */
#ifndef LIMPID_INDEX_PACKAGE_INSTALLED_H
#define LIMPID_INDEX_PACKAGE_INSTALLED_H

#include "index/detector.h"
#include "index/told.h"

#define INSTALLED_TEXT_MAX 4096u /* bytes of a name or version; real ones stay below 200 */

#define TOLD_NONE                                                                                                      \
	{                                                                                                              \
		.n = 0                                                                                                 \
	}

/* Which detector speaks, of what file. */
struct installed {
	const struct detect_file *file;
	const struct detect_env *env;
	const struct detect_sink *out;
	enum package_type type;
	const char *kind; /* before the path in package_db: "ruby" */
	struct told told; /* TOLD_NONE at the beginning */
};

/* UTF-8 without control characters, not empty and not too long: what a name or a version is. */
bool installed_is_text(struct slice s);
/*
 * Emit one package. A name or version that is empty, too long or no text is a diagnostic RECORD, and nothing is
 * emitted; a version that its scheme refuses is marked.
 */
enum status installed_emit(struct installed *in, struct slice name, struct slice version, unsigned flags,
			   struct err *err) NODISCARD;
/* The same of a line of the file, from 1; 0: not known. */
enum status installed_emit_at(struct installed *in, struct slice name, struct slice version, unsigned flags,
			      uint32_t line, struct err *err) NODISCARD;
/* The same of a package that advisories may know by another name, too: that of its source; ignored if it is no text. */
enum status installed_emit_from(struct installed *in, struct slice name, struct slice version, struct slice source,
				unsigned flags, struct err *err) NODISCARD;
/* The same of a program: what it was built for, "linux/amd64", or "". */
enum status installed_emit_program(struct installed *in, struct slice name, struct slice version, struct slice arch,
				   unsigned flags, struct err *err) NODISCARD;
/* At the end of a file that lists many: how many diagnostics were left out. */
void installed_end(const struct installed *in);
/* The file says too little: told, and not a failure. */
enum status installed_refuse(struct installed *in, uint64_t offset, const char *why);

/* What stands between the first pair of ' or " in s; false if there is none. */
bool installed_quoted(struct slice s, struct slice *out);
/*
 * "NAME-VERSION" at the last hyphen before a digit (true), or s and an empty version.
 */
bool installed_split(struct slice s, struct slice *name, struct slice *version);
/* The name of the directory `up` levels above a file: 0 = the one it lies in. */
struct slice installed_dir(struct slice path, unsigned up);

#endif
