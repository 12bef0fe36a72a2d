/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - fuzz target: a file of settings, YAML or JSON, in each mode. What loads has values within their rules; a
 * load that fails has said why.
 */
#include "config/show.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *variable(void *ctx, const char *name)
{
	(void)ctx;
	return name[0] == 'A' ? "value" : NULL;
}

static void check_good(const struct config *c)
{
	if (c->n_errors || c->http_listen_addr.len == 0 || c->matcher.period < 60 * INT64_C(1000000000) ||
	    c->limpid.index_workers < 1 || c->indexer.index_report_request_concurrency == 0)
		abort();
	for (size_t i = 0; i < c->updaters_config.n; i++)
		if (c->updaters_config.at[i].json.len == 0)
			abort();
	if (c->http_listen_addr.ptr[c->http_listen_addr.len] != '\0')
		abort();
}

/* What is shown of a config loads again, but for secrets, of which three stars are not always good. */
static void check_shown(const struct config *c, const struct config_request *request)
{
	struct buf AUTO(buf_fini) out = BUF_INIT((size_t)16 << 20);
	struct config_request r = *request;
	struct err err = ERR_INIT;
	struct config again;

	r.path = "shown.yaml";
	if (config_show(c, true, false, &out, &err) != STATUS_OK) {
		if (err.code != STATUS_LIMIT)
			abort();
		return;
	}
	if (config_load_text(&r, buf_slice(&out), &again, &err) != STATUS_OK && again.n_errors == 0)
		abort();
	for (size_t i = 0; i < again.n_problems; i++)
		if (slice_has(again.problems[i].text, SLICE("unknown key")) ||
		    slice_has(again.problems[i].text, SLICE("given twice")))
			abort();
	config_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "c.yaml", "c.json" };

	/* The first byte chooses: whether a text is JSON is said by its name. */
	for (int i = 0; size > 0 && i < 2; i++) {
		struct config_request r = { .path = names[i],
					    .mode = (enum config_mode)(data[0] % CONFIG_MODES),
					    .variable = variable,
					    .cpus = 1 };
		struct err err = ERR_INIT;
		struct config c;
		enum status st = config_load_text(&r, slice_make(data, size), &c, &err);

		if (st == STATUS_OK) {
			check_good(&c);
			check_shown(&c, &r);
		} else if (err.msg[0] == '\0' || (st == STATUS_INVALID && c.n_errors == 0))
			abort();
		config_fini(&c);
	}
	return 0;
}
