/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - the bytes of a segment file (docs/formats/segment.md). Private to segment/. */
#ifndef LIMPID_SEGMENT_LAYOUT_H
#define LIMPID_SEGMENT_LAYOUT_H

#include "base/buf.h"
#include "base/cursor.h"
#include "model/advisory.h"

#define LAYOUT_MAGIC "LIMPSEG1"
#define LAYOUT_HEADER_BYTES ((size_t)256)
/* Unpacked bytes of a block of advisory bodies, about: reading one body costs the unpacking of its block. */
#define LAYOUT_BLOCK_BYTES ((size_t)16 << 10)

enum layout_section {
	LAYOUT_META,       /* source, feed, origin, date */
	LAYOUT_STRINGS,    /* uvarint length and bytes, again and again; a reference is the offset of a length */
	LAYOUT_SCOPES,     /* u32 name, u32 first key, u32 first row; sorted by name */
	LAYOUT_KEYS,       /* u32 package name, u32 first row; sorted within a scope */
	LAYOUT_ROWS,       /* u32 detail (a string), u32 advisory */
	LAYOUT_ADVISORIES, /* u32 id, u32 block, u32 offset and u32 length in it, u64 hash of the body; sorted by id */
	LAYOUT_BLOCKS,     /* u64 offset from here, u32 packed, u32 unpacked bytes; then the zstd frames */
	LAYOUT_ALIASES,    /* u32 id, u32 advisory; sorted by id without case */
	LAYOUT_SECTIONS
};

#define LAYOUT_SCOPE_BYTES 12u
#define LAYOUT_KEY_BYTES 8u
#define LAYOUT_ROW_BYTES 8u
#define LAYOUT_ADVISORY_BYTES 24u
#define LAYOUT_BLOCK_ENTRY_BYTES 16u
#define LAYOUT_ALIAS_BYTES 8u

struct layout_header {
	uint64_t file_size;
	struct {
		uint64_t offset, len;
	} section[LAYOUT_SECTIONS];
	uint32_t scopes, keys, rows, advisories, blocks, aliases;
};

/* LAYOUT_HEADER_BYTES bytes. */
void layout_header_print(const struct layout_header *h, uint8_t *out);
/* Magic, check sum, sections inside file_size, counts that fit their sections. */
enum status layout_header_parse(struct slice file, struct layout_header *out, struct err *err) NODISCARD;

/* Check sum that does not depend on the byte order of the machine (FNV-1a). */
uint64_t layout_hash(struct slice bytes, uint64_t seed);

void layout_u32(struct buf *b, uint32_t v);
void layout_u64(struct buf *b, uint64_t v);
void layout_uvarint(struct buf *b, uint64_t v);
void layout_text(struct buf *b, struct slice s);
bool layout_take_text(struct cursor *c, struct slice *out);

/* A row's detail: everything of `affected` but scope and package. */
void layout_put_detail(struct buf *b, const struct affected *a);
/* Texts are borrowed from detail, arrays lie in the arena. */
enum status layout_take_detail(struct slice detail, struct arena *arena, struct affected *out,
			       struct err *err) NODISCARD;

/* A body: everything of an advisory but its id and its rows. */
void layout_put_body(struct buf *b, const struct advisory *a);
/* Texts are borrowed from body, arrays lie in the arena. */
enum status layout_take_body(struct slice body, struct arena *arena, struct advisory *out, struct err *err) NODISCARD;

#endif
