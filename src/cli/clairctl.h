/* SPDX-License-Identifier: Apache-2.0 */
/* clairctl.h - the parts of clairctl as limpid has it. Private to cli/. */
#ifndef LIMPID_CLI_CLAIRCTL_H
#define LIMPID_CLI_CLAIRCTL_H

#include "cli/cli.h"
#include "cli/client_flags.h"
#include "client/service.h"

/* The program: remote.def has it. Gives the exit status. */
int command_clairctl(int argc, char **argv);

struct clairctl {
	struct client_flags global, flags; /* of the program, of its command */
	struct options options;		   /* of limpid's own commands */
	struct arena arena;
};

enum clairctl_level { CLAIRCTL_DEBUG, CLAIRCTL_INFO, CLAIRCTL_WARN, CLAIRCTL_ERROR };
/* A line of JSON on standard error, if -D and -q let it pass. name and value may be NULL. */
void clairctl_log(const struct clairctl *c, enum clairctl_level level, const char *message, const char *name,
		  const char *value);
/* {"msg":"error exit","reason":...}; gives the exit status. */
int clairctl_fail(const struct clairctl *c, const char *reason);
/* A service at --host, with tokens if there is a configuration with a key. */
enum status clairctl_service(struct clairctl *c, struct service **out, struct err *err) NODISCARD;

int clairctl_manifest(struct clairctl *c);
int clairctl_report(struct clairctl *c);
int clairctl_delete(struct clairctl *c);
int clairctl_check_config(struct clairctl *c);
int clairctl_admin(struct clairctl *c);
int clairctl_export_updaters(struct clairctl *c);
int clairctl_import_updaters(struct clairctl *c);

#endif
