/* SPDX-License-Identifier: Apache-2.0 */
/* openapi.c - the document of the API, as JSON and as YAML. */
#include "server/openapi.h"

#include "io/digest.h"
#include "server/negotiate.h"
#include "text/json.h"

#include <stdlib.h>

#define DOCUMENT_BYTES ((size_t)1 << 20)
#define NESTING 64

extern const char *const server_openapi[];

struct slice openapi_source(void)
{
	return slice_cstr(server_openapi[0]);
}

/* ---- YAML ---- */

static void indent(struct buf *out, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		buf_add_cstr(out, "  ");
}

/* Words that need no quotes as a key and are nothing else in YAML. */
static bool is_plain(struct slice s)
{
	if (s.len == 0 || !is_alpha(s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '_' && s.ptr[i] != '-')
			return false;
	}
	return !slice_eq_nocase(s, SLICE("null")) && !slice_eq_nocase(s, SLICE("true")) &&
	       !slice_eq_nocase(s, SLICE("false")) && !slice_eq_nocase(s, SLICE("yes")) &&
	       !slice_eq_nocase(s, SLICE("no")) && !slice_eq_nocase(s, SLICE("on")) &&
	       !slice_eq_nocase(s, SLICE("off")) && s.len > 1;
}

/* A scalar of JSON is one of YAML. */
static void scalar(struct buf *out, yyjson_val *v)
{
	size_t len;
	char *text = yyjson_val_write(v, 0, &len);

	if (text)
		buf_add(out, slice_make(text, len));
	else
		out->failed = STATUS_NOMEM;
	free(text);
	buf_add_byte(out, '\n');
}

static void key(struct buf *out, yyjson_val *k)
{
	struct slice s = json_str(k);

	if (is_plain(s)) {
		buf_add(out, s);
	} else {
		scalar(out, k);
		out->len -= out->failed == STATUS_OK; /* its newline */
	}
	buf_add_byte(out, ':');
}

struct level {
	yyjson_obj_iter obj;
	yyjson_arr_iter arr;
	bool is_obj;
	bool inline_first; /* stands behind a dash: the first member needs no indentation */
};

/* Without recursion, though the document is ours. */
enum status openapi_yaml(struct slice json, struct buf *out, struct err *err)
{
	struct level levels[NESTING];
	unsigned depth = 0;
	struct json_doc doc;

	TRY(json_parse(json, &limits_default, &doc, err));
	if (!yyjson_is_obj(doc.root)) {
		json_doc_free(&doc);
		return err_set(err, STATUS_INVALID, "an object is wanted");
	}
	levels[0] = (struct level){ .is_obj = true };
	yyjson_obj_iter_init(doc.root, &levels[0].obj);
	for (;;) {
		struct level *l = &levels[depth];
		yyjson_val *k = l->is_obj ? yyjson_obj_iter_next(&l->obj) : NULL;
		yyjson_val *v = l->is_obj ? (k ? yyjson_obj_iter_get_val(k) : NULL) : yyjson_arr_iter_next(&l->arr);

		if (!v) {
			if (depth == 0)
				break;
			depth--;
			continue;
		}
		if (!l->inline_first)
			indent(out, depth);
		l->inline_first = false;
		if (l->is_obj)
			key(out, k);
		else
			buf_add_byte(out, '-');
		if (!yyjson_is_ctn(v) || yyjson_get_len(v) == 0) {
			buf_add_byte(out, ' ');
			scalar(out, v);
			continue;
		}
		if (++depth == NESTING) {
			json_doc_free(&doc);
			return err_set(err, STATUS_LIMIT, "nested too deeply");
		}
		levels[depth] = (struct level){ .is_obj = yyjson_is_obj(v), .inline_first = !l->is_obj };
		if (yyjson_is_obj(v))
			yyjson_obj_iter_init(v, &levels[depth].obj);
		else
			yyjson_arr_iter_init(v, &levels[depth].arr);
		/* "- " and two blanks of indentation are as wide. */
		buf_add_byte(out, l->is_obj ? '\n' : ' ');
	}
	json_doc_free(&doc);
	return buf_check(out, "a YAML document", err);
}

/* ---- what is served ---- */

/* A pattern's fixed part, and whether it has a variable. */
static bool split_pattern(struct slice pattern, struct slice *fixed)
{
	return slice_cut(pattern, '{', fixed, NULL);
}

/* The row of a path of the document; PATHS if none is served. */
static size_t row_of(struct slice path, unsigned services)
{
	struct slice want, have;
	bool variable = split_pattern(path, &want);

	for (size_t i = 0; i < PATHS; i++) {
		const struct route_path *p = &route_paths[i];

		if (p->listener == LISTENER_API && (p->services == 0 || (p->services & services)) &&
		    split_pattern(slice_cstr(p->pattern), &have) == variable && slice_eq(want, have))
			return i;
	}
	return PATHS;
}

static bool is_method(struct slice name, enum http_method *out)
{
	static const char *const names[] = { "get", "head", "post", "put", "delete", "patch", "options" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_eq(name, slice_cstr(names[i]))) {
			*out = (enum http_method)i;
			return true;
		}
	}
	return false;
}

/* Take out the operations that no row of this process answers. */
static void cut_down(yyjson_mut_val *paths, unsigned services)
{
	yyjson_mut_obj_iter it, inner;
	yyjson_mut_val *k, *m;

	yyjson_mut_obj_iter_init(paths, &it);
	while ((k = yyjson_mut_obj_iter_next(&it))) {
		struct slice path = slice_make(yyjson_mut_get_str(k), yyjson_mut_get_len(k));
		size_t row = row_of(path, services), left = 0;
		enum http_method method;

		yyjson_mut_obj_iter_init(yyjson_mut_obj_iter_get_val(k), &inner);
		while (row != PATHS && (m = yyjson_mut_obj_iter_next(&inner))) {
			if (!is_method(slice_make(yyjson_mut_get_str(m), yyjson_mut_get_len(m)), &method))
				continue;
			const struct route *r = route_for_method((enum path_id)row, method);

			if (r && r->method == method)
				left++;
			else
				yyjson_mut_obj_iter_remove(&inner);
		}
		if (left == 0)
			yyjson_mut_obj_iter_remove(&it);
	}
}

static enum status print(yyjson_mut_doc *doc, struct openapi *o, struct err *err)
{
	size_t len;
	char *text = yyjson_mut_write(doc, 0, &len);
	struct digest d;
	struct digest_text t;

	if (!text)
		return err_nomem(err, "the API's document");
	buf_add(&o->json, slice_make(text, len));
	free(text);
	TRY(buf_check(&o->json, "the API's document", err));
	TRY(digest_of(DIGEST_SHA256, buf_slice(&o->json), &d, err));
	digest_print(&t, &d);
	memcpy(o->etag, t.text + 7, 65);
	return openapi_yaml(buf_slice(&o->json), &o->yaml, err);
}

enum status openapi_init(struct openapi *o, unsigned services, struct err *err)
{
	struct json_doc doc;
	yyjson_mut_doc *mut;
	enum status st;

	*o = (struct openapi){ .json = BUF_INIT(DOCUMENT_BYTES), .yaml = BUF_INIT(DOCUMENT_BYTES) };
	TRY(json_parse(openapi_source(), &limits_default, &doc, err));
	mut = yyjson_doc_mut_copy(doc.doc, NULL);
	json_doc_free(&doc);
	if (!mut)
		return err_nomem(err, "the API's document");
	cut_down(yyjson_mut_obj_get(yyjson_mut_doc_get_root(mut), "paths"), services);
	st = print(mut, o, err);
	yyjson_mut_doc_free(mut);
	return st;
}

void openapi_fini(struct openapi *o)
{
	buf_fini(&o->json);
	buf_fini(&o->yaml);
}

enum status discovery_openapi(struct server_context *ctx, const struct request *req, struct response *resp,
			      struct err *err)
{
	static const char *const allowed[] = {
		"application/openapi+json", "application/openapi+yaml",		"application/json",
		"application/yaml",	    "application/vnd.oai.openapi+json", "application/vnd.oai.openapi+yaml"
	};
	const char *type = NEGOTIATE_TYPE(req, resp, allowed);

	(void)err;
	if (!type)
		return STATUS_OK;
	response_etag(resp, slice_cstr(ctx->openapi->etag));
	response_content_type(resp, type);
	if (negotiate_not_modified(req, slice_cstr(ctx->openapi->etag)))
		resp->code = 304;
	else
		response_shared(resp,
				buf_slice(slice_ends(slice_cstr(type), SLICE("yaml")) ? &ctx->openapi->yaml
										      : &ctx->openapi->json),
				NULL, NULL);
	return STATUS_OK;
}
