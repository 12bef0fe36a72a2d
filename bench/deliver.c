/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver.c - deliveries a second, through liblimpid-notify: one notification after the other, each acknowledged.
 *
 * usage: deliver SETTINGS-FILE NOTIFICATIONS [ENTRIES]
 *
 * ENTRIES (default 1) of some 900 bytes belong to each notification; a way that sends no entries does not ask for them.
 */
#include <limpid/notify.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *read_file(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "rb");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

static int deliver(limpid_notify_sender *s, unsigned n, const char *const *entries, size_t n_entries)
{
	struct limpid_notify_error error;
	char id[64];

	for (unsigned i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%08x-0000-4000-8000-000000000000", i);
		if (limpid_notify_send(s, id, entries, n_entries, NULL, &error) != LIMPID_NOTIFY_OK) {
			fprintf(stderr, "notification %u: %s\n", i, error.message);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	size_t n_entries = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	const char **entries = calloc(n_entries + 1, sizeof(*entries));
	limpid_notify_sender *s;
	struct limpid_notify_error error;
	double wall, cpu;
	char entry[900];
	int status;

	if (n == 0 || !entries)
		return 2;
	memset(entry, 'x', sizeof(entry));
	memcpy(entry, "{\"id\":\"", 7);
	memcpy(entry + sizeof(entry) - 3, "\"}", 3);
	for (size_t i = 0; i < n_entries; i++)
		entries[i] = entry;
	if (limpid_notify_sender_new(read_file(argv[1]), &s, &error) != LIMPID_NOTIFY_OK) {
		fprintf(stderr, "%s\n", error.message);
		return EXIT_FAILURE;
	}
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	status = deliver(s, n, entries, n_entries);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%s: %u notifications of %zu entries in %.2f s: %.0f/s, %.3f ms of CPU each\n",
	       limpid_notify_sender_name(s), n, n_entries, wall, n / wall, cpu / n * 1000);
	limpid_notify_sender_free(s);
	free(entries);
	return status;
}
