/* SPDX-License-Identifier: Apache-2.0 */
/* test_body.c - a body between two threads: order, back-pressure, its end, the client's end, the cap, a reader that
 * stops. */
#include "check.h"
#include "server/body.h"

#define TOTAL ((size_t)3 << 20)

struct both {
	pthread_mutex_t lock;
	pthread_cond_t room;
	pthread_cond_t full;
	struct body_stream *body;
	unsigned wakes; /* that said there is room again */
	bool has_room;
	bool was_full; /* the writer had to wait once */
};

static void wake(void *ctx)
{
	struct both *b = ctx;

	b->wakes++;
	b->has_room = true;
	pthread_cond_signal(&b->room);
}

static void begin(struct both *b, uint64_t cap)
{
	*b = (struct both){ .has_room = false };
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->room, NULL);
	pthread_cond_init(&b->full, NULL);
	b->body = body_stream_new(&b->lock, cap, wake, b);
	assert_non_null(b->body);
}

static void end(struct both *b)
{
	body_stream_free(b->body);
	pthread_cond_destroy(&b->full);
	pthread_cond_destroy(&b->room);
	pthread_mutex_destroy(&b->lock);
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

/* Writes TOTAL bytes in pieces of 10,000, waiting for room as the network does. */
static void *write_all(void *arg)
{
	struct both *b = arg;
	uint8_t piece[10000];
	size_t at = 0;

	while (at < TOTAL) {
		size_t n = MIN(sizeof(piece), TOTAL - at), took = 0;

		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(at + i);
		pthread_mutex_lock(&b->lock);
		while (took < n) {
			b->has_room = false;
			took += body_stream_put(b->body, slice_make(piece + took, n - took));
			if (took < n) {
				b->was_full = true;
				pthread_cond_signal(&b->full);
			}
			while (took < n && !b->has_room)
				pthread_cond_wait(&b->room, &b->lock);
		}
		pthread_mutex_unlock(&b->lock);
		at += n;
	}
	pthread_mutex_lock(&b->lock);
	body_stream_end(b->body);
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static void test_order(void **state)
{
	static uint8_t got[TOTAL];
	struct err err = ERR_INIT;
	struct both b;
	pthread_t writer;
	size_t n;

	(void)state;
	begin(&b, TOTAL);
	assert_int_equal(pthread_create(&writer, NULL, write_all, &b), 0);
	/* 3 MiB do not fit the ring: a reader that begins when it is full must make room. */
	pthread_mutex_lock(&b.lock);
	while (!b.was_full)
		pthread_cond_wait(&b.full, &b.lock);
	pthread_mutex_unlock(&b.lock);
	assert_int_equal(source_read_full(body_stream_source(b.body), got, TOTAL, &err), STATUS_OK);
	assert_int_equal(source_read(body_stream_source(b.body), got, 1, &n, &err), STATUS_OK);
	assert_int_equal(n, 0);
	pthread_join(writer, NULL);
	/* The last read has overwritten nothing: it gave no byte. */
	for (size_t i = 0; i < TOTAL; i++) {
		if (got[i] != byte_at(i))
			fail_msg("byte %zu", i);
	}
	assert_true(b.wakes > 0);
	end(&b);
}

/* What was not taken is told, and not lost. */
static void test_full(void **state)
{
	static uint8_t much[1 << 20], back[1 << 20];
	struct err err = ERR_INIT;
	struct both b;
	size_t took;

	(void)state;
	begin(&b, sizeof(much));
	pthread_mutex_lock(&b.lock);
	took = body_stream_put(b.body, slice_make(much, sizeof(much)));
	assert_true(took > 0 && took < sizeof(much));
	assert_int_equal(body_stream_put(b.body, slice_make(much, 1)), 0);
	pthread_mutex_unlock(&b.lock);
	assert_int_equal(source_read_full(body_stream_source(b.body), back, took, &err), STATUS_OK);
	assert_int_equal(b.wakes, 1);
	end(&b);
}

/* The client goes away: what came is read, then it is told. */
static void test_abort(void **state)
{
	struct err err = ERR_INIT;
	uint8_t back[8];
	struct both b;
	size_t n;

	(void)state;
	begin(&b, 100);
	pthread_mutex_lock(&b.lock);
	assert_int_equal(body_stream_put(b.body, SLICE("abc")), 3);
	body_stream_abort(b.body);
	pthread_mutex_unlock(&b.lock);
	assert_int_equal(source_read(body_stream_source(b.body), back, 8, &n, &err), STATUS_OK);
	assert_int_equal(n, 3);
	assert_int_equal(source_read(body_stream_source(b.body), back, 8, &n, &err), STATUS_CANCELLED);
	end(&b);
}

static void test_cap(void **state)
{
	struct err err = ERR_INIT;
	uint8_t back[8];
	struct both b;
	size_t n;

	(void)state;
	begin(&b, 4);
	pthread_mutex_lock(&b.lock);
	assert_int_equal(body_stream_put(b.body, SLICE("abcd")), 4);
	assert_int_equal(body_stream_put(b.body, SLICE("e")), 1); /* dropped */
	body_stream_end(b.body);
	pthread_mutex_unlock(&b.lock);
	assert_int_equal(source_read(body_stream_source(b.body), back, 8, &n, &err), STATUS_OK);
	assert_int_equal(n, 4);
	assert_int_equal(source_read(body_stream_source(b.body), back, 8, &n, &err), STATUS_LIMIT);
	end(&b);
}

/* A handler that is done reads no more: the rest is dropped, and who waited for room is woken. */
static void test_close(void **state)
{
	static uint8_t much[1 << 20];
	struct both b;

	(void)state;
	begin(&b, UINT64_MAX);
	pthread_mutex_lock(&b.lock);
	assert_true(body_stream_put(b.body, slice_make(much, sizeof(much))) < sizeof(much));
	body_stream_close(b.body);
	assert_int_equal(b.wakes, 1);
	assert_int_equal(body_stream_put(b.body, slice_make(much, sizeof(much))), sizeof(much));
	pthread_mutex_unlock(&b.lock);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order), cmocka_unit_test(test_full),  cmocka_unit_test(test_abort),
		cmocka_unit_test(test_cap),   cmocka_unit_test(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
