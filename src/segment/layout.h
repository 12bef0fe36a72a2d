/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - the bytes of a segment file (docs/formats/segment.md). Private to segment/. */
#ifndef LIMPID_SEGMENT_LAYOUT_H
#define LIMPID_SEGMENT_LAYOUT_H

#include "base/buf.h"
#include "base/cursor.h"
#include "io/digest.h"
#include "model/advisory.h"

#define LAYOUT_MAGIC "LIMPSEG1"
#define LAYOUT_HEADER_BYTES ((size_t)256)
/* How unfinished files begin; the rest of the name is random. */
#define LAYOUT_BUILDING "building"
#define LAYOUT_SUFFIX ".seg"
/* Bytes of one advisory's body, and of one row's detail. */
#define LAYOUT_BODY_MAX ((size_t)64 << 20)
/* Unpacked bytes of a block of advisory bodies, about: reading one body costs the unpacking of its block. */
#define LAYOUT_BLOCK_BYTES ((size_t)16 << 10)	/* on average; half as many at least */
#define LAYOUT_BLOCK_LONGEST ((size_t)32 << 10) /* but for a body that is longer */

enum layout_section {
	LAYOUT_META,	   /* source, feed, origin, date */
	LAYOUT_STRINGS,	   /* uvarint length and bytes, again and again; a reference is the offset of a length */
	LAYOUT_SCOPES,	   /* u32 name, u32 first key, u32 first row; sorted by name */
	LAYOUT_KEYS,	   /* u32 package name, u32 first row; sorted within a scope */
	LAYOUT_ROWS,	   /* u32 detail (a string), u32 advisory */
	LAYOUT_ADVISORIES, /* u32 id, u32 block, u32 offset and u32 length in it, u64 hash of the body; sorted by id */
	LAYOUT_BLOCKS,	   /* u64 offset in LAYOUT_BODIES, u32 packed, u32 unpacked bytes */
	LAYOUT_BODIES,	   /* zstd frames */
	LAYOUT_ALIASES,	   /* u32 id, u32 advisory; sorted by id without case, then advisory */
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
enum status layout_header_print(const struct layout_header *h, uint8_t *out, struct err *err) NODISCARD;
/* Magic, check sum, sections inside file_size, counts that fit their sections. */
enum status layout_header_parse(struct slice file, struct layout_header *out, struct err *err) NODISCARD;

/* Check sum that does not depend on the byte order of the machine (FNV-1a). */
uint64_t layout_hash(struct slice bytes, uint64_t seed);

/* Order of advisory ids: without case; those that differ in case alone by their bytes. */
int layout_id_cmp(struct slice a, struct slice b);
/* The first half of it: 0 if they are the same id. */
int layout_fold_cmp(struct slice a, struct slice b);

/* "<hex of the digest>.seg" */
struct layout_name {
	char text[136];
};
const char *layout_file_name(struct layout_name *n, const struct digest *d);

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
