/* SPDX-License-Identifier: Apache-2.0 */
/* encoder.h - compression of a stream as it is written: the other way of codec.h. */
#ifndef LIMPID_IO_ENCODER_H
#define LIMPID_IO_ENCODER_H

#include "io/codec.h"

/* Where the bytes go. */
struct encoder_out {
	enum status (*write)(void *ctx, struct slice bytes, struct err *err);
	void *ctx; /* borrowed */
};

struct encoder;

/*
 * CODEC_PLAIN, CODEC_gzip or CODEC_zstd (with a check sum); STATUS_UNSUPPORTED for others. Equal input gives equal
 * bytes.
 */
enum status encoder_open(enum codec_id codec, const struct encoder_out *out, struct encoder **encoder,
			 struct err *err) NODISCARD;
enum status encoder_put(struct encoder *e, struct slice bytes, struct err *err) NODISCARD;
/* Write what is left. The stream is whole only after this. */
enum status encoder_finish(struct encoder *e, struct err *err) NODISCARD;
void encoder_free(struct encoder *e); /* NULL is fine */

#endif
