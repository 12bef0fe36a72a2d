/* SPDX-License-Identifier: Apache-2.0 */
/* fernet.c - fuzz target: a token is refused or was made with the key; what is sealed opens, and nothing that differs.
 */
#include "io/fernet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The key of the specification's vectors, which are among the seeds. */
	static const uint8_t key[FERNET_KEY] = { 0x73, 0x0f, 0xf4, 0xc7, 0xaf, 0x3d, 0x46, 0x92, 0x3e, 0x8e, 0xd4,
						 0x51, 0xee, 0x81, 0x3c, 0x87, 0xf7, 0x90, 0xb0, 0xa2, 0x26, 0xbc,
						 0x96, 0xa9, 0x2d, 0xe4, 0x9b, 0x5e, 0x9c, 0x05, 0xe1, 0xee };
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf sealed = BUF_INIT((size_t)2 * FERNET_MAX);
	struct slice input = slice_make(data, size), out;
	struct err err = ERR_INIT;

	(void)!fernet_open(key, input, 499162801, 60, &arena, &out, &err);
	if (size <= FERNET_MAX) {
		if (fernet_seal(key, input, 5, NULL, &sealed, &err) != STATUS_OK ||
		    fernet_open(key, buf_slice(&sealed), 5, 1, &arena, &out, &err) != STATUS_OK ||
		    !slice_eq(out, input))
			abort();
		/* The 40th is of the initialisation vector, the check sum or the text, all of which count. */
		sealed.ptr[size % 40] ^= 1;
		if (fernet_open(key, buf_slice(&sealed), 5, 1, &arena, &out, &err) == STATUS_OK)
			abort();
	}
	buf_fini(&sealed);
	arena_fini(&arena);
	return 0;
}
