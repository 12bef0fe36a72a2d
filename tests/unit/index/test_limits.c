/* SPDX-License-Identifier: Apache-2.0 */
/* test_limits.c - each cap on a layer, reached: what is told names the limit, and the rest is read. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/scan_tree.h"
#include "index/worker.h"

#include "fakes.h"
#include "layers.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

struct fixture {
	struct tarball tar;
	struct rules *rules;
	struct limits limits;
	struct image_layer layer;
	struct worker_job job;
	char dir[40];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	size_t n;
	const struct detector *const *list = detectors(&n);

	f->tar = tarball_begin();
	f->limits = limits_default;
	strcpy(f->dir, "/tmp/limpid-limits-XXXXXX");
	if (!mkdtemp(f->dir) || rules_compile(list, n, &f->rules, &err) != STATUS_OK)
		return -1;
	*state = f;
	return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nftw(f->dir, drop, 16, FTW_DEPTH | FTW_PHYS);
	tarball_fini(&f->tar);
	worker_job_fini(&f->job);
	rules_free(f->rules);
	free(f);
	return 0;
}

static void run(struct fixture *f, bool in_process)
{
	struct worker_options options = { .limits = &f->limits, .in_process = in_process };
	struct sandbox_level level;
	struct err err = ERR_INIT;

	f->job.scan = (struct scan_job){ .layer = &f->layer, .rules = f->rules, .limits = &f->limits };
	assert_int_equal(worker_run(&f->job, 1, &options, &level, &err), STATUS_OK);
}

static void run_tar(struct fixture *f)
{
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	run(f, true);
}

static void run_directory(struct fixture *f)
{
	int fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	f->layer = (struct image_layer){ .place = LAYER_DIRECTORY, .fd = fd, .name = SLICE("test") };
	run(f, true);
	close(fd);
}

static void put(const struct fixture *f, const char *path, const char *content)
{
	char whole[300];
	FILE *out;

	snprintf(whole, sizeof(whole), "%s/%s", f->dir, path);
	for (char *p = whole + strlen(f->dir) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(whole, 0700);
		*p = '/';
	}
	out = fopen(whole, "we");
	assert_non_null(out);
	fputs(content, out);
	fclose(out);
}

/* It is told, with a severity that makes a report incomplete, and names the limit; so many packages are there. */
static void expect(const struct fixture *f, const char *limit, size_t packages)
{
	const struct layer_report *r = &f->job.report;
	size_t told = 0;

	for (size_t i = 0; i < r->diags.len; i++) {
		char text[600];

		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(r->diags.at[i].text));
		if (!strstr(text, limit))
			fail_msg("also told: %s", text);
		assert_true(diag_severity(r->diags.at[i].code) >= DIAG_SEVERITY_WARNING);
		told++;
	}
	assert_in_range(told, 1, 2); /* two detectors may have wanted the same file */
	assert_int_equal(r->packages.len, packages);
}

static void test_layer_links(void **state)
{
	struct fixture *f = *state;

	f->limits.layer_links = 3;
	for (unsigned i = 0; i < 6; i++) {
		char name[16];

		snprintf(name, sizeof(name), "link%u", i);
		tarball_add(&f->tar, '2', name, "db/status", NULL, 0);
	}
	tarball_file(&f->tar, "db/status", "a 1\n");
	run_tar(f);
	expect(f, "(limits.layer_links)", 1);
	assert_int_equal(f->job.report.links.len, 3);
}

/* Names, and what parts them, for which there is room in the tree: their report has room, too. */
static void test_layer_names(void **state)
{
	struct fixture *f = *state;

	f->limits.layer_names = 4000;
	for (unsigned i = 0; i < 1000; i++) {
		char path[32];

		snprintf(path, sizeof(path), "srv/%08u", i);
		tarball_file(&f->tar, path, "");
	}
	tarball_file(&f->tar, "db/status", "a 1\n");
	run_tar(f);
	expect(f, "(limits.layer_names)", 1);
	assert_in_range(f->job.report.tree.at[f->job.report.tree.len - 1].names.len, 2000, 4000);
}

/* Longer than any file system's names; those after it are kept, and that there is no room for them is told, too. */
static void test_long_names(void **state)
{
	static char name[70000], link[66000];
	struct fixture *f = *state;
	const struct layer_report *r = &f->job.report;
	const char *const parts[] = { "a name of 69999 bytes, of which at most 65535",
				      "the target of a link of 65999 bytes" };

	memset(name, 'n', sizeof(name) - 1);
	memset(link, 't', sizeof(link) - 1);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct scan_tree *tree;
		struct err err = ERR_INIT;
		uint32_t node;

		f->limits.path_bytes = 1 << 20;
		tree = scan_tree_new(&f->limits);
		assert_non_null(tree);
		assert_int_equal(scan_tree_put(tree, 0, i == 0 ? slice_cstr(name) : SLICE("a"),
					       i == 0 ? NODE_FILE : NODE_SYMLINK, 0, slice_cstr(link), &node, &err),
				 STATUS_UNSUPPORTED);
		assert_non_null(strstr(err.msg, parts[i]));
		assert_int_equal(scan_tree_put(tree, 0, SLICE("b"), NODE_FILE, 0, SLICE_EMPTY, &node, &err), STATUS_OK);
		scan_tree_free(tree);
	}
	f->limits.layer_names = 4000;
	for (unsigned i = 0; i < 2; i++) {
		tarball_add(&f->tar, 'L', "././@LongLink", NULL, name, sizeof(name));
		tarball_file(&f->tar, "short", "");
	}
	for (unsigned i = 0; i < 1000; i++) {
		char path[32];

		snprintf(path, sizeof(path), "srv/%08u", i);
		tarball_file(&f->tar, path, "");
	}
	tarball_file(&f->tar, "db/status", "a 1\n");
	run_tar(f);
	assert_int_equal(r->diags.len, 2);
	assert_true(slice_has(r->diags.at[0].text, slice_cstr(parts[0])));
	assert_true(slice_has(r->diags.at[1].text, SLICE("(limits.layer_names)")));
}

static void test_path_bytes(void **state)
{
	struct fixture *f = *state;

	f->limits.path_bytes = 20;
	tarball_file(&f->tar, "a/name/of/twenty.../", "");
	tarball_file(&f->tar, "a/name/of/twenty-one.info/META", "lost 1\n");
	tarball_file(&f->tar, "db/status", "a 1\n");
	run_tar(f);
	expect(f, "(limits.path_bytes)", 1);
	assert_int_equal(f->job.report.entries, 2);
}

static void test_path_bytes_of_a_link(void **state)
{
	struct fixture *f = *state;

	f->limits.path_bytes = 20;
	tarball_add(&f->tar, '2', "link", "a/name/of/twenty-one/", NULL, 0);
	tarball_file(&f->tar, "db/status", "a 1\n");
	run_tar(f);
	expect(f, "the target of a link is too long (limits.path_bytes)", 1);
}

static void test_path_bytes_in_a_directory(void **state)
{
	struct fixture *f = *state;

	f->limits.path_bytes = 20;
	put(f, "db/status", "a 1\n");
	put(f, "b/abcdefghijklm.info/META", "lost 1\n"); /* 20 to the directory */
	run_directory(f);
	expect(f, "(limits.path_bytes)", 1);
}

static void test_path_depth(void **state)
{
	struct fixture *f = *state;

	f->limits.path_depth = 3;
	tarball_file(&f->tar, "1/2/x.info/META", "lost 1\n");
	tarball_file(&f->tar, "1/x.info/META", "kept 1\n");
	tarball_file(&f->tar, "db/status", "a 1\n");
	run_tar(f);
	expect(f, "(limits.path_depth)", 2);
}

static void test_path_depth_in_a_directory(void **state)
{
	struct fixture *f = *state;

	f->limits.path_depth = 3;
	put(f, "db/status", "a 1\n");
	put(f, "1/x.info/META", "kept 1\n");
	put(f, "1/2/3/x.info/META", "lost 1\n");
	run_directory(f);
	expect(f, "(limits.path_depth)", 2);
}

static void test_file_bytes(void **state)
{
	struct fixture *f = *state;

	f->limits.file_bytes = 8;
	tarball_file(&f->tar, "x.info/META", "kept 1\n");
	tarball_file(&f->tar, "db/status", "exactly 1");
	run_tar(f);
	expect(f, "the file has 9 bytes; at most 8 are read (limits.file_bytes)", 1);
	assert_int_equal(f->job.report.files.len, 2); /* it shadows lower layers all the same */
}

static void test_spool_bytes(void **state)
{
	struct fixture *f = *state;
	char lines[3001];

	f->limits.spool_memory = 1000;
	f->limits.spool_bytes = 2000;
	memset(lines, ' ', sizeof(lines) - 1);
	lines[sizeof(lines) - 1] = '\0';
	memcpy(lines, "lost 1\n", 7);
	tarball_file(&f->tar, "x.info/META", "kept 1\n");
	tarball_file(&f->tar, "y.info/META", lines);
	run_tar(f);
	expect(f, "no room for its 3000 bytes", 1);
	expect(f, "(limits.spool_bytes)", 1);
}

static void test_worker_memory(void **state)
{
#if UNDER_SANITIZER
	(void)state;
	skip(); /* no limit on memory is set where a sanitizer takes terabytes */
#else
	struct fixture *f = *state;
	char *lines = malloc((size_t)7 << 20);

	assert_non_null(lines);
	f->limits.worker_memory = (uint64_t)1 << 20;
	memset(lines, '\n', (size_t)7 << 20);
	tarball_add(&f->tar, '0', "db/status", NULL, lines, (size_t)7 << 20);
	free(lines);
	tarball_end(&f->tar);
	f->layer = tarball_layer(&f->tar);
	run(f, false);
	expect(f, "(limits.worker_memory)", 0);
#endif
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_layer_links),		TEST(test_layer_names),
		TEST(test_path_bytes),
		TEST(test_path_bytes_of_a_link), TEST(test_path_bytes_in_a_directory),
		TEST(test_path_depth),		TEST(test_path_depth_in_a_directory),
		TEST(test_file_bytes),		TEST(test_spool_bytes),
		TEST(test_worker_memory),	TEST(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
