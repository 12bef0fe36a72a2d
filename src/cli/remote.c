/* SPDX-License-Identifier: Apache-2.0 */
/* remote.c - the network of limpid-remote: registries and daemons as the command line and the environment name them. */
#include "cli/places.h"
#include "cli/remote.h"

#include "image/remote.h"
#include "index/index.h"
#include "index/streams.h"

#include <pthread.h>
#include <unistd.h>

/* One for the process: commands look at one image after the other. */
static struct network {
	const struct options *options;
	struct remotes *remotes;
	struct zygote *zygote;
	struct sandbox_level level;
	struct cli_places places;
	const char *temp_dirs[CLI_TEMP_DIRS];
	/* Of the image at hand. */
	struct image_options opening;
	const struct image *image;
	struct index_progress progress;
	struct cli_progress *line;
	size_t jobs;
	uint64_t bytes;
} network;

/* Notes come from any thread, and share the terminal's line with the progress. */
static pthread_mutex_t terminal = PTHREAD_MUTEX_INITIALIZER;

/* ---- what is told ---- */

static void on_note(void *ctx, const char *text)
{
	struct network *n = ctx;

	pthread_mutex_lock(&terminal);
	if (n->line)
		cli_progress_clear(n->line);
	cli_note(n->options, "%s", text);
	pthread_mutex_unlock(&terminal);
}

static void on_progress(void *ctx, size_t layers_done, uint64_t bytes_done)
{
	struct network *n = ctx;

	pthread_mutex_lock(&terminal);
	n->progress.fn(n->progress.ctx, layers_done, n->jobs, MIN(bytes_done, n->bytes), n->bytes);
	pthread_mutex_unlock(&terminal);
}

/* ---- the commands' side ---- */

/* Before any thread is started. */
static enum status start_zygote(const struct options *o, struct err *err)
{
	struct zygote_options options = { .limits = &limits_default, .temp_dirs = network.temp_dirs };

	return option_given(o, OPTION_in_process) ? STATUS_OK : zygote_start(&options, &network.zygote, err);
}

static enum status begin(const struct options *o, const struct image_remote_ops **out, struct err *err)
{
	struct remote_options options = { .limits = &limits_default,
					  .credentials = { .auth_files = network.places.auth_files,
							   .environment = environ },
					  .cert_dirs = network.places.cert_dirs,
					  .plain_http = option_given(o, OPTION_plain_http),
					  .insecure = option_given(o, OPTION_insecure_tls),
					  .docker_hosts = network.places.docker_hosts,
					  .podman_hosts = network.places.podman_hosts,
					  .temp_dirs = network.temp_dirs,
					  .note = on_note,
					  .note_ctx = &network };

	if (!network.remotes) {
		network.options = o;
		cli_temp_dirs(network.temp_dirs);
		cli_places_find(o, &network.places);
		options.credentials.netrc = network.places.netrc;
		options.docker_cert_dir = network.places.docker_certs;
		TRY(start_zygote(o, err));
		TRY(remotes_new(&options, &network.remotes, err));
	}
	network.line = NULL; /* of the image before */
	*out = remotes_ops(network.remotes);
	return STATUS_OK;
}

static enum status pass(void *ctx, const struct image_layer *layer, const struct layer_sink *sink, struct err *err)
{
	const struct network *n = ctx;

	return image_remote_pass(n->image, layer, sink, err);
}

static enum status read_here(struct network *n, struct worker_job *jobs, size_t n_jobs, struct err *err)
{
	struct worker_options options = { .limits = &limits_default,
					  .temp_dirs = n->temp_dirs,
					  .in_process = option_given(n->options, OPTION_in_process),
					  .progress = on_progress,
					  .progress_ctx = n };

	TRY(image_remote_bring(n->image, &n->opening, err));
	return worker_run(jobs, n_jobs, &options, &n->level, err);
}

static enum status read_layers(void *ctx, struct worker_job *jobs, size_t n_jobs, struct err *err)
{
	struct network *n = ctx;
	struct streams_options options = { .limits = &limits_default,
					   .zygote = n->zygote,
					   .pass = pass,
					   .pass_ctx = n,
					   .progress = on_progress,
					   .progress_ctx = n };

	n->jobs = n_jobs;
	n->bytes = 0;
	for (size_t i = 0; i < n_jobs; i++)
		n->bytes += jobs[i].scan.layer->len;
	return image_remote_streams(n->image) ? streams_read(&options, jobs, n_jobs, &n->level, err)
					      : read_here(n, jobs, n_jobs, err);
}

static void reads(const struct image *image, const struct image_options *opening, struct index_env *env,
		  struct cli_progress *progress)
{
	network.opening = *opening;
	network.image = image;
	network.progress = env->progress;
	network.line = progress;
	env->read_layers = read_layers;
	env->read_ctx = &network;
	env->read_level = &network.level;
}

void cli_network_end(void)
{
	remotes_free(network.remotes);
	zygote_free(network.zygote);
	cli_places_fini(&network.places);
	network.remotes = NULL;
	network.zygote = NULL;
}

static const struct cli_network remote_network = { begin, reads };
const struct cli_network *const cli_network = &remote_network;
