/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cache.c - what is kept to save work comes back as it was put; the least recently used goes first, never more
 * bytes than allowed.
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

static void put(struct store *s, const char *key, struct slice value)
{
	check(store_cache_put(s, slice_cstr(key), value, &err));
}

/* The value of a key; false if it is not there. */
static bool has(struct store *s, const char *key)
{
	struct buf out = BUF_INIT((size_t)1 << 26);
	enum status st = store_cache_get(s, slice_cstr(key), &out, &err);

	if (st != STATUS_NOTFOUND)
		check(st);
	buf_fini(&out);
	return st == STATUS_OK;
}

static void holds_value(struct store *s, struct slice key, struct slice want)
{
	struct buf out = BUF_INIT((size_t)1 << 26);

	check(store_cache_get(s, key, &out, &err));
	assert_int_equal(out.len, want.len);
	assert_true(slice_eq(buf_slice(&out), want));
	buf_fini(&out);
}

static void test_round_trip(void **state)
{
	static const struct slice keys[] = { SLICE_INIT("sha256:1|set|"), SLICE_INIT("sha256:1|set"),
					     SLICE_INIT("a\0b"),	  SLICE_INIT("a\0c"),
					     SLICE_INIT("\xff\xfe"),	  SLICE_INIT("it's") };
	static uint8_t noise[5 << 20];
	const struct slice values[] = { SLICE_INIT("{}"),    SLICE_INIT(""),	       SLICE_INIT("\0\0\0"),
					SLICE_INIT("größe"), { noise, sizeof(noise) }, { noise, 1 } };
	struct store *s = place_open(*state);

	fill_noise(noise, sizeof(noise), 1);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		check(store_cache_put(s, keys[i], values[i], &err));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		holds_value(s, keys[i], values[i]);
	store_close(s);
	s = place_open(*state);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		holds_value(s, keys[i], values[i]);
	store_close(s);
	store_close(NULL);
}

static void test_absent_and_replaced(void **state)
{
	struct store *s = place_open(*state);
	struct buf out = BUF_INIT(64);
	struct store_cache_stats stats;

	check_fails(store_cache_get(s, SLICE("no"), &out, &err), STATUS_NOTFOUND, "not cached");
	assert_int_equal(out.len, 0);
	put(s, "key", SLICE("one"));
	put(s, "key", SLICE("two"));
	holds_value(s, SLICE("key"), SLICE("two"));
	check(store_cache_stats(s, &stats, &err));
	assert_int_equal(stats.entries, 1);
	assert_true(stats.bytes >= 3);
	/* What does not fit into the caller's buffer is no entry for him. */
	buf_fini(&out);
	out = (struct buf)BUF_INIT(2);
	assert_int_not_equal(store_cache_get(s, SLICE("key"), &out, &err), STATUS_OK);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
	store_close(s);
}

/* Ten entries of 1,000 bytes that do not compress, with room for ten: the eleventh drives the oldest ones out. */
static void test_eviction(void **state)
{
	struct store *s = place_open_with(*state, (struct store_options){ .cache_bytes = 10500 });
	struct store_cache_stats stats;
	uint8_t noise[1000];
	char key[16];

	for (unsigned i = 0; i < 10; i++, clock_s += 1000) {
		fill_noise(noise, sizeof(noise), i);
		snprintf(key, sizeof(key), "k%u", i);
		put(s, key, slice_make(noise, sizeof(noise)));
	}
	check(store_cache_stats(s, &stats, &err));
	assert_int_equal(stats.entries, 10);
	assert_in_range(stats.bytes, 10000, 10300); /* a frame costs some bytes */
	assert_true(has(s, "k0"));		    /* read: now the newest */
	fill_noise(noise, sizeof(noise), 10);
	put(s, "k10", slice_make(noise, sizeof(noise)));
	check(store_cache_stats(s, &stats, &err));
	assert_in_range(stats.bytes, 1, 10500 - 1050);
	assert_true(has(s, "k0"));
	assert_true(has(s, "k10"));
	assert_false(has(s, "k1"));
	assert_false(has(s, "k2"));
	assert_true(has(s, "k3"));
	assert_true(has(s, "k9"));
	store_close(s);
}

/* Within one second, what was put first goes first. */
static void test_eviction_in_one_second(void **state)
{
	struct store *s = place_open_with(*state, (struct store_options){ .cache_bytes = 3500 });
	uint8_t noise[1000];
	char key[16];

	for (unsigned i = 0; i < 50; i++) {
		struct store_cache_stats stats;

		fill_noise(noise, sizeof(noise), i);
		snprintf(key, sizeof(key), "k%u", i);
		put(s, key, slice_make(noise, sizeof(noise)));
		assert_true(has(s, key));
		check(store_cache_stats(s, &stats, &err));
		assert_true(stats.bytes <= 3500);
	}
	assert_true(has(s, "k48"));
	assert_false(has(s, "k40"));
	store_close(s);
}

/* The clock is set back by a year: what is put now still counts as new. */
static void test_clock_jumps_back(void **state)
{
	struct store *s = place_open_with(*state, (struct store_options){ .cache_bytes = 3500 });
	uint8_t noise[1000];
	char key[16];

	for (unsigned i = 0; i < 10; i++) {
		fill_noise(noise, sizeof(noise), i);
		snprintf(key, sizeof(key), "k%u", i);
		put(s, key, slice_make(noise, sizeof(noise)));
		assert_true(has(s, key));
		if (i == 5)
			clock_s -= 365 * 86400;
	}
	store_close(s);
}

static void test_too_large(void **state)
{
	struct store *s = place_open_with(*state, (struct store_options){ .cache_bytes = 10000 });
	static uint8_t noise[9500];

	fill_noise(noise, sizeof(noise), 1);
	put(s, "small", SLICE("x"));
	check_fails(store_cache_put(s, SLICE("large"), slice_make(noise, sizeof(noise)), &err), STATUS_LIMIT,
		    "larger than the whole cache");
	assert_false(has(s, "large"));
	assert_true(has(s, "small"));
	/* Large before it is packed does not count. */
	memset(noise, 'x', sizeof(noise));
	put(s, "zeros", slice_make(noise, sizeof(noise)));
	assert_true(has(s, "zeros"));
	assert_true(has(s, "small"));
	store_close(s);
}

static void test_gc(void **state)
{
	struct store *s = place_open(*state);
	uint64_t dropped;

	put(s, "sha256:1|old-set|", SLICE("1"));
	put(s, "sha256:2|set|", SLICE("2"));
	clock_s += 100;
	put(s, "sha256:3|set|", SLICE("3"));
	put(s, "sha256:4|set|a=b\n", SLICE("4"));
	check(store_cache_gc(s, 0, SLICE("|set|"), &dropped, &err));
	assert_int_equal(dropped, 1);
	assert_false(has(s, "sha256:1|old-set|"));
	assert_true(has(s, "sha256:2|set|"));
	check(store_cache_gc(s, clock_s - 50, SLICE("|set|"), &dropped, &err));
	assert_int_equal(dropped, 1);
	assert_false(has(s, "sha256:2|set|"));
	assert_true(has(s, "sha256:3|set|"));
	assert_true(has(s, "sha256:4|set|a=b\n"));
	check(store_cache_gc(s, clock_s, SLICE("|set|"), &dropped, &err));
	assert_int_equal(dropped, 0);
	store_close(s);
}

/* Without the right to write: entries are read, nothing is marked, put says no. */
static void test_read_only(void **state)
{
	struct store *s = place_open(*state);

	put(s, "key", SLICE("value"));
	store_close(s);
	clock_s += 86400; /* would be marked as used */
	s = place_open_with(*state, (struct store_options){ .read_only = true, .cache_bytes = 1 << 20 });
	holds_value(s, SLICE("key"), SLICE("value"));
	assert_int_not_equal(store_cache_put(s, SLICE("new"), SLICE("x"), &err), STATUS_OK);
	assert_false(has(s, "new"));
	store_close(s);
}

/* Layers, images and files under one key are three entries; the cap and the age are one for all. */
static void test_kinds(void **state)
{
	struct store *s = place_open_with(*state, (struct store_options){ .cache_bytes = 10500 });
	struct buf out = BUF_INIT((size_t)1 << 20);
	struct store_cache_stats stats;
	uint8_t noise[4000];
	uint64_t dropped;

	fill_noise(noise, sizeof(noise), 7);
	put(s, "k|set|", SLICE("layer"));
	check(store_index_report_put(s, SLICE("k|set|"), SLICE("image"), &err));
	check(store_file_put(s, SLICE("k|set|"), SLICE("file"), &err));
	holds_value(s, SLICE("k|set|"), SLICE("layer"));
	check(store_index_report_get(s, SLICE("k|set|"), &out, &err));
	check(store_file_get(s, SLICE("k|set|"), &out, &err));
	check_slice(buf_slice(&out), "imagefile");
	check_fails(store_index_report_get(s, SLICE("other"), &out, &err), STATUS_NOTFOUND, "not cached");
	check(store_cache_stats(s, &stats, &err));
	assert_int_equal(stats.entries, 3);
	assert_int_equal(stats.layers, 1);
	assert_int_equal(stats.images, 1);
	/* Files have no detectors: they go by their age alone. */
	check(store_file_put(s, SLICE("f"), slice_make(noise, 4000), &err));
	put(s, "old-set", SLICE("x"));
	check(store_cache_gc(s, 0, SLICE("|set|"), &dropped, &err));
	assert_int_equal(dropped, 1);
	/* What was used last stays, of whatever kind it is. */
	clock_s += 1000;
	check(store_index_report_get(s, SLICE("k|set|"), &out, &err));
	check(store_index_report_put(s, SLICE("i"), slice_make(noise, 4000), &err));
	put(s, "l", slice_make(noise, 4000));
	check_fails(store_file_get(s, SLICE("f"), &out, &err), STATUS_NOTFOUND, "not cached");
	assert_false(has(s, "k|set|"));
	check(store_index_report_get(s, SLICE("k|set|"), &out, &err));
	check(store_index_report_get(s, SLICE("i"), &out, &err));
	assert_true(has(s, "l"));
	buf_fini(&out);
	store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_absent_and_replaced),
		TEST(test_eviction),
		TEST(test_eviction_in_one_second),
		TEST(test_clock_jumps_back),
		TEST(test_too_large),
		TEST(test_gc),
		TEST(test_read_only),
		TEST(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
