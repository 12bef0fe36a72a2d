/* SPDX-License-Identifier: Apache-2.0 */
/* remote.c - images that are not files of this machine: what registries and daemons share. */
#include "image/remote_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void remote_note(const struct remotes *all, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!all->options.note)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	all->options.note(all->options.note_ctx, text);
}

static enum status open_any(void *ctx, enum image_remote_kind kind, struct slice ref, struct image_impl *impl,
			    const struct image_options *options, struct err *err)
{
	struct remotes *all = ctx;

	return kind == IMAGE_REGISTRY ? registry_image_open(all, ref, impl, options, err)
				      : daemon_image_open(all, kind, ref, impl, options, err);
}

static void close_any(struct image_remote *remote)
{
	remote->close(remote);
}

enum status remotes_new(const struct remote_options *options, struct remotes **out, struct err *err)
{
	struct remotes *all = calloc(1, sizeof(*all));

	if (!all)
		return err_nomem(err, "a registry");
	all->options = *options;
	all->ops = (struct image_remote_ops){ .open = open_any, .close = close_any, .ctx = all };
	*out = all;
	return STATUS_OK;
}

void remotes_free(struct remotes *all)
{
	while (all && all->registries) {
		struct registry *next = registry_next(all->registries);

		registry_free(all->registries);
		all->registries = next;
	}
	free(all);
}

const struct image_remote_ops *remotes_ops(const struct remotes *all)
{
	return &all->ops;
}

bool image_remote_streams(const struct image *image)
{
	return image->remote && image->remote->pass;
}

enum status image_remote_bring(const struct image *image, const struct image_options *options, struct err *err)
{
	return image_remote_streams(image) ? err_set(err, STATUS_BUG, "the image is not brought here")
					   : image->remote->bring(image->remote, options, err);
}

enum status image_remote_pass(const struct image *image, const struct image_layer *layer, const struct layer_sink *sink,
			      struct err *err)
{
	if (!image_remote_streams(image))
		return err_set(err, STATUS_BUG, "the image is on this machine");
	return image->remote->pass(image->remote, layer, sink, err);
}

enum status image_remote_locate(const struct image *image, const struct image_layer *layer, struct arena *arena,
				struct slice *out_url, struct slice *out_authorization, struct err *err)
{
	if (!image->remote || !image->remote->locate)
		return err_set(err, STATUS_UNSUPPORTED, "the layers are of no registry");
	return image->remote->locate(image->remote, layer, arena, out_url, out_authorization, err);
}
