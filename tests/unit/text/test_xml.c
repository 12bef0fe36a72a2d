/* SPDX-License-Identifier: Apache-2.0 */
/* test_xml.c - events, refused declarations, caps; each document is fed whole and byte by byte. */
#include "check.h"
#include "text/xml.h"

static struct err err = ERR_INIT;

struct told {
	struct buf text; /* "<a k=v>text</a>" */
	size_t stop_after;
	enum status stop_with;
	size_t n;
};

static enum status step(struct told *t, struct err *e)
{
	if (++t->n != t->stop_after)
		return STATUS_OK;
	return t->stop_with == STATUS_CANCELLED ? STATUS_CANCELLED : err_set(e, t->stop_with, "no more");
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *e)
{
	struct told *t = ctx;

	buf_add_byte(&t->text, '<');
	buf_add(&t->text, name);
	for (size_t i = 0; i < n; i++) {
		buf_add_byte(&t->text, ' ');
		buf_add(&t->text, attrs[i].name);
		buf_add_byte(&t->text, '=');
		buf_add(&t->text, attrs[i].value);
	}
	buf_add_byte(&t->text, '>');
	return step(t, e);
}

static enum status on_end(void *ctx, struct slice name, struct err *e)
{
	struct told *t = ctx;

	buf_add_cstr(&t->text, "</");
	buf_add(&t->text, name);
	buf_add_byte(&t->text, '>');
	return step(t, e);
}

static enum status on_text(void *ctx, struct slice text, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	buf_add(&t->text, text);
	return STATUS_OK;
}

/* Feed in pieces of `size` bytes, each on the heap by itself. */
static enum status run(struct told *t, struct slice text, const struct limits *limits, size_t size)
{
	const struct xml_sink sink = { on_start, on_end, on_text, t };
	struct xml_parser *p = xml_parser_new(&sink, limits);
	enum status st = STATUS_OK;

	assert_non_null(p);
	t->text = new_buf();
	t->n = 0;
	for (size_t i = 0; i < text.len && st == STATUS_OK; i += size) {
		struct slice piece = slice_take(slice_from(text, i), size);
		uint8_t *copy = exact_copy(piece);

		st = xml_parser_feed(p, slice_make(copy, piece.len), &err);
		free(copy);
	}
	if (st == STATUS_OK)
		st = xml_parser_end(p, &err);
	else /* a failure stays */
		assert_int_equal(xml_parser_end(p, &err), st);
	xml_parser_free(p);
	return st;
}

static void check_xml(struct slice text, enum status want_st, const char *want)
{
	static const size_t sizes[] = { SIZE_MAX / 2, 1, 7 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct told t = { 0 };
		enum status st = run(&t, text, &limits_default, sizes[i]);

		if (st != want_st)
			fail_msg("\"%.*s\" by %zu: status %d, want %d (%s)", SLICE_ARG(text), sizes[i], st, want_st,
				 err.msg);
		if (want)
			check_text(buf_slice(&t.text), want);
		buf_fini(&t.text);
	}
}

static void test_events(void **state)
{
	(void)state;
	check_xml(SLICE("<?xml version=\"1.0\"?>\n<!-- c --><a><b k=\"v\" l='w'/>x<![CDATA[<y>&]]><?pi z?></a>\n"),
		  STATUS_OK, "<a><b k=v l=w></b>x<y>&</a>");
	check_xml(SLICE("<o:a xmlns:o='u' xmlns='d' o:k='v'><c/></o:a>"), STATUS_OK, "<a k=v><c></c></a>");
	check_xml(SLICE("<a/>"), STATUS_OK, "<a></a>");
	check_xml(SLICE("\xef\xbb\xbf<a>\xc3\xa9</a>"), STATUS_OK, "<a>\xc3\xa9</a>");
	check_xml(SLICE("<?xml version='1.0' encoding='ISO-8859-1'?><a k='\xe9'>\xe9</a>"), STATUS_OK,
		  "<a k=\xc3\xa9>\xc3\xa9</a>");
	/* A namespace nobody declared is no reason to lose a feed. */
	check_xml(SLICE("<x:a><b/></x:a>"), STATUS_OK, NULL);
}

static void test_entities(void **state)
{
	(void)state;
	check_xml(SLICE("<a k='&lt;&amp;&gt;&quot;&apos;&#65;&#x20ac;'>&lt;&amp;&gt;&quot;&apos;&#65;&#x20ac;</a>"),
		  STATUS_OK, "<a k=<&>\"'A\xe2\x82\xac><&>\"'A\xe2\x82\xac</a>");
	/* Decoded once, not twice. */
	check_xml(SLICE("<a k='&amp;lt;&#38;amp;&amp;#38;' l='plain' m='&amp;&amp;'>&amp;lt;</a>"), STATUS_OK,
		  "<a k=&lt;&amp;&#38; l=plain m=&&>&lt;</a>");
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY x 'y'>]><a/>",
		"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
		"<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x'> %x;]><a/>",
		"<!DOCTYPE a [<!NOTATION n SYSTEM 'n'><!ENTITY x SYSTEM 'y' NDATA n>]><a/>",
		"<!DOCTYPE a [<!ATTLIST a k CDATA 'v'>]><a/>",
		"<!DOCTYPE a [<!ATTLIST a k (x|y) 'x'>]><a/>",
		"<!DOCTYPE a [%x;]><a/>",
		"<!DOCTYPE a SYSTEM 'x.dtd'><a>&x;</a>",
		"<!DOCTYPE a SYSTEM 'x.dtd'><a k='&x;'/>",
		"<a>&x;</a>",
		"<a k='&x;'/>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_xml(slice_cstr(rows[i]), STATUS_MALFORMED, NULL);
	/* A document type without declarations is harmless: nothing is loaded. */
	check_xml(SLICE("<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>"), STATUS_OK, "<a></a>");
	check_xml(SLICE("<!DOCTYPE a [<!ELEMENT a ANY>]><a/>"), STATUS_OK, "<a></a>");
}

static void test_malformed(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT(""),
		SLICE_INIT("text"),
		SLICE_INIT("<a>"),
		SLICE_INIT("<a></b>"),
		SLICE_INIT("<a/><b/>"),
		SLICE_INIT("<a k=v/>"),
		SLICE_INIT("<a k='1' k='2'/>"),
		SLICE_INIT("<a>\xff</a>"),
		SLICE_INIT("<a>\0</a>"),
		SLICE_INIT("<a>&#0;</a>"),
		SLICE_INIT("<a>&lt</a>"),
		SLICE_INIT("<a/>junk"),
		SLICE_INIT("{\"no\": 1}"),
		SLICE_INIT("<a k='<'/>"),
	};
	struct told t = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_xml(rows[i], STATUS_MALFORMED, NULL);
	assert_int_equal(run(&t, SLICE("<a>\n<b>\n</c></a>"), &limits_default, 64), STATUS_MALFORMED);
	assert_non_null(strstr(err.msg, "line 3"));
	assert_in_range(err.offset, 8, 12);
	buf_fini(&t.text);
}

static void test_sink_stops(void **state)
{
	struct told t = { .stop_after = 2, .stop_with = STATUS_CANCELLED };

	(void)state;
	CHECK_OK(run(&t, SLICE("<a><b><c/></b> broken"), &limits_default, 4));
	check_text(buf_slice(&t.text), "<a><b>");
	buf_fini(&t.text);
	t.stop_with = STATUS_CONFLICT;
	t.stop_after = 3;
	assert_int_equal(run(&t, SLICE("<a><b></b><c/></a>"), &limits_default, 4), STATUS_CONFLICT);
	check_text(buf_slice(&t.text), "<a><b></b>");
	assert_string_equal(err.msg, "no more");
	buf_fini(&t.text);
}

static void test_limits(void **state)
{
	struct limits limits = limits_default;
	struct buf b = new_buf();
	struct told t = { 0 };

	(void)state;
	limits.document_depth = 3;
	limits.fields = 2;
	CHECK_OK(run(&t, SLICE("<a><a><a k='' l=''/></a></a>"), &limits, 64));
	buf_fini(&t.text);
	assert_int_equal(run(&t, SLICE("<a><a><a><a/></a></a></a>"), &limits, 64), STATUS_LIMIT);
	buf_fini(&t.text);
	assert_int_equal(run(&t, SLICE("<a k='' l='' m=''/>"), &limits, 64), STATUS_LIMIT);
	buf_fini(&t.text);
	limits.feed_bytes = 10;
	CHECK_OK(run(&t, SLICE("<a>123</a>"), &limits, 3));
	buf_fini(&t.text);
	assert_int_equal(run(&t, SLICE("<a>1234</a>"), &limits, 3), STATUS_LIMIT);
	buf_fini(&t.text);

	/* A tag, a comment and an instruction without an end. */
	limits = limits_default;
	limits.record_bytes = 1 << 20;
	for (int i = 0; i < 3; i++) {
		buf_reset(&b);
		buf_add_cstr(&b, i == 0 ? "<a k='" : i == 1 ? "<a><!--" : "<a><?x ");
		while (b.len < 4 << 20)
			buf_add_cstr(&b, "0123456789abcdef0123456789abcdef");
		assert_int_equal(run(&t, buf_slice(&b), &limits, 65536), STATUS_LIMIT);
		buf_fini(&t.text);
	}
	/* Attributes of one tag take time squared: they are not waited for to its end. A comment may have some. */
	limits = limits_default;
	for (int i = 0; i < 2; i++) {
		buf_reset(&b);
		buf_add_cstr(&b, i == 0 ? "<a" : "<a><!--");
		for (int k = 0; k < (i == 0 ? 1000000 : 20000); k++)
			buf_printf(&b, " a%d = 'x'", k);
		buf_add_cstr(&b, i == 0 ? "/>" : "--></a>");
		assert_int_equal(run(&t, buf_slice(&b), &limits, 65536), i == 0 ? STATUS_LIMIT : STATUS_OK);
		buf_fini(&t.text);
	}
	assert_non_null(strstr(err.msg, "too many attributes"));
	/* Long text is fine: it comes in pieces. */
	buf_reset(&b);
	buf_add_cstr(&b, "<a>");
	while (b.len < 4 << 20)
		buf_add_cstr(&b, "0123456789abcdef0123456789abcdef");
	buf_add_cstr(&b, "</a>");
	CHECK_OK(run(&t, buf_slice(&b), &limits, 65536));
	assert_int_equal(t.text.len, b.len);
	buf_fini(&t.text);
	buf_fini(&b);
}

/* Names are kept for the life of a document, so there is a cap on them. */
static void test_many_names(void **state)
{
	struct buf b = new_buf();
	struct told t = { 0 };

	(void)state;
	buf_add_cstr(&b, "<a>");
	for (int i = 0; i < 600000; i++)
		buf_printf(&b, "<element-with-a-long-name-%d/>", i);
	buf_add_cstr(&b, "</a>");
	assert_int_equal(run(&t, buf_slice(&b), &limits_default, 65536), STATUS_LIMIT);
	assert_non_null(strstr(err.msg, "names of elements and attributes have more than 1048576 bytes together"));
	/* A single one. */
	err = (struct err)ERR_INIT;
	buf_fini(&t.text);
	buf_reset(&b);
	buf_add_cstr(&b, "<a><");
	for (int i = 0; i < 1 << 20; i++)
		buf_add_byte(&b, 'x');
	buf_add_cstr(&b, "/></a>");
	assert_int_equal(run(&t, buf_slice(&b), &limits_default, 65536), STATUS_LIMIT);
	assert_non_null(strstr(err.msg, "names of elements and attributes have more than 1048576 bytes together"));
	buf_fini(&t.text);
	buf_fini(&b);
}

static void test_truncated(void **state)
{
	struct slice whole = SLICE("<?xml version='1.0'?><a k='&amp;x'><!-- c --><b>t\xc3\xa9</b><![CDATA[z]]></a>");
	struct told all = { 0 };

	(void)state;
	CHECK_OK(run(&all, whole, &limits_default, 64));
	for (size_t n = 0; n < whole.len; n++) {
		struct told t = { 0 };
		struct slice cut = slice_take(whole, n);
		/* SIZE_MAX + 1 is 0: absent sorts first. */
		bool in_tag = slice_rfind_byte(cut, '<') + 1 > slice_rfind_byte(cut, '>') + 1;

		assert_int_equal(run(&t, cut, &limits_default, 5), STATUS_MALFORMED);
		/* A tag that the end cuts may be told without its attributes, before the failure. */
		if (!in_tag && !slice_starts(buf_slice(&all.text), buf_slice(&t.text)))
			fail_msg("cut at %zu: %.*s", n, SLICE_ARG(buf_slice(&t.text)));
		buf_fini(&t.text);
	}
	buf_fini(&all.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),	   cmocka_unit_test(test_entities), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_malformed),  cmocka_unit_test(test_sink_stops), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_names), cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
