/* SPDX-License-Identifier: Apache-2.0 */
/* jwt.h - making signed tokens (RFC 7519, HMAC only), and the parts of checking them. */
#ifndef LIMPID_IO_JWT_H
#define LIMPID_IO_JWT_H

#include "base/arena.h"
#include "base/buf.h"

enum jwt_algorithm { JWT_HS256, JWT_HS384, JWT_HS512, JWT_ALGORITHMS };

/* "HS256" and so on; false for anything else. */
bool jwt_algorithm_from_name(struct slice name, enum jwt_algorithm *out);

struct jwt_mac {
	uint8_t bytes[64];
	size_t len;
};
bool jwt_mac(enum jwt_algorithm algorithm, struct slice key, struct slice signed_part, struct jwt_mac *out) NODISCARD;
/* In a time that depends on the lengths only. */
bool jwt_mac_is(const struct jwt_mac *mac, struct slice signature);

/* How long our own tokens are good before and after they are made, in seconds, as Clair's. */
#define JWT_LIFE 60

/*
 * Append a token that says who asks: HS256, iss, iat, nbf and exp. The issuer is plain text without control bytes,
 * quotes and backslashes, else STATUS_INVALID; an empty key too.
 */
enum status jwt_sign(struct slice key, struct slice issuer, int64_t now, struct buf *out, struct err *err) NODISCARD;

#endif
