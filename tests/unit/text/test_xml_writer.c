/* SPDX-License-Identifier: Apache-2.0 */
/* test_xml_writer.c - what is written is XML, whatever the texts are; misuse is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "text/xml_writer.h"

static void test_document(void **state)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(10000);
	struct err err = ERR_INIT;
	struct xml_writer w;

	(void)state;
	xml_writer_init(&w, &b);
	xml_open(&w, "a");
	xml_attribute(&w, "x", SLICE("1<2 & \"3\"\n"));
	xml_attribute_u64(&w, "n", 7);
	xml_element(&w, "b", SLICE("]]> \033 \xff \xef\xbf\xbf\r\n\xc3\xa4"));
	xml_open(&w, "c");
	xml_close(&w);
	xml_close(&w);
	assert_int_equal(xml_writer_end(&w, &err), STATUS_OK);
	assert_true(
		slice_eq(buf_slice(&b), SLICE("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
					      "<a x=\"1&lt;2 &amp; &quot;3&quot;&#10;\" n=\"7\">\n"
					      " <b>]]&gt; \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd&#13;\n\xc3\xa4</b>\n"
					      " <c/>\n</a>")));
}

static enum status misuse(int how)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(10000);
	struct err err = ERR_INIT;
	struct xml_writer w;

	xml_writer_init(&w, &b);
	xml_open(&w, "a");
	if (how == 0)
		return xml_writer_end(&w, &err);
	if (how == 1) {
		xml_text(&w, SLICE("t"));
		xml_attribute(&w, "x", SLICE("1"));
	} else {
		xml_close(&w);
	}
	xml_close(&w);
	return xml_writer_end(&w, &err);
}

static void test_misuse(void **state)
{
	(void)state;
	for (int how = 0; how < 3; how++)
		assert_int_equal(misuse(how), STATUS_BUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_document), cmocka_unit_test(test_misuse) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
