/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory.c - buffers, arenas and maps: caps, sticky failure, growth. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "check.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_buf(void **state)
{
	struct buf b = BUF_INIT(8);
	struct err err = ERR_INIT;

	(void)state;
	buf_add_cstr(&b, "12345678");
	assert_int_equal(buf_check(&b, "thing", &err), STATUS_OK);
	buf_add_byte(&b, '9');
	/* What would fit is refused too, once one append failed. */
	buf_add(&b, SLICE_EMPTY);
	assert_int_equal(buf_check(&b, "thing", &err), STATUS_LIMIT);
	assert_string_equal(err.msg, "thing is longer than 8 bytes");
	check_text(buf_slice(&b), "12345678");
	buf_reset(&b);
	assert_int_equal(buf_check(&b, "thing", &err), STATUS_OK);
	buf_add_cstr(&b, "abc");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_null(buf_reserve(&b, 1));
	check_text(buf_slice(&b), "abc");
	buf_fini(&b);
	b = (struct buf)BUF_INIT(100000);
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "%04d", i);
	assert_int_equal(b.len, 40000);
	check_text(slice_from(buf_slice(&b), 39992), "99989999");
	buf_fini(&b);
}

static void test_arena(void **state)
{
	struct arena a = ARENA_INIT(1 << 20);
	VEC(uint64_t) v = { 0 };
	struct slice s;
	unsigned char *p;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++) {
		uint64_t *at = VEC_PUSH(&v, &a);

		assert_non_null(at);
		assert_true(*at == 0);
		*at = i;
	}
	for (uint64_t i = 0; i < 10000; i++)
		assert_true(v.at[i] == i);
	assert_true(arena_copy(&a, SLICE("x\0y"), &s));
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.ptr, "x\0y", 4);
	assert_true(arena_printf(&a, &s, "%s-%d", "n", 7));
	check_text(s, "n-7");
	assert_null(arena_array(&a, SIZE_MAX, 2));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, 1 << 20));
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	p = arena_alloc(&a, 1 << 20);
	assert_non_null(p);
	assert_int_equal((uintptr_t)p % 16, 0);
	assert_int_equal(p[(1 << 20) - 1], 0);
	assert_null(arena_alloc(&a, 1));
	arena_fini(&a);
}

static void test_map(void **state)
{
	enum { KEYS = 100000 };
	static char keys[KEYS][8];
	struct map m = MAP_INIT;
	uint64_t value;
	bool is_new;

	(void)state;
	assert_false(map_get(&m, SLICE("a"), &value));
	for (unsigned i = 0; i < KEYS; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%u", i);
		assert_true(map_put(&m, slice_cstr(keys[i]), i));
	}
	assert_int_equal(m.len, KEYS);
	for (unsigned i = 0; i < KEYS; i++) {
		assert_true(map_get(&m, slice_cstr(keys[i]), &value));
		assert_int_equal(value, i);
	}
	assert_false(map_get(&m, SLICE("k100000"), &value));
	assert_false(map_get(&m, SLICE_EMPTY, &value));
	assert_true(map_put(&m, SLICE("k7"), 99));
	assert_int_equal(m.len, KEYS);
	assert_int_equal(*map_slot(&m, SLICE("k7"), &is_new), 99);
	assert_false(is_new);
	assert_int_equal(*map_slot(&m, SLICE_EMPTY, &is_new), 0);
	assert_true(is_new);
	assert_true(map_get(&m, SLICE_EMPTY, &value));
	map_fini(&m);
}

/* Who knows the order of one map knows nothing of the next. */
static void test_map_seeds(void **state)
{
	uint64_t seeds[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
		struct map m = MAP_INIT;

		assert_true(map_put(&m, SLICE("a"), i));
		seeds[i] = m.seed;
		for (size_t k = 0; k < i; k++)
			assert_true(seeds[k] != seeds[i]);
		map_fini(&m);
	}
}

static uint64_t seed_of_new_map(void)
{
	struct map m = MAP_INIT;
	uint64_t seed;

	if (!map_put(&m, SLICE("a"), 1))
		return 0;
	seed = m.seed;
	map_fini(&m);
	return seed;
}

/* Nor does a child know its parent's next one, or its sibling's. */
static void test_map_seeds_of_children(void **state)
{
	uint64_t seeds[3];
	int ends[2];

	(void)state;
	assert_int_not_equal(seed_of_new_map(), 0); /* some are at hand now */
	assert_int_equal(pipe(ends), 0);
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			uint64_t seed = seed_of_new_map();

			_exit(write(ends[1], &seed, sizeof(seed)) == (ssize_t)sizeof(seed) ? 0 : 1);
		}
		assert_int_equal(read(ends[0], &seeds[i], sizeof(seeds[i])), sizeof(seeds[i]));
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	close(ends[0]);
	close(ends[1]);
	seeds[2] = seed_of_new_map();
	assert_true(seeds[0] != seeds[1] && seeds[0] != seeds[2] && seeds[1] != seeds[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_buf), cmocka_unit_test(test_arena),
					    cmocka_unit_test(test_map), cmocka_unit_test(test_map_seeds),
					    cmocka_unit_test(test_map_seeds_of_children) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
