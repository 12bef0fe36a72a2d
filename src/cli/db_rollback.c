/* SPDX-License-Identifier: Apache-2.0 */
/* db_rollback.c - limpid db rollback: what was in force before, once more. */
#include "cli/db.h"

#include <unistd.h>

struct rollback {
	struct store *store;
	char segments[4200];
	struct arena arena;
	struct store_source row;
	struct store_operation to;
};

/* By its reference, else the newest one whose segment is not the one in force. */
static enum status choose(struct rollback *r, struct slice source, const char *ref, struct err *err)
{
	struct store_operation *ops;
	struct err_quote q;
	size_t n;

	if (store_source_get(r->store, source, &r->arena, &r->row, err) != STATUS_OK)
		return err->code == STATUS_NOTFOUND
			       ? err_set(err, STATUS_NOTFOUND, "there is no source \"%s\"; see: limpid db status",
					 err_slice(&q, source))
			       : err->code;
	TRY(store_operations(r->store, source, SIZE_MAX >> 1, &r->arena, &ops, &n, err));
	for (size_t i = 0; i < n; i++) {
		bool wanted = ref ? slice_eq(slice_cstr(ops[i].ref), slice_cstr(ref))
				  : !digest_eq(&ops[i].segment, &r->row.segment);

		if (!wanted)
			continue;
		r->to = ops[i];
		return STATUS_OK;
	}
	if (ref)
		return err_set(err, STATUS_NOTFOUND, "no update operation %s of it is kept",
			       err_slice(&q, slice_cstr(ref)));
	return err_set(err, STATUS_NOTFOUND,
		       "no other update operation of it is kept; limpid update --keep N keeps more");
}

/*
 * Validators stay those of the document that was rolled back: an update leaves things as they are until there is
 * another one.
 */
static enum status publish(struct rollback *r, struct slice source, struct err *err)
{
	struct segment *seg;
	char ref[37];
	enum status st = segment_open_of(r->segments, &r->to.segment, source, &seg, err);

	if (st != STATUS_OK)
		return err_wrap(err, "the segment of operation %s", r->to.ref);
	st = segment_verify(seg, err);
	r->row.records = segment_get_stats(seg)->advisories;
	segment_free(seg);
	if (st != STATUS_OK)
		return st;
	r->row.segment = r->to.segment;
	r->row.last_change_s = date_now();
	r->row.error = r->row.held_back = SLICE_EMPTY;
	return store_publish(r->store, &r->row, ref, err);
}

static enum status run(struct rollback *r, const char *dir, struct slice source, const char *ref, struct err *err)
{
	const struct store_options options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	int AUTO(close_fd) folder = -1;
	enum status st;

	if (!cli_segment_dir(dir, r->segments, sizeof(r->segments)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	TRY(segment_folder_lock(r->segments, SEGMENT_FOLDER_WRITE, &folder, err));
	TRY(store_open(dir, &options, &r->store, err));
	TRY(store_lock(r->store, source, err));
	st = choose(r, source, ref, err);
	if (st == STATUS_OK)
		st = publish(r, source, err);
	store_unlock(r->store, source);
	return st;
}

int db_rollback(const struct options *o, const char *dir)
{
	struct rollback r = { .arena = ARENA_INIT((size_t)64 << 20) };
	struct slice source = slice_cstr(o->args[1]);
	struct err err = ERR_INIT;
	struct date_text date;
	enum status st = run(&r, dir, source, o->n_args > 2 ? o->args[2] : NULL, &err);

	if (st == STATUS_OK)
		cli_note(o, "%.*s: %llu records, of %s", SLICE_ARG(source), (unsigned long long)r.row.records,
			 date_print(&date, r.to.date_s));
	store_close(r.store);
	arena_fini(&r.arena);
	return st == STATUS_OK ? EXIT_DONE : cli_failed(&err);
}
