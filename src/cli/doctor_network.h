/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_network.h - limpid-update called as "doctor". */
#ifndef LIMPID_CLI_DOCTOR_NETWORK_H
#define LIMPID_CLI_DOCTOR_NETWORK_H

#include "base/slice.h"

struct feed;
/*
 * Ask each host of the feeds, or of the mirror in place of all of them, for one document, all at once; print a line for
 * each. mirror: as for an update, NUL-terminated; "" for none. Gives the exit status.
 */
int doctor_network(const struct feed *const *sets, size_t n_sets, struct slice mirror);

#endif
