/* SPDX-License-Identifier: Apache-2.0 */
/* made.c - the cases of report/: every member filled somewhere, every coverage code, names that mean harm. */
#include "made.h"

#include <stdio.h>
#include <stdlib.h>

#define PUSH(m, vec) push_or_die(VEC_PUSH(&(vec), &(m)->arena))
#define push_or_die(p)                                                                                                 \
	({                                                                                                             \
		__typeof__(p) p_ = (p);                                                                                \
		if (!p_)                                                                                               \
			abort();                                                                                       \
		p_;                                                                                                    \
	})

static void digest(struct digest *d, uint8_t first)
{
	memset(d, 0, sizeof(*d));
	d->algo = DIGEST_SHA256;
	d->bytes[0] = first;
	d->bytes[31] = 0xff;
}

static void add_layer(struct made *m, uint8_t first, const char *created_by)
{
	struct index_layer *l = PUSH(m, m->index.layers);

	digest(&l->digest, first);
	digest(&l->diff_id, (uint8_t)(first + 1));
	l->created_by = slice_cstr(created_by);
	l->bytes_stored = 1000;
	l->bytes_tar = 3072;
	l->read = true;
}

static void begin(struct made *m)
{
	m->arena = (struct arena)ARENA_INIT((size_t)1 << 30);
	m->options =
		(struct report_options){ .now_s = MADE_NOW, .fail_on = SEVERITY_COUNT, .program_version = "1.2.3" };
	m->options.run = (struct report_run){ .commit = "ffac537e6cbbf934b08745a378932722df287a53",
					      .ref = "refs/heads/main",
					      .job = "scan",
					      .id = "42" };
	m->report.index = &m->index;
	m->report.complete = true;
	m->index.target = SLICE("docker-archive:app.tar");
	m->index.image_name = SLICE("example.com/app:1");
	digest(&m->index.manifest, 0xaa);
	m->index.os = SLICE("linux");
	m->index.arch = SLICE("arm64");
	m->index.variant = SLICE("v8");
	m->index.detector_set = SLICE("0123");
	m->index.complete = true;
}

static void alpine(struct made *m)
{
	struct distribution *d = PUSH(m, m->index.distributions);

	d->did = SLICE("alpine");
	d->name = SLICE("Alpine Linux");
	d->version_id = SLICE("3.22.1");
	d->pretty_name = SLICE("Alpine Linux v3.22");
	d->path = SLICE("etc/os-release");
}

static struct index_package *add_package(struct made *m, enum package_type t, const char *name, const char *version,
					 size_t layer)
{
	struct index_package *p = PUSH(m, m->index.packages);
	bool system = package_type_scope(t)[0] == '\0';

	p->package.type = t;
	p->package.name = slice_cstr(name);
	p->package.version = slice_cstr(version);
	p->package.arch = system ? SLICE("aarch64") : SLICE_EMPTY;
	p->package.db = p->package.path = SLICE("lib/apk/db/installed");
	p->package.detector = SLICE("apk");
	p->layer = layer;
	p->distribution = system && m->index.distributions.len > 0 ? 0 : INDEX_NO_DISTRIBUTION;
	p->repository = SIZE_MAX;
	return p;
}

static void place(struct index_package *p, const char *path, const char *detector)
{
	p->package.path = p->package.db = slice_cstr(path);
	p->package.detector = slice_cstr(detector);
}

struct words {
	const char *id, *alias, *summary, *fixed, *fix, *source;
	enum severity severity;
};

static struct finding make_finding(struct made *m, size_t package, const char *name, size_t flaw, const struct words *w)
{
	struct finding f = { .package = package, .flaw = flaw, .severity = w->severity };
	struct slice *aliases = arena_array(&m->arena, 1, sizeof(*aliases));
	struct slice *links = arena_array(&m->arena, 2, sizeof(*links));
	const struct package *p = &m->index.packages.at[package].package;

	if (!aliases || !links)
		abort();
	if (w->alias) {
		aliases[0] = slice_cstr(w->alias);
		f.advisory.aliases = aliases;
		f.advisory.n_aliases = 1;
	}
	links[0] = SLICE("https://example.com/a");
	links[1] = SLICE("https://example.com/b?x=1&y=<2>");
	f.advisory.links = links;
	f.advisory.n_links = 2;
	f.advisory.id = slice_cstr(w->id);
	f.advisory.summary = slice_cstr(w->summary);
	f.advisory.severity = w->severity;
	f.advisory.severity_text = slice_cstr(severity_name(w->severity));
	f.advisory.issued_s = MADE_NOW - 86400;
	f.advisory.modified_s = f.advisory.withdrawn_s = DATE_NONE;
	f.row.scope = SLICE("alpine:3.22");
	f.row.package = f.matched_name = slice_cstr(name);
	f.row.fixed_version = slice_cstr(w->fixed);
	f.row.scheme = p->type == PACKAGE_APK ? SCHEME_apk : p->type == PACKAGE_PYPI ? SCHEME_pep440 : SCHEME_go;
	f.row.name_kind = p->type == PACKAGE_APK ? AFFECTED_NAME_SOURCE : AFFECTED_NAME_BINARY;
	f.fix = slice_cstr(w->fix);
	f.matched_version = p->version;
	f.source = slice_cstr(w->source);
	f.comparison = SLICE("compared");
	digest(&f.segment, 0x55);
	return f;
}

static void add_finding(struct made *m, size_t package, const char *name, size_t flaw, const struct words *w)
{
	*PUSH(m, m->report.findings) = make_finding(m, package, name, flaw, w);
	m->report.flaws = MAX(m->report.flaws, flaw + 1);
}

static void add_coverage(struct made *m, enum coverage_code code, const char *scope, size_t packages,
			 const char *detail)
{
	struct coverage_item *c = PUSH(m, m->report.coverage);

	*c = (struct coverage_item){ code, slice_cstr(scope), slice_cstr(detail), packages };
	if (coverage_is_gap(code))
		m->report.complete = false;
}

static void add_source(struct made *m, const char *name, int64_t updated_s)
{
	struct coverage_source *s = PUSH(m, m->report.sources);

	*s = (struct coverage_source){ .name = slice_cstr(name), .updated_s = updated_s, .records = 42 };
	digest(&s->segment, 0x55);
}

/* ---- the cases ---- */

/* Three layers, three ecosystems; a flaw in two packages, two records of one flaw, several fixes, none. */
static void findings(struct made *m)
{
	static const struct words w[] = {
		{ "CVE-2025-0001", NULL, "", "3.5.1-r0", "3.5.1-r0", "alpine-main-v3.22-updater", SEVERITY_UNKNOWN },
		{ "CVE-2025-0002", NULL, "", "3.5.2-r0|3.5.9-r0", "3.5.9-r0", "alpine-main-v3.22-updater",
		  SEVERITY_UNKNOWN },
		{ "CVE-2025-0003", NULL, "", "", "", "alpine-main-v3.22-updater", SEVERITY_UNKNOWN },
		{ "PYSEC-2025-1", "CVE-2025-0004", "SQL injection in the reader\nwith a second line", "1.26.5|2.0.1",
		  "1.26.5", "osv/pypi", SEVERITY_CRITICAL },
		{ "GHSA-aaaa-bbbb-cccc", "CVE-2025-0004", "SQL injection", "1.26.5", "1.26.5", "osv/pypi",
		  SEVERITY_HIGH },
		{ "GHSA-dddd-eeee-ffff", NULL, "No CVE yet", "", "", "osv/pypi", SEVERITY_LOW },
		{ "GO-2025-0001", "CVE-2025-0001", "The same flaw elsewhere", "1.24.5", "1.24.5", "osv/go",
		  SEVERITY_MEDIUM },
	};

	alpine(m);
	add_layer(m, 0x11, "COPY rootfs.tar /");
	add_layer(m, 0x22,
		  "RUN apk add openssl # a command so long that no terminal of usual width shows all of it at once");
	add_layer(m, 0x33, "");
	add_package(m, PACKAGE_APK, "busybox", "1.37.0-r1", 0);
	add_package(m, PACKAGE_APK, "libcrypto3", "3.5.0-r0", 0);
	add_package(m, PACKAGE_APK, "libssl3", "3.5.0-r0", 1);
	for (size_t i = 1; i <= 2; i++) {
		m->index.packages.at[i].package.source_name = SLICE("openssl");
		m->index.packages.at[i].package.source_version = SLICE("3.5.0-r0");
	}
	place(add_package(m, PACKAGE_PYPI, "urllib3", "1.26.4", 1),
	      "usr/lib/python3.12/site-packages/urllib3-1.26.4.dist-info/METADATA", "python");
	place(add_package(m, PACKAGE_GO, "stdlib", "1.24.1", 1), "usr/local/bin/tool", "go");
	m->index.packages.at[4].package.flags = PACKAGE_STDLIB;
	place(add_package(m, PACKAGE_GO, "stdlib", "1.24.1", 2), "usr/local/bin/other", "go");
	place(add_package(m, PACKAGE_PYPI, "owned", "1.0", 0), "usr/lib/python3/dist-packages/owned.dist-info/METADATA",
	      "python");
	m->index.packages.at[6].package.flags = PACKAGE_OWNED;
	for (size_t p = 1; p <= 2; p++)
		for (size_t i = 0; i < 3; i++)
			add_finding(m, p, "openssl", i, &w[i]);
	add_finding(m, 3, "urllib3", 3, &w[4]);
	add_finding(m, 3, "urllib3", 3, &w[3]);
	add_finding(m, 3, "urllib3", 4, &w[5]);
	add_finding(m, 4, "stdlib", 0, &w[6]);
	add_finding(m, 5, "stdlib", 0, &w[6]);
	*PUSH(m, m->report.suppressed) =
		(struct suppressed){ .finding = make_finding(m, 6, "owned", 0, &w[5]),
				     .by = SUPPRESSED_BY_SYSTEM,
				     .reason = SLICE("belongs to a system package") };
	add_coverage(m, COVERAGE_COVERED, "alpine:3.22", 3, "Alpine packages were looked up");
	add_coverage(m, COVERAGE_COVERED, "pypi", 1, "Python packages were looked up");
	add_coverage(m, COVERAGE_OWNED, "pypi", 1,
		     "Python packages that belong to system packages: the system's "
		     "advisories count");
	add_coverage(m, COVERAGE_COVERED, "go", 2, "Go modules were looked up");
	add_source(m, "alpine-main-v3.22-updater", MADE_NOW - 3600);
	add_source(m, "osv/go", DATE_NONE);
	m->options.fail_on = SEVERITY_HIGH;
}

static void clean(struct made *m)
{
	alpine(m);
	add_layer(m, 0x11, "");
	add_package(m, PACKAGE_APK, "busybox", "1.37.0-r1", 0);
	add_coverage(m, COVERAGE_COVERED, "alpine:3.22", 1, "Alpine packages were looked up");
	add_source(m, "alpine-main-v3.22-updater", MADE_NOW - 3600);
	m->options.fail_on = SEVERITY_LOW;
}

/* One item of every code, all gaps of the world; nothing was found. */
static void gaps(struct made *m)
{
	static char scopes[COVERAGE_COUNT][32];
	struct index_diag *d;

	add_layer(m, 0x11, "");
	add_package(m, PACKAGE_APK, "busybox", "1.37.0-r1", 0);
	add_package(m, PACKAGE_GO, "example.com/tool", "(devel)", 0)->package.flags =
		PACKAGE_MAIN_MODULE | PACKAGE_BAD_VERSION;
	add_package(m, PACKAGE_PYPI, "odd", "one", 0)->package.flags = PACKAGE_BAD_VERSION;
	for (size_t i = 0; i < COVERAGE_COUNT; i++) {
		snprintf(scopes[i], sizeof(scopes[i]), "scope-%zu", i);
		add_coverage(m, (enum coverage_code)i, scopes[i], i, coverage_text((enum coverage_code)i));
	}
	d = PUSH(m, m->index.diags);
	*d = (struct index_diag){ 0, { DIAG_LIMIT, SLICE("usr/bin/huge"), 17, SLICE("a limit was reached") } };
	d = PUSH(m, m->index.diags);
	*d = (struct index_diag){ SIZE_MAX, { DIAG_LAYER, SLICE_EMPTY, ERR_NO_OFFSET, SLICE("the layer ends early") } };
	m->index.complete = false;
	m->report.demonstration = true;
	m->options.fail_on = SEVERITY_LOW;
}

static void empty(struct made *m)
{
	m->index.image_name = m->index.os = m->index.arch = m->index.variant = SLICE_EMPTY;
	m->index.manifest.algo = DIGEST_NONE;
	m->index.target = SLICE("rootfs:empty");
	add_coverage(m, COVERAGE_NO_PACKAGES, "", 0, "no package was found: nothing could be looked up");
}

/* Escapes, writing from right to left, bytes that are no UTF-8, wide letters, texts without end. */
static void hostile(struct made *m)
{
	static const struct words w[] = {
		{ "CVE-2025-1\033[2J", NULL, "\033]0;owned\007title\r\n\033[31mred", "1\n2", "1\n2", "source\033[0m",
		  SEVERITY_HIGH },
		{ "CVE-2025-0000000000000000000000000000000000000000000000002", NULL,
		  "\xe4\xb8\xad\xe6\x96\x87\xe6\xbc\x8f\xe6\xb4\x9e \xe2\x80\xae reversed \xff\xfe and very long, so "
		  "that it "
		  "does not fit into any terminal, however wide it may be, not even into one of two hundred columns",
		  "1.0.0-a-version-that-is-longer-than-any-column-of-the-table-is-allowed-to-be-r0", "", "s",
		  SEVERITY_UNKNOWN },
	};
	struct distribution *d = PUSH(m, m->index.distributions);

	m->index.target = SLICE("rootfs:\033]8;;http://x\033\\link\x9b");
	d->did = SLICE("evil");
	d->pretty_name = SLICE("Evil\033[5m \xe2\x81\xa6OS");
	add_layer(m, 0x11, "RUN \033[31mred\n");
	add_layer(m, 0x22, "");
	add_package(m, PACKAGE_APK, "a\nb\x7f\xc2\x9b", "1\t", 0);
	place(add_package(m, PACKAGE_PYPI, "\xe5\x90\x8d\xe5\x89\x8d", "0.9", 1),
	      "a/path/that/is/long/enough/to/leave/every/terminal/behind/and/then/some/more/of/it/for/good/measure",
	      "python");
	add_finding(m, 0, "a\nb\x7f\xc2\x9b", 0, &w[0]);
	add_finding(m, 1, "\xe5\x90\x8d\xe5\x89\x8d", 1, &w[1]);
	add_coverage(m, COVERAGE_NOT_READ, "etc/\033[31m\xff", 0,
		     "a text with an escape \033[0m and no end in sight, so that "
		     "it has to be wrapped at some place or other");
}

/* What NVD, EPSS and CISA say: of a CVE with everything, of an alias, of an erratum's CVEs, of one without any. */
static void enriched(struct made *m)
{
	static const struct words w[] = {
		{ "CVE-2021-44228", NULL, "Everything is known", "2.15.0", "2.15.0", "osv/pypi", SEVERITY_CRITICAL },
		{ "PYSEC-2025-1", "CVE-2025-0004", "By an alias", "", "", "osv/pypi", SEVERITY_HIGH },
		{ "ERRATUM-1", NULL, "By what it fixes", "1.1", "1.1", "osv/pypi", SEVERITY_MEDIUM },
		{ "GHSA-dddd-eeee-ffff", NULL, "No CVE yet", "", "", "osv/pypi", SEVERITY_LOW },
	};
	static const struct slice related[] = { SLICE_INIT("CVE-2021-44228"), SLICE_INIT("CVE-2025-0004"),
						SLICE_INIT("CVE-2025-0009") };
	static const struct enrichment_cvss cvss[] = {
		{ false, false, SLICE_INIT("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H"),
		  SLICE_INIT("security@example.org"), SLICE_INIT(""), SLICE_INIT("") },
		{ true, true, SLICE_INIT("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"), SLICE_INIT("nvd@nist.gov"),
		  SLICE_INIT(""), SLICE_INIT("") },
		{ true, false, SLICE_INIT("AV:N/AC:M/Au:N/C:C/I:C/A:C"), SLICE_INIT("nvd@nist.gov"), SLICE_INIT("9.2"),
		  SLICE_INIT("") },
	};
	static const struct enrichment_epss epss[] = {
		{ SLICE_INIT("0.97565"), SLICE_INIT("0.99998"), SLICE_INIT("v2023.03.01"),
		  SLICE_INIT("2024-10-25T00:00:00+0000") },
		{ SLICE_INIT("0.00043"), SLICE_INIT("0.09778"), SLICE_INIT("v2023.03.01"),
		  SLICE_INIT("2024-10-25T00:00:00+0000") },
	};
	static const struct enrichment_kev kev = { SLICE_INIT("2021-12-10"),
						   SLICE_INIT("2021-12-24"),
						   SLICE_INIT("Known"),
						   SLICE_INIT("Apache \033[31mLog4j2 <b>"),
						   SLICE_INIT("JNDI features do not protect"),
						   SLICE_INIT("Apply updates"),
						   SLICE_INIT("https://example.org/notes"),
						   SLICE_INIT("2025.08.25") };
	struct err err = ERR_INIT;

	alpine(m);
	add_layer(m, 0x11, "COPY app /");
	place(add_package(m, PACKAGE_PYPI, "app", "1.0", 0), "app/app.dist-info/METADATA", "python");
	for (size_t i = 0; i < ARRAY_LEN(w); i++)
		add_finding(m, 0, "app", i, &w[i]);
	m->report.findings.at[2].advisory.related = related;
	m->report.findings.at[2].advisory.n_related = ARRAY_LEN(related);
	*PUSH(m, m->report.enrichments) = (struct enrichment){ SLICE("CVE-2021-44228"), cvss, 3, &epss[0], &kev };
	*PUSH(m, m->report.enrichments) = (struct enrichment){ SLICE("CVE-2025-0004"), NULL, 0, &epss[1], NULL };
	for (size_t i = 0; i < ENRICHER_COUNT; i++)
		m->report.enriched[i] = true;
	if (report_link_enrichments(&m->report, &m->arena, &err) != STATUS_OK)
		abort();
	add_coverage(m, COVERAGE_COVERED, "pypi", 1, "Python packages were looked up");
	add_source(m, "osv/pypi", MADE_NOW - 3600);
}

const char *const made_names[] = { "findings", "clean", "gaps", "empty", "hostile", "enriched", NULL };

bool made_case(const char *name, struct made *out)
{
	static void (*const makers[])(struct made * m) = { findings, clean, gaps, empty, hostile, enriched };

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; made_names[i]; i++) {
		if (strcmp(name, made_names[i]) != 0)
			continue;
		begin(out);
		makers[i](out);
		return true;
	}
	return false;
}

void made_many(struct made *m, size_t n)
{
	static const struct words w = { "", NULL, "a summary", "2", "2", "debian/updater", SEVERITY_MEDIUM };

	memset(m, 0, sizeof(*m));
	begin(m);
	alpine(m);
	add_layer(m, 0x11, "");
	for (size_t i = 0; i < 20; i++)
		add_package(m, PACKAGE_APK, "linux", "1-r0", 0);
	for (size_t i = 0; i < n; i++) {
		struct words one = w;
		struct slice id;

		if (!arena_printf(&m->arena, &id, "CVE-2025-%05zu", i))
			abort();
		one.id = (const char *)id.ptr;
		one.severity = (enum severity)(i % SEVERITY_COUNT);
		add_finding(m, i % 20, "linux", i, &one);
	}
}

void made_fini(struct made *m)
{
	arena_fini(&m->arena);
}
