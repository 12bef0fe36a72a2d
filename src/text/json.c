/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - small JSON documents as a yyjson tree. */
#include "text/json.h"

#include "text/json_scan.h"

/* Length of a UTF-8 byte order mark at the beginning: some publishers write one. */
static size_t bom_length(struct slice text)
{
	return slice_starts(text, SLICE("\xef\xbb\xbf")) ? 3 : 0;
}

static enum status parse(struct slice text, const struct limits *limits, bool whole, yyjson_read_flag flags,
			 struct json_doc *out, struct err *err)
{
	size_t skip = bom_length(text);
	struct slice body = slice_from(text, skip);
	struct json_extent extent = json_scan(body, 0, limits->document_depth, whole);
	yyjson_read_err why = { 0 };
	yyjson_doc *doc;

	if (extent.too_deep != SIZE_MAX)
		return err_at(err, STATUS_LIMIT, skip + extent.too_deep, "JSON is nested deeper than %llu levels",
			      (unsigned long long)limits->document_depth);
	if (body.len == 0)
		return err_at(err, STATUS_MALFORMED, skip, "JSON: expected a value, found the end of the text");
	/* Without YYJSON_READ_INSITU the text is not written to. */
	doc = yyjson_read_opts((char *)(uintptr_t)body.ptr, body.len,
			       flags | (whole ? YYJSON_READ_NOFLAG : YYJSON_READ_STOP_WHEN_DONE), NULL, &why);
	if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
		return err_nomem(err, "JSON document");
	if (!doc)
		return err_at(err, STATUS_MALFORMED, skip + why.pos, "JSON: %s", why.msg);
	out->doc = doc;
	out->root = yyjson_doc_get_root(doc);
	return STATUS_OK;
}

enum status json_parse(struct slice text, const struct limits *limits, struct json_doc *out, struct err *err)
{
	return parse(text, limits, true, YYJSON_READ_NOFLAG, out, err);
}

/* Memory is 16 bytes a value, of which "0," makes two bytes: counted before it is asked for, where it could be much. */
static enum status check_values(struct slice text, const struct limits *limits, bool loose, struct err *err)
{
	if (text.len / 2 < limits->json_values || json_count(text, loose) <= limits->json_values)
		return STATUS_OK;
	return err_set(err, STATUS_LIMIT, "JSON of more than %llu values (limits.json_values)",
		       (unsigned long long)limits->json_values);
}

enum status json_parse_file(struct slice text, const struct limits *limits, struct json_doc *out, struct err *err)
{
	TRY(check_values(text, limits, false, err));
	return json_parse(text, limits, out, err);
}

enum status json_parse_loose(struct slice text, const struct limits *limits, struct json_doc *out, struct err *err)
{
	TRY(check_values(text, limits, true, err));
	return parse(text, limits, true, YYJSON_READ_ALLOW_TRAILING_COMMAS | YYJSON_READ_ALLOW_COMMENTS, out, err);
}

/* The parser unescapes strings in a copy of the text, where they lie at their places. */
size_t json_offset(const struct json_doc *d, struct slice text, yyjson_val *v)
{
	uintptr_t begin = (uintptr_t)d->doc->str_pool, at = (uintptr_t)yyjson_get_str(v);

	if (begin == 0 || at <= begin || at - begin > text.len)
		return 0;
	return (size_t)(at - begin) + bom_length(text);
}

enum status json_parse_first(struct slice text, const struct limits *limits, struct json_doc *out, struct err *err)
{
	struct slice body = slice_from(text, bom_length(text));

	while (body.len > 0 && is_space(body.ptr[0]))
		body = slice_from(body, 1);
	return parse(body, limits, false, YYJSON_READ_NOFLAG, out, err);
}

void json_doc_free(struct json_doc *d)
{
	yyjson_doc_free(d->doc);
	d->doc = NULL;
	d->root = NULL;
}

yyjson_val *json_get(yyjson_val *obj, const char *key)
{
	yyjson_obj_iter iter;
	yyjson_val *k, *found = NULL;
	size_t len = strlen(key);

	if (!yyjson_obj_iter_init(obj, &iter))
		return NULL;
	while ((k = yyjson_obj_iter_next(&iter)))
		if (yyjson_equals_strn(k, key, len))
			found = yyjson_obj_iter_get_val(k);
	return found;
}

struct slice json_str(yyjson_val *v)
{
	return yyjson_is_str(v) ? slice_make(yyjson_get_str(v), yyjson_get_len(v)) : SLICE_EMPTY;
}

struct slice json_get_str(yyjson_val *obj, const char *key)
{
	return json_str(json_get(obj, key));
}

bool json_get_bool(yyjson_val *obj, const char *key)
{
	return yyjson_get_bool(json_get(obj, key));
}

bool json_get_u64(yyjson_val *obj, const char *key, uint64_t *out)
{
	yyjson_val *v = json_get(obj, key);

	if (!yyjson_is_uint(v))
		return false;
	*out = yyjson_get_uint(v);
	return true;
}
