/* SPDX-License-Identifier: Apache-2.0 */
/* clairctl.c - limpid called clairctl: its commands, options, log and exit statuses. */
#include "cli/clairctl.h"

#include "config/config.h"
#include "text/json_writer.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A contract with scripts. */
enum { CLAIRCTL_DONE = 0, CLAIRCTL_FAILED = 1, CLAIRCTL_NO_COMMAND = 3 };

static const struct command {
	const char *name, *arguments, *usage, *description;
	int (*run)(struct clairctl *c);
	bool advanced;
} commands[] = {
	{ "manifest", "container...", "print a clair manifest for the named container", "", clairctl_manifest, false },
	{ "report", "container...", "request vulnerability reports for the named containers",
	  "Request and print a Clair vulnerability report for the named container(s).", clairctl_report, false },
	{ "export-updaters", "[out]", "run updaters and export results", "", clairctl_export_updaters, false },
	{ "import-updaters", "in", "import updates", "", clairctl_import_updaters, false },
	{ "delete", "digest...", "deletes index reports for given manifest digests",
	  "Delete index reports for given manifest digests.", clairctl_delete, false },
	{ "check-config", "FILE[...]", "print a fully-resolved clair config", "", clairctl_check_config, false },
	{ "admin", "", "run administrator task", "", clairctl_admin, true },
};

/* ---- the log ---- */

void clairctl_log(const struct clairctl *c, enum clairctl_level level, const char *message, const char *name,
		  const char *value)
{
	static const char *const names[] = { "DEBUG", "INFO", "WARN", "ERROR" };
	enum clairctl_level least = client_switch(&c->global, "D")   ? CLAIRCTL_DEBUG
				    : client_switch(&c->global, "q") ? CLAIRCTL_WARN
								     : CLAIRCTL_INFO;
	struct buf AUTO(buf_fini) line = BUF_INIT(65536);
	struct json_writer w;
	struct timespec now;
	char when[64] = "";
	struct err ignored = ERR_INIT;
	struct tm tm;

	if (level < least)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm)) {
		size_t n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);

		snprintf(when + n, sizeof(when) - n, ".%09ldZ", now.tv_nsec);
	}
	json_writer_init(&w, &line, 0);
	json_object(&w);
	json_member_cstr(&w, "level", names[level]);
	json_member_cstr(&w, "time", when);
	json_member_cstr(&w, "msg", message);
	if (name)
		json_member_cstr(&w, name, value);
	json_close(&w);
	if (json_writer_end(&w, &ignored) == STATUS_OK)
		fprintf(stderr, "%.*s\n", (int)line.len, (const char *)line.ptr);
}

int clairctl_fail(const struct clairctl *c, const char *reason)
{
	clairctl_log(c, CLAIRCTL_ERROR, "error exit", "reason", reason);
	return CLAIRCTL_FAILED;
}

/* ---- help ---- */

static void print_program(FILE *out)
{
	fprintf(out,
		"NAME:\n   clairctl - interact with a clair API\n\n"
		"USAGE:\n   clairctl [global options] command [command options]\n\n"
		"VERSION:\n   limpid %s\n\nDESCRIPTION:\n   A command-line tool for clair v4.\n\nCOMMANDS:\n",
		cli_version);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!commands[i].advanced)
			fprintf(out, "   %-16s %s\n", commands[i].name, commands[i].usage);
	fputs("   help, h          Shows a list of commands or help for one command\n   Advanced:\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].advanced)
			fprintf(out, "     %-6s %s\n", commands[i].name, commands[i].usage);
	fputs("\nGLOBAL OPTIONS:\n", out);
	client_flags_help_go("clairctl", "", out);
}

static void print_command(const struct command *c, FILE *out)
{
	fprintf(out, "NAME:\n   clairctl %s - %s\n\nUSAGE:\n   clairctl %s [command options] %s\n\n", c->name, c->usage,
		c->name, c->arguments);
	if (c->advanced)
		fputs("CATEGORY:\n   Advanced\n\nCOMMANDS:\n   pre      run pre-upgrade task\n"
		      "   post     run post-upgrade task\n   oneoff   run one-off task\n\n",
		      out);
	if (c->description[0])
		fprintf(out, "DESCRIPTION:\n   %s\n\n", c->description);
	fputs("OPTIONS:\n", out);
	client_flags_help_go("clairctl", c->name, out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int no_topic(const struct clairctl *c, const char *name)
{
	struct err_quote q;
	char reason[200];

	snprintf(reason, sizeof(reason), "No help topic for '%s'", err_slice(&q, slice_cstr(name)));
	(void)clairctl_fail(c, reason);
	return CLAIRCTL_NO_COMMAND;
}

static int help(const struct clairctl *c, const char *name)
{
	const struct command *command = name ? find(name) : NULL;

	if (name && !command)
		return no_topic(c, name);
	if (command)
		print_command(command, stdout);
	else
		print_program(stdout);
	return CLAIRCTL_DONE;
}

/* ---- a service ---- */

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* Only the key is wanted: what a server would refuse in the rest is not this program's. */
static bool concerns_key(const struct config *config)
{
	for (size_t i = 0; i < config->n_problems; i++) {
		const struct config_problem *p = &config->problems[i];

		/* A file that is no YAML has a problem of no setting. */
		if (p->kind == CONFIG_ERROR && p->file && (p->path.len == 0 || slice_starts(p->path, SLICE("auth"))))
			return true;
	}
	return false;
}

static enum status read_key(const char *path, struct arena *arena, struct slice *out, struct err *err)
{
	struct config_request request = { .path = path, .mode = CONFIG_COMBO, .variable = variable };
	struct config config;
	enum status st = config_load(&request, &config, err);

	*out = SLICE_EMPTY;
	if (st != STATUS_OK && (config.unreadable || concerns_key(&config))) {
		config_fini(&config);
		return st;
	}
	st = !config.auth.psk || arena_copy(arena, config.auth.psk_key, out) ? STATUS_OK : err_nomem(err, "a key");
	config_fini(&config);
	return st;
}

enum status clairctl_service(struct clairctl *c, struct service **out, struct err *err)
{
	const char *path = client_value(&c->global, "config");
	struct service_options options = { .address = slice_cstr(client_value(&c->flags, "host")),
					   .issuer = slice_cstr(client_value(&c->global, "issuer")),
					   .user_agent = "clairctl (limpid)",
					   .limits = &limits_default };

	if (access(path, R_OK) == 0)
		TRY(read_key(path, &c->arena, &options.key, err));
	return service_new(&options, out, err);
}

/* ---- commands ---- */

int clairctl_delete(struct clairctl *c)
{
	struct digest *digests = arena_array(&c->arena, c->flags.n_args + 1, sizeof(*digests));
	struct service *service = NULL;
	struct err err = ERR_INIT;
	enum status st = STATUS_OK;

	if (c->flags.n_args == 0)
		return clairctl_fail(c, "missing needed arguments");
	if (!digests)
		return clairctl_fail(c, "out of memory");
	for (size_t i = 0; i < c->flags.n_args && st == STATUS_OK; i++)
		st = digest_read(slice_cstr(c->flags.args[i]), &digests[i], &err);
	if (st == STATUS_OK)
		st = clairctl_service(c, &service, &err);
	if (st == STATUS_OK)
		st = service_delete(service, digests, c->flags.n_args, &err);
	service_free(service);
	return st == STATUS_OK ? CLAIRCTL_DONE : clairctl_fail(c, err.msg);
}

/* "v4.7.0" or "4.7.0": numbers with dots. */
static bool is_version(const char *text)
{
	struct slice rest = slice_cstr(text), part;
	uint64_t ignored;
	size_t n = 0;

	if (slice_starts(rest, SLICE("v")))
		rest = slice_from(rest, 1);
	slice_cut(rest, '-', &rest, NULL);
	while (slice_word(&rest, '.', &part))
		if (!slice_to_u64(part, &ignored) || ++n > 3)
			return false;
	return n == 3;
}

/* Tasks that Clair's databases needed at some version; limpid's own need none. */
int clairctl_admin(struct clairctl *c)
{
	const char *stage = c->flags.n_args > 0 ? c->flags.args[0] : NULL;
	const char *task = c->flags.n_args > 1 ? c->flags.args[1] : NULL;
	bool versions = stage && (strcmp(stage, "pre") == 0 || strcmp(stage, "post") == 0);
	bool oneoff = stage && strcmp(stage, "oneoff") == 0;

	if (!stage)
		return help(c, "admin");
	if (!versions && !oneoff)
		return no_topic(c, stage);
	if (!task || (versions && !is_version(task)) || (oneoff && strcmp(task, "update-golang-packages") != 0))
		return task ? no_topic(c, task) : help(c, "admin");
	clairctl_log(c, CLAIRCTL_INFO,
		     "nothing to do: limpid's databases are brought up to date when limpid-serve starts, or by limpid "
		     "serve --migrate; Clair's are left as they are",
		     "task", task);
	return CLAIRCTL_DONE;
}

static int run_command(struct clairctl *c, const struct command *command, int argc, char **argv)
{
	struct buf AUTO(buf_fini) why = BUF_INIT(1024);

	if (!client_flags_parse("clairctl", command->name, CLIENT_FLAGS_GO, false, argc, argv, &c->flags, &why)) {
		/* On standard output, and no failure, as there. */
		printf("Incorrect Usage: %.*s\n\n", (int)why.len, (const char *)why.ptr);
		print_command(command, stdout);
		return CLAIRCTL_DONE;
	}
	if (c->flags.help)
		return help(c, command->name);
	return command->run(c);
}

static int run(struct clairctl *c, int argc, char **argv)
{
	const struct command *command;
	const char *name;
	int at;

	if (client_switch(&c->global, "version")) {
		printf("clairctl version limpid %s\n", cli_version);
		return CLAIRCTL_DONE;
	}
	name = c->global.n_args > 0 ? c->global.args[0] : NULL;
	if (c->global.help || !name || strcmp(name, "help") == 0 || strcmp(name, "h") == 0)
		return help(c, name && !c->global.help && c->global.n_args > 1 ? c->global.args[1] : NULL);
	command = find(name);
	if (!command)
		return no_topic(c, name);
	/* The parser has moved what follows to the front: the command's own arguments begin with its name. */
	at = (int)c->global.n_args;
	(void)argc;
	return run_command(c, command, at, argv);
}

int command_clairctl(int argc, char **argv)
{
	struct clairctl c = { .arena = ARENA_INIT(SIZE_MAX) };
	struct buf AUTO(buf_fini) why = BUF_INIT(1024);
	int result;

	c.options.value[OPTION_no_progress] = c.options.value[OPTION_quiet] = "";
	if (!client_flags_parse("clairctl", "", CLIENT_FLAGS_GO, true, argc, argv, &c.global, &why)) {
		printf("Incorrect Usage: %.*s\n\n", (int)why.len, (const char *)why.ptr);
		print_program(stdout);
		return CLAIRCTL_DONE;
	}
	result = run(&c, argc, argv);
	arena_fini(&c.arena);
	return result;
}
