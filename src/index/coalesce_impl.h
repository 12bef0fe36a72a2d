/* SPDX-License-Identifier: Apache-2.0 */
/* coalesce_impl.h - the state of coalescing, shared by the files coalesce*.c only. */
#ifndef LIMPID_INDEX_COALESCE_IMPL_H
#define LIMPID_INDEX_COALESCE_IMPL_H

#include "index/coalesce.h"
#include "index/merged.h"
#include "index/owned.h"

#define NO_GROUP SIZE_MAX

/* Packages that one detector drew from one file under one name. */
struct group {
	size_t source, begin, end; /* the report and its packages */
	size_t layer;		   /* where the file stands: an upper one than source, if that is a hard link's */
	struct slice canon;
	struct slice detector, alias;
	size_t older; /* of the same path, or NO_GROUP */
	bool survives;
};

/* Something that a layer is to read under another name. */
struct ask {
	struct scan_alias alias;
	const struct detector *detector;
	size_t layer;	   /* SIZE_MAX: no layer has it */
	bool last_is_link; /* the wanted path itself is a link: it must lead somewhere */
};

/* A list of files that the image shows. */
struct list_ref {
	const struct layer_report *report;
	const struct layer_list *list;
	size_t older; /* of the same key, or NO_GROUP */
};

struct coalesce {
	const struct layer_report *const *reports; /* borrowed */
	size_t n;
	const struct rules *rules;
	const struct limits *limits;
	struct merged merged;
	struct arena arena;
	VEC(struct group) groups;
	struct map groups_by_path; /* newest + 1 */
	VEC(struct ask) asks;
	VEC(struct scan_alias) aliases; /* of the asks of one layer */
	VEC(struct slice) cycles;	/* wanted paths whose links go in a circle */
	bool asked;			/* asks and cycles are made */
	/* the report being made */
	struct owned owned;
	struct arena *out_arena;
	struct index_report *out;
	struct repository_run *runs; /* of each layer: what it was made from */
	struct map lists;	     /* key of a package -> lists of its files: the newest + 1, of list_refs */
	VEC(struct list_ref) list_refs;
	struct map repositories;     /* path of the file that packages are read from -> the other repository it is of */
};

/* Repositories that follow each other in the report. */
struct repository_run {
	size_t first, n;
	struct map origins; /* package, as in layer_repository -> the one that dnf had it from */
};

/* Where records of a file stand in the image. */
struct standing {
	struct slice canon;
	size_t layer;
	bool survives;
};

static inline enum status coalesce_nomem(struct err *err)
{
	return err_nomem(err, "coalesced layers");
}

/* coalesce.c: records of the file at path in a layer's report; alias: what it was read as, if under another name. */
struct standing coalesce_stands(struct coalesce *c, size_t layer, struct slice path, struct slice alias);
bool coalesce_survives(struct coalesce *c, size_t layer, struct slice path, struct slice alias);
/* The newest group that came from a file at path; next: group.older. NULL: none. */
const struct group *coalesce_group(const struct coalesce *c, struct slice path);

/* coalesce_links.c: find all that is to be asked. */
enum status coalesce_find_asks(struct coalesce *c, struct err *err) NODISCARD;

/* coalesce_system.c: the system and its repositories */

/* The one distribution of the image, and its rank: 0 and 1 are the two os-release files. NULL: none. */
const struct distribution *coalesce_distribution(struct coalesce *c, unsigned *out_rank);
enum status coalesce_put_distribution(struct coalesce *c, struct err *err) NODISCARD;
enum status coalesce_put_repositories(struct coalesce *c, struct err *err) NODISCARD;
/* Those that a package, whose layer and path are known, is from. */
enum status coalesce_repositories_for(struct coalesce *c, struct index_package *p, struct err *err) NODISCARD;
void coalesce_forget_repositories(struct coalesce *c);
bool coalesce_is_system(enum package_type t);
/* Index of the distribution that packages of the kind belong to, or INDEX_NO_DISTRIBUTION. */
size_t coalesce_distribution_for(const struct coalesce *c, enum package_type t);

/* coalesce_declared.c: take out what is declared where it, or the same declared elsewhere, is listed already; and what
 * files say of themselves that belong to packages. */
enum status coalesce_drop_declared(struct coalesce *c, struct err *err) NODISCARD;

/* coalesce_files.c: the files of each package that are in the image; the packages are in the report. */
enum status coalesce_put_files(struct coalesce *c, struct err *err) NODISCARD;

/* coalesce_diags.c: whose files are whose, and all that was not as it should be; the packages are in the report. */
enum status coalesce_put_diags(struct coalesce *c, struct err *err) NODISCARD;

#endif
