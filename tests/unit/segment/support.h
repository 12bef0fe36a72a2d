/* SPDX-License-Identifier: Apache-2.0 */
/* support.h - what the tests of segments share: a folder, made-up advisories, and a segment's records as lines. */
#ifndef LIMPID_TESTS_UNIT_SEGMENT_SUPPORT_H
#define LIMPID_TESTS_UNIT_SEGMENT_SUPPORT_H

#include "base/buf.h"
#include "base/limits.h"
#include "segment/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define S SLICE_INIT
#define NO_DATES .issued_s = DATE_NONE, .modified_s = DATE_NONE, .withdrawn_s = DATE_NONE

extern struct err err __asm__("test_err"); /* err is a function of libc, and a linker minds */
extern const struct segment_meta meta;
/* Fails the test with err's message. */
void check(enum status st);
/* The status is `want`, and the message has the text. */
void check_fails(enum status st, enum status want, const char *text);

/* A folder below /tmp, as cmocka's state; *state is its path. */
int folder_make(void **state);
int folder_remove(void **state);
/* Entries of the folder. */
size_t folder_count(const char *dir);

/* Write the advisories, in this order, and open what came of it. */
struct segment *build_with(const char *dir, const struct advisory *list, size_t n, const struct limits *limits,
			   struct digest *out);
struct segment *build(const char *dir, const struct advisory *list, size_t n);
/* The file of a segment, read. */
void read_file(const char *dir, const struct digest *d, struct buf *out);
void write_file(const char *dir, const struct digest *d, struct slice bytes);

/*
 * n advisories that differ with the seed: every field, texts of every length class and script, shared aliases, ids that
 * come twice, withdrawn ones, rows over few scopes and packages.
 */
struct advisory *make_advisories(uint64_t seed, size_t n, struct arena *arena);
/* A number below n, the same sequence for the same start. */
uint32_t dice(uint64_t *state, uint32_t n);
void shuffle(struct advisory *list, size_t n, uint64_t seed);

/* Lines, sorted, each once: what a segment of these advisories must hold, by its definition. */
struct lines {
	struct arena arena;
	VEC(struct slice) list;
};
void lines_init(struct lines *l);
void lines_fini(struct lines *l);
void lines_add_row(struct lines *l, const char *head, const struct affected *row, const struct advisory *a);
void lines_sort(struct lines *l);
/* The whole segment, read through its public interface. */
void lines_of_segment(struct lines *l, const struct segment *s);
void lines_of_advisories(struct lines *l, const struct advisory *list, size_t n);
void check_same_lines(const struct lines *got, const struct lines *want);

/* Ask everything that can be asked: the first failure. Rows and ids that are found are looked at. */
enum status read_all(const struct segment *s);
/* The header's check sum made to fit, as if whoever changed the file had known it (FNV-1a over all before it). */
void fix_header(uint8_t *file, size_t len);

#endif
