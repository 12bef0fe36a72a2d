/* SPDX-License-Identifier: Apache-2.0 */
/* base64.h - bytes as text (RFC 4648), of either alphabet. */
#ifndef LIMPID_BASE_BASE64_H
#define LIMPID_BASE_BASE64_H

#include "base/arena.h"
#include "base/buf.h"

enum base64_form {
	BASE64_URL = 1,	   /* '-' and '_' instead of '+' and '/' */
	BASE64_PADDED = 2, /* to a multiple of four by '=', as encoders of the standard alphabet do */
	BASE64_BARE = 4,   /* no '=' at all; with neither, it may be there or not */
	BASE64_LINES = 8,  /* line breaks anywhere are passed over */
};

/*
 * form: several of them. False if the text is not of that form, or memory is short. *out is the arena's, with a NUL
 * after it. Bits beyond the last byte are not looked at.
 */
bool base64_decode(struct slice text, unsigned form, struct arena *arena, struct slice *out) NODISCARD;
/* Appended. form: BASE64_URL, BASE64_PADDED. */
void base64_encode(struct slice bytes, unsigned form, struct buf *out);

#endif
