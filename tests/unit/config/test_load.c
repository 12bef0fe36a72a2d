/* SPDX-License-Identifier: Apache-2.0 */
/* test_load.c - files of settings: types, defaults, places of what is wrong, variables, Clair v2. */
#include "check.h"

#include "config/settings.h"
#include "config/value.h"

#define HOUR (3600 * INT64_C(1000000000))

/* Clair's own defaults (its module config, v1.4.3). */
static void test_defaults(void **state)
{
	struct config c;

	(void)state;
	check_good("", "c.yaml", CONFIG_COMBO, NULL, &c);
	check_text(c.http_listen_addr, ":6060");
	check_text(c.introspection_addr, ":8089");
	assert_int_equal(c.log_level, CONFIG_LOG_INFO);
	assert_int_equal(c.indexer.scanlock_retry, 1);
	assert_int_equal(c.indexer.layer_scan_concurrency, 10);
	assert_int_equal(c.indexer.index_report_request_concurrency, 8);
	assert_int_equal(c.matcher.period, 6 * HOUR);
	assert_int_equal(c.matcher.cache_age, 6 * HOUR);
	assert_int_equal(c.matcher.update_retention, 10);
	assert_int_equal(c.notifier.poll_interval, 6 * HOUR);
	assert_int_equal(c.notifier.delivery_interval, HOUR);
	assert_false(c.updaters_sets.given);
	assert_false(c.auth.psk);
	assert_int_equal(c.indexer.engine, CONFIG_SQLITE);
	check_text(c.limpid.data_dir, "/data");
	assert_int_equal(c.limpid.limits.layers, limits_default.layers);
	assert_false(c.trace.probability_given);
	config_fini(&c);
}

static void test_embedded(void **state)
{
	struct config_request r = { .mode = CONFIG_COMBO, .data_dir = "/data", .cpus = 1 };
	struct err err = ERR_INIT;
	struct config c;

	(void)state;
	assert_int_equal(config_load(&r, &c, &err), STATUS_OK);
	assert_true(c.embedded);
	check_text(c.http_listen_addr, "127.0.0.1:6060");
	check_text(c.introspection_addr, "127.0.0.1:8089");
	assert_int_equal(c.n_problems, 0);
	config_fini(&c);
}

static void test_types(void **state)
{
	struct config c;

	(void)state;
	check_good("HTTP_listen_ADDR: '127.0.0.1:1'\n"
		   "log_level: Debug-Color\n"
		   "indexer:\n"
		   "  ConnString: host=db user=clair\n"
		   "  airgap: true\n"
		   "  index_report_request_concurrency: -1\n"
		   "  scanner:\n"
		   "    package: {java: {disable_api: true, list: [1, 2.5, null, 'x']}, b: 0x10}\n"
		   "matcher: {period: 1h30m, update_retention: 0}\n"
		   "updaters: {sets: []}\n"
		   "notifier:\n"
		   "  webhook: {target: 'https://t/', callback: 'https://c/x', headers: {A: [one, two], B: [three]}}\n"
		   "auth: {psk: {key: c2VjcmV0LWZvci10aGUtbGFiLXNlc3Npb24=, iss: [lab, clairctl]}}\n"
		   "trace: {probability: 0.25}\n"
		   "limpid: {http: {max_body: 2MiB}, limits: {layers: 7}}\n",
		   "c.yaml", CONFIG_COMBO, NULL, &c);
	check_text(c.http_listen_addr, "127.0.0.1:1");
	assert_int_equal(c.log_level, CONFIG_LOG_DEBUG_COLOR);
	check_text(c.indexer.connstring, "host=db user=clair");
	assert_int_equal(c.indexer.engine, CONFIG_POSTGRES);
	assert_int_equal(c.matcher.engine, CONFIG_SQLITE);
	assert_true(c.indexer.airgap);
	assert_int_equal(c.indexer.index_report_request_concurrency, -1);
	assert_int_equal(c.indexer.scanner_package.n, 2);
	check_text(c.indexer.scanner_package.at[0].name, "java");
	check_text(c.indexer.scanner_package.at[0].json, "{\"disable_api\":true,\"list\":[1,2.5,null,\"x\"]}");
	check_text(c.indexer.scanner_package.at[1].json, "16");
	assert_int_equal(c.matcher.period, 3 * HOUR / 2);
	assert_int_equal(c.matcher.update_retention, 10);
	assert_true(c.updaters_sets.given);
	assert_int_equal(c.updaters_sets.n, 0);
	assert_true(c.notifier.webhook.present);
	check_text(c.notifier.webhook.callback, "https://c/x/");
	assert_int_equal(c.notifier.webhook.headers.n, 3);
	check_text(c.notifier.webhook.headers.at[1].name, "A");
	check_text(c.notifier.webhook.headers.at[1].value, "two");
	assert_true(c.auth.psk);
	check_text(c.auth.psk_key, "secret-for-the-lab-session");
	assert_int_equal(c.auth.psk_iss.n, 2);
	assert_true(c.trace.probability_given && c.trace.probability > 0.2499 && c.trace.probability < 0.2501);
	assert_int_equal(c.limpid.http.max_body, 2 << 20);
	assert_int_equal(c.limpid.limits.layers, 7);
	check_problem(&c, CONFIG_WARNING, "URL should end in a \"/\"", 12, 45);
	config_fini(&c);
}

/* Every mistake is told, with its place. */
static void test_mistakes(void **state)
{
	struct config c;
	struct err err;

	(void)state;
	assert_int_equal(check_load("http_listen_adr: ':1'\n"
				    "log_level: loud\n"
				    "indexer:\n"
				    "  airgap: 'true'\n"
				    "  connstring: 17\n"
				    "  scanlock_retry: soon\n"
				    "matcher:\n"
				    "  period: 6\n"
				    "  updater_sets: [a]\n"
				    "updaters: {sets: debian}\n"
				    "auth: {psk: {key: '', iss: []}}\n"
				    "tls: yes\n",
				    "c.yaml", CONFIG_COMBO, NULL, &c, &err),
			 STATUS_INVALID);
	check_problem(&c, CONFIG_ERROR, "unknown key \"http_listen_adr\"; did you mean \"http_listen_addr\"?", 1, 1);
	check_problem(&c, CONFIG_ERROR, "expected one of info|debug-color", 2, 12);
	check_problem(&c, CONFIG_ERROR, "expected true or false, found a string true; write it without quotes", 4, 11);
	check_problem(&c, CONFIG_ERROR, "expected a string, found a number; put it in quotes", 5, 15);
	check_problem(&c, CONFIG_ERROR, "expected an integer, found a string soon", 6, 19);
	check_problem(&c, CONFIG_ERROR, "write a unit: \"6h\"", 8, 11);
	check_problem(&c, CONFIG_ERROR, "unknown key \"updater_sets\"; today it is updaters.sets", 9, 3);
	check_problem(&c, CONFIG_ERROR, "expected a list of strings, found a string debian; write it in [ ]", 10, 18);
	check_problem(&c, CONFIG_ERROR, "is empty", 11, 19);
	check_problem(&c, CONFIG_ERROR, "no issuers defined", 11, 28);
	check_problem(&c, CONFIG_ERROR, "expected a mapping, found a string yes", 12, 6);
	assert_string_equal(err.msg, "c.yaml:1:1: unknown key \"http_listen_adr\"; did you mean \"http_listen_addr\"?");
	config_fini(&c);
}

static void test_json(void **state)
{
	struct config c;
	struct err err;

	(void)state;
	check_good("\n {\"http_listen_addr\": \":7\",\t\"matcher\" :{\"period\":\"1h\"}}", "c.json", CONFIG_COMBO, NULL,
		   &c);
	check_text(c.http_listen_addr, ":7");
	assert_int_equal(c.matcher.period, HOUR);
	check_problem(&c, CONFIG_WARNING, "very aggressive", 2, 50);
	config_fini(&c);

	assert_int_equal(check_load("{\n \"a\\\"b\": [1, {\"x\": true}],\n \"log_level\" : 3,\n \"log_level\": false}",
				    "c.json", CONFIG_COMBO, NULL, &c, &err),
			 STATUS_INVALID);
	check_problem(&c, CONFIG_ERROR, "unknown key \"a", 2, 2);
	check_problem(&c, CONFIG_ERROR, "found a number 3", 3, 16);
	check_problem(&c, CONFIG_WARNING, "given twice, before at line 3", 4, 2);
	config_fini(&c);

	assert_int_equal(check_load("{\n \"log_level\": }", "c.json", CONFIG_COMBO, NULL, &c, &err), STATUS_INVALID);
	check_problem(&c, CONFIG_ERROR, "JSON:", 2, 15);
	config_fini(&c);
}

static void test_yaml_rules(void **state)
{
	struct config c;
	struct err err;

	(void)state;
	check_good("indexer: &one\n  connstring: &dsn dbname=a\n  migrations: true\n"
		   "matcher:\n  <<: *one\n  connstring: dbname=b\n",
		   "c.yaml", CONFIG_COMBO, NULL, &c);
	check_text(c.matcher.connstring, "dbname=b");
	assert_true(c.matcher.migrations);
	config_fini(&c);

	assert_int_equal(
		check_load("matcher: {}\nlog_level: info\nmatcher: {}\n", "c.yaml", CONFIG_COMBO, NULL, &c, &err),
		STATUS_INVALID);
	check_problem(&c, CONFIG_ERROR, "\"matcher\" is given twice, before at line 1", 3, 1);
	config_fini(&c);

	assert_int_equal(check_load("indexer: {\n  airgap: true\n", "c.yaml", CONFIG_COMBO, NULL, &c, &err),
			 STATUS_INVALID);
	assert_true(c.n_problems == 1 && c.problems[0].line > 0);
	config_fini(&c);
}

/* What is wrong stands below any number of warnings, and still is told. */
static void test_many_warnings(void **state)
{
	static char text[65536];
	size_t n = (size_t)snprintf(text, sizeof(text), "clair:\n");
	struct config c;
	struct err err;

	(void)state;
	for (int i = 0; i < 1500; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "  unknown%d: 0\n", i);
	assert_int_equal(check_load(text, "c.yaml", CONFIG_NOTIFIER, NULL, &c, &err), STATUS_INVALID);
	assert_int_equal(c.n_errors, 3);
	check_problem(&c, CONFIG_ERROR, "is required in notifier mode", 0, 0);
	check_problem(&c, CONFIG_WARNING, "unknown0", 0, 0);
	config_fini(&c);
}

static void test_modes(void **state)
{
	struct config c;
	struct err err;

	(void)state;
	assert_int_equal(check_load("", "c.yaml", CONFIG_MATCHER, NULL, &c, &err), STATUS_INVALID);
	check_problem(&c, CONFIG_ERROR, "is required in matcher mode", 0, 0);
	config_fini(&c);
	assert_int_equal(
		check_load("matcher: {indexer_addr: 'indexer:6060'}", "c.yaml", CONFIG_MATCHER, NULL, &c, &err),
		STATUS_INVALID);
	check_problem(&c, CONFIG_ERROR, "the scheme is missing", 1, 25);
	config_fini(&c);
	assert_int_equal(check_load("", "c.yaml", CONFIG_NOTIFIER, NULL, &c, &err), STATUS_INVALID);
	assert_int_equal(c.n_errors, 3);
	config_fini(&c);
	/* What another mode needs is not asked. */
	check_good("matcher: {connstring: nonsense}\nnotifier: {webhook: {target: x}}", "c.yaml", CONFIG_INDEXER, NULL,
		   &c);
	config_fini(&c);
}

static void test_variables(void **state)
{
	static const char *const set[] = { "DB", "host=db password=p", "NONE", "", "YES", "true", "N", "3", NULL };
	struct config c;
	struct err err;

	(void)state;
	check_good("indexer: {connstring: 'a=b ${DB} $${DB} $x ${NONE:-empty}${UNSET:-d}', migrations: '${YES}'}\n"
		   "matcher: {update_retention: '${N}'}\n"
		   "updaters: {config: {alpine: {url: 'https://${NONE}/'}}}\n",
		   "c.yaml", CONFIG_COMBO, set, &c);
	check_text(c.indexer.connstring, "a=b host=db password=p ${DB} $x emptyd");
	assert_true(c.indexer.migrations);
	assert_int_equal(c.matcher.update_retention, 3);
	check_text(c.updaters_config.at[0].json, "{\"url\":\"https:///\"}");
	config_fini(&c);
	assert_int_equal(check_load("matcher:\n  connstring: 'a=${MISSING}'", "c.yaml", CONFIG_COMBO, set, &c, &err),
			 STATUS_INVALID);
	check_problem(&c, CONFIG_ERROR, "the variable MISSING is not set", 2, 15);
	config_fini(&c);
}

/* Clair's example of release 2.0, in other words. */
static void test_v2(void **state)
{
	struct config c;

	(void)state;
	check_good("clair:\n"
		   "  database:\n"
		   "    type: pgsql\n"
		   "    options:\n"
		   "      source: host=localhost port=5432 user=postgres sslmode=disable\n"
		   "      cacheSize: 16384\n"
		   "  api:\n"
		   "    addr: '0.0.0.0:6060'\n"
		   "    healthaddr: 0.0.0.0:6061\n"
		   "    timeout: 900s\n"
		   "    paginationkey:\n"
		   "    servername:\n"
		   "  updater: {interval: 2h, odd: 1}\n"
		   "  notifier:\n"
		   "    attempts: 3\n"
		   "    renotifyinterval: 7200000000000\n"
		   "    http: {endpoint: 'https://hook/x', proxy: 'http://proxy:3128'}\n",
		   "config.yml", CONFIG_COMBO, NULL, &c);
	assert_true(c.v2);
	check_text(c.indexer.connstring, "host=localhost port=5432 user=postgres sslmode=disable");
	check_text(c.notifier.connstring, "host=localhost port=5432 user=postgres sslmode=disable");
	assert_true(c.indexer.migrations && c.matcher.migrations && c.notifier.migrations);
	check_text(c.http_listen_addr, "0.0.0.0:6060");
	check_text(c.introspection_addr, "0.0.0.0:6061");
	assert_int_equal(c.limpid.http.request_timeout, 900 * INT64_C(1000000000));
	assert_int_equal(c.matcher.period, 2 * HOUR);
	assert_int_equal(c.limpid.notifier.attempts, 3);
	assert_int_equal(c.limpid.notifier.retry_interval, 2 * HOUR);
	check_text(c.limpid.notifier.v1_endpoint, "https://hook/x");
	check_text(c.limpid.notifier.v1_proxy, "http://proxy:3128");
	check_problem(&c, CONFIG_WARNING, "unknown key \"odd\" is ignored", 13, 27);
	config_fini(&c);

	/* The port numbers of 2.0, and no updates. */
	check_good("clair: {api: {port: 7070, healthport: 7071}, updater: {interval: 0}}", "c.yaml", CONFIG_COMBO, NULL,
		   &c);
	check_text(c.http_listen_addr, ":7070");
	check_text(c.introspection_addr, ":7071");
	assert_true(c.matcher.disable_updaters && c.updaters_sets.given);
	assert_int_equal(c.indexer.engine, CONFIG_SQLITE);
	config_fini(&c);
}

static void test_table(void **state)
{
	size_t n;
	const struct setting *rows = config_settings(&n);

	(void)state;
	assert_true(n > 150);
	for (size_t i = 0; i < n; i++) {
		struct slice path = slice_cstr(rows[i].path);

		/* No path is there twice, none is a member of two. */
		assert_int_equal(setting_find(path), i);
		for (size_t k = 0; k < i; k++)
			if (rows[k].offset == rows[i].offset)
				fail_msg("%s and %s are one member", rows[i].path, rows[k].path);
		assert_true(strspn(rows[i].modes, "cimn") == strlen(rows[i].modes) && rows[i].modes[0]);
		assert_true(rows[i].help[0]);
	}
}

static void test_keys_and_names(void **state)
{
	static const char *const names[] = { "alpine", "osv", NULL };
	struct config_request r = { .path = "c.yaml", .mode = CONFIG_COMBO, .updaters = names, .cpus = 1 };
	struct err err = ERR_INIT;
	struct config c;

	(void)state;
	/* Both alphabets, with padding and without: the same 32 bytes. */
	for (size_t i = 0; i < 4; i++) {
		static const char *const keys[] = {
			"____________________________________________", "XxoPtCUzrUv4JV5dS-yQ-MdW7yLEJnRMwigVY_bpgtQ=",
			"XxoPtCUzrUv4JV5dS+yQ+MdW7yLEJnRMwigVY/bpgtQ=", "XxoPtCUzrUv4JV5dS-yQ-MdW7yLEJnRMwigVY_bpgtQ"
		};
		char text[160];

		snprintf(text, sizeof(text), "limpid: {v1: {page_key: '%s'}}", keys[i]);
		if (i == 0) {
			assert_int_equal(check_load(text, "c.yaml", CONFIG_COMBO, NULL, &c, &err), STATUS_INVALID);
			check_problem(&c, CONFIG_ERROR, "expected 32 bytes in base64", 1, 25);
		} else {
			check_good(text, "c.yaml", CONFIG_COMBO, NULL, &c);
			assert_int_equal(c.limpid.v1.page_key.len, 32);
			assert_int_equal(c.limpid.v1.page_key.ptr[0], 0x5f);
			assert_int_equal(c.limpid.v1.page_key.ptr[31], 0xd4);
		}
		config_fini(&c);
	}
	assert_int_equal(config_load_text(&r, SLICE("updaters: {sets: [osv, rhcc]}"), &c, &err), STATUS_OK);
	check_problem(&c, CONFIG_WARNING, "there is no updater \"rhcc\"", 1, 18);
	config_fini(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_yaml_rules),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_many_warnings),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_keys_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
