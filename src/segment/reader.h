/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - what verify.c and diff.c need of reader.c beyond the public interface. Private to segment/. */
#ifndef LIMPID_SEGMENT_READER_H
#define LIMPID_SEGMENT_READER_H

#include "io/file.h"
#include "segment/layout.h"
#include "segment/segment.h"

struct segment {
	struct file_map map; /* owned when path-opened */
	struct slice bytes;
	struct layout_header h;
	struct slice section[LAYOUT_SECTIONS];
	struct segment_meta meta;
	struct segment_stats stats;
	struct digest digest;
};

/* STATUS_MALFORMED, naming the part. */
enum status segment_damaged(struct err *err, const char *what);

/* Field of a table's entry; 0 past the end of its section, which the header's check rules out for entries it counts. */
static inline uint32_t segment_u32(const struct segment *s, enum layout_section i, size_t at)
{
	const uint8_t *p = s->section[i].ptr + at;

	if (at > s->section[i].len || s->section[i].len - at < 4)
		return 0;
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool segment_text(const struct segment *s, uint32_t offset, struct slice *out);

/* One entry of the table of advisories. */
struct segment_advisory_entry {
	uint32_t id, block, at, len; /* id: a text; at and len in the unpacked block */
	uint64_t hash;		     /* of the body */
};
/* advisory < stats.advisories */
void segment_advisory_entry(const struct segment *s, uint32_t advisory, struct segment_advisory_entry *out);
/* Unpack a block; the bytes lie in the arena. zstd: to be used again, or NULL. */
enum status segment_unpack(const struct segment *s, struct ZSTD_DCtx_s *zstd, uint32_t block, struct arena *arena,
			   struct slice *out, struct err *err) NODISCARD;
/* The same, kept until another block is asked for. */
enum status segment_bodies_block(struct segment_bodies *b, const struct segment *s, uint32_t block, struct slice *out,
				 struct err *err) NODISCARD;
/* The entry's part of its unpacked block. */
enum status segment_body(struct slice block, const struct segment_advisory_entry *e, struct slice *out,
			 struct err *err) NODISCARD;

/* Hash of an advisory's body; 0 for a number out of range. */
uint64_t segment_advisory_hash(const struct segment *s, uint32_t advisory);
/* A row as it is stored: its detail, and the number of the advisory. */
enum status segment_row_raw(const struct segment *s, uint32_t row, struct slice *out_detail, uint32_t *out_advisory,
			    struct err *err) NODISCARD;

#endif
