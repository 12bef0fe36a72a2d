/* SPDX-License-Identifier: Apache-2.0 */
/* test_purl.c - parsing, rules of types, canonical text (purl-spec). */
#include "check.h"
#include "text/purl.h"

static struct err err = ERR_INIT;

static enum status canonical(struct slice text, struct buf *out)
{
	struct arena arena = ARENA_INIT(1 << 20);
	uint8_t *copy = exact_copy(text);
	struct purl p;
	enum status st = purl_parse(slice_make(copy, text.len), &arena, &p, &err);

	free(copy);
	if (st == STATUS_OK)
		purl_print(&p, out);
	arena_fini(&arena);
	return st;
}

static void check_purl(const char *text, const char *want)
{
	struct buf out = new_buf(), again = new_buf();

	CHECK_OK(canonical(slice_cstr(text), &out));
	check_text(buf_slice(&out), want);
	CHECK_OK(canonical(buf_slice(&out), &again));
	check_text(buf_slice(&again), want);
	buf_fini(&out);
	buf_fini(&again);
}

static void test_parts(void **state)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct purl p;

	(void)state;
	CHECK_OK(purl_parse(
		SLICE("pkg:Maven/org.apache/xml%20graphics/batik@1.9.1%2Bx?Repository_URL=a%3D%26b%23&Type=zip"
		      "&empty=#/src//./../main%2e/"),
		&arena, &p, &err));
	check_text(p.type, "maven");
	check_text(p.namespace_, "org.apache/xml graphics");
	check_text(p.name, "batik");
	check_text(p.version, "1.9.1+x");
	assert_int_equal(p.n_qualifiers, 2);
	check_text(p.qualifiers[0].key, "repository_url");
	check_text(p.qualifiers[0].value, "a=&b#");
	check_text(p.qualifiers[1].key, "type");
	check_text(p.subpath, "src/main.");
	arena_fini(&arena);
}

static void test_types(void **state)
{
	(void)state;
	check_purl("pkg:deb/Debian/Curl@7.50.3-1?distro=jessie&arch=i386",
		   "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie");
	check_purl("pkg:deb/debian/attr@1:2.4.47-2+b1?arch=source", "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=source");
	check_purl("pkg:rpm/Fedora/Curl@7.50.3-1.fc25?arch=i386", "pkg:rpm/fedora/Curl@7.50.3-1.fc25?arch=i386");
	check_purl("pkg:apk/Alpine/CURL@7.83.0-r0?arch=x86", "pkg:apk/alpine/curl@7.83.0-r0?arch=x86");
	check_purl("pkg:PYPI/Django_package@1.11.1.dev1", "pkg:pypi/django-package@1.11.1.dev1");
	check_purl("pkg:golang/google.golang.org/genproto@abcdedf#/googleapis/api/annotations/",
		   "pkg:golang/google.golang.org/genproto@abcdedf#googleapis/api/annotations");
	check_purl("pkg:npm/%40angular/animation@12.3.1", "pkg:npm/%40angular/animation@12.3.1");
	check_purl("pkg:npm/@angular/animation@12.3.1", "pkg:npm/%40angular/animation@12.3.1");
	check_purl("pkg:npm/@angular/animation", "pkg:npm/%40angular/animation");
	check_purl("pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?repositorY_url=repo.spring.io/"
		   "release&classifier=dist",
		   "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?classifier=dist&repository_url=repo.spring.io/"
		   "release");
	check_purl("pkg:gem/jruby-launcher@1.1.2?Platform=java", "pkg:gem/jruby-launcher@1.1.2?platform=java");
	check_purl("pkg:cargo/Rand@0.7.2", "pkg:cargo/Rand@0.7.2");
	check_purl("pkg:Nuget/EnterpriseLibrary.Common@6.0.1304", "pkg:nuget/EnterpriseLibrary.Common@6.0.1304");
	check_purl("pkg:composer/Laravel/Laravel@5.5.0", "pkg:composer/laravel/laravel@5.5.0");
	check_purl("pkg:oci/Debian@sha256%3A244fd47e07d10?repository_url=ghcr.io/debian&tag=bullseye",
		   "pkg:oci/debian@sha256:244fd47e07d10?repository_url=ghcr.io/debian&tag=bullseye");
	check_purl("pkg:generic/bitwarderl?vcs_url=git%2Bhttps://git.fsfe.org/dxtr/bitwarderl%40cc55108",
		   "pkg:generic/bitwarderl?vcs_url=git%2Bhttps://git.fsfe.org/dxtr/bitwarderl%40cc55108");
	check_purl("pkg:docker/customer/dockerimage@sha256:244fd47e?repository_url=gcr.io",
		   "pkg:docker/customer/dockerimage@sha256:244fd47e?repository_url=gcr.io");
}

static void test_tolerated(void **state)
{
	(void)state;
	check_purl("PKG://gem///ruby-x//y/@1", "pkg:gem/ruby-x/y@1");
	check_purl("pkg:generic/a/b%2Fc", "pkg:generic/a/b%2Fc");
	check_purl("pkg:generic/n%40me@v%2F1/2", "pkg:generic/n%40me@v%2F1%2F2");
	check_purl("pkg:generic/\xc3\xa9~x", "pkg:generic/%C3%A9~x");
	check_purl("pkg:generic/a?b=&c=", "pkg:generic/a");
	check_purl("pkg:generic/a@", "pkg:generic/a");
	check_purl("pkg:generic/a#./..", "pkg:generic/a");
}

static void test_malformed(void **state)
{
	static const char *const rows[] = {
		"",
		"pkg",
		"pkg:",
		"pkg:/",
		"pkg:gem",
		"pkg:gem/",
		"pkg:gem//",
		"pkg:gem/@1",
		"npm:pkg/x",
		"gem/x@1",
		"pkg:g_m/x",
		"pkg:3gem/x",
		"pkg:gem/x?=v",
		"pkg:gem/x?k%20=v",
		"pkg:gem/x?1k=v",
		"pkg:gem/x?a=1&A=2",
		"pkg:gem/%",
		"pkg:gem/%4",
		"pkg:gem/%zz",
		"pkg:gem/%ff",
		"pkg:gem/a%2fb/c",
		"pkg:gem/x#a%2Fb",
		"pkg:maven/@1.3.4",
	};
	struct buf out = new_buf();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (canonical(slice_cstr(rows[i]), &out) != STATUS_MALFORMED)
			fail_msg("accepted: %s", rows[i]);
	assert_int_equal(
		canonical(SLICE("pkg:a/a?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1"), &out),
		STATUS_LIMIT);
	buf_fini(&out);
}

/* Parts that were not parsed are made canonical as well. */
static void test_print(void **state)
{
	struct purl p = { .type = SLICE("pypi"), .name = SLICE("Py_YAML"), .version = SLICE("1 0") };
	struct buf out = new_buf();

	(void)state;
	p.qualifiers[0] = (struct purl_qualifier){ SLICE("z"), SLICE("1") };
	p.qualifiers[1] = (struct purl_qualifier){ SLICE("a"), SLICE("&") };
	p.qualifiers[2] = (struct purl_qualifier){ SLICE("m"), SLICE_EMPTY };
	p.n_qualifiers = 3;
	purl_print(&p, &out);
	check_text(buf_slice(&out), "pkg:pypi/py-yaml@1%200?a=%26&z=1");
	buf_fini(&out);
}

/* print -> parse gives the parts back, whatever bytes of UTF-8 they hold. */
static void test_round_trip(void **state)
{
	uint64_t x = 88172645463325252U;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct arena arena = ARENA_INIT(1 << 20);
		struct buf text = BUF_INIT(4096);
		struct purl p = { .type = SLICE("generic") }, got;
		char part[3][12];
		size_t len[3];

		for (int i = 0; i < 3; i++) {
			len[i] = 1 + x % 10;
			for (size_t k = 0; k < len[i]; k++) {
				x ^= x << 13, x ^= x >> 7, x ^= x << 17;
				part[i][k] = (char)(1 + (x >> 32) % 127);
			}
		}
		p.name = slice_make(part[0], len[0]);
		p.version = slice_make(part[1], len[1]);
		p.qualifiers[0] = (struct purl_qualifier){ SLICE("k"), slice_make(part[2], len[2]) };
		p.n_qualifiers = 1;
		purl_print(&p, &text);
		CHECK_OK(purl_parse(buf_slice(&text), &arena, &got, &err));
		check_slice(got.name, p.name);
		check_slice(got.version, p.version);
		check_slice(got.qualifiers[0].value, p.qualifiers[0].value);
		assert_int_equal(got.namespace_.len, 0);
		buf_fini(&text);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),	  cmocka_unit_test(test_types), cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_print), cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
