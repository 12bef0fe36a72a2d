/* SPDX-License-Identifier: Apache-2.0 */
/* test_merge.c - the test cases of RFC 7386 (appendix A) and RFC 6902 (appendix A), where the document is a mapping or
 * list. */
#include "check.h"

#include "config/tree.h"

static void twice(void *ctx, const struct node *again, struct place before, bool fatal)
{
	(void)ctx, (void)again, (void)before, (void)fatal;
}

static struct node *tree(const char *text, struct arena *arena)
{
	const struct tree_sink sink = { twice, NULL };
	struct err err = ERR_INIT;
	struct place where;
	struct node *root;
	struct slice copy;

	assert_true(arena_copy(arena, slice_cstr(text), &copy));
	if (tree_from_json(copy, "t.json", arena, &sink, &root, &where, &err) != STATUS_OK)
		fail_msg("%s: %s", text, err.msg);
	return root;
}

static void check_tree(const struct node *root, const char *expected)
{
	struct buf AUTO(buf_fini) out = BUF_INIT(65536);
	struct err err = ERR_INIT;
	struct json_writer w;

	json_writer_init(&w, &out, 0);
	assert_int_equal(node_write(root, &w, &err), STATUS_OK);
	assert_int_equal(json_writer_end(&w, &err), STATUS_OK);
	buf_add_byte(&out, 0);
	assert_string_equal((const char *)out.ptr, expected);
}

static void test_merge(void **state)
{
	static const char *const rows[][3] = {
		{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
		{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
		{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
		{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
		{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
		{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}" },
		{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
		{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
		{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
		{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
		{ "{\"a\":\"x\"}", "{\"a\":{\"b\":[{\"c\":null}],\"d\":null}}", "{\"a\":{\"b\":[{\"c\":null}]}}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
		struct node *root = tree(rows[i][0], &arena);
		struct err err = ERR_INIT;

		assert_int_equal(merge_patch(&root, tree(rows[i][1], &arena), &arena, &err), STATUS_OK);
		check_tree(root, rows[i][2]);
	}
}

/* Document, patch, result; NULL: it must fail. */
static void test_patch(void **state)
{
	static const char *const rows[][3] = {
		{ "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
		  "{\"foo\":\"bar\",\"baz\":\"qux\"}" },
		{ "{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
		  "{\"foo\":[\"bar\",\"qux\",\"baz\"]}" },
		{ "{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]", "{\"foo\":\"bar\"}" },
		{ "{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
		  "{\"foo\":[\"bar\",\"baz\"]}" },
		{ "{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
		  "{\"baz\":\"boo\",\"foo\":\"bar\"}" },
		{ "{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
		  "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
		  "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}" },
		{ "{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
		  "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
		  "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}" },
		{ "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
		  "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/"
		  "1\",\"value\":2}]",
		  "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}" },
		{ "{\"baz\":\"qux\"}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]", NULL },
		{ "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
		  "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}" },
		{ "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
		  "{\"foo\":\"bar\",\"baz\":\"qux\"}" },
		{ "{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]", NULL },
		{ "{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]", "{\"/\":9,\"~1\":10}" },
		{ "{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]", NULL },
		{ "{\"foo\":[\"bar\"]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
		  "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}" },
		{ "{\"a\":{\"b\":[1,{\"c\":2}]}}",
		  "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"b\":[1,{\"c\":2}]}}]",
		  "{\"a\":{\"b\":[1,{\"c\":2}]}}" },
		{ "{\"a\":{\"b\":[1,{\"c\":2}]}}",
		  "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"b\":[1,{\"c\":3}]}}]", NULL },
		{ "{\"a\":{\"x\":1,\"y\":2}}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"y\":2,\"x\":1}}]",
		  "{\"a\":{\"x\":1,\"y\":2}}" },
		{ "{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]", "{\"a\":1,\"b\":1}" },
		{ "{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/c\"}]", NULL },
		{ "{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL },
		{ "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]", NULL },
		/* From behind, as the library that Clair patches with has it. */
		{ "{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/-1\",\"value\":3}]", "{\"a\":[1,2,3]}" },
		{ "{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/-2\",\"value\":3}]", "{\"a\":[1,3,2]}" },
		{ "{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/a/-1\"}]", "{\"a\":[1]}" },
		{ "{\"a\":[1,2]}", "[{\"op\":\"replace\",\"path\":\"/a/-2\",\"value\":3}]", "{\"a\":[3,2]}" },
		{ "{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/a/-3\"}]", NULL },
		{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]", NULL },
		{ "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/00\",\"value\":1}]", NULL },
		{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":{\"z\":0}}]", "{\"z\":0}" },
		{ "{\"a\":1}", "[{\"op\":\"frob\",\"path\":\"/a\",\"value\":1}]", NULL },
		{ "{\"a\":1}", "[7]", NULL },
		{ "{\"a\":1}", "{\"op\":\"remove\",\"path\":\"/a\"}", NULL },
		{ "{\"a\":1}", "[{\"op\":\"add\",\"path\":\"b\",\"value\":1}]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
		struct node *root = tree(rows[i][0], &arena);
		struct err err = ERR_INIT;
		struct place where;
		enum status st = json_patch(&root, tree(rows[i][1], &arena), &arena, &where, &err);

		if ((st == STATUS_OK) != (rows[i][2] != NULL))
			fail_msg("%s: %s", rows[i][1], err.msg);
		if (rows[i][2])
			check_tree(root, rows[i][2]);
		else
			assert_true(err.msg[0] && where.line == 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_merge), cmocka_unit_test(test_patch) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
