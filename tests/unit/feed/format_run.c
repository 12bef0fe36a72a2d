/* SPDX-License-Identifier: Apache-2.0 */
/* format_run.c - format-run FORMAT PARAM FILE: what a format makes of a document, as lines of JSON. Not installed. */
#include "format_print.h"

#include "io/file.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	struct buf AUTO(buf_fini) out = BUF_INIT((size_t)1 << 30);
	const struct feed_format *format;
	struct file_map map;
	struct err err = ERR_INIT;
	bool good;

	if (argc != 4 || !(format = format_by_name(slice_cstr(argv[1])))) {
		fprintf(stderr, "usage: format-run FORMAT PARAM FILE\n");
		return 2;
	}
	if (file_map_open(argv[3], &map, &err) != STATUS_OK) {
		fprintf(stderr, "format-run: %s\n", err.msg);
		return 2;
	}
	good = format_print(format, slice_cstr(argv[2]), map.bytes, &limits_default, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	file_map_close(&map);
	return good ? 0 : 1;
}
