/* SPDX-License-Identifier: Apache-2.0 */
/* test_cpe.c - both bindings in, formatted strings out. Texts after NIST IR 7695, sections 6.1.2 and 6.2. */
#include "check.h"
#include "text/cpe.h"

#include <stdio.h>

static struct err err = ERR_INIT;

static enum status parse(struct slice text, struct buf *out)
{
	struct arena arena = ARENA_INIT(65536);
	uint8_t *copy = exact_copy(text);
	struct cpe c;
	enum status st = cpe_parse(slice_make(copy, text.len), &arena, &c, &err);

	/* Values lie in the arena: the text may go. */
	free(copy);
	if (st == STATUS_OK)
		cpe_print(&c, out);
	arena_fini(&arena);
	return st;
}

static void check_cpe(const char *text, const char *want)
{
	struct buf out = new_buf(), again = new_buf();

	CHECK_OK(parse(slice_cstr(text), &out));
	check_text(buf_slice(&out), want);
	if (out.len) {
		CHECK_OK(parse(buf_slice(&out), &again));
		check_text(buf_slice(&again), want);
	}
	buf_fini(&out);
	buf_fini(&again);
}

static void test_uri(void **state)
{
	(void)state;
	check_cpe("cpe:/o:redhat:enterprise_linux:6::server", "cpe:2.3:o:redhat:enterprise_linux:6:*:server:*:*:*:*:*");
	check_cpe("cpe:/a:redhat:openshift:4.16::el9", "cpe:2.3:a:redhat:openshift:4.16:*:el9:*:*:*:*:*");
	check_cpe("cpe:/o:amazon:linux:2018.03:ga", "cpe:2.3:o:amazon:linux:2018.03:ga:*:*:*:*:*:*");
	check_cpe("cpe:/a:microsoft:internet_explorer:8.0.6001:beta",
		  "cpe:2.3:a:microsoft:internet_explorer:8.0.6001:beta:*:*:*:*:*:*");
	check_cpe("cpe:/a:microsoft:internet_explorer:8.%2a:sp%3f",
		  "cpe:2.3:a:microsoft:internet_explorer:8.\\*:sp\\?:*:*:*:*:*:*");
	check_cpe("cpe:/a:microsoft:internet_explorer:8.%02:sp%01",
		  "cpe:2.3:a:microsoft:internet_explorer:8.*:sp?:*:*:*:*:*:*");
	check_cpe("cpe:/a:hp:insight_diagnostics:7.4.0.1570::~~online~win2003~x64~",
		  "cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:*:*:*:online:win2003:x64:*");
	check_cpe("cpe:/a:hp:openview_network_manager:7.51:-:~~~linux~~",
		  "cpe:2.3:a:hp:openview_network_manager:7.51:-:*:*:*:linux:*:*");
	check_cpe("CPE:/A:Foo-Bar:B~z", "cpe:2.3:a:foo-bar:b\\~z:*:*:*:*:*:*:*:*");
	check_cpe("cpe:/", "cpe:2.3:*:*:*:*:*:*:*:*:*:*:*");
	check_cpe("cpe:/a:b%2fc:%5f_", "cpe:2.3:a:b\\/c:__:*:*:*:*:*:*:*:*");
}

static void test_formatted(void **state)
{
	(void)state;
	check_cpe("cpe:2.3:o:amazon:amazon_linux:2:*:*:*:*:*:*:*", "cpe:2.3:o:amazon:amazon_linux:2:*:*:*:*:*:*:*");
	check_cpe("cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*",
		  "cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*");
	check_cpe("cpe:2.3:a:foo\\\\bar:big\\$money:2010:*:*:*:special:ipod_touch:80gb:*",
		  "cpe:2.3:a:foo\\\\bar:big\\$money:2010:*:*:*:special:ipod_touch:80gb:*");
	/* A quoted colon divides nothing; unquoted punctuation gets its backslash. */
	check_cpe("cpe:2.3:a:x\\:y:c++:1\\.0\\-rc\\_1:*:*:*:*:*:*:*", "cpe:2.3:a:x\\:y:c\\+\\+:1.0-rc_1:*:*:*:*:*:*:*");
	check_cpe("cpe:2.3:a:v:*p*:??1?:\\?*:*:*:*:*:*:*", "cpe:2.3:a:v:*p*:??1?:\\?*:*:*:*:*:*:*");
	/* Empty fields are unset, and a name of those only prints as nothing. */
	check_cpe("cpe:2.3:a:v:::::::::", "cpe:2.3:a:v:*:*:*:*:*:*:*:*:*");
	check_cpe("cpe:2.3:" "::::::::::", "");
}

static void test_malformed(void **state)
{
	static const char *const rows[] = {
		"",
		"cpe:",
		"cpe:2.3",
		"cpe:2.2:a",
		"http://x",
		"cpe:/x:v:p",
		"cpe:/ab:v",
		"cpe:/a:v:p:1:2:3:4:5",
		"cpe:/a:v!:p",
		"cpe:/a:v p",
		"cpe:/a:v:p:%",
		"cpe:/a:v:p:%4",
		"cpe:/a:v:p:%zz",
		"cpe:/a:v:p:%00",
		"cpe:/a:v:p:%20",
		"cpe:/a:v:p:%e9",
		"cpe:/a:v:p:1*",
		"cpe:/a:v:p:1:u:~a~b",
		"cpe:/a:v:p:1:u:~a~b~c~d~e~f",
		"cpe:/a:v:p:a%02b",
		"cpe:/a:v:p:%01%02",
		"cpe:/a:v:\xc3\xa9",
		"cpe:2.3:a:v:p:1:*:*:*:*:*:*",
		"cpe:/o:centos:centos:7:::::",
		"cpe:2.3:a:v::::::::::",
		"cpe:/a:foo%5cbar:big%24money_2010%07:::~~special~ipod_touch~80gb~",
		"cpe:2.3:a:v:p:1:*:*:*:*:*:*:*:*",
		"cpe:2.3:x:v:p:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:\\-:p:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:**:p:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:a*b:p:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:a?b:p:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:a b:p:1:*:*:*:*:*:*:*",
		"cpe:2.3:a:v:p:1:*:*:*:*:*:*:x\\",
		"cpe:2.3:a:a*?:p:1:*:*:*:*:*:*:*",
	};
	struct buf out = new_buf();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (parse(slice_cstr(rows[i]), &out) != STATUS_MALFORMED)
			fail_msg("accepted: %s", rows[i]);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
}

static void test_attributes(void **state)
{
	struct arena arena = ARENA_INIT(65536);
	struct cpe c;

	(void)state;
	CHECK_OK(cpe_parse(SLICE("cpe:/a:v:p:1.0:-:~e~~~~"), &arena, &c, &err));
	assert_int_equal(c.attr[CPE_PART].kind, CPE_VALUE);
	check_text(c.attr[CPE_VERSION].value, "1\\.0");
	assert_int_equal(c.attr[CPE_UPDATE].kind, CPE_NA);
	check_text(c.attr[CPE_EDITION].value, "e");
	assert_int_equal(c.attr[CPE_LANGUAGE].kind, CPE_ANY);
	assert_int_equal(c.attr[CPE_OTHER].kind, CPE_ANY);
	CHECK_OK(cpe_parse(SLICE("cpe:/a:v"), &arena, &c, &err));
	assert_int_equal(c.attr[CPE_LANGUAGE].kind, CPE_ANY);
	assert_int_equal(c.attr[CPE_SW_EDITION].kind, CPE_UNSET);
	arena_fini(&arena);
}

/* Any accepted text prints, and the print reads back and prints the same. */
static void test_stable(void **state)
{
	static const char alphabet[] = "aoh9_.-~%*?\\:!/ 02";
	uint64_t x = 88172645463325252U;
	size_t accepted = 0;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		struct buf out = BUF_INIT(4096), again = BUF_INIT(4096);
		char text[64] = "cpe:/a:";
		size_t len = 7;

		if (round & 1)
			len = (size_t)snprintf(text, sizeof(text), "cpe:2.3:a:");
		for (unsigned i = 0; i < 4 + round % 5; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			text[len++] = alphabet[x % (sizeof(alphabet) - 1)];
		}
		if (round & 1)
			for (int i = 0; i < 9; i++)
				text[len++] = i ? '*' : ':', text[len++] = ':';
		if (round & 1)
			text[len++] = '*';
		if (parse(slice_make(text, len), &out) == STATUS_OK) {
			accepted++;
			CHECK_OK(parse(buf_slice(&out), &again));
			check_slice(buf_slice(&again), buf_slice(&out));
		}
		buf_fini(&out);
		buf_fini(&again);
	}
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uri),	   cmocka_unit_test(test_formatted), cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_attributes), cmocka_unit_test(test_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
