/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_impl.h - private to image/: documents about images of daemons. No I/O. */
#ifndef LIMPID_IMAGE_DAEMON_IMPL_H
#define LIMPID_IMAGE_DAEMON_IMPL_H

#include "image/remote_impl.h"

/* "Id" of GET /images/REF/json. */
enum status daemon_inspect_parse(struct slice json, struct arena *arena, struct slice *out_id,
				 struct err *err) NODISCARD;

/*
 * What is remembered of an image: platform, digests, and each layer's digest, DiffID, length and command. The layers of
 * one that was read have no place yet: LAYER_FD with fd -1.
 */
enum status daemon_record_print(const struct image *image, struct buf *out, struct err *err) NODISCARD;
enum status daemon_record_parse(struct slice record, const struct limits *limits, struct arena *arena,
				struct image *out, struct err *err) NODISCARD;

#endif
