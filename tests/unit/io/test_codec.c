/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_codec.c - decompression against the reference libraries: whole, cut at every byte, every bit flipped; limits.
 *
 * usage: test_codec FILE       what make-streams made, by Python's zlib, bz2 and lzma. Zstandard streams are made here,
 * by libzstd's compressor and by hand (RFC 8878), and judged by ZSTD_decompress(), which is not what limpid calls.
 */
#include "io/codec.h"
#include "io/file.h"
#include "streams.h"

#include <lzma.h>
#include <string.h>
#include <zstd.h>

#define CONTENT_MAX ((size_t)64 << 20)

static const char *streams_file;

static uint32_t crc32_of(struct slice s)
{
	return lzma_crc32(s.ptr, s.len, 0);
}

/* Everything that comes out, through codec_open(); *out is reset first. */
static enum status decode(struct slice stored, size_t inner_step, size_t step, const struct limits *limits,
			  bool threaded, enum codec_id *id, struct buf *out, struct err *err)
{
	struct source *s = NULL;
	enum status st;

	buf_reset(out);
	*err = (struct err)ERR_INIT;
	st = codec_open(&piece_source(stored, inner_step)->base, limits, id, &s, err);
	if (st != STATUS_OK)
		return st;
	if (threaded)
		s = source_threaded(s);
	st = read_all(s, step, out, err);
	source_free(s);
	return st;
}

static enum codec_id codec_of(struct slice name)
{
	for (int id = 0; id < CODEC_COUNT; id++)
		if (slice_eq(name, slice_cstr(codec_name((enum codec_id)id))))
			return (enum codec_id)id;
	fail_msg("no codec %.*s", SLICE_ARG(name));
	return CODEC_COUNT;
}

struct record {
	struct slice name, verdict, stored;
	enum codec_id codec;
	uint64_t content_len, content_crc, mutated;
	struct slice cuts, flips; /* lines, if mutated */
};

static bool next_record(struct slice *rest, struct record *r)
{
	struct slice line, codec = SLICE_EMPTY, word;
	uint64_t stored = 0;

	if (!slice_line(rest, &line))
		return false;
	assert_true(slice_word(&line, ' ', &r->name) && slice_word(&line, ' ', &codec) &&
		    slice_word(&line, ' ', &r->verdict));
	assert_true(slice_word(&line, ' ', &word) && slice_to_u64(word, &stored));
	assert_true(slice_word(&line, ' ', &word) && slice_to_u64(word, &r->content_len));
	assert_true(slice_word(&line, ' ', &word) && slice_to_u64(word, &r->content_crc));
	assert_true(slice_word(&line, ' ', &word) && slice_to_u64(word, &r->mutated));
	r->codec = codec_of(codec);
	r->stored = slice_take(*rest, (size_t)stored);
	assert_int_equal(r->stored.len, stored);
	*rest = slice_from(*rest, (size_t)stored);
	if (r->mutated)
		assert_true(slice_line(rest, &r->cuts) && slice_line(rest, &r->flips));
	return true;
}

static bool is_verdict(enum status st, struct slice verdict)
{
	return slice_eq(verdict, SLICE("OK"))		 ? st == STATUS_OK
	       : slice_eq(verdict, SLICE("MALFORMED"))	 ? st == STATUS_MALFORMED
	       : slice_eq(verdict, SLICE("LIMIT"))	 ? st == STATUS_LIMIT
	       : slice_eq(verdict, SLICE("UNSUPPORTED")) ? st == STATUS_UNSUPPORTED
							 : false;
}

static void check_record(const struct record *r, size_t inner_step, size_t step, bool threaded, struct buf *out)
{
	struct err err;
	enum codec_id id = CODEC_COUNT;
	enum status st = decode(r->stored, inner_step, step, &limits_default, threaded, &id, out, &err);

	if (id != r->codec || !is_verdict(st, r->verdict))
		fail_msg("%.*s by %zu and %zu: %s, %s: %s", SLICE_ARG(r->name), inner_step, step, codec_name(id),
			 status_text(st), err.msg);
	if (out->len != r->content_len || crc32_of(buf_slice(out)) != r->content_crc)
		fail_msg("%.*s by %zu and %zu: %zu bytes, not %llu: %s", SLICE_ARG(r->name), inner_step, step, out->len,
			 (unsigned long long)r->content_len, err.msg);
	if (st != STATUS_OK && err.offset > r->stored.len)
		fail_msg("%.*s: offset %llu", SLICE_ARG(r->name), (unsigned long long)err.offset);
}

static void test_streams(void **state)
{
	struct buf out = BUF_INIT(CONTENT_MAX);
	struct err err = ERR_INIT;
	struct file_map map;
	struct slice rest;
	struct record r = { 0 };
	size_t n = 0;

	(void)state;
	check_status(file_map_open(streams_file, &map, &err), STATUS_OK, &err);
	rest = map.bytes;
	while (next_record(&rest, &r)) {
		check_record(&r, r.stored.len + 1, 65536, false, &out);
		check_record(&r, r.stored.len + 1, 131072, true, &out);
		check_record(&r, 509, 4093, false, &out);
		check_record(&r, 1, 300001, false, &out);
		if (r.content_len < 3000000)
			check_record(&r, 7, 1, false, &out);
		n++;
	}
	assert_true(n > 70);
	file_map_close(&map);
	buf_fini(&out);
}

struct mutation {
	const struct record *record;
	struct slice whole; /* content of the record */
	const char *kind;
	size_t place;
	struct slice stored, verdict;
};

static void check_mutation(const struct mutation *m, struct buf *out)
{
	bool plain = slice_eq(m->verdict, SLICE("p")), bad = slice_eq(m->verdict, SLICE("e"));
	uint64_t want_crc = 0;
	enum codec_id id = CODEC_COUNT;
	struct err err;
	enum status st;
	bool as_wanted;

	assert_true(plain || bad || slice_to_u64(m->verdict, &want_crc));
	st = decode(m->stored, 1000, 1000, &limits_default, false, &id, out, &err);
	if (plain)
		as_wanted = st == STATUS_OK && id == CODEC_PLAIN && slice_eq(buf_slice(out), m->stored);
	else if (bad)
		as_wanted = st == STATUS_MALFORMED || st == STATUS_UNSUPPORTED || st == STATUS_LIMIT;
	else
		as_wanted = st == STATUS_OK && crc32_of(buf_slice(out)) == want_crc;
	if (!as_wanted || (!plain && id != m->record->codec))
		fail_msg("%.*s %s %zu: %s (%s), the reference says %.*s", SLICE_ARG(m->record->name), m->kind, m->place,
			 status_text(st), err.msg, SLICE_ARG(m->verdict));
	if (st != STATUS_OK && err.offset > m->stored.len)
		fail_msg("%.*s %s %zu: offset %llu", SLICE_ARG(m->record->name), m->kind, m->place,
			 (unsigned long long)err.offset);
	/* A cut never invents bytes. */
	if (!plain && strcmp(m->kind, "cut at") == 0 && !slice_starts(m->whole, buf_slice(out)))
		fail_msg("%.*s %s %zu: other bytes", SLICE_ARG(m->record->name), m->kind, m->place);
}

static void check_mutations(const struct record *r, struct buf *out)
{
	struct buf whole = BUF_INIT(CONTENT_MAX);
	struct mutation m = { .record = r, .kind = "cut at" };
	uint8_t *copy = malloc(r->stored.len);
	struct slice verdicts = r->cuts;
	enum codec_id id;
	struct err err;

	assert_non_null(copy);
	check_status(decode(r->stored, 1000, 1000, &limits_default, false, &id, &whole, &err), STATUS_OK, &err);
	m.whole = buf_slice(&whole);
	for (m.place = 0; slice_word(&verdicts, ' ', &m.verdict); m.place++) {
		m.stored = slice_take(r->stored, m.place);
		check_mutation(&m, out);
	}
	assert_int_equal(m.place, r->stored.len);
	m.kind = "flipped bit";
	m.stored = slice_make(copy, r->stored.len);
	verdicts = r->flips;
	for (m.place = 0; slice_word(&verdicts, ' ', &m.verdict); m.place++) {
		memcpy(copy, r->stored.ptr, r->stored.len);
		copy[m.place / 8] = (uint8_t)(copy[m.place / 8] ^ 1U << m.place % 8);
		check_mutation(&m, out);
	}
	assert_int_equal(m.place, 8 * r->stored.len);
	free(copy);
	buf_fini(&whole);
}

static void test_mutated_streams(void **state)
{
	struct buf out = BUF_INIT(CONTENT_MAX);
	struct err err = ERR_INIT;
	struct file_map map;
	struct slice rest;
	struct record r = { 0 };
	size_t n = 0;

	(void)state;
	check_status(file_map_open(streams_file, &map, &err), STATUS_OK, &err);
	rest = map.bytes;
	while (next_record(&rest, &r)) {
		if (r.mutated) {
			check_mutations(&r, &out);
			n++;
		}
	}
	assert_int_equal(n, 11);
	file_map_close(&map);
	buf_fini(&out);
}

/* ---- Zstandard ---- */

static void zstd_frame(struct buf *out, struct slice content, int level, bool check, bool size, int window_log)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	uint8_t *room = buf_reserve(out, ZSTD_compressBound(content.len));
	size_t n;

	assert_non_null(c);
	assert_non_null(room);
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, check);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, size);
	if (window_log)
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	n = ZSTD_compress2(c, room, ZSTD_compressBound(content.len), content.ptr, content.len);
	assert_false(ZSTD_isError(n));
	out->len += n;
	ZSTD_freeCCtx(c);
}

/* RFC 8878, 3.1.2: one of 16 magic numbers, the length, anything. */
static void skippable_frame(struct buf *out, uint8_t which, uint32_t len)
{
	buf_add_byte(out, (uint8_t)(0x50 | which));
	buf_add(out, SLICE("\x2a\x4d\x18"));
	for (unsigned i = 0; i < 4; i++)
		buf_add_byte(out, (uint8_t)(len >> (8 * i)));
	for (uint32_t i = 0; i < len; i++)
		buf_add_byte(out, (uint8_t)i);
}

static void check_zstd(const char *what, struct slice stored, struct slice want, enum status want_status)
{
	static const size_t steps[][2] = { { 1 << 20, 65536 }, { 1, 131072 }, { 13, 7 }, { 100000, 1000000 } };
	struct buf out = BUF_INIT(CONTENT_MAX);

	for (size_t i = 0; i < 2 * ARRAY_LEN(steps); i++) {
		enum codec_id id = CODEC_COUNT;
		struct err err;
		enum status st =
			decode(stored, steps[i / 2][0], steps[i / 2][1], &limits_default, i % 2, &id, &out, &err);

		if (st != want_status || id != CODEC_zstd || !slice_eq(buf_slice(&out), want))
			fail_msg("%s, %zu: %s, %zu bytes: %s", what, i, status_text(st), out.len, err.msg);
	}
	buf_fini(&out);
}

static void test_zstd(void **state)
{
	struct buf b = BUF_INIT(CONTENT_MAX), want = BUF_INIT(CONTENT_MAX);
	uint8_t *noise = malloc(1 << 20);
	size_t len;

	(void)state;
	assert_non_null(noise);
	fill_noise(noise, 1 << 20, 9);
	for (int level = -5; level <= 19; level += 6) {
		buf_reset(&b);
		zstd_frame(&b, slice_make(noise, 1 << 20), level, level & 1, level & 2, 0);
		check_zstd("noise", buf_slice(&b), slice_make(noise, 1 << 20), STATUS_OK);
	}
	/* Frames with and without check sum and size, an empty one, and skippable ones first, between and last. */
	buf_reset(&b);
	skippable_frame(&b, 0, 0);
	zstd_frame(&b, SLICE("one"), 3, true, true, 0);
	skippable_frame(&b, 15, 200000);
	zstd_frame(&b, SLICE(""), 3, true, false, 0);
	zstd_frame(&b, slice_make(noise, 300000), 1, false, false, 10);
	skippable_frame(&b, 7, 3);
	buf_add(&want, SLICE("one"));
	buf_add(&want, slice_make(noise, 300000));
	check_zstd("frames", buf_slice(&b), buf_slice(&want), STATUS_OK);
	/* Noise and zeros are no frames. */
	len = b.len;
	buf_add(&b, SLICE("noise"));
	check_zstd("noise after", buf_slice(&b), buf_slice(&want), STATUS_MALFORMED);
	b.len = len;
	buf_add(&b, SLICE("\0\0\0\0"));
	check_zstd("zeros after", buf_slice(&b), buf_slice(&want), STATUS_MALFORMED);
	b.len = len - 1;
	check_zstd("skippable cut", buf_slice(&b), buf_slice(&want), STATUS_MALFORMED);
	buf_reset(&b);
	skippable_frame(&b, 3, 10);
	check_zstd("skippable only", buf_slice(&b), SLICE_EMPTY, STATUS_OK);
	buf_fini(&b);
	buf_fini(&want);
	free(noise);
}

/*
 * RFC 8878 by hand: magic; a header of no flags but the check sum's; the window, 2^(10 + exponent) * (1 + mantissa /
 * 8); blocks of 3 bytes that hold "last", type (0 as it is, 1 repeated) and length.
 */
static void test_zstd_by_hand(void **state)
{
	(void)state;
	/* 128 MiB, exponent 17: what `zstd --long=27` makes, and the most that the tool takes unasked. */
	check_zstd("window of 128 MiB", SLICE("\x28\xb5\x2f\xfd\x00\x88\x09\x00\x00x"), SLICE("x"), STATUS_OK);
	check_zstd("window of 144 MiB", SLICE("\x28\xb5\x2f\xfd\x00\x89\x09\x00\x00x"), SLICE_EMPTY, STATUS_LIMIT);
	check_zstd("window of 256 MiB", SLICE("\x28\xb5\x2f\xfd\x00\x90\x09\x00\x00x"), SLICE_EMPTY, STATUS_LIMIT);
	check_zstd("window of 3.75 TiB", SLICE("\x28\xb5\x2f\xfd\x00\xff\x09\x00\x00x"), SLICE_EMPTY, STATUS_LIMIT);
	/* The low 4 bytes of XXH64("x", 0), 0x5c80c09683041123, then others. */
	check_zstd("check sum", SLICE("\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00x\x23\x11\x04\x83"), SLICE("x"), STATUS_OK);
	check_zstd("check sum wrong", SLICE("\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00x\x24\x11\x04\x83"), SLICE("x"),
		   STATUS_MALFORMED);
	check_zstd("check sum cut", SLICE("\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00x\x23\x11\x04"), SLICE("x"),
		   STATUS_MALFORMED);
	/* Reserved: block type 3, and a bit of the frame's header. */
	check_zstd("block type 3", SLICE("\x28\xb5\x2f\xfd\x00\x00\x0f\x00\x00x"), SLICE_EMPTY, STATUS_MALFORMED);
	check_zstd("header bit", SLICE("\x28\xb5\x2f\xfd\x08\x00\x09\x00\x00x"), SLICE_EMPTY, STATUS_UNSUPPORTED);
	/* A dictionary is named that nobody has: content is not touched by it here, but cannot be trusted. */
	check_zstd("dictionary", SLICE("\x28\xb5\x2f\xfd\x01\x00\x07\x09\x00\x00x"), SLICE_EMPTY, STATUS_UNSUPPORTED);
	/* The size that the header says (1 byte, single segment) is not that of the content. */
	check_zstd("size wrong", SLICE("\x28\xb5\x2f\xfd\x20\x02\x09\x00\x00x"), SLICE_EMPTY, STATUS_MALFORMED);
}

/* Like check_mutations(), with ZSTD_decompress() as the judge. */
static void test_zstd_mutated(void **state)
{
	struct buf b = BUF_INIT(CONTENT_MAX), out = BUF_INIT(CONTENT_MAX);
	uint8_t room[4096];

	(void)state;
	zstd_frame(&b, SLICE("how much wood would a woodchuck chuck if a woodchuck could chuck wood"), 19, true, true,
		   0);
	skippable_frame(&b, 1, 5);
	zstd_frame(&b, SLICE("abcabcabcabcabcabcabcabcabcabcabc"), 3, true, false, 0);
	for (size_t i = 4; i < 9 * b.len; i++) {
		struct slice stored = i < b.len ? slice_take(buf_slice(&b), i) : buf_slice(&b);
		size_t bit = i - b.len, want;
		enum codec_id id = CODEC_COUNT;
		struct err err;
		enum status st;

		if (i >= b.len && bit < 32)
			continue; /* the magic */
		if (i >= b.len)
			b.ptr[bit / 8] = (uint8_t)(b.ptr[bit / 8] ^ 1U << bit % 8);
		want = ZSTD_decompress(room, sizeof(room), stored.ptr, stored.len);
		st = decode(stored, 1000, 1000, &limits_default, false, &id, &out, &err);
		if (id != CODEC_zstd || (st == STATUS_OK) == (bool)ZSTD_isError(want))
			fail_msg("mutation %zu: %s (%s), the reference says %s", i, status_text(st), err.msg,
				 ZSTD_getErrorName(want));
		if (st == STATUS_OK)
			assert_true(slice_eq(buf_slice(&out), slice_make(room, want)));
		if (i >= b.len)
			b.ptr[bit / 8] = (uint8_t)(b.ptr[bit / 8] ^ 1U << bit % 8);
	}
	buf_fini(&b);
	buf_fini(&out);
}

/* ---- sniffing and the guard ---- */

static void test_plain(void **state)
{
	static const struct slice rows[] = {
		SLICE_INIT(""),
		SLICE_INIT("x"),
		SLICE_INIT("\x1f"),
		SLICE_INIT("\x1f\x8b"),
		SLICE_INIT("\x1f\x8b\x09 no gzip of this kind exists"),
		SLICE_INIT("\x1f\x9d the old compress"),
		SLICE_INIT("BZh"),
		SLICE_INIT("BZh0123456789"),
		SLICE_INIT("\x28\xb5\x2f"),
		SLICE_INIT("\xfd"
			   "7zXZ"),
		SLICE_INIT("]]]]]]]]]]]]]]]]]]]]] not lzma"),
		SLICE_INIT("LZIP\x01"),
		SLICE_INIT("PK\x03\x04"),
		SLICE_INIT("exactly 16 bytes"),
		SLICE_INIT("no less than 17 bytes"),
	};
	struct buf out = BUF_INIT(1000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t step = 1; step < 30; step += 7) {
			enum codec_id id = CODEC_COUNT;
			struct err err;

			check_status(decode(rows[i], step, step, &limits_default, false, &id, &out, &err), STATUS_OK,
				     &err);
			assert_int_equal(id, CODEC_PLAIN);
			assert_true(slice_eq(buf_slice(&out), rows[i]));
		}
	}
	buf_fini(&out);
	assert_string_equal(codec_name(CODEC_PLAIN), "plain");
}

/* Skipped bytes count for the limit, and what was looked at for sniffing is not lost. */
static void test_plain_advance(void **state)
{
	struct limits limits = limits_default;
	struct source *s = NULL;
	struct err err = ERR_INIT;
	enum codec_id id;
	uint8_t noise[1000], b[10];
	size_t n;

	(void)state;
	limits.layer_bytes = 500;
	fill_noise(noise, sizeof(noise), 4);
	check_status(codec_open(source_from_slice(slice_make(noise, sizeof(noise))), &limits, &id, &s, &err), STATUS_OK,
		     &err);
	assert_int_equal(source_advance(s, 100), 0); /* the head is to be read first */
	check_status(source_read_full(s, b, 10, &err), STATUS_OK, &err);
	assert_memory_equal(b, noise, 10);
	check_status(source_skip(s, 90, &err), STATUS_OK, &err);
	assert_int_equal(source_advance(s, 50), 50);
	check_status(source_read_full(s, b, 10, &err), STATUS_OK, &err);
	assert_memory_equal(b, noise + 150, 10);
	assert_int_equal(source_advance(s, 1000), 340);
	assert_int_equal(s->pos, 500);
	check_status(source_read(s, b, 10, &n, &err), STATUS_LIMIT, &err);
	source_free(s);
}

static void test_failure_below(void **state)
{
	(void)state;
	/* While sniffing, at a boundary, and in the middle of a member. */
	for (size_t at = 0; at < 40; at++) {
		static const uint8_t stored[] = "\x1f\x8b\x08\0\0\0\0\0\2\3\x4b\x04\0\x43\xbe\xb7\xe8\1\0\0\0"
						"\x1f\x8b\x08\0\0\0\0\0\2\3\x4b\x04\0\x43\xbe\xb7\xe8\1\0\0\0";
		struct piece_source *p = piece_source(slice_make(stored, 42), 4);
		struct buf out = BUF_INIT(10000);
		struct source *s = NULL;
		struct err err = ERR_INIT;
		enum codec_id id;
		bool closed = false;
		enum status st;

		p->failure = STATUS_REMOTE;
		p->fail_at = at;
		p->closed = &closed;
		st = codec_open(&p->base, &limits_default, &id, &s, &err);
		if (st == STATUS_OK) {
			st = read_all(s, 1000, &out, &err);
			assert_true(out.len >= (at < 21 ? 0 : 1) && out.len <= (at < 11 ? 0 : at < 32 ? 1 : 2));
			source_free(s);
		}
		check_status(st, STATUS_REMOTE, &err);
		assert_true(closed);
		buf_fini(&out);
	}
}

/* 10 bytes: a frame of one block that repeats a byte n (< 2048) times. */
static struct slice repeated(uint8_t out[10], unsigned n)
{
	memcpy(out, "\x28\xb5\x2f\xfd\x00\x08", 6);
	out[6] = (uint8_t)(n << 3 | 1 << 1 | 1);
	out[7] = (uint8_t)(n >> 5);
	out[8] = 0;
	out[9] = 'r';
	return slice_make(out, 10);
}

static void test_guard(void **state)
{
	static const struct {
		uint64_t bytes, ratio, floor;
		size_t given;
		enum status status;
	} rows[] = {
		{ 1000, 1, 1000, 1000, STATUS_OK },
		{ 999, 1, 1000, 999, STATUS_LIMIT },
		{ 1, 1, 1000, 1, STATUS_LIMIT },
		{ 0, 1, 1000, 0, STATUS_LIMIT },
		/* 1000 bytes of 10: exactly a hundred times. */
		{ 5000, 100, 0, 1000, STATUS_OK },
		{ 5000, 99, 0, 990, STATUS_LIMIT },
		{ 5000, 99, 999, 999, STATUS_LIMIT },
		{ 5000, 99, 1000, 1000, STATUS_OK },
		{ 5000, 1, 0, 10, STATUS_LIMIT },
		{ 5000, 0, 0, 0, STATUS_LIMIT },
		{ 5000, UINT64_MAX, 0, 1000, STATUS_OK }, /* the product overflows: no limit */
	};
	static const size_t steps[] = { 1, 10, 999, 1000, 5000 };
	struct buf out = BUF_INIT(100000);
	uint8_t stored[10];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t j = 0; j < ARRAY_LEN(steps); j++) {
			struct limits limits = limits_default;
			enum codec_id id;
			struct err err;
			enum status st;

			limits.layer_bytes = rows[i].bytes;
			limits.layer_ratio = rows[i].ratio;
			limits.layer_ratio_floor = rows[i].floor;
			st = decode(repeated(stored, 1000), 10, steps[j], &limits, false, &id, &out, &err);
			if (st != rows[i].status || out.len != rows[i].given)
				fail_msg("row %zu by %zu: %s, %zu bytes: %s", i, steps[j], status_text(st), out.len,
					 err.msg);
			if (st == STATUS_LIMIT)
				assert_non_null(strstr(err.msg, "limits.layer_"));
		}
	}
	buf_fini(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams),	      cmocka_unit_test(test_mutated_streams),
		cmocka_unit_test(test_zstd),	      cmocka_unit_test(test_zstd_by_hand),
		cmocka_unit_test(test_zstd_mutated),  cmocka_unit_test(test_plain),
		cmocka_unit_test(test_plain_advance), cmocka_unit_test(test_failure_below),
		cmocka_unit_test(test_guard),
	};

	if (argc != 2)
		return 2;
	streams_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
