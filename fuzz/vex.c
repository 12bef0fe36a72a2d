/* SPDX-License-Identifier: Apache-2.0 */
/* vex.c - fuzz target: a VEX document is read whole or refused, and then applied to a package. */
#include "policy/policy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct index_package package = {
		.package = { .type = PACKAGE_PYPI, .name = SLICE("django"), .version = SLICE("1.0") },
		.distribution = INDEX_NO_DISTRIBUTION
	};
	struct finding finding = { .advisory = { .id = SLICE("CVE-2024-1") } };
	struct index_report index = { .image_name = SLICE("alpine:3"), .packages = { &package, 1, 1 } };
	struct vulnerability_report report = { .index = &index, .findings = { &finding, 1, 1 }, .flaws = 1 };
	struct arena arena = ARENA_INIT((size_t)16 << 20);
	struct policy *p = policy_new();
	struct err err = ERR_INIT;

	if (p && policy_add_vex(p, SLICE("f"), slice_make(data, size), &limits_default, &err) == STATUS_OK) {
		if (policy_apply(p, &report, 0, &arena, &err) == STATUS_OK &&
		    report.findings.len + report.suppressed.len != 1)
			abort();
	} else if (p && err.msg[0] == '\0') {
		abort();
	}
	policy_free(p);
	arena_fini(&arena);
	return 0;
}
