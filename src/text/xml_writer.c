/* SPDX-License-Identifier: Apache-2.0 */
/* xml_writer.c - XML text, written as its parts are named. */
#include "text/xml_writer.h"

void xml_writer_init(struct xml_writer *w, struct buf *out)
{
	*w = (struct xml_writer){ .out = out };
	buf_add_cstr(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

/* Is the character, which has n bytes, one of XML 1.0 (section 2.2)? */
static bool allowed(struct slice text, size_t n)
{
	if (n == 1)
		return text.ptr[0] >= 0x20 || (text.ptr[0] != '\0' && strchr("\t\n\r", text.ptr[0]));
	/* U+FFFE and U+FFFF */
	return n > 0 && !(n == 3 && text.ptr[0] == 0xef && text.ptr[1] == 0xbf && text.ptr[2] >= 0xbe);
}

static void escape(struct xml_writer *w, struct slice text, bool attribute)
{
	while (text.len > 0) {
		size_t n = utf8_sequence(text);
		uint8_t c = text.ptr[0];

		if (!allowed(text, n))
			buf_add_cstr(w->out, "\xef\xbf\xbd");
		else if (c == '<')
			buf_add_cstr(w->out, "&lt;");
		else if (c == '>')
			buf_add_cstr(w->out, "&gt;");
		else if (c == '&')
			buf_add_cstr(w->out, "&amp;");
		else if (c == '"' && attribute)
			buf_add_cstr(w->out, "&quot;");
		else if (c == '\r' || ((c == '\n' || c == '\t') && attribute))
			buf_printf(w->out, "&#%u;", c);
		else
			buf_add(w->out, slice_take(text, n));
		text = slice_from(text, n ? n : 1);
	}
}

static void end_tag(struct xml_writer *w)
{
	if (w->tag)
		buf_add_byte(w->out, '>');
	w->tag = false;
}

static void break_line(struct xml_writer *w)
{
	buf_add_byte(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_add_byte(w->out, ' ');
}

void xml_open(struct xml_writer *w, const char *name)
{
	end_tag(w);
	if (w->text || w->depth == ARRAY_LEN(w->open)) {
		w->bug = true;
		return;
	}
	if (w->depth > 0)
		break_line(w);
	buf_printf(w->out, "<%s", name);
	w->open[w->depth++] = name;
	w->tag = true;
}

void xml_attribute(struct xml_writer *w, const char *name, struct slice value)
{
	w->bug |= !w->tag;
	buf_printf(w->out, " %s=\"", name);
	escape(w, value, true);
	buf_add_byte(w->out, '"');
}

void xml_attribute_cstr(struct xml_writer *w, const char *name, const char *value)
{
	xml_attribute(w, name, slice_cstr(value));
}

void xml_attribute_u64(struct xml_writer *w, const char *name, uint64_t value)
{
	w->bug |= !w->tag;
	buf_printf(w->out, " %s=\"%llu\"", name, (unsigned long long)value);
}

void xml_text(struct xml_writer *w, struct slice text)
{
	w->bug |= w->depth == 0;
	end_tag(w);
	w->text = true;
	escape(w, text, false);
}

void xml_close(struct xml_writer *w)
{
	if (w->depth == 0) {
		w->bug = true;
		return;
	}
	w->depth--;
	if (w->tag) {
		buf_add_cstr(w->out, "/>");
	} else {
		if (!w->text)
			break_line(w);
		buf_printf(w->out, "</%s>", w->open[w->depth]);
	}
	w->tag = w->text = false;
}

void xml_element(struct xml_writer *w, const char *name, struct slice text)
{
	xml_open(w, name);
	xml_text(w, text);
	xml_close(w);
}

enum status xml_writer_end(struct xml_writer *w, struct err *err)
{
	if (w->bug || w->depth > 0)
		return err_set(err, STATUS_BUG, "XML: an element was left open, or something stood in a wrong place");
	return buf_check(w->out, "XML", err);
}
