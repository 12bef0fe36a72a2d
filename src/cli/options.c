/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - the option table and its parser. */
#include "cli/options_impl.h"

#include "text/near.h"

static const struct option_row rows[OPTION_COUNT] = {
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

const struct option_row *option_row(size_t id)
{
	return id < OPTION_COUNT ? &rows[id] : NULL;
}

bool option_known(size_t id, char command)
{
	return knows(id, command);
}

/* Where the arguments of an option that may be repeated are kept; NULL for the others. */
static const char **repeated(struct options *o, size_t id, size_t **out_n)
{
	struct {
		enum option_id id;
		const char **at;
		size_t *n;
	} of[] = {
		{ OPTION_set, o->sets, &o->n_sets },
		{ OPTION_format, o->formats, &o->n_formats },
		{ OPTION_ignore, o->ignores, &o->n_ignores },
		{ OPTION_vex, o->vexes, &o->n_vexes },
		{ OPTION_base_candidate, o->candidates, &o->n_candidates },
	};

	for (size_t i = 0; i < ARRAY_LEN(of); i++) {
		if (of[i].id != id)
			continue;
		*out_n = of[i].n;
		return of[i].at;
	}
	return NULL;
}

bool option_repeats(size_t id)
{
	struct options none;
	size_t *n;

	return repeated(&none, id, &n) != NULL;
}

bool option_take(struct options *out, size_t id, const char *value)
{
	size_t *n;
	const char **at = repeated(out, id, &n);

	out->value[id] = value;
	if (!at)
		return true;
	if (*n == CLI_REPEATS) {
		cli_error("--%s was given more than %d times", rows[id].name, CLI_REPEATS);
		return false;
	}
	at[(*n)++] = value;
	return true;
}

static void tell_unknown(char command, const char *arg, struct slice name, bool is_long)
{
	struct near_word near;
	char text[NEAR_BYTES + 1] = "";
	struct err_quote q;

	near_begin(&near, is_long ? name : SLICE_EMPTY);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (knows(i, command))
			near_offer(&near, slice_cstr(rows[i].name));
	for (size_t i = 0; i < near.best.len; i++)
		text[i] = (char)(near.best.ptr[i] == '_' ? '-' : near.best.ptr[i]);
	if (near.best.len)
		cli_error("unknown option %s; did you mean --%s? See: limpid help", err_slice(&q, slice_cstr(arg)),
			  text);
	else
		cli_error("unknown option %s; see: limpid help", err_slice(&q, slice_cstr(arg)));
}

/* A flag with an argument: --only-fixed=false takes back what the environment says. */
static bool parse_switch(struct options *out, size_t id, const char *arg, struct slice value)
{
	struct err_quote q;

	if (slice_eq(value, SLICE("true")))
		return option_take(out, id, "");
	if (slice_eq(value, SLICE("false"))) {
		out->value[id] = NULL;
		return true;
	}
	cli_error("option %s is a switch: nothing, =true or =false may follow", err_slice(&q, slice_cstr(arg)));
	return false;
}

/* One option at argv[*i]; moves *i over its argument. */
static bool parse_one(char command, int argc, char **argv, int *i, struct options *out)
{
	const char *arg = argv[*i];
	/* Options of the service are flags of Go programs, too: one dash or two. */
	bool is_flag = strchr("rc", command) && arg[1] != '-' && arg[2] != '\0';
	bool is_long = arg[1] == '-' || is_flag;
	struct slice name = SLICE_EMPTY, value = SLICE_EMPTY;
	bool has_value = is_long ? slice_cut(slice_cstr(arg + (is_flag ? 1 : 2)), '=', &name, &value) : arg[2] != '\0';
	size_t id = is_long ? find_long(command, name) : find_letter(command, arg[1]);
	bool wants = id < OPTION_COUNT && rows[id].argument[0] != '\0';
	const char *text = is_long ? (const char *)value.ptr : arg + 2;
	struct err_quote q;

	if (id == OPTION_COUNT) {
		tell_unknown(command, arg, name, is_long);
		return false;
	}
	out->said[id] = true;
	if (!wants)
		return has_value ? parse_switch(out, id, arg, value) : option_take(out, id, "");
	if (has_value)
		return option_take(out, id, text ? text : "");
	if (*i + 1 >= argc) {
		cli_error("option %s needs an argument: %s", err_slice(&q, slice_cstr(arg)), rows[id].argument);
		return false;
	}
	return option_take(out, id, argv[++*i]);
}

bool cli_moment(const char *text, int64_t *out_s)
{
	if (!date_parse(slice_cstr(text), out_s))
		return false;
	if (strlen(text) == strlen("2026-11-20"))
		*out_s += 86400 - 1;
	return true;
}

/* "A,B" says it for each of the two that are compared; an empty one is now. */
static bool moments(struct slice text, char command, struct options *o)
{
	struct slice one, other;
	char a[64];

	if (command != 'f' || !slice_cut(text, ',', &one, &other))
		return cli_moment(o->value[OPTION_as_of], &o->as_of_s) &&
		       cli_moment(o->value[OPTION_as_of], &o->as_of_other_s);
	snprintf(a, sizeof(a), "%.*s", SLICE_ARG(one));
	return one.len < sizeof(a) && (one.len == 0 || cli_moment(a, &o->as_of_s)) &&
	       (other.len == 0 || cli_moment((const char *)other.ptr, &o->as_of_other_s));
}

static bool parse_as_of(struct options *o, char command)
{
	const char *text = o->value[OPTION_as_of];
	struct err_quote q;

	if (!text || moments(slice_cstr(text), command, o))
		return true;
	cli_error("--as-of %s: expected a date, 2026-11-20 or 2026-11-20T18:00:00Z%s", err_slice(&q, slice_cstr(text)),
		  command == 'f' ? ", or two of them, A,B" : "");
	return false;
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
	if (!parse_as_of(out, command))
		return false;
	out->args = (const char *const *)argv;
	out->n_args = n;
	return options_take_defaults(command, out);
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
