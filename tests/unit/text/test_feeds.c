/* SPDX-License-Identifier: Apache-2.0 */
/* test_feeds.c - real feeds of the shared mirror, counted by us and by Python's own parsers; skipped without the
 * mirror. */
#include "check.h"
#include "text/json.h"
#include "text/xml.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBIAN "mirror/security-tracker.debian.org/tracker/data/json"
#define MARINER "mirror/raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/cbl-mariner-2.0-oval.xml"

static struct err err = ERR_INIT;

static bool shared_path(char out[static 4096], const char *name)
{
	const char *root = getenv("LIMPID_SHARED");

	snprintf(out, 4096, "%s/%s", root ? root : "../shared", name);
	return access(out, R_OK) == 0;
}

static struct slice map_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(p != MAP_FAILED);
	close(fd);
	return slice_make(p, (size_t)st.st_size);
}

/* Run a Python program on the file; its answer is three numbers. */
static void ask_python(const char *program, const char *path, size_t out[static 3])
{
	char command[8192], line[256] = "";
	const char *at = line;
	FILE *pipe;

	snprintf(command, sizeof(command), "python3 -c '%s' '%s'", program, path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_non_null(fgets(line, sizeof(line), pipe));
	assert_int_equal(pclose(pipe), 0);
	for (int i = 0; i < 3; i++, at++)
		for (out[i] = 0; is_digit((uint8_t)*at); at++)
			out[i] = out[i] * 10 + (size_t)(*at - '0');
}

struct counts {
	size_t n[3];
};

static enum status on_member(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *e)
{
	struct counts *c = ctx;
	yyjson_obj_iter iter;
	yyjson_val *k;

	(void)key, (void)offset, (void)e;
	c->n[0]++;
	yyjson_obj_iter_init(value, &iter);
	while ((k = yyjson_obj_iter_next(&iter))) {
		c->n[1]++;
		c->n[2] += yyjson_obj_size(json_get(yyjson_obj_iter_get_val(k), "releases"));
	}
	return STATUS_OK;
}

static void on_bad(void *ctx, struct slice key, const struct err *e)
{
	(void)ctx, (void)key;
	fail_msg("%s", e->msg);
}

static void test_debian(void **state)
{
	struct counts c = { 0 };
	const struct json_split sink = { .visit = on_member, .bad = on_bad, .ctx = &c };
	size_t want[3];
	char path[4096];

	(void)state;
	if (!shared_path(path, DEBIAN)) {
		print_message("skipped: %s is not there\n", path);
		skip();
	}
	CHECK_OK(json_split(map_file(path), &limits_default, &sink, &err));
	ask_python(
		"import json, sys; d = json.load(open(sys.argv[1])); v = [x for p in d.values() for x in p.values()];"
		"print(len(d), len(v), sum(len(x[\"releases\"]) for x in v))",
		path, want);
	assert_true(want[0] > 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(c.n[i], want[i]);
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *e)
{
	struct counts *c = ctx;

	(void)name, (void)attrs, (void)e;
	c->n[0]++;
	c->n[1] += n;
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *e)
{
	(void)ctx, (void)name, (void)e;
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *e)
{
	struct counts *c = ctx;

	(void)e;
	c->n[2] += text.len;
	return STATUS_OK;
}

static void test_mariner(void **state)
{
	struct counts c = { 0 };
	const struct xml_sink sink = { on_start, on_end, on_text, &c };
	struct xml_parser *p;
	size_t want[3];
	char path[4096];

	(void)state;
	if (!shared_path(path, MARINER)) {
		print_message("skipped: %s is not there\n", path);
		skip();
	}
	p = xml_parser_new(&sink, &limits_default);
	assert_non_null(p);
	CHECK_OK(xml_parser_feed(p, map_file(path), &err));
	CHECK_OK(xml_parser_end(p, &err));
	xml_parser_free(p);
	ask_python("import sys; from xml.etree.ElementTree import iterparse;"
		   "e = [x for _, x in iterparse(sys.argv[1])];"
		   "t = sum(len((s or \"\").encode()) for x in e for s in (x.text, x.tail));"
		   "print(len(e), sum(len(x.attrib) for x in e), t)",
		   path, want);
	assert_true(want[0] > 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(c.n[i], want[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_debian), cmocka_unit_test(test_mariner) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
