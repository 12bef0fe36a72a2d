/* SPDX-License-Identifier: Apache-2.0 */
/* err.c - filling struct err without allocation. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void free_ptr(void *pointer_to_pointer)
{
	void *p;

	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}

void close_fd(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

const char *status_text(enum status st)
{
	switch (st) {
#define STATUS(name, value, text) \
	case STATUS_##name:       \
		return text;
#include "base/status.def"
#undef STATUS
	}
	return "unknown status";
}

/* Drop the beginning of a UTF-8 sequence that a cut has left at the end. */
static void drop_half_sequence(char *text)
{
	size_t len = strlen(text), lead = len;

	while (lead > 0 && len - lead < 3 && ((uint8_t)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead > 0 && (uint8_t)text[lead - 1] >= 0xc0 &&
	    utf8_sequence(slice_make(text + lead - 1, len - lead + 1)) == 0)
		text[lead - 1] = '\0';
}

PRINTF_LIKE(5, 0)
static enum status fill(struct err *err, enum status code, int sys_errno, uint64_t offset, const char *fmt, va_list ap)
{
	/* Arguments may point into err->msg itself, so format aside. */
	char text[sizeof(err->msg)];

	if (vsnprintf(text, sizeof(text), fmt, ap) >= (int)sizeof(text))
		drop_half_sequence(text);
	err->code = code;
	err->sys_errno = sys_errno;
	err->offset = offset;
	memcpy(err->msg, text, sizeof(text));
	return code;
}

enum status err_set(struct err *err, enum status code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, 0, ERR_NO_OFFSET, fmt, ap);
	va_end(ap);
	return code;
}

enum status err_at(struct err *err, enum status code, uint64_t offset, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, 0, offset, fmt, ap);
	va_end(ap);
	return code;
}

enum status err_errno(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	enum status code = saved == ENOMEM ? STATUS_NOMEM : saved == ENOENT ? STATUS_NOTFOUND : STATUS_IO;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, saved, ERR_NO_OFFSET, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	/* Its text is constant, or the thread's own: musl, and glibc from 2.32 on. strerror_r differs between them. */
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(saved));
	return code;
}

enum status err_nomem(struct err *err, const char *what)
{
	return err_set(err, STATUS_NOMEM, "out of memory: %s", what);
}

enum status err_wrap(struct err *err, const char *fmt, ...)
{
	/* The reason matters more than the context: keep room for it. */
	char context[241], old[261];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(context, sizeof(context), fmt, ap) >= (int)sizeof(context))
		drop_half_sequence(context);
	va_end(ap);
	if (snprintf(old, sizeof(old), "%s", err->msg) >= (int)sizeof(old))
		drop_half_sequence(old);
	snprintf(err->msg, sizeof(err->msg), "%s: %s", context, old);
	return err->code;
}

/* At most 64, and no part of a character. */
static size_t quoted_bytes(struct slice bytes)
{
	size_t n = MIN(bytes.len, (size_t)64);

	for (unsigned i = 0; i < 3 && n < bytes.len && n > 0 && (bytes.ptr[n] & 0xc0) == 0x80; i++)
		n--;
	return n;
}

const char *err_slice(struct err_quote *q, struct slice bytes)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;
	size_t show = quoted_bytes(bytes);
	/* Text that is not well-formed is shown in hex as far as it is not ASCII. */
	bool plain = slice_is_utf8(slice_take(bytes, show));

	for (size_t i = 0; i < show; i++) {
		uint8_t c = bytes.ptr[i];

		/* Full; but a sequence that has begun is finished. */
		if (at + 8 >= sizeof(q->text) && !(plain && (c & 0xc0) == 0x80))
			break;
		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !plain)) {
			q->text[at++] = '\\';
			q->text[at++] = 'x';
			q->text[at++] = hex[c >> 4];
			q->text[at++] = hex[c & 15];
		} else {
			q->text[at++] = (char)c;
		}
	}
	if (show < bytes.len || at + 8 >= sizeof(q->text)) {
		memcpy(q->text + at, "...", 3);
		at += 3;
	}
	q->text[at] = '\0';
	return q->text;
}
