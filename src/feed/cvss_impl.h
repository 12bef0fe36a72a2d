/* SPDX-License-Identifier: Apache-2.0 */
/* cvss_impl.h - what cvss.c and cvss4.c share. Private to feed/. */
#ifndef LIMPID_FEED_CVSS_IMPL_H
#define LIMPID_FEED_CVSS_IMPL_H

#include "feed/cvss.h"

/* The value of a metric in "AV:N/AC:L/..."; false if it is not there. */
bool cvss_metric(struct slice vector, struct slice metric, struct slice *out);
/* The base score of a vector of 4.0, without its "CVSS:4.0/". */
bool cvss_score_v4(struct slice vector, double *out);

#endif
