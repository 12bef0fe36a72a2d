/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - limpid scan: index, match, report, and the exit status that a pipeline goes by. */
#include "cli/cli.h"

#include "match/match.h"
#include "model/index_report.h"

struct gate {
	enum severity fail_on; /* SEVERITY_COUNT: none */
	bool strict;
};

/* Something in the image was not read at all: what is said of it is not the whole truth. */
static bool has_errors(const struct index_report *index)
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
	if (has_errors(r->index))
		return EXIT_UNREADABLE;
	if (r->index->packages.len == 0)
		return EXIT_NO_PACKAGES;
	return gate->strict && !r->complete ? EXIT_INCOMPLETE : EXIT_DONE;
}

static enum status write_report(const struct options *o, const struct report_format *format,
				const struct vulnerability_report *r, const struct gate *gate,
				const struct cli_output *output, struct err *err)
{
	struct report_options options = { .now_s = date_now(),
					  .fail_on = gate->fail_on,
					  .program_version = cli_version };

	(void)o;
	return format->vulnerabilities(r, &options, &output->out, err);
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

static enum status scan_one(const struct options *o, const char *data_dir, struct slice target,
			    const struct report_format *format, const struct gate *gate,
			    const struct cli_output *output, int *out_exit, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct match_options options = { .now_s = date_now(),
					 .owned = option_given(o, OPTION_owned),
					 .scope_served = cli_scope_served };
	struct vulnerability_report report;
	struct index_report index;
	struct segment_set *set;
	enum status st;

	TRY(cli_index(o, data_dir, target, &arena, &index, err));
	TRY(cli_segments(data_dir, &set, err));
	st = match_report(&index, set, &options, &arena, &report, err);
	if (st == STATUS_OK && option_given(o, OPTION_demo))
		st = add_demonstration(&report, &arena, err);
	if (st == STATUS_OK)
		st = write_report(o, format, &report, gate, output, err);
	segment_set_free(set);
	if (st == STATUS_OK) {
		*out_exit = exit_status(&report, gate);
		if (*out_exit == EXIT_UNREADABLE)
			cli_error("%.*s: a part of the image could not be read; the report names it",
				  SLICE_ARG(target));
		else if (!report.complete)
			cli_note(o, "%.*s: coverage is incomplete; the report says what was not looked up",
				 SLICE_ARG(target));
	}
	return st;
}

static bool parse_gate(const struct options *o, struct gate *out)
{
	out->fail_on = SEVERITY_COUNT;
	out->strict = option_given(o, OPTION_strict);
	if (!option_given(o, OPTION_fail_on) || severity_by_name(slice_cstr(o->value[OPTION_fail_on]), &out->fail_on))
		return true;
	cli_error("--fail-on %s: expected unknown, negligible, low, medium, high or critical",
		  o->value[OPTION_fail_on]);
	return false;
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

static int scan_all(const struct options *o, const char *data_dir, const char *const *targets, size_t n)
{
	const struct report_format *format = cli_format(o, false);
	struct err err = ERR_INIT;
	struct cli_output output;
	struct gate gate;
	int result = EXIT_DONE;

	if (!format || !parse_gate(o, &gate))
		return EXIT_USAGE;
	if (cli_output_open(o, &output, &err) != STATUS_OK)
		return cli_failed(&err);
	for (size_t i = 0; i < n; i++) {
		int one = EXIT_DONE;

		if (i > 0 && output.out.write(output.out.ctx, SLICE("\n"), &err) != STATUS_OK)
			break;
		if (scan_one(o, data_dir, slice_cstr(targets[i]), format, &gate, &output, &one, &err) != STATUS_OK) {
			one = cli_failed(&err);
			if (one == EXIT_USAGE) {
				cli_output_abort(&output);
				return EXIT_USAGE;
			}
		}
		result = worse(result, one);
	}
	if (cli_output_close(&output, &err) != STATUS_OK)
		return cli_failed(&err);
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
	return scan_all(o, db, targets, 1);
}

int command_scan(int argc, char **argv)
{
	struct options o;
	char data_dir[4096];

	if (!options_parse('s', argc, argv, &o))
		return EXIT_USAGE;
	if (option_given(&o, OPTION_demo) && o.n_args == 0)
		return scan_demo(&o);
	if (o.n_args == 0 || option_given(&o, OPTION_demo)) {
		cli_error("usage: limpid scan [options] TARGET... (or --demo); see: limpid help scan");
		return EXIT_USAGE;
	}
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	return scan_all(&o, data_dir, o.args, o.n_args);
}
