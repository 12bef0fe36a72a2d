/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_coalesce.c - runs the cases of tests/golden/coalesce: layers in, image out.
 *
 * A case is lines of words. "layer" begins the next layer up; file DETECTOR PATH [ALIAS], package PATH NAME VERSION,
 * lang PATH NAME VERSION [ALIAS], os PATH ID VERSION, whiteout, opaque, directory, name PATH (of a file that nobody
 * wants), owned DB PATH, list FILE OF NAME PATH (a file of the package NAME, or "-", of the database OF, says FILE),
 * link PATH TARGET and hardlink PATH TARGET, diag PATH fill it, "broken" marks it as not read to its end. "expect ..."
 * lines say all that must come out: package NAME VERSION LAYER [owned], os ID, files NAME DIRECTORY:NAMES..., ask LAYER
 * REAL WANTED, diag CODE WHERE, complete, expected. Where a package's path is not the one before its name, "at PATH"
 * follows.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/coalesce.h"
#include "io/file.h"
#include "model/layer_tree.h"

#include "fakes.h"

#include <dirent.h>
#include <stdio.h>

#define LAYERS_MAX 8
#define WORDS_MAX 6

struct golden {
	struct arena arena;
	struct layer_report layers[LAYERS_MAX];
	const struct layer_report *reports[LAYERS_MAX];
	size_t n;
	struct buf expected, found;
};

/* ---- trees: every path that a case speaks of, and the directories above it ---- */

static void add_to_tree(struct golden *g, struct layer_report *r, struct slice dir, struct slice name)
{
	struct layer_dir *d = NULL;
	struct slice names = SLICE_EMPTY, at, rest;
	bool more, done = name.len == 0;

	for (size_t i = 0; i < r->tree.len; i++)
		if (slice_eq(r->tree.at[i].path, dir))
			d = &r->tree.at[i];
	if (!d) {
		d = VEC_PUSH(&r->tree, &g->arena);
		d->path = dir;
	}
	rest = d->names;
	for (more = rest.len > 0; more || !done;) {
		if (more)
			more = slice_cut(rest, '/', &at, &rest);
		else
			at = SLICE_EMPTY;
		if (!done && (at.len == 0 || slice_cmp(name, at) <= 0)) {
			if (!slice_eq(name, at))
				assert_true(arena_printf(&g->arena, &names, "%.*s/%.*s", SLICE_ARG(names),
							 SLICE_ARG(name)));
			done = true;
		}
		if (at.len > 0)
			assert_true(arena_printf(&g->arena, &names, "%.*s/%.*s", SLICE_ARG(names), SLICE_ARG(at)));
	}
	d->names = slice_from(names, names.len > 0);
	assert_true(layer_names_valid(d->names));
}

static void add_leaf(struct golden *g, struct layer_report *r, struct slice path)
{
	add_to_tree(g, r, path_dir(path), path_base(path));
}

static int by_path(const void *a, const void *b)
{
	return layer_path_cmp(((const struct layer_dir *)a)->path, ((const struct layer_dir *)b)->path);
}

static void add_package(struct golden *g, struct layer_report *r, const struct slice *w, enum package_type type)
{
	struct package *p = VEC_PUSH(&r->packages, &g->arena);

	*p = (struct package){ .type = type, .path = w[1], .db = w[1], .name = w[2], .version = w[3], .alias = w[4] };
	add_leaf(g, r, w[1]);
	p->detector = type == PACKAGE_PYPI ? SLICE("lang") : SLICE("pkg");
}

/* A file that says of itself which package of a system it is of. */
static void add_noted(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct package *p;

	add_package(g, r, w, PACKAGE_DEB);
	p = &r->packages.at[r->packages.len - 1];
	p->flags = PACKAGE_DECLARED | PACKAGE_OF_FILE;
	p->detector = SLICE("note");
}

/* Each is told of by several files of its folder, one of which has the slot. */
static void add_ebuild(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct slice slot = w[4];
	const struct slice words[] = { w[0], w[1], w[2], w[3], SLICE_EMPTY };
	struct package *p;

	add_package(g, r, words, PACKAGE_EBUILD);
	p = &r->packages.at[r->packages.len - 1];
	p->db = path_dir(p->path);
	p->module = slot;
}

static void add_file(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct layer_file *f = VEC_PUSH(&r->files, &g->arena);

	*f = (struct layer_file){ .detector = w[1], .path = w[2], .alias = w[3], .read = true };
	add_leaf(g, r, w[2]);
}

static void add_link(struct golden *g, struct layer_report *r, const struct slice *w, bool hard)
{
	struct layer_link *l = VEC_PUSH(&r->links, &g->arena);

	*l = (struct layer_link){ .path = w[1], .target = w[2], .hard = hard };
	add_leaf(g, r, w[1]);
}

static void add_os(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct distribution *d = VEC_PUSH(&r->distributions, &g->arena);

	*d = (struct distribution){ .path = w[1], .did = w[2], .version_id = w[3], .alias = w[4] };
	add_leaf(g, r, w[1]);
}

static void add_content_set(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct layer_repository *set = VEC_PUSH(&r->repositories, &g->arena);

	*set = (struct layer_repository){ .path = w[1], .name = w[2], .key = SLICE(REPOSITORY_CONTENT_SET) };
}

/* With a package: dnf had it from there. */
static void add_dnf(struct golden *g, struct layer_report *r, const struct slice *w, const char *key)
{
	struct layer_repository *dnf = VEC_PUSH(&r->repositories, &g->arena);

	*dnf = (struct layer_repository){ .path = w[1], .name = w[2], .package = w[3], .key = slice_cstr(key) };
}

static void add_origin(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct layer_repository *origin = VEC_PUSH(&r->repositories, &g->arena);

	*origin = (struct layer_repository){ .path = w[1], .name = w[2], .key = SLICE(REPOSITORY_DIRECT_URL) };
	add_leaf(g, r, w[1]);
}

/* Paths of one package may follow each other in several lines. */
static void add_list(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct layer_list *l = VEC_PUSH(&r->lists, &g->arena);

	*l = (struct layer_list){ .says = w[1], .of = w[2], .first = r->list_dirs.len, .n = 1 };
	if (!slice_eq(w[3], SLICE("-")))
		l->name = w[3];
	*VEC_PUSH(&r->list_dirs, &g->arena) = (struct layer_dir){ path_dir(w[4]), path_base(w[4]) };
}

static void add_words(struct golden *g, const struct slice *w, struct slice line)
{
	struct layer_report *r;

	if (slice_eq(w[0], SLICE("expect"))) {
		buf_add(&g->expected, slice_from(line, 7));
		buf_add_byte(&g->expected, '\n');
		return;
	}
	if (slice_eq(w[0], SLICE("layer"))) {
		g->layers[g->n].complete = true;
		g->reports[g->n] = &g->layers[g->n];
		g->n++;
		return;
	}
	assert_true(g->n > 0);
	r = &g->layers[g->n - 1];
	if (slice_eq(w[0], SLICE("file")))
		add_file(g, r, w);
	else if (slice_eq(w[0], SLICE("package")))
		add_package(g, r, w, PACKAGE_DEB);
	else if (slice_eq(w[0], SLICE("lang")))
		add_package(g, r, w, PACKAGE_PYPI);
	else if (slice_eq(w[0], SLICE("rpm")))
		add_package(g, r, w, PACKAGE_RPM);
	else if (slice_eq(w[0], SLICE("ebuild")))
		add_ebuild(g, r, w);
	else if (slice_eq(w[0], SLICE("content")))
		add_content_set(g, r, w);
	else if (slice_eq(w[0], SLICE("noted")))
		add_noted(g, r, w);
	else if (slice_eq(w[0], SLICE("hint")))
		add_dnf(g, r, w, REPOSITORY_DNF_HINT);
	else if (slice_eq(w[0], SLICE("dnf")))
		add_dnf(g, r, w, REPOSITORY_DNF);
	else if (slice_eq(w[0], SLICE("origin")))
		add_origin(g, r, w);
	else if (slice_eq(w[0], SLICE("os")))
		add_os(g, r, w);
	else if (slice_eq(w[0], SLICE("whiteout")))
		*VEC_PUSH(&r->whiteouts, &g->arena) = w[1];
	else if (slice_eq(w[0], SLICE("opaque")))
		*VEC_PUSH(&r->opaques, &g->arena) = w[1];
	else if (slice_eq(w[0], SLICE("directory")))
		add_to_tree(g, r, w[1], SLICE_EMPTY);
	else if (slice_eq(w[0], SLICE("name")))
		add_leaf(g, r, w[1]);
	else if (slice_eq(w[0], SLICE("owned")))
		*VEC_PUSH(&r->owned, &g->arena) = (struct layer_owned){ w[1], w[2] };
	else if (slice_eq(w[0], SLICE("list")))
		add_list(g, r, w);
	else if (slice_eq(w[0], SLICE("link")))
		add_link(g, r, w, false);
	else if (slice_eq(w[0], SLICE("hardlink")))
		add_link(g, r, w, true);
	else if (slice_eq(w[0], SLICE("diag")))
		*VEC_PUSH(&r->diags, &g->arena) = (struct layer_diag){ .code = DIAG_RECORD, .where = w[1] };
	else if (slice_eq(w[0], SLICE("broken")))
		r->complete = false;
	else
		fail_msg("unknown word in a case: %.*s", SLICE_ARG(w[0]));
}

static void read_case(struct golden *g, struct slice text)
{
	struct slice line, rest;

	while (slice_line(&text, &line)) {
		struct slice words[WORDS_MAX] = { SLICE_EMPTY };
		size_t n = 0;

		rest = line;
		while (n < WORDS_MAX && slice_word(&rest, ' ', &words[n]))
			n++;
		if (n > 0 && words[0].ptr[0] != '#')
			add_words(g, words, line);
	}
	for (size_t i = 0; i < g->n; i++)
		if (g->layers[i].tree.len > 1)
			qsort(g->layers[i].tree.at, g->layers[i].tree.len, sizeof(struct layer_dir), by_path);
}

static void print_asks(struct golden *g, struct coalesce *c)
{
	const struct scan_alias *asks;
	struct err err = ERR_INIT;
	size_t n;

	for (size_t layer = 0; layer < g->n; layer++) {
		assert_int_equal(coalesce_asks(c, layer, &asks, &n, &err), STATUS_OK);
		for (size_t i = 0; i < n; i++)
			buf_printf(&g->found, "ask %zu %.*s %.*s%s\n", layer, SLICE_ARG(asks[i].real),
				   SLICE_ARG(asks[i].wanted), asks[i].hard ? " hard" : "");
	}
}

static void print_files(struct golden *g, const struct index_report *r)
{
	for (size_t i = 0; i < r->packages.len; i++) {
		const struct index_package *p = &r->packages.at[i];

		if (!p->files_known)
			continue;
		buf_printf(&g->found, "files %.*s", SLICE_ARG(p->package.name));
		for (size_t k = p->first_files; k < p->first_files + p->n_files; k++) {
			const struct layer_dir *d = &r->files.at[k];

			assert_true(layer_names_valid(d->names));
			buf_printf(&g->found, " %.*s:%.*s", SLICE_ARG(d->path), SLICE_ARG(d->names));
		}
		buf_add_byte(&g->found, '\n');
	}
}

static void print_found(struct golden *g, struct coalesce *c, const struct index_report *r)
{
	for (size_t i = 0; i < r->packages.len; i++) {
		const struct index_package *p = &r->packages.at[i];

		buf_printf(&g->found, "package %.*s %.*s %zu%s", SLICE_ARG(p->package.name),
			   SLICE_ARG(p->package.version), p->layer, p->package.flags & PACKAGE_OWNED ? " owned" : "");
		if (!slice_eq(p->package.path, p->package.db))
			buf_printf(&g->found, " at %.*s", SLICE_ARG(p->package.path));
		if (p->package.module.len > 0)
			buf_printf(&g->found, " slot %.*s", SLICE_ARG(p->package.module));
		for (size_t k = 0; k < p->n_repositories; k++)
			buf_printf(&g->found, " from %.*s", SLICE_ARG(r->repositories.at[p->repository + k].name));
		buf_add_byte(&g->found, '\n');
		assert_int_equal(p->package.alias.len, 0);
	}
	for (size_t i = 0; i < r->distributions.len; i++)
		buf_printf(&g->found, "os %.*s\n", SLICE_ARG(r->distributions.at[i].did));
	print_files(g, r);
	print_asks(g, c);
	for (size_t i = 0; i < r->diags.len; i++)
		buf_printf(&g->found, "diag %s %.*s\n", diag_name(r->diags.at[i].diag.code),
			   SLICE_ARG(r->diags.at[i].diag.where));
	if (r->complete)
		buf_add_cstr(&g->found, "complete\n");
	if (r->expected_packages)
		buf_add_cstr(&g->found, "expected\n");
}

static void run_case(const char *path, const struct rules *rules)
{
	struct golden g = { .arena = ARENA_INIT((size_t)16 << 20),
			    .expected = BUF_INIT(1 << 20),
			    .found = BUF_INIT(1 << 20) };
	struct buf text = BUF_INIT(1 << 20);
	struct index_report report = { 0 };
	struct coalesce *c = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(file_read(path, &text, &err), STATUS_OK);
	read_case(&g, buf_slice(&text));
	assert_int_equal(coalesce_new(g.reports, g.n, rules, &limits_default, &c, &err), STATUS_OK);
	for (size_t i = 0; i < g.n; i++)
		*VEC_PUSH(&report.layers, &g.arena) = (struct index_layer){ .read = true };
	assert_int_equal(coalesce_report(c, &g.arena, &report, &err), STATUS_OK);
	print_found(&g, c, &report);
	buf_add_byte(&g.expected, '\0');
	buf_add_byte(&g.found, '\0');
	if (strcmp((char *)g.expected.ptr, (char *)g.found.ptr) != 0)
		fail_msg("%s\nexpected:\n%sfound:\n%s", path, (char *)g.expected.ptr, (char *)g.found.ptr);
	coalesce_free(c);
	buf_fini(&text);
	buf_fini(&g.expected);
	buf_fini(&g.found);
	arena_fini(&g.arena);
}

static void test_cases(void **state)
{
	DIR *d = opendir(GOLDEN_DIR);
	struct rules *rules = NULL;
	struct err err = ERR_INIT;
	struct dirent *de;
	size_t n, cases = 0;
	const struct detector *const *list = detectors(&n);

	(void)state;
	assert_non_null(d);
	assert_int_equal(rules_compile(list, n, &rules, &err), STATUS_OK);
	while ((de = readdir(d)) != NULL) {
		char path[4096];

		if (!slice_ends(slice_cstr(de->d_name), SLICE(".case")))
			continue;
		snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, de->d_name);
		run_case(path, rules);
		cases++;
	}
	closedir(d);
	rules_free(rules);
	assert_true(cases >= 40 || cases == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
