/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - limpid scan: index, match, report, and the exit status that a pipeline goes by. */
#include "cli/cli.h"

#include "match/enrich.h"
#include "match/match.h"
#include "match/repositories.h"
#include "model/index_report.h"
#include "policy/policy.h"
#include "report/saved.h"

struct gate {
	enum severity fail_on; /* SEVERITY_COUNT: none */
	bool strict;
};

bool cli_has_errors(const struct index_report *index)
{
	for (size_t i = 0; i < index->diags.len; i++)
		if (diag_severity(index->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return true;
	return false;
}

static int exit_status(const struct vulnerability_report *r, const struct gate *gate)
{
	for (size_t i = 0; gate->fail_on < SEVERITY_COUNT && i < r->findings.len; i++)
		if (r->findings.at[i].severity >= gate->fail_on)
			return EXIT_FINDINGS;
	if (cli_has_errors(r->index))
		return EXIT_UNREADABLE;
	if (r->index->packages.len == 0)
		return EXIT_NO_PACKAGES;
	return gate->strict && !r->complete ? EXIT_INCOMPLETE : EXIT_DONE;
}

/* The documents of all targets, in each report. */
struct sequence {
	const struct options *options;
	cli_read read;
	const struct cli_hook *hook; /* may be NULL */
	struct cli_folder folder;
	struct gate gate;
	struct policy *policy;	 /* owned; NULL: none */
	struct cli_since *since; /* the same */
	struct cli_reports reports;
	size_t targets, scanned;
};

/* One document of a sequence, for cli_reports_each(). */
struct document {
	const struct sequence *sequence;
	const struct vulnerability_report *report; /* NULL: it could not be scanned, why says it */
	struct slice target;
	const struct err *why;
};

static enum status put(const struct sequence *q, struct cli_report *r, const char *text, struct err *err)
{
	return q->targets > 1 ? r->output.out.write(r->output.out.ctx, slice_cstr(text), err) : STATUS_OK;
}

/* What stands before the next document. */
static enum status begin_document(const struct sequence *q, struct cli_report *r, struct err *err)
{
	return put(q, r, r->written++ == 0 ? r->format->join.open : r->format->join.between, err);
}

static enum status end_documents(void *ctx, struct cli_report *r, const struct report_options *options, struct err *err)
{
	const struct sequence *q = ctx;

	(void)options;
	if (r->written == 0)
		TRY(put(q, r, r->format->join.open, err));
	return put(q, r, r->format->join.close, err);
}

/* Where there are several targets, one that could not be scanned has its place among them. */
static enum status write_document(void *ctx, struct cli_report *r, const struct report_options *options,
				  struct err *err)
{
	const struct document *d = ctx;
	const struct report_out *out = &r->output.out;

	if (!d->report && (d->sequence->targets < 2 || !r->format->failure))
		return STATUS_OK;
	TRY(begin_document(d->sequence, r, err));
	return d->report ? r->format->vulnerabilities(d->report, options, out, err)
			 : r->format->failure(d->target, d->why, options, out, err);
}

static enum status add_demonstration(struct vulnerability_report *r, struct arena *arena, struct err *err)
{
	struct coverage_item *item = VEC_PUSH(&r->coverage, arena);

	if (!item)
		return err_nomem(err, "report");
	item->code = COVERAGE_DEMONSTRATION;
	item->scope = SLICE("demo");
	item->detail =
		SLICE("this is a demonstration: the advisories are a small bundled selection; run limpid update");
	r->demonstration = true;
	r->complete = false;
	return STATUS_OK;
}

static void tell(const struct sequence *q, struct slice target, const struct vulnerability_report *r, int status)
{
	struct err_quote name;

	if (status == EXIT_UNREADABLE)
		cli_error("%s: a part of the image could not be read; the report names it", err_slice(&name, target));
	else if (!r->complete && !cli_reports_on_terminal(&q->reports))
		cli_note(q->options, "%s: coverage is incomplete; the report says what was not looked up",
			 err_slice(&name, target));
}

enum status cli_match(const struct options *o, struct cli_folder *folder, struct index_report *index,
		      struct arena *arena, struct vulnerability_report *out, struct err *err)
{
	struct match_options options = { .now_s = cli_now(o),
					 .owned = option_given(o, OPTION_owned),
					 .dev = option_given(o, OPTION_dev),
					 .scope_served = cli_scope_served };
	struct segment_set *set;
	enum status st;

	TRY(cli_segments(folder, &set, err));
	st = repositories_resolve(index, set, arena, err);
	if (st == STATUS_OK)
		st = match_report(index, set, &options, arena, out, err);
	if (st == STATUS_OK)
		st = match_enrich(set, arena, out, err);
	segment_set_free(set);
	return st == STATUS_OK ? cli_folder_tell(folder, out, arena, err) : st;
}

static enum status scan_report(struct sequence *q, struct index_report *index, struct arena *arena,
			       struct vulnerability_report *out, struct err *err)
{
	struct slice base;

	TRY(cli_base(q->options, &q->folder, index, arena, &base, err));
	TRY(cli_match(q->options, &q->folder, index, arena, out, err));
	if (option_given(q->options, OPTION_demo))
		TRY(add_demonstration(out, arena, err));
	if (q->policy)
		TRY(policy_apply(q->policy, out, cli_now(q->options), arena, err));
	TRY(cli_base_apply(q->options, base, out, arena, err));
	if (q->since)
		TRY(cli_since_apply(q->since, &q->folder, out, arena, err));
	return cli_plan(q->options, &q->folder, q->policy, out, arena, err);
}

/* Fails only when the report cannot be written; what goes wrong with the target is its exit status. */
static enum status scan_one(struct sequence *q, struct slice target, int *out_exit, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct vulnerability_report report;
	struct index_report index;
	struct err why = ERR_INIT;
	enum status st = q->read(q->options, &q->folder, target, &arena, &index, &why);

	if (st == STATUS_OK)
		st = scan_report(q, &index, &arena, &report, &why);
	if (st == STATUS_OK && q->hook)
		st = q->hook->report(q->hook->ctx, target, &report, &arena, &why);
	if (st != STATUS_OK) {
		struct document failure = { .sequence = q, .target = target, .why = &why };

		*out_exit = cli_failed(&why);
		return cli_reports_each(&q->reports, write_document, &failure, err);
	}
	q->scanned++;
	TRY(cli_reports_each(&q->reports, write_document, &(struct document){ .sequence = q, .report = &report }, err));
	*out_exit = exit_status(&report, &q->gate);
	tell(q, target, &report, *out_exit);
	return STATUS_OK;
}

bool cli_fail_on(const struct options *o, enum severity *out)
{
	struct err_quote q;

	*out = SEVERITY_COUNT;
	if (!option_given(o, OPTION_fail_on) || severity_by_name(slice_cstr(o->value[OPTION_fail_on]), out))
		return true;
	cli_error("--fail-on %s: expected unknown, negligible, low, medium, high or critical",
		  err_slice(&q, slice_cstr(o->value[OPTION_fail_on])));
	return false;
}

static bool parse_gate(const struct options *o, struct gate *out)
{
	out->strict = option_given(o, OPTION_strict);
	return cli_fail_on(o, &out->fail_on);
}

/* The worst of several targets: findings, then what was unreadable, empty, incomplete. */
static int worse(int a, int b)
{
	static const int order[] = { EXIT_FINDINGS, EXIT_UNREADABLE, EXIT_NO_PACKAGES, EXIT_INCOMPLETE, EXIT_DONE };

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return a;
}

static int scan_documents(struct sequence *q, const char *const *targets, struct err *err)
{
	int result = EXIT_DONE, written;

	for (size_t i = 0; i < q->targets; i++) {
		int one = EXIT_DONE;

		if (scan_one(q, slice_cstr(targets[i]), &one, err) != STATUS_OK)
			return cli_failed(err);
		/* Nothing was scanned: no file appears. A bad argument ends the whole command. */
		if (one == EXIT_USAGE || (q->targets == 1 && q->scanned == 0))
			return one;
		result = worse(result, one);
	}
	if (cli_reports_each(&q->reports, end_documents, q, err) != STATUS_OK)
		return cli_failed(err);
	written = cli_reports_close(&q->reports);
	if (written == EXIT_DONE && q->hook && q->hook->printed(q->hook->ctx, err) != STATUS_OK)
		return cli_failed(err);
	return written == EXIT_DONE ? result : written;
}

/* Most formats for other programs have documents of one target only. */
static bool joins(const struct sequence *q)
{
	for (size_t i = 0; q->targets > 1 && i < q->reports.n; i++) {
		if (q->reports.at[i].format->join.open)
			continue;
		cli_error("-f %s: one report is of one target, there are %zu", q->reports.at[i].format->name,
			  q->targets);
		return false;
	}
	return true;
}

static int scan_into(struct sequence *q, const char *data_dir, const char *const *targets)
{
	struct err err = ERR_INIT;
	int result;

	if (!cli_reports_choose(q->options, CLI_VULNERABILITIES, &q->reports) || !parse_gate(q->options, &q->gate) ||
	    !joins(q))
		return EXIT_USAGE;
	if (q->hook && q->hook->any_fails && !option_given(q->options, OPTION_fail_on))
		q->gate.fail_on = SEVERITY_UNKNOWN;
	q->reports.options.program_version = cli_version;
	q->reports.options.fail_on = q->gate.fail_on;
	if (cli_policy(q->options, &q->policy, &err) != STATUS_OK ||
	    cli_since_open(q->options, &q->since, &err) != STATUS_OK)
		return cli_failed(&err);
	if (cli_reports_open(&q->reports, &err) != STATUS_OK)
		return cli_failed(&err);
	cli_folder_open(q->options, data_dir, &q->folder);
	result = scan_documents(q, targets, &err);
	cli_folder_close(&q->folder);
	if (q->policy && q->scanned > 0)
		cli_policy_tell_unused(q->options, q->policy);
	return result;
}

int cli_scan(const struct options *o, cli_read read, const char *data_dir, const char *const *targets, size_t n)
{
	return cli_scan_with(o, read, NULL, data_dir, targets, n);
}

int cli_scan_with(const struct options *o, cli_read read, const struct cli_hook *hook, const char *data_dir,
		  const char *const *targets, size_t n)
{
	struct sequence q = { .options = o, .read = read, .hook = hook, .targets = n };
	int result = scan_into(&q, data_dir, targets);

	policy_free(q.policy);
	cli_since_free(q.since);
	cli_reports_fini(&q.reports);
	return result;
}

/* ---- convert: documents that were saved, instead of targets ---- */

struct conversion {
	struct sequence *sequence;
	int result;
};

static enum status write_saved_index(void *ctx, struct cli_report *r, const struct report_options *options,
				     struct err *err)
{
	return r->format->index(ctx, options, &r->output.out, err);
}

static enum status convert_report(struct conversion *c, const struct saved *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct sequence *q = c->sequence;
	struct vulnerability_report report = s->report;

	/* What was accepted when the report was made may no longer be: the moment is now. */
	if (q->policy)
		TRY(policy_apply(q->policy, &report, date_now(), &arena, err));
	q->scanned++;
	TRY(cli_reports_each(&q->reports, write_document, &(struct document){ .sequence = q, .report = &report }, err));
	c->result = worse(c->result, exit_status(&report, &q->gate));
	tell(q, s->index.target, &report, c->result);
	return STATUS_OK;
}

/* A report speaks of the moment in which it was made, and of the program that did. */
static enum status on_saved(void *ctx, const struct saved *s, struct err *err)
{
	struct conversion *c = ctx;
	struct sequence *q = c->sequence;
	struct document d = { .sequence = q, .target = s->target };
	struct err why = ERR_INIT;

	if (s->created_s != DATE_NONE)
		q->reports.options.now_s = s->created_s;
	q->reports.options.program_version = s->program_version[0] ? s->program_version : cli_version;
	if (s->kind == SAVED_INDEX) {
		if (!q->reports.at[0].format->index || q->targets > 1)
			return err_set(err, STATUS_INVALID, "a list of packages among reports");
		return cli_reports_each(&q->reports, write_saved_index, (void *)(uintptr_t)&s->index, err);
	}
	if (s->kind == SAVED_FAILURE) {
		err_set(&why, STATUS_IO, "%.*s", SLICE_ARG(s->error));
		d.why = &why;
		c->result = worse(c->result, EXIT_UNREADABLE);
		return cli_reports_each(&q->reports, write_document, &d, err);
	}
	return convert_report(c, s, err);
}

static int convert_into(struct sequence *q, struct slice name, struct slice json)
{
	struct conversion c = { q, EXIT_DONE };
	bool index = saved_is_index(json, &limits_default);
	struct err err = ERR_INIT;
	int written;

	if (!cli_reports_choose(q->options, index ? CLI_PACKAGES : CLI_VULNERABILITIES, &q->reports) ||
	    !parse_gate(q->options, &q->gate))
		return EXIT_USAGE;
	q->reports.options.fail_on = q->gate.fail_on;
	if (saved_count(json, &limits_default, &q->targets, &err) != STATUS_OK) {
		err_wrap(&err, "%.*s", SLICE_ARG(name));
		cli_error("%s", err.msg);
		return EXIT_UNREADABLE;
	}
	if (!joins(q))
		return EXIT_USAGE;
	if (!index && cli_policy(q->options, &q->policy, &err) != STATUS_OK)
		return cli_failed(&err);
	if (cli_reports_open(&q->reports, &err) != STATUS_OK)
		return cli_failed(&err);
	if (saved_each(json, &limits_default, on_saved, &c, &err) != STATUS_OK) {
		err_wrap(&err, "%.*s", SLICE_ARG(name));
		return cli_failed(&err);
	}
	if (!index && cli_reports_each(&q->reports, end_documents, q, &err) != STATUS_OK)
		return cli_failed(&err);
	if (q->policy)
		cli_policy_tell_unused(q->options, q->policy);
	written = cli_reports_close(&q->reports);
	return written == EXIT_DONE ? c.result : written;
}

int cli_convert(const struct options *o, struct slice name, struct slice json)
{
	struct sequence q = { .options = o };
	int result = convert_into(&q, name, json);

	policy_free(q.policy);
	cli_reports_fini(&q.reports);
	return result;
}

/* Where the build leaves the demonstration, and where it is installed. */
static int scan_demo(const struct options *o)
{
	static const char *const places[] = { "data/demo", "../share/limpid/demo", LIMPID_DATA "/demo" };
	char dir[4096], image[4200], db[4200];
	const char *targets[] = { image };

	if (!cli_find(places, ARRAY_LEN(places), dir, sizeof(dir))) {
		cli_error("the demonstration image is not installed beside limpid");
		return EXIT_UNREADABLE;
	}
	snprintf(image, sizeof(image), "oci-archive:%s/image.tar", dir);
	snprintf(db, sizeof(db), "%s/db", dir);
	return cli_scan(o, cli_index, db, targets, 1);
}

int command_scan(int argc, char **argv)
{
	AUTO(cli_arguments_free) char **given = cli_copy_arguments(argc, argv);
	struct options o;
	char data_dir[4096];

	if (!given || !options_parse('s', argc, argv, &o))
		return EXIT_USAGE;
	if (option_given(&o, OPTION_demo) && o.n_args == 0)
		return scan_demo(&o);
	if (o.n_args == 0 || option_given(&o, OPTION_demo)) {
		cli_error("usage: limpid scan [options] TARGET... (or --demo); see: limpid help scan");
		return EXIT_USAGE;
	}
	if (cli_scan_needs_network(&o))
		return cli_hand_over_remote(given);
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	return cli_scan(&o, cli_index, data_dir, o.args, o.n_args);
}
