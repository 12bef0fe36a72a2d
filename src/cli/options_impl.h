/* SPDX-License-Identifier: Apache-2.0 */
/* options_impl.h - the option table, for those who fill in a command's options. Private to options.c and defaults.c. */
#ifndef LIMPID_CLI_OPTIONS_IMPL_H
#define LIMPID_CLI_OPTIONS_IMPL_H

#include "cli/cli.h"

struct option_row {
	const char *commands; /* letters of those that know it */
	const char *name;     /* "fail_on" is --fail-on */
	const char *argument; /* "" for a flag */
	const char *help;
	char letter; /* or 0 */
};

/* NULL from OPTION_COUNT on. */
const struct option_row *option_row(size_t id);
/* Does the command with this letter know it? */
bool option_known(size_t id, char command);
/* Are all of its arguments taken, not the last one? */
bool option_repeats(size_t id);
/* value is borrowed. False after a message. */
bool option_take(struct options *out, size_t id, const char *value);

/* Fill in what the command line does not say. False after a message. */
bool options_take_defaults(char command, struct options *out);

#endif
