/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.h - a source for tests and fuzz targets: memory in small pieces, which fails where it is told to. */
#ifndef LIMPID_TESTS_SUPPORT_PIECES_H
#define LIMPID_TESTS_SUPPORT_PIECES_H

#include "io/source.h"

#include <stdlib.h>

/* Memory in pieces of at most step bytes; at fail_at the read fails with failure, if that is not STATUS_OK. */
struct piece_source {
	struct source base;
	struct slice bytes; /* borrowed */
	size_t at, step, fail_at;
	enum status failure;
	bool *closed; /* borrowed, or NULL */
};

static inline enum status piece_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct piece_source *p = (struct piece_source *)s;
	size_t n = MIN(MIN(cap, p->step), p->bytes.len - p->at);

	if (p->failure != STATUS_OK) {
		n = MIN(n, p->fail_at - p->at);
		if (p->at == p->fail_at)
			return err_at(err, p->failure, p->at, "made to fail");
	}
	if (n > 0)
		memcpy(buf, p->bytes.ptr + p->at, n);
	p->at += n;
	*out_n = n;
	return STATUS_OK;
}

static inline void piece_close(struct source *s)
{
	struct piece_source *p = (struct piece_source *)s;

	if (p->closed)
		*p->closed = true;
	free(p);
}

static inline struct piece_source *piece_source(struct slice bytes, size_t step)
{
	static const struct source_ops ops = { piece_read, piece_close };
	struct piece_source *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->base.ops = &ops;
	p->bytes = bytes;
	p->step = step;
	return p;
}

#endif
