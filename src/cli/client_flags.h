/* SPDX-License-Identifier: Apache-2.0 */
/* client_flags.h - options of programs that limpid stands in for, as those read them. Private to cli/. */
#ifndef LIMPID_CLI_CLIENT_FLAGS_H
#define LIMPID_CLI_CLIENT_FLAGS_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdio.h>

#define CLIENT_OPTIONS_MAX 64 /* rows of client_options.def */

struct client_flags {
	const char *program, *command;	       /* whose rows count */
	const char *value[CLIENT_OPTIONS_MAX]; /* by row: given, of the environment, or the default; "" none */
	bool given[CLIENT_OPTIONS_MAX];	       /* on the command line or in the environment */
	const char *const *args;	       /* what is no option; borrowed from argv */
	size_t n_args;
	bool help;
};

/* How Go's libraries differ: mow.cli joins letters (-qr FILE), the flag package has long names with one dash. */
enum client_flags_style { CLIENT_FLAGS_MOW, CLIENT_FLAGS_GO };
/*
 * Parse argv after the program's or command's name. command "": options before a command, which end at the first
 * argument if stop is set. False: *why says what is wrong, as those libraries do.
 */
bool client_flags_parse(const char *program, const char *command, enum client_flags_style style, bool stop, int argc,
			char **argv, struct client_flags *out, struct buf *why);
/* Value of an option of the row's long name; "" if there is none. */
const char *client_value(const struct client_flags *f, const char *name);
bool client_given(const struct client_flags *f, const char *name);
/* A switch: is it on? */
bool client_switch(const struct client_flags *f, const char *name);
/* The rows as help text, of the kind that mow.cli prints. */
void client_flags_help_mow(const char *program, FILE *out);
/* The same as urfave/cli prints them. */
void client_flags_help_go(const char *program, const char *command, FILE *out);

#endif
