/* SPDX-License-Identifier: Apache-2.0 */
/*
 * java_names.h - what names a Java archive: pom.properties, the manifest, the file's name. No I/O; texts are borrowed
 * from the input or made in the arena.
 */
#ifndef LIMPID_INDEX_PACKAGE_JAVA_NAMES_H
#define LIMPID_INDEX_PACKAGE_JAVA_NAMES_H

#include "base/arena.h"

/* Empty members are not known. */
struct java_name {
	struct slice group, artifact, version;
};

/* pom.properties as Maven writes it; false if one of the three is missing or is a variable that was not replaced. */
bool java_read_pom(struct slice text, struct java_name *out);

/* The main section of a manifest, folded lines joined. */
struct java_manifest {
	struct slice title, vendor_id, symbolic_name, bundle_name, extension; /* what may name group and artifact */
	struct slice version, bundle_version, specification_version;
};
/* False when memory is short. */
bool java_read_manifest(struct arena *a, struct slice text, struct java_manifest *out) NODISCARD;

/* "commons-io-2.11.0.jar" -> commons-io, 2.11.0; without a version the artifact is the whole name. */
void java_read_file_name(struct slice path, struct java_name *out);

/* The same from where Maven and Gradle keep what they fetched; false if it lies elsewhere, or memory is short
 * (*failed). */
bool java_read_place(struct arena *a, struct slice path, struct java_name *out, bool *failed) NODISCARD;

/* Is it source code or documentation that goes by the name of an archive? */
bool java_is_companion(struct slice path);

/* The best that manifest and file name say together; false if not even a version is known. */
bool java_guess(struct slice path, const struct java_manifest *m, struct java_name *out);

#endif
