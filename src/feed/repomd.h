/* SPDX-License-Identifier: Apache-2.0 */
/* repomd.h - the advisories of an RPM repository, as its index (repodata/repomd.xml) names them. Private to feed/. */
#ifndef LIMPID_FEED_REPOMD_H
#define LIMPID_FEED_REPOMD_H

#include "feed/feed.h"

/*
 * The URL of the updateinfo of the repository at base ("https://host/path/", with or without the slash).
 * STATUS_NOTFOUND: there is no repository, or it has none.
 */
enum status repomd_locate(const struct feed_fetcher *fetcher, struct slice base, struct buf *out_url,
			  struct err *err) NODISCARD;
/* The same of the first repository of a list of mirrors that answers: a base a line, $basearch is x86_64. */
enum status repomd_locate_mirrors(const struct feed_fetcher *fetcher, struct slice list_url, struct buf *out_url,
				  struct err *err) NODISCARD;

#endif
