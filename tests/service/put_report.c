/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put_report.c - put index reports into a store, as an indexer does: for tests and measurements of the matcher alone.
 *
 * usage: put-report WHERE FILE...     (WHERE: a data folder or a connection string; FILE: an index report of Clair's
 * form)
 */
#include "io/file.h"
#include "model/clair_index.h"
#include "store/pool.h"

#include <stdio.h>
#include <stdlib.h>

static struct slice scope_of(const struct index_report *r, const struct index_package *p, struct arena *arena)
{
	struct slice scope = slice_cstr(package_type_scope(p->package.type));

	if (scope.len == 0 && p->distribution != INDEX_NO_DISTRIBUTION &&
	    !distribution_scope(&r->distributions.at[p->distribution], arena, &scope))
		scope = SLICE_EMPTY;
	return scope;
}

/* All packages as one group. */
static bool make_group(const struct index_report *r, struct arena *arena, struct store_group *out)
{
	struct store_package *at = arena_array(arena, r->packages.len + 1, sizeof(*at));

	for (size_t i = 0; at && i < r->packages.len; i++) {
		const struct package *p = &r->packages.at[i].package;

		at[i] = (struct store_package){ .type = slice_cstr(package_type_purl(p->type)),
						.name = p->name,
						.version = p->version,
						.source_name = p->source_name,
						.source_version = p->source_version,
						.arch = p->arch,
						.module = p->module,
						.scope = scope_of(r, &r->packages.at[i], arena) };
	}
	*out = (struct store_group){ at, r->packages.len };
	return at != NULL;
}

static enum status put(struct store *s, const char *path, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 30);
	struct buf AUTO(buf_fini) text = BUF_INIT(limits_default.index_bytes);
	struct index_report report;
	struct store_group group;
	struct store_manifest m = { .state = SLICE_INIT("IndexFinished"),
				    .success = true,
				    .indexer_state = SLICE_INIT("test") };

	TRY(file_read(path, &text, err));
	TRY(clair_index_parse(buf_slice(&text), &limits_default, &arena, &report, err));
	m.digest = report.manifest;
	if (!make_group(&report, &arena, &group))
		return err_nomem(err, "packages");
	return store_manifest_put(s, &m, buf_slice(&text), &group, 1, err);
}

int main(int argc, char **argv)
{
	struct store_options options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	struct err err = ERR_INIT;
	struct store *s;
	enum status st;

	if (argc < 3)
		return 2;
	st = store_open_url(argv[1], &options, &s, &err);
	for (int i = 2; st == STATUS_OK && i < argc; i++)
		st = put(s, argv[i], &err);
	if (st != STATUS_OK) {
		fprintf(stderr, "put-report: %s\n", err.msg);
		return 1;
	}
	store_close(s);
	return 0;
}
