/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c - fuzz target: YAML trees stay within the caps on nodes and depth, aliases walked in full. */
#include "text/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)16 << 20);
	struct limits limits = limits_default;
	struct err err = ERR_INIT;
	const struct yaml_node *stack[64];
	struct yaml_node *root = NULL;
	size_t depth = 0, nodes = 0;

	limits.document_depth = 32;
	limits.yaml_nodes = 10000;
	if (yaml_parse(slice_make(data, size), &limits, &arena, &root, &err) == STATUS_OK && root) {
		stack[depth++] = root;
		while (depth > 0) {
			const struct yaml_node *n = stack[--depth];

			if (++nodes > limits.yaml_nodes)
				abort();
			/* The root has no sibling, so two entries for each level are enough. */
			if (n->next)
				stack[depth++] = n->next;
			if (n->child)
				stack[depth++] = n->child;
			if (depth + 2 > ARRAY_LEN(stack))
				abort();
		}
		yaml_get_str(root, "a");
	}
	arena_fini(&arena);
	return 0;
}
