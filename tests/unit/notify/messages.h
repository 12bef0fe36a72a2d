/* SPDX-License-Identifier: Apache-2.0 */
/* messages.h - notifications for tests of deliverers, and settings from a text. */
#ifndef LIMPID_TESTS_UNIT_NOTIFY_MESSAGES_H
#define LIMPID_TESTS_UNIT_NOTIFY_MESSAGES_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#include "notify/deliverer.h"

#include <stdio.h>
#include <stdlib.h>

#define ID_A "4ade16b3-1839-48bb-8853-c6c025c53585"
#define ID_B "a03da7f9-c968-4d23-a099-81b653cdd83b"

/* Entries {"id":"0"}, {"id":"1"}, ...; `fail_at` ends them with a failure of the source. */
struct made {
	size_t n, at, fail_at, rewinds;
	char text[64];
};

static inline enum status made_next(void *ctx, struct slice *out, struct err *err)
{
	struct made *m = ctx;

	if (m->at == m->fail_at)
		return err_set(err, STATUS_IO, "the store has gone");
	*out = SLICE_EMPTY;
	if (m->at < m->n) {
		snprintf(m->text, sizeof(m->text), "{\"id\":\"%zu\"}", m->at++);
		*out = slice_cstr(m->text);
	}
	return STATUS_OK;
}

static inline enum status made_rewind(void *ctx, struct err *err)
{
	struct made *m = ctx;

	(void)err;
	m->at = 0;
	m->rewinds++;
	return STATUS_OK;
}

static inline struct delivery_message made_message(struct made *m, const char *id)
{
	return (struct delivery_message){ .id = slice_cstr(id), .next = made_next, .rewind = made_rewind, .ctx = m };
}
#define MADE(count)                                                                                                    \
	{                                                                                                              \
		.n = (count), .fail_at = SIZE_MAX                                                                      \
	}

static inline struct config *config_of(const char *text)
{
	struct config_request request = { .mode = CONFIG_COMBO, .path = "test.yaml" };
	struct config *c = calloc(1, sizeof(*c));
	struct err err = ERR_INIT;

	assert_non_null(c);
	if (config_load_text(&request, slice_cstr(text), c, &err) != STATUS_OK)
		fail_msg("%s", err.msg);
	return c;
}

static inline void config_drop(struct config *c)
{
	config_fini(c);
	free(c);
}

#endif
