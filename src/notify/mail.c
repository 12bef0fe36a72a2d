/* SPDX-License-Identifier: Apache-2.0 */
/* mail.c - the text of a mail: its headers, its encoding, a line for each entry. */
#include "notify/mail.h"

#include "text/json.h"

#include <time.h>

#define TEXT_MAX ((size_t)8 << 20)
#define LINE_MAX_QP 72 /* columns of quoted-printable; 76 are allowed */

bool mail_is_address(struct slice s)
{
	struct slice user, domain;

	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f || memchr("<>()[],;:\\\"", s.ptr[i], 11))
			return false;
	return slice_rcut(s, '@', &user, &domain) && user.len > 0 && domain.len > 0 && s.len < 320;
}

/* ---- encodings ---- */

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] >= 0x7f)
			return false;
	return !slice_has(s, SLICE("=?"));
}

/* Bytes of the longest run of whole characters of at most max bytes that s begins with; control bytes count as one. */
static size_t take_characters(struct slice s, size_t max)
{
	size_t n = 0;

	while (n < s.len) {
		size_t one = MAX(utf8_sequence(slice_from(s, n)), 1);

		if (n + one > max)
			break;
		n += one;
	}
	return n;
}

/* RFC 2047: words of at most 75 columns, each of whole characters. */
static void add_header_text(struct buf *out, struct slice s)
{
	if (is_plain(s) && s.len <= 900) {
		buf_add(out, s);
		return;
	}
	for (size_t words = 0; s.len > 0; words++) {
		size_t n = take_characters(s, 20);

		buf_add_cstr(out, words ? "\r\n =?UTF-8?Q?" : "=?UTF-8?Q?");
		for (size_t i = 0; i < n; i++)
			if (is_alnum(s.ptr[i]))
				buf_add_byte(out, s.ptr[i]);
			else if (s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
				buf_add_byte(out, '_'); /* no header has a line of its own in the subject */
			else
				buf_printf(out, "=%02X", s.ptr[i]);
		buf_add_cstr(out, "?=");
		s = slice_from(s, n);
	}
}

/* RFC 2045: lines of the text end in LF, those of the result in CRLF. */
static void add_quoted_printable(struct buf *out, struct slice text)
{
	size_t column = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool last = i + 1 == text.len || text.ptr[i + 1] == '\n';

		if (c == '\n') {
			buf_add_cstr(out, "\r\n");
			column = 0;
			continue;
		}
		if (column >= LINE_MAX_QP) {
			buf_add_cstr(out, "=\r\n");
			column = 0;
		}
		/* A dot or a blank at the edge of a line is not safe with every relay; "From " neither. */
		if (c == '=' || c >= 0x7f || c < ' ' || (c == ' ' && last) || (column == 0 && (c == '.' || c == 'F'))) {
			buf_printf(out, "=%02X", c);
			column += 3;
		} else {
			buf_add_byte(out, c);
			column++;
		}
	}
}

/* ---- the text ---- */

/* Text of feeds and images: one line, no control bytes, well-formed. */
static void add_field(struct buf *out, struct slice s, size_t max)
{
	bool cut = s.len > max;

	s = slice_take(s, take_characters(s, max));
	for (size_t i = 0; i < s.len;) {
		size_t n = utf8_sequence(slice_from(s, i));

		if (n == 0)
			buf_add_cstr(out, "\xef\xbf\xbd");
		else if (s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			buf_add_byte(out, ' ');
		else
			buf_add(out, slice_make(s.ptr + i, n));
		i += MAX(n, 1);
	}
	if (cut)
		buf_add_cstr(out, "...");
}

static void add_entry(struct buf *out, struct slice text, const struct limits *limits)
{
	struct err err = ERR_INIT;
	struct json_doc doc;
	yyjson_val *v, *package;

	if (json_parse(text, limits, &doc, &err) != STATUS_OK) {
		buf_add_cstr(out, "(an entry that cannot be read)\n\n");
		return;
	}
	v = json_get(doc.root, "vulnerability");
	package = json_get(v, "package");
	add_field(out, json_get_str(doc.root, "reason"), 20);
	buf_add_cstr(out, ": ");
	add_field(out, json_get_str(v, "name"), 200);
	buf_add_cstr(out, " (");
	add_field(out, json_get_str(v, "severity"), 40);
	buf_add_cstr(out, ")");
	if (json_get_str(package, "name").len > 0) {
		buf_add_cstr(out, " in ");
		add_field(out, json_get_str(package, "name"), 200);
	}
	if (json_get_str(v, "fixed_in_version").len > 0) {
		buf_add_cstr(out, ", fixed in ");
		add_field(out, json_get_str(v, "fixed_in_version"), 200);
	}
	buf_add_cstr(out, "\n  ");
	add_field(out, json_get_str(doc.root, "manifest"), 200);
	if (json_get_str(v, "links").len > 0) {
		buf_add_cstr(out, "\n  ");
		add_field(out, json_get_str(v, "links"), 500);
	}
	buf_add_cstr(out, "\n\n");
	json_doc_free(&doc);
}

static enum status add_entries(struct buf *out, const struct config_smtp *set, const struct limits *limits,
			       const struct delivery_message *m, uint64_t *out_entries, struct err *err)
{
	uint64_t n = 0;

	TRY(m->rewind(m->ctx, err));
	for (;; n++) {
		struct slice entry;

		TRY(m->next(m->ctx, &entry, err));
		if (entry.len == 0)
			break;
		if (n < (uint64_t)set->rollup)
			add_entry(out, entry, limits);
	}
	if (n > (uint64_t)set->rollup)
		buf_printf(out, "and %llu more.\n\n", (unsigned long long)(n - (uint64_t)set->rollup));
	*out_entries = n;
	return STATUS_OK;
}

static enum status make_text(const struct config_smtp *set, const struct limits *limits,
			     const struct delivery_message *m, struct buf *out, uint64_t *out_entries, struct err *err)
{
	buf_add_cstr(out, "What is known about vulnerabilities in indexed container images has changed.\n\n");
	TRY(add_entries(out, set, limits, m, out_entries, err));
	buf_add_cstr(out, "Notification ");
	buf_add(out, m->id);
	buf_add_cstr(out, "\n");
	if (set->callback.len > 0) {
		buf_add(out, set->callback);
		buf_add(out, m->id);
		buf_add_cstr(out, "\n");
	}
	return buf_check(out, "a mail", err);
}

/* ---- the mail ---- */

static void add_date(struct buf *out, int64_t date)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t when = (time_t)date;
	struct tm tm = { .tm_mday = 1 };

	(void)gmtime_r(&when, &tm);
	buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
		   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_headers(struct buf *out, const struct config_smtp *set, struct slice id, int64_t date)
{
	struct slice domain;

	slice_rcut(set->from, '@', NULL, &domain);
	add_date(out, date);
	buf_add_cstr(out, "From: <");
	buf_add(out, set->from);
	buf_add_cstr(out, ">\r\nTo: ");
	for (size_t i = 0; i < set->to.n; i++) {
		buf_add_cstr(out, i ? ",\r\n <" : "<");
		buf_add(out, set->to.at[i]);
		buf_add_byte(out, '>');
	}
	buf_add_cstr(out, "\r\nSubject: ");
	add_header_text(out, set->subject);
	buf_add_cstr(out, "\r\nMessage-ID: <limpid.");
	for (size_t i = 0; i < id.len; i++)
		if (is_alnum(id.ptr[i]) || id.ptr[i] == '-')
			buf_add_byte(out, id.ptr[i]);
	buf_add_byte(out, '@');
	buf_add(out, domain);
	buf_add_cstr(out,
		     ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
		     "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
}

enum status mail_make(const struct config_smtp *set, const struct limits *limits, const struct delivery_message *m,
		      int64_t date, struct buf *out, uint64_t *out_entries, struct err *err)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	enum status st = make_text(set, limits, m, &text, out_entries, err);

	if (st == STATUS_OK) {
		buf_reset(out);
		add_headers(out, set, m->id, date);
		add_quoted_printable(out, buf_slice(&text));
		st = buf_check(out, "a mail", err);
	}
	buf_fini(&text);
	return st;
}
