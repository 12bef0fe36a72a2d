/* SPDX-License-Identifier: Apache-2.0 */
/* test_manifests.c - manifests with their reports, pages of them, and index runs that are not finished. */
#include "support.h"

#include <stdio.h>
#include <string.h>

static const struct store_package bash = { SLICE_INIT("deb"),  SLICE_INIT("bash"),     SLICE_INIT("5.2.15-2+b2"),
					   SLICE_INIT("bash"), SLICE_INIT("5.2"),      SLICE_INIT("amd64"),
					   SLICE_INIT(""),     SLICE_INIT("debian:12") };

static void put(struct store *s, uint32_t number, const char *state)
{
	struct digest layers[] = { some_digest(1), some_digest(number + 5000) };
	struct store_manifest m = { .digest = some_digest(number),
				    .layers = layers,
				    .n_layers = 2,
				    .state = slice_cstr(state),
				    .success = true,
				    .indexer_state = SLICE("abc") };

	check(store_manifest_put(s, &m, SLICE("{}"), &(struct store_group){ &bash, 1 }, 1, &err));
}

static bool is_there(struct store *s, uint32_t number)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store_manifest m;
	enum status st = store_manifest_get(s, (struct digest[]){ some_digest(number) }, &arena, &m, NULL, &err);

	if (st != STATUS_NOTFOUND)
		check(st);
	arena_fini(&arena);
	return st == STATUS_OK;
}

static void test_every_field(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 24);
	struct buf report = BUF_INIT((size_t)1 << 26);
	static uint8_t noise[3 << 20];
	struct digest layers[] = { some_digest(1), { .algo = DIGEST_SHA512, .bytes = { 7, 8 } }, some_digest(1) };
	struct store_manifest in = { .digest = some_digest(9),
				     .layers = layers,
				     .n_layers = 3,
				     .state = SLICE("IndexError"),
				     .error = SLICE("it's \xff \"größer\"; --"),
				     .indexer_state = SLICE("0123456789abcdef") },
			      out;
	struct store *s = place_open(*state);

	layers[1].bytes[63] = 9;
	fill_noise(noise, sizeof(noise), 4);
	check(store_manifest_put(s, &in, slice_make(noise, sizeof(noise)), NULL, 0, &err));
	store_close(s);
	s = place_open(*state);
	check(store_manifest_get(s, &in.digest, &arena, &out, &report, &err));
	assert_true(slice_eq(buf_slice(&report), slice_make(noise, sizeof(noise))));
	assert_true(digest_eq(&out.digest, &in.digest));
	assert_int_equal(out.n_layers, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(digest_eq(&out.layers[i], &layers[i]));
	check_slice(out.state, "IndexError");
	check_slice(out.error, "it's \xff \"größer\"; --");
	check_slice(out.indexer_state, "0123456789abcdef");
	assert_false(out.success);
	assert_int_equal(out.created_s, clock_s);
	assert_int_equal(out.updated_s, clock_s);
	store_close(s);
	buf_fini(&report);
	arena_fini(&arena);
}

/* Put again, it is the same manifest, changed: since when it is known stays, what it says does not. */
static void test_replaced(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf report = BUF_INIT(100);
	struct store_manifest in = { .digest = some_digest(3), .state = SLICE("IndexFinished"), .success = true }, out;
	struct store *s = place_open(*state);
	int64_t first = clock_s;

	check(store_manifest_put(s, &in, SLICE("one"), NULL, 0, &err));
	clock_s += 60;
	in.error = SLICE("e");
	in.success = false;
	check(store_manifest_put(s, &in, SLICE(""), NULL, 0, &err));
	check(store_manifest_get(s, &in.digest, &arena, &out, &report, &err));
	assert_int_equal(report.len, 0);
	assert_int_equal(out.n_layers, 0);
	assert_false(out.success);
	assert_int_equal(out.created_s, first);
	assert_int_equal(out.updated_s, first + 60);
	check_fails(store_manifest_get(s, &(struct digest){ DIGEST_SHA512, { 0 } }, &arena, &out, &report, &err),
		    STATUS_NOTFOUND, "no manifest sha512:");
	store_close(s);
	arena_fini(&arena);
	buf_fini(&report);
}

static void test_pages(void **state)
{
	struct store *s = place_open(*state);
	uint64_t next = 0;
	uint32_t want = 6;
	size_t n;

	for (uint32_t i = 0; i < 7; i++)
		put(s, i, "IndexFinished");
	put(s, 2, "IndexError"); /* now the newest */
	do {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct store_manifest *m;

		check(store_manifests(s, next, 3, &arena, &m, &n, &next, &err));
		for (size_t i = 0; i < n; i++) {
			struct digest replaced = some_digest(2);

			if (want == 6 && i == 0 && digest_eq(&m[0].digest, &replaced)) {
				check_slice(m[i].state, "IndexError");
				continue;
			}
			want -= want == 2;
			assert_true(digest_eq(&m[i].digest, (struct digest[]){ some_digest(want) }));
			assert_int_equal(m[i].n_layers, 2);
			want--;
		}
		arena_fini(&arena);
	} while (next);
	assert_int_equal(n, 1); /* 3 + 3 + 1 */
	assert_int_equal(want, UINT32_MAX);
	store_close(s);
}

static void test_deleted(void **state)
{
	struct digest wanted[] = { some_digest(1), some_digest(77), some_digest(3), some_digest(1) };
	bool gone[4] = { false, true, false, true };
	struct store *s = place_open(*state);

	for (uint32_t i = 0; i < 4; i++)
		put(s, i, "IndexFinished");
	check(store_manifests_delete(s, wanted, 4, gone, &err));
	assert_true(gone[0] && !gone[1] && gone[2] && !gone[3]);
	assert_true(is_there(s, 0) && !is_there(s, 1) && is_there(s, 2) && !is_there(s, 3));
	put(s, 1, "IndexFinished");
	assert_true(is_there(s, 1));
	store_close(s);
}

static void test_pending(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct digest one = some_digest(1), two = some_digest(2);
	struct store_pending *list, p;
	struct store *s = place_open(*state);
	bool gone;
	size_t n;

	check(store_pending_put(s, &two, SLICE("{\"hash\":\"\xff\"}"), &err));
	clock_s++;
	check(store_pending_put(s, &one, SLICE("body"), &err));
	store_close(s);
	s = place_open(*state);
	check(store_pending_list(s, 10, &arena, &list, &n, &err));
	assert_int_equal(n, 2);
	assert_true(digest_eq(&list[0].manifest, &two));
	check_slice(list[0].body, "{\"hash\":\"\xff\"}");
	assert_int_equal(list[0].since_s, clock_s - 1);
	assert_int_equal(list[0].attempts, 0);
	check(store_pending_begin(s, &two, &arena, &p, &err));
	check(store_pending_begin(s, &two, &arena, &p, &err));
	assert_int_equal(p.attempts, 2);
	check_slice(p.body, "{\"hash\":\"\xff\"}");
	/* Posted again: a new run. */
	check(store_pending_put(s, &two, SLICE("new"), &err));
	check(store_pending_list(s, 1, &arena, &list, &n, &err));
	assert_int_equal(n, 1);
	/* Finished, given up, and deleted. */
	put(s, 1, "IndexFinished");
	check_fails(store_pending_begin(s, &one, &arena, &p, &err), STATUS_NOTFOUND, "done");
	check(store_pending_begin(s, &two, &arena, &p, &err));
	assert_int_equal(p.attempts, 1);
	check_slice(p.body, "new");
	check(store_pending_delete(s, &two, &err));
	check(store_pending_delete(s, &two, &err));
	check(store_pending_put(s, &two, SLICE("x"), &err));
	check(store_manifests_delete(s, &two, 1, &gone, &err));
	assert_true(gone);
	check(store_pending_list(s, 10, &arena, &list, &n, &err));
	assert_int_equal(n, 0);
	store_close(s);
	arena_fini(&arena);
}

/* Who deletes at another node leaves nothing to put; who runs again what failed has the manifest itself. */
static void test_deleted_meanwhile(void **state)
{
	struct digest one = some_digest(1), layers[2] = { some_digest(100), some_digest(200) };
	struct store_manifest m = { .digest = one,
				    .layers = layers,
				    .n_layers = 2,
				    .state = SLICE("IndexFinished"),
				    .success = true,
				    .of_run = true };
	struct store *s = place_open(*state);
	struct store_pending p;
	bool gone;

	check(store_pending_put(s, &one, SLICE("body"), &err));
	check(store_pending_get(s, &one, &p, &err));
	assert_int_equal(p.since_s, clock_s);
	check(store_manifests_delete(s, &one, 1, &gone, &err));
	check_fails(store_pending_get(s, &one, &p, &err), STATUS_NOTFOUND, "no such");
	check_fails(store_manifest_put(s, &m, SLICE("report"), NULL, 0, &err), STATUS_NOTFOUND, "deleted");
	assert_false(is_there(s, 1));
	check(store_pending_put(s, &one, SLICE("body"), &err));
	check(store_manifest_put(s, &m, SLICE("report"), NULL, 0, &err));
	assert_true(is_there(s, 1));
	check_fails(store_pending_get(s, &one, &p, &err), STATUS_NOTFOUND, "no such");
	check(store_manifest_put(s, &m, SLICE("report"), NULL, 0, &err));
	check(store_manifests_delete(s, &one, 1, &gone, &err));
	check_fails(store_manifest_put(s, &m, SLICE("report"), NULL, 0, &err), STATUS_NOTFOUND, "deleted");
	m.of_run = false;
	check(store_manifest_put(s, &m, SLICE("report"), NULL, 0, &err));
	store_close(s);
}

static void test_expired(void **state)
{
	struct digest one = some_digest(1);
	struct store_pending p;
	struct store *s = place_open(*state);
	int64_t began = clock_s;
	size_t n;

	put(s, 1, "IndexFinished");
	put(s, 2, "IndexFinished");
	clock_s += 100;
	put(s, 2, "IndexFinished"); /* young again */
	put(s, 3, "IndexFinished");
	check(store_pending_put(s, &one, SLICE("body"), &err));
	check(store_manifests_expire(s, began, 10, &n, &err));
	assert_int_equal(n, 0);
	check(store_manifests_expire(s, began + 1, 10, &n, &err));
	assert_int_equal(n, 1);
	assert_true(!is_there(s, 1) && is_there(s, 2) && is_there(s, 3));
	/* Who is at it may put it. */
	check(store_pending_get(s, &one, &p, &err));
	clock_s += 100;
	check(store_manifests_expire(s, clock_s, 1, &n, &err));
	assert_int_equal(n, 1);
	check(store_manifests_expire(s, clock_s, 10, &n, &err));
	assert_int_equal(n, 1);
	assert_true(!is_there(s, 2) && !is_there(s, 3));
	store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_field), TEST(test_replaced),	      TEST(test_pages),	  TEST(test_deleted),
		TEST(test_pending),	TEST(test_deleted_meanwhile), TEST(test_expired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
