/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor.c - what reading layers costs at least on this machine: decompression and digests by the libraries alone.
 *
 * usage: floor [-j THREADS] [-s] [-d] FILE...
 *   -s  hash the stored bytes    -d  hash the unpacked bytes, too
 * Prints: unpacked bytes, wall seconds, CPU seconds. Files are taken largest first, one thread each.
 */
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#define IN_BYTES ((size_t)128 << 10)
#define OUT_BYTES ((size_t)256 << 10)

struct file {
	const char *path;
	off_t size;
};

static struct {
	struct file *files;
	int n;
	_Atomic int next;
	_Atomic uint64_t unpacked;
	bool hash_stored, hash_unpacked;
} work;

static void die(const char *what, const char *path)
{
	fprintf(stderr, "floor: %s: %s\n", path, what);
	exit(1);
}

struct hashes {
	EVP_MD_CTX *stored, *unpacked;
};

static void unpacked_some(struct hashes *h, const uint8_t *bytes, size_t n)
{
	work.unpacked += n;
	if (h->unpacked)
		EVP_DigestUpdate(h->unpacked, bytes, n);
}

static size_t fill(int fd, struct hashes *h, uint8_t *in, const char *path)
{
	ssize_t n = read(fd, in, IN_BYTES);

	if (n < 0)
		die("cannot read", path);
	if (h->stored)
		EVP_DigestUpdate(h->stored, in, (size_t)n);
	return (size_t)n;
}

static void read_gzip(int fd, struct hashes *h, uint8_t *in, size_t n, uint8_t *out, const char *path)
{
	struct inflate_state *state = malloc(sizeof(*state));

	if (!state)
		die("no memory", path);
	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP;
	state->next_in = in;
	state->avail_in = (uint32_t)n;
	while (state->block_state != ISAL_BLOCK_FINISH) {
		if (state->avail_in == 0) {
			state->avail_in = (uint32_t)fill(fd, h, in, path);
			state->next_in = in;
			if (state->avail_in == 0)
				die("ends early", path);
		}
		state->next_out = out;
		state->avail_out = OUT_BYTES;
		if (isal_inflate(state) != ISAL_DECOMP_OK)
			die("damaged", path);
		unpacked_some(h, out, OUT_BYTES - state->avail_out);
	}
	free(state);
}

static void read_zstd(int fd, struct hashes *h, uint8_t *in, size_t n, uint8_t *out, const char *path)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer input = { in, n, 0 };

	while (input.size > 0) {
		ZSTD_outBuffer output = { out, OUT_BYTES, 0 };

		if (ZSTD_isError(ZSTD_decompressStream(stream, &output, &input)))
			die("damaged", path);
		unpacked_some(h, out, output.pos);
		if (input.pos == input.size && output.pos < output.size)
			input = (ZSTD_inBuffer){ in, fill(fd, h, in, path), 0 };
	}
	ZSTD_freeDStream(stream);
}

static void read_file(const char *path)
{
	struct hashes h = { NULL, NULL };
	uint8_t *in = malloc(IN_BYTES), *out = malloc(OUT_BYTES), digest[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n;

	if (!in || !out || fd < 0)
		die("cannot open", path);
	if (work.hash_stored && (h.stored = EVP_MD_CTX_new()) != NULL)
		EVP_DigestInit_ex(h.stored, EVP_sha256(), NULL);
	if (work.hash_unpacked && (h.unpacked = EVP_MD_CTX_new()) != NULL)
		EVP_DigestInit_ex(h.unpacked, EVP_sha256(), NULL);
	n = fill(fd, &h, in, path);
	if (n > 3 && in[0] == 0x1f && in[1] == 0x8b)
		read_gzip(fd, &h, in, n, out, path);
	else if (n > 3 && memcmp(in, "\x28\xb5\x2f\xfd", 4) == 0)
		read_zstd(fd, &h, in, n, out, path);
	else
		for (; n > 0; n = fill(fd, &h, in, path))
			unpacked_some(&h, in, n);
	if (h.stored)
		EVP_DigestFinal_ex(h.stored, digest, NULL);
	if (h.unpacked)
		EVP_DigestFinal_ex(h.unpacked, digest, NULL);
	EVP_MD_CTX_free(h.stored);
	EVP_MD_CTX_free(h.unpacked);
	close(fd);
	free(in);
	free(out);
}

static void *run(void *arg)
{
	int i;

	(void)arg;
	while ((i = work.next++) < work.n)
		read_file(work.files[i].path);
	return NULL;
}

static int larger_first(const void *a, const void *b)
{
	off_t x = ((const struct file *)a)->size, y = ((const struct file *)b)->size;

	return x < y ? 1 : x > y ? -1 : 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	struct timespec begin, end;
	struct rusage usage;
	int opt, n_threads = 1;

	while ((opt = getopt(argc, argv, "j:sd")) != -1) {
		if (opt == 'j')
			n_threads = atoi(optarg);
		else if (opt == 's')
			work.hash_stored = true;
		else if (opt == 'd')
			work.hash_stored = work.hash_unpacked = true;
		else
			return 2;
	}
	if (n_threads < 1 || n_threads > 64 || optind == argc)
		return 2;
	work.n = argc - optind;
	work.files = calloc((size_t)work.n, sizeof(*work.files));
	if (!work.files)
		die("no memory", "files");
	for (int i = 0; i < work.n; i++) {
		struct stat st;

		if (stat(argv[optind + i], &st) != 0)
			die("not there", argv[optind + i]);
		work.files[i] = (struct file){ argv[optind + i], st.st_size };
	}
	qsort(work.files, (size_t)work.n, sizeof(*work.files), larger_first);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < n_threads; i++)
		if (pthread_create(&threads[i], NULL, run, NULL) != 0)
			die("no thread", "floor");
	for (int i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	getrusage(RUSAGE_SELF, &usage);
	printf("%llu %.4f %.4f\n", (unsigned long long)work.unpacked,
	       (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	free(work.files);
	return 0;
}
