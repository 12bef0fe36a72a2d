/* SPDX-License-Identifier: Apache-2.0 */
/* done.h - how calls of the libraries end: their statuses have the same numbers. Private to library/. */
#ifndef LIMPID_LIBRARY_DONE_H
#define LIMPID_LIBRARY_DONE_H

#include "base/err.h"

/*
 * The number of a status in include/limpid/; one above `last`, which the library has no name for, is the one of "I/O".
 * message (of size bytes; NULL: not wanted) is filled from err, or emptied.
 */
int library_done(enum status st, const struct err *err, int last, char *message, size_t size);

#endif
