/* SPDX-License-Identifier: Apache-2.0 */
/* client_here.c - from a target to a vulnerability report, with the advisories of the data folder. */
#include "cli/client_here.h"

#include "match/enrich.h"
#include "match/match.h"
#include "match/repositories.h"
#include "model/index_report.h"

static bool has_errors(const struct index_report *index)
{
	for (size_t i = 0; i < index->diags.len; i++)
		if (diag_severity(index->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return true;
	return false;
}

static enum status match(const struct client_here *here, struct cli_folder *folder, struct index_report *index,
			 struct arena *arena, struct err *err)
{
	struct match_options options = { .now_s = date_now(), .scope_served = cli_scope_served };
	struct vulnerability_report report;
	struct segment_set *set;
	enum status st;

	TRY(cli_segments(folder, &set, err));
	st = repositories_resolve(index, set, arena, err);
	if (st == STATUS_OK)
		st = match_report(index, set, &options, arena, &report, err);
	if (st == STATUS_OK)
		st = match_enrich(set, arena, &report, err);
	if (st == STATUS_OK && report.sources.len == 0 && index->packages.len > 0)
		st = err_set(err, STATUS_NOTFOUND,
			     "the data folder %s has no advisories for this image: run limpid update first",
			     folder->dir);
	if (st == STATUS_OK)
		st = cli_folder_tell(folder, &report, arena, err);
	if (st == STATUS_OK)
		st = here->use(here->ctx, &report, has_errors(index), err);
	segment_set_free(set);
	return st;
}

enum status client_scan_here(const struct client_here *here, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct cli_folder folder;
	struct index_report index;
	char dir[4096];
	enum status st;

	if (!cli_data_dir(here->options, dir, sizeof(dir)))
		return err_set(err, STATUS_INVALID, "no data folder");
	cli_folder_open(here->options, dir, &folder);
	st = cli_index(here->options, &folder, here->target, &arena, &index, err);
	if (st == STATUS_OK)
		st = match(here, &folder, &index, &arena, err);
	cli_folder_close(&folder);
	return st;
}
