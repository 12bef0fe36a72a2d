/* SPDX-License-Identifier: Apache-2.0 */
/* test_scan.c - one layer: what is found, what is remembered for coalescing, what a broken layer says. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/scan.h"

#include "fakes.h"
#include "layers.h"

struct fixture {
	struct tarball tar;
	struct rules *rules;
	struct arena arena;
	struct layer_report report;
	struct limits limits;
	struct image_layer layer;
	struct scan_alias alias;
	size_t n_aliases;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	size_t n;
	const struct detector *const *list = detectors(&n);

	f->tar = tarball_begin();
	f->arena = (struct arena)ARENA_INIT((size_t)64 << 20);
	f->limits = limits_default;
	if (rules_compile(list, n, &f->rules, &err) != STATUS_OK)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tarball_fini(&f->tar);
	rules_free(f->rules);
	arena_fini(&f->arena);
	free(f);
	return 0;
}

static void scan_fd(struct fixture *f)
{
	struct scan_job job = { .layer = &f->layer,
				.rules = f->rules,
				.limits = &f->limits,
				.aliases = &f->alias,
				.n_aliases = f->n_aliases,
				.verify_diff_id = true,
				.threads = true };
	struct err err = ERR_INIT;

	assert_int_equal(scan_layer(&job, &f->arena, &f->report, &err), STATUS_OK);
}

static void scan(struct fixture *f)
{
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	scan_fd(f);
}

static bool has_package(const struct fixture *f, const char *name, const char *version, const char *path)
{
	for (size_t i = 0; i < f->report.packages.len; i++) {
		const struct package *p = &f->report.packages.at[i];

		if (slice_eq(p->name, slice_cstr(name)) && slice_eq(p->version, slice_cstr(version)) &&
		    slice_eq(p->path, slice_cstr(path)))
			return true;
	}
	return false;
}

/* What the layer has, a directory in each line: its path, a blank, its names. */
static void check_tree(const struct fixture *f, const char *want)
{
	struct buf got = BUF_INIT((size_t)1 << 20);

	for (size_t i = 0; i < f->report.tree.len; i++)
		buf_printf(&got, "%.*s %.*s\n", SLICE_ARG(f->report.tree.at[i].path),
			   SLICE_ARG(f->report.tree.at[i].names));
	if (!slice_eq(buf_slice(&got), slice_cstr(want)))
		fail_msg("got:\n%.*swant:\n%s", SLICE_ARG(buf_slice(&got)), want);
	buf_fini(&got);
}

static size_t count_diags(const struct fixture *f, enum diag_code code)
{
	size_t n = 0;

	for (size_t i = 0; i < f->report.diags.len; i++)
		n += f->report.diags.at[i].code == code;
	return n;
}

static void test_packages_of_all_kinds(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "./db/status", "a 1\nb 2\n");
	tarball_file(&f->tar, "/db/status.d/c", "c 3\n");
	tarball_file(&f->tar, "opt/x.info/META", "lib 4\n");
	tarball_file(&f->tar, "usr/bin/prog",
		     "PROG0100....................................................................."
		     ".......................the-name rest");
	tarball_file(&f->tar, "etc/os-release", "test 9\n");
	scan(f);
	assert_true(f->report.complete);
	assert_int_equal(f->report.packages.len, 5);
	assert_true(has_package(f, "a", "1", "db/status"));
	assert_true(has_package(f, "c", "3", "db/status.d/c"));
	assert_true(has_package(f, "lib", "4", "opt/x.info/META"));
	assert_true(has_package(f, "the-name", "PROG", "usr/bin/prog"));
	assert_int_equal(f->report.distributions.len, 1);
	assert_int_equal(f->report.entries, 5);
	assert_int_equal(f->report.bytes_tar, f->tar.buf.len);
	/* A plain tar: stored bytes and tar are the same. */
	assert_true(digest_eq(&f->report.digest, &f->report.diff_id));
}

static void test_last_entry_of_a_name_wins(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "old 1\n!owned usr/bin/old\n");
	tarball_file(&f->tar, "x.info/META", "keep 1\n");
	tarball_file(&f->tar, "db/status", "new 2\n!owned usr/bin/new\n");
	tarball_file(&f->tar, "y.info/META", "gone 1\n");
	tarball_add(&f->tar, '2', "y.info/META", "/nowhere", NULL, 0);
	scan(f);
	assert_int_equal(f->report.packages.len, 2);
	assert_true(has_package(f, "new", "2", "db/status"));
	assert_true(has_package(f, "keep", "1", "x.info/META"));
	assert_int_equal(f->report.owned.len, 1);
	assert_true(slice_eq(f->report.owned.at[0].path, SLICE("usr/bin/new")));
	assert_int_equal(f->report.files.len, 2);
}

static void test_whiteouts_links_directories(void **state)
{
	struct fixture *f = *state;

	tarball_add(&f->tar, '5', "db/", NULL, NULL, 0);
	tarball_add(&f->tar, '5', "srv/deep/", NULL, NULL, 0);
	tarball_file(&f->tar, "a/.wh.b", "");
	tarball_file(&f->tar, ".wh.top", "");
	tarball_file(&f->tar, "a/.wh..wh..opq", "");
	tarball_file(&f->tar, ".wh..wh.plnk", "");
	tarball_add(&f->tar, '2', "lib", "usr/lib", NULL, 0);
	tarball_add(&f->tar, '3', "c/device", NULL, NULL, 0);
	tarball_add(&f->tar, '3', "dev/null", NULL, NULL, 0);
	scan(f);
	assert_int_equal(f->report.whiteouts.len, 2);
	assert_true(slice_eq(f->report.whiteouts.at[0], SLICE("a/b")));
	assert_true(slice_eq(f->report.whiteouts.at[1], SLICE("top")));
	assert_int_equal(f->report.opaques.len, 1);
	assert_true(slice_eq(f->report.opaques.at[0], SLICE("a")));
	assert_int_equal(f->report.links.len, 1);
	assert_true(slice_eq(f->report.links.at[0].target, SLICE("usr/lib")));
	check_tree(f, " lib\na \nc device\ndb \ndev null\nsrv/deep \n");
}

/* A later entry replaces an earlier one and all below it, but a directory a directory. */
static void test_kinds_change_in_a_layer(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "gone/x.info/META", "a 1\n");
	tarball_file(&f->tar, "gone/rpm/db", "a 2\n");
	tarball_add(&f->tar, '2', "gone/link", "x", NULL, 0);
	tarball_file(&f->tar, "gone/.wh.w", "");
	tarball_file(&f->tar, "gone/.wh..wh..opq", "");
	tarball_file(&f->tar, "gone", "a file");
	tarball_file(&f->tar, "stays/x.info/META", "b 1\n");
	tarball_add(&f->tar, '5', "stays", NULL, NULL, 0);
	tarball_file(&f->tar, "back/x.info/META", "c 1\n");
	tarball_add(&f->tar, '2', "back", "stays", NULL, 0);
	tarball_add(&f->tar, '5', "back", NULL, NULL, 0);
	tarball_file(&f->tar, "back/y.info/META", "d 1\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 2);
	assert_true(has_package(f, "b", "1", "stays/x.info/META"));
	assert_true(has_package(f, "d", "1", "back/y.info/META"));
	assert_int_equal(f->report.links.len + f->report.whiteouts.len + f->report.opaques.len, 0);
	check_tree(f, " gone\nback/y.info META\nstays/x.info META\n");
}

/* What is written through a link of the same layer lies where that leads; who names the link's path exactly reads it.
 */
static void test_written_through_own_links(void **state)
{
	struct fixture *f = *state;

	tarball_add(&f->tar, '2', "lib", "usr/lib", NULL, 0);
	tarball_add(&f->tar, '2', "usr/lib/up", "../../opt/./x/..", NULL, 0);
	tarball_add(&f->tar, '2', "db", "/srv/data", NULL, 0);
	tarball_file(&f->tar, "lib/x.info/META", "a 1\n");
	tarball_file(&f->tar, "lib/up/y.info/META", "b 1\n");
	tarball_file(&f->tar, "db/status", "c 1\n");
	tarball_add(&f->tar, '2', "one", "two", NULL, 0);
	tarball_add(&f->tar, '2', "two", "one", NULL, 0);
	tarball_file(&f->tar, "one/z.info/META", "d 1\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 4);
	assert_true(has_package(f, "a", "1", "usr/lib/x.info/META"));
	assert_true(has_package(f, "b", "1", "opt/y.info/META"));
	assert_true(has_package(f, "c", "1", "srv/data/status"));
	assert_true(slice_eq(f->report.packages.at[2].alias, SLICE("db/status")));
	assert_int_equal(count_diags(f, DIAG_ARCHIVE), 1); /* a circle */
	check_tree(f, " db/lib/one/two\nopt/x \nopt/y.info META\nsrv/data status\nusr/lib up\nusr/lib/x.info META\n");
}

/* The mark of a deletion is an entry: a later one of its name takes its place, an earlier one stays. */
static void test_whiteouts_and_entries(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, ".wh.first", "");
	tarball_add(&f->tar, '5', "first", NULL, NULL, 0);
	tarball_add(&f->tar, '5', "second", NULL, NULL, 0);
	tarball_file(&f->tar, ".wh.second", "");
	scan(f);
	assert_int_equal(f->report.whiteouts.len, 1);
	assert_true(slice_eq(f->report.whiteouts.at[0], SLICE("second")));
	check_tree(f, "first \nsecond \n");
}

/* The bytes are those that the name had when the link was made. */
static void test_hard_link_between_two_versions(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "srv/a", "old 1\n");
	tarball_add(&f->tar, '1', "x.info/META", "srv/a", NULL, 0);
	tarball_file(&f->tar, "srv/a", "new 2\n");
	tarball_add(&f->tar, '1', "y.info/META", "srv/a", NULL, 0);
	tarball_add(&f->tar, '1', "z.info/META", "x.info/META", NULL, 0);
	scan(f);
	assert_int_equal(f->report.packages.len, 3);
	assert_true(has_package(f, "old", "1", "x.info/META"));
	assert_true(has_package(f, "new", "2", "y.info/META"));
	assert_true(has_package(f, "old", "1", "z.info/META"));
}

static void test_hard_links_to_others(void **state)
{
	struct fixture *f = *state;

	tarball_add(&f->tar, '2', "srv/link", "../db/real", NULL, 0);
	tarball_add(&f->tar, '1', "db/status", "srv/link", NULL, 0); /* becomes that link */
	tarball_add(&f->tar, '1', "x.info/META", "of/lower", NULL, 0);
	tarball_add(&f->tar, '1', "opt/data", "of/lower", NULL, 0);
	scan(f);
	assert_int_equal(f->report.links.len, 4);
	assert_true(slice_eq(f->report.links.at[1].path, SLICE("db/status")));
	assert_true(slice_eq(f->report.links.at[1].target, SLICE("../db/real")));
	assert_false(f->report.links.at[1].hard);
	assert_true(slice_eq(f->report.links.at[2].target, SLICE("of/lower")));
	assert_true(f->report.links.at[2].hard);
	check_tree(f, "db status\nopt data\nsrv link\nx.info META\n");
}

static void test_too_many_names(void **state)
{
	struct fixture *f = *state;

	f->limits.layer_names = 90;
	for (unsigned i = 0; i < 20; i++) {
		char path[64];

		snprintf(path, sizeof(path), "opt/name-%02u.info/META", i);
		tarball_file(&f->tar, path, "a 1\n");
	}
	scan(f);
	assert_true(f->report.complete);
	assert_int_equal(f->report.packages.len, 20);
	assert_int_equal(count_diags(f, DIAG_LIMIT), 1);
	assert_in_range(f->report.tree.len, 3, 8);
}

static void test_hard_link_to_an_unwanted_name(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "srv/real", "a 1\n");
	tarball_add(&f->tar, '1', "db/status", "srv/real", NULL, 0);
	scan(f);
	assert_true(f->report.complete);
	assert_true(has_package(f, "a", "1", "db/status"));
	assert_int_equal(f->report.files.len, 1);
}

/* A second name of a program that was recognised is read again; one of a program that was not is just a name. */
static void test_hard_links_to_programs(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "bin/known", "PROG0008prog-one");
	tarball_add(&f->tar, '1', "bin/known2", "bin/known", "PROG", 0);
	tarball_file(&f->tar, "bin/other", "PROX other");
	tarball_add(&f->tar, '1', "bin/other2", "bin/other", "PROG", 0);
	tarball_add(&f->tar, '1', "bin/data", "bin/other", NULL, 0);
	scan(f);
	assert_true(has_package(f, "prog-one", "PROG", "bin/known"));
	assert_true(has_package(f, "prog-one", "PROG", "bin/known2"));
	assert_int_equal(f->report.packages.len, 2);
	check_tree(f, "bin data/known/known2/other/other2\n");
}

/* Coalescing takes one of them: the link says which are the same. */
static void test_one_database_under_two_names(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "usr/lib/rpm/db", "a 1\n");
	tarball_file(&f->tar, "usr/lib/rpm/db-wal", "b 1\n");
	tarball_add(&f->tar, '1', "rpm/db", "usr/lib/rpm/db", NULL, 0);
	tarball_add(&f->tar, '1', "rpm/db-wal", "usr/lib/rpm/db-wal", NULL, 0);
	scan(f);
	assert_int_equal(f->report.packages.len, 4);
	assert_true(has_package(f, "b", "1", "rpm/db"));
	assert_true(f->report.links.at[0].hard);
	assert_true(slice_eq(f->report.links.at[0].target, SLICE("usr/lib/rpm/db")));
	assert_int_equal(f->report.diags.len, 0);
}

static void test_companion_before_and_after(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "rpm/db-wal", "late 2\n");
	tarball_file(&f->tar, "rpm/db", "a 1\n");
	tarball_file(&f->tar, "usr/lib/rpm/db", "b 1\n");
	tarball_file(&f->tar, "usr/lib/rpm/db-wal", "later 2\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 4);
	assert_true(has_package(f, "late", "2", "rpm/db"));
	assert_true(has_package(f, "later", "2", "usr/lib/rpm/db"));
}

static void test_companion_through_links(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "srv/real", "a 1\n");
	tarball_file(&f->tar, "srv/log", "late 2\n");
	tarball_add(&f->tar, '1', "rpm/db", "srv/real", NULL, 0);
	tarball_add(&f->tar, '1', "rpm/db-wal", "srv/log", NULL, 0);
	tarball_file(&f->tar, "usr/lib/rpm/db-wal", "later 2\n");
	tarball_add(&f->tar, '1', "usr/lib/rpm/db", "srv/real", NULL, 0);
	scan(f);
	assert_int_equal(f->report.packages.len, 4);
	assert_true(has_package(f, "late", "2", "rpm/db"));
	assert_true(has_package(f, "later", "2", "usr/lib/rpm/db"));
	assert_int_equal(f->report.diags.len, 0);
}

static void test_companion_of_an_alias(void **state)
{
	struct fixture *f = *state;

	f->alias = (struct scan_alias){ SLICE("srv/db"), SLICE("rpm/db"), false, false };
	f->n_aliases = 1;
	tarball_file(&f->tar, "srv/db", "a 1\n");
	tarball_file(&f->tar, "srv/db-wal", "late 2\n");
	tarball_file(&f->tar, "srv/db-shm", "no 1\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 2);
	assert_true(has_package(f, "late", "2", "srv/db"));
}

static void test_waiting_file_is_replaced(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 100; i++)
		tarball_file(&f->tar, "rpm/db", "old 1\n");
	tarball_file(&f->tar, "rpm/db-wal", "old 2\n");
	tarball_file(&f->tar, "rpm/db", "a 1\n");
	tarball_file(&f->tar, "rpm/db-wal", "late 2\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 2);
	assert_true(has_package(f, "a", "1", "rpm/db"));
	assert_true(has_package(f, "late", "2", "rpm/db"));
}

static void test_companion_alone_is_told(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "rpm/db-wal", "late 2\n");
	tarball_file(&f->tar, "usr/lib/rpm/db-wal", "");
	scan(f);
	assert_int_equal(f->report.packages.len, 0);
	assert_int_equal(count_diags(f, DIAG_UNSUPPORTED), 1);
	assert_true(slice_eq(f->report.diags.at[0].where, SLICE("rpm/db-wal")));
}

static void test_again_reads_the_whole_file_once_more(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "!again\na 1\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 1);
	assert_int_equal(f->report.files.len, 1);
	assert_true(f->report.files.at[0].read);
}

static void test_alias_reads_a_file_as_another(void **state)
{
	struct fixture *f = *state;

	f->alias = (struct scan_alias){ SLICE("srv/real"), SLICE("db/status"), false, false };
	f->n_aliases = 1;
	tarball_file(&f->tar, "srv/real", "a 1\n");
	scan(f);
	assert_true(has_package(f, "a", "1", "srv/real"));
	assert_int_equal(f->report.files.len, 1);
	assert_true(slice_eq(f->report.files.at[0].alias, SLICE("db/status")));
	assert_true(slice_eq(f->report.packages.at[0].db, SLICE("db/status")));
}

static void test_alias_of_a_directory(void **state)
{
	struct fixture *f = *state;

	f->alias = (struct scan_alias){ SLICE("srv/d"), SLICE("db/status.d"), true, false };
	f->n_aliases = 1;
	tarball_file(&f->tar, "srv/d/one", "a 1\n");
	tarball_file(&f->tar, "srv/d/deeper/two", "b 1\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 1);
	assert_true(slice_eq(f->report.files.at[0].alias, SLICE("db/status.d/one")));
}

/* The report is smaller than the names: what was found stands. */
static void test_no_room_for_names(void **state)
{
	struct fixture *f = *state;

	f->arena.max = (size_t)16 << 10;
	tarball_file(&f->tar, "db/status", "a 1\n");
	for (unsigned i = 0; i < 1000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "opt/a-name-of-20-bytes-%04u", i);
		tarball_file(&f->tar, path, "");
	}
	scan(f);
	assert_true(f->report.complete);
	assert_int_equal(f->report.packages.len, 1);
	assert_int_equal(f->report.tree.len, 0);
	assert_int_equal(count_diags(f, DIAG_LIMIT), 1);
}

/* Of a hard link in an upper layer: rules of suffixes and of programs count, too. */
static void test_hard_alias(void **state)
{
	struct fixture *f = *state;

	f->alias = (struct scan_alias){ SLICE("srv/x"), SLICE("opt/x.info/META"), false, true };
	f->n_aliases = 1;
	tarball_file(&f->tar, "srv/x", "PROG 1\n");
	scan(f);
	assert_true(has_package(f, "PROG", "1", "srv/x"));
	assert_true(slice_eq(f->report.packages.at[0].alias, SLICE("opt/x.info/META")));
}

static void test_failing_parser_keeps_what_it_gave(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "a 1\n!bad\nb 2\n");
	tarball_file(&f->tar, "x.info/META", "lib 4\n");
	scan(f);
	assert_true(f->report.complete);
	assert_int_equal(f->report.packages.len, 2);
	assert_false(f->report.files.at[0].read);
	assert_int_equal(count_diags(f, DIAG_DATABASE), 1);
	assert_int_equal(f->report.diags.at[0].offset, 7);
	assert_true(slice_eq(f->report.diags.at[0].where, SLICE("db/status")));
}

static void test_too_large_a_file_is_told(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/small", "a 1\nbbbbbbb 2\n");
	scan(f);
	assert_int_equal(f->report.packages.len, 0);
	assert_int_equal(f->report.files.len, 1); /* it shadows lower layers all the same */
	assert_int_equal(count_diags(f, DIAG_DATABASE), 1);
}

static void test_database_that_is_a_directory(void **state)
{
	struct fixture *f = *state;

	tarball_add(&f->tar, '5', "db/status/", NULL, NULL, 0);
	scan(f);
	assert_int_equal(f->report.files.at[0].kind, LAYER_FILE_DIRECTORY);
	assert_int_equal(count_diags(f, DIAG_DATABASE), 1);
}

static void test_large_file_goes_through_the_spool(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT((size_t)1 << 20);

	f->limits.spool_memory = 1000;
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&text, "p%u 1\n", i);
	tarball_add(&f->tar, '0', "db/status", NULL, (const char *)text.ptr, text.len);
	scan(f);
	buf_fini(&text);
	assert_int_equal(f->report.packages.len, 1000);
	assert_true(has_package(f, "p999", "1", "db/status"));
}

static void test_owned_paths_leave_room_for_packages(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT((size_t)16 << 20);

	f->arena.max = (size_t)1 << 20;
	for (unsigned i = 0; i < 1000; i++) {
		for (unsigned j = 0; j < 30; j++)
			buf_printf(&text, "!owned usr/bin/program-%u-%u\n", i, j);
		buf_printf(&text, "p%u 1\n", i);
	}
	tarball_add(&f->tar, '0', "db/status", NULL, (const char *)text.ptr, text.len);
	scan(f);
	buf_fini(&text);
	assert_true(f->report.complete);
	assert_int_equal(f->report.packages.len, 1000);
	assert_true(f->report.owned.len > 1000);
	assert_int_equal(count_diags(f, DIAG_LIMIT), 1);
}

static void test_truncated_layer_keeps_what_was_read(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "db/status", "a 1\n");
	tarball_file(&f->tar, "x.info/META", "lib 4\n");
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	f->layer.len = 512 + 512 + 512 + 3;
	scan_fd(f);
	assert_false(f->report.complete);
	assert_int_equal(f->report.packages.len, 1);
	assert_int_equal(count_diags(f, DIAG_LAYER), 1);
}

static void test_truncated_layer_reads_the_files_that_wait(void **state)
{
	struct fixture *f = *state;

	tarball_file(&f->tar, "rpm/db", "a 1\n");
	tarball_file(&f->tar, "x.info/META", "lib 4\n");
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	f->layer.len = 512 + 512 + 512 + 3;
	scan_fd(f);
	assert_false(f->report.complete);
	assert_int_equal(f->report.packages.len, 1);
}

static void test_wrong_digest_disowns_everything(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	tarball_file(&f->tar, "db/status", "a 1\n");
	tarball_file(&f->tar, "rpm/db", "a 1\n");
	tarball_file(&f->tar, ".wh.x", "");
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	assert_int_equal(digest_of(DIGEST_SHA256, SLICE("something else"), &f->layer.digest, &err), STATUS_OK);
	scan_fd(f);
	assert_false(f->report.complete);
	assert_int_equal(f->report.packages.len + f->report.files.len + f->report.whiteouts.len, 0);
	assert_int_equal(count_diags(f, DIAG_DIGEST), 1);
}

static void test_wrong_diff_id_disowns_everything(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	tarball_file(&f->tar, "db/status", "a 1\n");
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	assert_int_equal(digest_of(DIGEST_SHA256, buf_slice(&f->tar.buf), &f->layer.digest, &err), STATUS_OK);
	assert_int_equal(digest_of(DIGEST_SHA256, SLICE("something else"), &f->layer.diff_id, &err), STATUS_OK);
	scan_fd(f);
	assert_false(f->report.complete);
	assert_int_equal(f->report.packages.len, 0);
}

static void test_right_digests(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	tarball_file(&f->tar, "db/status", "a 1\n");
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	assert_int_equal(digest_of(DIGEST_SHA512, buf_slice(&f->tar.buf), &f->layer.digest, &err), STATUS_OK);
	assert_int_equal(digest_of(DIGEST_SHA256, buf_slice(&f->tar.buf), &f->layer.diff_id, &err), STATUS_OK);
	scan_fd(f);
	assert_true(f->report.complete);
	assert_int_equal(f->report.packages.len, 1);
}

static void test_noise_is_no_layer(void **state)
{
	struct fixture *f = *state;

	buf_add_cstr(&f->tar.buf, "this is no tar archive at all, and it is not compressed");
	scan(f);
	assert_false(f->report.complete);
	assert_int_equal(count_diags(f, DIAG_LAYER), 1);
}

static void test_diagnostics_are_capped(void **state)
{
	struct fixture *f = *state;

	f->limits.diagnostics = 5;
	for (unsigned i = 0; i < 20; i++) {
		char path[64];

		snprintf(path, sizeof(path), "db/status.d/f%u", i);
		tarball_file(&f->tar, path, "!bad\n");
	}
	scan(f);
	assert_int_equal(f->report.diags.len, 5);
	assert_int_equal(f->report.diags_dropped, 15);
}

static void test_report_survives_its_text_form(void **state)
{
	struct fixture *f = *state;
	struct buf one = BUF_INIT((size_t)1 << 20), two = BUF_INIT((size_t)1 << 20);
	struct layer_report again;
	struct err err = ERR_INIT;

	tarball_file(&f->tar, "db/status", "a\xff\xfe 1\nb 2\n!owned usr/bin/x\n!bad\n");
	tarball_add(&f->tar, '2', "li\xc0nk", "../\xff", NULL, 0);
	tarball_file(&f->tar, "a/.wh.b", "");
	tarball_file(&f->tar, "etc/os-release", "test \"9\"\n");
	scan(f);
	assert_int_equal(layer_report_print(&f->report, &one, &err), STATUS_OK);
	assert_int_equal(layer_report_parse(buf_slice(&one), &limits_default, &f->arena, &again, &err), STATUS_OK);
	assert_int_equal(layer_report_print(&again, &two, &err), STATUS_OK);
	assert_true(slice_eq(buf_slice(&one), buf_slice(&two)));
	assert_true(slice_eq(again.packages.at[0].name, SLICE("a\xff\xfe")));
	assert_true(slice_eq(again.links.at[0].path, SLICE("li\xc0nk")));
	buf_fini(&one);
	buf_fini(&two);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_packages_of_all_kinds),
		TEST(test_last_entry_of_a_name_wins),
		TEST(test_whiteouts_links_directories),
		TEST(test_hard_link_to_an_unwanted_name),
		TEST(test_hard_links_to_programs),
		TEST(test_one_database_under_two_names),
		TEST(test_kinds_change_in_a_layer),
		TEST(test_written_through_own_links),
		TEST(test_whiteouts_and_entries),
		TEST(test_hard_link_between_two_versions),
		TEST(test_hard_links_to_others),
		TEST(test_too_many_names),
		TEST(test_hard_alias),
		TEST(test_no_room_for_names),
		TEST(test_companion_before_and_after),
		TEST(test_companion_through_links),
		TEST(test_companion_of_an_alias),
		TEST(test_waiting_file_is_replaced),
		TEST(test_companion_alone_is_told),
		TEST(test_again_reads_the_whole_file_once_more),
		TEST(test_alias_reads_a_file_as_another),
		TEST(test_alias_of_a_directory),
		TEST(test_failing_parser_keeps_what_it_gave),
		TEST(test_too_large_a_file_is_told),
		TEST(test_database_that_is_a_directory),
		TEST(test_large_file_goes_through_the_spool),
		TEST(test_owned_paths_leave_room_for_packages),
		TEST(test_truncated_layer_keeps_what_was_read),
		TEST(test_truncated_layer_reads_the_files_that_wait),
		TEST(test_wrong_digest_disowns_everything),
		TEST(test_wrong_diff_id_disowns_everything),
		TEST(test_right_digests),
		TEST(test_noise_is_no_layer),
		TEST(test_diagnostics_are_capped),
		TEST(test_report_survives_its_text_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
