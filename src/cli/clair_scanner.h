/* SPDX-License-Identifier: Apache-2.0 */
/* clair_scanner.h - the parts of clair-scanner as limpid has it. Private to cli/. */
#ifndef LIMPID_CLI_CLAIR_SCANNER_H
#define LIMPID_CLI_CLAIR_SCANNER_H

#include "cli/cli.h"
#include "cli/client_flags.h"
#include "client/scanner.h"

/* The program: remote.def has it. Gives the exit status. */
int command_clair_scanner(int argc, char **argv);

enum scanner_level { SCANNER_INFO, SCANNER_WARN, SCANNER_ERROR, SCANNER_FATAL };
struct scanner_log {
	FILE *file; /* owned; NULL: standard error alone */
	bool colour;
};
/* One line: time, level, text; control bytes escaped. */
void scanner_say(struct scanner_log *log, enum scanner_level level, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct scanner_run {
	struct client_flags flags;
	struct options options; /* of limpid's own commands, for what is done here */
	struct scanner_log log;
	struct slice image; /* as typed */
	struct arena arena;
	struct buf document; /* the answer, which rows borrow from */
	struct scanner_rows rows;
	bool old_api; /* of Clair 2, whose lines in the log differ */
	bool unread;  /* a part of the image could not be read */
};

/* Fill in rows. The message says what went wrong; a line in the log may have said more before. */
enum status scanner_ask_server(struct scanner_run *run, struct err *err) NODISCARD;
enum status scanner_scan_here(struct scanner_run *run, struct err *err) NODISCARD;
/* The target of the image's name, and a line in the log where a registry stands in for the daemon. */
enum status scanner_target(struct scanner_run *run, struct slice *out, struct err *err) NODISCARD;

#endif
