/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c - the data folder of scan, index and explain: its state, opened once, and the segments in force. */
#include "cli/cli.h"

#include "model/vulnerability_report.h"

#include <unistd.h>

#define BUSY_MS 2000u

static enum status open_store(const char *dir, bool read_only, struct store **out, struct err *err)
{
	struct store_options options = { .read_only = read_only,
					 .busy_ms = BUSY_MS,
					 .cache_bytes = limits_default.cache_bytes };

	return store_open(dir, &options, out, err);
}

/* A folder that cannot be written must not keep anybody from scanning: then layers are only read from the cache. */
static void open_with_cache(const struct options *o, struct cli_folder *f)
{
	struct err why = ERR_INIT;
	enum status st = open_store(f->dir, false, &f->store, &why);

	f->cached = f->writable = st == STATUS_OK;
	if (st == STATUS_OK)
		return;
	cli_note(o, "layers are not cached: %s", why.msg);
	f->trouble = why;
	if (st == STATUS_MALFORMED || st == STATUS_UNSUPPORTED)
		return;
	f->trouble = (struct err)ERR_INIT;
	st = open_store(f->dir, true, &f->store, &f->trouble);
	f->cached = st == STATUS_OK;
	/* An error that was overcome on the way is none. */
	if (st == STATUS_OK || st == STATUS_NOTFOUND)
		f->trouble = (struct err)ERR_INIT;
}

static void open_without_cache(struct cli_folder *f)
{
	enum status st = open_store(f->dir, true, &f->store, &f->trouble);
	struct err ignored = ERR_INIT;

	if (st == STATUS_OK || st == STATUS_NOTFOUND)
		f->trouble = (struct err)ERR_INIT;
	/* A state that an older limpid left is brought up to date when it may be written. */
	if (st == STATUS_UNSUPPORTED && open_store(f->dir, false, &f->store, &ignored) == STATUS_OK)
		f->trouble = (struct err)ERR_INIT;
}

void cli_folder_open(const struct options *o, const char *dir, struct cli_folder *out)
{
	*out = (struct cli_folder){ .dir = dir, .as_of_s = o->as_of_s, .trouble = ERR_INIT };
	if (option_given(o, OPTION_no_cache))
		open_without_cache(out);
	else
		open_with_cache(o, out);
}

void cli_folder_close(struct cli_folder *f)
{
	store_close(f->store);
	f->store = NULL;
}

/* Names of sources of which nothing is kept from then, for the report. */
static void note_lacking(struct cli_folder *f, struct slice name)
{
	size_t at = strlen(f->lacking);

	if (f->n_lacking++ > 0 && at + 2 < sizeof(f->lacking))
		at += (size_t)snprintf(f->lacking + at, sizeof(f->lacking) - at, ", ");
	if (at + name.len + sizeof(" and others") < sizeof(f->lacking))
		snprintf(f->lacking + at, sizeof(f->lacking) - at, "%.*s", SLICE_ARG(name));
}

static enum status entries_of_store(struct cli_folder *f, struct arena *arena, struct segment_set_entry **out,
				    size_t *out_n, struct err *err)
{
	struct store_source *sources;

	f->n_lacking = 0;
	f->lacking[0] = '\0';
	if (f->as_of_s == 0)
		TRY(store_sources(f->store, arena, &sources, out_n, err));
	else
		TRY(store_sources_at(f->store, f->as_of_s, arena, &sources, out_n, err));
	for (size_t i = 0; f->as_of_s != 0 && i < *out_n; i++)
		if (sources[i].segment.algo == DIGEST_NONE)
			note_lacking(f, sources[i].name);
	*out = arena_array(arena, *out_n + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "sources");
	for (size_t i = 0; i < *out_n; i++)
		(*out)[i] = (struct segment_set_entry){ .source = sources[i].name,
							.feed = sources[i].feed,
							.digest = sources[i].segment,
							.updated_s = sources[i].last_success_s,
							.failed = sources[i].error.len > 0 };
	return STATUS_OK;
}

enum status cli_segments(struct cli_folder *f, struct segment_set **out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct diag_sink quiet = { NULL, NULL }; /* a broken segment is told by coverage */
	struct segment_set_entry *entries = NULL;
	size_t n = 0;
	char dir[4096];

	if (!cli_segment_dir(f->dir, dir, sizeof(dir)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	if (f->trouble.code == STATUS_OK && f->store &&
	    entries_of_store(f, &arena, &entries, &n, &f->trouble) == STATUS_NOMEM)
		return err_nomem(err, "sources");
	if (f->trouble.code != STATUS_OK && f->as_of_s != 0)
		return err_set(err, f->trouble.code, "what was in force then cannot be known: %s", f->trouble.msg);
	/* What is in force cannot be known: better what lies there, and said so, than nothing. */
	if (f->trouble.code != STATUS_OK)
		TRY(segment_folder_newest(dir, &arena, &entries, &n, err));
	return segment_set_open(dir, entries, n, &quiet, out, err);
}

static enum status tell_as_of(const struct cli_folder *f, struct vulnerability_report *r, struct arena *arena,
			      struct err *err)
{
	struct coverage_item *item = VEC_PUSH(&r->coverage, arena);
	struct date_text date;

	date_print(&date, f->as_of_s);
	if (!item || !arena_printf(arena, &item->detail, "advisories as they were here at %s", date.text))
		return err_nomem(err, "report");
	item->code = COVERAGE_AS_OF;
	item->scope = SLICE("state.db");
	if (f->n_lacking == 0)
		return STATUS_OK;
	item = VEC_PUSH(&r->coverage, arena);
	if (!item || !arena_printf(arena, &item->detail, "nothing is kept from %s of %zu sources: %s", date.text,
				   f->n_lacking, f->lacking))
		return err_nomem(err, "report");
	item->code = COVERAGE_NOT_KEPT;
	item->scope = SLICE("state.db");
	r->complete = false;
	return STATUS_OK;
}

enum status cli_folder_tell(const struct cli_folder *f, struct vulnerability_report *r, struct arena *arena,
			    struct err *err)
{
	struct coverage_item *item;

	if (f->as_of_s != 0)
		TRY(tell_as_of(f, r, arena, err));
	if (f->trouble.code == STATUS_OK)
		return STATUS_OK;
	item = VEC_PUSH(&r->coverage, arena);
	if (!item || !arena_printf(arena, &item->detail,
				   "what is in force is not known, the newest advisories that lie there were asked: %s",
				   f->trouble.msg))
		return err_nomem(err, "report");
	item->code = COVERAGE_DAMAGED_STATE;
	item->scope = SLICE("state.db");
	r->complete = false;
	return STATUS_OK;
}
