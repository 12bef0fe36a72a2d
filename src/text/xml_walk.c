/* SPDX-License-Identifier: Apache-2.0 */
/* xml_walk.c - expat behind our sink, without document types. */
#include "text/xml_walk.h"

#include <expat.h>
#include <limits.h>
#include <stdlib.h>

struct walk {
	XML_Parser parser; /* owned */
	const struct xml_sink *sink;
	const struct limits *limits;
	uint64_t depth;
	struct xml_attr *attrs; /* owned, reused */
	size_t attrs_cap;
	enum status status; /* the sink's, or a limit's */
	struct err *err;
};

static void stop(struct walk *w, enum status st)
{
	if (st == STATUS_OK)
		return;
	w->status = st;
	XML_StopParser(w->parser, XML_FALSE);
}

/* Of a document without a byte expat says -1. */
static uint64_t offset_of(const struct walk *w)
{
	XML_Index at = XML_GetCurrentByteIndex(w->parser);

	return at > 0 ? (uint64_t)at : 0;
}

static void refuse(struct walk *w, enum status st, const char *what)
{
	stop(w, err_at(w->err, st, offset_of(w), "XML line %lu: %s", (unsigned long)XML_GetCurrentLineNumber(w->parser),
		       what));
}

static struct slice local_name(const XML_Char *name)
{
	const char *colon = strrchr(name, ':');

	return slice_cstr(colon ? colon + 1 : name);
}

static bool reserve(struct walk *w, size_t n)
{
	struct xml_attr *grown;

	if (n > w->limits->fields) {
		refuse(w, STATUS_LIMIT, "too many attributes");
		return false;
	}
	if (n <= w->attrs_cap)
		return true;
	grown = reallocarray(w->attrs, n, sizeof(*grown));
	if (!grown) {
		stop(w, err_nomem(w->err, "XML attributes"));
		return false;
	}
	w->attrs = grown;
	w->attrs_cap = n;
	return true;
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **at)
{
	struct walk *w = ctx;
	size_t n = 0;

	if (w->status != STATUS_OK)
		return;
	if (++w->depth > w->limits->document_depth) {
		refuse(w, STATUS_LIMIT, "nested too deep");
		return;
	}
	while (at[2 * n])
		n++;
	if (!reserve(w, n))
		return;
	for (size_t i = 0; i < n; i++)
		w->attrs[i] = (struct xml_attr){ local_name(at[2 * i]), slice_cstr(at[2 * i + 1]) };
	stop(w, w->sink->start(w->sink->ctx, local_name(name), w->attrs, n, w->err));
}

static void on_end(void *ctx, const XML_Char *name)
{
	struct walk *w = ctx;

	if (w->status != STATUS_OK)
		return;
	w->depth--;
	stop(w, w->sink->end(w->sink->ctx, local_name(name), w->err));
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
	struct walk *w = ctx;

	if (w->status == STATUS_OK)
		stop(w, w->sink->text(w->sink->ctx, slice_make(text, (size_t)len), w->err));
}

/* Entities and default attributes are ways to make little input large, or to read other files. */
static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
		       int has_subset)
{
	struct walk *w = ctx;

	(void)name, (void)system_id, (void)public_id, (void)has_subset;
	if (w->status == STATUS_OK)
		refuse(w, STATUS_MALFORMED, "document type declarations are not allowed");
}

static enum status parse(struct walk *w, struct slice text)
{
	/* In one piece: a tag that comes in pieces would be looked at from its beginning each time. */
	if (text.len > INT_MAX)
		return err_set(w->err, STATUS_LIMIT, "an XML document of more than %d bytes", INT_MAX);
	if (XML_Parse(w->parser, (const char *)text.ptr, (int)text.len, XML_TRUE) == XML_STATUS_OK)
		return w->status;
	if (w->status != STATUS_OK)
		return w->status;
	if (XML_GetErrorCode(w->parser) == XML_ERROR_NO_MEMORY)
		return err_nomem(w->err, "XML parser");
	return err_at(w->err, STATUS_MALFORMED, offset_of(w), "XML line %lu: %s",
		      (unsigned long)XML_GetCurrentLineNumber(w->parser), XML_ErrorString(XML_GetErrorCode(w->parser)));
}

enum status xml_walk(struct slice text, const struct xml_sink *sink, const struct limits *limits, struct err *err)
{
	struct walk w = { .sink = sink, .limits = limits, .err = err };
	enum status st;

	w.parser = XML_ParserCreate(NULL);
	if (!w.parser)
		return err_nomem(err, "XML parser");
	XML_SetUserData(w.parser, &w);
	XML_SetElementHandler(w.parser, on_start, on_end);
	XML_SetCharacterDataHandler(w.parser, on_text);
	XML_SetStartDoctypeDeclHandler(w.parser, on_doctype);
	st = parse(&w, text);
	XML_ParserFree(w.parser);
	free(w.attrs);
	return st == STATUS_CANCELLED ? STATUS_OK : st;
}
