/* SPDX-License-Identifier: Apache-2.0 */
/* origin.c - a record that a package is from a repository. */
#include "index/repository/origin.h"

bool origin_is_word(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f)
			return false;
	return s.len > 0;
}

bool origin_is_known(struct slice repository)
{
	return !slice_eq(repository, SLICE("@System")) && !slice_eq(repository, SLICE("installed")) &&
	       !slice_starts(repository, SLICE("/")) && repository.len <= ORIGIN_TEXT_BYTES &&
	       origin_is_word(repository);
}

enum status origin_emit(const struct detect_file *file, const struct detect_sink *out, struct slice package,
			struct slice repository, struct err *err)
{
	struct layer_repository r = {
		.key = SLICE(REPOSITORY_DNF), .path = file->path, .name = repository, .package = package
	};

	return out->repository(out->ctx, &r, err);
}
