/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_images.c - container images of Red Hat as packages: products, tags, images below, and Clair's table of its rule.
 */
#include "fixture.h"

#include "match/judge.h"

#define CATALOGUE "Red Hat Container Catalog"

/* A document about one image of one product: fixed with a tag, or (tag "") affected, or (NULL) not affected. */
static void add_vex(struct fx *f, const char *id, const char *cpe, const char *tag)
{
	fx_text(f, "{'document':{'tracking':{'id':'%s'},'aggregate_severity':{'text':'Important'}},", id);
	fx_text(f,
		"'product_tree':{'branches':[{'product':{'product_id':'of','product_identification_helper':"
		"{'cpe':'%s'}}},",
		cpe);
	fx_text(f,
		"{'product':{'product_id':'i','product_identification_helper':{'purl':'pkg:oci/image?repository_url="
		"registry.redhat.io/quay/image%s%s'}}},",
		tag && *tag ? "&tag=" : "", tag ? tag : "");
	fx_text(f, "{'product':{'product_id':'j','product_identification_helper':{'purl':'pkg:oci/quay/other'}}}],");
	fx_text(f, "'relationships':[");
	for (const char *p = "ij"; *p; p++)
		fx_text(f,
			"%s{'category':'default_component_of','full_product_name':{'product_id':'of:%c'},"
			"'product_reference':'%c','relates_to_product_reference':'of'}",
			*p == 'j' ? "," : "", *p, *p);
	fx_text(f, "]},'vulnerabilities':[{'cve':'%s','product_status':{'%s':['of:i'],'%s':['of:j']}}]}", id,
		!tag   ? "known_not_affected"
		: *tag ? "fixed"
		       : "known_affected",
		tag && !*tag ? "under_investigation" : "known_affected");
	fx_source(f, "rhel-vex", "rhel-vex", &feed_format_csaf_vex, "", fx_texted(f));
}

/* In a layer, of a repository: Clair's catalogue, or the product of a CPE name; NULL: none is said. */
static void add_image(struct fx *f, size_t layer, const char *version, const char *repository)
{
	struct layer_repository *r;
	struct index_package *p;

	fx_package(f, PACKAGE_OCI, "quay/image", version)->arch = SLICE("x86_64");
	p = &f->index.packages.at[f->index.packages.len - 1];
	p->layer = layer;
	if (!repository)
		return;
	r = VEC_PUSH(&f->index.repositories, &f->arena);
	assert_non_null(r);
	*r = (struct layer_repository){ .name = slice_cstr(repository), .key = SLICE(REPOSITORY_CONTAINERS) };
	if (strcmp(repository, CATALOGUE) != 0)
		r->cpe = r->name;
	p->repository = f->index.repositories.len - 1;
	p->n_repositories = 1;
}

#define GITOPS "cpe:/a:redhat:openshift_gitops:1.16::el8"
#define GITOPS_NAME "cpe:2.3:a:redhat:openshift_gitops:1.16:*:el8:*:*:*:*:*"
#define QUAY "cpe:/a:redhat:quay:3::el8"
#define QUAY_NAME "cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*"

/* claircore, rhel/rhcc/matcher_test.go: version, fixed ("" = unfixed, NULL = inverted), repositories, verdict. */
static void test_clair_table(void **state)
{
	static const struct {
		const char *version, *fixed, *repository, *cpe;
		bool affected;
	} rows[] = {
		{ "1740000000", "1742843776", GITOPS_NAME, GITOPS, true },
		{ "1744596866", "1742843776", GITOPS_NAME, GITOPS, false },
		{ "1742843776", "1742843776", GITOPS_NAME, GITOPS, false },
		{ "1742843776", "", GITOPS_NAME, GITOPS, true },
		{ "v3.5.5-4", "v3.5.7-8", QUAY_NAME, QUAY, true },
		{ "v3.5.5-4", "v3.5.6-1", CATALOGUE, QUAY, true },
		{ "v3.5.9-2", "v3.5.7-8", QUAY_NAME, QUAY, false },
		{ "v3.5.7-1", "v3.5.6-1", CATALOGUE, QUAY, false },
		{ "v3.5.9-2", "", QUAY_NAME, QUAY, true },
		{ "v3.5.9-2", "", CATALOGUE, QUAY, true },
		{ "v3.5.5-4", "v3.5.7-8", QUAY_NAME, "cpe:/a:redhat:openshift:4::el8", false },
		{ "7.0.3-13", NULL, CATALOGUE, QUAY, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fx *f;

		if (*state)
			fx_teardown(state);
		fx_setup(state);
		f = *state;
		add_vex(f, "CVE-1", rows[i].cpe, rows[i].fixed);
		add_image(f, 0, rows[i].version, rows[i].repository);
		fx_match(f);
		fx_findings(f, rows[i].affected ? 1 : 0);
		if (rows[i].affected)
			fx_reported(f, "CVE-1", "quay/image", rows[i].fixed, rows[i].fixed);
		fx_coverage(f, COVERAGE_COVERED, "rhcc", 1, "were looked up");
	}
}

/* What it was made from has advisories of its own, which are not this image's. */
static void test_images_below(void **state)
{
	struct fx *f = *state;

	add_vex(f, "CVE-1", QUAY, "v3.5.7-8");
	add_image(f, 0, "v3.5.5-4", CATALOGUE);
	add_image(f, 2, "v3.5.9-1", CATALOGUE);
	fx_match(f);
	fx_findings(f, 0);
	fx_coverage(f, COVERAGE_COVERED, "rhcc", 1, "were looked up");
	fx_coverage(f, COVERAGE_OWNED, "rhcc", 1, "made from");
}

static void test_no_product(void **state)
{
	struct fx *f = *state;

	add_vex(f, "CVE-1", QUAY, "v3.5.7-8");
	add_image(f, 0, "v3.5.5-4", NULL);
	fx_match(f);
	fx_findings(f, 0);
	fx_coverage(f, COVERAGE_NO_FEED, "rhcc", 1, "which product");
}

static bool asked(struct fx *f, const char *document, const char *version)
{
	struct package p = { .type = PACKAGE_OCI, .name = SLICE("quay/image"), .version = slice_cstr(version) };
	judge_question_list list;

	fx_check(f, judge_parse(fx_quoted(f, document), &limits_default, &f->arena, &list, &f->err));
	assert_int_equal(list.len, 1);
	assert_int_equal(list.at[0].refused.len, 0);
	return judge_affects(&list.at[0], &p, SLICE("rhcc"), NULL);
}

/* As Clair's clients send it: the range of a minor version, and the fix within it. */
static void test_asked(void **state)
{
#define ASKED(low, high)                                                                                               \
	"{'vulnerabilities':[{'id':'1','name':'CVE-1','package':{'name':'quay/image','kind':'binary'},'repository':{"  \
	"'name':'" QUAY_NAME "','key':'rhcc-container-repository'},'fixed_in_version':'v3.5.7-8','range':{'[':'"       \
	"rhctag:" low ".0.0.0.0.0.0.0','"                                                                              \
	")':'rhctag:" high ".0.0.0.0.0.0.0'}}]}"
	struct fx *f = *state;

	assert_true(asked(f, ASKED("3.5.0", "3.5.2147483647"), "v3.5.5-4"));
	assert_false(asked(f, ASKED("3.5.0", "3.5.2147483647"), "v3.5.7-8"));
	assert_false(asked(f, ASKED("3.5.0", "3.5.2147483647"), "v3.4.9-1"));
	assert_true(asked(f, ASKED("0.0.0", "3.5.2147483647"), "v3.4.9-1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_clair_table, fx_teardown),
		TEST(test_images_below),
		TEST(test_no_product),
		TEST(test_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
