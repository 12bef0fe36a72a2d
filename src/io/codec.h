/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.h - decompression, recognised by the first bytes, never by a name or media type.
 *
 * Multi-member gzip, multi-frame zstd (skippable frames too), concatenated xz and bzip2 and trailing zero padding are
 * read as the formats' own tools do. A truncated stream, a wrong check sum and noise after the stream are
 * STATUS_MALFORMED with the offset in the compressed bytes. The caps layer_bytes, layer_ratio and layer_ratio_floor of
 * struct limits give STATUS_LIMIT. Bytes decoded before the failure have been handed out.
 */
#ifndef LIMPID_IO_CODEC_H
#define LIMPID_IO_CODEC_H

#include "io/source.h"

enum codec_id {
	CODEC_PLAIN, /* none recognised: bytes as they are */
#define CODEC(name, what) CODEC_##name,
#include "io/codecs.def"
#undef CODEC
	CODEC_COUNT
};

struct codec {
	const char *name; /* "gzip" */
	/* True if the stream begins so; head holds up to 16 bytes. */
	bool (*claims)(struct slice head);
	/* A decoding source over inner, which it owns even on failure. turn_fd: as for codec_open_in_turn(). */
	struct source *(*open)(struct source *inner, int turn_fd);
};

/* "plain", "gzip", "zstd", "xz", "bzip2" */
const char *codec_name(enum codec_id id);

/*
 * Sniff inner and give a source of decoded bytes (of the same bytes for CODEC_PLAIN). Owns inner, even on failure.
 * limits is borrowed and must outlive the source.
 */
enum status codec_open(struct source *inner, const struct limits *limits, enum codec_id *out_codec, struct source **out,
		       struct err *err) NODISCARD;
/*
 * The same where several processes decode at once. A stream that needs more than CODEC_MEMORY_FREE to be decoded (up to
 * 160 MiB) waits until no other one does, on turn_fd (io/turn.h, borrowed), and has its turn until it is closed.
 */
#define CODEC_MEMORY_FREE ((uint64_t)16 << 20)
enum status codec_open_in_turn(struct source *inner, const struct limits *limits, int turn_fd, enum codec_id *out_codec,
			       struct source **out, struct err *err) NODISCARD;

#endif
