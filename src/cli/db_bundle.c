/* SPDX-License-Identifier: Apache-2.0 */
/* db_bundle.c - bundles, to and from a data folder. */
#include "cli/db.h"

#include "io/encoder.h"
#include "io/file.h"
#include "io/tar.h"

#include <fcntl.h>
#include <unistd.h>

#define MANIFEST_MAX ((size_t)16 << 20)
#define HEAD_BYTES 512

/* What cannot be read is no bundle: whoever reads it as something else says why. */
bool db_is_bundle(const char *path)
{
	uint8_t head[HEAD_BYTES];
	struct source *in = NULL;
	struct err ignored = ERR_INIT;
	int AUTO(close_fd) fd = -1;
	bool is = strcmp(path, "-") != 0 && db_open_unpacked(path, &fd, &in, &ignored) == STATUS_OK &&
		  source_read_full(in, head, sizeof(head), &ignored) == STATUS_OK &&
		  tar_claims(slice_make(head, sizeof(head)));

	source_free(in);
	return is;
}

static enum status read_since(const char *path, struct buf *out, struct err *err)
{
	struct source *in = NULL;
	int AUTO(close_fd) fd = -1;
	enum status st;

	if (!db_is_bundle(path))
		return file_read(path, out, err);
	st = db_open_unpacked(path, &fd, &in, err);
	if (st == STATUS_OK)
		st = carry_bundle_manifest(in, &limits_default, out, err);
	source_free(in);
	return st == STATUS_OK ? buf_check(out, "a manifest", err) : err_wrap(err, "%s", path);
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

static enum status export_to(struct store *store, const char *dir, struct report_out *to,
			     const struct carry_bundle *bundle, struct carry_summary *out, struct err *err)
{
	const struct carry_options options = { .dir = dir, .limits = &limits_default };
	const struct encoder_out packed = { to_output, to };
	struct carry_out tar = { .write = to_encoder };
	struct encoder *encoder;
	enum status st;

	TRY(encoder_open(CODEC_zstd, &packed, &encoder, err));
	tar.ctx = encoder;
	st = carry_bundle_export(store, &options, bundle, &tar, out, err);
	if (st == STATUS_OK)
		st = encoder_finish(encoder, err);
	encoder_free(encoder);
	return st;
}

enum status db_export_bundle(struct store *store, const char *dir, const char *path, const char *key, const char *since,
			     struct carry_summary *out, struct err *err)
{
	struct buf AUTO(buf_fini) manifest = BUF_INIT(MANIFEST_MAX);
	struct carry_bundle bundle = { .key = key };
	struct cli_output output;
	enum status st;

	if (since)
		TRY(read_since(since, &manifest, err));
	bundle.since = buf_slice(&manifest);
	TRY(cli_output_open(path, &output, err));
	st = export_to(store, dir, &output.out, &bundle, out, err);
	if (st == STATUS_OK)
		return cli_output_close(&output, err);
	cli_output_abort(&output);
	return st;
}

enum status db_import_bundle(struct store *store, const char *path, const struct carry_options *options,
			     const char *key, struct carry_summary *out, struct err *err)
{
	const struct carry_bundle bundle = { .key = key };
	struct source *in = NULL;
	int AUTO(close_fd) fd = -1;
	enum status st = db_open_unpacked(path, &fd, &in, err);

	if (st == STATUS_OK)
		st = carry_bundle_import(store, in, options, &bundle, out, err);
	source_free(in);
	return st == STATUS_OK ? st : err_wrap(err, "%s", path);
}
