/* SPDX-License-Identifier: Apache-2.0 */
/* target.c - from a target on the command line to an index report and the segments in force. */
#include "cli/remote.h"

#include "index/index.h"
#include "index/worker.h"

#include <stdlib.h>
#include <unistd.h>

struct indexing {
	struct cli_progress progress;
	const struct options *options;
	VEC(struct index_diag) odd; /* what opening the image had to say */
	struct arena *arena;
	struct store *memory; /* borrowed; what is known of files lies beside the cached layers. NULL: no cache */
	struct err trouble;   /* its first failure, which stops nothing */
};

static void on_progress(void *ctx, size_t layers_done, size_t layers, uint64_t bytes_done, uint64_t bytes)
{
	struct indexing *x = ctx;
	double seconds = (double)(date_monotonic_ns() - x->progress.started_ns) / 1e9;
	double rate = seconds > 0 ? (double)bytes_done / seconds : 0.0;
	char left[48] = "";

	/* The first moments say nothing of the rest. */
	if (seconds > 1 && rate > 0 && bytes > bytes_done)
		snprintf(left, sizeof(left), ", %.0f s left", (double)(bytes - bytes_done) / rate);
	cli_progress_show(&x->progress, "layer %zu of %zu, %llu of %llu MB, %.0f MB/s%s", layers_done, layers,
			  (unsigned long long)(bytes_done / 1000000), (unsigned long long)(bytes / 1000000), rate / 1e6,
			  left);
}

static void on_diag(void *ctx, const struct diag *d)
{
	struct indexing *x = ctx;
	struct index_diag *keep = VEC_PUSH(&x->odd, x->arena);

	if (!keep)
		return;
	keep->layer = SIZE_MAX;
	keep->diag.code = d->code;
	keep->diag.offset = d->offset;
	if (!arena_copy(x->arena, d->where, &keep->diag.where) || !arena_copy(x->arena, d->text, &keep->diag.text))
		x->odd.len--;
}

static void memory_failed(struct indexing *x, const struct err *why)
{
	if (x->trouble.code == STATUS_OK)
		x->trouble = *why;
}

static bool recall(void *ctx, struct slice key, struct buf *out)
{
	struct indexing *x = ctx;
	struct err err = ERR_INIT;
	enum status st = store_file_get(x->memory, key, out, &err);

	if (st != STATUS_OK && st != STATUS_NOTFOUND)
		memory_failed(x, &err);
	return st == STATUS_OK;
}

static void remember(void *ctx, struct slice key, struct slice value)
{
	struct indexing *x = ctx;
	struct err err = ERR_INIT;

	if (store_file_put(x->memory, key, value, &err) != STATUS_OK)
		memory_failed(x, &err);
}

static bool parse_platform(const char *text, struct image_platform *out)
{
	struct slice rest = slice_cstr(text);

	if (!slice_cut(rest, '/', &out->os, &rest) || out->os.len == 0)
		return false;
	slice_cut(rest, '/', &out->arch, &out->variant);
	return out->arch.len > 0;
}

static bool parse_source(const struct options *o, enum index_source *out)
{
	static const char *const names[] = { "auto", "on", "off" };

	*out = INDEX_SOURCE_AUTO;
	if (!option_given(o, OPTION_lock_files))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		*out = (enum index_source)i;
		if (strcmp(o->value[OPTION_lock_files], names[i]) == 0)
			return true;
	}
	return false;
}

static enum status index_opened(const struct image *image, const struct image_options *opening, struct indexing *x,
				const struct cli_folder *folder, struct arena *arena, struct index_report *out,
				struct err *err)
{
	const char *temp_dirs[CLI_TEMP_DIRS];
	struct index_env env = {
		.limits = &limits_default,
		.temp_dirs = temp_dirs,
		.cache = folder->cached ? folder->store : NULL,
		.cache_trouble = folder->writable ? &x->trouble : NULL,
		.in_process = option_given(x->options, OPTION_in_process),
		.verify_diff_ids = true,
		.lists = option_given(x->options, OPTION_files),
		.progress = { on_progress, x },
	};

	if (!parse_source(x->options, &env.source))
		return err_set(err, STATUS_INVALID, "--lock-files: expected auto, on or off");
	cli_temp_dirs(temp_dirs);
	if (image->remote)
		cli_network->reads(image, opening, &env, &x->progress);
	TRY(index_image(image, &env, arena, out, err));
	if (folder->writable && x->trouble.code != STATUS_OK)
		cli_note(x->options, "layers are not cached: %s", x->trouble.msg);
	for (size_t i = 0; i < x->odd.len; i++) {
		struct index_diag *d = VEC_PUSH(&out->diags, arena);

		if (!d)
			return err_nomem(err, "index report");
		*d = x->odd.at[i];
		if (diag_severity(d->diag.code) >= DIAG_SEVERITY_WARNING)
			out->complete = false;
	}
	return STATUS_OK;
}

enum status cli_index(const struct options *o, const struct cli_folder *folder, struct slice target,
		      struct arena *arena, struct index_report *out, struct err *err)
{
	struct indexing x = { .options = o, .arena = arena, .trouble = ERR_INIT };
	struct diag_sink diags = { on_diag, &x };
	struct image_options options = { .limits = &limits_default, .diags = &diags };
	struct err_quote q;
	struct image *image;
	enum status st;

	if (option_given(o, OPTION_platform)) {
		if (!parse_platform(o->value[OPTION_platform], &options.platform))
			return err_set(err, STATUS_INVALID, "--platform %s: expected OS/ARCH or OS/ARCH/VARIANT",
				       err_slice(&q, slice_cstr(o->value[OPTION_platform])));
		options.platform_given = true;
	}
	if (cli_network)
		TRY(cli_network->begin(o, &options.remote, err));
	if (!option_given(o, OPTION_in_process)) {
		options.isolate = worker_isolate;
		options.isolate_ctx = (void *)(uintptr_t)&limits_default;
	}
	if (folder->cached) {
		x.memory = folder->store;
		options.recall = recall;
		options.remember = remember;
		options.memory_ctx = &x;
	}
	TRY(image_open(target, &options, &image, err));
	cli_progress_init(&x.progress, o);
	st = index_opened(image, &options, &x, folder, arena, out, err);
	cli_progress_clear(&x.progress);
	image_free(image);
	return st;
}

void cli_temp_dirs(const char *out[CLI_TEMP_DIRS])
{
	const char *said = getenv("TMPDIR");

	out[0] = said && said[0] ? said : "/var/tmp";
	out[1] = "/var/tmp";
	out[2] = "/tmp";
	out[3] = NULL;
}

bool cli_needs_network(const char *const *targets, size_t n)
{
	for (size_t i = 0; !cli_network && i < n; i++)
		if (image_target_is_remote(slice_cstr(targets[i])))
			return true;
	return false;
}

void cli_print_targets(FILE *out)
{
	size_t n;
	const struct image_transport *t = image_transports(&n);

	fputs("\ntargets:\n", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  %-26s %s%s\n", t[i].form, t[i].help, t[i].available ? "" : " (not available yet)");
}
