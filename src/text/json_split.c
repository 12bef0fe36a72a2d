/* SPDX-License-Identifier: Apache-2.0 */
/* json_split.c - a large JSON text, one member at a time, in memory bounded by its largest member. */
#include "text/json.h"

#include "base/buf.h"
#include "base/ckd.h"
#include "text/json_scan.h"

#include <stdlib.h>

/* A pool larger than this is given back after use: one huge member must not stay resident for the rest of the text. */
#define POOL_KEEP ((size_t)4 << 20)

struct splitter {
	struct slice text;
	size_t pos;
	bool object, inner; /* inner: in a member that was entered */
	const struct limits *limits;
	const struct json_split *sink;
	void *pool; /* owned */
	size_t pool_size;
	struct buf key;
};

static void pool_drop(struct splitter *s)
{
	free(s->pool);
	s->pool = NULL;
	s->pool_size = 0;
}

static bool pool_grow(struct splitter *s, size_t need)
{
	if (need <= s->pool_size)
		return true;
	pool_drop(s);
	/* Pages that the parser does not touch cost nothing, so the worst case may be asked for. */
	need = MAX(need, (size_t)64 << 10);
	s->pool = malloc(need);
	if (!s->pool)
		return false;
	s->pool_size = need;
	return true;
}

/* STATUS_MALFORMED leaves the reason in *err with its offset in the whole text. */
static enum status parse_in_pool(struct splitter *s, struct slice value, yyjson_val **out, struct err *err)
{
	size_t offset = (size_t)(value.ptr - s->text.ptr);
	size_t need;
	yyjson_read_err why = { 0 };
	yyjson_alc alc;
	yyjson_doc *doc;

	if (CKD_ADD(&need, yyjson_read_max_memory_usage(value.len, YYJSON_READ_NOFLAG), (size_t)1024) ||
	    !pool_grow(s, need))
		return err_nomem(err, "JSON member");
	yyjson_alc_pool_init(&alc, s->pool, s->pool_size);
	doc = yyjson_read_opts((char *)(uintptr_t)value.ptr, value.len, YYJSON_READ_NOFLAG, &alc, &why);
	if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
		return err_nomem(err, "JSON member");
	if (!doc)
		return err_at(err, STATUS_MALFORMED, offset + why.pos, "JSON: %s", why.msg);
	/* Never freed: the next member starts the pool afresh. */
	*out = yyjson_doc_get_root(doc);
	return STATUS_OK;
}

static void skip_space(struct splitter *s)
{
	while (s->pos < s->text.len) {
		uint8_t c = s->text.ptr[s->pos];

		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			break;
		s->pos++;
	}
}

/* The byte at pos, 0 at the end of the text. */
static uint8_t peek(const struct splitter *s)
{
	return s->pos < s->text.len ? s->text.ptr[s->pos] : 0;
}

static enum status expected(const struct splitter *s, const char *what, struct err *err)
{
	struct err_quote q;

	if (s->pos >= s->text.len)
		return err_at(err, STATUS_MALFORMED, s->pos, "JSON: expected %s, found the end of the text", what);
	return err_at(err, STATUS_MALFORMED, s->pos, "JSON: expected %s, found \"%s\"", what,
		      err_slice(&q, slice_take(slice_from(s->text, s->pos), 1)));
}

static bool is_plain_key(struct slice raw)
{
	for (size_t i = 0; i < raw.len; i++)
		if (raw.ptr[i] < 0x20 || raw.ptr[i] == '\\')
			return false;
	return slice_is_utf8(raw);
}

/* raw: with its quotes. Unescaped keys go through s->key, as the pool is needed for the value. */
static enum status read_key(struct splitter *s, struct slice raw, struct slice *out, struct err *err)
{
	struct slice inner = slice_make(raw.ptr + 1, raw.len - 2);
	yyjson_val *v;

	*out = inner;
	if (inner.len > s->limits->field_bytes)
		return err_at(err, STATUS_LIMIT, (uint64_t)(raw.ptr - s->text.ptr),
			      "key of %zu bytes is longer than %llu", inner.len,
			      (unsigned long long)s->limits->field_bytes);
	if (is_plain_key(inner))
		return STATUS_OK;
	TRY(parse_in_pool(s, raw, &v, err));
	buf_reset(&s->key);
	buf_add(&s->key, json_str(v));
	TRY(buf_check(&s->key, "JSON key", err));
	*out = buf_slice(&s->key);
	return STATUS_OK;
}

static enum status read_value(struct splitter *s, struct slice value, const struct json_extent *extent,
			      yyjson_val **out, struct err *err)
{
	if (value.len > s->limits->record_bytes)
		return err_at(err, STATUS_LIMIT, (uint64_t)(value.ptr - s->text.ptr),
			      "member of %zu bytes is longer than %llu", value.len,
			      (unsigned long long)s->limits->record_bytes);
	if (extent->too_deep != SIZE_MAX)
		return err_at(err, STATUS_LIMIT, extent->too_deep, "JSON is nested deeper than %llu levels",
			      (unsigned long long)s->limits->document_depth);
	return parse_in_pool(s, value, out, err);
}

/* Is the value at pos one whose members are wanted? */
static bool is_entered(struct splitter *s, struct slice raw_key)
{
	struct err ignored = ERR_INIT; /* a key that cannot be read is told with its value */
	struct slice key;

	return s->sink->enter && !s->inner && (peek(s) == '{' || peek(s) == '[') &&
	       read_key(s, raw_key, &key, &ignored) == STATUS_OK && s->sink->enter(s->sink->ctx, key);
}

static enum status split_members(struct splitter *s, struct err *err);

static enum status split_inner(struct splitter *s, struct err *err)
{
	enum status st;

	s->inner = true;
	st = split_members(s, err);
	s->inner = false;
	s->object = true;
	return st;
}

/* One member, from its key or value to the byte after it. */
static enum status split_member(struct splitter *s, struct err *err)
{
	/* The frame is the first level of the nesting, one that was entered the second. */
	uint64_t frames = s->inner ? 2 : 1;
	uint64_t depth_left = s->limits->document_depth > frames ? s->limits->document_depth - frames : 0;
	size_t key_at = s->pos, value_at;
	struct slice raw_key = SLICE_EMPTY, key = SLICE_EMPTY, value;
	struct json_extent extent;
	yyjson_val *v = NULL;
	enum status st = STATUS_OK;

	if (s->object) {
		if (peek(s) != '"')
			return expected(s, "a key", err);
		s->pos = json_scan_string(s->text, key_at);
		if (s->pos == SIZE_MAX)
			return err_at(err, STATUS_MALFORMED, key_at, "JSON: key without an end");
		raw_key = slice_make(s->text.ptr + key_at, s->pos - key_at);
		skip_space(s);
		if (peek(s) != ':')
			return expected(s, "a colon", err);
		s->pos++;
		skip_space(s);
		if (is_entered(s, raw_key))
			return split_inner(s, err);
	}
	value_at = s->pos;
	extent = json_scan(s->text, value_at, depth_left, false);
	if (extent.end == SIZE_MAX)
		return err_at(err, STATUS_MALFORMED, value_at, "JSON: the text ends inside the value that begins here");
	if (extent.end == value_at)
		return expected(s, "a value", err);
	value = slice_make(s->text.ptr + value_at, extent.end - value_at);
	s->pos = extent.end;

	if (s->object)
		st = read_key(s, raw_key, &key, err);
	if (st == STATUS_OK && s->sink->raw && s->sink->raw(s->sink->ctx, key, value))
		return STATUS_OK;
	if (st == STATUS_OK && !s->sink->visit)
		return STATUS_OK;
	if (st == STATUS_OK)
		st = read_value(s, value, &extent, &v, err);
	if (st == STATUS_OK) {
		st = s->sink->visit(s->sink->ctx, key, v, value_at, err);
	} else if (st != STATUS_NOMEM) {
		if (s->sink->bad)
			s->sink->bad(s->sink->ctx, key, err);
		st = STATUS_OK;
	}
	if (s->pool_size > POOL_KEEP)
		pool_drop(s);
	return st;
}

/* An object or an array, from its bracket to the byte after its end. */
static enum status split_members(struct splitter *s, struct err *err)
{
	bool object = peek(s) == '{';
	uint8_t close = object ? '}' : ']';

	s->object = object;
	s->pos++;
	skip_space(s);
	if (peek(s) != close) {
		for (;;) {
			TRY(split_member(s, err));
			skip_space(s);
			if (peek(s) != ',')
				break;
			s->pos++;
			skip_space(s);
		}
		if (peek(s) != close)
			return expected(s, object ? "a comma or }" : "a comma or ]", err);
	}
	s->pos++;
	return STATUS_OK;
}

static enum status split_frame(struct splitter *s, struct err *err)
{
	if (slice_starts(s->text, SLICE("\xef\xbb\xbf")))
		s->pos = 3;
	skip_space(s);
	if (peek(s) != '{' && peek(s) != '[')
		return expected(s, "an object or an array", err);
	TRY(split_members(s, err));
	skip_space(s);
	if (s->pos != s->text.len)
		return expected(s, "the end of the text", err);
	return STATUS_OK;
}

enum status json_split(struct slice text, const struct limits *limits, const struct json_split *sink, struct err *err)
{
	struct splitter s = { .text = text, .limits = limits, .sink = sink, .key = BUF_INIT(limits->field_bytes) };
	enum status st = split_frame(&s, err);

	pool_drop(&s);
	buf_fini(&s.key);
	return st == STATUS_CANCELLED ? STATUS_OK : st;
}
