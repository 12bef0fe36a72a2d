/* SPDX-License-Identifier: Apache-2.0 */
/* make_segment.c - make-segment FORMAT PARAM FILE DIR: the document as a segment in DIR; prints its name. Not
 * installed. */
#include "feed/feed.h"
#include "io/file.h"
#include "segment/segment.h"

#include <stdio.h>

static const struct feed_format *format_by_name(const char *name)
{
	static const struct feed_format *const formats[] = {
#define FEED_FORMAT(name, what) &feed_format_##name,
#include "feed/formats.def"
#undef FEED_FORMAT
	};

	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(name, formats[i]->name) == 0)
			return formats[i];
	return NULL;
}

static enum status emit(void *ctx, const struct advisory *a, struct err *err)
{
	return segment_writer_add(ctx, a, err);
}

static enum status make(const struct feed_format *format, char **argv, struct digest *out, struct err *err)
{
	struct segment_meta meta = { SLICE("golden"), slice_cstr(format->name), slice_cstr(argv[3]), 1700000000 };
	struct diag_sink quiet = { NULL, NULL };
	struct advisory_sink sink = { emit, &quiet, NULL };
	struct feed_document doc = { .url = SLICE("test:document"), .param = slice_cstr(argv[2]) };
	struct segment_writer *w;
	struct segment_stats stats;
	struct file_map map;
	enum status st;

	TRY(file_map_open(argv[3], &map, err));
	TRY(segment_writer_open(argv[4], &meta, &limits_default, &w, err));
	sink.ctx = w;
	doc.bytes = map.bytes;
	st = format->parse(&doc, &limits_default, &sink, err);
	file_map_close(&map);
	if (st == STATUS_OK)
		return segment_writer_finish(w, out, &stats, err);
	segment_writer_abort(w);
	return st;
}

int main(int argc, char **argv)
{
	const struct feed_format *format = argc == 5 ? format_by_name(argv[1]) : NULL;
	struct digest_text text;
	struct digest d;
	struct err err = ERR_INIT;

	if (!format) {
		fprintf(stderr, "usage: make-segment FORMAT PARAM FILE DIR\n");
		return 2;
	}
	if (make(format, argv, &d, &err) != STATUS_OK) {
		fprintf(stderr, "make-segment: %s\n", err.msg);
		return 1;
	}
	printf("%s.seg\n", digest_print(&text, &d) + strlen("sha256:"));
	return 0;
}
