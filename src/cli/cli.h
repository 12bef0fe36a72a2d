/* SPDX-License-Identifier: Apache-2.0 */
/* cli.h - what the commands share: options, exit statuses, messages, the data folder. Private to cli/. */
#ifndef LIMPID_CLI_CLI_H
#define LIMPID_CLI_CLI_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/limits.h"
#include "report/report.h"
#include "segment/segment.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

enum exit_status {
#define EXIT_STATUS(name, value, help) EXIT_##name = (value),
#include "cli/exits.def"
#undef EXIT_STATUS
};

enum option_id {
#define OPTION(commands, name, letter, argument, help) OPTION_##name,
#include "cli/options.def"
#undef OPTION
	OPTION_COUNT
};

#define CLI_REPEATS 64

struct options {
	const char *value[OPTION_COUNT]; /* last argument given; "" for a flag; NULL if it was not given */
	bool said[OPTION_COUNT];	 /* by the command line, be it a flag's "=false" */
	const char *sets[CLI_REPEATS];   /* --set, in order */
	size_t n_sets;
	const char *formats[CLI_REPEATS]; /* --format, in order */
	size_t n_formats;
	const char *ignores[CLI_REPEATS]; /* --ignore, in order */
	size_t n_ignores;
	const char *vexes[CLI_REPEATS]; /* --vex, in order */
	size_t n_vexes;
	const char *candidates[CLI_REPEATS]; /* --base-candidate, in order */
	size_t n_candidates;
	int64_t as_of_s;		 /* --as-of: the last moment that it means; 0: now */
	int64_t as_of_other_s;		 /* diff: the same of B, where it is said for each of the two */
	const char *const *args;         /* what is no option; borrowed from argv */
	size_t n_args;
};

/*
 * Parse argv after the command's name for the command with this letter. Options and arguments may be mixed; "--"
 * ends options. What argv does not say is taken from LIMPID_* variables, and what those do not say from the user's file
 * (limpid(1)). False after a message on standard error.
 */
bool options_parse(char command, int argc, char **argv, struct options *out);
static inline bool option_given(const struct options *o, enum option_id id)
{
	return o->value[id] != NULL;
}
/* The moment that ages and expiries are judged at. */
static inline int64_t cli_now(const struct options *o)
{
	return o->as_of_s != 0 ? o->as_of_s : date_now();
}
/* A moment as --as-of takes it: a day means its last second. False if it is none. */
bool cli_moment(const char *text, int64_t *out_s);
/* The option rows a command knows, as help text. */
void options_print_help(char command, FILE *out);

/* First of all: standard descriptors that are closed, signals that are errors to tell. */
void cli_begin(void);
/* Last of all: the exit status; not result if what was printed did not arrive, which is told. */
int cli_end(int result) NODISCARD;

/* Messages may quote names from an image or a server: a terminal must not obey them. */
void cli_put_escaped(struct slice text, FILE *out);
/* "limpid: ..." on standard error, control bytes escaped. */
void cli_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
void cli_note(const struct options *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* 'WHAT "given"; there are: a b c': names, each after a space, are released. */
#define CLI_NAMES_BYTES 2000
void cli_error_choice(const char *what, const char *given, struct buf *names);
/* Exit status for a failure of the whole command, after its message was printed. */
int cli_failed(const struct err *err);

/* The data folder without --db; false, and nothing said, if none can be named. */
bool cli_data_dir_default(char *out, size_t size);
/* Where a program of limpid's lies; false if nowhere. */
bool cli_find_program(const char *program, char *out, size_t size);
/* Become a program that lies beside limpid. Returns only when that fails, with the exit status. */
int cli_hand_over(const char *program, char **argv);
/*
 * What limpid-remote adds to the commands that look at images; NULL in limpid itself, which hands over to it
 * (docs/adr/0019-remote-program.md).
 */
struct cli_network;
extern const struct cli_network *const cli_network;
/* Do any of the targets need it, and this program lacks it? */
bool cli_needs_network(const char *const *targets, size_t n);
/* argv of a command before options_parse() puts it in another order; owned by the caller. NULL when memory is short. */
char **cli_copy_arguments(int argc, char **argv);
/* Become limpid-remote with arguments that were copied; returns only when that fails. */
int cli_hand_over_remote(char **given);
static inline void cli_arguments_free(char ***given)
{
	free(*given);
}
/* The data folder: --db, $LIMPID_HOME, $XDG_DATA_HOME/limpid, $HOME/.local/share/limpid. False: none can be named. */
bool cli_data_dir(const struct options *o, char *out, size_t size);
/* Update operations kept per source, with their segments: the one in force and the one before, for a diff. */
#define CLI_OPERATIONS_KEPT 2
struct cli_retention {
	size_t keep;   /* of each source, at least; 0: all */
	unsigned days; /* and what was in force within so many days */
};
/*
 * What --keep and --keep-days ask for, which is remembered in the store; else what was asked for last; else the above.
 * STATUS_INVALID: an option is no number.
 */
enum status cli_retention_of(const struct options *o, struct store *store, struct cli_retention *out,
			     struct err *err) NODISCARD;
struct cli_collected {
	uint64_t operations;
	struct segment_collected files;
};
/* Delete what nobody needs any more. STATUS_CONFLICT: an update was at work for all of wait_ms. */
enum status cli_collect(struct store *store, const char *data_dir, const struct cli_retention *retention,
			unsigned wait_ms, struct cli_collected *out, struct err *err) NODISCARD;
/* <dir>/segments */
bool cli_segment_dir(const char *data_dir, char *out, size_t size);
/*
 * The first of the places that is there: relative to this program's file, so that builds and installed trees can be
 * moved, or absolute. False if none is.
 */
bool cli_find(const char *const *places, size_t n, char *out, size_t size);

/* Where one report goes: standard output or a file, which appears whole or not at all. */
struct cli_output {
	struct report_out out;
	int fd;
	struct file_writer *writer; /* owned while a file is open */
	unsigned guard;		    /* what cli_output_guard() gave */
};
/* path: NULL or "-" is standard output; a device or a pipe is written to as that is. */
enum status cli_output_open(const char *path, struct cli_output *out, struct err *err) NODISCARD;
enum status cli_output_close(struct cli_output *out, struct err *err) NODISCARD;
void cli_output_abort(struct cli_output *out);
/* Delete the writer's temporary file, if it has one, when a signal ends the process; 0: it has none, or there are many.
 */
unsigned cli_output_guard(const struct file_writer *w);
/* No longer. 0 is fine. */
void cli_output_unguard(unsigned guard);

/* One of the reports that --format asks for. */
#define CLI_REPORTS 32
struct cli_report {
	const struct report_format *format;
	const char *version; /* of the format; NULL: its usual one */
	const char *path;    /* NULL: standard output. Borrowed from the options. */
	struct cli_output output;
	size_t written; /* documents */
	bool failed;	/* it could not be written, which was told: nothing more goes there */
};
struct cli_reports {
	struct cli_report *at; /* owned; n of them */
	size_t n;
	struct report_options options; /* of every report */
};
/* What is written. */
enum cli_document { CLI_VULNERABILITIES, CLI_PACKAGES, CLI_COMPARISON };
/* What --format and --output ask for, and the moment reports speak of. False after a message. */
bool cli_reports_choose(const struct options *o, enum cli_document what, struct cli_reports *out);
/* Open all or none. */
enum status cli_reports_open(struct cli_reports *r, struct err *err) NODISCARD;
/*
 * Do it for each report that has not failed. One that fails ends alone, after a message, while others are left; the
 * last one's failure is returned.
 */
typedef enum status (*cli_report_write)(void *ctx, struct cli_report *report, const struct report_options *options,
					struct err *err);
enum status cli_reports_each(struct cli_reports *r, cli_report_write write, void *ctx, struct err *err) NODISCARD;
/* Publish those that have not failed. EXIT_DONE, or EXIT_UNREADABLE after a message where any has. */
int cli_reports_close(struct cli_reports *r) NODISCARD;
/* Drop what was not published, and the list. */
void cli_reports_fini(struct cli_reports *r);
/* Does a person see one of them as it is written? */
bool cli_reports_on_terminal(const struct cli_reports *r);

/* The data folder of a command that looks at images. */
struct cli_folder {
	const char *dir;     /* borrowed */
	struct store *store; /* owned; NULL: there is none, or it cannot be read */
	bool cached;         /* layers are looked up in it */
	bool writable;       /* and put there */
	struct err trouble;  /* why it cannot be read; STATUS_OK if it can, or is simply not there yet */
	int64_t as_of_s;     /* what was in force then is asked; 0: what is now */
	size_t n_lacking;    /* sources of which nothing is kept from then; lacking: their names, as many as fit */
	char lacking[600];
};
/* Never fails: what does not work is told on standard error and kept in trouble. */
void cli_folder_open(const struct options *o, const char *dir, struct cli_folder *out);
void cli_folder_close(struct cli_folder *f);
/* Open the segments in force; of a state that cannot be read, the newest that lie there (trouble says why). */
enum status cli_segments(struct cli_folder *f, struct segment_set **out, struct err *err) NODISCARD;
/* Add what cli_segments() had to make do with to the report's coverage. */
struct vulnerability_report;
enum status cli_folder_tell(const struct cli_folder *f, struct vulnerability_report *r, struct arena *arena,
			    struct err *err) NODISCARD;

/* Index one target by the options of scan, index and explain. */
struct index_report;
enum status cli_index(const struct options *o, const struct cli_folder *folder, struct slice target,
		      struct arena *arena, struct index_report *out, struct err *err) NODISCARD;
/*
 * Match it against the advisories in force, by the options of scan, match and diff; no policy is applied. Its
 * repositories become those of products.
 */
enum status cli_match(const struct options *o, struct cli_folder *folder, struct index_report *index,
		      struct arena *arena, struct vulnerability_report *out, struct err *err) NODISCARD;
/* What --fail-on asks for; SEVERITY_COUNT: nothing. False after a message. */
bool cli_fail_on(const struct options *o, enum severity *out);
/* Something in the image was not read at all: what is said of it is not the whole truth. */
bool cli_has_errors(const struct index_report *index);
/* From a target to its packages. */
typedef enum status (*cli_read)(const struct options *o, const struct cli_folder *folder, struct slice target,
				struct arena *arena, struct index_report *out, struct err *err);
/*
 * What --ignore, --vex, --only-fixed, --min-epss and --kev ask for; *out is NULL if nothing, and otherwise owned by the
 * caller. It tells of entries that have expired.
 */
struct policy;
enum status cli_policy(const struct options *o, struct policy **out, struct err *err) NODISCARD;
/* At the end: which entries and statements concerned nothing. */
void cli_policy_tell_unused(const struct options *o, const struct policy *p);
/* The target that --base names; NULL: it names none. */
const char *cli_base_target(const struct options *o);
/*
 * Settle by --base which layers are the base image's: index->base says nothing without it. *out is what to tell of it,
 * or "".
 */
enum status cli_base(const struct options *o, const struct cli_folder *folder, struct index_report *index,
		     struct arena *arena, struct slice *out, struct err *err) NODISCARD;
/* Tell it, and by --only-own set apart what the base image brought. */
enum status cli_base_apply(const struct options *o, struct slice detail, struct vulnerability_report *r,
			   struct arena *arena, struct err *err) NODISCARD;
/* Do the targets, or what options name, need a network that this program lacks? */
bool cli_scan_needs_network(const struct options *o);
/* What --new-since asks for: *out is NULL if nothing, and otherwise owned by the caller. */
struct cli_since;
enum status cli_since_open(const struct options *o, struct cli_since **out, struct err *err) NODISCARD;
void cli_since_free(struct cli_since *s); /* NULL is fine */
/* Set apart what the earlier report of the same target has, too. STATUS_NOTFOUND: it has none of that target. */
enum status cli_since_apply(struct cli_since *s, struct cli_folder *folder, struct vulnerability_report *r,
			    struct arena *arena, struct err *err) NODISCARD;
/* Put into the report what --fix-plan and --base-candidate ask for. */
enum status cli_plan(const struct options *o, struct cli_folder *folder, struct policy *policy,
		     struct vulnerability_report *r, struct arena *arena, struct err *err) NODISCARD;
/* Read each target, match it, print the report; gives the exit status. What scan and match have in common. */
int cli_scan(const struct options *o, cli_read read, const char *data_dir, const char *const *targets, size_t n);
/* What somebody does with each report before it is printed, and when all are where they should be. */
struct cli_hook {
	enum status (*report)(void *ctx, struct slice target, struct vulnerability_report *r, struct arena *arena,
			      struct err *err);
	enum status (*printed)(void *ctx, struct err *err);
	bool any_fails; /* without --fail-on every finding is a reason to exit with 1 */
	void *ctx;
};
/* The same; hook may be NULL. */
int cli_scan_with(const struct options *o, cli_read read, const struct cli_hook *hook, const char *data_dir,
		  const char *const *targets, size_t n);
/* Is it standard input ("-"), or a regular file that begins as JSON does? No image does. */
bool cli_is_document(const char *target);
/*
 * The packages of a document: limpid's or Clair's reports, of packages or of findings, and bills of materials, which a
 * worker reads. out->target is "" if it does not say.
 */
enum status cli_read_document(const struct options *o, const struct cli_folder *folder, struct slice text,
			      struct arena *arena, struct index_report *out, struct err *err) NODISCARD;
/* A cli_read of such files; "-" is standard input. */
enum status cli_read_saved(const struct options *o, const struct cli_folder *folder, struct slice target,
			   struct arena *arena, struct index_report *out, struct err *err);
/* Where what is too large for memory goes: where the user says, else a disk rather than memory; NULL at the end. */
#define CLI_TEMP_DIRS 4
void cli_temp_dirs(const char *out[CLI_TEMP_DIRS]);
/* Write a saved report in the formats that the options ask for; gives the exit status. name: for messages. */
int cli_convert(const struct options *o, struct slice name, struct slice json);
/* All of it; what: for the message when it is longer than out may be. */
enum status cli_read_standard_input(struct buf *out, const char *what, struct err *err) NODISCARD;
/* The targets that scan, index and explain take, as help text. */
void cli_print_targets(FILE *out);

/* Progress on a terminal's standard error: one line, rewritten. */
struct cli_progress {
	bool on;
	uint64_t started_ns, shown_ns;
};
void cli_progress_init(struct cli_progress *p, const struct options *o);
void cli_progress_show(struct cli_progress *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cli_progress_clear(struct cli_progress *p);

/* One command: argv[0] is its name. Returns the exit status. */
#define COMMAND(name, letter, arguments, help) int command_##name(int argc, char **argv);
#include "cli/commands.def"
#undef COMMAND

/* scopes -> feeds, for coverage: is there a feed that would have advisories for the scope? */
bool cli_scope_served(struct slice scope, struct slice *out_feed);

extern const char cli_version[];

#endif
