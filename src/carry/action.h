/* SPDX-License-Identifier: Apache-2.0 */
/* action.h - clair-action's tables (docs/formats/clair-action.md). Private to carry/. */
#ifndef LIMPID_CARRY_ACTION_H
#define LIMPID_CARRY_ACTION_H

#include "base/err.h"

#include <sqlite3.h>

/*
 * Members of Clair's vulnerability that are columns of the table vuln: (column, object or "", key). Those of no
 * object stand in the vulnerability itself.
 */
#define ACTION_TEXTS(ROW)                                          \
	ROW(issued, "", "issued")                                  \
	ROW(links, "", "links")                                    \
	ROW(severity, "", "severity")                              \
	ROW(normalized_severity, "", "normalized_severity")        \
	ROW(package_name, "package", "name")                       \
	ROW(package_version, "package", "version")                 \
	ROW(package_module, "package", "module")                   \
	ROW(package_arch, "package", "arch")                       \
	ROW(package_kind, "package", "kind")                       \
	ROW(dist_id, "distribution", "did")                        \
	ROW(dist_name, "distribution", "name")                     \
	ROW(dist_version, "distribution", "version")               \
	ROW(dist_version_code_name, "distribution", "version_code_name") \
	ROW(dist_version_id, "distribution", "version_id")         \
	ROW(dist_arch, "distribution", "arch")                     \
	ROW(dist_cpe, "distribution", "cpe")                       \
	ROW(dist_pretty_name, "distribution", "pretty_name")       \
	ROW(repo_name, "repository", "name")                       \
	ROW(repo_key, "repository", "key")                         \
	ROW(repo_uri, "repository", "uri")                         \
	ROW(fixed_in_version, "", "fixed_in_version")              \
	ROW(arch_operation, "", "arch_op")

struct action_text {
	const char *column, *object, *key;
};
extern const struct action_text action_texts[];
extern const size_t action_n_texts;

/* What clair-action writes where no architecture is compared. */
#define ACTION_NO_ARCH_OP "invalid"
/* Tables of our own beside Clair's, which passes over them. */
#define ACTION_SOURCES "limpid_source"
#define ACTION_ROWS "limpid_row"

enum status action_failed(sqlite3 *db, struct err *err, const char *what);
static inline void action_finalize(sqlite3_stmt **q)
{
	sqlite3_finalize(*q);
}
static inline void action_close(sqlite3 **db)
{
	sqlite3_close(*db);
}

#endif
