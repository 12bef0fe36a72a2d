/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - a directory with images that a test makes, and what opening them gives. */
#ifndef LIMPID_TESTS_UNIT_IMAGE_FIXTURE_H
#define LIMPID_TESTS_UNIT_IMAGE_FIXTURE_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/image_impl.h"
#include "unit/index/layers.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

struct fixture {
	char dir[64];
	struct image_options options;
	struct image *image;
	struct err err;
};

static UNUSED int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/limpid-test-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->options.limits = &limits_default;
	f->options.platform.arch = SLICE("amd64");
	*state = f;
	return 0;
}

static UNUSED int drop(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static UNUSED int teardown(void **state)
{
	struct fixture *f = *state;

	image_free(f->image);
	nftw(f->dir, drop, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static UNUSED enum status open_text(struct fixture *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
static UNUSED enum status open_text(struct fixture *f, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	image_free(f->image);
	f->image = NULL;
	f->err = (struct err)ERR_INIT;
	return image_open(slice_cstr(text), &f->options, &f->image, &f->err);
}

static UNUSED void put(const struct fixture *f, const char *name, struct slice bytes)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
	close(fd);
}

static UNUSED void put_tar(const struct fixture *f, const char *name, struct tarball *t)
{
	tarball_end(t);
	buf_add(&t->buf, slice_make((const uint8_t[1024]){ 0 }, 1024));
	put(f, name, buf_slice(&t->buf));
	tarball_fini(t);
}

static UNUSED const char *hex_of(struct digest_text *text, const char *content)
{
	struct err err = ERR_INIT;
	struct digest d;

	assert_int_equal(digest_of(DIGEST_SHA256, slice_cstr(content), &d, &err), STATUS_OK);
	return digest_print(text, &d) + strlen("sha256:");
}

/* A configuration of n layers that all hash to the same. */
static UNUSED void config_text(char *out, size_t size, const char *arch, unsigned n)
{
	int at = snprintf(out, size,
			  "{\"os\":\"linux\",\"architecture\":\"%s\",\"history\":[{\"created_by\":\"FROM\"},"
			  "{\"created_by\":\"ENV\",\"empty_layer\":true}],\"rootfs\":{\"diff_ids\":[",
			  arch);

	for (unsigned i = 0; i < n; i++)
		at += snprintf(out + at, size - (size_t)at, "%s\"sha256:%064u\"", i ? "," : "", i);
	snprintf(out + at, size - (size_t)at, "]}}");
}

/* ---- layouts ---- */

static UNUSED void put_blob(struct fixture *f, const char *content, char *descriptor, size_t size, const char *more)
{
	struct digest_text text;
	char name[128];

	snprintf(name, sizeof(name), "blobs/sha256/%s", hex_of(&text, content));
	put(f, name, slice_cstr(content));
	snprintf(descriptor, size,
		 "{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\",\"size\":%zu%s}",
		 text.text, strlen(content), more);
}

static UNUSED void add_manifest(struct fixture *f, const char *arch, const char *layer, const char *more, char *out,
			 size_t size)
{
	char config[1024], config_desc[512], layer_desc[512], manifest[2048];

	config_text(config, sizeof(config), arch, 1);
	put_blob(f, config, config_desc, sizeof(config_desc), "");
	put_blob(f, layer, layer_desc, sizeof(layer_desc), "");
	/* Only the media types of the manifest's own entries matter; without one it is judged by its place. */
	snprintf(manifest, sizeof(manifest),
		 "{\"schemaVersion\":2,\"config\":{\"digest\":%s,\"layers\":[{\"digest\":%s]}",
		 strstr(config_desc, "\"sha256:"), strstr(layer_desc, "\"sha256:"));
	put_blob(f, manifest, out, size, more);
}

static UNUSED void begin_layout(struct fixture *f)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/blobs", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/blobs/sha256", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	put(f, "oci-layout", SLICE("{\"imageLayoutVersion\":\"1.0.0\"}"));
}

static UNUSED void put_index(struct fixture *f, const char *one, const char *two)
{
	char index[4096];

	snprintf(index, sizeof(index), "{\"schemaVersion\":2,\"manifests\":[%s%s%s]}", one, two ? "," : "",
		 two ? two : "");
	put(f, "index.json", slice_cstr(index));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
