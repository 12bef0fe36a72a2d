/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.h - writing JSON as it is made, without a tree.
 *
 * Invalid UTF-8 is written as U+FFFD. Misuse (a key in an array, an unclosed object) is STATUS_BUG at
 * json_writer_end(). The text goes to a struct buf. The writer never looks back at it: between calls the caller may
 * write out what is there and buf_reset() it (after buf_check()), so that a large report goes out in pieces.
 */
#ifndef LIMPID_TEXT_JSON_WRITER_H
#define LIMPID_TEXT_JSON_WRITER_H

#include "base/buf.h"

struct json_writer {
	struct buf *out;   /* borrowed */
	unsigned indent;   /* blanks per level; 0 = compact */
	bool html_escape;  /* < > & as \u003c ..., U+2028 and U+2029 as escapes, as Go's encoder does */
	unsigned depth;
	bool bug;
	uint8_t stack[64]; /* per level: '{' or '[', bit 7 set once a member was written */
	bool have_key;
	bool done;         /* the one top-level value was begun */
};

void json_writer_init(struct json_writer *w, struct buf *out, unsigned indent);
void json_object(struct json_writer *w);
void json_array(struct json_writer *w);
void json_close(struct json_writer *w); /* of the innermost object or array */
void json_key(struct json_writer *w, const char *key);
void json_key_slice(struct json_writer *w, struct slice key);
void json_string(struct json_writer *w, struct slice s);
void json_cstr(struct json_writer *w, const char *s);
void json_u64(struct json_writer *w, uint64_t n);
void json_i64(struct json_writer *w, int64_t n);
/* The fewest digits that read back the same, as Go prints them (9, not 9.0); null if not finite. */
void json_double(struct json_writer *w, double n);
void json_bool(struct json_writer *w, bool b);
void json_null(struct json_writer *w);
/* Text that is JSON already. */
void json_raw(struct json_writer *w, struct slice json);
/* key and value in one call */
void json_member_str(struct json_writer *w, const char *key, struct slice s);
void json_member_cstr(struct json_writer *w, const char *key, const char *s);
void json_member_u64(struct json_writer *w, const char *key, uint64_t n);
void json_member_bool(struct json_writer *w, const char *key, bool b);
/* Unix seconds as "2024-01-31T10:00:00Z"; null for DATE_NONE. */
void json_member_time(struct json_writer *w, const char *key, int64_t unix_s);
/* All closed and nothing failed? */
enum status json_writer_end(struct json_writer *w, struct err *err) NODISCARD;

#endif
