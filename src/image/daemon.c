/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon.c - an image of a daemon with Docker's API (GET /images/REF/json and /images/REF/get), podman's included.
 *
 * The archive that comes has its manifest last, so that nobody knows what a layer is while it passes: it goes to one
 * file without a name, and is read as docker-archive: is. What an id stands for is remembered: an image whose layers
 * are known is not asked for a second time.
 */
#include "image/daemon_impl.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSPECT_BYTES ((size_t)8 << 20)
#define RECORD_BYTES ((size_t)16 << 20)

struct daemon_image {
	struct image_remote base;
	struct remotes *all;
	struct image_impl *impl; /* borrowed: it owns this */
	struct http_client *http;
	const char *what; /* "the Docker daemon" */
	bool podman;
	struct slice url;	    /* "http://localhost", of the image's arena */
	struct slice ref;	    /* as typed */
	struct slice id;	    /* "sha256:..." */
	struct image_impl *archive; /* owned; NULL: it has not come yet */
};

/* ---- where it listens ---- */

static enum status check_socket(const char *path, const char *what, struct err *err)
{
	struct stat sb;

	if (stat(path, &sb) < 0)
		return errno == EACCES ? err_errno(err, "%s", path)
				       : err_set(err, STATUS_NOTFOUND, "%s does not listen at %s", what, path);
	if (access(path, R_OK | W_OK) < 0)
		return err_errno(err, "%s at %s may not be asked by this user", what, path);
	return STATUS_OK;
}

static enum status tcp_client(struct daemon_image *d, struct slice host, struct err *err)
{
	const char *dir = d->all->options.docker_cert_dir;
	struct arena *a = &d->impl->arena;
	struct http_client_options options = { .insecure = false };
	struct slice ca, cert, key;

	if (dir) {
		if (!arena_printf(a, &ca, "%s/ca.pem", dir) || !arena_printf(a, &cert, "%s/cert.pem", dir) ||
		    !arena_printf(a, &key, "%s/key.pem", dir))
			return err_nomem(err, "a daemon");
		options.ca_file = (const char *)ca.ptr;
		options.cert_file = (const char *)cert.ptr;
		options.key_file = (const char *)key.ptr;
	}
	if (!arena_printf(a, &d->url, "%s://%.*s", dir ? "https" : "http", SLICE_ARG(host)))
		return err_nomem(err, "a daemon");
	return http_client_new(&options, &d->http, err);
}

static enum status connect_to(struct daemon_image *d, const char *where, struct err *err)
{
	struct slice text = slice_cstr(where);
	struct err_quote q;

	if (slice_starts(text, SLICE("unix://"))) {
		/* Exporting a large image takes the daemon a while before the first byte. */
		struct http_client_options options = { .unix_socket = where + 7, .stall_timeout_s = 600 };

		TRY(check_socket(where + 7, d->what, err));
		d->url = SLICE("http://localhost");
		return http_client_new(&options, &d->http, err);
	}
	if (slice_starts(text, SLICE("tcp://")))
		return tcp_client(d, slice_from(text, 6), err);
	return err_set(err, STATUS_UNSUPPORTED, "%s at %s: unix://PATH and tcp://HOST:PORT can be asked", d->what,
		       err_slice(&q, text));
}

static enum status find(struct daemon_image *d, const char *const *hosts, struct err *err)
{
	enum status st = err_set(err, STATUS_NOTFOUND, "nobody says where %s listens", d->what);

	for (size_t i = 0; st == STATUS_NOTFOUND && hosts && hosts[i]; i++)
		st = connect_to(d, hosts[i], err);
	if (st == STATUS_NOTFOUND && hosts && hosts[0])
		err_set(err, st, "%s does not listen at %s%s; is it running? %s says where", d->what, hosts[0],
			hosts[1] ? ", nor where it does else" : "", d->podman ? "CONTAINER_HOST" : "DOCKER_HOST");
	return st;
}

/* ---- requests ---- */

static enum status get(struct daemon_image *d, struct slice name, const char *verb,
		       enum status (*body)(void *ctx, struct slice bytes, struct err *err), void *ctx, uint64_t max,
		       struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 16);
	struct http_transfer t = { .body = body, .ctx = ctx, .max_bytes = max };
	struct http_transferred done;
	struct err_quote q;

	if (!arena_printf(&arena, &t.url, "%.*s/images/%.*s/%s", SLICE_ARG(d->url), SLICE_ARG(name), verb))
		return err_nomem(err, "a URL");
	if (http_client_get(d->http, &t, &done, err) == STATUS_OK)
		return STATUS_OK;
	if (done.code == 404)
		return err_set(err, STATUS_NOTFOUND, "%s has no image %s", d->what, err_slice(&q, d->ref));
	return err_wrap(err, "%s", d->what);
}

static enum status keep_bytes(void *ctx, struct slice bytes, struct err *err)
{
	buf_add(ctx, bytes);
	return buf_check(ctx, "the daemon's answer", err);
}

static enum status inspect(struct daemon_image *d, struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT(INSPECT_BYTES);
	struct digest id;

	TRY(get(d, d->ref, "json", keep_bytes, &body, INSPECT_BYTES, err));
	TRY(daemon_inspect_parse(buf_slice(&body), &d->impl->arena, &d->id, err));
	if (!digest_parse(d->id, &id))
		return err_set(err, STATUS_REMOTE, "%s says no id of the image", d->what);
	return STATUS_OK;
}

/* ---- the archive ---- */

static int open_temporary(const char *const *dirs)
{
	char path[4096];
	int fd = -1;

	for (size_t i = 0; fd < 0 && dirs && dirs[i]; i++) {
		fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
		if (fd >= 0 || (size_t)snprintf(path, sizeof(path), "%s/limpid-XXXXXX", dirs[i]) >= sizeof(path))
			continue;
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	return fd;
}

static enum status write_bytes(void *ctx, struct slice bytes, struct err *err)
{
	if (file_write_all(*(const int *)ctx, bytes, err) == STATUS_OK)
		return STATUS_OK;
	return err_wrap(err, "the daemon's archive waits in a temporary file (TMPDIR says where)");
}

static void archive_free(struct image_impl *impl)
{
	if (impl)
		image_free(&impl->image);
}

static enum status open_archive(struct daemon_image *d, int fd, const struct image_options *options, struct err *err)
{
	struct image_impl *impl = calloc(1, sizeof(*impl));
	struct archive archive = { .fd = -1 };
	struct blobs blobs = { .dir_fd = -1, .archive = &archive, .limits = options->limits, .impl = impl };
	enum status st;

	if (!impl) {
		close(fd);
		return err_nomem(err, "an image");
	}
	impl->arena = (struct arena)ARENA_INIT((size_t)96 << 20);
	impl->image.impl = impl;
	st = image_keep_fd(impl, fd, err);
	if (st == STATUS_OK)
		st = archive_open(fd, ARCHIVE_LIST, options, &impl->arena, &archive, err);
	if (st == STATUS_OK)
		st = docker_archive_open(impl, &blobs, SLICE_EMPTY, options, err);
	archive_fini(&archive);
	if (st != STATUS_OK) {
		archive_free(impl);
		return err_wrap(err, "the archive of %s", d->what);
	}
	d->archive = impl;
	return STATUS_OK;
}

/* By its id, so that a tag that moves meanwhile is no other image. */
static enum status export(struct daemon_image *d, const struct image_options *options, struct err *err) {
	int fd = open_temporary(d->all->options.temp_dirs); struct image_options own = *options; enum status st;

	if (fd < 0) return err_errno(err, "a temporary file for the archive of %s (TMPDIR says where)", d->what);
	/* This file is new each time. */
	own.recall = NULL;
	own.remember = NULL; st = get(d, d->id, "get", write_bytes, &fd, options->limits->layer_bytes, err);
	if (st != STATUS_OK){ close(fd); return st; }
return open_archive(d, fd, &own, err);
}

/* ---- the image ---- */

static enum status copy_image(struct image *out, const struct image *from, struct arena *arena, struct err *err)
{
	struct image_layer *layers = arena_array(arena, from->n_layers + 1, sizeof(*layers));

	if (!layers)
		return err_nomem(err, "an image");
	out->manifest = from->manifest;
	out->config = from->config;
	out->base = from->base;
	if (!arena_copy(arena, from->base.name, &out->base.name) || !arena_copy(arena, from->os, &out->os) ||
	    !arena_copy(arena, from->arch, &out->arch) || !arena_copy(arena, from->variant, &out->variant))
		return err_nomem(err, "an image");
	for (size_t i = 0; i < from->n_layers; i++) {
		layers[i] = from->layers[i];
		if (!arena_copy(arena, from->layers[i].name, &layers[i].name) ||
		    !arena_copy(arena, from->layers[i].created_by, &layers[i].created_by))
			return err_nomem(err, "an image");
		layers[i].media_type = SLICE_EMPTY;
	}
	out->layers = layers;
	out->n_layers = from->n_layers;
	return STATUS_OK;
}

static bool make_key(const struct daemon_image *d, const struct image_options *options, struct slice *out)
{
	struct image_platform p;

	platform_resolve(options, &p);
	return arena_printf(&d->impl->arena, out, "daemon-image 2 %.*s %d %.*s/%.*s/%.*s", SLICE_ARG(d->id),
			    options->platform_given, SLICE_ARG(p.os), SLICE_ARG(p.arch), SLICE_ARG(p.variant));
}

static bool recall(struct daemon_image *d, const struct image_options *options)
{
	struct buf AUTO(buf_fini) record = BUF_INIT(RECORD_BYTES);
	struct err ignored = ERR_INIT;
	struct slice key;

	return options->recall && make_key(d, options, &key) && options->recall(options->memory_ctx, key, &record) &&
	       daemon_record_parse(buf_slice(&record), options->limits, &d->impl->arena, &d->impl->image, &ignored) ==
		       STATUS_OK;
}

static void remember(struct daemon_image *d, const struct image_options *options)
{
	struct buf AUTO(buf_fini) record = BUF_INIT(RECORD_BYTES);
	struct err ignored = ERR_INIT;
	struct slice key;

	if (options->remember && make_key(d, options, &key) &&
	    daemon_record_print(&d->impl->image, &record, &ignored) == STATUS_OK)
		options->remember(options->memory_ctx, key, buf_slice(&record));
}

/* The layers lie in the archive now: where, is put into the image that was opened without it. */
static enum status bring(struct image_remote *remote, const struct image_options *options, struct err *err)
{
	struct daemon_image *d = (struct daemon_image *)remote;
	struct image *image = &d->impl->image;
	const struct image *from;

	if (!d->archive)
		TRY(export(d, options, err));
	from = &d->archive->image;
	if (from->n_layers != image->n_layers)
		return err_set(err, STATUS_MISMATCH, "%s has sent another image than before", d->what);
	for (size_t i = 0; i < from->n_layers; i++) {
		struct image_layer *layer = &image->layers[i];

		if (!digest_eq(&layer->diff_id, &from->layers[i].diff_id))
			return err_set(err, STATUS_MISMATCH, "%s has sent another image than before", d->what);
		layer->place = from->layers[i].place;
		layer->fd = from->layers[i].fd;
		layer->offset = from->layers[i].offset;
		layer->len = from->layers[i].len;
	}
	return STATUS_OK;
}

static void close_image(struct image_remote *remote)
{
	struct daemon_image *d = (struct daemon_image *)remote;

	http_client_free(d->http);
	archive_free(d->archive);
	free(d);
}

/* Nothing that would be another path of the API. */
static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && !memchr("._:/@-", s.ptr[i], 6))
			return false;
	return s.len > 0 && s.len < 1024 && is_alnum(s.ptr[0]) && !slice_has(s, SLICE("..")) &&
	       !slice_has(s, SLICE("//"));
}

static enum status open_image(struct daemon_image *d, const struct image_options *options, struct err *err)
{
	enum status st = inspect(d, err);
	bool known = st == STATUS_OK;

	/* What lets only a part of the API pass may have the export alone: then nothing is remembered. */
	if (st == STATUS_NOTFOUND)
		d->id = d->ref;
	else if (st != STATUS_OK)
		return st;
	d->impl->image.name = d->ref;
	if (known && recall(d, options))
		return STATUS_OK;
	TRY(export(d, options, err));
	TRY(copy_image(&d->impl->image, &d->archive->image, &d->impl->arena, err));
	if (known)
		remember(d, options);
	return STATUS_OK;
}

enum status daemon_image_open(struct remotes *all, enum image_remote_kind kind, struct slice ref,
			      struct image_impl *impl, const struct image_options *options, struct err *err)
{
	bool podman = kind == IMAGE_PODMAN;
	struct daemon_image *d;
	struct err_quote q;

	if (!is_name(ref))
		return err_set(err, STATUS_INVALID, "%s is no name or id of an image", err_slice(&q, ref));
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_nomem(err, "an image");
	*d = (struct daemon_image){ .base = { .bring = bring, .close = close_image },
				    .all = all,
				    .impl = impl,
				    .podman = podman,
				    .what = podman ? "podman's service" : "the Docker daemon",
				    .ref = ref };
	impl->image.remote = &d->base;
	TRY(find(d, podman ? all->options.podman_hosts : all->options.docker_hosts, err));
	return open_image(d, options, err);
}
