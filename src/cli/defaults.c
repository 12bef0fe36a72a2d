/* SPDX-License-Identifier: Apache-2.0 */
/*
 * defaults.c - options that are not on the command line: LIMPID_* variables, then the user's file (limpid(1)).
 *
 * The file is a mapping of options by their long names; a mapping below a command's name is for that command alone and
 * goes before the others. Services have settings of their own: for them there are only the variables.
 */
#include "cli/options_impl.h"

#include "io/file.h"
#include "text/near.h"
#include "text/yaml.h"

#include <unistd.h>

#define PREFIX "LIMPID_"
#define FILE_BYTES ((size_t)1 << 20)

/* Variables that are no options. */
static const char *const reserved[] = { "CONFIG", "HOME", "STORE", "UPDATERS" };

static const struct {
	const char *name;
	char letter;
} commands[] = {
#define COMMAND(name, letter, arguments, help) { #name, letter },
#include "cli/commands.def"
#undef COMMAND
};

/* What the options point into; lives as long as the process. */
static struct arena kept = ARENA_INIT(FILE_BYTES * 8);

static bool same_name(const char *row, struct slice given)
{
	size_t i = 0;

	for (; row[i] && i < given.len; i++) {
		uint8_t a = (uint8_t)row[i] == '_' ? '-' : (uint8_t)row[i];
		uint8_t b = given.ptr[i] == '_' ? '-' : to_lower(given.ptr[i]);

		if (a != b)
			return false;
	}
	return row[i] == '\0' && i == given.len;
}

static size_t find(struct slice name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (i != OPTION_config && same_name(option_row(i)->name, name))
			return i;
	return OPTION_COUNT;
}

static bool is_reserved(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (slice_eq(name, slice_cstr(reserved[i])))
			return true;
	return false;
}

/* 1, 0, or -1: neither. */
static int switched(struct slice value)
{
	static const char *const on[] = { "true", "1", "yes", "on" }, *const off[] = { "false", "0", "no", "off", "" };

	for (size_t i = 0; i < ARRAY_LEN(on); i++)
		if (slice_eq_nocase(value, slice_cstr(on[i])))
			return 1;
	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		if (slice_eq_nocase(value, slice_cstr(off[i])))
			return 0;
	return -1;
}

/* Take a copy of the value, or of each value between commas. */
static bool take_text(struct options *out, size_t id, struct slice value, bool split)
{
	for (;;) {
		struct slice one = value, rest = SLICE_EMPTY;
		bool more = split && slice_cut(value, ',', &one, &rest);
		char *copy = arena_cstr(&kept, one);

		if (!copy) {
			cli_error("out of memory for the value of an option");
			return false;
		}
		if (one.len > 0 && !option_take(out, id, copy))
			return false;
		if (!more)
			return true;
		value = rest;
	}
}

/* ---- variables ---- */

static bool take_variable(struct options *out, size_t id, const char *whole, struct slice value)
{
	int on = switched(value);
	struct err_quote q;

	if (option_row(id)->argument[0])
		return value.len == 0 || take_text(out, id, value, option_repeats(id));
	if (on < 0) {
		cli_error("%s: a switch is true or false", err_slice(&q, slice_cstr(whole)));
		return false;
	}
	return on == 0 || option_take(out, id, "");
}

/* A variable that almost is an option is a slip that would otherwise change nothing and say nothing. */
static void note_likely_slip(const struct options *o, struct slice name)
{
	struct near_word near;
	char text[NEAR_BYTES + 1] = "";

	near_begin(&near, name);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		near_offer(&near, slice_cstr(option_row(i)->name));
	for (size_t i = 0; i < near.best.len; i++)
		text[i] = (char)(is_lower(near.best.ptr[i]) ? near.best.ptr[i] - ('a' - 'A') : near.best.ptr[i]);
	if (near.best.len)
		cli_note(o, PREFIX "%.*s means nothing; did you mean " PREFIX "%s?", SLICE_ARG(name), text);
}

static bool take_variables(char command, struct options *out, bool *set)
{
	for (char **e = environ; e && *e; e++) {
		struct slice name, value, whole = slice_cstr(*e);
		size_t id;

		if (!slice_starts(whole, SLICE(PREFIX)) || !slice_cut(whole, '=', &name, &value))
			continue;
		name = slice_from(name, sizeof(PREFIX) - 1);
		if (is_reserved(name))
			continue;
		id = find(name);
		if (id == OPTION_COUNT) {
			note_likely_slip(out, name);
			continue;
		}
		if (!option_known(id, command) || out->said[id])
			continue;
		if (!take_variable(out, id, *e, value))
			return false;
		set[id] = true;
	}
	return true;
}

/* ---- the file ---- */

struct reader {
	const char *path;
	char command;
	struct options *out;
	bool set[OPTION_COUNT]; /* nothing below may say it again */
};

static bool bad(const struct reader *rd, const struct yaml_node *at, const char *what, struct slice given,
		struct slice near)
{
	char name[NEAR_BYTES + 1] = "";
	struct err_quote q;

	for (size_t i = 0; i < near.len && i < NEAR_BYTES; i++)
		name[i] = (char)(near.ptr[i] == '_' ? '-' : near.ptr[i]);
	if (near.len)
		cli_error("%s: line %u, column %u: %s: %s; did you mean %s?", rd->path, at->line, at->column, what,
			  err_slice(&q, given), name);
	else
		cli_error("%s: line %u, column %u: %s: %s", rd->path, at->line, at->column, what, err_slice(&q, given));
	return false;
}

/* 0: there is no such command. */
static char command_letter(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (slice_eq(name, slice_cstr(commands[i].name)))
			return commands[i].letter;
	return 0;
}

static bool take_member(struct reader *rd, size_t id, const struct yaml_node *m)
{
	const struct yaml_node *one = m->kind == YAML_KIND_SEQUENCE ? m->child : m;
	int on;

	if (m->kind == YAML_KIND_MAPPING || (m->kind == YAML_KIND_SEQUENCE && !option_repeats(id)))
		return bad(rd, m, "one value is expected for", m->key->scalar, SLICE_EMPTY);
	if (option_row(id)->argument[0] == '\0') {
		on = switched(m->scalar);
		if (on < 0)
			return bad(rd, m, "a switch is true or false", m->scalar, SLICE_EMPTY);
		return on == 0 || option_take(rd->out, id, "");
	}
	for (; one; one = m->kind == YAML_KIND_SEQUENCE ? one->next : NULL) {
		if (one->kind != YAML_KIND_SCALAR)
			return bad(rd, one, "a text is expected for", m->key->scalar, SLICE_EMPTY);
		if (!take_text(rd->out, id, one->scalar, false))
			return false;
	}
	return true;
}

/* Members of the whole, or of a command's block. */
static bool take_block(struct reader *rd, const struct yaml_node *block, char of)
{
	bool here[OPTION_COUNT] = { false };

	for (const struct yaml_node *m = block->child; m; m = m->next) {
		struct slice key = m->key->kind == YAML_KIND_SCALAR ? m->key->scalar : SLICE_EMPTY;
		size_t id = find(key);
		struct near_word near;

		if (!of && command_letter(key) && (m->kind == YAML_KIND_MAPPING || m->scalar.len == 0))
			continue;
		near_begin(&near, key);
		for (size_t i = 0; i < OPTION_COUNT; i++)
			if (!of || option_known(i, of))
				near_offer(&near, slice_cstr(option_row(i)->name));
		if (id == OPTION_COUNT || (of && !option_known(id, of)))
			return bad(rd, m->key, of ? "no option of this command" : "neither an option nor a command",
				   key, near.best);
		if (here[id])
			return bad(rd, m->key, "given twice", key, SLICE_EMPTY);
		here[id] = true;
		if (!option_known(id, rd->command) || rd->set[id])
			continue;
		rd->set[id] = true;
		if (!take_member(rd, id, m))
			return false;
	}
	return true;
}

/* Every block is looked at, so that a slip is told by whichever command is used first. */
static bool take_file(struct reader *rd, const struct yaml_node *root)
{
	if (root->kind != YAML_KIND_MAPPING)
		return bad(rd, root, "options are expected, NAME: VALUE", root->scalar, SLICE_EMPTY);
	for (const struct yaml_node *m = root->child; m; m = m->next) {
		char of = m->key->kind == YAML_KIND_SCALAR && m->kind == YAML_KIND_MAPPING
				  ? command_letter(m->key->scalar)
				  : 0;
		struct reader elsewhere = *rd;
		struct options ignored = { 0 };

		if (!of)
			continue;
		elsewhere.out = &ignored;
		if (!take_block(of == rd->command ? rd : &elsewhere, m, of))
			return false;
	}
	return take_block(rd, root, 0);
}

/* Is a file expected there? *out is empty: the user wants none. */
static bool file_path(char *out, size_t size, bool *expected)
{
	const char *given = getenv("LIMPID_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n = -1;

	*expected = given != NULL;
	if (given)
		n = snprintf(out, size, "%s", given);
	else if (xdg && xdg[0] == '/')
		n = snprintf(out, size, "%s/limpid/config.yaml", xdg);
	else if (home && home[0])
		n = snprintf(out, size, "%s/.config/limpid/config.yaml", home);
	return n > 0 && (size_t)n < size;
}

static bool read_file(struct reader *rd, bool expected)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(FILE_BYTES);
	struct yaml_node *root = NULL;
	struct err err = ERR_INIT;
	enum status st;

	if (!expected && access(rd->path, F_OK) != 0)
		return true;
	st = file_read(rd->path, &text, &err);
	if (st == STATUS_OK) {
		st = yaml_parse(buf_slice(&text), &limits_default, &kept, &root, &err);
		if (st != STATUS_OK)
			st = err_wrap(&err, "%s", rd->path);
	}
	if (st != STATUS_OK) {
		cli_error("%s", err.msg);
		return false;
	}
	return !root || take_file(rd, root);
}

bool options_take_defaults(char command, struct options *out)
{
	struct reader rd = { .command = command, .out = out };
	char path[4096];
	bool expected;

	memcpy(rd.set, out->said, sizeof(rd.set));
	if (!take_variables(command, out, rd.set))
		return false;
	if (strchr("rc", command) || !file_path(path, sizeof(path), &expected))
		return true;
	rd.path = path;
	return read_file(&rd, expected);
}
