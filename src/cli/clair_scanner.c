/* SPDX-License-Identifier: Apache-2.0 */
/* clair_scanner.c - limpid called clair-scanner: its options, its log, its table, its report, its exit statuses. */
#include "cli/clair_scanner.h"

#include "cli/client_image.h"
#include "io/file.h"
#include "text/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

/* A contract with scripts. */
enum { SCANNER_APPROVED = 0, SCANNER_UNAPPROVED = 1, SCANNER_FAILED = 1, SCANNER_USAGE = 2, SCANNER_NO_FEATURES = 5 };

#define WHITELIST_BYTES ((size_t)16 << 20)
#define OUTPUT_BYTES ((size_t)1 << 30)

/* ---- the log ---- */

void scanner_say(struct scanner_log *log, enum scanner_level level, const char *fmt, ...)
{
	static const char *const names[] = { "INFO", "WARN", "ERRO", "CRIT" };
	static const char *const colours[] = { "32", "33", "31", "31" };
	struct buf AUTO(buf_fini) clean = BUF_INIT(65536);
	char text[4096], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	terminal_put(&clean, slice_cstr(text));
	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y/%m/%d %H:%M:%S", &tm);
	if (log->colour)
		fprintf(stderr, "%s \033[0;%sm[%s] ▶ %.*s\033[0m\n", when, colours[level], names[level], (int)clean.len,
			(const char *)clean.ptr);
	else
		fprintf(stderr, "%s [%s] ▶ %.*s\n", when, names[level], (int)clean.len, (const char *)clean.ptr);
	if (log->file) {
		fprintf(log->file, "%s [%s] ▶ %.*s\n", when, names[level], (int)clean.len, (const char *)clean.ptr);
		fflush(log->file);
	}
}

static bool colours_wanted(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

static bool open_log(struct scanner_run *run)
{
	const char *path = client_value(&run->flags, "log");

	run->log.colour = colours_wanted(STDERR_FILENO);
	if (!path[0])
		return true;
	run->log.file = fopen(path, "ae");
	if (!run->log.file)
		scanner_say(&run->log, SCANNER_FATAL, "Could not initialize logging file: open %s: %s", path,
			    strerror(errno));
	return run->log.file != NULL;
}

/* ---- options ---- */

static void print_usage(FILE *out)
{
	fputs("\nUsage: clair-scanner [OPTIONS] IMAGE\n\n"
	      "Scan local Docker images for vulnerabilities, with Clair or without\n\n"
	      "Arguments:\n"
	      "  IMAGE                         Name of the Docker image to scan, or a file with one\n\n"
	      "Options:\n",
	      out);
	client_flags_help_mow("clair-scanner", out);
}

static bool parse_threshold(struct scanner_run *run, unsigned *out)
{
	const char *given = client_value(&run->flags, "threshold");

	*out = scanner_rank(slice_cstr(given));
	if (*out != SCANNER_RANK_UNKNOWN_WORD)
		return true;
	scanner_say(&run->log, SCANNER_FATAL,
		    "Invalid CVE severity threshold %s given: it is one of Defcon1, Critical, High, Medium, Low, "
		    "Negligible, Unknown",
		    given);
	return false;
}

/* With it nothing that Clair 4 says would ever be unapproved. */
static bool threshold_counts(struct scanner_run *run, unsigned threshold)
{
	if (run->old_api || threshold != scanner_rank(SLICE("Defcon1")))
		return true;
	scanner_say(&run->log, SCANNER_FATAL,
		    "Invalid CVE severity threshold Defcon1 given: only Clair 2 has it; the worst here is Critical");
	return false;
}

static void odd_key(void *ctx, struct slice key, unsigned line)
{
	struct scanner_run *run = ctx;
	struct err_quote q;

	scanner_say(&run->log, SCANNER_WARN,
		    "Whitelist file, line %u: \"%s\" has no meaning; the keys are generalwhitelist and images", line,
		    err_slice(&q, key));
}

static enum status read_whitelist(struct scanner_run *run, struct scanner_whitelist *out, struct err *err)
{
	const char *path = client_value(&run->flags, "whitelist");
	struct buf AUTO(buf_fini) bytes = BUF_INIT(WHITELIST_BYTES);
	struct slice text;

	*out = (struct scanner_whitelist){ .general = NULL };
	if (!path[0])
		return STATUS_OK;
	if (file_read(path, &bytes, err) != STATUS_OK)
		return err_wrap(err, "could not read file");
	if (!arena_copy(&run->arena, buf_slice(&bytes), &text))
		return err_nomem(err, "a whitelist");
	if (scanner_whitelist_parse(text, &limits_default, &run->arena, odd_key, run, out, err) != STATUS_OK)
		return err_wrap(err, "could not unmarshal yaml: %s", path);
	return STATUS_OK;
}

enum status scanner_target(struct scanner_run *run, struct slice *out, struct err *err)
{
	bool registry;

	TRY(client_target(run->image, &run->arena, out, &registry, err));
	if (registry)
		scanner_say(&run->log, SCANNER_WARN,
			    "No Docker daemon answers here; the image is taken from its registry");
	return STATUS_OK;
}

/* ---- what was found ---- */

static int fail(struct scanner_run *run, const char *what, const struct err *err)
{
	scanner_say(&run->log, SCANNER_FATAL, "%s%s%s", what, what[0] ? ", " : "", err->msg);
	return SCANNER_FAILED;
}

static enum status put_table(struct scanner_run *run, bool all, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(OUTPUT_BYTES);
	size_t *order, n;

	TRY(scanner_order(&run->rows, all, &run->arena, &order, &n, err));
	TRY(scanner_table(&run->rows, order, n, colours_wanted(STDOUT_FILENO), &text, err));
	fwrite(text.ptr, 1, text.len, stdout);
	fflush(stdout);
	return STATUS_OK;
}

static enum status show(struct scanner_run *run, struct err *err)
{
	bool all = client_switch(&run->flags, "all"), quiet = client_switch(&run->flags, "quiet");
	int image = (int)MIN(run->image.len, (size_t)1000);
	const char *name = (const char *)run->image.ptr;

	if (run->rows.n > 0)
		scanner_say(&run->log, SCANNER_WARN, "Image [%.*s] contains %zu total vulnerabilities", image, name,
			    run->rows.n);
	if (run->rows.n_unapproved > 0)
		scanner_say(&run->log, SCANNER_ERROR, "Image [%.*s] contains %zu unapproved vulnerabilities", image,
			    name, run->rows.n_unapproved);
	else
		scanner_say(&run->log, SCANNER_INFO, "Image [%.*s] contains NO unapproved vulnerabilities", image,
			    name);
	if (quiet || run->rows.n == 0 || (run->rows.n_unapproved == 0 && !all))
		return STATUS_OK;
	return put_table(run, all, err);
}

/* In the order of the table where all of it is shown, as clair-scanner's own; else in that of the answer. */
static enum status write_report(struct scanner_run *run, struct err *err)
{
	const char *path = client_value(&run->flags, "report");
	struct buf AUTO(buf_fini) text = BUF_INIT(OUTPUT_BYTES);
	bool sorted = client_switch(&run->flags, "all") && !client_switch(&run->flags, "quiet");
	struct cli_output out;
	size_t *order = NULL, n;

	if (!path[0])
		return STATUS_OK;
	if (sorted)
		TRY(scanner_order(&run->rows, true, &run->arena, &order, &n, err));
	TRY(scanner_report(&run->rows, run->image, order, &text, err));
	TRY(cli_output_open(path, &out, err));
	if (out.out.write(out.out.ctx, buf_slice(&text), err) == STATUS_OK)
		return cli_output_close(&out, err);
	cli_output_abort(&out);
	return err->code;
}

static void tell_gaps(struct scanner_run *run)
{
	struct err_quote q;

	for (size_t i = 0; i < run->rows.n_incomplete; i++) {
		struct slice gap = run->rows.incomplete[i];

		scanner_say(&run->log, SCANNER_WARN, "Not looked up: %.*s", (int)MIN(gap.len, (size_t)1000),
			    gap.len ? (const char *)gap.ptr : err_slice(&q, gap));
	}
}

static int no_features(struct scanner_run *run)
{
	bool asked = client_switch(&run->flags, "exit-when-no-features");

	scanner_say(&run->log, SCANNER_FATAL,
		    "No features have been detected in the image. This usually means that it has no package manager "
		    "that is known");
	return asked ? SCANNER_NO_FEATURES : SCANNER_FAILED;
}

static int finish(struct scanner_run *run)
{
	bool found = run->rows.n_unapproved > 0;

	if (run->unread) {
		scanner_say(&run->log, SCANNER_FATAL, "A part of the image could not be read");
		return SCANNER_FAILED;
	}
	if (!run->old_api && found)
		scanner_say(&run->log, SCANNER_ERROR, "Unapproved vulnerabilities found in the image");
	else if (!run->old_api)
		scanner_say(&run->log, SCANNER_INFO, "Scan completed successfully with no vulnerabilities");
	return found ? SCANNER_UNAPPROVED : SCANNER_APPROVED;
}

static int scan(struct scanner_run *run)
{
	struct scanner_whitelist whitelist;
	struct err err = ERR_INIT;
	unsigned threshold;
	bool server = client_value(&run->flags, "clair")[0] != '\0';
	enum status st;

	if (read_whitelist(run, &whitelist, &err) != STATUS_OK)
		return fail(run, "Could not parse whitelist file", &err);
	if (!parse_threshold(run, &threshold))
		return SCANNER_FAILED;
	scanner_say(&run->log, SCANNER_INFO, "Start clair-scanner");
	if (!server && !threshold_counts(run, threshold))
		return SCANNER_FAILED;
	if (!server && client_given(&run->flags, "ip"))
		scanner_say(&run->log, SCANNER_INFO, "Without a server nothing is served, and --ip has no effect");
	st = server ? scanner_ask_server(run, &err) : scanner_scan_here(run, &err);
	if (st != STATUS_OK)
		return fail(run, "", &err);
	tell_gaps(run);
	if (run->rows.features == 0 && run->rows.n == 0 && !run->unread)
		return no_features(run);
	if (!threshold_counts(run, threshold))
		return SCANNER_FAILED;
	if (scanner_judge(&run->rows, run->image, &whitelist, threshold, &run->arena, &err) != STATUS_OK ||
	    show(run, &err) != STATUS_OK)
		return fail(run, "", &err);
	if (write_report(run, &err) != STATUS_OK)
		return fail(run, "Could not create a report: could not write to file", &err);
	return finish(run);
}

static void set_options(struct scanner_run *run)
{
	static const struct {
		enum option_id id;
		const char *name;
	} same[] = { { OPTION_platform, "platform" }, { OPTION_db, "db" } };

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		if (client_value(&run->flags, same[i].name)[0])
			run->options.value[same[i].id] = client_value(&run->flags, same[i].name);
	run->options.value[OPTION_no_progress] = "";
}

int command_clair_scanner(int argc, char **argv)
{
	struct scanner_run run = { .arena = ARENA_INIT(SIZE_MAX), .document = BUF_INIT(OUTPUT_BYTES) };
	struct buf AUTO(buf_fini) why = BUF_INIT(1024);
	int result = SCANNER_FAILED;

	if (!client_flags_parse("clair-scanner", "", CLIENT_FLAGS_MOW, false, argc, argv, &run.flags, &why) ||
	    (!run.flags.help && (run.flags.n_args != 1 || run.flags.args[0][0] == '\0'))) {
		fputs("Error: incorrect usage\n", stderr);
		if (why.len > 0)
			fprintf(stderr, "%.*s\n", (int)why.len, (const char *)why.ptr);
		print_usage(stderr);
		return SCANNER_USAGE;
	}
	if (run.flags.help) {
		print_usage(stdout);
		return SCANNER_APPROVED;
	}
	run.image = slice_cstr(run.flags.args[0]);
	set_options(&run);
	if (open_log(&run))
		result = scan(&run);
	scanner_rows_free(&run.rows);
	buf_fini(&run.document);
	arena_fini(&run.arena);
	if (run.log.file)
		fclose(run.log.file);
	return result;
}
