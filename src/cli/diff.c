/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - limpid diff: what changed between two images or saved reports of them, and why. */
#include "cli/db.h"

#include "io/file.h"
#include "policy/policy.h"
#include "report/comparison.h"
#include "report/saved.h"

#include <sys/stat.h>
#include <unistd.h>

/* One of the two, in its own memory. */
struct side {
	struct arena arena;
	struct buf text;     /* of the file, if it is standard input */
	struct file_map map; /* of the file, else */
	struct saved saved;  /* what was read */
	struct index_report index;
	struct vulnerability_report report, now;
	struct comparison_side said;
	bool matched; /* against the advisories in force */
};

struct diffing {
	const struct options *options; /* of the first of the two, where they differ */
	struct options of_other;       /* of the second: --as-of */
	struct cli_folder folder;
	struct policy *policy; /* owned; NULL: none */
	struct cli_reports reports;
	enum severity fail_on;
	struct side a, b;
	int64_t now_s;
};

static bool is_standard_input(const char *target)
{
	return strcmp(target, "-") == 0;
}

/* The data folder of a database. */
static bool is_database(const char *target)
{
	char path[4200];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/state.db", target);

	return n > 0 && (size_t)n < sizeof(path) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static enum status get_bytes(struct side *s, const char *target, struct slice *out, struct err *err)
{
	if (is_standard_input(target)) {
		TRY(cli_read_standard_input(&s->text, "a report", err));
		*out = buf_slice(&s->text);
		return STATUS_OK;
	}
	TRY(file_map_open(target, &s->map, err));
	*out = s->map.bytes;
	return STATUS_OK;
}

/* The packages of a side by the advisories of one of the two moments. */
static enum status match_by(struct diffing *d, const struct options *moment, struct side *s,
			    struct vulnerability_report *out, struct err *err)
{
	d->folder.as_of_s = moment->as_of_s;
	return cli_match(moment, &d->folder, &s->index, &s->arena, out, err);
}

/* A list of packages has no findings: they are those of the advisories in force, or in force at the side's moment. */
static enum status match_side(struct diffing *d, struct side *s, struct err *err)
{
	const struct options *moment = s == &d->a ? d->options : &d->of_other;

	s->matched = true;
	s->said.created_s = moment->as_of_s != 0 ? moment->as_of_s : d->now_s;
	return match_by(d, moment, s, &s->report, err);
}

static enum status take_saved(struct diffing *d, struct side *s, struct err *err)
{
	struct err_quote q;

	if (s->saved.kind == SAVED_FAILURE)
		return err_set(err, STATUS_MALFORMED, "the report of an image that could not be scanned: %s",
			       err_slice(&q, s->saved.error));
	s->index = s->saved.index;
	s->said.created_s = s->saved.created_s;
	s->said.program_version = s->saved.program_version;
	if (s->saved.kind == SAVED_INDEX)
		return match_side(d, s, err);
	s->report = s->saved.report;
	s->report.index = &s->index;
	return STATUS_OK;
}

/* Of a bill of materials its packages. */
static enum status read_document(struct diffing *d, struct side *s, const char *target, struct err *err)
{
	struct slice json;

	s->said.saved = true;
	TRY(get_bytes(s, target, &json, err));
	if (saved_is_report(json, &limits_default)) {
		TRY(saved_read(json, &limits_default, &s->arena, &s->saved, err));
		return take_saved(d, s, err);
	}
	TRY(cli_read_document(d->options, &d->folder, json, &s->arena, &s->index, err));
	s->index.target = slice_cstr(target);
	return match_side(d, s, err);
}

static enum status load(struct diffing *d, struct side *s, const char *target, struct err *err)
{
	struct err_quote q;
	struct slice base;
	enum status st;

	s->said = (struct comparison_side){ .report = &s->report, .created_s = DATE_NONE };
	if (cli_is_document(target)) {
		st = read_document(d, s, target, err);
		return st == STATUS_OK ? st : err_wrap(err, "%s", err_slice(&q, slice_cstr(target)));
	}
	s->said.program_version = cli_version;
	TRY(cli_index(d->options, &d->folder, slice_cstr(target), &s->arena, &s->index, err));
	TRY(cli_base(d->options, &d->folder, &s->index, &s->arena, &base, err));
	return match_side(d, s, err);
}

/*
 * The first one's packages by the second one's advisories: those in force, if that was matched now or was matched
 * against the same ones.
 */
static enum status match_first_again(struct diffing *d, struct err *err)
{
	struct side *a = &d->a;
	size_t common, differing;

	if (a->matched && d->options->as_of_s == d->of_other.as_of_s)
		a->now = a->report;
	else
		TRY(match_by(d, &d->of_other, a, &a->now, err));
	comparison_sources(&a->now, &d->b.report, &common, &differing);
	if (d->b.matched || (common > 0 && differing == 0))
		a->said.now = &a->now;
	return STATUS_OK;
}

static enum status apply_policy(struct diffing *d, struct side *s, struct err *err)
{
	return d->policy ? policy_apply(d->policy, &s->report, d->now_s, &s->arena, err) : STATUS_OK;
}

static enum status write_comparison(void *ctx, struct cli_report *r, const struct report_options *options,
				    struct err *err)
{
	return r->format->comparison(ctx, options, &r->output.out, err);
}

static int exit_status(const struct diffing *d, const struct comparison *c)
{
	for (size_t s = d->fail_on; s < SEVERITY_COUNT; s++)
		if (c->counts[FINDING_ADDED][s] > 0)
			return EXIT_FINDINGS;
	if (cli_has_errors(&d->a.index) || cli_has_errors(&d->b.index))
		return EXIT_UNREADABLE;
	if (d->a.index.packages.len == 0 || d->b.index.packages.len == 0)
		return EXIT_NO_PACKAGES;
	return option_given(d->options, OPTION_strict) && !(d->a.report.complete && d->b.report.complete)
		       ? EXIT_INCOMPLETE
		       : EXIT_DONE;
}

static enum status compare(struct diffing *d, int *out_exit, struct err *err)
{
	struct comparison c;

	TRY(load(d, &d->a, d->options->args[0], err));
	TRY(load(d, &d->b, d->options->args[1], err));
	TRY(match_first_again(d, err));
	TRY(apply_policy(d, &d->a, err));
	TRY(apply_policy(d, &d->b, err));
	TRY(comparison_make(&d->a.said, &d->b.said, &d->b.arena, &c, err));
	TRY(cli_reports_each(&d->reports, write_comparison, &c, err));
	*out_exit = exit_status(d, &c);
	if (*out_exit == EXIT_UNREADABLE)
		cli_error("a part of an image could not be read; limpid scan names it");
	else if (!(d->a.report.complete && d->b.report.complete) && !cli_reports_on_terminal(&d->reports))
		cli_note(d->options, "coverage is incomplete: what was not looked up is in neither list");
	return STATUS_OK;
}

static int diff_into(struct diffing *d, const char *data_dir)
{
	struct err err = ERR_INIT;
	int result = EXIT_DONE, written;
	enum status st;

	if (!cli_reports_choose(d->options, CLI_COMPARISON, &d->reports) || !cli_fail_on(d->options, &d->fail_on))
		return EXIT_USAGE;
	d->reports.options.program_version = cli_version;
	d->reports.options.fail_on = d->fail_on;
	d->now_s = date_now();
	d->of_other = *d->options;
	d->of_other.as_of_s = d->options->as_of_other_s;
	if (cli_policy(d->options, &d->policy, &err) != STATUS_OK || cli_reports_open(&d->reports, &err) != STATUS_OK)
		return cli_failed(&err);
	cli_folder_open(d->options, data_dir, &d->folder);
	st = compare(d, &result, &err);
	cli_folder_close(&d->folder);
	if (st != STATUS_OK)
		return cli_failed(&err);
	if (d->policy)
		cli_policy_tell_unused(d->options, d->policy);
	written = cli_reports_close(&d->reports);
	return written == EXIT_DONE ? result : written;
}

static void side_fini(struct side *s)
{
	arena_fini(&s->arena);
	buf_fini(&s->text);
	if (s->map.bytes.ptr)
		file_map_close(&s->map);
}

static void side_init(struct side *s)
{
	s->arena = (struct arena)ARENA_INIT(SIZE_MAX);
	s->text = (struct buf)BUF_INIT(limits_default.index_bytes);
}

/* What limpid db diff does with the same two. */
static int diff_databases(const struct options *o, const char *data_dir)
{
	const char *args[] = { "diff", o->args[0], o->args[1] };
	struct options db = *o;

	db.args = args;
	db.n_args = ARRAY_LEN(args);
	return db_diff(&db, data_dir);
}

int command_diff(int argc, char **argv)
{
	AUTO(cli_arguments_free) char **given = cli_copy_arguments(argc, argv);
	struct options o;
	struct diffing d = { .options = &o };
	const char *base;
	char data_dir[4096];
	int result;

	if (!given || !options_parse('f', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args != 2) {
		cli_error("usage: limpid diff [options] A B; see: limpid help diff");
		return EXIT_USAGE;
	}
	if (is_standard_input(o.args[0]) && is_standard_input(o.args[1])) {
		cli_error("only one of A and B can be standard input");
		return EXIT_USAGE;
	}
	if (is_database(o.args[0]) != is_database(o.args[1])) {
		cli_error("one of A and B is a database, the other is none");
		return EXIT_USAGE;
	}
	if (is_database(o.args[0]) && option_given(&o, OPTION_as_of)) {
		cli_error("--as-of is of images: what is in force in a database is compared");
		return EXIT_USAGE;
	}
	if (is_database(o.args[0]))
		return cli_data_dir(&o, data_dir, sizeof(data_dir)) ? diff_databases(&o, data_dir) : EXIT_USAGE;
	/* What of the changes is the base image's is always worth knowing. */
	if (!option_given(&o, OPTION_base))
		o.value[OPTION_base] = "auto";
	base = cli_base_target(&o);
	if (base && cli_needs_network(&base, 1))
		return cli_hand_over_remote(given);
	for (size_t i = 0; i < 2; i++)
		if (!cli_is_document(o.args[i]) && cli_needs_network(o.args + i, 1))
			return cli_hand_over_remote(given);
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	side_init(&d.a);
	side_init(&d.b);
	result = diff_into(&d, data_dir);
	policy_free(d.policy);
	cli_reports_fini(&d.reports);
	side_fini(&d.a);
	side_fini(&d.b);
	return result;
}
