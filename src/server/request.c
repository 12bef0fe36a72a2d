/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - looking things up in a request. */
#include "server/request.h"

#include "server/router.h"

#include <stdio.h>

bool request_header(const struct request *req, const char *name, size_t nth, struct slice *out)
{
	struct slice wanted = slice_cstr(name);

	for (size_t i = 0; i < req->n_headers; i++) {
		if (slice_eq_nocase(req->headers[i].name, wanted) && nth-- == 0) {
			*out = req->headers[i].value;
			return true;
		}
	}
	return false;
}

bool request_query(const struct request *req, const char *name, struct slice *out)
{
	struct slice rest = req->query, pair, key, value;

	while (slice_word(&rest, '&', &pair)) {
		slice_cut(pair, '=', &key, &value);
		/* Go leaves out a pair with a semicolon. */
		if (slice_find_byte(pair, ';') != SIZE_MAX || !percent_decode(key, true, req->arena, &key) ||
		    !percent_decode(value, true, req->arena, &value))
			continue;
		if (slice_eq(key, slice_cstr(name))) {
			*out = value;
			return true;
		}
	}
	return false;
}

bool request_digest(struct slice text, struct digest *out, struct err *err)
{
	struct slice algorithm, hex;
	size_t want;

	if (digest_parse(text, out))
		return true;
	if (!slice_cut(text, ':', &algorithm, &hex))
		return err_set(err, STATUS_INVALID, "invalid digest format") == STATUS_OK;
	for (size_t i = 0; i < hex.len; i++) {
		if (hex_value(hex.ptr[i]) < 0)
			return err_set(err, STATUS_INVALID, "unable to decode digest as hex") == STATUS_OK;
	}
	if (hex.len % 2 != 0)
		return err_set(err, STATUS_INVALID, "unable to decode digest as hex") == STATUS_OK;
	want = slice_eq(algorithm, SLICE("sha256")) ? 32 : slice_eq(algorithm, SLICE("sha512")) ? 64 : 0;
	if (want != 0)
		return err_set(err, STATUS_INVALID, "bad checksum length: %zu", hex.len / 2) == STATUS_OK;
	/* The spelling is Clair's; clients may look for it. */
	return err_set(err, STATUS_INVALID, "unknown algorthm \"%s\"",
		       err_slice(&(struct err_quote){ { 0 } }, algorithm)) == STATUS_OK;
}

static bool hex_run(struct slice s, uint8_t *out, size_t n)
{
	if (s.len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(s.ptr[2 * i]), low = hex_value(s.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool uuid_parse(struct slice s, uint8_t out[16])
{
	static const uint8_t groups[] = { 4, 2, 2, 2, 6 };
	size_t at = 0, n = 0;

	if (s.len == 45 && slice_eq_nocase(slice_take(s, 9), SLICE("urn:uuid:")))
		s = slice_from(s, 9);
	else if (s.len == 38 && s.ptr[0] == '{' && s.ptr[37] == '}')
		s = slice_make(s.ptr + 1, 36);
	else if (s.len == 32)
		return hex_run(s, out, 16);
	if (s.len != 36)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (i > 0 && s.ptr[at++] != '-')
			return false;
		if (!hex_run(slice_make(s.ptr + at, 2 * (size_t)groups[i]), out + n, groups[i]))
			return false;
		at += 2 * (size_t)groups[i];
		n += groups[i];
	}
	return true;
}

const char *uuid_print(struct uuid_text *t, const uint8_t u[16])
{
	snprintf(t->text, sizeof(t->text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
		 u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
	return t->text;
}

bool trace_parse(struct slice t, struct trace *out)
{
	struct trace r = { .has_parent = true };
	uint8_t flags = 0, some = 0, some_parent = 0;

	/* Version ff is forbidden; later versions may have more behind. */
	if (t.len < 55 || t.ptr[2] != '-' || t.ptr[35] != '-' || t.ptr[52] != '-' || (t.len > 55 && t.ptr[55] != '-') ||
	    slice_eq(slice_take(t, 2), SLICE("ff")) || (slice_eq(slice_take(t, 2), SLICE("00")) && t.len != 55))
		return false;
	for (size_t i = 0; i < 55; i++) {
		if (is_upper(t.ptr[i]))
			return false;
	}
	if (!hex_run(slice_take(t, 2), &some, 1) || !hex_run(slice_make(t.ptr + 3, 32), r.id, 16) ||
	    !hex_run(slice_make(t.ptr + 36, 16), r.parent, 8) || !hex_run(slice_make(t.ptr + 53, 2), &flags, 1))
		return false;
	some = 0;
	for (size_t i = 0; i < 16; i++)
		some |= r.id[i];
	for (size_t i = 0; i < 8; i++)
		some_parent |= r.parent[i];
	r.sampled = (flags & 1) != 0;
	if (some == 0 || some_parent == 0)
		return false;
	*out = r;
	return true;
}

const char *trace_print(struct trace_text *t, const struct trace *trace)
{
	size_t n = 3;

	memcpy(t->text, "00-", 3);
	for (size_t i = 0; i < 24; i++) {
		if (i == 16)
			t->text[n++] = '-';
		snprintf(t->text + n, 3, "%02x", i < 16 ? trace->id[i] : trace->span[i - 16]);
		n += 2;
	}
	snprintf(t->text + n, sizeof(t->text) - n, "-%02x", trace->sampled);
	return t->text;
}
