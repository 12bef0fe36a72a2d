/* SPDX-License-Identifier: Apache-2.0 */
/* test_yaml.c - trees, aliases and bombs. */
#include "check.h"
#include "text/yaml.h"

static struct err err = ERR_INIT;

/* Flow style: {k: v, k: [a, "b"]}; quoted scalars in quotes. Recursive, as the tests' trees are small. */
static void dump(const struct yaml_node *n, struct buf *out)
{
	if (n->kind == YAML_KIND_SCALAR) {
		buf_add_cstr(out, n->quoted ? "\"" : "");
		buf_add(out, n->scalar);
		buf_add_cstr(out, n->quoted ? "\"" : "");
		return;
	}
	buf_add_byte(out, n->kind == YAML_KIND_MAPPING ? '{' : '[');
	for (const struct yaml_node *c = n->child; c; c = c->next) {
		if (n->kind == YAML_KIND_MAPPING) {
			dump(c->key, out);
			buf_add_cstr(out, ": ");
		}
		dump(c, out);
		if (c->next)
			buf_add_cstr(out, ", ");
	}
	buf_add_byte(out, n->kind == YAML_KIND_MAPPING ? '}' : ']');
}

static void check_yaml(const char *text, const char *want)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf out = new_buf();
	struct yaml_node *root = NULL;

	CHECK_OK(yaml_parse(slice_cstr(text), &limits_default, &arena, &root, &err));
	assert_non_null(root);
	dump(root, &out);
	check_text(buf_slice(&out), want);
	buf_fini(&out);
	arena_fini(&arena);
}

static void test_trees(void **state)
{
	(void)state;
	check_yaml("a: 1\nb:\n  - x\n  - 'y'\n  - {k: \"v\"}\nc: |\n  two\n  lines\nd:\n",
		   "{a: 1, b: [x, \"y\", {k: \"v\"}], c: \"two\nlines\n\", d: }");
	check_yaml("--- # one\n- !!str 12\n- ! 13\n- ~\n...\n--- two\n", "[\"12\", \"13\", ~]");
	check_yaml("? [a, b]\n: c\n", "{[a, b]: c}");
	check_yaml("\xef\xbb\xbf" "caf\xc3\xa9: \"\\u20acz\"", "{caf\xc3\xa9: \"\xe2\x82\xacz\"}");
}

static void test_alias(void **state)
{
	(void)state;
	check_yaml("a: &x {k: [1, 2]}\nb: *x\nc: [*x, &y z, *y]\n",
		   "{a: {k: [1, 2]}, b: {k: [1, 2]}, c: [{k: [1, 2]}, z, z]}");
	/* A later anchor of the same name replaces the earlier. */
	check_yaml("[&a 1, *a, &a 2, *a]", "[1, 1, 2, 2]");
	check_yaml("&k a: &v b\n*k : *v\n", "{a: b, a: b}");
}

static void test_get(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct yaml_node *root = NULL;

	(void)state;
	CHECK_OK(yaml_parse(SLICE("a: 1\nb: {c: d}\n\"a\": 2\n[x]: y\n"), &limits_default, &arena, &root, &err));
	check_text(yaml_get_str(root, "a"), "2");
	check_text(yaml_get_str(yaml_get(root, "b"), "c"), "d");
	check_text(yaml_get_str(root, "b"), "");
	assert_null(yaml_get(root, "x"));
	assert_null(yaml_get(yaml_get(root, "a"), "a"));
	assert_null(yaml_get(NULL, "a"));
	assert_int_equal(yaml_get(root, "b")->line, 2);
	assert_int_equal(yaml_get(root, "b")->column, 4);
	arena_fini(&arena);
}

static enum status parse(struct slice text, const struct limits *limits)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct yaml_node *root = NULL;
	uint8_t *copy = exact_copy(text);
	enum status st = yaml_parse(slice_make(copy, text.len), limits, &arena, &root, &err);

	free(copy);
	arena_fini(&arena);
	return st;
}

static void test_empty(void **state)
{
	struct arena arena = ARENA_INIT(4096);
	struct yaml_node sentinel, *root = &sentinel;

	(void)state;
	CHECK_OK(yaml_parse(SLICE_EMPTY, &limits_default, &arena, &root, &err));
	assert_null(root);
	root = &sentinel;
	CHECK_OK(yaml_parse(SLICE("# nothing\n\n"), &limits_default, &arena, &root, &err));
	assert_null(root);
	arena_fini(&arena);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *text, *place;
	} rows[] = {
		{ "a: [1, 2", "line 2, column 1" },
		{ "a: b: c", "line 1, column 5" },
		{ "a: 1\n\tb: 2\n", "line 2, column 1" },
		{ "x: 1\ny: *nobody", "line 2, column 4" },
		{ "&a [1, *a]", "line 1, column 8" },
		{ "a: \"\xff\"", "byte 4" },
		{ "a: \"unclosed", "line 1" },
		{ "- a\nb: c\n", "line 2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (parse(slice_cstr(rows[i].text), &limits_default) != STATUS_MALFORMED)
			fail_msg("accepted: %s", rows[i].text);
		if (!strstr(err.msg, rows[i].place))
			fail_msg("%s: no \"%s\" in: %s", rows[i].text, rows[i].place, err.msg);
	}
}

static void test_bomb(void **state)
{
	struct buf b = new_buf();

	(void)state;
	/* 10^9 leaves in nine levels. */
	buf_add_cstr(&b, "a0: &a0 lol\n");
	for (int i = 1; i < 10; i++) {
		buf_printf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_printf(&b, "*a%d%s", i - 1, k < 9 ? "," : "]\n");
	}
	assert_int_equal(parse(buf_slice(&b), &limits_default), STATUS_LIMIT);
	buf_fini(&b);
}

static void test_limits(void **state)
{
	struct limits limits = limits_default;

	(void)state;
	limits.document_depth = 3;
	CHECK_OK(parse(SLICE("[[[1]]]"), &limits));
	assert_int_equal(parse(SLICE("[[[[1]]]]"), &limits), STATUS_LIMIT);
	/* The depth of an alias is that of what it stands for. */
	CHECK_OK(parse(SLICE("[&a [1], [*a]]"), &limits));
	assert_int_equal(parse(SLICE("[&a [[1]], [*a]]"), &limits), STATUS_LIMIT);
	limits.yaml_nodes = 5;
	CHECK_OK(parse(SLICE("[1, 2, 3, 4]"), &limits));
	assert_int_equal(parse(SLICE("[1, 2, 3, 4, 5]"), &limits), STATUS_LIMIT);
	CHECK_OK(parse(SLICE("[&a [1], *a]"), &limits));
	assert_int_equal(parse(SLICE("[&a [1], *a, 1]"), &limits), STATUS_LIMIT);
	{
		struct arena small = ARENA_INIT(256);
		struct yaml_node *root = NULL;

		assert_int_equal(yaml_parse(SLICE("[a, b, c]"), &limits_default, &small, &root, &err), STATUS_NOMEM);
		arena_fini(&small);
	}
}

static void test_deep(void **state)
{
	struct buf b = new_buf();

	(void)state;
	for (int i = 0; i < 200000; i++)
		buf_add_byte(&b, '[');
	assert_int_equal(parse(buf_slice(&b), &limits_default), STATUS_LIMIT);
	buf_fini(&b);
}

/* Every cut ends in a tree or in a clear message. */
static void test_truncated(void **state)
{
	struct slice whole =
		SLICE("a: &x {b: [1, \"\\u00e9\", 'q']}\nc: *x\nd: >-\n  folded\n  caf\xc3\xa9\n? e\n: f\n");

	(void)state;
	for (size_t n = 0; n < whole.len; n++) {
		enum status st = parse(slice_take(whole, n), &limits_default);

		if (st != STATUS_OK && st != STATUS_MALFORMED)
			fail_msg("cut at %zu: %s", n, err.msg);
	}
	CHECK_OK(parse(whole, &limits_default));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),	  cmocka_unit_test(test_alias), cmocka_unit_test(test_get),
		cmocka_unit_test(test_empty),	  cmocka_unit_test(test_malformed), cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_limits),	  cmocka_unit_test(test_deep),	cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
