/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - fuzz target: vulnerabilities that are accepted can be judged, and what is said of them again reads the
 * same. */
#include "match/judge.h"

#include <stdlib.h>

static void check(bool fine)
{
	if (!fine)
		abort();
}

/* The answer's form of a question is a question about the same package. */
static void read_again(const struct judge_question *q, struct arena *arena)
{
	struct slice text;
	judge_question_list again;
	struct err err = ERR_INIT;

	if (!arena_printf(arena, &text, "{\"vulnerabilities\":[%.*s]}", SLICE_ARG(q->json)) || q->json.len > 4096)
		return;
	check(judge_parse(text, &limits_default, arena, &again, &err) == STATUS_OK && again.len == 1);
	check(again.at[0].severity == q->severity && slice_eq(again.at[0].name, q->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct package p = { .type = PACKAGE_PYPI, .version = SLICE_INIT("1.0") };
	judge_question_list list;
	struct err err = ERR_INIT;

	if (size <= (1 << 18) &&
	    judge_parse(slice_make(data, size), &limits_default, &arena, &list, &err) == STATUS_OK) {
		for (size_t i = 0; i < list.len; i++) {
			p.name = list.at[i].name;
			check(!judge_affects(&list.at[i], &p, SLICE("of nobody"), NULL));
			(void)judge_affects(&list.at[i], &p, list.at[i].scope, NULL);
			read_again(&list.at[i], &arena);
		}
	}
	arena_fini(&arena);
	return 0;
}
