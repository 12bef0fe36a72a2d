/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clair_index.h - Clair's index_report document, read into an index report.
 *
 * It comes from a file, a remote indexer or the store, written by Clair or by limpid. What Clair's members cannot say
 * of a limpid report (what could not be read, layers, for which platform a program is, packages that system packages
 * own) stands in one more member, "limpid", which Clair's clients ignore; with it, reading what report/clair.c wrote
 * gives the same findings and the same coverage. The format is docs/formats/clair-index.md.
 */
#ifndef LIMPID_MODEL_CLAIR_INDEX_H
#define LIMPID_MODEL_CLAIR_INDEX_H

#include "base/limits.h"
#include "model/index_report.h"
#include "text/json_writer.h"

/*
 * Read a document, at most limits.index_bytes of it. A broken frame (no object, no packages, manifest_hash is no
 * digest) is STATUS_MALFORMED; a single entry that cannot be read is left out and told in out->diags, and so is a
 * report that is not finished (DIAG_LAYER). Memory is the arena's; nothing of json is borrowed. out->target is the
 * member's, else "".
 */
enum status clair_index_parse(struct slice json, const struct limits *limits, struct arena *arena,
			      struct index_report *out, struct err *err) NODISCARD;

/*
 * The same of a vulnerability_report, which has no state; *ids are those of packages, as its package_vulnerabilities
 * names them, "" for what the member "limpid" adds.
 */
enum status clair_index_parse_ids(struct slice json, const struct limits *limits, struct arena *arena,
				  struct index_report *out, const struct slice **ids, struct err *err) NODISCARD;

/* ---- writing the member "limpid": each call puts one key and its value into the open object ---- */

/* All but packages and distributions. */
void clair_member_head(struct json_writer *w, const struct index_report *r);
/* Under "packages", per package that Clair's member lists; key: its id. */
void clair_member_package(struct json_writer *w, const char *key, const struct index_package *p);
/* Under "distributions": os-release's own words, before Clair's rewriting. */
void clair_member_distribution(struct json_writer *w, const char *key, const struct distribution *d);
/* In the array "owned": a package that Clair's members leave out. */
void clair_member_owned(struct json_writer *w, const struct index_package *p);

#endif
