/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_info.h - what the linker of Go left in a program about how it was built: the version of Go and the modules.
 *
 * Source: docs/formats/go.md (the formats of Go 1.13 and of Go 1.18, and the lines of the module text).
 */
#ifndef LIMPID_INDEX_PACKAGE_GO_INFO_H
#define LIMPID_INDEX_PACKAGE_GO_INFO_H

#include "base/slice.h"
#include "index/package/exe.h"

enum go_info_found {
	GO_INFO_NONE, /* looked at all of it: there is none */
	GO_INFO_FOUND,
	GO_INFO_ABSENT,	 /* bytes that are not at hand would be needed */
	GO_INFO_DAMAGED, /* its mark is there, but what follows makes no sense */
};

struct go_info {
	struct slice version; /* "go1.19.1"; never empty */
	struct slice modules; /* text; empty when it was not built from modules */
};

/* The slices borrow from the pieces. */
enum go_info_found go_info_find(const struct exe_pieces *p, const struct exe *e, struct go_info *out);

struct go_line {
	struct slice word;	    /* "path", "mod", "dep", "=>", "build" */
	struct slice path, version; /* of a module; key and value of "build" */
};

/* The next line of the text that has a known form; false at its end. */
bool go_info_line(struct slice *rest, struct go_line *out);

/*
 * "go1.20.12 X:strictfipsruntime" -> "1.20.12", "go1.21rc2" -> "1.21rc2", "go1.20.3-corp" -> "1.20.3": what the build
 * adds to a release is left out. Anything else ("devel go1.22-5c3e1b7") stays as it is.
 */
struct slice go_info_release(struct slice version);

#endif
