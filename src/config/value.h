/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - what the text of a setting means: durations, sizes, addresses, URLs, base64. */
#ifndef LIMPID_CONFIG_VALUE_H
#define LIMPID_CONFIG_VALUE_H

#include "base/arena.h"
#include "base/base64.h"

#define VALUE_SECOND INT64_C(1000000000)
#define VALUE_MINUTE (60 * VALUE_SECOND)
#define VALUE_HOUR (60 * VALUE_MINUTE)

/* Go's time.ParseDuration: "1h30m", "-1.5s", "300ms", "0". */
bool value_duration(struct slice s, int64_t *out_ns);
/* As Go prints them, the units that are zero at the end left out: "6h", "1h30m", "1.5s". */
bool value_duration_text(int64_t ns, struct arena *arena, struct slice *out);
/* Bytes: digits with nothing, B, KiB, MiB, GiB, TiB, kB, MB, GB, TB or K, M, G, T (powers of 1024) behind them. */
bool value_bytes(struct slice s, uint64_t *out);
/* "64MiB"; digits below 1 MiB and where no unit fits. */
bool value_bytes_text(uint64_t n, struct arena *arena, struct slice *out);
bool value_integer(struct slice s, int64_t *out);
/* [-]digits[.digits][e[-]digits] */
bool value_float(struct slice s, double *out);
/* Of base64: the standard alphabet with padding; line breaks are skipped, as Go does. */
#define VALUE_BASE64 (BASE64_PADDED | BASE64_LINES)
/*
 * Go's net.SplitHostPort: host may be empty or in brackets, a port must be there. NULL, or what is wrong. A port is a
 * number here: names of services are not looked up.
 */
const char *value_host_port(struct slice s, struct slice *out_host, struct slice *out_port);
/* A URL that a client can use: http or https with a host. NULL, or what is wrong. */
const char *value_http_url(struct slice s);
/* scheme://..., with the scheme cut off; false if it has none. */
bool value_scheme(struct slice s, struct slice *out_scheme, struct slice *out_rest);

#endif
