/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http_client.c - streamed bodies from a server (serve-client) that redirects, breaks off, lies or stalls; which
 * headers go where; which addresses are reached.
 *
 * usage: test_http_client SERVE-CLIENT
 */
#include "io/http_client.h"
#include "streams.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *serve_client;
static pid_t server;
static int to_server = -1; /* it ends when this is closed */
static uint64_t port, other_port;

static int start_server(void **state)
{
	int in[2], out[2];
	char text[32] = "";
	struct slice first, second;
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
		execl(serve_client, serve_client, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	to_server = in[1];
	while (!strchr(text, '\n') && n < sizeof(text) - 1)
		assert_int_equal(read(out[0], text + n++, 1), 1);
	close(out[0]);
	assert_true(slice_cut(slice_trim(slice_cstr(text)), ' ', &first, &second));
	assert_true(slice_to_u64(first, &port));
	assert_true(slice_to_u64(second, &other_port));
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	close(to_server);
	waitpid(server, NULL, 0);
	return 0;
}

struct fixture {
	struct http_client_options options;
	struct http_client *client;
	struct http_transfer transfer;
	struct http_transferred done;
	struct err err;
	struct buf body;
	uint64_t length, fail_at;
	_Atomic bool stop;
	char url[2048];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->body = (struct buf)BUF_INIT((size_t)64 << 20);
	f->fail_at = UINT64_MAX;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->client);
	buf_fini(&f->body);
	free(f);
	return 0;
}

static enum status on_body(void *ctx, struct slice bytes, struct err *err)
{
	struct fixture *f = ctx;

	buf_add(&f->body, bytes);
	return f->body.len > f->fail_at ? err_set(err, STATUS_CONFLICT, "enough") : STATUS_OK;
}

static void on_begin(void *ctx, uint64_t length)
{
	((struct fixture *)ctx)->length = length;
}

static enum status get_url(struct fixture *f, const char *url)
{
	if (!f->client)
		assert_int_equal(http_client_new(&f->options, &f->client, &f->err), STATUS_OK);
	buf_reset(&f->body);
	f->length = 0;
	f->err = (struct err)ERR_INIT;
	f->transfer.url = slice_cstr(url);
	f->transfer.body = on_body;
	f->transfer.begin = on_begin;
	f->transfer.ctx = f;
	f->transfer.stop = &f->stop;
	return http_client_get(f->client, &f->transfer, &f->done, &f->err);
}

static enum status get(struct fixture *f, const char *path)
{
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/%s", (unsigned)port, path);
	return get_url(f, f->url);
}

static bool is_pattern(const struct buf *b, size_t n)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->ptr[i] != (uint8_t)(i * 7 + i / 251))
			return false;
	return b->len == n;
}

static uint64_t asked(struct fixture *f, const char *path)
{
	struct http_transfer kept = f->transfer;
	char count[300];
	uint64_t n;

	snprintf(count, sizeof(count), "count/%s", path);
	f->transfer.n_headers = 0;
	f->transfer.max_bytes = 0;
	assert_int_equal(get(f, count), STATUS_OK);
	f->transfer = kept;
	assert_true(slice_to_u64(buf_slice(&f->body), &n));
	return n;
}

static bool says(const struct fixture *f, const char *text)
{
	return strstr(f->err.msg, text) != NULL;
}

static void test_a_body(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f, "bytes/700001"), STATUS_OK);
	assert_true(is_pattern(&f->body, 700001));
	assert_int_equal(f->length, 700001);
	assert_int_equal(f->done.bytes, 700001);
	assert_int_equal(f->done.code, 200);
	assert_int_equal(get(f, "bytes/0"), STATUS_OK);
	assert_int_equal(f->body.len, 0);
}

static void test_codes_are_told_without_the_page(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f, "status/500?sig=hidden"), STATUS_REMOTE);
	assert_int_equal(f->err.sys_errno, 500);
	assert_true(says(f, "unexpected status code: \"500\""));
	assert_true(says(f, "/status/500\""));
	assert_false(says(f, "SECRET") || says(f, "hidden"));
	assert_int_equal(f->body.len, 0);
	assert_int_equal(get(f, "status/404"), STATUS_NOTFOUND);
	assert_int_equal(get(f, "status/401"), STATUS_AUTH);
	assert_int_equal(get(f, "status/206"), STATUS_REMOTE);
	assert_int_equal(get(f, "status/204"), STATUS_REMOTE);
	assert_int_equal(get(f, "garbage"), STATUS_REMOTE);
	assert_false(says(f, "SECRET"));
}

static void test_urls(void **state)
{
	struct fixture *f = *state;
	struct http_url_text t;

	assert_int_equal(get_url(f, "ftp://127.0.0.1/x"), STATUS_INVALID);
	assert_int_equal(get_url(f, "file:///etc/passwd"), STATUS_INVALID);
	assert_int_equal(get_url(f, "/x"), STATUS_INVALID);
	assert_int_equal(get_url(f, ""), STATUS_INVALID);
	assert_int_equal(get_url(f, "http://[::1"), STATUS_INVALID);
	assert_int_equal(get_url(f, "http:///x"), STATUS_INVALID);
	assert_int_equal(get_url(f, "http://127.0.0.1:1/x"), STATUS_IO);
	snprintf(f->url, sizeof(f->url), "http://user:hidden@127.0.0.1:%u/status/404?sig=hidden#f", (unsigned)port);
	assert_int_equal(get_url(f, f->url), STATUS_NOTFOUND);
	assert_false(says(f, "user") || says(f, "hidden"));
	assert_string_equal(http_url_shown(&t, SLICE("http://a:b@c@h/p@q?x=1")), "http://h/p@q");
	assert_string_equal(http_url_shown(&t, SLICE("h\n\xff")), "h%0a%ff");
	assert_string_equal(http_url_shown(&t, SLICE("http://user:pw@")), "http://");
}

static const struct http_field secrets[] = {
	{ SLICE_INIT("Authorization"), SLICE_INIT("Bearer hidden") }, { SLICE_INIT("X-Token"), SLICE_INIT("one") },
	{ SLICE_INIT("X-Token"), SLICE_INIT("two") },		      { SLICE_INIT("Accept"), SLICE_INIT("x/y") },
	{ SLICE_INIT("X-Empty"), SLICE_INIT("") },		      { SLICE_INIT("Host"), SLICE_INIT("evil") },
};

static void has_line(struct fixture *f, const char *line, bool there)
{
	assert_int_equal(slice_has(buf_slice(&f->body), slice_cstr(line)), there);
}

static void test_headers_go_to_their_host_only(void **state)
{
	struct fixture *f = *state;
	char path[200];

	f->transfer.headers = secrets;
	f->transfer.n_headers = ARRAY_LEN(secrets);
	for (unsigned i = 0; i < 3; i++) {
		/* Straight, by a redirect of the same host, by one to another port. */
		snprintf(path, sizeof(path), i == 0 ? "headers" : "redirect?http://127.0.0.1:%u/headers",
			 (unsigned)(i == 1 ? port : other_port));
		assert_int_equal(get(f, path), STATUS_OK);
		assert_int_equal(f->done.redirects, i > 0);
		has_line(f, "Authorization: Bearer hidden\n", i < 2);
		has_line(f, "X-Token: one\n", i < 2);
		has_line(f, "X-Token: two\n", i < 2);
		has_line(f, "X-Empty: \n", i < 2);
		has_line(f, "Accept: x/y\n", true);
		has_line(f, "evil", false);
		has_line(f, "User-Agent: limpid\n", true);
		has_line(f, "Accept-Encoding", false);
	}
	/* And back again: the first host gets them again. */
	snprintf(path, sizeof(path), "redirect?http://127.0.0.1:%u/redirect?http://127.0.0.1:%u/headers",
		 (unsigned)other_port, (unsigned)port);
	assert_int_equal(get(f, path), STATUS_OK);
	has_line(f, "Authorization: Bearer hidden\n", true);
}

static void test_headers_that_cannot_be_sent(void **state)
{
	static const struct http_field bad[] = { { SLICE_INIT("X"), SLICE_INIT("a\r\nEvil: 1") },
						  { SLICE_INIT("X: y\r\nEvil"), SLICE_INIT("1") },
						  { SLICE_INIT(""), SLICE_INIT("1") } };
	struct fixture *f = *state;

	f->transfer.n_headers = 1;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		f->transfer.headers = &bad[i];
		assert_int_equal(get(f, "bytes/10"), STATUS_INVALID);
	}
}

static void test_redirects_end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f, "loop"), STATUS_REMOTE);
	assert_true(says(f, "stopped after 10 redirects"));
	assert_int_equal(asked(f, "loop"), 11);
	assert_int_equal(get(f, "redirect?file:///etc/passwd"), STATUS_INVALID);
	assert_int_equal(get(f, "redirect?"), STATUS_REMOTE);
}

static void test_what_breaks_off_is_resumed_where_that_is_safe(void **state)
{
	struct fixture *f = *state;

	f->options.retries = 2;
	assert_int_equal(get(f, "cut/100001"), STATUS_OK);
	assert_true(is_pattern(&f->body, 100001));
	assert_int_equal(f->done.tries, 1);
	assert_int_equal(get(f, "cut-whole/100001"), STATUS_OK);
	assert_true(is_pattern(&f->body, 100001));
	assert_int_equal(get(f, "cut-plain/100001"), STATUS_IO);
	assert_int_equal(asked(f, "cut-plain/100001"), 1);
	assert_int_equal(get(f, "cut-weak/100001"), STATUS_IO);
	assert_int_equal(get(f, "cut-changed/100001"), STATUS_REMOTE);
	assert_true(says(f, "could not be resumed"));
}

static void test_a_busy_server_is_asked_again(void **state)
{
	struct fixture *f = *state;

	f->options.retries = 2;
	assert_int_equal(get(f, "busy/2"), STATUS_OK);
	assert_true(slice_eq(buf_slice(&f->body), SLICE("at last")));
	assert_int_equal(get(f, "busy/5"), STATUS_REMOTE);
	assert_int_equal(asked(f, "busy/5"), 3);
}

static unsigned waits, waited_s;
static long waited_code;

static void on_wait(void *ctx, long code, unsigned seconds)
{
	(void)ctx;
	waits++;
	waited_code = code;
	waited_s = seconds;
}

/* By the clock a second at least, and not by default what no request may take. */
static void test_retry_after_is_honoured(void **state)
{
	struct timespec begun, ended;
	struct fixture *f = *state;

	waits = 0;
	f->options.retries = 2;
	f->options.retry_after_max_s = 5;
	f->transfer.waits = on_wait;
	clock_gettime(CLOCK_MONOTONIC, &begun);
	assert_int_equal(get(f, "limited/1"), STATUS_OK);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_true((ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000 >= 1000);
	assert_int_equal(waits, 1);
	assert_int_equal(waited_code, 429);
	assert_int_equal(waited_s, 1);
	/* Longer than the caller would wait: at once, and said. */
	assert_int_equal(get(f, "limited/6"), STATUS_REMOTE);
	assert_int_equal(f->done.code, 429);
	assert_int_equal(f->done.retry_after_s, 6);
	assert_int_equal(f->done.tries, 1);
	assert_int_equal(waits, 1);
}

static void test_500_may_pass_for_who_says_so(void **state)
{
	struct fixture *f = *state;

	f->options.retries = 2;
	assert_int_equal(get(f, "passing/1"), STATUS_REMOTE);
	http_client_free(f->client);
	f->client = NULL;
	f->options.retry_500 = true;
	assert_int_equal(get(f, "passing/2"), STATUS_OK);
}

/* Of the last answer only. */
static void test_headers_and_pages_are_caught(void **state)
{
	struct http_caught caught[] = { { .name = "WWW-Authenticate" }, { .name = "X-Page" } };
	struct buf page = BUF_INIT(32768);
	struct fixture *f = *state;

	f->transfer.caught = caught;
	f->transfer.n_caught = ARRAY_LEN(caught);
	f->transfer.page = &page;
	assert_int_equal(get(f, "limited/9"), STATUS_REMOTE);
	assert_string_equal(caught[0].value, "Basic realm=\"first\"");
	assert_string_equal(caught[1].value, "limited");
	assert_true(slice_eq(buf_slice(&page), SLICE("{\"errors\":[]}")));
	assert_int_equal(get(f, "limited/9"), STATUS_OK);
	assert_string_equal(caught[0].value, "");
	assert_string_equal(caught[1].value, "well");
	assert_int_equal(page.len, 0);
	buf_fini(&page);
}

static void test_forms_are_posted_and_not_redirected(void **state)
{
	struct fixture *f = *state;

	f->transfer.form = SLICE("a=b&c=d");
	assert_int_equal(get(f, "form"), STATUS_OK);
	assert_true(slice_eq(buf_slice(&f->body), SLICE("application/x-www-form-urlencoded a=b&c=d")));
	assert_int_equal(get(f, "redirect"), STATUS_REMOTE);
	assert_int_equal(f->done.code, 307);
}

static void test_a_stall_ends(void **state)
{
	struct fixture *f = *state;

	f->options.stall_timeout_s = 1;
	assert_int_equal(get(f, "stall"), STATUS_TIMEOUT);
	assert_true(says(f, "after 10 bytes"));
}

static void *stop_soon(void *ctx)
{
	struct fixture *f = ctx;

	nanosleep(&(struct timespec){ .tv_nsec = 300000000 }, NULL);
	atomic_store(&f->stop, true);
	return NULL;
}

static void test_the_caller_gives_up(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stop_soon, f), 0);
	assert_int_equal(get(f, "stall"), STATUS_CANCELLED);
	pthread_join(thread, NULL);
}

static void test_caps_and_failures_of_the_receiver(void **state)
{
	struct fixture *f = *state;

	f->transfer.max_bytes = 1000;
	assert_int_equal(get(f, "bytes/1000"), STATUS_OK);
	assert_int_equal(get(f, "bytes/1001"), STATUS_LIMIT);
	f->transfer.max_bytes = 0;
	f->fail_at = 500;
	assert_int_equal(get(f, "bytes/1000"), STATUS_CONFLICT);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		enum http_address_kind kind;
	} cases[] = {
		{ "8.8.8.8", HTTP_ADDRESS_PUBLIC },
		{ "10.1.2.3", HTTP_ADDRESS_PRIVATE },
		{ "172.15.0.1", HTTP_ADDRESS_PUBLIC },
		{ "172.16.0.1", HTTP_ADDRESS_PRIVATE },
		{ "172.31.255.255", HTTP_ADDRESS_PRIVATE },
		{ "172.32.0.1", HTTP_ADDRESS_PUBLIC },
		{ "192.168.1.1", HTTP_ADDRESS_PRIVATE },
		{ "100.64.0.1", HTTP_ADDRESS_PRIVATE },
		{ "100.128.0.1", HTTP_ADDRESS_PUBLIC },
		{ "127.9.9.9", HTTP_ADDRESS_LOOPBACK },
		{ "0.0.0.0", HTTP_ADDRESS_LOOPBACK },
		{ "169.254.1.1", HTTP_ADDRESS_LINK_LOCAL },
		{ "169.254.169.254", HTTP_ADDRESS_METADATA },
		{ "100.100.100.200", HTTP_ADDRESS_METADATA },
		{ "224.0.0.1", HTTP_ADDRESS_OTHER },
		{ "255.255.255.255", HTTP_ADDRESS_OTHER },
		{ "::1", HTTP_ADDRESS_LOOPBACK },
		{ "::", HTTP_ADDRESS_LOOPBACK },
		{ "::ffff:127.0.0.1", HTTP_ADDRESS_LOOPBACK },
		{ "::ffff:169.254.169.254", HTTP_ADDRESS_METADATA },
		{ "64:ff9b::a9fe:a9fe", HTTP_ADDRESS_METADATA },
		{ "fd00:ec2::254", HTTP_ADDRESS_METADATA },
		{ "fd00:ec3::254", HTTP_ADDRESS_PRIVATE },
		{ "64:ff9b:1::a9fe:a9fe", HTTP_ADDRESS_PRIVATE },
		{ "fec0::1", HTTP_ADDRESS_PRIVATE },
		{ "fe80::1", HTTP_ADDRESS_LINK_LOCAL },
		{ "ff02::1", HTTP_ADDRESS_OTHER },
		{ "2001:4860:4860::8888", HTTP_ADDRESS_PUBLIC },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sockaddr_in in = { .sin_family = AF_INET };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
		const struct sockaddr *a = (const struct sockaddr *)&in;

		if (inet_pton(AF_INET, cases[i].text, &in.sin_addr) != 1) {
			assert_int_equal(inet_pton(AF_INET6, cases[i].text, &in6.sin6_addr), 1);
			a = (const struct sockaddr *)&in6;
		}
		if (http_address_kind(a) != cases[i].kind)
			fail_msg("%s is taken for kind %d", cases[i].text, (int)http_address_kind(a));
	}
}

static void test_hosts_of_this_machine(void **state)
{
	static const char *const ours[] = { "localhost", "LocalHost", "127.0.0.1", "127.9.9.9",	      "0.0.0.0",
					    "[::1]",	 "::1",	      "[::]",	   "[::ffff:127.0.0.1]" };
	static const char *const others[] = { "",		  "127.example.com", "127.0.0.1.example", "1270.0.0.1",
					      "localhost.example", "10.0.0.1",	      "[fe80::1]",	   "[]",
					      "[::1",		  "127.0.0.1:80" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (!http_host_is_loopback(slice_cstr(ours[i])))
			fail_msg("%s leads elsewhere", ours[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (http_host_is_loopback(slice_cstr(others[i])))
			fail_msg("\"%s\" is this machine", others[i]);
}

static void test_urls_are_shown_without_secrets(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{ "https://u:p@h/a?b=c#d", "https://h/a" },
		{ "u:p@h/a", "h/a" },
		{ "u:p@h/a?b=http://x", "h/a" },
		{ "https://u:p@q@h", "https://h" },
		{ "https://h/a@b", "https://h/a@b" },
		{ "https://u:p@", "https://" },
	};
	struct http_url_text t;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(http_url_shown(&t, slice_cstr(cases[i].url)), cases[i].shown);
}

static void test_policy(void **state)
{
	struct fixture *f = *state;
	char path[200];

	assert_int_equal(get_url(f, "http://169.254.169.254/latest/meta-data/"), STATUS_AUTH);
	assert_true(says(f, "a metadata address: disallowed by policy"));
	assert_int_equal(get_url(f, "http://[fd00:ec2::254]/"), STATUS_AUTH);
	/* Other spellings of the same number. */
	assert_int_equal(get_url(f, "http://0xa9fea9fe/"), STATUS_AUTH);
	assert_int_equal(get_url(f, "http://2852039166/"), STATUS_AUTH);
	assert_int_equal(get(f, "redirect?http://169.254.169.254/"), STATUS_AUTH);
	http_client_free(f->client);
	f->client = NULL;
	f->options.policy.refuse_loopback = true;
	assert_int_equal(get(f, "bytes/10"), STATUS_AUTH);
	/* A name is looked at when it has become an address. */
	snprintf(path, sizeof(path), "http://localhost:%u/bytes/10", (unsigned)port);
	assert_int_equal(get_url(f, path), STATUS_AUTH);
	assert_true(says(f, "a loopback address: disallowed by policy"));
	assert_int_equal(f->err.sys_errno, 0);
	http_client_free(f->client);
	f->client = NULL;
	f->options.policy = (struct http_address_policy){ .airgap = true };
	assert_int_equal(get(f, "bytes/10"), STATUS_OK);
	assert_int_equal(get_url(f, "http://192.0.2.1/"), STATUS_AUTH);
	assert_true(says(f, "disallowed by policy"));
}

static void add_rule(struct http_address_rule *rules, size_t *n, const char *text)
{
	assert_true(http_address_rule_parse(slice_cstr(text), &rules[(*n)++]));
}

static bool allowed(const struct http_address_policy *p, const char *host, const char *v4)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, v4, &in.sin_addr), 1);
	return http_address_refused(p, host, (const struct sockaddr *)&in) == NULL;
}

static void test_rules(void **state)
{
	struct http_address_rule allow[4], deny[4], bad;
	struct http_address_policy p = { .refuse_private = true, .allow = allow, .deny = deny };

	(void)state;
	add_rule(allow, &p.n_allow, "10.1.0.0/16");
	add_rule(allow, &p.n_allow, "Registry.example");
	add_rule(allow, &p.n_allow, "169.254.169.254");
	add_rule(deny, &p.n_deny, "10.1.2.0/25");
	add_rule(deny, &p.n_deny, "bad.example");
	assert_false(allowed(&p, "x", "10.2.0.1"));
	assert_true(allowed(&p, "x", "10.1.255.255"));
	assert_false(allowed(&p, "x", "10.1.2.127"));
	assert_true(allowed(&p, "x", "10.1.2.128"));
	assert_true(allowed(&p, "x", "8.8.8.8"));
	assert_true(allowed(&p, "x", "169.254.169.254"));
	assert_true(allowed(&p, "a.REGISTRY.example", "192.168.0.1"));
	assert_false(allowed(&p, "notregistry.example", "192.168.0.1"));
	assert_false(allowed(&p, "registry.example", "10.1.2.1"));
	assert_false(allowed(&p, "bad.example", "8.8.8.8"));
	assert_true(http_address_rule_parse(SLICE("fd00::/8"), &bad));
	assert_int_equal(bad.bits, 8);
	assert_false(http_address_rule_parse(SLICE(""), &bad));
	assert_false(http_address_rule_parse(SLICE("10.0.0.0/33"), &bad));
	assert_false(http_address_rule_parse(SLICE("10.0.0.0/x"), &bad));
	assert_false(http_address_rule_parse(SLICE("a b"), &bad));
}

struct user {
	struct fixture f;
	pthread_t thread;
	enum status st;
};

static void *linger(void *ctx)
{
	struct user *u = ctx;

	u->st = get(&u->f, "linger");
	return NULL;
}

static void test_a_host_is_not_overrun(void **state)
{
	static struct user users[12];
	struct fixture *f = *state;
	uint64_t busiest;

	f->options.per_host = 3;
	assert_int_equal(get(f, "bytes/1"), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		users[i].f.client = f->client;
		users[i].f.body = (struct buf)BUF_INIT(1000);
		users[i].f.fail_at = UINT64_MAX;
		assert_int_equal(pthread_create(&users[i].thread, NULL, linger, &users[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(users); i++) {
		pthread_join(users[i].thread, NULL);
		assert_int_equal(users[i].st, STATUS_OK);
		buf_fini(&users[i].f.body);
	}
	assert_int_equal(get(f, "busiest"), STATUS_OK);
	assert_true(slice_to_u64(buf_slice(&f->body), &busiest));
	assert_int_equal(busiest, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_host_is_not_overrun), /* first: nothing else is under way */
		TEST(test_a_body),
		TEST(test_codes_are_told_without_the_page),
		TEST(test_urls),
		TEST(test_headers_go_to_their_host_only),
		TEST(test_headers_that_cannot_be_sent),
		TEST(test_redirects_end),
		TEST(test_what_breaks_off_is_resumed_where_that_is_safe),
		TEST(test_a_busy_server_is_asked_again),
		TEST(test_retry_after_is_honoured),
		TEST(test_500_may_pass_for_who_says_so),
		TEST(test_headers_and_pages_are_caught),
		TEST(test_forms_are_posted_and_not_redirected),
		TEST(test_a_stall_ends),
		TEST(test_the_caller_gives_up),
		TEST(test_caps_and_failures_of_the_receiver),
		TEST(test_addresses),
		TEST(test_hosts_of_this_machine),
		TEST(test_urls_are_shown_without_secrets),
		TEST(test_policy),
		TEST(test_rules),
	};

	if (argc != 2)
		return 2;
	serve_client = argv[1];
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
