/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_report.c - the JSON form of a layer report, read and checked: layer_report_print.c writes it.
 */
#include "model/layer_report_impl.h"
#include "model/layer_tree.h"
#include "text/json.h"

/* ---- reading ---- */

struct reader {
	const struct limits *limits;
	struct arena *arena;
	struct layer_report *out;
	struct slice last[9]; /* strings that repeat from one record to the next are kept once */
	struct err *err;
};

static enum status bad(struct reader *rd, const char *what)
{
	return err_set(rd->err, STATUS_MALFORMED, "layer report: %s is not what it must be", what);
}

static bool get_hex(struct reader *rd, struct slice hex, struct slice *out)
{
	uint8_t *bytes;

	if (hex.len == 0 || hex.len % 2 != 0)
		return false;
	bytes = arena_alloc(rd->arena, hex.len / 2 + 1);
	if (!bytes)
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = hex_value(hex.ptr[i]), low = hex_value(hex.ptr[i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i / 2] = (uint8_t)(high * 16 + low);
	}
	*out = slice_make(bytes, hex.len / 2);
	return true;
}

/* A string or {"hex"}; slot >= 0 names a place where the last value is remembered. */
static enum status get_bytes(struct reader *rd, yyjson_val *v, const char *what, int slot, struct slice *out)
{
	struct slice s;

	*out = SLICE_EMPTY;
	if (!v)
		return STATUS_OK;
	if (yyjson_is_obj(v)) {
		v = json_get(v, "hex");
		if (!v || !yyjson_is_str(v) || json_str(v).len / 2 > rd->limits->field_bytes ||
		    !get_hex(rd, json_str(v), out))
			return bad(rd, what);
		return STATUS_OK;
	}
	if (!yyjson_is_str(v))
		return bad(rd, what);
	s = json_str(v);
	if (s.len > rd->limits->field_bytes)
		return bad(rd, what);
	if (slot >= 0 && slice_eq(rd->last[slot], s)) {
		*out = rd->last[slot];
		return STATUS_OK;
	}
	if (!arena_copy(rd->arena, s, out))
		return err_nomem(rd->err, "layer report");
	if (slot >= 0)
		rd->last[slot] = *out;
	return STATUS_OK;
}

static bool is_normal_path(const struct reader *rd, struct slice path)
{
	struct slice rest = path, part;
	bool more = path.len > 0;

	if (path.len > rd->limits->path_bytes || slice_find_byte(path, 0) != SIZE_MAX)
		return false;
	while (more) {
		more = slice_cut(rest, '/', &part, &rest);
		if (part.len == 0 || slice_eq(part, SLICE(".")) || slice_eq(part, SLICE("..")))
			return false;
	}
	return true;
}

static enum status get_path(struct reader *rd, yyjson_val *v, const char *what, int slot, struct slice *out)
{
	TRY(get_bytes(rd, v, what, slot, out));
	return is_normal_path(rd, *out) ? STATUS_OK : bad(rd, what);
}

/* Of something that lies in the layer; the root has no name. */
static enum status get_place(struct reader *rd, yyjson_val *v, const char *what, int slot, struct slice *out)
{
	TRY(get_path(rd, v, what, slot, out));
	return out->len > 0 ? STATUS_OK : bad(rd, what);
}

/* Absent is false. */
static enum status get_bool(struct reader *rd, yyjson_val *v, const char *what, bool *out)
{
	*out = yyjson_is_true(v);
	return !v || yyjson_is_bool(v) ? STATUS_OK : bad(rd, what);
}

static enum status get_digest(struct reader *rd, yyjson_val *root, const char *key, struct digest *out)
{
	yyjson_val *v = json_get(root, key);

	*out = (struct digest){ 0 };
	if (v && !digest_parse(json_str(v), out))
		return bad(rd, key);
	return STATUS_OK;
}

static enum status get_package(struct reader *rd, yyjson_val *v)
{
	struct package *p = VEC_PUSH(&rd->out->packages, rd->arena);
	uint64_t flags = 0, line = 0;

	if (!p)
		return err_nomem(rd->err, "layer report");
	p->type = package_type_by_purl(json_get_str(v, "type"));
	if (p->type == PACKAGE_NONE)
		return bad(rd, "packages.type");
	if (json_get(v, "flags") && (!json_get_u64(v, "flags", &flags) || flags > PACKAGE_FLAGS_LAYER))
		return bad(rd, "packages.flags");
	if (json_get(v, "line") && (!json_get_u64(v, "line", &line) || line > UINT32_MAX))
		return bad(rd, "packages.line");
	p->flags = (unsigned)flags;
	p->line = (uint32_t)line;
	TRY(get_bytes(rd, json_get(v, "name"), "packages.name", -1, &p->name));
	TRY(get_bytes(rd, json_get(v, "version"), "packages.version", -1, &p->version));
	TRY(get_bytes(rd, json_get(v, "arch"), "packages.arch", 0, &p->arch));
	TRY(get_bytes(rd, json_get(v, "module"), "packages.module", 1, &p->module));
	TRY(get_bytes(rd, json_get(v, "source_name"), "packages.source_name", 2, &p->source_name));
	TRY(get_bytes(rd, json_get(v, "source_version"), "packages.source_version", 3, &p->source_version));
	TRY(get_bytes(rd, json_get(v, "db"), "packages.db", 4, &p->db));
	TRY(get_place(rd, json_get(v, "path"), "packages.path", 5, &p->path));
	TRY(get_path(rd, json_get(v, "alias"), "packages.alias", 8, &p->alias));
	return get_bytes(rd, json_get(v, "detector"), "packages.detector", 6, &p->detector);
}

static enum status get_distribution(struct reader *rd, yyjson_val *v)
{
	struct distribution *d = VEC_PUSH(&rd->out->distributions, rd->arena);

	if (!d)
		return err_nomem(rd->err, "layer report");
	TRY(get_bytes(rd, json_get(v, "did"), "distributions.did", -1, &d->did));
	TRY(get_bytes(rd, json_get(v, "id_like"), "distributions.id_like", -1, &d->id_like));
	TRY(get_bytes(rd, json_get(v, "name"), "distributions.name", -1, &d->name));
	TRY(get_bytes(rd, json_get(v, "version"), "distributions.version", -1, &d->version));
	TRY(get_bytes(rd, json_get(v, "version_id"), "distributions.version_id", -1, &d->version_id));
	TRY(get_bytes(rd, json_get(v, "version_code_name"), "distributions.version_code_name", -1,
		      &d->version_code_name));
	TRY(get_bytes(rd, json_get(v, "pretty_name"), "distributions.pretty_name", -1, &d->pretty_name));
	TRY(get_bytes(rd, json_get(v, "cpe"), "distributions.cpe", -1, &d->cpe));
	TRY(get_bytes(rd, json_get(v, "variant_id"), "distributions.variant_id", -1, &d->variant_id));
	TRY(get_path(rd, json_get(v, "alias"), "distributions.alias", 8, &d->alias));
	return get_path(rd, json_get(v, "path"), "distributions.path", 5, &d->path);
}

static enum status get_repository(struct reader *rd, yyjson_val *v)
{
	struct layer_repository *r = VEC_PUSH(&rd->out->repositories, rd->arena);

	if (!r)
		return err_nomem(rd->err, "layer report");
	TRY(get_bytes(rd, json_get(v, "name"), "repositories.name", -1, &r->name));
	TRY(get_bytes(rd, json_get(v, "key"), "repositories.key", -1, &r->key));
	TRY(get_bytes(rd, json_get(v, "uri"), "repositories.uri", -1, &r->uri));
	TRY(get_bytes(rd, json_get(v, "cpe"), "repositories.cpe", -1, &r->cpe));
	TRY(get_bytes(rd, json_get(v, "package"), "repositories.package", -1, &r->package));
	return get_path(rd, json_get(v, "path"), "repositories.path", 5, &r->path);
}

static enum status get_file(struct reader *rd, yyjson_val *v)
{
	struct layer_file *f = VEC_PUSH(&rd->out->files, rd->arena);
	uint64_t kind = LAYER_FILE_REGULAR;

	if (!f)
		return err_nomem(rd->err, "layer report");
	if (json_get(v, "kind") && (!json_get_u64(v, "kind", &kind) || kind > LAYER_FILE_OTHER))
		return bad(rd, "files.kind");
	f->kind = (enum layer_file_kind)kind;
	TRY(get_bool(rd, json_get(v, "read"), "files.read", &f->read));
	if (!json_get_u64(v, "size", &f->size))
		return bad(rd, "files.size");
	TRY(get_place(rd, json_get(v, "path"), "files.path", -1, &f->path));
	TRY(get_path(rd, json_get(v, "alias"), "files.alias", -1, &f->alias));
	return get_bytes(rd, json_get(v, "detector"), "files.detector", 6, &f->detector);
}

static enum status get_diag(struct reader *rd, yyjson_val *v)
{
	struct layer_diag *d = VEC_PUSH(&rd->out->diags, rd->arena);

	if (!d)
		return err_nomem(rd->err, "layer report");
	if (!diag_from_name(json_get_str(v, "code"), &d->code))
		return bad(rd, "diags.code");
	d->offset = ERR_NO_OFFSET;
	if (json_get(v, "offset") && !json_get_u64(v, "offset", &d->offset))
		return bad(rd, "diags.offset");
	TRY(get_bytes(rd, json_get(v, "where"), "diags.where", 7, &d->where));
	return get_bytes(rd, json_get(v, "text"), "diags.text", -1, &d->text);
}

/* The length is known: a list that grew would leave its shorter copies behind in the arena. */
#define RESERVE(rd, list, n)                                                                                           \
	do {                                                                                                           \
		(rd)->out->list.at = arena_array((rd)->arena, (n), sizeof(*(rd)->out->list.at));                       \
		(rd)->out->list.cap = (rd)->out->list.at ? (n) : 0;                                                    \
	} while (0)

static enum status get_list(struct reader *rd, yyjson_val *root, const char *key, uint64_t max,
			    enum status (*get)(struct reader *rd, yyjson_val *v))
{
	yyjson_val *list = json_get(root, key), *v;
	size_t i, n;

	if (!list || !yyjson_is_arr(list) || yyjson_arr_size(list) > max)
		return bad(rd, key);
	yyjson_arr_foreach(list, i, n, v)
	{
		if (!yyjson_is_obj(v))
			return bad(rd, key);
		TRY(get(rd, v));
	}
	return STATUS_OK;
}

static enum status get_whiteout(struct reader *rd, yyjson_val *v)
{
	struct slice *s = VEC_PUSH(&rd->out->whiteouts, rd->arena);

	return s ? get_place(rd, v, "whiteouts", -1, s) : err_nomem(rd->err, "layer report");
}

static enum status get_opaque(struct reader *rd, yyjson_val *v)
{
	struct slice *s = VEC_PUSH(&rd->out->opaques, rd->arena);

	return s ? get_path(rd, v, "opaques", -1, s) : err_nomem(rd->err, "layer report");
}

static enum status get_names(struct reader *rd, yyjson_val *root, const char *key, uint64_t max,
			     enum status (*get)(struct reader *rd, yyjson_val *v))
{
	yyjson_val *list = json_get(root, key), *v;
	size_t i, n;

	if (!list || !yyjson_is_arr(list) || yyjson_arr_size(list) > max)
		return bad(rd, key);
	yyjson_arr_foreach(list, i, n, v) TRY(get(rd, v));
	return STATUS_OK;
}

static enum status get_links(struct reader *rd, yyjson_val *root, const char *key, bool hard)
{
	yyjson_val *list = json_get(root, key), *v;
	struct layer_link *link = NULL;
	size_t i, n;

	if (!list || !yyjson_is_arr(list) || yyjson_arr_size(list) % 2 != 0 ||
	    yyjson_arr_size(list) / 2 + rd->out->links.len > rd->limits->layer_links)
		return bad(rd, key);
	yyjson_arr_foreach(list, i, n, v)
	{
		if (i % 2 == 0) {
			link = VEC_PUSH(&rd->out->links, rd->arena);
			if (!link)
				return err_nomem(rd->err, "layer report");
			link->hard = hard;
			TRY(get_place(rd, v, key, -1, &link->path));
		} else if (hard) {
			TRY(get_place(rd, v, key, -1, &link->target));
		} else {
			TRY(get_bytes(rd, v, key, -1, &link->target));
			if (link->target.len > rd->limits->path_bytes)
				return bad(rd, key);
		}
	}
	return STATUS_OK;
}

/* The first n parts of a path, without the '/' after them. */
static bool first_parts(struct slice path, uint64_t n, struct slice *out)
{
	size_t at = 0;

	for (; n > 0 && at < path.len; n--)
		at += MIN(slice_find_byte(slice_from(path, at), '/'), path.len - at) + 1;
	*out = slice_take(path, at > 0 ? at - 1 : 0);
	return n == 0;
}

/* A path of which the first parts are those of the last one. */
static enum status get_dir_path(struct reader *rd, const char *what, struct slice last, uint64_t keep,
				struct slice rest, struct slice *out)
{
	struct slice kept;
	uint8_t *joined;

	if (!first_parts(last, keep, &kept) || kept.len + rest.len + 1 > rd->limits->path_bytes)
		return bad(rd, what);
	*out = rest;
	if (kept.len > 0 && rest.len > 0) {
		joined = arena_alloc(rd->arena, kept.len + 1 + rest.len);
		if (!joined)
			return err_nomem(rd->err, "layer report");
		memcpy(joined, kept.ptr, kept.len);
		joined[kept.len] = '/';
		memcpy(joined + kept.len + 1, rest.ptr, rest.len);
		*out = slice_make(joined, kept.len + 1 + rest.len);
	}
	return is_normal_path(rd, *out) ? STATUS_OK : bad(rd, what);
}

/*
 * Directories and the names in each, three elements a directory, from element `from` on. Names may be many, and are no
 * field of a record: room->field_bytes is the cap of all together.
 */
static enum status get_dirs(struct reader *rd, yyjson_val *list, size_t from, const char *what, struct limits *room,
			    struct layer_dir *out)
{
	struct reader names = { .limits = room, .arena = rd->arena, .err = rd->err };
	struct slice last = SLICE_EMPTY, rest = SLICE_EMPTY;
	uint64_t keep = 0;
	yyjson_val *v;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, v)
	{
		if (i < from)
			continue;
		switch ((i - from) % 3) {
		case 0:
			if (!yyjson_is_uint(v))
				return bad(rd, what);
			keep = yyjson_get_uint(v);
			break;
		case 1:
			TRY(get_bytes(rd, v, what, -1, &rest));
			TRY(get_dir_path(rd, what, last, keep, rest, &out->path));
			last = out->path;
			break;
		default:
			TRY(get_bytes(&names, v, what, -1, &out->names));
			room->field_bytes -= MIN(room->field_bytes, (uint64_t)out->names.len);
			if (!layer_names_valid(out->names))
				return bad(rd, what);
			out++;
		}
	}
	return STATUS_OK;
}

static enum status get_tree(struct reader *rd, yyjson_val *root)
{
	yyjson_val *list = json_get(root, "tree");
	struct layer_report *out = rd->out;
	struct limits room = *rd->limits;
	size_t n = yyjson_arr_size(list);

	if (!list || !yyjson_is_arr(list) || n % 3 != 0 || n / 3 > rd->limits->layer_entries)
		return bad(rd, "tree");
	if (n == 0)
		return STATUS_OK;
	RESERVE(rd, tree, n / 3);
	if (!out->tree.at)
		return err_nomem(rd->err, "layer report");
	room.field_bytes = room.layer_names;
	TRY(get_dirs(rd, list, 0, "tree", &room, out->tree.at));
	out->tree.len = n / 3;
	for (size_t i = 1; i < out->tree.len; i++)
		if (layer_path_cmp(out->tree.at[i - 1].path, out->tree.at[i].path) >= 0)
			return bad(rd, "tree");
	return STATUS_OK;
}

#define LIST_HEAD 5 /* elements before the directories of a list */

static enum status get_list_head(struct reader *rd, yyjson_val *v, struct layer_list *out)
{
	TRY(get_place(rd, yyjson_arr_get(v, 0), "lists", -1, &out->says));
	TRY(get_bytes(rd, yyjson_arr_get(v, 1), "lists", -1, &out->of));
	TRY(get_bytes(rd, yyjson_arr_get(v, 2), "lists", -1, &out->name));
	TRY(get_bytes(rd, yyjson_arr_get(v, 3), "lists", -1, &out->version));
	return get_bytes(rd, yyjson_arr_get(v, 4), "lists", -1, &out->arch);
}

/* Absent where nobody asked for them, or nothing has any. */
static enum status get_package_lists(struct reader *rd, yyjson_val *root)
{
	yyjson_val *list = json_get(root, "lists"), *v;
	struct layer_report *out = rd->out;
	struct limits room = *rd->limits;
	size_t i, n, dirs = 0;

	if (!list)
		return STATUS_OK;
	if (!yyjson_is_arr(list) || yyjson_arr_size(list) > rd->limits->layer_entries)
		return bad(rd, "lists");
	yyjson_arr_foreach(list, i, n, v)
	{
		if (yyjson_arr_size(v) < LIST_HEAD || (yyjson_arr_size(v) - LIST_HEAD) % 3 != 0)
			return bad(rd, "lists");
		dirs += (yyjson_arr_size(v) - LIST_HEAD) / 3;
	}
	RESERVE(rd, lists, n + 1);
	RESERVE(rd, list_dirs, dirs + 1);
	if (!out->lists.at || !out->list_dirs.at)
		return err_nomem(rd->err, "layer report");
	room.field_bytes = room.report_bytes;
	yyjson_arr_foreach(list, i, n, v)
	{
		struct layer_list *l = &out->lists.at[out->lists.len++];

		TRY(get_list_head(rd, v, l));
		l->first = out->list_dirs.len;
		l->n = (yyjson_arr_size(v) - LIST_HEAD) / 3;
		TRY(get_dirs(rd, v, LIST_HEAD, "lists", &room, out->list_dirs.at + l->first));
		out->list_dirs.len += l->n;
	}
	return STATUS_OK;
}

static enum status get_owned(struct reader *rd, yyjson_val *root)
{
	yyjson_val *list = json_get(root, "owned"), *group, *v;
	size_t i, n, j, m;

	if (!list || !yyjson_is_arr(list))
		return bad(rd, "owned");
	yyjson_arr_foreach(list, i, n, group)
	{
		struct slice db = SLICE_EMPTY;

		if (!yyjson_is_arr(group))
			return bad(rd, "owned");
		yyjson_arr_foreach(group, j, m, v)
		{
			struct layer_owned *o;

			if (j == 0) {
				TRY(get_place(rd, v, "owned", -1, &db));
				continue;
			}
			if (rd->out->owned.len >= rd->limits->layer_entries)
				return bad(rd, "owned");
			o = VEC_PUSH(&rd->out->owned, rd->arena);
			if (!o)
				return err_nomem(rd->err, "layer report");
			o->db = db;
			TRY(get_place(rd, v, "owned", -1, &o->path));
		}
	}
	return STATUS_OK;
}

static enum status get_head(struct reader *rd, yyjson_val *root)
{
	struct layer_report *out = rd->out;
	uint64_t version;

	if (!yyjson_is_obj(root) || !json_get_u64(root, "format", &version) || version != LAYER_REPORT_FORMAT)
		return bad(rd, "format");
	TRY(get_digest(rd, root, "digest", &out->digest));
	TRY(get_digest(rd, root, "diff_id", &out->diff_id));
	TRY(get_bytes(rd, json_get(root, "detector_set"), "detector_set", -1, &out->detector_set));
	TRY(get_bytes(rd, json_get(root, "codec"), "codec", -1, &out->codec));
	if (!json_get_u64(root, "bytes_stored", &out->bytes_stored) ||
	    !json_get_u64(root, "bytes_tar", &out->bytes_tar) || !json_get_u64(root, "entries", &out->entries) ||
	    !json_get_u64(root, "diags_dropped", &out->diags_dropped))
		return bad(rd, "head");
	TRY(get_bool(rd, json_get(root, "document"), "document", &out->document));
	return get_bool(rd, json_get(root, "complete"), "complete", &out->complete);
}

static enum status get_lists(struct reader *rd, yyjson_val *root)
{
	const struct limits *lim = rd->limits;
	size_t n = yyjson_arr_size(json_get(root, "packages"));

	if (n > 0 && n <= lim->packages)
		RESERVE(rd, packages, n);
	n = yyjson_arr_size(json_get(root, "files"));
	if (n > 0 && n <= lim->layer_entries)
		RESERVE(rd, files, n);
	n = yyjson_arr_size(json_get(root, "symlinks")) / 2 + yyjson_arr_size(json_get(root, "hardlinks")) / 2;
	if (n > 0 && n <= lim->layer_links)
		RESERVE(rd, links, n);
	TRY(get_list(rd, root, "packages", lim->packages, get_package));
	TRY(get_list(rd, root, "distributions", lim->packages, get_distribution));
	TRY(get_list(rd, root, "repositories", lim->packages, get_repository));
	TRY(get_list(rd, root, "files", lim->layer_entries, get_file));
	/* One more than the cap: the failure that ends a layer is always kept. */
	TRY(get_list(rd, root, "diags", lim->diagnostics + 1, get_diag));
	TRY(get_names(rd, root, "whiteouts", lim->layer_entries, get_whiteout));
	TRY(get_names(rd, root, "opaques", lim->layer_entries, get_opaque));
	TRY(get_tree(rd, root));
	TRY(get_links(rd, root, "symlinks", false));
	TRY(get_links(rd, root, "hardlinks", true));
	TRY(get_owned(rd, root));
	return get_package_lists(rd, root);
}

enum status layer_report_parse(struct slice json, const struct limits *limits, struct arena *arena,
			       struct layer_report *out, struct err *err)
{
	struct layer_report report = { 0 };
	struct reader rd = { .limits = limits, .arena = arena, .out = &report, .err = err };
	struct json_doc doc;
	enum status st;

	TRY(json_parse(json, limits, &doc, err));
	st = get_head(&rd, doc.root);
	if (st == STATUS_OK)
		st = get_lists(&rd, doc.root);
	json_doc_free(&doc);
	if (st == STATUS_OK)
		*out = report;
	return st;
}
