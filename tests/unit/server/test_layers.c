/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_layers.c - documents of the old layer API.
 *
 * Words of refusals and members are those of Clair v2.1.8's source (api/v1/models.go, routes.go); namespaces those of
 * its featurens detectors.
 */
#include "check.h"
#include "server/layers_impl.h"

static struct err err = ERR_INIT;

static void check_layer(const char *json, const char *message)
{
	struct arena arena = ARENA_INIT(100000);
	struct posted_v1_layer l;
	enum status st = layers_envelope_parse(slice_cstr(json), &limits_default, &arena, &l, &err);

	if (message) {
		assert_true(st == STATUS_INVALID || st == STATUS_MALFORMED);
		check_text(slice_cstr(err.msg), message);
	} else {
		assert_int_equal(st, STATUS_OK);
	}
	arena_fini(&arena);
}

static void test_envelope(void **state)
{
	(void)state;
	check_layer(
		"{\"Layer\":{\"Name\":\"a\",\"Path\":\"p\",\"Format\":\"Docker\",\"Headers\":null,\"Features\":null}}",
		NULL);
	check_layer("{\"lAYER\":{\"nAME\":\"a\",\"pATH\":\"p\",\"fORMAT\":\"d\"}} behind", NULL);
	check_layer("", "EOF");
	check_layer("null", "failed to provide layer");
	check_layer("{}", "failed to provide layer");
	check_layer("{\"Layer\":null}", "failed to provide layer");
	check_layer("{\"Layer\":{\"Path\":\"p\",\"Format\":\"d\"}}",
		    "could not process a layer which does not have a name");
	check_layer("{\"Layer\":{\"Name\":\"a\",\"Format\":\"d\"}}",
		    "could not process a layer which does not have a path");
	check_layer("{\"Layer\":{\"Name\":\"a\",\"Path\":\"p\"}}",
		    "could not process a layer which does not have a format");
	check_layer("{\"Layer\":{\"Name\":{},\"Path\":\"p\"}}",
		    "json: cannot unmarshal object into Go struct field Layer.Name of type string");
	check_layer("{\"Layer\":{\"Name\":\"a\",\"Path\":\"p\",\"Format\":\"d\",\"Headers\":{\"a\":1}}}",
		    "json: cannot unmarshal number into Go struct field Layer.Headers of type string");
}

static void test_headers(void **state)
{
	struct arena arena = ARENA_INIT(100000);
	struct posted_v1_layer l;

	(void)state;
	assert_int_equal(
		layers_envelope_parse(
			SLICE("{\"Layer\":{\"Name\":\"a\",\"Path\":\"p\",\"Format\":\"d\",\"ParentName\":\"b\","
			      "\"Headers\":{\"A\":\"\",\"B\":\"c\",\"D\":null}}}"),
			&limits_default, &arena, &l, &err),
		STATUS_OK);
	check_text(l.parent, "b");
	assert_int_equal(l.n_headers, 1);
	check_text(l.headers[0].name, "B");
	check_text(l.headers[0].value, "c");
	arena_fini(&arena);
}

static struct digest some_digest(uint8_t first)
{
	struct digest d = { .algo = DIGEST_SHA256 };

	d.bytes[0] = first;
	return d;
}

static void test_chain(void **state)
{
	struct arena arena = ARENA_INIT(100000);
	struct buf text = BUF_INIT(10000);
	struct layers_link at[] = { { SLICE("a"), some_digest(1), SLICE("http://x/") },
				    { SLICE("b\"\n"), some_digest(2), SLICE_EMPTY } };
	struct layers_chain c = { .at = at, .n = 2 }, out;
	struct digest first;

	(void)state;
	assert_int_equal(layers_chain_identify(&c, &err), STATUS_OK);
	assert_int_equal(layers_chain_print(&c, &text, &err), STATUS_OK);
	assert_int_equal(layers_chain_parse(buf_slice(&text), &limits_default, &arena, &out, &err), STATUS_OK);
	assert_true(digest_eq(&out.manifest, &c.manifest));
	assert_int_equal(out.n, 2);
	check_text(out.at[0].path, "http://x/");
	check_text(out.at[1].name, "b\"\n");
	assert_true(digest_eq(&out.at[1].digest, &at[1].digest));
	/* Another name, another order, another layer: another manifest. */
	first = c.manifest;
	at[1].name = SLICE("c");
	assert_int_equal(layers_chain_identify(&c, &err), STATUS_OK);
	assert_false(digest_eq(&first, &c.manifest));
	at[1].name = SLICE("b\"\n");
	at[0].digest = some_digest(3);
	assert_int_equal(layers_chain_identify(&c, &err), STATUS_OK);
	assert_false(digest_eq(&first, &c.manifest));
	assert_int_equal(layers_chain_parse(SLICE("{\"version\":2}"), &limits_default, &arena, &out, &err),
			 STATUS_MALFORMED);
	buf_fini(&text);
	arena_fini(&arena);
}

static void test_names(void **state)
{
	static const char *const spaces[][2] = { { "alpine:3.18", "alpine:v3.18" },  { "alpine:edge", "alpine:edge" },
						 { "debian:9", "debian:9" },	     { "rhel:7", "centos:7" },
						 { "amazon:2", "amzn:2" },	     { "oracle:8", "oracle:8" },
						 { "ubuntu:22.04", "ubuntu:22.04" }, { "pypi", "pypi" },
						 { "debian:sid", "debian:unstable" } };
	struct arena arena = ARENA_INIT(100000);
	struct digest d;
	struct slice out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spaces); i++) {
		assert_true(layers_namespace_of_scope(slice_cstr(spaces[i][0]), &arena, &out));
		check_text(out, spaces[i][1]);
	}
	assert_string_equal(layers_severity(SLICE("dEFCON1")), "Defcon1");
	assert_string_equal(layers_severity(SLICE("low")), "Low");
	assert_null(layers_severity(SLICE("lower")));
	assert_string_equal(layers_format_of_type(PACKAGE_APK), "dpkg");
	assert_string_equal(layers_format_of_type(PACKAGE_RPM), "rpm");
	assert_true(layers_path_digest(SLICE("https://r/v2/a/blobs/sha256:"
					     "0000000000000000000000000000000000000000000000000000000000000000?x"),
				       &d));
	assert_false(layers_path_digest(SLICE("https://r/blobs/sha256/00"), &d));
	arena_fini(&arena);
}

/* ---- a report ---- */

#define PACKAGES 3

struct made {
	struct index_layer layers[2];
	struct index_package packages[PACKAGES];
	struct distribution distribution;
	struct finding findings[4];
	struct slice cvss[1];
	struct index_report index;
	struct vulnerability_report report;
};

static void add(struct made *m, size_t package, const char *id, enum severity severity, const char *fix)
{
	struct finding *f = &m->findings[m->report.findings.len++];

	*f = (struct finding){ .package = package, .severity = severity, .fix = slice_cstr(fix) };
	f->advisory.id = slice_cstr(id);
	f->advisory.summary = SLICE("s <b>");
	f->advisory.severity = severity;
}

/* Two binary packages of one source, one of Python. */
static void make(struct made *m)
{
	*m = (struct made){ .cvss = { SLICE("CVSS:3.1/AV:N") } };
	m->layers[0].digest = some_digest(1);
	m->layers[1].digest = some_digest(2);
	m->distribution = (struct distribution){ .did = SLICE("debian"), .version_id = SLICE("9") };
	for (size_t i = 0; i < PACKAGES; i++) {
		struct index_package *p = &m->packages[i];

		p->package.type = i < 2 ? PACKAGE_DEB : PACKAGE_PYPI;
		p->package.name = i == 0 ? SLICE("libssl1.1") : i == 1 ? SLICE("openssl") : SLICE("requests");
		p->package.version = i < 2 ? SLICE("1.1.0-1+b1") : SLICE("2.0");
		p->package.source_name = i == 0 ? SLICE("openssl") : SLICE_EMPTY;
		p->package.source_version = i == 0 ? SLICE("1.1.0-1+b1") : SLICE_EMPTY;
		p->layer = i == 0 ? 1 : 0;
		p->distribution = i < 2 ? 0 : INDEX_NO_DISTRIBUTION;
	}
	m->index.layers.at = m->layers;
	m->index.layers.len = 2;
	m->index.packages.at = m->packages;
	m->index.packages.len = PACKAGES;
	m->index.distributions.at = &m->distribution;
	m->index.distributions.len = 1;
	m->report.index = &m->index;
	m->report.findings.at = m->findings;
	add(m, 0, "CVE-1", SEVERITY_LOW, "1.1.0-2");
	add(m, 1, "CVE-1", SEVERITY_HIGH, "1.1.0-10");
	add(m, 2, "GHSA-1", SEVERITY_CRITICAL, "");
	m->findings[2].advisory.cvss = m->cvss;
	m->findings[2].advisory.n_cvss = 1;
}

static void check_document(const struct made *m, bool features, bool vulnerabilities, const struct layers_advisory *own,
			   size_t n_own, const char *want)
{
	struct layers_link at[] = { { SLICE("base"), some_digest(1), SLICE_EMPTY },
				    { SLICE("top"), some_digest(2), SLICE_EMPTY } };
	struct layers_chain c = { .at = at, .n = 2 };
	struct layers_document d = { .chain = &c,
				     .parent = SLICE("base"),
				     .features = features,
				     .vulnerabilities = vulnerabilities,
				     .own = own,
				     .n_own = n_own };
	struct buf out = BUF_INIT(100000);

	assert_int_equal(layers_document_write(&d, &m->report, &out, &err), STATUS_OK);
	check_text(buf_slice(&out), want);
	buf_fini(&out);
}

#define HEAD                                                                                                           \
	"{\"Layer\":{\"Name\":\"top\",\"NamespaceName\":\"debian:9\",\"ParentName\":\"base\",\"IndexedByVersion\":3"
#define OPENSSL                                                                                                        \
	"{\"Name\":\"openssl\",\"NamespaceName\":\"debian:9\",\"VersionFormat\":\"dpkg\",\"Version\":\"1.1.0-1+b1\""
#define REQUESTS "{\"Name\":\"requests\",\"NamespaceName\":\"pypi\",\"VersionFormat\":\"pep440\",\"Version\":\"2.0\""

static void test_document(void **state)
{
	struct made m;

	(void)state;
	make(&m);
	check_document(&m, false, false, NULL, 0, HEAD "}}\n");
	check_document(&m, true, false, NULL, 0,
		       HEAD ",\"Features\":[" OPENSSL ",\"AddedBy\":\"base\"}," REQUESTS ",\"AddedBy\":\"base\"}]}}\n");
	/* One source, one flaw: the worse word, and the fix that is good for both (10 is above 2). */
	check_document(
		&m, false, true, NULL, 0,
		HEAD ",\"Features\":[" OPENSSL ",\"Vulnerabilities\":[{\"Name\":\"CVE-1\",\"NamespaceName\":\"debian:"
		     "9\",\"Description\":\"s \\u003cb\\u003e\","
		     "\"Severity\":\"High\",\"FixedBy\":\"1.1.0-10\"}],\"AddedBy\":\"base\"}," REQUESTS
		     ",\"Vulnerabilities\":[{\"Name\":\"GHSA-1\",\"NamespaceName\":\"pypi\",\"Description\":\"s "
		     "\\u003cb\\u003e\","
		     "\"Severity\":\"Critical\",\"Metadata\":{\"NVD\":{\"CVSSv3\":{\"Vectors\":\"CVSS:3.1/AV:N\"}}}}],"
		     "\"AddedBy\":\"base\"}]}}\n");
}

static void test_own(void **state)
{
	static const struct layers_fix fixes[] = { { SLICE_INIT("openssl"), SLICE_INIT("dpkg"),
						     SLICE_INIT("1.1.0-1+b2") },
						   { SLICE_INIT("requests"), SLICE_INIT(""), SLICE_INIT("None") } };
	const struct layers_advisory own[] = {
		{ .name = SLICE("CVE-1"),
		  .space = SLICE("debian:9"),
		  .severity = "Defcon1",
		  .fixes = fixes,
		  .n_fixes = 2 },
		/* Of another namespace. */
		{ .name = SLICE("CVE-2"), .space = SLICE("debian:8"), .severity = "Low", .fixes = fixes, .n_fixes = 1 },
		/* Not below the fix. */
		{ .name = SLICE("CVE-3"), .space = SLICE("pypi"), .severity = "Low", .fixes = fixes, .n_fixes = 1 },
		{ .name = SLICE("CVE-4"), .space = SLICE("pypi"), .severity = "Low", .fixes = fixes, .n_fixes = 2 },
		/* Instead of what a feed says, and of nothing. */
		{ .name = SLICE("GHSA-1"), .space = SLICE("pypi"), .severity = "Low" },
	};
	struct made m;

	(void)state;
	make(&m);
	check_document(
		&m, false, true, own, ARRAY_LEN(own),
		HEAD
		",\"Features\":[" OPENSSL
		",\"Vulnerabilities\":[{\"Name\":\"CVE-1\",\"NamespaceName\":\"debian:9\",\"Severity\":\"Defcon1\","
		"\"FixedBy\":\"1.1.0-1+b2\"}],\"AddedBy\":\"base\"}," REQUESTS
		",\"Vulnerabilities\":[{\"Name\":\"CVE-4\",\"NamespaceName\":\"pypi\",\"Severity\":\"Low\"}],"
		"\"AddedBy\":\"base\"}]}}\n");
}

static void test_advisory(void **state)
{
	struct arena arena = ARENA_INIT(100000);
	struct layers_advisory a;
	struct layers_fix f;

	(void)state;
	assert_int_equal(
		layers_advisory_parse(SLICE("{\"Vulnerability\":{\"Name\":\"x\",\"Severity\":\"HIGH\",\"FixedIn\":["
					    "{\"Name\":\"a\",\"Version\":\"None\"}]}}"),
				      &limits_default, SLICE("debian:8"), &arena, &a, &err),
		STATUS_OK);
	check_text(a.space, "debian:8");
	assert_string_equal(a.severity, "High");
	assert_int_equal(a.n_fixes, 1);
	assert_int_equal(layers_advisory_parse(SLICE("{\"Vulnerability\":{\"Name\":\"x\",\"Severity\":\"\"}}"),
					       &limits_default, SLICE("s"), &arena, &a, &err),
			 STATUS_INVALID);
	check_text(slice_cstr(err.msg), "failed to parse Severity from input");
	assert_int_equal(
		layers_fix_parse(SLICE("{\"Feature\":{\"Name\":\"a\",\"VersionFormat\":\"x\",\"Version\":\"1\"}}"),
				 &limits_default, &arena, &f, &err),
		STATUS_INVALID);
	assert_int_equal(
		layers_fix_parse(SLICE("{\"Feature\":{\"Name\":\"a\",\"VersionFormat\":\"dpkg\",\"Version\":\"a b\"}}"),
				 &limits_default, &arena, &f, &err),
		STATUS_INVALID);
	assert_int_equal(
		layers_fix_parse(
			SLICE("{\"Feature\":{\"Name\":\"a\",\"VersionFormat\":\"dpkg\",\"Version\":\"1:2-3\"}}"),
			&limits_default, &arena, &f, &err),
		STATUS_OK);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_envelope), cmocka_unit_test(test_headers),  cmocka_unit_test(test_chain),
		cmocka_unit_test(test_names),	 cmocka_unit_test(test_document), cmocka_unit_test(test_own),
		cmocka_unit_test(test_advisory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
