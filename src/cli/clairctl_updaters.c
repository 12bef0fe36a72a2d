/* SPDX-License-Identifier: Apache-2.0 */
/* clairctl_updaters.c - clairctl export-updaters and import-updaters, with the data folder that the matcher has. */
#include "cli/clairctl.h"

#include "cli/db.h"
#include "config/config.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETS_MAX 64

struct updaters {
	struct clairctl *c;
	char dir[4096];			   /* data folder */
	char *arguments[6 + 2 * SETS_MAX]; /* of limpid-update; in the arena of c */
	size_t n;
	size_t not_taken; /* sources */
};

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* ---- the configuration ---- */

static enum status add(struct updaters *u, const char *argument, struct err *err)
{
	if (u->n + 1 == ARRAY_LEN(u->arguments))
		return err_set(err, STATUS_LIMIT, "more than %d sets of updaters", SETS_MAX);
	u->arguments[u->n] = arena_cstr(&u->c->arena, slice_cstr(argument));
	return u->arguments[u->n++] ? STATUS_OK : err_nomem(err, "updaters");
}

/* limpid's names of a set of Clair's; false: there is none. */
static enum status add_sets_of(struct updaters *u, struct slice name, bool *out_any, struct err *err)
{
	static const struct {
		const char *theirs, *ours;
	} sets[] = {
#define UPDATE_SET(theirs, ours) { theirs, ours },
#include "service/update_sets.def"
#undef UPDATE_SET
#define FEED(file, name, what) { name, name },
#include "feed/feeds.def"
#undef FEED
	};

	*out_any = false;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		if (!slice_eq(name, slice_cstr(sets[i].theirs)))
			continue;
		*out_any = true;
		TRY(add(u, "--set", err));
		TRY(add(u, sets[i].ours, err));
	}
	return STATUS_OK;
}

static enum status take_config(struct updaters *u, const struct config *config, struct err *err)
{
	if (config->matcher.engine == CONFIG_POSTGRES)
		return err_set(err, STATUS_UNSUPPORTED,
			       "the matcher's state is in PostgreSQL, which this command does not write: import into a "
			       "data folder (limpid.data_dir), or let limpid-serve update from a mirror");
	snprintf(u->dir, sizeof(u->dir), "%s", config_store_where(config, CONFIG_MATCHER));
	for (size_t i = 0; i < config->updaters_sets.n; i++) {
		bool any;

		TRY(add_sets_of(u, config->updaters_sets.at[i], &any, err));
		if (!any)
			clairctl_log(u->c, CLAIRCTL_WARN, "a set that is not read is left out", "set",
				     config_cstr(config->updaters_sets.at[i]));
	}
	return STATUS_OK;
}

/* Without a file: the user's data folder, every set. */
static enum status read_config(struct updaters *u, struct err *err)
{
	const char *path = client_value(&u->c->global, "config");
	struct config_request request = { .path = path, .mode = CONFIG_MATCHER, .variable = variable };
	struct config config = { .file = NULL };
	enum status st;

	TRY(add(u, "update", err));
	if (access(path, R_OK) == 0) {
		st = config_load(&request, &config, err);
		if (st == STATUS_OK || (!config.unreadable && config.file))
			st = take_config(u, &config, err);
		config_fini(&config);
		TRY(st);
	}
	if (u->dir[0] == '\0' && !cli_data_dir_default(u->dir, sizeof(u->dir)))
		return err_set(err, STATUS_INVALID, "no data folder can be named");
	TRY(add(u, "--db", err));
	return add(u, u->dir, err);
}

/* By the flags, else by the end of the name. */
static enum codec_id codec_of(const struct clairctl *c, const char *path)
{
	if (client_switch(&c->flags, "gzip"))
		return CODEC_gzip;
	return client_switch(&c->flags, "zstd") ? CODEC_zstd : db_codec_of(path);
}

/* ---- export ---- */

/* The sources that fail are told by limpid-update itself. */
static enum status update(struct updaters *u, bool *out_failed, struct err *err)
{
	pid_t child;
	int how;

	u->arguments[u->n] = NULL;
	fflush(NULL);
	child = fork();
	if (child < 0)
		return err_errno(err, "cannot start limpid-update");
	if (child == 0) {
		/* What it prints is no line of the export. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		_exit(cli_hand_over("limpid-update", u->arguments));
	}
	if (waitpid(child, &how, 0) != child)
		return err_errno(err, "limpid-update");
	*out_failed = !WIFEXITED(how) || WEXITSTATUS(how) != EXIT_DONE;
	return STATUS_OK;
}

static enum status export(struct updaters *u, const char *path, bool *out_failed, struct err *err) {
	const struct store_options options = { .read_only = true,
					       .busy_ms = 5000,
					       .cache_bytes = limits_default.cache_bytes };
	struct carry_summary s;
	struct store *store = NULL;
	enum status st;

	TRY(read_config(u, err));
	TRY(update(u, out_failed, err));
	TRY(store_open(u->dir, &options, &store, err));
	st = db_export_clair(store, u->dir, path, codec_of(u->c, path), &s, err);
	store_close(store);
	return st;
}

int clairctl_export_updaters(struct clairctl *c)
{
	const char *path = c->flags.n_args > 0 ? c->flags.args[0] : "-";
	struct updaters u = { .c = c };
	struct err err = ERR_INIT;
	bool failed = false;

	if (c->flags.n_args > 1)
		return clairctl_fail(c, "too many arguments");
	if (export(&u, path, &failed, &err) != STATUS_OK)
		return clairctl_fail(c, err.msg);
	if (failed && client_switch(&c->flags, "strict"))
		return clairctl_fail(c, "updating errors occurred");
	return 0;
}

/* ---- import ---- */

static void on_event(void *ctx, const struct carry_event *e)
{
	static const char *const messages[] = {
		[CARRY_PUBLISHED] = "update imported",	[CARRY_UNCHANGED] = "fingerprint match, skipping",
		[CARRY_HELD_BACK] = "update kept back", [CARRY_OLDER] = "update is older, skipping",
		[CARRY_FAILED] = "update not imported", [CARRY_PASSED_OVER] = "update passed over",
		[CARRY_DIAG] = "line passed over",
	};
	struct updaters *u = ctx;
	bool bad = e->kind == CARRY_HELD_BACK || e->kind == CARRY_OLDER || e->kind == CARRY_FAILED;
	char text[1200];

	u->not_taken += bad;
	snprintf(text, sizeof(text), "%s%s%.*s", messages[e->kind], e->text.len ? ": " : "", SLICE_ARG(e->text));
	clairctl_log(u->c, bad || e->kind == CARRY_DIAG ? CLAIRCTL_WARN : CLAIRCTL_INFO, text, "updater",
		     e->source.len ? (const char *)e->source.ptr : "");
}

static enum status import(struct updaters *u, const char *path, struct err *err)
{
	const struct store_options store_options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	const struct carry_options options = {
		.dir = u->dir, .limits = &limits_default, .event = on_event, .event_ctx = u
	};
	struct carry_summary s;
	struct store *store = NULL;
	enum status st;

	TRY(read_config(u, err));
	TRY(db_make_folder(u->dir, err));
	TRY(store_open(u->dir, &store_options, &store, err));
	st = db_import_clair(store, path, &options, &s, err);
	store_close(store);
	return st;
}

int clairctl_import_updaters(struct clairctl *c)
{
	struct updaters u = { .c = c };
	struct err err = ERR_INIT;

	if (c->flags.n_args != 1)
		return clairctl_fail(c, "need one argument");
	if (import(&u, c->flags.args[0], &err) != STATUS_OK)
		return clairctl_fail(c, err.msg);
	return u.not_taken == 0 ? 0 : clairctl_fail(c, "not every update was imported");
}
