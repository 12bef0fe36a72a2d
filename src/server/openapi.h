/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.h - the document of the API: openapi.json, cut down to what this process answers to. */
#ifndef LIMPID_SERVER_OPENAPI_H
#define LIMPID_SERVER_OPENAPI_H

#include "base/buf.h"
#include "server/router.h"

struct openapi {
	struct buf json, yaml; /* owned; the JSON without blanks */
	char etag[72];	       /* hexadecimal SHA-256 of the JSON */
};

/* For the paths of the API listener that exist with these services. openapi_fini() in any case. */
enum status openapi_init(struct openapi *o, unsigned services, struct err *err) NODISCARD;
void openapi_fini(struct openapi *o);

/* The whole document as it stands in the source. */
struct slice openapi_source(void);

/* Write a JSON text as YAML, in block style. */
enum status openapi_yaml(struct slice json, struct buf *out, struct err *err) NODISCARD;

#endif
