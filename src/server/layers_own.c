/* SPDX-License-Identifier: Apache-2.0 */
/* layers_own.c - advisories that users wrote through the old layer API, as they are posted and kept. */
#include "server/layers_impl.h"

#include <stdlib.h>

#define PAGE 500u
#define FIXES_MAX 10000u

/* ---- reading ---- */

static enum status bad(struct err *err, const char *text)
{
	return err_set(err, STATUS_INVALID, "%s", text);
}

/* A version format of Clair v2's; "" leaves it to the namespace. */
static enum status check_version(const struct layers_fix *f, struct err *err)
{
	const struct version_scheme *s = f->version_format.len > 0 ? scheme_by_name(f->version_format) : NULL;

	if (slice_eq(f->version, SLICE("None")) || (f->version_format.len == 0 && f->version.len > 0))
		return STATUS_OK;
	/* Alpine's are called dpkg, and need not be that. */
	if (slice_eq(f->version_format, SLICE("dpkg")) && scheme_get(SCHEME_apk)->valid(f->version))
		return STATUS_OK;
	if (!s)
		return bad(err, f->version_format.len > 0 ? "unknown version format" : "invalid version");
	return s->valid(f->version) ? STATUS_OK : bad(err, "invalid version");
}

/* *space: the namespace that it names. */
static enum status read_fix(yyjson_val *v, struct arena *arena, struct layers_fix *out, struct slice *space,
			    struct err *err)
{
	if (!yyjson_is_obj(v))
		return err_set(err, STATUS_MALFORMED, "json: cannot unmarshal %s into Go value of type v1.Feature",
			       yyjson_get_type_desc(v));
	TRY(layers_text(v, "Feature", "Name", arena, &out->feature, err));
	TRY(layers_text(v, "Feature", "NamespaceName", arena, space, err));
	TRY(layers_text(v, "Feature", "VersionFormat", arena, &out->version_format, err));
	TRY(layers_text(v, "Feature", "Version", arena, &out->version, err));
	if (out->feature.len == 0)
		return bad(err, "could not find/insert invalid Feature");
	return check_version(out, err);
}

static enum status read_fixes(yyjson_val *v, struct arena *arena, struct layers_advisory *out, struct err *err)
{
	yyjson_val *list = layers_member(v, "FixedIn"), *one;
	struct layers_fix *fixes;
	yyjson_arr_iter it;

	if (list && !yyjson_is_arr(list))
		return err_set(
			err, STATUS_MALFORMED,
			"json: cannot unmarshal %s into Go struct field Vulnerability.FixedIn of type []v1.Feature",
			yyjson_get_type_desc(list));
	if (yyjson_arr_size(list) > FIXES_MAX)
		return err_set(err, STATUS_LIMIT, "more than %u fixes", FIXES_MAX);
	fixes = arena_array(arena, yyjson_arr_size(list) + 1, sizeof(*fixes));
	if (!fixes)
		return err_nomem(err, "fixes");
	yyjson_arr_iter_init(list, &it);
	while (list && (one = yyjson_arr_iter_next(&it))) {
		struct slice space;

		TRY(read_fix(one, arena, &fixes[out->n_fixes], &space, err));
		if (space.len > 0 && !slice_eq(space, out->space))
			return bad(err,
				   "could not insert an invalid vulnerability that contains FixedIn FeatureVersion "
				   "that are not in the same namespace as the Vulnerability");
		out->n_fixes++;
	}
	out->fixes = fixes;
	return STATUS_OK;
}

static enum status read_metadata(yyjson_val *v, struct arena *arena, struct slice *out, struct err *err)
{
	yyjson_val *m = layers_member(v, "Metadata");
	struct slice text;
	char *json;
	size_t len;
	bool good;

	if (m && !yyjson_is_obj(m))
		return err_set(err, STATUS_MALFORMED,
			       "json: cannot unmarshal %s into Go struct field Vulnerability.Metadata",
			       yyjson_get_type_desc(m));
	if (!m)
		return STATUS_OK;
	json = yyjson_val_write(m, 0, &len);
	text = slice_make(json, json ? len : 0);
	good = json && arena_copy(arena, text, out);
	free(json);
	return good ? STATUS_OK : err_nomem(err, "metadata");
}

static enum status read_advisory(yyjson_val *v, struct slice space, struct arena *arena, struct layers_advisory *out,
				 struct err *err)
{
	struct slice severity;

	*out = (struct layers_advisory){ .n_fixes = 0 };
	TRY(layers_text(v, "Vulnerability", "Name", arena, &out->name, err));
	TRY(layers_text(v, "Vulnerability", "NamespaceName", arena, &out->space, err));
	if (out->space.len == 0)
		out->space = space;
	TRY(layers_text(v, "Vulnerability", "Description", arena, &out->description, err));
	TRY(layers_text(v, "Vulnerability", "Link", arena, &out->link, err));
	TRY(layers_text(v, "Vulnerability", "Severity", arena, &severity, err));
	out->severity = layers_severity(severity);
	if (!out->severity)
		return bad(err, "failed to parse Severity from input");
	TRY(read_metadata(v, arena, &out->metadata, err));
	return read_fixes(v, arena, out, err);
}

/* The first value of the text, and the named member of it. */
static enum status open_envelope(struct slice json, const struct limits *limits, const char *name, const char *missing,
				 struct json_doc *doc, yyjson_val **out, struct err *err)
{
	if (slice_trim(json).len == 0)
		return err_set(err, STATUS_MALFORMED, "EOF");
	TRY(json_parse_first(json, limits, doc, err));
	*out = layers_member(doc->root, name);
	if (yyjson_is_obj(*out))
		return STATUS_OK;
	json_doc_free(doc);
	return bad(err, missing);
}

enum status layers_advisory_parse(struct slice json, const struct limits *limits, struct slice space,
				  struct arena *arena, struct layers_advisory *out, struct err *err)
{
	struct json_doc doc;
	yyjson_val *v = NULL;
	enum status st;

	*out = (struct layers_advisory){ .n_fixes = 0 };
	TRY(open_envelope(json, limits, "Vulnerability", "failed to provide vulnerability", &doc, &v, err));
	st = read_advisory(v, space, arena, out, err);
	json_doc_free(&doc);
	return st;
}

enum status layers_fix_parse(struct slice json, const struct limits *limits, struct arena *arena,
			     struct layers_fix *out, struct err *err)
{
	struct slice space;
	struct json_doc doc;
	yyjson_val *v = NULL;
	enum status st;

	*out = (struct layers_fix){ SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY };
	TRY(open_envelope(json, limits, "Feature", "failed to provide feature", &doc, &v, err));
	st = read_fix(v, arena, out, &space, err);
	json_doc_free(&doc);
	return st;
}

/* ---- keeping ---- */

/* No name has a NUL in it that got here through JSON or a path's escape: that is refused. */
static enum status key_of(struct slice space, struct slice name, struct arena *arena, struct slice *out,
			  struct err *err)
{
	uint8_t *key;

	if (space.len == 0 || name.len == 0)
		return bad(err, "insertVulnerability needs at least the Name and the Namespace");
	if (space.len + name.len + 1 > STORE_DOCUMENT_NAME || slice_find_byte(space, '\0') != SIZE_MAX ||
	    slice_find_byte(name, '\0') != SIZE_MAX)
		return bad(err, "the name of a vulnerability or of its namespace is too long");
	key = arena_alloc(arena, space.len + name.len + 1);
	if (!key)
		return err_nomem(err, "a name");
	memcpy(key, space.ptr, space.len);
	key[space.len] = '\0';
	memcpy(key + space.len + 1, name.ptr, name.len);
	*out = slice_make(key, space.len + name.len + 1);
	return STATUS_OK;
}

static enum status count_own(struct store *s, struct arena *arena, size_t *out, uint64_t *bytes, struct err *err)
{
	struct store_document *page;
	struct slice after = SLICE_EMPTY;
	size_t n = PAGE;

	for (*out = 0; n == PAGE; *out += n) {
		TRY(store_documents(s, STORE_DOCUMENT_ADVISORY, SLICE_EMPTY, after, PAGE, arena, &page, &n, err));
		for (size_t i = 0; i < n; i++)
			*bytes += page[i].body.len;
		if (n > 0)
			after = page[n - 1].name;
	}
	return STATUS_OK;
}

enum status layers_own_put(struct store *s, const struct layers_advisory *a, struct arena *arena, struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT((size_t)1 << 22);
	struct json_writer w;
	struct slice key;
	uint64_t bytes = 0;
	size_t have;

	TRY(key_of(a->space, a->name, arena, &key, err));
	TRY(count_own(s, arena, &have, &bytes, err));
	json_writer_init(&w, &body, 0);
	json_object(&w);
	json_key(&w, "Vulnerability");
	layers_advisory_put(&w, a, true);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	if (have >= LAYERS_OWN_MAX || bytes + body.len > LAYERS_OWN_BYTES)
		return err_set(err, STATUS_LIMIT, "more than %u vulnerabilities of users, or than %u bytes of them",
			       LAYERS_OWN_MAX, LAYERS_OWN_BYTES);
	return store_document_put(s, STORE_DOCUMENT_ADVISORY, key, SLICE_EMPTY, buf_slice(&body), err);
}

enum status layers_own_get(struct store *s, struct slice space, struct slice name, struct arena *arena,
			   struct layers_advisory *out, struct err *err)
{
	struct store_document d;
	struct slice key;

	if (key_of(space, name, arena, &key, err) != STATUS_OK)
		return err_set(err, STATUS_NOTFOUND, LAYERS_NOT_FOUND);
	TRY(store_document_get(s, STORE_DOCUMENT_ADVISORY, key, arena, &d, err));
	return layers_advisory_parse(d.body, &limits_default, space, arena, out, err);
}

enum status layers_own_delete(struct store *s, struct slice space, struct slice name, struct arena *arena,
			      bool *out_deleted, struct err *err)
{
	struct slice key;

	*out_deleted = false;
	if (key_of(space, name, arena, &key, err) != STATUS_OK)
		return STATUS_OK;
	return store_document_delete(s, STORE_DOCUMENT_ADVISORY, key, out_deleted, err);
}

enum status layers_own_all(struct store *s, struct arena *arena, struct layers_advisory **out, size_t *out_n,
			   struct digest *identity, struct err *err)
{
	VEC(struct layers_advisory) all = { NULL, 0, 0 };
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct store_document *page;
	struct slice after = SLICE_EMPTY;
	size_t n = PAGE;
	enum status st = h ? STATUS_OK : err_nomem(err, "a digest");

	while (st == STATUS_OK && n == PAGE) {
		st = store_documents(s, STORE_DOCUMENT_ADVISORY, SLICE_EMPTY, after, PAGE, arena, &page, &n, err);
		for (size_t i = 0; i < n && st == STATUS_OK; i++) {
			struct layers_advisory *a = VEC_PUSH(&all, arena);

			hasher_add(h, page[i].body);
			after = page[i].name;
			st = a ? layers_advisory_parse(page[i].body, &limits_default, SLICE_EMPTY, arena, a, err)
			       : err_nomem(err, "vulnerabilities");
		}
	}
	if (st == STATUS_OK)
		st = hasher_final(h, identity, err);
	hasher_free(h);
	*out = all.at;
	*out_n = all.len;
	return st;
}
