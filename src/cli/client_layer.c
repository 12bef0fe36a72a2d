/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_layer.c - a layer's bytes as a source, also where they come from a registry: those are pushed by a transfer,
 * which has a thread of its own and hands them through a pipe.
 */
#include "cli/client_image.h"

#include "image/remote.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct transfer {
	struct source source; /* first */
	const struct client_layer *layer;
	int reads, writes; /* the pipe */
	pthread_t thread;
	atomic_bool stop;
	enum status status; /* of the thread, once it has ended */
	struct err err;
	bool joined;
};

static enum status hand_on(void *ctx, struct slice bytes, struct err *err)
{
	const struct transfer *t = ctx;

	return file_write_all(t->writes, bytes, err);
}

static void *run(void *ctx)
{
	struct transfer *t = ctx;
	struct layer_sink sink = { .bytes = hand_on, .ctx = t, .stop = &t->stop };

	t->status = image_remote_pass(t->layer->image, t->layer->layer, &sink, &t->err);
	close(t->writes);
	return NULL;
}

static void join(struct transfer *t)
{
	if (!t->joined)
		pthread_join(t->thread, NULL);
	t->joined = true;
}

static enum status transfer_read(struct source *s, uint8_t *to, size_t cap, size_t *out_n, struct err *err)
{
	struct transfer *t = (struct transfer *)s;
	ssize_t n;

	do
		n = read(t->reads, to, cap);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "a layer");
	*out_n = (size_t)n;
	if (n > 0)
		return STATUS_OK;
	join(t);
	if (t->status != STATUS_OK)
		*err = t->err;
	return t->status;
}

static void transfer_close(struct source *s)
{
	struct transfer *t = (struct transfer *)s;

	/* A reader that goes away ends what the thread still writes: SIGPIPE is ignored (cli_begin). */
	atomic_store(&t->stop, true);
	close(t->reads);
	join(t);
	free(t);
}

static enum status transfer_open(const struct client_layer *layer, struct source **out, struct err *err)
{
	static const struct source_ops ops = { .read = transfer_read, .close = transfer_close };
	struct transfer *t = calloc(1, sizeof(*t));
	int ends[2];

	if (!t || pipe2(ends, O_CLOEXEC) != 0) {
		free(t);
		return err_errno(err, "a pipe");
	}
	*t = (struct transfer){ .source = { .ops = &ops, .failed = ERR_INIT },
				.layer = layer,
				.reads = ends[0],
				.writes = ends[1],
				.err = ERR_INIT };
	if (pthread_create(&t->thread, NULL, run, t) != 0) {
		close(ends[0]);
		close(ends[1]);
		free(t);
		return err_set(err, STATUS_IO, "no thread for a layer");
	}
	*out = &t->source;
	return STATUS_OK;
}

enum status client_layer_open(const struct client_layer *layer, struct source **out, struct err *err)
{
	return layer->layer->place == LAYER_STREAM ? transfer_open(layer, out, err)
						   : image_layer_open(layer->layer, &limits_default, out, err);
}
