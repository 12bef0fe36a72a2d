/* SPDX-License-Identifier: Apache-2.0 */
/* test_documents.c - documents by kind and name. */
#include "support.h"

static void expect_list(struct store *s, struct slice owner, struct slice after, size_t max, const char *names)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf got = BUF_INIT(1000);
	struct store_document *list;
	size_t n;

	check(store_documents(s, STORE_DOCUMENT_LAYER, owner, after, max, &arena, &list, &n, &err));
	for (size_t i = 0; i < n; i++) {
		buf_add(&got, list[i].name);
		buf_add_byte(&got, ' ');
	}
	check_slice(buf_slice(&got), names);
	buf_fini(&got);
	arena_fini(&arena);
}

static void test_put_get(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	const struct slice name = SLICE("a\0b\xff/c"), body = SLICE("{\0\xfe}");
	struct store_document d;

	check_fails(store_document_get(s, STORE_DOCUMENT_LAYER, name, &arena, &d, &err), STATUS_NOTFOUND, "no such");
	check(store_document_put(s, STORE_DOCUMENT_LAYER, name, SLICE("parent"), body, &err));
	check(store_document_put(s, STORE_DOCUMENT_ADVISORY, name, SLICE_EMPTY, SLICE_EMPTY, &err));
	store_close(s);
	s = place_open(*state);
	check(store_document_get(s, STORE_DOCUMENT_LAYER, name, &arena, &d, &err));
	assert_true(slice_eq(d.name, name));
	assert_true(slice_eq(d.body, body));
	check_slice(d.owner, "parent");
	assert_int_equal(d.changed_s, clock_s);
	/* Another kind is another document. */
	check(store_document_get(s, STORE_DOCUMENT_ADVISORY, name, &arena, &d, &err));
	assert_int_equal(d.body.len, 0);
	assert_int_equal(d.owner.len, 0);
	/* It changes its owner and its bytes. */
	clock_s += 7;
	check(store_document_put(s, STORE_DOCUMENT_LAYER, name, SLICE("other"), SLICE("2"), &err));
	check(store_document_get(s, STORE_DOCUMENT_LAYER, name, &arena, &d, &err));
	check_slice(d.body, "2");
	assert_int_equal(d.changed_s, clock_s);
	expect_list(s, SLICE("parent"), SLICE_EMPTY, 10, "");
	store_close(s);
	arena_fini(&arena);
}

static void test_list(void **state)
{
	struct store *s = place_open(*state);
	bool deleted;

	for (const char *n = "hcagbfde"; *n; n++)
		check(store_document_put(s, STORE_DOCUMENT_LAYER, slice_make(n, 1),
					 *n < 'e' ? SLICE("low") : SLICE_EMPTY, SLICE("x"), &err));
	expect_list(s, SLICE("low"), SLICE_EMPTY, 10, "a b c d ");
	expect_list(s, SLICE_EMPTY, SLICE_EMPTY, 3, "e f g ");
	expect_list(s, SLICE_EMPTY, SLICE("g"), 3, "h ");
	expect_list(s, SLICE("nobody"), SLICE_EMPTY, 3, "");
	check(store_document_delete(s, STORE_DOCUMENT_LAYER, SLICE("b"), &deleted, &err));
	assert_true(deleted);
	check(store_document_delete(s, STORE_DOCUMENT_LAYER, SLICE("b"), &deleted, &err));
	assert_false(deleted);
	check(store_document_delete(s, STORE_DOCUMENT_ADVISORY, SLICE("a"), &deleted, &err));
	assert_false(deleted);
	expect_list(s, SLICE("low"), SLICE("a"), 10, "c d ");
	store_close(s);
}

static void test_named(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	const struct slice names[] = { SLICE("b"), SLICE("none"), SLICE("a\0"), SLICE("c") };
	struct store *s = place_open(*state);
	struct store_document *list;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (i != 1)
			check(store_document_put(s, STORE_DOCUMENT_LAYER, names[i], SLICE("o"), names[i], &err));
	check(store_document_put(s, STORE_DOCUMENT_LAYER, SLICE("d"), SLICE("o"), SLICE("x"), &err));
	check(store_document_put(s, STORE_DOCUMENT_SECRET, SLICE("none"), SLICE("o"), SLICE("x"), &err));
	check(store_documents_named(s, STORE_DOCUMENT_LAYER, names, ARRAY_LEN(names), &arena, &list, &n, &err));
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		bool named = false;

		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			named |= slice_eq(list[i].name, names[k]) && slice_eq(list[i].body, names[k]);
		assert_true(named);
	}
	assert_false(slice_eq(list[0].name, list[1].name) || slice_eq(list[1].name, list[2].name) ||
		     slice_eq(list[0].name, list[2].name));
	check(store_documents_named(s, STORE_DOCUMENT_LAYER, NULL, 0, &arena, &list, &n, &err));
	assert_int_equal(n, 0);
	arena_fini(&arena);
	store_close(s);
}

static void test_names(void **state)
{
	struct store *s = place_open(*state);
	static uint8_t longest[STORE_DOCUMENT_NAME + 1];

	fill_noise(longest, sizeof(longest), 1);
	check_fails(store_document_put(s, STORE_DOCUMENT_LAYER, SLICE_EMPTY, SLICE_EMPTY, SLICE("x"), &err),
		    STATUS_INVALID, "needs a name");
	check_fails(store_document_put(s, STORE_DOCUMENT_LAYER, slice_make(longest, sizeof(longest)), SLICE_EMPTY,
				       SLICE("x"), &err),
		    STATUS_INVALID, "longer than 1024 bytes");
	/* Both as long as they may be fit into the index of any engine, though they do not compress. */
	check(store_document_put(s, STORE_DOCUMENT_LAYER, slice_make(longest, STORE_DOCUMENT_NAME),
				 slice_make(longest + 1, STORE_DOCUMENT_NAME), SLICE("x"), &err));
	store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_put_get), TEST(test_list), TEST(test_named), TEST(test_names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
