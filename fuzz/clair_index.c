/* SPDX-License-Identifier: Apache-2.0 */
/* clair_index.c - fuzz target: an index report that is accepted has only places that exist, and reads the same again.
 */
#include "model/clair_index.h"

#include <stdlib.h>

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void check_report(const struct index_report *r)
{
	for (size_t i = 0; i < r->packages.len; i++) {
		const struct index_package *p = &r->packages.at[i];

		check(p->layer == SIZE_MAX || p->layer < r->layers.len);
		check(p->distribution == INDEX_NO_DISTRIBUTION || p->distribution < r->distributions.len);
		check(p->repository == SIZE_MAX || p->repository < r->repositories.len);
		check(p->package.type < PACKAGE_TYPE_COUNT && p->package.name.len > 0);
	}
	for (size_t i = 0; i < r->diags.len; i++) {
		check(r->diags.at[i].layer == SIZE_MAX || r->diags.at[i].layer < r->layers.len);
		check(!r->complete || diag_severity(r->diags.at[i].diag.code) < DIAG_SEVERITY_WARNING);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct index_report first, second;
	struct err err = ERR_INIT;

	if (size <= (1 << 20) &&
	    clair_index_parse(slice_make(data, size), &limits_default, &arena, &first, &err) == STATUS_OK) {
		check_report(&first);
		check(clair_index_parse(slice_make(data, size), &limits_default, &arena, &second, &err) == STATUS_OK);
		check(first.packages.len == second.packages.len && first.diags.len == second.diags.len &&
		      first.complete == second.complete);
	}
	arena_fini(&arena);
	return 0;
}
