/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.c - the byte scan under json_parse() and json_split(): 16 and 64 bytes at a time where SSE2 is there. */
#include "text/json_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Position of the next '"' or '\\' at or after i; len if there is none. */
static inline size_t find_quote(const uint8_t *p, size_t i, size_t len)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');

	for (; len - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		if (mask)
			return i + (size_t)__builtin_ctz(mask);
	}
#endif
	while (i < len && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

size_t json_scan_string(struct slice text, size_t pos)
{
	size_t i = pos + 1;

	while ((i = find_quote(text.ptr, i, text.len)) < text.len) {
		if (text.ptr[i] == '"')
			return i + 1;
		if (text.len - i < 2)
			break;
		i += 2;
	}
	return SIZE_MAX;
}

uint64_t json_count(struct slice text, bool loose)
{
	uint64_t n = 1;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == ',' || c == ':' || (c | 0x20) == '{')
			n++;
		if (c != '"' || loose)
			continue;
		i = json_scan_string(text, i);
		if (i == SIZE_MAX) /* no document: it will not be built */
			break;
		i--;
	}
	return n;
}

/* A number, a literal or what stands in its place. */
static size_t scan_plain(struct slice text, size_t i)
{
	while (i < text.len) {
		uint8_t c = text.ptr[i];

		if (c == ',' || c == ':' || c == '"' || (c | 0x20) == '{' || (c | 0x20) == '}' || is_space(c))
			break;
		i++;
	}
	return i;
}

/* ---- brackets ---- */

struct scan {
	struct json_extent e;
	size_t depth;
	uint64_t max_depth;
	bool whole;
	bool in_string, escaped;
};

/* True: the value ends with this bracket. */
static inline bool take_bracket(struct scan *s, bool opens, size_t at)
{
	if (opens) {
		s->depth++;
		s->e.deepest = MAX(s->e.deepest, s->depth);
		if (s->depth > s->max_depth && s->e.too_deep == SIZE_MAX)
			s->e.too_deep = at;
		return false;
	}
	if (s->depth == 0 || --s->depth > 0 || s->whole)
		return false;
	s->e.end = at + 1;
	return true;
}

/* From byte to byte: true if the value ended before `to`. */
static bool scan_bytes(struct scan *s, struct slice text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		uint8_t c = text.ptr[i];

		if (s->escaped)
			s->escaped = false;
		else if (s->in_string && c == '\\')
			s->escaped = true;
		else if (c == '"')
			s->in_string = !s->in_string;
		else if (!s->in_string && ((c | 0x20) == '{' || (c | 0x20) == '}') &&
			 take_bracket(s, (c | 0x20) == '{', i))
			return true;
	}
	return false;
}

#define BLOCK ((size_t)64)

#if defined(__SSE2__)
/* A bit for each of 64 bytes. Square and curly brackets differ in bit 5 only. */
struct marks {
	uint64_t quotes, backslashes, opening, closing;
};

static inline uint64_t equal16(__m128i v, char c)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
}

static inline struct marks find_marks(const uint8_t *p)
{
	struct marks m = { 0, 0, 0, 0 };

	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i folded = _mm_or_si128(v, _mm_set1_epi8(0x20));

		m.quotes |= equal16(v, '"') << i;
		m.backslashes |= equal16(v, '\\') << i;
		m.opening |= equal16(folded, '{') << i;
		m.closing |= equal16(folded, '}') << i;
	}
	return m;
}

/* Bits from each odd quote up to the even one after it. */
static inline uint64_t between(uint64_t quotes)
{
	for (unsigned shift = 1; shift < 64; shift *= 2)
		quotes ^= quotes << shift;
	return quotes;
}

static inline bool scan_block(struct scan *s, struct slice text, size_t at)
{
	struct marks m = find_marks(text.ptr + at);
	uint64_t strings, brackets;

	if (m.backslashes || s->escaped)
		return scan_bytes(s, text, at, at + BLOCK);
	strings = between(m.quotes) ^ (s->in_string ? UINT64_MAX : 0);
	s->in_string = strings >> 63;
	for (brackets = (m.opening | m.closing) & ~strings; brackets; brackets &= brackets - 1) {
		unsigned bit = (unsigned)__builtin_ctzll(brackets);

		if (take_bracket(s, m.opening >> bit & 1, at + bit))
			return true;
	}
	return false;
}
#else
static inline bool scan_block(struct scan *s, struct slice text, size_t at)
{
	return scan_bytes(s, text, at, at + BLOCK);
}
#endif

struct json_extent json_scan(struct slice text, size_t pos, uint64_t max_depth, bool whole)
{
	struct scan s = { .e = { SIZE_MAX, 0, SIZE_MAX }, .max_depth = max_depth, .whole = whole };
	size_t i = pos;

	if (!whole && pos < text.len && text.ptr[pos] == '"') {
		s.e.end = json_scan_string(text, pos);
		return s.e;
	}
	if (!whole && pos < text.len && (text.ptr[pos] | 0x20) != '{') {
		s.e.end = scan_plain(text, pos);
		return s.e;
	}
	for (; i < text.len; i += MIN(BLOCK, text.len - i))
		if (text.len - i >= BLOCK ? scan_block(&s, text, i) : scan_bytes(&s, text, i, text.len))
			return s.e;
	if (whole && !s.in_string)
		s.e.end = text.len;
	return s.e;
}
