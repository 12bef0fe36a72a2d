/* SPDX-License-Identifier: Apache-2.0 */
/* serve_settings.h - what the settings mean for the parts of limpid-serve. Private to cli/. */
#ifndef LIMPID_CLI_SERVE_SETTINGS_H
#define LIMPID_CLI_SERVE_SETTINGS_H

#include "config/config.h"
#include "server/http.h"
#include "server/log.h"

/* Options of both listeners, but for sockets and certificates; the config outlives them. */
void serve_http_options(const struct config *c, struct http_options *introspection, struct http_options *api);
enum log_level serve_log_level(const struct config *c);
/* Prose instead of JSON? */
bool serve_log_is_text(const struct config *c);
/* Which settings are in force, and each warning, a line each. */
void serve_log_lints(const struct config *c, struct log *log);
/* Bring every database of the mode up to date. */
enum status serve_migrate(const struct config *c, struct err *err) NODISCARD;

#endif
