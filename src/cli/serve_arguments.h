/* SPDX-License-Identifier: Apache-2.0 */
/* serve_arguments.h - arguments and settings of limpid-serve, and its other face, `limpid config`. Private to cli/. */
#ifndef LIMPID_CLI_SERVE_ARGUMENTS_H
#define LIMPID_CLI_SERVE_ARGUMENTS_H

#include "config/config.h"

struct serve_arguments {
	bool migrate; /* bring the databases up to date and end */
};

/*
 * What limpid-serve was called for. True: serve with this config, whose warnings are still to be logged. False: it is
 * done, with *exit_status, after whatever there was to say: `limpid config`, --help, wrong arguments or settings (2, as
 * Clair), a file that cannot be read (3). config_fini() in any case.
 *
 * Options as limpid's and as Go's flags: one dash or two, -name value or -name=value. Without --conf, CLAIR_CONF names
 * the file, without --mode, CLAIR_MODE the mode; called `clair`, with neither, it is the file of Clair 2 if that is
 * there. By base name of argv[0], or first argument, "config" is `limpid config`.
 */
bool config_from_arguments(int argc, char **argv, struct serve_arguments *arguments, struct config *config,
			   int *exit_status);

struct options;
/* The file by --conf, --config or CLAIR_CONF; NULL: none. Called `clair`, also where Clair 2 had it. */
const char *cli_config_file(const struct options *o, bool as_clair);
/* Load with the mode, variables and data folder of the command line and the environment; what is wrong is in *out or
 * *err. */
bool cli_config_load(const struct options *o, const char *path, struct config *out, struct err *err);

/* limpid config check|show|sample; argv[0] is "config". */
int config_command(int argc, char **argv);

/* "file:line:column: error: text (at $.path)", control bytes escaped, with a newline. */
struct buf;
void config_problem_print(const struct config_problem *p, struct buf *out);

#endif
