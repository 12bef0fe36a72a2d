/* SPDX-License-Identifier: Apache-2.0 */
/* test_match.c - liblimpid-match as another program has it: the demonstration's advisories, many threads, what fails.
 */
#include "limpid/match.h"
#include "store/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define THREADS 4
#define ROUNDS 200

/* Of data/demo/advisories.json: CVE-2024-0727, fixed for alpine:3.18 in 3.1.4-r5; the others of openssl are fixed
 * in 3.1.4-r1. */
static const struct limpid_match_system alpine = { .id = "alpine", .version_id = "3.18.4" };
static const struct limpid_match_package packages[] = {
	{ .type = "apk", .name = "libssl3", .version = "3.1.4-r1", .source_name = "openssl" },
	{ .type = "npm", .name = "json5", .version = "2.2.1" },
};

struct seen {
	size_t findings, coverage;
	char ids[200];
	int stop;
};

static int on_finding(void *ctx, const struct limpid_match_finding *f)
{
	struct seen *s = ctx;
	size_t at = strlen(s->ids);

	snprintf(s->ids + at, sizeof(s->ids) - at, "%s %zu %d %s;", f->id, f->package, (int)f->severity, f->fixed);
	s->findings++;
	return s->stop;
}

static int on_coverage(void *ctx, const struct limpid_match_coverage *c)
{
	struct seen *s = ctx;

	s->coverage += c->code[0] != '\0';
	return 0;
}

static const struct limpid_match_callbacks callbacks = { .finding = on_finding, .coverage = on_coverage };

static void test_findings(void **state)
{
	struct limpid_match_error error;
	struct seen seen = { 0 };
	int complete = 1;
	limpid_match *m;

	(void)state;
	assert_int_equal(limpid_match_open(DEMO, &m, &error), LIMPID_MATCH_OK);
	assert_int_equal(limpid_match_packages(m, &alpine, packages, 2, &callbacks, &seen, &complete, &error), 0);
	assert_string_equal(seen.ids, "CVE-2024-0727 0 3 3.1.4-r5;GHSA-9c47-m6qq-7p4h 1 4 2.2.2;");
	/* Without a system its packages cannot be looked up, and that is told. */
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(limpid_match_packages(m, NULL, packages, 2, &callbacks, &seen, &complete, &error), 0);
	assert_string_equal(seen.ids, "GHSA-9c47-m6qq-7p4h 1 4 2.2.2;");
	assert_true(seen.coverage > 0);
	assert_int_equal(complete, 0);
	limpid_match_close(m);
}

/* limpid's own JSON and Clair's, of packages and of findings, are told apart by their members in any order. */
static void test_saved_reports(void **state)
{
#define IMAGE                                                                                                          \
	"'image':{'target':'x','os':'linux','layers':[],'complete':true,'distributions':[{'id':'alpine',"              \
	"'version_id':'3.18.4'}]},'packages':[{'type':'apk','name':'libssl3','version':'3.1.4-r1','source':'openssl'," \
	"'distribution':1}],'generator':{'name':'limpid','version':'0'}"
#define CLAIR                                                                                                          \
	"'packages':{'1':{'id':'1','name':'libssl3','version':'3.1.4-r1','source':{'name':'openssl','version':"        \
	"'3.1.4-r1'}}},'distributions':{'1':{'id':'1','did':'alpine','version_id':'3.18.4'}},'environments':{'1':["    \
	"{'package_db':'lib/apk/db/installed','distribution_id':'1'}]},'manifest_hash':''"
	static const char *const documents[] = {
		"{'schema':'limpid-index/1'," IMAGE "}",
		"{" IMAGE ",'findings':[],'suppressed':[],'coverage':[],'schema':'limpid-report/1'}",
		"{" CLAIR ",'state':'IndexFinished','success':true}",
		"{'package_vulnerabilities':{},'vulnerabilities':{}," CLAIR "}",
	};
	struct limpid_match_error error;
	limpid_match *m;

	(void)state;
	assert_int_equal(limpid_match_open(DEMO, &m, &error), LIMPID_MATCH_OK);
	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++) {
		struct seen seen = { 0 };
		char json[1000];
		size_t n = 0;

		for (const char *p = documents[i]; *p; p++)
			json[n++] = (char)(*p == '\'' ? '"' : *p);
		assert_true(n < sizeof(json));
		assert_int_equal(limpid_match_index_report(m, json, n, &callbacks, &seen, NULL, &error), 0);
		assert_string_equal(seen.ids, "CVE-2024-0727 0 3 3.1.4-r5;");
	}
	limpid_match_close(m);
}

static void test_failures(void **state)
{
	const struct limpid_match_package none = { .type = "none-such", .name = "x" }, nameless = { .type = "apk" };
	struct limpid_match_error error;
	struct seen seen = { .stop = 1 };
	limpid_match *m = NULL;
	size_t length;
	char *text;

	(void)state;
	assert_int_equal(limpid_match_open("/nowhere/at/all", &m, &error), LIMPID_MATCH_MISSING);
	assert_int_equal(error.status, LIMPID_MATCH_MISSING);
	assert_null(m);
	assert_int_equal(limpid_match_open("", &m, NULL), LIMPID_MATCH_INVALID);
	assert_int_equal(limpid_match_open(DEMO, &m, &error), LIMPID_MATCH_OK);
	assert_string_equal(error.message, "");
	assert_int_equal(limpid_match_packages(m, NULL, &none, 1, &callbacks, &seen, NULL, &error),
			 LIMPID_MATCH_INVALID);
	assert_non_null(strstr(error.message, "none-such"));
	assert_int_equal(limpid_match_packages(m, NULL, &nameless, 1, &callbacks, &seen, NULL, NULL),
			 LIMPID_MATCH_INVALID);
	assert_int_equal(limpid_match_index_report(m, "[1,", 3, &callbacks, &seen, NULL, &error),
			 LIMPID_MATCH_MALFORMED);
	assert_int_equal(limpid_match_report(m, "{}", 2, "none-such", &text, &length, NULL, &error),
			 LIMPID_MATCH_INVALID);
	assert_null(text);
	assert_int_equal(seen.findings, 0);
	assert_int_equal(limpid_match_packages(m, &alpine, packages, 2, &callbacks, &seen, NULL, &error),
			 LIMPID_MATCH_CALLBACK);
	assert_int_equal(seen.findings, 1);
	limpid_match_close(m);
	limpid_match_close(NULL);
}

static void test_severities(void **state)
{
	static const char *const names[] = { "Unknown", "Negligible", "Low", "Medium", "High", "Critical" };
	double score = -1;

	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_string_equal(limpid_match_severity_name(i), names[i]);
		assert_int_equal(limpid_match_severity_by_name(names[i]), i);
	}
	assert_null(limpid_match_severity_name(6));
	assert_null(limpid_match_severity_name(-1));
	assert_int_equal(limpid_match_severity_by_name("grave"), -1);
	/* docs/formats/severity.md; Debian's scale is one step up, as Clair reads it. */
	assert_int_equal(limpid_match_severity_of_word("debian", "high"), LIMPID_MATCH_CRITICAL);
	assert_int_equal(limpid_match_severity_of_word("debian", "unimportant"), LIMPID_MATCH_LOW);
	assert_int_equal(limpid_match_severity_of_word("debian", "Important"), -1);
	assert_int_equal(limpid_match_severity_of_word("rhel-vex", "Moderate"), LIMPID_MATCH_MEDIUM);
	assert_int_equal(limpid_match_severity_of_word("aws", "high"), LIMPID_MATCH_HIGH);
	assert_int_equal(limpid_match_severity_of_word(NULL, "end-of-life"), -1);
	/* FIRST's examples: CVE-2013-1937 is 6.1, Heartbleed 7.5. */
	assert_int_equal(limpid_match_severity_of_cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", &score),
			 LIMPID_MATCH_MEDIUM);
	assert_float_equal(score, 6.1, 0.001);
	assert_int_equal(limpid_match_severity_of_cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", NULL),
			 LIMPID_MATCH_HIGH);
	assert_int_equal(limpid_match_severity_of_cvss("CVSS:3.1/AV:N", NULL), -1);
}

/* ---- a database that changes while it is asked ---- */

struct shared {
	char dir[256];
	limpid_match *m;
	pthread_barrier_t begin;
};

static void *ask(void *ctx)
{
	struct shared *s = ctx;
	uintptr_t bad = 0;

	pthread_barrier_wait(&s->begin);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct seen seen = { 0 };

		/* The one or the other state, and nothing between. */
		bad += limpid_match_packages(s->m, &alpine, packages, 1, &callbacks, &seen, NULL, NULL) !=
			       LIMPID_MATCH_OK ||
		       (strcmp(seen.ids, "") != 0 && strcmp(seen.ids, "CVE-2024-0727 0 3 3.1.4-r5;") != 0);
	}
	return (void *)bad;
}

static int count_without(void *ctx, const struct limpid_match_source *source)
{
	*(size_t *)ctx += source->segment[0] == '\0';
	return 0;
}

/* The source in force, or none: as a publication does it. */
static void publish(const char *dir, bool there)
{
	static struct digest segment;
	struct store_options options = { .busy_ms = 5000, .cache_bytes = 1 << 20 };
	struct arena arena = ARENA_INIT(SIZE_MAX);
	struct store_source *sources;
	struct err err = ERR_INIT;
	struct store *store;
	char ref[37];
	size_t n;

	assert_int_equal(store_open(dir, &options, &store, &err), STATUS_OK);
	assert_int_equal(store_sources(store, &arena, &sources, &n, &err), STATUS_OK);
	for (size_t i = 0; i < n; i++) {
		if (sources[i].segment.algo != DIGEST_NONE)
			segment = sources[i].segment;
		sources[i].segment = there ? segment : (struct digest){ .algo = DIGEST_NONE };
		assert_int_equal(store_publish(store, &sources[i], ref, &err), STATUS_OK);
	}
	store_close(store);
	arena_fini(&arena);
}

static void test_threads(void **state)
{
	struct shared s = { .dir = "/tmp/limpid-match-XXXXXX" };
	pthread_t threads[THREADS];
	char command[1200];
	int changed = 1;
	size_t without = 0;

	(void)state;
	assert_non_null(mkdtemp(s.dir));
	snprintf(command, sizeof(command), "cp -r '%s/.' '%s'", DEMO, s.dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(limpid_match_open(s.dir, &s.m, NULL), LIMPID_MATCH_OK);
	assert_int_equal(limpid_match_refresh(s.m, &changed, NULL), LIMPID_MATCH_OK);
	assert_int_equal(changed, 0);
	assert_int_equal(pthread_barrier_init(&s.begin, NULL, THREADS + 1), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &s), 0);
	pthread_barrier_wait(&s.begin);
	for (size_t i = 0; i < 10; i++) {
		publish(s.dir, i % 2 == 1);
		assert_int_equal(limpid_match_refresh(s.m, &changed, NULL), LIMPID_MATCH_OK);
		assert_int_equal(changed, 1);
	}
	for (size_t i = 0; i < THREADS; i++) {
		void *bad;

		assert_int_equal(pthread_join(threads[i], &bad), 0);
		assert_null(bad);
	}
	pthread_barrier_destroy(&s.begin);
	publish(s.dir, false);
	assert_int_equal(limpid_match_refresh(s.m, NULL, NULL), LIMPID_MATCH_OK);
	assert_int_equal(limpid_match_sources(s.m, count_without, &without, NULL), LIMPID_MATCH_OK);
	assert_true(without > 0);
	limpid_match_close(s.m);
	snprintf(command, sizeof(command), "rm -rf '%s'", s.dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_findings),
		cmocka_unit_test(test_saved_reports), cmocka_unit_test(test_failures),
					    cmocka_unit_test(test_severities), cmocka_unit_test(test_threads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
