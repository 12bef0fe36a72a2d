/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the program: picks the command from the table. */
#include "cli/cli.h"

const char cli_version[] = LIMPID_VERSION;
const struct cli_network *const cli_network = NULL;

/* Names of other programs that limpid-remote stands in for. */
static const char *const personalities[] = {
#define PERSONALITY(function, name) name,
#define REMOTE_COMMAND(function, name)
#include "cli/remote.def"
#undef REMOTE_COMMAND
#undef PERSONALITY
	NULL,
};

static const struct {
	const char *name, *arguments, *help;
	char letter; /* in options.def */
	int (*run)(int argc, char **argv);
} commands[] = {
#define COMMAND(name, letter, arguments, help) { #name, arguments, help, letter, command_##name },
#include "cli/commands.def"
#undef COMMAND
};

static void print_usage(FILE *out)
{
	fputs("usage: limpid COMMAND [options] ...\n\ncommands:\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
	fputs("\nlimpid help COMMAND tells more about one.\n", out);
}

static void print_command(size_t i)
{
	printf("usage: limpid %s %s\n\n%s\n", commands[i].name, commands[i].arguments, commands[i].help);
	if (commands[i].letter != '-') {
		fputs("\noptions:\n", stdout);
		options_print_help(commands[i].letter, stdout);
	}
	if (strchr("sief", commands[i].letter))
		cli_print_targets(stdout);
	fputs("\nexit status:\n", stdout);
#define EXIT_STATUS(name, value, help) printf("  %d  %s\n", value, help);
#include "cli/exits.def"
#undef EXIT_STATUS
}

int command_help(int argc, char **argv)
{
	struct err_quote q;

	if (argc < 2) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0) {
			print_command(i);
			return EXIT_DONE;
		}
	}
	cli_error("there is no command \"%s\"", err_slice(&q, slice_cstr(argv[1])));
	print_usage(stderr);
	return EXIT_USAGE;
}

static bool is_personality(struct slice name)
{
	for (size_t i = 0; personalities[i]; i++)
		if (slice_eq(name, slice_cstr(personalities[i])))
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	struct slice called = path_base(slice_cstr(argc > 0 ? argv[0] : ""));
	struct err_quote q;

	if (slice_eq(called, SLICE("clair")))
		return command_serve(argc, argv);
	if (is_personality(called))
		return cli_hand_over("limpid-remote", argv);
	if (!name) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (is_personality(slice_cstr(name)))
		return cli_hand_over("limpid-remote", argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strcmp(name, commands[i].name) != 0)
			continue;
		for (int k = 2; k < argc; k++) {
			if (strcmp(argv[k], "--") == 0)
				break;
			if (strcmp(argv[k], "--help") == 0 || strcmp(argv[k], "-h") == 0) {
				print_command(i);
				return EXIT_DONE;
			}
		}
		return commands[i].run(argc - 1, argv + 1);
	}
	cli_error("there is no command \"%s\"", err_slice(&q, slice_cstr(name)));
	print_usage(stderr);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	cli_begin();
	return cli_end(run(argc, argv));
}
