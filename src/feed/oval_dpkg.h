/* SPDX-License-Identifier: Apache-2.0 */
/* oval_dpkg.h - what Canonical's OVAL says in the comments of its criterions. Private to feed/. */
#ifndef LIMPID_FEED_OVAL_DPKG_H
#define LIMPID_FEED_OVAL_DPKG_H

#include "model/advisory.h"

/*
 * From "openssh package in jammy was vulnerable but has been fixed (note: '1:8.9p1-3ubuntu0.5').": package, kind of
 * name, status, state of the fix. Texts are borrowed. False: it is not about a package (a running kernel, a release).
 */
bool oval_dpkg_words(struct slice comment, struct affected *out);

/* "x86_64" and "aarch64" -> "x86_64|aarch64"; "" is any. False only when memory is short. */
bool oval_join_arch(struct arena *arena, struct slice *list, struct slice more) NODISCARD;

#endif
