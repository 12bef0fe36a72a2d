/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rhel_containers.c - Red Hat's map from what an image is called by its label to the repositories it is shipped in.
 * It has no advisories: it says which of rhel-vex are about an image.
 */
#include "feed/feed.h"

#define ORIGIN "https://security.access.redhat.com/data/metrics/"

extern const struct feed_format feed_format_repository_to_cpe;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	const struct feed_source s = { .name = SLICE("rhel-containers"),
				       .url = SLICE(ORIGIN "container-name-repos-map.json"),
				       .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &s, err);
}

const struct feed feed_rhel_containers = {
	.name = "rhel-containers",
	.title = "Red Hat's container images and their repositories",
	.home = "https://security.access.redhat.com/data/metrics/",
	.origin = ORIGIN,
	.format = &feed_format_repository_to_cpe,
	.interval_s = 24 * 3600,
	.stale_s = 30 * 86400,
	.list = list,
};
