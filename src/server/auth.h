/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h - who may ask: tokens signed with the key that both sides share (auth.psk), as Clair checks them. */
#ifndef LIMPID_SERVER_AUTH_H
#define LIMPID_SERVER_AUTH_H

#include "server/request.h"

struct auth;

/* key is the decoded key (not empty), issuers those that count beside clair-intraservice; both are copied. */
struct auth *auth_new(struct slice key, const struct slice *issuers, size_t n) NODISCARD;
void auth_free(struct auth *a);

/* Is the first "Authorization: Bearer ..." line a good token at this time (Unix seconds)? */
bool auth_allows(const struct auth *a, const struct request *req, int64_t now);
/* The same of a token alone. */
bool auth_token_ok(const struct auth *a, struct slice token, int64_t now);
/* Compared in the same time, whatever is equal in them. */
bool auth_same_secret(struct slice a, struct slice b);

#endif
