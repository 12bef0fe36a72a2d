/* SPDX-License-Identifier: Apache-2.0 */
/* base_image.h - the image that another one was built from. */
#ifndef LIMPID_MODEL_BASE_IMAGE_H
#define LIMPID_MODEL_BASE_IMAGE_H

#include "base/slice.h"
#include "io/digest.h"

/* By what it is known which layers are the base image's. Rows: BASE_HOW(id, name, meaning). */
enum base_how {
#define BASE_HOW(id, name, meaning) BASE_##id,
#include "model/base_how.def"
#undef BASE_HOW
	BASE_HOW_COUNT
};
const char *base_how_name(enum base_how how); /* "" for BASE_UNKNOWN */
const char *base_how_text(enum base_how how);
bool base_how_by_name(struct slice name, enum base_how *out);

/* The image that this one was built from. */
struct index_base {
	enum base_how how;    /* BASE_UNKNOWN: name and digest may be known, but not where it ends */
	size_t layers;	      /* so many of the lowest layers are its; at most as many as there are */
	struct slice name;    /* "docker.io/library/debian:12"; "" if nobody says */
	struct digest digest; /* of its manifest; DIGEST_NONE if nobody says */
};

#endif
