/* SPDX-License-Identifier: Apache-2.0 */
/* origin.h - what the detectors of "which repository is a package from" share: dnf's and yum's own records. */
#ifndef LIMPID_INDEX_REPOSITORY_ORIGIN_H
#define LIMPID_INDEX_REPOSITORY_ORIGIN_H

#include "index/detector.h"

#define ORIGIN_TEXT_BYTES 1024u /* of a name, version, repository... */

/* One word of printable characters? */
bool origin_is_word(struct slice s);
/* Is it the name of a repository? Not "@System" or "installed" (it was there already), nor a file's path. */
bool origin_is_known(struct slice repository);
/* package: NAME-VERSION-RELEASE.ARCH, without an epoch: no two packages differ in nothing else. */
enum status origin_emit(const struct detect_file *file, const struct detect_sink *out, struct slice package,
			struct slice repository, struct err *err) NODISCARD;

#endif
