/* SPDX-License-Identifier: Apache-2.0 */
/* image_manifest.c - fuzz target: the JSON documents of images and the listing of an archive. First byte: which. */
#include "image/image_impl.h"

#include <stdlib.h>

static void walk_listing(struct slice bytes, struct arena *arena)
{
	struct archive a = { .fd = -1 };
	struct err err = ERR_INIT;

	if (archive_parse(bytes, 1 << 20, &limits_default, arena, &a, &err) == STATUS_OK) {
		for (size_t i = 0; i < a.members.len; i++) {
			const struct member *m = archive_find(&a, a.members.at[i].path);

			/* Whatever the links say, the end is a file of the archive. */
			if (m && (m->type != MEMBER_FILE || m < a.members.at || m >= a.members.at + a.members.len))
				abort();
		}
	}
	archive_fini(&a);
}

/* Whatever a history says, a base has at least one layer and leaves one. */
static void find_base(struct slice text, struct arena *arena)
{
	struct image_config config;
	struct err err = ERR_INIT;
	struct index_base base;

	if (manifest_parse_config(text, &limits_default, arena, &config, &err) != STATUS_OK)
		return;
	if (config.diff_ids.len > limits_default.layers)
		abort();
	base = base_image_find(&config, config.diff_ids.len, SLICE_EMPTY, SLICE_EMPTY);
	if (base.how != BASE_UNKNOWN && (base.layers == 0 || base.layers >= config.diff_ids.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)16 << 20);
	struct manifest_index index;
	struct manifest manifest;
	struct docker_manifest docker;
	struct err err = ERR_INIT;
	struct slice text;

	if (size == 0 || size > (1 << 16))
		return 0;
	text = slice_make(data + 1, size - 1);
	switch (data[0] % 5) {
	case 0:
		if (manifest_parse_index(text, &limits_default, &arena, &index, &err) == STATUS_OK)
			for (size_t i = 0; i < index.manifests.len; i++)
				if (index.manifests.at[i].digest.algo == DIGEST_NONE)
					abort();
		break;
	case 1:
		if (manifest_parse(text, &limits_default, &arena, &manifest, &err) == STATUS_OK &&
		    manifest.layers.len > limits_default.layers)
			abort();
		break;
	case 2:
		find_base(text, &arena);
		break;
	case 3:
		if (manifest_parse_docker(text, &limits_default, &arena, &docker, &err) == STATUS_OK &&
		    docker.images.len == 0)
			abort();
		break;
	default:
		walk_listing(text, &arena);
	}
	arena_fini(&arena);
	return 0;
}
