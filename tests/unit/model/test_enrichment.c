/* SPDX-License-Identifier: Apache-2.0 */
/* test_enrichment.c - ids, numbers, and statements that become rows and come back. */
#include "model/enrichment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_ids(void **state)
{
	static const char *const good[] = { "CVE-1999-0001", "CVE-2021-44228", "CVE-2024-1234567" };
	static const char *const bad[] = { "",
					   "CVE-",
					   "CVE-2021-123",
					   "CVE-21-44228",
					   "cve-2021-44228",
					   "CVE_2021-4422",
					   "CVE-2021-4422x",
					   " CVE-2021-44228" };
	struct slice rest = SLICE("http://x/CVE-2021-1/CVE-2021-44228?CVE-2016-2781.CVE-CVE-2024-1234567"), cve;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(enrichment_is_cve(slice_cstr(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(enrichment_is_cve(slice_cstr(bad[i])));
	assert_true(enrichment_next_cve(&rest, &cve) && slice_eq(cve, SLICE("CVE-2021-44228")));
	assert_true(enrichment_next_cve(&rest, &cve) && slice_eq(cve, SLICE("CVE-2016-2781")));
	assert_true(enrichment_next_cve(&rest, &cve) && slice_eq(cve, SLICE("CVE-2024-1234567")));
	assert_false(enrichment_next_cve(&rest, &cve));
	assert_false(enrichment_next_cve(&rest, &cve));
}

static void test_fractions(void **state)
{
	static const struct {
		const char *text;
		double want;
	} all[] = { { "0", 0 },
		    { "1", 1 },
		    { "0.97565", 0.97565 },
		    { "1.00000", 1 },
		    { "0.00043", 0.00043 },
		    { "0.9981063485700858", 0.998106348570085 },
		    { "", -1 },
		    { ".5", -1 },
		    { "1.1", -1 },
		    { "2", -1 },
		    { "0.", -1 },
		    { "0,5", -1 },
		    { "-0.1", -1 },
		    { "nan", -1 },
		    { "0.5x", -1 },
		    { "4.3e-05", 4.3e-5 },
		    { "1e-1", 0.1 },
		    { "1e5", -1 },
		    { "0.5e", -1 },
		    { "5e-0", -1 },
		    { "00.5", -1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		double got = enrichment_fraction(slice_cstr(all[i].text));

		if (got < all[i].want - 1e-14 || got > all[i].want + 1e-14)
			fail_msg("%s: %.17g, want %.17g", all[i].text, got, all[i].want);
	}
}

static void test_rows(void **state)
{
	const struct enrichment_cvss cvss = { .primary = true,
					      .chosen = true,
					      .vector = SLICE_INIT("CVSS:3.1/AV:N"),
					      .source = SLICE_INIT("nvd"),
					      .data = SLICE_INIT("{}") };
	const struct enrichment_epss epss = { .probability = SLICE_INIT("0.5"), .model = SLICE_INIT("v1") };
	const struct enrichment_kev kev = { .added = SLICE_INIT("2021-12-10"), .catalog = SLICE_INIT("7") };
	struct enrichment_cvss c;
	struct enrichment_epss e;
	struct enrichment_kev k;
	struct enrichment_record r;

	(void)state;
	enrichment_cvss_record(&cvss, SLICE("CVE-2021-0001"), &r);
	assert_true(r.advisory.affected == &r.row && r.advisory.n_affected == 1 && r.row.n_versions == 5);
	assert_true(enrichment_cvss_take(&r.row, &c) && c.primary && c.chosen);
	assert_true(slice_eq(c.vector, cvss.vector) && slice_eq(c.source, cvss.source) && c.score.len == 0 &&
		    slice_eq(c.data, cvss.data));
	enrichment_epss_record(&epss, SLICE("CVE-2021-0001"), &r);
	assert_int_equal(r.row.n_versions, 1); /* without a percentile */
	assert_true(enrichment_epss_take(&r.row, &r.advisory, &e));
	assert_true(slice_eq(e.probability, SLICE("0.5")) && e.percentile.len == 0 && slice_eq(e.model, SLICE("v1")));
	enrichment_kev_record(&kev, SLICE("CVE-2021-0001"), &r);
	assert_true(enrichment_kev_take(&r.row, &r.advisory, &k));
	assert_true(slice_eq(k.added, kev.added) && k.due.len == 0 && slice_eq(k.catalog, SLICE("7")));
	/* A row of something else is none. */
	r.row.n_versions = 0;
	assert_false(enrichment_cvss_take(&r.row, &c));
	assert_false(enrichment_epss_take(&r.row, &r.advisory, &e));
}

static void test_enrichers(void **state)
{
	enum enricher e;

	(void)state;
	assert_true(enricher_of_source(SLICE("clair.cvss/2021"), &e) && e == ENRICHER_CVSS);
	assert_true(enricher_of_source(SLICE("clair.kev"), &e) && e == ENRICHER_KEV);
	assert_false(enricher_of_source(SLICE("clair.kevin"), &e));
	assert_false(enricher_of_source(SLICE("osv/clair.kev"), &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ids), cmocka_unit_test(test_fractions),
					    cmocka_unit_test(test_rows), cmocka_unit_test(test_enrichers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
