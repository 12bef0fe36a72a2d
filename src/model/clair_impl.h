/* SPDX-License-Identifier: Apache-2.0 */
/* clair_impl.h - what the two halves of the reader share. Private to clair_index.c and clair_member.c. */
#ifndef LIMPID_MODEL_CLAIR_IMPL_H
#define LIMPID_MODEL_CLAIR_IMPL_H

#include "base/map.h"
#include "model/clair_index.h"
#include "text/json.h"

#define CLAIR_MEMBER_FORMAT 1

struct clair_reader {
	const struct limits *limits;
	struct arena *arena;
	struct index_report *out;
	struct err *err;
	yyjson_val *member;	  /* "limpid"; NULL: written by another program, or by a newer limpid */
	struct map distributions; /* id -> index + 1 */
	struct map repositories;  /* id -> index + 1 */
	struct map runs;	  /* places of repositories -> the first of their copies */
	struct map layers;	  /* digest as text -> index + 1 */
	struct map environments;  /* package id -> address of its list */
	struct map extras;	  /* package id -> address of its entry in the member */
	uint64_t diags_dropped;
	bool wants_ids;		  /* it is read for a vulnerability_report */
	VEC(struct slice) ids;	  /* of the packages that Clair's member lists */
};

/* A string member copied into the arena: "" if absent. *bad is set if it is no string or too long. */
enum status clair_text(struct clair_reader *rd, yyjson_val *obj, const char *key, bool *bad,
		       struct slice *out) NODISCARD;
/* Tell of an entry that was left out, or of something like it. */
enum status clair_told(struct clair_reader *rd, enum diag_code code, const char *list, struct slice id,
		       const char *text) NODISCARD;
/* Index of the layer with this digest, added if it is new; SIZE_MAX: no digest. */
enum status clair_layer(struct clair_reader *rd, struct slice digest, size_t *out) NODISCARD;

/* Read the member but its packages: layers, diagnostics, what the image is for. */
enum status clair_member_parse(struct clair_reader *rd) NODISCARD;
/* Apply the member's words about one package; false in *used: there are none. */
enum status clair_member_apply(struct clair_reader *rd, struct slice id, struct index_package *p, bool *used) NODISCARD;
/* The same of a distribution. */
enum status clair_member_restore(struct clair_reader *rd, struct slice id, struct distribution *d) NODISCARD;
/* Add the packages that Clair's members leave out. */
enum status clair_member_owned_parse(struct clair_reader *rd) NODISCARD;

#endif
