/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - names inside an archive or image, made canonical and kept below its root. */
#include "io/tar.h"

/* Append the components of raw to the path of *len bytes in buf. */
static void append(struct slice raw, uint8_t *buf, size_t *len)
{
	while (raw.len > 0) {
		struct slice part;

		slice_cut(raw, '/', &part, &raw);
		if (part.len == 0 || slice_eq(part, SLICE(".")))
			continue;
		if (slice_eq(part, SLICE(".."))) {
			while (*len > 0 && buf[--*len] != '/')
				;
			continue;
		}
		if (*len > 0)
			buf[(*len)++] = '/';
		memmove(buf + *len, part.ptr, part.len);
		*len += part.len;
	}
}

struct slice path_normalise(struct slice raw, uint8_t *buf)
{
	size_t len = 0;

	append(raw, buf, &len);
	return slice_make(buf, len);
}

struct slice path_resolve(struct slice link, struct slice target, uint8_t *buf)
{
	size_t len = 0;

	if (target.len == 0 || target.ptr[0] != '/')
		append(path_dir(link), buf, &len);
	append(target, buf, &len);
	return slice_make(buf, len);
}
