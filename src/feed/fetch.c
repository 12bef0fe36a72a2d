/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c - documents from their origins or from a mirror. */
#include "feed/fetch.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK ((size_t)256 << 10)
#define PATH_MAX_BYTES 4096
#define TRIES 4u
/* Who is slow is not waited for so often. */
#define TRIES_SLOW 2u
/* A probe holds up the list that it is for. */
#define PROBE_STALL_S 15u

static bool is_http(struct slice s)
{
	return slice_starts(s, SLICE("http://")) || slice_starts(s, SLICE("https://"));
}

/* "host/path" of an URL. */
static struct slice without_scheme(struct slice url)
{
	size_t at = slice_find(url, SLICE("://"));

	return at == SIZE_MAX ? url : slice_from(url, at + 3);
}

/* ---- paths ---- */

static bool add_decoded(struct slice in, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.ptr[i];

		if (c == '%' && i + 2 < in.len && hex_value(in.ptr[i + 1]) >= 0 && hex_value(in.ptr[i + 2]) >= 0) {
			c = (uint8_t)(hex_value(in.ptr[i + 1]) * 16 + hex_value(in.ptr[i + 2]));
			i += 2;
		}
		if (c == '\0' || n + 1 >= size)
			return false;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return n > 0;
}

static bool leads_out(struct slice path)
{
	struct slice part;

	while (slice_word(&path, '/', &part))
		if (slice_eq(part, SLICE("..")))
			return true;
	return false;
}

enum status fetch_path(const char *dir, size_t dir_len, struct slice url, char *out, size_t size, struct err *err)
{
	struct slice rest = without_scheme(url);
	struct err_quote q;

	if (dir_len + 2 >= size || slice_find_byte(rest, '/') == SIZE_MAX || slice_ends(rest, SLICE("/")))
		return err_set(err, STATUS_INVALID, "no place in a mirror for \"%s\"", err_slice(&q, url));
	memcpy(out, dir, dir_len);
	out[dir_len] = '/';
	if (!add_decoded(rest, out + dir_len + 1, size - dir_len - 1) || leads_out(slice_cstr(out + dir_len + 1)))
		return err_set(err, STATUS_INVALID, "no place in a mirror for \"%s\"", err_slice(&q, url));
	return STATUS_OK;
}

int fetch_temporary(const char *dir, struct err *err)
{
	char path[PATH_MAX_BYTES];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Some file systems have no unnamed files. */
	if ((size_t)snprintf(path, sizeof(path), "%s/.fetch-XXXXXX", dir) >= sizeof(path)) {
		err_set(err, STATUS_INVALID, "the path of the data folder is too long");
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0) {
		err_errno(err, "cannot make a temporary file in %s", dir);
		return -1;
	}
	unlink(path);
	return fd;
}

enum status fetch_digest(int fd, struct digest *out, uint64_t *out_bytes, struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	uint8_t *block = malloc(BLOCK);
	enum status st = h && block ? STATUS_OK : err_nomem(err, "digest");
	uint64_t at = 0;

	while (st == STATUS_OK) {
		ssize_t n = pread(fd, block, BLOCK, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			st = err_errno(err, "cannot read the document");
		if (n <= 0)
			break;
		hasher_add(h, slice_make(block, (size_t)n));
		at += (uint64_t)n;
	}
	if (st == STATUS_OK)
		st = hasher_final(h, out, err);
	*out_bytes = at;
	hasher_free(h);
	free(block);
	return st;
}

/* ---- a directory ---- */

static enum status too_large(const struct fetch_place *place, const char *path, struct err *err)
{
	return err_set(err, STATUS_LIMIT, "%s: larger than %llu bytes (limits.document_bytes)", path,
		       (unsigned long long)place->limits->document_bytes);
}

static enum status copy_bytes(const struct fetch_place *place, const char *path, int from, int to, uint8_t *block,
			      struct hasher *h, struct http_answer *out, struct err *err)
{
	for (;;) {
		ssize_t n = read(from, block, BLOCK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "%s", path);
		if (n == 0)
			return hasher_final(h, &out->digest, err);
		out->bytes += (uint64_t)n;
		if (out->bytes > place->limits->document_bytes)
			return too_large(place, path, err); /* it grows */
		hasher_add(h, slice_make(block, (size_t)n));
		TRY(file_write_all(to, slice_make(block, (size_t)n), err));
	}
}

/*
 * The bytes are copied, not mapped where they lie: whoever fills the directory may cut a file at any time, and a
 * mapping of it would end the process.
 */
static enum status copy_file(const struct fetch_place *place, const char *path, int to, struct http_answer *out,
			     struct err *err)
{
	int AUTO(close_fd) from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct hasher *h;
	uint8_t *block;
	enum status st;
	struct stat info;

	if (from < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, STATUS_NOTFOUND, "%s: there is no such file", path);
	if (from < 0 || fstat(from, &info) != 0)
		return err_errno(err, "%s", path);
	if (!S_ISREG(info.st_mode))
		return err_set(err, STATUS_NOTFOUND, "%s: not a file", path);
	if ((uint64_t)info.st_size > place->limits->document_bytes)
		return too_large(place, path, err);
	out->code = 200;
	h = hasher_new(DIGEST_SHA256);
	block = malloc(BLOCK);
	st = h && block ? copy_bytes(place, path, from, to, block, h, out, err) : err_nomem(err, "document");
	hasher_free(h);
	free(block);
	return st;
}

/* ---- any place ---- */

/* The URL to ask: the origin's, or the mirror's. */
static enum status http_url(const struct fetch_place *place, struct slice url, char *out, size_t size, struct err *err)
{
	struct slice base = place->mirror;
	int n;

	while (slice_ends(base, SLICE("/")))
		base.len--;
	if (base.len == 0)
		n = snprintf(out, size, "%.*s", SLICE_ARG(url));
	else
		n = snprintf(out, size, "%.*s/%.*s", SLICE_ARG(base), SLICE_ARG(without_scheme(url)));
	return n > 0 && (size_t)n < size ? STATUS_OK : err_set(err, STATUS_INVALID, "the URL is too long");
}

/* 1, 2, 4 ... seconds, half as much again or half of it: those who failed together do not come again together. */
static void back_off(unsigned try)
{
	uint32_t ms = 1000u << MIN(try, 5u), random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) == (ssize_t)sizeof(random))
		ms = ms / 2 + random % ms;
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 }, NULL);
}

/* A request and what comes of it, told to the host's row. */
static enum status ask(const struct fetch_place *place, const struct http_request *req, bool last, int fd,
		       struct http_answer *out, struct err *err)
{
	struct slice url = slice_cstr(req->url);
	enum hosts_outcome outcome = HOSTS_ANSWERED;
	enum status st;

	out->again = false;
	TRY(hosts_wait(place->hosts, url, err));
	st = http_get(req, fd, out, err);
	if (st != STATUS_OK && out->again && out->retry_after_s > 0)
		outcome = HOSTS_BUSY;
	else if (st != STATUS_OK && out->again && err->sys_errno == 0)
		outcome = HOSTS_FAILED;
	if (outcome != HOSTS_FAILED || last)
		hosts_told(place->hosts, url, outcome, out->retry_after_s);
	return st;
}

static enum status fetch_http(const struct fetch_place *place, const struct http_request *req, unsigned tries, int fd,
			      struct http_answer *out, struct err *err)
{
	for (unsigned try = 0;; try++) {
		enum status st;
		bool last;

		/* A try that failed half-way left bytes behind. */
		if (try > 0 && (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) < 0))
			return err_errno(err, "cannot start again");
		last = try + 1 >= tries;
		st = ask(place, req, last, fd, out, err);
		if (st == STATUS_TIMEOUT && !last && try + 1 >= TRIES_SLOW) {
			hosts_told(place->hosts, slice_cstr(req->url), HOSTS_FAILED, 0);
			last = true;
		}
		if (st == STATUS_OK || last || !out->again)
			return st;
		if (out->retry_after_s == 0)
			back_off(try);
	}
}

static enum status fetch(const struct fetch_place *place, struct slice url, const struct http_validators *validators,
			 uint64_t max_bytes, unsigned tries, int fd, struct http_answer *out, struct err *err)
{
	char text[PATH_MAX_BYTES];
	struct http_request req = { .url = text,
				    .validators = validators,
				    .max_bytes = max_bytes,
				    .timeout_s = tries > 1 ? place->stall_s : MIN(place->stall_s, PROBE_STALL_S),
				    .progress = place->progress,
				    .progress_ctx = place->progress_ctx };

	memset(out, 0, sizeof(*out));
	if (place->mirror.len > 0 && !is_http(place->mirror)) {
		TRY(fetch_path((const char *)place->mirror.ptr, place->mirror.len, url, text, sizeof(text), err));
		return copy_file(place, text, fd, out, err);
	}
	/* What a document or another host names is never one. */
	if (place->file && slice_starts(url, SLICE("/"))) {
		if ((size_t)snprintf(text, sizeof(text), "%.*s", SLICE_ARG(url)) >= sizeof(text))
			return err_set(err, STATUS_INVALID, "the path is too long");
		return copy_file(place, text, fd, out, err);
	}
	TRY(http_url(place, url, text, sizeof(text), err));
	return fetch_http(place, &req, tries, fd, out, err);
}

enum status fetch_document(const struct fetch_place *place, struct slice url, const struct http_validators *validators,
			   int fd, struct http_answer *out, struct err *err)
{
	return fetch(place, url, validators, place->limits->document_bytes, TRIES, fd, out, err);
}

enum status fetch_small(const struct fetch_place *place, struct slice url, struct buf *out, struct err *err)
{
	int AUTO(close_fd) fd = memfd_create("limpid-list", MFD_CLOEXEC);
	struct http_answer answer;
	uint8_t *room;

	if (fd < 0)
		return err_errno(err, "cannot make a file in memory");
	TRY(fetch(place, url, NULL, out->max, TRIES, fd, &answer, err));
	room = buf_reserve(out, (size_t)answer.bytes);
	if (!room)
		return buf_check(out, "a list of sources", err);
	for (size_t at = 0; at < answer.bytes;) {
		ssize_t n = pread(fd, room + at, (size_t)answer.bytes - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, "cannot read a list of sources");
		at += (size_t)n;
	}
	out->len += (size_t)answer.bytes;
	return STATUS_OK;
}

enum feed_presence fetch_probe(const struct fetch_place *place, struct slice url)
{
	int AUTO(close_fd) fd = -1;
	struct http_answer answer;
	struct err err = ERR_INIT;
	char path[PATH_MAX_BYTES];
	enum status st;

	if (place->mirror.len > 0 && !is_http(place->mirror))
		return fetch_path((const char *)place->mirror.ptr, place->mirror.len, url, path, sizeof(path), &err) ==
					       STATUS_OK &&
				       access(path, R_OK) == 0
			       ? FEED_PRESENT
			       : FEED_ABSENT;
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	/* A body is larger than one byte: the transfer ends there. */
	st = fd < 0 ? STATUS_IO : fetch(place, url, NULL, 1, 1, fd, &answer, &err);
	if (st == STATUS_OK || st == STATUS_LIMIT)
		return FEED_PRESENT;
	/* Some origins refuse what they do not have. */
	return st == STATUS_NOTFOUND || st == STATUS_AUTH ? FEED_ABSENT : FEED_UNSURE;
}

/* ---- filling a mirror ---- */

/* Three lines: digest of the document, ETag, Last-Modified. */
static bool read_validators(const char *path, const struct digest *have, struct http_validators *out)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct slice rest, digest, etag, modified;
	struct digest_text t;

	memset(out, 0, sizeof(*out));
	if (file_read(path, &text, &err) != STATUS_OK)
		return false;
	rest = buf_slice(&text);
	slice_cut(rest, '\n', &digest, &rest);
	slice_cut(rest, '\n', &etag, &rest);
	slice_cut(rest, '\n', &modified, &rest);
	if (!slice_eq(digest, slice_cstr(digest_print(&t, have))) || etag.len >= sizeof(out->etag) ||
	    modified.len >= sizeof(out->last_modified))
		return false;
	if (etag.len > 0)
		memcpy(out->etag, etag.ptr, etag.len);
	if (modified.len > 0)
		memcpy(out->last_modified, modified.ptr, modified.len);
	return true;
}

static enum status write_validators(const char *path, const struct digest *digest, const struct http_validators *v,
				    struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(4096);
	struct file_writer *w;
	struct digest_text t;
	enum status st;

	buf_printf(&text, "%s\n%s\n%s\n", digest_print(&t, digest), v->etag, v->last_modified);
	TRY(buf_check(&text, "validators", err));
	TRY(file_writer_open(path, &w, err));
	st = file_writer_put(w, buf_slice(&text), err);
	if (st != STATUS_OK) {
		file_writer_abort(w);
		return st;
	}
	return file_writer_commit(w, NULL, err);
}

/* Digest of a file that may not be there. */
static bool digest_file(const char *path, struct digest *out)
{
	int AUTO(close_fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct err err = ERR_INIT;
	uint64_t bytes;

	return fd >= 0 && fetch_digest(fd, out, &bytes, &err) == STATUS_OK;
}

static enum status download(const struct fetch_place *place, struct slice url, const char *path, const char *beside,
			    bool *out_changed, uint64_t *out_bytes, struct err *err)
{
	struct digest have = { 0 };
	struct http_validators validators = { "", "" };
	bool known = digest_file(path, &have);
	struct http_answer answer;
	struct file_writer *w;
	enum status st;

	if (known)
		known = read_validators(beside, &have, &validators);
	TRY(file_writer_open(path, &w, err));
	st = fetch_document(place, url, known ? &validators : NULL, file_writer_fd(w), &answer, err);
	if (st == STATUS_OK && answer.code == 304) {
		file_writer_abort(w);
		*out_changed = false;
		return STATUS_OK;
	}
	if (st != STATUS_OK) {
		file_writer_abort(w);
		return st;
	}
	*out_bytes = answer.bytes;
	*out_changed = !digest_eq(&have, &answer.digest);
	TRY(file_writer_commit(w, NULL, err));
	return write_validators(beside, &answer.digest, &answer.validators, err);
}

enum status fetch_download(const struct fetch_place *place, struct slice url, struct slice dir, bool *out_changed,
			   uint64_t *out_bytes, struct err *err)
{
	char path[PATH_MAX_BYTES], beside[PATH_MAX_BYTES + 32], *slash;

	*out_bytes = 0;
	TRY(fetch_path((const char *)dir.ptr, dir.len, url, path, sizeof(path), err));
	slash = strrchr(path, '/');
	*slash = '\0';
	TRY(file_mkdirs(path, err));
	snprintf(beside, sizeof(beside), "%s/.%s.validators", path, slash + 1);
	*slash = '/';
	return download(place, url, path, beside, out_changed, out_bytes, err);
}
