/* SPDX-License-Identifier: Apache-2.0 */
/* db_carry.c - limpid db export and import. */
#include "cli/db.h"

/* Every bad line in the log of one import would hide the rest. */
#define DIAGS_TOLD 50

struct telling {
	const struct options *options;
	size_t told;
};

static void on_event(void *ctx, const struct carry_event *e)
{
	struct telling *t = ctx;
	const struct options *o = t->options;

	switch (e->kind) {
	case CARRY_PUBLISHED:
		cli_note(o, "%.*s: %llu records (%llu before)", SLICE_ARG(e->source), (unsigned long long)e->records,
			 (unsigned long long)e->previous);
		break;
	case CARRY_UNCHANGED:
		cli_note(o, "%.*s: unchanged, %llu records", SLICE_ARG(e->source), (unsigned long long)e->records);
		break;
	case CARRY_HELD_BACK:
		cli_error("%.*s: kept back: %.*s (--accept publishes it)", SLICE_ARG(e->source), SLICE_ARG(e->text));
		break;
	case CARRY_OLDER:
		cli_error("%.*s: not taken: %.*s (--accept takes it all the same)", SLICE_ARG(e->source),
			  SLICE_ARG(e->text));
		break;
	case CARRY_FAILED:
		cli_error("%.*s: failed, older advisories stay in force: %.*s", SLICE_ARG(e->source),
			  SLICE_ARG(e->text));
		break;
	case CARRY_PASSED_OVER:
		cli_note(o, "%.*s: passed over: %.*s", SLICE_ARG(e->source), SLICE_ARG(e->text));
		break;
	case CARRY_DIAG:
		if (++t->told <= DIAGS_TOLD)
			cli_note(o, "%.*s%s%.*s", SLICE_ARG(e->source), e->source.len ? ": " : "", SLICE_ARG(e->text));
		break;
	}
}

static enum status export(const struct options *o, const char *dir, struct carry_summary *s, struct err *err) {
	const struct store_options options = { .read_only = true,
					       .busy_ms = 5000,
					       .cache_bytes = limits_default.cache_bytes };
	const char *path = o->args[1];
	struct store *store = NULL;
	enum status st = store_open(dir, &options, &store, err);

	if (st == STATUS_NOTFOUND)
		return err_set(err, STATUS_NOTFOUND, "%s holds no database yet; run: limpid update", dir);
	if (st == STATUS_OK && o->n_formats > 0 && strcmp(o->formats[0], "clair-action") == 0)
		st = db_export_action(store, dir, path, s, err);
	else if (st == STATUS_OK && o->n_formats > 0)
		st = db_export_clair(store, dir, path, db_codec_of(path), s, err);
	else if (st == STATUS_OK)
		st = db_export_bundle(store, dir, path, o->value[OPTION_sign], o->value[OPTION_since], s, err);
	store_close(store);
	return st;
}

int db_export(const struct options *o, const char *dir)
{
	struct carry_summary s = { 0 };
	struct err err = ERR_INIT;

	if (o->n_formats > 1 || (o->n_formats == 1 && strcmp(o->formats[0], "clair") != 0 &&
				 strcmp(o->formats[0], "clair-action") != 0)) {
		cli_error("limpid db export writes a bundle, or --format clair or clair-action");
		return EXIT_USAGE;
	}
	if (o->n_formats == 1 && (option_given(o, OPTION_sign) || option_given(o, OPTION_since))) {
		cli_error("--sign and --since are for bundles");
		return EXIT_USAGE;
	}
	if (export(o, dir, &s, &err) != STATUS_OK)
		return cli_failed(&err);
	if (o->n_formats == 0) {
		cli_note(o, "%zu sources, %llu advisories; %zu segments travel", s.sources,
			 (unsigned long long)s.records, s.published);
		return EXIT_DONE;
	}
	cli_note(o, "%zu sources, %llu advisories in %llu lines", s.sources, (unsigned long long)s.records,
		 (unsigned long long)s.lines);
	if (s.diags > 0)
		cli_note(o,
			 "%llu rows are left out, which Clair would take for more: they list single versions, "
			 "or are about builds that a vendor made of others' packages or for FIPS",
			 (unsigned long long)s.diags);
	return EXIT_DONE;
}

static enum status import(const struct options *o, const char *dir, struct carry_summary *s, struct err *err)
{
	struct store_options store_options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	struct telling telling = { .options = o };
	const struct carry_options options = { .dir = dir,
					       .limits = &limits_default,
					       .accept = option_given(o, OPTION_accept),
					       .event = on_event,
					       .event_ctx = &telling };
	struct store *store = NULL;
	struct cli_retention retention;
	struct cli_collected gone;
	struct err ignored = ERR_INIT;
	enum status st;

	TRY(db_make_folder(dir, err));
	TRY(store_open(dir, &store_options, &store, err));
	if (cli_retention_of(o, store, &retention, err) != STATUS_OK) {
		store_close(store);
		return err->code;
	}
	if (db_is_bundle(o->args[1]))
		st = db_import_bundle(store, o->args[1], &options, o->value[OPTION_verify_key], s, err);
	else if (db_is_action(o->args[1]) && !option_given(o, OPTION_verify_key))
		st = db_import_action(store, o->args[1], &options, s, err);
	else if (option_given(o, OPTION_verify_key))
		st = err_set(err, STATUS_MISMATCH, "%s is no bundle, so nothing in it is signed", o->args[1]);
	else
		st = db_import_clair(store, o->args[1], &options, s, err);
	/* The folder must not grow with the number of imports. */
	if (st == STATUS_OK && cli_collect(store, dir, &retention, 0, &gone, &ignored) != STATUS_OK &&
	    ignored.code != STATUS_CONFLICT)
		cli_note(o, "old segments were not deleted: %s", ignored.msg);
	store_close(store);
	return st;
}

int db_import(const struct options *o, const char *dir)
{
	struct carry_summary s = { 0 };
	struct err err = ERR_INIT;

	if (import(o, dir, &s, &err) != STATUS_OK)
		return cli_failed(&err);
	cli_note(o,
		 "%zu sources: %zu published, %zu unchanged, %zu failed, %zu kept back, %zu older, %zu passed over; "
		 "%llu lines, %llu records",
		 s.sources, s.published, s.unchanged, s.failed, s.held_back, s.older, s.passed_over,
		 (unsigned long long)s.lines, (unsigned long long)s.records);
	if (s.diags > 0)
		cli_error("%llu lines could not be read or kept", (unsigned long long)s.diags);
	return s.failed + s.held_back + s.older > 0 || s.diags > 0 ? EXIT_UNREADABLE : EXIT_DONE;
}
