/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standalone.c - runs a fuzz target without a fuzzer: every seed as it is, then mutations that are the same each time.
 *
 * usage: fuzz_NAME FILE|DIRECTORY...          directories are searched to the bottom; without one seed the run fails
 *        fuzz_NAME --slow FILE|DIRECTORY...   instead of mutations, seeds made large: is a reader's time that of its
 *                                             input times itself?
 *
 * Of each seed: cuts, flipped bits and doubled bytes, at up to PLACES places spread evenly. An input lies in memory of
 * exactly its size, so that a sanitizer sees the first byte read past it. What was being run is said when it crashes,
 * and the input is left as ./crash-NAME.
 *
 * Made large: a line, or several, or all of a seed stand there again and again, as they are or each with a number of
 * its own behind its first word or its last, or for its first number; and single bytes that open something. Of two
 * sizes the larger one may take SLOW_FACTOR times as long for each byte. What takes longer is left as ./slow-NAME, and
 * the run fails.
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
#include <time.h>
#include <unistd.h>

#define PLACES 200                       /* of each kind of mutation in a seed */
#define SEED_BYTES ((size_t)64 << 20)    /* larger files are refused */
#define MUTATED_BYTES ((size_t)64 << 20) /* handed over in mutations of one seed: large seeds get fewer */
#define DEPTH_MAX 32                     /* of directories: golden inputs lie under their paths in the image */
#define TEXT_MAX 4352

/* Seeds made large. */
#define SLOW_SMALL ((size_t)16 << 10)
#define SLOW_LARGE ((size_t)128 << 10)
#define SLOW_FACTOR 3.0              /* times as long a byte */
#define SLOW_SECONDS 0.03            /* for the larger one; what is faster cannot be told from noise */
#define SLOW_TRIES 3                 /* before something is called slow */
#define SLOW_LINES 6                 /* places in a seed */
#define SLOW_BLOCK 4                 /* lines that are repeated together: 1, or these */
#define SLOW_SEED ((size_t)64 << 10) /* larger ones are left out */

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

/* ---- seeds made large ---- */

static int slow_mode, slow_found;

enum growth { PLAIN, WORD_FIRST, WORD_LAST, WORD_DIGITS, GROWTHS };
static const char *const growth_names[] = { "as it is", "first word numbered", "last word numbered",
					    "first number counted" };

struct part {
	const uint8_t *seed;
	size_t size, from, to; /* what is repeated: seed[from, to) */
};

static int is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_number(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Where a number goes in: what is in [*at, *end) gives way to it. */
static void number_place(const struct part *p, enum growth how, size_t *at, size_t *end)
{
	size_t i = p->from;

	if (how == WORD_LAST) {
		for (i = p->to; i > p->from && !is_word(p->seed[i - 1]); i--)
			;
	} else if (how == WORD_DIGITS) {
		while (i < p->to && !is_number(p->seed[i]))
			i++;
	} else {
		while (i < p->to && !is_word(p->seed[i]))
			i++;
		while (i < p->to && is_word(p->seed[i]))
			i++;
	}
	*at = *end = i;
	while (how == WORD_DIGITS && *end < p->to && is_number(p->seed[*end]))
		++*end;
}

static size_t put(uint8_t *out, size_t n, const uint8_t *from, size_t len)
{
	memcpy(out + n, from, len);
	return n + len;
}

/* Into out, of size and a repeated part more. */
static size_t grow(const struct part *p, enum growth how, size_t size, uint8_t *out)
{
	size_t n = put(out, 0, p->seed, p->from), at, end;

	number_place(p, how, &at, &end);
	for (size_t i = 0; n < size; i++) {
		char number[24];
		int len = how == PLAIN ? 0 : snprintf(number, sizeof(number), "%zu", i);

		n = put(out, n, p->seed + p->from, at - p->from);
		n = put(out, n, (const uint8_t *)number, (size_t)len);
		n = put(out, n, p->seed + (how == PLAIN ? at : end), p->to - (how == PLAIN ? at : end));
	}
	return put(out, n, p->seed + p->to, p->size - p->to);
}

static double seconds_of(const uint8_t *data, size_t size)
{
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	run_one(now.crash_file, AS_IS, 0, data, size);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void leave(const uint8_t *data, size_t size)
{
	char name[300];
	FILE *f;

	snprintf(name, sizeof(name), "slow-%s", now.crash_file + strlen("crash-"));
	f = fopen(name, "wb");
	if (f) {
		fwrite(data, 1, size, f);
		fclose(f);
	}
}

static void time_growth(const char *path, const struct part *p, enum growth how, uint8_t *out)
{
	size_t small, large;
	double small_time = 0, large_time = 0;

	/* The best of some: another program may have had the machine. */
	for (int i = 0; i < SLOW_TRIES; i++) {
		double seconds;

		small = grow(p, how, SLOW_SMALL, out);
		seconds = seconds_of(out, small);
		small_time = i == 0 || seconds < small_time ? seconds : small_time;
		large = grow(p, how, SLOW_LARGE, out);
		seconds = seconds_of(out, large);
		large_time = i == 0 || seconds < large_time ? seconds : large_time;
		if (large_time < SLOW_SECONDS ||
		    large_time / (double)large < SLOW_FACTOR * small_time / (double)small)
			return;
	}
	printf("%s: bytes %zu to %zu again and again, %s: %zu bytes %.3f s, %zu bytes %.3f s\n", path, p->from, p->to,
	       growth_names[how], small, small_time, large, large_time);
	fflush(stdout);
	slow_found = 1;
	leave(out, large);
}

static size_t line_end(const uint8_t *seed, size_t size, size_t at)
{
	const uint8_t *end = at < size ? memchr(seed + at, '\n', size - at) : NULL;

	return end ? (size_t)(end - seed) + 1 : size;
}

static void time_seed(const char *path, const uint8_t *seed, size_t size)
{
	static const char opening[] = "[{(<-. \n\\\"'#*@/0a";
	uint8_t *out = malloc(SLOW_LARGE + 4 * SLOW_SEED);
	size_t lines = 0, at = 0, n = 0;

	if (!out)
		exit(2);
	for (size_t i = 0; i < size; i = line_end(seed, size, i))
		lines++;
	for (; at < size; at = line_end(seed, size, at), n++) {
		size_t end = at;

		if (lines > SLOW_LINES && n % (lines / SLOW_LINES) != 0)
			continue;
		for (int k = 0; k < SLOW_BLOCK && end < size; k++) {
			end = line_end(seed, size, end);
			if (k != 0 && k != SLOW_BLOCK - 1)
				continue;
			for (int how = 0; how < GROWTHS; how++)
				time_growth(path, &(struct part){ seed, size, at, end }, (enum growth)how, out);
		}
	}
	for (int how = 0; how < GROWTHS; how++)
		time_growth(path, &(struct part){ seed, size, 0, size }, (enum growth)how, out);
	for (size_t i = 0; i + 1 < sizeof(opening); i++)
		time_growth(path, &(struct part){ (const uint8_t *)opening + i, 1, 0, 1 }, PLAIN, out);
	free(out);
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
	} else if (!slow_mode) {
		run_seed(path, seed, size, scratch);
	} else if (size > 0 && size <= SLOW_SEED) {
		time_seed(path, seed, size);
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
	slow_mode = argc > 1 && strcmp(argv[1], "--slow") == 0;
	for (int i = 1 + slow_mode; i < argc; i++)
		bad |= run_path(argv[i], 0);
	printf("%zu seeds, %zu runs\n", seeds, runs);
	if (seeds == 0)
		fprintf(stderr, "no seeds: nothing was tested\n");
	return bad || slow_found || seeds == 0;
}
