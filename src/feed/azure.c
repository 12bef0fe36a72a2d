/* SPDX-License-Identifier: Apache-2.0 */
/* azure.c - OVAL of Azure Linux and its predecessor CBL-Mariner. Objects are names of source packages. */
#include "feed/feed.h"

#define ORIGIN "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/"

extern const struct feed_format feed_format_oval;

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	static const struct feed_source sources[] = {
		{ .name = SLICE_INIT("azurelinux-3.0-updater"),
		  .url = SLICE_INIT(ORIGIN "azurelinux-3.0-oval.xml"),
		  .param = SLICE_INIT("azurelinux:3.0 source"),
		  .optional = true },
		{ .name = SLICE_INIT("mariner-2.0-updater"),
		  .url = SLICE_INIT(ORIGIN "cbl-mariner-2.0-oval.xml"),
		  .param = SLICE_INIT("mariner:2.0 source"),
		  .optional = true },
		{ .name = SLICE_INIT("mariner-1.0-updater"),
		  .url = SLICE_INIT(ORIGIN "cbl-mariner-1.0-oval.xml"),
		  .param = SLICE_INIT("mariner:1.0 source"),
		  .optional = true },
	};

	(void)fetcher;
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		TRY(out->emit(out->ctx, &sources[i], err));
	return STATUS_OK;
}

const struct feed feed_azure = {
	.name = "azure",
	.title = "Azure Linux and CBL-Mariner vulnerability data",
	.home = "https://github.com/microsoft/AzureLinuxVulnerabilityData",
	.origin = ORIGIN,
	.format = &feed_format_oval,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
};
