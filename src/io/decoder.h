/* SPDX-License-Identifier: Apache-2.0 */
/* decoder.h - the input side that all decompressing sources share. Private to io/. */
#ifndef LIMPID_IO_DECODER_H
#define LIMPID_IO_DECODER_H

#include "io/codec.h"

#define DECODER_INPUT_BYTES ((size_t)128 << 10)

struct decoder_input {
	struct source *inner; /* owned */
	uint8_t *buf;	      /* owned, DECODER_INPUT_BYTES */
	size_t at, len;	      /* unread bytes are buf[at..len) */
	bool ended;	      /* inner has no more */
	int turn_fd;	      /* borrowed, or -1 */
	bool in_turn;
};

/* Takes inner over, even on failure. */
bool decoder_input_init(struct decoder_input *in, struct source *inner, int turn_fd) NODISCARD;
void decoder_input_fini(struct decoder_input *in);
/* Make sure that there is at least one unread byte, unless the stream has ended. */
enum status decoder_input_fill(struct decoder_input *in, struct err *err) NODISCARD;
/* As many unread bytes as want (small), or all there are. */
enum status decoder_input_more(struct decoder_input *in, size_t want, struct err *err) NODISCARD;
/* Before memory is taken: waits if that much is too much for several at once. */
void decoder_input_wait(struct decoder_input *in, uint64_t memory);
/* Pass over zero bytes, and say if there were any. */
enum status decoder_input_skip_zeros(struct decoder_input *in, bool *out_any, struct err *err) NODISCARD;
/* Offset of the next unread byte in the compressed stream. */
uint64_t decoder_input_offset(const struct decoder_input *in);

/*
 * What a decoder's read returns when st came together with n decoded bytes: the bytes first, the failure with the
 * next read.
 */
enum status decoder_hand_out(struct source *s, enum status st, size_t n, const struct err *err) NODISCARD;

#define CODEC(name, what) extern const struct codec codec_##name;
#include "io/codecs.def"
#undef CODEC

#endif
