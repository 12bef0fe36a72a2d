/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_push.c - layers that clients upload: read while they arrive, their bytes kept for a while. */
#include "service/indexer_impl.h"

#include "base/date.h"
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Name of a pushed layer's file in push_dir: "sha256-<hex>". */
static bool file_name(const struct digest *layer, char *out, size_t size)
{
	struct digest_text text;
	char *colon;

	if (snprintf(out, size, "%s", digest_print(&text, layer)) >= (int)size)
		return false;
	colon = strchr(out, ':');
	if (colon)
		*colon = '-';
	return colon != NULL;
}

static int open_dir(const struct indexer *ix)
{
	return ix->push_dir ? open(ix->push_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

int pushed_open(const struct indexer *ix, const struct digest *layer)
{
	AUTO(close_fd) int dir = open_dir(ix);
	char name[160];

	if (dir < 0 || !file_name(layer, name, sizeof(name)))
		return -1;
	return openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

enum status pushed_pass(void *ctx, struct layer_pass *pass, struct err *err)
{
	const int *fd = ctx;
	uint8_t *room = malloc(1 << 18);
	off_t at = 0;
	ssize_t n = 1;
	enum status st = STATUS_OK;

	if (!room)
		return err_nomem(err, "a layer");
	while (st == STATUS_OK && n > 0) {
		n = pread(*fd, room, 1 << 18, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			st = err_errno(err, "a pushed layer");
		else if (n > 0)
			st = layer_pass_bytes(pass, slice_make(room, (size_t)n), err);
		at += n > 0 ? n : 0;
	}
	free(room);
	return st;
}

/* ---- what lies there ---- */

struct found {
	char name[160];
	int64_t modified_s;
	uint64_t bytes;
};

static int oldest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->modified_s > y->modified_s) - (x->modified_s < y->modified_s);
}

/* Files of the folder, oldest first; *out is the caller's. */
static size_t list(int dir_fd, struct found **out)
{
	int again = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again >= 0 ? fdopendir(again) : NULL;
	struct dirent *e;
	size_t n = 0, cap = 0;

	*out = NULL;
	if (!dir)
		close_fd(&again);
	while (dir && (e = readdir(dir))) {
		struct stat st;

		if (e->d_name[0] == '.' || strlen(e->d_name) >= sizeof((*out)->name) ||
		    fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (n == cap) {
			struct found *more = realloc(*out, (cap = cap ? 2 * cap : 64) * sizeof(**out));

			if (!more)
				break;
			*out = more;
		}
		(*out)[n] = (struct found){ .modified_s = st.st_mtime, .bytes = (uint64_t)st.st_size };
		memcpy((*out)[n++].name, e->d_name, strlen(e->d_name) + 1);
	}
	if (dir)
		closedir(dir);
	if (n > 1)
		qsort(*out, n, sizeof(**out), oldest_first);
	return n;
}

/* The oldest go until no more than max bytes lie there, and all that are older than before_s. */
static void make_room(int dir_fd, uint64_t max, int64_t before_s)
{
	struct found *found;
	size_t n = list(dir_fd, &found);
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += found[i].bytes;
	for (size_t i = 0; i < n && (total > max || found[i].modified_s < before_s); i++) {
		unlinkat(dir_fd, found[i].name, 0);
		total -= found[i].bytes;
	}
	free(found);
}

void pushed_expire(struct indexer *ix)
{
	AUTO(close_fd) int dir = open_dir(ix);

	if (dir >= 0)
		make_room(dir, ix->options.push_bytes, date_now() - (int64_t)ix->options.push_keep_s);
}

/* ---- a push ---- */

struct push {
	struct indexer *indexer;
	struct source *bytes;
	int dir, file; /* file: -1 when the bytes are not kept */
	uint64_t kept;
	bool over; /* the stream was read to its end */
};

/* Kept if they can be: without them only a second look at the layer is impossible. */
static void keep(struct push *p, struct slice bytes)
{
	struct err ignored = ERR_INIT;

	if (p->file < 0)
		return;
	p->kept += bytes.len;
	if (p->kept <= p->indexer->options.push_bytes && file_write_all(p->file, bytes, &ignored) == STATUS_OK)
		return;
	close_fd(&p->file);
	p->file = -1;
}

static enum status read_stream(struct push *p, struct layer_pass *pass, struct err *err)
{
	uint8_t *room = malloc(1 << 18);
	size_t n = 1;
	enum status st = STATUS_OK;

	if (!room)
		return err_nomem(err, "a layer");
	while (st == STATUS_OK && n > 0) {
		st = source_read(p->bytes, room, 1 << 18, &n, err);
		if (st != STATUS_OK || n == 0)
			break;
		keep(p, slice_make(room, n));
		st = layer_pass_bytes(pass, slice_make(room, n), err);
	}
	free(room);
	p->over = st == STATUS_OK;
	return st;
}

static enum status push_pass(void *ctx, struct layer_pass *pass, struct err *err)
{
	struct push *p = ctx;

	if (!p->over)
		return read_stream(p, pass, err);
	if (p->file < 0)
		return err_set(err, STATUS_LIMIT, "the layer has to be read twice and is too large to be kept");
	return pushed_pass(&p->file, pass, err);
}

/* The verified bytes get their name. False: they are not kept. */
static bool publish(struct push *p, const struct digest *layer)
{
	char name[160], from[64];

	if (p->file < 0 || p->dir < 0 || !file_name(layer, name, sizeof(name)))
		return false;
	make_room(p->dir, p->indexer->options.push_bytes - MIN(p->kept, p->indexer->options.push_bytes), INT64_MIN);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", p->file);
	if (linkat(AT_FDCWD, from, p->dir, name, AT_SYMLINK_FOLLOW) == 0)
		return true;
	if (errno != EEXIST)
		return false;
	(void)utimensat(p->dir, name, NULL, 0); /* a little longer */
	return true;
}

/* A layer of which neither the bytes nor the report is kept would be missing when its manifest is posted. */
static enum status check_kept(struct indexer *ix, const struct digest *layer, struct err *err)
{
	bool there;

	TRY(indexer_layer_known(ix, layer, &there, err));
	if (there)
		return STATUS_OK;
	return err_set(err, STATUS_IO, "the layer was read, but there is no space to keep what is in it");
}

static enum status push(struct push *p, const struct digest *layer, bool *out_known, struct err *err)
{
	struct image_layer place = { .place = LAYER_STREAM, .digest = *layer };
	struct worker_job job = { .scan = { .layer = &place, .limits = p->indexer->options.limits } };
	struct layer_input input = { .pass = push_pass, .ctx = p, .stop = &p->indexer->stop_all };
	bool crashed = false;
	enum status st;

	job.arena = (struct arena)ARENA_INIT(scan_arena_bytes(p->indexer->options.limits));
	st = layer_obtain(p->indexer, &job, &input, out_known, &crashed, err);
	if (st == STATUS_OK && !job.report.complete) {
		struct slice why = SLICE("the layer could not be read");

		if (job.report.diags.len > 0)
			why = job.report.diags.at[job.report.diags.len - 1].text;
		st = err_set(err, crashed ? STATUS_CRASHED : STATUS_MALFORMED, "%.*s", SLICE_ARG(why));
	}
	if (st == STATUS_OK && !*out_known && !publish(p, layer))
		st = check_kept(p->indexer, layer, err);
	worker_job_fini(&job);
	return st;
}

enum status pushed_file(struct indexer *ix, const struct digest *layer, int fd, uint64_t bytes, struct err *err)
{
	bool foreign = bytes == UINT64_MAX, known = false;
	struct push p = { .indexer = ix, .dir = foreign ? -1 : open_dir(ix), .file = fd, .kept = bytes, .over = true };
	enum status st = push(&p, layer, &known, err);

	/* Its report may be older than its bytes: they are good for a second look. */
	if (st == STATUS_OK && known)
		(void)publish(&p, layer);
	close_fd(&p.dir);
	return st;
}

enum status indexer_layer_known(struct indexer *ix, const struct digest *layer, bool *out, struct err *err)
{
	struct image_layer place = { .place = LAYER_STREAM, .digest = *layer };
	struct worker_job job = { .scan = { .layer = &place, .limits = ix->options.limits } };
	enum status st;

	job.arena = (struct arena)ARENA_INIT(scan_arena_bytes(ix->options.limits));
	st = layer_cached(ix, &job, err);
	worker_job_fini(&job);
	*out = st == STATUS_OK;
	return st == STATUS_NOTFOUND ? STATUS_OK : st;
}

enum status indexer_push(struct indexer *ix, const struct digest *layer, struct source *bytes, bool *out_known,
			 struct err *err)
{
	struct push p = { .indexer = ix, .bytes = bytes, .dir = open_dir(ix), .file = -1 };
	enum status st;

	if (p.dir < 0)
		return err_set(err, STATUS_UNSUPPORTED, "layers cannot be pushed here");
	p.file = openat(p.dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	st = push(&p, layer, out_known, err);
	close_fd(&p.file);
	close_fd(&p.dir);
	return st;
}
