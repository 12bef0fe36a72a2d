/* SPDX-License-Identifier: Apache-2.0 */
/* test_archive.c - archives as files: compressed, cut, of other kinds; their members read; what is sniffed. */
#include "fixture.h"

#include <bzlib.h>
#include <lzma.h>
#include <zstd.h>

#define LAYER "the bytes of a layer, which is no tar, since only its place is asked here"

static void add_image(struct tarball *t)
{
	char config[1024], manifest[1024], name[128];
	struct digest_text text;

	config_text(config, sizeof(config), "amd64", 1);
	snprintf(name, sizeof(name), "%s.json", hex_of(&text, config));
	snprintf(manifest, sizeof(manifest), "[{\"Config\":\"%s\",\"Layers\":[\"l/layer.tar\"]}]", name);
	tarball_file(t, "first", "something else, to move the layer");
	tarball_file(t, "l/layer.tar", LAYER);
	tarball_file(t, name, config);
	tarball_file(t, "manifest.json", manifest);
}

static void finish(struct tarball *t)
{
	buf_add(&t->buf, slice_make((const uint8_t[1024]){ 0 }, 1024));
}

static size_t pack(enum codec_id id, struct slice in, uint8_t *out, size_t size)
{
	size_t n = 0;
	unsigned bz = (unsigned)size;

	switch ((int)id) {
	case CODEC_zstd:
		n = ZSTD_compress(out, size, in.ptr, in.len, 3);
		assert_false(ZSTD_isError(n));
		return n;
	case CODEC_xz:
		assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, in.ptr, in.len, out, &n, size),
				 LZMA_OK);
		return n;
	case CODEC_bzip2:
		assert_int_equal(BZ2_bzBuffToBuffCompress((char *)out, &bz, (char *)(uintptr_t)in.ptr, (unsigned)in.len,
							  9, 0, 0),
				 BZ_OK);
		return bz;
	default:
		memcpy(out, in.ptr, in.len);
		return in.len;
	}
}

static void check_layer(const struct image *image)
{
	struct source *src = NULL;
	struct err err = ERR_INIT;
	uint8_t bytes[sizeof(LAYER)];
	size_t n = 1;

	assert_int_equal(image->n_layers, 1);
	assert_int_equal(image_layer_open(&image->layers[0], &limits_default, &src, &err), STATUS_OK);
	assert_int_equal(source_read_full(src, bytes, strlen(LAYER), &err), STATUS_OK);
	assert_memory_equal(bytes, LAYER, strlen(LAYER));
	assert_int_equal(source_read(src, bytes, 1, &n, &err), STATUS_OK);
	assert_int_equal(n, 0);
	source_free(src);
}

static void test_compressed(void **state)
{
	struct fixture *f = *state;
	struct tarball t = tarball_begin();
	uint8_t *packed = malloc(1 << 20);

	assert_non_null(packed);
	add_image(&t);
	finish(&t);
	for (int id = CODEC_PLAIN; id < CODEC_COUNT; id++) {
		size_t len;

		if (id == CODEC_gzip)
			continue; /* no compressor is linked; tests/hostile has it */
		len = pack((enum codec_id)id, buf_slice(&t.buf), packed, 1 << 20);
		put(f, "x.tar", slice_make(packed, len));
		assert_int_equal(open_text(f, "%s/x.tar", f->dir), STATUS_OK);
		assert_true(slice_eq(f->image->transport, SLICE("docker-archive")));
		assert_int_equal(f->image->layers[0].place, id == CODEC_PLAIN ? LAYER_FD : LAYER_IN_STREAM);
		check_layer(f->image);
		/* Cut anywhere, it is not an image. */
		for (size_t cut = 0; cut < len - (id == CODEC_PLAIN ? 1024 : 0); cut += 97) {
			put(f, "x.tar", slice_make(packed, cut));
			if (open_text(f, "docker-archive:%s/x.tar", f->dir) == STATUS_OK)
				fail_msg("%s cut at %zu is opened", codec_name((enum codec_id)id), cut);
		}
	}
	tarball_fini(&t);
	free(packed);
}

static void test_stream_that_is_cut_later(void **state)
{
	struct fixture *f = *state;
	struct tarball t = tarball_begin();
	uint8_t *packed = malloc(1 << 20);
	struct source *src = NULL;
	char path[128];
	size_t len;

	add_image(&t);
	finish(&t);
	len = pack(CODEC_xz, buf_slice(&t.buf), packed, 1 << 20);
	put(f, "x.tar", slice_make(packed, len));
	assert_int_equal(open_text(f, "docker-archive:%s/x.tar", f->dir), STATUS_OK);
	snprintf(path, sizeof(path), "%s/x.tar", f->dir);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(image_layer_open(&f->image->layers[0], &limits_default, &src, &f->err), STATUS_MALFORMED);
	tarball_fini(&t);
	free(packed);
}

static void test_members(void **state)
{
	struct fixture *f = *state;
	struct tarball t = tarball_begin();
	struct arena arena = ARENA_INIT(1 << 20);
	struct archive a;
	char path[128];
	int fd;

	tarball_file(&t, "./a", "1");
	tarball_file(&t, "/b/../c", "22");
	tarball_add(&t, '5', "d", NULL, NULL, 0);
	tarball_add(&t, '2', "l", "d/../c", NULL, 0);
	tarball_add(&t, '2', "d/up", "..", NULL, 0);
	tarball_add(&t, '1', "h", "a", NULL, 0);
	tarball_add(&t, '3', "device", NULL, NULL, 0);
	tarball_file(&t, "a", "333");
	put_tar(f, "x.tar", &t);
	snprintf(path, sizeof(path), "%s/x.tar", f->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(archive_open(fd, ARCHIVE_LIST, &f->options, &arena, &a, &f->err), STATUS_OK);
	/* The last of a name counts, also for a hard link to it that came before. */
	assert_int_equal(archive_find(&a, SLICE("a"))->size, 3);
	assert_int_equal(archive_find(&a, SLICE("h"))->size, 3);
	assert_int_equal(archive_find(&a, SLICE("c"))->size, 2);
	assert_int_equal(archive_find(&a, SLICE("l"))->size, 2);
	assert_int_equal(archive_find(&a, SLICE("d/up/a"))->size, 3);
	assert_int_equal(archive_find(&a, SLICE("d/up/d/up/d/up/c"))->size, 2);
	assert_null(archive_find(&a, SLICE("d")));
	assert_null(archive_find(&a, SLICE("device")));
	assert_null(archive_find(&a, SLICE("none")));
	assert_null(archive_find(&a, SLICE("")));
	archive_fini(&a);
	arena_fini(&arena);
	close(fd);
}

static void test_link_hops(void **state)
{
	struct fixture *f = *state;
	struct tarball t = tarball_begin();
	struct arena arena = ARENA_INIT(1 << 20);
	struct archive a;
	char path[128], name[16], next[16];
	int fd;

	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		snprintf(next, sizeof(next), "l%u", i + 1);
		tarball_add(&t, '2', name, next, NULL, 0);
	}
	tarball_file(&t, "l60", "end");
	put_tar(f, "x.tar", &t);
	snprintf(path, sizeof(path), "%s/x.tar", f->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(archive_open(fd, ARCHIVE_LIST, &f->options, &arena, &a, &f->err), STATUS_OK);
	assert_non_null(archive_find(&a, SLICE("l21"))); /* 39 links and a file */
	assert_null(archive_find(&a, SLICE("l20")));
	archive_fini(&a);
	arena_fini(&arena);
	close(fd);
}

static void test_what_is_sniffed(void **state)
{
	static const struct {
		const char *names[3];
		const char *transport; /* NULL: an error */
		const char *says;
	} rows[] = {
		{ { "etc/os-release", "manifest.json" }, "rootfs-archive", NULL },
		{ { "manifest.json", "etc/os-release" }, "rootfs-archive", NULL },
		{ { "srv/x" }, "rootfs-archive", NULL },
		{ { "x", "y" }, "rootfs-archive", NULL },
		{ { "index.json", "x" }, NULL, "index" },
		{ { "repositories", "x/layer.tar" }, NULL, "before 1.10" },
		{ { "manifest.json" }, NULL, "manifest.json" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct tarball t = tarball_begin();
		enum status st;

		for (size_t j = 0; j < 3 && rows[i].names[j]; j++)
			tarball_file(&t, rows[i].names[j], "x");
		put_tar(f, "x.tar", &t);
		st = open_text(f, "%s/x.tar", f->dir);
		if ((st == STATUS_OK) != (rows[i].transport != NULL) ||
		    (rows[i].transport && !slice_eq(f->image->transport, slice_cstr(rows[i].transport))) ||
		    (rows[i].says && !strstr(f->err.msg, rows[i].says)))
			fail_msg("row %zu: %s: %s", i, status_text(st), f->err.msg);
	}
}

static void test_directories(void **state)
{
	struct fixture *f = *state;
	char path[128];

	assert_int_equal(open_text(f, "%s", f->dir), STATUS_OK);
	assert_true(slice_eq(f->image->transport, SLICE("rootfs")));
	put(f, "manifest.json", SLICE("[]"));
	assert_int_equal(open_text(f, "%s", f->dir), STATUS_UNSUPPORTED);
	assert_non_null(strstr(f->err.msg, "unpacked"));
	/* Asked for as what it is not, it is taken at the user's word. */
	assert_int_equal(open_text(f, "rootfs:%s", f->dir), STATUS_OK);
	snprintf(path, sizeof(path), "%s/etc", f->dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(open_text(f, "%s", f->dir), STATUS_OK);
	assert_true(slice_eq(f->image->transport, SLICE("rootfs")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_compressed), TEST(test_stream_that_is_cut_later), TEST(test_members),
		TEST(test_link_hops),  TEST(test_what_is_sniffed),	    TEST(test_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
