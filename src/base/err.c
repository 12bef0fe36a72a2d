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

PRINTF_LIKE(5, 0)
static enum status fill(struct err *err, enum status code, int sys_errno, uint64_t offset, const char *fmt, va_list ap)
{
	/* Arguments may point into err->msg itself, so format aside. */
	char text[sizeof(err->msg)];

	vsnprintf(text, sizeof(text), fmt, ap);
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
	char reason[96];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, saved, ERR_NO_OFFSET, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror_r(saved, reason, sizeof(reason)));
	return code;
}

enum status err_nomem(struct err *err, const char *what)
{
	return err_set(err, STATUS_NOMEM, "out of memory: %s", what);
}

enum status err_wrap(struct err *err, const char *fmt, ...)
{
	char context[sizeof(err->msg)], old[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	memcpy(old, err->msg, sizeof(old));
	/* The reason matters more than the context: keep room for it. */
	snprintf(err->msg, sizeof(err->msg), "%.*s: %.*s", 240, context, 260, old);
	return err->code;
}

const char *err_slice(struct err_quote *q, struct slice bytes)
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;
	size_t show = bytes.len > 64 ? 64 : bytes.len;
	/* A cut inside a UTF-8 sequence would make the message malformed: such input is shown in hex. */
	bool plain = slice_is_utf8(slice_take(bytes, show));

	for (size_t i = 0; i < show && at + 8 < sizeof(q->text); i++) {
		uint8_t c = bytes.ptr[i];

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
