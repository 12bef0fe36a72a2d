/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws.c - updateinfo of Amazon Linux 1, 2 and 2023: their core, the extras of 2, live patches of the kernel.
 *
 * Packages of x86_64 and aarch64 stand in the same advisories; the lists of x86_64 are asked, as Clair does.
 */
#include "feed/feed.h"

#include "feed/repomd.h"
#include "text/json.h"

#include <stdio.h>

#define CDN "https://cdn.amazonlinux.com/"
#define CATALOG "https://amazonlinux.default.amazonaws.com/2/extras-catalog.json"

extern const struct feed_format feed_format_updateinfo;

static bool is_topic(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && name.ptr[i] != '-' && name.ptr[i] != '.' && name.ptr[i] != '_' &&
		    name.ptr[i] != '+')
			return false;
	return name.len > 0 && name.len <= 64 && is_alnum(name.ptr[0]);
}

static enum status emit_topic(const struct feed_source_sink *out, struct slice topic, struct err *err)
{
	char name[128], url[192], param[128];
	struct feed_source s = { .optional = true };

	snprintf(name, sizeof(name), "aws-AL2-extras-%.*s-updater", SLICE_ARG(topic));
	snprintf(url, sizeof(url), CDN "2/extras/%.*s/latest/x86_64/mirror.list", SLICE_ARG(topic));
	snprintf(param, sizeof(param), "amazon:2 extras %.*s", SLICE_ARG(topic));
	s.name = slice_cstr(name);
	s.url = slice_cstr(url);
	s.param = slice_cstr(param);
	return out->emit(out->ctx, &s, err);
}

static enum status emit_topics(struct slice catalog, const struct feed_source_sink *out, struct err *err)
{
	struct json_doc doc;
	yyjson_val *topic;
	size_t i, n;
	enum status st = STATUS_OK;

	TRY(json_parse(catalog, &limits_default, &doc, err));
	yyjson_arr_foreach(json_get(doc.root, "topics"), i, n, topic)
	{
		struct slice name = json_get_str(topic, "n");

		if (st == STATUS_OK && is_topic(name))
			st = emit_topic(out, name, err);
	}
	json_doc_free(&doc);
	return st;
}

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	static const struct feed_source sources[] = {
		{ .name = SLICE_INIT("aws-AL1-updater"),
		  .url = SLICE_INIT("http://repo.us-west-2.amazonaws.com/2018.03/updates/x86_64/mirror.list"),
		  .param = SLICE_INIT("amazon:2018.03"),
		  .optional = true },
		{ .name = SLICE_INIT("aws-AL2-updater"),
		  .url = SLICE_INIT(CDN "2/core/latest/x86_64/mirror.list"),
		  .param = SLICE_INIT("amazon:2"),
		  .optional = true },
		{ .name = SLICE_INIT("aws-AL2023-updater"),
		  .url = SLICE_INIT(CDN "al2023/core/mirrors/latest/x86_64/mirror.list"),
		  .param = SLICE_INIT("amazon:2023"),
		  .optional = true },
		{ .name = SLICE_INIT("aws-AL2023-kernel-livepatch-updater"),
		  .url = SLICE_INIT(CDN "al2023/kernel-livepatch/mirrors/latest/x86_64/mirror.list"),
		  .param = SLICE_INIT("amazon:2023"),
		  .optional = true },
		{ .name = SLICE_INIT("aws-AL2023-nvidia-updater"),
		  .url = SLICE_INIT(CDN "al2023/nvidia/mirrors/latest/x86_64/mirror.list"),
		  .param = SLICE_INIT("amazon:2023"),
		  .optional = true },
	};
	struct buf AUTO(buf_fini) catalog = BUF_INIT((size_t)16 << 20);
	enum status st;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		TRY(out->emit(out->ctx, &sources[i], err));
	/* The core counts without the extras. */
	st = fetcher->get(fetcher->ctx, SLICE(CATALOG), &catalog, err);
	if (st == STATUS_NOTFOUND)
		return STATUS_OK;
	return st == STATUS_OK ? emit_topics(buf_slice(&catalog), out, err) : st;
}

static enum status locate(const struct feed_fetcher *fetcher, const struct feed_source *source, struct buf *out_url,
			  struct err *err)
{
	return repomd_locate_mirrors(fetcher, source->url, out_url, err);
}

const struct feed feed_aws = {
	.name = "aws",
	.title = "Amazon Linux security advisories",
	.home = "https://alas.aws.amazon.com/",
	.format = &feed_format_updateinfo,
	.interval_s = 24 * 3600,
	.stale_s = 14 * 86400,
	.list = list,
	.locate = locate,
};
