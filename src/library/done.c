/* SPDX-License-Identifier: Apache-2.0 */
/* done.c - statuses and messages of the libraries (include/limpid/). */
#include "library/done.h"

#include "base/macros.h"

#include <stdio.h>

#define IO 5

int library_done(enum status st, const struct err *err, int last, char *message, size_t size)
{
	static const struct {
		enum status from;
		int to;
	} map[] = {
		{ STATUS_OK, 0 },	 { STATUS_INVALID, 1 },	  { STATUS_MALFORMED, 2 },
		{ STATUS_LIMIT, 3 },	 { STATUS_NOMEM, 4 },	  { STATUS_CANCELLED, 6 },
		{ STATUS_NOTFOUND, 7 },	 { STATUS_UNSUPPORTED, 8 }, { STATUS_CRASHED, 9 },
	};
	int status = IO;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (map[i].from == st && map[i].to <= last)
			status = map[i].to;
	if (message)
		snprintf(message, size, "%s", st != STATUS_OK ? err->msg : "");
	return status;
}
