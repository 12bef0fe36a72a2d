/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c - searching, cutting and comparing borrowed bytes. */
#include "base/slice.h"

#include "base/ckd.h"

int slice_cmp(struct slice a, struct slice b)
{
	size_t n = MIN(a.len, b.len);
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;

	if (c != 0)
		return c;
	return (a.len > b.len) - (a.len < b.len);
}

bool slice_eq_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
			return false;
	return true;
}

bool slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	       (suffix.len == 0 || memcmp(s.ptr + (s.len - suffix.len), suffix.ptr, suffix.len) == 0);
}

struct slice slice_from(struct slice s, size_t n)
{
	if (n >= s.len)
		return SLICE_EMPTY;
	return slice_make(s.ptr + n, s.len - n);
}

struct slice slice_take(struct slice s, size_t n)
{
	return slice_make(s.ptr, MIN(n, s.len));
}

size_t slice_find_byte(struct slice s, uint8_t byte)
{
	const uint8_t *p = s.len ? memchr(s.ptr, byte, s.len) : NULL;

	return p ? (size_t)(p - s.ptr) : SIZE_MAX;
}

size_t slice_rfind_byte(struct slice s, uint8_t byte)
{
	const uint8_t *p = s.len ? memrchr(s.ptr, byte, s.len) : NULL;

	return p ? (size_t)(p - s.ptr) : SIZE_MAX;
}

size_t slice_find(struct slice s, struct slice needle)
{
	const uint8_t *p;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return SIZE_MAX;
	p = memmem(s.ptr, s.len, needle.ptr, needle.len);
	return p ? (size_t)(p - s.ptr) : SIZE_MAX;
}

static bool cut_at(struct slice s, size_t at, struct slice *before, struct slice *after)
{
	if (before)
		*before = at == SIZE_MAX ? s : slice_take(s, at);
	if (after)
		*after = at == SIZE_MAX ? SLICE_EMPTY : slice_from(s, at + 1);
	return at != SIZE_MAX;
}

bool slice_cut(struct slice s, uint8_t sep, struct slice *before, struct slice *after)
{
	return cut_at(s, slice_find_byte(s, sep), before, after);
}

bool slice_rcut(struct slice s, uint8_t sep, struct slice *before, struct slice *after)
{
	return cut_at(s, slice_rfind_byte(s, sep), before, after);
}

bool slice_line(struct slice *rest, struct slice *line)
{
	if (rest->len == 0)
		return false;
	slice_cut(*rest, '\n', line, rest);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool slice_word(struct slice *rest, uint8_t sep, struct slice *word)
{
	while (rest->len > 0 && rest->ptr[0] == sep)
		*rest = slice_from(*rest, 1);
	if (rest->len == 0)
		return false;
	slice_cut(*rest, sep, word, rest);
	return true;
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && is_space(s.ptr[0]))
		s = slice_from(s, 1);
	while (s.len > 0 && is_space(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool slice_to_u64(struct slice s, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.ptr[i]))
			return false;
		if (CKD_MUL(&value, value, UINT64_C(10)) || CKD_ADD(&value, value, (uint64_t)(s.ptr[i] - '0')))
			return false;
	}
	*out = value;
	return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Multiply-and-fold over 8-byte words, in the manner of wyhash. */
uint64_t slice_hash(struct slice s, uint64_t seed)
{
	uint64_t h = seed ^ UINT64_C(0x9e3779b97f4a7c15);
	size_t i = 0;
	uint64_t word;

	for (; i + 8 <= s.len; i += 8) {
		memcpy(&word, s.ptr + i, 8);
		h = mix(h ^ word, UINT64_C(0xa0761d6478bd642f));
	}
	word = 0;
	if (i < s.len)
		memcpy(&word, s.ptr + i, s.len - i);
	h = mix(h ^ word, UINT64_C(0xe7037ed1a0b428db));
	return mix(h ^ s.len, UINT64_C(0x8ebc6af09c88c6e3));
}

struct slice path_base(struct slice path)
{
	size_t at = slice_rfind_byte(path, '/');

	return at == SIZE_MAX ? path : slice_from(path, at + 1);
}

struct slice path_dir(struct slice path)
{
	size_t at = slice_rfind_byte(path, '/');

	return at == SIZE_MAX ? SLICE_EMPTY : slice_take(path, at);
}

int hex_value(uint8_t c)
{
	if (is_digit(c))
		return c - '0';
	c = to_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Unicode, table 3-7. */
size_t utf8_sequence(struct slice s)
{
	const uint8_t *p = s.ptr;
	size_t left = s.len;
	uint8_t c, low = 0x80, high = 0xbf;
	size_t n;

	if (left == 0)
		return 0;
	c = p[0];
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		n = 2;
	else if ((c & 0xf0) == 0xe0)
		n = 3;
	else if (c >= 0xf0 && c <= 0xf4)
		n = 4;
	else
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (left < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool slice_is_utf8(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_sequence(slice_make(s.ptr + i, s.len - i));

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
