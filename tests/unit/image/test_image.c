/* SPDX-License-Identifier: Apache-2.0 */
/* test_image.c - targets, sniffing, archives and layouts, choice of reference and platform. */
#include "fixture.h"

static void docker_archive(struct fixture *f, const char *file, const char *layers, unsigned diffs)
{
	struct tarball t = tarball_begin();
	char config[1024], manifest[1024], name[128];
	struct digest_text text;

	config_text(config, sizeof(config), "amd64", diffs);
	snprintf(name, sizeof(name), "%s.json", hex_of(&text, config));
	snprintf(manifest, sizeof(manifest), "[{\"Config\":\"%s\",\"RepoTags\":[\"alpine:3.9\"],\"Layers\":[%s]}]",
		 name, layers);
	tarball_add(&t, '2', "a/layer.tar", "../real.tar", NULL, 0);
	tarball_file(&t, "real.tar", "the first real one");
	tarball_file(&t, "./real.tar", "the last one wins");
	tarball_add(&t, '2', "loop.tar", "loop.tar", NULL, 0);
	tarball_add(&t, '2', "out.tar", "../../../etc/passwd", NULL, 0);
	tarball_add(&t, '2', "dir", "sub", NULL, 0);
	tarball_file(&t, "sub/in.tar", "in");
	tarball_add(&t, '1', "hard.tar", "sub/in.tar", NULL, 0);
	tarball_file(&t, name, config);
	tarball_file(&t, "manifest.json", manifest);
	put_tar(f, file, &t);
}

static void test_docker_archive(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[64];

	docker_archive(f, "x.tar", "\"a/layer.tar\"", 1);
	assert_int_equal(open_text(f, "%s/x.tar", f->dir), STATUS_OK);
	assert_true(slice_eq(f->image->transport, SLICE("docker-archive")));
	assert_true(slice_eq(f->image->name, SLICE("alpine:3.9")));
	assert_int_equal(f->image->n_layers, 1);
	assert_int_equal(f->image->layers[0].len, strlen("the last one wins"));
	assert_int_equal(pread(f->image->layers[0].fd, bytes, 17, (off_t)f->image->layers[0].offset), 17);
	assert_memory_equal(bytes, "the last one wins", 17);
	assert_true(slice_eq(f->image->layers[0].created_by, SLICE("FROM")));
	assert_true(digest_eq(&f->image->manifest, &f->image->config));
	assert_int_equal(open_text(f, "docker-archive:%s/x.tar:alpine:3.9", f->dir), STATUS_OK);
	assert_int_equal(open_text(f, "docker-archive:%s/x.tar:docker.io/library/alpine:3.9", f->dir), STATUS_OK);
	assert_int_equal(open_text(f, "docker-archive:%s/x.tar:alpine:3.8", f->dir), STATUS_NOTFOUND);
	assert_non_null(strstr(f->err.msg, "alpine:3.9 linux/amd64"));
}

static void test_links_in_an_archive(void **state)
{
	static const struct {
		const char *layer;
		enum status status;
	} cases[] = {
		{ "\"dir/in.tar\"", STATUS_OK },
		{ "\"hard.tar\"", STATUS_OK },
		{ "\"loop.tar\"", STATUS_NOTFOUND },
		{ "\"out.tar\"", STATUS_NOTFOUND },
		{ "\"none.tar\"", STATUS_NOTFOUND },
		{ "\"/../sub/./in.tar\"", STATUS_OK },
		{ "\"sub\"", STATUS_NOTFOUND },
		{ "17", STATUS_MALFORMED },
		{ "\"hard.tar\",\"hard.tar\"", STATUS_MALFORMED },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		docker_archive(f, "x.tar", cases[i].layer, 1);
		assert_int_equal(open_text(f, "docker-archive:%s/x.tar", f->dir), cases[i].status);
	}
}

static void test_tampered_configuration(void **state)
{
	struct fixture *f = *state;
	struct tarball t = tarball_begin();
	char config[1024], manifest[1024], name[128];
	struct digest_text text;

	config_text(config, sizeof(config), "amd64", 0);
	snprintf(name, sizeof(name), "%s.json", hex_of(&text, "another"));
	snprintf(manifest, sizeof(manifest), "[{\"Config\":\"%s\",\"Layers\":[]}]", name);
	tarball_file(&t, name, config);
	tarball_file(&t, "manifest.json", manifest);
	put_tar(f, "x.tar", &t);
	assert_int_equal(open_text(f, "%s/x.tar", f->dir), STATUS_MISMATCH);
}

static void test_layout_with_platforms(void **state)
{
	struct fixture *f = *state;
	char amd[1024], arm[1024];

	begin_layout(f);
	add_manifest(f, "amd64", "amd layer", "", amd, sizeof(amd));
	add_manifest(f, "arm64", "an arm layer",
		     ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\",\"variant\":\"v8\"}", arm,
		     sizeof(arm));
	put_index(f, amd, arm);
	assert_int_equal(open_text(f, "%s", f->dir), STATUS_OK);
	assert_true(slice_eq(f->image->transport, SLICE("oci")));
	assert_int_equal(f->image->layers[0].len, strlen("amd layer"));
	f->options.platform.arch = SLICE("arm64");
	f->options.platform_given = true;
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_OK);
	assert_int_equal(f->image->layers[0].len, strlen("an arm layer"));
	f->options.platform.arch = SLICE("s390x");
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_NOTFOUND);
	assert_non_null(strstr(f->err.msg, "linux/amd64"));
	assert_non_null(strstr(f->err.msg, "linux/arm64/v8"));
	/* The only image there is, is taken whatever the host is; but not when another one was asked for. */
	put_index(f, arm, NULL);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_NOTFOUND);
	f->options.platform_given = false;
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_OK);
}

static void test_layout_with_names(void **state)
{
	struct fixture *f = *state;
	char one[1024], two[1024];

	begin_layout(f);
	add_manifest(f, "amd64", "one", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}", one,
		     sizeof(one));
	add_manifest(f, "amd64", "second", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"v2\"}", two,
		     sizeof(two));
	put_index(f, one, two);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_NOTFOUND);
	assert_non_null(strstr(f->err.msg, "v1"));
	assert_int_equal(open_text(f, "oci:%s:v2", f->dir), STATUS_OK);
	assert_int_equal(f->image->layers[0].len, strlen("second"));
	assert_int_equal(open_text(f, "oci:%s:v3", f->dir), STATUS_NOTFOUND);
}

static void test_attestations_are_no_images(void **state)
{
	struct fixture *f = *state;
	char image[1024], attestation[1024];

	begin_layout(f);
	add_manifest(f, "amd64", "one", "", image, sizeof(image));
	add_manifest(f, "unknown", "in-toto", ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}",
		     attestation, sizeof(attestation));
	put_index(f, attestation, image);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_OK);
	put_index(f, attestation, NULL);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_UNSUPPORTED);
}

static void blob_path(const struct fixture *f, const char *content, char *out, size_t size)
{
	struct digest_text text;

	snprintf(out, size, "%s/blobs/sha256/%s", f->dir, hex_of(&text, content));
}

static void test_blobs_behind_links(void **state)
{
	struct fixture *f = *state;
	char image[1024], path[256], outside[] = "/tmp/limpid-outside-XXXXXX";
	int fd = mkstemp(outside);

	begin_layout(f);
	add_manifest(f, "amd64", "layer", "", image, sizeof(image));
	put_index(f, image, NULL);
	blob_path(f, "layer", path, sizeof(path));
	put(f, "elsewhere", SLICE("layer"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("../../elsewhere", path), 0);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_OK);
	assert_int_equal(f->image->layers[0].len, 5);
	/* Not out of the directory, and not in a circle. */
	assert_int_equal(write(fd, "layer", 5), 5);
	close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(outside, path), 0);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_MALFORMED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(strrchr(path, '/') + 1, path), 0);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_MALFORMED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_NOTFOUND);
	/* A git check-out without links. */
	put(f, strstr(path, "blobs/"), SLICE("../../elsewhere"));
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_OK);
	assert_int_equal(f->image->layers[0].len, 5);
	unlink(outside);
}

static void test_tampered_manifest(void **state)
{
	struct fixture *f = *state;
	char image[1024], *digit;

	begin_layout(f);
	add_manifest(f, "amd64", "layer", "", image, sizeof(image));
	digit = strstr(image, "sha256:") + 7;
	put_index(f, image, NULL);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_OK);
	*digit = *digit == '0' ? '1' : '0';
	put_index(f, image, NULL);
	assert_int_equal(open_text(f, "oci:%s", f->dir), STATUS_NOTFOUND);
}

static void test_manifest_bytes(void **state)
{
	struct fixture *f = *state;
	static struct limits limits; /* the fixture outlives this function */

	limits = limits_default;
	docker_archive(f, "x.tar", "\"real.tar\"", 1);
	f->options.limits = &limits;
	for (uint64_t bytes = 1; bytes < 100; bytes *= 2) {
		limits.manifest_bytes = bytes;
		assert_int_equal(open_text(f, "docker-archive:%s/x.tar", f->dir), STATUS_LIMIT);
		assert_non_null(strstr(f->err.msg, "manifest.json has "));
		assert_non_null(strstr(f->err.msg, " is read (limits.manifest_bytes)"));
	}
}

/* ---- targets ---- */

static void test_what_cannot_be_opened(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_text(f, "docker://alpine"), STATUS_UNSUPPORTED);
	assert_int_equal(open_text(f, "docker-daemon:alpine:3"), STATUS_UNSUPPORTED);
	assert_int_equal(open_text(f, "sbom:x.json"), STATUS_NOTFOUND);
	assert_int_equal(open_text(f, "alpine:3.18"), STATUS_UNSUPPORTED);
	assert_int_equal(open_text(f, "%s", ""), STATUS_INVALID);
	assert_int_equal(open_text(f, "oci:"), STATUS_INVALID);
	assert_int_equal(open_text(f, "./no/such/file"), STATUS_NOTFOUND);
	assert_int_equal(open_text(f, "oci:%s/none", f->dir), STATUS_NOTFOUND);
	assert_int_equal(open_text(f, "rootfs-archive:%s", f->dir), STATUS_INVALID);
	put(f, "text", SLICE("just some text that is no archive"));
	assert_int_equal(open_text(f, "%s/text", f->dir), STATUS_MALFORMED);
	assert_int_equal(open_text(f, "oci:%s/text", f->dir), STATUS_INVALID);
	put(f, "empty", SLICE_EMPTY);
	assert_int_equal(open_text(f, "%s/empty", f->dir), STATUS_MALFORMED);
}

static void test_root_file_systems(void **state)
{
	struct fixture *f = *state;
	struct tarball t = tarball_begin();

	tarball_file(&t, "./etc/os-release", "ID=x");
	/* Not a docker archive for all that. */
	tarball_file(&t, "manifest.json", "[]");
	put_tar(f, "root.tar", &t);
	assert_int_equal(open_text(f, "%s/root.tar", f->dir), STATUS_OK);
	assert_true(slice_eq(f->image->transport, SLICE("rootfs-archive")));
	assert_int_equal(f->image->n_layers, 1);
	assert_int_equal(open_text(f, "%s", f->dir), STATUS_OK);
	assert_true(slice_eq(f->image->transport, SLICE("rootfs")));
	assert_int_equal(f->image->layers[0].place, LAYER_DIRECTORY);
}

static void test_references(void **state)
{
	(void)state;
	assert_true(reference_matches(SLICE("alpine"), SLICE("alpine:latest")));
	assert_true(reference_matches(SLICE("alpine"), SLICE("docker.io/library/alpine:latest")));
	assert_true(reference_matches(SLICE("docker.io/library/alpine:3"), SLICE("alpine:3")));
	assert_true(reference_matches(SLICE("docker.io/me/x:1"), SLICE("me/x:1")));
	assert_false(reference_matches(SLICE("alpine"), SLICE("alpine:3")));
	assert_false(reference_matches(SLICE("alp"), SLICE("alpine:latest")));
	assert_false(reference_matches(SLICE(""), SLICE("alpine:latest")));
	assert_false(reference_matches(SLICE("quay.io/x"), SLICE("x:latest")));
}

static void test_listing_is_checked(void **state)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct archive a = { .fd = -1 };
	struct err err = ERR_INIT;
	uint8_t bytes[64] = { 0 };

	(void)state;
	bytes[2] = MEMBER_FILE;
	bytes[3] = 100; /* offset */
	bytes[11] = 10; /* size */
	assert_int_equal(archive_parse(slice_make(bytes, 2 + 29), 110, &limits_default, &arena, &a, &err), STATUS_OK);
	archive_fini(&a);
	a = (struct archive){ .fd = -1 };
	assert_int_equal(archive_parse(slice_make(bytes, 2 + 29), 109, &limits_default, &arena, &a, &err), STATUS_BUG);
	archive_fini(&a);
	a = (struct archive){ .fd = -1 };
	bytes[2] = 9;
	assert_int_equal(archive_parse(slice_make(bytes, 2 + 29), 110, &limits_default, &arena, &a, &err), STATUS_BUG);
	archive_fini(&a);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_docker_archive),	   TEST(test_links_in_an_archive),
		TEST(test_tampered_configuration), TEST(test_layout_with_platforms),
		TEST(test_layout_with_names),	   TEST(test_attestations_are_no_images),
		TEST(test_blobs_behind_links),	   TEST(test_tampered_manifest),
		TEST(test_manifest_bytes),
		TEST(test_what_cannot_be_opened),  TEST(test_root_file_systems),
		cmocka_unit_test(test_references), cmocka_unit_test(test_listing_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
