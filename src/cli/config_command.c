/* SPDX-License-Identifier: Apache-2.0 */
/* config_command.c - limpid config check, show and sample, as limpid-serve does them: it alone has the readers of
 * settings. */
#include "cli/cli.h"
#include "cli/serve_arguments.h"

#include "config/show.h"

#define TEXT_BYTES ((size_t)16 << 20)

static int put(struct buf *text, const char *what)
{
	struct err err = ERR_INIT;

	if (buf_check(text, what, &err) != STATUS_OK)
		return cli_failed(&err);
	if ((text->len > 0 && fwrite(text->ptr, 1, text->len, stdout) != text->len) || fflush(stdout) != 0) {
		cli_error("standard output cannot be written");
		return EXIT_UNREADABLE;
	}
	return EXIT_DONE;
}

/* All that is to be said of one file, and its exit status. */
static int check_one(const struct options *o, const char *path, struct buf *out)
{
	struct err err = ERR_INIT;
	struct config c;
	bool good = cli_config_load(o, path, &c, &err);
	size_t warnings = c.n_problems - MIN(c.n_errors, c.n_problems);
	int status = good ? EXIT_DONE : c.unreadable ? EXIT_UNREADABLE : EXIT_USAGE;

	for (size_t i = 0; i < c.n_problems; i++)
		config_problem_print(&c.problems[i], out);
	if (!good && c.n_errors == 0 && err.msg[0])
		buf_printf(out, "%s: error: %s\n", path, err.msg);
	if (good && !option_given(o, OPTION_quiet))
		buf_printf(out, "%s: good in %s mode%s\n", path, config_mode_name(c.mode),
			   c.v2 ? ", a file of Clair 2" : "");
	if (good && warnings > 0 && option_given(o, OPTION_strict))
		status = EXIT_INCOMPLETE;
	config_fini(&c);
	return status;
}

/* Of several files the worst counts: cannot be read, wrong, warnings. */
static int worse(int a, int b)
{
	static const int order[] = { EXIT_UNREADABLE, EXIT_USAGE, EXIT_INCOMPLETE };

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EXIT_DONE;
}

static int check(const struct options *o)
{
	struct buf AUTO(buf_fini) out = BUF_INIT(TEXT_BYTES);
	int status = EXIT_DONE, written;

	const char *file = cli_config_file(o, false);

	if (o->n_args < 2 && !file) {
		cli_error("limpid config check needs a file");
		return EXIT_USAGE;
	}
	if (o->n_args < 2)
		status = check_one(o, file, &out);
	for (size_t i = 1; i < o->n_args; i++)
		status = worse(status, check_one(o, o->args[i], &out));
	written = put(&out, "messages");
	return written != EXIT_DONE ? written : status;
}

static int show(const struct options *o)
{
	struct buf AUTO(buf_fini) out = BUF_INIT(TEXT_BYTES), messages = BUF_INIT(TEXT_BYTES);
	const char *path = o->n_args > 1 ? o->args[1] : cli_config_file(o, false);
	struct err err = ERR_INIT;
	struct config c;
	int status;

	if (o->n_args > 2) {
		cli_error("limpid config show takes one file");
		return EXIT_USAGE;
	}
	if (!cli_config_load(o, path, &c, &err)) {
		for (size_t i = 0; i < c.n_problems; i++)
			config_problem_print(&c.problems[i], &messages);
		if (messages.len)
			fwrite(messages.ptr, 1, messages.len, stderr);
		else if (err.msg[0])
			cli_error("%s", err.msg);
		status = c.unreadable ? EXIT_UNREADABLE : EXIT_USAGE;
	} else if (config_show(&c, option_given(o, OPTION_plain), option_given(o, OPTION_given), &out, &err) !=
		   STATUS_OK) {
		status = cli_failed(&err);
	} else {
		status = put(&out, "settings");
	}
	config_fini(&c);
	return status;
}

static int sample(const struct options *o)
{
	struct buf AUTO(buf_fini) out = BUF_INIT(TEXT_BYTES);
	struct err err = ERR_INIT;

	if (o->n_args > 1) {
		cli_error("limpid config sample takes no argument");
		return EXIT_USAGE;
	}
	if (config_sample(&out, &err) != STATUS_OK)
		return cli_failed(&err);
	return put(&out, "sample");
}

int config_command(int argc, char **argv)
{
	struct options o;

	if (!options_parse('c', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args > 0 && strcmp(o.args[0], "check") == 0)
		return check(&o);
	if (o.n_args > 0 && strcmp(o.args[0], "show") == 0)
		return show(&o);
	if (o.n_args > 0 && strcmp(o.args[0], "sample") == 0)
		return sample(&o);
	cli_error("limpid config needs check, show or sample");
	return EXIT_USAGE;
}
