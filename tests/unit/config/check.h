/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - what the tests of config/ share: loading a text, and asking for problems. */
#ifndef LIMPID_TESTS_UNIT_CONFIG_CHECK_H
#define LIMPID_TESTS_UNIT_CONFIG_CHECK_H

#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static inline const char *check_variable(void *ctx, const char *name)
{
	const char *const *pairs = ctx;

	for (; pairs && pairs[0]; pairs += 2)
		if (strcmp(pairs[0], name) == 0)
			return pairs[1];
	return NULL;
}

/* Load a text in a mode; two processors; variables are NAME, VALUE, ..., NULL. */
static inline enum status check_load(const char *text, const char *name, enum config_mode mode,
				     const char *const *variables, struct config *out, struct err *err)
{
	struct config_request r = { .path = name,
				    .mode = mode,
				    .data_dir = "/data",
				    .variable = check_variable,
				    .ctx = (void *)(uintptr_t)variables,
				    .cpus = 2 };

	*err = (struct err)ERR_INIT;
	return config_load_text(&r, slice_cstr(text), out, err);
}

static inline void check_print(const struct config *c)
{
	for (size_t i = 0; i < c->n_problems; i++)
		fprintf(stderr, "  %s:%u:%u %s %.*s (at $.%.*s)\n", c->problems[i].file ? c->problems[i].file : "-",
			c->problems[i].line, c->problems[i].column,
			c->problems[i].kind == CONFIG_ERROR ? "error" : "warning", SLICE_ARG(c->problems[i].text),
			SLICE_ARG(c->problems[i].path));
}

/* A problem whose text has this part; its place is asked if line is not 0. */
static inline const struct config_problem *check_problem(const struct config *c, enum config_problem_kind kind,
							 const char *part, unsigned line, unsigned column)
{
	for (size_t i = 0; i < c->n_problems; i++)
		if (c->problems[i].kind == kind && slice_has(c->problems[i].text, slice_cstr(part)) &&
		    (line == 0 || (c->problems[i].line == line && c->problems[i].column == column)))
			return &c->problems[i];
	check_print(c);
	fail_msg("no problem \"%s\" at %u:%u", part, line, column);
	return NULL;
}

static inline void check_text(struct slice s, const char *expected)
{
	assert_string_equal(config_cstr(s), expected);
	assert_int_equal(s.len, strlen(expected));
}

/* Loads without an error, or prints why not. */
static inline void check_good(const char *text, const char *name, enum config_mode mode, const char *const *variables,
			      struct config *out)
{
	struct err err;

	if (check_load(text, name, mode, variables, out, &err) != STATUS_OK) {
		check_print(out);
		fail_msg("%s", err.msg);
	}
}

#endif
