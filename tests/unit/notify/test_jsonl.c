/* SPDX-License-Identifier: Apache-2.0 */
/* test_jsonl.c - entries as lines: what is in the file after success, failures, rotation and interruption. */
#include "messages.h"
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char folder[64], file[96], moved[96];
	struct config *config;
	struct deliverer *d;
	_Atomic bool stop;
};

static void setup_in(struct place *p, const char *more)
{
	char text[512];
	struct deliverer_setup setup = { .stop = &p->stop };
	struct err err = ERR_INIT;

	atomic_init(&p->stop, false);
	snprintf(p->folder, sizeof(p->folder), "/tmp/limpid-jsonl-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->file, sizeof(p->file), "%s/lines", p->folder);
	snprintf(p->moved, sizeof(p->moved), "%s/moved", p->folder);
	snprintf(text, sizeof(text), "limpid: {notifier: {timeout: 200ms, jsonl: {path: %s}}%s}\n", p->file, more);
	p->config = config_of(text);
	setup.config = p->config;
	assert_string_equal(deliverer_wanted(p->config, 0), "jsonl");
	assert_null(deliverer_wanted(p->config, 1));
	assert_int_equal(deliverer_open(&setup, NULL, &p->d, &err), STATUS_OK);
	assert_true(deliverer_is_direct(p->d));
}

static void drop(struct place *p)
{
	deliverer_close(p->d);
	config_drop(p->config);
	(void)unlink(p->file);
	(void)unlink(p->moved);
	assert_int_equal(rmdir(p->folder), 0);
}

static enum delivery send_made(struct place *p, const char *id, struct made *made, struct delivery_result *out,
			       struct err *err)
{
	struct delivery_message m = made_message(made, id);

	*err = (struct err)ERR_INIT;
	return deliverer_send(p->d, &m, out, err);
}

static void must_send(struct place *p, const char *id, size_t n, uint64_t written)
{
	struct made made = MADE(n);
	struct delivery_result out;
	struct err err;

	if (send_made(p, id, &made, &out, &err) != DELIVERY_DONE)
		fail_msg("%s", err.msg);
	assert_int_equal(out.messages, written);
	assert_true(slice_eq(out.peer, slice_cstr(p->file)));
}

static void file_is(const char *path, const char *text)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	assert_int_equal(file_read(path, &b, &err), STATUS_OK);
	buf_add_byte(&b, '\0');
	assert_string_equal((char *)b.ptr, text);
}

#define LINE(id, n) "{\"notification_id\":\"" id "\",\"notification\":{\"id\":\"" n "\"}}\n"

static void test_lines(void **state)
{
	struct place p;

	(void)state;
	setup_in(&p, "");
	must_send(&p, ID_A, 2, 2);
	must_send(&p, ID_B, 1, 1);
	must_send(&p, ID_B, 0, 0);
	file_is(p.file, LINE(ID_A, "0") LINE(ID_A, "1") LINE(ID_B, "0"));
	/* logrotate: moved away while it is open */
	assert_int_equal(rename(p.file, p.moved), 0);
	must_send(&p, ID_A, 1, 1);
	file_is(p.file, LINE(ID_A, "0"));
	file_is(p.moved, LINE(ID_A, "0") LINE(ID_A, "1") LINE(ID_B, "0"));
	/* copytruncate, and after a pause */
	assert_int_equal(truncate(p.file, 0), 0);
	deliverer_rest(p.d);
	must_send(&p, ID_B, 1, 1);
	file_is(p.file, LINE(ID_B, "0"));
	drop(&p);
}

static void test_source_fails(void **state)
{
	struct made made = { .n = 3, .fail_at = 2 };
	struct delivery_result out;
	struct place p;
	struct err err;

	(void)state;
	setup_in(&p, "");
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_int_equal(err.code, STATUS_IO);
	assert_string_equal(err.msg, "the store has gone");
	/* Another notification goes between; then the first from its beginning, for what was kept is about the last. */
	must_send(&p, ID_B, 1, 1);
	must_send(&p, ID_A, 3, 3);
	file_is(p.file,
		LINE(ID_A, "0") LINE(ID_A, "1") LINE(ID_B, "0") LINE(ID_A, "0") LINE(ID_A, "1") LINE(ID_A, "2"));
	/* At once: only what is missing. */
	assert_int_equal(truncate(p.file, 0), 0);
	made.at = made.rewinds = 0;
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	must_send(&p, ID_A, 3, 1);
	file_is(p.file, LINE(ID_A, "0") LINE(ID_A, "1") LINE(ID_A, "2"));
	drop(&p);
}

/* A limit of the process instead of a full disk: a write is cut in the middle of a line. */
static void test_no_room(void **state)
{
	struct rlimit before, little;
	struct made made = MADE(3);
	struct delivery_result out;
	enum delivery result;
	struct place p;
	struct err err;

	(void)state;
	setup_in(&p, "");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = before;
	little.rlim_cur = 2 * sizeof(LINE(ID_A, "0")) - 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	result = send_made(&p, ID_A, &made, &out, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(result, DELIVERY_AGAIN);
	assert_int_equal(err.code, STATUS_IO);
	assert_int_equal(err.sys_errno, EFBIG);
	assert_non_null(strstr(err.msg, "cannot write /tmp/"));
	file_is(p.file, LINE(ID_A, "0"));
	must_send(&p, ID_A, 3, 2);
	file_is(p.file, LINE(ID_A, "0") LINE(ID_A, "1") LINE(ID_A, "2"));
	drop(&p);
}

static void test_old_line_is_ended(void **state)
{
	struct place p;
	int fd;

	(void)state;
	setup_in(&p, "");
	fd = open(p.file, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "{\"notif", 7), 7);
	close(fd);
	must_send(&p, ID_A, 1, 1);
	file_is(p.file, "{\"notif\n" LINE(ID_A, "0"));
	drop(&p);
}

static void test_lock(void **state)
{
	struct made made = MADE(1);
	struct delivery_result out;
	struct place p;
	struct err err;
	int fd;

	(void)state;
	setup_in(&p, "");
	fd = open(p.file, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_int_equal(err.code, STATUS_TIMEOUT);
	assert_non_null(strstr(err.msg, "another process holds its lock"));
	atomic_store(&p.stop, true);
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_int_equal(err.code, STATUS_CANCELLED);
	atomic_store(&p.stop, false);
	close(fd);
	must_send(&p, ID_A, 1, 1);
	drop(&p);
}

static void test_pipe(void **state)
{
	struct made made = MADE(5000);
	struct delivery_result out;
	char bytes[65536];
	struct place p;
	struct err err;
	int fd;

	(void)state;
	setup_in(&p, "");
	assert_int_equal(mkfifo(p.file, 0600), 0);
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_non_null(strstr(err.msg, "nobody reads the pipe"));
	fd = open(p.file, O_RDONLY | O_NONBLOCK);
	must_send(&p, ID_A, 2, 2);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 2 * sizeof(LINE(ID_A, "0")) - 2);
	/* It stays open: the reader sees no end. */
	deliverer_rest(p.d);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EAGAIN);
	/* Nobody takes what is in it. */
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_int_equal(err.code, STATUS_TIMEOUT);
	assert_non_null(strstr(err.msg, "its reader does not read"));
	close(fd);
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_int_equal(err.code, STATUS_IO);
	drop(&p);
}

static void test_places(void **state)
{
	struct made made = MADE(1);
	struct delivery_result out;
	struct place p;
	struct err err;

	(void)state;
	setup_in(&p, "");
	assert_int_equal(mkdir(p.file, 0700), 0);
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_non_null(strstr(err.msg, "cannot open"));
	assert_int_equal(rmdir(p.file), 0);
	assert_int_equal(symlink("/dev/full", p.file), 0);
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_AGAIN);
	assert_int_equal(err.sys_errno, ENOSPC);
	drop(&p);
}

static void test_too_large(void **state)
{
	struct made made = MADE(1);
	struct delivery_result out;
	struct place p;
	struct err err;

	(void)state;
	setup_in(&p, ", limits: {message_bytes: 64}");
	assert_int_equal(send_made(&p, ID_A, &made, &out, &err), DELIVERY_NEVER);
	assert_int_equal(err.code, STATUS_LIMIT);
	drop(&p);
}

static void test_table(void **state)
{
	struct config *c = config_of("{}\n");
	struct deliverer_setup setup = { .config = c };
	struct deliverer *d = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_null(deliverer_wanted(c, 0));
	assert_int_equal(deliverer_open(&setup, NULL, &d, &err), STATUS_NOTFOUND);
	assert_int_equal(deliverer_open(&setup, "pigeon", &d, &err), STATUS_INVALID);
	assert_int_equal(deliverer_open(&setup, "jsonl", &d, &err), STATUS_INVALID);
	assert_null(d);
	assert_non_null(deliverer_text("jsonl"));
	assert_null(deliverer_text("pigeon"));
	config_drop(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	cmocka_unit_test(test_source_fails),
		cmocka_unit_test(test_no_room), cmocka_unit_test(test_old_line_is_ended),
		cmocka_unit_test(test_lock),	cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_places),	cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
