/* SPDX-License-Identifier: Apache-2.0 */
/* ignore_file.c - fuzz target: an ignore file is read whole or refused with a place. */
#include "policy/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct limits limits = limits_default;
	struct policy *p = policy_new();
	struct err err = ERR_INIT;

	limits.document_depth = 32;
	limits.yaml_nodes = 10000;
	if (p && policy_add_ignore(p, SLICE("f"), slice_make(data, size), &limits, &err) != STATUS_OK &&
	    err.msg[0] == '\0')
		abort();
	policy_free(p);
	return 0;
}
