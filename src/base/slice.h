/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice.h - bytes that somebody else owns, by value.
 *
 * Every parser reads slices; none reads past one, none writes into one, none expects a NUL. Comparison is by bytes
 * and never depends on the locale. An empty slice may have any ptr, NULL included.
 */
#ifndef LIMPID_BASE_SLICE_H
#define LIMPID_BASE_SLICE_H

#include "base/macros.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *ptr; /* borrowed */
	size_t len;         /* bytes */
};

#define SLICE_EMPTY ((struct slice){ NULL, 0 })
/* SLICE("text"): a literal, without its NUL. SLICE_INIT("text") where a constant initialiser is needed. */
#define SLICE(literal) ((struct slice){ (const uint8_t *)("" literal), sizeof(literal) - 1 })
#define SLICE_INIT(literal) { (const uint8_t *)("" literal), sizeof(literal) - 1 }
/* For printf: printf("%.*s", SLICE_ARG(s)). Only for bytes known to be printable. */
#define SLICE_ARG(s) (int)((s).len > 4096 ? 4096 : (s).len), (const char *)(s).ptr

static inline struct slice slice_make(const void *ptr, size_t len)
{
	return (struct slice){ (const uint8_t *)ptr, len };
}

/* The bytes of a C string before its NUL; NULL gives an empty slice. */
static inline struct slice slice_cstr(const char *s)
{
	return s ? slice_make(s, strlen(s)) : SLICE_EMPTY;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Order by bytes, a prefix before what it begins: negative, zero or positive. */
int slice_cmp(struct slice a, struct slice b);
/* Equal when ASCII letters of both cases count as the same. */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* s without its first n bytes (empty if it has fewer). */
struct slice slice_from(struct slice s, size_t n);
/* The first n bytes of s (all if it has fewer). */
struct slice slice_take(struct slice s, size_t n);

/* Position of a byte or of a run of bytes; SIZE_MAX if absent. */
size_t slice_find_byte(struct slice s, uint8_t byte);
size_t slice_rfind_byte(struct slice s, uint8_t byte);
size_t slice_find(struct slice s, struct slice needle);
static inline bool slice_has(struct slice s, struct slice needle)
{
	return slice_find(s, needle) != SIZE_MAX;
}

/* Cut at the first sep: true if it was there. before/after may be NULL. Without sep, before = s and after is empty. */
bool slice_cut(struct slice s, uint8_t sep, struct slice *before, struct slice *after);
/* The same at the last sep. */
bool slice_rcut(struct slice s, uint8_t sep, struct slice *before, struct slice *after);
/* Take the next line from *rest, without its LF or CRLF; false when *rest is empty. A last line needs no LF. */
bool slice_line(struct slice *rest, struct slice *line);
/* Take the next run of bytes that are not sep; runs of sep count once; false at the end. */
bool slice_word(struct slice *rest, uint8_t sep, struct slice *word);

/* Without ASCII white space (blank, \t \n \v \f \r) at both ends. */
struct slice slice_trim(struct slice s);

/* Unsigned decimal, digits only, whole slice, no overflow. */
bool slice_to_u64(struct slice s, uint64_t *out);
/* 64-bit hash (not for hostile keys outside maps of base/map.h, which seeds it). */
uint64_t slice_hash(struct slice s, uint64_t seed);

/* Last component of a path, and everything before its slash ("" if none). */
struct slice path_base(struct slice path);
struct slice path_dir(struct slice path);

/* ASCII classes, without the locale. */
static inline bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
static inline bool is_lower(uint8_t c) { return c >= 'a' && c <= 'z'; }
static inline bool is_upper(uint8_t c) { return c >= 'A' && c <= 'Z'; }
static inline bool is_alpha(uint8_t c) { return is_lower(c) || is_upper(c); }
static inline bool is_alnum(uint8_t c) { return is_alpha(c) || is_digit(c); }
static inline bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static inline uint8_t to_lower(uint8_t c) { return is_upper(c) ? (uint8_t)(c + 32) : c; }
/* 0-15, or -1. */
int hex_value(uint8_t c);

/* Bytes of the well-formed UTF-8 sequence that s begins with; 0 if it begins with none. */
size_t utf8_sequence(struct slice s);
/* True if s is well-formed UTF-8 (no surrogates, no overlong forms). */
bool slice_is_utf8(struct slice s);

#endif
