/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layers_envelope.c - fuzz target: posted layers, kept chains and posted vulnerabilities of the old layer API; what was
 * read of the last two is written and read again the same.
 */
#include "server/layers_impl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_layer(struct slice json, struct arena *arena)
{
	struct posted_v1_layer l;
	struct err err = ERR_INIT;

	if (layers_envelope_parse(json, &limits_default, arena, &l, &err) != STATUS_OK)
		return;
	if (l.name.len == 0 || l.path.len == 0 || l.format.len == 0 || l.name.len > LAYERS_NAME_MAX)
		abort();
	for (size_t i = 0; i < l.n_headers; i++)
		if (l.headers[i].value.len == 0)
			abort();
}

static void check_chain(struct slice json, struct arena *arena)
{
	struct buf first = BUF_INIT((size_t)16 << 20), second = BUF_INIT((size_t)16 << 20);
	struct layers_chain c, again;
	struct err err = ERR_INIT;

	if (layers_chain_parse(json, &limits_default, arena, &c, &err) == STATUS_OK) {
		if (c.n == 0 || c.n > limits_default.layers || c.manifest.algo == DIGEST_NONE)
			abort();
		if (layers_chain_print(&c, &first, &err) == STATUS_OK &&
		    (layers_chain_parse(buf_slice(&first), &limits_default, arena, &again, &err) != STATUS_OK ||
		     layers_chain_print(&again, &second, &err) != STATUS_OK ||
		     !slice_eq(buf_slice(&first), buf_slice(&second))))
			abort();
	}
	buf_fini(&first);
	buf_fini(&second);
}

static bool print(const struct layers_advisory *a, struct buf *out)
{
	struct err err = ERR_INIT;
	struct json_writer w;

	json_writer_init(&w, out, 0);
	json_object(&w);
	json_key(&w, "Vulnerability");
	layers_advisory_put(&w, a, true);
	json_close(&w);
	return json_writer_end(&w, &err) == STATUS_OK;
}

static void check_advisory(struct slice json, struct arena *arena)
{
	struct buf first = BUF_INIT((size_t)16 << 20), second = BUF_INIT((size_t)16 << 20);
	struct layers_advisory a, copy, again;
	struct layers_fix fix;
	struct err err = ERR_INIT;

	(void)!layers_fix_parse(json, &limits_default, arena, &fix, &err);
	if (layers_advisory_parse(json, &limits_default, SLICE("space"), arena, &a, &err) == STATUS_OK) {
		if (!layers_severity(slice_cstr(a.severity)) || a.space.len == 0)
			abort();
		if (layers_advisory_copy(&a, arena, &copy) && print(&copy, &first) &&
		    (layers_advisory_parse(buf_slice(&first), &limits_default, SLICE_EMPTY, arena, &again, &err) !=
			     STATUS_OK ||
		     !print(&again, &second) || !slice_eq(buf_slice(&first), buf_slice(&second))))
			abort();
	}
	buf_fini(&first);
	buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)256 << 20);
	struct slice json = slice_make(data, size);

	if (size <= (1 << 20)) {
		check_layer(json, &arena);
		check_chain(json, &arena);
		check_advisory(json, &arena);
	}
	arena_fini(&arena);
	return 0;
}
