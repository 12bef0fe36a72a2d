/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support.h - what the tests of the state store share.
 *
 * All but test_sqlite and test_postgres say what any engine does: how a store is opened is in support.c alone. They run
 * twice: as they are, with SQLite; and where LIMPID_TEST_POSTGRES says where a server is, with PostgreSQL
 * (tests/support/with-postgres starts one).
 */
#ifndef LIMPID_TESTS_UNIT_STORE_SUPPORT_H
#define LIMPID_TESTS_UNIT_STORE_SUPPORT_H

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/types.h>

#include <cmocka.h>

extern struct err err __asm__("test_err"); /* err is a function of libc, and a linker minds */
/* Where PostgreSQL is; NULL: the tests are about SQLite. */
const char *remote(void);
/* Fails the test with err's message. */
void check(enum status st);
/* The status is `want`, and the message has the text. */
void check_fails(enum status st, enum status want, const char *text);
void check_slice(struct slice got, const char *want);

/* An empty place for a store, as cmocka's state; *state is its folder. */
int place_make(void **state);
int place_remove(void **state);

/* Processes that were killed have ended: a server goes on with what they had begun, and notices then. */
void place_settle(void);

/* The clock that stores opened by place_open() go by. */
extern int64_t clock_s;
struct store *place_open(const char *dir);
struct store *place_open_with(const char *dir, struct store_options options);

/* sha256 with this first byte and number. */
struct digest some_digest(uint32_t number);
/* A row with every field set, after its name and number. */
struct store_source some_source(const char *name, uint32_t number);
void check_source(const struct store_source *got, const struct store_source *want);

/* Run fn(ctx) in a child; its result is the exit status. check() and the like may be used there. */
pid_t start_child(int (*fn)(void *ctx), void *ctx);
/* Waits; fails the test if the child did not end with 0. */
void expect_success(pid_t child);
/* Bytes that do not compress, the same for a seed. */
void fill_noise(uint8_t *p, size_t n, uint64_t seed);

#endif
