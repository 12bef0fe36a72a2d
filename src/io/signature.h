/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h - Ed25519 over bytes in memory, with keys in PEM files as openssl writes them. */
#ifndef LIMPID_IO_SIGNATURE_H
#define LIMPID_IO_SIGNATURE_H

#include "base/err.h"

#define SIGNATURE_BYTES 64

/* key: file with a private key. */
enum status signature_make(const char *key, struct slice bytes, uint8_t out[SIGNATURE_BYTES],
			   struct err *err) NODISCARD;
/* key: file with a public key. STATUS_MISMATCH: it is not that key's signature of these bytes. */
enum status signature_check(const char *key, struct slice bytes, struct slice signature, struct err *err) NODISCARD;

#endif
