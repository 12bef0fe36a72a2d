/* SPDX-License-Identifier: Apache-2.0 */
/* unread.c - counts the files that hold packages nobody here reads, as the merged image shows them. */
#include "index/unread.h"

/* What such a file holds; NULL: it is none, or the image does not show it. */
static const char *kind_of(const struct layer_file *f, struct merged *m, size_t layer, const struct rules *rules)
{
	const struct detector *d = rules_detector(rules, f->detector);
	const struct path_rule *rule = d && f->kind == LAYER_FILE_REGULAR ? rules_of(rules, d, f->path) : NULL;
	struct merged_seen seen;

	if (!rule || !rule->unread)
		return NULL;
	seen = merged_at_top(m, f->path);
	return seen.kind == MERGED_FILE && seen.layer == layer ? rule->unread : NULL;
}

enum status unread_ask(struct owned *o, struct merged *m, const struct layer_report *const *reports, size_t n,
		       const struct rules *rules, struct err *err)
{
	for (size_t layer = 0; layer < n; layer++) {
		const struct layer_report *r = reports[layer];

		for (size_t i = 0; i < r->files.len; i++)
			if (kind_of(&r->files.at[i], m, layer, rules) && !owned_ask(o, r->files.at[i].path))
				return err_nomem(err, "unread files");
	}
	return STATUS_OK;
}

static struct unread_kind *find_kind(struct unread_kind *kinds, size_t *n, const char *what)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(kinds[i].what, what) == 0)
			return &kinds[i];
	if (*n == UNREAD_KINDS_MAX)
		return NULL;
	kinds[*n] = (struct unread_kind){ .what = what };
	return &kinds[(*n)++];
}

size_t unread_count(const struct owned *o, struct merged *m, const struct layer_report *const *reports, size_t n,
		    const struct rules *rules, struct unread_kind out[UNREAD_KINDS_MAX])
{
	size_t kinds = 0;

	for (size_t layer = 0; layer < n; layer++) {
		const struct layer_report *r = reports[layer];

		for (size_t i = 0; i < r->files.len; i++) {
			const struct layer_file *f = &r->files.at[i];
			struct unread_kind *kind;
			const char *what = kind_of(f, m, layer, rules);

			if (!what || owned_has(o, f->path))
				continue;
			kind = find_kind(out, &kinds, what);
			if (kind && kind->n++ == 0) {
				kind->example = f->path;
				kind->layer = layer;
			}
		}
	}
	return kinds;
}
