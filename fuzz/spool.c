/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool.c - fuzz target: spools hold what was read, in memory and spilled, side by side in one area, up to their caps.
 *
 * Input: two bytes each for what stays in memory, for the cap, for the pieces, for where the source fails; then
 * content.
 */
#include "io/spool.h"

#include "../tests/support/pieces.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t number(const uint8_t *p)
{
	return (size_t)p[0] | (size_t)p[1] << 8;
}

static struct spool *make(struct spool_area *area, const uint8_t *head, struct slice content)
{
	size_t memory_max = number(head), bytes_max = number(head + 2), fail_at = number(head + 6);
	struct piece_source *p = piece_source(content, number(head + 4) + 1);
	uint64_t used = area ? area->used : 0;
	struct err err = ERR_INIT;
	struct spool *s = NULL;
	enum status st;

	if (fail_at < content.len) {
		p->failure = STATUS_MALFORMED;
		p->fail_at = fail_at;
	}
	st = spool_read_into(area, &p->base, memory_max, bytes_max, &s, &err);
	source_free(&p->base);
	if ((st == STATUS_OK) != (s != NULL))
		abort();
	if (st == STATUS_LIMIT ? content.len + used <= bytes_max : st == STATUS_MALFORMED && fail_at >= content.len)
		abort();
	if (st == STATUS_OK && (content.len > bytes_max || fail_at < content.len || spool_size(s) != content.len))
		abort();
	return s;
}

static void check(struct spool *s, struct slice content)
{
	struct err err = ERR_INIT;
	struct slice bytes;

	if (s && (spool_slice(s, &bytes, &err) != STATUS_OK || !slice_eq(bytes, content)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spool_area area = { .fd = -1 };
	struct slice content, half;
	struct spool *a, *b, *alone;

	if (size < 8)
		return 0;
	content = slice_from(slice_make(data, size), 8);
	half = slice_take(content, content.len / 2);
	area.fd = memfd_create("fuzz", MFD_CLOEXEC);
	a = make(&area, data, content);
	b = make(&area, data, half);
	alone = make(NULL, data, content);
	check(a, content);
	check(b, half);
	check(alone, content);
	spool_free(a);
	check(b, half);
	spool_free(b);
	spool_free(alone);
	if (area.live != 0 || (area.fd >= 0 && lseek(area.fd, 0, SEEK_END) != 0))
		abort();
	close(area.fd);
	return 0;
}
