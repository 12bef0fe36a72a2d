/* SPDX-License-Identifier: Apache-2.0 */
/* toml.c - fuzz target: TOML trees. Texts lie in the input or are made of it, lines ascend, lists end where they say.
 */
#include "text/toml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct limits limits = limits_default;
	struct err err = ERR_INIT;
	const struct toml_node *stack[128];
	struct toml_node *root = NULL;
	size_t depth = 0, lines = 1, nodes = 0;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	limits.document_depth = 16;
	if (toml_parse(slice_make(data, size), &limits, &arena, &root, &err) != STATUS_OK) {
		if (err.offset != ERR_NO_OFFSET && err.offset > size)
			abort();
	} else {
		stack[depth++] = root;
	}
	while (depth > 0) {
		const struct toml_node *n = stack[--depth];

		if (++nodes > size + 1 || n->line > lines || (n->last && n->last->next) || !n->child != !n->last ||
		    !slice_is_utf8(n->key) || (n->quoted && !slice_is_utf8(n->scalar)))
			abort();
		/* A key, a header and values within it may each be as deep as the cap. */
		if (depth + 2 > ARRAY_LEN(stack))
			abort();
		if (n->next)
			stack[depth++] = n->next;
		if (n->child)
			stack[depth++] = n->child;
	}
	arena_fini(&arena);
	return 0;
}
