/* SPDX-License-Identifier: Apache-2.0 */
/* remote.c - the network of limpid-remote: registries and daemons as the command line and the environment name them. */
#include "cli/remote.h"

#include "image/remote.h"
#include "index/index.h"
#include "index/streams.h"

#include <pthread.h>
#include <unistd.h>

#define PATHS_MAX 8

/* One for the process: commands look at one image after the other. */
static struct network {
	const struct options *options;
	struct remotes *remotes;
	struct zygote *zygote;
	struct sandbox_level level;
	struct arena arena;
	const char *auth_files[PATHS_MAX], *cert_dirs[PATHS_MAX], *docker_hosts[PATHS_MAX], *podman_hosts[PATHS_MAX];
	const char *temp_dirs[CLI_TEMP_DIRS];
	/* Of the image at hand. */
	struct image_options opening;
	const struct image *image;
	struct index_progress progress;
	struct cli_progress *line;
	size_t jobs;
	uint64_t bytes;
} network = { .arena = ARENA_INIT((size_t)1 << 20) };

/* Notes come from any thread, and share the terminal's line with the progress. */
static pthread_mutex_t terminal = PTHREAD_MUTEX_INITIALIZER;

/* ---- where things are ---- */

/* DIR/NAME at the end of the list, if there is such a directory's name. */
static void add_path(const char **list, const char *before, const char *dir, const char *name)
{
	struct slice text;
	size_t n = 0;

	while (list[n])
		n++;
	if (dir && dir[0] && n + 1 < PATHS_MAX && arena_printf(&network.arena, &text, "%s%s%s", before, dir, name))
		list[n] = (const char *)text.ptr;
}

/* As podman looks for them, then docker. */
static void find_auth_files(const struct options *o)
{
	const char *docker = getenv("DOCKER_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME");

	add_path(network.auth_files, "", o->value[OPTION_authfile], "");
	add_path(network.auth_files, "", getenv("REGISTRY_AUTH_FILE"), "");
	add_path(network.auth_files, "", getenv("XDG_RUNTIME_DIR"), "/containers/auth.json");
	add_path(network.auth_files, "", xdg && xdg[0] ? xdg : getenv("HOME"),
		 xdg && xdg[0] ? "/containers/auth.json" : "/.config/containers/auth.json");
	add_path(network.auth_files, "", docker && docker[0] ? docker : getenv("HOME"),
		 docker && docker[0] ? "/config.json" : "/.docker/config.json");
}

static const char *find_netrc(void)
{
	const char *said = getenv("NETRC");
	const char *list[PATHS_MAX] = { NULL };

	if (said && said[0])
		return said;
	add_path(list, "", getenv("HOME"), "/.netrc");
	return list[0];
}

static void find_cert_dirs(const struct options *o)
{
	add_path(network.cert_dirs, "", o->value[OPTION_cert_dir], "");
	add_path(network.cert_dirs, "", getenv("HOME"), "/.config/containers/certs.d");
	add_path(network.cert_dirs, "", getenv("HOME"), "/.docker/certs.d");
	add_path(network.cert_dirs, "", "/etc/containers/certs.d", "");
	add_path(network.cert_dirs, "", "/etc/docker/certs.d", "");
}

static void find_daemons(void)
{
	const char *docker = getenv("DOCKER_HOST"), *podman = getenv("CONTAINER_HOST");

	if (docker && docker[0]) {
		add_path(network.docker_hosts, "", docker, "");
	} else {
		add_path(network.docker_hosts, "unix://", "/var/run/docker.sock", "");
		add_path(network.docker_hosts, "unix://", getenv("XDG_RUNTIME_DIR"), "/docker.sock");
		add_path(network.docker_hosts, "unix://", getenv("HOME"), "/.docker/run/docker.sock");
		add_path(network.docker_hosts, "unix://", getenv("HOME"), "/.docker/desktop/docker.sock");
	}
	if (podman && podman[0]) {
		add_path(network.podman_hosts, "", podman, "");
	} else {
		add_path(network.podman_hosts, "unix://", getenv("XDG_RUNTIME_DIR"), "/podman/podman.sock");
		add_path(network.podman_hosts, "unix://", "/run/podman/podman.sock", "");
	}
}

static const char *find_docker_certs(void)
{
	const char *verify = getenv("DOCKER_TLS_VERIFY"), *said = getenv("DOCKER_CERT_PATH");
	const char *list[PATHS_MAX] = { NULL };

	if (!verify || !verify[0])
		return NULL;
	add_path(list, "", said && said[0] ? said : getenv("HOME"), said && said[0] ? "" : "/.docker");
	return list[0];
}

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
					  .credentials = { .auth_files = network.auth_files, .environment = environ },
					  .cert_dirs = network.cert_dirs,
					  .plain_http = option_given(o, OPTION_plain_http),
					  .insecure = option_given(o, OPTION_insecure_tls),
					  .docker_hosts = network.docker_hosts,
					  .podman_hosts = network.podman_hosts,
					  .temp_dirs = network.temp_dirs,
					  .note = on_note,
					  .note_ctx = &network };

	if (!network.remotes) {
		network.options = o;
		cli_temp_dirs(network.temp_dirs);
		find_auth_files(o);
		find_cert_dirs(o);
		find_daemons();
		options.credentials.netrc = find_netrc();
		options.docker_cert_dir = find_docker_certs();
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
	arena_fini(&network.arena);
	network.remotes = NULL;
	network.zygote = NULL;
}

static const struct cli_network remote_network = { begin, reads };
const struct cli_network *const cli_network = &remote_network;
