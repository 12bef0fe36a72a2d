/* SPDX-License-Identifier: Apache-2.0 */
/* clair_scanner_here.c - clair-scanner without a server: the image is indexed and matched in this process. */
#include "cli/clair_scanner.h"

#include "match/match.h"
#include "model/index_report.h"

static enum status keep(void *ctx, struct slice bytes, struct err *err)
{
	struct buf *document = ctx;

	buf_add(document, bytes);
	return buf_check(document, "a report", err);
}

static bool has_errors(const struct index_report *index)
{
	for (size_t i = 0; i < index->diags.len; i++)
		if (diag_severity(index->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return true;
	return false;
}

/* As a server would send it: one way from documents to rows. */
static enum status write_document(struct scanner_run *run, const struct vulnerability_report *r, struct err *err)
{
	const struct report_options options = { .now_s = date_now(),
						.fail_on = SEVERITY_COUNT,
						.program_version = cli_version };
	const struct report_out out = { .write = keep, .ctx = &run->document };

	TRY(report_format_by_name(SLICE("clair"))->vulnerabilities(r, &options, &out, err));
	return scanner_rows_v4(buf_slice(&run->document), &limits_default, &run->arena, &run->rows, err);
}

static enum status match(struct scanner_run *run, struct cli_folder *folder, const struct index_report *index,
			 struct arena *arena, struct err *err)
{
	struct match_options options = { .now_s = date_now(), .scope_served = cli_scope_served };
	struct vulnerability_report report;
	struct segment_set *set;
	enum status st;

	TRY(cli_segments(folder, &set, err));
	st = match_report(index, set, &options, arena, &report, err);
	if (st == STATUS_OK && report.sources.len == 0 && index->packages.len > 0)
		st = err_set(err, STATUS_NOTFOUND,
			     "the data folder %s has no advisories for this image: run limpid update first",
			     folder->dir);
	if (st == STATUS_OK)
		st = cli_folder_tell(folder, &report, arena, err);
	if (st == STATUS_OK)
		st = write_document(run, &report, err);
	segment_set_free(set);
	return st;
}

enum status scanner_scan_here(struct scanner_run *run, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct cli_folder folder;
	struct index_report index;
	struct slice target;
	char dir[4096];
	enum status st;

	if (!cli_data_dir(&run->options, dir, sizeof(dir)))
		return err_set(err, STATUS_INVALID, "no data folder");
	TRY(scanner_target(run, &target, err));
	cli_folder_open(&run->options, dir, &folder);
	st = cli_index(&run->options, &folder, target, &arena, &index, err);
	if (st == STATUS_OK) {
		run->unread = has_errors(&index);
		st = match(run, &folder, &index, &arena, err);
	}
	cli_folder_close(&folder);
	return st;
}
