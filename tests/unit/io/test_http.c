/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http.c - fetching from a server (serve-http) that answers well, badly, slowly, too much, or not at all.
 *
 * usage: test_http SERVE-HTTP
 */
#include "io/http.h"
#include "streams.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *serve_http;
static pid_t server;
static int to_server = -1; /* it ends when this is closed */
static unsigned port;

static int start_server(void **state)
{
	int in[2], out[2];
	char text[32] = "";
	uint64_t number;
	size_t n = 0;

	(void)state;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	server = fork();
	if (server == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execl(serve_http, serve_http, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_server = in[1];
	while (!strchr(text, '\n') && n < sizeof(text) - 1)
		assert_int_equal(read(out[0], text + n++, 1), 1);
	close(out[0]);
	assert_true(slice_to_u64(slice_trim(slice_cstr(text)), &number));
	port = (unsigned)number;
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	close(to_server);
	waitpid(server, NULL, 0);
	return 0;
}

struct fetched {
	struct http_request req;
	struct http_answer answer;
	struct err err;
	char url[4096], body[256]; /* the beginning */
	off_t size;
	double seconds;
	uint64_t progress; /* calls */
};

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct fetched *f = ctx;

	assert_true(total == 0 || done <= total);
	f->progress++;
}

static enum status fetch_url(struct fetched *f)
{
	struct timespec begin, end;
	enum status st;
	int fd = memfd_create("test", MFD_CLOEXEC);
	ssize_t n;

	f->req.url = f->url;
	f->err = (struct err)ERR_INIT;
	memset(&f->answer, 0, sizeof(f->answer));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	st = http_get(&f->req, fd, &f->answer, &f->err);
	clock_gettime(CLOCK_MONOTONIC, &end);
	f->seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	f->size = lseek(fd, 0, SEEK_END);
	n = pread(fd, f->body, sizeof(f->body) - 1, 0);
	assert_true(n >= 0);
	f->body[n] = '\0';
	close(fd);
	if (st != STATUS_OK)
		assert_true(f->err.code == st && f->err.msg[0]);
	return st;
}

/* A document of the server: at most max bytes, tried again as often as said. */
static enum status fetch(struct fetched *f, const char *path, uint64_t max, unsigned retries)
{
	*f = (struct fetched){ .req = { .max_bytes = max, .timeout_s = 30, .retries = retries } };
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/%s", port, path);
	return fetch_url(f);
}

static void check_fetch(const char *path, uint64_t max, unsigned retries, enum status want, const char *body)
{
	struct fetched f;
	enum status st = fetch(&f, path, max, retries);

	if (st != want)
		fail_msg("%s: %s, not %s: %s", path, status_text(st), status_text(want), f.err.msg);
	if (body && strcmp(f.body, body) != 0)
		fail_msg("%s: \"%s\"", path, f.body);
	if (st == STATUS_OK && (f.answer.code != 200 || f.answer.bytes != (uint64_t)f.size))
		fail_msg("%s: %ld, %llu bytes of %lld", path, f.answer.code, (unsigned long long)f.answer.bytes,
			 (long long)f.size);
}

static void check_asked(const char *path, const char *times)
{
	char text[128];

	snprintf(text, sizeof(text), "count/%s", path);
	check_fetch(text, 100, 0, STATUS_OK, times);
}

static void test_validators(void **state)
{
	struct http_validators kept;
	struct fetched f;

	(void)state;
	check_status(fetch(&f, "document", 1000, 0), STATUS_OK, &f.err);
	assert_int_equal(f.answer.code, 200);
	assert_string_equal(f.body, "the document");
	assert_int_equal(f.answer.bytes, 12);
	assert_string_equal(f.answer.validators.etag, "\"v1\"");
	assert_string_equal(f.answer.validators.last_modified, "Mon, 02 Nov 2026 10:00:00 GMT");
	kept = f.answer.validators;
	f.req.validators = &kept;
	check_status(fetch_url(&f), STATUS_OK, &f.err);
	assert_int_equal(f.answer.code, 304);
	assert_int_equal(f.size, 0);
	kept.etag[0] = '\0';
	check_status(fetch_url(&f), STATUS_OK, &f.err);
	assert_int_equal(f.answer.code, 304);
	strcpy(kept.etag, "\"v0\"");
	check_status(fetch_url(&f), STATUS_OK, &f.err);
	assert_int_equal(f.answer.code, 200);
	kept = (struct http_validators){ 0 };
	check_status(fetch_url(&f), STATUS_OK, &f.err);
	assert_int_equal(f.answer.code, 200);
	/* What does not fit is not kept: half a validator would never match. */
	check_status(fetch(&f, "long-validators", 1000, 0), STATUS_OK, &f.err);
	assert_string_equal(f.answer.validators.etag, "");
	assert_string_equal(f.answer.validators.last_modified, "");
	check_fetch("headers", 1000, 0, STATUS_OK, "None|None|limpid");
}

static void test_codes(void **state)
{
	static const struct {
		const char *path;
		enum status status;
		int code;
	} rows[] = {
		{ "status/404", STATUS_NOTFOUND, 404 }, { "status/410", STATUS_NOTFOUND, 410 },
		{ "status/401", STATUS_AUTH, 401 },	{ "status/403", STATUS_AUTH, 403 },
		{ "status/400", STATUS_REMOTE, 400 },	{ "status/418", STATUS_REMOTE, 418 },
		{ "status/500", STATUS_REMOTE, 500 },	{ "status/503", STATUS_REMOTE, 503 },
		{ "status/429", STATUS_REMOTE, 429 },	{ "status/204", STATUS_REMOTE, 204 },
		{ "status/206", STATUS_REMOTE, 206 },	{ "status/304", STATUS_REMOTE, 304 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fetched f;
		enum status st = fetch(&f, rows[i].path, 1000, 0);

		if (st != rows[i].status || f.err.sys_errno != rows[i].code || !strstr(f.err.msg, rows[i].path))
			fail_msg("%s: %s, %d: %s", rows[i].path, status_text(st), f.err.sys_errno, f.err.msg);
		/* An error page is not the document. */
		if (rows[i].code >= 400)
			assert_int_equal(f.size, 0);
	}
	/* Only what may become better is tried again. */
	check_asked("status/404", "1");
	check_fetch("status/404", 1000, 3, STATUS_NOTFOUND, "");
	check_asked("status/404", "2");
}

static void test_tried_again(void **state)
{
	struct fetched f;

	(void)state;
	check_fetch("fails/1", 1000, 1, STATUS_OK, "at last");
	check_asked("fails/1", "2");
	check_fetch("fails/2", 1000, 1, STATUS_REMOTE, "");
	check_asked("fails/2", "2");
	/* The part that came first is not in front of the second one. */
	check_fetch("cut/1", 1000, 1, STATUS_OK, "whole and long");
	check_fetch("shrinks", 1000, 1, STATUS_OK, "short");
	check_fetch("hangs-up/1", 1000, 1, STATUS_OK, "well");
	check_status(fetch(&f, "retry-after/1", 1000, 1), STATUS_OK, &f.err);
	assert_string_equal(f.body, "well");
	assert_true(f.seconds >= 0.9 && f.seconds < 20);
}

static void test_broken(void **state)
{
	struct fetched f;

	(void)state;
	check_fetch("cut/9", 1000, 0, STATUS_IO, "whole");
	check_fetch("cut-chunk", 1000, 0, STATUS_IO, NULL);
	check_fetch("hangs-up/9", 1000, 0, STATUS_IO, "");
	check_fetch("noise", 1000, 0, STATUS_REMOTE, "");
	/* Versions of libcurl call it by different names. */
	assert_int_not_equal(fetch(&f, "long-header", 1000, 0), STATUS_OK);
}

static void test_redirects(void **state)
{
	struct fetched f;
	char text[128];

	(void)state;
	check_status(fetch(&f, "redirect/5", 1000, 0), STATUS_OK, &f.err);
	assert_string_equal(f.body, "the document");
	/* Of the document, not of an answer on the way. */
	assert_string_equal(f.answer.validators.etag, "\"v1\"");
	check_fetch("redirect/6", 1000, 0, STATUS_REMOTE, "");
	check_fetch("loop", 1000, 3, STATUS_REMOTE, "");
	check_asked("loop", "6");
	check_fetch("redirect-to/file:///etc/hostname", 1000, 0, STATUS_REMOTE, "");
	check_fetch("redirect-to/ftp://127.0.0.1/x", 1000, 0, STATUS_REMOTE, "");
	check_fetch("redirect-to/gopher://127.0.0.1/x", 1000, 0, STATUS_REMOTE, "");
	snprintf(text, sizeof(text), "redirect-to/http://127.0.0.1:%u/document", port);
	check_fetch(text, 1000, 0, STATUS_OK, "the document");
}

static void test_sizes(void **state)
{
	struct fetched f;

	(void)state;
	check_fetch("bytes/1000", 1000, 0, STATUS_OK, NULL);
	check_fetch("bytes/1001", 1000, 3, STATUS_LIMIT, "");
	check_asked("bytes/1001", "1");
	check_fetch("chunks/1000", 1000, 0, STATUS_OK, NULL);
	check_fetch("chunks/1001", 1000, 3, STATUS_LIMIT, NULL);
	check_asked("chunks/1001", "1");
	check_fetch("bytes/0", 1000, 0, STATUS_OK, "");
	check_fetch("bytes/0", 0, 0, STATUS_OK, "");
	check_fetch("bytes/5000000", UINT64_MAX, 0, STATUS_OK, NULL);
	check_status(fetch(&f, "endless", 3000000, 3), STATUS_LIMIT, &f.err);
	assert_true(f.size <= 3000000);
	check_asked("endless", "1");
	f = (struct fetched){
		.req = { .max_bytes = 10000000, .timeout_s = 30, .progress = on_progress, .progress_ctx = &f }
	};
	snprintf(f.url, sizeof(f.url), "http://127.0.0.1:%u/bytes/5000000", port);
	check_status(fetch_url(&f), STATUS_OK, &f.err);
	assert_true(f.progress > 1);
}

static void test_no_progress(void **state)
{
	static const char *const paths[] = { "stalls", "silent" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct fetched f = { .req = { .max_bytes = 1000, .timeout_s = 1 } };

		snprintf(f.url, sizeof(f.url), "http://127.0.0.1:%u/%s", port, paths[i]);
		check_status(fetch_url(&f), STATUS_TIMEOUT, &f.err);
		assert_true(f.seconds < 20);
	}
}

static void test_urls(void **state)
{
	static const char *const urls[] = { "",
					    "x",
					    "/etc/hostname",
					    "file:///etc/hostname",
					    "ftp://127.0.0.1/x",
					    "http://",
					    "http://127.0.0.1:99999/",
					    "gopher://127.0.0.1:1/x",
					    "http ://127.0.0.1/" };
	struct fetched f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		enum status st;

		f = (struct fetched){ .req = { .max_bytes = 1000, .timeout_s = 30, .retries = 3 } };
		snprintf(f.url, sizeof(f.url), "%s", urls[i]);
		st = fetch_url(&f);
		if (st != STATUS_INVALID || f.size != 0)
			fail_msg("%s: %s: %s", urls[i], status_text(st), f.err.msg);
	}
	/* Nobody listens: a port that was just free. */
	f = (struct fetched){ .req = { .max_bytes = 1000, .timeout_s = 30 } };
	snprintf(f.url, sizeof(f.url), "http://127.0.0.1:1/");
	check_status(fetch_url(&f), STATUS_IO, &f.err);
}

static void test_disk_full(void **state)
{
	struct http_request req = { .max_bytes = 1000, .timeout_s = 30, .retries = 3 };
	FILE *full = fopen("/dev/full", "w");
	struct http_answer answer;
	struct err err = ERR_INIT;
	char url[64];

	(void)state;
	if (!full)
		skip();
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/bytes/999", port);
	req.url = url;
	check_status(http_get(&req, fileno(full), &answer, &err), STATUS_IO, &err);
	assert_non_null(strstr(err.msg, "No space left"));
	check_asked("bytes/999", "1");
	fclose(full);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_validators),  cmocka_unit_test(test_codes),
		cmocka_unit_test(test_tried_again), cmocka_unit_test(test_broken),
		cmocka_unit_test(test_redirects),   cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_no_progress), cmocka_unit_test(test_urls),
		cmocka_unit_test(test_disk_full),
	};
	static const char *const proxies[] = { "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY" };

	if (argc != 2)
		return 2;
	serve_http = argv[1];
	for (size_t i = 0; i < ARRAY_LEN(proxies); i++)
		unsetenv(proxies[i]);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
