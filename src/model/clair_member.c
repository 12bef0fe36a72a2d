/* SPDX-License-Identifier: Apache-2.0 */
/* clair_member.c - the member "limpid" of an index report: what Clair's members have no word for, written and read. */
#include "model/clair_impl.h"

#define FLAGS_ALL PACKAGE_FLAGS_ALL

/* ---- writing ---- */

static void put_text(struct json_writer *w, const char *key, struct slice s)
{
	if (s.len > 0)
		json_member_str(w, key, s);
}

static void put_digest(struct json_writer *w, const char *key, const struct digest *d)
{
	struct digest_text text;

	if (d->algo != DIGEST_NONE)
		json_member_cstr(w, key, digest_print(&text, d));
}

static void put_layers(struct json_writer *w, const struct index_report *r)
{
	json_key(w, "layers");
	json_array(w);
	for (size_t i = 0; i < r->layers.len; i++) {
		const struct index_layer *l = &r->layers.at[i];

		json_object(w);
		put_digest(w, "digest", &l->digest);
		put_digest(w, "diff_id", &l->diff_id);
		put_text(w, "created_by", l->created_by);
		json_member_u64(w, "bytes_stored", l->bytes_stored);
		json_member_u64(w, "bytes_tar", l->bytes_tar);
		json_member_bool(w, "read", l->read);
		json_close(w);
	}
	json_close(w);
}

static void put_diags(struct json_writer *w, const struct index_report *r)
{
	json_key(w, "diags");
	json_array(w);
	for (size_t i = 0; i < r->diags.len; i++) {
		const struct layer_diag *d = &r->diags.at[i].diag;

		json_object(w);
		json_member_cstr(w, "code", diag_name(d->code));
		if (r->diags.at[i].layer != SIZE_MAX)
			json_member_u64(w, "layer", r->diags.at[i].layer);
		put_text(w, "where", d->where);
		if (d->offset != ERR_NO_OFFSET)
			json_member_u64(w, "offset", d->offset);
		put_text(w, "text", d->text);
		json_close(w);
	}
	json_close(w);
}

void clair_member_head(struct json_writer *w, const struct index_report *r)
{
	json_member_u64(w, "format", CLAIR_MEMBER_FORMAT);
	put_text(w, "target", r->target);
	put_text(w, "image_name", r->image_name);
	put_text(w, "os", r->os);
	put_text(w, "arch", r->arch);
	put_text(w, "variant", r->variant);
	put_text(w, "detector_set", r->detector_set);
	json_member_bool(w, "complete", r->complete);
	json_member_bool(w, "expected_packages", r->expected_packages);
	put_layers(w, r);
	put_diags(w, r);
}

/* What a package's entry has in either list. */
static void put_common(struct json_writer *w, const struct index_package *p)
{
	const struct package *g = &p->package;

	json_member_cstr(w, "type", package_type_purl(g->type));
	if (g->flags)
		json_member_u64(w, "flags", g->flags);
	if (g->line)
		json_member_u64(w, "line", g->line);
	json_member_u64(w, "layer", p->layer);
	/* Clair has no architecture of language packages. */
	if (package_type_scope(g->type)[0] != '\0')
		put_text(w, "platform", g->arch);
	put_text(w, "path", g->path);
	/* A source of the package's own name and version is otherwise read as none. */
	if (g->source_name.len > 0 && slice_eq(g->source_name, g->name) && slice_eq(g->source_version, g->version))
		json_member_bool(w, "own_source", true);
}

void clair_member_package(struct json_writer *w, const char *key, const struct index_package *p)
{
	json_key(w, key);
	json_object(w);
	put_common(w, p);
	json_close(w);
}

void clair_member_distribution(struct json_writer *w, const char *key, const struct distribution *d)
{
	json_key(w, key);
	json_object(w);
	put_text(w, "did", d->did);
	put_text(w, "id_like", d->id_like);
	put_text(w, "name", d->name);
	put_text(w, "version", d->version);
	put_text(w, "version_id", d->version_id);
	put_text(w, "version_code_name", d->version_code_name);
	put_text(w, "pretty_name", d->pretty_name);
	put_text(w, "cpe", d->cpe);
	put_text(w, "variant_id", d->variant_id);
	put_text(w, "path", d->path);
	json_close(w);
}

void clair_member_owned(struct json_writer *w, const struct index_package *p)
{
	json_object(w);
	put_common(w, p);
	put_text(w, "name", p->package.name);
	put_text(w, "version", p->package.version);
	put_text(w, "arch", p->package.arch);
	put_text(w, "module", p->package.module);
	put_text(w, "source_name", p->package.source_name);
	put_text(w, "source_version", p->package.source_version);
	put_text(w, "db", p->package.db);
	put_text(w, "detector", p->package.detector);
	if (p->distribution != INDEX_NO_DISTRIBUTION)
		json_member_u64(w, "distribution", p->distribution);
	json_close(w);
}

/* ---- reading ---- */

static enum status nomem(struct clair_reader *rd)
{
	return err_nomem(rd->err, "index report");
}

static enum status odd(struct clair_reader *rd, const char *list, struct slice id)
{
	return clair_told(rd, DIAG_RECORD, list, id, "it cannot be read: it was left out");
}

static bool get_digest(yyjson_val *v, const char *key, struct digest *out)
{
	struct slice text = json_get_str(v, key);

	return text.len == 0 || digest_parse(text, out);
}

static enum status get_layer(struct clair_reader *rd, yyjson_val *v)
{
	struct index_layer layer = { 0 }, *kept;
	struct slice digest = json_get_str(v, "digest");
	uint64_t *slot;
	bool bad = false, is_new;

	TRY(clair_text(rd, v, "created_by", &bad, &layer.created_by));
	json_get_u64(v, "bytes_stored", &layer.bytes_stored);
	json_get_u64(v, "bytes_tar", &layer.bytes_tar);
	layer.read = json_get_bool(v, "read");
	if (bad || !yyjson_is_obj(v) || !get_digest(v, "digest", &layer.digest) ||
	    !get_digest(v, "diff_id", &layer.diff_id))
		return err_set(rd->err, STATUS_MALFORMED, "index report: a layer of limpid.layers cannot be read");
	kept = VEC_PUSH(&rd->out->layers, rd->arena);
	if (!kept)
		return nomem(rd);
	*kept = layer;
	if (digest.len == 0)
		return STATUS_OK;
	slot = map_slot(&rd->layers, digest, &is_new);
	if (!slot)
		return nomem(rd);
	if (is_new)
		*slot = rd->out->layers.len;
	return STATUS_OK;
}

static enum status get_layers(struct clair_reader *rd)
{
	yyjson_val *list = json_get(rd->member, "layers"), *v;
	size_t i, n;

	if (yyjson_arr_size(list) > rd->limits->layers)
		return err_set(rd->err, STATUS_LIMIT, "an index report with more than %llu layers",
			       (unsigned long long)rd->limits->layers);
	yyjson_arr_foreach(list, i, n, v) TRY(get_layer(rd, v));
	return STATUS_OK;
}

/* A diagnostic of a code that is not known here still says that something was not read. */
static enum status get_diag(struct clair_reader *rd, yyjson_val *v)
{
	struct index_diag d = { .layer = SIZE_MAX, .diag = { .code = DIAG_FILE, .offset = ERR_NO_OFFSET } }, *kept;
	uint64_t layer;
	bool bad = false;

	(void)diag_from_name(json_get_str(v, "code"), &d.diag.code);
	if (json_get_u64(v, "layer", &layer) && layer < rd->out->layers.len)
		d.layer = (size_t)layer;
	json_get_u64(v, "offset", &d.diag.offset);
	TRY(clair_text(rd, v, "where", &bad, &d.diag.where));
	TRY(clair_text(rd, v, "text", &bad, &d.diag.text));
	if (rd->out->diags.len >= rd->limits->diagnostics) {
		rd->diags_dropped++;
		return STATUS_OK;
	}
	kept = VEC_PUSH(&rd->out->diags, rd->arena);
	if (!kept)
		return nomem(rd);
	*kept = d;
	return STATUS_OK;
}

static enum status note_extras(struct clair_reader *rd)
{
	yyjson_val *k;
	yyjson_obj_iter iter;

	if (!yyjson_obj_iter_init(json_get(rd->member, "packages"), &iter))
		return STATUS_OK;
	while ((k = yyjson_obj_iter_next(&iter)))
		if (!map_put(&rd->extras, json_str(k), (uint64_t)(uintptr_t)yyjson_obj_iter_get_val(k)))
			return nomem(rd);
	return STATUS_OK;
}

enum status clair_member_parse(struct clair_reader *rd)
{
	struct index_report *r = rd->out;
	yyjson_val *v;
	uint64_t format = 0;
	size_t i, n;
	bool bad = false;

	if (!rd->member)
		return STATUS_OK;
	/* Another format: Clair's members say what they can. */
	if (!json_get_u64(rd->member, "format", &format) || format != CLAIR_MEMBER_FORMAT) {
		rd->member = NULL;
		return clair_told(rd, DIAG_UNSUPPORTED, "limpid", SLICE_EMPTY,
				  "the member is of another version of limpid: it was left out");
	}
	TRY(clair_text(rd, rd->member, "target", &bad, &r->target));
	TRY(clair_text(rd, rd->member, "image_name", &bad, &r->image_name));
	TRY(clair_text(rd, rd->member, "os", &bad, &r->os));
	TRY(clair_text(rd, rd->member, "arch", &bad, &r->arch));
	TRY(clair_text(rd, rd->member, "variant", &bad, &r->variant));
	TRY(clair_text(rd, rd->member, "detector_set", &bad, &r->detector_set));
	if (bad)
		TRY(odd(rd, "limpid", SLICE_EMPTY));
	TRY(get_layers(rd));
	yyjson_arr_foreach(json_get(rd->member, "diags"), i, n, v) TRY(get_diag(rd, v));
	return note_extras(rd);
}

/* What put_common() wrote; false: it is no such thing, and p is as it was. */
static enum status get_common(struct clair_reader *rd, yyjson_val *v, struct index_package *p, bool *ok)
{
	enum package_type type = package_type_by_purl(json_get_str(v, "type"));
	uint64_t flags = 0, line = 0, layer = SIZE_MAX;
	struct slice platform, path;
	bool bad = !yyjson_is_obj(v) || (type == PACKAGE_NONE && json_get_str(v, "type").len > 0);

	if (json_get(v, "flags") && (!json_get_u64(v, "flags", &flags) || flags > FLAGS_ALL))
		bad = true;
	if (json_get(v, "line") && (!json_get_u64(v, "line", &line) || line > UINT32_MAX))
		bad = true;
	if (!json_get_u64(v, "layer", &layer) || (layer != SIZE_MAX && layer >= rd->out->layers.len))
		bad = true;
	TRY(clair_text(rd, v, "platform", &bad, &platform));
	TRY(clair_text(rd, v, "path", &bad, &path));
	*ok = !bad;
	if (bad)
		return STATUS_OK;
	p->package.type = type;
	p->package.flags = (unsigned)flags;
	p->package.line = (uint32_t)line;
	p->layer = (size_t)layer;
	if (package_type_scope(type)[0] != '\0')
		p->package.arch = platform;
	p->package.path = path;
	if (json_get_bool(v, "own_source")) {
		p->package.source_name = p->package.name;
		p->package.source_version = p->package.version;
	}
	return STATUS_OK;
}

enum status clair_member_apply(struct clair_reader *rd, struct slice id, struct index_package *p, bool *used)
{
	uint64_t at;

	*used = false;
	if (!rd->member || !map_get(&rd->extras, id, &at))
		return STATUS_OK;
	TRY(get_common(rd, (yyjson_val *)(uintptr_t)at, p, used));
	return *used ? STATUS_OK : odd(rd, "limpid/packages", id);
}

enum status clair_member_restore(struct clair_reader *rd, struct slice id, struct distribution *d)
{
	yyjson_val *k, *v = NULL;
	yyjson_obj_iter iter;
	struct distribution r = { 0 };
	bool bad = false;

	if (!rd->member || !yyjson_obj_iter_init(json_get(rd->member, "distributions"), &iter))
		return STATUS_OK;
	while ((k = yyjson_obj_iter_next(&iter)))
		if (slice_eq(json_str(k), id))
			v = yyjson_obj_iter_get_val(k);
	if (!yyjson_is_obj(v))
		return STATUS_OK;
	TRY(clair_text(rd, v, "did", &bad, &r.did));
	TRY(clair_text(rd, v, "id_like", &bad, &r.id_like));
	TRY(clair_text(rd, v, "name", &bad, &r.name));
	TRY(clair_text(rd, v, "version", &bad, &r.version));
	TRY(clair_text(rd, v, "version_id", &bad, &r.version_id));
	TRY(clair_text(rd, v, "version_code_name", &bad, &r.version_code_name));
	TRY(clair_text(rd, v, "pretty_name", &bad, &r.pretty_name));
	TRY(clair_text(rd, v, "cpe", &bad, &r.cpe));
	TRY(clair_text(rd, v, "variant_id", &bad, &r.variant_id));
	TRY(clair_text(rd, v, "path", &bad, &r.path));
	if (bad)
		return odd(rd, "limpid/distributions", id);
	*d = r;
	return STATUS_OK;
}

static enum status get_owned(struct clair_reader *rd, yyjson_val *v)
{
	struct index_package p = { .layer = SIZE_MAX, .distribution = INDEX_NO_DISTRIBUTION, .repository = SIZE_MAX };
	struct index_package *kept;
	uint64_t distribution;
	bool ok, bad = false;

	TRY(get_common(rd, v, &p, &ok));
	TRY(clair_text(rd, v, "name", &bad, &p.package.name));
	TRY(clair_text(rd, v, "version", &bad, &p.package.version));
	TRY(clair_text(rd, v, "arch", &bad, &p.package.arch));
	TRY(clair_text(rd, v, "module", &bad, &p.package.module));
	TRY(clair_text(rd, v, "source_name", &bad, &p.package.source_name));
	TRY(clair_text(rd, v, "source_version", &bad, &p.package.source_version));
	TRY(clair_text(rd, v, "db", &bad, &p.package.db));
	TRY(clair_text(rd, v, "detector", &bad, &p.package.detector));
	if (json_get_u64(v, "distribution", &distribution)) {
		bad |= distribution >= rd->out->distributions.len;
		p.distribution = (size_t)distribution;
	}
	if (!ok || bad || p.package.name.len == 0)
		return odd(rd, "limpid/owned", SLICE_EMPTY);
	if (rd->out->packages.len >= rd->limits->packages)
		return err_set(rd->err, STATUS_LIMIT, "an index report with more than %llu packages",
			       (unsigned long long)rd->limits->packages);
	kept = VEC_PUSH(&rd->out->packages, rd->arena);
	if (!kept)
		return nomem(rd);
	*kept = p;
	return STATUS_OK;
}

enum status clair_member_owned_parse(struct clair_reader *rd)
{
	yyjson_val *v;
	size_t i, n;

	if (!rd->member)
		return STATUS_OK;
	yyjson_arr_foreach(json_get(rd->member, "owned"), i, n, v) TRY(get_owned(rd, v));
	return STATUS_OK;
}
