/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standalone.c - runs a fuzz target without a fuzzer: every seed as it is, then mutations that are the same each time.
 *
 * usage: fuzz_NAME FILE|DIRECTORY...      directories are searched to the bottom; without one seed the run fails
 *
 * Of each seed: cuts, flipped bits and doubled bytes, at up to PLACES places spread evenly. An input lies in memory of
 * exactly its size, so that a sanitizer sees the first byte read past it. What was being run is said when it crashes,
 * and the input is left as ./crash-NAME.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACES 200                       /* of each kind of mutation in a seed */
#define SEED_BYTES ((size_t)64 << 20)    /* larger files are refused */
#define MUTATED_BYTES ((size_t)64 << 20) /* handed over in mutations of one seed: large seeds get fewer */
#define DEPTH_MAX 32                     /* of directories: golden inputs lie under their paths in the image */
#define TEXT_MAX 4352

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
/* Of the sanitizers' runtime; not there without one. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

enum mutation { AS_IS, CUT, FLIPPED, DOUBLED, MUTATIONS };
static const char *const mutation_names[] = { "as it is", "cut at byte", "bit flipped in byte", "doubled byte" };

/* What is being run: for the message of a crash. */
static struct {
	char where[TEXT_MAX];
	char crash_file[256];
	const uint8_t *data;
	size_t size;
} now;

static size_t runs, seeds;

static void write_all(int fd, const void *data, size_t size)
{
	for (const char *p = data; size > 0;) {
		ssize_t n = write(fd, p, size);

		if (n <= 0)
			return;
		p += n;
		size -= (size_t)n;
	}
}

/* Only calls that a signal handler may make. */
static void tell(void)
{
	int fd;

	if (!now.data)
		return;
	write_all(STDERR_FILENO, now.where, strlen(now.where));
	fd = open(now.crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd >= 0) {
		write_all(fd, now.data, now.size);
		close(fd);
	}
	now.data = NULL;
}

static void on_signal(int sig)
{
	tell();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void run_one(const char *path, enum mutation how, size_t place, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size);

	if (size && !copy) {
		fprintf(stderr, "%s: out of memory\n", path);
		exit(2);
	}
	if (size)
		memcpy(copy, data, size);
	snprintf(now.where, sizeof(now.where), "while running %s, %s %zu\n", path, mutation_names[how], place);
	now.data = copy;
	now.size = size;
	LLVMFuzzerTestOneInput(copy, size);
	now.data = NULL;
	free(copy);
	runs++;
}

static void run_seed(const char *path, const uint8_t *seed, size_t size, uint8_t *scratch)
{
	size_t places = size < PLACES ? size : PLACES;

	if (size && places > MUTATED_BYTES / size / (MUTATIONS - 1))
		places = MUTATED_BYTES / size / (MUTATIONS - 1) + 1;
	run_one(path, AS_IS, 0, seed, size);
	for (size_t i = 0; i < places; i++) {
		size_t at = size / places * i + size % places * i / places;

		run_one(path, CUT, at, seed, at);
		memcpy(scratch, seed, size);
		/* Neighbouring places get other bits. */
		scratch[at] = (uint8_t)(scratch[at] ^ 1U << (i * 5 + at) % 8);
		run_one(path, FLIPPED, at, scratch, size);
		memcpy(scratch, seed, at + 1);
		memcpy(scratch + at + 1, seed + at, size - at);
		run_one(path, DOUBLED, at, scratch, size + 1);
	}
	seeds++;
}

static int run_file(const char *path, size_t size)
{
	/* One byte more each: room for a doubled byte, and no allocation of none. */
	uint8_t *seed = malloc(size + 1), *scratch = malloc(size + 1);
	FILE *f = fopen(path, "rb");
	int bad = 0;

	if (!seed || !scratch || !f || fread(seed, 1, size, f) != size) {
		fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
		bad = 1;
	} else {
		run_seed(path, seed, size, scratch);
	}
	if (f)
		fclose(f);
	free(seed);
	free(scratch);
	return bad;
}

static int run_path(const char *path, int depth);

static int run_directory(const char *path, int depth)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort), bad = n < 0;

	for (int i = 0; i < n; i++) {
		char sub[TEXT_MAX - 256];

		if (names[i]->d_name[0] != '.') {
			if (snprintf(sub, sizeof(sub), "%s/%s", path, names[i]->d_name) >= (int)sizeof(sub))
				bad = 1;
			else
				bad |= run_path(sub, depth + 1);
		}
		free(names[i]);
	}
	free(names);
	return bad;
}

static int run_path(const char *path, int depth)
{
	struct stat st;

	if (stat(path, &st) != 0 || depth > DEPTH_MAX) {
		fprintf(stderr, "%s: %s\n", path, depth > DEPTH_MAX ? "too deep" : strerror(errno));
		return 1;
	}
	if (S_ISDIR(st.st_mode))
		return run_directory(path, depth);
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > SEED_BYTES) {
		fprintf(stderr, "%s: not a seed: no regular file, or larger than %zu bytes\n", path, SEED_BYTES);
		return 1;
	}
	return run_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	static const int fatal[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM };
	const char *name = strrchr(argv[0], '/');
	int bad = 0;

	snprintf(now.crash_file, sizeof(now.crash_file), "crash-%s", name ? name + 1 : argv[0]);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(tell);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (!__sanitizer_set_death_callback || fatal[i] == SIGABRT || fatal[i] == SIGTERM)
			signal(fatal[i], on_signal);
	if (LLVMFuzzerInitialize && LLVMFuzzerInitialize(&argc, &argv) != 0)
		return 2;
	for (int i = 1; i < argc; i++)
		bad |= run_path(argv[i], 0);
	printf("%zu seeds, %zu runs\n", seeds, runs);
	if (seeds == 0)
		fprintf(stderr, "no seeds: nothing was tested\n");
	return bad || seeds == 0;
}
