/* SPDX-License-Identifier: Apache-2.0 */
/* test_turn.c - decoders of several processes that need much memory take turns; those that need little do not wait. */
#include "io/codec.h"
#include "io/turn.h"
#include "streams.h"

#include <lzma.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Frames by hand (RFC 8878) of one byte, "x": windows of 1 KiB and of 128 MiB. */
#define SMALL "\x28\xb5\x2f\xfd\x00\x00\x09\x00\x00x"
#define LARGE "\x28\xb5\x2f\xfd\x00\x88\x09\x00\x00x"
/* A single segment: its window is its content, said to be of 32 MiB, of which the first block is there. */
#define SEGMENT "\x28\xb5\x2f\xfd\xa0\x00\x00\x00\x02\x08\x00\x00x"
#define SKIPPABLE "\x50\x2a\x4d\x18\x03\x00\x00\x00\x28\xb5\x2f"

struct holder {
	int fd; /* that turns are taken on */
	_Atomic bool *given_up;
	int release; /* closed: it ends a little later */
	pid_t child;
};

/* A process that has the turn. */
static struct holder hold(int fd)
{
	struct holder h = { .fd = fd };
	int ready[2], release[2];
	char byte;

	h.given_up = mmap(NULL, sizeof(*h.given_up), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(h.given_up, MAP_FAILED);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(release), 0);
	h.child = fork();
	if (h.child == 0) {
		struct source *s;
		struct err err;
		enum codec_id id;
		uint8_t b[8];
		size_t n;

		if (codec_open_in_turn(source_from_slice(SLICE(LARGE)), &limits_default, fd, &id, &s, &err) !=
			    STATUS_OK ||
		    source_read(s, b, sizeof(b), &n, &err) != STATUS_OK || write(ready[1], "", 1) != 1)
			_exit(1);
		close(release[1]);
		usleep(read(release[0], &byte, 1) == 0 ? 50000 : 0);
		*h.given_up = true;
		_exit(0); /* without closing */
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(release[0]);
	h.release = release[1];
	return h;
}

static void let_go(struct holder *h)
{
	int status;

	close_fd(&h->release);
	h->release = -1;
	assert_int_equal(waitpid(h->child, &status, 0), h->child);
	assert_int_equal(status, 0);
	munmap((void *)h->given_up, sizeof(*h->given_up));
}

/* Read n bytes of a stream while another process has the turn: does it wait for that one's end? */
static void check_waits(struct slice stored, size_t n, bool waits)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct holder h = hold(fd);
	struct source *s;
	struct err err = ERR_INIT;
	enum codec_id id;
	uint8_t b[8];

	if (waits) {
		close_fd(&h.release);
		h.release = -1;
	}
	check_status(codec_open_in_turn(source_from_slice(stored), &limits_default, fd, &id, &s, &err), STATUS_OK,
		     &err);
	check_status(source_read_full(s, b, n, &err), STATUS_OK, &err);
	assert_int_equal(*h.given_up, waits);
	source_free(s);
	let_go(&h);
	close(fd);
}

static void test_zstd(void **state)
{
	(void)state;
	check_waits(SLICE(SMALL), 1, false);
	check_waits(SLICE(LARGE), 1, true);
	check_waits(SLICE(SEGMENT), 1, true);
	/* Only the frame that needs it waits, wherever it is. */
	check_waits(SLICE(SMALL SMALL LARGE), 2, false);
	check_waits(SLICE(SMALL SKIPPABLE LARGE), 2, true);
}

static void test_xz(void **state)
{
	(void)state;
	for (unsigned preset = 6; preset <= 9; preset++) {
		uint8_t out[256];
		size_t n = 0;

		/* By its manual page a decoder of -6 needs 9 MiB, of -7 17, of -8 33, of -9 65. */
		assert_int_equal(lzma_easy_buffer_encode(preset, LZMA_CHECK_CRC32, NULL, (const uint8_t *)"x", 1, out,
							 &n, sizeof(out)),
				 LZMA_OK);
		check_waits(slice_make(out, n), 1, preset > 6);
	}
}

static void test_closed_gives_up(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC), status;
	struct source *s;
	struct err err = ERR_INIT;
	enum codec_id id;
	uint8_t b[8];
	pid_t child;

	(void)state;
	check_status(codec_open_in_turn(source_from_slice(SLICE(LARGE)), &limits_default, fd, &id, &s, &err), STATUS_OK,
		     &err);
	check_status(source_read_full(s, b, 1, &err), STATUS_OK, &err);
	source_free(s);
	child = fork();
	if (child == 0) {
		alarm(20);
		turn_take(fd, TURN_DECODER);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(fd);
	/* No file, no turns. */
	turn_take(-1, TURN_SPOOL);
	turn_give(-1, TURN_SPOOL);
}

/* Spools and decoders do not wait for each other. */
static void test_kinds_of_turns(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct holder h = hold(fd);

	(void)state;
	turn_take(fd, TURN_SPOOL);
	assert_false(*h.given_up);
	turn_give(fd, TURN_SPOOL);
	let_go(&h);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_zstd), cmocka_unit_test(test_xz),
					    cmocka_unit_test(test_closed_gives_up),
					    cmocka_unit_test(test_kinds_of_turns) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
