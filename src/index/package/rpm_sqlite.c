/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_sqlite.c - the rows of table Packages of an SQLite database, with what its write-ahead log adds.
 *
 * Source: the SQLite documentation, "Database File Format". Why not the library: docs/adr/0010-rpm-sqlite.md. Every
 * page belongs to one place, so each is taken once: no circle can be walked, and no page twice.
 */
#include "index/package/rpm_impl.h"

#define FILE_HEAD 100
#define DEPTH_MAX 20 /* SQLite's own limit */

enum page_type { INTERIOR_INDEX = 2, INTERIOR_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };

struct db {
	struct rpm_read *r;
	struct slice file;
	uint32_t page_size, usable;
	uint32_t n_pages;
	struct rpm_wal wal;
	struct rpm_pages taken;
};

/* A page of a b-tree. */
struct node {
	struct slice page;
	uint32_t number;
	size_t head; /* of the b-tree within the page: 100 on page 1 */
	uint8_t type;
	uint32_t n_cells;
};

static uint32_t be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* ---- pages ---- */

/* Of the database file, or of the page if at lies outside of it; there is none where the page comes from the log. */
static uint64_t offset_of(const struct db *db, uint32_t number, size_t at)
{
	struct slice unused;

	if (rpm_wal_page(&db->wal, number, &unused))
		return ERR_NO_OFFSET;
	return (uint64_t)(number - 1) * db->page_size + (at < db->page_size ? at : 0);
}

static enum status look_at_page(const struct db *db, uint32_t number, struct slice *out, struct err *err)
{
	uint64_t begin;

	if (rpm_wal_page(&db->wal, number, out))
		return STATUS_OK;
	begin = (uint64_t)(number - 1) * db->page_size;
	if (number == 0 || begin > db->file.len || db->file.len - begin < db->page_size)
		return err_set(err, STATUS_NOTFOUND, "page %u lies behind the end of the file", number);
	*out = slice_take(slice_from(db->file, (size_t)begin), db->page_size);
	return STATUS_OK;
}

static enum status take_page(struct db *db, uint32_t number, struct slice *out, struct err *err)
{
	if (number == 0 || number > db->n_pages)
		return err_set(err, STATUS_MALFORMED, "page %u does not exist: the database has %u", number,
			       db->n_pages);
	TRY(look_at_page(db, number, out, err));
	if (!rpm_pages_take(&db->taken, number))
		return err_set(err, STATUS_MALFORMED, "page %u is in two places of the database", number);
	rpm_touched(db->r, db->page_size);
	return STATUS_OK;
}

/* Overflow pages of a payload, appended to joined until it has all. */
static enum status join(struct db *db, uint32_t next, uint64_t size, struct err *err)
{
	struct buf *b = &db->r->joined;
	struct slice page;

	while (b->len < size) {
		TRY(take_page(db, next, &page, err));
		next = rpm_be32(page.ptr);
		buf_add(b, slice_take(slice_make(page.ptr + 4, db->usable - 4), (size_t)(size - b->len)));
		TRY(buf_check(b, "rpm header", err));
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
static uint32_t local_bytes(const struct db *db, uint64_t size)
{
	uint32_t max = db->usable - 35, min = (db->usable - 12) * 32 / 255 - 23;
	uint64_t local;

	if (size <= max)
		return (uint32_t)size;
	local = min + (size - min) % (db->usable - 4);
	return local > max ? min : (uint32_t)local;
}

/* The payload of a cell of a table's leaf; a damaged one is a failure. */
static enum status read_payload(struct db *db, const struct node *n, size_t at, struct slice *out, struct err *err)
{
	struct cursor c = cursor_at(slice_take(n->page, db->usable), at);
	uint64_t size, rowid;
	struct slice here, next;
	uint32_t local;

	if (!take_varint(&c, &size) || !take_varint(&c, &rowid))
		return err_set(err, STATUS_MALFORMED, "a row runs out of page %u", n->number);
	if (size > RPM_HEADER_BYTES)
		return err_set(err, STATUS_LIMIT, "row %llu has %llu bytes; at most %zu are read",
			       (unsigned long long)rowid, (unsigned long long)size, RPM_HEADER_BYTES);
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
	buf_reset(&db->r->joined);
	buf_add(&db->r->joined, here);
	TRY(buf_check(&db->r->joined, "rpm header", err));
	if (join(db, rpm_be32(next.ptr), size, err) != STATUS_OK)
		return err_wrap(err, "row %llu", (unsigned long long)rowid);
	*out = buf_slice(&db->r->joined);
	return STATUS_OK;
}

/* The next column: its serial type and its bytes. */
struct row {
	struct cursor types;
	struct cursor values;
};

static bool open_row(struct slice payload, struct row *row)
{
	struct cursor c = cursor_at(payload, 0);
	uint64_t head;

	if (!take_varint(&c, &head) || head < c.pos || head > payload.len)
		return false;
	row->types = cursor_at(slice_take(payload, (size_t)head), c.pos);
	row->values = cursor_at(payload, (size_t)head);
	return true;
}

static bool next_column(struct row *row, uint64_t *type, struct slice *value)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };
	uint64_t size;

	if (!take_varint(&row->types, type))
		return false;
	size = *type < ARRAY_LEN(sizes) ? sizes[*type] : (*type - 12) / 2;
	return size <= cursor_left(&row->values) && cursor_take(&row->values, (size_t)size, value);
}

static bool is_blob(uint64_t type)
{
	return type >= 12 && type % 2 == 0;
}

static bool is_text(uint64_t type)
{
	return type >= 13 && type % 2 == 1;
}

/* ---- tables ---- */

typedef enum status (*row_fn)(struct db *db, struct slice payload, uint64_t offset, void *ctx, struct err *err);

static enum status open_node(struct db *db, uint32_t number, struct node *n, struct err *err)
{
	size_t head_bytes;

	*n = (struct node){ .number = number, .head = number == 1 ? FILE_HEAD : 0 };
	TRY(take_page(db, number, &n->page, err));
	n->type = n->page.ptr[n->head];
	n->n_cells = be16(n->page.ptr + n->head + 3);
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
	return be16(n->page.ptr + n->head + (n->type == INTERIOR_TABLE ? 12 : 8) + (size_t)i * 2);
}

/* Bytes of the cell at `at`, 0 if it has no end in its page. */
static uint32_t cell_bytes(const struct db *db, const struct node *n, size_t at)
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
static bool is_accounted_for(const struct db *db, const struct node *n)
{
	const uint8_t *head = n->page.ptr + n->head;
	uint64_t used = head[7];
	uint32_t content = be16(head + 5) == 0 ? 65536 : be16(head + 5);

	for (uint32_t i = 0; i < n->n_cells; i++)
		used += cell_bytes(db, n, cell_at(n, i));
	/* Free blocks lie in the order of their places, at least four bytes apart. */
	for (uint32_t at = be16(head + 1), last = 0; at > last && at + 4 <= db->usable; at = be16(n->page.ptr + at)) {
		used += be16(n->page.ptr + at + 2);
		last = at;
	}
	return content + used == db->usable;
}

static enum status read_leaf(struct db *db, const struct node *n, row_fn each, void *ctx, struct err *err)
{
	for (uint32_t i = 0; i < n->n_cells; i++) {
		size_t at = cell_at(n, i);
		uint64_t offset = offset_of(db, n->number, at);
		struct err why = ERR_INIT;
		struct slice payload;

		if (read_payload(db, n, at, &payload, &why) != STATUS_OK) {
			TRY(rpm_lost(db->r, offset, &why, err));
			continue;
		}
		TRY(rpm_spend(db->r, payload.len, err));
		TRY(each(db, payload, offset, ctx, err));
	}
	return STATUS_OK;
}

/* The i-th child of an interior page; the last one stands in its head. False if the cell lies outside the page. */
static bool child_of(const struct db *db, const struct node *n, uint32_t i, uint32_t *out)
{
	size_t at = i < n->n_cells ? cell_at(n, i) : n->head + 8;

	if (at + 4 > db->usable)
		return false;
	*out = rpm_be32(n->page.ptr + at);
	return true;
}

static enum status check_space(struct db *db, const struct node *n, struct err *err)
{
	struct err why = ERR_INIT;

	if (is_accounted_for(db, n))
		return STATUS_OK;
	err_set(&why, STATUS_MALFORMED, "page %u has other cells than the %u it says", n->number, n->n_cells);
	return rpm_lost_part(db->r, offset_of(db, n->number, 0), &why, err);
}

static enum status lost_page(struct db *db, const struct node *parent, const struct err *why, struct err *err)
{
	return rpm_lost_part(db->r, offset_of(db, parent->number, 0), why, err);
}

/* All rows in the order of their ids. The root is taken already. */
static enum status walk_table(struct db *db, const struct node *root, row_fn each, void *ctx, struct err *err)
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

/* ---- the schema and table Packages ---- */

/* sqlite_schema (type, name, tbl_name, rootpage, sql) */
static enum status on_schema(struct db *db, struct slice payload, uint64_t offset, void *ctx, struct err *err)
{
	uint32_t *root = ctx;
	struct row row;
	uint64_t types[4];
	struct slice values[4];
	uint64_t number = 0;

	(void)db;
	(void)offset;
	(void)err;
	if (!open_row(payload, &row))
		return STATUS_OK;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (!next_column(&row, &types[i], &values[i]))
			return STATUS_OK;
	if (*root != 0 || !is_text(types[0]) || !slice_eq(values[0], SLICE("table")) || !is_text(types[1]) ||
	    !slice_eq_nocase(values[1], SLICE("Packages")))
		return STATUS_OK;
	if (types[3] == 9)
		number = 1;
	for (size_t i = 0; types[3] <= 6 && i < values[3].len; i++)
		number = number << 8 | values[3].ptr[i];
	*root = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
	return STATUS_OK;
}

/* Packages (hnum INTEGER PRIMARY KEY, blob BLOB): the key stands in the cell, its column is NULL. */
static enum status on_package(struct db *db, struct slice payload, uint64_t offset, void *ctx, struct err *err)
{
	struct err why = ERR_INIT;
	struct row row;
	uint64_t type;
	struct slice value;

	(void)ctx;
	if (open_row(payload, &row))
		while (next_column(&row, &type, &value))
			if (is_blob(type))
				return rpm_record(db->r, value, offset, err);
	err_set(&why, STATUS_MALFORMED, "a row of table Packages has no header in it");
	return rpm_lost(db->r, offset, &why, err);
}

static enum status open_db(struct db *db, struct err *err)
{
	struct rpm_read *r = db->r;
	const uint8_t *head = db->file.ptr;
	uint64_t file_pages;
	const char *why_not;

	if (db->file.len < FILE_HEAD)
		return err_at(err, STATUS_MALFORMED, db->file.len, "the SQLite database ends in its header");
	db->page_size = be16(head + 16) == 1 ? 65536 : be16(head + 16);
	if (db->page_size < 512 || (db->page_size & (db->page_size - 1)) != 0)
		return err_at(err, STATUS_MALFORMED, 16, "the SQLite database has pages of %u bytes", db->page_size);
	file_pages = db->file.len / db->page_size;
	TRY(rpm_wal_index(r, db->page_size, file_pages, &db->wal, &why_not, err));
	if (why_not)
		told_emit(&r->told, DIAG_FIELD, ERR_NO_OFFSET,
			  "the database's write-ahead log does not count, as for SQLite: %s", why_not);
	return STATUS_OK;
}

/* The head as it is after the log: how large, how encoded. */
static enum status read_head(struct db *db, struct err *err)
{
	struct rpm_read *r = db->r;
	uint64_t file_pages = (db->file.len + db->page_size - 1) / db->page_size, n;
	struct slice page;

	TRY(look_at_page(db, 1, &page, err));
	if (memcmp(page.ptr, "SQLite format 3", 16) != 0)
		return err_set(err, STATUS_MALFORMED, "the write-ahead log's first page is no SQLite database");
	db->usable = db->page_size - page.ptr[20];
	if (db->usable < 480)
		return err_at(err, STATUS_MALFORMED, 20, "the SQLite database reserves %u bytes of each page",
			      page.ptr[20]);
	if (rpm_be32(page.ptr + 56) > 1)
		return err_at(err, STATUS_UNSUPPORTED, 56, "the rpm database has texts in UTF-16");
	/* Old writers do not keep the size; then it is the file's. */
	n = rpm_be32(page.ptr + 28);
	if (n == 0 || memcmp(page.ptr + 24, page.ptr + 92, 4) != 0)
		n = file_pages;
	if (db->wal.n_pages > 0) {
		n = db->wal.n_pages;
	} else if (n > db->file.len / db->page_size) {
		r->cut = true;
		told_emit(&r->told, DIAG_TRUNCATED, db->file.len,
			  "the SQLite database has %llu pages, the file only %llu", (unsigned long long)n,
			  (unsigned long long)(db->file.len / db->page_size));
	}
	db->n_pages = (uint32_t)MIN(n, (uint64_t)UINT32_MAX - 1);
	/* Pages that neither file nor log has are refused before they are taken. */
	return rpm_pages_init(&db->taken, MIN(n, file_pages + db->wal.n_frames) + 1, r->env->arena, err);
}

enum status rpm_sqlite_read(struct rpm_read *r, struct err *err)
{
	struct db db = { .r = r, .file = r->file->bytes };
	struct node node;
	uint32_t root = 0;

	TRY(open_db(&db, err));
	TRY(read_head(&db, err));
	TRY(open_node(&db, 1, &node, err));
	TRY(walk_table(&db, &node, on_schema, &root, err));
	if (root == 0)
		return err_set(err, STATUS_MALFORMED, "an SQLite database without a table Packages is no rpm database");
	TRY(open_node(&db, root, &node, err));
	return walk_table(&db, &node, on_package, NULL, err);
}
