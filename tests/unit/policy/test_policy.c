/* SPDX-License-Identifier: Apache-2.0 */
/* test_policy.c - which products mean an image or a package in it. Rows are by purl-spec and docs/formats/vex.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "policy/policy.h"

#define DIGEST_TEXT "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER_TEXT "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

enum { DEB, RPM, PIP, GO, GO_MAIN, NPM, PACKAGES };

struct fixture {
	struct index_report index;
	struct index_package packages[PACKAGES];
	struct distribution distributions[2];
};

static void fill(struct fixture *f)
{
	static const struct package packages[PACKAGES] = {
		[DEB] = { .type = PACKAGE_DEB,
			  .name = SLICE_INIT("libssl3"),
			  .version = SLICE_INIT("3.0.9-1"),
			  .arch = SLICE_INIT("amd64"),
			  .source_name = SLICE_INIT("openssl"),
			  .source_version = SLICE_INIT("3.0.9-1") },
		[RPM] = { .type = PACKAGE_RPM,
			  .name = SLICE_INIT("bind-libs"),
			  .version = SLICE_INIT("32:9.16.23-1.el9"),
			  .arch = SLICE_INIT("x86_64") },
		[PIP] = { .type = PACKAGE_PYPI, .name = SLICE_INIT("Zope.Interface"), .version = SLICE_INIT("5.0") },
		[GO] = { .type = PACKAGE_GO,
			 .name = SLICE_INIT("golang.org/x/net"),
			 .version = SLICE_INIT("v0.5.0"),
			 .path = SLICE_INIT("bin/hello") },
		[GO_MAIN] = { .type = PACKAGE_GO,
			      .name = SLICE_INIT("example.com/hello"),
			      .version = SLICE_INIT("v1.0.0"),
			      .path = SLICE_INIT("bin/hello") },
		[NPM] = { .type = PACKAGE_NPM, .name = SLICE_INIT("left-pad"), .version = SLICE_INIT("1.3.0") },
	};

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < PACKAGES; i++)
		f->packages[i] = (struct index_package){ .package = packages[i],
							 .distribution = i == DEB   ? 0
									 : i == RPM ? 1
										    : INDEX_NO_DISTRIBUTION };
	f->distributions[0] = (struct distribution){ .did = SLICE("debian"),
						     .version_id = SLICE("12"),
						     .version_code_name = SLICE("bookworm") };
	f->distributions[1] = (struct distribution){ .did = SLICE("rhel"),
						     .version_id = SLICE("9.4"),
						     .cpe = SLICE("cpe:/o:redhat:enterprise_linux:9.4") };
	f->index.image_name = SLICE("docker.io/library/app:1");
	f->index.os = SLICE("linux");
	f->index.arch = SLICE("amd64");
	assert_true(digest_parse(SLICE(DIGEST_TEXT), &f->index.manifest));
	f->index.packages.at = f->packages;
	f->index.packages.len = f->index.packages.cap = PACKAGES;
	f->index.distributions.at = f->distributions;
	f->index.distributions.len = f->index.distributions.cap = 2;
}

/* Does a document take back a finding of CVE-2024-1 in the package? */
static bool document_takes_back(size_t package, struct slice json)
{
	struct fixture f;
	struct finding finding = { .package = package, .advisory = { .id = SLICE("CVE-2024-1") } };
	struct vulnerability_report report = { .index = &f.index, .findings = { &finding, 1, 1 }, .flaws = 1 };
	struct arena arena = ARENA_INIT(SIZE_MAX);
	struct policy *p = policy_new();
	struct err err = ERR_INIT;
	bool result;

	fill(&f);
	assert_non_null(p);
	assert_int_equal(policy_add_vex(p, SLICE("v"), json, &limits_default, &err), STATUS_OK);
	assert_int_equal(policy_apply(p, &report, 0, &arena, &err), STATUS_OK);
	result = report.suppressed.len == 1;
	assert_int_equal(report.findings.len, result ? 0 : 1);
	assert_int_equal(report.flaws, result ? 0 : 1);
	policy_free(p);
	arena_fini(&arena);
	return result;
}

/* A statement about this product; part: a subcomponent, or NULL. */
static bool takes_back(size_t package, const char *product, const char *part)
{
	struct arena arena = ARENA_INIT(SIZE_MAX);
	struct slice json;
	bool result;

	assert_true(arena_printf(
		&arena, &json,
		"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",\"statements\":[{\"vulnerability\":"
		"{\"name\":\"CVE-2024-1\"},\"status\":\"not_affected\",\"products\":[{\"@id\":\"%s\"%s%s%s}]}]}",
		product, part ? ",\"subcomponents\":[{\"@id\":\"" : "", part ? part : "", part ? "\"}]" : ""));
	result = document_takes_back(package, json);
	arena_fini(&arena);
	return result;
}

/*
 * Versions that a document limits itself to. Rows by the containment of the specification of version ranges
 * (github.com/package-url/vers-spec) and deb-version(7); libssl3 is 3.0.9-1, golang.org/x/net v0.5.0.
 */
static void test_versions(void **state)
{
	static const struct {
		size_t package;
		const char *purl, *said;
		bool expect;
	} rows[] = {
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/>=3.0|<3.0.10", true },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/<3.0.10|>=3.0", true }, /* not sorted */
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/<3.0.9-1", false },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/<=3.0.9-1", true },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/>3.0.9-1", false },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/2.0|3.0.9-1|4.0", true },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/2.0|4.0", false },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/<2|>=3.0.9-1", true },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/<2|>=3.0.9-2", false },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/>=1|<2|>=3|<4", true },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/>=1|<2|>=4|<5", false },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/>=1|!=3.0.9-1|<4", false },
		{ DEB, "pkg:deb/debian/libssl3", "vers:deb/*", true },
		{ DEB, "pkg:deb/debian/libssl3", "3.0.9-1", true },
		{ DEB, "pkg:deb/debian/libssl3", "<3.0.10", true },
		{ DEB, "pkg:deb/debian/libssl3", "before the fix", false },
		{ GO, "pkg:golang/golang.org/x/net", "vers:golang/>=v0.4.0|<v0.6.0", true },
		{ GO, "pkg:golang/golang.org/x/net", "vers:golang/>=v0.5.1", false },
		{ NPM, "pkg:npm/left-pad", "^1.2 || 3.x", true },
		{ NPM, "pkg:npm/left-pad", "~1.2 || 3.x", false },
		{ NPM, "pkg:npm/left-pad", ">=1.0 <1.3", false },
		{ NPM, "pkg:npm/left-pad", "1", false }, /* a version, not npm's 1.x */
		{ NPM, "pkg:npm/left-pad", "vers:npm/^1.2", false },
		{ NPM, "pkg:npm/left-pad", "vers:npm/>=1.2|<2", true },
		{ GO, "pkg:golang/golang.org/x/net", "^0.5", false }, /* npm's alone */
	};
	struct arena arena = ARENA_INIT(SIZE_MAX);
	struct slice json;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(arena_printf(
			&arena, &json,
			"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"vulnerabilities\":[{\"id\":"
			"\"CVE-2024-1\",\"analysis\":{\"state\":\"not_affected\"},\"affects\":[{\"ref\":\"%s\","
			"\"versions\":[{\"version\":\"99\",\"status\":\"affected\"},"
			"{\"range\":\"%s\",\"status\":\"unaffected\"}]}]}]}",
			rows[i].purl, rows[i].said));
		if (document_takes_back(rows[i].package, json) != rows[i].expect)
			fail_msg("CycloneDX: %s", rows[i].said);
		/* What is said to be affected is never taken back. */
		assert_true(arena_printf(
			&arena, &json,
			"{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"vulnerabilities\":[{\"id\":"
			"\"CVE-2024-1\",\"analysis\":{\"state\":\"resolved\"},\"affects\":[{\"ref\":\"%s\","
			"\"versions\":[{\"range\":\"%s\",\"status\":\"affected\"}]}]}]}",
			rows[i].purl, rows[i].said));
		assert_false(document_takes_back(rows[i].package, json));
		assert_true(arena_printf(
			&arena, &json,
			"{\"document\":{\"csaf_version\":\"2.0\"},\"product_tree\":{\"branches\":[{"
			"\"category\":\"product_version_range\",\"name\":\"%s\",\"product\":{\"product_id\":\"P\","
			"\"product_identification_helper\":{\"purl\":\"%s\"}}}]},\"vulnerabilities\":[{\"cve\":"
			"\"CVE-2024-1\",\"product_status\":{\"known_not_affected\":[\"P\"]}}]}",
			rows[i].said, rows[i].purl));
		if (document_takes_back(rows[i].package, json) != rows[i].expect)
			fail_msg("CSAF: %s", rows[i].said);
	}
	arena_fini(&arena);
}

static void test_products(void **state)
{
	static const struct {
		size_t package;
		const char *product, *part;
		bool expect;
	} rows[] = {
		{ DEB, "pkg:deb/debian/libssl3", NULL, true },
		{ DEB, "pkg:deb/debian/libssl3@3.0.9-1", NULL, true },
		{ DEB, "pkg:deb/debian/libssl3@3.0.9-2", NULL, false },
		{ DEB, "pkg:deb/ubuntu/libssl3", NULL, false },
		{ DEB, "pkg:deb/debian/openssl", NULL, false },
		{ DEB, "pkg:deb/debian/openssl@3.0.9-1?arch=source", NULL, true },
		{ DEB, "pkg:deb/debian/libssl3?arch=amd64&distro=debian-12", NULL, true },
		{ DEB, "pkg:deb/debian/libssl3?distro=bookworm", NULL, true },
		/* Docker Scout's qualifiers, cyclonedx-gomod's */
		{ DEB, "pkg:deb/debian/libssl3?os_distro=bookworm&os_name=debian&os_version=12", NULL, true },
		{ DEB, "pkg:deb/debian/libssl3?os_distro=trixie&os_name=debian&os_version=13", NULL, false },
		{ GO, "pkg:golang/golang.org/x/net@v0.5.0?type=module", NULL, true },
		{ GO, "pkg:golang/golang.org/x@v0.5.0#net", NULL, true }, /* as Syft writes longer paths */
		{ GO, "pkg:golang/golang.org/x@v0.5.0?type=package#net", NULL, false },
		{ GO, "pkg:golang/golang.org/x@v0.4.0#net", NULL, false },
		{ GO, "pkg:golang/golang.org/x/net@v0.5.0#html", NULL, false },
		{ GO, "pkg:golang/golang.org/x/net@v0.5.0?goarch=amd64&goos=linux&type=module", NULL, true },
		{ GO, "pkg:golang/golang.org/x/net@v0.5.0?goarch=arm64&goos=linux&type=module", NULL, false },
		{ GO, "pkg:golang/golang.org/x/net?type=package", NULL, false },
		{ DEB, "pkg:deb/debian/libssl3?distro=debian-11", NULL, false },
		{ DEB, "pkg:deb/debian/libssl3?arch=arm64", NULL, false },
		{ RPM, "pkg:rpm/redhat/bind-libs@9.16.23-1.el9?arch=x86_64&epoch=32", NULL, true },
		{ RPM, "pkg:rpm/redhat/bind-libs@9.16.23-1.el9?epoch=31", NULL, false },
		{ RPM, "pkg:rpm/redhat/bind-libs@9.16.23-1.el9", NULL, false },
		{ RPM, "pkg:rpm/redhat/bind-libs", NULL, true },
		{ RPM, "pkg:rpm/redhat/Bind-libs", NULL, false },
		{ PIP, "pkg:pypi/zope-interface@5.0", NULL, true },
		{ PIP, "pkg:pypi/zope_interface@5.0.0", NULL, false },
		{ GO, "pkg:golang/golang.org/x/net@0.5.0", NULL, true },
		{ GO, "pkg:golang/golang.org/x/net@v0.5.0", NULL, true },
		{ GO, "pkg:golang/golang.org/x/text", NULL, false },
		/* The image as a whole, by digest, reference and package URL. */
		{ DEB, DIGEST_TEXT, NULL, true },
		{ DEB, OTHER_TEXT, NULL, false },
		{ DEB, "app", NULL, true },
		{ DEB, "docker.io/app:1", NULL, true },
		{ DEB, "app:2", NULL, false },
		{ DEB, "app@" DIGEST_TEXT, NULL, true },
		{ DEB, "app@" OTHER_TEXT, NULL, false },
		{ DEB, "pkg:oci/app", NULL, true },
		{ DEB, "pkg:oci/app@sha256%3Abbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", NULL,
		  false },
		{ DEB, "pkg:oci/other@" DIGEST_TEXT, NULL, true },
		{ DEB, "pkg:oci/app?tag=1&arch=amd64&repository_url=docker.io/library/app", NULL, true },
		{ DEB, "pkg:oci/app?tag=2", NULL, false },
		{ DEB, "pkg:oci/app?repository_url=example.com/app", NULL, false },
		{ DEB, "pkg:docker/library/app@1", NULL, true },
		{ DEB, "pkg:docker/team/app@1", NULL, false },
		/* A part is meant in this image only. */
		{ DEB, "pkg:oci/app", "pkg:deb/debian/libssl3", true },
		{ RPM, "pkg:oci/app", "pkg:deb/debian/libssl3", false },
		{ DEB, "pkg:oci/other", "pkg:deb/debian/libssl3", false },
		{ RPM, "cpe:/o:redhat:enterprise_linux:9", "pkg:rpm/redhat/bind-libs", false },
		{ RPM, "cpe:/o:redhat:enterprise_linux:9.4", "pkg:rpm/redhat/bind-libs", true },
		{ RPM, "cpe:/o:redhat:enterprise_linux", "pkg:rpm/redhat/bind-libs", true },
		{ RPM, "cpe:/o:redhat:enterprise_linux:9.4", NULL, false },
		{ GO, "pkg:golang/example.com/hello@1.0.0", "pkg:golang/golang.org/x/net", true },
		{ GO, "pkg:golang/example.com/other", "pkg:golang/golang.org/x/net", false },
		/* What is no name of anything here. */
		{ DEB, "https://example.com/product", NULL, false },
		{ DEB, "pkg:", NULL, false },
		{ DEB, "", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (takes_back(rows[i].package, rows[i].product, rows[i].part) != rows[i].expect)
			fail_msg("row %zu: %s %s", i, rows[i].product, rows[i].part ? rows[i].part : "");
}

/* Findings that share a flaw are one matter: a document that knows one of its ids speaks of all of them. */
static void test_flaws(void **state)
{
	static const struct slice alias[] = { SLICE_INIT("CVE-2024-1") };
	struct fixture f;
	struct finding findings[] = {
		{ .package = PIP, .advisory = { .id = SLICE("GHSA-1"), .aliases = alias, .n_aliases = 1 }, .flaw = 0 },
		{ .package = PIP, .advisory = { .id = SLICE("PYSEC-1") }, .flaw = 0 },
		{ .package = PIP, .advisory = { .id = SLICE("GHSA-2") }, .flaw = 1 },
	};
	struct vulnerability_report report = { .index = &f.index, .findings = { findings, 3, 3 }, .flaws = 2 };
	struct arena arena = ARENA_INIT(SIZE_MAX);
	struct policy *p = policy_new();
	struct err err = ERR_INIT;

	(void)state;
	fill(&f);
	assert_int_equal(policy_add_ignore(p, SLICE("i"), SLICE("- id: CVE-2024-1\n"), &limits_default, &err),
			 STATUS_OK);
	assert_int_equal(policy_apply(p, &report, 0, &arena, &err), STATUS_OK);
	assert_int_equal(report.suppressed.len, 2);
	assert_int_equal(report.findings.len, 1);
	assert_int_equal(report.findings.at[0].flaw, 0);
	assert_int_equal(report.flaws, 1);
	policy_free(p);
	arena_fini(&arena);
}

/* A statement of one document: when ("" at no time that is said), status, product, part (NULL: none). */
struct statement {
	const char *when, *status, *product, *part;
};

static struct slice document_of(const struct statement *s, struct arena *arena)
{
	struct slice json;

	assert_true(arena_printf(
		arena, &json,
		"{\"@context\":\"https://openvex.dev/ns/v0.2.0\",%s%s%s\"statements\":[{\"vulnerability\":"
		"{\"name\":\"CVE-2024-1\"},\"status\":\"%s\",\"products\":[{\"@id\":\"%s\"%s%s%s}]}]}",
		s->when[0] ? "\"timestamp\":\"" : "", s->when, s->when[0] ? "\"," : "", s->status, s->product,
		s->part ? ",\"subcomponents\":[{\"@id\":\"" : "", s->part ? s->part : "", s->part ? "\"}]" : ""));
	return json;
}

static bool documents_take_back(const struct statement *s, size_t n)
{
	struct fixture f;
	struct finding finding = { .package = GO, .advisory = { .id = SLICE("CVE-2024-1") } };
	struct vulnerability_report report = { .index = &f.index, .findings = { &finding, 1, 1 }, .flaws = 1 };
	struct arena arena = ARENA_INIT(SIZE_MAX);
	struct policy *p = policy_new();
	struct err err = ERR_INIT;
	bool result;

	fill(&f);
	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(policy_add_vex(p, i ? SLICE("b") : SLICE("a"), document_of(&s[i], &arena),
						&limits_default, &err),
				 STATUS_OK);
	assert_int_equal(policy_apply(p, &report, 0, &arena, &err), STATUS_OK);
	result = report.suppressed.len == 1;
	policy_free(p);
	arena_fini(&arena);
	return result;
}

/*
 * Documents that contradict each other, in the order that docs/formats/vex.md gives. That the later word counts,
 * whoever
 * says it, is OpenVEX's own rule (its specification, "Inheritance Flow" and the order of statements by timestamp).
 */
static void test_contradictions(void **state)
{
#define GO_ANY "pkg:golang/golang.org/x/net"
#define GO_ONE GO_ANY "@v0.5.0"
#define YES "affected"
#define NO "not_affected"
#define SAME "2026-01-01T00:00:00Z"
	static const struct {
		struct statement a, b;
		bool takes_back;
	} rows[] = {
		/* The later one, however closely it means the package. */
		{ { "2026-01-01T00:00:00Z", NO, GO_ONE, NULL }, { "2026-02-01T00:00:00Z", YES, "app:1", NULL }, false },
		{ { "2026-02-01T00:00:00Z", NO, "app:1", NULL }, { "2026-01-01T00:00:00Z", YES, GO_ONE, NULL }, true },
		/* One with a date before one without. */
		{ { SAME, NO, GO_ANY, NULL }, { "", YES, GO_ONE, NULL }, true },
		{ { "", NO, GO_ONE, NULL }, { SAME, YES, GO_ANY, NULL }, false },
		/* Of one moment: a part of the product, then versions, then the package, then the image. */
		{ { SAME, NO, "app:1", NULL }, { SAME, YES, GO_ANY, NULL }, false },
		{ { SAME, NO, GO_ANY, NULL }, { SAME, YES, "app:1", NULL }, true },
		{ { SAME, NO, GO_ANY, NULL }, { SAME, YES, GO_ONE, NULL }, false },
		{ { SAME, NO, GO_ONE, NULL }, { SAME, YES, GO_ANY, NULL }, true },
		{ { SAME, NO, GO_ONE, NULL }, { SAME, YES, "app:1", GO_ANY }, false },
		{ { SAME, NO, "app:1", GO_ANY }, { SAME, YES, GO_ONE, NULL }, true },
		{ { "", NO, "app:1", GO_ANY }, { "", YES, "pkg:oci/app", NULL }, true },
		/* Of one moment and as close: the one given last. */
		{ { SAME, NO, GO_ONE, NULL }, { SAME, YES, GO_ONE, NULL }, false },
		{ { SAME, YES, GO_ONE, NULL }, { SAME, NO, GO_ONE, NULL }, true },
		/* What does not concern the finding has no say. */
		{ { SAME, NO, GO_ANY, NULL }, { "2027-01-01T00:00:00Z", YES, GO_ANY "@v0.6.0", NULL }, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct statement both[] = { rows[i].a, rows[i].b };

		if (documents_take_back(both, 2) != rows[i].takes_back)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_products), cmocka_unit_test(test_versions),
		cmocka_unit_test(test_flaws), cmocka_unit_test(test_contradictions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
