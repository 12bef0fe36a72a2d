/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clair_line.h - one line of the file that Clair's export-updaters writes: an advisory about one package, and the
 * update operation it belongs to (docs/formats/clair-updaters.md).
 */
#ifndef LIMPID_CARRY_CLAIR_LINE_H
#define LIMPID_CARRY_CLAIR_LINE_H

#include "base/limits.h"
#include "model/enrichment.h"

struct clair_line {
	struct slice updater, fingerprint, ref;
	int64_t date_s;	      /* DATE_NONE: it says none that can be read */
	/*
	 * Of one of Clair's enrichers. record is what it says, kept in a segment like any advisory; of an enricher that
	 * is not known there is none.
	 */
	bool enrichment, known;
	enum enricher enricher;
	struct enrichment_record record;
	struct slice refused; /* "" or why the advisory cannot be kept: no package, an unknown distribution... */
	struct advisory advisory;
	struct affected row; /* advisory.affected points here */
};

/*
 * Texts are in the arena or borrowed from json; *out must not be moved. STATUS_MALFORMED: it is no such line, and what
 * operation it is of cannot be known.
 *
 * An enrichment's id is the advisory's, too.
 */
enum status clair_line_parse(struct slice json, const struct limits *limits, struct arena *arena,
			     struct clair_line *out, struct err *err) NODISCARD;

#endif
