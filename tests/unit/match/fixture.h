/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fixture.h - an image made by hand and a database made from documents that the case writes out: feed format, segment
 * and matcher together, as in a real scan.
 */
#ifndef LIMPID_TESTS_UNIT_MATCH_FIXTURE_H
#define LIMPID_TESTS_UNIT_MATCH_FIXTURE_H

#include "feed/feed.h"
#include "match/match.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
#define FX_SOURCES 16
/* 2026-01-01: "now" of the cases. */
#define FX_NOW INT64_C(1767225600)

struct fx {
	char dir[64];
	struct arena arena;
	struct index_report index;
	struct index_layer layer;
	struct segment_set_entry entries[FX_SOURCES];
	size_t n;
	struct segment_set *set;
	struct match_options options;
	struct vulnerability_report report;
	struct segment_writer *writer; /* while a source is being made */
	size_t diags;		       /* of the last document */
	struct buf text;	       /* a document in the making */
	struct err err;
};

static inline void fx_check(struct fx *f, enum status st)
{
	if (st != STATUS_OK)
		fail_msg("%s: %s", status_text(st), f->err.msg);
}

static bool fx_served(struct slice scope, struct slice *out)
{
	if (!slice_starts(scope, SLICE("alpine:")) && !slice_eq(scope, SLICE("npm")))
		return false;
	*out = slice_starts(scope, SLICE("alpine:")) ? SLICE("alpine") : SLICE("osv");
	return true;
}

static inline int fx_setup(void **state)
{
	struct fx *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->arena = (struct arena)ARENA_INIT((size_t)256 << 20);
	f->err = (struct err)ERR_INIT;
	f->text = (struct buf)BUF_INIT((size_t)1 << 20);
	snprintf(f->dir, sizeof(f->dir), "/tmp/limpid-match-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->index.target = SLICE("rootfs:made");
	f->index.complete = true;
	f->layer.read = true;
	f->index.layers.at = &f->layer;
	f->index.layers.len = 1;
	f->options.now_s = FX_NOW;
	f->options.scope_served = fx_served;
	*state = f;
	return 0;
}

static inline int fx_teardown(void **state)
{
	struct fx *f = *state;
	DIR *dir = opendir(f->dir);
	struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(f->dir);
	segment_set_free(f->set);
	arena_fini(&f->arena);
	buf_fini(&f->text);
	free(f);
	return 0;
}

/* ---- the database ---- */

static inline struct segment_set_entry *fx_entry(struct fx *f, const char *source, const char *feed)
{
	struct segment_set_entry *e = &f->entries[f->n++];

	assert_true(f->n <= FX_SOURCES);
	*e = (struct segment_set_entry){ .source = slice_cstr(source),
					 .feed = slice_cstr(feed),
					 .updated_s = f->options.now_s - 3600 };
	return e;
}

static inline void fx_open(struct fx *f, const char *source)
{
	struct segment_meta meta = { .source = slice_cstr(source), .upstream_s = DATE_NONE };

	fx_check(f, segment_writer_open(f->dir, &meta, &limits_default, &f->writer, &f->err));
}

static inline struct segment_set_entry *fx_close(struct fx *f, const char *source, const char *feed)
{
	struct segment_set_entry *e = fx_entry(f, source, feed);
	struct segment_stats stats;

	fx_check(f, segment_writer_finish(f->writer, &e->digest, &stats, &f->err));
	f->writer = NULL;
	return e;
}

static enum status fx_emit(void *ctx, const struct advisory *a, struct err *err)
{
	struct fx *f = ctx;

	return segment_writer_add(f->writer, a, err);
}

static void fx_diag(void *ctx, const struct diag *d)
{
	struct fx *f = ctx;

	(void)d;
	f->diags++;
}

/* Append to the document in the making. */
PRINTF_LIKE(2, 3)
static inline void fx_text(struct fx *f, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	assert_true((size_t)vsnprintf(text, sizeof(text), fmt, ap) < sizeof(text));
	va_end(ap);
	buf_add_cstr(&f->text, text);
}

/* The document that was made; the next one begins. */
static inline const char *fx_texted(struct fx *f)
{
	struct slice copy;

	assert_true(arena_copy(&f->arena, buf_slice(&f->text), &copy));
	buf_reset(&f->text);
	return (const char *)copy.ptr;
}

/* JSON in C is unreadable with its own quotes: the cases write ' for ". */
static inline struct slice fx_quoted(struct fx *f, const char *document)
{
	char *copy = arena_cstr(&f->arena, slice_cstr(document));

	assert_non_null(copy);
	for (char *p = copy; *p; p++)
		if (*p == '\'')
			*p = '"';
	return slice_cstr(copy);
}

/* A source from the text of a document. */
static inline struct segment_set_entry *fx_source(struct fx *f, const char *source, const char *feed,
						  const struct feed_format *format, const char *param,
						  const char *document)
{
	struct feed_document doc = { .bytes = fx_quoted(f, document), .param = slice_cstr(param) };
	struct diag_sink diags = { fx_diag, f };
	struct advisory_sink sink = { fx_emit, &diags, f };

	f->diags = 0;
	fx_open(f, source);
	fx_check(f, format->parse(&doc, &limits_default, &sink, &f->err));
	return fx_close(f, source, feed);
}

/* An OSV record, or a list of them. */
static inline struct segment_set_entry *fx_osv(struct fx *f, const char *source, const char *records)
{
	return fx_source(f, source, "osv", &feed_format_osv, "", records);
}

static inline void fx_segment_path(const struct fx *f, const struct segment_set_entry *e, char out[256])
{
	struct digest_text text;

	snprintf(out, 256, "%s/%s.seg", f->dir, strchr(digest_print(&text, &e->digest), ':') + 1);
}

/* The file of a source, to be damaged: a descriptor. */
static inline int fx_segment(const struct fx *f, const struct segment_set_entry *e)
{
	char path[256];
	int fd;

	fx_segment_path(f, e, path);
	assert_int_equal(chmod(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* One bit of a byte; a second time it is as it was. */
static inline void fx_flip(int fd, off_t at)
{
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* ---- the image ---- */

static inline void fx_system(struct fx *f, const char *did, const char *version_id)
{
	struct distribution *d = VEC_PUSH(&f->index.distributions, &f->arena);

	assert_non_null(d);
	d->did = slice_cstr(did);
	d->version_id = slice_cstr(version_id);
}

/* The pointer is good until the next package. */
static inline struct package *fx_package(struct fx *f, enum package_type t, const char *name, const char *version)
{
	struct index_package *p = VEC_PUSH(&f->index.packages, &f->arena);
	bool system = package_type_scope(t)[0] == '\0';

	assert_non_null(p);
	p->distribution = system && f->index.distributions.len > 0 ? 0 : INDEX_NO_DISTRIBUTION;
	p->repository = SIZE_MAX;
	p->package = (struct package){ .type = t,
				       .name = slice_cstr(name),
				       .version = slice_cstr(version),
				       .db = SLICE("lib/db"),
				       .path = SLICE("lib/db") };
	return &p->package;
}

static inline struct package *fx_sourced(struct fx *f, enum package_type t, const char *name, const char *version,
					 const char *source, const char *source_version)
{
	struct package *p = fx_package(f, t, name, version);

	p->source_name = slice_cstr(source);
	p->source_version = slice_cstr(source_version);
	return p;
}

/* ---- asking ---- */

static inline void fx_set(struct fx *f)
{
	struct diag_sink quiet = { NULL, NULL };

	segment_set_free(f->set);
	f->set = NULL;
	fx_check(f, segment_set_open(f->dir, f->entries, f->n, &quiet, &f->set, &f->err));
}

static inline void fx_match(struct fx *f)
{
	fx_set(f);
	fx_check(f, match_report(&f->index, f->set, &f->options, &f->arena, &f->report, &f->err));
}

static inline const struct finding *fx_find(const struct fx *f, const char *id, const char *package)
{
	for (size_t i = 0; i < f->report.findings.len; i++) {
		const struct finding *x = &f->report.findings.at[i];

		if (slice_eq(x->advisory.id, slice_cstr(id)) &&
		    slice_eq(f->index.packages.at[x->package].package.name, slice_cstr(package)))
			return x;
	}
	return NULL;
}

static inline void fx_dump(const struct fx *f)
{
	for (size_t i = 0; i < f->report.findings.len; i++) {
		const struct finding *x = &f->report.findings.at[i];

		print_message("finding %.*s %.*s: %.*s; fixed %.*s; go to %.*s\n", SLICE_ARG(x->advisory.id),
			      SLICE_ARG(f->index.packages.at[x->package].package.name), SLICE_ARG(x->comparison),
			      SLICE_ARG(x->row.fixed_version), SLICE_ARG(x->fix));
	}
	for (size_t i = 0; i < f->report.coverage.len; i++) {
		const struct coverage_item *c = &f->report.coverage.at[i];

		print_message("coverage %s %.*s (%zu): %.*s\n", coverage_name(c->code), SLICE_ARG(c->scope),
			      c->packages, SLICE_ARG(c->detail));
	}
}

/* id is reported for package, with these fixed versions and this one to go to. */
static inline void fx_reported(struct fx *f, const char *id, const char *package, const char *fixed, const char *fix)
{
	const struct finding *x = fx_find(f, id, package);

	if (!x || !slice_eq(x->row.fixed_version, slice_cstr(fixed)) || !slice_eq(x->fix, slice_cstr(fix))) {
		fx_dump(f);
		fail_msg("%s of %s: expected fixed \"%s\", go to \"%s\"", id, package, fixed, fix);
	}
}

static inline void fx_findings(struct fx *f, size_t n)
{
	if (f->report.findings.len != n) {
		fx_dump(f);
		fail_msg("%zu findings, expected %zu", f->report.findings.len, n);
	}
}

static inline const struct coverage_item *fx_covered(const struct fx *f, enum coverage_code code, const char *scope)
{
	for (size_t i = 0; i < f->report.coverage.len; i++)
		if (f->report.coverage.at[i].code == code &&
		    slice_eq(f->report.coverage.at[i].scope, slice_cstr(scope)))
			return &f->report.coverage.at[i];
	return NULL;
}

static inline const struct coverage_item *fx_coverage(struct fx *f, enum coverage_code code, const char *scope,
						      size_t packages, const char *detail)
{
	const struct coverage_item *c = fx_covered(f, code, scope);

	if (!c || c->packages != packages || !slice_has(c->detail, slice_cstr(detail))) {
		fx_dump(f);
		fail_msg("no %s of \"%s\" with %zu packages and \"%s\"", coverage_name(code), scope, packages, detail);
	}
	return c;
}

#endif
