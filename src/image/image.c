/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - from the text of a target to an opened image: transports, sniffing of bare paths, root file systems. */
#include "image/image_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_MEMORY ((size_t)96 << 20)

enum transport_id {
#define TRANSPORT(id, name, form, where, help) TRANSPORT_##id,
#include "image/transports.def"
#undef TRANSPORT
	TRANSPORT_COUNT
};

enum where { WHERE_local, WHERE_remote, WHERE_later };

static const struct image_transport transports[TRANSPORT_COUNT] = {
#define TRANSPORT(id, name, form, where, help)                                                                         \
	{ name, form, help, WHERE_##where != WHERE_later, WHERE_##where == WHERE_remote },
#include "image/transports.def"
#undef TRANSPORT
};

const struct image_transport *image_transports(size_t *out_n)
{
	*out_n = TRANSPORT_COUNT;
	return transports;
}

enum status image_keep_fd(struct image_impl *impl, int fd, struct err *err)
{
	int *kept = VEC_PUSH(&impl->fds, &impl->arena);

	if (!kept) {
		close(fd);
		return err_nomem(err, "an image");
	}
	*kept = fd;
	return STATUS_OK;
}

void image_free(struct image *image)
{
	struct image_impl *impl = image ? image->impl : NULL;
	struct arena arena;

	if (!impl)
		return;
	if (image->remote)
		impl->close_remote(image->remote);
	for (size_t i = 0; i < impl->fds.len; i++)
		close(impl->fds.at[i]);
	arena = impl->arena;
	arena_fini(&arena);
	free(impl);
}

/* ---- what was typed ---- */

struct target {
	enum transport_id transport;
	struct slice path, ref; /* remote: ref alone */
	bool sniff;
	bool bare; /* remote, for want of a file of that name */
};

/* The transport of a path that is to be sniffed is not known yet. */
static bool is_remote(const struct target *t)
{
	return !t->sniff && transports[t->transport].remote;
}

/* Typed for a file, even if none is there: nobody's registry is asked for "image.tar". */
static bool looks_like_path(struct slice text)
{
	static const char *const ends[] = { ".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", "/" };

	if (text.ptr[0] == '/' || text.ptr[0] == '.' || text.ptr[0] == '~')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(text, slice_cstr(ends[i])))
			return true;
	return false;
}

static bool exists(struct image_impl *impl, struct slice path, struct stat *sb)
{
	char *p = slice_find_byte(path, 0) == SIZE_MAX && path.len > 0 ? arena_cstr(&impl->arena, path) : NULL;

	return p && stat(p, sb) == 0;
}

/* "PATH[:REF]": the longest beginning that exists is the path, since both may hold colons. */
static void split_ref(struct image_impl *impl, struct slice text, struct target *out)
{
	struct slice path = text;
	struct stat sb;

	out->path = text;
	out->ref = SLICE_EMPTY;
	if (exists(impl, text, &sb))
		return;
	while (slice_rcut(path, ':', &path, NULL)) {
		if (exists(impl, path, &sb)) {
			out->path = path;
			out->ref = slice_from(text, path.len + 1);
			return;
		}
	}
	slice_cut(text, ':', &out->path, &out->ref);
}

static enum status bare_path(struct image_impl *impl, struct slice text, struct target *out, struct err *err)
{
	struct err_quote q;
	struct stat sb;

	split_ref(impl, text, out);
	out->sniff = true;
	if (exists(impl, out->path, &sb))
		return STATUS_OK;
	if (looks_like_path(text) || looks_like_path(out->path))
		return err_set(err, STATUS_NOTFOUND, "%s: there is no such file or directory", err_slice(&q, text));
	*out = (struct target){ .transport = TRANSPORT_DOCKER, .ref = text, .bare = true };
	return STATUS_OK;
}

static enum status parse_target(struct image_impl *impl, struct slice text, struct target *out, struct err *err)
{
	struct slice name, rest;

	*out = (struct target){ 0 };
	if (text.len == 0 || slice_find_byte(text, 0) != SIZE_MAX)
		return err_set(err, STATUS_INVALID, "an empty target");
	for (size_t i = 0; slice_cut(text, ':', &name, &rest) && i < TRANSPORT_COUNT; i++) {
		if (!slice_eq(name, slice_cstr(transports[i].name)))
			continue;
		if (i == TRANSPORT_DOCKER && !slice_starts(rest, SLICE("//")))
			continue; /* an image called "docker" with a tag */
		if (!transports[i].available)
			return err_set(err, STATUS_UNSUPPORTED, "%s (%s) cannot be read yet", transports[i].form,
				       transports[i].help);
		if (rest.len == 0)
			return err_set(err, STATUS_INVALID, "%s needs a %s: %s", transports[i].name,
				       transports[i].remote ? "reference" : "path", transports[i].form);
		out->transport = (enum transport_id)i;
		if (transports[i].remote)
			out->ref = i == TRANSPORT_DOCKER ? slice_from(rest, 2) : rest;
		else if (i == TRANSPORT_ROOTFS || i == TRANSPORT_ROOTFS_ARCHIVE || i == TRANSPORT_SBOM)
			out->path = rest;
		else
			split_ref(impl, rest, out);
		return STATUS_OK;
	}
	return bare_path(impl, text, out, err);
}

/* ---- opening ---- */

struct opener {
	struct image_impl *impl;
	const struct image_options *options;
	struct target target;
	struct archive archive;
	int fd;
	bool directory;
};

static enum status open_path(struct opener *o, struct err *err)
{
	char *path = arena_cstr(&o->impl->arena, o->target.path);
	struct stat sb;

	if (!path)
		return err_nomem(err, "an image");
	o->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (o->fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return err_set(err, STATUS_NOTFOUND, "there is no such file or directory");
		return err_errno(err, "it cannot be opened");
	}
	TRY(image_keep_fd(o->impl, o->fd, err));
	if (fstat(o->fd, &sb) < 0)
		return err_errno(err, "it cannot be examined");
	o->directory = S_ISDIR(sb.st_mode);
	if (!o->directory && !S_ISREG(sb.st_mode))
		return err_set(err, STATUS_INVALID, "it is neither a regular file nor a directory");
	return STATUS_OK;
}

static bool has_name(const struct opener *o, const char *name)
{
	struct stat sb;

	if (o->directory)
		return fstatat(o->fd, name, &sb, AT_SYMLINK_NOFOLLOW) == 0;
	return archive_find(&o->archive, slice_cstr(name)) != NULL;
}

static enum status sniff_directory(struct opener *o, struct err *err)
{
	static const char *const of_roots[] = { "etc", "usr", "bin", "lib", "var" };
	bool root = false;

	for (size_t i = 0; i < ARRAY_LEN(of_roots); i++)
		root |= has_name(o, of_roots[i]);
	o->target.transport = TRANSPORT_ROOTFS;
	if (has_name(o, "index.json") && (has_name(o, "oci-layout") || has_name(o, "blobs")))
		o->target.transport = TRANSPORT_OCI;
	else if (!root && has_name(o, "manifest.json"))
		return err_set(err, STATUS_UNSUPPORTED,
			       "it is an image archive that was unpacked, or a dir: image of skopeo; give the archive, "
			       "or an OCI "
			       "layout");
	return STATUS_OK;
}

/* Text that begins as a bill of materials does: no archive begins so. What it is, a worker finds out. */
static bool begins_as_document(int fd)
{
	uint8_t head[512];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	struct slice text = slice_make(head, n > 0 ? (size_t)n : 0);

	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	text = slice_trim(text);
	return slice_starts(text, SLICE("{")) || slice_starts(text, SLICE("<?xml")) ||
	       slice_starts(text, SLICE("<bom")) || slice_starts(text, SLICE("SPDXVersion:"));
}

static enum status sniff(struct opener *o, struct err *err)
{
	if (o->directory)
		return sniff_directory(o, err);
	if (begins_as_document(o->fd)) {
		o->target.transport = TRANSPORT_SBOM;
		return STATUS_OK;
	}
	TRY(archive_open(o->fd, ARCHIVE_SNIFF, o->options, &o->impl->arena, &o->archive, err));
	if (o->archive.rootfs)
		o->target.transport = TRANSPORT_ROOTFS_ARCHIVE;
	else if (has_name(o, "manifest.json") || (has_name(o, "repositories") && !has_name(o, "index.json")))
		o->target.transport = TRANSPORT_DOCKER_ARCHIVE;
	else if (has_name(o, "index.json"))
		o->target.transport = TRANSPORT_OCI_ARCHIVE;
	else
		o->target.transport = TRANSPORT_ROOTFS_ARCHIVE;
	return STATUS_OK;
}

static enum status open_rootfs(struct opener *o, struct err *err)
{
	struct image *image = &o->impl->image;
	struct image_layer *layer = arena_array(&o->impl->arena, 1, sizeof(*layer));
	struct stat sb;

	if (!layer)
		return err_nomem(err, "an image");
	if (o->target.ref.len > 0)
		return err_set(err, STATUS_INVALID, "a root file system has no reference inside");
	if (!o->directory && !o->target.sniff)
		TRY(archive_open(o->fd, ARCHIVE_PROBE, o->options, &o->impl->arena, &o->archive, err));
	if (!o->directory && fstat(o->fd, &sb) < 0)
		return err_errno(err, "it cannot be examined");
	layer->place = o->directory ? LAYER_DIRECTORY : LAYER_FD;
	layer->fd = o->fd;
	layer->len = o->directory ? 0 : (uint64_t)sb.st_size;
	layer->name = o->target.path;
	image->layers = layer;
	image->n_layers = 1;
	return STATUS_OK;
}

static enum status open_document(struct opener *o, struct err *err)
{
	struct image *image = &o->impl->image;
	struct image_layer *layer = arena_array(&o->impl->arena, 1, sizeof(*layer));
	struct stat sb;

	if (!layer)
		return err_nomem(err, "a bill of materials");
	if (o->target.ref.len > 0)
		return err_set(err, STATUS_INVALID, "a bill of materials has no reference inside");
	if (fstat(o->fd, &sb) < 0)
		return err_errno(err, "it cannot be examined");
	layer->place = LAYER_FD;
	layer->document = true;
	layer->fd = o->fd;
	layer->len = (uint64_t)sb.st_size;
	layer->name = o->target.path;
	image->layers = layer;
	image->n_layers = 1;
	return STATUS_OK;
}

static bool wants_directory(enum transport_id t)
{
	return t == TRANSPORT_OCI || t == TRANSPORT_ROOTFS;
}

static enum status open_kind(struct opener *o, struct err *err)
{
	struct blobs blobs = { .dir_fd = -1, .impl = o->impl, .limits = o->options->limits };
	enum transport_id t;

	if (o->target.sniff)
		TRY(sniff(o, err));
	t = o->target.transport;
	o->impl->image.transport = slice_cstr(transports[t].name);
	if (wants_directory(t) != o->directory)
		return err_set(err, STATUS_INVALID, "%s needs a %s, and it is a %s", transports[t].name,
			       o->directory ? "file" : "directory", o->directory ? "directory" : "file");
	if (t == TRANSPORT_SBOM)
		return open_document(o, err);
	if (t == TRANSPORT_ROOTFS || t == TRANSPORT_ROOTFS_ARCHIVE)
		return open_rootfs(o, err);
	if (o->directory) {
		blobs.dir_fd = o->fd;
	} else {
		if (!o->target.sniff)
			TRY(archive_open(o->fd, ARCHIVE_LIST, o->options, &o->impl->arena, &o->archive, err));
		blobs.archive = &o->archive;
	}
	return t == TRANSPORT_DOCKER_ARCHIVE ? docker_archive_open(o->impl, &blobs, o->target.ref, o->options, err)
					     : oci_open(o->impl, &blobs, o->target.ref, o->options, err);
}

static enum status open_remote(struct image_impl *impl, const struct target *target,
			       const struct image_options *options, struct err *err)
{
	static const enum image_remote_kind kinds[TRANSPORT_COUNT] = { [TRANSPORT_DOCKER] = IMAGE_REGISTRY,
								       [TRANSPORT_DOCKER_DAEMON] = IMAGE_DOCKER_DAEMON,
								       [TRANSPORT_PODMAN] = IMAGE_PODMAN };
	const struct image_transport *t = &transports[target->transport];
	struct err_quote q;

	impl->image.transport = slice_cstr(t->name);
	if (!options->remote)
		return err_set(err, STATUS_UNSUPPORTED, "%s: %s cannot be read by this program",
			       err_slice(&q, target->ref), t->form);
	impl->close_remote = options->remote->close;
	if (options->remote->open(options->remote->ctx, kinds[target->transport], target->ref, impl, options, err) ==
	    STATUS_OK)
		return STATUS_OK;
	return target->bare ? err_wrap(err, "no file here has that name, and as an image of a registry") : err->code;
}

static enum status open_target(struct image_impl *impl, struct slice text, const struct image_options *options,
			       struct err *err)
{
	struct opener o = { .impl = impl, .options = options, .fd = -1 };
	struct err_quote q;
	enum status st;

	if (!arena_copy(&impl->arena, text, &impl->image.target))
		return err_nomem(err, "an image");
	TRY(parse_target(impl, impl->image.target, &o.target, err));
	if (is_remote(&o.target))
		return open_remote(impl, &o.target, options, err);
	st = open_path(&o, err);
	if (st == STATUS_OK)
		st = open_kind(&o, err);
	archive_fini(&o.archive);
	if (st != STATUS_OK)
		err_wrap(err, "%s", err_slice(&q, o.target.path));
	return st;
}

enum status image_open(struct slice target, const struct image_options *options, struct image **out, struct err *err)
{
	struct image_impl *impl = calloc(1, sizeof(*impl));
	enum status st;

	if (!impl)
		return err_nomem(err, "an image");
	impl->arena = (struct arena)ARENA_INIT(IMAGE_MEMORY);
	impl->image.impl = impl;
	st = open_target(impl, target, options, err);
	if (st != STATUS_OK) {
		image_free(&impl->image);
		return st;
	}
	*out = &impl->image;
	return STATUS_OK;
}

bool image_target_is_remote(struct slice text)
{
	struct image_impl impl = { .arena = ARENA_INIT(IMAGE_MEMORY) };
	struct err ignored = ERR_INIT;
	struct target target;
	bool remote = parse_target(&impl, text, &target, &ignored) == STATUS_OK && is_remote(&target);

	arena_fini(&impl.arena);
	return remote;
}

/* ---- layers ---- */

/* A window on an archive's stream that takes the stream with it. */
struct member_source {
	struct source base;
	struct source *archive, *window; /* owned */
};

static enum status member_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	return source_read(((struct member_source *)s)->window, buf, cap, out_n, err);
}

static void member_close(struct source *s)
{
	struct member_source *m = (struct member_source *)s;

	source_free(m->window);
	source_free(m->archive);
	free(m);
}

/* Owns archive, even on failure. */
static struct source *member_source(struct source *archive, uint64_t len)
{
	static const struct source_ops ops = { member_read, member_close };
	struct member_source *m = calloc(1, sizeof(*m));

	if (!m) {
		source_free(archive);
		return NULL;
	}
	m->base.ops = &ops;
	m->archive = archive;
	m->window = source_window(archive, len);
	if (!m->window) {
		member_close(&m->base);
		return NULL;
	}
	return &m->base;
}

enum status image_layer_open(const struct image_layer *layer, const struct limits *limits, struct source **out,
			     struct err *err)
{
	struct source *src, *archive = NULL;
	enum codec_id codec;

	if (layer->place == LAYER_DIRECTORY || layer->place == LAYER_STREAM)
		return err_set(err, STATUS_BUG, "the layer has no stored bytes here");
	if (layer->place == LAYER_FD) {
		*out = source_from_fd(layer->fd, layer->offset, layer->len);
		return *out ? STATUS_OK : err_nomem(err, "a layer");
	}
	src = source_from_fd(layer->fd, 0, UINT64_MAX);
	if (!src)
		return err_nomem(err, "a layer");
	TRY(codec_open(src, limits, &codec, &archive, err));
	if (source_skip(archive, layer->offset, err) != STATUS_OK) {
		source_free(archive);
		return err->code;
	}
	*out = member_source(archive, layer->len);
	return *out ? STATUS_OK : err_nomem(err, "a layer");
}
