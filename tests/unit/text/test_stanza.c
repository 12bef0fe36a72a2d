/* SPDX-License-Identifier: Apache-2.0 */
/* test_stanza.c - paragraphs of fields, and noise between them. */
#include "check.h"
#include "text/stanza.h"

struct noise {
	struct buf text; /* "@offset(line)" */
};

static void on_bad(void *ctx, size_t offset, struct slice line)
{
	struct noise *n = ctx;

	buf_printf(&n->text, "@%zu(", offset);
	buf_add(&n->text, line);
	buf_add_byte(&n->text, ')');
}

/* "[offset name=value|folded; ...]" for each stanza. */
static void dump(struct slice in, struct buf *out, struct noise *noise)
{
	struct stanza_reader r = { .in = in, .bad = noise ? on_bad : NULL, .ctx = noise };
	struct stanza_field f;
	size_t offset;

	while (stanza_next(&r, &offset)) {
		buf_printf(out, "[%zu", offset);
		while (stanza_field(&r, &f)) {
			assert_int_equal(f.offset, (size_t)(f.name.ptr - in.ptr));
			buf_add_byte(out, ' ');
			buf_add(out, f.name);
			buf_add_byte(out, '=');
			buf_add(out, f.value);
			if (f.folded.len) {
				buf_add_byte(out, '|');
				buf_add(out, f.folded);
			}
			buf_add_byte(out, ';');
		}
		buf_add_byte(out, ']');
	}
}

static void check_dump(struct slice in, const char *want, const char *want_noise)
{
	struct buf out = new_buf();
	struct noise noise = { new_buf() };
	uint8_t *copy = exact_copy(in);

	dump(slice_make(copy, in.len), &out, &noise);
	check_text(buf_slice(&out), want);
	check_text(buf_slice(&noise.text), want_noise);
	buf_fini(&out);
	buf_fini(&noise.text);
	free(copy);
}

static void test_dpkg(void **state)
{
	(void)state;
	check_dump(SLICE("Package: adduser\nVersion: 3.134\nConffiles:\n /etc/a 0123\n /etc/b 4567 "
			 "obsolete\nDescription: add\n"
			 " long: text\n .\n more\nEmpty:\n\nPackage: apt\nUrl: http://x:80/\n"),
		   "[0 Package=adduser; Version=3.134; Conffiles=| /etc/a 0123\n /etc/b 4567 obsolete;"
		   " Description=add| long: text\n .\n more; Empty=;][124 Package=apt; Url=http://x:80/;]",
		   "");
}

static void test_line_ends(void **state)
{
	(void)state;
	check_dump(SLICE("\r\n\n \t\r\nA: 1\r\nB:2\r\n\tc\r\n d\r\n\r\n\r\nP:musl\nV:1.2"),
		   "[7 A=1; B=2|\tc\r\n d;][30 P=musl; V=1.2;]", "");
	check_dump(SLICE("A: 1\n \t \nB: 2"), "[0 A=1;][9 B=2;]", "");
	check_dump(SLICE(""), "", "");
	check_dump(SLICE("\n\n"), "", "");
	check_dump(SLICE("A:"), "[0 A=;]", "");
	check_dump(SLICE("A: \t x \t\r\n"), "[0 A=x;]", "");
}

static void test_noise(void **state)
{
	(void)state;
	check_dump(SLICE("A: 1\nnoise\n of it\nB: 2\n"), "[0 A=1; B=2;]", "@5(noise)");
	check_dump(SLICE(" folded first\nA: 1\n"), "[0 A=1;]", "@0( folded first)");
	check_dump(SLICE(": no name\nA b: c\n#A: c\n-A: c\n\xc3\xa9: c\nZ: 9"), "[0 Z=9;]",
		   "@0(: no name)@10(A b: c)@17(#A: c)@23(-A: c)@29(\xc3\xa9: c)");
	check_dump(SLICE("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nA: 1"), "[0 Hash=SHA512;][49 A=1;]",
		   "@0(-----BEGIN PGP SIGNED MESSAGE-----)");
}

static void test_nul(void **state)
{
	struct slice in = SLICE("A: 1\n\0\0\0\nB: x\0y\n z\nC: 3\n\nD: 4\n");
	struct buf out = new_buf();
	struct noise noise = { new_buf() };

	(void)state;
	dump(in, &out, &noise);
	check_text(buf_slice(&out), "[0 A=1; C=3;][25 D=4;]");
	check_slice(buf_slice(&noise.text), SLICE("@5(\0\0\0)@9(B: x\0y)"));
	buf_fini(&out);
	buf_fini(&noise.text);
	/* Nobody listens. */
	out = new_buf();
	dump(in, &out, NULL);
	check_text(buf_slice(&out), "[0 A=1; C=3;][25 D=4;]");
	buf_fini(&out);
}

static void test_skip(void **state)
{
	struct slice in = SLICE("A: 1\n x\nB: 2\n\n\nC: 3\nD: 4\n\nE: 5\n");
	struct stanza_reader r = { .in = in };
	struct stanza_field f;
	size_t offset = 99;

	(void)state;
	assert_false(stanza_field(&r, &f));
	assert_true(stanza_next(&r, &offset));
	assert_int_equal(offset, 0);
	/* Fields left unread are passed over. */
	assert_true(stanza_next(&r, &offset));
	assert_int_equal(offset, 15);
	assert_true(stanza_field(&r, &f));
	check_text(f.name, "C");
	assert_true(stanza_next(&r, &offset));
	assert_int_equal(offset, 26);
	assert_true(stanza_field(&r, &f));
	assert_false(stanza_field(&r, &f));
	assert_false(stanza_field(&r, &f));
	assert_false(stanza_next(&r, &offset));
	assert_false(stanza_field(&r, &f));
}

/* Fields of the whole come back in order from every cut; only the last may be shorter. */
static void test_truncated(void **state)
{
	struct slice whole = SLICE("Package: a\r\nX: 1\n y\n\nPackage: b\nnoise\nY: 2\n");

	(void)state;
	for (size_t n = 0; n <= whole.len; n++) {
		uint8_t *copy = exact_copy(slice_take(whole, n));
		struct stanza_reader r = { .in = slice_make(copy, n) };
		struct stanza_field f;
		size_t offset, stanzas = 0, fields = 0;

		while (stanza_next(&r, &offset)) {
			stanzas++;
			while (stanza_field(&r, &f)) {
				assert_true(f.value.ptr == NULL || f.value.ptr + f.value.len <= copy + n);
				fields++;
			}
		}
		assert_int_equal(stanzas, n == 0 ? 0 : n <= 21 ? 1 : 2);
		/* A field is there from its colon on. */
		assert_int_equal(fields, (n >= 8) + (n >= 14) + (n >= 29) + (n >= 40));
		free(copy);
	}
}

/* One line of 64 MiB: not slow (this test would take hours with quadratic work) and the others stay. */
static void test_long_line(void **state)
{
	size_t size = (size_t)64 << 20;
	static const char *const openings[] = { "A: 1\n\nB: ", "A: 1\n\n", "A: 1\nB:\n ", "A: 1\nB:   " };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
		struct buf b = BUF_INIT(size + 64);
		struct stanza_reader r;
		struct stanza_field f;
		size_t offset, stanzas = 0;
		uint8_t *p;

		buf_add_cstr(&b, openings[i]);
		p = buf_reserve(&b, size);
		assert_non_null(p);
		memset(p, i == 3 ? ' ' : 'x', size);
		b.len += size;
		buf_add_cstr(&b, "\nC: 3\n\nD: 4\n");
		r = (struct stanza_reader){ .in = buf_slice(&b) };
		f.name = SLICE_EMPTY;
		while (stanza_next(&r, &offset)) {
			stanzas++;
			while (stanza_field(&r, &f))
				;
		}
		assert_int_equal(stanzas, i < 2 ? 3 : 2);
		check_text(f.name, "D");
		buf_fini(&b);
	}
}

/* print -> read gives the same, for random names and values. */
static void test_round_trip(void **state)
{
	uint64_t x = 2463534242U;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		struct buf text = new_buf(), want = new_buf(), got = new_buf();

		for (unsigned i = 0; i < 4; i++) {
			buf_printf(&want, "[%zu", text.len);
			for (unsigned k = 0; k <= x % 3; k++) {
				x ^= x << 13, x ^= x >> 7, x ^= x << 17;
				buf_printf(&text, "F-%u: %llx : %llx%s", k, (unsigned long long)x % 97,
					   (unsigned long long)x, x & 64 ? "\r\n" : "\n");
				buf_printf(&want, " F-%u=%llx : %llx", k, (unsigned long long)x % 97,
					   (unsigned long long)x);
				if (x & 256) {
					buf_printf(&text, " more %llu\n", (unsigned long long)x);
					buf_printf(&want, "| more %llu", (unsigned long long)x);
				}
				buf_add_byte(&want, ';');
			}
			buf_add_byte(&want, ']');
			buf_add_cstr(&text, "\n");
		}
		dump(buf_slice(&text), &got, NULL);
		check_slice(buf_slice(&got), buf_slice(&want));
		buf_fini(&text);
		buf_fini(&want);
		buf_fini(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dpkg),	  cmocka_unit_test(test_line_ends), cmocka_unit_test(test_noise),
		cmocka_unit_test(test_nul),	  cmocka_unit_test(test_skip),	    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_long_line), cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
