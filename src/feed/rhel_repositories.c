/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rhel_repositories.c - Red Hat's map from repositories to CPE names. It has no advisories: it says which of rhel-vex
 * are about the packages of an image.
 */
#include "feed/feed.h"

#define ORIGIN "https://security.access.redhat.com/data/metrics/"

extern const struct feed_format feed_format_repository_to_cpe;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	const struct feed_source s = { .name = SLICE("rhel-repositories"),
				       .url = SLICE(ORIGIN "repository-to-cpe.json"),
				       .optional = true };

	(void)fetcher;
	return out->emit(out->ctx, &s, err);
}

const struct feed feed_rhel_repositories = {
	.name = "rhel-repositories",
	.title = "Red Hat's repositories and their CPE names",
	.home = "https://security.access.redhat.com/data/metrics/",
	.origin = ORIGIN,
	.format = &feed_format_repository_to_cpe,
	.interval_s = 24 * 3600,
	.stale_s = 30 * 86400,
	.list = list,
};
