/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_index_report.c - a packed index report unpacks to what it was; cut, of another version or with a number out of
 * range it is refused.
 */
#include "model/index_report.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S SLICE_INIT
#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct err err = ERR_INIT;

static struct index_layer layers[] = {
	{ .created_by = S("/bin/sh -c #(nop) ADD \xff"), .bytes_stored = UINT64_MAX, .bytes_tar = 1, .read = true },
	{ .created_by = S(""), .bytes_stored = 0, .bytes_tar = UINT64_C(1) << 40, .read = false },
};
static struct index_package packages[] = {
	{ { PACKAGE_DEB, PACKAGE_OWNED | PACKAGE_BAD_VERSION, 0, S("libc6"), S("2:2.36-9"), S("amd64"), S(""),
	    S("glibc"), S("2.36"), S("var/lib/dpkg/status"), S("var/lib/dpkg/status"), S("dpkg"), S("") },
	  1,
	  0,
	  SIZE_MAX,
	  0, 0, 0, false },
	{ { PACKAGE_GO, PACKAGE_MAIN_MODULE | PACKAGE_STDLIB, UINT32_MAX, S("x\0y"), S(""), S("linux/amd64"), S("m:1"),
	    S(""), S(""), S("go:usr/bin/\xfe"), S("usr/bin/\xfe"), S("go"), S("") },
	  0,
	  INDEX_NO_DISTRIBUTION,
	  0,
	  1, 0, 0, false },
};
static struct distribution distributions[] = {
	{ S("debian"), S("like"), S("Debian"), S("12 (b)"), S("12"), S("bookworm"), S("Debian 12"), S("cpe:2.3:o:x"),
	  S("slim"), S("usr/lib/os-release"), S("") },
};
static struct layer_repository repositories[] = { { S("main"), S("key"), S("https://x/?a=b"), S("cpe"),
						    S("etc/apk/repositories"), S("") } };
static struct index_diag diags[] = {
	{ SIZE_MAX, { DIAG_LINK, S("a/b"), ERR_NO_OFFSET, S("the link leads nowhere") } },
	{ 1, { DIAG_RECORD, S(""), UINT64_C(1) << 33, S("größe") } },
};

static struct index_report some_report(void)
{
	struct index_report r = { .target = S("oci:x"),
				  .image_name = S("alpine:3"),
				  .os = S("linux"),
				  .arch = S("arm64"),
				  .variant = S("v8"),
				  .detector_set = S("set"),
				  .layers = { layers, 2, 2 },
				  .packages = { packages, 2, 2 },
				  .distributions = { distributions, 1, 1 },
				  .repositories = { repositories, 1, 1 },
				  .diags = { diags, 2, 2 },
				  .expected_packages = true };

	assert_true(digest_parse(SLICE("sha256:" HEX64), &layers[0].digest));
	assert_true(digest_parse(SLICE("sha512:" HEX64 HEX64), &layers[0].diff_id));
	r.manifest = layers[0].digest;
	return r;
}

static struct slice packed(const struct index_report *r, struct buf *out)
{
	if (index_report_pack(r, out, &err) != STATUS_OK)
		fail_msg("%s", err.msg);
	return buf_slice(out);
}

static void eq(struct slice got, struct slice want)
{
	assert_int_equal(got.len, want.len);
	if (want.len > 0)
		assert_memory_equal(got.ptr, want.ptr, want.len);
}

static void eq_packages(const struct index_package *got, const struct index_package *want)
{
	const struct package *g = &got->package, *w = &want->package;

	assert_int_equal(g->type, w->type);
	assert_int_equal(g->flags, w->flags);
	assert_int_equal(g->line, w->line);
	eq(g->name, w->name);
	eq(g->version, w->version);
	eq(g->arch, w->arch);
	eq(g->module, w->module);
	eq(g->source_name, w->source_name);
	eq(g->source_version, w->source_version);
	eq(g->db, w->db);
	eq(g->path, w->path);
	eq(g->detector, w->detector);
	assert_true(got->layer == want->layer && got->distribution == want->distribution &&
		    got->repository == want->repository);
}

static void eq_layers(const struct index_layer *got, const struct index_layer *want)
{
	assert_true(digest_eq(&got->digest, &want->digest) && digest_eq(&got->diff_id, &want->diff_id));
	eq(got->created_by, want->created_by);
	assert_true(got->bytes_stored == want->bytes_stored && got->bytes_tar == want->bytes_tar);
	assert_int_equal(got->read, want->read);
	assert_false(got->cached);
}

static void eq_rest(const struct index_report *got, const struct index_report *want)
{
	const struct distribution *d = &got->distributions.at[0];

	assert_int_equal(got->distributions.len, 1);
	eq(d->did, distributions[0].did);
	eq(d->id_like, distributions[0].id_like);
	eq(d->name, distributions[0].name);
	eq(d->version, distributions[0].version);
	eq(d->version_id, distributions[0].version_id);
	eq(d->version_code_name, distributions[0].version_code_name);
	eq(d->pretty_name, distributions[0].pretty_name);
	eq(d->cpe, distributions[0].cpe);
	eq(d->variant_id, distributions[0].variant_id);
	eq(d->path, distributions[0].path);
	assert_int_equal(got->repositories.len, 1);
	eq(got->repositories.at[0].name, repositories[0].name);
	eq(got->repositories.at[0].key, repositories[0].key);
	eq(got->repositories.at[0].uri, repositories[0].uri);
	eq(got->repositories.at[0].cpe, repositories[0].cpe);
	eq(got->repositories.at[0].path, repositories[0].path);
	assert_int_equal(got->diags.len, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_true(got->diags.at[i].layer == diags[i].layer);
		assert_int_equal(got->diags.at[i].diag.code, diags[i].diag.code);
		assert_true(got->diags.at[i].diag.offset == diags[i].diag.offset);
		eq(got->diags.at[i].diag.where, diags[i].diag.where);
		eq(got->diags.at[i].diag.text, diags[i].diag.text);
	}
	assert_int_equal(got->complete, want->complete);
	assert_int_equal(got->expected_packages, want->expected_packages);
}

static void test_round_trip(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf bytes = BUF_INIT((size_t)1 << 20);
	struct index_report want = some_report(), got;

	(void)state;
	assert_int_equal(index_report_unpack(packed(&want, &bytes), &limits_default, &arena, &got, &err), STATUS_OK);
	eq(got.target, want.target);
	eq(got.image_name, want.image_name);
	eq(got.os, want.os);
	eq(got.arch, want.arch);
	eq(got.variant, want.variant);
	eq(got.detector_set, want.detector_set);
	assert_true(digest_eq(&got.manifest, &want.manifest));
	assert_int_equal(got.layers.len, 2);
	assert_int_equal(got.packages.len, 2);
	for (size_t i = 0; i < 2; i++) {
		eq_layers(&got.layers.at[i], &want.layers.at[i]);
		eq_packages(&got.packages.at[i], &want.packages.at[i]);
	}
	eq_rest(&got, &want);
	buf_fini(&bytes);
	arena_fini(&arena);
}

static void test_empty(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf bytes = BUF_INIT((size_t)1 << 20);
	struct index_report want = { .complete = true }, got;

	(void)state;
	assert_int_equal(index_report_unpack(packed(&want, &bytes), &limits_default, &arena, &got, &err), STATUS_OK);
	assert_true(got.complete);
	assert_false(got.expected_packages);
	assert_int_equal(got.packages.len + got.layers.len + got.diags.len, 0);
	assert_int_equal(got.manifest.algo, DIGEST_NONE);
	buf_fini(&bytes);
	arena_fini(&arena);
}

/* A report that was cut, and one with more behind it. */
static void test_every_length_but_the_right_one(void **state)
{
	struct buf bytes = BUF_INIT((size_t)1 << 20);
	struct index_report want = some_report(), got;
	size_t whole = packed(&want, &bytes).len;

	(void)state;
	buf_add_byte(&bytes, 0);
	for (size_t n = 0; n <= whole + 1; n++) {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		enum status st = index_report_unpack(slice_take(buf_slice(&bytes), n), &limits_default, &arena, &got,
						     &err);

		assert_int_equal(st, n == whole ? STATUS_OK : STATUS_MALFORMED);
		arena_fini(&arena);
	}
	buf_fini(&bytes);
}

/* The u32 at a place becomes another one: *want is what that must give. */
static void change(size_t at, uint32_t n, enum status want, const char *text)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf bytes = BUF_INIT((size_t)1 << 20);
	struct index_report r = some_report(), got;

	packed(&r, &bytes);
	for (size_t i = 0; i < 4; i++)
		bytes.ptr[at + i] = (uint8_t)(n >> (8 * i));
	assert_int_equal(index_report_unpack(buf_slice(&bytes), &limits_default, &arena, &got, &err), want);
	assert_non_null(strstr(err.msg, text));
	buf_fini(&bytes);
	arena_fini(&arena);
}

/* Places by the header's description: nine numbers, the texts, then the records. */
static void test_numbers_out_of_range(void **state)
{
	struct buf bytes = BUF_INIT((size_t)1 << 20);
	struct index_report r = some_report();
	size_t head = 9 * 4, text, layer = 8 + 8 + 8 + 8 + 8 + 4, package = 8 + 4 + 4 + 9 * 8 + 4 * 4, first;

	(void)state;
	packed(&r, &bytes);
	text = bytes.ptr[32] | (size_t)bytes.ptr[33] << 8;
	first = head + text + 6 * 8 + 8; /* layer 0 */
	change(0, 1, STATUS_MALFORMED, "beginning");
	change(4, 1, STATUS_UNSUPPORTED, "version 1, not 4");
	change(8, 513, STATUS_MALFORMED, "number of layers");
	change(12, UINT32_MAX, STATUS_MALFORMED, "number of its records");
	change(12, 3, STATUS_MALFORMED, "not what it must be");
	change(28, 4, STATUS_MALFORMED, "beginning");
	change(32, (uint32_t)text + 1, STATUS_MALFORMED, "not what it must be");
	change(32, UINT32_MAX, STATUS_MALFORMED, "beginning");
	change(head + text, (uint32_t)text, STATUS_MALFORMED, "head");
	change(head + text + 4, UINT32_MAX, STATUS_MALFORMED, "head");
	change(first + 4, 5, STATUS_MALFORMED, "layers");
	change(first + layer - 4, 2, STATUS_MALFORMED, "layers");
	first += 2 * layer;
	change(first, (uint32_t)text, STATUS_MALFORMED, "packages");
	change(first + 4, 2, STATUS_MALFORMED, "packages"); /* "de" is no type */
	change(first + 8, 512, STATUS_MALFORMED, "packages");
	change(first + package - 16, 2, STATUS_MALFORMED, "packages");
	change(first + package - 16, UINT32_MAX, STATUS_MALFORMED, "packages");
	change(first + package - 12, 1, STATUS_MALFORMED, "packages");
	change(first + package - 8, 1, STATUS_MALFORMED, "packages");
	change(first + package - 4, 1, STATUS_MALFORMED, "packages"); /* of none there cannot be one */
	change(first + 2 * package - 4, 0, STATUS_MALFORMED, "packages");
	change(first + 2 * package - 4, 2, STATUS_MALFORMED, "packages");
	first += 2 * package + 10 * 8 + 5 * 8;
	change(first, 2, STATUS_MALFORMED, "diags");
	change(first + 8, 1, STATUS_MALFORMED, "diags"); /* no code is called "l" */
	buf_fini(&bytes);
}

static void test_no_more_than_fits(void **state)
{
	struct buf bytes = BUF_INIT(300);
	struct index_report r = some_report();

	(void)state;
	assert_int_equal(index_report_pack(&r, &bytes, &err), STATUS_LIMIT);
	buf_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_every_length_but_the_right_one),
		cmocka_unit_test(test_numbers_out_of_range),
		cmocka_unit_test(test_no_more_than_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
