/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h - names of images in registries, "[HOST[:PORT]/]PATH[:TAG][@DIGEST]".
 *
 * The grammar is that of github.com/distribution/reference, which docker, podman and skopeo read them by; so are the
 * defaults: no host is docker.io, one name there is below library/, no tag and no digest is the tag latest. Verdicts
 * of that package are tests/golden/reference/cases.
 */
#ifndef LIMPID_IMAGE_REFERENCE_H
#define LIMPID_IMAGE_REFERENCE_H

#include "base/arena.h"
#include "io/digest.h"

struct reference {
	struct slice host;    /* "docker.io", "localhost:5000", "[::1]:5000" */
	struct slice path;    /* "library/alpine" */
	struct slice tag;     /* "latest"; "" if there is a digest and no tag */
	struct digest digest; /* counts more than the tag; DIGEST_NONE if there is none */
};

/* STATUS_INVALID says what is wrong. The slices are parts of text, or constants. */
enum status reference_parse(struct slice text, struct arena *arena, struct reference *out, struct err *err) NODISCARD;
/* "docker.io/library/alpine:latest" appended. */
struct buf;
void reference_print(const struct reference *r, struct buf *out);

#endif
