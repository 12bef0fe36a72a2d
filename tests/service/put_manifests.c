/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put_manifests.c - put manifests and their packages into a store, without images: for tests and measurements of who is
 * affected by an update.
 *
 * usage: put-manifests WHERE SCOPE TYPE FIRST COUNT NAME=VERSION...
 *
 * WHERE: a data folder or a connection string. Manifest n is sha256:<n as 64 hexadecimal digits>. Each has the packages
 * that are named, as one group, and one of its own ("own-<n>"), so that no two are the same.
 */
#include "store/pool.h"

#include <stdio.h>
#include <stdlib.h>

#define PACKAGES_MAX 256

static bool split(const char *text, struct slice scope, struct slice type, struct store_package *out)
{
	*out = (struct store_package){ .type = type, .scope = scope };
	return slice_cut(slice_cstr(text), '=', &out->name, &out->version);
}

static enum status put(struct store *s, uint64_t number, const struct store_group *shared, struct slice scope,
		       struct slice type, struct err *err)
{
	struct store_manifest m = { .state = SLICE_INIT("IndexFinished"),
				    .success = true,
				    .indexer_state = SLICE_INIT("test"),
				    .digest = { .algo = DIGEST_SHA256 } };
	char name[32];
	struct store_package own = { .type = type, .version = SLICE("1-r0"), .scope = scope };
	struct store_group groups[2] = { *shared, { &own, 1 } };

	snprintf(name, sizeof(name), "own-%llu", (unsigned long long)number);
	own.name = slice_cstr(name);
	for (size_t i = 0; i < 8; i++)
		m.digest.bytes[31 - i] = (uint8_t)(number >> 8 * i);
	return store_manifest_put(s, &m, SLICE("{}"), groups, ARRAY_LEN(groups), err);
}

int main(int argc, char **argv)
{
	struct store_options options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	struct store_package packages[PACKAGES_MAX];
	struct store_group shared = { packages, 0 };
	struct err err = ERR_INIT;
	struct store *s;
	uint64_t first, count;
	enum status st;

	if (argc < 7 || argc - 6 > PACKAGES_MAX || !slice_to_u64(slice_cstr(argv[4]), &first) ||
	    !slice_to_u64(slice_cstr(argv[5]), &count))
		return 2;
	for (int i = 6; i < argc; i++)
		if (!split(argv[i], slice_cstr(argv[2]), slice_cstr(argv[3]), &packages[shared.n++]))
			return 2;
	st = store_open_url(argv[1], &options, &s, &err);
	for (uint64_t i = 0; st == STATUS_OK && i < count; i++)
		st = put(s, first + i, &shared, slice_cstr(argv[2]), slice_cstr(argv[3]), &err);
	if (st != STATUS_OK) {
		fprintf(stderr, "put-manifests: %s\n", err.msg);
		return 1;
	}
	store_close(s);
	return 0;
}
