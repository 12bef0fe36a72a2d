/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_layer_report.c - a report prints and reads back as it was; one from a worker that was taken over is refused,
 * member by member.
 */
#include "model/layer_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S SLICE_INIT

static struct err err = ERR_INIT;

static void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("%s: %s", status_text(st), err.msg);
}

static void check_slice(struct slice got, struct slice want)
{
	if (!slice_eq(got, want))
		fail_msg("got \"%.*s\", want \"%.*s\"", SLICE_ARG(got), SLICE_ARG(want));
}

/* ---- print and parse ---- */

static struct package packages[] = {
	{ PACKAGE_DEB, PACKAGE_OWNED | PACKAGE_BAD_VERSION, 0, S("libc6"), S("2:2.36-9+deb12u1"), S("amd64"), S(""),
	  S("glibc"), S("2.36"), S("var/lib/dpkg/status"), S("var/lib/dpkg/status"), S("dpkg"), S("") },
	{ PACKAGE_RPM, 0, 17, S("naïve \xff\xfe name"), S("1\0 2"), S("noarch"), S("nodejs:18"), S(""), S(""),
	  S("db\"\\"), S("a/b"), S("rpm"), S("read/as") },
	{ PACKAGE_GO, PACKAGE_MAIN_MODULE | PACKAGE_STDLIB, UINT32_MAX, S("x"), S(""), S(""), S(""), S(""), S(""),
	  S(""), S("p"), S(""), S("read/as") },
};
static struct distribution distributions[] = {
	{ S("debian"), S("like"), S("name"), S("12 (bookworm)"), S("12"), S("bookworm"), S("Debian GNU/Linux 12"),
	  S("cpe:2.3:o:x"), S("distroless"), S("usr/lib/os-release"), S("etc/os-release") },
	{ .did = S("") },
};
static struct layer_repository repositories[] = {
	{ S("main"), S("key"), S("https://x/?a=b"), S("cpe"), S("etc/apk/repositories"), S("a-1-1.noarch") },
	{ .name = S("n") }
};
static struct layer_file files[] = { { S("var/lib/dpkg/status"), S("dpkg"), LAYER_FILE_REGULAR, true, UINT64_MAX,
				       S("") },
				     { S("d"), S("x"), LAYER_FILE_DIRECTORY, false, 0, S("alias/of") },
				     { S("\xff/\xfe"), S("x"), LAYER_FILE_OTHER, false, 1, S("") } };
static struct slice whiteouts[] = { S("a"), S("\xc3\x28/x"), S("new\nline") }, opaques[] = { S(""), S("usr") };
static struct layer_dir tree[] = { { S(""), S("a/lib") },	    { S("usr/bin"), S("a/b/c") },
				   { S("usr/bin/deep/er"), S("") }, { S("usr/bin-"), S("\xff/\xff\xfe") },
				   { S("var/\xc3"), S("x") },	    { S("var/\xc3/\xa4"), S("\xc3\x28 y") } };
static struct layer_link links[] = { { S("lib"), S("usr/lib"), false },
				     { S("x"), S("../../\xff"), false },
				     { S("empty"), S(""), false },
				     { S("bin/a"), S("bin/b"), true } };
static struct layer_owned owned[] = { { S("var/lib/dpkg/info/a.list"), S("usr/bin/a") },
				      { S("var/lib/dpkg/info/a.list"), S("usr/bin/b") },
				      { S("var/lib/dpkg/info/b.list"), S("usr/bin/a") },
				      { S("var/lib/dpkg/info/a.list"), S("usr/bin/c") } };
static struct layer_dir list_dirs[] = { { S("usr/bin"), S("a/b") },
					{ S("usr/share/doc"), S("x\xff") },
					{ S("usr/bin"), S("c") },
					{ S(""), S("init") },
					{ S("a/b/c"), S("d") },
					{ S("a/b"), S("e") } };
static struct layer_list files_of[] = {
	{ S("var/lib/dpkg/info/a.list"), S("var/lib/dpkg/status"), S("a"), S(""), S("amd64"), 0, 3 },
	{ S("var/lib/rpm/rpmdb.sqlite"), S("var/lib/rpm/rpmdb.sqlite"), S("b"), S("1-1"), S("noarch"), 3, 0 },
	{ S("x/RECORD"), S("x/METADATA"), S(""), S(""), S(""), 3, 3 },
};
static struct layer_diag diags[] = { { DIAG_TRUNCATED, S("var/lib/dpkg/status"), 12345, S("text") },
				     { DIAG_SANDBOX, S(""), ERR_NO_OFFSET, S("") } };

static struct layer_report full(void)
{
	struct layer_report r = { .digest = { DIGEST_SHA256, { 1, 2, 3 } },
				  .diff_id = { DIGEST_SHA512, { 9 } },
				  .detector_set = S("set"),
				  .codec = S("zstd"),
				  .bytes_stored = 1,
				  .bytes_tar = UINT64_MAX,
				  .entries = 3,
				  .complete = true,
				  .diags_dropped = 4 };

#define GIVE(list) r.list.at = list, r.list.len = r.list.cap = ARRAY_LEN(list)
	GIVE(packages), GIVE(distributions), GIVE(repositories), GIVE(files), GIVE(whiteouts), GIVE(opaques),
		GIVE(tree), GIVE(links), GIVE(owned), GIVE(list_dirs), GIVE(diags);
	r.lists.at = files_of, r.lists.len = r.lists.cap = ARRAY_LEN(files_of);
#undef GIVE
	return r;
}

/* Lists of slices are compared member by member; a member that is added here must be added there. */
_Static_assert(sizeof(struct package) == 4 * 4 + 10 * sizeof(struct slice),
	       "a new member of struct package: compare it");
_Static_assert(sizeof(struct distribution) == 11 * sizeof(struct slice),
	       "a new member of struct distribution: compare it");
_Static_assert(sizeof(struct layer_repository) == 6 * sizeof(struct slice),
	       "a new member of struct layer_repository: compare it");

/* Arrays of n slices that begin at a and b. */
static void check_slices(const void *a, const void *b, size_t n)
{
	const struct slice *got = a, *want = b;

	for (size_t i = 0; i < n; i++)
		check_slice(got[i], want[i]);
}

static void check_lists(const struct layer_report *got, const struct layer_report *want)
{
	assert_int_equal(got->packages.len, want->packages.len);
	for (size_t i = 0; i < want->packages.len; i++) {
		assert_int_equal(got->packages.at[i].type, want->packages.at[i].type);
		assert_int_equal(got->packages.at[i].flags, want->packages.at[i].flags);
		assert_int_equal(got->packages.at[i].line, want->packages.at[i].line);
		check_slices(&got->packages.at[i].name, &want->packages.at[i].name, 10);
	}
	assert_int_equal(got->distributions.len, want->distributions.len);
	for (size_t i = 0; i < want->distributions.len; i++)
		check_slices(&got->distributions.at[i], &want->distributions.at[i], 11);
	assert_int_equal(got->repositories.len, want->repositories.len);
	for (size_t i = 0; i < want->repositories.len; i++)
		check_slices(&got->repositories.at[i], &want->repositories.at[i], 5);
	assert_int_equal(got->whiteouts.len, want->whiteouts.len);
	check_slices(got->whiteouts.at, want->whiteouts.at, want->whiteouts.len);
	assert_int_equal(got->opaques.len, want->opaques.len);
	check_slices(got->opaques.at, want->opaques.at, want->opaques.len);
	assert_int_equal(got->tree.len, want->tree.len);
	check_slices(got->tree.at, want->tree.at, 2 * want->tree.len);
	assert_int_equal(got->owned.len, want->owned.len);
	check_slices(got->owned.at, want->owned.at, 2 * want->owned.len);
	assert_int_equal(got->lists.len, want->lists.len);
	for (size_t i = 0; i < want->lists.len; i++) {
		const struct layer_list *a = &got->lists.at[i], *b = &want->lists.at[i];

		check_slices(a, b, 5);
		assert_int_equal(a->n, b->n);
		check_slices(got->list_dirs.at + a->first, want->list_dirs.at + b->first, 2 * b->n);
	}
}

static void check_rest(const struct layer_report *got, const struct layer_report *want)
{
	assert_int_equal(got->files.len, want->files.len);
	for (size_t i = 0; i < want->files.len; i++) {
		const struct layer_file *a = &got->files.at[i], *b = &want->files.at[i];

		check_slice(a->path, b->path);
		check_slice(a->detector, b->detector);
		check_slice(a->alias, b->alias);
		assert_int_equal(a->kind, b->kind);
		assert_int_equal(a->read, b->read);
		assert_int_equal(a->size, b->size);
	}
	assert_int_equal(got->links.len, want->links.len);
	for (size_t i = 0; i < want->links.len; i++) {
		check_slice(got->links.at[i].path, want->links.at[i].path);
		check_slice(got->links.at[i].target, want->links.at[i].target);
		assert_int_equal(got->links.at[i].hard, want->links.at[i].hard);
	}
	assert_int_equal(got->diags.len, want->diags.len);
	for (size_t i = 0; i < want->diags.len; i++) {
		assert_int_equal(got->diags.at[i].code, want->diags.at[i].code);
		assert_int_equal(got->diags.at[i].offset, want->diags.at[i].offset);
		check_slice(got->diags.at[i].where, want->diags.at[i].where);
		check_slice(got->diags.at[i].text, want->diags.at[i].text);
	}
	assert_true(digest_eq(&got->digest, &want->digest) && digest_eq(&got->diff_id, &want->diff_id));
	check_slice(got->detector_set, want->detector_set);
	check_slice(got->codec, want->codec);
	assert_int_equal(got->bytes_stored, want->bytes_stored);
	assert_int_equal(got->bytes_tar, want->bytes_tar);
	assert_int_equal(got->entries, want->entries);
	assert_int_equal(got->complete, want->complete);
	assert_int_equal(got->diags_dropped, want->diags_dropped);
}

static void round_trip(const struct layer_report *r)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
	struct layer_report back;

	check(layer_report_print(r, &first, &err));
	check(layer_report_parse(buf_slice(&first), &limits_default, &arena, &back, &err));
	check_lists(&back, r);
	check_rest(&back, r);
	check(layer_report_print(&back, &second, &err));
	check_slice(buf_slice(&second), buf_slice(&first));
	buf_fini(&first);
	buf_fini(&second);
	arena_fini(&arena);
}

static void test_round_trip(void **state)
{
	struct layer_report r = full(), empty = { .complete = false };

	(void)state;
	round_trip(&r);
	r.complete = false;
	round_trip(&r);
	round_trip(&empty);
}

/* Each enum member goes through. */
static void test_every_enum(void **state)
{
	struct layer_report r = { .complete = true };
	struct package p = { .name = S("n"), .path = S("p") };
	struct layer_diag d = { .offset = 0 };

	(void)state;
	r.packages.at = &p, r.packages.len = 1;
	r.diags.at = &d, r.diags.len = 1;
	for (size_t i = 1; i < PACKAGE_TYPE_COUNT; i++) {
		p.type = (enum package_type)i;
		for (p.flags = 0; p.flags <= PACKAGE_FLAGS_LAYER; p.flags++)
			round_trip(&r);
		p.flags = 0;
	}
	for (size_t i = 0; i < DIAG_COUNT; i++) {
		d.code = (enum diag_code)i;
		round_trip(&r);
	}
}

/* ---- what is refused ---- */

static const char whole[] = "{\"format\":4,\"bytes_stored\":1,\"bytes_tar\":2,\"entries\":3,\"complete\":true,\"diags_"
			    "dropped\":0,\"packages\":[],"
			    "\"distributions\":[],\"repositories\":[],\"files\":[],\"diags\":[],\"whiteouts\":[],"
			    "\"opaques\":[],\"tree\":[],"
			    "\"symlinks\":[],\"hardlinks\":[],\"owned\":[]}";

static enum status parse_text(struct slice text, const struct limits *limits)
{
	struct arena arena = ARENA_INIT(1 << 22);
	struct layer_report r = { .entries = 77 };
	enum status st = layer_report_parse(text, limits, &arena, &r, &err);

	if (st != STATUS_OK)
		assert_int_equal(r.entries, 77); /* untouched */
	arena_fini(&arena);
	return st;
}

static void test_package_lists(void **state)
{
	static const struct {
		const char *value;
		enum status st;
	} cases[] = {
		{ "[]", STATUS_OK },
		{ "[[\"l\",\"d\",\"n\",\"\",\"\"]]", STATUS_OK },
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",0,\"usr\",\"a/b\",0,\"usr\",\"a\"]]", STATUS_OK },
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",0,\"usr\",\"a\",1,\"bin\",\"a\"]]", STATUS_OK },
		{ "{}", STATUS_MALFORMED },
		{ "[7]", STATUS_MALFORMED },
		{ "[[]]", STATUS_MALFORMED },
		{ "[[\"\",\"d\",\"n\",\"\",\"\"]]", STATUS_MALFORMED }, /* nothing says it */
		{ "[[\"../l\",\"d\",\"n\",\"\",\"\"]]", STATUS_MALFORMED },
		{ "[[\"l\",7,\"n\",\"\",\"\"]]", STATUS_MALFORMED },
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",0,\"usr\"]]", STATUS_MALFORMED },
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",1,\"usr\",\"a\"]]", STATUS_MALFORMED },   /* shares what is not */
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",0,\"usr\",\"b/a\"]]", STATUS_MALFORMED }, /* in no order */
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",0,\"usr\",\"..\"]]", STATUS_MALFORMED },
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",0,\"/usr\",\"a\"]]", STATUS_MALFORMED },
		{ "[[\"l\",\"d\",\"n\",\"\",\"\",-1,\"usr\",\"a\"]]", STATUS_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf text = BUF_INIT(1 << 20);

		buf_add(&text, slice_make(whole, strlen(whole) - 1));
		buf_printf(&text, ",\"lists\":%s}", cases[i].value);
		if (parse_text(buf_slice(&text), &limits_default) != cases[i].st)
			fail_msg("lists %s: not %s", cases[i].value, cases[i].st == STATUS_OK ? "taken" : "refused");
		buf_fini(&text);
	}
}

/* The whole report with one member in place of what it has. */
static enum status parse_with(const char *member, const char *value, const struct limits *limits)
{
	struct buf text = BUF_INIT(1 << 20);
	char key[64];
	const char *at, *rest;
	enum status st;

	snprintf(key, sizeof(key), "\"%s\":", member);
	at = strstr(whole, key);
	assert_non_null(at);
	at += strlen(key);
	rest = at + strcspn(at, ",}");
	buf_add(&text, slice_make(whole, (size_t)(at - whole)));
	buf_add_cstr(&text, value);
	buf_add_cstr(&text, rest);
	st = parse_text(buf_slice(&text), limits);
	buf_fini(&text);
	return st;
}

static void refused(const char *member, const char *value, const char *says)
{
	enum status st = parse_with(member, value, &limits_default);

	if (st != STATUS_MALFORMED || !strstr(err.msg, says))
		fail_msg("%s %s: got %s \"%s\", want a word of \"%s\"", member, value, status_text(st),
			 st ? err.msg : "", says);
}

static void accepted(const char *member, const char *value)
{
	if (parse_with(member, value, &limits_default) != STATUS_OK)
		fail_msg("%s %s: %s", member, value, err.msg);
}

static void test_head(void **state)
{
	static const char *const members[] = { "format", "bytes_stored", "bytes_tar", "entries", "diags_dropped" };
	static const char *const values[] = { "-1", "1.5", "\"1\"", "null", "true", "[]", "18446744073709551616" };

	(void)state;
	check(parse_text(slice_cstr(whole), &limits_default));
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		for (size_t k = 0; k < ARRAY_LEN(values); k++)
			refused(members[i], values[k], i == 0 ? "format" : "head");
	refused("format", "3", "format"); /* an older one */
	refused("format", "5", "format");
	refused("complete", "1", "complete");
	refused("complete", "\"true\"", "complete");
	refused("complete", "null", "complete");
	refused("entries", "3,\"digest\":\"sha256:12\"", "digest");
	refused("entries", "3,\"digest\":7", "digest");
	refused("entries", "3,\"diff_id\":\"md5:00000000000000000000000000000000\"", "diff_id");
	refused("entries", "3,\"codec\":[\"gzip\"]", "codec");
	refused("entries", "3,\"detector_set\":{\"hex\":\"f\"}", "detector_set");
	assert_int_equal(parse_text(SLICE("[]"), &limits_default), STATUS_MALFORMED);
	assert_int_equal(parse_text(SLICE("{}"), &limits_default), STATUS_MALFORMED);
	assert_int_equal(parse_text(SLICE(""), &limits_default), STATUS_MALFORMED);
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_int_equal(parse_text(slice_make(whole, n), &limits_default), STATUS_MALFORMED);
}

/* Absent, of another type, or with an element of another type. */
static void test_lists(void **state)
{
	static const char *const members[] = { "packages", "distributions", "repositories", "files",
					       "diags",	   "whiteouts",	    "opaques",	    "tree",
					       "symlinks", "hardlinks",	    "owned" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		struct buf without = BUF_INIT(4096);
		char key[64];
		const char *at;

		refused(members[i], "{}", members[i]);
		refused(members[i], "null", members[i]);
		refused(members[i], "\"\"", members[i]);
		refused(members[i], "[7]", members[i]);
		refused(members[i], "[7,7]", members[i]);
		refused(members[i], "[null]", members[i]);
		snprintf(key, sizeof(key), "\"%s\":", members[i]);
		at = strstr(whole, key);
		buf_add(&without, slice_make(whole, (size_t)(at - whole)));
		buf_add_cstr(&without, "\"x");
		buf_add_cstr(&without, at + 1);
		assert_int_equal(parse_text(buf_slice(&without), &limits_default), STATUS_MALFORMED);
		assert_non_null(strstr(err.msg, members[i]));
		buf_fini(&without);
	}
}

/* A path of the layer that is not normalised could name another file than it says. */
static void test_paths(void **state)
{
	static const struct {
		const char *member, *form;
		bool may_be_empty;
	} places[] = {
		{ "packages", "[{\"type\":\"deb\",\"name\":\"n\",\"path\":%s}]", false },
		{ "distributions", "[{\"path\":%s}]", true },
		{ "repositories", "[{\"path\":%s}]", true },
		{ "files", "[{\"size\":0,\"path\":%s}]", false },
		{ "files", "[{\"size\":0,\"path\":\"a\",\"alias\":%s}]", true },
		{ "whiteouts", "[%s]", false },
		{ "opaques", "[%s]", true },
		{ "tree", "[0,%s,\"n\"]", true },
		{ "packages", "[{\"type\":\"deb\",\"path\":\"p\",\"alias\":%s}]", true },
		{ "distributions", "[{\"path\":\"p\",\"alias\":%s}]", true },
		{ "symlinks", "[%s,\"t\"]", false },
		{ "hardlinks", "[%s,\"t\"]", false },
		{ "hardlinks", "[\"p\",%s]", false },
		{ "owned", "[[%s,\"a\"]]", false },
		{ "owned", "[[\"db\",\"a\",%s]]", false },
	};
	static const char *const bad[] = { "\"/\"",
					   "\"/etc\"",
					   "\"etc/\"",
					   "\"a//b\"",
					   "\".\"",
					   "\"..\"",
					   "\"./a\"",
					   "\"a/.\"",
					   "\"a/./b\"",
					   "\"a/..\"",
					   "\"a/../b\"",
					   "\"a\\u0000b\"",
					   "{\"hex\":\"2f\"}",
					   "{\"hex\":\"612e2e\",\"x\":1,\"hex\":\"2e2e\"}",
					   "{\"hex\":\"61zz\"}",
					   "{\"hex\":\"616\"}",
					   "{\"hex\":\"\"}",
					   "{\"hex\":7}",
					   "{}",
					   "7",
					   "null",
					   "[]" };
	static const char *const good[] = {
		"\"a\"",      "\"a/b\"",   "\"...\"", "\"..a/b..\"", "\".a\"", "\"größe\"", "{\"hex\":\"ff2f61\"}",
		"\"a\\\\b\"", "\"a b\\n\""
	};
	char value[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
			snprintf(value, sizeof(value), places[i].form, bad[k]);
			refused(places[i].member, value, places[i].member);
		}
		for (size_t k = 0; k < ARRAY_LEN(good); k++) {
			snprintf(value, sizeof(value), places[i].form, good[k]);
			accepted(places[i].member, value);
		}
		snprintf(value, sizeof(value), places[i].form, "\"\"");
		if (places[i].may_be_empty)
			accepted(places[i].member, value);
		else
			refused(places[i].member, value, places[i].member);
	}
}

static void test_members(void **state)
{
	static const char *const texts[] = { "name",	    "version",	      "arch", "module",
					     "source_name", "source_version", "db",   "detector" };
	char value[200], says[64];

	(void)state;
	refused("packages", "[{\"type\":\"floppy\",\"path\":\"p\"}]", "packages.type");
	refused("packages", "[{\"type\":\"\",\"path\":\"p\"}]", "packages.type");
	refused("packages", "[{\"type\":1,\"path\":\"p\"}]", "packages.type");
	refused("packages", "[{\"path\":\"p\"}]", "packages.type");
	refused("packages", "[{\"type\":\"deb\",\"path\":\"p\",\"flags\":1024}]", "packages.flags");
	refused("packages", "[{\"type\":\"deb\",\"path\":\"p\",\"flags\":-1}]", "packages.flags");
	refused("packages", "[{\"type\":\"deb\",\"path\":\"p\",\"line\":4294967296}]", "packages.line");
	refused("packages", "[{\"type\":\"deb\",\"path\":\"p\",\"line\":-1}]", "packages.line");
	refused("packages", "[{\"type\":\"deb\",\"path\":\"p\",\"flags\":\"1\"}]", "packages.flags");
	refused("packages", "[{\"type\":\"deb\"}]", "packages.path");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		snprintf(value, sizeof(value), "[{\"type\":\"deb\",\"path\":\"p\",\"%s\":7}]", texts[i]);
		snprintf(says, sizeof(says), "packages.%s", texts[i]);
		refused("packages", value, says);
	}
	refused("distributions", "[{\"did\":7}]", "distributions.did");
	refused("distributions", "[{\"cpe\":[]}]", "distributions.cpe");
	refused("repositories", "[{\"uri\":false}]", "repositories.uri");
	refused("files", "[{\"path\":\"a\"}]", "files.size");
	refused("files", "[{\"path\":\"a\",\"size\":-1}]", "files.size");
	refused("files", "[{\"path\":\"a\",\"size\":1,\"kind\":3}]", "files.kind");
	refused("files", "[{\"path\":\"a\",\"size\":1,\"kind\":\"0\"}]", "files.kind");
	refused("files", "[{\"path\":\"a\",\"size\":1,\"read\":1}]", "files.read");
	refused("files", "[{\"path\":\"a\",\"size\":1,\"detector\":1}]", "files.detector");
	refused("diags", "[{\"code\":\"rumour\"}]", "diags.code");
	refused("diags", "[{\"text\":\"x\"}]", "diags.code");
	refused("diags", "[{\"code\":\"record\",\"offset\":-1}]", "diags.offset");
	refused("diags", "[{\"code\":\"record\",\"offset\":\"7\"}]", "diags.offset");
	refused("diags", "[{\"code\":\"record\",\"where\":7}]", "diags.where");
	refused("diags", "[{\"code\":\"record\",\"text\":7}]", "diags.text");
	refused("symlinks", "[\"a\"]", "symlinks");
	refused("symlinks", "[\"a\",\"b\",\"c\"]", "symlinks");
	refused("symlinks", "[\"a\",7]", "symlinks");
	refused("hardlinks", "[\"a\"]", "hardlinks");
	refused("owned", "[[7]]", "owned");
	refused("owned", "[[\"a\",7]]", "owned");
	accepted("owned", "[[],[\"a\"]]");
	accepted("symlinks", "[\"a\",\"/etc/../../x\"]"); /* targets are as they were written */
	accepted("packages", "[{\"type\":\"deb\",\"path\":\"p\",\"unknown\":7}]"); /* members of a later version */
}

/* Directories in order, names in order, no name that is none: or a search in them finds what is not there. */
static void test_tree(void **state)
{
	static const char *const bad[] = {
		"[0,\"a\"]",
		"[\"0\",\"a\",\"n\"]",
		"[-1,\"a\",\"n\"]",
		"[0.5,\"a\",\"n\"]",
		"[0,7,\"n\"]",
		"[0,\"a\",7]",
		"[0,\"a\",null]",
		"[0,\"a\",\"n/\"]",
		"[0,\"a\",\"/n\"]",
		"[0,\"a\",\"m//n\"]",
		"[0,\"a\",\".\"]",
		"[0,\"a\",\"../n\"]",
		"[0,\"a\",\"n/m\"]",
		"[0,\"a\",\"n/n\"]",
		"[0,\"a\",\"n\\u0000\"]",
		"[0,\"a\",{\"hex\":\"6e2f6d\"}]",
		"[0,\"a\",{\"hex\":\"6\"}]",
		"[1,\"a\",\"n\"]",		  /* one part of nothing */
		"[0,\"a/b\",\"\",3,\"c\",\"\"]",  /* three parts of two */
		"[0,\"b\",\"\",0,\"a\",\"\"]",	  /* out of order */
		"[0,\"a\",\"\",0,\"a\",\"\"]",	  /* twice */
		"[0,\"a-\",\"\",0,\"a/b\",\"\"]", /* '/' comes before all other bytes */
		"[0,\"a/b\",\"\",1,\"../c\",\"\"]",
		"[0,\"a/b\",\"\",2,\"\",\"\"]",
		"[0,\"a\",\"\",0,\"\",\"\"]", /* the root is the first */
	};
	struct limits limits = limits_default;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused("tree", bad[i], "tree");
	accepted("tree", "[0,\"\",\"\"]");
	accepted("tree", "[0,\"\",\"a/b\",0,\"a\",\"m/n\",1,\"b/c\",\"\",3,\"d\",\"x\",1,\"c\",\"\",0,\"a-\",\"\"]");
	limits.layer_names = 4;
	check(parse_with("tree", "[0,\"a\",\"b\",0,\"b\",\"c/d\"]", &limits));
	assert_int_equal(parse_with("tree", "[0,\"a\",\"b/c\",0,\"b\",\"cc\"]", &limits), STATUS_MALFORMED);
	limits = limits_default;
	limits.layer_entries = 1;
	check(parse_with("tree", "[0,\"a\",\"b\"]", &limits));
	assert_int_equal(parse_with("tree", "[0,\"a\",\"\",0,\"b\",\"\"]", &limits), STATUS_MALFORMED);
	limits.layer_entries = 9;
	limits.path_bytes = 4;
	check(parse_with("tree", "[0,\"a/b\",\"\",1,\"c\",\"\"]", &limits));
	assert_int_equal(parse_with("tree", "[0,\"a/b\",\"\",2,\"cd\",\"\"]", &limits), STATUS_MALFORMED);
}

/* One more than the cap, and exactly the cap. */
static void test_caps(void **state)
{
	static const struct {
		const char *member, *element;
	} lists[] = { { "packages", "{\"type\":\"deb\",\"path\":\"p\"}" },
		      { "distributions", "{}" },
		      { "repositories", "{}" },
		      { "files", "{\"path\":\"p\",\"size\":0}" },
		      { "diags", "{\"code\":\"record\"}" },
		      { "whiteouts", "\"a\"" },
		      { "opaques", "\"a\"" },
		      { "symlinks", "\"a\",\"b\"" },
		      { "hardlinks", "\"a\",\"b\"" },
		      { "owned", "[\"db\",\"a\"]" } };
	struct limits limits = limits_default;

	(void)state;
	limits.packages = limits.layer_entries = limits.layer_links = 3;
	limits.diagnostics = 2; /* and the failure that ends a layer */
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (size_t n = 3; n <= 4; n++) {
			char value[300] = "[";

			for (size_t k = 0; k < n; k++)
				snprintf(value + strlen(value), sizeof(value) - strlen(value), "%s%s", k ? "," : "",
					 lists[i].element);
			snprintf(value + strlen(value), sizeof(value) - strlen(value), "]");
			if (n == 3)
				check(parse_with(lists[i].member, value, &limits));
			else
				assert_int_equal(parse_with(lists[i].member, value, &limits), STATUS_MALFORMED);
		}
		assert_non_null(strstr(err.msg, lists[i].member));
	}
	limits = limits_default;
	limits.path_bytes = 3;
	check(parse_with("whiteouts", "[\"abc\"]", &limits));
	assert_int_equal(parse_with("whiteouts", "[\"abcd\"]", &limits), STATUS_MALFORMED);
	assert_int_equal(parse_with("symlinks", "[\"a\",\"abcd\"]", &limits), STATUS_MALFORMED);
	limits = limits_default;
	limits.field_bytes = 3;
	check(parse_with("diags", "[{\"code\":\"record\",\"text\":\"abc\"}]", &limits));
	assert_int_equal(parse_with("diags", "[{\"code\":\"record\",\"text\":\"abcd\"}]", &limits), STATUS_MALFORMED);
	check(parse_with("diags", "[{\"code\":\"record\",\"text\":{\"hex\":\"ffffff\"}}]", &limits));
	assert_int_equal(parse_with("diags", "[{\"code\":\"record\",\"text\":{\"hex\":\"ffffffff\"}}]", &limits),
			 STATUS_MALFORMED);
}

static void test_no_memory(void **state)
{
	struct layer_report r = full(), back;
	struct buf text = BUF_INIT(1 << 20), small = BUF_INIT(100);
	size_t failures = 0;

	(void)state;
	check(layer_report_print(&r, &text, &err));
	for (size_t bytes = 0; bytes < 16384; bytes += 64) {
		struct arena arena = ARENA_INIT(bytes);
		enum status st = layer_report_parse(buf_slice(&text), &limits_default, &arena, &back, &err);

		/* A string whose bytes do not fit is said to be malformed, the rest to be out of memory. */
		assert_true(st == STATUS_OK || st == STATUS_NOMEM || st == STATUS_MALFORMED);
		failures += st != STATUS_OK;
		arena_fini(&arena);
	}
	assert_true(failures > 10);
	assert_int_equal(layer_report_print(&r, &small, &err), STATUS_LIMIT);
	buf_fini(&text);
	buf_fini(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_package_lists), cmocka_unit_test(test_every_enum), cmocka_unit_test(test_head),
		cmocka_unit_test(test_lists),	   cmocka_unit_test(test_paths),      cmocka_unit_test(test_members),
		cmocka_unit_test(test_tree),	   cmocka_unit_test(test_caps),	      cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
