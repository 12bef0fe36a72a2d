/* SPDX-License-Identifier: Apache-2.0 */
/* xml.c - libxml2's SAX2 push parser behind our sink, with its entities, network and printing taken away. */
#include "text/xml.h"

#include "base/buf.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <stdlib.h>

/* Bytes handed to libxml2 at once: small enough that its buffer stays in the cache. */
#define FEED_STEP ((size_t)32 << 10)
/* Bytes of different names that libxml2 may keep for the life of a document. */
#define NAMES_MAX ((size_t)1 << 20)
/*
 * libxml2 compares each attribute of a tag with all before it, before we are told of any: a tag of 10 MB took minutes.
 * So many times the attributes allowed may come without an event: a part of a document that is commented out has some.
 */
#define ATTRIBUTES_FACTOR 8

struct xml_parser {
	xmlParserCtxtPtr ctxt; /* owned */
	const struct xml_sink *sink;
	const struct limits *limits;
	uint64_t fed;      /* bytes so far */
	uint64_t event_at; /* fed when the last event came */
	uint64_t depth;
	uint64_t values_seen; /* what looks like the beginning of an attribute's value, since the last event */
	bool after_equals;
	struct xml_attr *attrs; /* owned, reused */
	size_t attrs_cap;
	struct buf values; /* decoded attribute values of one element */
	bool stopped;
	struct err err; /* the reason, if stopped; STATUS_CANCELLED is quiet */
};

static uint64_t byte_offset(const struct xml_parser *p)
{
	long at = p->ctxt ? xmlByteConsumed(p->ctxt) : -1;

	return at >= 0 ? (uint64_t)at : p->fed;
}

static int line_number(const struct xml_parser *p)
{
	return p->ctxt && p->ctxt->input ? p->ctxt->input->line : 0;
}

static void stop(struct xml_parser *p)
{
	p->stopped = true;
	xmlStopParser(p->ctxt);
}

static void refuse(struct xml_parser *p, enum status st, const char *what)
{
	if (p->stopped)
		return;
	err_at(&p->err, st, byte_offset(p), "XML line %d: %s", line_number(p), what);
	stop(p);
}

/* After a call of the sink. */
static void check_sink(struct xml_parser *p, enum status st)
{
	if (st == STATUS_OK)
		return;
	p->err.code = st;
	stop(p);
}

/* libxml2 quotes the document in its messages. */
static void plain_text(char out[static 256], const char *message)
{
	size_t n = 0;

	for (; message && message[n] && n < 255; n++)
		out[n] = message[n] >= 0x20 && message[n] < 0x7f ? message[n] : '?';
	/* Its messages end in a line feed. */
	while (n > 0 && (out[n - 1] == '?' || out[n - 1] == ' '))
		n--;
	out[n] = '\0';
}

/* libxml2's table of names says no as if memory were short. What was fed since the last event may be a name. */
static bool names_are_full(const struct xml_parser *p)
{
	return xmlDictGetUsage(p->ctxt->dict) + (p->fed - p->event_at) + FEED_STEP > NAMES_MAX;
}

static void on_error(void *ctx, xmlErrorPtr e)
{
	struct xml_parser *p = ctx;
	char text[256];

	/* Namespace errors and warnings do not spoil the document; an entity that nobody declared does. */
	if (p->stopped || e->code == XML_ERR_USER_STOP ||
	    (e->level != XML_ERR_FATAL && e->code != XML_ERR_UNDECLARED_ENTITY && e->code != XML_WAR_UNDECLARED_ENTITY))
		return;
	if (e->code == XML_ERR_NO_MEMORY && names_are_full(p)) {
		err_at(&p->err, STATUS_LIMIT, byte_offset(p),
		       "XML line %d: different names of elements and attributes have more than %zu bytes together",
		       e->line, NAMES_MAX);
	} else if (e->code == XML_ERR_NO_MEMORY) {
		err_nomem(&p->err, "XML parser");
	} else {
		plain_text(text, e->message);
		err_at(&p->err, STATUS_MALFORMED, byte_offset(p), "XML line %d: %s", e->line, text);
	}
	stop(p);
}

/* Room for n attributes; false after refuse(). */
static bool reserve_attrs(struct xml_parser *p, size_t n)
{
	struct xml_attr *grown;

	if (n > p->limits->fields) {
		refuse(p, STATUS_LIMIT, "too many attributes");
		return false;
	}
	if (n <= p->attrs_cap)
		return true;
	grown = reallocarray(p->attrs, n, sizeof(*grown));
	if (!grown) {
		err_nomem(&p->err, "XML attributes");
		stop(p);
		return false;
	}
	p->attrs = grown;
	p->attrs_cap = n;
	return true;
}

/* An ampersand reaches us as "&#38;", every other character as itself. out has room for in.len bytes. */
static size_t decode_value(struct slice in, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		out[n++] = in.ptr[i];
		if (in.ptr[i] == '&' && slice_starts(slice_from(in, i), SLICE("&#38;")))
			i += 4;
	}
	return n;
}

/* libxml2 gives five pointers for each attribute: local name, prefix, URI, and the value's two ends. */
static bool read_attrs(struct xml_parser *p, size_t n, const xmlChar **at)
{
	size_t coded = 0;
	uint8_t *room;

	if (!reserve_attrs(p, n))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct slice value = slice_make(at[5 * i + 3], (size_t)(at[5 * i + 4] - at[5 * i + 3]));

		p->attrs[i].name = slice_cstr((const char *)at[5 * i]);
		p->attrs[i].value = value;
		if (slice_find_byte(value, '&') != SIZE_MAX)
			coded += value.len;
	}
	if (coded == 0)
		return true;
	buf_reset(&p->values);
	/* One reservation for all, so that the slices stay valid. */
	room = buf_reserve(&p->values, coded);
	if (!room) {
		refuse(p, p->values.failed, "attributes too long");
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct slice *value = &p->attrs[i].value;
		size_t len;

		if (slice_find_byte(*value, '&') == SIZE_MAX)
			continue;
		len = decode_value(*value, room);
		*value = slice_make(room, len);
		room += len;
	}
	return true;
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_namespaces,
		     const xmlChar **namespaces, int n_attrs, int n_defaulted, const xmlChar **attrs)
{
	struct xml_parser *p = ctx;

	(void)prefix, (void)uri, (void)n_namespaces, (void)namespaces, (void)n_defaulted;
	if (p->stopped)
		return;
	p->event_at = p->fed;
	if (++p->depth > p->limits->document_depth) {
		refuse(p, STATUS_LIMIT, "nested too deep");
		return;
	}
	if (read_attrs(p, (size_t)n_attrs, attrs))
		check_sink(p, p->sink->start(p->sink->ctx, slice_cstr((const char *)name), p->attrs, (size_t)n_attrs,
					     &p->err));
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct xml_parser *p = ctx;

	(void)prefix, (void)uri;
	if (p->stopped)
		return;
	p->event_at = p->fed;
	p->depth--;
	check_sink(p, p->sink->end(p->sink->ctx, slice_cstr((const char *)name), &p->err));
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
	struct xml_parser *p = ctx;

	if (p->stopped)
		return;
	p->event_at = p->fed;
	check_sink(p, p->sink->text(p->sink->ctx, slice_make(text, (size_t)len), &p->err));
}

static void on_comment(void *ctx, const xmlChar *text)
{
	struct xml_parser *p = ctx;

	(void)text;
	p->event_at = p->fed;
}

static void on_instruction(void *ctx, const xmlChar *target, const xmlChar *data)
{
	(void)target;
	on_comment(ctx, data);
}

static void on_entity_decl(void *ctx, const xmlChar *name, int type, const xmlChar *public_id, const xmlChar *system_id,
			   xmlChar *content)
{
	(void)name, (void)type, (void)public_id, (void)system_id, (void)content;
	refuse(ctx, STATUS_MALFORMED, "entity declarations are not allowed");
}

static void on_unparsed_decl(void *ctx, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id,
			     const xmlChar *notation)
{
	(void)name, (void)public_id, (void)system_id, (void)notation;
	refuse(ctx, STATUS_MALFORMED, "entity declarations are not allowed");
}

/* Defaults declared once would be repeated in every element: a way to make little input large. */
static void on_attribute_decl(void *ctx, const xmlChar *elem, const xmlChar *name, int type, int def,
			      const xmlChar *value, xmlEnumerationPtr tree)
{
	(void)elem, (void)name, (void)type, (void)def, (void)value;
	xmlFreeEnumeration(tree);
	refuse(ctx, STATUS_MALFORMED, "attribute declarations are not allowed");
}

static void on_reference(void *ctx, const xmlChar *name)
{
	(void)name;
	refuse(ctx, STATUS_MALFORMED, "reference to an entity that is not predefined");
}

static xmlEntityPtr on_parameter_entity(void *ctx, const xmlChar *name)
{
	on_reference(ctx, name);
	return NULL;
}

struct xml_parser *xml_parser_new(const struct xml_sink *sink, const struct limits *limits)
{
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.comment = on_comment,
		.processingInstruction = on_instruction,
		.entityDecl = on_entity_decl,
		.unparsedEntityDecl = on_unparsed_decl,
		.attributeDecl = on_attribute_decl,
		.reference = on_reference,
		.getParameterEntity = on_parameter_entity,
		.serror = on_error,
	};
	struct xml_parser *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	xmlInitParser();
	p->sink = sink;
	p->limits = limits;
	p->values = (struct buf)BUF_INIT(limits->record_bytes);
	p->err = (struct err)ERR_INIT;
	p->ctxt = xmlCreatePushParserCtxt(&sax, p, NULL, 0, NULL);
	if (!p->ctxt) {
		xml_parser_free(p);
		return NULL;
	}
	/* HUGE lifts the library's own caps, which real OVAL exceeds; ours stand in for them. */
	xmlCtxtUseOptions(p->ctxt, XML_PARSE_NONET | XML_PARSE_HUGE);
	xmlDictSetLimit(p->ctxt->dict, NAMES_MAX);
	return p;
}

void xml_parser_free(struct xml_parser *p)
{
	if (!p)
		return;
	if (p->ctxt) {
		xmlFreeDoc(p->ctxt->myDoc);
		p->ctxt->myDoc = NULL;
		xmlFreeParserCtxt(p->ctxt);
	}
	free(p->attrs);
	buf_fini(&p->values);
	free(p);
}

static enum status outcome(const struct xml_parser *p, struct err *err)
{
	if (!p->stopped || p->err.code == STATUS_CANCELLED)
		return STATUS_OK;
	*err = p->err;
	return p->err.code;
}

/* Count "=" before a quotation mark, with or without blanks between. */
static void count_values(struct xml_parser *p, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t c = bytes.ptr[i];

		if (c == '=') {
			p->after_equals = true;
		} else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
			p->values_seen += p->after_equals && (c == '"' || c == '\'');
			p->after_equals = false;
		}
	}
}

enum status xml_parser_feed(struct xml_parser *p, struct slice bytes, struct err *err)
{
	while (bytes.len > 0 && !p->stopped) {
		size_t n = MIN(bytes.len, FEED_STEP);

		if (p->fed + n > p->limits->feed_bytes) {
			refuse(p, STATUS_LIMIT, "the document is too long");
			break;
		}
		p->fed += n;
		if (p->values_seen > p->limits->fields * ATTRIBUTES_FACTOR) {
			refuse(p, STATUS_LIMIT, "too many attributes");
			break;
		}
		xmlParseChunk(p->ctxt, (const char *)bytes.ptr, (int)n, 0);
		if (p->event_at == p->fed)
			p->values_seen = 0;
		else
			count_values(p, slice_take(bytes, n));
		if (p->fed - p->event_at > p->limits->record_bytes)
			refuse(p, STATUS_LIMIT, "one tag, comment or declaration is too long");
		if (!p->ctxt->wellFormed)
			refuse(p, STATUS_MALFORMED, "not well-formed");
		bytes = slice_from(bytes, n);
	}
	return outcome(p, err);
}

enum status xml_parser_end(struct xml_parser *p, struct err *err)
{
	if (!p->stopped) {
		xmlParseChunk(p->ctxt, NULL, 0, 1);
		if (!p->ctxt->wellFormed)
			refuse(p, STATUS_MALFORMED, "not well-formed");
		if (p->depth != 0)
			refuse(p, STATUS_MALFORMED, "the document ends inside an element");
	}
	return outcome(p, err);
}
