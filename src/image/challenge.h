/* SPDX-License-Identifier: Apache-2.0 */
/*
 * challenge.h - what a registry asks for in WWW-Authenticate (RFC 9110 section 11; the token flow of the distribution
 * specification).
 */
#ifndef LIMPID_IMAGE_CHALLENGE_H
#define LIMPID_IMAGE_CHALLENGE_H

#include "base/arena.h"
#include "base/err.h"

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	/* Of CHALLENGE_BEARER; "" where nothing is said. In the arena. */
	struct slice realm, service, scope;
};

/*
 * The value of WWW-Authenticate, several of them joined by commas. A bearer challenge counts more than a basic one,
 * other schemes are passed over; CHALLENGE_NONE if there is neither. STATUS_MALFORMED: what stands there is no
 * challenge.
 */
enum status challenge_parse(struct slice value, struct arena *arena, struct challenge *out, struct err *err) NODISCARD;

#endif
