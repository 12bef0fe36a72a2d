/* SPDX-License-Identifier: Apache-2.0 */
/* merged.h - a file of settings with its drop-ins, before defaults, as clairctl check-config prints it. */
#ifndef LIMPID_CONFIG_MERGED_H
#define LIMPID_CONFIG_MERGED_H

#include "config/config.h"

#include "base/buf.h"

/*
 * Read request->path and its drop-ins and append the document as JSON, members in the order of Clair's structs,
 * indented by tabs, with a line end. Secrets stand in it as in the file. Keys that nobody knows and values of another
 * type are errors, what values mean is not looked at. Problems are in *config; config_fini() in any case.
 */
enum status config_merged(const struct config_request *request, struct config *config, struct buf *out,
			  struct err *err) NODISCARD;

#endif
