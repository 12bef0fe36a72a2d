/* SPDX-License-Identifier: Apache-2.0 */
/* test_toml.c - trees, lines, and documents that TOML 1.0 forbids. What they mean is what Python's tomllib says of
 * them. */
#include "check.h"
#include "text/toml.h"

static struct err err = ERR_INIT;

/* Flow style with quoted strings. Recursive, as the tests' trees are small. */
static void dump(const struct toml_node *n, struct buf *out)
{
	if (n->kind == TOML_KIND_SCALAR) {
		buf_add_cstr(out, n->quoted ? "\"" : "");
		buf_add(out, n->scalar);
		buf_add_cstr(out, n->quoted ? "\"" : "");
		return;
	}
	buf_add_byte(out, n->kind == TOML_KIND_TABLE ? '{' : '[');
	for (const struct toml_node *c = n->child; c; c = c->next) {
		if (n->kind == TOML_KIND_TABLE) {
			buf_add(out, c->key);
			buf_add_byte(out, '=');
		}
		dump(c, out);
		buf_add_cstr(out, c->next ? "," : "");
	}
	buf_add_byte(out, n->kind == TOML_KIND_TABLE ? '}' : ']');
}

static void check_toml(const char *text, const char *want)
{
	struct slice exact = slice_cstr(text);
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	uint8_t *copy = exact_copy(exact);
	struct buf out = new_buf();
	struct toml_node *root = NULL;

	CHECK_OK(toml_parse(slice_make(copy, exact.len), &limits_default, &arena, &root, &err));
	dump(root, &out);
	check_text(buf_slice(&out), want);
	buf_fini(&out);
	arena_fini(&arena);
	free(copy);
}

static void check_bad(const char *text, const char *what)
{
	struct slice exact = slice_cstr(text);
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	uint8_t *copy = exact_copy(exact);
	struct toml_node *root = NULL;

	assert_int_equal(toml_parse(slice_make(copy, exact.len), &limits_default, &arena, &root, &err),
			 STATUS_MALFORMED);
	if (!strstr(err.msg, what))
		fail_msg("%s: got \"%s\", want a word of \"%s\"", text, err.msg, what);
	assert_true(err.offset <= exact.len);
	arena_fini(&arena);
	free(copy);
}

static void test_trees(void **state)
{
	(void)state;
	check_toml("", "{}");
	check_toml("# nothing\r\n\n", "{}");
	check_toml("a = 1\nb.c = \"x\" # one\n'd e'.\"f\" = true", "{a=1,b={c=\"x\"},d e={f=true}}");
	check_toml("[t]\na = 1\n[t.u]\nb = 2\n[v]\n", "{t={a=1,u={b=2}},v={}}");
	check_toml("[[p]]\nn = 'a'\n[p.q]\nx = 1\n[[p]]\nn = 'b'\n[[p.r]]\ny = 2\n",
		   "{p=[{n=\"a\",q={x=1}},{n=\"b\",r=[{y=2}]}]}");
	check_toml("a = [ 1, [2, 3], # c\n \"]\",\n]\nt = { b = 1, c.d = [ ] }",
		   "{a=[1,[2,3],\"]\"],t={b=1,c={d=[]}}}");
	check_toml("[a.b]\nx = 1\n[a]\ny = 2\n", "{a={b={x=1},y=2}}");
	check_toml("d = 1979-05-27T07:32:00Z\ne = 1979-05-27 07:32:00\nf = -1.5e3\ng = -inf",
		   "{d=1979-05-27T07:32:00Z,e=1979-05-27 07:32:00,f=-1.5e3,g=-inf}");
}

static void test_strings(void **state)
{
	(void)state;
	check_toml("a = \"\\t\\\\\\\"\\u00e9\\U0001F600\"", "{a=\"\t\\\"\xc3\xa9\xf0\x9f\x98\x80\"}");
	check_toml("a = '\\t'", "{a=\"\\t\"}");
	check_toml("a = \"\"\"\none\n\ttwo \\\n   three\"\"\"\nb = 1", "{a=\"one\n\ttwo three\",b=1}");
	check_toml("a = '''\n'x''y'''''\n", "{a=\"'x''y''\"}");
	check_toml("a = \"\"\"\"x\\\"\"\"\"", "{a=\"\"x\"\"}");
	check_toml("\xef\xbb\xbf"
		   "a = ''",
		   "{a=\"\"}");
}

static void test_bad(void **state)
{
	(void)state;
	check_bad("a = 1\na = 2", "line 2: the same key twice");
	check_bad("[a]\n[a]", "line 2: the same key twice");
	check_bad("a = 1\n[a.b]", "leads into something else");
	check_bad("a = []\n[[a]]", "the same key twice");
	check_bad("a = {b = 1}\na.c = 2", "leads into something else");
	check_bad("a = \"x", "a string without an end");
	check_bad("a = \"x\ny\"", "a string without an end");
	check_bad("a = \"\"\"x\"\"", "a string without an end");
	check_bad("a = \"\\q\"", "an escape");
	check_bad("a = \"\\ud800\"", "an escape");
	check_bad("a = \"\\u00\"", "an escape");
	check_bad("a = \"\xff\"", "no UTF-8");
	check_bad("a = word", "expected a value");
	check_bad("a = ", "expected a value");
	check_bad("a", "expected =");
	check_bad("= 1", "expected a key");
	check_bad("a = 1 b = 2", "the end of the line");
	check_bad("a = [1 2]", "a comma");
	check_bad("a = [1", "a comma");
	check_bad("[a", "the end of the table's name");
	check_bad("[[a]", "the end of the table's name");
	check_bad("<<<<<<< HEAD\n", "expected a key");
}

static void test_lines(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct toml_node *root = NULL;
	const struct toml_node *p;

	(void)state;
	CHECK_OK(toml_parse(SLICE("a = '''\n\n'''\n\n[[p]]\nx = [\n 1 ]\n[[p]]\n# c\ny = 2\n"), &limits_default, &arena,
			    &root, &err));
	p = toml_get(root, "p");
	assert_int_equal(p->child->line, 5);
	assert_int_equal(toml_get(p->child, "x")->line, 6);
	assert_int_equal(toml_get(p->child, "x")->child->line, 7);
	assert_int_equal(p->last->line, 8);
	assert_int_equal(toml_get(p->last, "y")->line, 10);
	assert_null(toml_get(p, "y"));
	assert_int_equal(toml_get_str(p->last, "y").len, 0); /* a number */
	arena_fini(&arena);
}

static void test_depth(void **state)
{
	static const char *const opening[] = { "[", "{a=", "a." };
	struct limits limits = limits_default;

	(void)state;
	limits.document_depth = 8;
	for (size_t k = 0; k < ARRAY_LEN(opening); k++) {
		for (size_t n = 8; n <= 100000; n += 99992) {
			struct arena arena = ARENA_INIT((size_t)64 << 20);
			struct buf text = new_buf();
			struct toml_node *root = NULL;
			enum status st;

			buf_add_cstr(&text, k == 2 ? "" : "k = ");
			for (size_t i = 0; i < n; i++)
				buf_add_cstr(&text, opening[k]);
			buf_add_cstr(&text, k == 0 ? "]]]]]]]]" : k == 1 ? "1}}}}}}}}" : "z = 1");
			st = toml_parse(buf_slice(&text), &limits, &arena, &root, &err);
			assert_int_equal(st, n == 8 ? STATUS_OK : STATUS_LIMIT);
			buf_fini(&text);
			arena_fini(&arena);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees), cmocka_unit_test(test_strings), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_lines), cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
