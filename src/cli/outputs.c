/* SPDX-License-Identifier: Apache-2.0 */
/* outputs.c - where reports go: several formats at once, files that appear whole or not at all. */
#include "cli/cli.h"

#include "io/file.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status write_out(void *ctx, struct slice bytes, struct err *err)
{
	const struct cli_output *out = ctx;

	return file_write_all(out->fd, bytes, err);
}

/* A device, a pipe: it is written to, as standard output is, never replaced by a file. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static enum status open_special(const char *path, struct cli_output *out, struct err *err)
{
	out->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (out->fd < 0)
		return err_errno(err, "cannot write %s", path);
	return STATUS_OK;
}

enum status cli_output_open(const char *path, struct cli_output *out, struct err *err)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
	struct winsize size;

	memset(out, 0, sizeof(*out));
	out->out.write = write_out;
	out->out.ctx = out;
	out->fd = STDOUT_FILENO;
	if (path && strcmp(path, "-") != 0) {
		if (is_special(path))
			return open_special(path, out, err);
		TRY(file_writer_open(path, &out->writer, err));
		out->fd = file_writer_fd(out->writer);
		out->guard = cli_output_guard(out->writer);
		return STATUS_OK;
	}
	out->out.terminal = isatty(STDOUT_FILENO);
	out->out.colour = out->out.terminal && !(plain && plain[0]) && term && strcmp(term, "dumb") != 0;
	if (out->out.terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		out->out.width = size.ws_col;
	return STATUS_OK;
}

enum status cli_output_close(struct cli_output *out, struct err *err)
{
	struct file_writer *w = out->writer;
	enum status st;

	out->writer = NULL;
	st = w ? file_writer_commit(w, NULL, err) : STATUS_OK;
	cli_output_unguard(out->guard);
	out->guard = 0;
	return st;
}

void cli_output_abort(struct cli_output *out)
{
	file_writer_abort(out->writer);
	out->writer = NULL;
	cli_output_unguard(out->guard);
	out->guard = 0;
}

/* ---- what is asked for ---- */

static bool fits(const struct report_format *f, enum cli_document what)
{
	return what == CLI_PACKAGES	? f->index != NULL
	       : what == CLI_COMPARISON ? f->comparison != NULL
					: f->vulnerabilities != NULL;
}

static bool no_such_format(const char *name, enum cli_document what)
{
	struct buf names = BUF_INIT(CLI_NAMES_BYTES);
	size_t n;
	const struct report_format *const *all = report_formats(&n);

	for (size_t i = 0; i < n; i++) {
		struct slice rest = slice_cstr(all[i]->versions), version;

		if (!fits(all[i], what))
			continue;
		buf_printf(&names, " %s", all[i]->name);
		while (what != CLI_COMPARISON && slice_word(&rest, ' ', &version))
			buf_printf(&names, " %s-%.*s", all[i]->name, SLICE_ARG(version));
	}
	cli_error_choice("no output format", name, &names);
	return false;
}

/* "FORMAT" or "FORMAT=FILE" */
static bool choose_one(const char *given, enum cli_document what, struct cli_report *out)
{
	struct slice name, file;
	bool has_file = slice_cut(slice_cstr(given), '=', &name, &file);
	char plain[64];
	struct err_quote q;

	snprintf(plain, sizeof(plain), "%.*s", (int)MIN(name.len, sizeof(plain) - 1), given);
	out->format = report_format_find(name, &out->version);
	if (!out->format || !fits(out->format, what))
		return no_such_format(plain, what);
	if (!has_file)
		return true;
	if (file.len == 0) {
		cli_error("-f %s: expected FORMAT=FILE, found no file", err_slice(&q, slice_cstr(given)));
		return false;
	}
	out->path = (const char *)file.ptr; /* ends where the argument does */
	return true;
}

static bool is_standard(const char *path)
{
	return !path || strcmp(path, "-") == 0;
}

/* One without a file of its own goes to --output, else to standard output; no two go to one place. */
static bool settle_places(const struct options *o, struct cli_reports *r)
{
	struct cli_report *rest = NULL;
	struct err_quote q;

	for (size_t i = 0; i < r->n; i++) {
		if (r->at[i].path)
			continue;
		if (rest) {
			cli_error("-f %s and -f %s: of several formats all but one need a file: -f FORMAT=FILE",
				  rest->format->name, r->at[i].format->name);
			return false;
		}
		rest = &r->at[i];
	}
	if (rest)
		rest->path = o->value[OPTION_output];
	else if (option_given(o, OPTION_output)) {
		cli_error("-o %s: each format has a file of its own",
			  err_slice(&q, slice_cstr(o->value[OPTION_output])));
		return false;
	}
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < i; k++) {
			const char *a = r->at[i].path, *b = r->at[k].path;

			if (!(is_standard(a) && is_standard(b)) && !(a && b && strcmp(a, b) == 0))
				continue;
			cli_error("%s: two formats cannot go there",
				  is_standard(a) ? "standard output" : err_slice(&q, slice_cstr(a)));
			return false;
		}
	}
	return true;
}

/* The moment a report speaks of: the clock's, unless whoever builds the same twice says another. */
static bool report_time(int64_t *out)
{
	const char *given = getenv("SOURCE_DATE_EPOCH");
	struct err_quote q;
	uint64_t seconds;

	*out = date_now();
	if (!given || !given[0])
		return true;
	if (!slice_to_u64(slice_cstr(given), &seconds) || seconds > 253402300799) {
		cli_error("SOURCE_DATE_EPOCH=%s: expected seconds since 1970", err_slice(&q, slice_cstr(given)));
		return false;
	}
	*out = (int64_t)seconds;
	return true;
}

bool cli_reports_choose(const struct options *o, enum cli_document what, struct cli_reports *out)
{
	size_t n = MAX(o->n_formats, (size_t)1);

	memset(out, 0, sizeof(*out));
	out->options.fail_on = SEVERITY_COUNT;
	out->options.run = (struct report_run){ .commit = getenv("GITHUB_SHA"),
						.ref = getenv("GITHUB_REF"),
						.job = getenv("GITHUB_JOB"),
						.id = getenv("GITHUB_RUN_ID") };
	if (n > CLI_REPORTS) {
		cli_error("--format was given more than %d times", CLI_REPORTS);
		return false;
	}
	out->at = calloc(n, sizeof(*out->at));
	if (!out->at) {
		cli_error("memory is short");
		return false;
	}
	out->n = n;
	for (size_t i = 0; i < n; i++) {
		out->at[i].failed = true; /* until it is open */
		if (!choose_one(o->n_formats ? o->formats[i] : "table", what, &out->at[i]))
			return false;
	}
	return settle_places(o, out) && report_time(&out->options.now_s);
}

/* ---- writing ---- */

enum status cli_reports_open(struct cli_reports *r, struct err *err)
{
	for (size_t i = 0; i < r->n; i++) {
		TRY(cli_output_open(r->at[i].path, &r->at[i].output, err));
		r->at[i].failed = false;
	}
	return STATUS_OK;
}

static bool others_left(const struct cli_reports *r, size_t but)
{
	for (size_t i = 0; i < r->n; i++)
		if (i != but && !r->at[i].failed)
			return true;
	return false;
}

enum status cli_reports_each(struct cli_reports *r, cli_report_write write, void *ctx, struct err *err)
{
	for (size_t i = 0; i < r->n; i++) {
		struct cli_report *report = &r->at[i];
		struct report_options options = r->options;
		enum status st;

		if (report->failed)
			continue;
		options.version = report->version;
		st = write(ctx, report, &options, err);
		if (st == STATUS_OK)
			continue;
		report->failed = true;
		cli_output_abort(&report->output);
		if (!others_left(r, i))
			return st;
		cli_error("-f %s: %s", report->format->name, err->msg);
	}
	return STATUS_OK;
}

int cli_reports_close(struct cli_reports *r)
{
	int result = EXIT_DONE;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < r->n; i++) {
		if (r->at[i].failed) {
			result = EXIT_UNREADABLE;
		} else if (cli_output_close(&r->at[i].output, &err) != STATUS_OK) {
			r->at[i].failed = true;
			result = cli_failed(&err);
		}
	}
	return result;
}

void cli_reports_fini(struct cli_reports *r)
{
	for (size_t i = 0; i < r->n; i++)
		cli_output_abort(&r->at[i].output);
	free(r->at);
	r->at = NULL;
	r->n = 0;
}

bool cli_reports_on_terminal(const struct cli_reports *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].output.out.terminal)
			return true;
	return false;
}
