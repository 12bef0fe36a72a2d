/* SPDX-License-Identifier: Apache-2.0 */
/* clair_scanner_here.c - clair-scanner without a server: the image is indexed and matched in this process. */
#include "cli/clair_scanner.h"

#include "cli/client_here.h"

static enum status keep(void *ctx, struct slice bytes, struct err *err)
{
	struct buf *document = ctx;

	buf_add(document, bytes);
	return buf_check(document, "a report", err);
}

/* As a server would send it: one way from documents to rows. */
static enum status use(void *ctx, const struct vulnerability_report *r, bool unread, struct err *err)
{
	struct scanner_run *run = ctx;
	const struct report_options options = { .now_s = date_now(),
						.fail_on = SEVERITY_COUNT,
						.program_version = cli_version };
	const struct report_out out = { .write = keep, .ctx = &run->document };

	run->unread = unread;
	TRY(report_format_by_name(SLICE("clair"))->vulnerabilities(r, &options, &out, err));
	return scanner_rows_v4(buf_slice(&run->document), &limits_default, &run->arena, &run->rows, err);
}

enum status scanner_scan_here(struct scanner_run *run, struct err *err)
{
	struct client_here here = { .options = &run->options, .use = use, .ctx = run };

	TRY(scanner_target(run, &here.target, err));
	return client_scan_here(&here, err);
}
