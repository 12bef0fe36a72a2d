/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.c - an image of a daemon with Docker's API. */
#include "image/remote_impl.h"

enum status daemon_image_open(struct remotes *all, enum image_remote_kind kind, struct slice ref,
			      struct image_impl *impl, const struct image_options *options, struct err *err)
{
	(void)all;
	(void)kind;
	(void)ref;
	(void)impl;
	(void)options;
	return err_set(err, STATUS_UNSUPPORTED, "images of daemons cannot be read yet: save the image to a file");
}
