/* SPDX-License-Identifier: Apache-2.0 */
/* test_log.c - lines, levels, hostile text, and a reader that does not read. */
#include "check.h"
#include "server/log.h"
#include "text/json.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static size_t read_all(int fd, char *out, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < size && (got = read(fd, out + n, size - n - 1)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	return n;
}

static void test_line(void **state)
{
	const struct log_field fields[] = {
		LOG_FIELD_STR("uri", SLICE("/a\"\n\x1b[31m\xff")),
		LOG_FIELD_INT("status", 200),
		LOG_FIELD_SECONDS("duration", 1500000),
	};
	int ends[2];
	char text[4096];
	struct log *l;
	struct json_doc doc;
	struct err err = ERR_INIT;
	size_t n;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	l = log_new(ends[1], LOG_LEVEL_INFO, false);
	log_printf(l, LOG_LEVEL_DEBUG, "not wanted");
	log_line(l, LOG_LEVEL_WARN, "hello", fields, ARRAY_LEN(fields));
	log_free(l);
	close(ends[1]);
	n = read_all(ends[0], text, sizeof(text));
	close(ends[0]);
	assert_true(n > 0 && text[n - 1] == '\n' && memchr(text, '\n', n) == text + n - 1);
	assert_null(memchr(text, 0x1b, n));
	assert_int_equal(json_parse(slice_make(text, n), &limits_default, &doc, &err), STATUS_OK);
	check_text(json_get_str(doc.root, "msg"), "hello");
	check_text(json_get_str(doc.root, "level"), "WARN");
	check_text(json_get_str(doc.root, "uri"), "/a\"\n\x1b[31m\xef\xbf\xbd");
	assert_int_equal(yyjson_get_int(json_get(doc.root, "status")), 200);
	assert_true(yyjson_get_real(json_get(doc.root, "duration")) == 0.0015);
	json_doc_free(&doc);
}

/* Whoever logs never waits; what had no room is counted and told. */
static void test_no_reader(void **state)
{
	int ends[2];
	static char text[8 << 20];
	struct log *l;
	uint64_t lost;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	l = log_new(ends[1], LOG_LEVEL_INFO, false);
	for (int i = 0; i < 20000; i++)
		log_printf(l, LOG_LEVEL_INFO,
			   "a line that nobody reads, number %d, some hundred bytes long with its time", i);
	lost = log_lost(l);
	assert_true(lost > 0 && lost < 20000);
	/* The reader comes back. */
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	for (int i = 0; i < 200; i++) {
		read_all(ends[0], text, sizeof(text));
		usleep(1000);
	}
	log_printf(l, LOG_LEVEL_INFO, "again");
	log_free(l);
	close(ends[1]);
	read_all(ends[0], text, sizeof(text));
	close(ends[0]);
	assert_non_null(strstr(text, "log lines were lost"));
	assert_non_null(strstr(text, "again"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_line), cmocka_unit_test(test_no_reader) };

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
