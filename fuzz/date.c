/* SPDX-License-Identifier: Apache-2.0 */
/* date.c - fuzz target: the text of an instant reads back to the instant. */
#include "base/date.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct date_text text;
	int64_t first, second;

	if (!date_parse(slice_make(data, size), &first))
		return 0;
	/* An offset may lead out of the years that four digits hold: then there is no text to read. */
	date_print(&text, first);
	if (strlen(text.text) == 20 && text.text[0] != '-' &&
	    (!date_parse(slice_cstr(text.text), &second) || first != second))
		abort();
	return 0;
}
