/* SPDX-License-Identifier: Apache-2.0 */
/* update_main.c - the program limpid-update: one update run, told on standard error. */
#include "cli/cli.h"
#include "cli/doctor_network.h"

#include "feed/update.h"
#include "io/file.h"
#include "store/pool.h"

#include <stdlib.h>

const char cli_version[] = LIMPID_VERSION;

struct telling {
	const struct options *options;
	struct cli_progress progress;
	size_t told_diags;
};

/* Every bad record in the log of one run would hide the rest. */
#define DIAGS_TOLD 50

static void on_event(void *ctx, const struct update_event *e)
{
	struct telling *t = ctx;

	if (e->kind == UPDATE_EVENT_PROGRESS || e->kind == UPDATE_EVENT_STARTED) {
		cli_progress_show(&t->progress, "%.*s: %llu MB, %llu records", SLICE_ARG(e->source),
				  (unsigned long long)(e->bytes / 1000000), (unsigned long long)e->records);
		return;
	}
	cli_progress_clear(&t->progress);
	switch (e->kind) {
	case UPDATE_EVENT_PUBLISHED:
		cli_note(t->options, "%.*s: %llu records (%llu before)%s", SLICE_ARG(e->source),
			 (unsigned long long)e->records, (unsigned long long)e->previous_records,
			 e->diags ? ", some could not be read" : "");
		break;
	case UPDATE_EVENT_UNCHANGED:
		if (e->text.len > 0)
			cli_note(t->options, "%.*s: %.*s", SLICE_ARG(e->source), SLICE_ARG(e->text));
		else
			cli_note(t->options, "%.*s: unchanged, %llu records", SLICE_ARG(e->source),
				 (unsigned long long)e->records);
		break;
	case UPDATE_EVENT_HELD_BACK:
		cli_error("%.*s: kept back: %.*s (--accept publishes it)", SLICE_ARG(e->source), SLICE_ARG(e->text));
		break;
	case UPDATE_EVENT_FAILED:
		cli_error("%.*s: failed, older advisories stay in force: %.*s", SLICE_ARG(e->source),
			  SLICE_ARG(e->text));
		break;
	case UPDATE_EVENT_DIAG:
		if (++t->told_diags <= DIAGS_TOLD)
			cli_note(t->options, "%.*s: %.*s", SLICE_ARG(e->source), SLICE_ARG(e->text));
		break;
	case UPDATE_EVENT_STARTED:
	case UPDATE_EVENT_PROGRESS:
	case UPDATE_EVENT_ABSENT:
		break;
	}
}

static bool no_such_feed(const char *name)
{
	struct buf names = BUF_INIT(CLI_NAMES_BYTES);
	size_t n;
	const struct feed *const *all = feeds(&n);

	for (size_t i = 0; i < n; i++)
		buf_printf(&names, " %s", all[i]->name);
	cli_error_choice("there is no feed", name, &names);
	return false;
}

/* What --set asks for: feeds, and sources of some of them by name. */
struct chosen {
	const struct feed *sets[CLI_REPEATS + 64];
	struct slice only[CLI_REPEATS];
	size_t n_sets, n_only;
};

static bool choose_sets(const struct options *o, struct chosen *out)
{
	size_t n;
	const struct feed *const *all = feeds(&n);

	for (size_t i = 0; o->n_sets == 0 && i < n; i++)
		out->sets[out->n_sets++] = all[i];
	for (size_t i = 0; i < o->n_sets; i++) {
		struct slice name = slice_cstr(o->sets[i]), feed;
		const struct feed *f;
		bool known = false;

		if (slice_cut(name, '/', &feed, NULL))
			out->only[out->n_only++] = name;
		f = feed_by_name(feed);
		if (!f)
			return no_such_feed(o->sets[i]);
		for (size_t k = 0; k < out->n_sets; k++)
			known |= out->sets[k] == f;
		if (!known)
			out->sets[out->n_sets++] = f;
	}
	return true;
}

/* The folder must not grow with the number of updates. Who updates at the same time cleans up when he is done. */
static void clean_up(const struct options *o, struct store *store, const char *data_dir,
		     const struct cli_retention *retention)
{
	struct cli_collected gone;
	struct err err = ERR_INIT;
	uint64_t dropped;
	enum status st = cli_collect(store, data_dir, retention, 0, &gone, &err);

	if (st == STATUS_OK)
		st = store_segments_gc(store, &dropped, &err);

	if (st != STATUS_OK && st != STATUS_CONFLICT)
		cli_note(o, "old segments were not deleted: %s", err.msg);
}

/* Of a server whose state lies elsewhere; not an argument, since it may hold a password. */
static const char *store_place(const char *data_dir)
{
	const char *elsewhere = getenv("LIMPID_STORE");

	return elsewhere && elsewhere[0] != '\0' ? elsewhere : data_dir;
}

static enum status run(const struct options *o, const char *data_dir, struct update_options *options,
		       struct update_summary *summary, struct err *err)
{
	struct cli_retention retention;
	struct store_options store_options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	struct store *store = NULL;
	char segments[4096];
	enum status st;

	if (options->download_to.len > 0)
		return update_run(NULL, options, summary, err);
	if (!cli_segment_dir(data_dir, segments, sizeof(segments)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	TRY(file_mkdirs(segments, err));
	TRY(store_open_url(store_place(data_dir), &store_options, &store, err));
	st = cli_retention_of(o, store, &retention, err);
	if (st == STATUS_OK)
		st = update_run(store, options, summary, err);
	if (st == STATUS_OK)
		clean_up(o, store, data_dir, &retention);
	store_close(store);
	return st;
}

/* What a server says of its updaters; not an argument, since a place may hold a password. */
static bool parse_settings(struct arena *arena, struct feed_settings *out)
{
	const char *text = getenv("LIMPID_UPDATERS");
	struct err err = ERR_INIT;

	if (!text || text[0] == '\0' || feed_settings_parse(slice_cstr(text), arena, out, &err) == STATUS_OK)
		return true;
	cli_error("LIMPID_UPDATERS: %s", err.msg);
	return false;
}

static void tell_unknown(const struct options *o, const struct update_options *options)
{
	for (size_t i = 0; i < options->n_sets; i++) {
		struct feed_oddity odd;
		size_t at = 0;

		while (feed_settings_odd(options->settings, options->sets[i], &at, &odd)) {
			const struct feed_setting *s = odd.setting;
			const char *what = odd.harmless	 ? "is not needed"
					   : odd.what[0] ? "has no effect"
							 : "means nothing here";

			cli_note(o, "updaters.config.%.*s.%.*s %s%s%s", SLICE_ARG(s->block), SLICE_ARG(s->key), what,
				 odd.what[0] ? ": " : "", odd.what);
		}
	}
}

static int update(const struct options *o, const char *data_dir)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)32 << 20);
	struct feed_settings settings = { NULL, 0 };
	struct telling telling = { .options = o };
	struct chosen chosen = { 0 };
	struct update_summary s = { 0 };
	struct err err = ERR_INIT;
	struct update_options options = {
		.dir = data_dir,
		.limits = &limits_default,
		.sets = chosen.sets,
		.only = chosen.only,
		.mirror = slice_cstr(o->value[OPTION_mirror]),
		.settings = &settings,
		.accept_shrunk = option_given(o, OPTION_accept),
		.force = option_given(o, OPTION_force),
		.event = on_event,
		.event_ctx = &telling,
	};

	if (!choose_sets(o, &chosen) || !parse_settings(&arena, &settings))
		return EXIT_USAGE;
	options.n_sets = chosen.n_sets;
	options.n_only = chosen.n_only;
	if (option_given(o, OPTION_download_only)) {
		if (options.mirror.len == 0) {
			cli_error("--download-only needs --mirror DIR: the directory to fill");
			return EXIT_USAGE;
		}
		options.download_to = options.mirror;
		options.mirror = SLICE_EMPTY;
	}
	tell_unknown(o, &options);
	cli_progress_init(&telling.progress, o);
	if (run(o, data_dir, &options, &s, &err) != STATUS_OK) {
		cli_progress_clear(&telling.progress);
		return cli_failed(&err);
	}
	cli_progress_clear(&telling.progress);
	cli_note(o, "%zu sources: %zu published, %zu unchanged, %zu failed, %zu kept back; %llu records", s.sources,
		 s.published, s.unchanged, s.failed, s.held_back, (unsigned long long)s.records);
	if (s.passed_over > 0)
		cli_note(o, "%zu feeds are not in the mirror", s.passed_over);
	return s.failed > 0 || s.held_back > 0 ? EXIT_UNREADABLE : EXIT_DONE;
}

static int doctor(int argc, char **argv)
{
	struct chosen chosen = { 0 };
	struct options o;

	if (!options_parse('t', argc, argv, &o) || !choose_sets(&o, &chosen))
		return EXIT_USAGE;
	return doctor_network(chosen.sets, chosen.n_sets, slice_cstr(o.value[OPTION_mirror]));
}

int main(int argc, char **argv)
{
	struct options o;
	char data_dir[4096];

	cli_begin();
	if (argc > 0 && strcmp(argv[0], "doctor") == 0)
		return cli_end(doctor(argc, argv));
	if (!options_parse('u', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args > 0) {
		cli_error("usage: limpid update [options]; see: limpid help update");
		return EXIT_USAGE;
	}
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	return cli_end(update(&o, data_dir));
}
