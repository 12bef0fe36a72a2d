/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normalized.h - the ten numbers that Clair's documents give beside a version: "pep440:0.1.24.0.0.0.0.0.0.0".
 *
 * Clair's matcher compares them, not the text, where it gets an index report from elsewhere. They are coarser than the
 * schemes here, so nothing else uses them.
 */
#ifndef LIMPID_VERSION_NORMALIZED_H
#define LIMPID_VERSION_NORMALIZED_H

#include "version/scheme.h"

struct normalized_version {
	char text[160]; /* NUL-terminated */
};

/* For pep440, semver, go and rhctag; "" for other schemes, NULL, and for what is no version. Returns out->text. */
const char *version_normalized(const struct version_scheme *scheme, struct slice v, struct normalized_version *out);

#endif
