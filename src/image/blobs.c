/* SPDX-License-Identifier: Apache-2.0 */
/* blobs.c - files of an image by name or digest, out of a layout directory or an archive. */
#include "image/image_impl.h"

#include "io/file.h"
#include "io/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status open_file(const struct blobs *b, struct slice name, int *out_fd, uint64_t *out_size, struct err *err)
{
	char *path = arena_cstr(&b->impl->arena, name);
	struct err_quote q;
	struct stat sb;
	int fd;

	if (!path)
		return err_nomem(err, "a file name");
	fd = file_open_beneath(b->dir_fd, path);
	if (fd < 0) {
		if (errno == ENOENT)
			return err_set(err, STATUS_NOTFOUND, "%s is missing", err_slice(&q, name));
		if (errno == EXDEV || errno == ELOOP)
			return err_set(err, STATUS_MALFORMED,
				       "%s is a link that leaves the directory or goes in a circle",
				       err_slice(&q, name));
		return err_errno(err, "%s cannot be opened", err_slice(&q, name));
	}
	if (fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode)) {
		close(fd);
		return err_set(err, STATUS_MALFORMED, "%s is not a regular file", err_slice(&q, name));
	}
	*out_fd = fd;
	*out_size = (uint64_t)sb.st_size;
	return STATUS_OK;
}

static enum status too_large(const struct blobs *b, struct slice name, uint64_t size, struct err *err)
{
	struct err_quote q;

	return err_set(err, STATUS_LIMIT,
		       "%s has %llu bytes; a document of at most %llu is read (limits.manifest_bytes)",
		       err_slice(&q, name), (unsigned long long)size, (unsigned long long)b->limits->manifest_bytes);
}

static enum status read_range(const struct blobs *b, int fd, uint64_t offset, uint64_t size, struct slice *out,
			      struct err *err)
{
	uint8_t *bytes = arena_alloc(&b->impl->arena, (size_t)size + 1);
	AUTO(source_freep) struct source *src = source_from_fd(fd, offset, size);

	if (!bytes || !src)
		return err_nomem(err, "a document of the image");
	if (size > 0)
		TRY(source_read_full(src, bytes, (size_t)size, err));
	*out = slice_make(bytes, (size_t)size);
	return STATUS_OK;
}

static enum status read_member(const struct blobs *b, struct slice name, struct slice *out, struct err *err)
{
	const struct member *m = archive_find(b->archive, name);
	struct err_quote q;

	if (!m)
		return err_set(err, STATUS_NOTFOUND, "%s is missing in the archive", err_slice(&q, name));
	if (m->size > b->limits->manifest_bytes)
		return too_large(b, name, m->size, err);
	if (m->content.ptr) {
		*out = m->content;
		return STATUS_OK;
	}
	if (b->archive->codec != CODEC_PLAIN)
		return err_set(err, STATUS_MALFORMED, "%s is not a JSON document", err_slice(&q, name));
	return read_range(b, b->archive->fd, m->offset, m->size, out, err);
}

enum status blobs_read(const struct blobs *b, struct slice name, struct slice *out, struct err *err)
{
	AUTO(close_fd) int fd = -1;
	uint64_t size;

	if (b->archive)
		return read_member(b, name, out, err);
	TRY(open_file(b, name, &fd, &size, err));
	if (size > b->limits->manifest_bytes)
		return too_large(b, name, size, err);
	return read_range(b, fd, 0, size, out, err);
}

enum status blobs_name(const struct blobs *b, const struct digest *digest, struct slice *out, struct err *err)
{
	struct digest_text text;
	struct slice algo, hex;

	slice_cut(slice_cstr(digest_print(&text, digest)), ':', &algo, &hex);
	if (!arena_printf(&b->impl->arena, out, "blobs/%.*s/%.*s", SLICE_ARG(algo), SLICE_ARG(hex)))
		return err_nomem(err, "a file name");
	return STATUS_OK;
}

bool blobs_digest_of_name(struct slice name, struct digest *out)
{
	uint8_t text[160];
	size_t colon;

	if (!slice_starts(name, SLICE("blobs/")) || name.len - 6 > sizeof(text))
		return false;
	name = slice_from(name, 6);
	memcpy(text, name.ptr, name.len);
	colon = slice_find_byte(name, '/');
	if (colon == SIZE_MAX)
		return false;
	text[colon] = ':';
	return digest_parse(slice_make(text, name.len), out);
}

/*
 * Layouts kept in git hold links as blobs; where the checkout could not make links, each is a small file with the
 * link's text. Such a file is followed when its own bytes are not what the name says.
 */
static bool link_text(const struct blobs *b, struct slice name, struct slice text, struct slice *out)
{
	uint8_t *buf;

	if (b->archive || b->remote || text.len == 0 || text.len > 1024 || text.ptr[0] == '/' || text.ptr[0] == '{')
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return false;
	buf = arena_alloc(&b->impl->arena, name.len + text.len + 1);
	if (!buf)
		return false;
	*out = path_resolve(name, text, buf);
	return out->len > 0;
}

enum status blobs_read_digest(const struct blobs *b, const struct digest *digest, uint64_t size, enum blob_kind kind,
			      struct slice *out, struct err *err)
{
	static const char *const names[] = {
		[BLOB_INDEX] = "image index", [BLOB_MANIFEST] = "manifest", [BLOB_CONFIG] = "configuration"
	};
	const char *what = names[kind];
	struct digest_text want, got;
	struct digest found, linked_found;
	struct slice name, target, linked;
	struct err ignored = ERR_INIT;

	TRY(blobs_name(b, digest, &name, err));
	if ((b->remote ? b->remote->read(b->remote->ctx, kind, digest, out, err) : blobs_read(b, name, out, err)) !=
	    STATUS_OK)
		return err_wrap(err, "%s", what);
	TRY(digest_of(digest->algo, *out, &found, err));
	if (!digest_eq(&found, digest) && link_text(b, name, *out, &target) &&
	    blobs_read(b, target, &linked, &ignored) == STATUS_OK &&
	    digest_of(digest->algo, linked, &linked_found, &ignored) == STATUS_OK && digest_eq(&linked_found, digest)) {
		*out = linked;
		found = linked_found;
	}
	if (!digest_eq(&found, digest))
		return err_set(err, STATUS_MISMATCH, "%s %s has the digest %s", what, digest_print(&want, digest),
			       digest_print(&got, &found));
	if (size != UINT64_MAX && size != out->len)
		return err_set(err, STATUS_MISMATCH, "%s %s has %zu bytes, not %llu as its descriptor says", what,
			       digest_print(&want, digest), out->len, (unsigned long long)size);
	return STATUS_OK;
}

/* The same for a layer, which is not hashed here: the size tells. */
static enum status follow_link_text(const struct blobs *b, struct slice name, uint64_t size, int *fd, uint64_t *len,
				    struct err *err)
{
	struct err ignored = ERR_INIT;
	struct slice text, target;
	uint64_t target_len;
	int target_fd;

	if (*len == size || *len > 1024)
		return STATUS_OK;
	if (read_range(b, *fd, 0, *len, &text, err) != STATUS_OK) {
		close(*fd);
		return err->code;
	}
	if (!link_text(b, name, text, &target) || open_file(b, target, &target_fd, &target_len, &ignored) != STATUS_OK)
		return STATUS_OK;
	if (target_len != size) {
		close(target_fd);
		return STATUS_OK;
	}
	close(*fd);
	*fd = target_fd;
	*len = target_len;
	return STATUS_OK;
}

enum status blobs_locate(const struct blobs *b, struct slice name, uint64_t size, struct image_layer *layer,
			 struct err *err)
{
	const struct member *m;
	struct err_quote q;
	int fd = -1;

	layer->name = name;
	if (!b->archive) {
		TRY(open_file(b, name, &fd, &layer->len, err));
		if (size != UINT64_MAX)
			TRY(follow_link_text(b, name, size, &fd, &layer->len, err));
		TRY(image_keep_fd(b->impl, fd, err));
		layer->place = LAYER_FD;
		layer->fd = fd;
		return STATUS_OK;
	}
	m = archive_find(b->archive, name);
	if (!m)
		return err_set(err, STATUS_NOTFOUND, "%s is missing in the archive", err_slice(&q, name));
	layer->place = b->archive->codec == CODEC_PLAIN ? LAYER_FD : LAYER_IN_STREAM;
	layer->fd = b->archive->fd;
	layer->offset = m->offset;
	layer->len = m->size;
	return STATUS_OK;
}
