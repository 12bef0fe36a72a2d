/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sqlite.c - the embedded engine's file: missing, older, newer, damaged, not writable, and a file system that is
 * full.
 *
 * With root's rights, other users are played by children that give them up, and full file systems by small ones in
 * memory; without, by folders without the right to write and by a limit of file sizes.
 */
#include "support.h"

#include "io/file.h"
#include "store/store_ops.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern const char *const store_schema[];

static const struct store_options reading = { .read_only = true, .busy_ms = 1000 };
static const struct store_options writing = { .busy_ms = 1000, .cache_bytes = 1 << 20 };

static void path_of(const char *dir, const char *name, char out[512])
{
	assert_in_range(snprintf(out, 512, "%s/%s", dir, name), 1, 511);
}

static void write_bytes(const char *dir, const char *name, struct slice bytes)
{
	char path[512];
	FILE *f;

	path_of(dir, name, path);
	f = fopen(path, "wb");
	assert_non_null(f);
	if (bytes.len > 0)
		assert_int_equal(fwrite(bytes.ptr, 1, bytes.len, f), bytes.len);
	assert_int_equal(fclose(f), 0);
}

static void read_bytes(const char *dir, const char *name, struct buf *out)
{
	char path[512];

	buf_reset(out);
	path_of(dir, name, path);
	check(file_read(path, out, &err));
}

/* A closed store with one source and one layer. */
static void make_store(const char *dir)
{
	struct store *s = place_open(dir);
	struct store_source in = some_source("a", 1);
	char ref[37];

	check(store_publish(s, &in, ref, &err));
	check(store_cache_put(s, SLICE("key"), SLICE("value"), &err));
	store_close(s);
}

static void expect_content(struct store *s)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf value = BUF_INIT(64);
	struct store_source want = some_source("a", 1), got;

	check(store_source_get(s, SLICE("a"), &arena, &got, &err));
	check_source(&got, &want);
	check(store_cache_get(s, SLICE("key"), &value, &err));
	check_slice(buf_slice(&value), "value");
	buf_fini(&value);
	arena_fini(&arena);
}

/* ---- what is there ---- */

static void test_missing(void **state)
{
	struct store *s;
	struct stat st;
	char path[512];

	check_fails(store_open(*state, &reading, &s, &err), STATUS_NOTFOUND, "state.db");
	path_of(*state, "deep/er", path);
	check_fails(store_open(path, &reading, &s, &err), STATUS_NOTFOUND, "state.db");
	assert_int_not_equal(stat(path, &st), 0); /* reading makes nothing */
	make_store(path);
	assert_int_equal(stat(path, &st), 0);
	path_of(*state, "deep/er/state.db", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0444, 0444 & ~umask(022));
	/* An empty file is one that was not set up. */
	write_bytes(*state, "state.db", SLICE_EMPTY);
	check_fails(store_open(*state, &reading, &s, &err), STATUS_NOTFOUND, "has not been set up yet");
	make_store(*state);
	check(store_open(*state, &reading, &s, &err));
	expect_content(s);
	store_close(s);
}

static void test_not_a_file(void **state)
{
	struct store *s;
	char path[512];

	path_of(*state, "state.db", path);
	check(file_mkdirs(path, &err));
	assert_int_not_equal(store_open(*state, &writing, &s, &err), STATUS_OK);
	assert_non_null(strstr(err.msg, "state.db"));
	assert_int_not_equal(store_open(*state, &reading, &s, &err), STATUS_OK);
	/* The folder itself is a file. */
	write_bytes(*state, "file", SLICE("x"));
	path_of(*state, "file", path);
	assert_int_not_equal(store_open(path, &writing, &s, &err), STATUS_OK);
	assert_non_null(strstr(err.msg, "cannot create the directory"));
}

static void run_sql(const char *dir, const char *sql)
{
	char path[512];
	sqlite3 *db;

	path_of(dir, "state.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void test_newer(void **state)
{
	struct buf before = BUF_INIT(1 << 24), after = BUF_INIT(1 << 24);
	struct store *s;

	make_store(*state);
	run_sql(*state, "PRAGMA user_version = 99");
	read_bytes(*state, "state.db", &before);
	check_fails(store_open(*state, &writing, &s, &err), STATUS_UNSUPPORTED, "written by a newer limpid (schema 99");
	check_fails(store_open(*state, &reading, &s, &err), STATUS_UNSUPPORTED, "written by a newer limpid (schema 99");
	read_bytes(*state, "state.db", &after);
	assert_true(slice_eq(buf_slice(&before), buf_slice(&after)));
	buf_fini(&before);
	buf_fini(&after);
}

/* A manifest with a report as every version from 5 to 8 has written it. */
static void old_manifest(const char *dir)
{
	static const char sql[] =
		"INSERT INTO manifest (id, put, digest, success, created, updated, state, indexer_state, error, "
		"groups, layers) VALUES (1, 1, ?1, 1, 5, 5, 'IndexFinished', 'state', '', x'01', x''); ";
	struct buf packed = BUF_INIT(1 << 20);
	uint8_t key[STORE_DIGEST_BYTES];
	struct digest d = some_digest(1);
	sqlite3_stmt *q = NULL;
	char path[512];
	sqlite3 *db;

	run_sql(dir,
		"INSERT INTO package (id, key, type, name, version, source_name, source_version, arch, module, scope) "
		"VALUES "
		"(1, x'00112233445566778899aabbccddeeff', 'deb', 'libc6', '2.36', 'glibc', '2.36', 'amd64', '', "
		"'debian:12');"
		"INSERT INTO package_group (id, key, packages) VALUES (1, x'10112233445566778899aabbccddeeff', x'01');"
		"INSERT INTO group_of_package VALUES (1, 1); INSERT INTO manifest_of_group VALUES (1, 1)");
	check(store_report_pack(SLICE("{\"old\":\"report\"}"), NULL, &packed, &err));
	path_of(dir, "state.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	sqlite3_bind_blob(q, 1, key, (int)store_digest_pack(&d, key), SQLITE_STATIC);
	assert_int_equal(sqlite3_step(q), SQLITE_DONE);
	sqlite3_finalize(q);
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO manifest_report VALUES (1, ?)", -1, &q, NULL), SQLITE_OK);
	sqlite3_bind_blob(q, 1, packed.ptr, (int)packed.len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(q), SQLITE_DONE);
	sqlite3_finalize(q);
	sqlite3_close(db);
	buf_fini(&packed);
}

/* It is what it was, and its packages are found; put again, and deleted, it goes with all it had. */
static void check_old_manifest(struct store *s)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf report = BUF_INIT(1 << 20);
	struct digest d = some_digest(1);
	struct store_package_row *rows;
	struct store_affected *found;
	struct store_manifest m;
	bool deleted = false;
	size_t n;

	check(store_manifest_get(s, &d, &arena, &m, &report, &err));
	check_slice(buf_slice(&report), "{\"old\":\"report\"}");
	check_slice(m.indexer_state, "state");
	check(store_packages_named(s, SLICE("glibc"), 0, 10, &arena, &rows, &n, &err));
	assert_int_equal(n, 1);
	check_slice(rows[0].package.name, "libc6");
	check_slice(rows[0].package.scope, "debian:12");
	check(store_manifests_with(s, &rows[0].id, 1, 0, 10, &arena, &found, &n, &err));
	assert_int_equal(n, 1);
	assert_true(digest_eq(&found[0].digest, &d));
	check(store_manifests_delete(s, &d, 1, &deleted, &err));
	assert_true(deleted);
	check(store_packages_named(s, SLICE("glibc"), 0, 10, &arena, &rows, &n, &err));
	assert_int_equal(n, 0);
	buf_fini(&report);
	arena_fini(&arena);
}

/* Every older version comes up to today's with its sources, and with its manifests. */
static void test_older(void **state)
{
	for (int version = 1; store_schema[version]; version++) {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct store_source got;
		struct store *s;
		char dir[256], path[512], pragma[64];

		snprintf(dir, sizeof(dir), "%s/v%d", (const char *)*state, version);
		check(file_mkdirs(dir, &err));
		path_of(dir, "state.db", path);
		for (int i = 0; i < version; i++)
			run_sql(dir, store_schema[i]);
		snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", version);
		run_sql(dir, pragma);
		run_sql(dir, "INSERT INTO source (name, feed, url, segment, etag, last_modified, document, "
			     "format_version, records, "
			     "error, held_back) VALUES ('old', 'feed', 'url', '', '', '', '', '', 7, '', '')");
		if (version >= 5 && version < 9)
			old_manifest(dir);
		check_fails(store_open(dir, &reading, &s, &err), STATUS_UNSUPPORTED, "written by an older limpid");
		check(store_open(dir, &writing, &s, &err));
		check(store_source_get(s, SLICE("old"), &arena, &got, &err));
		assert_int_equal(got.records, 7);
		if (version >= 5 && version < 9)
			check_old_manifest(s);
		check(store_cache_put(s, SLICE("k"), SLICE("v"), &err));
		store_close(s);
		check(store_open(dir, &reading, &s, &err));
		store_close(s);
		arena_fini(&arena);
	}
}

static int64_t rows_of(const char *dir, const char *table)
{
	char path[512], sql[64];
	sqlite3_stmt *q = NULL;
	int64_t n;
	sqlite3 *db;

	path_of(dir, "state.db", path);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	n = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return n;
}

/* Names go with the last package that has them; kinds, when there are many, some time after. */
static void test_names_are_collected(void **state)
{
	static struct store_package packages[1100];
	static char scopes[1100][24];
	struct store_group group = { packages, ARRAY_LEN(packages) };
	struct store_manifest m = { .digest = some_digest(1), .state = SLICE("IndexFinished"), .success = true };
	struct store *s = place_open(*state);
	struct store_collected collected;
	bool deleted;

	for (size_t i = 0; i < ARRAY_LEN(packages); i++) {
		snprintf(scopes[i], sizeof(scopes[i]), "distribution:%zu", i);
		packages[i] = (struct store_package){ .type = SLICE("deb"),
						      .name = slice_cstr(scopes[i % 7]),
						      .version = SLICE("1"),
						      .source_name = slice_cstr(scopes[i % 11]),
						      .scope = slice_cstr(scopes[i]) };
	}
	check(store_manifest_put(s, &m, SLICE("{}"), &group, 1, &err));
	assert_int_equal(rows_of(*state, "name"), 11);
	assert_int_equal(rows_of(*state, "package_kind"), 1100);
	check(store_collect(s, &collected, &err));
	assert_int_equal(rows_of(*state, "package_kind"), 1100);
	check(store_manifests_delete(s, &m.digest, 1, &deleted, &err));
	assert_int_equal(rows_of(*state, "package"), 0);
	assert_int_equal(rows_of(*state, "name"), 0);
	check(store_collect(s, &collected, &err));
	assert_int_equal(rows_of(*state, "package_kind"), 0);
	store_close(s);
}

/* ---- damage ---- */

/* Nothing that is damaged is changed or thrown away by opening it. */
static void expect_damaged(const char *dir, struct slice bytes)
{
	struct buf after = BUF_INIT(1 << 24);
	struct store *s;

	write_bytes(dir, "state.db", bytes);
	check_fails(store_open(dir, &writing, &s, &err), STATUS_MALFORMED,
		    "move it away; limpid update makes a new one");
	check_fails(store_open(dir, &reading, &s, &err), STATUS_MALFORMED, "move it away");
	assert_non_null(strstr(err.msg, "state.db is damaged"));
	read_bytes(dir, "state.db", &after);
	assert_true(slice_eq(buf_slice(&after), bytes));
	buf_fini(&after);
}

static void test_damaged(void **state)
{
	struct buf file = BUF_INIT(1 << 24);
	uint8_t noise[8192];
	char whole[512];

	fill_noise(noise, sizeof(noise), 1);
	expect_damaged(*state, slice_make(noise, sizeof(noise)));
	expect_damaged(*state, SLICE("this is no database, but it is longer than the hundred bytes of a header "
				     "of SQLite, so that nobody takes it for an empty one"));
	path_of(*state, "whole", whole);
	make_store(whole);
	read_bytes(whole, "state.db", &file);
	memset(file.ptr, 0, 16);
	expect_damaged(*state, buf_slice(&file));
	buf_fini(&file);
}

/* Opening a pipe would wait for somebody who writes. */
static void test_pipe_and_directory(void **state)
{
	struct store *s;
	char path[512];

	path_of(*state, "state.db", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (unsigned i = 0; i < 2; i++) {
		check_fails(store_open(*state, &writing, &s, &err), STATUS_MALFORMED, "state.db is not a file");
		check_fails(store_open(*state, &reading, &s, &err), STATUS_MALFORMED, "state.db is not a file");
		assert_int_equal(remove(path), 0);
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

/* Any page overwritten: each call answers rightly or says that the file is damaged; none crashes or makes things up. */
static void test_damaged_pages(void **state)
{
	struct buf file = BUF_INIT(1 << 24);
	struct store_source want = some_source("a", 1);
	size_t said = 0;

	make_store(*state);
	read_bytes(*state, "state.db", &file);
	for (size_t page = 0; page < file.len; page += 512) {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct buf value = BUF_INIT(4096);
		struct store_source got;
		struct store *s;
		uint8_t kept[512];
		enum status st;

		memcpy(kept, file.ptr + page, sizeof(kept));
		fill_noise(file.ptr + page + (page ? 0 : 100), page ? 512 : 412, page);
		write_bytes(*state, "state.db", buf_slice(&file));
		memcpy(file.ptr + page, kept, sizeof(kept));
		st = store_open(*state, &reading, &s, &err);
		if (st == STATUS_OK) {
			st = store_source_get(s, SLICE("a"), &arena, &got, &err);
			if (st == STATUS_OK)
				check_source(&got, &want);
			if (store_cache_get(s, SLICE("key"), &value, &err) == STATUS_OK)
				check_slice(buf_slice(&value), "value");
			store_close(s);
		}
		said += st == STATUS_MALFORMED;
		assert_true(st == STATUS_OK || err.msg[0] != '\0');
		buf_fini(&value);
		arena_fini(&arena);
	}
	assert_true(said > 2);
	buf_fini(&file);
}

/* A cached layer that is not what was put is dropped: it will be read again. */
static void test_damaged_layer(void **state)
{
	struct buf value = BUF_INIT(64);
	struct store_cache_stats stats;
	struct store *s;

	make_store(*state);
	run_sql(*state, "UPDATE kept SET value = x'00112233'");
	s = place_open(*state);
	check_fails(store_cache_get(s, SLICE("key"), &value, &err), STATUS_NOTFOUND, "damaged and is dropped");
	assert_int_equal(value.len, 0);
	check(store_cache_stats(s, &stats, &err));
	assert_int_equal(stats.entries, 0);
	store_close(s);
	make_store(*state);
	run_sql(*state, "UPDATE kept SET sum = sum + 1");
	s = place_open(*state);
	check_fails(store_cache_get(s, SLICE("key"), &value, &err), STATUS_NOTFOUND, "damaged and is dropped");
	store_close(s);
	make_store(*state);
	run_sql(*state, "UPDATE kept SET size = 1 << 40");
	s = place_open(*state);
	check_fails(store_cache_get(s, SLICE("key"), &value, &err), STATUS_NOTFOUND, "damaged and is dropped");
	store_close(s);
	buf_fini(&value);
}

/* ---- rights ---- */

static const char *const files[] = { "state.db", "state.db-wal", "state.db-shm" };

static void change_modes(const char *dir, mode_t folder, mode_t file)
{
	char path[512];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path_of(dir, files[i], path);
		chmod(path, file); /* not all of them are there */
	}
	if (chmod(dir, folder) != 0)
		_exit(97);
}

/* In a child: become somebody who may read but not write below dir. */
static void give_up_rights(const char *dir)
{
	char path[512];

	if (geteuid() != 0)
		change_modes(dir, 0555, 0444);
	else if (chmod(dir, 0755) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
		_exit(97);
	path_of(dir, "probe", path);
	if (open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0)
		_exit(96);
}

/* In the parent, after such a child. */
static void expect_success_of_another(int (*fn)(void *ctx), char *dir)
{
	expect_success(start_child(fn, dir));
	change_modes(dir, 0755, 0644);
}

static int read_as_another(void *ctx)
{
	struct store *s;

	give_up_rights(ctx);
	check(store_open(ctx, &reading, &s, &err));
	expect_content(s);
	if (store_cache_put(s, SLICE("new"), SLICE("x"), &err) == STATUS_OK)
		return 2;
	store_close(s);
	if (store_open(ctx, &writing, &s, &err) == STATUS_OK)
		return 3;
	return strstr(err.msg, "state.db") ? 0 : 4;
}

static void test_folder_of_somebody_else(void **state)
{
	char odd[256];

	make_store(*state);
	expect_success_of_another(read_as_another, *state);
	/* A name that an URI would misread. */
	snprintf(odd, sizeof(odd), "%s/50%%25 ?mode=rw #1", (const char *)*state);
	chmod(*state, 0755);
	make_store(odd);
	expect_success_of_another(read_as_another, odd);
}

/* Its owner has it open at the moment, and has written. */
static void test_while_its_owner_writes(void **state)
{
	struct store *s;

	make_store(*state);
	s = place_open(*state);
	check(store_cache_put(s, SLICE("more"), SLICE("x"), &err));
	expect_success_of_another(read_as_another, *state);
	store_close(s);
}

static int write_and_die(void *ctx)
{
	make_store(ctx);
	/* Open again, write, and never close: the log stays. */
	check(store_cache_put(place_open(ctx), SLICE("more"), SLICE("x"), &err));
	kill(getpid(), SIGKILL);
	return 1;
}

static int expect_refusal(void *ctx)
{
	struct store *s;

	give_up_rights(ctx);
	check_fails(store_open(ctx, &reading, &s, &err), STATUS_IO, "changes in its log that are not in place yet");
	return 0;
}

/* Its owner was killed: the log is read. Where a half of the log is lost, nobody pretends to know. */
static void test_after_its_owner_died(void **state)
{
	struct store *s;
	struct stat st;
	char path[512];
	int status;
	pid_t child = start_child(write_and_die, *state);

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	path_of(*state, "state.db-wal", path);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 0);
	expect_success_of_another(read_as_another, *state);
	path_of(*state, "state.db-shm", path);
	assert_int_equal(unlink(path), 0);
	expect_success_of_another(expect_refusal, *state);
	/* As the message says: whoever may write there puts it in place. */
	s = place_open(*state);
	store_close(s);
	expect_success_of_another(read_as_another, *state);
}

static int expect_no_right_to_read(void *ctx)
{
	struct store *s;
	char path[512];

	give_up_rights(ctx);
	path_of(ctx, "state.db", path);
	chmod(path, 0); /* where the child is the owner */
	check_fails(store_open(ctx, &reading, &s, &err), STATUS_IO, "Permission denied");
	return 0;
}

static void test_unreadable(void **state)
{
	char path[512];

	make_store(*state);
	path_of(*state, "state.db", path);
	assert_int_equal(chmod(path, 0), 0);
	expect_success_of_another(expect_no_right_to_read, *state);
}

/* ---- a full file system ---- */

/* 1 MiB for the child alone: false where that is not allowed, then files may not grow past as much. */
static bool make_small(const char *dir)
{
	struct rlimit limit = { 300 << 10, 300 << 10 };

	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("limpid-test", dir, "tmpfs", 0, "size=1m") == 0)
		return true;
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(97);
	return false;
}

static int fill_up(void *ctx)
{
	static uint8_t noise[60000];
	struct store *s;
	enum status st = STATUS_OK;
	char key[32], ref[37];
	unsigned n = 0;
	struct store_source next = some_source("b", 2);

	make_small(ctx);
	make_store(ctx);
	s = place_open_with(ctx, (struct store_options){ .cache_bytes = 1 << 30 });
	for (; st == STATUS_OK && n < 100; n++) {
		fill_noise(noise, sizeof(noise), n);
		snprintf(key, sizeof(key), "k%u", n);
		st = store_cache_put(s, slice_cstr(key), slice_make(noise, sizeof(noise)), &err);
	}
	check_fails(st, STATUS_IO, "state.db");
	if (n < 3)
		return 2;
	/* What was there before is there, and reading goes on. */
	expect_content(s);
	store_close(s);
	s = place_open(ctx);
	expect_content(s);
	/* Room is made, and writing goes on. */
	if (store_cache_gc(s, INT64_MAX, SLICE("|"), &(uint64_t){ 0 }, &err) == STATUS_OK)
		check(store_publish(s, &next, ref, &err));
	store_close(s);
	return 0;
}

static void test_full(void **state)
{
	expect_success(start_child(fill_up, *state));
}

static enum status put_manifest(struct store *s, uint32_t number)
{
	static uint8_t noise[20000];
	struct store_package packages[50] = { { .name = SLICE("a") } };
	struct store_manifest m = { .digest = some_digest(number) };

	fill_noise(noise, sizeof(noise), number);
	for (size_t i = 0; i < 50; i++)
		packages[i].version = slice_make(noise + 20 * i, 20);
	return store_manifest_put(s, &m, slice_make(noise, sizeof(noise)), &(struct store_group){ packages, 50 }, 1,
				  &err);
}

/* Manifests until the disk is full: those that were acknowledged are whole, the one that was not has left nothing. */
static int fill_up_with_manifests(void *ctx)
{
	struct arena arena = ARENA_INIT((size_t)1 << 24);
	struct store_package_row *rows;
	struct store_affected *found;
	struct store_size sizes[STORE_SIZES];
	struct buf report = BUF_INIT(30000);
	struct store_manifest m;
	uint32_t n = 0;
	struct store *s;
	size_t have;
	bool mounted, gone;

	mounted = make_small(ctx);
	s = place_open(ctx);
	while (n < 1000 && put_manifest(s, n) == STATUS_OK)
		n++;
	if (n < 3 || n == 1000)
		return 2;
	check_fails(put_manifest(s, n), STATUS_IO, "state.db");
	store_close(s);
	s = place_open(ctx);
	for (uint32_t i = 0; i < n; i++) {
		struct digest d = some_digest(i);

		buf_reset(&report);
		check(store_manifest_get(s, &d, &arena, &m, &report, &err));
		if (report.len != 20000)
			return 3;
	}
	check(store_sizes(s, sizes, &have, &err));
	if (sizes[0].rows != n || sizes[2].rows != 50 * n)
		return 4;
	check(store_packages_named(s, SLICE("a"), 0, 1, &arena, &rows, &have, &err));
	check(store_manifests_with(s, &rows[0].id, 1, 0, 10, &arena, &found, &have, &err));
	if (have != 1)
		return 5;
	/* Room is made, and writing goes on. */
	if (mounted && mount("limpid-test", ctx, "tmpfs", MS_REMOUNT, "size=4m") == 0) {
		check(put_manifest(s, n));
		check(store_manifests_delete(s, (struct digest[]){ some_digest(0) }, 1, &gone, &err));
	}
	store_close(s);
	return 0;
}

static void test_full_of_manifests(void **state)
{
	expect_success(start_child(fill_up_with_manifests, *state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_missing),
		TEST(test_not_a_file),
		TEST(test_newer),
		TEST(test_older),
		TEST(test_names_are_collected),
		TEST(test_damaged),
		TEST(test_damaged_pages),
		TEST(test_damaged_layer),
		TEST(test_folder_of_somebody_else),
		TEST(test_while_its_owner_writes),
		TEST(test_after_its_owner_died),
		TEST(test_unreadable),
		TEST(test_pipe_and_directory),
		TEST(test_full),
		TEST(test_full_of_manifests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
