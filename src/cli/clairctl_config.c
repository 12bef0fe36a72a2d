/* SPDX-License-Identifier: Apache-2.0 */
/* clairctl_config.c - clairctl check-config: a file of settings with its drop-ins, before defaults. */
#include "cli/clairctl.h"

#include "config/merged.h"
#include "config/show.h"

#include <stdlib.h>

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

/* With all problems, not the first alone, since that is what this command is for. */
static void tell(const struct clairctl *c, const struct config *config)
{
	for (size_t i = 0; i < config->n_problems; i++) {
		const struct config_problem *p = &config->problems[i];
		char text[1000];

		if (p->kind != CONFIG_ERROR)
			continue;
		snprintf(text, sizeof(text), "%s:%u:%u: %.*s%s%.*s", p->file ? p->file : "", p->line, p->column,
			 SLICE_ARG(p->path), p->path.len ? ": " : "", SLICE_ARG(p->text));
		clairctl_log(c, CLAIRCTL_INFO, "problem", "reason", text);
	}
}

static enum status print_one(struct clairctl *c, const char *path, bool yaml, struct err *err)
{
	struct config_request request = { .path = path, .mode = CONFIG_COMBO, .variable = variable };
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)16 << 20);
	struct config config = { .file = NULL };
	enum status st;

	if (yaml) {
		st = config_load(&request, &config, err);
		if (st == STATUS_OK)
			st = config_show(&config, true, true, &text, err);
	} else {
		st = config_merged(&request, &config, &text, err);
	}
	if (st != STATUS_OK)
		tell(c, &config);
	config_fini(&config);
	if (st == STATUS_OK)
		fwrite(text.ptr, 1, text.len, stdout);
	return st;
}

int clairctl_check_config(struct clairctl *c)
{
	const char *out = client_value(&c->flags, "out");
	bool yaml = strcmp(out, "yaml") == 0;
	struct err err = ERR_INIT;

	if (c->flags.n_args == 0)
		return clairctl_fail(c, "missing needed arguments");
	if (!yaml && strcmp(out, "json") != 0)
		clairctl_log(c, CLAIRCTL_INFO, "unknown 'out' kind, using 'json'", "out", out);
	for (size_t i = 0; i < c->flags.n_args; i++) {
		if (c->flags.n_args > 1)
			printf("# %s\n", c->flags.args[i]);
		if (print_one(c, c->flags.args[i], yaml, &err) != STATUS_OK)
			return clairctl_fail(c, err.msg);
	}
	return 0;
}
