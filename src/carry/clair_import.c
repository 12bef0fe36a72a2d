/* SPDX-License-Identifier: Apache-2.0 */
/* clair_import.c - from Clair's lines to segments in force, one update operation after the other. */
#include "base/map.h"
#include "carry/clair_line.h"
#include "carry/lines.h"
#include "carry/publish.h"

#include <stdio.h>
#include <unistd.h>

/* Of what an import makes: grows when the same line gives another advisory. */
#define CLAIR_FORMAT "clair-lines 2"
#define CLAIR_ORIGIN "clair export"

/* The lines of one operation follow each other. */
struct operation {
	bool open;
	bool passed; /* its lines are counted, and nothing is made of them */
	bool locked;
	struct slice updater, ref; /* in the arena */
	int64_t date_s;
	uint64_t lines, kept, diags;
	struct carry_target target;
	struct segment_writer *writer; /* owned */
	struct arena arena;
};

struct import {
	struct carry_run run;
	struct lines lines;
	struct arena line;  /* of one line */
	struct arena names; /* of the updaters that were there */
	struct map seen;
	struct operation op;
	uint64_t good; /* lines that were Clair's */
};

static void diag(struct import *im, struct slice source, const char *why)
{
	char text[700];
	struct carry_event e = { .kind = CARRY_DIAG, .source = source };

	snprintf(text, sizeof(text), "line %llu: %s", (unsigned long long)im->lines.number, why);
	e.text = slice_cstr(text);
	im->run.summary->diags++;
	carry_tell(&im->run, &e);
}

static void tell(struct import *im, enum carry_event_kind kind, const char *why)
{
	const struct carry_event e = {
		.kind = kind, .source = im->op.updater, .lines = im->op.lines, .text = slice_cstr(why)
	};

	im->run.summary->failed += kind == CARRY_FAILED;
	im->run.summary->passed_over += kind == CARRY_PASSED_OVER;
	carry_tell(&im->run, &e);
}

/* ---- an operation ---- */

static void op_close(struct import *im)
{
	struct operation *op = &im->op;

	segment_writer_abort(op->writer);
	op->writer = NULL;
	if (op->locked)
		store_unlock(im->run.store, op->updater);
	arena_reset(&op->arena);
	*op = (struct operation){ .arena = op->arena };
}

/* It stays open, so that its further lines are known as its own. */
static void op_fail(struct import *im, const struct err *why)
{
	tell(im, CARRY_FAILED, why->msg);
	segment_writer_abort(im->op.writer);
	im->op.writer = NULL;
	im->op.passed = true;
}

static enum status op_start(struct import *im, struct err *err)
{
	struct operation *op = &im->op;
	struct segment_meta meta = { .source = op->updater, .origin = SLICE(CLAIR_ORIGIN), .upstream_s = DATE_NONE };

	TRY(store_lock(im->run.store, op->updater, err));
	op->locked = true;
	TRY(carry_target_load(&im->run, op->updater, &op->arena, &op->target, err));
	meta.feed = carry_feed_of(&op->target, op->updater);
	op->target.row.feed = meta.feed;
	return segment_writer_open(im->run.segments, &meta, im->run.options->limits, &op->writer, err);
}

/* Validators are of the address they came with: an update run asks its own place anew. */
static enum status describe(struct operation *op, const struct clair_line *line, struct err *err)
{
	struct store_source *row = &op->target.row;

	row->url = SLICE(CLAIR_ORIGIN);
	row->last_modified = SLICE_EMPTY;
	row->document = (struct digest){ .algo = DIGEST_NONE };
	row->format_version = SLICE(CLAIR_FORMAT);
	row->kind = line->enrichment ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	return arena_copy(&op->arena, line->fingerprint, &row->etag) ? STATUS_OK : err_nomem(err, "an operation");
}

static enum status remember(struct import *im, struct slice updater, bool *twice, struct err *err)
{
	struct slice name;
	uint64_t ignored;

	*twice = map_get(&im->seen, updater, &ignored);
	if (*twice)
		return STATUS_OK;
	return arena_copy(&im->names, updater, &name) && map_put(&im->seen, name, 1) ? STATUS_OK
										     : err_nomem(err, "updaters");
}

static enum status op_open(struct import *im, const struct clair_line *line, struct err *err)
{
	struct operation *op = &im->op;
	struct err why = ERR_INIT;
	enum status st;
	bool twice;

	op->open = true;
	op->date_s = line->date_s;
	if (!arena_copy(&op->arena, line->updater, &op->updater) || !arena_copy(&op->arena, line->ref, &op->ref))
		return err_nomem(err, "an operation");
	im->run.summary->sources++;
	if (line->enrichment && !line->known) {
		op->passed = true;
		tell(im, CARRY_PASSED_OVER, "there is no such enricher here");
		return STATUS_OK;
	}
	TRY(remember(im, op->updater, &twice, err));
	if (twice) {
		/* Its second part would replace its first. */
		why.code = STATUS_MALFORMED;
		snprintf(why.msg, sizeof(why.msg), "line %llu: a second operation of it in one file",
			 (unsigned long long)im->lines.number);
		op_fail(im, &why);
		return STATUS_OK;
	}
	st = op_start(im, &why);
	if (st == STATUS_OK)
		return describe(op, line, err);
	op_fail(im, &why);
	return st == STATUS_NOMEM ? err_nomem(err, "an operation") : STATUS_OK;
}

/* Lines that cannot be kept and no others: there is nothing to put in force. */
static enum status op_finish(struct import *im, struct err *err)
{
	struct operation *op = &im->op;
	struct segment_writer *w = op->writer;
	struct segment_stats stats;
	struct digest segment;
	struct err why = ERR_INIT;
	enum status st = STATUS_OK;

	if (op->open && !op->passed && op->kept == 0) {
		st = err_set(&why, STATUS_MALFORMED, "none of its %llu lines could be kept",
			     (unsigned long long)op->lines);
	} else if (op->open && !op->passed) {
		op->writer = NULL;
		st = segment_writer_finish(w, &segment, &stats, &why);
		if (st == STATUS_OK)
			st = carry_publish(&im->run, &op->target, &segment, &stats, op->date_s, op->lines, &op->arena,
					   &why);
	}
	if (st != STATUS_OK)
		op_fail(im, &why);
	op_close(im);
	if (st == STATUS_NOMEM)
		return err_nomem(err, "an import");
	return STATUS_OK;
}

/* ---- lines ---- */

static bool same_operation(const struct operation *op, const struct clair_line *line)
{
	return op->open && slice_eq(op->updater, line->updater) && slice_eq(op->ref, line->ref);
}

static enum status keep_line(struct import *im, const struct clair_line *line, struct err *err)
{
	struct operation *op = &im->op;
	struct err why = ERR_INIT;

	op->lines++;
	if (op->passed)
		return STATUS_OK;
	if (line->refused.len > 0) {
		char text[600];
		struct err_quote q;

		snprintf(text, sizeof(text), "%s: %.*s", err_slice(&q, line->advisory.id), SLICE_ARG(line->refused));
		diag(im, op->updater, text);
		op->diags++;
		return STATUS_OK;
	}
	if (segment_writer_add(op->writer, line->enrichment ? &line->record.advisory : &line->advisory, &why) !=
	    STATUS_OK) {
		op_fail(im, &why);
		return why.code == STATUS_NOMEM ? err_nomem(err, "an import") : STATUS_OK;
	}
	op->kept++;
	return STATUS_OK;
}

static enum status on_line(struct import *im, struct slice text, struct err *err)
{
	struct err why = ERR_INIT;
	struct clair_line line;

	arena_reset(&im->line);
	im->run.summary->lines++;
	if (clair_line_parse(text, im->run.options->limits, &im->line, &line, &why) != STATUS_OK) {
		if (why.code == STATUS_NOMEM)
			return err_nomem(err, "a line");
		if (im->lines.unended)
			return err_set(err, STATUS_MALFORMED, "line %llu: the file ends in the middle of it: %s",
				       (unsigned long long)im->lines.number, why.msg);
		diag(im, SLICE_EMPTY, why.msg);
		return STATUS_OK;
	}
	im->good++;
	if (!same_operation(&im->op, &line)) {
		TRY(op_finish(im, err));
		TRY(op_open(im, &line, err));
	}
	return keep_line(im, &line, err);
}

static enum status read_lines(struct import *im, struct err *err)
{
	struct slice text;
	enum status st;

	for (;;) {
		st = lines_next(&im->lines, &text, err);
		if (st == STATUS_NOTFOUND)
			return op_finish(im, err);
		if (st == STATUS_LIMIT && im->lines.in->failed.code == STATUS_OK) {
			im->run.summary->lines++;
			diag(im, SLICE_EMPTY, err->msg);
			continue;
		}
		if (st != STATUS_OK)
			return st;
		TRY(on_line(im, text, err));
	}
}

static enum status import(struct import *im, struct err *err)
{
	enum status st = read_lines(im, err);

	/* What is there of an operation whose end did not come is not all of it. */
	if (st != STATUS_OK && im->op.open && !im->op.passed)
		op_fail(im, err);
	op_close(im);
	if (st == STATUS_OK && im->good == 0)
		return err_set(err, STATUS_MALFORMED,
			       im->run.summary->lines == 0 ? "it is empty"
							   : "not one of its %llu lines is one of Clair's export",
			       (unsigned long long)im->run.summary->lines);
	return st;
}

enum status carry_clair_import(struct store *store, struct source *in, const struct carry_options *options,
			       struct carry_summary *out, struct err *err)
{
	struct import im = { .line = ARENA_INIT((size_t)options->limits->record_bytes * 4),
			     .names = ARENA_INIT((size_t)64 << 20),
			     .op = { .arena = ARENA_INIT((size_t)16 << 20) } };
	int AUTO(close_fd) folder = -1;
	enum status st;

	TRY(carry_run_begin(&im.run, store, options, out, err));
	/* Nobody deletes a new segment before its row names it. */
	TRY(segment_folder_lock(im.run.segments, SEGMENT_FOLDER_WRITE, &folder, err));
	lines_begin(&im.lines, in, (size_t)options->limits->record_bytes);
	st = import(&im, err);
	lines_end(&im.lines);
	map_fini(&im.seen);
	arena_fini(&im.line);
	arena_fini(&im.names);
	arena_fini(&im.op.arena);
	return st;
}
