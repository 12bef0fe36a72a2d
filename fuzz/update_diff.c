/* SPDX-License-Identifier: Apache-2.0 */
/* update_diff.c - fuzz target: what a matcher answers to update_diff; each change has a side, and its texts are JSON.
 */
#include "notify/upstream_remote.h"
#include "text/json.h"

#include <stdlib.h>

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void check_json(struct slice text)
{
	struct json_doc doc;
	struct err err = ERR_INIT;

	check(json_parse(text, &limits_default, &doc, &err) == STATUS_OK && yyjson_is_obj(doc.root));
	json_doc_free(&doc);
}

static void check_side(const struct notify_side *s, enum severity least, bool *enough)
{
	check((s->n > 0) == (s->summary.len > 0) && s->severity < SEVERITY_COUNT);
	*enough |= s->n > 0 && s->severity >= least;
	if (s->n > 0)
		check_json(s->summary);
	for (size_t i = 0; i < s->n; i++) {
		check(s->rows[i].q.refused.len == 0 && s->rows[i].q.severity <= s->severity);
		check_json(s->rows[i].raw);
	}
}

static enum status on_changes(void *ctx, const struct notify_change *changes, size_t n, struct err *err)
{
	(void)err;
	check(n > 0);
	for (size_t i = 0; i < n; i++) {
		bool enough = false;

		check_side(&changes[i].before, SEVERITY_LOW, &enough);
		check_side(&changes[i].after, SEVERITY_LOW, &enough);
		check(enough && changes[i].package.len > 0);
		++*(size_t *)ctx;
	}
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t first = 0, second = 0;
	struct notify_changes_sink one = { on_changes, &first }, two = { on_changes, &second };
	struct err err = ERR_INIT;
	enum status st;

	if (size > (1 << 18))
		return 0;
	st = notify_diff_parse(slice_make(data, size), SEVERITY_LOW, &limits_default, &one, &err);
	check(notify_diff_parse(slice_make(data, size), SEVERITY_LOW, &limits_default, &two, &err) == st &&
	      first == second);
	return 0;
}
