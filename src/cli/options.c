/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - the option table and its parser. */
#include "cli/cli.h"

static const struct {
	const char *commands, *name, *argument, *help;
	char letter;
} rows[OPTION_COUNT] = {
#define OPTION(commands, name, letter, argument, help) [OPTION_##name] = { commands, #name, argument, help, letter },
#include "cli/options.def"
#undef OPTION
};

static bool knows(size_t row, char command)
{
	return strchr(rows[row].commands, command) != NULL;
}

/* Names in the table are C names: "fail_on" is --fail-on. */
static bool name_matches(const char *row, struct slice given)
{
	if (strlen(row) != given.len)
		return false;
	for (size_t i = 0; i < given.len; i++)
		if ((uint8_t)row[i] != given.ptr[i] && !(row[i] == '_' && given.ptr[i] == '-'))
			return false;
	return true;
}

static size_t find_long(char command, struct slice name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (knows(i, command) && name_matches(rows[i].name, name))
			return i;
	return OPTION_COUNT;
}

static size_t find_letter(char command, char letter)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (knows(i, command) && rows[i].letter != 0 && rows[i].letter == letter)
			return i;
	return OPTION_COUNT;
}

static bool take(struct options *out, size_t id, const char *value)
{
	struct {
		enum option_id id;
		const char **at;
		size_t *n;
	} repeated[] = {
		{ OPTION_set, out->sets, &out->n_sets },
		{ OPTION_format, out->formats, &out->n_formats },
		{ OPTION_ignore, out->ignores, &out->n_ignores },
		{ OPTION_vex, out->vexes, &out->n_vexes },
	};
	const char **at = NULL;
	size_t *n = NULL;

	out->value[id] = value;
	for (size_t i = 0; i < ARRAY_LEN(repeated); i++) {
		if (repeated[i].id != id)
			continue;
		at = repeated[i].at;
		n = repeated[i].n;
	}
	if (!n)
		return true;
	if (*n == CLI_REPEATS) {
		cli_error("--%s was given more than %d times", rows[id].name, CLI_REPEATS);
		return false;
	}
	at[(*n)++] = value;
	return true;
}

/* One option at argv[*i]; moves *i over its argument. */
static bool parse_one(char command, int argc, char **argv, int *i, struct options *out)
{
	const char *arg = argv[*i];
	/* Options of the service are flags of Go programs, too: one dash or two. */
	bool is_flag = strchr("rc", command) && arg[1] != '-' && arg[2] != '\0';
	bool is_long = arg[1] == '-' || is_flag;
	struct slice name, value;
	bool has_value = is_long ? slice_cut(slice_cstr(arg + (is_flag ? 1 : 2)), '=', &name, &value) : arg[2] != '\0';
	size_t id = is_long ? find_long(command, name) : find_letter(command, arg[1]);
	bool wants = id < OPTION_COUNT && rows[id].argument[0] != '\0';
	const char *text = is_long ? (const char *)value.ptr : arg + 2;
	struct err_quote q;

	if (id == OPTION_COUNT) {
		cli_error("unknown option %s; see: limpid help", err_slice(&q, slice_cstr(arg)));
		return false;
	}
	if (!wants && has_value && strchr("rc", command) && slice_eq(value, SLICE("false")))
		return true;
	if (!wants && has_value && strchr("rc", command) && slice_eq(value, SLICE("true")))
		has_value = false;
	if (!wants && has_value) {
		cli_error("option %s takes no argument", err_slice(&q, slice_cstr(arg)));
		return false;
	}
	if (!wants)
		return take(out, id, "");
	if (has_value)
		return take(out, id, text ? text : "");
	if (*i + 1 >= argc) {
		cli_error("option %s needs an argument: %s", err_slice(&q, slice_cstr(arg)), rows[id].argument);
		return false;
	}
	return take(out, id, argv[++*i]);
}

bool options_parse(char command, int argc, char **argv, struct options *out)
{
	size_t n = 0;
	bool ended = false;

	memset(out, 0, sizeof(*out));
	for (int i = 1; i < argc; i++) {
		char *arg = argv[i];

		if (ended || arg[0] != '-' || arg[1] == '\0') {
			argv[n++] = arg; /* n never passes i: what is overwritten was looked at */
		} else if (strcmp(arg, "--") == 0) {
			ended = true;
		} else if (!parse_one(command, argc, argv, &i, out)) {
			return false;
		}
	}
	out->args = (const char *const *)argv;
	out->n_args = n;
	return true;
}

void options_print_help(char command, FILE *out)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		char text[96];
		size_t at = 0;

		if (!knows(i, command))
			continue;
		if (rows[i].letter)
			at += (size_t)snprintf(text, sizeof(text), "-%c, ", rows[i].letter);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "--%s", rows[i].name);
		for (size_t k = 0; k < at; k++)
			if (text[k] == '_')
				text[k] = '-';
		if (rows[i].argument[0])
			snprintf(text + at, sizeof(text) - at, " %s", rows[i].argument);
		fprintf(out, "  %-26s %s\n", text, rows[i].help);
	}
}
