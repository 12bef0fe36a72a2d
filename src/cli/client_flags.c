/* SPDX-License-Identifier: Apache-2.0 */
/* client_flags.c - the parser behind client_options.def. */
#include "cli/client_flags.h"

#include "base/arena.h"

#include <stdlib.h>

static const struct row {
	const char *program, *command, *name, *alias;
	char letter;
	const char *argument, *variable, *fallback, *help;
} rows[] = {
#define CLIENT_OPTION(program, command, name, alias, letter, argument, variable, fallback, help)                       \
	{ program, command, name, alias, letter, argument, variable, fallback, help },
#include "cli/client_options.def"
#undef CLIENT_OPTION
};
_Static_assert(ARRAY_LEN(rows) <= CLIENT_OPTIONS_MAX, "CLIENT_OPTIONS_MAX");

static bool counts(const struct client_flags *f, size_t row)
{
	return strcmp(rows[row].program, f->program) == 0 && strcmp(rows[row].command, f->command) == 0;
}

static size_t by_name(const struct client_flags *f, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (counts(f, i) && (slice_eq(name, slice_cstr(rows[i].name)) ||
				     (rows[i].alias[0] && slice_eq(name, slice_cstr(rows[i].alias)))))
			return i;
	return SIZE_MAX;
}

static size_t by_letter(const struct client_flags *f, uint8_t letter)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (counts(f, i) && rows[i].letter && (uint8_t)rows[i].letter == letter)
			return i;
	return SIZE_MAX;
}

/* As Go's strconv.ParseBool. */
static bool is_bool(struct slice s, const char **out)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (slice_eq(s, slice_cstr(yes[i])))
			*out = "true";
		else if (slice_eq(s, slice_cstr(no[i])))
			*out = "";
		else
			continue;
		return true;
	}
	return false;
}

struct parser {
	struct client_flags *out;
	enum client_flags_style style;
	int argc, at;
	char **argv;
	struct buf *why;
};

static bool wrong(struct parser *p, const char *what, struct slice name)
{
	struct err_quote q;

	buf_printf(p->why, "%s: -%s", what, err_slice(&q, name));
	return false;
}

/* value: after '='; ptr NULL where there is none. */
static bool take(struct parser *p, size_t row, struct slice name, struct slice value)
{
	bool wants = rows[row].argument[0] != '\0';

	p->out->given[row] = true;
	if (!wants && !value.ptr) {
		p->out->value[row] = "true";
	} else if (!wants) {
		if (!is_bool(value, &p->out->value[row]))
			return wrong(p, "invalid boolean value for flag", name);
	} else if (value.ptr) {
		p->out->value[row] = (const char *)value.ptr; /* up to the argument's NUL */
	} else if (p->at + 1 < p->argc) {
		p->out->value[row] = p->argv[++p->at];
	} else {
		return wrong(p, "flag needs an argument", name);
	}
	p->out->help = p->out->help || strcmp(rows[row].name, "help") == 0;
	return true;
}

/* "-qrFILE": switches, then perhaps one that takes the rest. */
static bool take_letters(struct parser *p, struct slice letters)
{
	for (size_t i = 0; i < letters.len; i++) {
		size_t row = by_letter(p->out, letters.ptr[i]);
		struct slice name = slice_make(letters.ptr + i, 1), rest = slice_from(letters, i + 1);
		bool equals = rest.len > 0 && rest.ptr[0] == '=';

		if (row == SIZE_MAX)
			return wrong(p, "flag provided but not defined", name);
		if (equals)
			return take(p, row, name, slice_from(rest, 1).len ? slice_from(rest, 1) : SLICE(""));
		if (rows[row].argument[0])
			return take(p, row, name, rest.len ? rest : SLICE_EMPTY);
		if (!take(p, row, name, SLICE_EMPTY))
			return false;
	}
	return true;
}

static bool take_option(struct parser *p, const char *arg)
{
	bool is_long = arg[1] == '-', letters = !is_long && p->style == CLIENT_FLAGS_MOW;
	struct slice name, value = SLICE_EMPTY;
	size_t row;

	if (letters)
		return take_letters(p, slice_cstr(arg + 1));
	if (slice_cut(slice_cstr(arg + (is_long ? 2 : 1)), '=', &name, &value) && !value.ptr)
		value = SLICE("");
	row = by_name(p->out, name);
	if (row == SIZE_MAX && name.len == 1 && p->style == CLIENT_FLAGS_GO)
		row = by_letter(p->out, name.ptr[0]);
	if (row == SIZE_MAX)
		return wrong(p, "flag provided but not defined", name);
	return take(p, row, name, value);
}

static void set_defaults(struct client_flags *f)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *text = rows[i].variable[0] && counts(f, i) ? getenv(rows[i].variable) : NULL;

		f->given[i] = text && text[0];
		f->value[i] = f->given[i] ? text : rows[i].fallback;
	}
}

bool client_flags_parse(const char *program, const char *command, enum client_flags_style style, bool stop, int argc,
			char **argv, struct client_flags *out, struct buf *why)
{
	struct parser p = { .out = out, .style = style, .argc = argc, .at = 1, .argv = argv, .why = why };
	size_t n = 0;
	bool ended = false;

	*out = (struct client_flags){ .program = program, .command = command };
	set_defaults(out);
	for (; p.at < argc; p.at++) {
		char *arg = argv[p.at];

		if (ended || arg[0] != '-' || arg[1] == '\0') {
			ended = ended || stop;
			argv[n++] = arg; /* n never passes p.at: what is overwritten was looked at */
		} else if (strcmp(arg, "--") == 0) {
			ended = true;
		} else if (!take_option(&p, arg)) {
			return false;
		}
	}
	out->args = (const char *const *)argv;
	out->n_args = n;
	return true;
}

static size_t row_of(const struct client_flags *f, const char *name)
{
	return by_name(f, slice_cstr(name));
}

const char *client_value(const struct client_flags *f, const char *name)
{
	size_t row = row_of(f, name);

	return row == SIZE_MAX ? "" : f->value[row];
}

bool client_given(const struct client_flags *f, const char *name)
{
	size_t row = row_of(f, name);

	return row != SIZE_MAX && f->given[row];
}

bool client_switch(const struct client_flags *f, const char *name)
{
	return client_value(f, name)[0] != '\0';
}

void client_flags_help_mow(const char *program, FILE *out)
{
	struct client_flags f = { .program = program, .command = "" };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];

		if (!counts(&f, i))
			continue;
		fprintf(out, "  %c%c%s --%-23s %s", r->letter ? '-' : ' ', r->letter ? r->letter : ' ',
			r->letter ? "," : " ", r->name, r->help);
		if (r->variable[0])
			fprintf(out, " (env $%s)", r->variable);
		if (r->fallback[0])
			fprintf(out, r->argument[0] ? " (default \"%s\")" : " (default %s)", r->fallback);
		fputc('\n', out);
	}
}

void client_flags_help_go(const char *program, const char *command, FILE *out)
{
	struct client_flags f = { .program = program, .command = command };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		bool wants = r->argument[0] != '\0', dash = strlen(r->name) > 1;
		char head[96], second[40] = "";

		if (!counts(&f, i))
			continue;
		if (r->letter)
			snprintf(second, sizeof(second), ", -%c%s", r->letter, wants ? " value" : "");
		else if (r->alias[0])
			snprintf(second, sizeof(second), ", --%s%s", r->alias, wants ? " value" : "");
		snprintf(head, sizeof(head), "%s%s%s%s", dash ? "--" : "-", r->name, wants ? " value" : "", second);
		fprintf(out, "   %-28s %s", head, r->help);
		if (r->fallback[0])
			fprintf(out, wants ? " (default: \"%s\")" : " (default: %s)", r->fallback);
		if (r->variable[0])
			fprintf(out, " [$%s]", r->variable);
		fputc('\n', out);
	}
}
