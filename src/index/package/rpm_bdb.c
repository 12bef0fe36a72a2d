/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_bdb.c - the pairs of a Berkeley DB hash, in the byte order of the machine that wrote it.
 *
 * Source: docs/formats/rpm.md. Buckets are chains of pages with pairs of items; a value too large for its page is a
 * chain of overflow pages. Every page belongs to one chain, so each is taken once: no circle can be walked.
 */
#include "index/package/rpm_impl.h"

#define META_BYTES 512
#define PAGE_HEAD 26
#define SPARES 32

enum page_type {
	PAGE_UNUSED = 0,	/* in a bucket: never written to */
	PAGE_HASH_UNSORTED = 2, /* before 4.6 */
	PAGE_OVERFLOW = 7,
	PAGE_HASH_META = 8,
	PAGE_HASH = 13,
};

enum item_type { ITEM_DATA = 1, ITEM_DUPLICATES = 2, ITEM_OVERFLOW = 3, ITEM_OFF_DUPLICATES = 4 };

struct db {
	struct rpm_read *r;
	struct slice file;
	bool big;
	uint32_t page_size, n_pages; /* n_pages: that the file has in full */
	uint32_t last;		     /* page, as the first one says */
	uint64_t pairs;		     /* found, lost ones included */
	uint64_t unused;	     /* buckets that were never written to */
	struct page_set taken;
};

static uint32_t u32(const struct db *db, const uint8_t *p)
{
	return db->big ? page_be32(p) : page_le32(p);
}

static uint32_t u16(const struct db *db, const uint8_t *p)
{
	return db->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint64_t offset_of(const struct db *db, uint32_t number)
{
	return (uint64_t)number * db->page_size;
}

static enum status take_page(struct db *db, uint32_t number, struct slice *out, struct err *err)
{
	if (number == 0)
		return err_set(err, STATUS_MALFORMED, "the first page of the database is in another place too");
	if (number > db->last)
		return err_set(err, STATUS_MALFORMED, "page %u does not exist: the last one is %u", number, db->last);
	if (number >= db->n_pages)
		return err_set(err, STATUS_NOTFOUND, "page %u lies behind the end of the file", number);
	if (!page_set_take(&db->taken, number))
		return err_set(err, STATUS_MALFORMED, "page %u is in two places of the database", number);
	rpm_touched(db->r, db->page_size);
	*out = slice_take(slice_from(db->file, (size_t)offset_of(db, number)), db->page_size);
	return STATUS_OK;
}

/* A value on pages of its own. What the item says of its length is not believed: rpm wrote wrong ones. */
static enum status join(struct db *db, struct slice item, struct slice *out, struct err *err)
{
	struct buf *b = &db->r->joined;
	struct slice page;

	if (item.len < 12)
		return err_set(err, STATUS_MALFORMED, "an item of %zu bytes names no overflow page", item.len);
	buf_reset(b);
	for (uint32_t next = u32(db, item.ptr + 4); next != 0; next = u32(db, page.ptr + 16)) {
		uint32_t len;

		TRY(take_page(db, next, &page, err));
		len = u16(db, page.ptr + 22);
		if (page.ptr[25] != PAGE_OVERFLOW || len > db->page_size - PAGE_HEAD)
			return err_set(err, STATUS_MALFORMED, "page %u is no overflow page", next);
		buf_add(b, slice_make(page.ptr + PAGE_HEAD, len));
		TRY(buf_check(b, "rpm header", err));
	}
	*out = buf_slice(b);
	return STATUS_OK;
}

/* Several values of one key in one item, each between two copies of its length. rpm makes none. */
static enum status read_duplicates(struct db *db, struct slice item, uint64_t offset, struct err *err)
{
	struct err why = ERR_INIT;

	for (struct slice rest = slice_from(item, 1); rest.len > 0;) {
		uint32_t len = rest.len >= 4 ? u16(db, rest.ptr) : 0;

		if (rest.len < 4 || len > rest.len - 4) {
			err_set(&why, STATUS_MALFORMED, "duplicates run out of their item");
			return rpm_lost(db->r, offset, &why, err);
		}
		TRY(rpm_record(db->r, slice_make(rest.ptr + 2, len), offset, err));
		rest = slice_from(rest, (size_t)len + 4);
	}
	return STATUS_OK;
}

/* The entry with key 0 holds the highest key, no package. */
static bool is_counter(struct slice key)
{
	static const uint8_t zero[4] = { 0 };

	return key.ptr[0] == ITEM_DATA && slice_eq(slice_from(key, 1), slice_make(zero, sizeof(zero)));
}

static enum status read_pair(struct db *db, struct slice key, struct slice value, uint64_t offset, struct err *err)
{
	struct err why = ERR_INIT;
	struct slice header;

	db->pairs++;
	if (is_counter(key))
		return STATUS_OK;
	switch (value.ptr[0]) {
	case ITEM_DATA:
		return rpm_record(db->r, slice_from(value, 1), offset, err);
	case ITEM_OVERFLOW:
		if (join(db, value, &header, &why) != STATUS_OK)
			return rpm_lost(db->r, offset, &why, err);
		return rpm_record(db->r, header, offset, err);
	case ITEM_DUPLICATES:
		return read_duplicates(db, value, offset, err);
	case ITEM_OFF_DUPLICATES:
		err_set(&why, STATUS_UNSUPPORTED, "a key with a tree of values, which rpm never makes");
		return rpm_lost(db->r, offset, &why, err);
	default:
		err_set(&why, STATUS_MALFORMED, "an item of unknown type %u", value.ptr[0]);
		return rpm_lost(db->r, offset, &why, err);
	}
}

/* Items lie one below the other from the end of the page; each begins with its type. */
static bool item_at(const struct db *db, struct slice page, uint32_t n_items, uint32_t i, struct slice *out)
{
	const uint8_t *index = page.ptr + PAGE_HEAD + (size_t)i * 2;
	size_t begin = u16(db, index), end = i > 0 ? u16(db, index - 2) : page.len;

	/* A page of 64 KiB: its end is no 16-bit number, its items are. */
	if (begin < PAGE_HEAD + (size_t)n_items * 2 || begin >= end || end > page.len)
		return false;
	*out = slice_make(page.ptr + begin, end - begin);
	return true;
}

/* The page's own word on where its lowest item begins must fit the items: else it has, or had, others. */
static bool is_filled(const struct db *db, struct slice page, uint32_t n)
{
	uint32_t low = db->page_size & 0xffff, item;

	for (uint32_t i = 0; i < n; i++) {
		item = u16(db, page.ptr + PAGE_HEAD + (size_t)i * 2);
		low = i == 0 ? item : MIN(low, item);
	}
	return low == u16(db, page.ptr + 22);
}

static enum status read_items(struct db *db, struct slice page, uint32_t number, struct err *err)
{
	uint32_t n = u16(db, page.ptr + 20);
	struct err why = ERR_INIT;
	struct slice key, value;

	if (n % 2 != 0 || PAGE_HEAD + (size_t)n * 2 > page.len) {
		err_set(&why, STATUS_MALFORMED, "page %u says it has %u items", number, n);
		return rpm_lost_part(db->r, offset_of(db, number), &why, err);
	}
	if (!is_filled(db, page, n)) {
		err_set(&why, STATUS_MALFORMED, "page %u has other items than the %u it says", number, n);
		TRY(rpm_lost_part(db->r, offset_of(db, number), &why, err));
	}
	for (uint32_t i = 0; i < n; i += 2) {
		if (item_at(db, page, n, i, &key) && item_at(db, page, n, i + 1, &value)) {
			uint64_t at = offset_of(db, number) + (uint64_t)(value.ptr - page.ptr);

			TRY(read_pair(db, key, value, at, err));
		} else {
			db->pairs++;
			err_set(&why, STATUS_MALFORMED, "item %u of page %u lies outside the page", i, number);
			TRY(rpm_lost(db->r, offset_of(db, number), &why, err));
		}
	}
	return STATUS_OK;
}

static enum status read_bucket(struct db *db, uint32_t number, struct err *err)
{
	uint64_t from = offset_of(db, number);
	struct err why = ERR_INIT;
	struct slice page;
	uint32_t next = number;

	do {
		enum status st = take_page(db, next, &page, &why);

		if (st == STATUS_OK && page.ptr[25] == PAGE_UNUSED && next == number) {
			db->unused++;
			return STATUS_OK;
		}
		if (st == STATUS_OK && page.ptr[25] != PAGE_HASH && page.ptr[25] != PAGE_HASH_UNSORTED)
			st = err_set(&why, STATUS_MALFORMED, "page %u is no page of a hash: its type is %u", next,
				     page.ptr[25]);
		if (st != STATUS_OK) {
			(void)err_wrap(&why, "a bucket breaks off");
			return rpm_lost_part(db->r, from, &why, err);
		}
		TRY(read_items(db, page, next, err));
		from = offset_of(db, next);
		next = u32(db, page.ptr + 16);
	} while (next != 0);
	return STATUS_OK;
}

/*
 * Bucket b begins on page b + spares[number of bits of b]: the buckets of one number of bits lie side by side. Those
 * behind the end of the file are counted, not walked.
 */
static enum status read_buckets(struct db *db, uint32_t max_bucket, const uint32_t *spares, struct err *err)
{
	uint64_t lost = 0;

	for (unsigned bits = 0; bits < SPARES; bits++) {
		uint64_t first = bits > 0 ? UINT64_C(1) << (bits - 1) : 0;
		uint64_t last = MIN((UINT64_C(1) << bits) - 1, (uint64_t)max_bucket);
		uint64_t end;

		if (first > max_bucket)
			break;
		/* Page numbers wrap like the 32-bit numbers they are. */
		for (uint64_t b = first; b <= last; b++) {
			uint32_t page = (uint32_t)b + spares[bits];

			if (page >= db->n_pages) {
				end = MIN(last + 1, b + (UINT64_C(1) << 32) - page);
				lost += end - b;
				b = end - 1;
				continue;
			}
			TRY(read_bucket(db, page, err));
		}
	}
	if (lost > 0) {
		db->r->cut = true;
		told_emit(&db->r->told, DIAG_TRUNCATED, db->file.len,
			  "%llu of %llu buckets of the Berkeley DB lie behind the end of the file",
			  (unsigned long long)lost, (unsigned long long)max_bucket + 1);
	}
	return STATUS_OK;
}

/* Pages with items that no bucket led to: their packages are lost. */
static enum status find_lost_pages(struct db *db, struct err *err)
{
	uint32_t lost = 0, first = 0;
	struct err why = ERR_INIT;

	for (uint32_t number = 1; number < db->n_pages; number++) {
		const uint8_t *page = db->file.ptr + offset_of(db, number);

		if (!page_set_take(&db->taken, number))
			continue;
		rpm_touched(db->r, db->page_size);
		if ((page[25] != PAGE_HASH && page[25] != PAGE_HASH_UNSORTED) || u16(db, page + 20) == 0)
			continue;
		if (lost++ == 0)
			first = number;
	}
	if (lost == 0)
		return STATUS_OK;
	err_set(&why, STATUS_MALFORMED, "%u pages with items are in no bucket", lost);
	return rpm_lost_part(db->r, offset_of(db, first), &why, err);
}

static enum status open_db(struct db *db, struct err *err)
{
	struct rpm_read *r = db->r;
	const uint8_t *meta = db->file.ptr;
	uint32_t version;

	if (db->file.len < META_BYTES)
		return err_at(err, STATUS_MALFORMED, db->file.len, "the Berkeley DB ends in its header");
	db->big = meta[12] == 0; /* 0x00061561 */
	version = u32(db, meta + 16);
	if (version < 5 || version > 10)
		return err_at(err, STATUS_UNSUPPORTED, 16,
			      "the rpm database is a Berkeley DB hash of version %u, which is not known", version);
	if (meta[24] != 0 || (meta[26] & 1) != 0)
		return err_at(err, STATUS_UNSUPPORTED, 24, "the rpm database is a Berkeley DB with %s",
			      meta[24] != 0 ? "encryption" : "checksums");
	db->page_size = u32(db, meta + 20);
	if (db->page_size < 512 || db->page_size > 65536 || (db->page_size & (db->page_size - 1)) != 0)
		return err_at(err, STATUS_MALFORMED, 20, "the Berkeley DB has pages of %u bytes", db->page_size);
	if (meta[25] != PAGE_HASH_META)
		return err_at(err, STATUS_MALFORMED, 25, "the first page of the Berkeley DB is of type %u", meta[25]);
	db->n_pages = (uint32_t)(db->file.len / db->page_size);
	db->last = u32(db, meta + 32);
	if (db->last >= db->n_pages) {
		r->cut = true;
		told_emit(&r->told, DIAG_TRUNCATED, db->file.len, "the Berkeley DB has %llu pages, the file only %u",
			  (unsigned long long)db->last + 1, db->n_pages);
	}
	return page_set_init(&db->taken, db->n_pages, r->env->arena, "pages of an rpm database", err);
}

enum status rpm_bdb_read(struct rpm_read *r, struct err *err)
{
	struct db db = { .r = r, .file = r->file->bytes };
	uint32_t spares[SPARES], expected;

	TRY(open_db(&db, err));
	for (size_t i = 0; i < SPARES; i++)
		spares[i] = u32(&db, db.file.ptr + 96 + i * 4);
	TRY(read_buckets(&db, u32(&db, db.file.ptr + 72), spares, err));
	TRY(find_lost_pages(&db, err));
	/* The count alone is not exact after a crash; with a blank page beside it, something is gone. */
	expected = u32(&db, db.file.ptr + 88);
	if (db.unused > 0 && db.pairs < expected)
		told_emit(&r->told, DIAG_RECORD, ERR_NO_OFFSET,
			  "the Berkeley DB counts %u entries, %llu were found: %llu of its buckets are blank", expected,
			  (unsigned long long)db.pairs, (unsigned long long)db.unused);
	return STATUS_OK;
}
