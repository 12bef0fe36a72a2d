/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pe_version.h - the version resource of a PE program: what Windows shows as its properties.
 *
 * Resources are a tree of three levels (type, name, language); the version is of type 16, and is a tree of its own, of
 * blocks with a length, a key and a value. Nothing of either is trusted: every offset is checked, every list ends.
 * Sources: Microsoft "PE Format" (The .rsrc Section), "VS_VERSIONINFO structure" and those that it names.
 */
#ifndef LIMPID_INDEX_PACKAGE_PE_VERSION_H
#define LIMPID_INDEX_PACKAGE_PE_VERSION_H

#include "base/arena.h"
#include "index/package/exe.h"

/* Texts in UTF-8, of the arena, empty if they are not there; the first one where several languages say it. */
struct pe_version {
	struct slice company, description, file_version, internal_name, original_name, product_name, product_version;
};

enum pe_version_found {
	PE_VERSION_FOUND,
	PE_VERSION_NONE,    /* the program has no such resource */
	PE_VERSION_ABSENT,  /* bytes are needed that are not at hand */
	PE_VERSION_DAMAGED, /* there is one that cannot be read */
	PE_VERSION_NOMEM,
};

enum pe_version_found pe_version_find(const struct exe_pieces *p, const struct exe *e, struct arena *a,
				      struct pe_version *out);

#endif
