/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detectors.c - what each detector costs beside decompression, digests and the walk of the tar.
 *
 * usage: detectors [-n RUNS] [-s] FILE...      layers: tars, in whatever compression
 *   -n  runs of each measurement, the fastest of which counts (default 3)    -s  the source form's detectors, too
 *
 * Every layer is scanned in this process, in one thread, with no detector, with each alone, and with all of them, in
 * turns, so that what else the machine does meets all alike. Prints a table in Markdown: CPU milliseconds beyond no
 * detector, percent of that, nanoseconds an entry and a KiB of tar, packages.
 */
#include "index/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SETS_MAX 128

/* Some detectors, and what all layers took with them. */
struct set {
	const char *name;
	struct rules *rules;
	double cpu;
	size_t packages;
};

static struct {
	struct image_layer *layers;
	int n_layers, runs;
	uint64_t entries, bytes;
	struct set sets[SETS_MAX];
	size_t n_sets;
} bench = { .runs = 3 };

static void die(const char *what, const char *why)
{
	fprintf(stderr, "detectors: %s: %s\n", what, why);
	exit(1);
}

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_set(const char *name, const struct detector *const *list, size_t n)
{
	struct set *s = &bench.sets[bench.n_sets];
	struct err err = ERR_INIT;

	if (bench.n_sets++ >= SETS_MAX || rules_compile(list, n, &s->rules, &err) != STATUS_OK)
		die(name, "no rules");
	s->name = name;
}

/* CPU seconds of all layers. */
static double scan_all(const struct set *s, size_t *packages)
{
	double begin = cpu_now();

	bench.entries = bench.bytes = 0;
	*packages = 0;
	for (int i = 0; i < bench.n_layers; i++) {
		struct scan_job job = { .layer = &bench.layers[i],
					.rules = s->rules,
					.limits = &limits_default,
					.verify_diff_id = true };
		struct arena arena = ARENA_INIT(scan_arena_bytes(&limits_default));
		struct layer_report report;
		struct err err = ERR_INIT;

		if (scan_layer(&job, &arena, &report, &err) != STATUS_OK || !report.complete)
			die((const char *)bench.layers[i].name.ptr, "cannot be read");
		bench.entries += report.entries;
		bench.bytes += report.bytes_tar;
		*packages += report.packages.len;
		arena_fini(&arena);
	}
	return cpu_now() - begin;
}

static void measure(void)
{
	for (int run = 0; run < bench.runs; run++) {
		for (size_t i = 0; i < bench.n_sets; i++) {
			double cpu = scan_all(&bench.sets[i], &bench.sets[i].packages);

			if (run == 0 || cpu < bench.sets[i].cpu)
				bench.sets[i].cpu = cpu;
		}
	}
}

static int by_cost(const void *x, const void *y)
{
	const struct set *a = x, *b = y;

	return a->cpu > b->cpu ? -1 : a->cpu < b->cpu;
}

static void print_row(const struct set *s, double none)
{
	double more = s->cpu - none;

	printf("| %s | %.1f | %.1f | %.0f | %.1f | %zu |\n", s->name, more * 1e3, more / none * 100,
	       more * 1e9 / (double)bench.entries, more * 1e9 / ((double)bench.bytes / 1024), s->packages);
}

static void open_layer(const char *path, struct image_layer *out)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		die(path, strerror(errno));
	*out = (struct image_layer){
		.place = LAYER_FD, .fd = fd, .len = (uint64_t)st.st_size, .name = slice_cstr(path)
	};
}

int main(int argc, char **argv)
{
	const struct detector *const *list;
	bool source = false;
	double none;
	size_t n;
	int c;

	while ((c = getopt(argc, argv, "n:s")) != -1) {
		if (c == 's')
			source = true;
		else if (c != 'n' || (bench.runs = (int)strtoul(optarg, NULL, 10)) < 1)
			return 2;
	}
	bench.n_layers = argc - optind;
	bench.layers = calloc((size_t)bench.n_layers + 1, sizeof(*bench.layers));
	if (bench.n_layers < 1 || !bench.layers)
		return 2;
	for (int i = 0; i < bench.n_layers; i++)
		open_layer(argv[optind + i], &bench.layers[i]);
	list = source ? detectors(&n) : detectors_installed(&n);
	add_set("none", list, 0);
	add_set("all", list, n);
	for (size_t i = 0; i < n; i++)
		add_set(list[i]->name, &list[i], 1);
	measure();
	none = bench.sets[0].cpu;
	printf("%.0f MB of tar, %llu entries, no detector: %.3f s of CPU (%.0f MB/s)\n\n", (double)bench.bytes / 1e6,
	       (unsigned long long)bench.entries, none, (double)bench.bytes / 1e6 / none);
	puts("| detector | CPU ms more | % more | ns an entry | ns a KiB | packages |\n|---|---:|---:|---:|---:|---:|");
	print_row(&bench.sets[1], none);
	qsort(bench.sets + 2, bench.n_sets - 2, sizeof(bench.sets[0]), by_cost);
	for (size_t i = 2; i < bench.n_sets; i++)
		print_row(&bench.sets[i], none);
	return 0;
}
