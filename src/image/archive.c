/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.c - the listing of an image archive: one pass over the tar, members located by offset.
 *
 * The pass runs where untrusted bytes may be parsed (a worker) and writes a flat listing; the parent reads that with
 * every length checked. Of a compressed archive the JSON documents are kept, so that one pass is enough.
 */
#include "image/image_impl.h"

#include "base/cursor.h"
#include "base/date.h"
#include "io/file_identity.h"
#include "io/tar.h"

#include <stdio.h>

#include <sys/stat.h>

#define MEMBERS_MAX 100000	       /* a docker archive of 127 layers has some 400 */
#define CONTENT_MAX ((size_t)16 << 20) /* JSON documents kept of a compressed archive, in all */
#define LISTING_MAX ((size_t)64 << 20)
#define LINK_HOPS 40 /* as Linux */
#define ENTRY_HEAD 29
#define LISTING_VERSION 1 /* of what is kept of an archive that did not change */

struct lister {
	const struct archive_work *work;
	struct buf *out;
	bool compressed;
	bool rootfs;
	uint64_t count;
	size_t content;
};

static void put_le(struct buf *out, uint64_t n, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_add_byte(out, (uint8_t)(n >> (8 * i)));
}

static bool is_root_directory(struct slice path)
{
	static const char *const names[] = { "bin",   "boot",	"dev",	 "etc", "home", "lib",	"lib32",
					     "lib64", "libx32", "media", "mnt", "opt",	"proc", "root",
					     "run",   "sbin",	"srv",	 "sys", "tmp",	"usr",	"var" };
	struct slice top;

	slice_cut(path, '/', &top, NULL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_eq(top, slice_cstr(names[i])))
			return true;
	return false;
}

static bool is_json(struct slice head)
{
	head = slice_trim(head);
	return head.len > 0 && (head.ptr[0] == '{' || head.ptr[0] == '[');
}

static void put_head(struct lister *l, enum member_type type, const struct tar_entry *e, uint64_t content_len)
{
	put_le(l->out, type, 1);
	put_le(l->out, e->offset, 8);
	put_le(l->out, e->size, 8);
	put_le(l->out, e->path.len, 4);
	put_le(l->out, e->link.len, 4);
	put_le(l->out, content_len, 4);
	buf_add(l->out, e->path);
	buf_add(l->out, e->link);
}

/* A JSON document is kept: its length is written first and taken back when it is none. */
static enum status list_file(struct lister *l, const struct tar_entry *e, struct source *body, struct err *err)
{
	uint8_t head[64];
	size_t n = (size_t)MIN(e->size, sizeof(head));
	uint8_t *room;
	size_t rest;

	if (!l->compressed || e->size == 0 || e->size > l->work->limits->manifest_bytes ||
	    l->content + e->size > CONTENT_MAX) {
		put_head(l, MEMBER_FILE, e, 0);
		return buf_check(l->out, "archive listing", err);
	}
	TRY(source_read_full(body, head, n, err));
	if (!is_json(slice_make(head, n))) {
		put_head(l, MEMBER_FILE, e, 0);
		return buf_check(l->out, "archive listing", err);
	}
	put_head(l, MEMBER_FILE, e, e->size);
	buf_add(l->out, slice_make(head, n));
	rest = (size_t)e->size - n;
	l->content += (size_t)e->size;
	room = rest > 0 ? buf_reserve(l->out, rest) : NULL;
	if (room) {
		TRY(source_read_full(body, room, rest, err));
		l->out->len += rest;
	}
	return buf_check(l->out, "archive listing", err);
}

static enum status list_entry(void *ctx, const struct tar_entry *e, struct source *body, struct err *err)
{
	struct lister *l = ctx;

	if (e->path.len == 0)
		return STATUS_OK;
	if (l->work->goal == ARCHIVE_SNIFF && (is_root_directory(e->path) || l->count >= MEMBERS_MAX)) {
		l->rootfs = true;
		return STATUS_CANCELLED;
	}
	if ((e->type != TAR_FILE && e->type != TAR_SYMLINK && e->type != TAR_HARDLINK) || e->sparse)
		return STATUS_OK;
	if (++l->count > MEMBERS_MAX)
		return err_set(err, STATUS_LIMIT, "an image archive of more than %d members", MEMBERS_MAX);
	if (e->type == TAR_FILE)
		return list_file(l, e, body, err);
	put_head(l, e->type == TAR_SYMLINK ? MEMBER_SYMLINK : MEMBER_HARDLINK, e, 0);
	return buf_check(l->out, "archive listing", err);
}

static enum status open_tar(const struct archive_work *w, enum codec_id *codec, struct source **out, struct err *err)
{
	struct source *src = source_from_fd(w->fd, 0, w->file_size);

	if (!src)
		return err_nomem(err, "an archive");
	return codec_open(src, w->limits, codec, out, err);
}

static enum status check_is_tar(const struct archive_work *w, struct err *err)
{
	uint8_t head[512];
	size_t n = 0, got;
	enum codec_id codec;
	AUTO(source_freep) struct source *src = NULL;

	TRY(open_tar(w, &codec, &src, err));
	do {
		TRY(source_read(src, head + n, sizeof(head) - n, &got, err));
		n += got;
	} while (got > 0 && n < sizeof(head));
	if (n == 0)
		return err_set(err, STATUS_MALFORMED, "it is empty");
	if (n < sizeof(head) || !tar_claims(slice_make(head, n)))
		return err_set(err, STATUS_MALFORMED, "it is not a tar archive%s%s",
			       codec == CODEC_PLAIN ? "" : ", though compressed with ",
			       codec == CODEC_PLAIN ? "" : codec_name(codec));
	return STATUS_OK;
}

enum status archive_list_work(void *work, struct buf *out, struct err *err)
{
	const struct archive_work *w = work;
	struct lister l = { .work = w, .out = out };
	AUTO(source_freep) struct source *src = NULL;
	enum codec_id codec = CODEC_PLAIN;
	size_t verdict_at;

	TRY(check_is_tar(w, err));
	TRY(open_tar(w, &codec, &src, err));
	l.compressed = codec != CODEC_PLAIN;
	put_le(out, codec, 1);
	verdict_at = out->len;
	put_le(out, 0, 1);
	TRY(buf_check(out, "archive listing", err));
	if (w->goal == ARCHIVE_PROBE)
		return STATUS_OK;
	TRY(tar_walk(src, w->limits, list_entry, &l, NULL, err));
	out->ptr[verdict_at] = l.rootfs;
	return STATUS_OK;
}

static enum status bad_listing(struct err *err)
{
	return err_set(err, STATUS_BUG, "the listing of the archive is damaged");
}

static enum status parse_member(struct cursor *c, uint64_t file_size, struct arena *arena, struct archive *out,
				struct err *err)
{
	struct member *m = VEC_PUSH(&out->members, arena);
	struct slice path, link, content;
	uint32_t path_len, link_len, content_len;
	uint64_t end;
	uint8_t type;

	if (!m)
		return err_nomem(err, "archive listing");
	if (!cursor_u8(c, &type) || type < MEMBER_FILE || type > MEMBER_HARDLINK || !cursor_u64le(c, &m->offset) ||
	    !cursor_u64le(c, &m->size) || !cursor_u32le(c, &path_len) || !cursor_u32le(c, &link_len) ||
	    !cursor_u32le(c, &content_len) || !cursor_take(c, path_len, &path) || !cursor_take(c, link_len, &link) ||
	    !cursor_take(c, content_len, &content))
		return bad_listing(err);
	m->type = (enum member_type)type;
	if (__builtin_add_overflow(m->offset, m->size, &end) || (content_len > 0 && content_len != m->size) ||
	    (out->codec == CODEC_PLAIN && m->type == MEMBER_FILE && end > file_size))
		return bad_listing(err);
	if (!arena_copy(arena, path, &m->path) || !arena_copy(arena, link, &m->link) ||
	    !arena_copy(arena, content, &m->content) || !map_put(&out->by_path, m->path, out->members.len - 1))
		return err_nomem(err, "archive listing");
	if (content_len == 0)
		m->content = SLICE_EMPTY;
	return STATUS_OK;
}

enum status archive_parse(struct slice listing, uint64_t file_size, const struct limits *limits, struct arena *arena,
			  struct archive *out, struct err *err)
{
	struct cursor c = cursor_at(listing, 0);
	uint8_t codec, rootfs;

	(void)limits;
	if (!cursor_u8(&c, &codec) || codec >= CODEC_COUNT || !cursor_u8(&c, &rootfs) || rootfs > 1)
		return bad_listing(err);
	out->codec = (enum codec_id)codec;
	out->rootfs = rootfs == 1;
	out->file_size = file_size;
	while (cursor_left(&c) > 0) {
		if (out->members.len >= MEMBERS_MAX)
			return bad_listing(err);
		TRY(parse_member(&c, file_size, arena, out, err));
	}
	return STATUS_OK;
}

/* ---- archives that were listed before ---- */

struct listing_key {
	char text[256];
};

/* False: the file may be another one before anybody notices, and nothing is kept of it. */
static bool listing_key(const struct archive_work *w, const struct image_options *options, struct listing_key *out)
{
	int64_t now_s = options->now ? options->now() : date_now();
	struct file_identity id;
	struct slice limits = slice_make(w->limits, sizeof(*w->limits));

	if (!file_identity(w->fd, now_s, &id))
		return false;
	snprintf(out->text, sizeof(out->text), "%s listing %d.%d %016llx", id.text, LISTING_VERSION, (int)w->goal,
		 (unsigned long long)slice_hash(limits, 0));
	return true;
}

/* True: the listing was known. */
static bool recall(const struct image_options *o, const struct listing_key *key, uint64_t file_size,
		   struct arena *arena, struct archive *out)
{
	struct buf listing = BUF_INIT(LISTING_MAX);
	struct err ignored = ERR_INIT; /* what cannot be read is listed again */
	bool known = o->recall(o->memory_ctx, slice_cstr(key->text), &listing) &&
		     archive_parse(buf_slice(&listing), file_size, o->limits, arena, out, &ignored) == STATUS_OK;

	buf_fini(&listing);
	if (!known) {
		int fd = out->fd;

		archive_fini(out);
		*out = (struct archive){ .fd = fd };
	}
	return known;
}

static enum status list(struct archive_work *work, const struct image_options *options, struct arena *arena,
			struct archive *out, struct buf *listing, struct err *err)
{
	TRY(options->isolate ? options->isolate(options->isolate_ctx, work->fd, archive_list_work, work, listing, err)
			     : archive_list_work(work, listing, err));
	return archive_parse(buf_slice(listing), work->file_size, options->limits, arena, out, err);
}

enum status archive_open(int fd, enum archive_goal goal, const struct image_options *options, struct arena *arena,
			 struct archive *out, struct err *err)
{
	struct archive_work work = { .fd = fd, .goal = goal, .limits = options->limits };
	struct buf listing = BUF_INIT(LISTING_MAX);
	struct listing_key key, after;
	struct stat sb;
	bool kept;
	enum status st;

	*out = (struct archive){ .fd = fd };
	if (fstat(fd, &sb) < 0)
		return err_errno(err, "the archive cannot be examined");
	if (!S_ISREG(sb.st_mode))
		return err_set(err, STATUS_INVALID, "it is not a regular file");
	work.file_size = (uint64_t)sb.st_size;
	kept = options->recall && listing_key(&work, options, &key);
	if (kept && recall(options, &key, work.file_size, arena, out))
		return STATUS_OK;
	st = list(&work, options, arena, out, &listing, err);
	if (st == STATUS_OK && kept && listing_key(&work, options, &after) && strcmp(key.text, after.text) == 0)
		options->remember(options->memory_ctx, slice_cstr(key.text), buf_slice(&listing));
	buf_fini(&listing);
	if (st != STATUS_OK)
		archive_fini(out);
	return st;
}

void archive_fini(struct archive *a)
{
	map_fini(&a->by_path);
}

static const struct member *get(const struct archive *a, struct slice path)
{
	uint64_t i;

	return map_get(&a->by_path, path, &i) ? &a->members.at[i] : NULL;
}

/* The longest part of path before a slash that is a link; NULL if none is. */
static const struct member *linked_parent(const struct archive *a, struct slice path)
{
	for (struct slice dir = path_dir(path); dir.len > 0; dir = path_dir(dir)) {
		const struct member *m = get(a, dir);

		if (m && m->type == MEMBER_SYMLINK)
			return m;
	}
	return NULL;
}

const struct member *archive_find(const struct archive *a, struct slice path)
{
	uint8_t bufs[2][3 * 4096 + 8], joined[3 * 4096 + 8];

	for (int hop = 0; hop < LINK_HOPS; hop++) {
		const struct member *m = get(a, path);
		struct slice rest = SLICE_EMPTY;

		if (m && m->type == MEMBER_FILE)
			return m;
		if (m && m->type == MEMBER_HARDLINK) {
			path = m->link;
			continue;
		}
		if (!m) {
			m = linked_parent(a, path);
			if (!m)
				return NULL;
			rest = slice_from(path, m->path.len);
		}
		if (m->link.len == 0 || m->path.len + m->link.len + rest.len + 1 > 2 * 4096)
			return NULL;
		memcpy(joined, m->link.ptr, m->link.len);
		if (rest.len > 0)
			memcpy(joined + m->link.len, rest.ptr, rest.len);
		path = path_resolve(m->path, slice_make(joined, m->link.len + rest.len), bufs[hop % 2]);
	}
	return NULL;
}
