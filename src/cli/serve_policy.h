/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_policy.h - the service's ignore files and VEX documents (limpid.policy), for the matcher to apply. Private to
 * cli/: server/ and policy/ are neighbours.
 */
#ifndef LIMPID_CLI_SERVE_POLICY_H
#define LIMPID_CLI_SERVE_POLICY_H

#include "config/config.h"
#include "service/matcher.h"

struct serve_policy;

/* Read the documents that the settings name; *out is NULL if there are none. What cannot be read ends the start. */
enum status serve_policy_open(const struct config *config, struct serve_policy **out, struct err *err) NODISCARD;
/* What the matcher calls for each report; borrowed from p. */
struct matcher_judge serve_policy_judge(struct serve_policy *p);
void serve_policy_free(struct serve_policy *p); /* NULL is fine */

#endif
