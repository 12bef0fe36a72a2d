/* SPDX-License-Identifier: Apache-2.0 */
/* index_report.c - index reports as they are kept: packed for fast reading, and checked when they are read. */
#include "model/index_report.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "base/map.h"
#include "model/layer_tree.h"

#define MAGIC 0x6b70694cu /* "Lipk" */
#define FORMAT_VERSION 4u
#define FLAG_COMPLETE 1u
#define FLAG_EXPECTED 2u
#define NONE UINT32_MAX
#define PACKAGE_FLAGS ((unsigned)PACKAGE_FLAGS_ALL)

/* ---- writing: records go to one buffer and texts to another, which comes first in the result ---- */

struct packer {
	struct buf records, texts; /* owned */
	struct map known;	   /* text -> place in texts; keys are the report's */
	struct arena digests;	   /* texts of digests, which are keys as well */
	bool failed;
};

static void put_u32(struct buf *b, uint32_t n)
{
	const uint8_t bytes[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };

	buf_add(b, slice_make(bytes, sizeof(bytes)));
}

static void put_u64(struct buf *b, uint64_t n)
{
	put_u32(b, (uint32_t)n);
	put_u32(b, (uint32_t)(n >> 32));
}

static void put_number(struct packer *p, size_t n)
{
	put_u32(&p->records, n < NONE ? (uint32_t)n : NONE);
}

static void put_text(struct packer *p, struct slice s)
{
	uint64_t *place = NULL;
	bool is_new = false;

	if (s.len > 0) {
		place = map_slot(&p->known, s, &is_new);
		p->failed |= !place || p->texts.len + s.len > UINT32_MAX;
	}
	if (place && is_new) {
		*place = p->texts.len;
		buf_add(&p->texts, s);
	}
	put_u32(&p->records, place ? (uint32_t)*place : 0);
	put_u32(&p->records, (uint32_t)s.len);
}

static void put_name(struct packer *p, const char *name)
{
	put_text(p, slice_cstr(name));
}

static void put_digest(struct packer *p, const struct digest *d)
{
	struct digest_text text;
	struct slice kept = SLICE_EMPTY;

	p->failed |= !arena_copy(&p->digests, slice_cstr(digest_print(&text, d)), &kept);
	put_text(p, kept);
}

static void put_layer(struct packer *p, const struct index_layer *l)
{
	put_digest(p, &l->digest);
	put_digest(p, &l->diff_id);
	put_text(p, l->created_by);
	put_u64(&p->records, l->bytes_stored);
	put_u64(&p->records, l->bytes_tar);
	put_u32(&p->records, l->read);
}

static void put_package(struct packer *p, const struct index_package *in)
{
	const struct package *g = &in->package;
	const struct slice texts[] = { g->name,		  g->version, g->arch, g->module,  g->source_name,
				       g->source_version, g->db,      g->path, g->detector };

	put_name(p, package_type_purl(g->type));
	put_u32(&p->records, g->flags);
	put_u32(&p->records, g->line);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_text(p, texts[i]);
	put_number(p, in->layer);
	put_number(p, in->distribution);
	put_number(p, in->repository);
	put_number(p, in->n_repositories);
}

static void put_distribution(struct packer *p, const struct distribution *d)
{
	const struct slice texts[] = { d->did,		     d->id_like,     d->name, d->version,    d->version_id,
				       d->version_code_name, d->pretty_name, d->cpe,  d->variant_id, d->path };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_text(p, texts[i]);
}

static void put_repository(struct packer *p, const struct layer_repository *r)
{
	put_text(p, r->name);
	put_text(p, r->key);
	put_text(p, r->uri);
	put_text(p, r->cpe);
	put_text(p, r->path);
}

static void put_diag(struct packer *p, const struct index_diag *d)
{
	put_number(p, d->layer);
	put_name(p, diag_name(d->diag.code));
	put_u64(&p->records, d->diag.offset);
	put_text(p, d->diag.where);
	put_text(p, d->diag.text);
}

static void put_records(struct packer *p, const struct index_report *r)
{
	const struct slice texts[] = { r->target, r->image_name, r->os, r->arch, r->variant, r->detector_set };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put_text(p, texts[i]);
	put_digest(p, &r->manifest);
	for (size_t i = 0; i < r->layers.len; i++)
		put_layer(p, &r->layers.at[i]);
	for (size_t i = 0; i < r->packages.len; i++)
		put_package(p, &r->packages.at[i]);
	for (size_t i = 0; i < r->distributions.len; i++)
		put_distribution(p, &r->distributions.at[i]);
	for (size_t i = 0; i < r->repositories.len; i++)
		put_repository(p, &r->repositories.at[i]);
	for (size_t i = 0; i < r->diags.len; i++)
		put_diag(p, &r->diags.at[i]);
}

enum status index_report_pack(const struct index_report *r, struct buf *out, struct err *err)
{
	const size_t counts[] = { r->layers.len, r->packages.len, r->distributions.len, r->repositories.len,
				  r->diags.len };
	struct packer p = { .records = BUF_INIT(out->max),
			    .texts = BUF_INIT(out->max),
			    .known = MAP_INIT,
			    .digests = ARENA_INIT((size_t)16 << 20) };
	enum status st;

	put_records(&p, r);
	put_u32(out, MAGIC);
	put_u32(out, FORMAT_VERSION);
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		put_u32(out, (uint32_t)counts[i]);
	put_u32(out, (r->complete ? FLAG_COMPLETE : 0) | (r->expected_packages ? FLAG_EXPECTED : 0));
	put_u32(out, (uint32_t)p.texts.len);
	buf_add(out, buf_slice(&p.texts));
	buf_add(out, buf_slice(&p.records));
	st = buf_check(&p.records, "index report", err);
	if (st == STATUS_OK)
		st = buf_check(&p.texts, "index report", err);
	if (st == STATUS_OK)
		st = p.failed ? err_nomem(err, "index report") : buf_check(out, "index report", err);
	buf_fini(&p.records);
	buf_fini(&p.texts);
	map_fini(&p.known);
	arena_fini(&p.digests);
	return st;
}

/* ---- reading ---- */

struct unpacker {
	struct cursor in;
	struct slice texts;
	const struct limits *limits;
	struct arena *arena;
	struct index_report *out;
	struct err *err;
};

static enum status bad(struct unpacker *u, const char *what)
{
	return err_set(u->err, STATUS_MALFORMED, "index report: %s is not what it must be", what);
}

static bool get_text(struct unpacker *u, struct slice *out)
{
	uint32_t at, len;

	if (!cursor_u32le(&u->in, &at) || !cursor_u32le(&u->in, &len) || at > u->texts.len ||
	    len > u->texts.len - at || len > u->limits->field_bytes)
		return false;
	*out = slice_make(u->texts.ptr + at, len);
	return true;
}

static bool get_texts(struct unpacker *u, struct slice *const *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!get_text(u, out[i]))
			return false;
	return true;
}

/* The number of one of n things; or none, where that is possible. */
static bool get_number(struct unpacker *u, size_t n, bool or_none, size_t *out)
{
	uint32_t got;

	if (!cursor_u32le(&u->in, &got) || (got == NONE ? !or_none : got >= n))
		return false;
	*out = got == NONE ? SIZE_MAX : got;
	return true;
}

static bool get_bool(struct unpacker *u, bool *out)
{
	uint32_t got;

	if (!cursor_u32le(&u->in, &got) || got > 1)
		return false;
	*out = got == 1;
	return true;
}

static bool get_digest(struct unpacker *u, struct digest *out)
{
	struct slice text;

	*out = (struct digest){ 0 };
	return get_text(u, &text) && (text.len == 0 || digest_parse(text, out));
}

static bool get_layer(struct unpacker *u, struct index_layer *l)
{
	return get_digest(u, &l->digest) && get_digest(u, &l->diff_id) && get_text(u, &l->created_by) &&
	       cursor_u64le(&u->in, &l->bytes_stored) && cursor_u64le(&u->in, &l->bytes_tar) && get_bool(u, &l->read);
}

/* A run of repositories that lies within the list. */
static bool get_repositories(struct unpacker *u, struct index_package *p)
{
	size_t all = u->out->repositories.len;

	if (!get_number(u, all, true, &p->repository) || !get_number(u, all + 1, false, &p->n_repositories))
		return false;
	return p->repository == SIZE_MAX ? p->n_repositories == 0
					 : p->n_repositories > 0 && p->n_repositories <= all - p->repository;
}

static bool get_package(struct unpacker *u, struct index_package *p)
{
	struct package *g = &p->package;
	struct slice *const texts[] = { &g->name,	    &g->version, &g->arch, &g->module,	&g->source_name,
					&g->source_version, &g->db,	 &g->path, &g->detector };
	struct slice type;
	uint32_t flags;

	if (!get_text(u, &type) || !cursor_u32le(&u->in, &flags) || (flags & ~PACKAGE_FLAGS) != 0 ||
	    !cursor_u32le(&u->in, &g->line))
		return false;
	g->type = package_type_by_purl(type);
	g->flags = flags;
	return g->type != PACKAGE_NONE && get_texts(u, texts, ARRAY_LEN(texts)) &&
	       get_number(u, u->out->layers.len, false, &p->layer) &&
	       get_number(u, u->out->distributions.len, true, &p->distribution) && get_repositories(u, p);
}

static bool get_distribution(struct unpacker *u, struct distribution *d)
{
	struct slice *const texts[] = {
		&d->did,	       &d->id_like,	&d->name, &d->version,	  &d->version_id,
		&d->version_code_name, &d->pretty_name, &d->cpe,  &d->variant_id, &d->path,
	};

	return get_texts(u, texts, ARRAY_LEN(texts));
}

static bool get_repository(struct unpacker *u, struct layer_repository *r)
{
	struct slice *const texts[] = { &r->name, &r->key, &r->uri, &r->cpe, &r->path };

	return get_texts(u, texts, ARRAY_LEN(texts));
}

static bool get_diag(struct unpacker *u, struct index_diag *d)
{
	struct slice code;

	return get_number(u, u->out->layers.len, true, &d->layer) && get_text(u, &code) &&
	       diag_from_name(code, &d->diag.code) && cursor_u64le(&u->in, &d->diag.offset) &&
	       get_text(u, &d->diag.where) && get_text(u, &d->diag.text);
}

/* Room for a list; each record takes more than a word, so that no number asks for more than the bytes can hold. */
static bool room(struct unpacker *u, void **at, size_t *len, size_t *cap, uint32_t n, size_t size)
{
	if (n > cursor_left(&u->in) / 4)
		return false;
	*at = n > 0 ? arena_array(u->arena, n, size) : NULL;
	*len = *cap = *at ? n : 0;
	return n == 0 || *at;
}

#define ROOM(u, list, n)                                                                                               \
	room((u), (void **)&(u)->out->list.at, &(u)->out->list.len, &(u)->out->list.cap, (n),                          \
	     sizeof(*(u)->out->list.at))

#define EACH(u, list, get)                                         \
	do {                                                       \
		for (size_t i = 0; i < (u)->out->list.len; i++)    \
			if (!get((u), &(u)->out->list.at[i]))      \
				return bad((u), #list);            \
	} while (0)

static enum status get_head(struct unpacker *u, uint32_t counts[5])
{
	uint32_t magic, version, flags, len;

	if (!cursor_u32le(&u->in, &magic) || magic != MAGIC || !cursor_u32le(&u->in, &version))
		return bad(u, "its beginning");
	if (version != FORMAT_VERSION)
		return err_set(u->err, STATUS_UNSUPPORTED, "index report: version %u, not %u", version,
			       FORMAT_VERSION);
	for (size_t i = 0; i < 5; i++)
		if (!cursor_u32le(&u->in, &counts[i]))
			return bad(u, "its beginning");
	if (!cursor_u32le(&u->in, &flags) || flags > (FLAG_COMPLETE | FLAG_EXPECTED) || !cursor_u32le(&u->in, &len) ||
	    !cursor_take(&u->in, len, &u->texts))
		return bad(u, "its beginning");
	u->out->complete = flags & FLAG_COMPLETE;
	u->out->expected_packages = flags & FLAG_EXPECTED;
	return STATUS_OK;
}

static enum status get_records(struct unpacker *u)
{
	struct index_report *r = u->out;
	struct slice *const texts[] = { &r->target, &r->image_name, &r->os, &r->arch, &r->variant, &r->detector_set };

	if (!get_texts(u, texts, ARRAY_LEN(texts)) || !get_digest(u, &r->manifest))
		return bad(u, "its head");
	EACH(u, layers, get_layer);
	EACH(u, packages, get_package);
	EACH(u, distributions, get_distribution);
	EACH(u, repositories, get_repository);
	EACH(u, diags, get_diag);
	return cursor_left(&u->in) == 0 ? STATUS_OK : bad(u, "its end");
}

enum status index_report_unpack(struct slice bytes, const struct limits *limits, struct arena *arena,
				struct index_report *out, struct err *err)
{
	struct index_report report = { 0 };
	struct unpacker u = { cursor_at(bytes, 0), SLICE_EMPTY, limits, arena, &report, err };
	uint32_t counts[5];

	TRY(get_head(&u, counts));
	if (counts[0] > limits->layers)
		return bad(&u, "the number of layers");
	if (!ROOM(&u, layers, counts[0]) || !ROOM(&u, packages, counts[1]) || !ROOM(&u, distributions, counts[2]) ||
	    !ROOM(&u, repositories, counts[3]) || !ROOM(&u, diags, counts[4]))
		return bad(&u, "the number of its records");
	TRY(get_records(&u));
	*out = report;
	return STATUS_OK;
}

/* ---- files ---- */

enum status index_files_each(const struct index_report *r, size_t package, index_file_visit each, void *ctx,
			     struct err *err)
{
	const struct index_package *p = &r->packages.at[package];
	struct buf AUTO(buf_fini) path = BUF_INIT(SIZE_MAX);

	for (size_t i = 0; i < p->n_files; i++) {
		const struct layer_dir *d = &r->files.at[p->first_files + i];
		struct slice rest = d->names, name;
		size_t dir;

		path.len = 0;
		buf_add(&path, d->path);
		if (d->path.len > 0)
			buf_add_byte(&path, '/');
		dir = path.len;
		while (layer_names_next(&rest, &name)) {
			path.len = dir;
			buf_add(&path, name);
			if (path.failed != STATUS_OK)
				return err_nomem(err, "the files of a package");
			TRY(each(ctx, buf_slice(&path), err));
		}
	}
	return STATUS_OK;
}
