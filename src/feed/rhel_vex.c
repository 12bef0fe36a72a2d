/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rhel_vex.c - Red Hat's VEX: an archive of all documents, and what was changed or deleted since.
 *
 * archive_latest.txt names the archive, whose name has its day; changes.csv and deletions.csv list documents with
 * times.
 */
#include "feed/feed.h"

#include "feed/csaf_frame.h"

#include <stdio.h>
#include <unistd.h>

#define ORIGIN "https://security.access.redhat.com/data/csaf/v2/vex/"
#define LIST_BYTES ((size_t)64 << 20)
#define DOCUMENT_BYTES ((size_t)64 << 20)
/* Since one archive; a regeneration of everything comes with a new one. */
#define CHANGES_MAX 20000u

extern const struct feed_format feed_format_csaf_vex;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	const struct feed_source s = { .name = SLICE("rhel-vex"),
				       .url = SLICE(ORIGIN "archive_latest.txt"),
				       .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &s, err);
}

/* The folder of the feed: users name it, with or without the slash, in place of ours. */
static struct slice base_of(struct slice url)
{
	struct slice folder, last;

	if (slice_rcut(url, '/', &folder, &last) && slice_has(last, SLICE(".")))
		return folder;
	while (slice_ends(url, SLICE("/")))
		url.len--;
	return url;
}

static bool put_url(struct buf *b, struct slice base, struct slice path)
{
	buf_reset(b);
	buf_add(b, base);
	buf_add_byte(b, '/');
	buf_add(b, path);
	return b->failed == STATUS_OK;
}

static bool is_file_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_' && s.ptr[i] != '.')
			return false;
	return s.len > 0 && s.ptr[0] != '.';
}

static enum status locate(const struct feed_fetcher *fetcher, const struct feed_source *source, struct buf *out_url,
			  struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(4096), url = BUF_INIT(8192);
	struct slice base = base_of(source->url), name;

	if (!put_url(&url, base, SLICE("archive_latest.txt")))
		return err_nomem(err, "VEX");
	TRY(fetcher->get(fetcher->ctx, buf_slice(&url), &text, err));
	name = slice_trim(buf_slice(&text));
	if (!is_file_name(name))
		return err_set(err, STATUS_MALFORMED, "archive_latest.txt names no archive");
	return put_url(out_url, base, name) ? STATUS_OK : err_nomem(err, "VEX");
}

/* ---- what came after the archive ---- */

struct amending {
	const struct feed_fetcher *fetcher;
	struct slice base;
	int64_t since_s;
	int fd; /* -1: only a mirror is filled */
	uint64_t at, changes;
	int64_t newest_s;
	bool alone; /* without the archive: then nothing may be missing */
	struct buf url, text;
};

/* "csaf_vex_2024-08-04.tar.zst" -> the beginning of that day. */
static bool day_of(struct slice url, int64_t *out_s)
{
	struct slice name;

	if (!slice_rcut(url, '/', NULL, &name))
		name = url;
	for (size_t i = 0; i + 10 <= name.len; i++)
		if (name.ptr[i + 4] == '-' && date_parse(slice_take(slice_from(name, i), 10), out_s))
			return true;
	return false;
}

static enum status put(struct amending *a, struct slice bytes, struct err *err)
{
	for (size_t at = 0; a->fd >= 0 && at < bytes.len;) {
		ssize_t n = pwrite(a->fd, bytes.ptr + at, bytes.len - at, (off_t)(a->at + at));

		if (n < 0)
			return err_errno(err, "cannot write the document");
		at += (size_t)n;
	}
	a->at += bytes.len;
	return STATUS_OK;
}

static enum status put_document(struct amending *a, struct slice bytes, struct err *err)
{
	char line[32];

	snprintf(line, sizeof(line), "%zu\n", bytes.len);
	TRY(put(a, slice_cstr(line), err));
	TRY(put(a, bytes, err));
	return put(a, SLICE("\n"), err);
}

/* "2023/cve-2023-0044.json" */
static bool is_path(struct slice path)
{
	struct slice year, name;

	return slice_cut(path, '/', &year, &name) && year.len == 4 && is_file_name(year) && is_file_name(name) &&
	       slice_starts(name, SLICE("cve-")) && slice_ends(name, SLICE(".json"));
}

static enum status take_change(struct amending *a, struct slice path, struct err *err)
{
	enum status st;

	buf_reset(&a->text);
	if (!put_url(&a->url, a->base, path))
		return err_nomem(err, "VEX");
	st = a->fetcher->get(a->fetcher->ctx, buf_slice(&a->url), &a->text, err);
	/* A mirror may lack it; then the archive's counts. */
	if (st == STATUS_NOTFOUND && !a->alone)
		return STATUS_OK;
	return st == STATUS_OK ? put_document(a, buf_slice(&a->text), err) : st;
}

static enum status take_deletion(struct amending *a, struct slice path, struct err *err)
{
	char text[256], id[64];
	struct slice name = slice_take(slice_from(path, 5), path.len - 5 - strlen(".json"));
	size_t n = MIN(name.len, sizeof(id) - 1);

	for (size_t i = 0; i < n; i++)
		id[i] = name.ptr[i] >= 'a' && name.ptr[i] <= 'z' ? (char)(name.ptr[i] - 'a' + 'A') : (char)name.ptr[i];
	id[n] = '\0';
	snprintf(text, sizeof(text), "{\"document\":{\"tracking\":{\"id\":\"%s\",\"status\":\"deleted\"}}}", id);
	return put_document(a, slice_cstr(text), err);
}

static struct slice unquoted(struct slice s)
{
	s = slice_trim(s);
	return s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"' ? slice_take(slice_from(s, 1), s.len - 2) : s;
}

/* "path","time" a line, in no order. */
static enum status take_list(struct amending *a, struct slice name, bool deletions, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(LIST_BYTES);
	struct slice rest, line;
	enum status st;

	if (!put_url(&a->url, a->base, name))
		return err_nomem(err, "VEX");
	st = a->fetcher->get(a->fetcher->ctx, buf_slice(&a->url), &text, err);
	if (st == STATUS_NOTFOUND && (!a->alone || deletions))
		return STATUS_OK;
	TRY(st);
	for (rest = buf_slice(&text); slice_line(&rest, &line);) {
		struct slice path, time;
		int64_t when;

		if (!slice_cut(line, ',', &path, &time))
			continue;
		path = unquoted(path);
		if (!is_path(path) || !date_parse(unquoted(time), &when))
			continue;
		if (a->newest_s == DATE_NONE || when > a->newest_s)
			a->newest_s = when;
		if (when < a->since_s)
			continue;
		if (++a->changes > CHANGES_MAX)
			return err_set(err, STATUS_LIMIT, "VEX: more than %u documents changed since the archive",
				       CHANGES_MAX);
		TRY(deletions ? take_deletion(a, path, err) : take_change(a, path, err));
	}
	return STATUS_OK;
}

static enum status amend_all(struct amending *a, struct err *err)
{
	uint64_t begin = a->at;
	char trailer[CSAF_TRAILER_BYTES + 1];

	/* What was deleted stays deleted: the first document of an id counts. */
	TRY(take_list(a, SLICE("deletions.csv"), true, err));
	TRY(take_list(a, SLICE("changes.csv"), false, err));
	if (a->changes == 0)
		return STATUS_OK;
	snprintf(trailer, sizeof(trailer), CSAF_TRAILER, (unsigned long long)begin);
	return put(a, slice_cstr(trailer), err);
}

static enum status amend(const struct feed_fetcher *fetcher, struct slice url, int fd, struct feed_amendment *io,
			 struct err *err)
{
	struct amending a = { .fetcher = fetcher,
			      .base = base_of(url),
			      .fd = fd,
			      .since_s = io->since_s,
			      .newest_s = DATE_NONE,
			      .alone = io->since_s != DATE_NONE,
			      .url = BUF_INIT(8192),
			      .text = BUF_INIT(DOCUMENT_BYTES) };
	off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	enum status st = STATUS_OK;

	if (end < 0)
		return err_errno(err, "cannot write the document");
	a.at = (uint64_t)end;
	if (a.alone || day_of(url, &a.since_s))
		st = amend_all(&a, err);
	io->newest_s = a.newest_s;
	io->documents = a.changes;
	buf_fini(&a.url);
	buf_fini(&a.text);
	return st;
}

const struct feed feed_rhel_vex = {
	.name = "rhel-vex",
	.title = "Red Hat VEX",
	.home = "https://security.access.redhat.com/data/csaf/v2/vex/",
	.origin = ORIGIN,
	.format = &feed_format_csaf_vex,
	.interval_s = 24 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
	.locate = locate,
	.amend = amend,
};
