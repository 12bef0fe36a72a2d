/* SPDX-License-Identifier: Apache-2.0 */
/* test_worker.c - children that answer, crash, hang or lie; the frames on the pipe; the sandbox. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/worker.h"

#include "fakes.h"
#include "layers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#define JOBS 3

struct fixture {
	struct tarball tars[JOBS];
	struct image_layer layers[JOBS];
	struct worker_job jobs[JOBS];
	struct rules *rules;
	struct limits limits;
	struct worker_options options;
	struct sandbox_level level;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	size_t n;
	const struct detector *const *list = detectors(&n);

	f->limits = limits_default;
	f->options.limits = &f->limits;
	for (size_t i = 0; i < JOBS; i++)
		f->tars[i] = tarball_begin();
	if (rules_compile(list, n, &f->rules, &err) != STATUS_OK)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < JOBS; i++) {
		tarball_fini(&f->tars[i]);
		worker_job_fini(&f->jobs[i]);
	}
	rules_free(f->rules);
	free(f);
	return 0;
}

static void run(struct fixture *f)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < JOBS; i++) {
		if (f->tars[i].fd < 0) {
			tarball_end(&f->tars[i]);
			f->layers[i] = tarball_layer(&f->tars[i]);
		}
		f->jobs[i].scan = (struct scan_job){ .layer = &f->layers[i], .rules = f->rules, .limits = &f->limits };
	}
	assert_int_equal(worker_run(f->jobs, JOBS, &f->options, &f->level, &err), STATUS_OK);
	for (size_t i = 0; i < JOBS; i++)
		assert_true(f->jobs[i].done);
}

static void good_layers(struct fixture *f, size_t but)
{
	for (size_t i = 0; i < JOBS; i++)
		if (i != but)
			tarball_file(&f->tars[i], "db/status", "a 1\n");
}

static void only_one_is_lost(struct fixture *f, size_t which, const char *why)
{
	for (size_t i = 0; i < JOBS; i++) {
		assert_int_equal(f->jobs[i].report.complete, i != which);
		assert_int_equal(f->jobs[i].report.packages.len, i != which);
	}
	assert_int_equal(f->jobs[which].report.diags.len, 1);
	assert_int_equal(f->jobs[which].report.diags.at[0].code, DIAG_LAYER);
	assert_true(slice_has(f->jobs[which].report.diags.at[0].text, slice_cstr(why)));
}

static void test_answers_come_back(void **state)
{
	struct fixture *f = *state;

	good_layers(f, JOBS);
	run(f);
	for (size_t i = 0; i < JOBS; i++) {
		assert_true(f->jobs[i].report.complete);
		assert_true(slice_eq(f->jobs[i].report.packages.at[0].name, SLICE("a")));
	}
	assert_true(f->level.limits);
	assert_true(f->level.no_new_privs);
}

static void test_a_crash_costs_one_layer(void **state)
{
	struct fixture *f = *state;

	good_layers(f, 1);
	tarball_file(&f->tars[1], "db/status", "a 1\n!crash\n");
	run(f);
	only_one_is_lost(f, 1, "worker");
}

static void test_a_hang_costs_one_layer(void **state)
{
	struct fixture *f = *state;

	f->limits.worker_seconds = 1;
	good_layers(f, 0);
	tarball_file(&f->tars[0], "db/status", "!hang\n");
	run(f);
	only_one_is_lost(f, 0, "");
}

static void test_too_long_an_answer(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT((size_t)1 << 20);

	f->limits.report_bytes = 4096;
	good_layers(f, 2);
	for (unsigned i = 0; i < 5000; i++)
		buf_printf(&text, "p%u 1\n", i);
	tarball_add(&f->tars[2], '0', "db/status", NULL, (const char *)text.ptr, text.len);
	buf_fini(&text);
	run(f);
	assert_true(f->jobs[0].report.complete);
	assert_false(f->jobs[2].report.complete);
	assert_true(f->jobs[2].report.diags.len >= 1);
}

/* All three in one compressed stream would need a compressor; a plain one is read the same way. */
static void test_one_archive_is_streamed_once_and_survives_a_crash(void **state)
{
	struct fixture *f = *state;
	struct tarball whole = tarball_begin();
	struct err err = ERR_INIT;

	good_layers(f, 1);
	tarball_file(&f->tars[1], "db/status", "!crash\n");
	for (size_t i = 0; i < JOBS; i++) {
		tarball_end(&f->tars[i]);
		f->layers[i] = tarball_layer(&f->tars[i]);
		f->layers[i].place = LAYER_IN_STREAM;
		f->layers[i].offset = whole.buf.len;
		assert_int_equal(digest_of(DIGEST_SHA256, buf_slice(&f->tars[i].buf), &f->layers[i].digest, &err),
				 STATUS_OK);
		buf_add(&whole.buf, buf_slice(&f->tars[i].buf));
	}
	tarball_end(&whole);
	for (size_t i = 0; i < JOBS; i++)
		f->layers[i].fd = whole.fd;
	run(f);
	only_one_is_lost(f, 1, "worker");
	tarball_fini(&whole);
}

static void test_in_process_gives_the_same(void **state)
{
	struct fixture *f = *state;
	struct buf texts[2][JOBS];
	struct err err = ERR_INIT;

	tarball_file(&f->tars[0], "db/status", "a 1\n!owned usr/bin/x\n!bad\n");
	tarball_file(&f->tars[1], "x\xff.info/META", "lib 4\n");
	tarball_add(&f->tars[1], '2', "lib", "usr/lib", NULL, 0);
	tarball_file(&f->tars[2], "a/.wh.b", "");
	for (size_t pass = 0; pass < 2; pass++) {
		f->options.in_process = pass == 1;
		run(f);
		for (size_t i = 0; i < JOBS; i++) {
			texts[pass][i] = (struct buf)BUF_INIT(1 << 20);
			assert_int_equal(layer_report_print(&f->jobs[i].report, &texts[pass][i], &err), STATUS_OK);
			worker_job_fini(&f->jobs[i]);
		}
	}
	for (size_t i = 0; i < JOBS; i++) {
		assert_true(slice_eq(buf_slice(&texts[0][i]), buf_slice(&texts[1][i])));
		buf_fini(&texts[0][i]);
		buf_fini(&texts[1][i]);
	}
}

static void test_frames(void **state)
{
	uint8_t bytes[64];
	struct worker_frame frame;
	struct err err = ERR_INIT;
	size_t used;

	(void)state;
	worker_frame_head(bytes, WORKER_FRAME_REPORT, 7, 5);
	memcpy(bytes + WORKER_FRAME_HEAD, "hello", 5);
	for (size_t n = 0; n < WORKER_FRAME_HEAD + 5; n++) {
		assert_int_equal(worker_frame_next(slice_make(bytes, n), 100, &frame, &used, &err), STATUS_OK);
		assert_int_equal(used, 0);
	}
	assert_int_equal(worker_frame_next(slice_make(bytes, sizeof(bytes)), 100, &frame, &used, &err), STATUS_OK);
	assert_int_equal(used, WORKER_FRAME_HEAD + 5);
	assert_int_equal(frame.job, 7);
	assert_true(slice_eq(frame.payload, SLICE("hello")));
	assert_int_equal(worker_frame_next(slice_make(bytes, sizeof(bytes)), 4, &frame, &used, &err), STATUS_LIMIT);
	bytes[0] ^= 1;
	assert_int_equal(worker_frame_next(slice_make(bytes, sizeof(bytes)), 100, &frame, &used, &err),
			 STATUS_MALFORMED);
}

static void test_failures_are_not_believed_blindly(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	worker_failed_parse(SLICE("\xff\xff\xff\xff"
				  "it \x1b[31m broke"),
			    &err);
	assert_int_equal(err.code, STATUS_MALFORMED);
	assert_string_equal(err.msg, "it ?[31m broke");
	worker_failed_parse(SLICE("\0\0\0\0fine"), &err);
	assert_int_equal(err.code, STATUS_CRASHED);
	worker_failed_parse(SLICE("\x01"), &err);
	assert_int_equal(err.code, STATUS_CRASHED);
}

static enum status work_rights(void *ctx, struct buf *out, struct err *err)
{
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	(void)ctx;
	(void)err;
	buf_printf(out, "open:%s ", fd >= 0 ? "yes" : "no");
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	buf_printf(out, "socket:%s", fd >= 0 ? "yes" : "no");
	return STATUS_OK;
}

static enum status work_crash(void *ctx, struct buf *out, struct err *err)
{
	(void)ctx;
	(void)out;
	(void)err;
	abort();
}

static enum status work_fail(void *ctx, struct buf *out, struct err *err)
{
	(void)out;
	return err_set(err, STATUS_UNSUPPORTED, "%s", (const char *)ctx);
}

static void test_isolated_work_has_no_rights(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct sandbox_level level;
	char text[256];

	assert_int_equal(worker_isolate(&f->limits, 0, work_rights, NULL, &out, &err), STATUS_OK);
	sandbox_describe(text, sizeof(text), NULL);
	level.landlock = strstr(text, "no landlock") == NULL;
	level.filter = strstr(text, "not filtered") == NULL;
	if (level.landlock && level.filter)
		assert_true(slice_eq(buf_slice(&out), SLICE("open:no socket:no")));
	else
		print_message("this kernel gives only: %s\n", text);
	buf_fini(&out);
}

static void test_isolated_work_fails_and_crashes(void **state)
{
	struct fixture *f = *state;
	struct buf out = BUF_INIT(1000);
	struct err err = ERR_INIT;
	char reason[] = "not today";

	assert_int_equal(worker_isolate(&f->limits, 0, work_fail, reason, &out, &err), STATUS_UNSUPPORTED);
	assert_string_equal(err.msg, "not today");
	assert_int_equal(worker_isolate(&f->limits, 0, work_crash, NULL, &out, &err), STATUS_CRASHED);
	buf_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers_come_back),
		TEST(test_a_crash_costs_one_layer),
		TEST(test_a_hang_costs_one_layer),
		TEST(test_too_long_an_answer),
		TEST(test_one_archive_is_streamed_once_and_survives_a_crash),
		TEST(test_in_process_gives_the_same),
		TEST(test_isolated_work_has_no_rights),
		TEST(test_isolated_work_fails_and_crashes),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_failures_are_not_believed_blindly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
