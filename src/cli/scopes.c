/* SPDX-License-Identifier: Apache-2.0 */
/* scopes.c - which feed would have advisories for a scope, for the coverage section. */
#include "cli/cli.h"

static const struct {
	const char *begins, *feed;
} served[] = {
#define SCOPE_SERVED(begins, feed) { begins, feed },
#include "feed/scopes.def"
#undef SCOPE_SERVED
};

bool cli_scope_served(struct slice scope, struct slice *out_feed)
{
	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		struct slice begins = slice_cstr(served[i].begins);
		bool whole = begins.ptr[begins.len - 1] != ':';

		if (whole ? slice_eq(scope, begins) : slice_starts(scope, begins)) {
			*out_feed = slice_cstr(served[i].feed);
			return true;
		}
	}
	return false;
}
