/* SPDX-License-Identifier: Apache-2.0 */
/* test_enrich.c - CVEs of findings, looked up in the segments of enrichers: which id, which source, and damaged ones.
 */
#include "fixture.h"

#include "match/enrich.h"

extern const struct feed_format feed_format_epss, feed_format_kev, feed_format_nvd;

#define NVD(vector)                                                                                                    \
	"{'vulnerabilities': [{'cve': {'id': 'CVE-2021-0001', 'vulnStatus': 'Analyzed', 'metrics': {'cvssMetricV31': " \
	"[{'type': 'Primary', 'source': 'nvd@nist.gov', 'cvssData': {'vectorString': '" vector "'}}]}}}]}"
#define HIGH "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
#define LOW "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"

static void enrich(struct fx *f)
{
	fx_match(f);
	fx_check(f, match_enrich(f->set, &f->arena, &f->report, &f->err));
}

static void add_image(struct fx *f)
{
	fx_package(f, PACKAGE_NPM, "a", "1.0.0");
	fx_osv(f, "osv/npm",
	       "[{'id': 'GHSA-1', 'aliases': ['CVE-2021-0001'], 'affected': [{'package': {'ecosystem': 'npm', 'name': "
	       "'a'}, 'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}]}]}]},"
	       "{'id': 'ERRATUM-1', 'related': ['CVE-2021-0002', 'CVE-2021-0003'], 'affected': [{'package': "
	       "{'ecosystem': 'npm', 'name': 'a'}, 'ranges': [{'type': 'SEMVER', 'events': [{'introduced': '0'}]}]}]},"
	       "{'id': 'MAL-1', 'references': [{'type': 'WEB', 'url': 'http://x/CVE-2021-0004'}], 'affected': "
	       "[{'package': {'ecosystem': 'npm', 'name': 'a'}, 'versions': ['1.0.0']}]}]");
}

static void test_ids(void **state)
{
	struct fx *f = *state;
	const struct finding *alias, *erratum, *none;

	add_image(f);
	fx_source(f, "clair.epss", "clair.epss", &feed_format_epss, "",
		  "#model_version:v1,score_date:2025-01-01\ncve,epss,percentile\nCVE-2021-0001,0.1,0.5\n"
		  "CVE-2021-0002,0.2,0.6\nCVE-2021-0003,0.9,0.99\nCVE-2021-0004,0.4,0.7\nCVE-2021-0005,1,1\n");
	fx_source(
		f, "clair.kev", "clair.kev", &feed_format_kev, "",
		"{'catalogVersion': '7', 'vulnerabilities': [{'cveID': 'CVE-2021-0002', 'dateAdded': '2021-12-10'}]}");
	enrich(f);
	fx_findings(f, 3);
	alias = fx_find(f, "GHSA-1", "a");
	erratum = fx_find(f, "ERRATUM-1", "a");
	none = fx_find(f, "MAL-1", "a");
	assert_true(alias && erratum && none);
	assert_true(slice_eq(finding_epss(alias)->cve, SLICE("CVE-2021-0001")));
	assert_true(slice_eq(finding_epss(alias)->epss->model, SLICE("v1")));
	assert_null(finding_kev(alias));
	/* Of several the most likely; of any that is exploited. */
	assert_true(slice_eq(finding_epss(erratum)->epss->probability, SLICE("0.9")));
	assert_true(slice_eq(finding_kev(erratum)->cve, SLICE("CVE-2021-0002")));
	assert_true(slice_eq(finding_kev(erratum)->kev->catalog, SLICE("7")));
	/* A link names a CVE, as Clair takes it; the finding is not about it. */
	assert_int_equal(none->n_enrichments, 0);
	assert_non_null(report_enrichment(&f->report, SLICE("CVE-2021-0004")));
	/* What nothing names is not there. */
	assert_int_equal(f->report.enrichments.len, 4);
	assert_null(report_enrichment(&f->report, SLICE("CVE-2021-0005")));
	assert_true(f->report.enriched[ENRICHER_EPSS] && f->report.enriched[ENRICHER_KEV]);
	assert_false(f->report.enriched[ENRICHER_CVSS]);
	/* Enrichers have no advisories: nobody misses them, and coverage does not speak of them. */
	assert_true(f->report.complete);
}

/* NVD's year of the id is asked; an import of all years only where that has nothing. */
static void test_years(void **state)
{
	struct fx *f = *state;
	const struct enrichment *e;

	add_image(f);
	fx_source(f, "clair.cvss", "clair.cvss", &feed_format_nvd, "", NVD(LOW));
	fx_source(f, "clair.cvss/2020", "clair.cvss", &feed_format_nvd, "", NVD(LOW));
	enrich(f);
	e = report_enrichment(&f->report, SLICE("CVE-2021-0001"));
	assert_true(e && e->n_cvss == 1 && slice_eq(e->cvss[0].vector, SLICE(LOW)));
	fx_source(f, "clair.cvss/2021", "clair.cvss", &feed_format_nvd, "", NVD(HIGH));
	enrich(f);
	e = report_enrichment(&f->report, SLICE("CVE-2021-0001"));
	assert_true(e && e->n_cvss == 1 && slice_eq(e->cvss[0].vector, SLICE(HIGH)) && e->cvss[0].chosen);
}

/* Flip a bit of each byte of an enricher's segment: never a crash, findings stay, damage that was seen is told. */
static void test_damaged(void **state)
{
	struct fx *f = *state;
	struct segment_set_entry *e;
	size_t told = 0;
	off_t size;
	int fd;

	add_image(f);
	e = fx_source(
		f, "clair.kev", "clair.kev", &feed_format_kev, "",
		"{'catalogVersion': '7', 'vulnerabilities': [{'cveID': 'CVE-2021-0001'}, {'cveID': 'CVE-2021-0002'}]}");
	fd = fx_segment(f, e);
	size = lseek(fd, 0, SEEK_END);
	for (off_t at = 256; at < size; at++) {
		fx_flip(fd, at);
		enrich(f);
		fx_findings(f, 3);
		if (fx_covered(f, COVERAGE_NO_ENRICHMENT, "clair.kev")) {
			assert_false(f->report.complete);
			told++;
		}
		fx_flip(fd, at);
	}
	close(fd);
	assert_true(told > 0);
	enrich(f);
	assert_non_null(finding_kev(fx_find(f, "GHSA-1", "a")));
	assert_null(fx_covered(f, COVERAGE_NO_ENRICHMENT, "clair.kev"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_ids),
					    TEST(test_years),
					    TEST(test_damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
