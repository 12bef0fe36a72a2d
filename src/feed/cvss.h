/* SPDX-License-Identifier: Apache-2.0 */
/* cvss.h - base scores of CVSS vectors and what word they stand for. */
#ifndef LIMPID_FEED_CVSS_H
#define LIMPID_FEED_CVSS_H

#include "model/advisory.h"

/*
 * Base score of a vector of CVSS 2.0 (with or without parentheses), 3.0, 3.1 or 4.0; other metrics do not count. False
 * when it is malformed, lacks a base metric or is of another version. Source: the equations of FIRST's specifications.
 */
bool cvss_base_score(struct slice vector, double *out);
/* 0 Negligible, below 4 Low, below 7 Medium, below 9 High, else Critical: the buckets of Clair. */
enum severity cvss_severity(double score);

#endif
