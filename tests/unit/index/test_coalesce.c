/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_coalesce.c - runs the cases of tests/golden/coalesce: layers in, image out.
 *
 * A case is lines of words. "layer" begins the next layer up; file DETECTOR PATH [ALIAS], package PATH NAME VERSION,
 * lang PATH NAME VERSION, os PATH ID VERSION, whiteout, opaque, directory, owned DB PATH, link PATH TARGET and
 * hardlink PATH TARGET, diag PATH fill it, "broken" marks it as not read to its end. "expect ..." lines say all that
 * must come out: package NAME VERSION LAYER [owned], os ID, ask REAL WANTED, diag CODE WHERE, complete, expected.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "index/coalesce.h"
#include "io/file.h"

#include "fakes.h"

#include <dirent.h>
#include <stdio.h>

#define LAYERS_MAX 8
#define WORDS_MAX 5

struct golden {
	struct arena arena;
	struct layer_report layers[LAYERS_MAX];
	const struct layer_report *reports[LAYERS_MAX];
	size_t n;
	struct buf expected, found;
};

static void add_package(struct golden *g, struct layer_report *r, const struct slice *w, enum package_type type)
{
	struct package *p = VEC_PUSH(&r->packages, &g->arena);

	*p = (struct package){ .type = type, .path = w[1], .db = w[1], .name = w[2], .version = w[3] };
	p->detector = type == PACKAGE_DEB ? SLICE("pkg") : SLICE("lang");
}

static void add_file(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct layer_file *f = VEC_PUSH(&r->files, &g->arena);

	*f = (struct layer_file){ .detector = w[1], .path = w[2], .alias = w[3], .read = true };
}

static void add_link(struct golden *g, struct layer_report *r, const struct slice *w, bool hard)
{
	struct layer_link *l = VEC_PUSH(&r->links, &g->arena);

	*l = (struct layer_link){ .path = w[1], .target = w[2], .hard = hard };
}

static void add_os(struct golden *g, struct layer_report *r, const struct slice *w)
{
	struct distribution *d = VEC_PUSH(&r->distributions, &g->arena);

	*d = (struct distribution){ .path = w[1], .did = w[2], .version_id = w[3] };
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
	else if (slice_eq(w[0], SLICE("os")))
		add_os(g, r, w);
	else if (slice_eq(w[0], SLICE("whiteout")))
		*VEC_PUSH(&r->whiteouts, &g->arena) = w[1];
	else if (slice_eq(w[0], SLICE("opaque")))
		*VEC_PUSH(&r->opaques, &g->arena) = w[1];
	else if (slice_eq(w[0], SLICE("directory")))
		*VEC_PUSH(&r->directories, &g->arena) = w[1];
	else if (slice_eq(w[0], SLICE("owned")))
		*VEC_PUSH(&r->owned, &g->arena) = (struct layer_owned){ w[1], w[2] };
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
}

static void print_found(struct golden *g, const struct scan_alias *asks, size_t n, const struct index_report *r)
{
	for (size_t i = 0; i < r->packages.len; i++) {
		const struct index_package *p = &r->packages.at[i];

		buf_printf(&g->found, "package %.*s %.*s %zu%s\n", SLICE_ARG(p->package.name),
			   SLICE_ARG(p->package.version), p->layer, p->package.flags & PACKAGE_OWNED ? " owned" : "");
	}
	for (size_t i = 0; i < r->distributions.len; i++)
		buf_printf(&g->found, "os %.*s\n", SLICE_ARG(r->distributions.at[i].did));
	for (size_t i = 0; i < n; i++)
		buf_printf(&g->found, "ask %.*s %.*s\n", SLICE_ARG(asks[i].real), SLICE_ARG(asks[i].wanted));
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
	const struct scan_alias *asks;
	struct coalesce *c = NULL;
	struct err err = ERR_INIT;
	size_t n;

	assert_int_equal(file_read(path, &text, &err), STATUS_OK);
	read_case(&g, buf_slice(&text));
	assert_int_equal(coalesce_new(g.reports, g.n, rules, &limits_default, &c, &err), STATUS_OK);
	assert_int_equal(coalesce_asks(c, &asks, &n, &err), STATUS_OK);
	for (size_t i = 0; i < g.n; i++)
		*VEC_PUSH(&report.layers, &g.arena) = (struct index_layer){ .read = true };
	assert_int_equal(coalesce_report(c, &g.arena, &report, &err), STATUS_OK);
	/* The asks were overwritten by the report's own look: ask once more for the comparison. */
	assert_int_equal(coalesce_asks(c, &asks, &n, &err), STATUS_OK);
	print_found(&g, asks, n, &report);
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
	assert_true(cases >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
