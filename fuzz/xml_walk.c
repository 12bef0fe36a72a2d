/* SPDX-License-Identifier: Apache-2.0 */
/* xml_walk.c - fuzz target: tags are balanced, texts lie where they can be read, errors inside the document. */
#include "text/xml_walk.h"

#include <stdlib.h>

struct seen {
	size_t depth, starts, text;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	if (n > limits_default.fields || ++s->depth > limits_default.document_depth)
		abort();
	for (size_t i = 0; i < n; i++)
		s->text += (size_t)slice_hash(attrs[i].name, 0) + (size_t)slice_hash(attrs[i].value, 0);
	s->text += (size_t)slice_hash(name, 0);
	s->starts++;
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->text += (size_t)slice_hash(name, 1);
	if (s->depth-- == 0)
		abort();
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->text += (size_t)slice_hash(text, 2);
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { 0 }, again = { 0 };
	const struct xml_sink sink = { on_start, on_end, on_text, &seen };
	const struct xml_sink twice = { on_start, on_end, on_text, &again };
	struct err err = ERR_INIT, second = ERR_INIT;
	enum status st = xml_walk(slice_make(data, size), &sink, &limits_default, &err);

	if (st == STATUS_OK && (seen.depth != 0 || seen.starts == 0))
		abort();
	if (st != STATUS_OK && (err.msg[0] == '\0' || (err.offset != ERR_NO_OFFSET && err.offset > size)))
		abort();
	if (xml_walk(slice_make(data, size), &twice, &limits_default, &second) != st || again.text != seen.text)
		abort();
	return 0;
}
