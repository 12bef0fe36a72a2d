/* SPDX-License-Identifier: Apache-2.0 */
/* scan_impl.h - the state of a layer scan, shared by the files scan*.c only. */
#ifndef LIMPID_INDEX_SCAN_IMPL_H
#define LIMPID_INDEX_SCAN_IMPL_H

#include "base/buf.h"
#include "base/map.h"
#include "index/scan.h"
#include "index/scan_tree.h"
#include "io/spool.h"
#include "io/tar.h"

#define NO_INDEX SIZE_MAX

/* The records that one detector drew from one file: contiguous in each list of the report. */
struct scan_run {
	struct slice path;   /* of the entry */
	struct slice wanted; /* as the rule named it: differs behind an alias */
	const struct detector *detector;
	size_t file;							 /* index in report.files, or NO_INDEX */
	size_t packages[2], distributions[2], repositories[2], owned[2], lists[2]; /* begin, end */
	size_t older;							 /* run of the same path, or NO_INDEX */
	uint32_t node;							 /* its records go when the node dies */
	bool dead;							 /* the path was replaced later in the layer */
};

/* One reader of the file at hand. */
struct scan_want {
	struct rule_hit hit;
	struct slice wanted; /* path handed to the detector */
	struct slice own;    /* path the records are kept under: what upper layers replace or delete */
	uint32_t node;	     /* of that path */
	bool again;	     /* the whole file, for the second time */
};

/* A file whose parsing waits for its companion, or a companion that waits for its file. */
struct scan_held {
	struct scan_want want; /* its slices belong to the arena */
	uint64_t size;
	uint32_t mode;
	struct spool *content; /* owned */
};

/* A file to be read in a second pass. */
struct scan_again {
	struct scan_want want; /* its slices belong to the arena */
	struct slice real;     /* where the bytes are */
	uint64_t entry;	       /* number of the entry that has them */
	size_t next;	       /* of the same entry, or NO_INDEX */
};

#define SCAN_WANTS_MAX (2 * RULE_HITS_MAX)

struct scan_wants {
	struct scan_want at[SCAN_WANTS_MAX];
	size_t n;
};

struct scan {
	const struct scan_job *job;
	struct arena *arena;  /* of the report */
	struct arena scratch; /* of the detectors */
	struct layer_report *report;
	struct diag_sink diags;
	struct slice where; /* path the next diagnostic is about */
	bool second;	    /* in the second pass */
	bool full;	    /* the report reached its cap: nothing more is added */

	VEC(struct scan_run) runs;
	struct map runs_by_path; /* path -> newest run + 1 */
	VEC(struct scan_held) held;
	VEC(struct scan_again) agains;
	struct map agains_by_entry; /* number of the entry -> first + 1 */
	struct map given;	    /* entries of which PATH_ANY_FILE made something, or will in the second pass */
	VEC(struct scan_alias) aliases;
	VEC(uint32_t) next_alias;   /* of the same real path: index + 1, or 0 */
	struct map aliases_by_path; /* real path -> newest index + 1 */
	struct map dir_aliases;	    /* real directory -> index + 1 */

	uint8_t *bytes; /* owned; the file at hand, reused */
	size_t bytes_cap;
	uint8_t *path_buf; /* owned; for normalising */
	size_t path_cap;

	struct scan_tree *tree; /* owned */
	struct slice raw;	/* the entry's path as the archive has it */
	uint32_t node;		/* of the entry, or SCAN_NO_NODE */
	uint64_t entry;		/* its number */
	/* nodes of report.whiteouts, opaques and links */
	VEC(uint32_t) whiteout_nodes;
	VEC(uint32_t) opaque_nodes;
	VEC(uint32_t) link_nodes;
	bool names_told; /* that there are more names than are kept */
	bool long_told;	 /* that one of them is too long to be kept */
	bool disowned;	 /* nothing of the layer counts */

	/* Reads another file of the tree for a detector (detect_env.other, whose ctx is the scan); NULL: a stream. */
	enum status (*other)(void *ctx, struct slice path, uint64_t max, struct slice *out, struct err *err);
	struct scan_run *run; /* being parsed; valid during parse */
	struct spool *mapped[2]; /* where its bytes lie, and its companion's; borrowed, NULL = in memory */
	bool asked_again;
	bool links_told; /* that there are more links than are kept */
	bool owned_told; /* that there are more owned paths than are kept */

	bool list_open;		    /* the last list of the report takes files */
	bool lists_cut;		    /* files were left out of lists */
	struct buf list_dir;	    /* of that list: the directory at hand */
	struct buf list_names;	    /* and the names in it so far, each with a '/' behind it */
};

/* scan_records.c: what detectors and the walk add to the report */
enum status scan_records_init(struct scan *s, struct err *err) NODISCARD;
/* Call the detector for one file and keep what it emits. */
enum status scan_parse(struct scan *s, const struct detect_file *file, const struct scan_want *want,
		       struct err *err) NODISCARD;
/* The code to tell of a file that a detector could not read: a system's package database is the image's main matter. */
enum diag_code scan_unread_code(const struct scan_want *want, enum diag_code other);
/* A file that was seen but is not parsed. */
enum status scan_seen(struct scan *s, const struct scan_want *want, uint64_t size, enum layer_file_kind kind,
		      struct err *err) NODISCARD;
/* An entry of the same name came before: forget what was drawn from it. */
void scan_replace(struct scan *s, struct slice path);
/* Take what was replaced out of the report, and put the names of what is left into it. */
enum status scan_compact(struct scan *s, struct err *err) NODISCARD;
void scan_diag(void *ctx, const struct diag *d);
/* The last word on a layer that was not read to its end: always kept. */
void scan_fail(struct scan *s, enum diag_code code, uint64_t offset, const char *fmt, ...) PRINTF_LIKE(4, 5);
enum status scan_full(struct scan *s, struct err *err);
uint8_t *scan_path_buf(struct scan *s, size_t n);

/* scan_lists.c: the files of packages, where somebody asks for them */
enum status scan_list_begin(struct scan *s, const struct package *of, struct err *err) NODISCARD;
/* path is normalised. Nothing happens without a list. */
enum status scan_list_add(struct scan *s, struct slice path, struct err *err) NODISCARD;
enum status scan_list_end(struct scan *s, struct err *err) NODISCARD;
/* At the end of the layer: only what its report has room for stays. */
void scan_lists_fit(struct scan *s);
void scan_lists_fini(struct scan *s);

/* scan_document.c: the whole of src as the one file of the layer. */
enum status scan_document(struct scan *s, struct source *src, struct err *err) NODISCARD;

/* scan_wants.c: who wants a file */

/* Who wants the regular file at path? Slices in *out live as long as path, the entry and the aliases. */
void scan_wanted(struct scan *s, struct slice path, struct scan_wants *out);
/* Copy one for later. */
bool scan_keep_want(struct scan *s, const struct scan_want *in, struct scan_want *out) NODISCARD;
enum status scan_add_alias(struct scan *s, const struct scan_alias *alias, struct err *err) NODISCARD;
enum status scan_add_again(struct scan *s, struct slice real, uint64_t entry, const struct scan_want *want,
			   struct err *err) NODISCARD;
/* Remember that something was drawn from an entry, or look whether it was. */
enum status scan_give(struct scan *s, uint64_t entry, struct err *err) NODISCARD;
bool scan_gave(const struct scan *s, uint64_t entry);

/* scan_visit.c: one entry of the walk */
enum status scan_visit(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err) NODISCARD;
/* Put a regular file where the layer has it: entry->path may change. */
enum status scan_place_file(struct scan *s, struct tar_entry *entry, struct err *err) NODISCARD;

/* scan_entry.c: the bytes of a file */
enum status scan_file(struct scan *s, const struct tar_entry *entry, const struct scan_wants *wants,
		      struct source *body, struct err *err) NODISCARD;
/* The second pass: only what was asked for again of entry number scan.entry. */
enum status scan_visit_again(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err) NODISCARD;
/* Parse the files that waited for companions. */
enum status scan_finish_held(struct scan *s, struct err *err) NODISCARD;

/* scan_directory.c: the walk of LAYER_DIRECTORY */
enum status scan_directory(struct scan *s, struct err *err) NODISCARD;

#endif
