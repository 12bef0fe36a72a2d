/* SPDX-License-Identifier: Apache-2.0 */
/* test_index.c - an image of several layers: links between layers, the cache, workers against in-process. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/index.h"

#include "fakes.h"
#include "layers.h"

#include <ftw.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>

#define LAYERS 3

struct fixture {
	struct tarball tars[LAYERS];
	struct image_layer layers[LAYERS];
	struct image image;
	struct arena arena;
	struct index_env env;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = (struct arena)ARENA_INIT((size_t)64 << 20);
	f->env = (struct index_env){ .limits = &limits_default, .verify_diff_ids = true };
	f->image = (struct image){ .target = SLICE("test:image"), .layers = f->layers };
	for (size_t i = 0; i < LAYERS; i++)
		f->tars[i] = tarball_begin();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < LAYERS; i++)
		tarball_fini(&f->tars[i]);
	arena_fini(&f->arena);
	free(f);
	return 0;
}

static void finish(struct fixture *f, size_t n)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < n; i++) {
		tarball_end(&f->tars[i]);
		f->layers[i] = tarball_layer(&f->tars[i]);
		assert_int_equal(digest_of(DIGEST_SHA256, buf_slice(&f->tars[i].buf), &f->layers[i].digest, &err),
				 STATUS_OK);
	}
	f->image.n_layers = n;
}

static struct index_report index_it(struct fixture *f)
{
	struct index_report r;
	struct err err = ERR_INIT;

	assert_int_equal(index_image(&f->image, &f->env, &f->arena, &r, &err), STATUS_OK);
	return r;
}

static void linked_layers(struct fixture *f)
{
	tarball_file(&f->tars[0], "srv/real", "a 1\nb 1\n");
	tarball_file(&f->tars[0], "usr/lib/os-release", "debian 12\n");
	tarball_file(&f->tars[1], "opt/x.info/META", "x 1\n");
	tarball_add(&f->tars[2], '2', "db/status", "../srv/real", NULL, 0);
	finish(f, 3);
}

static void test_a_link_to_another_layer_is_followed(void **state)
{
	struct fixture *f = *state;
	struct index_report r;

	linked_layers(f);
	r = index_it(f);
	assert_int_equal(r.packages.len, 3);
	assert_true(r.complete);
	assert_true(r.expected_packages);
	assert_true(slice_eq(r.packages.at[0].package.path, SLICE("srv/real")));
	assert_int_equal(r.packages.at[0].layer, 2); /* the link makes it one */
	assert_int_equal(r.packages.at[0].distribution, 0);
	/* A package of a language is of no distribution. */
	assert_int_equal(r.packages.at[2].distribution, INDEX_NO_DISTRIBUTION);
	assert_int_equal(r.packages.at[2].layer, 1);
}

static void test_a_dangling_link_is_told(void **state)
{
	struct fixture *f = *state;
	struct index_report r;

	tarball_add(&f->tars[0], '2', "db/status", "/nowhere", NULL, 0);
	finish(f, 1);
	r = index_it(f);
	assert_false(r.complete);
	assert_int_equal(r.diags.len, 1);
	assert_int_equal(r.diags.at[0].diag.code, DIAG_LINK);
	assert_int_equal(r.diags.at[0].layer, SIZE_MAX);
}

static void same(const struct index_report *a, const struct index_report *b)
{
	assert_int_equal(a->packages.len, b->packages.len);
	assert_int_equal(a->diags.len, b->diags.len);
	assert_int_equal(a->complete, b->complete);
	assert_true(digest_eq(&a->manifest, &b->manifest));
	for (size_t i = 0; i < a->packages.len; i++) {
		assert_true(slice_eq(a->packages.at[i].package.name, b->packages.at[i].package.name));
		assert_true(slice_eq(a->packages.at[i].package.db, b->packages.at[i].package.db));
		assert_int_equal(a->packages.at[i].layer, b->packages.at[i].layer);
	}
}

static void test_in_process_gives_the_same(void **state)
{
	struct fixture *f = *state;
	struct index_report worker, here;

	linked_layers(f);
	worker = index_it(f);
	f->env.in_process = true;
	here = index_it(f);
	same(&worker, &here);
}

static int drop(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void test_second_time_from_the_cache(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/limpid-test-XXXXXX";
	struct store_options options = { .busy_ms = 1000, .cache_bytes = 1 << 24 };
	struct index_report first, second;
	struct err err = ERR_INIT;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(dir, &options, &f->env.cache, &err), STATUS_OK);
	linked_layers(f);
	first = index_it(f);
	second = index_it(f);
	for (size_t i = 0; i < LAYERS; i++) {
		assert_false(first.layers.at[i].cached);
		assert_true(second.layers.at[i].cached);
	}
	same(&first, &second);
	store_close(f->env.cache);
	assert_int_equal(nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- the report of a whole image ---- */

struct place {
	char dir[32];
	struct store_options options;
};

static struct place place_open(struct fixture *f)
{
	struct place p = { "/tmp/limpid-test-XXXXXX", { .busy_ms = 1000, .cache_bytes = 1 << 24 } };
	struct err err = ERR_INIT;

	assert_non_null(mkdtemp(p.dir));
	assert_int_equal(store_open(p.dir, &p.options, &f->env.cache, &err), STATUS_OK);
	return p;
}

static void place_close(struct fixture *f, const struct place *p)
{
	store_close(f->env.cache);
	f->env.cache = NULL;
	assert_int_equal(nftw(p->dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct store_cache_stats stats_of(struct fixture *f)
{
	struct store_cache_stats stats;
	struct err err = ERR_INIT;

	assert_int_equal(store_cache_stats(f->env.cache, &stats, &err), STATUS_OK);
	return stats;
}

/* What is kept (2: an image, 3: of a file) becomes something else that the store takes for whole. */
static void replace_kept(struct fixture *f, const struct place *p, unsigned kind, const char *value)
{
	struct slice v = slice_cstr(value);
	struct err err = ERR_INIT;
	char text[512];
	sqlite3 *db;

	store_close(f->env.cache);
	snprintf(text, sizeof(text), "%s/state.db", p->dir);
	assert_int_equal(sqlite3_open(text, &db), SQLITE_OK);
	snprintf(text, sizeof(text),
		 "UPDATE kept SET value = CAST('%s' AS BLOB), size = %zu, packed = %zu, sum = %lld WHERE kind = %u",
		 value, v.len, v.len, (long long)(slice_hash(v, 0) >> 1), kind);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_changes(db), 1);
	sqlite3_close(db);
	assert_int_equal(store_open(p->dir, &p->options, &f->env.cache, &err), STATUS_OK);
}

/* Layers without bytes: only a report of the whole image can say what is in them. */
static void take_bytes_away(struct fixture *f)
{
	for (size_t i = 0; i < LAYERS; i++)
		assert_int_equal(ftruncate(f->tars[i].fd, 0), 0);
}

static void test_an_image_is_kept(void **state)
{
	struct fixture *f = *state;
	struct place p = place_open(f);
	struct index_report first, second;

	linked_layers(f);
	f->layers[0].size_said = 1; /* a diagnostic of this image, not of the layers */
	first = index_it(f);
	assert_int_equal(stats_of(f).images, 1);
	take_bytes_away(f);
	f->layers[0].created_by = SLICE("now known");
	f->image.name = SLICE("another:name");
	second = index_it(f);
	same(&first, &second);
	assert_int_equal(second.diags.len, 1);
	assert_false(second.complete);
	assert_true(slice_eq(second.layers.at[0].created_by, SLICE("now known")));
	assert_true(slice_eq(second.image_name, SLICE("another:name")));
	f->layers[0].size_said = 0;
	second = index_it(f);
	assert_int_equal(second.diags.len, 0);
	assert_true(second.complete);
	assert_int_equal(stats_of(f).images, 1);
	place_close(f, &p);
}

/* Other limits, another order of the layers, another DiffID: another image. */
static void test_what_makes_an_image_another_one(void **state)
{
	struct fixture *f = *state;
	struct place p = place_open(f);
	struct limits limits = limits_default;
	struct image_layer swapped;

	linked_layers(f);
	index_it(f);
	limits.field_bytes--;
	f->env.limits = &limits;
	index_it(f);
	assert_int_equal(stats_of(f).images, 2);
	swapped = f->layers[0];
	f->layers[0] = f->layers[1];
	f->layers[1] = swapped;
	assert_int_equal(index_it(f).packages.at[2].layer, 0);
	assert_int_equal(stats_of(f).images, 3);
	f->layers[0].diff_id = f->layers[1].digest; /* not what its tar has */
	assert_false(index_it(f).complete);
	assert_int_equal(stats_of(f).images, 3);
	place_close(f, &p);
}

static void test_a_kept_image_that_is_not_one_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct place p = place_open(f);
	struct index_report first, second;

	linked_layers(f);
	first = index_it(f);
	replace_kept(f, &p, 2, "no report at all");
	second = index_it(f);
	same(&first, &second);
	take_bytes_away(f);
	second = index_it(f);
	same(&first, &second);
	place_close(f, &p);
}

/* Two archives store one tar differently: found by its DiffID, a layer has no digest that is another one's. */
static void test_stored_forms_of_one_tar(void **state)
{
	struct fixture *f = *state;
	struct place p = place_open(f);
	struct index_report r;

	tarball_file(&f->tars[0], "db/status", "a 1\n");
	finish(f, 1);
	f->layers[0].diff_id = f->layers[0].digest;
	f->layers[0].digest = (struct digest){ 0 };
	for (unsigned i = 0; i < 3; i++) {
		r = index_it(f);
		assert_int_equal(r.layers.at[0].digest.algo, DIGEST_NONE);
		assert_true(digest_eq(&r.layers.at[0].diff_id, &f->layers[0].diff_id));
		assert_int_equal(r.layers.at[0].bytes_stored, f->layers[0].len);
		f->layers[0].len += 512;
	}
	place_close(f, &p);
}

static int64_t tomorrow(void)
{
	return time(NULL) + 86400;
}

/* A file whose digest nobody says is hashed once, as long as it does not change. */
static void test_a_file_is_hashed_once(void **state)
{
	struct fixture *f = *state;
	struct place p = place_open(f);
	char other[80] = "sha256:";
	struct digest stored;
	uint64_t before;

	tarball_file(&f->tars[0], "db/status", "a 1\n");
	finish(f, 1);
	stored = f->layers[0].digest;
	f->layers[0].digest = (struct digest){ 0 };
	/* Too new to be known again. */
	assert_true(digest_eq(&index_it(f).layers.at[0].digest, &stored));
	before = stats_of(f).entries;
	f->env.now = tomorrow;
	assert_true(digest_eq(&index_it(f).layers.at[0].digest, &stored));
	assert_int_equal(stats_of(f).entries, before + 1);
	assert_true(digest_eq(&index_it(f).layers.at[0].digest, &stored));
	/* It is not hashed again, so what lies there counts: but not what is no digest. */
	memset(other + 7, 'a', 64);
	replace_kept(f, &p, 3, other);
	index_it(f);
	assert_int_equal(stats_of(f).images, 2);
	replace_kept(f, &p, 3, "sha256:none");
	assert_true(digest_eq(&index_it(f).layers.at[0].digest, &stored));
	/* One byte more at its end: another file. */
	assert_int_equal(pwrite(f->tars[0].fd, "\0", 1, (off_t)f->tars[0].buf.len), 1);
	f->layers[0].len++;
	assert_false(digest_eq(&index_it(f).layers.at[0].digest, &stored));
	place_close(f, &p);
}

static void test_incomplete_layers_are_not_kept(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/limpid-test-XXXXXX";
	struct store_options options = { .busy_ms = 1000, .cache_bytes = 1 << 24 };
	struct store_cache_stats stats;
	struct index_report r;
	struct err err = ERR_INIT;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(dir, &options, &f->env.cache, &err), STATUS_OK);
	tarball_file(&f->tars[0], "db/status", "a 1\n");
	finish(f, 1);
	f->layers[0].len = 700;
	assert_int_equal(
		digest_of(DIGEST_SHA256, slice_take(buf_slice(&f->tars[0].buf), 700), &f->layers[0].digest, &err),
		STATUS_OK);
	r = index_it(f);
	assert_false(r.complete);
	assert_int_equal(store_cache_stats(f->env.cache, &stats, &err), STATUS_OK);
	assert_int_equal(stats.entries, 0);
	store_close(f->env.cache);
	assert_int_equal(nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void test_the_same_layer_twice(void **state)
{
	struct fixture *f = *state;
	struct index_report r;

	tarball_file(&f->tars[0], "db/status", "a 1\n");
	finish(f, 1);
	f->layers[1] = f->layers[0];
	f->image.n_layers = 2;
	r = index_it(f);
	assert_int_equal(r.layers.len, 2);
	assert_int_equal(r.packages.len, 1);
	assert_int_equal(r.packages.at[0].layer, 0);
}

static void put(int dir, const char *path, const char *content)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

static void test_a_directory(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/limpid-test-XXXXXX";
	struct index_report r;
	int fd;

	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(fd, "db", 0755), 0);
	assert_int_equal(mkdirat(fd, "etc", 0755), 0);
	assert_int_equal(mkdirat(fd, "srv", 0755), 0);
	put(fd, "srv/real", "a 1\n!again\n");
	put(fd, "etc/os-release", "debian 12\n");
	/* One database under two names, each of which a rule wants. */
	assert_int_equal(mkdirat(fd, "rpm", 0755), 0);
	assert_int_equal(mkdirat(fd, "usr", 0755), 0);
	assert_int_equal(mkdirat(fd, "usr/lib", 0755), 0);
	assert_int_equal(mkdirat(fd, "usr/lib/rpm", 0755), 0);
	put(fd, "usr/lib/rpm/db", "b 2\n");
	put(fd, "usr/lib/rpm/db-wal", "c 2\n");
	assert_int_equal(linkat(fd, "usr/lib/rpm/db-wal", fd, "rpm/db-wal", 0), 0);
	assert_int_equal(linkat(fd, "usr/lib/rpm/db", fd, "rpm/db", 0), 0);
	/* Out of the root on the host, inside it in the image. */
	assert_int_equal(symlinkat("/srv/real", fd, "db/status"), 0);
	assert_int_equal(symlinkat("/etc", fd, "outside"), 0);
	assert_int_equal(symlinkat(".", fd, "srv/loop"), 0);
	assert_int_equal(mkfifoat(fd, "srv/pipe", 0644), 0);
	f->layers[0] = (struct image_layer){ .place = LAYER_DIRECTORY, .fd = fd };
	f->image.n_layers = 1;
	r = index_it(f);
	assert_true(r.complete);
	assert_int_equal(r.packages.len, 3);
	assert_int_equal(r.diags.len, 0);
	assert_int_equal(r.distributions.len, 1);
	assert_int_equal(r.manifest.algo, DIGEST_SHA256);
	close(fd);
	assert_int_equal(nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_link_to_another_layer_is_followed),
		TEST(test_a_dangling_link_is_told),
		TEST(test_in_process_gives_the_same),
		TEST(test_second_time_from_the_cache),
		TEST(test_an_image_is_kept),
		TEST(test_what_makes_an_image_another_one),
		TEST(test_a_kept_image_that_is_not_one_is_made_again),
		TEST(test_stored_forms_of_one_tar),
		TEST(test_a_file_is_hashed_once),
		TEST(test_incomplete_layers_are_not_kept),
		TEST(test_the_same_layer_twice),
		TEST(test_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
