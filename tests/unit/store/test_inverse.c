/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_inverse.c - who has a package: compared with a plain list of what was put, over random puts and deletions.
 *
 * The model is an array of manifests with the packages of each; every question is answered from it by going through
 * all.
 */
#include "support.h"

#include <stdio.h>
#include <string.h>

#define PACKAGES 60u
#define MANIFESTS 40u
#define GROUPS 4u

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Names that meet: "p3" is a package and the source of others; some have no source. */
static struct store_package package(uint32_t i)
{
	static char names[PACKAGES][16], sources[PACKAGES][16], versions[PACKAGES][16];

	snprintf(names[i], sizeof(names[i]), "p%u", i % 20);
	sources[i][0] = '\0';
	if (i % 3 != 0)
		snprintf(sources[i], sizeof(sources[i]), "p%u", i % 7);
	snprintf(versions[i], sizeof(versions[i]), "1.%u\xff", i);
	return (struct store_package){ .type = SLICE("deb"),
				       .name = slice_cstr(names[i]),
				       .version = slice_cstr(versions[i]),
				       .source_name = slice_cstr(sources[i]),
				       .arch = SLICE("amd64"),
				       .scope = i % 2 ? SLICE("debian:12") : SLICE("debian:11") };
}

struct model {
	bool there[MANIFESTS];
	bool has[MANIFESTS][PACKAGES];
};

static void put(struct store *s, struct model *model, uint32_t m)
{
	struct store_package packages[GROUPS][20];
	struct store_group groups[GROUPS];
	struct store_manifest manifest = { .digest = some_digest(m), .state = SLICE("IndexFinished") };
	size_t n_groups = below(GROUPS + 1);

	memset(model->has[m], 0, sizeof(model->has[m]));
	model->there[m] = true;
	for (size_t g = 0; g < n_groups; g++) {
		/* A few bases, which many share; an empty group; a random one with repetitions. */
		uint32_t base = below(8) * 5, n = g == 0 ? 15 : below(20);

		groups[g] = (struct store_group){ packages[g], n };
		for (uint32_t i = 0; i < n; i++) {
			uint32_t p = g == 0 ? (base + i) % PACKAGES : below(PACKAGES);

			packages[g][i] = package(p);
			model->has[m][p] = true;
		}
	}
	check(store_manifest_put(s, &manifest, SLICE("report"), groups, n_groups, &err));
}

/* All pages of who has any of these, compared with the model. */
static void check_manifests(struct store *s, const struct model *model, const uint64_t *ids, size_t n,
			    const bool *wanted)
{
	bool got[MANIFESTS] = { false };
	uint64_t after = 0;
	size_t found, page = 1 + below(7);

	do {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct store_affected *list;

		check(store_manifests_with(s, ids, n, after, page, &arena, &list, &found, &err));
		assert_true(found <= page);
		for (size_t i = 0; i < found; i++) {
			uint32_t m;

			assert_true(list[i].manifest > after);
			after = list[i].manifest;
			for (m = 0; m < MANIFESTS; m++)
				if (digest_eq(&list[i].digest, (struct digest[]){ some_digest(m) }))
					break;
			assert_true(m < MANIFESTS && !got[m]);
			got[m] = true;
		}
		arena_fini(&arena);
	} while (found == page);
	for (uint32_t m = 0; m < MANIFESTS; m++) {
		bool want = false;

		for (uint32_t p = 0; p < PACKAGES; p++)
			want |= wanted[p] && model->there[m] && model->has[m][p];
		assert_int_equal(got[m], want);
	}
}

/* Of each manifest: which of these packages it has. */
static void check_has(struct store *s, const struct model *model, const uint64_t *ids, const uint32_t *which, size_t n)
{
	for (uint32_t m = 0; m < MANIFESTS; m++) {
		struct digest d = some_digest(m);
		bool has[PACKAGES];

		check(store_manifest_has(s, &d, ids, n, has, &err));
		for (size_t i = 0; i < n; i++)
			assert_int_equal(has[i], model->there[m] && model->has[m][which[i]]);
	}
}

/* Every package of a name that some manifest has is found, and no other; then who has them. */
static void check_name(struct store *s, const struct model *model, const char *name)
{
	bool seen[PACKAGES] = { false };
	uint64_t ids[PACKAGES], after = 0;
	uint32_t which[PACKAGES];
	size_t n = 0, found;

	do {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct store_package_row *rows;

		check(store_packages_named(s, slice_cstr(name), after, 3, &arena, &rows, &found, &err));
		for (size_t i = 0; i < found; i++) {
			uint32_t p;

			for (p = 0; p < PACKAGES; p++)
				if (slice_eq(package(p).version, rows[i].package.version))
					break;
			assert_true(p < PACKAGES && !seen[p] && rows[i].id > after && n < PACKAGES);
			assert_true(slice_eq(package(p).scope, rows[i].package.scope));
			assert_true(slice_eq(package(p).source_name, rows[i].package.source_name));
			check_slice(rows[i].package.arch, "amd64");
			seen[p] = true;
			which[n] = p;
			after = ids[n++] = rows[i].id;
		}
		arena_fini(&arena);
	} while (found == 3);
	for (uint32_t p = 0; p < PACKAGES; p++) {
		bool has = false;

		for (uint32_t m = 0; m < MANIFESTS; m++)
			has |= model->there[m] && model->has[m][p];
		assert_int_equal(seen[p], has && (slice_eq(package(p).name, slice_cstr(name)) ||
						  slice_eq(package(p).source_name, slice_cstr(name))));
	}
	check_manifests(s, model, ids, n, seen);
	check_has(s, model, ids, which, n);
}

static void check_all(struct store *s, const struct model *model)
{
	char name[16];

	for (uint32_t i = 0; i < 21; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		check_name(s, model, name);
	}
}

static uint64_t rows_of(struct store *s, const char *name)
{
	struct store_size sizes[STORE_SIZES];
	size_t n;

	check(store_sizes(s, sizes, &n, &err));
	for (size_t i = 0; i < n; i++)
		if (strcmp(sizes[i].name, name) == 0)
			return sizes[i].rows;
	fail_msg("no size of %s", name);
	return 0;
}

static void test_random(void **state)
{
	struct store *s = place_open(*state);
	struct model model = { 0 };

	seed = 1;
	for (unsigned round = 0; round < 400; round++) {
		uint32_t m = below(MANIFESTS);
		bool gone = false;

		if (below(3) > 0) {
			put(s, &model, m);
		} else {
			struct digest d = some_digest(m);

			check(store_manifests_delete(s, &d, 1, &gone, &err));
			assert_int_equal(gone, model.there[m]);
			model.there[m] = false;
		}
		if (round % 50 == 49)
			check_all(s, &model);
	}
	for (uint32_t m = 0; m < MANIFESTS; m++) {
		struct digest d = some_digest(m);
		bool gone = false;

		check(store_manifests_delete(s, &d, 1, &gone, &err));
		model.there[m] = false;
	}
	check_all(s, &model);
	/* Nothing is left of them. */
	assert_int_equal(rows_of(s, "packages"), 0);
	assert_int_equal(rows_of(s, "groups of packages"), 0);
	assert_int_equal(rows_of(s, "manifests"), 0);
	assert_int_equal(rows_of(s, "index reports"), 0);
	store_close(s);
}

/* A hundred manifests on one base: its packages are there once. */
static void test_shared(void **state)
{
	struct store_package base[20], own;
	struct store *s = place_open(*state);

	for (uint32_t i = 0; i < 20; i++)
		base[i] = package(i);
	for (uint32_t m = 0; m < 100; m++) {
		struct store_manifest manifest = { .digest = some_digest(m) };
		char version[16];

		own = package(30);
		snprintf(version, sizeof(version), "%u", m);
		own.version = slice_cstr(version);
		check(store_manifest_put(s, &manifest, SLICE("r"), (struct store_group[]){ { base, 20 }, { &own, 1 } },
					 2, &err));
	}
	assert_int_equal(rows_of(s, "packages"), 120);
	assert_int_equal(rows_of(s, "groups of packages"), 101);
	assert_int_equal(rows_of(s, "manifests"), 100);
	store_close(s);
}

/* One field differs: another package. Fields that run together are not the same. */
static void test_identity(void **state)
{
	const struct store_package variants[] = {
		{ .type = SLICE("deb"), .name = SLICE("ab"), .version = SLICE("c") },
		{ .type = SLICE("deb"), .name = SLICE("a"), .version = SLICE("bc") },
		{ .type = SLICE("deb"), .name = SLICE("ab"), .version = SLICE(""), .source_name = SLICE("c") },
		{ .type = SLICE("deb"), .name = SLICE("ab"), .source_version = SLICE("c") },
		{ .type = SLICE("deb"), .name = SLICE("ab"), .arch = SLICE("c") },
		{ .type = SLICE("deb"), .name = SLICE("ab"), .module = SLICE("c") },
		{ .type = SLICE("deb"), .name = SLICE("ab"), .scope = SLICE("c") },
		{ .type = SLICE("rpm"), .name = SLICE("ab"), .scope = SLICE("c") },
		{ .type = SLICE("rpm"), .name = SLICE("ab\0c") },
		{ .type = SLICE("rpm"), .name = SLICE("ab") },
	};
	struct store_manifest manifest = { .digest = some_digest(1) };
	struct store *s = place_open(*state);

	check(store_manifest_put(s, &manifest, SLICE("r"), &(struct store_group){ variants, ARRAY_LEN(variants) }, 1,
				 &err));
	assert_int_equal(rows_of(s, "packages"), ARRAY_LEN(variants));
	store_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_random),
		TEST(test_shared),
		TEST(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
