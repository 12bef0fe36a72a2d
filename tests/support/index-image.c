/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index-image.c - opens and indexes one target and says in a line how that went: "ok N", "gap N" or "error TEXT".
 *
 * "ok": everything was read and N packages were found. "gap": the report says itself that something is missing.
 */
#include "index/index.h"
#include "index/worker.h"

#include <stdio.h>

static int index_target(const char *target, bool in_process)
{
	struct image_options options = { .limits = &limits_default };
	struct index_env env = { .limits = &limits_default, .verify_diff_ids = true, .in_process = in_process };
	struct arena arena = ARENA_INIT((size_t)1 << 30);
	struct err err = ERR_INIT;
	struct index_report report;
	struct image *image = NULL;
	bool whole;

	if (!in_process) {
		options.isolate = worker_isolate;
		options.isolate_ctx = (void *)(uintptr_t)&limits_default;
	}
	if (image_open(slice_cstr(target), &options, &image, &err) != STATUS_OK) {
		printf("error %s\n", err.msg);
		return 0;
	}
	if (index_image(image, &env, &arena, &report, &err) != STATUS_OK) {
		printf("error %s\n", err.msg);
		image_free(image);
		arena_fini(&arena);
		return 1;
	}
	whole = report.complete && report.packages.len > 0;
	printf("%s %zu\n", whole ? "ok" : "gap", report.packages.len);
	for (size_t i = 0; i < report.diags.len && i < 20; i++)
		printf("  %s: %.*s\n", diag_name(report.diags.at[i].diag.code),
		       SLICE_ARG(report.diags.at[i].diag.text));
	image_free(image);
	arena_fini(&arena);
	return 0;
}

int main(int argc, char **argv)
{
	bool in_process = argc > 2 && strcmp(argv[1], "--in-process") == 0;

	if (argc < 2)
		return 2;
	return index_target(argv[argc - 1], in_process);
}
