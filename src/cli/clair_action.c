/* SPDX-License-Identifier: Apache-2.0 */
/* clair_action.c - limpid called clair-action: its report, update and convert. */
#include "cli/cli.h"

#include "cli/client_flags.h"
#include "cli/client_here.h"
#include "cli/db.h"
#include "config/config.h"
#include "io/file.h"
#include "report/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The program: remote.def has it. Gives the exit status. */
int command_clair_action(int argc, char **argv);

/* A contract with scripts. */
enum { ACTION_DONE = 0, ACTION_FAILED = 1 };

#define SETS_MAX 64

struct action {
	struct client_flags flags;
	const struct report_format *format;
	size_t found;
	bool unread;
	char folder[4200]; /* limpid's, given or standing for a file; "" without --db-path */
};

static int report(struct action *a);
static int update(struct action *a);
static int convert(struct action *a);

static const struct command {
	const char *name, *letter, *usage;
	int (*run)(struct action *a);
} commands[] = {
	{ "report", "r", "report on a manifest", report },
	{ "update", "u", "update the database", update },
	{ "convert", "c", "Convert a Clair Vulnerability report to the Quay secscan or Sarif format", convert },
};

/* One line on standard error, as Go's log has it. */
static int fail(const char *text)
{
	char when[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y/%m/%d %H:%M:%S", &tm);
	fprintf(stderr, "%s %s\n", when, text);
	return ACTION_FAILED;
}

static int fail_with(const char *what, const char *why)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s: %s", what, why);
	return fail(text);
}

static bool choose_format(struct action *a, const char *const *names, size_t n)
{
	const char *given = client_value(&a->flags, "format");

	for (size_t i = 0; i < n; i++)
		if (strcmp(given, names[i]) == 0)
			a->format = report_format_by_name(slice_cstr(given));
	return a->format != NULL;
}

/* ---- the database ---- */

/* A folder of limpid's, or a file as clair-action has it, for which a folder stands. */
static enum status open_database(const char *path, bool made, char folder[4200], struct err *err)
{
	struct stat sb;

	snprintf(folder, 4200, "%.4096s", path);
	if (stat(path, &sb) != 0 && made && slice_ends(slice_cstr(path), SLICE(".db"))) {
		int AUTO(close_fd) fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		return fd < 0 ? err_errno(err, "%s", path) : db_folder_of_action(path, folder, err);
	}
	if (stat(path, &sb) != 0)
		return made ? STATUS_OK
			    : err_set(err, STATUS_NOTFOUND,
				      "%s: %s; clair-action update --db-path %s makes a data folder there", path,
				      strerror(errno), path);
	if (S_ISDIR(sb.st_mode))
		return STATUS_OK;
	if (db_is_action(path) || (made && sb.st_size == 0))
		return db_folder_of_action(path, folder, err);
	return err_set(err, STATUS_UNSUPPORTED, "%s is neither clair-action's database nor a data folder", path);
}

/* ---- report ---- */

static enum status write_out(void *ctx, struct slice bytes, struct err *err)
{
	(void)ctx;
	if (fwrite(bytes.ptr, 1, bytes.len, stdout) == bytes.len)
		return STATUS_OK;
	return err_errno(err, "standard output");
}

static enum status use(void *ctx, const struct vulnerability_report *r, bool unread, struct err *err)
{
	struct action *a = ctx;
	const struct report_options options = { .now_s = date_now(),
						.fail_on = SEVERITY_COUNT,
						.program_version = cli_version };
	const struct report_out out = { .write = write_out };

	a->found = r->findings.len;
	a->unread = unread;
	return a->format->vulnerabilities(r, &options, &out, err);
}

static enum status choose_target(const struct action *a, struct arena *arena, struct slice *out, struct err *err)
{
	const char *ref = client_value(&a->flags, "image-ref"), *path = client_value(&a->flags, "image-path");
	const char *config = client_value(&a->flags, "docker-config-dir");
	struct stat sb;

	if (!ref[0] && !path[0])
		return err_set(err, STATUS_INVALID, "no $IMAGE_PATH / --image-path or $IMAGE_REF / --image-ref set");
	if (ref[0]) {
		if (config[0])
			setenv("DOCKER_CONFIG", config, 1);
		return arena_printf(arena, out, "docker://%s", ref) ? STATUS_OK : err_nomem(err, "a reference");
	}
	if (stat(path, &sb) != 0)
		return err_errno(err, "%s", path);
	/* A name with a colon is not cut where it is a path. */
	return arena_printf(arena, out, "%s%s", path[0] == '/' || path[0] == '.' ? "" : "./", path)
		       ? STATUS_OK
		       : err_nomem(err, "a path");
}

static enum status prepare(struct action *a, struct options *o, struct arena *arena, struct slice *target,
			   struct err *err)
{
	const char *db = client_value(&a->flags, "db-path"), *platform = client_value(&a->flags, "platform");

	TRY(choose_target(a, arena, target, err));
	if (!db[0] && client_value(&a->flags, "db-url")[0])
		return err_set(err, STATUS_UNSUPPORTED,
			       "--db-url is not fetched in this version: give the file, packed or not, or limpid's "
			       "data folder with --db-path");
	if (db[0])
		TRY(open_database(db, false, a->folder, err));
	o->value[OPTION_db] = db[0] ? a->folder : NULL;
	o->value[OPTION_platform] = platform[0] ? platform : NULL;
	o->value[OPTION_quiet] = o->value[OPTION_no_progress] = "";
	return STATUS_OK;
}

static int report(struct action *a)
{
	static const char *const names[] = { "clair", "sarif", "quay" };
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct options options = { .n_args = 0 };
	struct client_here here = { .options = &options, .use = use, .ctx = a };
	struct err err = ERR_INIT;
	uint64_t code;

	if (!choose_format(a, names, ARRAY_LEN(names)))
		return fail("invalid value for flag --format: allowed values are clair, sarif, quay");
	if (!slice_to_u64(slice_cstr(client_value(&a->flags, "return-code")), &code) || code > 255)
		return fail("invalid value for flag --return-code: a number from 0 to 255");
	if (prepare(a, &options, &arena, &here.target, &err) != STATUS_OK)
		return fail(err.msg);
	if (client_scan_here(&here, &err) != STATUS_OK)
		return fail_with("error creating vulnerability report", err.msg);
	/* The report says what. */
	if (a->unread)
		return fail("a part of the image could not be read");
	return a->found > 0 ? (int)code : ACTION_DONE;
}

/* ---- update ---- */

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* limpid-update's arguments; config outlives them. */
static enum status make_arguments(struct action *a, struct config *config, struct arena *arena, char **out,
				  struct err *err)
{
	const char *db = client_value(&a->flags, "db-path"), *path = client_value(&a->flags, "config");
	struct config_request request = { .path = path, .mode = CONFIG_MATCHER, .variable = variable };
	size_t n = 0;

	out[n++] = (char *)(uintptr_t) "update";
	if (db[0]) {
		TRY(open_database(db, true, a->folder, err));
		out[n++] = (char *)(uintptr_t) "--db";
		out[n++] = a->folder;
	}
	if (path[0] && config_load(&request, config, err) != STATUS_OK && (config->unreadable || !config->file))
		return err_wrap(err, "error loading config");
	for (size_t i = 0; path[0] && i < MIN(config->updaters_sets.n, (size_t)SETS_MAX); i++) {
		out[n++] = (char *)(uintptr_t) "--set";
		out[n] = arena_cstr(arena, config->updaters_sets.at[i]);
		if (!out[n++])
			return err_nomem(err, "updaters");
	}
	out[n] = NULL;
	return STATUS_OK;
}

/* The folder that stands for the file is updated, and the file is made from it. */
static int update_file(struct action *a, char **arguments)
{
	const char *path = client_value(&a->flags, "db-path");
	struct err err = ERR_INIT;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(cli_hand_over("limpid-update", arguments));
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid < 0)
		return fail_with("error updating vulnerabilities", strerror(errno));
	if (db_action_of_folder(path, a->folder, &err) != STATUS_OK)
		return fail_with("error updating vulnerabilities", err.msg);
	return WIFEXITED(status) ? WEXITSTATUS(status) : ACTION_FAILED;
}

static int update(struct action *a)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	char *arguments[4 + 2 * SETS_MAX];
	struct config config = { .file = NULL };
	struct err err = ERR_INIT;
	enum status st = make_arguments(a, &config, &arena, arguments, &err);

	config_fini(&config);
	if (st != STATUS_OK)
		return fail_with("error updating vulnerabilities", err.msg);
	if (strcmp(a->folder, client_value(&a->flags, "db-path")) == 0 || !a->folder[0])
		return cli_hand_over("limpid-update", arguments);
	return update_file(a, arguments);
}

/* ---- convert ---- */

static enum status convert_one(void *ctx, const struct saved *saved, struct err *err)
{
	struct action *a = ctx;
	const struct report_options options = { .now_s = date_now(),
						.fail_on = SEVERITY_COUNT,
						.program_version = cli_version };
	const struct report_out out = { .write = write_out };

	if (saved->kind != SAVED_REPORT)
		return err_set(err, STATUS_UNSUPPORTED, "it is no vulnerability report");
	return a->format->vulnerabilities(&saved->report, &options, &out, err);
}

static int convert(struct action *a)
{
	static const char *const names[] = { "sarif", "quay" };
	const char *path = client_value(&a->flags, "file-path");
	struct file_map map = { SLICE_EMPTY };
	struct err err = ERR_INIT;
	size_t n = 0;
	enum status st;

	if (!choose_format(a, names, ARRAY_LEN(names)))
		return fail("invalid value for flag --format: allowed values are sarif, quay");
	if (!path[0])
		return fail("no $FILE_PATH / --file-path set");
	if (file_map_open(path, &map, &err) != STATUS_OK)
		return fail_with("error opening file", err.msg);
	/* A document of several would be several documents. */
	st = saved_count(map.bytes, &limits_default, &n, &err);
	if (st == STATUS_OK && n != 1)
		st = err_set(&err, STATUS_UNSUPPORTED, "it has %zu reports, and one can be converted", n);
	if (st == STATUS_OK)
		st = saved_each(map.bytes, &limits_default, convert_one, a, &err);
	file_map_close(&map);
	return st == STATUS_OK ? ACTION_DONE : fail_with("error unmarshaling Vulnerability report", err.msg);
}

/* ---- the program ---- */

static void print_program(FILE *out)
{
	fprintf(out,
		"NAME:\n   clair-action - scan images without a server\n\nUSAGE:\n   clair-action [global options] "
		"command "
		"[command options]\n\nVERSION:\n   limpid %s\n\nCOMMANDS:\n",
		cli_version);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "   %s, %s   %s\n", commands[i].name, commands[i].letter, commands[i].usage);
	fputs("\nGLOBAL OPTIONS:\n", out);
	client_flags_help_go("clair-action", "", out);
}

static void print_command(const struct command *c)
{
	printf("NAME:\n   clair-action %s - %s\n\nUSAGE:\n   clair-action %s [command options]\n\nOPTIONS:\n", c->name,
	       c->usage, c->name);
	client_flags_help_go("clair-action", c->name, stdout);
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct buf AUTO(buf_fini) why = BUF_INIT(1024);
	struct action a = { .found = 0 };
	char text[1024];

	if (!client_flags_parse("clair-action", c->name, CLIENT_FLAGS_GO, false, argc, argv, &a.flags, &why)) {
		printf("Incorrect Usage: %.*s\n\n", (int)why.len, (const char *)why.ptr);
		print_command(c);
		snprintf(text, sizeof(text), "%.*s", (int)why.len, (const char *)why.ptr);
		return fail(text);
	}
	if (a.flags.help) {
		print_command(c);
		return ACTION_DONE;
	}
	return c->run(&a);
}

int command_clair_action(int argc, char **argv)
{
	struct buf AUTO(buf_fini) why = BUF_INIT(1024);
	struct client_flags global;
	const char *name;

	if (!client_flags_parse("clair-action", "", CLIENT_FLAGS_GO, true, argc, argv, &global, &why)) {
		print_program(stdout);
		return fail("incorrect usage; the options are above");
	}
	name = global.n_args > 0 ? global.args[0] : "help";
	if (client_switch(&global, "version")) {
		printf("clair-action version limpid %s\n", cli_version);
		return ACTION_DONE;
	}
	for (size_t i = 0; !global.help && i < ARRAY_LEN(commands); i++)
		if (strcmp(name, commands[i].name) == 0 || strcmp(name, commands[i].letter) == 0)
			return run_command(&commands[i], (int)global.n_args, argv);
	print_program(stdout);
	if (global.help || strcmp(name, "help") == 0)
		return ACTION_DONE;
	return fail_with("No help topic for", name);
}
