/* SPDX-License-Identifier: Apache-2.0 */
/* cpe.h - CPE names (NIST IR 7695): URI and formatted-string binding in, formatted string out. */
#ifndef LIMPID_TEXT_CPE_H
#define LIMPID_TEXT_CPE_H

#include "base/arena.h"
#include "base/buf.h"

enum cpe_attr {
	CPE_PART, CPE_VENDOR, CPE_PRODUCT, CPE_VERSION, CPE_UPDATE, CPE_EDITION, CPE_LANGUAGE, CPE_SW_EDITION,
	CPE_TARGET_SW, CPE_TARGET_HW, CPE_OTHER, CPE_ATTRS
};

enum cpe_kind { CPE_UNSET, CPE_ANY, CPE_NA, CPE_VALUE };

struct cpe {
	struct {
		enum cpe_kind kind;
		struct slice value; /* well-formed name form, backslash escapes kept; in the arena */
	} attr[CPE_ATTRS];
};

enum status cpe_parse(struct slice text, struct arena *arena, struct cpe *out, struct err *err) NODISCARD;
/* "cpe:2.3:..."; nothing when all attributes are unset. */
void cpe_print(const struct cpe *c, struct buf *out);

#endif
