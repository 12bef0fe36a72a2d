/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_out.h - rows of settings as nested YAML. Private to config/. */
#ifndef LIMPID_CONFIG_YAML_OUT_H
#define LIMPID_CONFIG_YAML_OUT_H

#include "config/settings.h"

#include "base/buf.h"

struct yaml_out {
	struct buf *out;     /* borrowed */
	struct arena *arena; /* for texts on the way */
	struct slice last;   /* path of the row before */
};

/* Indentation of a path, two blanks a level. */
unsigned yaml_out_indent(struct slice path);
/* Keys of the mappings that begin here, and "key:" of the row itself; `mark` stands before each key ("" or "#"). */
void yaml_out_key(struct yaml_out *w, struct slice path, const char *mark);
/* Keys of the mappings above the row only. */
void yaml_out_parents(struct yaml_out *w, struct slice path, const char *mark);
/* " value", masked or not. */
enum status yaml_out_value(struct yaml_out *w, const struct setting *s, const struct config *c, bool masked,
			   struct err *err) NODISCARD;
/* A string as it may stand in YAML: in quotes if it needs them. */
void yaml_out_text(struct buf *out, struct slice text);

#endif
