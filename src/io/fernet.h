/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fernet.h - tokens that only who has the key can read or make (the Fernet specification, version 0x80).
 *
 * Base64 with the URL alphabet over: 0x80, time, initialisation vector, AES-128-CBC with PKCS #7, HMAC-SHA256 of all.
 */
#ifndef LIMPID_IO_FERNET_H
#define LIMPID_IO_FERNET_H

#include "base/arena.h"
#include "base/buf.h"

#define FERNET_KEY 32 /* bytes: the first half signs, the second encrypts */
#define FERNET_IV 16
#define FERNET_SKEW 60	/* seconds that a token may come from the future: clocks of nodes differ */
#define FERNET_MAX 4096 /* bytes of a message; a token is some 1.4 times as long */

/* Append a token. now: Unix seconds. iv: NULL takes random bytes. */
enum status fernet_seal(const uint8_t key[FERNET_KEY], struct slice message, int64_t now, const uint8_t *iv,
			struct buf *out, struct err *err) NODISCARD;
/*
 * The message of a token, in the arena. ttl_s: how old it may be; 0: any age. STATUS_INVALID: made with another key,
 * changed on the way, too old, or no token; err does not say which, as the sender need not know.
 */
enum status fernet_open(const uint8_t key[FERNET_KEY], struct slice token, int64_t now, int64_t ttl_s,
			struct arena *arena, struct slice *out, struct err *err) NODISCARD;

#endif
