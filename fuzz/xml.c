/* SPDX-License-Identifier: Apache-2.0 */
/* xml.c - fuzz target: the outcome of a document does not depend on how it is cut into pieces; tags are balanced. */
#include "text/xml.h"

#include <stdlib.h>

struct seen {
	size_t depth, starts, text;
};

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct seen *s = ctx;
	size_t sum = 0;

	(void)err;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < attrs[i].value.len; k++)
			sum += attrs[i].value.ptr[k];
	if (name.len == 0 || sum == SIZE_MAX)
		abort();
	s->depth++;
	s->starts++;
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	struct seen *s = ctx;

	(void)name, (void)err;
	if (s->depth-- == 0)
		abort();
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->text += text.len;
	return STATUS_OK;
}

static enum status run(struct slice text, size_t piece, struct seen *seen)
{
	const struct xml_sink sink = { on_start, on_end, on_text, seen };
	struct xml_parser *p = xml_parser_new(&sink, &limits_default);
	struct err err = ERR_INIT;
	enum status st = STATUS_OK;

	if (!p)
		abort();
	for (; text.len > 0 && st == STATUS_OK; text = slice_from(text, piece))
		st = xml_parser_feed(p, slice_take(text, piece), &err);
	if (st == STATUS_OK)
		st = xml_parser_end(p, &err);
	xml_parser_free(p);
	return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { 0 }, pieces = { 0 };
	enum status a = run(slice_make(data, size), size ? size : 1, &whole);
	enum status b = run(slice_make(data, size), 5, &pieces);

	if (a == STATUS_OK && b == STATUS_OK && (whole.starts != pieces.starts || whole.text != pieces.text))
		abort();
	if ((a == STATUS_OK && whole.depth != 0) || (b == STATUS_OK && pieces.depth != 0))
		abort();
	return 0;
}
