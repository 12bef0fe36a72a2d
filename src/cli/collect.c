/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c - what nobody needs any more goes: old update operations, their segments, files of killed runs. */
#include "cli/cli.h"

#include <unistd.h>

#define POLL_US 50000u

/* A deletion waits for updates to end, but not for ever. */
static enum status lock_alone(const char *segments, unsigned wait_ms, int *out_fd, struct err *err)
{
	uint64_t until = date_monotonic_ns() + (uint64_t)wait_ms * 1000000;
	enum status st;

	while ((st = segment_folder_lock(segments, SEGMENT_FOLDER_DELETE, out_fd, err)) == STATUS_CONFLICT &&
	       date_monotonic_ns() < until)
		usleep(POLL_US);
	return st;
}

static enum status collect_segments(struct store *store, const char *segments, struct segment_collected *out,
				    struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)256 << 20);
	struct store_operation *ops;
	struct store_source *sources;
	struct digest *keep;
	size_t n_ops, n_sources;

	TRY(store_sources(store, &arena, &sources, &n_sources, err));
	TRY(store_operations(store, SLICE_EMPTY, SIZE_MAX >> 1, &arena, &ops, &n_ops, err));
	keep = arena_array(&arena, n_sources + n_ops + 1, sizeof(*keep));
	if (!keep)
		return err_nomem(err, "segments");
	for (size_t i = 0; i < n_sources; i++)
		keep[i] = sources[i].segment;
	for (size_t i = 0; i < n_ops; i++)
		keep[n_sources + i] = ops[i].segment;
	return segment_folder_collect(segments, keep, n_sources + n_ops, out, err);
}

enum status cli_collect(struct store *store, const char *data_dir, const struct cli_retention *retention,
			unsigned wait_ms, struct cli_collected *out, struct err *err)
{
	int64_t since_s = retention->days > 0 ? date_now() - (int64_t)retention->days * 86400 : DATE_NONE;
	int AUTO(close_fd) fd = -1;
	char segments[4096];
	enum status st;

	*out = (struct cli_collected){ 0 };
	if (!cli_segment_dir(data_dir, segments, sizeof(segments)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	st = lock_alone(segments, wait_ms, &fd, err);
	if (st == STATUS_NOTFOUND)
		return STATUS_OK; /* no segments yet */
	if (st != STATUS_OK)
		return st;
	if (retention->keep > 0)
		TRY(store_operations_gc(store, retention->keep, since_s, &out->operations, err));
	return collect_segments(store, segments, &out->files, err);
}
