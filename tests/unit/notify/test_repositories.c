/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_repositories.c - which manifests an advisory of Red Hat's touches, by the repositories that their packages are
 * from: an inverse index in a store, a map of repositories in a segment, and changes of advisories.
 *
 * Entries of the map are Red Hat's, as published. Who is affected is what a report of the same packages says
 * (unit/match/test_scopes.c, streams); the rule is Clair's, of CPE names that hold for others.
 */
#include "../match/fixture.h"

#include "match/place.h"
#include "notify/upstream.h"
#include "store/store.h"

#define BASEOS "cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*"
#define EUS "cpe:2.3:o:redhat:rhel_eus:9.2:*:baseos:*:*:*:*:*"
#define OPENSHIFT "cpe:2.3:a:redhat:openshift:4.13:*:el9:*:*:*:*:*"

struct world {
	struct fx *fx;
	struct store *store;
	struct judge_known map;
	char dir[64];
	unsigned manifests;
	bool was[8], is[8];
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct store_options options = { .busy_ms = 1000, .cache_bytes = 1 << 20 };
	void *fx;

	fx_setup(&fx);
	w->fx = fx;
	snprintf(w->dir, sizeof(w->dir), "/tmp/limpid-repositories-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	fx_check(w->fx, store_open(w->dir, &options, &w->store, &w->fx->err));
	fx_source(w->fx, "rhel-repositories", "rhel-repositories", &feed_format_repository_to_cpe, "",
		  "{'data':{'rhel-9-for-x86_64-baseos-eus-rpms':{'cpes':['cpe:/o:redhat:rhel_eus:9.0::baseos',"
		  "'cpe:/o:redhat:rhel_eus:9.2::baseos','cpe:/o:redhat:rhel_eus:9.4::baseos']},"
		  "'rhel-9-for-x86_64-baseos-rpms':{'cpes':['cpe:/o:redhat:enterprise_linux:9::baseos']}}}");
	fx_set(w->fx);
	w->map.set = w->fx->set;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	void *fx = w->fx;
	char command[128];

	store_close(w->store);
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
	fx_teardown(&fx);
	free(w);
	return 0;
}

static void add_repository(struct fx *f, const char *key, const char *name)
{
	struct layer_repository *r = VEC_PUSH(&f->index.repositories, &f->arena);

	assert_non_null(r);
	*r = (struct layer_repository){ .key = slice_cstr(key), .name = slice_cstr(name) };
	if (strcmp(key, REPOSITORY_CPE) == 0)
		r->cpe = r->name;
}

/* A manifest with one package from these repositories, put as an indexer puts it. Its number is its digest's. */
static void put(struct world *w, const char *version, size_t n, const char *const repositories[][2])
{
	struct fx *f = w->fx;
	struct store_manifest m = { .digest = { .algo = DIGEST_SHA256, .bytes = { (uint8_t)w->manifests } },
				    .state = SLICE("IndexFinished"),
				    .success = true };
	struct index_package p = { .package = { .type = PACKAGE_RPM }, .n_repositories = n };
	struct store_package package = { .type = SLICE("rpm"),
					 .name = SLICE("openssl-libs"),
					 .version = slice_cstr(version),
					 .source_name = SLICE("openssl"),
					 .source_version = slice_cstr(version),
					 .arch = SLICE("x86_64") };
	struct store_group group = { &package, 1 };

	p.repository = f->index.repositories.len;
	for (size_t i = 0; i < n; i++)
		add_repository(f, repositories[i][0], repositories[i][1]);
	assert_true(place_of(&f->index, &p, SLICE("rhel:9"), &f->arena, &package.scope));
	assert_true(slice_eq(place_scope(package.scope), SLICE("rhel:9")));
	fx_check(f, store_manifest_put(w->store, &m, SLICE("{}"), &group, 1, &f->err));
	w->manifests++;
}

static enum status take(void *ctx, size_t change, const struct digest *manifest, bool was, bool is, struct err *err)
{
	struct world *w = ctx;

	(void)change, (void)err;
	w->was[manifest->bytes[0]] = was;
	w->is[manifest->bytes[0]] = is;
	return STATUS_OK;
}

static struct notify_side side(struct fx *f, const char *cpe, const char *fixed, struct notify_row *row)
{
	judge_question_list list;
	char *text = NULL;

	if (!cpe)
		return (struct notify_side){ .n = 0 };
	assert_true(asprintf(&text,
			     "{\"vulnerabilities\":[{\"id\":\"1\",\"name\":\"CVE-1\",\"package\":{\"name\":"
			     "\"openssl-libs\",\"kind\":\"binary\"},\"repository\":{\"key\":\"rhel-cpe-repository\","
			     "\"name\":\"%s\",\"cpe\":\"%s\"},\"fixed_in_version\":\"%s\"}]}",
			     cpe, cpe, fixed) > 0);
	fx_check(f, judge_parse(slice_cstr(text), &limits_default, &f->arena, &list, &f->err));
	free(text);
	assert_int_equal(list.at[0].refused.len, 0);
	*row = (struct notify_row){ .q = list.at[0] };
	return (struct notify_side){ .rows = row, .n = 1, .severity = SEVERITY_HIGH };
}

/* '.': not touched, '+': is affected now, '-': is not any more, '=': was and is. */
static void touches(struct world *w, const struct judge_known *map, const char *cpe_before, const char *before,
		    const char *cpe_after, const char *after, const char *expect)
{
	struct notify_affected_sink sink = { .affected = take, .ctx = w };
	struct notify_row rows[2];
	struct notify_change c = { .package = SLICE("openssl-libs"), .id = SLICE("CVE-1"), .differs = true };
	char got[9] = "";

	c.before = side(w->fx, cpe_before, before, &rows[0]);
	c.after = side(w->fx, cpe_after, after, &rows[1]);
	memset(w->was, 0, sizeof(w->was));
	memset(w->is, 0, sizeof(w->is));
	fx_check(w->fx, notify_affected_in(w->store, &c, 0, map, &sink, &w->fx->err));
	for (unsigned i = 0; i < w->manifests; i++)
		got[i] = w->was[i] ? w->is[i] ? '=' : '-' : w->is[i] ? '+' : '.';
	if (strcmp(got, expect) != 0)
		fail_msg("%s: expected %s", got, expect);
}

static void test_manifests(void **state)
{
	static const char *const eus[][2] = { { REPOSITORY_CONTENT_SET, "rhel-9-for-x86_64-baseos-eus-rpms" } };
	static const char *const main_set[][2] = { { REPOSITORY_CONTENT_SET, "rhel-9-for-x86_64-baseos-rpms" },
						   { REPOSITORY_CONTENT_SET, "unheard-of" } };
	static const char *const unknown[][2] = { { REPOSITORY_CONTENT_SET, "unheard-of" } };
	static const char *const product[][2] = { { REPOSITORY_CPE, OPENSHIFT }, { REPOSITORY_CPE, BASEOS } };
	struct world *w = *state;

	put(w, "1:3.0.7-18.el9_2", 0, NULL); /* 0: says nothing */
	put(w, "1:3.0.7-18.el9_2", 1, eus);
	put(w, "1:3.0.7-18.el9_2", 2, main_set);
	put(w, "1:3.0.7-18.el9_2", 1, unknown);
	put(w, "1:3.0.7-18.el9_2", 2, product); /* 4: Clair's own report, with its names */
	put(w, "1:3.0.7-25.el9_3", 1, eus);
	/* The main stream's: not of the extended one; what says nothing known is assumed to be the system's. */
	touches(w, &w->map, NULL, NULL, BASEOS, "1:3.0.7-25.el9_3", "+.+++.");
	/* The extended stream's: of no other. */
	touches(w, &w->map, NULL, NULL, EUS, "1:3.0.7-18.el9_2.1", ".+....");
	touches(w, &w->map, NULL, NULL, EUS, "1:3.0.7-18.el9_2", "......");
	touches(w, &w->map, NULL, NULL, EUS, "1:3.0.7-26.el9_4", ".+...+");
	/* A product's: of who says that it is of it, a shorter version of which holds, and an other does not. */
	touches(w, &w->map, NULL, NULL, OPENSHIFT, "1:3.0.7-25.el9_3", "....+.");
	touches(w, &w->map, NULL, NULL, "cpe:2.3:a:redhat:openshift:4:*:el9:*:*:*:*:*", "1:3.0.7-25.el9_3", "....+.");
	touches(w, &w->map, NULL, NULL, "cpe:2.3:a:redhat:openshift:4.1:*:el9:*:*:*:*:*", "1:3.0.7-25.el9_3", "......");
	/* A fix that moves, and one that comes: who was affected, who is. */
	touches(w, &w->map, EUS, "1:3.0.7-26.el9_4", EUS, "1:3.0.7-18.el9_2.1", ".=...-");
	touches(w, &w->map, EUS, "1:3.0.7-18.el9_2.1", EUS, "1:3.0.7-18.el9_2", ".-....");
	/* Without the map, names of repositories say nothing. */
	touches(w, NULL, NULL, NULL, BASEOS, "1:3.0.7-25.el9_3", "+++++.");
	touches(w, NULL, NULL, NULL, EUS, "1:3.0.7-26.el9_4", "......");
}

static void test_places(void **state)
{
	struct world *w = *state;
	struct fx *f = w->fx;
	struct index_package p = { .package = { .type = PACKAGE_RPM }, .n_repositories = 1 };
	struct slice place;

	add_repository(f, REPOSITORY_CONTENT_SET, "rhel-9-for-x86_64-baseos-eus-rpms");
	/* Others' packages are kept as they were. */
	assert_true(place_of(&f->index, &p, SLICE("almalinux:9"), &f->arena, &place));
	assert_true(slice_eq(place, SLICE("almalinux:9")));
	assert_true(place_of(&f->index, &p, SLICE("rhel:9"), &f->arena, &place));
	assert_true(slice_eq(place, SLICE("rhel:9 set:rhel-9-for-x86_64-baseos-eus-rpms")));
	assert_true(place_holds(place, SLICE("rhel:" EUS), w->map.set));
	assert_false(place_holds(place, SLICE("rhel:" BASEOS), w->map.set));
	assert_true(place_holds(place, SLICE("rhel:" BASEOS), NULL));
	assert_true(place_holds(SLICE("debian:12"), SLICE("debian:12"), w->map.set));
	/* Images: one that says its product is of no other; "Red Hat Container Catalog" is of any. */
	p.repository = f->index.repositories.len;
	add_repository(f, REPOSITORY_CONTAINERS, OPENSHIFT);
	f->index.repositories.at[p.repository].cpe = SLICE(OPENSHIFT);
	assert_true(place_of(&f->index, &p, SLICE("rhcc"), &f->arena, &place));
	assert_true(place_holds(place, SLICE("rhcc:" OPENSHIFT), NULL));
	assert_false(place_holds(place, SLICE("rhcc:cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*"), NULL));
	p.repository = f->index.repositories.len;
	add_repository(f, REPOSITORY_CONTAINERS, "Red Hat Container Catalog");
	assert_true(place_of(&f->index, &p, SLICE("rhcc"), &f->arena, &place));
	assert_true(slice_eq(place, SLICE("rhcc")));
	assert_true(place_holds(place, SLICE("rhcc:" OPENSHIFT), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_manifests, set_up, tear_down),
					    cmocka_unit_test_setup_teardown(test_places, set_up, tear_down) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
