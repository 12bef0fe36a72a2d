/* SPDX-License-Identifier: Apache-2.0 */
/* test_choice.c - which image is meant: references, numbers, digests, nested indexes, platforms; documents of two
 * meanings. */
#include "fixture.h"

static void check_open(struct fixture *f, enum status want, size_t layer_len, const char *says, const char *target)
{
	enum status st = open_text(f, "%s", target);

	if (st != want || (says && !strstr(f->err.msg, says)))
		fail_msg("%s: %s: %s", target, status_text(st), f->err.msg);
	if (st == STATUS_OK && f->image->layers[0].len != layer_len)
		fail_msg("%s: a layer of %llu bytes", target, (unsigned long long)f->image->layers[0].len);
}

/* REF is put behind the target of the fixture's layout. */
static void check_ref(struct fixture *f, enum status want, size_t layer_len, const char *says, const char *ref)
{
	char target[512];

	snprintf(target, sizeof(target), "oci:%s%s", f->dir, ref);
	check_open(f, want, layer_len, says, target);
}

static void test_references_of_a_layout(void **state)
{
	struct fixture *f = *state;
	char one[1024], two[1024], ref[256];

	begin_layout(f);
	add_manifest(f, "amd64", "1", ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"example.com/a:v1\"}",
		     one, sizeof(one));
	add_manifest(f, "amd64", "22", ",\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/b:latest\"}",
		     two, sizeof(two));
	put_index(f, one, two);
	check_ref(f, STATUS_NOTFOUND, 0, "name one of them", "");
	check_ref(f, STATUS_OK, 1, NULL, ":example.com/a:v1");
	check_ref(f, STATUS_OK, 2, NULL, ":b");
	check_ref(f, STATUS_OK, 2, NULL, ":docker.io/library/b:latest");
	check_ref(f, STATUS_OK, 1, NULL, ":@0");
	check_ref(f, STATUS_OK, 2, NULL, ":@1");
	check_ref(f, STATUS_NOTFOUND, 0, "there are: example.com/a:v1, docker.io/library/b:latest", ":@2");
	check_ref(f, STATUS_NOTFOUND, 0, NULL, ":@");
	check_ref(f, STATUS_NOTFOUND, 0, NULL, ":@x");
	check_ref(f, STATUS_NOTFOUND, 0, NULL, ":@18446744073709551616");
	check_ref(f, STATUS_NOTFOUND, 0, NULL, ":a");
	snprintf(ref, sizeof(ref), ":@%.71s", strstr(two, "sha256:"));
	check_ref(f, STATUS_OK, 2, NULL, ref);
	snprintf(ref, sizeof(ref), ":%.71s", strstr(one, "sha256:"));
	check_ref(f, STATUS_OK, 1, NULL, ref);
}

static void test_nested_indexes(void **state)
{
	struct fixture *f = *state;
	char amd[1024], arm[1024], inner[4096], entry[1024], outer[1024];
	static const char index_type[] = "application/vnd.oci.image.index.v1+json";
	char *type;

	begin_layout(f);
	add_manifest(f, "amd64", "1", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}", amd, sizeof(amd));
	add_manifest(f, "arm64", "22", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}", arm, sizeof(arm));
	snprintf(inner, sizeof(inner), "{\"manifests\":[%s,%s]}", arm, amd);
	put_blob(f, inner, entry, sizeof(entry), ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"v1\"}");
	/* put_blob() calls everything a manifest. */
	type = strstr(entry, "\"digest\"");
	snprintf(outer, sizeof(outer), "{\"mediaType\":\"%s\",%s", index_type, type);
	put_index(f, outer, NULL);
	check_ref(f, STATUS_OK, 1, NULL, "");
	check_ref(f, STATUS_OK, 1, NULL, ":v1");
	check_ref(f, STATUS_NOTFOUND, 0, "v1", ":v2");
	f->options.platform.arch = SLICE("arm64");
	check_ref(f, STATUS_OK, 2, NULL, ":v1");
	f->options.platform.arch = SLICE("s390x");
	check_ref(f, STATUS_NOTFOUND, 0, "linux/s390x; there are: v1 linux/arm64, v1 linux/amd64", ":v1");
	/* Called a manifest, it is none; and the other way round. */
	put_index(f, entry, NULL);
	check_ref(f, STATUS_MALFORMED, 0, NULL, "");
	snprintf(outer, sizeof(outer), "{\"mediaType\":\"%s\",%s", index_type, strstr(amd, "\"digest\""));
	put_index(f, outer, NULL);
	check_ref(f, STATUS_MALFORMED, 0, "manifests", "");
}

static void test_platforms(void **state)
{
	static const struct {
		const char *want_os, *want_arch, *want_variant, *os, *arch, *variant;
		bool matches;
	} rows[] = {
		{ "linux", "amd64", "", "linux", "amd64", "", true },
		{ "linux", "amd64", "", "linux", "arm64", "", false },
		{ "linux", "amd64", "", "windows", "amd64", "", false },
		{ "linux", "arm64", "", "linux", "arm64", "v8", true },
		{ "linux", "arm64", "v8", "linux", "arm64", "", true },
		{ "linux", "arm64", "v9", "linux", "arm64", "v8", true }, /* v8 says nothing */
		{ "linux", "arm", "v7", "linux", "arm", "v7", true },
		{ "linux", "arm", "v7", "linux", "arm", "v6", false },
		{ "linux", "arm", "", "linux", "arm", "v6", true },
		{ "linux", "amd64", "v2", "linux", "amd64", "v3", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image_platform want = { slice_cstr(rows[i].want_os), slice_cstr(rows[i].want_arch),
					       slice_cstr(rows[i].want_variant) };

		if (platform_matches(&want, slice_cstr(rows[i].os), slice_cstr(rows[i].arch),
				     slice_cstr(rows[i].variant)) != rows[i].matches)
			fail_msg("row %zu", i);
	}
}

/* Two images in a docker archive, of a layer of one and of two bytes. */
static void two_images(struct fixture *f, const char *first_tags, const char *second_arch)
{
	struct tarball t = tarball_begin();
	char configs[2][1024], names[2][128], manifest[2048];
	struct digest_text text;

	for (size_t i = 0; i < 2; i++) {
		config_text(configs[i], sizeof(configs[i]), i ? second_arch : "amd64", 1);
		/* Not the same file twice. */
		snprintf(configs[i] + strlen(configs[i]) - 1, 20, ",\"n\":%zu}", i);
		snprintf(names[i], sizeof(names[i]), "%s.json", hex_of(&text, configs[i]));
		tarball_file(&t, names[i], configs[i]);
	}
	tarball_file(&t, "one.tar", "1");
	tarball_file(&t, "two.tar", "22");
	snprintf(manifest, sizeof(manifest),
		 "[{\"Config\":\"%s\",\"RepoTags\":%s,\"Layers\":[\"one.tar\"]},"
		 "{\"Config\":\"%s\",\"RepoTags\":[\"b:1\"],\"Layers\":[\"two.tar\"]}]",
		 names[0], first_tags, names[1]);
	tarball_file(&t, "manifest.json", manifest);
	put_tar(f, "x.tar", &t);
}

static void test_references_of_an_archive(void **state)
{
	static const struct {
		const char *ref;
		enum status status;
		size_t len;
	} rows[] = {
		{ "", STATUS_NOTFOUND, 0 },	  { ":a:1", STATUS_OK, 1 }, { ":a", STATUS_OK, 1 },
		{ ":library/a:1", STATUS_OK, 1 }, { ":b:1", STATUS_OK, 2 }, { ":b", STATUS_NOTFOUND, 0 },
		{ ":@0", STATUS_OK, 1 },	  { ":@1", STATUS_OK, 2 },  { ":@2", STATUS_NOTFOUND, 0 },
		{ ":@-1", STATUS_NOTFOUND, 0 },
	};
	struct fixture *f = *state;
	char target[512];

	two_images(f, "[\"a:1\",\"a:latest\"]", "amd64");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(target, sizeof(target), "docker-archive:%s/x.tar%s", f->dir, rows[i].ref);
		check_open(f, rows[i].status, rows[i].len, rows[i].status ? "a:1 linux/amd64, b:1 linux/amd64" : NULL,
			   target);
	}
	/* An image without a name has its number; of two platforms one is chosen. */
	two_images(f, "null", "arm64");
	snprintf(target, sizeof(target), "docker-archive:%s/x.tar", f->dir);
	check_open(f, STATUS_OK, 1, NULL, target);
	f->options.platform.arch = SLICE("arm64");
	check_open(f, STATUS_OK, 2, NULL, target);
	snprintf(target, sizeof(target), "docker-archive:%s/x.tar:@0", f->dir);
	check_open(f, STATUS_OK, 1, NULL, target);
	f->options.platform_given = true;
	check_open(f, STATUS_NOTFOUND, 0, "platform", target);
}

/* Go's JSON takes a field in any case, and the last of two: there the same text may be another image. */
static void test_documents_of_two_meanings(void **state)
{
	static const char digest[] = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	static const struct {
		const char *json; /* %s: a digest */
		enum status status;
		size_t layers;
	} rows[] = {
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":[]}", STATUS_OK, 0 },
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":[],\"layers\":[{\"digest\":\"%1$s\"}]}", STATUS_OK, 1 },
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":[{\"digest\":\"%1$s\"}],\"layers\":[]}", STATUS_OK, 0 },
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":[],\"Layers\":[]}", STATUS_MALFORMED, 0 },
		{ "{\"CONFIG\":{\"digest\":\"%1$s\"},\"config\":{\"digest\":\"%1$s\"},\"layers\":[]}", STATUS_MALFORMED,
		  0 },
		{ "{\"config\":{\"digest\":\"%1$s\",\"Digest\":\"%1$s\"},\"layers\":[]}", STATUS_MALFORMED, 0 },
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":[],\"manifests\":[]}", STATUS_MALFORMED, 0 },
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":[],\"annotations\":{\"Layers\":\"x\"}}", STATUS_OK, 0 },
		{ "{\"schemaVersion\":1,\"fsLayers\":[]}", STATUS_UNSUPPORTED, 0 },
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":{}}", STATUS_MALFORMED, 0 },
		{ "{\"config\":\"%1$s\",\"layers\":[]}", STATUS_MALFORMED, 0 },
		{ "{\"config\":{\"digest\":\"%1$s\"},\"layers\":[7]}", STATUS_MALFORMED, 0 },
		{ "[]", STATUS_MALFORMED, 0 },
	};
	struct arena arena = ARENA_INIT(1 << 20);
	struct manifest_index index;
	struct image_config config;
	struct docker_manifest docker;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct manifest m;
		char text[1024];
		enum status st;

		snprintf(text, sizeof(text), rows[i].json, digest);
		st = manifest_parse(slice_cstr(text), &limits_default, &arena, &m, &err);
		if (st != rows[i].status || (st == STATUS_OK && m.layers.len != rows[i].layers))
			fail_msg("row %zu: %s: %s", i, status_text(st), err.msg);
	}
	assert_int_equal(
		manifest_parse_index(SLICE("{\"manifests\":[],\"layers\":[]}"), &limits_default, &arena, &index, &err),
		STATUS_MALFORMED);
	assert_int_equal(manifest_parse_index(SLICE("{\"manifests\":[],\"Manifests\":[]}"), &limits_default, &arena,
					      &index, &err),
			 STATUS_MALFORMED);
	assert_int_equal(manifest_parse_config(SLICE("{\"rootfs\":{\"diff_ids\":[],\"DIFF_IDS\":[]}}"), &limits_default,
					       &arena, &config, &err),
			 STATUS_MALFORMED);
	assert_int_equal(manifest_parse_config(SLICE("{\"RootFS\":{},\"rootfs\":{\"diff_ids\":[]}}"), &limits_default,
					       &arena, &config, &err),
			 STATUS_MALFORMED);
	assert_int_equal(
		manifest_parse_config(SLICE("{\"rootfs\":{\"diff_ids\":[]}}"), &limits_default, &arena, &config, &err),
		STATUS_OK);
	assert_int_equal(manifest_parse_docker(SLICE("[{\"Config\":\"c\",\"Layers\":[],\"layers\":[]}]"),
					       &limits_default, &arena, &docker, &err),
			 STATUS_MALFORMED);
	arena_fini(&arena);
}

static void test_caps(void **state)
{
	struct arena arena = ARENA_INIT(1 << 24);
	struct buf text = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	(void)state;
	for (unsigned n = 512; n <= 513; n++) {
		enum status want = n == 512 ? STATUS_OK : STATUS_LIMIT;
		struct docker_manifest docker;
		struct image_config config;

		buf_reset(&text);
		buf_add_cstr(&text, "[{\"Config\":\"c\",\"Layers\":[");
		for (unsigned i = 0; i < n; i++)
			buf_add_cstr(&text, i ? ",\"l\"" : "\"l\"");
		buf_add_cstr(&text, "]}]");
		assert_int_equal(manifest_parse_docker(buf_slice(&text), &limits_default, &arena, &docker, &err), want);
		buf_reset(&text);
		buf_add_cstr(&text, "{\"rootfs\":{\"diff_ids\":[");
		for (unsigned i = 0; i < n; i++)
			buf_printf(&text, "%s\"sha256:%064u\"", i ? "," : "", i);
		buf_add_cstr(&text, "]}}");
		assert_int_equal(manifest_parse_config(buf_slice(&text), &limits_default, &arena, &config, &err), want);
	}
	buf_fini(&text);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_references_of_a_layout),
		TEST(test_nested_indexes),
		cmocka_unit_test(test_platforms),
		TEST(test_references_of_an_archive),
		cmocka_unit_test(test_documents_of_two_meanings),
		cmocka_unit_test(test_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
