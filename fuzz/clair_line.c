/* SPDX-License-Identifier: Apache-2.0 */
/* clair_line.c - fuzz target: a line of Clair's file of updaters, as the advisory that is made of it. */
#include "carry/clair_line.h"

#include <stdlib.h>

static void check(bool fine)
{
	if (!fine)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct err err = ERR_INIT;
	struct clair_line line;

	if (size <= (1 << 18) &&
	    clair_line_parse(slice_make(data, size), &limits_default, &arena, &line, &err) == STATUS_OK) {
		check(line.updater.len > 0);
		if (!line.enrichment && line.refused.len == 0) {
			const struct affected *row = &line.row;

			check(line.advisory.id.len > 0 && row->package.len > 0 && row->scope.len > 0);
			check(line.advisory.affected == row && line.advisory.n_affected == 1);
			check(row->status == AFFECTED_YES);
		}
		if (line.enrichment && line.known && line.refused.len == 0) {
			const struct affected *row = line.record.advisory.affected;

			check(line.record.advisory.n_affected == 1 && enrichment_is_cve(row->package));
			check(slice_eq(row->scope, enricher_scope(line.enricher)) &&
			      row->versions == line.record.fields);
		}
	}
	arena_fini(&arena);
	return 0;
}
