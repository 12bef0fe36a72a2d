/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a base image ends. Histories and verdicts of the first cases are those of osv-scalibr's tests (artifact/image,
 * TestFindBaseImageIndex), which follow Trivy's rule; CMD without a blank before its bracket is theirs. Histories of
 * buildah are as podman inspect prints them: a comment "FROM NAME" at the first step, "FROM <id>" at further ones.
 */
#include "image/image_impl.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define EMPTY(command) "{\"created_by\":\"" command "\",\"empty_layer\":true}"
#define LAYER(command) "{\"created_by\":\"" command "\"}"
#define FROM(command, name) "{\"created_by\":\"" command "\",\"comment\":\"FROM " name "\"}"
#define ROOT LAYER("ADD rootfs.tar.xz /")
#define BASH EMPTY("CMD[\\\"bash\\\"]")
#define ENTRY EMPTY("ENTRYPOINT [\\\"entrypoint.sh\\\"]")
#define SET LAYER("RUN /bin/sh -c set -x")
#define NGINX EMPTY("CMD [\\\"nginx\\\" \\\"-g\\\" \\\"daemon off;\\\"]")
#define COPY LAYER("/bin/sh -c #(nop) COPY custom-binary /custom-binary")
#define OWN EMPTY("/bin/sh -c #(nop)  CMD [\\\"buildcmd\\\"]")
#define CLASSIC_ADD LAYER("/bin/sh -c #(nop) ADD file:9233 in / ")
#define CLASSIC_CMD EMPTY("/bin/sh -c #(nop)  CMD [\\\"/bin/sh\\\"]")
#define DEBIAN                                                                                                         \
	"{\"created_by\":\"# debian.sh --arch 'amd64' out/ 'bookworm' '@1700000000'\","                                \
	"\"comment\":\"debuerreotype 0.15\"}"
#define ONE "\"sha256:1111111111111111111111111111111111111111111111111111111111111111\""

static struct index_base find(const char *history, size_t layers, struct arena *arena)
{
	struct buf json = BUF_INIT(1 << 16);
	struct image_config config;
	struct err err = ERR_INIT;

	buf_add_cstr(&json, "{\"rootfs\":{\"diff_ids\":[");
	for (size_t i = 0; i < layers; i++)
		buf_add_cstr(&json, i ? "," ONE : ONE);
	buf_printf(&json, "]},\"history\":[%s]}", history);
	assert_int_equal(manifest_parse_config(buf_slice(&json), &limits_default, arena, &config, &err), STATUS_OK);
	buf_fini(&json);
	return base_image_find(&config, layers, SLICE_EMPTY, SLICE_EMPTY);
}

static void test_histories(void **state)
{
	static const struct {
		const char *history;
		size_t layers, base; /* 0: not known */
	} cases[] = {
		{ "", 0, 0 },
		{ EMPTY("Empty Layer"), 0, 0 },
		{ LAYER("Non Empty Layer"), 1, 0 },
		{ LAYER("Non Empty Layer") "," EMPTY("CMD[\\\"somecmd\\\"]"), 1, 0 },
		{ ROOT "," BASH "," LAYER("RUN apt-get update") "," LAYER("COPY dir /dir") "," ENTRY "," OWN, 3, 1 },
		{ ROOT "," BASH "," EMPTY("ENV N=1") "," SET "," LAYER("COPY file1 /file1") "," ENTRY "," NGINX, 3, 1 },
		{ ROOT "," BASH "," SET "," LAYER("COPY file1 /file1") "," ENTRY "," NGINX "," COPY "," OWN, 4, 3 },
		/* Docker's classic builder. */
		{ CLASSIC_ADD "," CLASSIC_CMD "," LAYER("/bin/sh -c apk add curl"), 2, 1 },
		/* CMD is no prefix of a word, and a step that made a layer is no CMD. */
		{ LAYER("ADD a /") "," EMPTY("CMDLINE x") "," LAYER("COPY b /"), 2, 0 },
		{ LAYER("ADD a /") "," LAYER("CMD x") "," LAYER("COPY b /"), 3, 0 },
		/* Nothing above, or nothing below, is no base. */
		{ EMPTY("CMD x") "," LAYER("ADD a /"), 1, 0 },
		/* A history that does not fit the layers. */
		{ LAYER("ADD a /") "," EMPTY("CMD x") "," LAYER("COPY b /"), 3, 0 },
		/* Debian's since 2024. */
		{ DEBIAN "," LAYER("RUN /bin/sh -c apt-get update # buildkit"), 2, 1 },
		{ DEBIAN, 1, 0 },
		/* buildah: the last build's first step. */
		{ LAYER("a") "," FROM("b", "registry.access.redhat.com/ubi8/ubi:latest") "," FROM("c", "0123456789ab"),
		  3, 1 },
		{ LAYER("/bin/sh") "," FROM("a", "quay.io/one:1") "," FROM("b", "quay.io/two:1"), 3, 2 },
		{ FROM("a", "scratch") "," LAYER("b"), 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena arena = ARENA_INIT(1 << 20);
		struct index_base base = find(cases[i].history, cases[i].layers, &arena);

		if (base.layers != cases[i].base || (base.how == BASE_UNKNOWN) != (cases[i].base == 0))
			fail_msg("case %zu: %zu layers, expected %zu", i, base.layers, cases[i].base);
		arena_fini(&arena);
	}
}

static void test_names(void **state)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct image_config config = { .base_name = SLICE("label") };
	struct index_base base = find(LAYER("x") "," FROM("y", "quay.io/one:1"), 2, &arena);

	(void)state;
	assert_int_equal(base.how, BASE_ANNOTATION);
	assert_true(slice_eq(base.name, SLICE("quay.io/one:1")));
	/* What the manifest says goes before the labels, which a base image hands down. */
	base = base_image_find(&config, 1, SLICE("annotation"), SLICE("sha256:no"));
	assert_int_equal(base.how, BASE_UNKNOWN);
	assert_true(slice_eq(base.name, SLICE("annotation")));
	assert_int_equal(base.digest.algo, DIGEST_NONE);
	base = base_image_find(&config, 1, SLICE_EMPTY, SLICE_EMPTY);
	assert_true(slice_eq(base.name, SLICE("label")));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_histories), cmocka_unit_test(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
