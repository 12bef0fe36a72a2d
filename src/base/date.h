/* SPDX-License-Identifier: Apache-2.0 */
/* date.h - instants as Unix seconds (UTC) and their RFC 3339 text. */
#ifndef LIMPID_BASE_DATE_H
#define LIMPID_BASE_DATE_H

#include "base/slice.h"

#define DATE_NONE INT64_MIN

/* "2024-01-31", "2024-01-31T10:00:00Z", with fraction, with offset, or a blank for the T. False if it is none. */
bool date_parse(struct slice s, int64_t *out_unix_s);
/* "2024-01-31T10:00:00Z"; DATE_NONE and what is not in the years 0 to 9999 give Go's zero time. */
struct date_text {
	char text[32];
};
const char *date_print(struct date_text *t, int64_t unix_s);
/* The clock, in Unix seconds; and a monotonic one in nanoseconds for durations. */
int64_t date_now(void);
uint64_t date_monotonic_ns(void);

#endif
