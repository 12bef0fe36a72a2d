/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unread.c - files that hold packages which no detector reads yet, so that a report can say what it does not know.
 *
 * Source: docs/formats/unread.md. A row goes when a detector comes that reads such files.
 */
#include "index/detector.h"

static bool is_xbps(struct slice path)
{
	return slice_starts(path, SLICE("var/db/xbps/"));
}

static bool is_guix(struct slice path)
{
	return slice_eq(path, SLICE("var/guix/db/db.sqlite"));
}

static bool is_eopkg(struct slice path)
{
	return slice_starts(path, SLICE("var/lib/eopkg/package/"));
}

#define UNREAD(ending, kind, finer)                                                                                    \
	{                                                                                                              \
		.match = PATH_SUFFIX, .text = ending, .need = DETECT_PRESENCE, .accept = finer, .unread = kind         \
	}

static const struct path_rule rules[] = {
	UNREAD("/pkgdb-0.38.plist", "packages of XBPS", is_xbps),
	UNREAD("/db.sqlite", "packages of Guix", is_guix),
	UNREAD("/metadata.xml", "packages of eopkg", is_eopkg),
	{ .match = PATH_CHILD,
	  .text = "var/lib/pkgtools/packages/",
	  .need = DETECT_PRESENCE,
	  .unread = "packages of Slackware" },
	{ .text = NULL },
};

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	(void)file;
	(void)env;
	(void)out;
	(void)err;
	return STATUS_OK;
}

const struct detector detector_unread = {
	.name = "unread",
	.version = "5",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
