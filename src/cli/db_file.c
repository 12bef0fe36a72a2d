/* SPDX-License-Identifier: Apache-2.0 */
/* db_file.c - Clair's file of updaters, to and from a data folder; for limpid db and for clairctl. */
#include "cli/db.h"

#include "io/encoder.h"
#include "io/file.h"

#include <fcntl.h>
#include <unistd.h>

enum codec_id db_codec_of(const char *path)
{
	if (slice_ends(slice_cstr(path), SLICE(".gz")))
		return CODEC_gzip;
	return slice_ends(slice_cstr(path), SLICE(".zst")) ? CODEC_zstd : CODEC_PLAIN;
}

enum status db_make_folder(const char *dir, struct err *err)
{
	char segments[4096];

	if (!cli_segment_dir(dir, segments, sizeof(segments)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	return file_mkdirs(segments, err);
}

static enum status to_output(void *ctx, struct slice bytes, struct err *err)
{
	const struct report_out *out = ctx;

	return out->write(out->ctx, bytes, err);
}

static enum status to_encoder(void *ctx, struct slice bytes, struct err *err)
{
	return encoder_put(ctx, bytes, err);
}

static enum status export_to(struct store *store, const char *dir, struct report_out *to, enum codec_id codec,
			     struct carry_summary *out, struct err *err)
{
	const struct carry_options options = { .dir = dir, .limits = &limits_default };
	const struct encoder_out packed = { to_output, to };
	struct carry_out lines = { .write = to_encoder };
	struct encoder *encoder;
	enum status st;

	TRY(encoder_open(codec, &packed, &encoder, err));
	lines.ctx = encoder;
	st = carry_clair_export(store, &options, &lines, out, err);
	if (st == STATUS_OK)
		st = encoder_finish(encoder, err);
	encoder_free(encoder);
	return st;
}

enum status db_export_clair(struct store *store, const char *dir, const char *path, enum codec_id codec,
			    struct carry_summary *out, struct err *err)
{
	struct cli_output output;
	enum status st;

	TRY(cli_output_open(path, &output, err));
	st = export_to(store, dir, &output.out, codec, out, err);
	if (st == STATUS_OK)
		return cli_output_close(&output, err);
	cli_output_abort(&output);
	return st;
}

enum status db_import_clair(struct store *store, const char *path, const struct carry_options *options,
			    struct carry_summary *out, struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	int AUTO(close_fd) fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	struct source *packed, *in = NULL;
	enum codec_id codec;
	enum status st;

	if (fd < 0)
		return err_errno(err, "%s", path);
	packed = source_from_pipe(fd);
	if (!packed)
		return err_nomem(err, "a file");
	TRY(codec_open(packed, options->limits, &codec, &in, err));
	st = carry_clair_import(store, in, options, out, err);
	source_free(in);
	return st == STATUS_OK ? st : err_wrap(err, "%s", standard ? "standard input" : path);
}
