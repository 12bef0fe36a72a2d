/* SPDX-License-Identifier: Apache-2.0 */
/* version.c - limpid version: what this program is, and with -v what it can do on this machine. */
#include "cli/cli.h"

#include "index/detector.h"
#include "index/worker.h"

static void print_limits(void)
{
	printf("limits:\n");
#define LIMIT_ROW(field, value, setting, why) \
	printf("  %-26s %-14llu %s\n", setting, (unsigned long long)limits_default.field, why);
	LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
}

int command_version(int argc, char **argv)
{
	const struct detector *const *all;
	struct options o;
	char sandbox[256];
	size_t n;

	if (!options_parse('v', argc, argv, &o))
		return EXIT_USAGE;
	printf("limpid %s\n", cli_version);
	if (!option_given(&o, OPTION_verbose))
		return EXIT_DONE;
	all = detectors(&n);
	printf("detector set: %.*s\n", SLICE_ARG(detector_set()));
	printf("detectors:");
	for (size_t i = 0; i < n; i++)
		printf(" %s/%s", all[i]->name, all[i]->version);
	printf("\nversion schemes:");
	for (size_t i = SCHEME_NONE + 1; i < SCHEME_COUNT; i++)
		printf(" %s", scheme_get((enum scheme_id)i)->name);
	printf("\nsandbox: %s\n", sandbox_describe(sandbox, sizeof(sandbox), NULL));
	print_limits();
	return EXIT_DONE;
}
