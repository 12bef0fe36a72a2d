/* SPDX-License-Identifier: Apache-2.0 */
/* update_build.c - from a document in a temporary file to a segment in the folder of segments. */
#include "feed/unpack.h"
#include "feed/update_impl.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Records between two signs of life. */
#define TELL_EVERY 5000
/* Pages of the document are let go in pieces of at least this many bytes: each call costs a system call. */
#define RELEASE_STEP ((uint64_t)4 << 20)

struct build {
	struct update_run *run;
	struct segment_writer *writer; /* owned until finished */
	uint64_t records, diags;
	struct slice map;
	uint64_t released[2]; /* of the document, and of its second part */
	const struct digest *base; /* NULL: the document is all there is */
	struct map replaced;	   /* ids that it speaks of */
	struct arena ids;
	bool no_kernels;
	struct arena rows; /* of an advisory without kernels */
};

/* The user wants nothing to be said of kernels: rows of packages whose names begin so are left out. */
static enum status without_kernels(struct build *b, const struct advisory *all, struct advisory *out, struct err *err)
{
	struct affected *rows;

	arena_reset(&b->rows);
	rows = arena_array(&b->rows, all->n_affected, sizeof(*rows));
	if (!rows && all->n_affected > 0)
		return err_nomem(err, "a source");
	*out = *all;
	out->affected = rows;
	out->n_affected = 0;
	for (size_t i = 0; i < all->n_affected; i++)
		if (!slice_starts(all->affected[i].package, SLICE("kernel")))
			rows[out->n_affected++] = all->affected[i];
	return STATUS_OK;
}

static enum status on_advisory(void *ctx, const struct advisory *a, struct err *err)
{
	struct build *b = ctx;
	struct advisory rest;

	if (b->no_kernels) {
		TRY(without_kernels(b, a, &rest, err));
		if (rest.n_affected == 0 && a->n_affected > 0)
			return STATUS_OK;
		a = &rest;
	}
	if (++b->records % TELL_EVERY == 0)
		update_tell(b->run, (struct update_event){ .kind = UPDATE_EVENT_PROGRESS,
							   .bytes = b->run->bytes,
							   .records = b->records });
	return segment_writer_add(b->writer, a, err);
}

static void on_diag(void *ctx, const struct diag *d)
{
	struct build *b = ctx;
	struct err_quote q;
	char text[640];
	int n;

	b->diags++;
	n = snprintf(text, sizeof(text), "%s%s", d->where.len > 0 ? err_slice(&q, d->where) : "",
		     d->where.len > 0 ? ": " : "");
	if (d->offset != ERR_NO_OFFSET && n >= 0 && (size_t)n < sizeof(text))
		n += snprintf(text + n, sizeof(text) - (size_t)n, "byte %llu: ", (unsigned long long)d->offset);
	if (n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, "%.*s", (int)MIN(d->text.len, (size_t)500),
			 (const char *)d->text.ptr);
	update_tell(b->run,
		    (struct update_event){ .kind = UPDATE_EVENT_DIAG, .diags = b->diags, .text = slice_cstr(text) });
}

/* A format may start over at the beginning: pages that were let go are read again then. */
static void on_passed(void *ctx, uint64_t begin, uint64_t offset)
{
	struct build *b = ctx;
	uint64_t *released = &b->released[begin == 0 ? 0 : 1];

	offset = MIN(offset, b->map.len);
	if (*released < begin || *released > offset)
		*released = begin + (4096 - begin % 4096) % 4096;
	if (offset < *released || offset - *released < RELEASE_STEP)
		return;
	offset -= offset % 4096;
	madvise((void *)(uintptr_t)(b->map.ptr + *released), (size_t)(offset - *released), MADV_DONTNEED);
	*released = offset;
}

static enum status on_replaced(void *ctx, struct slice id, struct err *err)
{
	struct build *b = ctx;
	struct slice kept;

	return arena_copy(&b->ids, id, &kept) && map_put(&b->replaced, kept, 1) ? STATUS_OK
										 : err_nomem(err, "a source");
}

static enum status parse(struct build *b, const struct feed_source *source, struct err *err)
{
	struct diag_sink diags = { on_diag, b };
	struct advisory_sink sink = { on_advisory, &diags, b };
	struct feed_document doc = {
		.bytes = b->map, .url = source->url, .param = source->param, .passed = on_passed, .passed_ctx = b
	};

	if (!b->base)
		return b->run->feed->format->parse(&doc, b->run->options->limits, &sink, err);
	doc.replaced = on_replaced;
	doc.replaced_ctx = b;
	TRY(b->run->feed->format->parse(&doc, b->run->options->limits, &sink, err));
	return update_take_over(b->run->segments, b->base, &b->replaced, &sink, err);
}

static enum status write_segment(struct build *b, const struct feed_source *source, struct update_built *out,
				 struct err *err)
{
	struct segment_meta meta = { .source = source->name,
				     .feed = slice_cstr(b->run->feed->name),
				     .origin = source->url,
				     .upstream_s = DATE_NONE };
	struct segment_writer *w;
	enum status st;

	TRY(segment_writer_open(b->run->segments, &meta, b->run->options->limits, &b->writer, err));
	st = parse(b, source, err);
	if (st == STATUS_OK && b->records == 0 && b->diags > 0)
		st = err_set(err, STATUS_MALFORMED, "none of %llu records could be read", (unsigned long long)b->diags);
	w = b->writer;
	b->writer = NULL;
	if (st != STATUS_OK) {
		segment_writer_abort(w);
		return st;
	}
	out->diags = b->diags;
	/* Memory is for the writer's work now. */
	if (b->map.len > 0)
		madvise((void *)(uintptr_t)b->map.ptr, b->map.len, MADV_DONTNEED);
	return segment_writer_finish(w, &out->segment, &out->stats, err);
}

static enum status build_plain(struct update_run *run, const struct feed_source *source, int fd,
			       const struct digest *base, struct update_built *out, struct err *err)
{
	struct build b = { .run = run,
			   .base = base,
			   .replaced = MAP_INIT,
			   .ids = ARENA_INIT((size_t)64 << 20),
			   .no_kernels = feed_settings_on(run->options->settings, run->feed, "ignore_kernel_packages"),
			   .rows = ARENA_INIT((size_t)64 << 20) };
	void *map = NULL;
	struct stat info;
	enum status st;

	if (fstat(fd, &info) != 0)
		return err_errno(err, "cannot read the document");
	if (info.st_size > 0) {
		map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map == MAP_FAILED)
			return err_errno(err, "cannot map the document");
		b.map = slice_make(map, (size_t)info.st_size);
	}
	st = write_segment(&b, source, out, err);
	map_fini(&b.replaced);
	arena_fini(&b.ids);
	arena_fini(&b.rows);
	if (map)
		munmap(map, (size_t)info.st_size);
	return st;
}

static enum status check(int fd, const struct digest *checksum, struct err *err)
{
	struct digest found;
	uint64_t bytes;

	if (checksum->algo == DIGEST_NONE)
		return STATUS_OK;
	TRY(fetch_digest(fd, &found, &bytes, err));
	return digest_eq(&found, checksum)
		       ? STATUS_OK
		       : err_set(err, STATUS_MISMATCH,
				 "the document is not the one whose check sum is published beside it");
}

enum status update_build(struct update_run *run, const struct feed_source *source, int fd,
			 const struct digest *checksum, const struct digest *base, struct update_built *out,
			 struct err *err)
{
	int plain = -1;
	enum status st;

	if (!run->feed->format->reads_packed)
		TRY(feed_unpack(fd, run->segments, run->options->limits, &plain, err));
	st = check(plain >= 0 ? plain : fd, checksum, err);
	if (st == STATUS_OK)
		st = build_plain(run, source, plain >= 0 ? plain : fd, base, out, err);
	if (plain >= 0)
		close(plain);
	return st;
}
