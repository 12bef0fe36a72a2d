/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csaf_document.h - the products of one CSAF document (OASIS CSAF 2.0, profile VEX), found by their ids. Private to
 * feed/.
 *
 * A status names a product by an id. Relationships say that it is a package as a component of a repository's product,
 * or of a module of one; the package has a purl, the repository a CPE.
 */
#ifndef LIMPID_FEED_CSAF_DOCUMENT_H
#define LIMPID_FEED_CSAF_DOCUMENT_H

#include "base/map.h"
#include "model/advisory.h"
#include "text/json.h"

struct csaf_product {
	struct slice purl, cpe; /* as written; "" if it has none */
	enum { CSAF_UNREAD, CSAF_READ, CSAF_UNUSABLE } package, repository;
	/* When package is CSAF_READ: of an RPM package, version "epoch:version-release"; of a container image, name
	 * "repository/image", version its tag. Version "" = none is meant. */
	struct slice name, version, arch, module;
	bool image;
	/* Of a repository, when repository is CSAF_READ. */
	struct slice scope, image_scope; /* "rhel:" or "rhcc:", and the CPE as a formatted string */
};

struct csaf_document {
	struct arena *arena;
	const struct limits *limits;
	struct map products, relations; /* by id */
	struct map impacts, remedies;	/* by product id: the word's and the remediation's value */
};

/* Read the product tree; *doc is the holder's, all memory the arena's but for the maps. False when memory is short. */
bool csaf_document_read(struct csaf_document *d, yyjson_val *root, yyjson_val *vulnerability, struct arena *arena,
			const struct limits *limits) NODISCARD;
void csaf_document_fini(struct csaf_document *d);

/* What a status' product id means. */
struct csaf_component {
	const struct csaf_product *package, *repository;
	struct slice module; /* of the package, or of the module it is a component of */
};
/*
 * False if it is none of a package in a repository that is known here: middleware without packages, modules as such.
 * *out_bad (may be NULL) says what is wrong with one that should be.
 */
bool csaf_document_component(struct csaf_document *d, struct slice id, struct csaf_component *out,
			     const char **out_bad);

/* The vendor's word for the impact on the product, "" if there is none; the state of its fix; the erratum's URL. */
struct slice csaf_document_impact(const struct csaf_document *d, struct slice id);
enum fix_state csaf_document_fix_state(const struct csaf_document *d, struct slice id);

#endif
