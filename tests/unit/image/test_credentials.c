/* SPDX-License-Identifier: Apache-2.0 */
/* test_credentials.c - what registries ask for, and what config.json, auth.json, helpers and netrc say about them. */
#include "base/base64.h"
#include "image/challenge.h"
#include "image/credentials.h"
#include "image/remote_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena = ARENA_INIT((size_t)4 << 20);

static struct reference ref_of(const char *text)
{
	struct err err = ERR_INIT;
	struct reference r;

	assert_int_equal(reference_parse(slice_cstr(text), &arena, &r, &err), STATUS_OK);
	return r;
}

#define ASSERT_SLICE(got, want)                                                                                        \
	do {                                                                                                           \
		struct slice got_ = (got);                                                                             \
		if (!slice_eq(got_, slice_cstr(want)))                                                                 \
			fail_msg("\"%.*s\", not \"%s\"", SLICE_ARG(got_), want);                                       \
	} while (0)

/* ---- WWW-Authenticate ---- */

/* The values are those that Docker Hub, Quay, GitLab, ECR and RFC 9110 (section 11.6.1) show. */
static void test_challenges(void **state)
{
	static const struct {
		const char *value;
		enum challenge_scheme scheme;
		const char *realm, *service, *scope;
	} rows[] = {
		{ "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		  "scope=\"repository:library/alpine:pull\"",
		  CHALLENGE_BEARER, "https://auth.docker.io/token", "registry.docker.io",
		  "repository:library/alpine:pull" },
		{ "Basic realm=\"Registry Realm\"", CHALLENGE_BASIC, "Registry Realm", "", "" },
		{ "Bearer realm=\"https://gitlab.com/jwt/auth\",service=\"container_registry\","
		  "scope=\"repository:a/b:pull\",error=\"invalid_token\"",
		  CHALLENGE_BEARER, "https://gitlab.com/jwt/auth", "container_registry", "repository:a/b:pull" },
		{ "bearer REALM=x , Service = \"a\\\"b\"", CHALLENGE_BEARER, "x", "a\"b", "" },
		{ "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
		  CHALLENGE_BASIC, "simple", "", "" },
		{ "Basic realm=\"b\", Bearer realm=\"t\",service=\"s\"", CHALLENGE_BEARER, "t", "s", "" },
		{ "Bearer realm=\"t\",service=\"s\", Basic realm=\"b\"", CHALLENGE_BEARER, "t", "s", "" },
		{ "Negotiate YII=, Basic realm=\"b\"", CHALLENGE_BASIC, "b", "", "" },
		{ "Negotiate", CHALLENGE_NONE, "", "", "" },
		{ "", CHALLENGE_NONE, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct challenge c;

		assert_int_equal(challenge_parse(slice_cstr(rows[i].value), &arena, &c, &err), STATUS_OK);
		if (c.scheme != rows[i].scheme)
			fail_msg("%s: scheme %d", rows[i].value, (int)c.scheme);
		ASSERT_SLICE(c.realm, rows[i].realm);
		ASSERT_SLICE(c.service, rows[i].service);
		ASSERT_SLICE(c.scope, rows[i].scope);
	}
}

static void test_no_challenges(void **state)
{
	static const char *const rows[] = { "Bearer realm=\"https://x", "\"x\"", "=", "<html>", "Bearer realm=\"a\\" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct challenge c;

		if (challenge_parse(slice_cstr(rows[i]), &arena, &c, &err) != STATUS_MALFORMED)
			fail_msg("%s is a challenge", rows[i]);
	}
}

/* ---- config.json ---- */

/* "dXNlcjpwYXNz" is user:pass, "dTpwOnE=" u:p:q, by base64(1). */
static const char config[] =
	"{\"auths\": {"
	" \"https://index.docker.io/v1/\": {\"auth\": \"dXNlcjpwYXNz\"},"
	" \"quay.io\": {\"auth\": \"dTpwOnE=\"},"
	" \"quay.io/team\": {\"username\": \"team\", \"password\": \"secret\"},"
	" \"https://old.example/v2/\": {\"auth\": \"dXNlcjpwYXNz\"},"
	" \"token.example\": {\"identitytoken\": \"idtok\", \"username\": \"<token>\"},"
	" \"empty.example\": {},"
	" \"bad.example\": {\"auth\": \"!!!\"}},"
	" \"credHelpers\": {\"ecr.example\": \"ecr-login\", \"quay.io/helped\": \"quay\"}, \"credsStore\": \"pass\"}";

static void test_auth_files(void **state)
{
	static const struct {
		const char *ref, *user, *password, *helper, *helper_key;
	} rows[] = {
		{ "alpine", "user", "pass", "", "" },
		{ "quay.io/other/x", "u", "p:q", "", "" },
		{ "quay.io/team/x", "team", "secret", "", "" },
		{ "quay.io/teams/x", "u", "p:q", "", "" },
		{ "quay.io/helped/x", "u", "p:q", "quay", "quay.io/helped" },
		{ "old.example/x", "user", "pass", "", "" },
		{ "old.example:5000/x", "", "", "", "" },
		{ "empty.example/x", "", "", "", "" },
		{ "ecr.example/x", "", "", "ecr-login", "ecr.example" },
		{ "quay.io.evil.example/x", "", "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reference ref = ref_of(rows[i].ref);
		struct err err = ERR_INIT;
		struct auth_entry e;

		assert_int_equal(auth_file_parse(slice_cstr(config), &ref, &arena, &e, &err), STATUS_OK);
		ASSERT_SLICE(e.own.account, rows[i].user);
		ASSERT_SLICE(e.own.secret, rows[i].password);
		ASSERT_SLICE(e.helper, rows[i].helper);
		ASSERT_SLICE(e.helper_key, rows[i].helper_key);
		ASSERT_SLICE(e.store, "pass");
	}
}

static void test_bad_auth_files(void **state)
{
	struct reference bad = ref_of("bad.example/x"), token = ref_of("token.example/x");
	struct err err = ERR_INIT;
	struct auth_entry e;

	(void)state;
	assert_int_equal(auth_file_parse(slice_cstr(config), &bad, &arena, &e, &err), STATUS_MALFORMED);
	assert_null(strstr(err.msg, "!!!"));
	assert_int_equal(auth_file_parse(slice_cstr(config), &token, &arena, &e, &err), STATUS_OK);
	ASSERT_SLICE(e.own.identity_token, "idtok");
	assert_int_equal(auth_file_parse(SLICE("{\"auths\": \"hunter2"), &token, &arena, &e, &err), STATUS_MALFORMED);
	assert_null(strstr(err.msg, "hunter2"));
	assert_int_equal(auth_file_parse(SLICE("[]"), &token, &arena, &e, &err), STATUS_MALFORMED);
	assert_int_equal(auth_file_parse(SLICE("{\"auths\": 5, \"credHelpers\": []}"), &token, &arena, &e, &err),
			 STATUS_OK);
	assert_false(credentials_known(&e.own));
}

/* RFC 4648 section 10, and RFC 7617 section 2 for the header. */
static void test_base64(void **state)
{
	static const char *const rows[][2] = { { "", "" },
					       { "Zg==", "f" },
					       { "Zm8=", "fo" },
					       { "Zm9v", "foo" },
					       { "Zm9vYg==", "foob" },
					       { "Zm9vYmE=", "fooba" },
					       { "Zm9vYmE", "fooba" },
					       { "Zm9vYmFy", "foobar" } };
	struct credentials c = { .account = SLICE("Aladdin"), .secret = SLICE("open sesame") };
	struct slice out;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(base64_decode(slice_cstr(rows[i][0]), 0, &arena, &out));
		ASSERT_SLICE(out, rows[i][1]);
	}
	assert_false(base64_decode(SLICE("Z"), 0, &arena, &out));
	assert_false(base64_decode(SLICE("Zg=g"), 0, &arena, &out));
	assert_true(credentials_basic(&c, &arena, &out));
	ASSERT_SLICE(out, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

/* ---- netrc ---- */

static void test_netrc(void **state)
{
	static const struct {
		const char *text, *host, *user, *password;
		bool found;
	} rows[] = {
		{ "machine a.example login me password p\nmachine b.example login you password q", "b.example", "you",
		  "q", true },
		{ "machine a.example\n\tlogin me\n\tpassword \"p\"\n", "A.example:5000", "me", "p", true },
		{ "machine a.example login me\ndefault login any password d", "c.example", "any", "d", true },
		{ "machine a.example login me\ndefault login any password d", "a.example", "me", "", true },
		{ "macdef init\nmachine a.example login x password y\n\nmachine a.example login me password p",
		  "a.example", "me", "p", true },
		{ "# machine a.example login x\nmachine a.example account z login me password p", "a.example", "me",
		  "p", true },
		{ "machine a.example login me password p", "b.example", "", "", false },
		{ "machine", "a.example", "", "", false },
		{ "", "a.example", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice user = SLICE_EMPTY, password = SLICE_EMPTY;

		assert_int_equal(netrc_parse(slice_cstr(rows[i].text), slice_cstr(rows[i].host), &user, &password),
				 rows[i].found);
		ASSERT_SLICE(user, rows[i].user);
		ASSERT_SLICE(password, rows[i].password);
	}
}

/* ---- helpers ---- */

static void put_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* A script, as docker-credential-helpers describes its protocol. */
static void test_helpers(void **state)
{
	static const struct {
		const char *script, *user, *password, *token, *trouble;
	} rows[] = {
		{ "read key; [ \"$1 $key\" = \"get h.example\" ] && echo '{\"Username\":\"u\",\"Secret\":\"s3cret\"}'",
		  "u", "s3cret", "", "" },
		{ "echo '{\"Username\":\"<token>\",\"Secret\":\"tok\"}'", "", "", "tok", "" },
		{ "echo 'credentials not found in native keychain'; exit 1", "", "", "", "knows none" },
		{ "echo 's3cret leaked' >&2; echo 's3cret'; exit 3", "", "", "", "it failed" },
		{ "echo 's3cret no json'", "", "", "", "not a JSON document" },
		{ "sleep 30", "", "", "", "not answered in time" },
		{ "exec >&-; sleep 30", "", "", "", "it failed" },
		{ "yes s3cret", "", "", "", "more than" },
	};
	char dir[] = "/tmp/limpid-helper-XXXXXX", path[128], auth[128], path_variable[160];
	const char *files[] = { auth, NULL };
	char *environment[] = { path_variable, NULL };
	struct credential_sources sources = { .auth_files = files, .environment = environment, .helper_timeout_s = 1 };
	struct reference ref = ref_of("h.example/x");

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/docker-credential-test", dir);
	snprintf(auth, sizeof(auth), "%s/config.json", dir);
	snprintf(path_variable, sizeof(path_variable), "PATH=%s:/usr/bin:/bin", dir);
	put_file(auth, "{\"credHelpers\":{\"h.example\":\"test\"}}", 0600);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char script[400];
		struct err err = ERR_INIT;
		struct credentials c;

		snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", rows[i].script);
		put_file(path, script, 0700);
		assert_int_equal(credentials_find(&sources, &ref, &arena, &c, &err), STATUS_OK);
		ASSERT_SLICE(c.account, rows[i].user);
		ASSERT_SLICE(c.secret, rows[i].password);
		ASSERT_SLICE(c.identity_token, rows[i].token);
		if (!strstr(c.trouble, rows[i].trouble))
			fail_msg("%s: %s", rows[i].script, c.trouble);
		assert_null(strstr(c.trouble, "s3cret"));
	}
	put_file(auth, "{\"credsStore\":\"../../bin/sh\"}", 0600);
	{
		struct err err = ERR_INIT;
		struct credentials c;

		assert_int_equal(credentials_find(&sources, &ref, &arena, &c, &err), STATUS_OK);
		assert_non_null(strstr(c.trouble, "no name of a helper"));
		put_file(auth, "{\"credsStore\":\"absent\"}", 0600);
		assert_int_equal(credentials_find(&sources, &ref, &arena, &c, &err), STATUS_OK);
		assert_non_null(strstr(c.trouble, "no such program"));
	}
	unlink(path);
	unlink(auth);
	rmdir(dir);
}

/* ---- tokens ---- */

static void test_token_answers(void **state)
{
	static const struct {
		const char *json, *token;
	} rows[] = {
		{ "{\"token\":\"abc\",\"expires_in\":300}", "abc" },
		{ "{\"access_token\":\"def\"}", "def" },
		{ "{\"token\":\"\",\"access_token\":\"def\"}", "def" },
		{ "{\"token\":\"a\\r\\nX: y\"}", NULL },
		{ "{\"token\":5}", NULL },
		{ "{}", NULL },
		{ "<html>", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct slice token;
		enum status st = token_answer_parse(slice_cstr(rows[i].json), &arena, &token, &err);

		assert_int_equal(st, rows[i].token ? STATUS_OK : STATUS_REMOTE);
		if (rows[i].token)
			ASSERT_SLICE(token, rows[i].token);
	}
}

static int free_all(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges), cmocka_unit_test(test_no_challenges),
		cmocka_unit_test(test_auth_files), cmocka_unit_test(test_bad_auth_files),
		cmocka_unit_test(test_base64),	   cmocka_unit_test(test_netrc),
		cmocka_unit_test(test_helpers),	   cmocka_unit_test(test_token_answers),
	};

	return cmocka_run_group_tests(tests, NULL, free_all);
}
