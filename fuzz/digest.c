/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - fuzz target: a digest's text is one, or it is refused; printing what was parsed gives it back. */
#include "io/digest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, size), out;
	struct digest d, again;
	struct digest_text text;

	if (!digest_parse(in, &d))
		return 0;
	out = slice_cstr(digest_print(&text, &d));
	if (!slice_eq_nocase(in, out) || (d.algo != DIGEST_SHA256 && d.algo != DIGEST_SHA512))
		abort();
	if (!digest_parse(out, &again) || !digest_eq(&d, &again))
		abort();
	return 0;
}
