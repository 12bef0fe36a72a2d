/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_affected.h - which indexed manifests have a package that a vulnerability affects. */
#ifndef LIMPID_SERVICE_INDEXER_AFFECTED_H
#define LIMPID_SERVICE_INDEXER_AFFECTED_H

#include "match/judge.h"
#include "service/indexer.h"

/* One manifest and one question that it is an answer to. */
struct indexer_affected {
	struct digest manifest;
	size_t question; /* index */
};

/*
 * All pairs, by manifest, within a manifest the most severe first. *out is allocated with malloc and the caller's.
 * known: as of judge_affects(). Questions that are refused have no answer. STATUS_LIMIT:
 * more than INDEXER_AFFECTED_MAX pairs. stop (may be NULL) is asked between questions: STATUS_CANCELLED.
 */
#define INDEXER_AFFECTED_MAX ((size_t)2000000)
enum status indexer_affected(struct indexer *ix, const struct judge_question *questions, size_t n,
			     const struct judge_known *known, bool (*stop)(void *ctx), void *ctx,
			     struct indexer_affected **out, size_t *out_n, struct err *err) NODISCARD;

#endif
