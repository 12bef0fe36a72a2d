/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.c - a packed document into an unnamed file, since formats read mapped bytes and some read them twice. */
#include "feed/unpack.h"

#include "feed/fetch.h"
#include "io/codec.h"
#include "io/file.h"

#include <stdlib.h>
#include <unistd.h>

#define BLOCK ((size_t)256 << 10)

static enum status copy(struct source *from, int to, const struct limits *limits, struct err *err)
{
	uint8_t *block = malloc(BLOCK);
	enum status st = block ? STATUS_OK : err_nomem(err, "a packed document");
	uint64_t total = 0;
	size_t n = 1;

	while (st == STATUS_OK && n > 0) {
		st = source_read(from, block, BLOCK, &n, err);
		total += n;
		if (st == STATUS_OK && total > limits->feed_bytes)
			st = err_set(err, STATUS_LIMIT,
				     "the document unpacks to more than %llu bytes (limits.feed_bytes)",
				     (unsigned long long)limits->feed_bytes);
		for (size_t at = 0; st == STATUS_OK && at < n;) {
			ssize_t w = write(to, block + at, n - at);

			if (w < 0)
				st = err_errno(err, "cannot unpack the document");
			else
				at += (size_t)w;
		}
	}
	free(block);
	return st;
}

enum status feed_unpack(int fd, const char *dir, const struct limits *limits, int *out_fd, struct err *err)
{
	struct source *packed = source_from_fd(fd, 0, UINT64_MAX), *plain = NULL;
	enum codec_id codec;
	enum status st;

	*out_fd = -1;
	if (!packed)
		return err_nomem(err, "a packed document");
	TRY(codec_open(packed, limits, &codec, &plain, err));
	if (codec == CODEC_PLAIN) {
		source_free(plain);
		return STATUS_OK;
	}
	*out_fd = fetch_temporary(dir, err);
	st = *out_fd < 0 ? err->code : copy(plain, *out_fd, limits, err);
	source_free(plain);
	if (st != STATUS_OK && *out_fd >= 0) {
		close(*out_fd);
		*out_fd = -1;
	}
	return st;
}
