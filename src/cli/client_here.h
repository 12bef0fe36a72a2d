/* SPDX-License-Identifier: Apache-2.0 */
/* client_here.h - an image indexed and matched in this process, for programs that do without a server. Private to cli/.
 */
#ifndef LIMPID_CLI_CLIENT_HERE_H
#define LIMPID_CLI_CLIENT_HERE_H

#include "cli/cli.h"

struct client_here {
	/* Of limpid's own commands: --db, --platform and what it is asked with. */
	const struct options *options;
	struct slice target;
	/* Gets the report, which lives as long as the call. unread: a part of the image could not be read. */
	enum status (*use)(void *ctx, const struct vulnerability_report *r, bool unread, struct err *err);
	void *ctx;
};
/* STATUS_NOTFOUND: the data folder has no advisories at all for the image's packages, which would read as clean. */
enum status client_scan_here(const struct client_here *here, struct err *err) NODISCARD;

#endif
