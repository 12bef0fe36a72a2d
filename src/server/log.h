/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - the service's log: one JSON object a line, as Clair's, on a descriptor that may block.
 *
 * Lines go through a bounded memory to a thread that writes them: whoever logs never waits. When nobody reads, lines
 * are lost and counted, and the log says how many once it goes on.
 */
#ifndef LIMPID_SERVER_LOG_H
#define LIMPID_SERVER_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_FATAL, LOG_LEVEL_PANIC };

enum log_kind { LOG_STR, LOG_INT, LOG_SECONDS };

/* One more member of a line. */
struct log_field {
	const char *name;
	enum log_kind kind;
	struct slice str; /* LOG_STR */
	int64_t n;	  /* LOG_INT; nanoseconds for LOG_SECONDS, written as seconds */
};
#define LOG_FIELD_STR(name, text) ((struct log_field){ (name), LOG_STR, (text), 0 })
#define LOG_FIELD_CSTR(name, text) ((struct log_field){ (name), LOG_STR, slice_cstr(text), 0 })
#define LOG_FIELD_INT(name, number) ((struct log_field){ (name), LOG_INT, SLICE_EMPTY, (int64_t)(number) })
#define LOG_FIELD_SECONDS(name, ns) ((struct log_field){ (name), LOG_SECONDS, SLICE_EMPTY, (int64_t)(ns) })

struct log;

/* fd is borrowed. text: prose instead of JSON. NULL when memory is short. */
struct log *log_new(int fd, enum log_level level, bool text) NODISCARD;
/* Write what is left, for at most two seconds, and free. NULL is fine. */
void log_free(struct log *l);
void log_set_level(struct log *l, enum log_level level);
bool log_wants(const struct log *l, enum log_level level);
uint64_t log_lost(const struct log *l);

/* l may be NULL: nothing is written. */
void log_line(struct log *l, enum log_level level, const char *message, const struct log_field *fields, size_t n);
void log_printf(struct log *l, enum log_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
