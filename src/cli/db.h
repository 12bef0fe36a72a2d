/* SPDX-License-Identifier: Apache-2.0 */
/* db.h - what limpid db carries from one machine to another. Private to cli/. */
#ifndef LIMPID_CLI_DB_H
#define LIMPID_CLI_DB_H

#include "carry/carry.h"
#include "cli/cli.h"
#include "io/codec.h"

/* A data folder that limpid db looks at. */
struct db_folder {
	const struct options *options;
	char dir[4096], segments[4200];
	struct store *store; /* owned; NULL if there is none yet */
	struct arena arena;
	struct store_source *sources;
	size_t n;
};

/* limpid db status: a table, or --format json. *out_exit: EXIT_UNREADABLE if a source failed or is damaged. */
enum status db_status(struct db_folder *f, int *out_exit, struct err *err) NODISCARD;
/* Bytes for people: "12 kB", "3.4 MB". Returns out. */
const char *db_size(char out[32], uint64_t bytes);

/* By the end of a file's name: .gz, .zst, else plain. */
enum codec_id db_codec_of(const char *path);
/* path "-" is standard output. */
enum status db_export_clair(struct store *store, const char *dir, const char *path, enum codec_id codec,
			    struct carry_summary *out, struct err *err) NODISCARD;
/* path "-" is standard input; packed or not. */
enum status db_import_clair(struct store *store, const char *path, const struct carry_options *options,
			    struct carry_summary *out, struct err *err) NODISCARD;
/* The same of clair-action's database; a path that ends in .zst or .gz is packed. */
enum status db_export_action(struct store *store, const char *dir, const char *path, struct carry_summary *out,
			     struct err *err) NODISCARD;
enum status db_import_action(struct store *store, const char *path, const struct carry_options *options,
			     struct carry_summary *out, struct err *err) NODISCARD;
/* Is the file, packed or not, one of SQLite? */
bool db_is_action(const char *path);
/* A data folder with what such a file holds: made, or brought up to date when the file has changed. */
enum status db_folder_of_action(const char *path, char folder[4200], struct err *err) NODISCARD;
/* The other way, after the folder was updated. */
enum status db_action_of_folder(const char *path, const char *folder, struct err *err) NODISCARD;
/* Is the file, packed or not, a tar? */
bool db_is_bundle(const char *path);
/* key: to sign with; since: a bundle, or the manifest of one; both may be NULL. */
enum status db_export_bundle(struct store *store, const char *dir, const char *path, const char *key, const char *since,
			     struct carry_summary *out, struct err *err) NODISCARD;
/* key: to check with, or NULL. */
enum status db_import_bundle(struct store *store, const char *path, const struct carry_options *options,
			     const char *key, struct carry_summary *out, struct err *err) NODISCARD;
/* <dir>/segments, made if it is missing. */
enum status db_make_folder(const char *dir, struct err *err) NODISCARD;

/* limpid db export|import: o has the verb and the file. Gives the exit status. */
int db_export(const struct options *o, const char *dir);
int db_import(const struct options *o, const char *dir);
/* A file's bytes, unpacked; *fd and *out are the caller's. */
enum status db_open_unpacked(const char *path, int *fd, struct source **out, struct err *err) NODISCARD;
/* limpid db diff: o has the verb and one or two states. limpid db history: the verb, and perhaps a source. */
int db_diff(const struct options *o, const char *dir);
int db_history(const struct options *o, const char *dir);
/* limpid db rollback: o has the verb, the source, and perhaps the reference of an operation. */
int db_rollback(const struct options *o, const char *dir);

#endif
