/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scanner.h - what clair-scanner does with a server's answer: rows, the whitelist, its table and its report. No I/O.
 */
#ifndef LIMPID_CLIENT_SCANNER_H
#define LIMPID_CLIENT_SCANNER_H

#include "base/arena.h"
#include "base/buf.h"
#include "text/json.h"

/* Ranks as the table of v12 has them, worst first; v14 has no Defcon1. */
#define SCANNER_RANK_UNKNOWN_WORD 0 /* a severity of no known name counts as worse than all others, as there */
/* 1 (Defcon1) to 7 (Unknown); SCANNER_RANK_UNKNOWN_WORD for another word. Case counts. */
unsigned scanner_rank(struct slice severity);

/* One line of the table; one member of "vulnerabilities" in the report. */
struct scanner_row {
	struct slice feature, version, id, space, description, link, severity, fix;
	unsigned rank;
	bool unapproved; /* its id is unapproved, by this row or another one */
};

/* The rows of an answer. Texts are borrowed from its document. */
struct scanner_rows {
	struct json_doc doc;	/* owned */
	struct scanner_row *at; /* in the order of the answer; of the arena */
	size_t n;
	size_t features;	  /* packages of the image, with or without vulnerabilities */
	struct slice *incomplete; /* what limpid's "coverage" says was not looked up; of the arena */
	size_t n_incomplete;
	struct slice *unapproved; /* ids, in the order of the answer, doubles among them; of the arena */
	size_t n_unapproved;
};

/*
 * A vulnerability_report of Clair v4. A row for each vulnerability and installed version of what it names.
 * STATUS_MALFORMED: no such document.
 */
enum status scanner_rows_v4(struct slice json, const struct limits *limits, struct arena *arena,
			    struct scanner_rows *out, struct err *err) NODISCARD;
/* A layer of Clair v2 with "Vulnerabilities". STATUS_REMOTE: it has an "Error" instead, whose words are the message. */
enum status scanner_rows_v1(struct slice json, const struct limits *limits, struct arena *arena,
			    struct scanner_rows *out, struct err *err) NODISCARD;
/* Frees the document; rows cannot be used any more. */
void scanner_rows_free(struct scanner_rows *r);

/* ---- the whitelist ---- */

struct scanner_whitelist {
	struct slice *general; /* ids */
	size_t n_general;
	struct scanner_whitelist_image {
		struct slice name;
		struct slice *ids;
		size_t n_ids;
	} * images;
	size_t n_images;
};

/*
 * A whitelist file: "generalwhitelist: {ID: why}" and "images: {NAME: {ID: why}}", keys in lower case as gopkg.in/yaml
 * wants them; others are passed over, and named to odd() (may be NULL). Memory is the arena's, and text's.
 * STATUS_MALFORMED names line and column.
 */
enum status scanner_whitelist_parse(struct slice text, const struct limits *limits, struct arena *arena,
				    void (*odd)(void *ctx, struct slice key, unsigned line), void *ctx,
				    struct scanner_whitelist *out, struct err *err) NODISCARD;
/*
 * The name under which an image stands in a whitelist: without tag and digest, whose colon is the last one after the
 * last slash. "registry:5000/alpine:3.9" is "registry:5000/alpine".
 */
struct slice scanner_image_name(struct slice image);

/*
 * Which rows count: of the threshold's rank or worse, and in no list. Fills in unapproved of out and of its rows.
 * threshold: a rank.
 */
enum status scanner_judge(struct scanner_rows *rows, struct slice image, const struct scanner_whitelist *whitelist,
			  unsigned threshold, struct arena *arena, struct err *err) NODISCARD;

/* ---- what is shown ---- */

/* Indices of the rows of the table, the worst first, those of a rank in the order of the answer. of the arena. */
enum status scanner_order(const struct scanner_rows *rows, bool all, struct arena *arena, size_t **out, size_t *out_n,
			  struct err *err) NODISCARD;
/* The table of olekukonko/tablewriter 0.0.5: cells left, wrapped at 30 columns where there are blanks. */
enum status scanner_table(const struct scanner_rows *rows, const size_t *order, size_t n, bool colour, struct buf *out,
			  struct err *err) NODISCARD;
/* The report: four blanks, no line end. order: of the rows, n of them; NULL: that of the answer. */
enum status scanner_report(const struct scanner_rows *rows, struct slice image, const size_t *order, struct buf *out,
			   struct err *err) NODISCARD;

#endif
