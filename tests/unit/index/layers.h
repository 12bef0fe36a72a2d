/* SPDX-License-Identifier: Apache-2.0 */
/* layers.h - layers made in memory: a writer of plain ustar entries into an anonymous file. */
#ifndef LIMPID_TESTS_UNIT_INDEX_LAYERS_H
#define LIMPID_TESTS_UNIT_INDEX_LAYERS_H

#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct tarball {
	struct buf buf;
	int fd; /* after tarball_end() */
};

static UNUSED struct tarball tarball_begin(void)
{
	return (struct tarball){ BUF_INIT((size_t)256 << 20), -1 };
}

static UNUSED void tarball_add(struct tarball *t, char type, const char *path, const char *link, const char *content,
			       size_t len)
{
	uint8_t head[512] = { 0 };
	static const uint8_t zeros[512];
	bool has_bytes = type == '0' || type == 'L'; /* L: the name of the next entry */
	unsigned sum = 8 * ' ';

	snprintf((char *)head, 100, "%s", path);
	snprintf((char *)head + 100, 8, "%07o",
		 type == '5'				       ? 0755
		 : content && strncmp(content, "PROG", 4) == 0 ? 0755
							       : 0644);
	snprintf((char *)head + 124, 12, "%011o", has_bytes ? (unsigned)len : 0);
	head[156] = (uint8_t)type;
	if (link)
		snprintf((char *)head + 157, 100, "%s", link);
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(head); i++)
		sum += i >= 148 && i < 156 ? 0 : head[i];
	snprintf((char *)head + 148, 8, "%06o", sum);
	buf_add(&t->buf, slice_make(head, sizeof(head)));
	if (has_bytes && len > 0) {
		buf_add(&t->buf, slice_make(content, len));
		buf_add(&t->buf, slice_make(zeros, (512 - len % 512) % 512));
	}
}

static UNUSED void tarball_file(struct tarball *t, const char *path, const char *content)
{
	tarball_add(t, '0', path, NULL, content, strlen(content));
}

static UNUSED void tarball_end(struct tarball *t)
{
	static const uint8_t zeros[1024];

	buf_add(&t->buf, slice_make(zeros, sizeof(zeros)));
	t->fd = memfd_create("layer", MFD_CLOEXEC);
	if (t->fd < 0 || write(t->fd, t->buf.ptr, t->buf.len) != (ssize_t)t->buf.len)
		abort();
}

static UNUSED void tarball_fini(struct tarball *t)
{
	buf_fini(&t->buf);
	if (t->fd >= 0)
		close(t->fd);
}

static UNUSED struct image_layer tarball_layer(const struct tarball *t)
{
	return (struct image_layer){ .place = LAYER_FD, .fd = t->fd, .len = t->buf.len, .name = SLICE("test") };
}

#endif
