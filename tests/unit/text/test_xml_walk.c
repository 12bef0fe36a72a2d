/* SPDX-License-Identifier: Apache-2.0 */
/* test_xml_walk.c - events of documents in memory, what is refused, caps. */
#include "check.h"
#include "text/xml_walk.h"

static struct err err = ERR_INIT;

struct told {
	struct buf text;       /* "<a k=v>text</a>" */
	enum status stop_with; /* at the first end of an element */
};

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	buf_printf(&t->text, "<%.*s", SLICE_ARG(name));
	for (size_t i = 0; i < n; i++)
		buf_printf(&t->text, " %.*s=%.*s", SLICE_ARG(attrs[i].name), SLICE_ARG(attrs[i].value));
	buf_add_byte(&t->text, '>');
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *e)
{
	struct told *t = ctx;

	buf_printf(&t->text, "</%.*s>", SLICE_ARG(name));
	if (t->stop_with == STATUS_OK || t->stop_with == STATUS_CANCELLED)
		return t->stop_with;
	return err_set(e, t->stop_with, "no more");
}

static enum status on_text(void *ctx, struct slice text, struct err *e)
{
	struct told *t = ctx;

	(void)e;
	buf_add(&t->text, text);
	return STATUS_OK;
}

static enum status walk(struct slice text, const struct limits *limits, enum status stop_with, const char *want)
{
	struct told t = { .text = BUF_INIT(1 << 16), .stop_with = stop_with };
	const struct xml_sink sink = { on_start, on_end, on_text, &t };
	enum status st;

	err = (struct err)ERR_INIT;
	st = xml_walk(text, &sink, limits, &err);
	if (want) {
		buf_add_byte(&t.text, 0);
		assert_string_equal((const char *)t.text.ptr, want);
	}
	buf_fini(&t.text);
	return st;
}

static void test_events(void **state)
{
	(void)state;
	assert_int_equal(walk(SLICE("<?xml version='1.0'?><!-- c --><x:a xmlns:x='u' x:k='1 &amp; "
				    "2'>t&lt;<![CDATA[<b>]]><b/></x:a>"),
			      &limits_default, STATUS_OK, "<a x=u k=1 & 2>t<<b><b></b></a>"),
			 STATUS_OK);
}

static void test_what_stops(void **state)
{
	(void)state;
	assert_int_equal(walk(SLICE("<a><b/><c/></a>"), &limits_default, STATUS_CANCELLED, "<a><b></b>"), STATUS_OK);
	assert_int_equal(walk(SLICE("<a><b/><c/></a>"), &limits_default, STATUS_NOMEM, "<a><b></b>"), STATUS_NOMEM);
	assert_string_equal(err.msg, "no more");
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "",
					   "text",
					   "<a>",
					   "<a></b>",
					   "<a k=1/>",
					   "<a k='1' k='2'/>",
					   "<a>&x;</a>",
					   "<a/><b/>",
					   "<!DOCTYPE a><a/>",
					   "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
					   "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
					   "<a>\xff</a>" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(walk(slice_cstr(bad[i]), &limits_default, STATUS_OK, NULL), STATUS_MALFORMED);
		assert_true(err.offset != ERR_NO_OFFSET && err.offset <= strlen(bad[i]));
	}
}

static void test_caps(void **state)
{
	struct limits limits = limits_default;

	(void)state;
	limits.document_depth = 3;
	limits.fields = 2;
	assert_int_equal(walk(SLICE("<a><a><a/></a></a>"), &limits, STATUS_OK, NULL), STATUS_OK);
	assert_int_equal(walk(SLICE("<a><a><a><a/></a></a></a>"), &limits, STATUS_OK, NULL), STATUS_LIMIT);
	assert_int_equal(walk(SLICE("<a b='' c=''/>"), &limits, STATUS_OK, NULL), STATUS_OK);
	assert_int_equal(walk(SLICE("<a b='' c='' d=''/>"), &limits, STATUS_OK, NULL), STATUS_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_what_stops),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
