/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.c - the byte scan under json_parse() and json_split(): 16 bytes at a time where SSE2 is there. */
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

/* Position of the next '"', '{', '}', '[' or ']' at or after i; len if there is none. */
static inline size_t find_mark(const uint8_t *p, size_t i, size_t len)
{
#if defined(__SSE2__)
	/* Square and curly brackets differ in bit 5 only. */
	const __m128i quote = _mm_set1_epi8('"'), open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');
	const __m128i bit = _mm_set1_epi8(0x20);

	for (; len - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i folded = _mm_or_si128(v, bit);
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(folded, open), _mm_cmpeq_epi8(folded, close));
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(hit, _mm_cmpeq_epi8(v, quote)));

		if (mask)
			return i + (size_t)__builtin_ctz(mask);
	}
#endif
	while (i < len && p[i] != '"' && (p[i] | 0x20) != '{' && (p[i] | 0x20) != '}')
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

struct json_extent json_scan(struct slice text, size_t pos, uint64_t max_depth, bool whole)
{
	struct json_extent e = { SIZE_MAX, 0, SIZE_MAX };
	size_t depth = 0, i = pos;

	if (!whole && pos < text.len && text.ptr[pos] == '"') {
		e.end = json_scan_string(text, pos);
		return e;
	}
	if (!whole && pos < text.len && (text.ptr[pos] | 0x20) != '{') {
		e.end = scan_plain(text, pos);
		return e;
	}
	while ((i = find_mark(text.ptr, i, text.len)) < text.len) {
		uint8_t c = text.ptr[i];

		if (c == '"') {
			i = json_scan_string(text, i);
			if (i == SIZE_MAX)
				return e;
			continue;
		}
		if ((c | 0x20) == '{') {
			if (++depth > e.deepest)
				e.deepest = depth;
			if (depth > max_depth && e.too_deep == SIZE_MAX)
				e.too_deep = i;
		} else if (depth > 0 && --depth == 0 && !whole) {
			e.end = i + 1;
			return e;
		}
		i++;
	}
	if (whole)
		e.end = text.len;
	return e;
}
