/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_file.c - pages, b-trees of tables, and rows of SQLite databases.
 *
 * Every page belongs to one place, so each is taken once: no circle can be walked, and no page twice.
 */
#include "index/sqlite_file.h"

#define FILE_HEAD 100
#define DEPTH_MAX 20 /* SQLite's own limit */

enum page_type { INTERIOR_INDEX = 2, INTERIOR_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };

/* A page of a b-tree. */
struct node {
	struct slice page;
	uint32_t number;
	size_t head; /* of the b-tree within the page: 100 on page 1 */
	uint8_t type;
	uint32_t n_cells;
};

/* ---- pages ---- */

/* Of the database file, or of the page if at lies outside of it; there is none where the page comes from the log. */
static uint64_t offset_of(const struct sqlite_file *db, uint32_t number, size_t at)
{
	struct slice unused;

	if (sqlite_file_wal_page(&db->wal, number, &unused))
		return ERR_NO_OFFSET;
	return (uint64_t)(number - 1) * db->page_size + (at < db->page_size ? at : 0);
}

static enum status look_at_page(const struct sqlite_file *db, uint32_t number, struct slice *out, struct err *err)
{
	uint64_t begin;

	if (sqlite_file_wal_page(&db->wal, number, out))
		return STATUS_OK;
	begin = (uint64_t)(number - 1) * db->page_size;
	if (number == 0 || begin > db->file.len || db->file.len - begin < db->page_size)
		return err_set(err, STATUS_NOTFOUND, "page %u lies behind the end of the file", number);
	*out = slice_take(slice_from(db->file, (size_t)begin), db->page_size);
	return STATUS_OK;
}

static enum status take_page(struct sqlite_file *db, uint32_t number, struct slice *out, struct err *err)
{
	if (number == 0 || number > db->n_pages)
		return err_set(err, STATUS_MALFORMED, "page %u does not exist: the database has %u", number,
			       db->n_pages);
	TRY(look_at_page(db, number, out, err));
	if (!page_set_take(&db->taken, number))
		return err_set(err, STATUS_MALFORMED, "page %u is in two places of the database", number);
	if (db->touched)
		db->touched(db->ctx, db->page_size);
	return STATUS_OK;
}

/* Overflow pages of a payload, appended to joined until it has all. */
static enum status join(struct sqlite_file *db, uint32_t next, uint64_t size, struct err *err)
{
	struct buf *b = &db->joined;
	struct slice page;

	while (b->len < size) {
		TRY(take_page(db, next, &page, err));
		next = page_be32(page.ptr);
		buf_add(b, slice_take(slice_make(page.ptr + 4, db->usable - 4), (size_t)(size - b->len)));
		TRY(buf_check(b, "row", err));
	}
	return STATUS_OK;
}

/* ---- records ---- */

static bool take_varint(struct cursor *c, uint64_t *out)
{
	uint64_t v = 0;
	uint8_t byte;

	for (unsigned i = 0; i < 8; i++) {
		if (!cursor_u8(c, &byte))
			return false;
		v = v << 7 | (byte & 0x7f);
		if (!(byte & 0x80)) {
			*out = v;
			return true;
		}
	}
	if (!cursor_u8(c, &byte))
		return false;
	*out = v << 8 | byte;
	return true;
}

/* Of a payload of more than fits, what stands in the cell itself; the rest is on overflow pages. */
static uint32_t local_bytes(const struct sqlite_file *db, uint64_t size)
{
	uint32_t max = db->usable - 35, min = (db->usable - 12) * 32 / 255 - 23;
	uint64_t local;

	if (size <= max)
		return (uint32_t)size;
	local = min + (size - min) % (db->usable - 4);
	return local > max ? min : (uint32_t)local;
}

/* The payload of a cell of a table's leaf; a damaged one is a failure. */
static enum status read_payload(struct sqlite_file *db, const struct node *n, size_t at, struct slice *out,
				 uint64_t *out_id, struct err *err)
{
	struct cursor c = cursor_at(slice_take(n->page, db->usable), at);
	uint64_t size, rowid;
	struct slice here, next;
	uint32_t local;

	if (!take_varint(&c, &size) || !take_varint(&c, &rowid))
		return err_set(err, STATUS_MALFORMED, "a row runs out of page %u", n->number);
	*out_id = rowid;
	if (size > db->row_bytes)
		return err_set(err, STATUS_LIMIT, "row %llu has %llu bytes; at most %zu are read",
			       (unsigned long long)rowid, (unsigned long long)size, db->row_bytes);
	local = local_bytes(db, size);
	if (size == local) {
		if (!cursor_take(&c, local, out))
			return err_set(err, STATUS_MALFORMED, "row %llu runs out of page %u", (unsigned long long)rowid,
				       n->number);
		return STATUS_OK;
	}
	if (!cursor_take(&c, local, &here) || !cursor_take(&c, 4, &next))
		return err_set(err, STATUS_MALFORMED, "row %llu runs out of page %u", (unsigned long long)rowid,
			       n->number);
	buf_reset(&db->joined);
	buf_add(&db->joined, here);
	TRY(buf_check(&db->joined, "row", err));
	if (join(db, page_be32(next.ptr), size, err) != STATUS_OK)
		return err_wrap(err, "row %llu", (unsigned long long)rowid);
	*out = buf_slice(&db->joined);
	return STATUS_OK;
}

static bool open_row(struct slice payload, struct sqlite_file_row *row)
{
	struct cursor c = cursor_at(payload, 0);
	uint64_t head;

	if (!take_varint(&c, &head) || head < c.pos || head > payload.len)
		return false;
	row->types = cursor_at(slice_take(payload, (size_t)head), c.pos);
	row->values = cursor_at(payload, (size_t)head);
	return true;
}

/* Big-endian, in two's complement; constants have no bytes. */
static int64_t number_of(uint64_t type, struct slice bytes)
{
	uint64_t v = bytes.len > 0 && (bytes.ptr[0] & 0x80) ? UINT64_MAX : 0;

	if (type >= 8)
		return type == 9;
	for (size_t i = 0; i < bytes.len; i++)
		v = v << 8 | bytes.ptr[i];
	return (int64_t)v;
}

bool sqlite_file_column(struct sqlite_file_row *row, struct sqlite_file_value *out)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };
	uint64_t type, size;

	if (!take_varint(&row->types, &type))
		return false;
	size = type < ARRAY_LEN(sizes) ? sizes[type] : (type - 12) / 2;
	if (size > cursor_left(&row->values) || !cursor_take(&row->values, (size_t)size, &out->bytes))
		return false;
	out->number = 0;
	if (type >= 12)
		out->kind = type % 2 == 0 ? SQLITE_FILE_BLOB : SQLITE_FILE_TEXT;
	else if (type == 7)
		out->kind = SQLITE_FILE_REAL;
	else if (type == 0 || type > 9)
		out->kind = SQLITE_FILE_NULL;
	else
		out->kind = SQLITE_FILE_INTEGER;
	if (out->kind == SQLITE_FILE_INTEGER)
		out->number = number_of(type, out->bytes);
	return true;
}

/* ---- tables ---- */

static enum status open_node(struct sqlite_file *db, uint32_t number, struct node *n, struct err *err)
{
	size_t head_bytes;

	*n = (struct node){ .number = number, .head = number == 1 ? FILE_HEAD : 0 };
	TRY(take_page(db, number, &n->page, err));
	n->type = n->page.ptr[n->head];
	n->n_cells = page_be16(n->page.ptr + n->head + 3);
	if (n->type == INTERIOR_INDEX || n->type == LEAF_INDEX)
		return err_set(err, STATUS_UNSUPPORTED, "page %u is of an index where a table is expected", number);
	if (n->type != INTERIOR_TABLE && n->type != LEAF_TABLE)
		return err_set(err, STATUS_MALFORMED, "page %u is no page of a table: its type is %u", number, n->type);
	head_bytes = n->type == INTERIOR_TABLE ? 12 : 8;
	if (n->n_cells > (db->usable - n->head - head_bytes) / 2)
		return err_set(err, STATUS_MALFORMED, "page %u says it has %u cells, more than fit", number,
			       n->n_cells);
	return STATUS_OK;
}

/* Where in its page a cell begins. */
static size_t cell_at(const struct node *n, uint32_t i)
{
	return page_be16(n->page.ptr + n->head + (n->type == INTERIOR_TABLE ? 12 : 8) + (size_t)i * 2);
}

/* Bytes of the cell at `at`, 0 if it has no end in its page. */
static uint32_t cell_bytes(const struct sqlite_file *db, const struct node *n, size_t at)
{
	struct cursor c = cursor_at(slice_take(n->page, db->usable), at);
	uint64_t size, rowid;
	uint32_t local;

	if (n->type == INTERIOR_TABLE) {
		struct slice child;

		return cursor_take(&c, 4, &child) && take_varint(&c, &rowid) ? (uint32_t)(c.pos - at) : 0;
	}
	if (!take_varint(&c, &size) || !take_varint(&c, &rowid))
		return 0;
	local = local_bytes(db, size);
	return MAX((uint32_t)(c.pos - at) + local + (size > local ? 4 : 0), 4);
}

/* Every byte of a page's content is of a cell, of a free block or of a fragment that is counted: else cells are
 * missing. */
static bool is_accounted_for(const struct sqlite_file *db, const struct node *n)
{
	const uint8_t *head = n->page.ptr + n->head;
	uint64_t used = head[7];
	uint32_t content = page_be16(head + 5) == 0 ? 65536 : page_be16(head + 5);

	for (uint32_t i = 0; i < n->n_cells; i++)
		used += cell_bytes(db, n, cell_at(n, i));
	/* Free blocks lie in the order of their places, at least four bytes apart. */
	for (uint32_t at = page_be16(head + 1), last = 0; at > last && at + 4 <= db->usable;
	     at = page_be16(n->page.ptr + at)) {
		used += page_be16(n->page.ptr + at + 2);
		last = at;
	}
	return content + used == db->usable;
}

static enum status read_leaf(struct sqlite_file *db, const struct node *n, sqlite_file_row_fn each, void *ctx,
			     struct err *err)
{
	for (uint32_t i = 0; i < n->n_cells; i++) {
		size_t at = cell_at(n, i);
		struct sqlite_file_row row = { .offset = offset_of(db, n->number, at) };
		struct err why = ERR_INIT;
		struct slice payload;
		uint64_t id = 0;

		if (read_payload(db, n, at, &payload, &id, &why) != STATUS_OK) {
			TRY(db->lost(db->ctx, false, row.offset, &why, err));
			continue;
		}
		if (payload.len > db->budget)
			return err_set(err, STATUS_MALFORMED, "the rows of the SQLite database lie over each other");
		db->budget -= payload.len;
		row.id = (int64_t)id;
		if (!open_row(payload, &row))
			row.types = row.values = cursor_at(SLICE_EMPTY, 0); /* a row without columns */
		TRY(each(ctx, &row, err));
	}
	return STATUS_OK;
}

/* The i-th child of an interior page; the last one stands in its head. False if the cell lies outside the page. */
static bool child_of(const struct sqlite_file *db, const struct node *n, uint32_t i, uint32_t *out)
{
	size_t at = i < n->n_cells ? cell_at(n, i) : n->head + 8;

	if (at + 4 > db->usable)
		return false;
	*out = page_be32(n->page.ptr + at);
	return true;
}

static enum status check_space(struct sqlite_file *db, const struct node *n, struct err *err)
{
	struct err why = ERR_INIT;

	if (is_accounted_for(db, n))
		return STATUS_OK;
	err_set(&why, STATUS_MALFORMED, "page %u has other cells than the %u it says", n->number, n->n_cells);
	return db->lost(db->ctx, true, offset_of(db, n->number, 0), &why, err);
}

static enum status lost_page(struct sqlite_file *db, const struct node *parent, const struct err *why, struct err *err)
{
	return db->lost(db->ctx, true, offset_of(db, parent->number, 0), why, err);
}

/* All rows in the order of their ids. The root is taken already. */
static enum status walk_table(struct sqlite_file *db, const struct node *root, sqlite_file_row_fn each, void *ctx,
			      struct err *err)
{
	struct {
		struct node node;
		uint32_t next;
	} stack[DEPTH_MAX];
	size_t depth = 0;

	TRY(check_space(db, root, err));
	if (root->type == LEAF_TABLE)
		return read_leaf(db, root, each, ctx, err);
	stack[depth].node = *root;
	stack[depth++].next = 0;
	while (depth > 0) {
		struct node *at = &stack[depth - 1].node, child;
		uint32_t i = stack[depth - 1].next++, number;
		struct err why = ERR_INIT;
		enum status st;

		if (i > at->n_cells) {
			depth--;
			continue;
		}
		if (!child_of(db, at, i, &number))
			st = err_set(&why, STATUS_MALFORMED, "a cell lies outside page %u", at->number);
		else
			st = open_node(db, number, &child, &why);
		if (st == STATUS_OK)
			TRY(check_space(db, &child, err));
		if (st == STATUS_OK && child.type == INTERIOR_TABLE && depth == DEPTH_MAX)
			st = err_set(&why, STATUS_MALFORMED, "the table is deeper than SQLite makes any");
		if (st != STATUS_OK) {
			TRY(lost_page(db, at, &why, err));
		} else if (child.type == LEAF_TABLE) {
			TRY(read_leaf(db, &child, each, ctx, err));
		} else {
			stack[depth].node = child;
			stack[depth++].next = 0;
		}
	}
	return STATUS_OK;
}

/* ---- the schema ---- */

struct schema {
	struct sqlite_file *db;
	const char *const *names;
	struct sqlite_file_table *tables;
	size_t n;
};

/* sqlite_schema (type, name, tbl_name, rootpage, sql) */
static enum status on_schema(void *ctx, struct sqlite_file_row *row, struct err *err)
{
	struct schema *s = ctx;
	struct sqlite_file_value v[5];

	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (!sqlite_file_column(row, &v[i])) {
			if (i < 4)
				return STATUS_OK;
			v[i] = (struct sqlite_file_value){ .kind = SQLITE_FILE_NULL };
		}
	if (v[0].kind != SQLITE_FILE_TEXT || !slice_eq(v[0].bytes, SLICE("table")) || v[1].kind != SQLITE_FILE_TEXT)
		return STATUS_OK;
	for (size_t i = 0; i < s->n; i++) {
		struct sqlite_file_table *t = &s->tables[i];

		if (t->root != 0 || !slice_eq_nocase(v[1].bytes, slice_cstr(s->names[i])))
			continue;
		t->root = v[3].number > 0 ? (uint32_t)MIN(v[3].number, (int64_t)UINT32_MAX) : 0;
		if (!arena_copy(s->db->arena, v[4].kind == SQLITE_FILE_TEXT ? v[4].bytes : SLICE_EMPTY, &t->sql))
			return err_nomem(err, "SQLite schema");
	}
	return STATUS_OK;
}

enum status sqlite_file_tables(struct sqlite_file *db, const char *const names[], size_t n,
			       struct sqlite_file_table *out, struct err *err)
{
	struct schema s = { db, names, out, n };
	struct sqlite_file_table schema = { .root = 1 };

	for (size_t i = 0; i < n; i++)
		out[i] = (struct sqlite_file_table){ .root = 0 };
	return sqlite_file_walk(db, &schema, on_schema, &s, err);
}

enum status sqlite_file_walk(struct sqlite_file *db, const struct sqlite_file_table *table, sqlite_file_row_fn each,
			     void *ctx, struct err *err)
{
	struct node root;

	TRY(open_node(db, table->root, &root, err));
	return walk_table(db, &root, each, ctx, err);
}

/* ---- names of columns ---- */

static bool is_word(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* The next of: a word, a quoted name (*quoted), or one character of another kind. Comments and blanks are left out. */
static bool next_token(struct slice *rest, struct slice *out, bool *quoted)
{
	static const char pairs[] = "\"\"``[]''";
	size_t n = 0;

	while (rest->len > 0) {
		bool line = slice_starts(*rest, SLICE("--")), block = slice_starts(*rest, SLICE("/*"));

		if (!line && !block && rest->ptr[0] > ' ')
			break;
		if (line)
			n = slice_find_byte(*rest, '\n');
		else
			n = block ? slice_find(slice_from(*rest, 2), SLICE("*/")) : 0;
		*rest = n == SIZE_MAX ? SLICE_EMPTY : slice_from(*rest, n + (block ? 4 : 1));
	}
	if (rest->len == 0)
		return false;
	*quoted = false;
	for (const char *p = pairs; *p; p += 2) {
		if (rest->ptr[0] != (uint8_t)p[0])
			continue;
		n = slice_find_byte(slice_from(*rest, 1), (uint8_t)p[1]);
		n = n == SIZE_MAX ? rest->len - 1 : n;
		*out = slice_take(slice_from(*rest, 1), n);
		*rest = slice_from(*rest, MIN(n + 2, rest->len));
		*quoted = true;
		return true;
	}
	for (n = 0; n < rest->len && is_word(rest->ptr[n]);)
		n++;
	n = MAX(n, (size_t)1);
	*out = slice_take(*rest, n);
	*rest = slice_from(*rest, n);
	return true;
}

/* Words that begin what is no column. */
static bool is_constraint(struct slice word)
{
	static const char *const words[] = { "constraint", "primary", "unique", "check", "foreign" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_nocase(word, slice_cstr(words[i])))
			return true;
	return false;
}

size_t sqlite_file_place(struct slice sql, const char *name)
{
	struct slice rest = sql, token, wanted = slice_cstr(name);
	size_t place = 0, depth = 0;
	bool quoted, begins = false, is_column = false;

	while (next_token(&rest, &token, &quoted)) {
		bool open = !quoted && slice_eq(token, SLICE("(")), close = !quoted && slice_eq(token, SLICE(")"));

		if (close && depth <= 1)
			break;
		if (open || close) {
			begins = open && depth == 0;
			depth = open ? depth + 1 : depth - 1;
		} else if (depth == 1 && !quoted && slice_eq(token, SLICE(","))) {
			place += is_column;
			begins = true;
		} else if (begins) {
			begins = false;
			is_column = quoted || !is_constraint(token);
			if (is_column && slice_eq_nocase(token, wanted))
				return place;
		}
	}
	return SIZE_MAX;
}

/* ---- opening ---- */

static enum status find_log(struct sqlite_file *db, struct err *err)
{
	const uint8_t *head = db->file.ptr;
	const char *why_not;

	if (db->file.len < FILE_HEAD)
		return err_at(err, STATUS_MALFORMED, db->file.len, "the SQLite database ends in its header");
	db->page_size = page_be16(head + 16) == 1 ? 65536 : page_be16(head + 16);
	if (db->page_size < 512 || (db->page_size & (db->page_size - 1)) != 0)
		return err_at(err, STATUS_MALFORMED, 16, "the SQLite database has pages of %u bytes", db->page_size);
	TRY(sqlite_file_wal_index(db, db->file.len / db->page_size, &db->wal, &why_not, err));
	if (why_not)
		told_emit(db->told, DIAG_FIELD, ERR_NO_OFFSET,
			  "the database's write-ahead log does not count, as for SQLite: %s", why_not);
	return STATUS_OK;
}

/* The head as it is after the log: how large, how encoded. */
static enum status read_head(struct sqlite_file *db, struct err *err)
{
	uint64_t file_pages = (db->file.len + db->page_size - 1) / db->page_size, n;
	struct err why = ERR_INIT;
	struct slice page;

	TRY(look_at_page(db, 1, &page, err));
	if (memcmp(page.ptr, "SQLite format 3", 16) != 0)
		return err_set(err, STATUS_MALFORMED, "the first page is none of an SQLite database");
	db->usable = db->page_size - page.ptr[20];
	if (db->usable < 480)
		return err_at(err, STATUS_MALFORMED, 20, "the SQLite database reserves %u bytes of each page",
			      page.ptr[20]);
	if (page_be32(page.ptr + 56) > 1)
		return err_at(err, STATUS_UNSUPPORTED, 56, "the SQLite database has texts in UTF-16");
	/* Old writers do not keep the size; then it is the file's. */
	n = page_be32(page.ptr + 28);
	if (n == 0 || memcmp(page.ptr + 24, page.ptr + 92, 4) != 0)
		n = file_pages;
	if (db->wal.n_pages > 0) {
		n = db->wal.n_pages;
	} else if (n > db->file.len / db->page_size) {
		err_set(&why, STATUS_NOTFOUND, "the SQLite database has %llu pages, the file only %llu",
			(unsigned long long)n, (unsigned long long)(db->file.len / db->page_size));
		TRY(db->lost(db->ctx, true, db->file.len, &why, err));
	}
	db->n_pages = (uint32_t)MIN(n, (uint64_t)UINT32_MAX - 1);
	/* Pages that neither file nor log has are refused before they are taken. */
	return page_set_init(&db->taken, MIN(n, file_pages + db->wal.n_frames) + 1, db->arena,
			     "pages of an SQLite database", err);
}

enum status sqlite_file_open(struct sqlite_file *db, struct err *err)
{
	db->joined = (struct buf)BUF_INIT(db->row_bytes);
	db->budget = (uint64_t)db->file.len + db->log.len;
	TRY(find_log(db, err));
	return read_head(db, err);
}

void sqlite_file_close(struct sqlite_file *db)
{
	buf_fini(&db->joined);
}
