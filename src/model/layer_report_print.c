/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_report_print.c - the JSON form of a layer report, written.
 *
 * Names of files are bytes, JSON is text: a slice that is not UTF-8 is written as {"hex": "..."}, so that nothing is
 * lost on the way through the worker's pipe. Long lists are flat arrays, since most of a report is links and names.
 */
#include "model/layer_report_impl.h"
#include "text/json_writer.h"

static void put_bytes(struct json_writer *w, struct slice s)
{
	static const char digits[] = "0123456789abcdef";

	if (slice_is_utf8(s)) {
		json_string(w, s);
		return;
	}
	json_object(w);
	json_key(w, "hex");
	json_raw(w, SLICE("\""));
	for (size_t i = 0; i < s.len; i++) {
		buf_add_byte(w->out, (uint8_t)digits[s.ptr[i] >> 4]);
		buf_add_byte(w->out, (uint8_t)digits[s.ptr[i] & 15]);
	}
	buf_add_byte(w->out, '"');
	json_close(w);
}

static void put_member(struct json_writer *w, const char *key, struct slice s)
{
	if (s.len == 0)
		return;
	json_key(w, key);
	put_bytes(w, s);
}

static void put_digest(struct json_writer *w, const char *key, const struct digest *d)
{
	struct digest_text text;

	if (d->algo != DIGEST_NONE)
		json_member_cstr(w, key, digest_print(&text, d));
}

static void put_slices(struct json_writer *w, const char *key, const struct slice *at, size_t n)
{
	json_key(w, key);
	json_array(w);
	for (size_t i = 0; i < n; i++)
		put_bytes(w, at[i]);
	json_close(w);
}

static void put_package(struct json_writer *w, const struct package *p)
{
	json_object(w);
	json_member_cstr(w, "type", package_type_purl(p->type));
	if (p->flags)
		json_member_u64(w, "flags", p->flags);
	if (p->line)
		json_member_u64(w, "line", p->line);
	put_member(w, "name", p->name);
	put_member(w, "version", p->version);
	put_member(w, "arch", p->arch);
	put_member(w, "module", p->module);
	put_member(w, "source_name", p->source_name);
	put_member(w, "source_version", p->source_version);
	put_member(w, "db", p->db);
	put_member(w, "path", p->path);
	put_member(w, "detector", p->detector);
	put_member(w, "alias", p->alias);
	json_close(w);
}

static void put_distribution(struct json_writer *w, const struct distribution *d)
{
	json_object(w);
	put_member(w, "did", d->did);
	put_member(w, "id_like", d->id_like);
	put_member(w, "name", d->name);
	put_member(w, "version", d->version);
	put_member(w, "version_id", d->version_id);
	put_member(w, "version_code_name", d->version_code_name);
	put_member(w, "pretty_name", d->pretty_name);
	put_member(w, "cpe", d->cpe);
	put_member(w, "variant_id", d->variant_id);
	put_member(w, "path", d->path);
	put_member(w, "alias", d->alias);
	json_close(w);
}

static void put_repository(struct json_writer *w, const struct layer_repository *r)
{
	json_object(w);
	put_member(w, "name", r->name);
	put_member(w, "key", r->key);
	put_member(w, "uri", r->uri);
	put_member(w, "cpe", r->cpe);
	put_member(w, "path", r->path);
	put_member(w, "package", r->package);
	json_close(w);
}

static void put_file(struct json_writer *w, const struct layer_file *f)
{
	json_object(w);
	put_member(w, "path", f->path);
	put_member(w, "detector", f->detector);
	if (f->kind != LAYER_FILE_REGULAR)
		json_member_u64(w, "kind", (uint64_t)f->kind);
	if (f->read)
		json_member_bool(w, "read", true);
	json_member_u64(w, "size", f->size);
	put_member(w, "alias", f->alias);
	json_close(w);
}

static void put_diag(struct json_writer *w, const struct layer_diag *d)
{
	json_object(w);
	json_member_cstr(w, "code", diag_name(d->code));
	put_member(w, "where", d->where);
	if (d->offset != ERR_NO_OFFSET)
		json_member_u64(w, "offset", d->offset);
	put_member(w, "text", d->text);
	json_close(w);
}

static void put_links(struct json_writer *w, const char *key, const struct layer_report *r, bool hard)
{
	json_key(w, key);
	json_array(w);
	for (size_t i = 0; i < r->links.len; i++) {
		if (r->links.at[i].hard != hard)
			continue;
		put_bytes(w, r->links.at[i].path);
		put_bytes(w, r->links.at[i].target);
	}
	json_close(w);
}

/* How many of the directories on the way to path are on the way to last, too; *rest is what comes after them. */
static uint64_t shared_parts(struct slice last, struct slice path, struct slice *rest)
{
	uint64_t n = 0;
	struct slice a, b, after;

	*rest = path;
	while (last.len > 0 && rest->len > 0) {
		slice_cut(last, '/', &a, &last);
		slice_cut(*rest, '/', &b, &after);
		if (after.len == 0 || !slice_eq(a, b))
			break;
		*rest = after;
		n++;
	}
	return n;
}

/* Three elements a directory, since most of a report is this: parts of the last path to keep, the rest, the names. */
static void put_dirs(struct json_writer *w, const struct layer_dir *at, size_t n)
{
	struct slice last = SLICE_EMPTY, rest;

	for (size_t i = 0; i < n; i++) {
		json_u64(w, shared_parts(last, at[i].path, &rest));
		put_bytes(w, rest);
		put_bytes(w, at[i].names);
		last = at[i].path;
	}
}

static void put_tree(struct json_writer *w, const struct layer_report *r)
{
	json_key(w, "tree");
	json_array(w);
	put_dirs(w, r->tree.at, r->tree.len);
	json_close(w);
}

/* One array per list: what it is of, and its directories. */
static void put_lists(struct json_writer *w, const struct layer_report *r)
{
	if (r->lists.len == 0)
		return;
	json_key(w, "lists");
	json_array(w);
	for (size_t i = 0; i < r->lists.len; i++) {
		const struct layer_list *l = &r->lists.at[i];
		const struct slice texts[] = { l->says, l->of, l->name, l->version, l->arch };

		json_array(w);
		for (size_t j = 0; j < ARRAY_LEN(texts); j++)
			put_bytes(w, texts[j]);
		put_dirs(w, r->list_dirs.at + l->first, l->n);
		json_close(w);
	}
	json_close(w);
}

/* One array per run of the same file: its name, then the paths. */
static void put_owned(struct json_writer *w, const struct layer_report *r)
{
	json_key(w, "owned");
	json_array(w);
	for (size_t i = 0; i < r->owned.len;) {
		struct slice db = r->owned.at[i].db;

		json_array(w);
		put_bytes(w, db);
		for (; i < r->owned.len && slice_eq(r->owned.at[i].db, db); i++)
			put_bytes(w, r->owned.at[i].path);
		json_close(w);
	}
	json_close(w);
}

#define PUT_LIST(w, r, list, put)                                                                                      \
	do {                                                                                                           \
		json_key((w), #list);                                                                                  \
		json_array(w);                                                                                         \
		for (size_t i_ = 0; i_ < (r)->list.len; i_++)                                                          \
			put((w), &(r)->list.at[i_]);                                                                   \
		json_close(w);                                                                                         \
	} while (0)

enum status layer_report_print(const struct layer_report *r, struct buf *out, struct err *err)
{
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_u64(&w, "format", LAYER_REPORT_FORMAT);
	put_digest(&w, "digest", &r->digest);
	put_digest(&w, "diff_id", &r->diff_id);
	put_member(&w, "detector_set", r->detector_set);
	put_member(&w, "codec", r->codec);
	json_member_u64(&w, "bytes_stored", r->bytes_stored);
	json_member_u64(&w, "bytes_tar", r->bytes_tar);
	json_member_u64(&w, "entries", r->entries);
	if (r->document)
		json_member_bool(&w, "document", true);
	json_member_bool(&w, "complete", r->complete);
	json_member_u64(&w, "diags_dropped", r->diags_dropped);
	PUT_LIST(&w, r, packages, put_package);
	PUT_LIST(&w, r, distributions, put_distribution);
	PUT_LIST(&w, r, repositories, put_repository);
	PUT_LIST(&w, r, files, put_file);
	PUT_LIST(&w, r, diags, put_diag);
	put_slices(&w, "whiteouts", r->whiteouts.at, r->whiteouts.len);
	put_slices(&w, "opaques", r->opaques.at, r->opaques.len);
	put_tree(&w, r);
	put_links(&w, "symlinks", r, false);
	put_links(&w, "hardlinks", r, true);
	put_owned(&w, r);
	put_lists(&w, r);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	return buf_check(out, "layer report", err);
}
