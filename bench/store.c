/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - a state store with many manifests: how large it is, how fast it takes them, how fast it says who has a
 * package.
 *
 * usage: store WHERE MANIFESTS [THREADS]
 *
 * WHERE is an empty folder (SQLite) or a connection string (PostgreSQL); a store that has so many manifests
 * already is not filled, and MANIFESTS 0 only asks. Images are made up, the same ones every time, after what registries
 * hold: a few bases that nearly everybody stands on, runtimes that many share, and what only one image has. An image
 * has 2 to 8 layers and 50 to 400 packages; its report is JSON of Clair's form. Half of it is deleted in the end, and
 * put again: a store that has no bloat is then as large as before.
 */
#include "base/date.h"
#include "store/pool.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define BASES 300u
#define RUNTIMES 3000u
#define LIBRARIES 40000u
#define PACKAGES_MAX 512
#define LAYERS_MAX 8

/* ---- numbers ---- */

struct rng {
	uint64_t state;
};

static uint32_t next(struct rng *r)
{
	r->state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = r->state;

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 16);
}

static uint32_t below(struct rng *r, uint32_t n)
{
	return next(r) % n;
}

/* Few are popular: the cube of an even distribution. */
static uint32_t popular(struct rng *r, uint32_t n)
{
	double u = (double)next(r) / 4294967296.0;

	return (uint32_t)(u * u * u * n);
}

/* ---- images ---- */

struct image {
	struct arena arena;
	struct store_package packages[PACKAGES_MAX];
	struct store_group groups[LAYERS_MAX];
	struct digest layers[LAYERS_MAX];
	size_t n_packages, n_groups;
	struct buf report;
};

static struct slice text(struct image *m, const char *fmt, uint32_t a, uint32_t b)
{
	struct slice out = SLICE_EMPTY;
	char line[128];

	/* A zero follows each: they are compared as texts of C. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), fmt, a, b);
#pragma GCC diagnostic pop
	if (!arena_copy(&m->arena, slice_make(line, strlen(line) + 1), &out))
		abort();
	return slice_take(out, out.len - 1);
}

/* Packages of a system: most of a release are the same in all its bases, at one of a few patch levels. */
static void add_system(struct image *m, uint32_t release, uint32_t number, uint32_t level)
{
	if (m->n_packages == PACKAGES_MAX)
		return;
	m->packages[m->n_packages++] = (struct store_package){
		.type = SLICE("deb"),
		.name = text(m, "libsystem%u-%u", number, number % 9),
		.version = text(m, "%u.4.1-2+deb12u%u", number % 17, level),
		.source_name = text(m, "system%u", number, 0),
		.arch = SLICE("amd64"),
		.scope = text(m, "debian:%u", 9 + release, 0),
	};
}

static void add_library(struct image *m, uint32_t number, uint32_t version)
{
	if (m->n_packages == PACKAGES_MAX)
		return;
	m->packages[m->n_packages++] = (struct store_package){
		.type = SLICE("npm"),
		.name = text(m, "@group%u/library-%u", number % 500, number),
		.version = text(m, "%u.%u.0", version / 10, version % 10),
		.scope = SLICE("npm"),
	};
}

static void end_layer(struct image *m, size_t from, uint32_t kind, uint32_t number)
{
	struct digest *d = &m->layers[m->n_groups];

	*d = (struct digest){ .algo = DIGEST_SHA256 };
	memcpy(d->bytes, &kind, sizeof(kind));
	memcpy(d->bytes + 4, &number, sizeof(number));
	m->groups[m->n_groups++] = (struct store_group){ &m->packages[from], m->n_packages - from };
}

static void add_base(struct image *m, uint32_t base)
{
	struct rng r = { base + 1 };
	uint32_t release = base % 5, n = 40 + below(&r, 90), level = base / 20;

	for (uint32_t i = 0; i < n; i++)
		add_system(m, release, i, i % 8 ? i % 3 : level);
	end_layer(m, 0, 1, base);
}

static void add_runtime(struct image *m, uint32_t base, uint32_t runtime)
{
	struct rng r = { UINT64_C(1000000) + runtime };
	uint32_t n = 5 + below(&r, 60), first = 130 + below(&r, 800);
	size_t from = m->n_packages;

	for (uint32_t i = 0; i < n; i++)
		add_system(m, base % 5, first + i, i % 4);
	end_layer(m, from, 2, runtime * 5 + base % 5);
}

static int compare_names(const void *a, const void *b)
{
	const struct store_package *x = a, *y = b;
	int c = strcmp((const char *)x->name.ptr, (const char *)y->name.ptr);

	return c ? c : strcmp((const char *)x->version.ptr, (const char *)y->version.ptr);
}

static void add_own(struct image *m, struct rng *r, uint32_t number, uint32_t layer)
{
	uint32_t n = 5 + below(r, 70);
	size_t from = m->n_packages;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t library = popular(r, LIBRARIES);

		add_library(m, library, popular(r, 40));
	}
	/* As the files of a layer come. */
	qsort(&m->packages[from], m->n_packages - from, sizeof(*m->packages), compare_names);
	end_layer(m, from, 3, number * LAYERS_MAX + layer);
}

/* Numbers of packages begin where those of distributions and repositories end, and sources have the ones after them. */
#define FIRST_ID 40

/* One package of the index report, as src/report/clair.c writes it. */
static void write_package(struct buf *b, size_t i, size_t n, const struct store_package *p)
{
	bool system = p->arch.len > 0;

	buf_printf(b,
		   "%s\"%zu\":{\"id\":\"%zu\",\"name\":\"%.*s\",\"version\":\"%.*s\",\"kind\":\"binary\","
		   "\"source\":{\"id\":\"%zu\",\"name\":\"%.*s\",\"version\":\"%.*s\",%s\"normalized_version\":\"\","
		   "\"cpe\":\"\",\"detector\":null},\"normalized_version\":\"",
		   i ? "," : "", FIRST_ID + i, FIRST_ID + i, SLICE_ARG(p->name), SLICE_ARG(p->version),
		   system ? FIRST_ID + n + i : FIRST_ID + n, SLICE_ARG(p->source_name),
		   system ? (int)p->version.len : 0, (const char *)p->version.ptr,
		   system ? "\"kind\":\"source\"," : "");
	if (!system) {
		buf_add_cstr(b, "semver:0.");
		for (size_t k = 0; k < p->version.len; k++)
			buf_add_byte(b, p->version.ptr[k]);
		buf_add_cstr(b, ".0.0.0.0.0.0");
	}
	buf_add_cstr(b, "\",");
	if (system)
		buf_printf(b, "\"arch\":\"%.*s\",", SLICE_ARG(p->arch));
	buf_printf(b, "\"cpe\":\"\",\"detector\":\"urn:claircore:detector:%s:4:package\"}", system ? "dpkg" : "npm");
}

static void write_environment(struct buf *b, size_t i, const struct store_package *p, const struct digest_text *layer)
{
	buf_printf(b, "%s\"%zu\":[{\"package_db\":\"", i ? "," : "", FIRST_ID + i);
	if (p->arch.len > 0)
		buf_add_cstr(b, "var/lib/dpkg/status");
	else
		buf_printf(b, "nodejs:srv/web/node_modules/%.*s/package.json", SLICE_ARG(p->name));
	buf_printf(b, "\",\"introduced_in\":\"%s\",\"distribution_id\":\"%s\",\"repository_ids\":%s}]", layer->text,
		   p->arch.len > 0 ? "1" : "", p->arch.len > 0 ? "null" : "[\"7\"]");
}

static void write_digest(struct buf *b, uint64_t seed)
{
	struct rng r = { seed };
	struct digest d = { .algo = DIGEST_SHA256 };
	struct digest_text text;

	for (size_t i = 0; i < 32; i++)
		d.bytes[i] = (uint8_t)next(&r);
	buf_add_cstr(b, digest_print(&text, &d));
}

/* What limpid itself reads again: the layers once more, and of each package where it was found. */
static void write_member(struct image *m)
{
	struct buf *b = &m->report;
	struct digest_text text;

	buf_add_cstr(b, "\"limpid\":{\"format\":1,\"target\":\"\",\"detector_set\":\"");
	write_digest(b, 1);
	buf_add_cstr(b, "\",\"complete\":true,\"expected_packages\":true,\"layers\":[");
	for (size_t g = 0; g < m->n_groups; g++) {
		buf_printf(b, "%s{\"digest\":\"%s\",\"diff_id\":\"", g ? "," : "", digest_print(&text, &m->layers[g]));
		write_digest(b, slice_hash(slice_make(m->layers[g].bytes, 8), 0));
		buf_printf(b, "\",\"bytes_stored\":%u,\"bytes_tar\":%u,\"read\":true}", m->layers[g].bytes[4] * 70001u,
			   m->layers[g].bytes[4] * 210003u);
	}
	buf_add_cstr(b, "],\"diags\":[],\"distributions\":{},\"packages\":{");
	for (size_t i = 0; i < m->n_packages; i++) {
		const struct store_package *p = &m->packages[i];

		if (p->arch.len > 0)
			buf_printf(b, "%s\"%zu\":{\"type\":\"deb\",\"layer\":0,\"path\":\"var/lib/dpkg/status\"}",
				   i ? "," : "", FIRST_ID + i);
		else
			buf_printf(b,
				   "%s\"%zu\":{\"type\":\"npm\",\"layer\":1,\"path\":\"srv/web/node_modules/%.*s/"
				   "package.json\"}",
				   i ? "," : "", FIRST_ID + i, SLICE_ARG(p->name));
	}
	buf_add_cstr(b, "},\"owned\":[]}");
}

static void write_report(struct image *m, const struct digest *manifest)
{
	struct digest_text text;

	buf_reset(&m->report);
	buf_printf(&m->report, "{\"manifest_hash\":\"%s\",\"state\":\"IndexFinished\",\"packages\":{",
		   digest_print(&text, manifest));
	for (size_t i = 0; i < m->n_packages; i++)
		write_package(&m->report, i, m->n_packages, &m->packages[i]);
	buf_add_cstr(
		&m->report,
		"},\"distributions\":{\"1\":{\"id\":\"1\",\"did\":\"debian\",\"name\":\"Debian GNU/Linux\","
		"\"version\":\"12 (bookworm)\",\"version_code_name\":\"bookworm\",\"version_id\":\"12\",\"arch\":\"\","
		"\"cpe\":\"\",\"pretty_name\":\"Debian GNU/Linux 12 (bookworm)\"}},\"repository\":{\"7\":{\"id\":\"7\","
		"\"name\":\"npm\",\"uri\":\"https://www.npmjs.com/\",\"cpe\":\"\"}},\"environments\":{");
	for (size_t g = 0; g < m->n_groups; g++) {
		size_t first = (size_t)(m->groups[g].packages - m->packages);

		digest_print(&text, &m->layers[g]);
		for (size_t i = first; i < first + m->groups[g].n; i++)
			write_environment(&m->report, i, &m->packages[i], &text);
	}
	buf_add_cstr(&m->report, "},\"success\":true,\"err\":\"\",");
	write_member(m);
	buf_add_byte(&m->report, '}');
}

static struct digest digest_of_number(uint32_t number)
{
	struct digest d = { .algo = DIGEST_SHA256 };
	struct rng r = { UINT64_C(7) << 50 | number };

	for (size_t i = 0; i < 32; i++)
		d.bytes[i] = (uint8_t)next(&r);
	return d;
}

static void image_make(struct image *m, uint32_t number)
{
	struct rng r = { UINT64_C(1) << 40 | number };
	uint32_t base = popular(&r, BASES), runtimes = below(&r, 3), own = 1 + below(&r, 4);

	struct digest manifest = digest_of_number(number);

	arena_reset(&m->arena);
	m->n_packages = m->n_groups = 0;
	add_base(m, base);
	for (uint32_t i = 0; i < runtimes; i++)
		add_runtime(m, base, popular(&r, RUNTIMES));
	for (uint32_t i = 0; i < own; i++)
		add_own(m, &r, number, i);
	write_report(m, &manifest);
}

/* ---- work ---- */

static void must(enum status st, const struct err *err)
{
	if (st == STATUS_OK)
		return;
	fprintf(stderr, "store: %s\n", err->msg);
	exit(1);
}

struct job {
	struct store_pool *pool;
	atomic_uint *at;
	uint32_t end, step; /* number of the first that is not put; only every step-th */
	uint64_t packages, bytes;
};

static void *put_some(void *ctx)
{
	struct image *m = calloc(1, sizeof(*m));
	struct err err = ERR_INIT;
	struct job *job = ctx;
	struct store *s = NULL;
	uint32_t number;

	m->arena = (struct arena)ARENA_INIT((size_t)1 << 24);
	m->report = (struct buf)BUF_INIT((size_t)1 << 24);
	must(store_pool_take(job->pool, 60000, &s, &err), &err);
	while ((number = atomic_fetch_add(job->at, job->step)) < job->end) {
		image_make(m, number);
		struct store_manifest row = { .digest = digest_of_number(number),
					      .layers = m->layers,
					      .n_layers = m->n_groups,
					      .state = SLICE("IndexFinished"),
					      .success = true,
					      .indexer_state = SLICE("0123456789abcdef0123456789abcdef") };

		must(store_manifest_put(s, &row, buf_slice(&m->report), m->groups, m->n_groups, &err), &err);
		job->packages += m->n_packages;
		job->bytes += m->report.len;
	}
	store_pool_give(job->pool, s);
	arena_fini(&m->arena);
	buf_fini(&m->report);
	free(m);
	return NULL;
}

static double seconds_since(uint64_t began)
{
	return (double)(date_monotonic_ns() - began) / 1e9;
}

/* Of this thread alone: on a busy machine, what SQLite needs; a server's is elsewhere. */
static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put_all(struct store_pool *pool, uint32_t from, uint32_t end, uint32_t step, unsigned threads,
		    const char *what)
{
	struct job jobs[64];
	pthread_t ids[64];
	atomic_uint at = from;
	uint64_t began = date_monotonic_ns(), packages = 0, bytes = 0;
	double took;

	for (unsigned i = 0; i < threads; i++) {
		jobs[i] = (struct job){ .pool = pool, .at = &at, .end = end, .step = step };
		if (pthread_create(&ids[i], NULL, put_some, &jobs[i]) != 0)
			abort();
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		packages += jobs[i].packages;
		bytes += jobs[i].bytes;
	}
	took = seconds_since(began);
	printf("%s: %u manifests in %.1f s, %.0f/s; %.1f packages and %.1f kB of report each\n", what,
	       (end - from) / step, took, (double)((end - from) / step) / took,
	       (double)packages / ((end - from) / step), (double)bytes / 1e3 / ((end - from) / step));
	fflush(stdout);
}

static uint64_t manifests_in(struct store *s)
{
	struct store_size sizes[STORE_SIZES];
	struct err err = ERR_INIT;
	size_t n;

	must(store_sizes(s, sizes, &n, &err), &err);
	return sizes[0].rows;
}

static void print_sizes(struct store *s, const char *what)
{
	struct store_size sizes[STORE_SIZES];
	struct err err = ERR_INIT;
	uint64_t all = 0;
	size_t n;

	must(store_sizes(s, sizes, &n, &err), &err);
	printf("%s:\n", what);
	for (size_t i = 0; i < n; i++) {
		all += sizes[i].bytes;
		if (sizes[i].rows > 0)
			printf("  %-24s %10llu rows %10.1f MB\n", sizes[i].name, (unsigned long long)sizes[i].rows,
			       (double)sizes[i].bytes / 1e6);
	}
	printf("  %-24s %15s %10.1f MB\n", "all", "", (double)all / 1e6);
	fflush(stdout);
}

/* ---- who has it ---- */

#define QUESTIONS 100

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The packages of a name, half of its versions: as a range of versions would take. */
static size_t packages_of(struct store *s, const char *name, struct arena *arena, uint64_t *ids, size_t max)
{
	struct err err = ERR_INIT;
	struct store_package_row *rows;
	uint64_t after = 0;
	size_t found, n = 0;

	do {
		must(store_packages_named(s, slice_cstr(name), after, 1000, arena, &rows, &found, &err), &err);
		for (size_t i = 0; i < found && n < max; i++) {
			after = rows[i].id;
			if (rows[i].id % 2 == 0 || found == 1)
				ids[n++] = rows[i].id;
		}
	} while (found == 1000);
	return n;
}

/* Names as images have them. */
enum kind { BASE, RUNTIME, APPLICATION };

static void name_of(enum kind kind, uint32_t number, char out[64])
{
	if (kind == BASE)
		snprintf(out, 64, "system%u", number);
	else if (kind == RUNTIME)
		snprintf(out, 64, "libsystem%u-%u", number, number % 9);
	else
		snprintf(out, 64, "@group%u/library-%u", number % 500, number);
}

static void ask(struct store *s, const char *what, enum kind kind, uint32_t among, size_t page)
{
	static double took[QUESTIONS], cpu[QUESTIONS];
	static uint64_t ids[100000];
	struct err err = ERR_INIT;
	uint64_t answers = 0;
	struct rng r = { 99 };

	for (size_t i = 0; i < QUESTIONS; i++) {
		struct arena arena = ARENA_INIT((size_t)1 << 30);
		uint64_t began = date_monotonic_ns(), after = 0;
		double cpu_began = cpu_seconds();
		struct store_affected *list;
		uint32_t number = popular(&r, among);
		char name[64];
		size_t n, found;

		name_of(kind, number, name);
		n = packages_of(s, name, &arena, ids, 100000);
		do {
			must(store_manifests_with(s, ids, n, after, 1000, &arena, &list, &found, &err), &err);
			answers += found;
			after = found ? list[found - 1].manifest : 0;
		} while (page == SIZE_MAX && found == 1000);
		took[i] = seconds_since(began) * 1e3;
		cpu[i] = (cpu_seconds() - cpu_began) * 1e3;
		arena_fini(&arena);
	}
	qsort(took, QUESTIONS, sizeof(*took), compare_doubles);
	qsort(cpu, QUESTIONS, sizeof(*cpu), compare_doubles);
	printf("  %-32s %8.2f %8.2f %8.2f ms (p50, p99, max); own CPU %8.2f %8.2f; %.0f manifests on average\n", what,
	       took[QUESTIONS / 2], took[QUESTIONS * 99 / 100], took[QUESTIONS - 1], cpu[QUESTIONS / 2],
	       cpu[QUESTIONS * 99 / 100], (double)answers / QUESTIONS);
	fflush(stdout);
}

static void ask_all(struct store *s)
{
	puts("who has a package of this name in one of these versions:");
	ask(s, "of the bases, the first 1,000", BASE, 130, 1000);
	ask(s, "of runtimes, the first 1,000", RUNTIME, 900, 1000);
	ask(s, "of applications, the first 1,000", APPLICATION, LIBRARIES, 1000);
	ask(s, "of applications, all", APPLICATION, LIBRARIES, SIZE_MAX);
	ask(s, "of the bases, all", BASE, 130, SIZE_MAX);
}

static void delete_half(struct store *s, uint32_t n)
{
	struct err err = ERR_INIT;
	struct store_collected collected;
	uint64_t began = date_monotonic_ns();
	bool gone[50];

	for (uint32_t at = 0; at < n; at += 100) {
		struct digest list[50];

		for (uint32_t i = 0; i < 50; i++)
			list[i] = digest_of_number(at + 2 * i);
		must(store_manifests_delete(s, list, 50, gone, &err), &err);
	}
	printf("deleting: %u manifests in %.1f s, %.0f/s\n", n / 2, seconds_since(began), n / 2 / seconds_since(began));
	began = date_monotonic_ns();
	must(store_collect(s, &collected, &err), &err);
	printf("collecting: %.1f s, %llu groups, %llu packages\n", seconds_since(began),
	       (unsigned long long)collected.groups, (unsigned long long)collected.packages);
}

int main(int argc, char **argv)
{
	struct store_pool_options options = { .store = { .busy_ms = 60000, .cache_bytes = 1 << 26 }, .max = 65 };
	struct err err = ERR_INIT;
	struct store_pool *pool;
	struct store *s = NULL;
	uint64_t n = 0, threads = 1;

	if (argc < 3 || !slice_to_u64(slice_cstr(argv[2]), &n) || (n > 0 && n < 200) || n > 100000000 ||
	    (argc > 3 && (!slice_to_u64(slice_cstr(argv[3]), &threads) || threads < 1 || threads > 64))) {
		fputs("usage: store WHERE MANIFESTS [THREADS]\n", stderr);
		return 2;
	}
	n -= n % 200;
	must(store_pool_open(argv[1], &options, &pool, &err), &err);
	must(store_pool_take(pool, 0, &s, &err), &err);
	if (manifests_in(s) < n) {
		put_all(pool, 0, (uint32_t)n, 1, (unsigned)threads, "putting");
		put_all(pool, 0, (uint32_t)n / 20, 1, (unsigned)threads, "putting again, unchanged");
	}
	print_sizes(s, "sizes");
	ask_all(s);
	if (n > 0) {
		delete_half(s, (uint32_t)n);
		print_sizes(s, "sizes of the other half");
		put_all(pool, 0, (uint32_t)n, 2, (unsigned)threads, "putting what was deleted");
		print_sizes(s, "sizes in the end");
	}
	store_pool_give(pool, s);
	store_pool_close(pool);
	return 0;
}
