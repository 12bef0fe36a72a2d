/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - the one way a call says that it failed.
 *
 * A fallible function returns enum status and takes a struct err * as its last argument. The status answers "what
 * should the caller do", the text answers "what happened": callers branch on the status only. The struct lives on
 * the caller's stack, owns nothing and is never NULL. Outputs are untouched on failure unless a header says else.
 *
 * Message style: lower case, no full stop; the object, what was expected, what was found. Bytes of the input are
 * escaped when they enter the message (%S is not available: use err_slice()).
 */
#ifndef LIMPID_BASE_ERR_H
#define LIMPID_BASE_ERR_H

#include "base/macros.h"
#include "base/slice.h"

#include <stdint.h>

enum status {
#define STATUS(name, value, text) STATUS_##name = value,
#include "base/status.def"
#undef STATUS
};

#define ERR_NO_OFFSET UINT64_MAX

struct err {
	enum status code;
	int sys_errno;   /* errno or HTTP status; 0 if neither */
	uint64_t offset; /* byte in the input the message speaks of; ERR_NO_OFFSET if none */
	char msg[512];   /* UTF-8, control bytes escaped, always NUL-terminated */
};

#define ERR_INIT { .code = STATUS_OK, .sys_errno = 0, .offset = ERR_NO_OFFSET, .msg = "" }

/* "malformed" and so on; never NULL. */
const char *status_text(enum status st);

/* Fill *err and return code, so that callers write: return err_set(err, STATUS_MALFORMED, "..."). */
enum status err_set(struct err *err, enum status code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set, with the place in the input. */
enum status err_at(struct err *err, enum status code, uint64_t offset, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* STATUS_IO (STATUS_NOMEM for ENOMEM) with the current errno; its text is appended to the message. */
enum status err_errno(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* STATUS_NOMEM, saying what could not be allocated. */
enum status err_nomem(struct err *err, const char *what);

/* Put "context: " before the message of an error that is passed on; returns err->code. */
enum status err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A buffer for one escaped, shortened quotation of input bytes in a message. */
struct err_quote {
	char text[132];
};

/* Escape and cut bytes of the input for a message: at most 64 bytes are shown. Returns q->text. */
const char *err_slice(struct err_quote *q, struct slice bytes);

/* Forward a failure unchanged. Only for functions that have nothing to release. */
#define TRY(call)                                   \
	do {                                        \
		enum status try_status_ = (call);   \
		if (try_status_ != STATUS_OK)       \
			return try_status_;         \
	} while (0)

#endif
