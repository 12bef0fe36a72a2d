/* SPDX-License-Identifier: Apache-2.0 */
/* since.c - --new-since: the earlier report of each target, and what the target brought since. */
#include "cli/cli.h"

#include "io/file.h"
#include "report/saved.h"
#include "report/since.h"

struct cli_since {
	const struct options *options; /* borrowed */
	struct file_map map;
	const char *path;
	size_t reports; /* in the document */
};

enum status cli_since_open(const struct options *o, struct cli_since **out, struct err *err)
{
	struct cli_since *s;
	enum status st;

	*out = NULL;
	if (!option_given(o, OPTION_new_since))
		return STATUS_OK;
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err, "the earlier report");
	s->options = o;
	s->path = o->value[OPTION_new_since];
	st = file_map_open(s->path, &s->map, err);
	if (st != STATUS_OK) {
		free(s);
		return st;
	}
	st = saved_count(s->map.bytes, &limits_default, &s->reports, err);
	if (st != STATUS_OK) {
		cli_since_free(s);
		return err_wrap(err, "--new-since %s", o->value[OPTION_new_since]);
	}
	*out = s;
	return STATUS_OK;
}

void cli_since_free(struct cli_since *s)
{
	if (!s)
		return;
	file_map_close(&s->map);
	free(s);
}

/* One target at work. */
struct job {
	const struct cli_since *since;
	struct cli_folder *folder;
	struct vulnerability_report *report;
	struct arena *arena;
	bool done;
};

/* The only report is about the only target, whatever they are called; else by name. */
static bool is_about(const struct job *j, const struct saved *s)
{
	const struct index_report *a = &s->index, *b = j->report->index;

	return j->since->reports == 1 || slice_eq(s->kind == SAVED_FAILURE ? s->target : a->target, b->target) ||
	       (a->image_name.len > 0 && slice_eq(a->image_name, b->image_name));
}

/* What its packages have with today's advisories, the image did not bring since. */
static enum status on_saved(void *ctx, const struct saved *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct job *j = ctx;
	struct index_report index = s->index;
	struct vulnerability_report now;
	struct comparison_side before = { .report = s->kind == SAVED_INDEX ? &now : &s->report,
					  .created_s = s->created_s,
					  .program_version = s->program_version,
					  .saved = true,
					  .now = &now };

	if (j->done || !is_about(j, s))
		return STATUS_OK;
	if (s->kind == SAVED_FAILURE)
		return err_set(err, STATUS_MALFORMED, "the earlier scan failed: %.*s", SLICE_ARG(s->error));
	j->done = true;
	TRY(cli_match(j->since->options, j->folder, &index, &arena, &now, err));
	return since_apply(j->report, &before, slice_cstr(j->since->path),
			   option_given(j->since->options, OPTION_new_advisories), j->arena, err);
}

enum status cli_since_apply(struct cli_since *s, struct cli_folder *folder, struct vulnerability_report *r,
			    struct arena *arena, struct err *err)
{
	struct job j = { s, folder, r, arena, false };
	struct err_quote q;

	if (saved_each(s->map.bytes, &limits_default, on_saved, &j, err) != STATUS_OK)
		return err_wrap(err, "--new-since %s", s->path);
	if (!j.done)
		return err_set(err, STATUS_NOTFOUND, "--new-since %s has no report of %s", s->path,
			       err_slice(&q, r->index->target));
	return STATUS_OK;
}
