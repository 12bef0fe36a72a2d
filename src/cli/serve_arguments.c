/* SPDX-License-Identifier: Apache-2.0 */
/* serve_arguments.c - from the command line and the environment to the settings of the service. */
#include "cli/cli.h"
#include "cli/serve_arguments.h"

#include <stdlib.h>
#include <unistd.h>

/* Where Clair 2 looked when nothing was said. */
#define CLAIR2_FILE "/etc/clair/config.yaml"

static const char *environment(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* What updaters.sets may name: feeds of ours, and what Clair has. */
static const char *const updaters[] = {
#define FEED(file, name, what) name,
#include "feed/feeds.def"
#undef FEED
	"clair.cvss", "alpine", "aws", "debian", "oracle", "osv", "photon", "rhel-vex", "suse", "ubuntu", NULL,
};

static const char *or_environment(const char *value, const char *variable)
{
	return value && value[0] ? value : variable && variable[0] ? variable : NULL;
}

void config_problem_print(const struct config_problem *p, struct buf *out)
{
	struct slice text = p->text;

	if (p->file)
		buf_add_cstr(out, p->file);
	if (p->file && p->line)
		buf_printf(out, ":%u:%u", p->line, p->column);
	buf_printf(out, "%s%s: ", p->file ? ": " : "", p->kind == CONFIG_ERROR ? "error" : "warning");
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			buf_printf(out, "\\x%02x", text.ptr[i]);
		else
			buf_add_byte(out, text.ptr[i]);
	}
	if (p->path.len)
		buf_printf(out, " (at $.%.*s)", SLICE_ARG(p->path));
	buf_add_byte(out, '\n');
}

static void print_errors(const struct config *c)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)4 << 20);

	for (size_t i = 0; i < c->n_problems; i++)
		if (c->problems[i].kind == CONFIG_ERROR)
			config_problem_print(&c->problems[i], &text);
	if (text.failed == STATUS_OK)
		fwrite(text.ptr, 1, text.len, stderr);
}

static bool choose_mode(const struct options *o, enum config_mode *out)
{
	const char *name = or_environment(o->value[OPTION_mode], getenv("CLAIR_MODE"));

	*out = CONFIG_COMBO;
	if (!name || config_mode_from_name(slice_cstr(name), out))
		return true;
	cli_error("there is no mode \"%s\"; there are combo, indexer, matcher and notifier", name);
	return false;
}

const char *cli_config_file(const struct options *o, bool as_clair)
{
	const char *path = or_environment(o->value[OPTION_conf], o->value[OPTION_config]);

	path = or_environment(path, getenv("CLAIR_CONF"));
	return path ? path : as_clair && access(CLAIR2_FILE, F_OK) == 0 ? CLAIR2_FILE : NULL;
}

/* What the command line says goes before what the file says. */
static enum status override(const struct options *o, struct config *c, struct err *err)
{
	static const struct {
		enum option_id option;
		const char *path;
	} rows[] = { { OPTION_db, "limpid.data_dir" },
		     { OPTION_log_level, "log_level" },
		     { OPTION_insecure_tls, "limpid.fetch.insecure_tls" } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = o->value[rows[i].option];

		if (value)
			TRY(config_override(c, rows[i].path, value[0] ? value : "true", err));
	}
	return STATUS_OK;
}

bool cli_config_load(const struct options *o, const char *path, struct config *out, struct err *err)
{
	struct config_request request = { .path = path, .variable = environment, .updaters = updaters };
	char data_dir[4096];

	*out = (struct config){ .arena = ARENA_INIT(0) };
	*err = (struct err)ERR_INIT;
	if (!choose_mode(o, &request.mode)) {
		err->code = STATUS_INVALID;
		return false;
	}
	if (cli_data_dir_default(data_dir, sizeof(data_dir)))
		request.data_dir = data_dir;
	return config_load(&request, out, err) == STATUS_OK && override(o, out, err) == STATUS_OK;
}

static bool for_config(int argc, char **argv)
{
	return strcmp(argv[0], "config") == 0 || (argc > 1 && strcmp(argv[1], "config") == 0);
}

/* Options of profilers of Go programs: known, so that start lines work. */
static void note_unused(const struct options *o)
{
	if (option_given(o, OPTION_cpuprofile) || option_given(o, OPTION_cpu_profile) ||
	    option_given(o, OPTION_memprofile))
		cli_note(o, "there are no profiles; perf record makes them");
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "-help") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

bool config_from_arguments(int argc, char **argv, struct serve_arguments *arguments, struct config *config,
			   int *exit_status)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
	struct err err = ERR_INIT;
	struct options o;

	*config = (struct config){ .arena = ARENA_INIT(0) };
	*arguments = (struct serve_arguments){ false };
	if (for_config(argc, argv)) {
		bool first = strcmp(argv[0], "config") == 0;

		*exit_status = config_command(first ? argc : argc - 1, first ? argv : argv + 1);
		return false;
	}
	if (wants_help(argc, argv)) {
		fputs("usage: limpid serve [options]\n\noptions:\n", stdout);
		options_print_help('r', stdout);
		*exit_status = EXIT_DONE;
		return false;
	}
	*exit_status = EXIT_USAGE;
	if (!options_parse('r', argc, argv, &o))
		return false;
	if (o.n_args > 0) {
		cli_error("limpid serve takes no argument \"%s\"; a file of settings follows --conf", o.args[0]);
		return false;
	}
	note_unused(&o);
	arguments->migrate = option_given(&o, OPTION_migrate);
	if (cli_config_load(&o, cli_config_file(&o, strcmp(name, "clair") == 0), config, &err)) {
		if (config->limpid.data_dir.len == 0) {
			cli_error("no data folder: give --db DIR or limpid.data_dir, or set LIMPID_HOME or HOME");
			return false;
		}
		*exit_status = EXIT_DONE;
		return true;
	}
	if (config->n_errors > 0)
		print_errors(config);
	else if (err.msg[0])
		cli_error("%s", err.msg);
	return false;
}
