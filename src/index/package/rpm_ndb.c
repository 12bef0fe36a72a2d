/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm_ndb.c - rpm's own database format: pages of slots that say where each header lies. Always little-endian.
 *
 * Source: docs/formats/rpm.md.
 */
#include "index/package/rpm_impl.h"

#include <isa-l/igzip_lib.h>

#define FILE_HEAD 32
#define SLOT_PAGE 4096
#define SLOT 16
#define BLOCK 16
#define BLOB_HEAD 16
#define BLOB_TAIL 12

struct slot {
	uint32_t package, block, n_blocks;
};

/* The blob that a slot points to, as far as its ends say. */
static enum status find_blob(struct slice file, const struct slot *slot, struct slice *out, struct err *err)
{
	struct slice blob;
	uint64_t begin = (uint64_t)slot->block * BLOCK, len = (uint64_t)slot->n_blocks * BLOCK;
	const uint8_t *tail;
	uint32_t bytes;

	if (begin > file.len || len > file.len - begin)
		return err_set(err, STATUS_NOTFOUND, "package %u lies behind the end of the file", slot->package);
	if (len < BLOB_HEAD + BLOB_TAIL)
		return err_set(err, STATUS_MALFORMED, "package %u has no room for a header", slot->package);
	blob = slice_take(slice_from(file, (size_t)begin), (size_t)len);
	tail = blob.ptr + blob.len - BLOB_TAIL;
	bytes = page_le32(blob.ptr + 12);
	if (memcmp(blob.ptr, "BlbS", 4) != 0 || memcmp(tail + 8, "BlbE", 4) != 0)
		return err_set(err, STATUS_MALFORMED, "package %u is not where its slot says", slot->package);
	if (page_le32(blob.ptr + 4) != slot->package)
		return err_set(err, STATUS_MALFORMED, "package %u: its place holds package %u", slot->package,
			       page_le32(blob.ptr + 4));
	if (bytes > blob.len - BLOB_HEAD - BLOB_TAIL || bytes != page_le32(tail + 4))
		return err_set(err, STATUS_MALFORMED, "package %u: %u bytes do not fit into its %u blocks",
			       slot->package, bytes, slot->n_blocks);
	*out = blob;
	return STATUS_OK;
}

static enum status read_slot(struct rpm_read *r, size_t at, struct err *err)
{
	const uint8_t *p = r->file->bytes.ptr + at;
	struct slot slot = { page_le32(p + 4), page_le32(p + 8), page_le32(p + 12) };
	struct slice blob;
	struct err why = ERR_INIT;

	if (memcmp(p, "Slot", 4) != 0) {
		err_set(&why, STATUS_MALFORMED, "a slot without its mark");
		return rpm_lost_part(r, at, &why, err);
	}
	if (slot.block == 0 && slot.package == 0 && slot.n_blocks == 0)
		return STATUS_OK; /* free */
	if (slot.block == 0) {
		err_set(&why, STATUS_MALFORMED, "package %u is said to lie in the head of the file", slot.package);
		return rpm_lost(r, at, &why, err);
	}
	if (find_blob(r->file->bytes, &slot, &blob, &why) != STATUS_OK)
		return rpm_lost(r, at, &why, err);
	TRY(rpm_spend(r, blob.len, err));
	rpm_touched(r, blob.len);
	if (isal_adler32(1, blob.ptr, blob.len - BLOB_TAIL) != page_le32(blob.ptr + blob.len - BLOB_TAIL)) {
		err_set(&why, STATUS_MALFORMED, "package %u: the checksum is wrong", slot.package);
		return rpm_lost(r, at, &why, err);
	}
	return rpm_record(r, slice_take(slice_from(blob, BLOB_HEAD), page_le32(blob.ptr + 12)),
			  (uint64_t)slot.block * BLOCK, err);
}

enum status rpm_ndb_read(struct rpm_read *r, struct err *err)
{
	struct slice file = r->file->bytes;
	uint64_t end;
	uint32_t version;

	if (file.len < FILE_HEAD)
		return err_at(err, STATUS_MALFORMED, file.len, "the NDB database ends in its header");
	version = page_le32(file.ptr + 4);
	if (version != 0)
		return err_at(err, STATUS_UNSUPPORTED, 4, "the rpm database is NDB of version %u, which is not known",
			      version);
	end = (uint64_t)page_le32(file.ptr + 12) * SLOT_PAGE;
	if (end == 0)
		return err_at(err, STATUS_MALFORMED, 12, "the NDB database has no slots");
	if (end > file.len) {
		told_emit(&r->told, DIAG_TRUNCATED, file.len,
			  "the NDB database ends in its slots: they have %llu bytes, the file %zu",
			  (unsigned long long)end, file.len);
		end = file.len;
		r->cut = true;
	}
	/* The first two slots are the head of the file. */
	for (size_t at = FILE_HEAD; at + SLOT <= end; at += SLOT) {
		rpm_touched(r, SLOT);
		TRY(read_slot(r, at, err));
	}
	return STATUS_OK;
}
