/* SPDX-License-Identifier: Apache-2.0 */
/* layers_document.h - the documents of the old layer API (Clair v2's api/v1). No I/O. */
#ifndef LIMPID_SERVER_LAYERS_DOCUMENT_H
#define LIMPID_SERVER_LAYERS_DOCUMENT_H

#include "base/buf.h"
#include "base/limits.h"
#include "model/vulnerability_report.h"
#include "text/json.h"
#include "text/json_writer.h"

/* "IndexedByVersion": clients know it as the version of Clair v2's analyser. */
#define LAYERS_ENGINE 3
#define LAYERS_NAME_MAX 512 /* bytes of a layer's name */

/* ---- what a client posts ---- */

struct layers_header {
	struct slice name, value;
};

struct posted_v1_layer {
	struct slice name, path, parent, format;
	const struct layers_header *headers; /* those with a value */
	size_t n_headers;
	bool has_headers; /* "Headers" is there and not null */
};

/*
 * Read a LayerEnvelope; memory is the arena's. Names of members count in any case, and what follows the first value is
 * not looked at, as with Go's decoder. STATUS_INVALID with Clair's words: there is no layer, or it lacks its name, path
 * or format. STATUS_MALFORMED: no JSON, or a member of another type.
 */
enum status layers_envelope_parse(struct slice json, const struct limits *limits, struct arena *arena,
				  struct posted_v1_layer *out, struct err *err) NODISCARD;
/* The member of an object by its name in any case, the last one; NULL if there is none, or it is null. */
yyjson_val *layers_member(yyjson_val *obj, const char *name);
/* A text, copied; one that is not there is empty. STATUS_MALFORMED with Go's words if it is no string. */
enum status layers_text(yyjson_val *obj, const char *object, const char *name, struct arena *arena, struct slice *out,
			struct err *err) NODISCARD;

/* ---- what is kept of a layer, and of the layers below it ---- */

struct layers_link {
	struct slice name;
	struct digest digest; /* of the bytes as they were fetched */
	struct slice path;    /* where they were; "" if that held secrets */
};

struct layers_chain {
	struct digest manifest; /* that the chain is indexed under */
	struct layers_link *at; /* base first; the last is the layer itself */
	size_t n;
};

/* Fill in the manifest: a digest over the layer's name and the digests of the chain. */
enum status layers_chain_identify(struct layers_chain *c, struct err *err) NODISCARD;
enum status layers_chain_print(const struct layers_chain *c, struct buf *out, struct err *err) NODISCARD;
/* STATUS_MALFORMED: not what layers_chain_print() wrote. */
enum status layers_chain_parse(struct slice json, const struct limits *limits, struct arena *arena,
			       struct layers_chain *out, struct err *err) NODISCARD;
/* A digest that is an element of a URL's path: that of a registry's blob. */
bool layers_path_digest(struct slice path, struct digest *out);

/* ---- names of Clair v2's ---- */

/* Namespace of a scope: "alpine:3.18" is "alpine:v3.18", RHEL counts as CentOS. In the arena or borrowed. */
bool layers_namespace_of_scope(struct slice scope, struct arena *arena, struct slice *out) NODISCARD;
/* "dpkg" for Debian's and Alpine's packages, "rpm", else the scheme's own name; "" for none. */
const char *layers_format_of_type(enum package_type type);
const char *layers_format_of_scheme(enum scheme_id scheme);
/* One of "Unknown" ... "Critical", "Defcon1", in any case; NULL if it is none. The spelling is Clair's. */
const char *layers_severity(struct slice word);

/* ---- what users added ---- */

struct layers_fix {
	struct slice feature, version_format, version; /* version "None": there is no fix */
};

struct layers_advisory {
	struct slice name, space, description, link;
	const char *severity;  /* static */
	struct slice metadata; /* JSON; "" if there is none */
	const struct layers_fix *fixes;
	size_t n_fixes;
};

/* ---- the answers ---- */

/* {"Error":{"Message":"..."}}; detail (NULL: none) says more than Clair did, for people. */
void layers_error_put(struct buf *out, const char *message, const char *detail);

struct layers_document {
	const struct layers_chain *chain;
	struct slice parent;
	bool features;			   /* list them */
	bool vulnerabilities;		   /* list them with their vulnerabilities */
	const struct layers_advisory *own; /* advisories of users that count, too */
	size_t n_own;
};

/* {"Layer":{...}} of a report; its index is that of the chain's manifest. */
enum status layers_document_write(const struct layers_document *d, const struct vulnerability_report *r,
				  struct buf *out, struct err *err) NODISCARD;
/* One vulnerability as an open object's value; space: its namespace. with_fixes: "FixedIn". */
void layers_advisory_put(struct json_writer *w, const struct layers_advisory *a, bool with_fixes);
void layers_fix_put(struct json_writer *w, const struct layers_fix *fix, struct slice space);
/* A deep copy. False when memory is short. */
bool layers_advisory_copy(const struct layers_advisory *a, struct arena *arena, struct layers_advisory *out) NODISCARD;
/* What a feed says, in the same form; the arena has what is made for it. */
bool layers_advisory_of(const struct advisory *a, struct slice space, struct arena *arena,
			struct layers_advisory *out) NODISCARD;

#endif
