/* SPDX-License-Identifier: Apache-2.0 */
/* load_impl.h - one load at work: what its parts share. Private to config/. */
#ifndef LIMPID_CONFIG_LOAD_IMPL_H
#define LIMPID_CONFIG_LOAD_IMPL_H

#include "config/settings.h"
#include "config/tree.h"
#include "config/value.h"

#include <stdio.h>

#define CONFIG_FILE_BYTES ((size_t)4 << 20) /* of one file of settings, or of a secret */
#define CONFIG_PROBLEMS 1000		    /* warnings kept, and as many errors; further ones only count */
#define CONFIG_DROPINS 1024		    /* files in one folder */

struct loader {
	const struct config_request *request;
	struct config *config;
	struct arena *arena; /* the config's */
	bool files;	     /* other files may be read and looked for */
	const struct setting *settings;
	size_t n_settings;
	struct place *places; /* of each row's value; file NULL: none was given */
	const char **read;    /* files in the order they were read: what a later one says counts */
	size_t n_read;
	VEC(struct config_problem) problems;
	bool checking;	   /* one error of a setting is enough */
	enum status fatal; /* memory, or the like: loading ends */
};

/* Tell the user; path may be NULL. */
void load_problem(struct loader *l, enum config_problem_kind kind, struct place where, const char *path,
		  const char *fmt, ...) PRINTF_LIKE(5, 6);
static inline void load_nomem(struct loader *l)
{
	l->fatal = STATUS_NOMEM;
}
static inline bool load_given(const struct loader *l, size_t row)
{
	return l->places[row].file != NULL;
}

/* Keys as settings.def spells them, so that documents can be merged. */
void load_spell(struct loader *l, struct node *root);
/* ${NAME} in every string. */
void load_expand(struct loader *l, struct node *root);
/* Into the members of the config. */
void load_decode(struct loader *l, struct node *root);
/* Set one member from text. NULL, or what is wrong with it. */
const char *load_value(struct loader *l, const struct setting *s, struct slice text);
/* Defaults for what was not given, then what follows from other settings, then all that can be wrong. */
void load_defaults(struct loader *l);
void load_check(struct loader *l);
/* A merged tree as JSON in the order of Clair's structs (merged.h). The tree is changed. */
enum status merged_write(struct node *root, struct arena *arena, struct buf *out, struct err *err) NODISCARD;
/* A file of Clair v2 as one of v4; false if it is none. */
bool load_is_v2(const struct node *root);
void load_from_v2(struct loader *l, struct node **root);

/* Processors this process may use, by its affinity and its control group. */
unsigned load_cpus(void);

#endif
