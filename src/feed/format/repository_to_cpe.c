/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repository_to_cpe.c - which products a repository (a content set) of Red Hat's is of, and which repositories of
 * container images one is shipped in.
 *
 *   {"data": {"rhel-9-for-x86_64-baseos-rpms": {"cpes": ["cpe:/o:redhat:enterprise_linux:9::baseos"]}}}
 *   {"data": {"toolbox-container": ["rhel8/toolbox", "ubi8/toolbox"]}}
 *
 * A repository is a record, its one row lies in the scope of the map under its name and is about nothing that is
 * affected; the products are listed where versions would be. Traps: docs/formats/repository-to-cpe.md.
 */
#include "feed/feed.h"

#include "model/repository_map.h"
#include "text/cpe.h"
#include "text/json.h"

struct parser {
	const struct advisory_sink *out;
	const struct limits *limits;
	struct arena arena; /* of one repository */
	bool data;	    /* the member was there */
};

/* As a formatted string; false: told why not. */
static bool read_cpe(struct parser *p, struct slice repository, yyjson_val *v, struct slice *out)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(4096);
	struct err why = ERR_INIT;
	struct err_quote q;
	struct cpe cpe;

	if (cpe_parse(json_str(v), &p->arena, &cpe, &why) == STATUS_OK)
		cpe_print(&cpe, &text);
	if (text.len > 0 && text.failed == STATUS_OK)
		return arena_copy(&p->arena, buf_slice(&text), out);
	diag_emit(p->out->diags, DIAG_FIELD, repository, ERR_NO_OFFSET, "\"%s\" is no CPE name: it was left out",
		  err_slice(&q, json_str(v)));
	return false;
}

#define IMAGE_NAME_BYTES 256u

static bool read_image(struct parser *p, struct slice name, yyjson_val *v, struct slice *out)
{
	struct slice text = json_str(v);

	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || text.ptr[i] == ':')
			text = SLICE_EMPTY;
	if (text.len > 0 && text.len <= IMAGE_NAME_BYTES)
		return arena_copy(&p->arena, text, out);
	diag_emit(p->out->diags, DIAG_FIELD, name, ERR_NO_OFFSET, "a name of the image is none: it was left out");
	return false;
}

static enum status on_repository(struct parser *p, struct slice name, yyjson_val *value, struct err *err)
{
	bool image = yyjson_is_arr(value);
	yyjson_val *cpes = image ? value : json_get(value, "cpes"), *cpe;
	size_t n = yyjson_arr_size(cpes), kept = 0, i, max;
	struct slice *list;
	struct affected row = { .scope = image ? SLICE(IMAGE_MAP_SCOPE) : SLICE(REPOSITORY_MAP_SCOPE),
				.package = name,
				.name_kind = AFFECTED_NAME_ANY,
				.status = AFFECTED_NO,
				.scheme = SCHEME_rpm };
	struct advisory a = { .id = name,
			      .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = &row,
			      .n_affected = 1 };

	arena_reset(&p->arena);
	if (name.len == 0 || !yyjson_is_arr(cpes)) {
		diag_emit(p->out->diags, DIAG_RECORD, name, ERR_NO_OFFSET, "a repository without a list of CPE names");
		return STATUS_OK;
	}
	list = arena_array(&p->arena, n + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "repositories");
	yyjson_arr_foreach(cpes, i, max, cpe) kept +=
		image ? read_image(p, name, cpe, &list[kept]) : read_cpe(p, name, cpe, &list[kept]);
	row.versions = list;
	row.n_versions = kept;
	return kept > 0 ? p->out->emit(p->out->ctx, &a, err) : STATUS_OK;
}

static enum status on_member(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err)
{
	struct parser *p = ctx;
	yyjson_obj_iter it;
	yyjson_val *k;

	(void)offset;
	if (!slice_eq(key, SLICE("data")))
		return STATUS_OK;
	p->data = yyjson_obj_iter_init(value, &it);
	while (p->data && (k = yyjson_obj_iter_next(&it)))
		TRY(on_repository(p, json_str(k), yyjson_obj_iter_get_val(k), err));
	return STATUS_OK;
}

static void on_bad(void *ctx, struct slice key, const struct err *why)
{
	struct parser *p = ctx;

	diag_emit(p->out->diags, DIAG_RECORD, key, why->offset, "%s", why->msg);
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .out = out, .limits = limits, .arena = ARENA_INIT((size_t)limits->record_bytes) };
	const struct json_split split = { .visit = on_member, .bad = on_bad, .ctx = &p };
	enum status st = json_split(doc->bytes, limits, &split, err);

	arena_fini(&p.arena);
	if (st == STATUS_OK && !p.data)
		return err_set(err, STATUS_MALFORMED, "there is no object \"data\" of repositories");
	return st;
}

const struct feed_format feed_format_repository_to_cpe = {
	.name = "repository_to_cpe",
	.version = "2",
	.parse = parse,
};
